// The server that is attacked: gives out badges, keeps capabilities, copies through leases, and counts whatever it should never have seen.
import * as kernel from "../../../kernel-bindings/assembly/kernel";

const SELF: u32 = 1;
const DEEP: u32 = 2;
const UP: u32 = 3;
const MINT_AND_TRANSFER: u32 = 257;
const FIRST_BADGE: u32 = 0x1000;
const BADGES: u32 = 1024;
const ATTACKER: u32 = 2;
const OTHER: u32 = 3;
const KEPT: u32 = 32;
/** 1 while a badge is out. */
const open: usize = memory.data(BADGES);
const kept: usize = memory.data(KEPT * 4);
const copy: usize = memory.data(4096, 16);
let openCount: u32 = 0;
let keptNext: u32 = 0;
/** The handle that the last reply should have moved away; still here if that was refused. */
let leaving: u32 = 0;
export let violations: u32 = 0;
export function countOfOpenBadges(): u32 { return openCount; }

function isKnown(badge: u32): bool {
  if (badge == ATTACKER || badge == OTHER) return true;
  return badge >= FIRST_BADGE && badge < FIRST_BADGE + BADGES && load<u8>(open + badge - FIRST_BADGE) == 1;
}

/** Safety: counts and handles are the kernel's; copies stay inside `copy`. */
export function serve(messageIn: usize, messageOut: usize, badge: u32, rights: u32): u32 {
  if (leaving) { kernel.capabilityDrop(leaving); leaving = 0; }
  const operation: u32 = load<u16>(messageIn, 2), leases: u32 = load<u8>(messageIn, 12), given: u32 = load<u8>(messageIn, 13);
  if (!isKnown(badge) || leases > 4 || given > 4 || load<u16>(messageIn, 14) || load<u32>(messageIn, 4) || rights > 1023) violations++;
  for (let i: u32 = 0; i < given; i++) keep(load<u32>(messageIn + 128 + 4 * i));
  for (let i: u32 = 0; i < leases; i++) useLease(messageIn + 64 + 16 * i);
  store<u32>(messageIn, 0, 12);
  if (operation == 1 || operation == 2) return giveBadge(messageIn);
  if (operation == 3) kernel.notify(UP, 1);
  if (operation == 4) return load<u32>(messageIn + 16) & 0xff;
  if (operation == 5 && keptNext) {
    store<u32>(messageIn + 128, load<u32>(kept + 4 * (load<u32>(messageIn + 16) % KEPT)));
    store<u8>(messageIn, 1, 13);
  }
  if (operation == 6) {
    memory.fill(messageOut, 0, 144);
    store<u16>(messageOut, 80);
    kernel.call(DEEP);
  }
  return 0;
}

/** What a lease says must hold: its last byte is there and the one behind it is not. */
function useLease(at: usize): void {
  const handle = load<u32>(at), length = load<u32>(at, 8), rights = load<u32>(at, 12);
  if (load<u32>(at, 4) || rights == 0 || rights > 3) violations++;
  if (rights & 1) {
    if (length && kernel.leaseRead(handle, length - 1, copy, 1) != 0) violations++;
    if (kernel.leaseRead(handle, length, copy, 1) != -4) violations++;
    if (kernel.leaseRead(handle, 0, copy, min<u32>(length, 4096)) != 0) violations++;
  } else if (kernel.leaseRead(handle, 0, copy, 0) != -2) violations++;
  if (rights & 2) {
    if (kernel.leaseWrite(handle, 0, copy, min<u32>(length, 4096)) != 0) violations++;
  } else if (kernel.leaseWrite(handle, 0, copy, 0) != -2) violations++;
}

function keep(handle: u32): void {
  const at = kept + 4 * (keptNext++ % KEPT);
  if (load<u32>(at)) kernel.capabilityDrop(load<u32>(at));
  store<u32>(at, handle);
}
export function dropKept(): void {
  if (leaving) kernel.capabilityDrop(leaving);
  leaving = 0;
  for (let i: u32 = 0; i < KEPT; i++) {
    if (load<u32>(kept + 4 * i)) kernel.capabilityDrop(load<u32>(kept + 4 * i));
    store<u32>(kept + 4 * i, 0);
  }
}

/** A capability with a badge of its own, moved into the reply: the caller has the only copy. */
function giveBadge(messageIn: usize): u32 {
  for (let i: u32 = 0; i < BADGES; i++) {
    if (load<u8>(open + i)) continue;
    const handle = kernel.capabilityMint(SELF, MINT_AND_TRANSFER | 0xff, FIRST_BADGE + i);
    if (handle < 0) return 9;
    store<u8>(open + i, 1);
    openCount++;
    leaving = handle;
    store<u32>(messageIn + 128, handle);
    store<u8>(messageIn, 1, 13);
    store<u8>(messageIn, 1, 14);
    return 0;
  }
  return 0;
}

/** The end of a badge that is not out is told of something that is not so. */
export function told(badge: u32): void {
  const index = badge - FIRST_BADGE;
  if (badge < FIRST_BADGE || index >= BADGES || !load<u8>(open + index)) { violations++; return; }
  store<u8>(open + index, 0);
  openCount--;
}

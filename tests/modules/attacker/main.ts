// The random attacker: makes system calls with arguments from live handles, leases, boundary values and noise. Its judge (../attacker-peer)
// calls it with how many to make, two leases and a capability, and looks after others in between. Same seed, same calls.
// What stays true: a handle in the pool was given to this domain; one that turns out to be gone moves to the stale ones, which are tried too.
import "../../../kernel-bindings/assembly/abort";
import * as kernel from "../../../kernel-bindings/assembly/kernel";
import { Attacker } from "./handles";
import { badAddress, boundary, chance, noise, random, seed } from "./chance";
import { forgetPool, handleFor, keepHandle, Kind, loseHandle, poolCount, poolHandle, poolKind, startPool } from "./pool";

const buffers: usize = memory.data(16384, 4096);
export const messageIn: usize = buffers + 4096 + 1024;
export const messageOut: usize = buffers + 8192 + 2048;
/** 64 KiB to lend, grant and be written. */
const work: usize = memory.data(65536 + 64, 4096);

/** Operations of the judge. */
const SEED: u32 = 1;
const ATTACK: u32 = 2;
const DROP: u32 = 3;
const FILL: u32 = 4;
const COUNTS: u32 = 5;
const FIELDS: usize = 16;

const CALLS: u32 = 28;
/** { u32 tried, u32 succeeded } a system call. */
const counts: usize = memory.data(CALLS * 8);
let firstLease: u32 = 0;
let secondLease: u32 = 0;

export function start(): u32 { startPool(); return 0; }

export function receive(badge: u32, rights: u32): u32 {
  const operation: u32 = load<u16>(messageIn, 2), value = load<u32>(messageIn + FIELDS);
  if (operation == SEED) seed(value);
  else if (operation == ATTACK) {
    firstLease = load<u32>(messageIn + 64);
    secondLease = load<u32>(messageIn + 80);
    if (load<u8>(messageIn, 13)) keepHandle(load<u32>(messageIn + 128), Kind.Endpoint);
    for (let i: u32 = 0; i < value; i++) attack();
  } else if (operation == DROP) forgetPool();
  else if (operation == FILL) store<u32>(messageIn + FIELDS, fillTable());
  else if (operation == COUNTS) {
    store<u32>(messageIn + FIELDS, load<u32>(counts + 8 * value));
    store<u32>(messageIn + FIELDS + 4, load<u32>(counts + 8 * value, 4));
  } else return 10;
  store<u32>(messageIn, 0, 12);
  return 0;
}

export function notified(bits: u32): void { assert((bits & ~(1 << 20 | 1)) == 0, "a bit that nobody may set"); }
export function closed(badge: u32): void { assert(badge == 0 || (badge >= 0x500 && badge < 0x510), "a badge that was never minted"); }

/** How many handles fit; they are dropped again. */
function fillTable(): u32 {
  let count: u32 = 0;
  while (kernel.capabilityMint(Attacker.deep, 0, 0) > 0) count++;
  kernel.capabilityRevoke(Attacker.deep);
  return count;
}

function attack(): void {
  const which = random(CALLS);
  const answer = one(which);
  const at = counts + 8 * which;
  store<u32>(at, load<u32>(at) + 1);
  if (answer >= 0) store<u32>(at, load<u32>(at, 4) + 1, 4);
}

function one(which: u32): i32 {
  if (which < 10) return capabilityCall(which);
  return which < 18 ? memoryCall(which) : worldCall(which);
}

function address(length: u32): u32 { return chance(85) ? u32(work) + random(65536 - min(length, 65535)) : badAddress(); }
function anyLease(): u32 {
  if (chance(80)) return chance(50) ? firstLease : secondLease;
  return handleFor(Kind.Grant);
}
/** Remembers what a system call that makes a handle answered. */
function made(handle: i32, kind: Kind): i32 {
  if (handle > 0) keepHandle(handle, kind);
  return handle;
}
/** A handle that is gone leaves the pool. */
function used(handle: u32, answer: i32): i32 {
  if (answer == -1) loseHandle(handle);
  return answer;
}

function capabilityCall(which: u32): i32 {
  switch (which) {
    case 0: case 1: case 2: return callOut();
    case 3: {
      const from = random(poolCount()), handle = chance(85) ? poolHandle(from) : handleFor(Kind.Endpoint);
      return used(handle, made(kernel.capabilityMint(handle, chance(70) ? random(4) | (chance(50) ? 256 : 0) : random(2048), 0), poolKind(from)));
    }
    case 4: return made(kernel.capabilityMint(Attacker.self, chance(80) ? random(1024) : noise(), chance(80) ? 0x500 + random(16) : 0), Kind.Own);
    case 5: {
      const handle = chance(85) ? poolHandle(Attacker.count + random(max<u32>(poolCount() - Attacker.count, 1))) : noise();
      const answer = kernel.capabilityDrop(handle);
      if (answer == 0 || answer == -1) loseHandle(handle);
      return answer;
    }
    case 6: {
      const handle = chance(85) ? poolHandle(random(poolCount())) : noise();
      return used(handle, kernel.capabilityRevoke(handle));
    }
    case 7: { const handle = handleFor(Kind.Notification); return used(handle, kernel.notify(handle, chance(50) ? 1 : noise())); }
    case 8: {
      const mask = chance(70) ? 1 << 20 : noise();
      // Only a mask that is refused may ask for a long time.
      return kernel.wait(mask, mask >> 31 ? noise() : random(30));
    }
    default: {
      const length = chance(85) ? 4096 : boundary(8192);
      // Granted memory is written, so all of it must be work.
      const from = chance(85) ? u32(work) + (length > 4096 ? 0 : 4096 * random(16)) : badAddress();
      return made(kernel.grantCreate(handleFor(Kind.Endpoint), from, length, chance(85) ? 1 + random(3) : noise()), Kind.Grant);
    }
  }
}

/** A call with random leases and capabilities; what comes back with the reply joins the pool. */
function callOut(): i32 {
  const endpoint = handleFor(Kind.Endpoint);
  memory.fill(messageOut, 0, 144);
  store<u16>(messageOut, 80);
  store<u16>(messageOut, <u16>random(10), 2);
  store<u32>(messageOut + FIELDS, noise());
  const leases = chance(60) ? random(3) : 0, given = chance(30) ? random(3) : 0;
  for (let i: u32 = 0; i < leases; i++) {
    const at = messageOut + 64 + 16 * i, isOwn = chance(60);
    const length = chance(85) ? random(4096) : boundary(65536);
    store<u32>(at, isOwn ? 0 : anyLease());
    store<u32>(at, isOwn ? address(length) : chance(80) ? 0 : boundary(4096), 4);
    store<u32>(at, isOwn ? length : chance(80) ? random(64) : boundary(4096), 8);
    store<u32>(at, chance(90) ? 1 + random(3) : noise(), 12);
  }
  for (let i: u32 = 0; i < given; i++) store<u32>(messageOut + 128 + 4 * i, chance(50) ? Attacker.server : chance(80) ? poolHandle(random(poolCount())) : noise());
  store<u8>(messageOut, <u8>(chance(97) ? leases : noise()), 12);
  store<u8>(messageOut, <u8>(chance(97) ? given : noise()), 13);
  store<u8>(messageOut, <u8>(chance(80) ? 0 : random(4)), 14);
  store<u8>(messageOut, <u8>(chance(99) ? 0 : noise()), 15);
  const answer = kernel.call(endpoint);
  // A reply writes its status, which is also there when it is a refusal; a message that was not sent leaves the buffer as it was.
  const isReply = load<u32>(messageOut, 4) == u32(-answer);
  if (isReply) for (let i: u32 = 0; i < load<u8>(messageOut, 13); i++) keepHandle(load<u32>(messageOut + 128 + 4 * i), Kind.Endpoint);
  return answer;
}

function memoryCall(which: u32): i32 {
  const handle = anyLease();
  switch (which) {
    case 10: case 11: { const length = chance(80) ? random(2048) : boundary(4096); return used(handle, kernel.leaseRead(handle, chance(80) ? random(2048) : boundary(4096), address(length), length)); }
    case 12: case 13: { const length = chance(80) ? random(2048) : boundary(4096); return used(handle, kernel.leaseWrite(handle, chance(80) ? random(2048) : boundary(4096), address(length), length)); }
    case 14: return kernel.dmaSegments(handleFor(Kind.Dma), 0, address(64), chance(80) ? random(64) : boundary(65536), random(2), address(16), chance(80) ? 4 : noise());
    case 15: return kernel.dmaSegments(handleFor(Kind.Dma), handle, chance(80) ? random(2048) : boundary(4096), chance(80) ? random(64) : boundary(4096), random(2), address(16), chance(80) ? 4 : noise());
    case 16: return kernel.deviceParameters(handleFor(Kind.Dma), address(24), chance(80) ? random(8) : noise());
    // A wrong register access ends the domain (the suite's cases show that), so these are right ones, and only reads.
    default: return i32(chance(50) ? kernel.mmioRead32(Attacker.common, 4 * random(4)) : kernel.mmioRead8(Attacker.common, 20 + random(2))) & 0x7fffffff;
  }
}

function withLength(make: (handle: u32, at: u32, length: u32) => i32, kind: Kind): i32 {
  const length = chance(90) ? random(64) : boundary(65536);
  return make(handleFor(kind), address(length), length);
}

function worldCall(which: u32): i32 {
  switch (which) {
    case 18: return kernel.interruptAcknowledge(handleFor(Kind.Interrupt));
    case 19: return kernel.clockRead(handleFor(Kind.Clock), address(16));
    case 20: return kernel.timerSet(handleFor(Kind.Timer), chance(60) ? random(20) : noise());
    case 21: { const length = chance(90) ? random(256) : boundary(65536); return kernel.entropyRead(handleFor(Kind.Entropy), address(length), length); }
    case 22: return chance(50) ? kernel.consoleWrite(handleFor(Kind.Console), address(1), 0) : kernel.consoleWrite(handleFor(Kind.Console), 0xfffff000, noise() | 0x1000);
    case 23: return withLength((handle, at, length) => kernel.consoleRead(handle, at, length), Kind.Console);
    case 24: return withLength((handle, at, length) => kernel.consoleArguments(handle, at, length), Kind.Console);
    case 25: return withLength((handle, at, length) => kernel.traceNote(handle, at, length), Kind.Trace);
    case 26: return chance(50) ? kernel.controlList(handleFor(Kind.Control), address(512), chance(80) ? random(8) : noise()) : kernel.controlKill(handleFor(Kind.Control), noise() | 0x100);
    default: kernel.fence(); kernel.relax(); return memory.grow(chance(50) ? 0 : 1 + random(0xffff));
  }
}

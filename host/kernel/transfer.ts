// What travels with a message besides its words: leases, which give the callee a range of memory for one call, and
// capabilities, which are copied or moved. Everything is checked before anything is done, so a refused message leaves no trace.
import {
  allRights, capabilityLimit, firstCapabilityWord, firstLeaseWord, kindGrant, kindLease, kindNotification, leaseLimit, leaseWords,
  rightRead, rightWrite, Status,
} from "./abi.ts";
import { type Capability, mayTransfer } from "./capability-table.ts";
import type { Domain } from "./domain.ts";

const memoryRights = rightRead | rightWrite;

// The leases of the message being sent, resolved. Filled and emptied within one transferRequest.
const lentOwner: Array<Domain | null> = [null, null, null, null];
const lentBase = new Float64Array(leaseLimit);

/** Hands a request with leases or capabilities to the callee. Answers the bytes lent, or −Status. */
export function transferRequest(caller: Domain, callee: Domain): number {
  const outWords = caller.outWords;
  const counts = outWords[3]!;
  const leaseCount = counts & 0xff;
  const capabilityCount = (counts >>> 8) & 0xff;
  const moves = counts >>> 16; // byte 15 is zero, and no bit of byte 14 is past the slots in use
  if (moves >>> capabilityCount !== 0 || leaseCount > leaseLimit || capabilityCount > capabilityLimit) return -Status.InvalidArgument;
  for (let index = 0; index < leaseCount; index++) {
    const refusal = resolveLease(caller, index);
    if (refusal !== Status.Ok) return -refusal;
  }
  const refusal = checkCapabilities(caller, outWords, capabilityCount, moves, callee);
  if (refusal !== Status.Ok) return -refusal;

  const inWords = callee.inWords;
  inWords.set(outWords);
  inWords[3] = counts & 0xffff; // or a reply with capabilities would move them
  let lentBytes = 0;
  for (let index = 0; index < leaseCount; index++) lentBytes += placeLease(callee, index);
  passCapabilities(caller, outWords, callee, inWords, capabilityCount, moves);
  return lentBytes;
}

/** Takes back what a request brought: the callee never sees it. */
export function dropTransferred(callee: Domain): void {
  const { table, inWords } = callee;
  for (const lease of table.leases) table.endLease(lease);
  const capabilityCount = (inWords[3]! >>> 8) & 0xff;
  for (let index = 0; index < capabilityCount; index++) {
    const slot = table.find(inWords[firstCapabilityWord + index]!);
    if (slot !== null) table.drop(slot);
  }
}

/** Passes the capabilities of a reply from callee to caller; `counts` are bytes 13 to 15. A bad slot is the callee's breach. */
export function transferReply(caller: Domain, callee: Domain, counts: number): number {
  const capabilityCount = counts & 0xff;
  const moves = counts >>> 8;
  if (capabilityCount > capabilityLimit || moves >>> capabilityCount !== 0) return Status.ProtocolBreach;
  const refusal = checkCapabilities(callee, callee.inWords, capabilityCount, moves, caller);
  if (refusal === Status.OutOfMemory) return refusal;
  if (refusal !== Status.Ok) return Status.ProtocolBreach;
  passCapabilities(callee, callee.inWords, caller, caller.outWords, capabilityCount, moves);
  return Status.Ok;
}

/** Checks lease descriptor `index` of the caller's message and finds the memory that it names. */
function resolveLease(caller: Domain, index: number): number {
  const words = caller.outWords;
  const at = firstLeaseWord + index * leaseWords;
  const source = words[at]!;
  const address = words[at + 1]! >>> 0;
  const length = words[at + 2]! >>> 0;
  const rights = words[at + 3]!;
  if (rights === 0 || (rights & ~memoryRights) !== 0) return Status.InvalidArgument;
  if (source === 0) {
    if (!caller.holds(address, length)) return Status.InvalidArgument;
    if (caller.touchesMessage(address, length)) return Status.InvalidArgument;
    lentOwner[index] = caller;
    lentBase[index] = address;
    return Status.Ok;
  }
  const slot = caller.table.find(source);
  if (slot === null) return Status.InvalidHandle;
  if (slot.kind !== kindLease && slot.kind !== kindGrant) return Status.WrongKind;
  if ((rights & ~slot.rights) !== 0) return Status.Denied;
  if (length > slot.length || address > slot.length - length) return Status.OutOfRange;
  lentOwner[index] = slot.target;
  lentBase[index] = slot.base + address;
  return Status.Ok;
}

/** Fills the callee's lease slot `index` and its descriptor; answers the bytes lent. */
function placeLease(callee: Domain, index: number): number {
  const words = callee.inWords;
  const at = firstLeaseWord + index * leaseWords;
  const slot: Capability = callee.table.leases[index]!;
  slot.arm();
  slot.kind = kindLease;
  slot.rights = words[at + 3]!;
  slot.target = lentOwner[index]!;
  slot.base = lentBase[index]!;
  slot.length = words[at + 2]! >>> 0;
  words[at] = slot.handle;
  words[at + 1] = 0;
  lentOwner[index] = null;
  return slot.length;
}

function checkCapabilities(giver: Domain, words: Int32Array, count: number, moves: number, receiver: Domain): number {
  if (count === 0) return Status.Ok;
  for (let index = 0; index < count; index++) {
    const slot = giver.table.find(words[firstCapabilityWord + index]!);
    if (slot === null) return Status.InvalidHandle;
    if (!mayTransfer(slot, receiver.id)) return Status.Denied;
    if ((moves >>> index & 1) === 0) continue;
    // The manifest's are for the life of the system, and a grant ends with its owner.
    if (slot.generation === 0 || (slot.kind === kindGrant && slot.target === giver)) return Status.Denied;
    for (let other = 0; other < count; other++) {
      if (other !== index && words[firstCapabilityWord + other] === slot.handle) return Status.InvalidArgument;
    }
  }
  return receiver.table.hasRoom(count) ? Status.Ok : Status.OutOfMemory;
}

/** Gives the receiver its handles; they were checked, and there is room. */
function passCapabilities(giver: Domain, from: Int32Array, receiver: Domain, to: Int32Array, count: number, moves: number): void {
  for (let index = 0; index < count; index++) {
    const source = giver.table.find(from[firstCapabilityWord + index]!)!;
    const slot = receiver.table.take()!;
    if ((moves >>> index & 1) !== 0) slot.takeOver(source);
    else slot.deriveFrom(source, source.rights & allRights, source.badge);
    if (slot.kind === kindNotification && receiver.rank < slot.target!.rank) slot.target!.waitable |= slot.base;
    to[firstCapabilityWord + index] = slot.handle;
  }
}

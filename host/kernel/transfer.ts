// What travels with a message besides its words: leases, which give the callee a range of memory for one call, and
// capabilities, which are copied. Everything is checked before anything is done, so a refused message leaves no trace.
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
  if (counts >>> 16 !== 0 || leaseCount > leaseLimit || capabilityCount > capabilityLimit) return -Status.InvalidArgument;
  for (let index = 0; index < leaseCount; index++) {
    const refusal = resolveLease(caller, index);
    if (refusal !== Status.Ok) return -refusal;
  }
  const refusal = checkCapabilities(caller, outWords, capabilityCount, callee);
  if (refusal !== Status.Ok) return -refusal;

  const inWords = callee.inWords;
  inWords.set(outWords);
  let lentBytes = 0;
  for (let index = 0; index < leaseCount; index++) lentBytes += placeLease(callee, index);
  copyCapabilities(caller, outWords, callee, inWords, capabilityCount);
  return lentBytes;
}

/** Copies the capabilities of a reply from callee to caller. A bad slot is the callee's breach. */
export function transferReply(caller: Domain, callee: Domain, capabilityCount: number): number {
  if (capabilityCount > capabilityLimit) return Status.ProtocolBreach;
  const refusal = checkCapabilities(callee, callee.inWords, capabilityCount, caller);
  if (refusal === Status.OutOfMemory) return refusal;
  if (refusal !== Status.Ok) return Status.ProtocolBreach;
  copyCapabilities(callee, callee.inWords, caller, caller.outWords, capabilityCount);
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

function checkCapabilities(giver: Domain, words: Int32Array, count: number, receiver: Domain): number {
  if (count === 0) return Status.Ok;
  for (let index = 0; index < count; index++) {
    const slot = giver.table.find(words[firstCapabilityWord + index]!);
    if (slot === null) return Status.InvalidHandle;
    if (!mayTransfer(slot, receiver.id)) return Status.Denied;
  }
  return receiver.table.hasRoom(count) ? Status.Ok : Status.OutOfMemory;
}

/** Derives the receiver's copies; they were checked, and there is room. */
function copyCapabilities(giver: Domain, from: Int32Array, receiver: Domain, to: Int32Array, count: number): void {
  for (let index = 0; index < count; index++) {
    const source = giver.table.find(from[firstCapabilityWord + index]!)!;
    const slot = receiver.table.take()!;
    slot.deriveFrom(source, source.rights & allRights, source.badge);
    if (slot.kind === kindNotification && receiver.rank < slot.target!.rank) slot.target!.waitable |= slot.base;
    to[firstCapabilityWord + index] = slot.handle;
  }
}

// The call path: one message from a domain to a lower one and its reply. This is the hottest code of the hosted kernel:
// one closure a domain, 32-bit registers, no allocation.
//
// "Copied before it is checked" (docs/abi.md §2) holds without a second copy: memories are not shared and the caller
// does not run meanwhile, so what is read here is what the callee gets. What stays true: a call that was let in ends in a
// reply or in PeerRestarted, and a caller that died meanwhile is unwound instead of answered.
import {
  capabilityLimit, firstCapabilityWord, kindEndpoint, knownStatuses, leaseLimit, Status,
  traceCall, traceReply,
} from "./abi.ts";
import type { Capability } from "./capability-table.ts";
import { type Domain, DomainState } from "./domain.ts";
import { depthLimit, type Kernel } from "./kernel.ts";
import { dropTransferred, transferReply, transferRequest } from "./transfer.ts";

/** The `call` of one domain. */
export function makeCall(kernel: Kernel, caller: Domain): (handle: number) => number {
  const slots = caller.table.slots;
  return (handle: number): number => {
    const slot = slots[handle & 0xffff];
    if (slot === undefined || slot.handle !== handle) {
      caller.refusedHandles++;
      return -Status.InvalidHandle;
    }
    if (slot.kind !== kindEndpoint) return -Status.WrongKind;
    const callee = slot.target!;
    if (callee.rank >= caller.rank) return -Status.Denied;
    if (callee.state !== DomainState.Ready || slot.epoch !== callee.restarts) {
      const refusal = missed(kernel, caller, slot);
      if (refusal !== Status.Ok) return -refusal;
    }
    if (kernel.depth >= depthLimit) return -Status.StackExhausted;

    if (caller.outWords.length === 0) caller.view();
    const outWords = caller.outWords;
    const inWords = callee.inWords;
    const counts = outWords[3]!;
    let lentBytes = 0;
    if (counts !== 0) {
      lentBytes = transferRequest(caller, callee);
      if (lentBytes < 0) return lentBytes;
    } else {
      inWords.set(outWords); // 43 ns a call in all; copying in a loop made it 105
    }
    const outerRequestId = kernel.requestId;
    if (kernel.depth === 0) kernel.requestId = kernel.newRequestId();
    const requestId = kernel.requestId;
    inWords[1] = 0;
    inWords[2] = requestId;
    const depth = kernel.depth;
    const operation = outWords[0]!;
    if (kernel.isWatched && isStoppedBefore(kernel, caller, callee, operation, requestId, slot.badge)) {
      kernel.requestId = outerRequestId;
      if (callee.isAlive) dropTransferred(callee);
      return abandon(kernel, caller, callee, slot, operation, requestId, lentBytes);
    }
    kernel.stack[depth] = callee;
    kernel.depth = depth + 1;
    callee.calls++;
    let status: number;
    try {
      status = callee.receive(slot.badge, slot.rights) >>> 0;
    } catch (error) {
      kernel.depth = depth;
      endLeases(callee);
      kernel.requestId = outerRequestId;
      kernel.supervisor.contain(callee, error);
      return abandon(kernel, caller, callee, slot, operation, requestId, lentBytes);
    }
    kernel.depth = depth;
    kernel.requestId = outerRequestId;
    if (counts !== 0) endLeases(callee);
    const isUnsettled = kernel.unsettled;
    if (isUnsettled && isOver(kernel, caller, callee)) return abandon(kernel, caller, callee, slot, operation, requestId, lentBytes);
    if (status > 255 || knownStatuses[status] === 0) status = Status.ProtocolBreach;
    if (kernel.isWatched) {
      status = replyWatched(kernel, caller, callee, status, operation, requestId, lentBytes);
      if (status < 0) return abandon(kernel, caller, callee, slot, operation, requestId, -1);
    } else {
      status = reply(caller, callee, status, requestId);
    }
    if (isUnsettled) kernel.supervisor.settle(caller);
    return 0 - status;
  };
}

/** The server is not ready, or has restarted since the endpoint was made. Ok, or what the call answers. */
function missed(kernel: Kernel, caller: Domain, slot: Capability): number {
  const callee = slot.target!;
  // A death that code outside of the system brought about may not have been followed up yet.
  if (callee.state !== DomainState.Ready && kernel.unsettled) kernel.supervisor.settle(caller);
  if (callee.state !== DomainState.Ready) return Status.PeerDead;
  if (slot.epoch === callee.restarts) return Status.Ok;
  if (slot.generation === 0) slot.epoch = callee.restarts; // the manifest's endpoints are told once
  return Status.PeerRestarted;
}

/** Records a call that was let in; true when somebody dies before it is acted on. */
function isStoppedBefore(kernel: Kernel, caller: Domain, callee: Domain, operation: number, requestId: number, badge: number): boolean {
  if (kernel.trace !== null) kernel.trace.record(traceCall, kernel.depth, caller.id, callee.id, operation, 0, requestId, badge);
  return kernel.observer !== null && kernel.observer.interrupts(caller, callee);
}

/** Replies and records it. −1 when somebody dies between the two. */
function replyWatched(kernel: Kernel, caller: Domain, callee: Domain, status: number, operation: number, requestId: number, lentBytes: number): number {
  const { observer, trace, depth } = kernel;
  const isObserved = observer !== null && observer.isDue();
  if (isObserved) {
    if (trace !== null) trace.record(traceReply, depth, caller.id, callee.id, operation, status, requestId, lentBytes);
    if (observer.interrupts(callee, caller)) return -1;
  }
  status = reply(caller, callee, status, requestId);
  if (trace !== null && !isObserved) trace.record(traceReply, depth, caller.id, callee.id, operation, status, requestId, lentBytes);
  return status;
}

/** The callee has returned: is there nobody to take its reply from, or nobody to give it to? */
function isOver(kernel: Kernel, caller: Domain, callee: Domain): boolean {
  kernel.supervisor.finish(callee);
  return callee.state !== DomainState.Ready || caller.isStopped;
}

/**
 * Ends a call that has no reply. The caller is told here, so that its next call does not tell it again; a caller that is
 * dying is unwound. `lentBytes` −1: the reply's record is made already.
 */
function abandon(
  kernel: Kernel, caller: Domain, callee: Domain, slot: Capability, operation: number, requestId: number, lentBytes: number,
): number {
  if (kernel.trace !== null && lentBytes >= 0) kernel.trace.record(traceReply, kernel.depth, caller.id, callee.id, operation, Status.PeerRestarted, requestId, lentBytes);
  if (slot.generation === 0 && slot.target === callee) slot.epoch = (slot.epoch + 1) >>> 0;
  kernel.supervisor.settle(caller);
  return -Status.PeerRestarted;
}

/** Leases end when the callee's `receive` returns, whatever it did with their handles. */
function endLeases(callee: Domain): void {
  const leases = callee.table.leases;
  for (let index = 0; index < leaseLimit; index++) callee.table.endLease(leases[index]!);
}

/** Copies the reply into the caller's messageOut; answers the status that the caller sees. */
function reply(caller: Domain, callee: Domain, status: number, requestId: number): number {
  if (callee.inWords.length === 0) callee.view();
  const outWords = caller.outWords;
  const inWords = callee.inWords;
  caller.outHead.set(callee.inHead);
  const counts = inWords[3]! >>> 8; // the count of leases means nothing in a reply
  outWords[3] = 0;
  if (counts !== 0) {
    for (let word = firstCapabilityWord; word < firstCapabilityWord + capabilityLimit; word++) outWords[word] = 0;
    const refusal = transferReply(caller, callee, counts);
    if (refusal !== Status.Ok) status = refusal;
    else outWords[3] = (counts & 0xff) << 8;
  }
  outWords[1] = status;
  outWords[2] = requestId;
  return status;
}

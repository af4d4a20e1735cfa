// The call path: one message from a domain to a lower one and its reply. This is the hottest code of the hosted kernel:
// one closure a domain, 32-bit registers, no allocation.
//
// "Copied before it is checked" (docs/abi.md §2) holds without a second copy: memories are not shared and the caller
// does not run meanwhile, so what is read here is what the callee gets.
import {
  capabilityLimit, firstCapabilityWord, kindEndpoint, knownStatuses, leaseLimit, Status,
  traceCall, traceReply,
} from "./abi.ts";
import { type Domain, DomainState } from "./domain.ts";
import type { Kernel } from "./kernel.ts";
import { transferReply, transferRequest } from "./transfer.ts";

/** Activations at most; ranks bound the chain too, this bounds the JavaScript stack. */
export const depthLimit = 64;

/** The `call` of one domain. */
export function makeCall(kernel: Kernel, caller: Domain): (handle: number) => number {
  const slots = caller.table.slots;
  return (handle: number): number => {
    const slot = slots[handle & 0xffff];
    if (slot === undefined || slot.handle !== handle) return -Status.InvalidHandle;
    if (slot.kind !== kindEndpoint) return -Status.WrongKind;
    const callee = slot.target!;
    if (callee.rank >= caller.rank) return -Status.Denied;
    if (callee.state !== DomainState.Ready) return -Status.PeerDead;
    if (kernel.depth >= depthLimit) return -Status.StackExhausted;

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
    if (kernel.trace !== null) kernel.trace.record(traceCall, depth, caller.id, callee.id, operation, 0, requestId, slot.badge);
    kernel.depth = depth + 1;
    callee.calls++;
    let status: number;
    try {
      status = callee.receive(slot.badge, slot.rights) >>> 0;
    } catch (error) {
      kernel.depth = depth;
      kernel.requestId = outerRequestId;
      endLeases(callee);
      kernel.contain(callee, error);
      if (kernel.trace !== null) kernel.trace.record(traceReply, depth, caller.id, callee.id, operation, Status.PeerRestarted, requestId, lentBytes);
      return -Status.PeerRestarted;
    }
    kernel.depth = depth;
    kernel.requestId = outerRequestId;
    if (counts !== 0) endLeases(callee);
    if (status > 255 || knownStatuses[status] === 0) status = Status.ProtocolBreach;
    status = reply(caller, callee, status, requestId);
    if (kernel.trace !== null) kernel.trace.record(traceReply, depth, caller.id, callee.id, operation, status, requestId, lentBytes);
    return 0 - status;
  };
}

/** Leases end when the callee's `receive` returns, whatever it did with their handles. */
function endLeases(callee: Domain): void {
  const leases = callee.table.leases;
  for (let index = 0; index < leaseLimit; index++) callee.table.endLease(leases[index]!);
}

/** Copies the reply into the caller's messageOut; answers the status that the caller sees. */
function reply(caller: Domain, callee: Domain, status: number, requestId: number): number {
  const outWords = caller.outWords;
  const inWords = callee.inWords;
  caller.outHead.set(callee.inHead);
  const capabilityCount = (inWords[3]! >>> 8) & 0xff;
  outWords[3] = 0;
  if (capabilityCount !== 0) {
    for (let word = firstCapabilityWord; word < firstCapabilityWord + capabilityLimit; word++) outWords[word] = 0;
    const refusal = transferReply(caller, callee, capabilityCount);
    if (refusal !== Status.Ok) status = refusal;
    else outWords[3] = capabilityCount << 8;
  }
  outWords[1] = status;
  outWords[2] = requestId;
  return status;
}

// The conformance suite of the block-device interface (docs/interfaces/block-device.md): one list of cases for every implementation, run by
// the same module bytes on both kernels. Takes the shell's place; the arguments `cases …` are those of errors.ts. A line for each case,
// `ok` or `FAILED`, and under it what was not so. Started by tests/conformance/block-device/implementations.ts.
export { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";
import * as device from "../../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { endLine, finish, Handles, number, text } from "../common/program";
import * as batch from "./batch";
import {
  anyAlignmentInABatch, callsBesideABatch, eachRequestIsAnsweredOnce, everyKindInOneBatch, fullMeansBusy, neighboursInABatch, reapingInParts, submitTakesWhatIsABatch,
  theLongestRequest, wrongRequestsAmongRightOnes,
} from "./batches";
import {
  answers, attach, beginCase, blockBytes, buffer, discardSectors, endCase, failedCases, flags, lastGrant, learn, queueDepth, queues, record, release, sectors, transferBytes, writeZeroesSectors,
} from "./device";
import { aFlushFails, allAreGone, aReadFails, aWriteFails, learnErrors } from "./errors";
import { aGrantThatEnded, attachesAndDetaches, detachWaitsForWhatIsInFlight, refusesWhatIsNoGrantOfThatLength } from "./grants";
import { aBarrierOrdersWhatIsAroundIt, aFlushEndsBehindTheChangesBeforeIt, barriersWhenMuchWaits, flagsOfEachKind, schedulingCounts } from "./order";
import { erases, erasesKeepWhatIsBehind, healthCounts, longErases, readsChangeNothing, refusesWrongRanges, statisticsCount } from "./ranges";
import { anyAlignment, flushes, identifies, limitsFit, longTransfers, messagesOfAnotherShape, neighboursAreKept, refusesWhatIsNotThere, writesAndReadsBack, writesTogether } from "./transfers";

function run(name: string, body: () => void): void {
  beginCase();
  body();
  endCase(name);
}

/** Errors come first: they are there once, for the first request that meets them. */
function runAll(): void {
  run("an error of a read is that of the request that met it", aReadFails);
  run("an error of a write is that of the request that met it", aWriteFails);
  run("an error of a flush is told once", aFlushFails);
  run("what is written is read back, and nothing beside the lease is touched", writesAndReadsBack);
  run("memory of any alignment will do", anyAlignment);
  run("transfers longer than a request", longTransfers);
  run("a write changes its own blocks", neighboursAreKept);
  run("two writes at the same time", writesTogether);
  run("a read changes nothing", readsChangeNothing);
  run("what is not there, or is no block, is refused", refusesWhatIsNotThere);
  run("flush is done, or said to be impossible", flushes);
  run("the identity", identifies);
  run("messages of another shape are refused", messagesOfAnotherShape);
  run("description and limits fit each other", limitsFit);
  run("discard and write-zeroes do what was asked", erases);
  run("discard and write-zeroes keep what is beside them", erasesKeepWhatIsBehind);
  run("discard and write-zeroes longer than a request", longErases);
  run("wrong ranges are refused", refusesWrongRanges);
  run("statistics count", statisticsCount);
  run("health counts", healthCounts);
  run("each request of a batch is answered once", eachRequestIsAnsweredOnce);
  run("neighbours in a batch", neighboursInABatch);
  run("memory of any alignment in a batch", anyAlignmentInABatch);
  run("the longest request of a batch", theLongestRequest);
  run("wrong requests among right ones", wrongRequestsAmongRightOnes);
  run("every kind of request in one batch", everyKindInOneBatch);
  run("what submit takes", submitTakesWhatIsABatch);
  run("1,024 requests that were not reaped are all there is room for", fullMeansBusy);
  run("reaping in parts", reapingInParts);
  run("synchronous calls beside a batch", callsBesideABatch);
  run("each kind of request has its flags", flagsOfEachKind);
  run("a flush ends behind the changes before it", aFlushEndsBehindTheChangesBeforeIt);
  run("a barrier orders what is around it", aBarrierOrdersWhatIsAroundIt);
  run("a barrier when much waits", barriersWhenMuchWaits);
  run("scheduling counts", schedulingCounts);
  run("64 grants are attached and detached", attachesAndDetaches);
  run("a grant is as long as was said", refusesWhatIsNoGrantOfThatLength);
  run("detach waits for what is in flight", detachWaitsForWhatIsInFlight);
  run("a grant that ended", aGrantThatEnded);
}

/** The machine's device in a line, so that whoever made it sees that it is the one that was meant. */
function describe(): void {
  text("device: "); number(sectors); text(" sectors, blocks of "); number(blockBytes); text(", flags "); number(flags); text(", transfers of "); number(transferBytes);
  text(", queue of "); number(queueDepth); text(" in "); number(queues); text(" queues"); text(", discard "); number(discardSectors); text(", write-zeroes "); number(writeZeroesSectors);
  device.callLimits(Handles.device);
  text(", physical blocks of "); number(device.LimitsReply.physicalBlockBytes()); text(", identity ");
  device.callIdentify(Handles.device, 0, record, 20);
  for (let i: u32 = 0; i < device.IdentifyReply.lengthBytes(); i++) text(String.fromCharCode(load<u8>(record + i)));
  endLine();
}

let slot: u32 = 0;
let grant: u32 = 0;

export function start(): u32 {
  learnErrors();
  const known = learn();
  if (known == Status.DeviceGone) {
    text("device: none"); endLine();
    run("a device that cannot be used says so", allAreGone);
    finish(failedCases());
    return 0;
  }
  describe();
  runAll();
  // The last case goes on in `notified`.
  beginCase();
  slot = attach();
  grant = lastGrant;
  batch.begin();
  batch.add(device.Transfer.read, 1, 0, slot, 0, blockBytes);
  answers(batch.submit(), Status.Ok, "submit");
  return 0;
}
/** A notification may still be one of the cases before; that of the last one must come. */
export function notified(_bits: u32): void {
  batch.reap(2);
  if (batch.ended < batch.count) return;
  batch.finish();
  batch.allWell();
  release(slot, grant);
  endCase("a completion is notified");
  answers(device.callHealth(Handles.device, 0, buffer, 64), Status.Ok, "health");
  text("health: "); number(device.DeviceHealth.breaches(buffer)); text(" breaches, "); number(device.DeviceHealth.resets(buffer)); text(" resets, ");
  number(device.DeviceHealth.timeOuts(buffer)); text(" time-outs"); endLine();
  text("acknowledged: "); number(batch.flushes); text(" flushes"); endLine();
  finish(failedCases());
}
export function receive(_badge: u32, _rights: u32): u32 { return 10; }

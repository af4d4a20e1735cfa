// Hands requests (preparation.ts makes them) to the device and turns its answers into results: the one place where the used
// ring is judged. Everything the device says there is hostile input.
//
// What stays true: a slot's memory is given back to its owner only after the device has used its chain or was reset;
// each piece of an operation ends exactly once; no answer of the device traps, allocates or loops without bound.
import { BatchRequest } from "../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Admission } from "./admission";
import { DeviceLife } from "./device-life";
import { Dispatcher } from "./dispatcher";
import { DriverStatistics } from "./driver-statistics";
import { Look } from "./geometry";
import { GrantTable } from "./grant-table";
import { noOperation, OperationTable, synchronousOperation } from "./operation-table";
import { Platform } from "./platform";
import { Preparation } from "./preparation";
import { QueueSet } from "./queue-set";
import { RequestSlots } from "./request-slots";
import { RequestTrace } from "./request-trace";
import { Transport } from "./transport";
import { RequestStatus, RequestType } from "./virtio";

/** The longest sleep without a look at the clock, the ring and the device's health: a lost interrupt costs no more. */
const sliceMicrosecondsLimit: u32 = 1_000_000;
/** Wake-ups in a row that bring nothing: more than that is an interrupt storm, or a kernel that cannot sleep. */
const fruitlessLimit: u32 = 100_000;
/** Turns of polling before sleeping, adapted to what has paid off lately. */
const pollsMost: u32 = 2048;
const pollsLeast: u32 = 16;
/** After so many sleeps the longest polling is tried anew. */
const sleepsBetweenProbes: u32 = 256;
/** How long a request of a domain that is dying may still take, all its pieces together. */
const cancelNanoseconds: u64 = 200_000_000;
/** Turns of polling for it between two looks at the clock, and in all, should the clock stand still. */
const cancelPollsBetweenLooks: u32 = 64;
const cancelPolls: u32 = 1 << 24;

export class RequestEngine {
  slots: RequestSlots;
  operations: OperationTable;
  /** The device raised an interrupt for nothing, or failed a request: it may have changed, or have stopped. */
  private isSuspect: bool = false;
  preparation: Preparation;
  admission: Admission;
  dispatcher: Dispatcher;
  trace: RequestTrace;
  private polls: u32 = pollsMost;
  private sleeps: u32 = 0;
  /** When the patience with a dying domain's request ends; 0: none is dying. */
  private cancelDeadline: u64 = 0;
  /** A request that the device has kept for so long is given up on, with the device. */
  private timeLimitNanoseconds: u64 = 0;
  private sliceMicroseconds: u32 = 0;

  constructor(
    private platform: Platform, private transport: Transport, private queues: QueueSet, private life: DeviceLife,
    grants: GrantTable, private statistics: DriverStatistics, timeOutMs: u32,
  ) {
    const slots = new RequestSlots(), operations = new OperationTable(), admission = new Admission(life), trace = new RequestTrace(platform);
    const preparation = new Preparation(platform, queues, life, slots, operations, statistics, trace);
    this.trace = trace;
    this.slots = slots;
    this.operations = operations;
    this.timeLimitNanoseconds = u64(timeOutMs) * 1_000_000;
    this.sliceMicroseconds = min(sliceMicrosecondsLimit, timeOutMs * 50);
    this.admission = admission;
    this.preparation = preparation;
    this.dispatcher = new Dispatcher(admission, grants, operations, slots, preparation, statistics);
  }

  /** Bring the device up with nothing in flight. */
  start(): bool {
    const revived = this.revive();
    this.clearSlots();
    return revived;
  }

  /** Hand everything prepared to the device. */
  publish(): void {
    this.slots.launch();
    for (let offered = this.queues.takeOffered(); offered != 0; offered &= offered - 1) {
      const index = ctz(offered);
      if (!this.queues.at(index).publish()) continue;
      this.statistics.doorbells++;
      this.transport.ring(index);
    }
  }

  /** What waits for room, of batches, goes to the device. */
  startWaiting(): void {
    if (this.dispatcher.waitingCount == 0) return;
    this.dispatcher.pump();
    this.publish();
  }

  /** Publish, and wait until the synchronous operation is done. Bounded: each turn ends a piece or gives up on the device. */
  complete(): u32 {
    const operations = this.operations;
    operations.close(synchronousOperation);
    this.publish();
    while (!operations.isDone(synchronousOperation)) {
      this.startWaiting(); // behind all of the call: it went ahead of what waits
      this.awaitProgress(operations.kind(synchronousOperation) != RequestType.flush, operations.pieceCount(synchronousOperation));
    }
    const status = operations.status(synchronousOperation);
    if (status == Status.Ok) this.statistics.count(operations.kind(synchronousOperation), operations.bytes(synchronousOperation));
    return status;
  }

  /**
   * Wait until a request that is in flight has ended. Nothing to wait for is a bug. A caller that needs `needed` ends
   * before it can go on is woken once for them, where the device can count.
   */
  awaitProgress(mayPoll: bool, needed: u32): void {
    assert(this.slots.preparedCount == 0 && this.slots.inFlightCount != 0, "nothing to wait for");
    if (this.collect()) return;
    if (mayPoll && this.poll()) return;
    for (let fruitless: u32 = 0; fruitless < fruitlessLimit; fruitless++) {
      this.arm(needed);
      if (this.collect()) return;
      if (this.expire()) return;
      const woken = this.platform.wait(this.sliceMicroseconds);
      if (woken == -<i32>Status.Cancelled) return this.hurry();
      if (woken > 0) this.interrupted();
      else if (!this.life.isHealthy() && !this.hasUsed()) {
        this.giveUp(Status.DeviceError, "the device stopped by itself");
        return;
      }
      if (this.collect()) return;
      if (woken > 0) this.idleInterrupt();
    }
    this.statistics.timeOuts++;
    this.giveUp(Status.TimedOut, "interrupts without completions");
  }

  /**
   * Somebody who waits for this very call is dying, and nothing may be slept for any more (docs/supervision.md §3). A request that ends soon ends well;
   * one that does not ends with the device's state, so that nothing is written to lent memory after the answer. Cancelled says that its outcome is not known.
   */
  private hurry(): void {
    if (this.cancelDeadline == 0) this.cancelDeadline = this.platform.now() + cancelNanoseconds;
    for (let turn: u32 = 0; turn < cancelPolls; turn++) {
      this.platform.relax();
      if (this.collect()) return;
      if (turn % cancelPollsBetweenLooks == 0 && this.platform.now() >= this.cancelDeadline) break;
    }
    this.giveUp(Status.Cancelled, "a request of a domain that is dying did not end soon");
  }

  /** An interrupt came: take the device's line down, then let the next one through, before the ring is looked at. */
  interrupted(): void {
    this.statistics.interrupts++;
    this.queues.disarm();
    this.transport.acknowledgeInterrupt();
    this.platform.acknowledgeInterrupt();
  }

  /** An interrupt brought nothing: late, invented, or for a change of the configuration or a stop of the device (§2.1.2, §2.5.3). */
  idleInterrupt(): void {
    this.statistics.idleInterrupts++;
    this.isSuspect = true;
  }

  /** Before something new begins: if there is a reason, see whether the device still serves us and what it is now. */
  inspect(): void {
    if (!this.isSuspect || !this.life.live) return;
    assert(this.slots.preparedCount == 0, "a reset would lose what is prepared");
    this.isSuspect = false;
    if (!this.life.isHealthy()) this.giveUp(Status.DeviceError, "the device stopped by itself");
    else if (!this.areIdleQueuesStill()) {
      this.statistics.breach();
      this.giveUp(Status.DeviceError, "the used index of an idle queue moved");
    } else this.refresh();
  }

  /** Look at the configuration of a live device once more. */
  refresh(): void {
    if (!this.life.live) return;
    const look = this.life.geometry.refresh(this.transport);
    if (look == Look.unstable) this.statistics.breach();
    else if (look == Look.changed) {
      this.statistics.configurationChanges++;
      this.platform.note("the device's configuration changed");
    }
  }

  /** End everything that the device says it has used; false when that is nothing. */
  collect(): bool {
    const slots = this.slots;
    let found = false;
    // A reset on the way leaves nothing in flight.
    for (let busy = slots.busyQueues; busy != 0; busy &= (busy - 1) & slots.busyQueues) {
      if (this.collectFrom(ctz(busy))) found = true;
    }
    return found;
  }

  private collectFrom(index: u32): bool {
    const queue = this.queues.at(index);
    const claimed = queue.usedCount();
    if (claimed == 0) return false;
    if (claimed > this.slots.inFlightIn(index)) {
      this.statistics.breach();
      this.giveUp(Status.DeviceError, "the used index jumped");
      return true;
    }
    this.platform.fence(); // entries, status bytes and data are read after the index (§2.7.14)
    for (let entry: u32 = 0; entry < claimed; entry++) {
      const slot = queue.usedSlot();
      const length = queue.usedLength();
      queue.take();
      if (!this.slots.isInFlight(slot)) {
        // Which request was meant cannot be known, so none of the others can be trusted to be what it says.
        this.statistics.breach();
        this.giveUp(Status.DeviceError, "a used entry names no request in flight");
        return true;
      }
      const byte = queue.statusByte(slot);
      if (byte == RequestStatus.untouched) {
        // The last thing that a device does for a request (§5.2.6) was not done: it may be at it still, so its memory is not given back yet.
        this.statistics.breach();
        this.giveUp(Status.DeviceError, "a used entry names a request that was not done");
        return true;
      }
      this.endPiece(slot, this.judge(slot, byte, length));
    }
    return true;
  }

  /** Give up on the device when a request is overdue; true when it was. Only this reads the clock, and only when waiting. */
  expire(): bool {
    if (this.slots.inFlightCount == 0 || !this.slots.overdue(this.platform.now(), this.timeLimitNanoseconds)) return false;
    this.statistics.timeOuts++;
    this.giveUp(Status.TimedOut, "a request took longer than the time limit");
    return true;
  }

  /**
   * The end of every entry into the driver: what stays in flight must raise an interrupt, and the client hears of what
   * is finished. Bounded: each turn but the last ends a request.
   */
  rest(): void {
    this.cancelDeadline = 0;
    this.startWaiting();
    while (this.slots.inFlightCount != 0) {
      this.arm(1);
      if (!this.collect()) break;
      this.startWaiting();
    }
    if (this.operations.unannouncedCount == 0) return;
    this.operations.unannouncedCount = 0;
    this.platform.announce();
  }

  /** The Status that a used entry stands for. §5.2.6: the status byte; §2.7.8: the length counts what the device wrote. */
  private judge(slot: u32, byte: u32, usedLength: u32): u32 {
    const answer = this.slots.answer(slot);
    if (byte == RequestStatus.unsupported) return Status.Unsupported;
    if (byte == RequestStatus.ioError) return Status.DeviceError;
    // A length beyond the chain's writable part, or a byte that is no status: the device breaks the rules.
    if (byte != RequestStatus.ok || usedLength > answer + 1) {
      this.statistics.breach();
      return Status.DeviceError;
    }
    // Less than asked for, called a success: the rest of the memory holds what it held before. The status byte comes last, so a
    // length that leaves it out says that it was not written either (§2.7.8.2).
    return usedLength < answer + 1 ? Status.DeviceError : Status.Ok;
  }

  private endPiece(slot: u32, status: u32): void {
    const operations = this.operations;
    let operation = this.slots.operation(slot);
    const dataBytes = this.slots.data(slot);
    if (this.trace.isOn) this.trace.ended(slot, status);
    this.slots.land(slot);
    if (status != Status.Ok) {
      this.statistics.errors++;
      this.isSuspect = true;
    }
    let follower = operations.follower(operation);
    if (follower == noOperation) return this.endPart(operation, status, dataBytes);
    // A run: each of its operations is whole, and what happened to the request happened to all of them.
    for (; operation != noOperation; operation = follower) {
      follower = operations.follower(operation);
      this.endPart(operation, status, BatchRequest.lengthBytes(operations.request(operation)));
    }
  }

  private endPart(operation: u32, status: u32, dataBytes: u32): void {
    this.operations.endPiece(operation, status, dataBytes);
    if (operation != synchronousOperation && this.operations.isDone(operation)) this.dispatcher.finish(operation);
  }

  /**
   * Reset the device, end everything in flight with `status`, and begin anew with empty rings. A device that cannot be brought up again is
   * gone for good, and so says the answer. One that does not confirm the reset may still write to what was lent to it, so nothing may be
   * answered: the driver ends, and the kernel takes the device's way to memory away (docs/supervision.md §3).
   * What waits the device has not seen, so it starts after a breach; when somebody has waited long enough, it ends too: each further round of a silent device would take as long.
   */
  private giveUp(status: u32, reason: string): void {
    this.platform.note(reason);
    this.statistics.resets++;
    const isReset = this.life.reset();
    assert(isReset, "the device does not confirm its reset and may still write to lent memory");
    const answer = this.life.bringUp() ? status : Status.DeviceGone;
    for (let slot: u32 = 0; slot < this.slots.limit; slot++) {
      if (this.slots.isInFlight(slot)) this.endPiece(slot, answer);
    }
    this.clearSlots();
    this.isSuspect = false;
    if (answer != Status.DeviceError) this.dispatcher.endWaiting(answer);
  }

  private clearSlots(): void { this.slots.clear(this.queues.count, this.queues.slotShift, this.queues.slotCount); }

  /** Does any queue with something in flight claim to have used something? */
  private hasUsed(): bool {
    for (let busy = this.slots.busyQueues; busy != 0; busy &= busy - 1) if (this.queues.at(ctz(busy)).usedCount() != 0) return true;
    return false;
  }

  /** Nothing can be used where nothing is in flight; queues that are busy are judged when they are collected from. */
  private areIdleQueuesStill(): bool {
    for (let index: u32 = 0; index < this.queues.count; index++) {
      if (this.slots.inFlightIn(index) == 0 && this.queues.at(index).usedCount() != 0) return false;
    }
    return true;
  }

  /** Ask for an interrupt at the latest when `needed` more requests have ended, in whatever queues that is. */
  private arm(needed: u32): void {
    const busy = this.slots.busyQueues;
    const share = busy & (busy - 1) ? max(needed / popcnt(busy), 1) : needed;
    for (let left = busy; left != 0; left &= left - 1) {
      const index = ctz(left);
      this.queues.at(index).arm(min(share, this.slots.inFlightIn(index)));
    }
    this.platform.fence(); // the wish goes out before the rings are looked at once more
  }

  private revive(): bool { return this.life.recognise() && this.life.reset() && this.life.bringUp(); }

  /** Poll for a while; true when something ended. Each turn has a host call, without which loads may be merged. */
  private poll(): bool {
    for (let turn: u32 = 0; turn < this.polls; turn++) {
      this.platform.relax();
      if (!this.hasUsed()) continue;
      this.polls = min(this.polls << 1, pollsMost);
      return this.collect();
    }
    this.polls = ++this.sleeps % sleepsBetweenProbes == 0 ? pollsMost : max(this.polls >> 1, pollsLeast);
    return false;
  }
}

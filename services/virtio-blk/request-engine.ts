// Turns operations into requests, and what the device answers into their results: the one place where the used ring is
// judged. Everything the device says there is hostile input.
//
// What stays true: a slot's memory is given back to its owner only after the device has used its chain or was reset;
// each piece of an operation ends exactly once; no answer of the device traps, allocates or loops without bound.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { DeviceLife } from "./device-life";
import { DriverStatistics } from "./driver-statistics";
import { GrantTable } from "./grant-table";
import { noGrant, OperationTable, synchronousOperation } from "./operation-table";
import { Platform } from "./platform";
import { slotLimit } from "./queue-memory";
import { RequestSlots } from "./request-slots";
import { Transport } from "./transport";
import { RequestStatus, RequestType, sectorBytes } from "./virtio";
import { Virtqueue } from "./virtqueue";

/** A request that the device has kept for so long is given up on, with the device. */
const timeLimitNanoseconds: u64 = 30_000_000_000;
/** The longest sleep without a look at the clock, the ring and the device's health: a lost interrupt costs no more. */
const sliceMicroseconds: u32 = 1_000_000;
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
/** A piece is at most this long, so that its used length stays far from 2^32. */
const pieceBytesLimit: u32 = 1 << 24;

export class RequestEngine {
  slots: RequestSlots = new RequestSlots();
  operations: OperationTable = new OperationTable();
  private pieceBytes: u32 = pieceBytesLimit;
  private polls: u32 = pollsMost;
  private sleeps: u32 = 0;
  /** When the patience with a dying domain's request ends; 0: none is dying. */
  private cancelDeadline: u64 = 0;

  constructor(
    private platform: Platform, private transport: Transport, private queue: Virtqueue, private life: DeviceLife,
    private grants: GrantTable, private statistics: DriverStatistics,
  ) {}

  /** Bring the device up with nothing in flight. */
  start(): bool {
    const revived = this.revive();
    this.slots.clear(this.queue.slotCount);
    return revived;
  }

  /** A new operation: whatever cut the pieces of the last one short may not hold for this one. */
  begin(operation: u32, type: u32, tag: u32, grant: u32): void {
    this.operations.begin(operation, type, tag, grant);
    this.pieceBytes = pieceBytesLimit;
  }

  /**
   * Prepare one request for a part of [offset, offset + length) of a lease or grant (`source` 0: own memory), beginning
   * at its start. Answers the bytes it covers, or −Status: Busy when no slot is free. Length 0 is a request without data.
   */
  addPiece(operation: u32, type: u32, sector: u64, source: u32, offsetBytes: u32, lengthBytes: u32): i32 {
    if (!this.life.live) return -<i32>Status.DeviceGone;
    const slot = this.slots.peekFree();
    if (slot == slotLimit) return -<i32>Status.Busy;
    const deviceWrites = type == RequestType.read || type == RequestType.identify;
    let covered = min(lengthBytes, this.pieceBytes);
    let segmentCount: i32 = 0;
    if (lengthBytes) {
      segmentCount = this.platform.segments(source, offsetBytes, covered, deviceWrites, this.queue.segmentsPlace(slot), this.queue.segmentLimit);
      // Too scattered for one chain: half of it, down to one sector.
      while (segmentCount == -<i32>Status.TooLarge && covered > sectorBytes) {
        covered = max((covered >> 1) & ~(sectorBytes - 1), sectorBytes);
        this.pieceBytes = covered;
        segmentCount = this.platform.segments(source, offsetBytes, covered, deviceWrites, this.queue.segmentsPlace(slot), this.queue.segmentLimit);
      }
      // One sector in more segments than the device takes: this memory can never be used with it.
      if (segmentCount == -<i32>Status.TooLarge) return -<i32>Status.InvalidArgument;
      if (segmentCount < 0) return segmentCount;
      assert(segmentCount != 0 && u32(segmentCount) <= this.queue.segmentLimit, "the kernel answered more segments than asked for");
    }
    this.queue.compose(slot, type, sector, u32(segmentCount), deviceWrites);
    this.queue.offer(slot);
    this.slots.prepare(operation, covered, deviceWrites);
    this.operations.addPiece(operation);
    return <i32>covered;
  }

  /** Take back all pieces of an operation, which is the last that was prepared and has not been published. */
  withdraw(operation: u32): void {
    for (let count = this.operations.pieceCount(operation); count > 0; count--) {
      this.queue.withdraw();
      this.slots.unprepare();
      this.operations.removePiece(operation);
    }
  }

  /** Hand everything prepared to the device. */
  publish(): void {
    this.slots.launch();
    if (!this.queue.publish()) return;
    this.statistics.doorbells++;
    this.transport.ring();
  }

  /** No more pieces; an operation of a batch that is already done is queued for reaping. */
  close(operation: u32): void {
    this.operations.close(operation);
    if (operation != synchronousOperation && this.operations.isDone(operation)) this.finish(operation);
  }

  /** Publish, and wait until the synchronous operation is done. Bounded: each turn ends a piece or gives up on the device. */
  complete(): u32 {
    const operations = this.operations;
    this.close(synchronousOperation);
    this.publish();
    while (!operations.isDone(synchronousOperation)) this.awaitProgress(operations.kind(synchronousOperation) != RequestType.flush);
    const status = operations.status(synchronousOperation);
    if (status == Status.Ok) this.statistics.count(operations.kind(synchronousOperation), operations.bytes(synchronousOperation));
    return status;
  }

  /** Publish, and wait until a request that is in flight has ended. Nothing to wait for is a bug. */
  awaitProgress(mayPoll: bool): void {
    assert(this.slots.preparedCount == 0 && this.slots.inFlightCount != 0, "nothing to wait for");
    if (this.collect()) return;
    if (mayPoll && this.poll()) return;
    for (let fruitless: u32 = 0; fruitless < fruitlessLimit; fruitless++) {
      this.queue.arm();
      if (this.collect()) return;
      if (this.expire()) return;
      const woken = this.platform.wait(sliceMicroseconds);
      if (woken == -<i32>Status.Cancelled) return this.hurry();
      if (woken > 0) this.interrupted();
      else if (!this.life.isHealthy() && this.queue.usedCount() == 0) {
        this.giveUp(Status.DeviceError, "the device stopped by itself");
        return;
      }
      if (this.collect()) return;
    }
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

  /** An interrupt came: let the next one through before the ring is looked at. */
  interrupted(): void {
    this.statistics.interrupts++;
    this.platform.acknowledgeInterrupt();
    this.transport.acknowledgeInterrupt();
  }

  /** End everything that the device says it has used; false when that is nothing. */
  collect(): bool {
    const claimed = this.queue.usedCount();
    if (claimed == 0) return false;
    if (claimed > this.slots.inFlightCount) {
      this.statistics.breach();
      this.giveUp(Status.DeviceError, "the used index jumped");
      return true;
    }
    this.platform.fence(); // entries, status bytes and data are read after the index (§2.7.14)
    for (let index: u32 = 0; index < claimed; index++) {
      const slot = this.queue.usedSlot();
      const length = this.queue.usedLength();
      this.queue.take();
      if (!this.slots.isInFlight(slot)) {
        // Which request was meant cannot be known, so none of the others can be trusted to be what it says.
        this.statistics.breach();
        this.giveUp(Status.DeviceError, "a used entry names no request in flight");
        return true;
      }
      this.endPiece(slot, this.judge(slot, length));
    }
    return true;
  }

  /** Give up on the device when a request is overdue; true when it was. Only this reads the clock, and only when waiting. */
  expire(): bool {
    if (this.slots.inFlightCount == 0 || !this.slots.overdue(this.platform.now(), timeLimitNanoseconds)) return false;
    this.giveUp(Status.TimedOut, "a request took longer than 30 s");
    return true;
  }

  /**
   * The end of every entry into the driver: what stays in flight must raise an interrupt, and the client hears of what
   * is finished. Bounded: each turn but the last ends a request.
   */
  rest(): void {
    this.cancelDeadline = 0;
    while (this.slots.inFlightCount != 0) {
      this.queue.arm();
      if (!this.collect()) break;
    }
    if (this.operations.unannouncedCount == 0) return;
    this.operations.unannouncedCount = 0;
    this.platform.announce();
  }

  /** The Status that a used entry stands for. §5.2.6: the status byte; §2.7.8: the length counts what the device wrote. */
  private judge(slot: u32, usedLength: u32): u32 {
    const answer = this.slots.answer(slot);
    const byte = this.queue.statusByte(slot);
    if (byte == RequestStatus.unsupported) return Status.Unsupported;
    if (byte == RequestStatus.ioError) return Status.DeviceError;
    // A length beyond the chain's writable part, or a byte that is no status: the device breaks the rules.
    if (byte != RequestStatus.ok || usedLength > answer + 1) {
      this.statistics.breach();
      return Status.DeviceError;
    }
    // Less than asked for, called a success: the rest of the memory holds what it held before.
    return answer != 0 && usedLength < answer + 1 ? Status.DeviceError : Status.Ok;
  }

  private endPiece(slot: u32, status: u32): void {
    const operation = this.slots.operation(slot);
    const dataBytes = this.slots.data(slot);
    this.slots.land(slot);
    if (status != Status.Ok) this.statistics.errors++;
    this.operations.endPiece(operation, status, dataBytes);
    if (operation != synchronousOperation && this.operations.isDone(operation)) this.finish(operation);
  }

  private finish(operation: u32): void {
    const operations = this.operations;
    const grant = operations.grant(operation);
    if (grant != noGrant) this.grants.release(grant);
    if (operations.status(operation) == Status.Ok) this.statistics.count(operations.kind(operation), operations.bytes(operation));
    operations.finish(operation);
  }

  /**
   * Reset the device, end everything in flight with `status`, and begin anew with empty rings. A device that cannot be brought up again is
   * gone for good, and so says the answer. One that does not confirm the reset may still write to what was lent to it, so nothing may be
   * answered: the driver ends, and the kernel takes the device's way to memory away (docs/supervision.md §3).
   */
  private giveUp(status: u32, reason: string): void {
    this.platform.note(reason);
    this.statistics.resets++;
    const isReset = this.life.reset();
    assert(isReset, "the device does not confirm its reset and may still write to lent memory");
    const answer = this.life.bringUp() ? status : Status.DeviceGone;
    for (let slot: u32 = 0; slot < this.slots.count; slot++) {
      if (this.slots.isInFlight(slot)) this.endPiece(slot, answer);
    }
    this.slots.clear(this.queue.slotCount);
  }

  private revive(): bool { return this.life.reset() && this.life.bringUp(); }

  /** Poll for a while; true when something ended. Each turn has a host call, without which loads may be merged. */
  private poll(): bool {
    for (let turn: u32 = 0; turn < this.polls; turn++) {
      this.platform.relax();
      if (this.queue.usedCount() == 0) continue;
      this.polls = min(this.polls << 1, pollsMost);
      return this.collect();
    }
    this.polls = ++this.sleeps % sleepsBetweenProbes == 0 ? pollsMost : max(this.polls >> 1, pollsLeast);
    return false;
  }
}

// The order of batches: which of the requests that were accepted and could not start yet starts next
// (docs/decisions/0005-io-scheduling.md).
//
//   accepted ─► behind a barrier? ─► held ─┐
//       └──────────────────────────────────┴─► flush ─────► when all changes accepted before it have ended
//                                           └► the rest ──► foreground · background: 7 : 1 while both wait
//
// What stays true: a flush starts after the end of every change that was accepted before it; nothing accepted behind a
// barrier starts before its end; every waiting request starts after a number of starts that depends on those before it.
import { BatchRequest, RequestFlag } from "../../kernel-bindings/generated/assembly/block-device";
import { FixedArray } from "../base/fixed-array/index";
import { Elevator } from "./elevator";
import { batchOperationLimit, noOperation, OperationTable } from "./operation-table";
import { RequestType } from "./virtio";

/** So many starts of the foreground, then one of the background, while both wait. */
const foregroundTurns: u32 = 7;
/** Epochs that can be told apart: 1,024 flushes may wait, each ends one, and one is open. */
const epochLimit: u32 = 2048;

export class Scheduler {
  /** Accepted and not started. */
  waitingCount: u32 = 0;
  private foreground: Elevator;
  private background: Elevator = new Elevator();
  /** Where the last request that started came from. */
  private lane: Elevator;
  /** Foreground starts since the last of the background. */
  private turns: u32 = 0;
  /**
   * An epoch is what is accepted between two flushes. Flush n waits for the changes of epoch n, and those before it, which
   * the flushes before it have waited for. Epochs count modulo `epochLimit`.
   */
  private changes: FixedArray<u32> = new FixedArray<u32>(epochLimit);
  private flushes: FixedArray<u16> = new FixedArray<u16>(epochLimit);
  private epochs: FixedArray<u16> = new FixedArray<u16>(batchOperationLimit);
  private firstEpoch: u32 = 0;
  private openEpoch: u32 = 0;
  /** The barrier that has not ended, and what was accepted behind it, oldest first. */
  private barrier: u32 = noOperation;
  private held: FixedArray<u16> = new FixedArray<u16>(batchOperationLimit);
  private heldStart: u32 = 0;
  private heldCount: u32 = 0;

  constructor(private operations: OperationTable) {
    const foreground = new Elevator();
    this.foreground = foreground;
    this.lane = foreground;
  }

  get overtakes(): u64 { return this.foreground.overtakes + this.background.overtakes; }
  get overdue(): u64 { return this.foreground.overdue + this.background.overdue; }

  /** Take note of a batch operation; true when it may start right now, for which `hasRoom` says whether there is room. Otherwise it waits for `next`. */
  accept(operation: u32, hasRoom: bool): bool {
    if (this.barrier == noOperation) return this.place(operation, hasRoom);
    this.held[(this.heldStart + this.heldCount) % batchOperationLimit] = <u16>operation;
    this.heldCount++;
    this.waitingCount++;
    return false;
  }

  /** Take what starts next; `noOperation` when nothing may start now. */
  next(): u32 {
    if (this.isFlushDue()) {
      this.waitingCount--;
      const flush = this.flushes[this.firstEpoch];
      this.firstEpoch = (this.firstEpoch + 1) % epochLimit;
      return u32(flush);
    }
    const hasForeground = this.foreground.count != 0, hasBackground = this.background.count != 0;
    if (hasForeground && (!hasBackground || this.turns < foregroundTurns)) {
      if (hasBackground) this.turns++;
      this.lane = this.foreground;
    } else if (hasBackground) {
      this.turns = 0;
      this.lane = this.background;
    } else return noOperation;
    this.waitingCount--;
    return this.lane.next();
  }

  /** The one that begins where the last one ends, if it may start with it; else `noOperation`. `next` of the same class takes it. */
  neighbour(sector: u64): u32 { return this.lane.at(sector); }

  /** Take that neighbour. */
  takeNeighbour(): void {
    this.waitingCount--;
    this.lane.next();
  }

  /** An operation that was accepted has ended. */
  ended(operation: u32): void {
    if (isChange(this.operations.kind(operation))) this.changes[u32(this.epochs[operation])]--;
    else if (operation == this.barrier) {
      this.barrier = noOperation;
      this.release();
    }
  }

  private place(operation: u32, hasRoom: bool): bool {
    const type = this.operations.kind(operation), request = this.operations.request(operation);
    if (type == RequestType.flush) {
      if (BatchRequest.flags(request) & RequestFlag.barrier) this.barrier = operation;
      if (hasRoom && this.firstEpoch == this.openEpoch && this.changes[this.openEpoch] == 0) return true;
      this.flushes[this.openEpoch] = <u16>operation;
      this.openEpoch = (this.openEpoch + 1) % epochLimit;
      this.waitingCount++;
      return false;
    }
    if (isChange(type)) {
      this.changes[this.openEpoch]++;
      this.epochs[operation] = <u16>this.openEpoch;
    }
    const isBackground = (BatchRequest.flags(request) & RequestFlag.background) != 0;
    if (hasRoom && this.foreground.count == 0 && this.background.count == 0) return true;
    this.waitingCount++;
    (isBackground ? this.background : this.foreground).add(operation, BatchRequest.sector(request));
    return false;
  }

  private isFlushDue(): bool { return this.firstEpoch != this.openEpoch && this.changes[this.firstEpoch] == 0; }

  /** What was held goes where it would have gone, up to the next barrier. */
  private release(): void {
    while (this.heldCount != 0 && this.barrier == noOperation) {
      const operation = u32(this.held[this.heldStart]);
      this.heldStart = (this.heldStart + 1) % batchOperationLimit;
      this.heldCount--;
      this.waitingCount--; // `place` counts it again
      this.place(operation, false);
    }
  }
}

/** Does a request of this type change sectors? */
function isChange(type: u32): bool { return type == RequestType.write || type == RequestType.discard || type == RequestType.writeZeroes; }

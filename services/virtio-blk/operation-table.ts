// Operations: what a client asked for. One operation is carried out by one or more requests (pieces), because a long or
// scattered range does not fit one chain; and several operations by one request, when they are neighbours on the disk: a
// run, in the order of their sectors. Entries 0–1023 are requests of batches, kept until reaped; entry 1024 is the
// synchronous call, of which there is only one.
// What stays true: an entry is done when it is closed to further pieces and none is left; each batch entry that is done
// stands in the queue of the finished exactly once.
import { BatchRequest } from "../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { FixedArray } from "../base/fixed-array/index";

export const batchOperationLimit: u32 = 1024;
export const synchronousOperation: u32 = 1024;
/** The grant of an operation that has none. */
export const noGrant: u32 = 0xffff_ffff;
/** No entry of the table. */
export const noOperation: u32 = 0xffff;

export class OperationTable {
  /** Batch operations that are neither reaped nor finished. */
  runningCount: u32 = 0;
  finishedCount: u32 = 0;
  /** Finished since the client was last told. */
  unannouncedCount: u32 = 0;
  private finishedStart: u32 = 0;
  private finished: FixedArray<u16> = new FixedArray<u16>(batchOperationLimit);
  private freeCount: u32 = 0;
  private free: FixedArray<u16> = new FixedArray<u16>(batchOperationLimit);
  /** Safety: one BatchRequest for each entry, also for the synchronous one, whose place stays zeros. */
  private requests: usize = memory.data(1025 * 32, 16);
  private kinds: FixedArray<u32> = new FixedArray<u32>(batchOperationLimit + 1);
  private grants: FixedArray<u32> = new FixedArray<u32>(batchOperationLimit + 1);
  private statuses: FixedArray<u32> = new FixedArray<u32>(batchOperationLimit + 1);
  private startedBytes: FixedArray<u32> = new FixedArray<u32>(batchOperationLimit + 1);
  private doneBytes: FixedArray<u32> = new FixedArray<u32>(batchOperationLimit + 1);
  private pieces: FixedArray<u32> = new FixedArray<u32>(batchOperationLimit + 1);
  private followers: FixedArray<u16> = new FixedArray<u16>(batchOperationLimit + 1);
  private requestIds: FixedArray<u32> = new FixedArray<u32>(batchOperationLimit + 1);
  private closed: FixedArray<u8> = new FixedArray<u8>(batchOperationLimit + 1);

  constructor() {
    for (let operation = batchOperationLimit; operation > 0; operation--) this.free[this.freeCount++] = <u16>(operation - 1);
  }

  /** A batch operation that `begin` may start; `batchOperationLimit` when all are taken. It stays free until then. */
  peekFree(): u32 { return this.freeCount ? u32(this.free[this.freeCount - 1]) : batchOperationLimit; }

  /** `kind` is a request type of virtio.ts; it decides which statistics count the operation. `grant`: the slot of the memory, which is retained. */
  begin(operation: u32, kind: u32, grant: u32): void {
    if (operation != synchronousOperation) {
      assert(this.peekFree() == operation, "not the free operation");
      this.freeCount--;
      this.runningCount++;
    }
    this.kinds[operation] = kind;
    this.grants[operation] = grant;
    this.statuses[operation] = Status.Ok;
    this.startedBytes[operation] = 0;
    this.doneBytes[operation] = 0;
    this.pieces[operation] = 0;
    this.followers[operation] = <u16>noOperation;
    this.closed[operation] = 0;
  }

  /** Keep what the client asked for: a BatchRequest in private memory, and the id of the request that its message belongs to. */
  keep(operation: u32, request: usize, requestId: u32): void {
    const place = this.request(operation);
    for (let offset: usize = 0; offset < BatchRequest.SIZE; offset += 8) store<u64>(place + offset, load<u64>(request + offset));
    this.requestIds[operation] = requestId;
  }

  addPiece(operation: u32): void { this.pieces[operation]++; }

  /** The first failure is the operation's status. */
  fail(operation: u32, status: u32): void {
    if (this.statuses[operation] == Status.Ok) this.statuses[operation] = status;
  }

  endPiece(operation: u32, status: u32, dataBytes: u32): void {
    assert(this.pieces[operation] != 0, "no piece to end");
    this.pieces[operation]--;
    if (status != Status.Ok) this.fail(operation, status);
    else this.doneBytes[operation] += dataBytes;
  }

  /** `follower` is carried out by the same request as `operation`, behind it. */
  follow(operation: u32, follower: u32): void { this.followers[operation] = <u16>follower; }

  /** The next operation of the run, or `noOperation`. */
  follower(operation: u32): u32 { return u32(this.followers[operation]); }

  /** No more pieces will come. */
  close(operation: u32): void { this.closed[operation] = 1; }

  isDone(operation: u32): bool { return this.closed[operation] != 0 && this.pieces[operation] == 0; }

  /** Queue a batch operation that is done for reaping. */
  finish(operation: u32): void {
    assert(operation != synchronousOperation && this.isDone(operation), "not done");
    this.finished[(this.finishedStart + this.finishedCount) % batchOperationLimit] = <u16>operation;
    this.finishedCount++;
    this.unannouncedCount++;
    this.runningCount--;
  }

  /** The n-th finished operation, oldest first. */
  finishedAt(index: u32): u32 { return u32(this.finished[(this.finishedStart + index) % batchOperationLimit]); }

  /** The oldest `count` finished operations were handed over. */
  reap(count: u32): void {
    assert(count <= this.finishedCount, "more reaped than finished");
    for (let index: u32 = 0; index < count; index++) this.free[this.freeCount++] = <u16>this.finishedAt(index);
    this.finishedStart = (this.finishedStart + count) % batchOperationLimit;
    this.finishedCount -= count;
  }

  /** The BatchRequest of a batch operation. */
  request(operation: u32): usize { return this.requests + operation * BatchRequest.SIZE; }

  pieceCount(operation: u32): u32 { return this.pieces[operation]; }
  kind(operation: u32): u32 { return this.kinds[operation]; }
  grant(operation: u32): u32 { return this.grants[operation]; }
  status(operation: u32): u32 { return this.statuses[operation]; }
  bytes(operation: u32): u32 { return this.doneBytes[operation]; }
  requestId(operation: u32): u32 { return this.requestIds[operation]; }
  /** How much of a batch operation has been made into requests. */
  started(operation: u32): u32 { return this.startedBytes[operation]; }
  setStarted(operation: u32, bytes: u32): void { this.startedBytes[operation] = bytes; }
}

// Operations: what a client asked for. One operation is carried out by one or more requests (pieces), because a long or
// scattered range does not fit one chain. Entries 0–1023 are requests of batches, kept until reaped; entry 1024 is the
// synchronous call, of which there is only one.
// What stays true: an entry is done when it is closed to further pieces and none is left; each batch entry that is done
// stands in the queue of the finished exactly once.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { FixedArray } from "../base/fixed-array/index";

export const batchOperationLimit: u32 = 1024;
export const synchronousOperation: u32 = 1024;
/** The grant of an operation that has none. */
export const noGrant: u32 = 0xffff_ffff;

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
  private tags: FixedArray<u32> = new FixedArray<u32>(batchOperationLimit + 1);
  private kinds: FixedArray<u32> = new FixedArray<u32>(batchOperationLimit + 1);
  private grants: FixedArray<u32> = new FixedArray<u32>(batchOperationLimit + 1);
  private statuses: FixedArray<u32> = new FixedArray<u32>(batchOperationLimit + 1);
  private doneBytes: FixedArray<u32> = new FixedArray<u32>(batchOperationLimit + 1);
  private pieces: FixedArray<u32> = new FixedArray<u32>(batchOperationLimit + 1);
  private closed: FixedArray<u8> = new FixedArray<u8>(batchOperationLimit + 1);

  constructor() {
    for (let operation = batchOperationLimit; operation > 0; operation--) this.free[this.freeCount++] = <u16>(operation - 1);
  }

  /** A batch operation that `begin` may start; `batchOperationLimit` when all are taken. It stays free until then. */
  peekFree(): u32 { return this.freeCount ? u32(this.free[this.freeCount - 1]) : batchOperationLimit; }

  /** `kind` is a request type of virtio.ts; it decides which statistics count the operation. */
  begin(operation: u32, kind: u32, tag: u32, grant: u32): void {
    if (operation != synchronousOperation) {
      assert(this.peekFree() == operation, "not the free operation");
      this.freeCount--;
      this.runningCount++;
    }
    this.tags[operation] = tag;
    this.kinds[operation] = kind;
    this.grants[operation] = grant;
    this.statuses[operation] = Status.Ok;
    this.doneBytes[operation] = 0;
    this.pieces[operation] = 0;
    this.closed[operation] = 0;
  }

  addPiece(operation: u32): void { this.pieces[operation]++; }

  removePiece(operation: u32): void {
    assert(this.pieces[operation] != 0, "no piece to remove");
    this.pieces[operation]--;
  }

  /** Forget an operation that has no pieces, as if it had never begun. */
  cancel(operation: u32): void {
    assert(operation != synchronousOperation && this.pieces[operation] == 0, "cannot cancel");
    this.runningCount--;
    this.free[this.freeCount++] = <u16>operation;
  }

  /** The first failure is the operation's status. */
  fail(operation: u32, status: u32): void {
    if (this.statuses[operation] == Status.Ok) this.statuses[operation] = status;
  }

  endPiece(operation: u32, status: u32, dataBytes: u32): void {
    this.removePiece(operation);
    if (status != Status.Ok) this.fail(operation, status);
    else this.doneBytes[operation] += dataBytes;
  }

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

  pieceCount(operation: u32): u32 { return this.pieces[operation]; }
  tag(operation: u32): u32 { return this.tags[operation]; }
  kind(operation: u32): u32 { return this.kinds[operation]; }
  grant(operation: u32): u32 { return this.grants[operation]; }
  status(operation: u32): u32 { return this.statuses[operation]; }
  bytes(operation: u32): u32 { return this.doneBytes[operation]; }
}

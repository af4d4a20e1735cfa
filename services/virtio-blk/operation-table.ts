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

/** What is known of an operation: 64 bytes, which begin with the BatchRequest of an operation of a batch. */
namespace Record {
  export const bytes: u32 = 64;
  export const kind: usize = 32;
  export const grant: usize = 36;
  export const status: usize = 40;
  export const startedBytes: usize = 44;
  export const doneBytes: usize = 48;
  export const pieces: usize = 52;
  export const requestId: usize = 56;
  /** u16: the next operation of the run. */
  export const follower: usize = 60;
  /** u8: no more pieces will come. */
  export const closed: usize = 62;
}

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
  private records: usize = memory.data(1025 * 64, 16);

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
    const record = this.request(operation);
    store<u32>(record, kind, Record.kind);
    store<u32>(record, grant, Record.grant);
    store<u32>(record, Status.Ok, Record.status);
    store<u32>(record, 0, Record.startedBytes);
    store<u32>(record, 0, Record.doneBytes);
    store<u32>(record, 0, Record.pieces);
    store<u16>(record, <u16>noOperation, Record.follower);
    store<u8>(record, 0, Record.closed);
  }

  /** Keep what the client asked for: a BatchRequest in private memory, and the id of the request that its message belongs to. */
  keep(operation: u32, request: usize, requestId: u32): void {
    const record = this.request(operation);
    store<u64>(record, load<u64>(request));
    store<u64>(record, load<u64>(request, 8), 8);
    store<u64>(record, load<u64>(request, 16), 16);
    store<u64>(record, load<u64>(request, 24), 24);
    store<u32>(record, requestId, Record.requestId);
  }

  addPiece(operation: u32): void {
    const record = this.request(operation);
    store<u32>(record, load<u32>(record, Record.pieces) + 1, Record.pieces);
  }

  /** The first failure is the operation's status. */
  fail(operation: u32, status: u32): void {
    const record = this.request(operation);
    if (load<u32>(record, Record.status) == Status.Ok) store<u32>(record, status, Record.status);
  }

  endPiece(operation: u32, status: u32, dataBytes: u32): void {
    const record = this.request(operation), pieces = load<u32>(record, Record.pieces);
    assert(pieces != 0, "no piece to end");
    store<u32>(record, pieces - 1, Record.pieces);
    if (status != Status.Ok) this.fail(operation, status);
    else store<u32>(record, load<u32>(record, Record.doneBytes) + dataBytes, Record.doneBytes);
  }

  /** `follower` is carried out by the same request as `operation`, behind it. */
  follow(operation: u32, follower: u32): void { store<u16>(this.request(operation), <u16>follower, Record.follower); }

  /** The next operation of the run, or `noOperation`. */
  follower(operation: u32): u32 { return load<u16>(this.request(operation), Record.follower); }

  /** No more pieces will come. */
  close(operation: u32): void { store<u8>(this.request(operation), 1, Record.closed); }

  isDone(operation: u32): bool {
    const record = this.request(operation);
    return load<u8>(record, Record.closed) != 0 && load<u32>(record, Record.pieces) == 0;
  }

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

  /** The BatchRequest of a batch operation, and its record. Safety: inside `records`, by the test; every access here is inside one record. */
  request(operation: u32): usize {
    if (operation > synchronousOperation) unreachable();
    return this.records + operation * Record.bytes;
  }

  pieceCount(operation: u32): u32 { return load<u32>(this.request(operation), Record.pieces); }
  kind(operation: u32): u32 { return load<u32>(this.request(operation), Record.kind); }
  grant(operation: u32): u32 { return load<u32>(this.request(operation), Record.grant); }
  status(operation: u32): u32 { return load<u32>(this.request(operation), Record.status); }
  bytes(operation: u32): u32 { return load<u32>(this.request(operation), Record.doneBytes); }
  requestId(operation: u32): u32 { return load<u32>(this.request(operation), Record.requestId); }
  /** How much of a batch operation has been made into requests. */
  started(operation: u32): u32 { return load<u32>(this.request(operation), Record.startedBytes); }
  setStarted(operation: u32, bytes: u32): void { store<u32>(this.request(operation), bytes, Record.startedBytes); }
}

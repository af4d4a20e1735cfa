// Batches: requests over attached grants that are started together and collected later, in any order.
// What stays true: every accepted request is answered by exactly one completion, which carries its tag; `accepted`
// counts from the front of the batch, and what was not accepted has left no trace.
import { BatchRequest, Completion, Transfer, RequestFlag } from "../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { isRange } from "./admission";
import { Disk } from "./disk";
import { batchOperationLimit, noGrant } from "./operation-table";
import { Platform } from "./platform";
import { RequestType, sectorBytes } from "./virtio";

/** No request type: what a transfer code stands for that the interface does not know. */
const noType: u32 = 0xffff_ffff;

export class Batches {
  /** Requests of a batch as copied from the client, and completions on their way to it. Safety: `batchOperationLimit` records each. */
  private requests: usize = memory.data(1024 * 32, 16);
  private completions: usize = memory.data(1024 * 16, 16);
  /** How many of the last batch were accepted. */
  accepted: u32 = 0;
  /** How many completions the last `reap` handed over. */
  reaped: u32 = 0;

  constructor(private platform: Platform, private disk: Disk) {}

  /** Accept the requests in a lease, as many as the table has room for. `requestId`: of the message that brings them. */
  submit(count: u32, lease: u32, leaseBytes: u32, requestId: u32): u32 {
    this.accepted = 0;
    if (count > batchOperationLimit || count > leaseBytes / BatchRequest.SIZE) return Status.InvalidArgument;
    if (!this.disk.life.live) return Status.DeviceGone;
    if (count == 0) return Status.Ok;
    const copied = this.platform.leaseRead(lease, 0, this.requests, count * BatchRequest.SIZE);
    if (copied < 0) return u32(-copied);
    const engine = this.disk.engine;
    engine.collect();
    engine.inspect(); // now, because later it could end what this batch has prepared
    if (!this.disk.life.live) {
      engine.rest();
      return Status.DeviceGone;
    }
    engine.dispatcher.pump(); // what waits is not overtaken by what comes
    while (this.accepted < count && this.accept(this.requests + this.accepted * BatchRequest.SIZE, requestId)) this.accepted++;
    engine.publish();
    engine.rest();
    return this.accepted == 0 ? Status.Busy : Status.Ok;
  }

  /** Hand over what is finished, as much as fits the lease. */
  reap(lease: u32, leaseBytes: u32): u32 {
    this.reaped = 0;
    const engine = this.disk.engine, operations = engine.operations;
    if (!engine.collect() && operations.finishedCount == 0) engine.expire();
    const count = min(operations.finishedCount, leaseBytes / Completion.SIZE);
    for (let index: u32 = 0; index < count; index++) {
      const operation = operations.finishedAt(index);
      const at = this.completions + index * Completion.SIZE;
      Completion.setTag(at, BatchRequest.tag(operations.request(operation)));
      Completion.setStatus(at, operations.status(operation));
      Completion.setLengthBytes(at, operations.bytes(operation));
      Completion.setReserved(at, 0);
    }
    if (count) {
      const copied = this.platform.leaseWrite(lease, 0, this.completions, count * Completion.SIZE);
      if (copied < 0) return u32(-copied);
      operations.reap(count);
      this.reaped = count;
    }
    // The caller is looking at the completions right now: those that fitted need no notification.
    if (operations.finishedCount == 0) operations.unannouncedCount = 0;
    engine.rest();
    return Status.Ok;
  }

  /** Wait until `count` completions can be reaped, or nothing is in flight. Bounded: each turn ends a request. */
  awaitCompletions(count: u32): void {
    const engine = this.disk.engine, operations = engine.operations;
    engine.collect();
    engine.startWaiting();
    while (operations.finishedCount < count && operations.runningCount != 0) {
      const needed = min(count, operations.finishedCount + operations.runningCount) - operations.finishedCount;
      // While requests wait, half of what is in flight: the device has something to do when they come.
      engine.awaitProgress(true, engine.dispatcher.waitingCount ? min(needed, max(engine.slots.inFlightCount >> 1, 1)) : needed);
      engine.startWaiting();
    }
    operations.unannouncedCount = 0; // the caller learns it from this very reply
    engine.rest();
  }

  /** Accept one request, or finish it at once when it is wrong; false when the table is full. */
  private accept(request: usize, requestId: u32): bool {
    const engine = this.disk.engine, operations = engine.operations;
    const operation = operations.peekFree();
    if (operation == batchOperationLimit) return false;
    const type = this.typeOf(BatchRequest.transfer(request));
    const status = this.admit(request, type);
    const hasGrant = status == Status.Ok && (type == RequestType.read || type == RequestType.write);
    operations.begin(operation, type, hasGrant ? BatchRequest.slot(request) : noGrant);
    operations.keep(operation, request, requestId);
    if (status == Status.Ok) engine.dispatcher.accept(operation);
    else engine.dispatcher.refuse(operation, status);
    return true;
  }

  /** Every field of the request may be anything. */
  private admit(request: usize, type: u32): u32 {
    if (type == noType) return Status.InvalidArgument;
    const lengthBytes = BatchRequest.lengthBytes(request), flags = BatchRequest.flags(request);
    if (flags & ~this.flagsOf(type)) return Status.InvalidArgument;
    if (isRange(type)) {
      if (lengthBytes == 0 || lengthBytes % sectorBytes != 0) return Status.InvalidArgument;
      return this.disk.admitRange(type, BatchRequest.sector(request), lengthBytes / sectorBytes);
    }
    const status = this.disk.admit(type, BatchRequest.sector(request), lengthBytes);
    if (status != Status.Ok || type == RequestType.flush) return status;
    const slot = BatchRequest.slot(request), grants = this.disk.grants;
    if (lengthBytes == 0 || lengthBytes > this.disk.maximumTransferBytes() || !grants.isAttached(slot)) return Status.InvalidArgument;
    const size = grants.lengthBytes(slot);
    return lengthBytes > size || BatchRequest.offsetBytes(request) > size - lengthBytes ? Status.OutOfRange : Status.Ok;
  }

  /** The flags that a request of this type may have. */
  private flagsOf(type: u32): u32 {
    if (type == RequestType.flush) return RequestFlag.background | RequestFlag.barrier;
    return type == RequestType.writeZeroes ? RequestFlag.background | RequestFlag.unmap : RequestFlag.background;
  }

  private typeOf(transfer: u32): u32 {
    if (transfer == Transfer.read) return RequestType.read;
    if (transfer == Transfer.write) return RequestType.write;
    if (transfer == Transfer.flush) return RequestType.flush;
    if (transfer == Transfer.discard) return RequestType.discard;
    return transfer == Transfer.writeZeroes ? RequestType.writeZeroes : noType;
  }
}


// Batches: requests over attached grants that are started together and collected later, in any order.
// What stays true: every accepted request is answered by exactly one completion, which carries its tag; `accepted`
// counts from the front of the batch, and what was not accepted has not begun.
import { BatchRequest, Completion, Transfer, RequestFlag } from "../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../kernel-bindings/generated/assembly/status";
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

  /** Start the requests in a lease, as many as there is room for. */
  submit(count: u32, lease: u32, leaseBytes: u32): u32 {
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
    while (this.accepted < count && this.accept(this.requests + this.accepted * BatchRequest.SIZE)) this.accepted++;
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
      Completion.setTag(at, operations.tag(operation));
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
    while (operations.finishedCount < count && operations.runningCount != 0) engine.awaitProgress(true, min(count, operations.finishedCount + operations.runningCount) - operations.finishedCount);
    operations.unannouncedCount = 0; // the caller learns it from this very reply
    engine.rest();
  }

  /** Begin one request, or finish it at once when it is wrong; false when there is no room for it now. */
  private accept(request: usize): bool {
    const disk = this.disk, engine = disk.engine, operations = engine.operations;
    const operation = operations.peekFree();
    if (operation == batchOperationLimit) return false;
    const type = this.typeOf(BatchRequest.transfer(request));
    const tag = BatchRequest.tag(request);
    const refused = this.admit(request, type);
    if (refused != Status.Ok || type == RequestType.flush) {
      engine.preparation.begin(operation, type, tag, noGrant);
      if (refused != Status.Ok) operations.fail(operation, refused);
      else if (engine.preparation.addPiece(operation, type, 0, 0, 0, 0) < 0) {
        operations.cancel(operation);
        return false;
      }
      engine.close(operation);
      return true;
    }
    const grant = isRange(type) ? noGrant : BatchRequest.slot(request);
    engine.preparation.begin(operation, type, tag, grant);
    if (grant != noGrant) disk.grants.retain(grant);
    const status = isRange(type) ? this.addRanges(operation, type, request) : this.addPieces(operation, type, request);
    if (status != Status.Ok) {
      engine.preparation.withdraw(operation);
      if (status == Status.Busy && engine.slots.inFlightCount + engine.slots.preparedCount != 0) {
        if (grant != noGrant) disk.grants.release(grant);
        operations.cancel(operation);
        return false;
      }
      // Busy in an empty queue: this memory lies in too many places for it.
      operations.fail(operation, status == Status.Busy ? Status.TooLarge : status);
    }
    engine.close(operation);
    return true;
  }

  private addPieces(operation: u32, type: u32, request: usize): u32 {
    const grant = this.disk.grants.handle(BatchRequest.slot(request));
    const start = BatchRequest.offsetBytes(request), lengthBytes = BatchRequest.lengthBytes(request);
    let offsetBytes: u32 = 0;
    while (offsetBytes < lengthBytes) {
      const sector = BatchRequest.sector(request) + offsetBytes / sectorBytes;
      const covered = this.disk.engine.preparation.addPiece(operation, type, sector, grant, start + offsetBytes, lengthBytes - offsetBytes);
      if (covered < 0) return u32(-covered);
      offsetBytes += u32(covered);
    }
    return Status.Ok;
  }

  private addRanges(operation: u32, type: u32, request: usize): u32 {
    const sectorCount = BatchRequest.lengthBytes(request) / sectorBytes;
    const flags = this.disk.rangeFlags(type, BatchRequest.flags(request));
    for (let done: u32 = 0; done < sectorCount;) {
      const covered = this.disk.engine.preparation.addRange(operation, type, BatchRequest.sector(request) + done, sectorCount - done, flags);
      if (covered < 0) return u32(-covered);
      done += u32(covered);
    }
    return Status.Ok;
  }

  /** Every field of the request may be anything. */
  private admit(request: usize, type: u32): u32 {
    if (type == noType) return Status.InvalidArgument;
    const lengthBytes = BatchRequest.lengthBytes(request), flags = BatchRequest.flags(request);
    if (flags & ~RequestFlag.unmap || (flags != 0 && type != RequestType.writeZeroes)) return Status.InvalidArgument;
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

  private typeOf(transfer: u32): u32 {
    if (transfer == Transfer.read) return RequestType.read;
    if (transfer == Transfer.write) return RequestType.write;
    if (transfer == Transfer.flush) return RequestType.flush;
    if (transfer == Transfer.discard) return RequestType.discard;
    return transfer == Transfer.writeZeroes ? RequestType.writeZeroes : noType;
  }
}

/** Does a request of this type name sectors and no memory? */
function isRange(type: u32): bool { return type == RequestType.discard || type == RequestType.writeZeroes; }

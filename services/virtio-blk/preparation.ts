// Turns operations into requests: finds the device addresses of lent memory, cuts what does not fit one request, and puts
// the chains in place. Nothing here is known to the device before RequestEngine.publish.
// What stays true: a request covers whole blocks and never more than its operation; what cannot be prepared leaves nothing behind.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { DeviceLife } from "./device-life";
import { DriverStatistics } from "./driver-statistics";
import { unlimitedBytes } from "./geometry";
import { OperationTable } from "./operation-table";
import { Platform } from "./platform";
import { slotLimit } from "./queue-memory";
import { RequestSlots } from "./request-slots";
import { SegmentSplitter } from "./segment-splitter";
import { RequestType, sectorBytes } from "./virtio";
import { Virtqueue } from "./virtqueue";

/** A piece is at most this long, so that its used length stays far from 2^32. */
const pieceBytesLimit: u32 = 1 << 24;

export class Preparation {
  private splitter: SegmentSplitter;
  private pieceBytes: u32 = pieceBytesLimit;

  constructor(
    private platform: Platform, private queue: Virtqueue, private life: DeviceLife, private slots: RequestSlots,
    private operations: OperationTable, private statistics: DriverStatistics,
  ) { this.splitter = new SegmentSplitter(platform); }

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
    const geometry = this.life.geometry, blockBytes = geometry.blockBytes;
    let covered = geometry.cut(sector, min(lengthBytes, this.pieceBytes), lengthBytes);
    let segmentCount: i32 = 0;
    if (lengthBytes) {
      segmentCount = this.place(slot, source, offsetBytes, covered, deviceWrites);
      // Too scattered for one chain: half of it, down to one block.
      while (segmentCount == -<i32>Status.TooLarge && covered > blockBytes) {
        this.pieceBytes = max((covered >> 1) & ~(blockBytes - 1), blockBytes);
        covered = geometry.cut(sector, this.pieceBytes, lengthBytes);
        segmentCount = this.place(slot, source, offsetBytes, covered, deviceWrites);
      }
      // One block in more segments than the device takes: this memory can never be used with it.
      if (segmentCount == -<i32>Status.TooLarge) return -<i32>Status.InvalidArgument;
      if (segmentCount < 0) return segmentCount;
      assert(segmentCount != 0 && u32(segmentCount) <= this.queue.segmentLimit, "the kernel answered more segments than asked for");
    }
    this.queue.compose(slot, type, sector, u32(segmentCount), deviceWrites);
    this.offer(operation, slot, covered, u32(segmentCount), deviceWrites);
    return <i32>covered;
  }

  /** Prepare one request for the first part of a range that has no memory: answers the sectors it covers, or −Status. */
  addRange(operation: u32, type: u32, sector: u64, sectorCount: u64, flags: u32): i32 {
    if (!this.life.live) return -<i32>Status.DeviceGone;
    const slot = this.slots.peekFree();
    if (slot == slotLimit) return -<i32>Status.Busy;
    const geometry = this.life.geometry;
    const limit = type == RequestType.discard ? geometry.discardSectors : geometry.writeZeroesSectors;
    if (limit == 0) return -<i32>Status.Unsupported; // a reset since the check brought a device that can less
    const covered = geometry.cutRange(sector, sectorCount, limit, type == RequestType.discard ? geometry.discardAlignmentSectors : geometry.blockSectors);
    this.queue.composeRange(slot, type, sector, covered, flags);
    this.offer(operation, slot, covered * sectorBytes, 1, false);
    return <i32>covered;
  }

  private place(slot: u32, source: u32, offsetBytes: u32, lengthBytes: u32, deviceWrites: bool): i32 {
    const queue = this.queue, longest = this.life.geometry.segmentBytes;
    const out = queue.segmentsPlace(slot);
    if (longest == unlimitedBytes) return this.platform.segments(source, offsetBytes, lengthBytes, deviceWrites, out, queue.segmentLimit);
    return this.splitter.place(source, offsetBytes, lengthBytes, deviceWrites, out, queue.segmentLimit, longest);
  }

  private offer(operation: u32, slot: u32, dataBytes: u32, segmentCount: u32, deviceWrites: bool): void {
    this.queue.offer(slot);
    this.slots.prepare(operation, dataBytes, deviceWrites);
    this.operations.addPiece(operation);
    this.statistics.descriptors += segmentCount + 2;
  }

  /** Take back all pieces of an operation, which is the last that was prepared and has not been published. */
  withdraw(operation: u32): void {
    for (let count = this.operations.pieceCount(operation); count > 0; count--) {
      this.queue.withdraw();
      this.slots.unprepare();
      this.operations.removePiece(operation);
    }
  }
}

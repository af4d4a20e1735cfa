// Turns operations into requests: finds the device addresses of lent memory, cuts what does not fit one request, joins
// neighbours into one, and puts the chains in place. Nothing here is known to the device before RequestEngine.publish.
// What stays true: a request covers whole blocks: a part of one operation, or a run of whole ones; what cannot be prepared
// leaves nothing behind.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { DeviceLife } from "./device-life";
import { DriverStatistics } from "./driver-statistics";
import { unlimitedBytes } from "./geometry";
import { OperationTable } from "./operation-table";
import { Platform } from "./platform";
import { pageBytes, slotLimit } from "./queue-memory";
import { QueueSet } from "./queue-set";
import { RequestSlots } from "./request-slots";
import { RequestTrace } from "./request-trace";
import { SegmentSplitter } from "./segment-splitter";
import { descriptorBytes, RequestType, sectorBytes } from "./virtio";

/** A piece is at most this long, so that its used length stays far from 2^32. */
const pieceBytesLimit: u32 = 1 << 24;
/** Operations are joined up to so much: beyond it the cost of a request is small beside that of its data, and several keep the device busier. */
const runBytesLimit: u32 = 1 << 18;
/** Of no request: nothing can be joined. */
const noRun: u32 = 0xffff_ffff;

export class Preparation {
  private splitter: SegmentSplitter;
  private pieceBytes: u32 = pieceBytesLimit;
  /** The request that was prepared last, if it is a run that can grow: its kind (`runKind`), slot, last operation, end, size. */
  private kindOfRun: u32 = noRun;
  private slotOfRun: u32 = 0;
  private lastOfRun: u32 = 0;
  endOfRun: u64 = 0;
  private segmentsOfRun: u32 = 0;
  private bytesOfRun: u32 = 0;

  constructor(
    private platform: Platform, private queues: QueueSet, private life: DeviceLife, private slots: RequestSlots,
    private operations: OperationTable, private statistics: DriverStatistics, private trace: RequestTrace,
  ) { this.splitter = new SegmentSplitter(platform); }

  /** A new operation: whatever cut the pieces of the last one short may not hold for this one. */
  begin(operation: u32, type: u32, grant: u32): void {
    this.operations.begin(operation, type, grant);
    this.resume();
  }

  /** The same, of one that was begun before others. */
  resume(): void { this.pieceBytes = pieceBytesLimit; }

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
      assert(segmentCount != 0 && u32(segmentCount) <= this.queues.segmentLimit, "the kernel answered more segments than asked for");
    }
    this.queues.compose(slot, type, sector, u32(segmentCount), deviceWrites);
    this.offer(operation, slot, covered, u32(segmentCount), deviceWrites);
    if (this.trace.isOn) this.trace.started(slot, type, sector, covered, this.operations, operation);
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
    this.queues.composeRange(slot, type, sector, covered, flags);
    this.offer(operation, slot, covered * sectorBytes, 1, false);
    if (this.trace.isOn) this.trace.started(slot, type, sector, covered * sectorBytes, this.operations, operation);
    return <i32>covered;
  }

  /** The request that was prepared last is all of this read or write of a batch: the operation behind it on the disk may join. */
  openRun(operation: u32, kind: u32, end: u64): void {
    this.kindOfRun = kind;
    this.lastOfRun = operation;
    this.endOfRun = end;
  }

  /** Would an operation of this kind at this place fit the run? Its memory counts as if each page of it were a segment of its own. */
  mayJoin(kind: u32, sector: u64, offsetBytes: u32, lengthBytes: u32): bool {
    if (kind != this.kindOfRun || sector != this.endOfRun || this.slots.preparedCount == 0) return false;
    if (lengthBytes > runBytesLimit || this.bytesOfRun > runBytesLimit - lengthBytes) return false;
    const pages = (offsetBytes % pageBytes + lengthBytes - 1) / pageBytes + 1;
    const segments = pages * this.life.geometry.segmentsOf(min(lengthBytes, pageBytes));
    return segments <= this.queues.segmentLimit - this.segmentsOfRun;
  }

  /** Let an operation join the run, if `mayJoin`. Answers the bytes, or −Status; then the run is as before. */
  join(operation: u32, type: u32, source: u32, offsetBytes: u32, lengthBytes: u32): i32 {
    const slot = this.slotOfRun, deviceWrites = type == RequestType.read;
    const added = this.place(slot, source, offsetBytes, lengthBytes, deviceWrites, this.segmentsOfRun);
    // Also after a failure, because what the kernel wrote before it saw that there is no room lies where the chain's end was.
    this.queues.extend(slot, this.segmentsOfRun, u32(max(added, 0)), deviceWrites);
    if (added < 0) return added;
    this.slots.extend(slot, lengthBytes, deviceWrites);
    this.operations.follow(this.lastOfRun, operation);
    this.operations.addPiece(operation);
    this.statistics.descriptors += u32(added);
    this.statistics.merged++;
    if (this.trace.isOn) this.trace.joined(slot, this.endOfRun, lengthBytes, this.operations, operation);
    this.segmentsOfRun += u32(added);
    this.bytesOfRun += lengthBytes;
    this.endOfRun += lengthBytes / sectorBytes;
    this.lastOfRun = operation;
    return <i32>lengthBytes;
  }

  /** Device addresses into a slot's chain, behind the `before` segments that it has. */
  private place(slot: u32, source: u32, offsetBytes: u32, lengthBytes: u32, deviceWrites: bool, before: u32 = 0): i32 {
    const queues = this.queues, longest = this.life.geometry.segmentBytes;
    const out = queues.segmentsPlace(slot) + before * descriptorBytes, limit = queues.segmentLimit - before;
    if (longest == unlimitedBytes) return this.platform.segments(source, offsetBytes, lengthBytes, deviceWrites, out, limit);
    return this.splitter.place(source, offsetBytes, lengthBytes, deviceWrites, out, limit, longest);
  }

  private offer(operation: u32, slot: u32, dataBytes: u32, segmentCount: u32, deviceWrites: bool): void {
    this.queues.offer(slot);
    this.slots.prepare(operation, dataBytes, deviceWrites);
    this.operations.addPiece(operation);
    this.statistics.descriptors += segmentCount + 2;
    this.kindOfRun = noRun;
    this.slotOfRun = slot;
    this.segmentsOfRun = segmentCount;
    this.bytesOfRun = dataBytes;
  }
}

/** Only operations of one kind share a request. */
export function runKind(type: u32, isBackground: bool): u32 { return type << 1 | u32(isBackground); }

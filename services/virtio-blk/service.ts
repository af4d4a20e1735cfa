// The block-device interface: messages to calls of disk.ts and batches.ts, and their results to replies.
import {
  AttachReply, AwaitCompletionsReply, DescribeReply, DeviceHealth, DeviceStatistics, IdentifyReply, LimitsReply, ReapReply, SchedulingStatistics, Server, SubmitReply,
} from "../../kernel-bindings/generated/assembly/block-device";
import { requestId } from "../../kernel-bindings/assembly/message";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Batches } from "./batches";
import { Disk } from "./disk";
import { Platform } from "./platform";
import { Transport } from "./transport";
import { RequestType } from "./virtio";

export class VirtioBlkService extends Server {
  disk: Disk;
  batches: Batches;
  private record: usize = memory.data(64, 8);

  /** `confined`: an IOMMU stands before the device. `timeOutMs`: how long the device may keep a request. */
  constructor(private platform: Platform, transport: Transport, confined: bool, timeOutMs: u32) {
    super();
    const disk = new Disk(platform, transport, confined, timeOutMs);
    this.disk = disk;
    this.batches = new Batches(platform, disk);
  }

  /** Ok also when the device cannot be used: the operations say so, and what stands on the driver can start and report it. */
  start(): u32 {
    this.disk.engine.trace.open();
    this.disk.start();
    return Status.Ok;
  }

  notified(): void { this.disk.interrupted(); }

  override describe(_badge: u32, _rights: u32): u32 {
    const disk = this.disk;
    this.look();
    if (!disk.life.live) return Status.DeviceGone;
    DescribeReply.setCapacitySectors(disk.life.geometry.capacitySectors);
    DescribeReply.setBlockBytes(disk.life.geometry.blockBytes);
    DescribeReply.setFlags(disk.flags());
    DescribeReply.setMaximumTransferBytes(disk.maximumTransferBytes());
    DescribeReply.setMaximumSegments(disk.queues.segmentLimit);
    DescribeReply.setQueueDepth(disk.queues.slotCount * disk.queues.count);
    DescribeReply.setQueues(disk.queues.count);
    return Status.Ok;
  }

  override limits(_badge: u32, _rights: u32): u32 {
    this.look();
    if (!this.disk.life.live) return Status.DeviceGone;
    const geometry = this.disk.life.geometry;
    LimitsReply.setPhysicalBlockBytes(geometry.physicalBlockBytes);
    LimitsReply.setAlignmentBytes(geometry.alignmentBytes);
    LimitsReply.setMinimumIoBytes(geometry.minimumIoBytes);
    LimitsReply.setOptimalIoBytes(geometry.optimalIoBytes);
    LimitsReply.setDiscardSectors(geometry.discardSectors);
    LimitsReply.setDiscardAlignmentSectors(geometry.discardAlignmentSectors);
    LimitsReply.setWriteZeroesSectors(geometry.writeZeroesSectors);
    LimitsReply.setChanges(u32(this.disk.statistics.configurationChanges));
    return Status.Ok;
  }

  override read(_badge: u32, _rights: u32, sector: u64, buffer: u32, bufferLength: u32): u32 {
    return this.rested(this.disk.transfer(RequestType.read, sector, buffer, bufferLength));
  }

  override write(_badge: u32, _rights: u32, sector: u64, buffer: u32, bufferLength: u32): u32 {
    return this.rested(this.disk.transfer(RequestType.write, sector, buffer, bufferLength));
  }

  override writeTogether(_badge: u32, _rights: u32, sector: u64, otherSector: u64, buffer: u32, bufferLength: u32, other: u32, otherLength: u32): u32 {
    return this.rested(this.disk.writeTogether(sector, buffer, bufferLength, otherSector, other, otherLength));
  }

  override flush(_badge: u32, _rights: u32): u32 { return this.rested(this.disk.flush()); }

  override discard(_badge: u32, _rights: u32, sector: u64, sectorCount: u64): u32 {
    return this.rested(this.disk.erase(RequestType.discard, sector, sectorCount, 0));
  }

  override writeZeroes(_badge: u32, _rights: u32, sector: u64, sectorCount: u64): u32 {
    return this.rested(this.disk.erase(RequestType.writeZeroes, sector, sectorCount, 0));
  }

  override writeZeroesWith(_badge: u32, _rights: u32, sector: u64, sectorCount: u64, flags: u32): u32 {
    return this.rested(this.disk.erase(RequestType.writeZeroes, sector, sectorCount, flags));
  }

  override identify(_badge: u32, _rights: u32, identity: u32, identityLength: u32): u32 {
    const result = this.disk.identify(identity, identityLength);
    this.disk.engine.rest();
    if (result < 0) return u32(-result);
    IdentifyReply.setLengthBytes(u32(result));
    return Status.Ok;
  }

  override attach(_badge: u32, _rights: u32, lengthBytes: u32, grant: u32): u32 {
    const slot = this.disk.attach(grant, lengthBytes);
    if (slot < 0) return u32(-slot);
    AttachReply.setSlot(u32(slot));
    return Status.Ok;
  }

  override detach(_badge: u32, _rights: u32, slot: u32): u32 {
    this.disk.engine.collect();
    return this.rested(this.disk.grants.detach(slot));
  }

  override submit(_badge: u32, _rights: u32, count: u32, batch: u32, batchLength: u32): u32 {
    const status = this.batches.submit(count, batch, batchLength, requestId());
    if (status == Status.Ok) SubmitReply.setAccepted(this.batches.accepted);
    return status;
  }

  override reap(_badge: u32, _rights: u32, completions: u32, completionsLength: u32): u32 {
    const status = this.batches.reap(completions, completionsLength);
    if (status != Status.Ok) return status;
    ReapReply.setCount(this.batches.reaped);
    ReapReply.setInFlight(this.disk.engine.operations.runningCount);
    return Status.Ok;
  }

  override statistics(_badge: u32, _rights: u32, statistics: u32, statisticsLength: u32): u32 {
    if (statisticsLength < DeviceStatistics.SIZE) return Status.InvalidArgument;
    this.disk.statistics.put(this.record);
    const written = this.platform.leaseWrite(statistics, 0, this.record, DeviceStatistics.SIZE);
    return written < 0 ? u32(-written) : Status.Ok;
  }

  override health(_badge: u32, _rights: u32, health: u32, healthLength: u32): u32 {
    if (healthLength < DeviceHealth.SIZE) return Status.InvalidArgument;
    this.disk.statistics.putHealth(this.record);
    const written = this.platform.leaseWrite(health, 0, this.record, DeviceHealth.SIZE);
    return written < 0 ? u32(-written) : Status.Ok;
  }

  override scheduling(_badge: u32, _rights: u32, scheduling: u32, schedulingLength: u32): u32 {
    if (schedulingLength < SchedulingStatistics.SIZE) return Status.InvalidArgument;
    this.disk.statistics.putScheduling(this.record, this.disk.engine.dispatcher);
    const written = this.platform.leaseWrite(scheduling, 0, this.record, SchedulingStatistics.SIZE);
    return written < 0 ? u32(-written) : Status.Ok;
  }

  override awaitCompletions(_badge: u32, _rights: u32, count: u32): u32 {
    this.batches.awaitCompletions(count);
    AwaitCompletionsReply.setReady(this.disk.engine.operations.finishedCount);
    AwaitCompletionsReply.setInFlight(this.disk.engine.operations.runningCount);
    return Status.Ok;
  }

  /** Who asks what the device is gets what it is now. */
  private look(): void {
    const engine = this.disk.engine;
    engine.collect();
    engine.inspect();
    engine.refresh();
    engine.rest();
  }

  /** Every operation that may have collected something ends with this. */
  private rested(status: u32): u32 {
    this.disk.engine.rest();
    return status;
  }
}

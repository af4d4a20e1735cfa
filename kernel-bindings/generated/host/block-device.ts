// Generated from kernel-bindings/schema/block-device.ts by `npm run generate`. Sectors of a disk: synchronous transfers over leases, asynchronous batches over grants.
import { type ClientPort, type Lease, StatusError, writeLease } from "../../host/client-port.ts";

export const INTERFACE = 1;
/** What the device can do. */
export const DeviceFlag = { readOnly: 1, flush: 2, discard: 4, writeZeroes: 8 } as const;
/** Operation of a batch request. Discard and writeZeroes name sectors only: `lengthBytes` of them, no memory. */
export const Transfer = { read: 1, write: 2, flush: 3, discard: 4, writeZeroes: 5 } as const;
/** How a request is done. `unmap` (writeZeroes): the device may give the space back. `background`: it yields to requests without it. `barrier` (flush of a batch): whatever batches accept after it waits for its end. */
export const RequestFlag = { unmap: 1, background: 2, barrier: 4 } as const;

/** One request of a batch; `slot` and `offsetBytes` name the place in an attached grant; `flags` are RequestFlag. A flush starts when every write, discard and writeZeroes that was accepted before it has ended; otherwise requests that are accepted and not ended have no order. */
export interface BatchRequest { transfer: number; tag: number; sector: bigint; slot: number; offsetBytes: number; lengthBytes: number; flags: number }
export const batchRequestBytes = 32;
export function readBatchRequest(view: DataView, offset: number): BatchRequest {
  return { transfer: view.getUint32(offset + 0, true), tag: view.getUint32(offset + 4, true), sector: view.getBigUint64(offset + 8, true), slot: view.getUint32(offset + 16, true), offsetBytes: view.getUint32(offset + 20, true), lengthBytes: view.getUint32(offset + 24, true), flags: view.getUint32(offset + 28, true) };
}

/** One finished request. */
export interface Completion { tag: number; status: number; lengthBytes: number; reserved: number }
export const completionBytes = 16;
export function readCompletion(view: DataView, offset: number): Completion {
  return { tag: view.getUint32(offset + 0, true), status: view.getUint32(offset + 4, true), lengthBytes: view.getUint32(offset + 8, true), reserved: view.getUint32(offset + 12, true) };
}

/** Counts since the driver started. */
export interface DeviceStatistics { reads: bigint; writes: bigint; flushes: bigint; readBytes: bigint; writtenBytes: bigint; doorbells: bigint; interrupts: bigint; errors: bigint }
export const deviceStatisticsBytes = 64;
export function readDeviceStatistics(view: DataView, offset: number): DeviceStatistics {
  return { reads: view.getBigUint64(offset + 0, true), writes: view.getBigUint64(offset + 8, true), flushes: view.getBigUint64(offset + 16, true), readBytes: view.getBigUint64(offset + 24, true), writtenBytes: view.getBigUint64(offset + 32, true), doorbells: view.getBigUint64(offset + 40, true), interrupts: view.getBigUint64(offset + 48, true), errors: view.getBigUint64(offset + 56, true) };
}

/** What the device did besides its work, and what it was given, since the driver started. A breach is an answer that breaks the rules of the device's standard. */
export interface DeviceHealth { breaches: bigint; resets: bigint; configurationChanges: bigint; idleInterrupts: bigint; timeOuts: bigint; discards: bigint; writeZeroes: bigint; descriptors: bigint }
export const deviceHealthBytes = 64;
export function readDeviceHealth(view: DataView, offset: number): DeviceHealth {
  return { breaches: view.getBigUint64(offset + 0, true), resets: view.getBigUint64(offset + 8, true), configurationChanges: view.getBigUint64(offset + 16, true), idleInterrupts: view.getBigUint64(offset + 24, true), timeOuts: view.getBigUint64(offset + 32, true), discards: view.getBigUint64(offset + 40, true), writeZeroes: view.getBigUint64(offset + 48, true), descriptors: view.getBigUint64(offset + 56, true) };
}

/** What became of the order of batches since the driver started: requests that joined the one before them on the disk, that had to wait in the driver, that started before one of their class that had waited longer, and that started out of turn because 64 had done so; and how many wait now. */
export interface SchedulingStatistics { merged: bigint; waited: bigint; overtakes: bigint; overdue: bigint; waiting: bigint }
export const schedulingStatisticsBytes = 40;
export function readSchedulingStatistics(view: DataView, offset: number): SchedulingStatistics {
  return { merged: view.getBigUint64(offset + 0, true), waited: view.getBigUint64(offset + 8, true), overtakes: view.getBigUint64(offset + 16, true), overdue: view.getBigUint64(offset + 24, true), waiting: view.getBigUint64(offset + 32, true) };
}

export class BlockDeviceClient {
  constructor(readonly client: ClientPort, readonly endpoint: number) {}
  /** Capacity and limits of the device; `queueDepth` requests fit it at once, in all its `queues` together. */
  describe(): { capacitySectors: bigint; blockBytes: number; flags: number; maximumTransferBytes: number; maximumSegments: number; queueDepth: number; queues: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 65537, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block-device.describe");
    return { capacitySectors: view.getBigUint64(16, true), blockBytes: view.getUint32(24, true), flags: view.getUint32(28, true), maximumTransferBytes: view.getUint32(32, true), maximumSegments: view.getUint32(36, true), queueDepth: view.getUint32(40, true), queues: view.getUint32(44, true) };
  }
  /** Read sectors into the buffer; done when this returns. Place and length are whole blocks of the device (`describe`), here and in every operation. */
  read(request: { sector: bigint; buffer: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 131073, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setBigUint64(16, request.sector, true);
    writeLease(view, 64, request.buffer, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block-device.read");
  }
  /** Write the buffer; the device has it, perhaps not durably, when this returns. */
  write(request: { sector: bigint; buffer: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 196609, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setBigUint64(16, request.sector, true);
    writeLease(view, 64, request.buffer, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block-device.write");
  }
  /** Every write completed before this survives power loss when this returns. */
  flush(): void {
    const view = this.client.messageOut;
    view.setUint32(0, 262145, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block-device.flush");
  }
  /** The device may forget these sectors. */
  discard(request: { sector: bigint; sectorCount: bigint }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 327681, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    view.setBigUint64(16, request.sector, true);
    view.setBigUint64(24, request.sectorCount, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block-device.discard");
  }
  /** These sectors read as zeros from now on; they stay allocated. */
  writeZeroes(request: { sector: bigint; sectorCount: bigint }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 393217, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    view.setBigUint64(16, request.sector, true);
    view.setBigUint64(24, request.sectorCount, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block-device.writeZeroes");
  }
  /** The device's own identity, up to 20 bytes. */
  identify(request: { identity: Lease }): { lengthBytes: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 458753, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    writeLease(view, 64, request.identity, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block-device.identify");
    return { lengthBytes: view.getUint32(16, true) };
  }
  /** Register a grant for batches. */
  attach(request: { lengthBytes: number; grant: number }): { slot: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 524289, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 256, true);
    view.setUint32(16, request.lengthBytes, true);
    view.setUint32(128, request.grant, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block-device.attach");
    return { slot: view.getUint32(16, true) };
  }
  /** Forget a grant, once nothing of it is in flight. */
  detach(request: { slot: number }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 589825, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    view.setUint32(16, request.slot, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block-device.detach");
  }
  /** Accept a batch of BatchRequest and return; those that the device has no room for wait in the driver, at most 1024 are accepted and not reaped, and completion sets the client's notification bit. */
  submit(request: { count: number; batch: Lease }): { accepted: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 655361, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setUint32(16, request.count, true);
    writeLease(view, 64, request.batch, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block-device.submit");
    return { accepted: view.getUint32(16, true) };
  }
  /** Collect Completion records. */
  reap(request: { completions: Lease }): { count: number; inFlight: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 720897, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    writeLease(view, 64, request.completions, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block-device.reap");
    return { count: view.getUint32(16, true), inFlight: view.getUint32(20, true) };
  }
  /** Counts since start, a DeviceStatistics. */
  statistics(request: { statistics: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 786433, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    writeLease(view, 64, request.statistics, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block-device.statistics");
  }
  /** Wait until `count` completions can be reaped or nothing is in flight; for a client that cannot return to be notified. */
  awaitCompletions(request: { count: number }): { ready: number; inFlight: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 851969, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    view.setUint32(16, request.count, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block-device.awaitCompletions");
    return { ready: view.getUint32(16, true), inFlight: view.getUint32(20, true) };
  }
  /** How the device likes its requests: block sizes, alignment (bytes from sector 0 to the first physical block's start), sizes of I/O, and what one discard or writeZeroes request may cover (0: not offered). `changes` counts changes of the configuration that the driver has seen, this look included. */
  limits(): { physicalBlockBytes: number; alignmentBytes: number; minimumIoBytes: number; optimalIoBytes: number; discardSectors: number; discardAlignmentSectors: number; writeZeroesSectors: number; changes: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 917505, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block-device.limits");
    return { physicalBlockBytes: view.getUint32(16, true), alignmentBytes: view.getUint32(20, true), minimumIoBytes: view.getUint32(24, true), optimalIoBytes: view.getUint32(28, true), discardSectors: view.getUint32(32, true), discardAlignmentSectors: view.getUint32(36, true), writeZeroesSectors: view.getUint32(40, true), changes: view.getUint32(44, true) };
  }
  /** As writeZeroes, with RequestFlag: `unmap` lets the device give the space back; a device that cannot ignores it. */
  writeZeroesWith(request: { sector: bigint; sectorCount: bigint; flags: number }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 983041, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    view.setBigUint64(16, request.sector, true);
    view.setBigUint64(24, request.sectorCount, true);
    view.setUint32(32, request.flags, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block-device.writeZeroesWith");
  }
  /** A DeviceHealth. */
  health(request: { health: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 1048577, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    writeLease(view, 64, request.health, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block-device.health");
  }
  /** A SchedulingStatistics. */
  scheduling(request: { scheduling: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 1114113, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    writeLease(view, 64, request.scheduling, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block-device.scheduling");
  }
  /** Write two buffers, each to its own place, at the same time; the device has both, perhaps not durably, when this returns. After an error any part of either may be there. */
  writeTogether(request: { sector: bigint; otherSector: bigint; buffer: Lease; other: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 1179649, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 2, true);
    view.setBigUint64(16, request.sector, true);
    view.setBigUint64(24, request.otherSector, true);
    writeLease(view, 64, request.buffer, 1);
    writeLease(view, 80, request.other, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block-device.writeTogether");
  }
}

// One request of the virtio block device (VIRTIO 1.2 §5.2.6): finds header, data and status byte in a chain whatever its
// framing (§2.7.4), checks the request against the device's limits, and carries it out on the disk.
// Hostile input: a request that can be answered gets IOERR or UNSUPP; one whose status byte cannot be found or reached is
// reported as broken, and the device stops until it is reset.
import { type DeviceBus, noBus } from "../kernel/device-port.ts";
import { type Disk, sectorBytes } from "./disk.ts";
import type { Chain } from "./virtqueue.ts";

export const RequestType = { In: 0, Out: 1, Flush: 4, GetId: 8, Discard: 11, WriteZeroes: 13 } as const;
export const RequestStatus = { Ok: 0, IoError: 1, Unsupported: 2 } as const;
const headerBytes = 16;
const identityBytes = 20;
const segmentBytes = 16;
/** Bits of a discard segment's flags: only UNMAP, and that only for WRITE_ZEROES (§5.2.6). */
const flagUnmap = 1;

export interface RequestLimits {
  /** What the device says that it holds: at most what the disk does, if it is honest. */
  capacitySectors: number;
  blockBytes: number;
  maximumSegments: number;
  maximumSegmentBytes: number;
  isReadOnly: boolean;
  /** Which types the driver has negotiated. */
  hasFlush: boolean;
  hasDiscard: boolean;
  hasWriteZeroes: boolean;
  maximumDiscardSectors: number;
  discardAlignmentSectors: number;
  maximumWriteZeroesSectors: number;
}

export interface DeviceCounters {
  reads: number;
  writes: number;
  flushes: number;
  discards: number;
  writeZeroes: number;
  /** WRITE_ZEROES with the unmap flag. */
  unmaps: number;
  readBytes: number;
  writtenBytes: number;
  /** Requests answered with anything but OK. */
  errors: number;
  interrupts: number;
}

/** A request as fault hooks see it. `number` counts from 1 since the device was made. */
export interface DeviceRequest {
  number: number;
  type: number;
  sector: number;
  lengthBytes: number;
}

export class BlockRequest implements DeviceRequest {
  number = 0;
  type = 0;
  sector = 0;
  lengthBytes = 0;
  /** Data in memory order: device-readable for Out, device-writable for In. */
  readonly views: Uint8Array[] = [];
  bus: DeviceBus = noBus;
  private hasViolation = false;
  private readonly header = new Uint8Array(headerBytes);
  private readonly headerView = new DataView(this.header.buffer);
  private statusBytes: Uint8Array = this.header;
  private statusOffset = 0;

  constructor(private readonly identity: string) {}

  /** Finds the parts of the request. False: no status byte can be written, so there is no answer. */
  parse(chain: Chain): boolean {
    this.views.length = 0;
    this.lengthBytes = 0;
    this.hasViolation = false;
    const last = chain.count - 1;
    if (last < chain.readableCount || chain.length[last] === 0) return false;
    if (!this.reach(chain, last, chain.length[last]! - 1, 1, true)) return false;
    this.statusBytes = this.bus.bytes;
    this.statusOffset = this.bus.offset;
    const headerRead = this.readHeader(chain);
    this.type = this.headerView.getUint32(0, true);
    const sectorHigh = this.headerView.getUint32(12, true);
    this.sector = this.headerView.getUint32(8, true) + sectorHigh * 0x1_0000_0000;
    if (!headerRead) this.hasViolation = true;
    else if (this.type === RequestType.In || this.type === RequestType.GetId) this.gather(chain, chain.readableCount, last, 0, chain.length[last]! - 1);
    else this.gather(chain, 0, chain.readableCount - 1, headerBytes, -1);
    return true;
  }

  /** Carries the request out; answers its RequestStatus. */
  execute(disk: Disk, limits: RequestLimits, counters: DeviceCounters): number {
    if (this.hasViolation) return RequestStatus.IoError;
    switch (this.type) {
      case RequestType.In:
        if (!this.isInside(disk, limits)) return RequestStatus.IoError;
        counters.reads++;
        counters.readBytes += this.lengthBytes;
        return toStatus(disk.read(this.views, this.sector * sectorBytes));
      case RequestType.Out:
        if (limits.isReadOnly || !this.isInside(disk, limits)) return RequestStatus.IoError;
        counters.writes++;
        counters.writtenBytes += this.lengthBytes;
        return toStatus(disk.write(this.views, this.sector * sectorBytes));
      case RequestType.Flush:
        return limits.hasFlush ? this.flush(disk, counters) : RequestStatus.Unsupported;
      case RequestType.GetId:
        return this.writeIdentity();
      case RequestType.Discard:
        return limits.hasDiscard ? this.eachSegment(disk, limits, counters) : RequestStatus.Unsupported;
      case RequestType.WriteZeroes:
        return limits.hasWriteZeroes ? this.eachSegment(disk, limits, counters) : RequestStatus.Unsupported;
    }
    return RequestStatus.Unsupported;
  }

  /** Writes the status byte; answers how many bytes the device wrote in all, for the used ring. */
  complete(status: number): number {
    this.statusBytes[this.statusOffset] = status;
    const hasInput = this.type === RequestType.In || this.type === RequestType.GetId;
    return status === RequestStatus.Ok && hasInput ? this.lengthBytes + 1 : 1;
  }

  private flush(disk: Disk, counters: DeviceCounters): number {
    counters.flushes++;
    return toStatus(disk.flush());
  }

  /** Whole blocks, inside the disk, in as many pieces as allowed. */
  private isInside(disk: Disk, limits: RequestLimits): boolean {
    if (this.views.length > limits.maximumSegments) return false;
    for (const view of this.views) if (view.length > limits.maximumSegmentBytes) return false;
    if (this.lengthBytes % limits.blockBytes !== 0 || (this.sector * sectorBytes) % limits.blockBytes !== 0) return false;
    return isRangeInside(disk, limits, this.sector, this.lengthBytes / sectorBytes);
  }

  /** The 16 bytes of the header, in however many buffers they lie. */
  private readHeader(chain: Chain): boolean {
    this.header.fill(0);
    let done = 0;
    for (let index = 0; index < chain.readableCount && done < headerBytes; index++) {
      const length = Math.min(chain.length[index]!, headerBytes - done);
      if (!this.reach(chain, index, 0, length, false)) return false;
      for (let byte = 0; byte < length; byte++) this.header[done + byte] = this.bus.bytes[this.bus.offset + byte]!;
      done += length;
    }
    return done === headerBytes;
  }

  /** Collects views of buffers first…last, leaving out `skip` bytes at the front and, if ≥ 0, all but `lastLength` of the last. */
  private gather(chain: Chain, first: number, last: number, skip: number, lastLength: number): void {
    const deviceWrites = first >= chain.readableCount;
    for (let index = first; index <= last; index++) {
      let length = index === last && lastLength >= 0 ? lastLength : chain.length[index]!;
      const start = Math.min(skip, length);
      skip -= start;
      length -= start;
      if (length === 0) continue;
      if (!this.reach(chain, index, start, length, deviceWrites)) {
        this.hasViolation = true;
        return;
      }
      this.views.push(this.bus.bytes.subarray(this.bus.offset, this.bus.offset + length));
      this.lengthBytes += length;
    }
  }

  private reach(chain: Chain, index: number, offset: number, length: number, deviceWrites: boolean): boolean {
    return this.bus.reach(chain.low[index]! + offset, chain.high[index]!, length, deviceWrites);
  }

  private writeIdentity(): number {
    if (this.lengthBytes !== identityBytes) return RequestStatus.IoError;
    const text = new Uint8Array(identityBytes);
    new TextEncoder().encodeInto(this.identity, text);
    let at = 0;
    for (const view of this.views) {
      view.set(text.subarray(at, at + view.length));
      at += view.length;
    }
    return RequestStatus.Ok;
  }

  /** DISCARD and WRITE_ZEROES carry { u64 sector, u32 sectorCount, u32 flags }; the model takes one of them. */
  private eachSegment(disk: Disk, limits: RequestLimits, counters: DeviceCounters): number {
    if (limits.isReadOnly || this.lengthBytes !== segmentBytes) return RequestStatus.IoError;
    const segment = new Uint8Array(segmentBytes);
    let at = 0;
    for (const view of this.views) {
      segment.set(view, at);
      at += view.length;
    }
    const fields = new DataView(segment.buffer);
    const sector = fields.getUint32(0, true) + fields.getUint32(4, true) * 0x1_0000_0000;
    const count = fields.getUint32(8, true);
    const flags = fields.getUint32(12, true);
    if ((flags & ~flagUnmap) !== 0 || (this.type === RequestType.Discard && flags !== 0)) return RequestStatus.Unsupported;
    const isDiscard = this.type === RequestType.Discard;
    if (count > (isDiscard ? limits.maximumDiscardSectors : limits.maximumWriteZeroesSectors)) return RequestStatus.IoError;
    const blockSectors = limits.blockBytes / sectorBytes;
    if (sector % blockSectors !== 0 || count % blockSectors !== 0 || !isRangeInside(disk, limits, sector, count)) return RequestStatus.IoError;
    if (isDiscard) counters.discards++;
    else counters.writeZeroes++;
    if (flags === flagUnmap) counters.unmaps++;
    const offset = sector * sectorBytes;
    return toStatus(isDiscard ? disk.discard(offset, count * sectorBytes) : disk.writeZeroes(offset, count * sectorBytes));
  }
}

function isRangeInside(disk: Disk, limits: RequestLimits, sector: number, count: number): boolean {
  const end = Math.min(disk.sectorCount, limits.capacitySectors);
  return count <= end && sector <= end - count;
}

function toStatus(isDone: boolean): number {
  return isDone ? RequestStatus.Ok : RequestStatus.IoError;
}

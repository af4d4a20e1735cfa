// What the device says about its size and its likings (VIRTIO 1.2 §5.2.4), read whole and made harmless: every value is a
// claim, so each is clamped or replaced by what is safe. Decides where long requests are cut.
// What stays true: block sizes are powers of two; every limit is a whole number of blocks, 0 where the operation is not
// offered; while the device is live only the capacity moves, the limits stay those that the queue was made for.
import { Transport } from "./transport";
import { Configuration, Feature, queueLimit, sectorBytes } from "./virtio";

/** A configuration that changes at every look is not believed. */
const attemptLimit: u32 = 16;
const blockBytesLimit: u32 = 65536;
/** At most so much in one discard or write-zeroes request, so that its bytes fit 32 bits with room. */
const rangeSectorsLimit: u32 = 1 << 21;
/** Sizes of I/O beyond this are taken for no advice. */
const adviceBytesLimit: u32 = 1 << 26;
/** SIZE_MAX was not offered. */
export const unlimitedBytes: u32 = 0xffff_ffff;

/** What a look at the configuration of a live device found. */
export namespace Look {
  export const same: u32 = 0;
  export const changed: u32 = 1;
  /** It never held still: what was known stays. */
  export const unstable: u32 = 2;
}

export class DeviceGeometry {
  capacitySectors: u64 = 0;
  blockBytes: u32 = sectorBytes;
  blockSectors: u32 = 1;
  physicalBlockBytes: u32 = sectorBytes;
  /** From the beginning of the disk to the first physical block that begins on it. */
  alignmentBytes: u32 = 0;
  minimumIoBytes: u32 = 0;
  optimalIoBytes: u32 = 0;
  /** Data segments that the device takes in one request, and the bytes of one of them. */
  segmentLimit: u32 = 1;
  segmentBytes: u32 = unlimitedBytes;
  /** Queues that the device claims to have, at least 1 and at most `queueLimit`. */
  queueCount: u32 = 1;
  discardSectors: u32 = 0;
  discardAlignmentSectors: u32 = 1;
  writeZeroesSectors: u32 = 0;
  mayUnmap: bool = false;
  private generation: u32 = 0;

  /** Read everything from a device that is not live yet; false when the configuration does not hold still (§2.5.1). */
  read(transport: Transport, features: u64): bool {
    for (let attempt: u32 = 0; attempt < attemptLimit; attempt++) {
      this.generation = transport.configurationGeneration();
      this.readBlocks(transport, features);
      this.readLimits(transport, features);
      this.capacitySectors = this.wholeBlocks(this.readCapacity(transport));
      if (transport.configurationGeneration() == this.generation) return true;
    }
    return false;
  }

  /** Look again while the device is live (§2.5.3, §5.2.5): the capacity may have changed. */
  refresh(transport: Transport): u32 {
    for (let attempt: u32 = 0; attempt < attemptLimit; attempt++) {
      const generation = transport.configurationGeneration();
      const capacity = this.wholeBlocks(this.readCapacity(transport));
      if (transport.configurationGeneration() != generation) continue;
      // A change without a new generation breaks §2.5.3; it is a change all the same.
      if (generation == this.generation && capacity == this.capacitySectors) return Look.same;
      this.generation = generation;
      this.capacitySectors = capacity;
      return Look.changed;
    }
    return Look.unstable;
  }

  /** The most segments of memory that is in one piece. */
  segmentsOf(lengthBytes: u32): u32 { return (lengthBytes - 1) / this.segmentBytes + 1; }

  /** Is this a range of whole blocks? */
  isWhole(sector: u64, lengthBytes: u32): bool {
    return (sector & u64(this.blockSectors - 1)) == 0 && (lengthBytes & (this.blockBytes - 1)) == 0;
  }

  isInside(sector: u64, sectorCount: u64): bool {
    return sector <= this.capacitySectors && sectorCount <= this.capacitySectors - sector;
  }

  /** A part of a longer transfer ends where a physical block does, if it holds such a place. Whole blocks in, whole blocks out. */
  cut(sector: u64, partBytes: u32, wholeBytes: u32): u32 {
    if (partBytes >= wholeBytes || this.physicalBlockBytes == this.blockBytes) return partBytes;
    const physicalSectors = u64(this.physicalBlockBytes / sectorBytes);
    const end = sector + u64(partBytes / sectorBytes) + physicalSectors - u64(this.alignmentBytes / sectorBytes);
    const beyond = u32(end & (physicalSectors - 1)) * sectorBytes;
    return beyond < partBytes ? partBytes - beyond : partBytes;
  }

  /** How many sectors of [sector, sector + sectorCount) the first discard or write-zeroes request of a range covers. */
  cutRange(sector: u64, sectorCount: u64, limit: u32, alignment: u32): u32 {
    if (sectorCount <= limit) return u32(sectorCount);
    const beyond = u32((sector + limit) % alignment);
    return beyond < limit ? limit - beyond : limit;
  }

  private readCapacity(transport: Transport): u64 {
    return u64(transport.configuration32(Configuration.capacity)) | u64(transport.configuration32(Configuration.capacity + 4)) << 32;
  }

  private readBlocks(transport: Transport, features: u64): void {
    const claimed = features & Feature.blockSize ? transport.configuration32(Configuration.blockSize) : sectorBytes;
    const isPlausible = claimed >= sectorBytes && claimed <= blockBytesLimit && (claimed & (claimed - 1)) == 0;
    this.blockBytes = isPlausible ? claimed : sectorBytes;
    this.blockSectors = this.blockBytes / sectorBytes;
    const hasTopology = (features & Feature.topology) != 0;
    const topology = hasTopology ? transport.configuration32(Configuration.topology) : 0;
    const exponent = topology & 0xff;
    this.physicalBlockBytes = exponent <= 16 ? min(this.blockBytes << exponent, blockBytesLimit) : this.blockBytes;
    this.alignmentBytes = (topology >> 8 & 0xff) * this.blockBytes;
    if (this.alignmentBytes >= this.physicalBlockBytes) this.alignmentBytes = 0;
    this.minimumIoBytes = this.advice(topology >> 16);
    this.optimalIoBytes = this.advice(hasTopology ? transport.configuration32(Configuration.optimalIo) : 0);
  }

  private readLimits(transport: Transport, features: u64): void {
    this.segmentLimit = features & Feature.segmentMaximum ? max(transport.configuration32(Configuration.segmentMaximum), 1) : 1;
    this.segmentBytes = features & Feature.segmentBytesMaximum ? transport.configuration32(Configuration.segmentBytesMaximum) : unlimitedBytes;
    const queueCount = features & Feature.multiqueue ? transport.configuration32(Configuration.queueCount) >> 16 : 1;
    this.queueCount = min(max(queueCount, 1), queueLimit);
    this.discardSectors = features & Feature.discard ? this.rangeLimit(transport.configuration32(Configuration.discardSectors)) : 0;
    const alignment = this.discardSectors ? transport.configuration32(Configuration.discardAlignment) : 0;
    this.discardAlignmentSectors = alignment && alignment <= rangeSectorsLimit && (alignment & (this.blockSectors - 1)) == 0 ? alignment : this.blockSectors;
    this.writeZeroesSectors = features & Feature.writeZeroes ? this.rangeLimit(transport.configuration32(Configuration.writeZeroesSectors)) : 0;
    this.mayUnmap = this.writeZeroesSectors != 0 && (transport.configuration32(Configuration.mayUnmap) & 0xff) != 0;
  }

  /** A limit of less than a block allows nothing. */
  private rangeLimit(claimed: u32): u32 { return min(claimed, rangeSectorsLimit) & ~(this.blockSectors - 1); }

  private advice(blocks: u32): u32 { return blocks <= adviceBytesLimit / this.blockBytes ? blocks * this.blockBytes : 0; }

  private wholeBlocks(sectors: u64): u64 { return sectors & ~u64(this.blockSectors - 1); }
}

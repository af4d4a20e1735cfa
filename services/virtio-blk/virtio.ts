// The numbers of VIRTIO 1.2 that this driver uses, under the standard's own words. Nothing here has state.

/** Device status, §2.1. */
export namespace DeviceStatus {
  export const acknowledge: u32 = 1;
  export const driver: u32 = 2;
  export const driverOk: u32 = 4;
  export const featuresOk: u32 = 8;
  export const needsReset: u32 = 64;
  export const failed: u32 = 128;
  /** What the register holds while the device serves us. */
  export const live: u32 = acknowledge | driver | featuresOk | driverOk;
  /** What a read of a device that is no longer there gives (PCI answers all ones). */
  export const absent: u32 = 0xff;
}

/** Feature bits: of the block device §5.2.3, of every device §6. */
export namespace Feature {
  export const segmentBytesMaximum: u64 = 1 << 1;
  export const segmentMaximum: u64 = 1 << 2;
  export const readOnly: u64 = 1 << 5;
  export const blockSize: u64 = 1 << 6;
  export const flush: u64 = 1 << 9;
  export const topology: u64 = 1 << 10;
  export const multiqueue: u64 = 1 << 12;
  export const discard: u64 = 1 << 13;
  export const writeZeroes: u64 = 1 << 14;
  export const indirectDescriptors: u64 = 1 << 28;
  export const eventIndex: u64 = 1 << 29;
  export const version1: u64 = 1 << 32;
  export const accessPlatform: u64 = 1 << 33;
}

/** Flags of a descriptor, §2.7.5. */
export namespace DescriptorFlag {
  export const next: u32 = 1;
  export const deviceWrites: u32 = 2;
  export const indirect: u32 = 4;
}

/** Request types, §5.2.6. */
export namespace RequestType {
  export const read: u32 = 0;
  export const write: u32 = 1;
  export const flush: u32 = 4;
  export const identify: u32 = 8;
  export const discard: u32 = 11;
  export const writeZeroes: u32 = 13;
}

/** What the device writes into the status byte of a request, §5.2.6. */
export namespace RequestStatus {
  export const ok: u32 = 0;
  export const ioError: u32 = 1;
  export const unsupported: u32 = 2;
  /** Ours: what the byte holds before the device has written it. */
  export const untouched: u32 = 0xff;
}

/** Offsets in the block device's configuration, §5.2.4. */
export namespace Configuration {
  export const capacity: u32 = 0;
  export const segmentBytesMaximum: u32 = 8;
  export const segmentMaximum: u32 = 12;
  export const blockSize: u32 = 20;
  /** u8 exponent of the physical block size over the logical, u8 alignment offset, u16 minimum I/O size, all in logical blocks. */
  export const topology: u32 = 24;
  export const optimalIo: u32 = 28;
  /** u8 writeback, u8 unused, u16 num_queues */
  export const queueCount: u32 = 32;
  export const discardSectors: u32 = 36;
  export const discardAlignment: u32 = 44;
  export const writeZeroesSectors: u32 = 48;
  /** u8 */
  export const mayUnmap: u32 = 56;
}

/** The most queues that are used. */
export const queueLimit: u32 = 8;
export const sectorBytes: u32 = 512;
export const descriptorBytes: u32 = 16;
/** { u32 type, u32 reserved, u64 sector }, §5.2.6. */
export const requestHeaderBytes: u32 = 16;
/** { u64 sector, u32 sectorCount, u32 flags }: what DISCARD and WRITE_ZEROES carry as data, §5.2.6. */
export const rangeBytes: u32 = 16;
/** Flag of such a range, for WRITE_ZEROES alone (§5.2.6.1): the device may give the space back. */
export const rangeUnmap: u32 = 1;
/** A device's identity, §5.2.6: text, padded with zeros, not ended by one when it fills the field. */
export const identityBytes: u32 = 20;

// The configuration space of the virtio block device (VIRTIO 1.2 §5.2.4) and its generation (§2.5.3): what the device says
// about its size and limits. The device may change it while it runs; each change is a new generation.
import { sectorBytes } from "./disk.ts";
import type { RequestLimits } from "./block-request.ts";
import type { WindowPart } from "../kernel/device-port.ts";

/** §5.2.4; sizes of I/O and the alignment are in logical blocks. */
export interface Topology { physicalExponent: number; alignmentOffset: number; minimumIoBlocks: number; optimalIoBlocks: number }

/** Offsets of fields. */
export const ConfigurationField = {
  Capacity: 0, SizeMax: 8, SegMax: 12, BlkSize: 20, PhysicalExponent: 24, AlignmentOffset: 25, MinimumIo: 26, OptimalIo: 28, NumQueues: 34,
  DiscardSectors: 36, DiscardSegments: 40, DiscardAlignment: 44, WriteZeroesSectors: 48, WriteZeroesSegments: 52, MayUnmap: 56,
} as const;
const spaceBytes = 64;

export class BlockConfiguration implements WindowPart {
  readonly sizeBytes = spaceBytes;
  readonly view = new DataView(new ArrayBuffer(spaceBytes));
  generation = 0;
  /** Called at each read, before it: a device may change its mind while the driver looks. */
  onRead: (() => void) | null = null;

  constructor(limits: RequestLimits, topology: Topology | undefined, mayUnmap: boolean, queueCount: number) {
    const { view } = this;
    this.putCapacity(limits.capacitySectors);
    view.setUint32(ConfigurationField.SizeMax, limits.maximumSegmentBytes, true);
    view.setUint32(ConfigurationField.SegMax, limits.maximumSegments, true);
    view.setUint32(ConfigurationField.BlkSize, limits.blockBytes, true);
    view.setUint8(ConfigurationField.PhysicalExponent, topology?.physicalExponent ?? 0);
    view.setUint8(ConfigurationField.AlignmentOffset, topology?.alignmentOffset ?? 0);
    view.setUint16(ConfigurationField.MinimumIo, topology?.minimumIoBlocks ?? 0, true);
    view.setUint32(ConfigurationField.OptimalIo, topology?.optimalIoBlocks ?? 0, true);
    view.setUint16(ConfigurationField.NumQueues, queueCount, true);
    view.setUint32(ConfigurationField.DiscardSectors, limits.maximumDiscardSectors, true);
    view.setUint32(ConfigurationField.DiscardSegments, 1, true);
    view.setUint32(ConfigurationField.DiscardAlignment, limits.discardAlignmentSectors, true);
    view.setUint32(ConfigurationField.WriteZeroesSectors, limits.maximumWriteZeroesSectors, true);
    view.setUint32(ConfigurationField.WriteZeroesSegments, 1, true);
    view.setUint8(ConfigurationField.MayUnmap, mayUnmap ? 1 : 0);
  }

  putCapacity(sectors: number): void {
    this.view.setBigUint64(ConfigurationField.Capacity, BigInt(sectors), true);
  }

  /** §2.5.3: a driver that sees the same generation before and after has read one configuration. */
  changed(): void {
    this.generation = (this.generation + 1) & 0xff;
  }

  read(offset: number, width: number): number {
    this.onRead?.();
    let value = 0;
    for (let index = width - 1; index >= 0; index--) value = value * 256 + this.view.getUint8(offset + index);
    return value;
  }

  write(): void {}
}

/** Limits of a device that takes anything. */
export function defaultLimits(sectorCount: number): RequestLimits {
  return {
    capacitySectors: sectorCount, blockBytes: sectorBytes, maximumSegments: 254, maximumSegmentBytes: 0xffff_ffff, isReadOnly: false,
    hasFlush: false, hasDiscard: false, hasWriteZeroes: false,
    maximumDiscardSectors: 1 << 22, discardAlignmentSectors: 1, maximumWriteZeroesSectors: 1 << 22,
  };
}

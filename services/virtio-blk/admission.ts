// What may be asked of the device as it is now: asked when a request comes, and once more when one that had to wait starts,
// because the device may have changed or been reset meanwhile.
// What stays true: nothing reaches the device that is not of whole blocks inside its capacity, or that it cannot do.
import { RequestFlag } from "../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { DeviceLife } from "./device-life";
import { rangeUnmap, RequestType, sectorBytes } from "./virtio";

/** The most requests that one discard or write-zeroes is cut into. */
const rangePieceLimit: u64 = 1 << 16;

export class Admission {
  constructor(private life: DeviceLife) {}

  /** May `lengthBytes` at `sector` be read or written, or everything be flushed? */
  transfer(type: u32, sector: u64, lengthBytes: u32): u32 {
    const life = this.life;
    if (!life.live) return Status.DeviceGone;
    if (type == RequestType.flush) return life.canFlush ? Status.Ok : Status.NotDurable;
    if (!life.geometry.isWhole(sector, lengthBytes)) return Status.InvalidArgument;
    if (!life.geometry.isInside(sector, lengthBytes / sectorBytes)) return Status.OutOfRange;
    return type == RequestType.write && life.isReadOnly ? Status.ReadOnly : Status.Ok;
  }

  /** May these sectors be discarded or zeroed? */
  range(type: u32, sector: u64, sectorCount: u64): u32 {
    const life = this.life, geometry = life.geometry;
    if (!life.live) return Status.DeviceGone;
    if (life.isReadOnly) return Status.ReadOnly;
    const limit = type == RequestType.discard ? geometry.discardSectors : geometry.writeZeroesSectors;
    if (limit == 0) return Status.Unsupported;
    if (((sector | sectorCount) & u64(geometry.blockSectors - 1)) != 0) return Status.InvalidArgument;
    if (!geometry.isInside(sector, sectorCount)) return Status.OutOfRange;
    return sectorCount / limit >= rangePieceLimit ? Status.TooLarge : Status.Ok;
  }

  /** Flags of a range for the device: unmap for zeros only (§5.2.6.1), and only where it means something. */
  rangeFlags(type: u32, flags: u32): u32 {
    return type == RequestType.writeZeroes && flags & RequestFlag.unmap && this.life.geometry.mayUnmap ? rangeUnmap : 0;
  }
}

/** Does a request of this type name sectors and no memory? */
export function isRange(type: u32): bool { return type == RequestType.discard || type == RequestType.writeZeroes; }

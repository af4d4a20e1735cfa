// The driver below the block service, as an abstract class so that unit tests let it die without a kernel, and the real one: the block-device client.
// What it says of its device is in the fields, until the next `describe`. Every call answers the Status that the kernel or the driver gave.
import * as device from "../../kernel-bindings/generated/assembly/block-device";
import { BlockCapabilities } from "../../kernel-bindings/generated/assembly/capabilities";
import { Status } from "../../kernel-bindings/generated/assembly/status";

/** `source` 0: `address` is own memory; otherwise it is an offset in that lease, which is passed on without a copy. */
export abstract class Driver {
  capacitySectors: u64 = 0;
  maximumTransferBytes: u32 = 0;
  isReadOnly: bool = false;
  canFlush: bool = false;
  /** Sectors that one discard may name, and what their place and number should be a multiple of; 0 and 0: not offered. */
  discardSectors: u32 = 0;
  discardAlignmentSectors: u32 = 0;

  describe(): u32 { return Status.Unsupported; }
  read(sector: u64, source: u32, address: usize, lengthBytes: u32): u32 { return Status.Unsupported; }
  write(sector: u64, source: u32, address: usize, lengthBytes: u32): u32 { return Status.Unsupported; }
  /** Both from own memory, at the same time. */
  writeTogether(sector: u64, address: usize, lengthBytes: u32, otherSector: u64, otherAddress: usize, otherLengthBytes: u32): u32 { return Status.Unsupported; }
  flush(): u32 { return Status.Unsupported; }
  discard(sector: u64, sectorCount: u64): u32 { return Status.Unsupported; }
}

export class KernelDriver extends Driver {
  describe(): u32 {
    const status = -device.callDescribe(BlockCapabilities.device);
    if (status) return status;
    const flags = device.DescribeReply.flags();
    this.capacitySectors = device.DescribeReply.capacitySectors();
    this.maximumTransferBytes = device.DescribeReply.maximumTransferBytes();
    this.isReadOnly = (flags & device.DeviceFlag.readOnly) != 0;
    this.canFlush = (flags & device.DeviceFlag.flush) != 0;
    this.discardSectors = 0;
    this.discardAlignmentSectors = 0;
    if (!(flags & device.DeviceFlag.discard)) return Status.Ok;
    const limited = -device.callLimits(BlockCapabilities.device);
    if (limited) return limited;
    this.discardSectors = device.LimitsReply.discardSectors();
    this.discardAlignmentSectors = device.LimitsReply.discardAlignmentSectors();
    return Status.Ok;
  }

  read(sector: u64, source: u32, address: usize, lengthBytes: u32): u32 { return -device.callRead(BlockCapabilities.device, sector, source, address, lengthBytes); }
  write(sector: u64, source: u32, address: usize, lengthBytes: u32): u32 { return -device.callWrite(BlockCapabilities.device, sector, source, address, lengthBytes); }
  writeTogether(sector: u64, address: usize, lengthBytes: u32, otherSector: u64, otherAddress: usize, otherLengthBytes: u32): u32 {
    return -device.callWriteTogether(BlockCapabilities.device, sector, otherSector, 0, address, lengthBytes, 0, otherAddress, otherLengthBytes);
  }
  flush(): u32 { return -device.callFlush(BlockCapabilities.device); }
  discard(sector: u64, sectorCount: u64): u32 { return -device.callDiscard(BlockCapabilities.device, sector, sectorCount); }
}

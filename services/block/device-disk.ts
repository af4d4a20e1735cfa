// The disk of the real system: the block-device client, and the kernel's leases and entropy.
// What the device says about itself is hostile: limits are clamped, and its capacity is compared with the image at mount.
import { BlockCapabilities } from "../../kernel-bindings/generated/assembly/capabilities";
import * as device from "../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { entropyRead, leaseRead, leaseWrite } from "../../kernel-bindings/assembly/kernel";
import { Disk, Entropy, Leases } from "./disk";
import { BLOCK_BYTES, BLOCK_SHIFT } from "./geometry";

const SECTORS_PER_BLOCK: u64 = 8;
/** One transfer at most, whatever the device claims to take. */
const TRANSFER_BLOCKS: u32 = 4096;

export class DeviceDisk extends Disk {
  private transferBlocks: u32 = 1;

  open(): u32 {
    const status = -device.callDescribe(BlockCapabilities.device);
    if (status) return status;
    const flags = device.DescribeReply.flags();
    this.blockCount = device.DescribeReply.capacitySectors() / SECTORS_PER_BLOCK;
    this.isReadOnly = (flags & device.DeviceFlag.readOnly) != 0;
    this.canFlush = (flags & device.DeviceFlag.flush) != 0;
    this.transferBlocks = min(max(device.DescribeReply.maximumTransferBytes() >> BLOCK_SHIFT, 1), TRANSFER_BLOCKS);
    return Status.Ok;
  }

  read(block: u64, source: u32, address: usize, count: u32): u32 {
    for (let done: u32 = 0; done < count; ) {
      const part = min(this.transferBlocks, count - done);
      const status = -device.callRead(BlockCapabilities.device, (block + done) * SECTORS_PER_BLOCK, source, address + (<usize>done << BLOCK_SHIFT), part * BLOCK_BYTES);
      this.readCount++;
      if (status) return status;
      this.readBytes += part * BLOCK_BYTES;
      done += part;
    }
    return Status.Ok;
  }

  write(block: u64, source: u32, address: usize, count: u32): u32 {
    for (let done: u32 = 0; done < count; ) {
      const part = min(this.transferBlocks, count - done);
      const status = -device.callWrite(BlockCapabilities.device, (block + done) * SECTORS_PER_BLOCK, source, address + (<usize>done << BLOCK_SHIFT), part * BLOCK_BYTES);
      this.writeCount++;
      if (status) return status;
      this.writtenBytes += part * BLOCK_BYTES;
      done += part;
    }
    return Status.Ok;
  }

  flush(): u32 {
    this.flushCount++;
    return -device.callFlush(BlockCapabilities.device);
  }
}

export class KernelLeases extends Leases {
  read(lease: u32, offsetBytes: u32, address: usize, lengthBytes: u32): u32 {
    const result = leaseRead(lease, offsetBytes, address, lengthBytes);
    return result < 0 ? -result : Status.Ok;
  }
  write(lease: u32, offsetBytes: u32, address: usize, lengthBytes: u32): u32 {
    const result = leaseWrite(lease, offsetBytes, address, lengthBytes);
    return result < 0 ? -result : Status.Ok;
  }
}

export class KernelEntropy extends Entropy {
  fill(address: usize, lengthBytes: u32): u32 {
    const result = entropyRead(BlockCapabilities.entropy, address, lengthBytes);
    return result < 0 ? -result : Status.Ok;
  }
}

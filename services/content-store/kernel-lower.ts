// The world below, made of the block service's client and the kernel's lease calls.
import * as kernel from "../../kernel-bindings/assembly/kernel";
import * as block from "../../kernel-bindings/generated/assembly/block";
import { ContentStoreCapabilities } from "../../kernel-bindings/generated/assembly/capabilities";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { BlockLayer, Transfer } from "./lower";

const endpoint: u32 = ContentStoreCapabilities.block;

export class BlockService extends BlockLayer {
  /** 0 or −Status into a Status. */
  private answer(result: i32): u32 { return result < 0 ? <u32>-result : Status.Ok; }

  describe(): u32 {
    const status = this.answer(block.callDescribe(endpoint));
    if (status != Status.Ok) return status;
    this.blockCount = block.DescribeReply.blockCount();
    this.freeBlocks = block.DescribeReply.freeBlocks();
    this.mountStatus = block.DescribeReply.mountStatus();
    this.isCheckpointDue = (block.DescribeReply.flags() & block.BlockFlag.checkpointDue) != 0;
    if (!(block.DescribeReply.flags() & block.BlockFlag.formatted) && this.mountStatus == Status.Ok) this.mountStatus = Status.NotFormatted;
    return status;
  }

  format(blockCount: u64, flags: u32): u32 { return this.answer(block.callFormat(endpoint, blockCount, flags)); }

  allocate(hint: u64, count: u32, fromReserve: bool): u32 {
    const status = this.answer(block.callAllocate(endpoint, hint, count, fromReserve ? block.AllocateFlag.fromReserve : 0));
    if (status != Status.Ok) return status;
    this.address = block.AllocateReply.address();
    this.count = block.AllocateReply.count();
    return status;
  }

  free(address: u64, count: u32): u32 { return this.answer(block.callFree(endpoint, address, count)); }
  read(address: u64, memory: usize, lengthBytes: u32): u32 { return this.answer(block.callRead(endpoint, address, 0, memory, lengthBytes)); }

  writeExtents(address: u64, extentCount: u32, memory: usize, lengthBytes: u32, descriptors: usize): u32 {
    return this.answer(block.callWriteExtents(endpoint, address, extentCount, 0, memory, lengthBytes, 0, descriptors, extentCount * block.ExtentDescriptor.SIZE));
  }

  attach(payload: usize, lengthBytes: u32): u32 { return this.answer(block.callAttach(endpoint, 0, payload, lengthBytes)); }
  setRoot(root: usize, lengthBytes: u32): u32 { return this.answer(block.callSetRoot(endpoint, 0, root, lengthBytes)); }

  getRoot(root: usize, capacityBytes: u32): u32 {
    const status = this.answer(block.callGetRoot(endpoint, 0, root, capacityBytes));
    this.lengthBytes = status == Status.Ok ? block.GetRootReply.lengthBytes() : 0;
    return status;
  }

  replay(cursor: u64, payload: usize, capacityBytes: u32): u32 {
    const status = this.answer(block.callReplay(endpoint, cursor, 0, payload, capacityBytes));
    if (status != Status.Ok) return status;
    this.found = block.ReplayReply.found() != 0;
    this.cursor = block.ReplayReply.cursor();
    this.lengthBytes = block.ReplayReply.lengthBytes();
    return status;
  }

  readAllocation(first: u64, bits: usize, lengthBytes: u32): u32 {
    return this.answer(block.callReadAllocation(endpoint, first, 0, bits, lengthBytes));
  }
}

export class KernelTransfer extends Transfer {
  read(source: u32, offsetBytes: u32, memory: usize, lengthBytes: u32): u32 {
    const result = kernel.leaseRead(source, offsetBytes, memory, lengthBytes);
    return result < 0 ? <u32>-result : Status.Ok;
  }
  write(source: u32, offsetBytes: u32, memory: usize, lengthBytes: u32): u32 {
    const result = kernel.leaseWrite(source, offsetBytes, memory, lengthBytes);
    return result < 0 ? <u32>-result : Status.Ok;
  }
}

// Writes extents that lie one after another in memory to fresh blocks, in as few device writes as the free space allows.
// The records are entries whose address says, in blocks, where the extent lies from the start of the memory; afterwards it is the address on the device.
//
// Safety: `memory` covers every record's blocks; the descriptor scratch holds EXTENTS_MAX.
import { hash } from "../base/blake3/index";
import { ExtentDescriptor } from "../../kernel-bindings/generated/assembly/block";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Entry } from "./entry";
import { BLOCK_BYTES, GROUP_CHUNKS, Kind } from "./limits";
import { BlockLayer } from "./lower";

/** Flag of a record: without it no checkpoint is made, and so no space ever comes back. It may go to the reserve. */
export const ESSENTIAL: u32 = 1;
/** Extents in one run: 1 MiB of blocks. */
export const EXTENTS_MAX: u32 = 256;

export class RunWriter {
  private descriptors: usize = heap.alloc(EXTENTS_MAX * ExtentDescriptor.SIZE);
  private value: usize = heap.alloc(32);
  /** Where the last write ended: the next is wanted behind it. */
  private hint: u64 = 0;
  /** Take blocks from the reserve too: for the index, which must be written so that space can be freed. */
  fromReserve: bool = false;
  /** How many records of the last call are on the device. */
  written: u32 = 0;

  constructor(private block: BlockLayer) {}

  /** Writes `count` records, at most EXTENTS_MAX, whose blocks follow each other without gaps. On failure the first `written` are written all the same. */
  write(memory: usize, records: usize, count: u32): u32 {
    assert(count <= EXTENTS_MAX);
    this.written = 0;
    while (this.written < count) {
      const first = records + <usize>this.written * Entry.BYTES;
      let status = this.writePart(memory, first, count - this.written, this.fromReserve);
      // Free space may be there, but in pieces that are too short.
      if (status == Status.NoSpace && (Entry.flags(first) & ESSENTIAL) != 0) status = this.writePart(memory, first, 1, true);
      if (status != Status.Ok) return status;
    }
    return Status.Ok;
  }

  /** Writes as many of the records as one contiguous piece of free space takes. */
  private writePart(memory: usize, records: usize, count: u32, fromReserve: bool): u32 {
    const start = Entry.address(records);
    const last = records + <usize>(count - 1) * Entry.BYTES;
    let status = this.block.allocate(this.hint, <u32>(Entry.address(last) - start) + Entry.blockCount(last), fromReserve);
    if (status != Status.Ok) return status;
    const address = this.block.address;
    const given = this.block.count;
    let fitting: u32 = 0;
    let usedBlocks: u32 = 0;
    while (fitting < count) {
      const record = records + <usize>fitting * Entry.BYTES;
      const end = <u32>(Entry.address(record) - start) + Entry.blockCount(record);
      if (end > given) break;
      this.describe(fitting, record, start, memory);
      usedBlocks = end;
      fitting++;
    }
    // The rest of the piece goes back in the same transaction.
    if (usedBlocks < given) {
      status = this.block.free(address + usedBlocks, given - usedBlocks);
      if (status != Status.Ok) return status;
    }
    if (!fitting) return Status.NoSpace;
    status = this.block.writeExtents(address, fitting, memory + <usize>start * BLOCK_BYTES, usedBlocks * BLOCK_BYTES, this.descriptors);
    if (status != Status.Ok) {
      this.block.free(address, usedBlocks);
      return status;
    }
    for (let i: u32 = 0; i < fitting; i++) {
      const record = records + <usize>i * Entry.BYTES;
      Entry.setAddress(record, Entry.address(record) - start + address);
    }
    this.written += fitting;
    this.hint = address + usedBlocks;
    return Status.Ok;
  }

  /** What the journal is told of an extent: a group by its chaining value, everything else by the hash of its bytes. */
  private describe(i: u32, record: usize, start: u64, memory: usize): void {
    const at = this.descriptors + i * ExtentDescriptor.SIZE;
    const isGroup = Entry.kind(record) == Kind.group;
    ExtentDescriptor.setBlockOffset(at, <u32>(Entry.address(record) - start));
    ExtentDescriptor.setLengthBytes(at, Entry.extentBytes(record));
    ExtentDescriptor.setCounterAndKind(at, isGroup ? 1 | (<u64>Entry.firstGroup(record) * GROUP_CHUNKS) << 1 : 0);
    if (Entry.kind(record) == Kind.interior || Entry.isTree(record)) {
      hash(memory + <usize>Entry.address(record) * BLOCK_BYTES, Entry.extentBytes(record), this.value);
      ExtentDescriptor.setValue(at, this.value);
    } else ExtentDescriptor.setValue(at, record);
  }
}

// Compares the index with the block service's allocation: are all extents in allocated blocks, and does no block belong to two?
//
// Works through the device in windows of bits, so that any size of device fits the memory. An extent is counted in the window of its first block; the bits of its blocks
// that reach into the next window are kept for it.
//
// Safety: both bit arrays are WINDOW_BYTES + TAIL_BYTES; an extent has at most EXTENT_BLOCKS_MAX = 8 × TAIL_BYTES blocks.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Entry, EntryFlag } from "./entry";
import { IndexTable } from "./index-table";
import { BlockLayer } from "./lower";
import { Root, Runs } from "./runs";

const WINDOW_BYTES: u32 = 262144;
const WINDOW_BLOCKS: u64 = <u64>WINDOW_BYTES * 8;
const TAIL_BYTES: u32 = 2;

export class Recount {
  ownedBlocks: u64 = 0;
  notAllocated: u64 = 0;
  overlapping: u64 = 0;
  private allocated: usize = heap.alloc(WINDOW_BYTES + TAIL_BYTES);
  private owned: usize = heap.alloc(WINDOW_BYTES + TAIL_BYTES);

  constructor(private index: IndexTable, private runs: Runs, private block: BlockLayer) {}

  run(): u32 {
    this.ownedBlocks = 0;
    this.notAllocated = 0;
    this.overlapping = 0;
    let status = this.block.describe();
    if (status != Status.Ok) return status;
    const blockCount = this.block.blockCount;
    memory.fill(this.owned, 0, WINDOW_BYTES + TAIL_BYTES);
    for (let first: u64 = 0; first < blockCount; first += WINDOW_BLOCKS) {
      memory.fill(this.allocated, 0, WINDOW_BYTES + TAIL_BYTES);
      const bytes = <u32>min<u64>(WINDOW_BYTES + TAIL_BYTES, (blockCount - first + 7) >> 3);
      status = this.block.readAllocation(first, this.allocated, bytes);
      if (status != Status.Ok) return status;
      this.countWindow(first);
      memory.copy(this.owned, this.owned + WINDOW_BYTES, TAIL_BYTES);
      memory.fill(this.owned + TAIL_BYTES, 0, WINDOW_BYTES);
    }
    return Status.Ok;
  }

  private countWindow(first: u64): void {
    for (let slot = this.index.nextUsed(0); slot < this.index.slotLimit; slot = this.index.nextUsed(slot + 1)) {
      const entry = this.index.entry(slot);
      if (!(Entry.flags(entry) & EntryFlag.staged)) this.countExtent(first, Entry.address(entry), Entry.blockCount(entry));
    }
    for (let i: u32 = 0; i < this.runs.segmentCount; i++) {
      const row = this.runs.segment(i);
      this.countExtent(first, Entry.address(row), Entry.blockCount(row));
    }
    this.countExtent(first, Root.directoryAddress(this.runs.root), this.runs.directoryBlocks);
  }

  private countExtent(first: u64, address: u64, blockCount: u32): void {
    if (!blockCount || address < first || address - first >= WINDOW_BLOCKS) return;
    let isAllocated = true;
    let isFree = true;
    for (let i: u32 = 0; i < blockCount; i++) {
      const bit = <u32>(address - first) + i;
      const mask = 1 << (bit & 7);
      if (!(load<u8>(this.allocated + (bit >> 3)) & mask)) isAllocated = false;
      const at = this.owned + (bit >> 3);
      if (load<u8>(at) & mask) isFree = false;
      store<u8>(at, load<u8>(at) | <u8>mask);
    }
    this.ownedBlocks += blockCount;
    if (!isAllocated) this.notAllocated++;
    if (!isFree) this.overlapping++;
  }
}

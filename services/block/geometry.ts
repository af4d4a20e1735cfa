// Where the places of an image lie (docs/formats/block.md §1).
//
//   0 slot ┄ 4096 slot ┄ 8192 slot ┄ 12288 slot │ log (L) │ checkpoint, three copies │ map segment 0 │ … blocks for clients, also between the slots … ┃ map segment 1 ┃ … grown later
//
//   a segment of pages [a, b):  │ upper tables × 3 │ tables × 3 │ pages × 3 │     those whose first page it covers
//
// What stays true: what `layOut`, `adopt` or `extend` accepted has no two owned places that overlap, and all lie inside the image.
import { Status } from "../../kernel-bindings/generated/assembly/status";

export const BLOCK_BYTES: u32 = 4096;
export const BLOCK_SHIFT: u32 = 12;
export const HASH_BYTES: u32 = 32;
export const SLOT_COUNT: u32 = 4;
export const SLOT_STRIDE: u64 = 4096;
/** 64 MiB and 16 TiB. */
export const MINIMUM_BLOCKS: u64 = 16384;
export const MAXIMUM_BLOCKS: u64 = 1 << 32;
export const MINIMUM_LOG_BLOCKS: u64 = 1024;
export const MAXIMUM_LOG_BLOCKS: u64 = 16384;
/** Blocks whose bits one bitmap page holds: 4096 bytes less a header of 32. */
export const PAGE_BITS: u32 = 32512;
export const PAGE_BITS_BYTES: u32 = 4064;
/** Pointers of 48 bytes in a table. */
export const TABLE_POINTERS: u32 = 84;
export const CHECKPOINT_BLOCKS: u32 = 2;
export const COPY_COUNT: u32 = 3;
/** Pointers to upper tables in the checkpoint; the largest image has 19. */
export const ROOT_POINTERS: u32 = 24;
export const MAXIMUM_SEGMENTS: u32 = 8;
/** Longest record of any image; smaller logs allow a quarter of themselves. */
export const MAXIMUM_RECORD_BYTES: u32 = 4 << 20;

/** Nodes of the map: bitmap pages under tables under upper tables. */
export namespace Level {
  export const page: u32 = 0;
  export const table: u32 = 1;
  export const upper: u32 = 2;
  export const count: u32 = 3;
}
/** Bitmap pages under one node of a level. */
export function pagesOfNode(level: u32): u32 { return level == Level.page ? 1 : level == Level.table ? TABLE_POINTERS : TABLE_POINTERS * TABLE_POINTERS; }
/** Blocks under one node of a level. */
export function blocksOfNode(level: u32): u64 { return <u64>pagesOfNode(level) * PAGE_BITS; }

function roundedUp(count: u32, unit: u32): u32 { return (count + unit - 1) / unit; }

export class MapSegment {
  firstPage: u32 = 0;
  pageCount: u32 = 0;
  firstBlock: u64 = 0;

  set(firstPage: u32, pageCount: u32, firstBlock: u64): void {
    this.firstPage = firstPage;
    this.pageCount = pageCount;
    this.firstBlock = firstBlock;
  }
  /** Index of the first node of a level that it holds, and of the first behind it. */
  firstNode(level: u32): u32 { return roundedUp(this.firstPage, pagesOfNode(level)); }
  endNode(level: u32): u32 { return roundedUp(this.firstPage + this.pageCount, pagesOfNode(level)); }
  /** Blocks from its first one to the nodes of a level; for `level` = −1 all that it has. */
  offset(level: i32): u64 {
    let nodes: u64 = 0;
    for (let above: i32 = Level.upper; above > level; above--) nodes += this.endNode(above) - this.firstNode(above);
    return COPY_COUNT * nodes;
  }
  get blockCount(): u64 { return this.offset(-1); }
}

export class Geometry {
  blockCount: u64 = 0;
  logStart: u64 = 0;
  logBlocks: u64 = 0;
  checkpointStart: u64 = 0;
  pageCount: u32 = 0;
  segmentCount: u32 = 0;
  /** A range of blocks that are for clients, the one where the last run was; empty when the layout changes. */
  private rangeFirst: u64 = 0;
  private rangeEnd: u64 = 0;
  private segments: StaticArray<MapSegment> = new StaticArray<MapSegment>(MAXIMUM_SEGMENTS);

  constructor() { for (let i: u32 = 0; i < MAXIMUM_SEGMENTS; i++) this.segments[i] = new MapSegment(); }

  segment(index: u32): MapSegment { return this.segments[index]; }
  levelCount(level: u32): u32 { return roundedUp(this.pageCount, pagesOfNode(level)); }

  private begin(blockCount: u64, logBlocks: u64): void {
    this.blockCount = blockCount;
    this.logStart = SLOT_STRIDE * (SLOT_COUNT - 1) + 1;
    this.logBlocks = logBlocks;
    this.checkpointStart = this.logStart + logBlocks;
    this.pageCount = <u32>((blockCount + PAGE_BITS - 1) / PAGE_BITS);
    this.segmentCount = 0;
    this.rangeEnd = 0;
  }

  /** Lay out a new image of this many blocks; false if the version has no room for it. */
  layOut(blockCount: u64): bool {
    if (blockCount < MINIMUM_BLOCKS || blockCount > MAXIMUM_BLOCKS) return false;
    this.begin(blockCount, min(max(blockCount >> 4, MINIMUM_LOG_BLOCKS), MAXIMUM_LOG_BLOCKS));
    this.segments[this.segmentCount++].set(0, this.pageCount, this.firstSegmentBlock);
    return true;
  }

  private get firstSegmentBlock(): u64 { return this.checkpointStart + COPY_COUNT * CHECKPOINT_BLOCKS; }

  /** Begin to take over what a superblock says; `addSegment` for each of its segments, then `isWhole`. */
  adopt(blockCount: u64, logBlocks: u64): bool {
    if (blockCount < MINIMUM_BLOCKS || blockCount > MAXIMUM_BLOCKS || logBlocks < MINIMUM_LOG_BLOCKS || logBlocks > MAXIMUM_LOG_BLOCKS) return false;
    this.begin(blockCount, logBlocks);
    return true;
  }
  /** False if it does not follow the one before it, or has no room. */
  addSegment(firstPage: u32, pageCount: u32, firstBlock: u64): bool {
    if (this.segmentCount == MAXIMUM_SEGMENTS) return false;
    const before = this.segmentCount ? this.segments[this.segmentCount - 1] : null;
    if (before ? firstBlock < before.firstBlock + before.blockCount : firstBlock != this.firstSegmentBlock) return false;
    if (firstPage != (before ? before.firstPage + before.pageCount : 0) || !pageCount || pageCount > this.pageCount - firstPage) return false;
    this.rangeEnd = 0;
    const segment = this.segments[this.segmentCount];
    segment.set(firstPage, pageCount, firstBlock);
    if (firstBlock >= this.blockCount || segment.blockCount > this.blockCount - firstBlock) return false;
    this.segmentCount++;
    return true;
  }
  get isWhole(): bool {
    if (!this.segmentCount) return false;
    const last = this.segments[this.segmentCount - 1];
    return last.firstPage + last.pageCount == this.pageCount;
  }

  /** Grow to `blockCount`, not less than now. TooLarge: no such image or no segment left; NoSpace: the new segment would not fit. Nothing is changed then. */
  extend(blockCount: u64): u32 {
    if (blockCount > MAXIMUM_BLOCKS) return Status.TooLarge;
    const pageCount = <u32>((blockCount + PAGE_BITS - 1) / PAGE_BITS);
    if (pageCount > this.pageCount) {
      if (this.segmentCount == MAXIMUM_SEGMENTS) return Status.TooLarge;
      const segment = this.segments[this.segmentCount];
      segment.set(this.pageCount, pageCount - this.pageCount, this.blockCount);
      if (segment.blockCount > blockCount - this.blockCount) return Status.NoSpace;
      this.segmentCount++;
    }
    this.blockCount = blockCount;
    this.pageCount = pageCount;
    this.rangeEnd = 0;
    return Status.Ok;
  }

  copyFrom(other: Geometry): void {
    this.begin(other.blockCount, other.logBlocks);
    for (let i: u32 = 0; i < other.segmentCount; i++) {
      const segment = other.segments[i];
      this.segments[i].set(segment.firstPage, segment.pageCount, segment.firstBlock);
    }
    this.segmentCount = other.segmentCount;
  }

  slotAddress(slot: u32): u64 { return SLOT_STRIDE * slot; }
  checkpointAddress(copy: u32): u64 { return this.checkpointStart + CHECKPOINT_BLOCKS * copy; }
  /** Copy 0 of a node of the map; the others follow it. */
  nodeAddress(level: u32, index: u32): u64 {
    const page = index * pagesOfNode(level);
    let number: u32 = 0;
    while (number + 1 < this.segmentCount && page >= this.segments[number + 1].firstPage) number++;
    const segment = this.segments[number];
    return segment.firstBlock + segment.offset(level) + COPY_COUNT * <u64>(index - segment.firstNode(level));
  }

  /** The places that the service keeps for itself, `index` < ownedRuns: slots, the log with the checkpoint behind it, map segments. */
  get ownedRuns(): u32 { return SLOT_COUNT + 1 + this.segmentCount; }
  ownedFirst(index: u32): u64 { return index < SLOT_COUNT ? this.slotAddress(index) : index == SLOT_COUNT ? this.logStart : this.segments[index - SLOT_COUNT - 1].firstBlock; }
  ownedCount(index: u32): u64 { return index < SLOT_COUNT ? 1 : index == SLOT_COUNT ? this.logBlocks + COPY_COUNT * CHECKPOINT_BLOCKS : this.segments[index - SLOT_COUNT - 1].blockCount; }

  /** Blocks that the block service keeps for itself. */
  get ownedBlocks(): u64 { return this.blockCount - this.clientBlocks(0, this.blockCount); }
  get maximumRecordBytes(): u32 { return <u32>min<u64>(MAXIMUM_RECORD_BYTES, (this.logBlocks >> 2) << BLOCK_SHIFT); }

  /** How many blocks from `first` on are inside the image and for clients. */
  clientBlocks(first: u64, count: u64): u64 {
    if (first >= this.blockCount) return 0;
    const end = first + min(count, this.blockCount - first);
    let left = end - first;
    for (let index: u32 = 0; index < this.ownedRuns; index++) {
      const from = max(first, this.ownedFirst(index)), to = min(end, this.ownedFirst(index) + this.ownedCount(index));
      if (from < to) left -= to - from;
    }
    return left;
  }
  /** The blocks under one node that are for clients. */
  clientBlocksOf(level: u32, index: u32): u32 { return <u32>this.clientBlocks(<u64>index * blocksOfNode(level), blocksOfNode(level)); }

  /** Whether a run lies inside the image and touches nothing that the service owns. `count` > 0. */
  isForClients(address: u64, count: u64): bool {
    if (address >= this.rangeFirst && address < this.rangeEnd && count <= this.rangeEnd - address) return true;
    if (address >= this.blockCount || count > this.blockCount - address || this.clientBlocks(address, count) != count) return false;
    this.rangeFirst = 0;
    this.rangeEnd = this.blockCount;
    for (let index: u32 = 0; index < this.ownedRuns; index++) {
      const first = this.ownedFirst(index);
      if (first > address) this.rangeEnd = min(this.rangeEnd, first);
      else this.rangeFirst = max(this.rangeFirst, first + this.ownedCount(index));
    }
    return true;
  }
}

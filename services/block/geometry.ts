// Where the fixed parts of an image lie, computed from its number of blocks alone (docs/formats/block.md §1).
//
//   0 slot ┄ 4096 slot ┄ 8192 slot ┄ 12288 slot │ log (L) │ map area, three copies of everything │ … blocks for clients, also between the slots
//
// What stays true: no two owned places overlap, and all lie inside an image of the smallest size.

export const BLOCK_BYTES: u32 = 4096;
export const BLOCK_SHIFT: u32 = 12;
export const HASH_BYTES: u32 = 32;
export const SLOT_COUNT: u32 = 4;
export const SLOT_STRIDE: u64 = 4096;
export const MINIMUM_BLOCKS: u64 = 16384;
/** What the bitmap in memory has room for: 1 TiB. */
export const MAXIMUM_BLOCKS: u64 = 1 << 28;
/** Blocks whose bits one bitmap page holds: 4096 bytes less a header of 32. */
export const PAGE_BITS: u32 = 32512;
export const PAGE_BITS_BYTES: u32 = 4064;
export const PAGE_WORDS: u32 = 508;
/** Pointers of 40 bytes in a table page. */
export const TABLE_POINTERS: u32 = 101;
export const CHECKPOINT_BLOCKS: u32 = 2;
export const COPY_COUNT: u32 = 3;
export const MAXIMUM_PAGES: u32 = 8257;
export const MAXIMUM_TABLES: u32 = 82;
/** Longest record of any image; smaller logs allow a quarter of themselves. */
export const MAXIMUM_RECORD_BYTES: u32 = 4 << 20;

export class Geometry {
  blockCount: u64 = 0;
  logStart: u64 = 0;
  logBlocks: u64 = 0;
  mapStart: u64 = 0;
  mapBlocks: u64 = 0;
  pageCount: u32 = 0;
  tableCount: u32 = 0;

  /** Lay out an image of this many blocks; false if the version has no room for it. */
  layOut(blockCount: u64): bool {
    if (blockCount < MINIMUM_BLOCKS || blockCount > MAXIMUM_BLOCKS) return false;
    this.blockCount = blockCount;
    this.logStart = SLOT_STRIDE * (SLOT_COUNT - 1) + 1;
    this.logBlocks = min<u64>(max<u64>(blockCount >> 4, 1024), 16384);
    this.mapStart = this.logStart + this.logBlocks;
    this.pageCount = <u32>((blockCount + PAGE_BITS - 1) / PAGE_BITS);
    this.tableCount = (this.pageCount + TABLE_POINTERS - 1) / TABLE_POINTERS;
    this.mapBlocks = COPY_COUNT * <u64>(CHECKPOINT_BLOCKS + this.tableCount + this.pageCount);
    return true;
  }

  slotAddress(slot: u32): u64 { return SLOT_STRIDE * slot; }
  checkpointAddress(copy: u32): u64 { return this.mapStart + CHECKPOINT_BLOCKS * copy; }
  tableAddress(index: u32, copy: u32): u64 { return this.mapStart + COPY_COUNT * (CHECKPOINT_BLOCKS + index) + copy; }
  pageAddress(index: u32, copy: u32): u64 { return this.mapStart + COPY_COUNT * (CHECKPOINT_BLOCKS + this.tableCount + index) + copy; }

  /** Blocks that the block service keeps for itself. */
  get ownedBlocks(): u64 { return SLOT_COUNT + this.logBlocks + this.mapBlocks; }
  get maximumRecordBytes(): u32 { return <u32>min<u64>(MAXIMUM_RECORD_BYTES, (this.logBlocks >> 2) << BLOCK_SHIFT); }

  /** Whether a run lies inside the image and touches nothing that the service owns. `count` > 0. */
  isForClients(address: u64, count: u64): bool {
    if (address >= this.blockCount || count > this.blockCount - address) return false;
    const end = address + count;
    if (address < this.mapStart + this.mapBlocks && end > this.logStart) return false;
    for (let slot: u32 = 0; slot < SLOT_COUNT; slot++) {
      const owned = this.slotAddress(slot);
      if (address <= owned && owned < end) return false;
    }
    return true;
  }
}

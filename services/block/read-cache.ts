// Single blocks that were read lately: a direct-mapped cache for the small reads of metadata. Larger reads go past it, straight into the reader's memory.
// What stays true: a block that is written is forgotten first, so the cache never holds what the disk does not.
//
// Safety: a slot number is below SLOTS by its mask; `images` holds SLOTS blocks.
import { BLOCK_BYTES } from "./geometry";

const SLOTS: u32 = 128;
const NOTHING: u64 = u64.MAX_VALUE;

export class ReadCache {
  private images: usize = heap.alloc(<usize>SLOTS * BLOCK_BYTES);
  private addresses: usize = heap.alloc(<usize>SLOTS * 8);
  hitCount: u64 = 0;
  missCount: u64 = 0;

  /** Forget every block. */
  clear(): void {
    for (let slot: u32 = 0; slot < SLOTS; slot++) store<u64>(this.tag(slot), NOTHING);
  }

  reset(): void {
    this.clear();
    this.hitCount = 0;
    this.missCount = 0;
  }

  private slot(address: u64): u32 { return <u32>(address ^ address >> 7) & (SLOTS - 1); }
  private tag(slot: u32): usize { return this.addresses + <usize>slot * 8; }

  /** The block's bytes, or 0. Counts. */
  find(address: u64): usize {
    const slot = this.slot(address);
    if (load<u64>(this.tag(slot)) == address) { this.hitCount++; return this.images + <usize>slot * BLOCK_BYTES; }
    this.missCount++;
    return 0;
  }

  /** Memory to read a block into; holds nothing until `fill`. */
  claim(address: u64): usize {
    const slot = this.slot(address);
    store<u64>(this.tag(slot), NOTHING);
    return this.images + <usize>slot * BLOCK_BYTES;
  }

  /** The memory from `claim` now holds the block. */
  fill(address: u64): void { store<u64>(this.tag(this.slot(address)), address); }

  forget(first: u64, count: u32): void {
    for (let slot: u32 = 0; slot < SLOTS; slot++) {
      const address = load<u64>(this.tag(slot));
      if (address >= first && address - first < count) store<u64>(this.tag(slot), NOTHING);
    }
  }
}

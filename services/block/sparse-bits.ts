// Sets of blocks that are small beside the image: bits in pages taken from a shared pool, one page for each bitmap page that is touched.
//
//   index (u16 a bitmap page, 0: nothing set there) ─► pool page − 1 ─► 4064 bytes of bits
//
// Used for blocks that are fresh in the open transaction and for blocks that were freed but are not yet reusable.
// What stays true: a pool page belongs to one set or to the free stack, never to both; a taken page starts as zeros.
//
// Safety: the pool's pages lie in the allocator's region, whose size bounds `capacity`; index and stack are allocated once with the sizes computed here; page numbers are < pageCount because callers check addresses against the image first.
import { PAGE_BITS, PAGE_BITS_BYTES } from "./geometry";

export class PagePool {
  private pages: usize = 0;
  private stack: usize;
  private freeCount: u32 = 0;
  private capacity: u32 = 0;

  constructor(readonly maximumPages: u32) { this.stack = heap.alloc(<usize>maximumPages * 2); }

  /** Start over with `capacity` pages at `pages`. Sets that hold pages must be reset with it. */
  reset(pages: usize, capacity: u32): void {
    assert(capacity <= this.maximumPages);
    this.pages = pages;
    this.capacity = capacity;
    this.freeCount = capacity;
    for (let i: u32 = 0; i < capacity; i++) store<u16>(this.stack + <usize>i * 2, <u16>(capacity - i));
  }

  get available(): u32 { return this.freeCount; }

  /** A zeroed page's number from 1 on; 0: none is left. */
  take(): u32 {
    if (!this.freeCount) return 0;
    const page = <u32>load<u16>(this.stack + <usize>(--this.freeCount) * 2);
    memory.fill(this.bits(page), 0, PAGE_BITS_BYTES);
    return page;
  }

  give(page: u32): void {
    assert(page != 0 && this.freeCount < this.capacity);
    store<u16>(this.stack + <usize>(this.freeCount++) * 2, <u16>page);
  }

  bits(page: u32): usize { return this.pages + <usize>(page - 1) * PAGE_BITS_BYTES; }
}

export class SparseBits {
  private index: usize;
  /** Bitmap pages touched lie in [lowest, highest]; none if lowest > highest. */
  lowest: u32 = u32.MAX_VALUE;
  highest: u32 = 0;
  /** Bits set. */
  count: u64 = 0;

  constructor(readonly pool: PagePool, readonly pageCount: u32) {
    this.index = heap.alloc(<usize>pageCount * 2);
    memory.fill(this.index, 0, <usize>pageCount * 2);
  }

  /** Forget everything without giving pages back: for use with a reset of the pool. */
  reset(): void {
    memory.fill(this.index, 0, <usize>this.pageCount * 2);
    this.lowest = u32.MAX_VALUE;
    this.highest = 0;
    this.count = 0;
  }

  /** Address of a bitmap page's bits; 0: all zero. */
  page(number: u32): usize {
    const slot = <u32>load<u16>(this.index + <usize>number * 2);
    return slot ? this.pool.bits(slot) : 0;
  }

  /** Like `page`, but takes a page from the pool; 0: the pool is empty. */
  ensurePage(number: u32): usize {
    const present = this.page(number);
    if (present) return present;
    const slot = this.pool.take();
    if (!slot) return 0;
    store<u16>(this.index + <usize>number * 2, <u16>slot);
    this.lowest = min(this.lowest, number);
    this.highest = max(this.highest, number);
    return this.pool.bits(slot);
  }

  /** Whether a run could be set without running out of pages half way. */
  hasRoomFor(first: u64, count: u64): bool {
    const last = <u32>((first + count - 1) / PAGE_BITS);
    let missing: u32 = 0;
    for (let number = <u32>(first / PAGE_BITS); number <= last; number++) if (!this.page(number)) missing++;
    return missing <= this.pool.available;
  }

  has(block: u64): bool {
    const bits = this.page(<u32>(block / PAGE_BITS));
    if (!bits) return false;
    const bit = <u32>(block % PAGE_BITS);
    return (load<u8>(bits + (bit >> 3)) >> (bit & 7) & 1) != 0;
  }

  /** Whether any block of the run is in the set. */
  hasAny(first: u64, count: u64): bool {
    if (!this.count) return false;
    for (let block = first, end = first + count; block < end; block++) if (this.has(block)) return true;
    return false;
  }

  hasAll(first: u64, count: u64): bool {
    if (this.count < count) return false;
    for (let block = first, end = first + count; block < end; block++) if (!this.has(block)) return false;
    return true;
  }

  /** Add a run; the caller asked `hasRoomFor`. Blocks already in it stay. */
  addRun(first: u64, count: u64): void {
    for (let block = first, end = first + count; block < end; block++) {
      const bits = this.ensurePage(<u32>(block / PAGE_BITS));
      assert(bits != 0);
      const bit = <u32>(block % PAGE_BITS);
      const byte = load<u8>(bits + (bit >> 3));
      const mask = <u8>((<u32>1) << (bit & 7));
      if (!(byte & mask)) this.count++;
      store<u8>(bits + (bit >> 3), byte | mask);
    }
  }

  removeRun(first: u64, count: u64): void {
    for (let block = first, end = first + count; block < end; block++) {
      const bits = this.page(<u32>(block / PAGE_BITS));
      if (!bits) continue;
      const bit = <u32>(block % PAGE_BITS);
      const byte = load<u8>(bits + (bit >> 3));
      const mask = <u8>((<u32>1) << (bit & 7));
      if (byte & mask) this.count--;
      store<u8>(bits + (bit >> 3), byte & ~mask);
    }
  }

  /** Empty the set and give its pages back. */
  clear(): void {
    for (let number = this.lowest; number <= this.highest && number < this.pageCount; number++) {
      const slot = <u32>load<u16>(this.index + <usize>number * 2);
      if (!slot) continue;
      this.pool.give(slot);
      store<u16>(this.index + <usize>number * 2, 0);
    }
    this.lowest = u32.MAX_VALUE;
    this.highest = 0;
    this.count = 0;
  }
}

// Which blocks are free. A bit of `blocked` is 1 for a block that may not be handed out: it is in use, or it was freed but a recoverable state still reaches it.
//
//   blocked = in use ∪ freed (since the last checkpoint, `recent`) ∪ freed (before it, but the generation before it reaches them, `older`)
//   fresh   ⊂ in use: allocated in the open transaction and not written yet
//
// What stays true (docs/crash-contract.md rule 5): a freed block is handed out only after two checkpoints that do not contain it became durable.
// Owned places and bits past the end of the image are always blocked.
//
//   memory: │ bitmap, pageCount pages │ pool of the sparse sets: the rest of REGION_PAGES │     so only images above 288 GiB can run out of pool, if what changed is spread over all of them
//
// Safety: the region holds REGION_PAGES × 4064 bytes, and an image has at most MAXIMUM_PAGES pages; every run is checked against the image (Geometry.isForClients) before it is used as an index.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Geometry, MAXIMUM_PAGES, PAGE_BITS, PAGE_BITS_BYTES, PAGE_WORDS, SLOT_COUNT } from "./geometry";
import { PagePool, SparseBits } from "./sparse-bits";

/** Free runs looked at before the longest of them is taken. */
const RUNS_TRIED: u32 = 64;
/** A bitmap of the largest image and at least 1024 pages for the sparse sets. */
const REGION_PAGES: u32 = MAXIMUM_PAGES + 1024;

export class Allocator {
  private blocked: usize;
  /** u32 a page: bits that are 0. */
  private freeOfPage: usize;
  /** u8 a page: differs from the last checkpoint. */
  readonly dirtyOfPage: usize;
  private cursor: u64 = 0;
  private geometry: Geometry;
  readonly pool: PagePool;
  fresh: SparseBits;
  recent: SparseBits;
  older: SparseBits;
  /** Blocks that can be handed out, the reserve included. */
  freeCount: u64 = 0;
  /** Kept back for what must be written so that something can be freed. */
  reserveCount: u64 = 0;
  /** The run found by the last `allocate`. */
  foundAddress: u64 = 0;
  foundCount: u32 = 0;

  constructor(geometry: Geometry) {
    this.geometry = geometry;
    this.blocked = heap.alloc(<usize>REGION_PAGES * PAGE_BITS_BYTES);
    this.freeOfPage = heap.alloc(<usize>MAXIMUM_PAGES * 4);
    this.dirtyOfPage = heap.alloc(MAXIMUM_PAGES);
    const pool = new PagePool(REGION_PAGES);
    this.pool = pool;
    this.fresh = new SparseBits(pool, MAXIMUM_PAGES);
    this.recent = new SparseBits(pool, MAXIMUM_PAGES);
    this.older = new SparseBits(pool, MAXIMUM_PAGES);
  }

  /** An image with nothing in it but what the service owns. Pages are clean. */
  reset(): void {
    this.pool.reset(this.pageBits(this.geometry.pageCount), REGION_PAGES - this.geometry.pageCount);
    this.fresh.reset();
    this.recent.reset();
    this.older.reset();
    memory.fill(this.blocked, 0, <usize>this.geometry.pageCount * PAGE_BITS_BYTES);
    memory.fill(this.dirtyOfPage, 0, this.geometry.pageCount);
    this.reserveCount = min<u64>(max<u64>(this.geometry.blockCount >> 6, 256), 16384);
    this.cursor = 0;
    this.settle();
  }

  /** Block what is never for clients and count the rest: after `reset` or after pages were loaded. */
  settle(): void {
    const geometry = this.geometry;
    this.freeCount = 0;
    for (let number: u32 = 0; number < geometry.pageCount; number++) this.recount(number);
    for (let slot: u32 = 0; slot < SLOT_COUNT; slot++) this.block(geometry.slotAddress(slot), 1);
    this.block(geometry.logStart, geometry.logBlocks + geometry.mapBlocks);
    this.block(geometry.blockCount, <u64>geometry.pageCount * PAGE_BITS - geometry.blockCount);
  }


  pageBits(number: u32): usize { return this.blocked + <usize>number * PAGE_BITS_BYTES; }
  isDirty(number: u32): bool { return load<u8>(this.dirtyOfPage + number) != 0; }
  setDirty(number: u32, dirty: bool): void { store<u8>(this.dirtyOfPage + number, dirty ? 1 : 0); }
  private word(index: u64): u64 { return load<u64>(this.blocked + <usize>index * 8); }

  private recount(number: u32): void {
    const bits = this.pageBits(number);
    let used: u32 = 0;
    for (let i: u32 = 0; i < PAGE_WORDS; i++) used += <u32>popcnt<u64>(load<u64>(bits + <usize>i * 8));
    this.freeCount += PAGE_BITS - used;
    store<u32>(this.freeOfPage + <usize>number * 4, PAGE_BITS - used);
  }

  /** Set the bits of a run; those already set stay. */
  private block(first: u64, count: u64): void { this.change(first, count, true); }

  /** Set or clear a run word by word, keeping the counts. A word never spans two pages: 508 words a page. */
  private change(first: u64, count: u64, blocked: bool): void {
    let at = first;
    const end = first + count;
    while (at < end) {
      const offset = at & 63;
      const bits = min<u64>(64 - offset, end - at);
      const mask = (bits == 64 ? u64.MAX_VALUE : ((<u64>1 << bits) - 1)) << offset;
      const address = this.blocked + <usize>(at >> 6) * 8;
      const before = load<u64>(address);
      const after = blocked ? before | mask : before & ~mask;
      store<u64>(address, after);
      const entry = this.freeOfPage + <usize>(at / PAGE_BITS) * 4;
      const change = popcnt<u64>(before) - popcnt<u64>(after);
      store<u32>(entry, load<u32>(entry) + <u32>change);
      this.freeCount += change;
      at += bits;
    }
  }

  /** The first free block in [from, end), or end. */
  private nextFree(from: u64, end: u64): u64 {
    let at = from;
    while (at < end) {
      const page = at / PAGE_BITS;
      if (!load<u32>(this.freeOfPage + <usize>page * 4)) { at = (page + 1) * PAGE_BITS; continue; }
      const free = ~this.word(at >> 6) >> (at & 63);
      if (free) return min(at + ctz<u64>(free), end);
      at = (at | 63) + 1;
    }
    return end;
  }

  /** Free blocks from `first` on, `limit` at most. */
  private runLength(first: u64, limit: u64): u64 {
    let at = first;
    const end = min(first + limit, this.geometry.blockCount);
    while (at < end) {
      const used = this.word(at >> 6) >> (at & 63);
      if (used) return min(at + ctz<u64>(used), end) - first;
      at = (at | 63) + 1;
    }
    return end - first;
  }

  /** Look for a run of `count` in [from, end); keeps the longest of the first few in found*. True when it is whole. */
  private search(from: u64, end: u64, count: u32): bool {
    let at = from;
    for (let tried: u32 = 0; tried < RUNS_TRIED; tried++) {
      at = this.nextFree(at, end);
      if (at >= end) return false;
      const length = <u32>this.runLength(at, count);
      if (length > this.foundCount) { this.foundAddress = at; this.foundCount = length; }
      if (length == count) return true;
      at += length;
    }
    return this.foundCount != 0;
  }

  /** Find and take a run of up to `count` blocks near `hint`; into found*. Ordinary callers leave the reserve. */
  allocate(hint: u64, count: u32, fromReserve: bool): u32 {
    const kept = fromReserve ? 0 : this.reserveCount;
    if (this.freeCount <= kept) return Status.NoSpace;
    const wanted = <u32>min<u64>(count, this.freeCount - kept);
    const start = hint && hint < this.geometry.blockCount ? hint : this.cursor;
    this.foundCount = 0;
    if (!this.search(start, this.geometry.blockCount, wanted)) this.search(0, start, wanted);
    if (!this.foundCount) return Status.NoSpace;
    if (!this.fresh.hasRoomFor(this.foundAddress, this.foundCount)) return Status.OutOfMemory;
    this.fresh.addRun(this.foundAddress, this.foundCount);
    this.block(this.foundAddress, this.foundCount);
    this.markDirty(this.foundAddress, this.foundCount);
    this.cursor = this.foundAddress + this.foundCount;
    if (this.cursor >= this.geometry.blockCount) this.cursor = 0;
    return Status.Ok;
  }

  /** Give back a run of the open transaction that is being abandoned. */
  unallocate(address: u64, count: u64): void {
    this.fresh.removeRun(address, count);
    this.change(address, count, false);
  }

  /** Whether every block of a client's run is in use. */
  isInUse(address: u64, count: u64): bool {
    if (!this.geometry.isForClients(address, count)) return false;
    for (let at = address, end = address + count; at < end; at++) if (!(this.word(at >> 6) >> (at & 63) & 1)) return false;
    return !this.recent.hasAny(address, count) && !this.older.hasAny(address, count);
  }

  /** Free a run that is in use; it stays blocked. */
  free(address: u64, count: u64): u32 {
    if (!this.isInUse(address, count)) return Status.InvalidArgument;
    if (!this.recent.hasRoomFor(address, count)) return Status.OutOfMemory;
    this.recent.addRun(address, count);
    this.fresh.removeRun(address, count);
    this.markDirty(address, count);
    return Status.Ok;
  }

  /** Take back a free of the open transaction. */
  unfree(address: u64, count: u64): void { this.recent.removeRun(address, count); }

  /** Take a run that a replayed record allocated: it must be free, or freed before the mounted generation (§5 of the format: such a block may have been handed out since). */
  replayAllocation(address: u64, count: u64): u32 {
    if (!this.geometry.isForClients(address, count)) return Status.Corrupted;
    for (let at = address, end = address + count; at < end; at++) {
      if ((this.word(at >> 6) >> (at & 63) & 1) && !this.older.has(at)) return Status.Corrupted;
    }
    this.older.removeRun(address, count);
    this.block(address, count);
    this.markDirty(address, count);
    return Status.Ok;
  }

  replayFree(address: u64, count: u64): u32 {
    const status = this.free(address, count);
    return status == Status.InvalidArgument ? Status.Corrupted : status;
  }

  private markDirty(address: u64, count: u64): void {
    const last = <u32>((address + count - 1) / PAGE_BITS);
    for (let number = <u32>(address / PAGE_BITS); number <= last; number++) this.setDirty(number, true);
  }

  /** The page as a checkpoint records it: in use, without what was freed. */
  writePage(number: u32, out: usize): void {
    const bits = this.pageBits(number);
    const recent = this.recent.page(number);
    const older = this.older.page(number);
    for (let i: usize = 0; i < PAGE_BITS_BYTES; i += 8) {
      let word = load<u64>(bits + i);
      if (recent) word &= ~load<u64>(recent + i);
      if (older) word &= ~load<u64>(older + i);
      store<u64>(out + i, word);
    }
  }

  /** A run that was freed after the generation before the mounted one: that one may still be returned to, so it stays blocked. */
  replayOlderFree(address: u64, count: u64): u32 {
    if (!this.older.hasRoomFor(address, count)) return Status.OutOfMemory;
    for (let at = address, end = address + count; at < end; at++) {
      if (this.word(at >> 6) >> (at & 63) & 1) continue;
      this.older.addRun(at, 1);
      this.block(at, 1);
    }
    return Status.Ok;
  }

  /** A checkpoint became durable: what was freed before the one before it is reusable now. */
  advance(): void {
    this.release(this.older);
    const emptied = this.older;
    this.older = this.recent;
    this.recent = emptied;
  }

  /** A generation with the content of the last one became durable: only what that one still protected is reusable. */
  releaseOlder(): void { this.release(this.older); }

  private release(set: SparseBits): void {
    for (let number = set.lowest; number <= set.highest && number < this.geometry.pageCount; number++) {
      const bits = set.page(number);
      if (!bits) continue;
      for (let i: u32 = 0; i < PAGE_BITS; i += 64) {
        for (let word = load<u64>(bits + (i >> 3)); word; word &= word - 1) this.change(<u64>number * PAGE_BITS + i + ctz<u64>(word), 1, false);
      }
    }
    set.clear();
  }

  /** Blocks in use, owned ones included. */
  get usedCount(): u64 { return this.geometry.blockCount - this.freeCount - this.recent.count - this.older.count; }
  /** Blocks that ordinary clients can get. */
  get availableCount(): u64 { return this.freeCount > this.reserveCount ? this.freeCount - this.reserveCount : 0; }
}

// Single blocks in memory: what was read lately, and the images that were written through the journal and have not gone home yet. One bounded pool for both.
//
//   clean      what the disk holds. Evicted by S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023): new blocks enter a small queue of a tenth; what is used there twice goes
//              on to the main queue, the rest leaves and is remembered as a ghost; a ghost that is wanted again enters the main queue at once. So a long scan passes through the small queue alone.
//   open       written in the open transaction: shadows what was there before, dropped by `abandonOpen`
//   committed  in a record of the log, the oldest first: goes home only after a durable record calls that record flushed (docs/crash-contract.md rule 4)
//
// What stays true: at most one open and one other image of a block; a read sees the open one first. Open and committed images are the only copy beside the log, so they are in no queue and never evicted. A clean
// block is what the disk holds: it is forgotten before the disk is written past it.
//
//   entry: u64 address │ u64 first: sequence since which the disk lags │ u64 sequence of its record, 0: none that is known │ u16 chain │ u16 previous │ u16 next │ u8 list │ u8 uses, bit 7: read ahead
//   An entry's image lies at its number. Entries from CAPACITY on are the ends of the lists, which are circular; `address` is then the number of entries.
//
// Safety: entry numbers are below CAPACITY + LISTS and come from the tables alone; buckets and ghosts are masked.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Disk, Leases } from "./disk";
import { BLOCK_BYTES } from "./geometry";

/** Blocks in memory: 4 MiB. */
export const CAPACITY: u32 = 1024;
/** Open and committed images at most, so that there is always something to evict. */
const IMAGES: u32 = 256;
/** The same for the images of an image that cannot be written: they stay. */
const KEPT_IMAGES: u32 = CAPACITY - 64;
/** Write-back begins when more than so many images wait, and goes on until half of them do; or when the oldest has waited for so many records. */
const WAITING_IMAGES: u32 = 128;
const WAITING_RECORDS: u64 = 64;
const SMALL_BLOCKS: u32 = CAPACITY / 10;
const MOST_USES: u8 = 3;
const AHEAD: u8 = 128;
const ENTRY_BYTES: u32 = 32;
const BUCKETS: u32 = 2048;
/** Direct-mapped: a ghost may be forgotten early, when another one takes its place. u64 address, u64 number of evictions when it left. */
const GHOSTS: u32 = 4096;

const FREE: u8 = 0;
const SMALL: u8 = 1;
const MAIN: u8 = 2;
const OPEN: u8 = 3;
const COMMITTED: u8 = 4;
const LISTS: u32 = 5;
const NOTHING: u16 = u16.MAX_VALUE;

export class BlockCache {
  private images: usize = heap.alloc(<usize>CAPACITY * BLOCK_BYTES);
  private entries: usize = heap.alloc((CAPACITY + LISTS) * ENTRY_BYTES);
  private buckets: usize = heap.alloc(BUCKETS * 2);
  private ghosts: usize = heap.alloc(GHOSTS * 16);
  private isDraining: bool = false;
  /** So many of the oldest committed images have waited for long enough in time. */
  private expiredCount: u32 = 0;
  hitCount: u64 = 0;
  missCount: u64 = 0;
  evictionCount: u64 = 0;
  /** Blocks that were read before anybody asked, and how many of them were asked for. */
  aheadCount: u64 = 0;
  aheadHitCount: u64 = 0;

  /** Forget everything, images too. */
  reset(): void {
    memory.fill(this.entries, 0, (CAPACITY + LISTS) * ENTRY_BYTES);
    memory.fill(this.buckets, 0xff, BUCKETS * 2);
    memory.fill(this.ghosts, 0, GHOSTS * 16);
    for (let list: u8 = 0; list < <u8>LISTS; list++) {
      const end = CAPACITY + list;
      store<u16>(this.at(end), <u16>end, 26);
      store<u16>(this.at(end), <u16>end, 28);
    }
    for (let entry: u32 = 0; entry < CAPACITY; entry++) this.link(entry, FREE, CAPACITY + FREE);
    this.isDraining = false;
    this.expiredCount = 0;
    this.hitCount = 0;
    this.missCount = 0;
    this.evictionCount = 0;
    this.aheadCount = 0;
    this.aheadHitCount = 0;
  }

  get openCount(): u32 { return this.count(OPEN); }
  get committedCount(): u32 { return this.count(COMMITTED); }
  get hasImages(): bool { return (this.openCount | this.committedCount) != 0; }
  /** How many more images the open transaction may write. */
  get room(): u32 { return IMAGES - min(IMAGES, this.openCount + this.committedCount); }

  private at(entry: u32): usize { return this.entries + <usize>entry * ENTRY_BYTES; }
  private address(entry: u32): u64 { return load<u64>(this.at(entry)); }
  private next(entry: u32): u32 { return load<u16>(this.at(entry), 28); }
  private list(entry: u32): u8 { return load<u8>(this.at(entry), 30); }
  private uses(entry: u32): u8 { return load<u8>(this.at(entry), 31); }
  private setUses(entry: u32, uses: u8): void { store<u8>(this.at(entry), uses, 31); }
  private image(entry: u32): usize { return this.images + <usize>entry * BLOCK_BYTES; }
  private count(list: u8): u32 { return load<u32>(this.at(CAPACITY + list)); }
  private oldest(list: u8): u32 { return this.next(CAPACITY + list); }

  /** Into a list, before another entry of it; before its end: as the newest. */
  private link(entry: u32, list: u8, before: u32): void {
    const previous = load<u16>(this.at(before), 26);
    store<u16>(this.at(entry), previous, 26);
    store<u16>(this.at(entry), <u16>before, 28);
    store<u16>(this.at(previous), <u16>entry, 28);
    store<u16>(this.at(before), <u16>entry, 26);
    store<u8>(this.at(entry), list, 30);
    store<u64>(this.at(CAPACITY + list), this.count(list) + 1);
  }
  private unlink(entry: u32): void {
    const previous = load<u16>(this.at(entry), 26), next = load<u16>(this.at(entry), 28), end = CAPACITY + this.list(entry);
    store<u16>(this.at(previous), next, 28);
    store<u16>(this.at(next), previous, 26);
    store<u64>(this.at(end), load<u64>(this.at(end)) - 1);
  }
  private move(entry: u32, list: u8): void {
    this.unlink(entry);
    this.link(entry, list, CAPACITY + list);
  }

  private hash(address: u64): u32 { return <u32>((address * 0x9e37_79b9_7f4a_7c15) >> 40); }
  private bucket(address: u64): usize { return this.buckets + <usize>(this.hash(address) & (BUCKETS - 1)) * 2; }

  private lookUp(address: u64, isOpen: bool): i32 {
    for (let entry = load<u16>(this.bucket(address)); entry != NOTHING; entry = load<u16>(this.at(entry), 24)) {
      if (this.address(entry) == address && (this.list(entry) == OPEN) == isOpen) return entry;
    }
    return -1;
  }
  private enter(entry: u32, address: u64, list: u8): void {
    const bucket = this.bucket(address);
    store<u64>(this.at(entry), address);
    store<u64>(this.at(entry), 0, 16);
    store<u16>(this.at(entry), load<u16>(bucket), 24);
    store<u16>(bucket, <u16>entry);
    this.setUses(entry, 0);
    this.move(entry, list);
  }
  /** The entry holds nothing any more. */
  private drop(entry: u32): void {
    let place = this.bucket(this.address(entry));
    while (load<u16>(place) != <u16>entry) place = this.at(load<u16>(place)) + 24;
    store<u16>(place, load<u16>(this.at(entry), 24));
    this.move(entry, FREE);
  }

  private ghost(address: u64): usize { return this.ghosts + <usize>(this.hash(address) & (GHOSTS - 1)) * 16; }
  /** Into the queue where a block that the disk holds begins. */
  private queueOf(address: u64): u8 {
    const ghost = this.ghost(address);
    // Evictions are counted from 1, so an empty ghost is none.
    const isWantedAgain = load<u64>(ghost) == address && load<u64>(ghost, 8) != 0 && this.evictionCount - load<u64>(ghost, 8) < CAPACITY;
    if (isWantedAgain) store<u64>(ghost, 0, 8);
    return isWantedAgain ? MAIN : SMALL;
  }

  /** A free entry, by eviction if need be: each turn evicts or takes a use away. */
  private take(): u32 {
    while (!this.count(FREE)) {
      const list: u8 = this.count(SMALL) >= SMALL_BLOCKS || !this.count(MAIN) ? SMALL : MAIN;
      assert(this.count(list));
      const entry = this.oldest(list), uses = this.uses(entry) & ~AHEAD;
      if (list == SMALL ? uses > 1 : uses > 0) {
        this.setUses(entry, list == SMALL ? 0 : uses - 1);
        this.move(entry, MAIN);
        continue;
      }
      this.evictionCount++;
      if (list == SMALL) {
        const ghost = this.ghost(this.address(entry));
        store<u64>(ghost, this.address(entry));
        store<u64>(ghost, this.evictionCount, 8);
      }
      this.drop(entry);
    }
    return this.oldest(FREE);
  }

  /** The newest image of a block, or 0. Counts. */
  find(address: u64): usize {
    const open = this.lookUp(address, true);
    const entry = open >= 0 ? open : this.lookUp(address, false);
    if (entry < 0) { this.missCount++; return 0; }
    this.hitCount++;
    const uses = this.uses(entry);
    if (uses & AHEAD) this.aheadHitCount++;
    this.setUses(entry, min<u8>((uses & ~AHEAD) + 1, MOST_USES));
    return this.image(entry);
  }
  /** The same without counting a use. */
  peek(address: u64): usize {
    const open = this.lookUp(address, true);
    const entry = open >= 0 ? open : this.lookUp(address, false);
    return entry < 0 ? 0 : this.image(entry);
  }

  /** Was the block written through the journal in the open transaction? */
  hasOpen(address: u64): bool { return this.lookUp(address, true) >= 0; }

  /** An image of the block that is in the open record or in one after this sequence, or 0: what a patch may change. */
  loggedAfter(address: u64, sequence: u64): usize {
    const open = this.lookUp(address, true);
    if (open >= 0) return this.image(open);
    const entry = this.lookUp(address, false);
    return entry >= 0 && load<u64>(this.at(entry), 16) > sequence ? this.image(entry) : 0;
  }

  /** Memory to read a block into that is not here; it is the block's after `fill`, which has to come before anything else is asked of the cache. */
  claim(): usize { return this.image(this.take()); }
  fill(address: u64): void { this.enter(this.oldest(FREE), address, this.queueOf(address)); }

  /** A block that was read together with others, unless it is here; `isAhead`: nobody has asked for it yet. */
  fillAhead(address: u64, data: usize, isAhead: bool): void {
    if (this.peek(address)) return;
    const entry = this.take();
    memory.copy(this.image(entry), data, BLOCK_BYTES);
    this.enter(entry, address, this.queueOf(address));
    if (!isAhead) return;
    this.setUses(entry, AHEAD);
    this.aheadCount++;
  }

  /** The disk is about to be written past these blocks. Images stay. */
  forget(first: u64, count: u32): void {
    for (let i: u32 = 0; i < count; i++) {
      const entry = this.lookUp(first + i, false);
      if (entry >= 0 && this.list(entry) != COMMITTED) this.drop(entry);
    }
  }

  /** Keep an image of the open transaction. The caller asked for `room`. */
  putOpen(address: u64, data: usize): void {
    const present = this.lookUp(address, true);
    const entry = present >= 0 ? <u32>present : this.take();
    if (present < 0) this.enter(entry, address, OPEN);
    memory.copy(this.image(entry), data, BLOCK_BYTES);
  }

  /** Keep an image of a replayed record of an image that cannot be written; false: there is no room. */
  putCommitted(address: u64, data: usize): bool {
    const present = this.lookUp(address, false);
    if (present < 0 && this.committedCount >= KEPT_IMAGES) return false;
    const entry = present >= 0 ? <u32>present : this.take();
    if (present < 0) this.enter(entry, address, COMMITTED);
    memory.copy(this.image(entry), data, BLOCK_BYTES);
    return true;
  }

  /** The open transaction's images are in the log now, in the record of this sequence. */
  commitOpen(sequence: u64): void {
    while (this.openCount) {
      const entry = this.oldest(OPEN);
      const older = this.lookUp(this.address(entry), false);
      let before = CAPACITY + COMMITTED, first = sequence, uses: u8 = 0;
      if (older >= 0) {
        uses = this.uses(older) & ~AHEAD;
        if (this.list(older) == COMMITTED) {
          // It takes the place of the older one: the disk lags since then.
          before = this.next(older);
          first = load<u64>(this.at(older), 8);
        }
        this.drop(older);
      }
      this.unlink(entry);
      this.link(entry, COMMITTED, before);
      store<u64>(this.at(entry), first, 8);
      store<u64>(this.at(entry), sequence, 16);
      this.setUses(entry, uses);
    }
  }

  abandonOpen(): void { while (this.openCount) this.drop(this.oldest(OPEN)); }

  /** Sequence since which the disk lags behind the oldest committed image. There is one. */
  get lagsSince(): u64 { return load<u64>(this.at(this.oldest(COMMITTED)), 8); }
  /** Sequence of the record of that image. */
  get oldestSequence(): u64 { return load<u64>(this.at(this.oldest(COMMITTED)), 16); }

  /** Every image that waits now is due. */
  expire(): void { this.expiredCount = this.committedCount; }

  /** Whether images ought to go home, at this sequence of the log. */
  isDue(sequence: u64): bool {
    const count = this.committedCount;
    if (count > WAITING_IMAGES) this.isDraining = true;
    if (count <= WAITING_IMAGES / 2) this.isDraining = false;
    return this.isDraining || this.expiredCount != 0 || (count != 0 && sequence - this.lagsSince >= WAITING_RECORDS);
  }

  /** Write the oldest committed image home; it is clean then. The caller made its record durable and named. */
  sendOldestHome(disk: Disk): u32 {
    const entry = this.oldest(COMMITTED);
    const status = disk.write(this.address(entry), 0, this.image(entry), 1);
    if (status) return status;
    this.move(entry, this.queueOf(this.address(entry)));
    if (this.expiredCount) this.expiredCount--;
    return Status.Ok;
  }

  /** Write every committed image home. */
  sendHome(disk: Disk): u32 {
    while (this.committedCount) {
      const status = this.sendOldestHome(disk);
      if (status) return status;
    }
    return Status.Ok;
  }

  /** Lay the newest images over blocks [first, first + count) that were read into a caller's lease. */
  overlay(first: u64, count: u32, leases: Leases, lease: u32): u32 {
    for (let list = COMMITTED; list >= OPEN; list--) {
      for (let entry = this.oldest(list); entry < CAPACITY; entry = this.next(entry)) {
        const address = this.address(entry);
        if (address < first || address - first >= count) continue;
        const status = leases.write(lease, <u32>(address - first) * BLOCK_BYTES, this.image(entry), BLOCK_BYTES);
        if (status) return status;
      }
    }
    return Status.Ok;
  }
}

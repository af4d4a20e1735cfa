// Finds free blocks in a range: next-fit from a place on, the first run that is long enough or else the longest of a few pages. It goes down the map only where a pointer says that there is something free, so what it costs
// follows the run that it finds and not the disk. A run lies in one bitmap page.
//
// What stays true: a run that was found is free, and no block of it waits; a node that is not sound is passed over, as if nothing were free there.
//
// Safety: bits are read below PAGE_BITS of a page in memory; places are below Geometry.blockCount.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Geometry, Level, PAGE_BITS, TABLE_POINTERS, blocksOfNode } from "./geometry";
import { MapTree } from "./map-tree";
import { WaitingBlocks } from "./waiting-blocks";

/** Free runs that are looked at before the longest is taken, if it is long enough for an extent of the content store. */
const RUNS_TRIED: u32 = 64;
export const EXTENT_BLOCKS: u32 = 16;
/** Pages with free runs that are looked at before the longest is taken, whatever its length. */
const PAGES_TRIED: u32 = 8;

export class FreeSearch {
  foundAddress: u64 = 0;
  foundCount: u32 = 0;
  private runs: u32 = 0;
  private pages: u32 = 0;
  /** Of a node that could not be used. */
  private failure: u32 = Status.Ok;
  private recent: usize = 0;
  private older: usize = 0;

  constructor(readonly geometry: Geometry, readonly tree: MapTree, readonly waiting: WaitingBlocks) {}

  /** Nothing is found yet. */
  begin(): void {
    this.foundCount = 0;
    this.failure = Status.Ok;
  }

  /** A run of up to `count` blocks in [from, end), from `start` on and around the end; what was found before stays if it is longer. NoSpace if there is none, or why that is not known. */
  find(from: u64, start: u64, end: u64, count: u32): u32 {
    this.runs = 0;
    this.pages = 0;
    let status = this.look(start, end, count);
    if (!status && !this.isEnough(count)) status = this.look(from, start, count);
    if (status) return status;
    return this.foundCount ? <u32>Status.Ok : this.failure ? this.failure : Status.NoSpace;
  }

  private isEnough(count: u32): bool { return this.foundCount >= count || this.pages >= PAGES_TRIED || (this.foundCount >= EXTENT_BLOCKS && this.runs >= RUNS_TRIED); }

  /** Look at [from, end). Statuses but Ok end the search: the device did not answer. */
  private look(from: u64, end: u64, count: u32): u32 {
    // Bounded: each turn ends a page, a table or an upper table.
    for (let at = from; at < end && !this.isEnough(count); ) {
      const page = <u32>(at / PAGE_BITS);
      const level = this.emptyLevel(page);
      if (level < 0) return <u32>-level;
      if (level == <i32>Level.count) {
        const first = <u64>page * PAGE_BITS;
        this.lookAtPage(page, <u32>(at - first), <u32>min<u64>(PAGE_BITS, end - first), count);
        at = first + PAGE_BITS;
      } else at = (at / blocksOfNode(level) + 1) * blocksOfNode(level);
    }
    return Status.Ok;
  }

  /** The highest level at which nothing can be had around this page, Level.count if the page has something and is loaded, or −Status. */
  private emptyLevel(page: u32): i32 {
    const table = page / TABLE_POINTERS, upper = table / TABLE_POINTERS;
    if (this.tree.freeOfUpper(upper) == this.waiting.countOfUpper(upper)) return Level.upper;
    let status = this.tree.loadUpper(upper);
    if (status) return this.passOver(status, Level.upper);
    if (this.tree.freeBelow(table) == this.waiting.countOfTable(table)) return Level.table;
    status = this.tree.loadTable(table);
    if (status) return this.passOver(status, Level.table);
    if (this.tree.freeBelow(page) == this.waiting.countOfPage(page)) return Level.page;
    status = this.tree.loadPage(page);
    return status ? this.passOver(status, Level.page) : Level.count;
  }
  private passOver(status: u32, level: u32): i32 {
    if (status != Status.Corrupted && status != Status.DeviceError) return -<i32>status;
    this.failure = status;
    return level;
  }

  private lookAtPage(page: u32, from: u32, end: u32, count: u32): void {
    this.recent = this.waiting.recent.plane(page);
    this.older = this.waiting.older.plane(page);
    const before = this.runs;
    for (let at = this.next(from, end, false); at < end && !this.isEnough(count); ) {
      const length = this.next(at, min(end, at + count), true) - at;
      this.runs++;
      if (length > this.foundCount) {
        this.foundAddress = <u64>page * PAGE_BITS + at;
        this.foundCount = length;
      }
      at = this.next(at + length, end, false);
    }
    if (this.runs != before) this.pages++;
  }

  /** The first block in [from, end) of the loaded page that is blocked, or that is not; `end` if there is none. */
  private next(from: u32, end: u32, blocked: bool): u32 {
    for (let at = from; at < end; at = (at | 63) + 1) {
      const offset = <usize>(at >> 6) * 8;
      let word = load<u64>(this.tree.bits + offset);
      if (this.recent) word |= load<u64>(this.recent + offset);
      if (this.older) word |= load<u64>(this.older + offset);
      if (!blocked) word = ~word;
      word >>= at & 63;
      if (word) return min(at + <u32>ctz<u64>(word), end);
    }
    return end;
  }
}

// Blocks that were freed and may not be handed out yet (docs/crash-contract.md rule 5). In the map they are free already.
//
//   free ─► recent (since the last checkpoint) ─► older (before it, but the generation before it still reaches them) ─► reusable, and perhaps discarded
//
// What stays true: `recent` and `older` have no block in common; the counts are those of both together.
//
// Safety: page numbers are below Geometry.pageCount; the arrays hold an entry for every node of the largest image.
import { FixedArray } from "../base/fixed-array/index";
import { MAXIMUM_BLOCKS, PAGE_BITS, ROOT_POINTERS, TABLE_POINTERS } from "./geometry";
import { FrameKind, PageFrames } from "./page-frames";
import { PageSet } from "./page-set";

const MAXIMUM_TABLES: u32 = <u32>(MAXIMUM_BLOCKS / PAGE_BITS / TABLE_POINTERS) + 1;

export class WaitingBlocks {
  readonly recent: PageSet;
  readonly older: PageSet;
  private ofTable: FixedArray<u32> = new FixedArray<u32>(MAXIMUM_TABLES);
  private ofUpper: FixedArray<u32> = new FixedArray<u32>(ROOT_POINTERS);

  constructor(private frames: PageFrames) {
    this.recent = new PageSet(frames, FrameKind.recent);
    this.older = new PageSet(frames, FrameKind.older);
  }

  /** For use with a reset of the frames. */
  reset(): void {
    this.recent.reset();
    this.older.reset();
    for (let table: u32 = 0; table < MAXIMUM_TABLES; table++) this.ofTable[table] = 0;
    for (let upper: u32 = 0; upper < ROOT_POINTERS; upper++) this.ofUpper[upper] = 0;
  }

  get count(): u64 { return this.recent.count + this.older.count; }
  countOfUpper(index: u32): u32 { return this.ofUpper[index]; }
  countOfTable(index: u32): u32 { return this.ofTable[index]; }
  countOfPage(number: u32): u32 { return this.ofTable[number / TABLE_POINTERS] ? this.recent.countOf(number) + this.older.countOf(number) : 0; }
  /** How many blocks of a run of one page wait. */
  countIn(page: u32, first: u32, count: u32): u32 { return this.recent.countIn(page, first, count) + this.older.countIn(page, first, count); }

  private note(page: u32, blocks: u32): void {
    const table = page / TABLE_POINTERS;
    this.ofTable[table] += blocks;
    this.ofUpper[table / TABLE_POINTERS] += blocks;
  }

  add(set: PageSet, page: u32, first: u32, count: u32): void { this.note(page, set.add(page, first, count)); }
  remove(set: PageSet, page: u32, first: u32, count: u32): void { this.note(page, 0 - set.remove(page, first, count)); }

  /** Nothing recoverable reaches what is in `older`: it waits no longer. */
  releaseOlder(): void {
    for (let frame = this.frames.after(0, FrameKind.older); frame; frame = this.frames.after(frame, FrameKind.older)) this.note(this.frames.index(frame), 0 - this.frames.count(frame));
    this.older.clear();
  }

  /** A checkpoint became durable. */
  advance(): void {
    this.releaseOlder();
    this.older.takeOver(this.recent);
  }
}

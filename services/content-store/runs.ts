// The index on disk: sorted runs of entries, each in segments of up to 64 KiB, listed by a directory, named by the root (docs/formats/content-store.md §3).
//
//   root (block service) ──► directory ──► segment, segment, …      run 0: the oldest and largest, every later one less than half of the one before
//
// A checkpoint writes the entries that are new since the last one as a new run. Runs behind the first that is not more than twice what is to be written
// are written again with it, so an entry is rewritten about log2 times in all; a run that lost entries to a collection is written again too.
// The table in memory holds every entry with the number of its run, so nothing has to be read for it.
//
// Safety: `directory` is GROUP_BYTES; segmentCount × SEGMENT_ROW never exceeds it. `scratch` is the staging buffer, empty whenever a run is written.
import { hash } from "../base/blake3/index";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Entry, RUN_NONE } from "./entry";
import { IndexTable } from "./index-table";
import { BLOCK_BYTES, EXTENT_BLOCKS_MAX, GROUP_BYTES, Kind, blocksOf } from "./limits";
import { BlockLayer } from "./lower";
import { RunWriter } from "./run-writer";
import { STAGING_BLOCKS, StagingBuffer } from "./staging";

/** A directory row is laid out like an entry: value: the segment's hash; address; kind object; flags: run << 4; length in bytes. */
export const SEGMENT_ROW: u32 = Entry.BYTES;
const SEGMENTS_MAX: u32 = GROUP_BYTES / SEGMENT_ROW;
const RUNS_MAX: u32 = RUN_NONE - 1;

export const ROOT_BYTES: u32 = 64;
const ROOT_MAGIC: u32 = 0x49435841;
const ROOT_VERSION: u32 = 1;

/** u32 magic "AXCI", u32 version, u64 entries, u64 address of the directory, u32 its bytes, u32 0, its hash. Safety: ROOT_BYTES at p. */
export namespace Root {
  export function isRoot(p: usize): bool { return load<u32>(p) == ROOT_MAGIC; }
  export function isSupported(p: usize): bool { return load<u32>(p, 4) == ROOT_VERSION; }
  export function entryCount(p: usize): u64 { return load<u64>(p, 8); }
  export function directoryAddress(p: usize): u64 { return load<u64>(p, 16); }
  export function directoryBytes(p: usize): u32 { return load<u32>(p, 24); }
  export function directoryHash(p: usize): usize { return p + 32; }
  export function fill(p: usize, entryCount: u64, address: u64, lengthBytes: u32, value: usize): void {
    store<u32>(p, ROOT_MAGIC);
    store<u32>(p, ROOT_VERSION, 4);
    store<u64>(p, entryCount, 8);
    store<u64>(p, address, 16);
    store<u64>(p, lengthBytes, 24);
    memory.copy(p + 32, value, 32);
  }
}

export class Runs {
  readonly directory: usize = heap.alloc(GROUP_BYTES);
  segmentCount: u32 = 0;
  readonly root: usize = heap.alloc(ROOT_BYTES);
  private runCount: u32 = 0;
  /** Of each run: entries of it that are in the table, and entries that were removed since it was written. */
  private live: StaticArray<u32> = new StaticArray<u32>(16);
  private removed: StaticArray<u32> = new StaticArray<u32>(16);
  /** Segments written by the checkpoint under way, after the old ones in place of which they will come. */
  private rows: usize = heap.alloc(GROUP_BYTES);
  private rowCount: u32 = 0;
  /** Of each segment in the scratch, the slot of its first entry. */
  private firstSlots: StaticArray<u32> = new StaticArray<u32>(STAGING_BLOCKS);
  /** Blocks of a full segment of the checkpoint under way. */
  private segmentBlocks: u32 = EXTENT_BLOCKS_MAX;
  private value: usize = heap.alloc(32);

  constructor(private index: IndexTable, private block: BlockLayer, private writer: RunWriter, private staging: StagingBuffer) {
    this.reset();
  }

  reset(): void {
    this.segmentCount = 0;
    this.runCount = 0;
    for (let run = 0; run < 16; run++) this.live[run] = this.removed[run] = 0;
    memory.fill(this.root, 0, ROOT_BYTES);
    Root.fill(this.root, 0, 0, 0, this.root + 32);
  }

  segment(i: u32): usize { return this.directory + <usize>i * SEGMENT_ROW; }
  get directoryBlocks(): u32 { return blocksOf(Root.directoryBytes(this.root)); }

  /** An entry of the table is in this run on disk. */
  loaded(run: u32): void {
    this.live[run]++;
    if (run >= this.runCount) this.runCount = run + 1;
  }

  /** An entry leaves the table. */
  entryRemoved(entry: usize): void {
    const run = Entry.run(entry);
    if (run == RUN_NONE) return;
    this.live[run]--;
    this.removed[run]++;
  }

  /** Writes what the root does not have yet and makes a new root of it. Nothing is staged; on failure the old root stands. */
  checkpoint(): u32 {
    const first = this.firstToWrite();
    if (first > this.runCount) return Status.Ok;
    this.writer.fromReserve = true;
    this.rowCount = 0;
    this.segmentBlocks = EXTENT_BLOCKS_MAX;
    let status = this.writeEntries(first);
    if (status == Status.Ok) status = this.writeDirectory(first);
    this.writer.fromReserve = false;
    if (status == Status.Ok) this.adopt(first);
    else this.freeRows(this.rows, this.rowCount);
    return status == Status.TooLarge ? <u32>Status.NoSpace : status;
  }

  /** The number of the run to write: it takes in the new entries and those of all runs from this number on. More than runCount: nothing to do. */
  private firstToWrite(): u32 {
    let count = this.index.count;
    for (let run: u32 = 0; run < this.runCount; run++) count -= this.live[run];
    let first = this.runCount;
    while (first > 0 && count != 0 && (this.live[first - 1] <= 2 * count || first >= RUNS_MAX)) {
      first--;
      count += this.live[first];
    }
    for (let run: u32 = 0; run < first; run++) if (this.removed[run] != 0) first = run;
    return first == this.runCount && count == 0 ? first + 1 : first;
  }

  /**
   * On a full disk there may be room in small pieces only, and without a checkpoint none ever comes back: what does not fit into segments of 16 blocks goes into segments of 4, and what does not fit into those into single
   * blocks. What is written stays: blocks that are given back cannot be had again before two checkpoints.
   */
  private writeEntries(first: u32): u32 {
    const isOnlyNew = first == this.runCount;
    let segment: u32 = 0;
    let filled: u32 = 0;
    let slot = isOnlyNew ? this.index.nextPerhapsNew(0) : this.index.nextUsed(0);
    let isDone = false;
    while (!isDone) {
      const isEnd = slot >= this.index.slotLimit;
      if (isEnd && filled) {
        this.endSegment(segment++, first, filled);
        filled = 0;
      }
      if (segment == STAGING_BLOCKS / this.segmentBlocks || (isEnd && segment)) {
        const status = this.writeSegments(segment);
        if (status == Status.NoSpace && this.segmentBlocks > 1) {
          this.segmentBlocks /= 4;
          slot = this.firstSlots[this.writer.written];
        } else if (status != Status.Ok) return status;
        segment = 0;
        continue;
      }
      if (isEnd) {
        isDone = true;
        continue;
      }
      const entry = this.index.entry(slot);
      if (Entry.run(entry) >= first) {
        if (!filled) this.firstSlots[segment] = slot;
        const at = this.staging.base + segment * this.segmentBlocks * BLOCK_BYTES + filled * Entry.BYTES;
        memory.copy(at, entry, Entry.BYTES);
        Entry.setFlags(at, 0);
        filled++;
        if (filled == this.segmentBlocks * BLOCK_BYTES / Entry.BYTES) {
          this.endSegment(segment++, first, filled);
          filled = 0;
        }
      }
      slot = isOnlyNew ? this.index.nextPerhapsNew(slot + 1) : this.index.nextUsed(slot + 1);
    }
    return Status.Ok;
  }

  /** A row for a full segment; its address is its place in the scratch for now. */
  private endSegment(segment: u32, run: u32, entryCount: u32): void {
    const at = this.staging.base + segment * this.segmentBlocks * BLOCK_BYTES;
    const lengthBytes = entryCount * Entry.BYTES;
    memory.fill(at + lengthBytes, 0, blocksOf(lengthBytes) * BLOCK_BYTES - lengthBytes);
    hash(at, lengthBytes, this.value);
    // Rows beyond the table's end are noticed before they are used, in writeSegments.
    if (this.rowCount + segment < SEGMENTS_MAX) {
      Entry.fill(this.rows + <usize>(this.rowCount + segment) * SEGMENT_ROW, Kind.object, this.value, lengthBytes, 0, segment * this.segmentBlocks, run << 4);
    }
  }

  private writeSegments(count: u32): u32 {
    if (count > SEGMENTS_MAX - this.rowCount) return Status.TooLarge;
    const status = this.writer.write(this.staging.base, this.rows + <usize>this.rowCount * SEGMENT_ROW, count);
    this.rowCount += this.writer.written;
    return status;
  }

  /** Rows of the runs that stay, then the new ones: the new directory, in the scratch. */
  private writeDirectory(first: u32): u32 {
    let keptCount: u32 = 0;
    while (keptCount < this.segmentCount && Entry.run(this.segment(keptCount)) < first) keptCount++;
    if (keptCount + this.rowCount > SEGMENTS_MAX) return Status.TooLarge;
    const at = this.staging.base;
    const keptBytes = keptCount * SEGMENT_ROW;
    const lengthBytes = keptBytes + this.rowCount * SEGMENT_ROW;
    memory.copy(at, this.directory, keptBytes);
    memory.copy(at + keptBytes, this.rows, this.rowCount * SEGMENT_ROW);
    let address: u64 = 0;
    if (lengthBytes) {
      memory.fill(at + lengthBytes, 0, blocksOf(lengthBytes) * BLOCK_BYTES - lengthBytes);
      hash(at, lengthBytes, this.value);
      const record = at + GROUP_BYTES;
      Entry.fill(record, Kind.object, this.value, lengthBytes, 0, 0, 0);
      const status = this.writer.write(at, record, 1);
      if (status != Status.Ok) return status;
      address = Entry.address(record);
    } else memory.fill(this.value, 0, 32);
    // From here on nothing can fail: what the old root reached goes, the new one takes its place.
    this.freeRows(this.segment(keptCount), this.segmentCount - keptCount);
    if (this.directoryBlocks) this.block.free(Root.directoryAddress(this.root), this.directoryBlocks);
    memory.copy(this.directory, at, lengthBytes);
    this.segmentCount = keptCount + this.rowCount;
    Root.fill(this.root, this.index.count, address, lengthBytes, this.value);
    return Status.Ok;
  }

  private adopt(first: u32): void {
    const isOnlyNew = first == this.runCount;
    let total: u32 = 0;
    let slot = isOnlyNew ? this.index.nextPerhapsNew(0) : this.index.nextUsed(0);
    while (slot < this.index.slotLimit) {
      const entry = this.index.entry(slot);
      if (Entry.run(entry) >= first) {
        Entry.setRun(entry, first);
        total++;
      }
      slot = isOnlyNew ? this.index.nextPerhapsNew(slot + 1) : this.index.nextUsed(slot + 1);
    }
    for (let run = first; run < this.runCount; run++) this.live[run] = this.removed[run] = 0;
    this.live[first] = total;
    this.removed[first] = 0;
    this.runCount = total ? first + 1 : first;
    this.index.clearNew();
  }

  private freeRows(rows: usize, count: u32): void {
    for (let i: u32 = 0; i < count; i++) {
      const row = rows + <usize>i * SEGMENT_ROW;
      this.block.free(Entry.address(row), Entry.blockCount(row));
    }
  }
}

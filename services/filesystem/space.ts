// Room on the device, kept in view so that a full disk refuses new data cleanly and deleting always works: what adds data must leave a reserve that removals, map nodes and checkpoints live on
// (the block service keeps another for itself and the store's index).
//
// The figure is the block service's at the last look, less what has been staged since; before anything is refused it looks again.
//
// Safety: `statistics` holds the structure that the store fills.
import { StoreStatistics } from "../../kernel-bindings/generated/assembly/content-store";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { FileContents } from "./file-contents";
import { Journal } from "./journal";
import { Blocks, Contents } from "./lower";
import { State } from "./state";

const BLOCK_SHIFT: u32 = 12;
/** docs/formats/content-store.md: an entry of the index. */
const INDEX_ENTRY_BYTES: u64 = 48;
const RESERVE_MIN: u64 = 64;
const RESERVE_MAX: u64 = 4096;
/** Kept beyond what is owed: segments of the log, the index, the state record. */
const TIGHT_BLOCKS: u64 = 32;
/** One block in so many is reserved. */
const RESERVE_PART: u64 = 100;

export class Space {
  freeBlocks: u64 = 0;
  blockCount: u64 = 0;
  /** Blocks that clients' bytes took since the last look. */
  private spentBlocks: u64 = 0;
  /** What the store's index takes on the device, roughly. */
  private indexBlocks: u64 = 0;
  /** A StoreStatistics, of the last look. */
  readonly statistics: usize = heap.alloc(StoreStatistics.SIZE);

  constructor(private blocks: Blocks, private contents: Contents, private state: State, private journal: Journal, private files: FileContents) {}

  /** Look at the block service again. */
  refresh(): u32 {
    const status = this.blocks.describe();
    if (status != Status.Ok) return status;
    this.freeBlocks = this.blocks.freeBlocks;
    this.blockCount = this.blocks.blockCount;
    const counted = this.contents.statistics(this.statistics);
    if (counted != Status.Ok) return counted;
    const entries = StoreStatistics.objects(this.statistics) + StoreStatistics.groups(this.statistics) + StoreStatistics.interiors(this.statistics);
    this.indexBlocks = (entries * INDEX_ENTRY_BYTES) >> BLOCK_SHIFT;
    // What is staged now was perhaps written already; counted twice it errs on the safe side.
    this.spentBlocks = this.files.stagedBytes >> BLOCK_SHIFT;
    return Status.Ok;
  }

  /** Blocks that new content leaves alone: a fixed part, and what the changes in memory will take when they are written. */
  get reservedBlocks(): u64 { return this.fixedBlocks + (this.indexBlocks << 1) + this.owedBlocks; }

  private get fixedBlocks(): u64 { return min(max(this.blockCount / RESERVE_PART, RESERVE_MIN), RESERVE_MAX); }

  /** Blocks that a checkpoint of what is in memory will take. */
  get owedBlocks(): u64 { return ((<u64>this.state.cache.unstoredBytes << 1) + this.journal.archiveBytes + this.journal.batch.entryBytes) >> BLOCK_SHIFT; }

  /** Whether a collection should be made while it still can: it writes the store's index up to twice, before and after. */
  get isTight(): bool { return this.owedBlocks + (this.indexBlocks << 1) + TIGHT_BLOCKS + this.spentBlocks > this.freeBlocks; }

  /** Whether the next checkpoint may find no room. */
  get isCritical(): bool { return this.owedBlocks + TIGHT_BLOCKS + this.spentBlocks > this.freeBlocks; }

  /** Whether so many bytes more leave the reserve alone, as far as is known without a look. */
  admits(bytes: u64): bool {
    const wanted = (bytes >> BLOCK_SHIFT) + 2 + this.spentBlocks + this.reservedBlocks;
    return wanted <= this.freeBlocks;
  }

  /** Whether a change of what is there (a mode, a name) leaves half of the fixed part: its entry stays in the log for good, and removals must still find room for theirs. */
  get admitsChange(): bool { return 2 + this.spentBlocks + this.reservedBlocks - (this.fixedBlocks >> 1) <= this.freeBlocks; }

  spend(bytes: u64): void { this.spentBlocks += (bytes >> BLOCK_SHIFT) + 1; }
}

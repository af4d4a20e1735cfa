// Room on the device, kept in view so that a full disk refuses new data cleanly and deleting always works: what adds data must leave a reserve that removals, map nodes and checkpoints live on
// (the block service keeps another for itself and the store's index).
//
// The figure is the block service's at the last look, less what has been staged since; before anything is refused it looks again.
//
// Safety: no memory is touched.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Batch } from "./batch";
import { FileContents } from "./file-contents";
import { Blocks } from "./lower";
import { State } from "./state";

const BLOCK_SHIFT: u32 = 12;
const RESERVE_MIN: u64 = 64;
const RESERVE_MAX: u64 = 4096;
/** One block in so many is reserved. */
const RESERVE_PART: u64 = 100;

export class Space {
  freeBlocks: u64 = 0;
  blockCount: u64 = 0;
  /** Blocks that clients' bytes took since the last look. */
  private spentBlocks: u64 = 0;

  constructor(private blocks: Blocks, private state: State, private batch: Batch, private files: FileContents) {}

  /** Look at the block service again. */
  refresh(): u32 {
    const status = this.blocks.describe();
    if (status != Status.Ok) return status;
    this.freeBlocks = this.blocks.freeBlocks;
    this.blockCount = this.blocks.blockCount;
    // What is staged now was perhaps written already; counted twice it errs on the safe side.
    this.spentBlocks = this.files.stagedBytes >> BLOCK_SHIFT;
    return Status.Ok;
  }

  /** Blocks that only removals and metadata may use: a fixed part, and what the changes in memory will take when they are written. */
  get reservedBlocks(): u64 {
    const fixed = min(max(this.blockCount / RESERVE_PART, RESERVE_MIN), RESERVE_MAX);
    return fixed + (((<u64>this.state.cache.unstoredBytes << 1) + this.batch.lengthBytes) >> BLOCK_SHIFT);
  }

  /** Whether so many bytes more leave the reserve alone, as far as is known without a look. */
  admits(bytes: u64): bool {
    const wanted = (bytes >> BLOCK_SHIFT) + 2 + this.spentBlocks + this.reservedBlocks;
    return wanted <= this.freeBlocks;
  }

  spend(bytes: u64): void { this.spentBlocks += (bytes >> BLOCK_SHIFT) + 1; }
}

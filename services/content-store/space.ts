// Refuses content for which there will be no room when it is written out. Staged and dirty content has no blocks yet, so without this a full device would be noticed only
// in the middle of a group commit. A reserve stays free for the index itself, so that a full image can still checkpoint, and thus collect.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Entry } from "./entry";
import { IndexTable } from "./index-table";
import { BLOCK_BYTES } from "./limits";
import { BlockLayer } from "./lower";

/** Beside the index: a directory, parts of blocks, and frees that wait for a checkpoint. */
const RESERVE_BLOCKS: u64 = 64;

export class Space {
  private freeBlocks: u64 = 0;
  /** Blocks that staged extents will take. */
  private stagedBlocks: u64 = 0;

  constructor(private block: BlockLayer, private index: IndexTable) {}

  reset(): void {
    this.freeBlocks = 0;
    this.stagedBlocks = 0;
  }

  /** Is there room for `blockCount` more blocks beside what is staged? */
  fits(blockCount: u64): bool {
    const wanted = blockCount + this.stagedBlocks + RESERVE_BLOCKS + <u64>(this.index.count + 1) * Entry.BYTES / BLOCK_BYTES;
    if (wanted <= this.freeBlocks) return true;
    // The figure may be old: others allocate and free too.
    if (this.block.describe() != Status.Ok) return false;
    this.freeBlocks = this.block.freeBlocks;
    return wanted <= this.freeBlocks;
  }

  staged(blockCount: u32): void { this.stagedBlocks += blockCount; }
  written(blockCount: u32): void {
    this.stagedBlocks -= blockCount;
    this.freeBlocks -= min<u64>(this.freeBlocks, blockCount);
  }
}

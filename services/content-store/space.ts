// Refuses content for which there will be no room when it is written out. Staged and dirty content has no blocks yet, so without this a full device would be noticed only
// in the middle of a group commit. The index itself is written from the block service's reserve, which is not counted as free here, so a full image can checkpoint and collect.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { BlockLayer } from "./lower";

export class Space {
  private freeBlocks: u64 = 0;
  /** Blocks that staged extents will take. */
  private stagedBlocks: u64 = 0;

  constructor(private block: BlockLayer) {}

  reset(): void {
    this.freeBlocks = 0;
    this.stagedBlocks = 0;
  }

  /** Is there room for `blockCount` more blocks beside what is staged? */
  fits(blockCount: u64): bool {
    const wanted = blockCount + this.stagedBlocks;
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

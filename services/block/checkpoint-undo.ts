// What a checkpoint changes in memory on its way to the disk: pointers, roots, marks of dirty pages, the next superblock. If the device stops answering half way, all of it returns to what the newest
// durable generation has, so that the next attempt goes to the same copies and never to one that the last two generations reach (docs/crash-contract.md rule 3).
//
// Safety: the copies are as large as what they are copies of; `tableCount` and `pageCount` are bounded by Geometry.
import { Allocator } from "./allocator";
import { CHECKPOINT_BYTES, Checkpoint } from "./checkpoint";
import { BLOCK_BYTES, MAXIMUM_PAGES, MAXIMUM_TABLES } from "./geometry";
import { SUPERBLOCK_BYTES, Superblock } from "./superblock";

export class CheckpointUndo {
  private structure: usize = heap.alloc(CHECKPOINT_BYTES);
  private tables: usize = heap.alloc(<usize>MAXIMUM_TABLES * BLOCK_BYTES);
  private dirty: usize = heap.alloc(MAXIMUM_PAGES);
  private superblockBytes: usize = heap.alloc(SUPERBLOCK_BYTES);

  constructor(readonly map: Checkpoint, readonly allocator: Allocator, readonly superblock: Superblock) {}

  /** Remember how things stand. */
  keep(): void {
    const geometry = this.map.geometry;
    memory.copy(this.structure, this.map.structure, CHECKPOINT_BYTES);
    memory.copy(this.tables, this.map.tables, <usize>geometry.tableCount * BLOCK_BYTES);
    memory.copy(this.dirty, this.allocator.dirtyOfPage, geometry.pageCount);
    this.keepSuperblock();
  }
  keepSuperblock(): void { memory.copy(this.superblockBytes, this.superblock.address, SUPERBLOCK_BYTES); }

  /** Return to it. */
  putBack(): void {
    const geometry = this.map.geometry;
    memory.copy(this.map.structure, this.structure, CHECKPOINT_BYTES);
    memory.copy(this.map.tables, this.tables, <usize>geometry.tableCount * BLOCK_BYTES);
    memory.copy(this.allocator.dirtyOfPage, this.dirty, geometry.pageCount);
    this.putBackSuperblock();
  }
  putBackSuperblock(): void { memory.copy(this.superblock.address, this.superblockBytes, SUPERBLOCK_BYTES); }
}

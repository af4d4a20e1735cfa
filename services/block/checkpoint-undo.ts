// What a checkpoint changes in memory on its way to the disk besides the map: roots, pointers of the checkpoint, the next superblock. If the device stops answering half way, all of it returns to what the newest
// durable generation has. (Nodes of the map keep which copy is durable until the next one is: MapTree.writeNode.)
//
// Safety: the copies are as large as what they are copies of.
import { CHECKPOINT_BYTES, Checkpoint } from "./checkpoint";
import { SUPERBLOCK_BYTES, Superblock } from "./superblock";

export class CheckpointUndo {
  private structure: usize = heap.alloc(CHECKPOINT_BYTES);
  private superblockBytes: usize = heap.alloc(SUPERBLOCK_BYTES);

  constructor(readonly map: Checkpoint, readonly superblock: Superblock) {}

  /** Remember how things stand. */
  keep(): void {
    memory.copy(this.structure, this.map.structure, CHECKPOINT_BYTES);
    this.keepSuperblock();
  }
  keepSuperblock(): void { memory.copy(this.superblockBytes, this.superblock.address, SUPERBLOCK_BYTES); }

  /** Return to it. */
  putBack(): void {
    memory.copy(this.map.structure, this.structure, CHECKPOINT_BYTES);
    this.putBackSuperblock();
  }
  putBackSuperblock(): void { memory.copy(this.superblock.address, this.superblockBytes, SUPERBLOCK_BYTES); }
}

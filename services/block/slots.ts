// The four superblock slots as a mount finds them: which are valid, which is newest, which generation to fall back to.
// What stays true: the slots are read once and checked in memory; a slot that cannot be read counts as damaged, not as absent.
//
// Safety: `sectors` holds SLOT_COUNT superblocks; slot numbers are below SLOT_COUNT.
import { StructureRole } from "../../kernel-bindings/generated/assembly/block";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Damage } from "./damage";
import { Disk, isPassing } from "./disk";
import { BLOCK_BYTES, Geometry, SLOT_COUNT } from "./geometry";
import { IMAGE_ID_BYTES, SUPERBLOCK_BYTES, Superblock } from "./superblock";

export class Slots {
  private sectors: usize = heap.alloc(SLOT_COUNT * SUPERBLOCK_BYTES);
  private views: StaticArray<Superblock> = new StaticArray<Superblock>(SLOT_COUNT);
  private validMask: u32 = 0;
  private unreadableMask: u32 = 0;
  private block: usize = heap.alloc(BLOCK_BYTES);
  /** A slot that is neither empty nor valid. */
  damagedCount: u32 = 0;
  /** Some slot has the magic, valid or not. */
  hasMagic: bool = false;
  readFailure: u32 = Status.Ok;

  /** `damage` hears of slots that are neither empty nor valid. */
  constructor(readonly disk: Disk, readonly geometry: Geometry, readonly damage: Damage) {
    for (let slot: u32 = 0; slot < SLOT_COUNT; slot++) this.views[slot] = new Superblock(this.sectors + slot * SUPERBLOCK_BYTES);
  }

  get(slot: u32): Superblock { return this.views[slot]; }
  isUnreadable(slot: u32): bool { return (this.unreadableMask >> slot & 1) != 0; }
  isValid(slot: u32): bool { return (this.validMask >> slot & 1) != 0; }

  read(): void {
    this.validMask = 0;
    this.unreadableMask = 0;
    this.damagedCount = 0;
    this.hasMagic = false;
    this.readFailure = Status.Ok;
    for (let slot: u32 = 0; slot < SLOT_COUNT; slot++) {
      const address = this.geometry.slotAddress(slot);
      memory.fill(this.views[slot].address, 0, SUPERBLOCK_BYTES);
      if (address >= this.disk.blockCount) continue; // of an image that was cut
      const status = this.disk.read(address, 0, this.block, 1);
      if (status) {
        this.readFailure = status;
        this.unreadableMask |= 1 << slot;
        this.damagedCount++;
        if (!isPassing(status)) this.damage.note(StructureRole.superblock, address);
        continue;
      }
      const view = this.views[slot];
      memory.copy(view.address, this.block, SUPERBLOCK_BYTES);
      if (view.hasMagic) this.hasMagic = true;
      if (view.isValid(slot, address)) this.validMask |= 1 << slot;
      else if (!view.isEmpty) {
        this.damagedCount++;
        this.damage.note(StructureRole.superblock, address);
      }
    }
  }

  /**
   * The image is mounted and its last two generations stand: what was damaged and still is gets emptied, so that nobody finds it again before its turn comes.
   * Never what cannot be read, which may be sound; what cannot be written stays as it is.
   */
  emptyDamaged(): void {
    const wasSound = this.validMask | this.unreadableMask;
    this.read();
    if (this.readFailure) return;
    memory.fill(this.block, 0, BLOCK_BYTES);
    for (let slot: u32 = 0; slot < SLOT_COUNT; slot++) {
      if (((wasSound | this.validMask) >> slot & 1) == 0 && !this.views[slot].isEmpty) this.disk.write(this.geometry.slotAddress(slot), 0, this.block, 1);
    }
  }

  /** The valid slot with the highest generation below `limit`, of the image `imageId` (0: any); −1: none. */
  newestBelow(limit: u64, imageId: usize): i32 {
    let found = -1;
    for (let slot: u32 = 0; slot < SLOT_COUNT; slot++) {
      if (!this.isValid(slot) || this.views[slot].generation >= limit) continue;
      if (imageId && memory.compare(this.views[slot].imageId, imageId, IMAGE_ID_BYTES) != 0) continue;
      if (found < 0 || this.views[slot].generation > this.views[found].generation) found = slot;
    }
    return found;
  }

  /** The last sequence that any valid superblock of an image names: what is in a checkpoint was flushed. */
  highestSequence(imageId: usize): u64 {
    let highest: u64 = 0;
    for (let slot: u32 = 0; slot < SLOT_COUNT; slot++) {
      if (this.isValid(slot) && memory.compare(this.views[slot].imageId, imageId, IMAGE_ID_BYTES) == 0) highest = max(highest, this.views[slot].sequence);
    }
    return highest;
  }
}

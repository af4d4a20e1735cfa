// A superblock: the 512-byte sector that names a checkpoint and where the log goes on (docs/formats/block.md §2).
// What stays true: a sector that `isValid` refuses is never used, and nothing here reads outside the sector.
//
// Safety: `address` is SUPERBLOCK_BYTES of this service's memory, given at construction; every offset below is a constant inside it.
import { hash } from "../base/blake3/hasher";
import { BLOCK_BYTES, CHECKPOINT_BLOCKS, COPY_COUNT, Geometry, HASH_BYTES, MAXIMUM_SEGMENTS, SLOT_COUNT } from "./geometry";

export const SUPERBLOCK_BYTES: u32 = 512;
export const FORMAT_VERSION: u32 = 2;
export const IMAGE_ID_BYTES: u32 = 16;
const SEGMENTS_OFFSET: u32 = 216;
const SEGMENT_BYTES: u32 = 16;
const CHECKSUM_OFFSET: u32 = 480;
/** "AXIOMFS" and a zero byte. */
const MAGIC: u64 = 0x0053_464d_4f49_5841;

/** Generations, epochs, sequences and log positions are below this, or are no such thing; from half of it on an image is served for reading alone, so that no count ever runs over. A billion of them a second last for 146 years. */
export const COUNT_LIMIT: u64 = 1 << 63;

const computed: usize = memory.data(32, 16);

export class Superblock {
  constructor(readonly address: usize) {}

  get version(): u32 { return load<u32>(this.address, 8); }
  get imageId(): usize { return this.address + 16; }
  get incompatibleFlags(): u64 { return load<u64>(this.address, 32); }
  get readOnlyFlags(): u64 { return load<u64>(this.address, 40); }
  get compatibleFlags(): u64 { return load<u64>(this.address, 48); }
  set compatibleFlags(value: u64) { store<u64>(this.address, value, 48); }
  get generation(): u64 { return load<u64>(this.address, 56); }
  set generation(value: u64) { store<u64>(this.address, value, 56); }
  get blockCount(): u64 { return load<u64>(this.address, 72); }
  get epoch(): u64 { return load<u64>(this.address, 112); }
  get logPosition(): u64 { return load<u64>(this.address, 120); }
  /** Sequence of the last record that the checkpoint contains. */
  get sequence(): u64 { return load<u64>(this.address, 128); }
  get recordHash(): usize { return this.address + 136; }
  get checkpointAddress(): u64 { return load<u64>(this.address, 168); }
  get checkpointHash(): usize { return this.address + 184; }
  get slot(): u32 { return <u32>(this.generation % SLOT_COUNT); }

  get hasMagic(): bool { return load<u64>(this.address) == MAGIC; }

  get isEmpty(): bool {
    for (let offset: u32 = 0; offset < SUPERBLOCK_BYTES; offset += 8) if (load<u64>(this.address + offset)) return false;
    return true;
  }

  /** Whether this is a whole superblock that belongs into `slot`. Says nothing of its version. */
  isValid(slot: u32, slotAddress: u64): bool {
    if (!this.hasMagic) return false;
    hash(this.address, CHECKSUM_OFFSET, computed);
    if (memory.compare(computed, this.address + CHECKSUM_OFFSET, HASH_BYTES) != 0) return false;
    if ((this.generation | this.epoch | this.logPosition | this.sequence) >= COUNT_LIMIT) return false;
    return this.generation != 0 && this.slot == slot && load<u64>(this.address, 64) == slotAddress;
  }

  /** Put the places it names into `geometry`; false if they do not fit (docs/formats/block.md §2), and then `geometry` means nothing. */
  layOut(geometry: Geometry): bool {
    if (!geometry.adopt(this.blockCount, load<u64>(this.address, 88))) return false;
    if (load<u64>(this.address, 80) != geometry.logStart || load<u64>(this.address, 96) != geometry.checkpointStart) return false;
    const segmentCount = load<u64>(this.address, 104);
    for (let i: u32 = 0; i < MAXIMUM_SEGMENTS && i < segmentCount; i++) {
      const entry = this.segment(i);
      if (!geometry.addSegment(load<u32>(entry), load<u32>(entry, 4), load<u64>(entry, 8))) return false;
    }
    if (segmentCount != geometry.segmentCount || !geometry.isWhole || load<u64>(this.address, 176) != CHECKPOINT_BLOCKS * BLOCK_BYTES) return false;
    for (let copy: u32 = 0; copy < COPY_COUNT; copy++) if (this.checkpointAddress == geometry.checkpointAddress(copy)) return true;
    return false;
  }
  private segment(index: u32): usize { return this.address + SEGMENTS_OFFSET + index * SEGMENT_BYTES; }

  /** Fill in what stays the same for the life of an image; the rest is zero until `describe…` and `seal`. */
  begin(): void {
    memory.fill(this.address, 0, SUPERBLOCK_BYTES);
    store<u64>(this.address, MAGIC);
    store<u32>(this.address, FORMAT_VERSION, 8);
    store<u32>(this.address, SUPERBLOCK_BYTES, 12);
  }

  describePlaces(geometry: Geometry): void {
    store<u64>(this.address, geometry.blockCount, 72);
    store<u64>(this.address, geometry.logStart, 80);
    store<u64>(this.address, geometry.logBlocks, 88);
    store<u64>(this.address, geometry.checkpointStart, 96);
    store<u64>(this.address, geometry.segmentCount, 104);
    for (let i: u32 = 0; i < geometry.segmentCount; i++) {
      const segment = geometry.segment(i);
      store<u32>(this.segment(i), segment.firstPage);
      store<u32>(this.segment(i), segment.pageCount, 4);
      store<u64>(this.segment(i), segment.firstBlock, 8);
    }
  }

  describeLog(epoch: u64, position: u64, sequence: u64, recordHash: usize): void {
    store<u64>(this.address, epoch, 112);
    store<u64>(this.address, position, 120);
    store<u64>(this.address, sequence, 128);
    memory.copy(this.recordHash, recordHash, HASH_BYTES);
  }

  describeCheckpoint(address: u64, checkpointHash: usize): void {
    store<u64>(this.address, address, 168);
    store<u64>(this.address, CHECKPOINT_BLOCKS * BLOCK_BYTES, 176);
    memory.copy(this.checkpointHash, checkpointHash, HASH_BYTES);
  }

  /** Name the slot that the generation belongs to, and checksum. */
  seal(slotAddress: u64): void {
    store<u64>(this.address, slotAddress, 64);
    hash(this.address, CHECKSUM_OFFSET, this.address + CHECKSUM_OFFSET);
  }

  copyFrom(other: Superblock): void { memory.copy(this.address, other.address, SUPERBLOCK_BYTES); }
}

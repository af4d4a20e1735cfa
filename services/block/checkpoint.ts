// The structure that a superblock names: the roots of the clients, and the pointers to the upper tables of the map (docs/formats/block.md §3). In memory exactly as on the disk.
//
// Safety: the buffer has the size of the format; badges are 1 … ROOT_COUNT, lengths at most ROOT_BYTES and indexes below ROOT_POINTERS: callers check, and `read` does for what comes from the disk.
import { hash } from "../base/blake3/hasher";
import { StructureRole } from "../../kernel-bindings/generated/assembly/block";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Disk } from "./disk";
import { BLOCK_BYTES, CHECKPOINT_BLOCKS, COPY_COUNT, Geometry, Level } from "./geometry";
import { PAGE_HEADER_BYTES, PageType, isPageSound, pointerAt, writePageHeader } from "./map-page";
import { MapReader } from "./map-reader";
import { Superblock } from "./superblock";

export const CHECKPOINT_BYTES: u32 = CHECKPOINT_BLOCKS * BLOCK_BYTES;
const ROOT_LENGTHS_OFFSET: u32 = 48;
const ROOTS_OFFSET: u32 = 128;
const POINTERS_OFFSET: u32 = 4224;
export const ROOT_BYTES: u32 = 1024;
export const ROOT_COUNT: u32 = 4;

const computed: usize = memory.data(32, 16);

export class Checkpoint {
  readonly structure: usize = heap.alloc(CHECKPOINT_BYTES);
  /** The same as the newest durable generation has it. */
  private durable: usize = heap.alloc(CHECKPOINT_BYTES);

  constructor(readonly disk: Disk, readonly geometry: Geometry, private reader: MapReader) {}

  /** That of an image in which nothing was written yet. */
  reset(): void {
    memory.fill(this.structure, 0, CHECKPOINT_BYTES);
    this.describeNew(0);
  }

  /** Pointers to the upper tables from number `from` on, which were never written. */
  describeNew(from: u32): void { this.reader.makePointers(this.structure + POINTERS_OFFSET, Level.upper, 0, from); }

  rootLength(badge: u32): u32 { return load<u32>(this.structure + ROOT_LENGTHS_OFFSET + 4 * (badge - 1)); }
  root(badge: u32): usize { return this.structure + ROOTS_OFFSET + ROOT_BYTES * (badge - 1); }
  setRoot(badge: u32, address: usize, lengthBytes: u32): void {
    store<u32>(this.structure + ROOT_LENGTHS_OFFSET + 4 * (badge - 1), lengthBytes);
    memory.fill(this.root(badge), 0, ROOT_BYTES);
    memory.copy(this.root(badge), address, lengthBytes);
  }

  upperPointer(index: u32): usize { return pointerAt(this.structure + POINTERS_OFFSET, index); }

  /** Write the structure into the copy after the one that `superblock` names (none: the first) and name it there. Nothing is flushed; `settle` when the generation is durable. */
  write(superblock: Superblock, usedBlocks: u64): u32 {
    store<u64>(this.structure, usedBlocks, PAGE_HEADER_BYTES);
    store<u32>(this.structure, this.geometry.pageCount, PAGE_HEADER_BYTES + 8);
    store<u32>(this.structure, this.geometry.levelCount(Level.upper), PAGE_HEADER_BYTES + 12);
    return this.put(this.structure, superblock);
  }
  /** The same with the structure of the newest durable generation, whatever has changed in memory since. */
  writeAgain(superblock: Superblock): u32 { return this.put(this.durable, superblock); }
  /** What `write` wrote, or `read` read, is durable. */
  settle(): void { memory.copy(this.durable, this.structure, CHECKPOINT_BYTES); }

  private put(structure: usize, superblock: Superblock): u32 {
    const previous = superblock.checkpointAddress;
    const copy = previous ? (<u32>(previous - this.geometry.checkpointAddress(0)) / CHECKPOINT_BLOCKS + 1) % COPY_COUNT : 0;
    const address = this.geometry.checkpointAddress(copy);
    writePageHeader(structure, PageType.checkpoint, copy, address, 0, superblock.generation);
    const status = this.disk.write(address, 0, structure, CHECKPOINT_BLOCKS);
    if (status) return status;
    hash(structure, CHECKPOINT_BYTES, computed);
    superblock.describeCheckpoint(address, computed);
    return Status.Ok;
  }

  /** Read the structure that a superblock names. Corrupted: it is not sound. */
  read(superblock: Superblock): u32 {
    const status = this.readSound(superblock, superblock.checkpointAddress);
    if (status) return this.reader.refuse(StructureRole.checkpoint, superblock.checkpointAddress, status);
    this.settle();
    return Status.Ok;
  }

  private readSound(superblock: Superblock, address: u64): u32 {
    const status = this.disk.read(address, 0, this.structure, CHECKPOINT_BLOCKS);
    if (status) return status;
    if (!isPageSound(this.structure, CHECKPOINT_BYTES, PageType.checkpoint, address, 0, superblock.checkpointHash)) return Status.Corrupted;
    if (load<u32>(this.structure, PAGE_HEADER_BYTES + 8) != this.geometry.pageCount || load<u32>(this.structure, PAGE_HEADER_BYTES + 12) != this.geometry.levelCount(Level.upper)) return Status.Corrupted;
    for (let badge: u32 = 1; badge <= ROOT_COUNT; badge++) if (this.rootLength(badge) > ROOT_BYTES) return Status.Corrupted;
    const used = load<u64>(this.structure, PAGE_HEADER_BYTES);
    if (used > this.geometry.blockCount) return Status.Corrupted;
    return this.reader.areSound(this.structure + POINTERS_OFFSET, Level.upper, 0, this.geometry.blockCount - used) ? Status.Ok : Status.Corrupted;
  }
}

// The checkpoint of a generation: allocation pages under table pages under one structure that also holds the clients' roots (docs/formats/block.md §3).
// In memory are the structure and all tables exactly as on the disk; bitmap pages are made from the allocator when they are dirty.
//
//   superblock ─► checkpoint (header, roots, pointers) ─► table pages ─► bitmap pages        each in three copies; a new version goes into the next copy
//
// What stays true: `write` never touches a copy that the last two generations reach; after a `write` that failed the service must not go on (Volume.fail).
//
// Safety: buffers are allocated once with the sizes of the format; indexes are below Geometry's counts, which `Geometry.layOut` bounds.
import { hash } from "../base/blake3/hasher";
import { StructureRole } from "../../kernel-bindings/generated/assembly/block";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Allocator } from "./allocator";
import { Damage } from "./damage";
import { Disk, isPassing } from "./disk";
import { BLOCK_BYTES, CHECKPOINT_BLOCKS, COPY_COUNT, Geometry, MAXIMUM_TABLES, PAGE_BITS_BYTES, TABLE_POINTERS } from "./geometry";
import { PAGE_HEADER_BYTES, PageType, isPageSound, pointerAt, pointerHash, pointerTarget, setPointer, writePageHeader } from "./map-page";
import { Superblock } from "./superblock";

export const CHECKPOINT_BYTES: u32 = CHECKPOINT_BLOCKS * BLOCK_BYTES;
const ROOT_LENGTHS_OFFSET: u32 = 48;
const ROOTS_OFFSET: u32 = 128;
const POINTERS_OFFSET: u32 = 4224;
export const ROOT_BYTES: u32 = 1024;
export const ROOT_COUNT: u32 = 4;

/** Everything about one generation's map except the bits. */
export class Checkpoint {
  readonly structure: usize = heap.alloc(CHECKPOINT_BYTES);
  readonly tables: usize = heap.alloc(<usize>MAXIMUM_TABLES * BLOCK_BYTES);
  /** One page on its way to or from the disk. */
  readonly page: usize = heap.alloc(BLOCK_BYTES);

  /** `damage` hears of what does not verify. */
  constructor(readonly disk: Disk, readonly geometry: Geometry, readonly damage: Damage) {}

  private refuse(role: u32, address: u64, status: u32): u32 {
    if (!isPassing(status)) this.damage.note(role, address);
    return status;
  }

  /** The map of an image in which nothing was written yet. */
  reset(): void {
    memory.fill(this.structure, 0, CHECKPOINT_BYTES);
    memory.fill(this.tables, 0, <usize>this.geometry.tableCount * BLOCK_BYTES);
  }

  rootLength(badge: u32): u32 { return load<u32>(this.structure + ROOT_LENGTHS_OFFSET + 4 * (badge - 1)); }
  root(badge: u32): usize { return this.structure + ROOTS_OFFSET + ROOT_BYTES * (badge - 1); }
  setRoot(badge: u32, address: usize, lengthBytes: u32): void {
    store<u32>(this.structure + ROOT_LENGTHS_OFFSET + 4 * (badge - 1), lengthBytes);
    memory.fill(this.root(badge), 0, ROOT_BYTES);
    memory.copy(this.root(badge), address, lengthBytes);
  }

  table(index: u32): usize { return this.tables + <usize>index * BLOCK_BYTES; }
  tablePointer(index: u32): usize { return pointerAt(this.structure + POINTERS_OFFSET, index); }
  pagePointer(number: u32): usize { return pointerAt(this.table(number / TABLE_POINTERS) + PAGE_HEADER_BYTES, number % TABLE_POINTERS); }

  /** The copy after the one a pointer names; `first` is the address of copy 0. */
  private nextCopy(pointer: usize, first: u64): u32 { return pointerTarget(pointer) ? (<u32>(pointerTarget(pointer) - first) + 1) % COPY_COUNT : 0; }

  /** Write every dirty page, the tables above them and the structure, and describe the result in `superblock`. Nothing is flushed. */
  write(allocator: Allocator, superblock: Superblock, previousCheckpoint: u64): u32 {
    const generation = superblock.generation;
    for (let index: u32 = 0; index < this.geometry.tableCount; index++) {
      const status = this.writeTable(index, allocator, generation);
      if (status) return status;
    }
    const copy = previousCheckpoint ? (<u32>(previousCheckpoint - this.geometry.checkpointAddress(0)) / CHECKPOINT_BLOCKS + 1) % COPY_COUNT : 0;
    const address = this.geometry.checkpointAddress(copy);
    writePageHeader(this.structure, PageType.checkpoint, copy, address, 0, generation);
    store<u64>(this.structure, allocator.usedCount, PAGE_HEADER_BYTES);
    store<u32>(this.structure, this.geometry.pageCount, PAGE_HEADER_BYTES + 8);
    store<u32>(this.structure, this.geometry.tableCount, PAGE_HEADER_BYTES + 12);
    const status = this.disk.write(address, 0, this.structure, CHECKPOINT_BLOCKS);
    if (status) return status;
    hash(this.structure, CHECKPOINT_BYTES, this.page);
    superblock.describeCheckpoint(address, this.page);
    return Status.Ok;
  }

  private writeTable(index: u32, allocator: Allocator, generation: u64): u32 {
    const first = index * TABLE_POINTERS;
    const end = min(first + TABLE_POINTERS, this.geometry.pageCount);
    let isDirty = false;
    for (let number = first; number < end; number++) {
      if (!allocator.isDirty(number)) continue;
      isDirty = true;
      const pointer = this.pagePointer(number);
      const copy = this.nextCopy(pointer, this.geometry.pageAddress(number, 0));
      const address = this.geometry.pageAddress(number, copy);
      writePageHeader(this.page, PageType.bitmap, copy, address, number, generation);
      allocator.writePage(number, this.page + PAGE_HEADER_BYTES);
      const status = this.disk.write(address, 0, this.page, 1);
      if (status) return status;
      setPointer(pointer, address, this.page, BLOCK_BYTES);
      allocator.setDirty(number, false);
    }
    if (!isDirty) return Status.Ok;
    const pointer = this.tablePointer(index);
    const copy = this.nextCopy(pointer, this.geometry.tableAddress(index, 0));
    const address = this.geometry.tableAddress(index, copy);
    writePageHeader(this.table(index), PageType.table, copy, address, index, generation);
    const status = this.disk.write(address, 0, this.table(index), 1);
    if (status) return status;
    setPointer(pointer, address, this.table(index), BLOCK_BYTES);
    return Status.Ok;
  }

  /** Read the structure that a superblock names. */
  readStructure(superblock: Superblock): u32 {
    const address = superblock.checkpointAddress;
    const status = this.disk.read(address, 0, this.structure, CHECKPOINT_BLOCKS);
    if (status) return this.refuse(StructureRole.checkpoint, address, status);
    if (!isPageSound(this.structure, CHECKPOINT_BYTES, PageType.checkpoint, address, 0, superblock.checkpointHash)) return this.refuse(StructureRole.checkpoint, address, Status.Corrupted);
    if (load<u32>(this.structure, PAGE_HEADER_BYTES + 8) != this.geometry.pageCount || load<u32>(this.structure, PAGE_HEADER_BYTES + 12) != this.geometry.tableCount) return this.refuse(StructureRole.checkpoint, address, Status.Corrupted);
    for (let badge: u32 = 1; badge <= ROOT_COUNT; badge++) if (this.rootLength(badge) > ROOT_BYTES) return this.refuse(StructureRole.checkpoint, address, Status.Corrupted);
    return Status.Ok;
  }

  /** Read table `index` into its place; all zero if it was never written. */
  readTable(index: u32): u32 {
    const pointer = this.tablePointer(index);
    const target = this.table(index);
    if (pointerTarget(pointer)) return this.readPage(pointer, this.geometry.tableAddress(index, 0), PageType.table, index, target);
    memory.fill(target, 0, BLOCK_BYTES);
    return Status.Ok;
  }

  /** Read bitmap page `number` into `page`; the table above it was read. */
  readBitmap(number: u32): u32 {
    const pointer = this.pagePointer(number);
    if (pointerTarget(pointer)) return this.readPage(pointer, this.geometry.pageAddress(number, 0), PageType.bitmap, number, this.page);
    memory.fill(this.page, 0, BLOCK_BYTES);
    return Status.Ok;
  }

  /** Read and verify one page; a pointer may lead only to one of the three copies, the first of which is at `first`. */
  private readPage(pointer: usize, first: u64, type: u32, index: u32, target: usize): u32 {
    const address = pointerTarget(pointer);
    const role = type == PageType.table ? StructureRole.tablePage : StructureRole.bitmapPage;
    if (address < first || address - first >= COPY_COUNT) return this.refuse(role, first, Status.Corrupted);
    const status = this.disk.read(address, 0, target, 1);
    if (status) return this.refuse(role, address, status);
    return isPageSound(target, BLOCK_BYTES, type, address, index, pointerHash(pointer)) ? Status.Ok : this.refuse(role, address, Status.Corrupted);
  }

  /** Load the generation of `superblock` into the allocator: nothing is used before its hash fits. */
  load(superblock: Superblock, allocator: Allocator): u32 {
    this.reset();
    allocator.reset();
    let status = this.readStructure(superblock);
    for (let index: u32 = 0; index < this.geometry.tableCount && !status; index++) status = this.loadTable(index, allocator);
    if (!status) allocator.settle();
    return status;
  }

  private loadTable(index: u32, allocator: Allocator): u32 {
    const status = this.readTable(index);
    if (status) return status;
    const end = min((index + 1) * TABLE_POINTERS, this.geometry.pageCount);
    for (let number = index * TABLE_POINTERS; number < end; number++) {
      if (!pointerTarget(this.pagePointer(number))) continue;
      const pageStatus = this.readBitmap(number);
      if (pageStatus) return pageStatus;
      memory.copy(allocator.pageBits(number), this.page + PAGE_HEADER_BYTES, PAGE_BITS_BYTES);
    }
    return Status.Ok;
  }
}

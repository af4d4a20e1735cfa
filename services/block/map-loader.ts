// Loads one generation's allocation into the allocator, and with it what only the generation before uses (docs/crash-contract.md rule 5).
// What stays true: nothing is used before its hash fits; a generation before that does not verify protects nothing, because no mount can return to it.
//
// Safety: pages land in buffers of Checkpoint, whose indexes Geometry bounds.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Allocator } from "./allocator";
import { Checkpoint } from "./checkpoint";
import { Geometry, HASH_BYTES, TABLE_POINTERS } from "./geometry";
import { PAGE_HEADER_BYTES, pointerHash, pointerTarget } from "./map-page";
import { Superblock } from "./superblock";

export class MapLoader {
  private hasBefore: bool = false;

  constructor(readonly geometry: Geometry, readonly map: Checkpoint, readonly before: Checkpoint, readonly allocator: Allocator) {}

  /** Load the generation of `superblock`; `previous` is the newest valid one before it, or null. */
  load(superblock: Superblock, previous: Superblock | null): u32 {
    this.map.reset();
    this.allocator.reset();
    let status = this.map.readStructure(superblock);
    if (status) return status;
    this.hasBefore = false;
    if (previous) {
      this.before.reset();
      this.hasBefore = previous.fits(this.geometry) && this.before.readStructure(previous) == Status.Ok;
    }
    for (let index: u32 = 0; index < this.geometry.tableCount; index++) {
      status = this.loadTable(index);
      if (status) return status;
    }
    this.allocator.settle();
    return Status.Ok;
  }

  private loadTable(index: u32): u32 {
    const status = this.map.readTable(index);
    if (status) return status;
    const isSame = !this.hasBefore || memory.compare(pointerHash(this.map.tablePointer(index)), pointerHash(this.before.tablePointer(index)), HASH_BYTES) == 0;
    const hasBefore = !isSame && this.before.readTable(index) == Status.Ok;
    const first = index * TABLE_POINTERS;
    const end = min(first + TABLE_POINTERS, this.geometry.pageCount);
    for (let number = first; number < end; number++) {
      const pageStatus = this.loadPage(number, hasBefore);
      if (pageStatus) return pageStatus;
    }
    return Status.Ok;
  }

  private loadPage(number: u32, hasBefore: bool): u32 {
    const pointer = this.map.pagePointer(number);
    let previous: usize = 0;
    if (hasBefore) {
      const pointerBefore = this.before.pagePointer(number);
      const isSame = memory.compare(pointerHash(pointer), pointerHash(pointerBefore), HASH_BYTES) == 0;
      if (!isSame && pointerTarget(pointerBefore) && this.before.readBitmap(number) == Status.Ok) previous = this.before.page + PAGE_HEADER_BYTES;
    }
    if (!pointerTarget(pointer) && !previous) return Status.Ok;
    const status = this.map.readBitmap(number);
    if (status) return status;
    return this.allocator.loadPage(number, this.map.page + PAGE_HEADER_BYTES, previous);
  }
}

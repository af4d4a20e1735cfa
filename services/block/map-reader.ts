// Reads one node of the map from the disk and believes it only if it is sound (docs/formats/block.md §3): the hash of its pointer, its own name in its header, one of its three places, and content that
// agrees with the pointer. Everything above it may then trust the counts: no image makes them run below zero or lead nowhere.
//
// Safety: `target` is BLOCK_BYTES of this service's memory; index < Geometry.levelCount(level).
import { StructureRole } from "../../kernel-bindings/generated/assembly/block";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { countBits, setBits } from "./bits";
import { Damage } from "./damage";
import { Disk, isPassing } from "./disk";
import { BLOCK_BYTES, COPY_COUNT, Geometry, Level, PAGE_BITS, PAGE_BITS_BYTES, TABLE_POINTERS } from "./geometry";
import { PAGE_HEADER_BYTES, PageType, clearPointer, isPageSound, pointerAt, pointerFree, pointerHash, pointerTarget } from "./map-page";

export function typeOfLevel(level: u32): u32 { return level == Level.page ? PageType.bitmap : level == Level.table ? PageType.table : PageType.upper; }

function roleOfLevel(level: u32): u32 { return level == Level.page ? StructureRole.bitmapPage : level == Level.table ? StructureRole.table : StructureRole.upperTable; }

export class MapReader {
  /** `damage` hears of what does not verify. */
  constructor(readonly disk: Disk, readonly geometry: Geometry, readonly damage: Damage) {}

  /** Note a structure that is not used, unless the device did not answer; its status. */
  refuse(role: u32, address: u64, status: u32): u32 {
    if (!isPassing(status)) this.damage.note(role, address);
    return status;
  }

  /** The node that `pointer` leads to into `target`. Corrupted: it is not sound; other statuses are the device's. */
  read(level: u32, index: u32, pointer: usize, target: usize): u32 {
    const address = pointerTarget(pointer);
    if (!address) {
      this.makeEmpty(level, index, target);
      return Status.Ok;
    }
    const first = this.geometry.nodeAddress(level, index);
    if (address < first || address - first >= COPY_COUNT) return this.refuse(roleOfLevel(level), first, Status.Corrupted);
    const status = this.readSound(level, index, address, pointer, target);
    return status ? this.refuse(roleOfLevel(level), address, status) : <u32>Status.Ok;
  }

  private readSound(level: u32, index: u32, address: u64, pointer: usize, target: usize): u32 {
    const status = this.disk.read(address, 0, target, 1);
    if (status) return status;
    if (!isPageSound(target, BLOCK_BYTES, typeOfLevel(level), address, index, pointerHash(pointer))) return Status.Corrupted;
    const agrees = level == Level.page ? this.isPageOf(index, target, pointerFree(pointer)) : this.areSound(target + PAGE_HEADER_BYTES, level - 1, index * TABLE_POINTERS, pointerFree(pointer));
    return agrees ? Status.Ok : Status.Corrupted;
  }

  /** A node as it is before anything was written: nothing is in use but what the service owns. */
  private makeEmpty(level: u32, index: u32, target: usize): void {
    memory.fill(target, 0, BLOCK_BYTES);
    if (level == Level.page) this.closeOwned(index, target + PAGE_HEADER_BYTES);
    else this.makePointers(target + PAGE_HEADER_BYTES, level - 1, index * TABLE_POINTERS, 0);
  }

  /** Pointers to the never-written nodes of `level` that the image has from node `first` + `from` on, in a table that begins with node `first`. */
  makePointers(pointers: usize, level: u32, first: u32, from: u32): void {
    const count = min(TABLE_POINTERS, this.geometry.levelCount(level) - first);
    for (let i = from; i < count; i++) clearPointer(pointerAt(pointers, i), this.geometry.clientBlocksOf(level, first + i));
  }

  /** Set the bits of a page that are never for clients; how many of them were 0. */
  closeOwned(number: u32, bits: usize): u32 {
    const geometry = this.geometry;
    const first = <u64>number * PAGE_BITS, end = first + PAGE_BITS;
    let opened: u32 = 0;
    for (let run: u32 = 0; run <= geometry.ownedRuns; run++) {
      const isTail = run == geometry.ownedRuns;
      const from = max(first, isTail ? geometry.blockCount : geometry.ownedFirst(run));
      const to = isTail ? end : min(end, geometry.ownedFirst(run) + geometry.ownedCount(run));
      if (from < to) opened += setBits(bits, <u32>(from - first), <u32>(to - from));
    }
    return opened;
  }

  private isPageOf(number: u32, page: usize, free: u32): bool {
    const bits = page + PAGE_HEADER_BYTES;
    return countBits(bits, 0, PAGE_BITS) == PAGE_BITS - free && !this.closeOwned(number, bits);
  }

  /** Whether the pointers to the nodes of `level` from `first` on have together `free` blocks, and none more than it can. */
  areSound(pointers: usize, level: u32, first: u32, free: u64): bool {
    const count = min(TABLE_POINTERS, this.geometry.levelCount(level) - first);
    let sum: u64 = 0;
    for (let i: u32 = 0; i < count; i++) {
      const pointer = pointerAt(pointers, i);
      const most = this.geometry.clientBlocksOf(level, first + i);
      if (pointerTarget(pointer) ? pointerFree(pointer) > most : pointerFree(pointer) != most) return false;
      sum += pointerFree(pointer);
    }
    return sum == free;
  }
}

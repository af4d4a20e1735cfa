// What the store holds, counted as entries come and go, and how often equal content was met.
import { StoreStatistics } from "../../kernel-bindings/generated/assembly/content-store";
import { Entry } from "./entry";
import { Kind } from "./limits";

export class Counters {
  private objects: u64 = 0;
  private groups: u64 = 0;
  private interiors: u64 = 0;
  private storedBytes: u64 = 0;
  private usedBlocks: u64 = 0;
  duplicateObjects: u64 = 0;
  duplicateGroups: u64 = 0;

  /** Forgets what is held; duplicates are counted since the service started. */
  reset(): void {
    this.objects = 0;
    this.groups = 0;
    this.interiors = 0;
    this.storedBytes = 0;
    this.usedBlocks = 0;
  }

  add(entry: usize): void { this.change(entry, 1); }
  remove(entry: usize): void { this.change(entry, -1); }

  /** Safety: `out` is StoreStatistics.SIZE bytes. */
  write(out: usize): void {
    memory.fill(out, 0, StoreStatistics.SIZE);
    StoreStatistics.setObjects(out, this.objects);
    StoreStatistics.setGroups(out, this.groups);
    StoreStatistics.setInteriors(out, this.interiors);
    StoreStatistics.setStoredBytes(out, this.storedBytes);
    StoreStatistics.setUsedBlocks(out, this.usedBlocks);
    StoreStatistics.setDuplicateObjects(out, this.duplicateObjects);
    StoreStatistics.setDuplicateGroups(out, this.duplicateGroups);
  }

  /** Unsigned arithmetic wraps, so adding −1 is taking one away. */
  private change(entry: usize, by: i64): void {
    const kind = Entry.kind(entry);
    if (kind == Kind.object) this.objects += by;
    else if (kind == Kind.group) this.groups += by;
    else this.interiors += by;
    this.storedBytes += by * <i64>Entry.extentBytes(entry);
    this.usedBlocks += by * <i64>Entry.blockCount(entry);
  }
}

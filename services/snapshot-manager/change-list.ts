// The result of a comparison: ChangeRecords in path order, in an arena made at start.
//
//   arena:  record │ record │ …      in the order found, as they travel in a lease
//   order:  u32 offset of each record, sorted
//
// Order: by path (the old one of a rename), bytes as unsigned; the same path by the number of the change; then by new path. So the same two trees give the same list.
//
// Safety: room is checked before a record is made; offsets in `order` are those of whole records.
import { ChangeRecord } from "../../kernel-bindings/generated/assembly/snapshots";
import { compareKeys } from "../base/merkle-map";

export class ChangeList {
  private arena: usize;
  private order: usize;
  private usedBytes: u32 = 0;
  count: u32 = 0;

  constructor(readonly capacityBytes: u32, readonly capacityCount: u32) {
    this.arena = heap.alloc(capacityBytes);
    this.order = heap.alloc(<usize>capacityCount << 2);
  }

  clear(): void {
    this.usedBytes = 0;
    this.count = 0;
  }

  /** False: there is no room for it. */
  add(change: u32, kind: u32, path: usize, pathBytes: u32, newPath: usize, newPathBytes: u32): bool {
    const recordBytes = (ChangeRecord.SIZE + pathBytes + newPathBytes + 7) & ~7;
    if (this.count == this.capacityCount || recordBytes > this.capacityBytes - this.usedBytes) return false;
    const p = this.arena + this.usedBytes;
    // Padding travels too, and must not tell what was in the arena before.
    store<u64>(p + recordBytes - 8, 0);
    ChangeRecord.setRecordBytes(p, recordBytes);
    ChangeRecord.setChange(p, <u16>change);
    ChangeRecord.setKind(p, <u16>kind);
    ChangeRecord.setPathBytes(p, pathBytes);
    ChangeRecord.setNewPathBytes(p, newPathBytes);
    memory.copy(p + ChangeRecord.SIZE, path, pathBytes);
    memory.copy(p + ChangeRecord.SIZE + pathBytes, newPath, newPathBytes);
    this.setOffset(this.count++, this.usedBytes);
    this.usedBytes += recordBytes;
    return true;
  }

  /** Record number `index` in path order, after `sort`. */
  record(index: u32): usize {
    assert(index < this.count);
    return this.arena + this.offset(index);
  }

  /** Heapsort: in place, without recursion, and no order of the input makes it slow. */
  sort(): void {
    for (let root: i32 = <i32>(this.count >> 1) - 1; root >= 0; root--) this.sift(root, this.count);
    for (let end = this.count; end > 1;) {
      end--;
      this.swap(0, end);
      this.sift(0, end);
    }
  }

  private sift(from: u32, end: u32): void {
    let root = from;
    while ((root << 1) + 1 < end) {
      let child = (root << 1) + 1;
      if (child + 1 < end && this.compare(child, child + 1) < 0) child++;
      if (this.compare(root, child) >= 0) return;
      this.swap(root, child);
      root = child;
    }
  }

  private compare(left: u32, right: u32): i32 {
    const a = this.arena + this.offset(left);
    const b = this.arena + this.offset(right);
    const paths = compareKeys(a + ChangeRecord.SIZE, ChangeRecord.pathBytes(a), b + ChangeRecord.SIZE, ChangeRecord.pathBytes(b));
    if (paths != 0) return paths;
    const changes = <i32>ChangeRecord.change(a) - <i32>ChangeRecord.change(b);
    if (changes != 0) return changes;
    return compareKeys(a + ChangeRecord.SIZE + ChangeRecord.pathBytes(a), ChangeRecord.newPathBytes(a), b + ChangeRecord.SIZE + ChangeRecord.pathBytes(b), ChangeRecord.newPathBytes(b));
  }

  private swap(left: u32, right: u32): void {
    const offset = this.offset(left);
    this.setOffset(left, this.offset(right));
    this.setOffset(right, offset);
  }

  private offset(index: u32): u32 { return load<u32>(this.order + (<usize>index << 2)); }
  private setOffset(index: u32, value: u32): void { store<u32>(this.order + (<usize>index << 2), value); }
}

// Files that are open, each once however many capabilities it has: its writer, if bytes were written; what is unsaved; and its record, when its name is gone but it is still open.
//
//   0 u64 inode   8 u32 next of its bucket or of the free list   12 u32 references   16 u32 writer (0: none)   20 u32 flags   24 u64 size   32 u64 time of the last write
//   40 u32 next unsaved   44 u32 previous unsaved   48 inode record's head (96 bytes), of an unlinked file
//
// Always: a file with references or unsaved bytes is in the table; unsaved files form a list; size counts only where there is a writer or the file is unlinked.
//
// Safety: the table is allocated once; an index comes from `find` or `open` and is below FILE_COUNT.
import { InodeRecord } from "./tree-format";

const FILE_COUNT: u32 = 4096;
const BUCKETS: u32 = 4096;
const RECORD_BYTES: u32 = 48 + 96;
const FLAG_UNSAVED: u32 = 1;
const FLAG_UNLINKED: u32 = 2;

export class OpenFiles {
  private table: usize = heap.alloc(FILE_COUNT * RECORD_BYTES);
  private buckets: usize = heap.alloc(BUCKETS * 4);
  private freeList: u32 = 0;
  /** First and number of the files with unsaved bytes. */
  firstUnsaved: u32 = 0;
  unsavedCount: u32 = 0;

  constructor() { this.clear(); }

  clear(): void {
    memory.fill(this.table, 0, FILE_COUNT * RECORD_BYTES);
    memory.fill(this.buckets, 0, BUCKETS * 4);
    this.freeList = 0;
    this.firstUnsaved = 0;
    this.unsavedCount = 0;
    for (let index = FILE_COUNT - 1; index > 0; index--) this.pushFree(index);
  }

  get capacity(): u32 { return FILE_COUNT; }
  get isFull(): bool { return this.freeList == 0; }
  /** Files without a name that are still open. */
  get unlinkedCount(): u32 {
    let count: u32 = 0;
    for (let index: u32 = 1; index < FILE_COUNT; index++) if (this.isUnlinked(index)) count++;
    return count;
  }
  inode(index: u32): u64 { return load<u64>(this.at(index)); }
  references(index: u32): u32 { return load<u32>(this.at(index), 12); }
  writer(index: u32): u32 { return load<u32>(this.at(index), 16); }
  setWriter(index: u32, writer: u32): void { store<u32>(this.at(index), writer, 16); }
  size(index: u32): u64 { return load<u64>(this.at(index), 24); }
  setSize(index: u32, size: u64): void { store<u64>(this.at(index), size, 24); }
  writeTime(index: u32): u64 { return load<u64>(this.at(index), 32); }
  isUnsaved(index: u32): bool { return (load<u32>(this.at(index), 20) & FLAG_UNSAVED) != 0; }
  isUnlinked(index: u32): bool { return (load<u32>(this.at(index), 20) & FLAG_UNLINKED) != 0; }
  nextUnsaved(index: u32): u32 { return load<u32>(this.at(index), 40); }
  /** The record of an unlinked file; no name. */
  record(index: u32): usize { return this.at(index) + 48; }

  /** The open file with this inode, or 0. Unlinked ones too: inode numbers are never used twice. */
  find(inode: u64): u32 {
    let index = load<u32>(this.bucket(inode));
    while (index != 0 && this.inode(index) != inode) index = load<u32>(this.at(index), 8);
    return index;
  }

  /** One more reference to the file; 0 when the table is full. */
  open(inode: u64): u32 {
    let index = this.find(inode);
    if (index == 0) {
      index = this.freeList;
      if (index == 0) return 0;
      const at = this.at(index);
      this.freeList = load<u32>(at, 8);
      memory.fill(at, 0, RECORD_BYTES);
      store<u64>(at, inode);
      store<u32>(at, load<u32>(this.bucket(inode)), 8);
      store<u32>(this.bucket(inode), index);
    }
    store<u32>(this.at(index), this.references(index) + 1, 12);
    return index;
  }

  /** One reference less. */
  drop(index: u32): void { store<u32>(this.at(index), this.references(index) - 1, 12); }

  /** Out of the table: no references, no writer, nothing unsaved. */
  forget(index: u32): void {
    assert(this.references(index) == 0 && this.writer(index) == 0 && !this.isUnsaved(index));
    let link = this.bucket(this.inode(index));
    while (load<u32>(link) != index) link = this.at(load<u32>(link)) + 8;
    store<u32>(link, load<u32>(this.at(index), 8));
    store<u32>(this.at(index), 0, 20);
    store<u64>(this.at(index), 0);
    this.pushFree(index);
  }

  /** The file's name is gone; keep its record. */
  unlink(index: u32, record: usize): void {
    store<u32>(this.at(index), load<u32>(this.at(index), 20) | FLAG_UNLINKED, 20);
    memory.copy(this.record(index), record, InodeRecord.HEAD_BYTES);
  }

  setUnsaved(index: u32, time: u64): void {
    store<u64>(this.at(index), time, 32);
    if (this.isUnsaved(index)) return;
    store<u32>(this.at(index), load<u32>(this.at(index), 20) | FLAG_UNSAVED, 20);
    store<u32>(this.at(index), this.firstUnsaved, 40);
    store<u32>(this.at(index), 0, 44);
    if (this.firstUnsaved != 0) store<u32>(this.at(this.firstUnsaved), index, 44);
    this.firstUnsaved = index;
    this.unsavedCount++;
  }

  setSaved(index: u32): void {
    if (!this.isUnsaved(index)) return;
    store<u32>(this.at(index), load<u32>(this.at(index), 20) & ~FLAG_UNSAVED, 20);
    const next = load<u32>(this.at(index), 40);
    const previous = load<u32>(this.at(index), 44);
    if (previous != 0) store<u32>(this.at(previous), next, 40);
    else this.firstUnsaved = next;
    if (next != 0) store<u32>(this.at(next), previous, 44);
    this.unsavedCount--;
  }

  private at(index: u32): usize { return this.table + <usize>index * RECORD_BYTES; }
  private bucket(inode: u64): usize { return this.buckets + (<usize>(inode & (BUCKETS - 1)) << 2); }
  private pushFree(index: u32): void {
    store<u32>(this.at(index), this.freeList, 8);
    this.freeList = index;
  }
}

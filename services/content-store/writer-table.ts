// The writers: one row for each, found by the badge of its capability. A badge is never given to two writers, so a stale one finds nothing.
//
//    0  u32 badge (0: free row)     4  u8 level of the top page (0: none)     5  u8 changed since base     8  u64 length
//   16  i32 slot (−1: none)        20  i32 top page (−1: none)               24  –                       32  32 bytes base
//
//   content of a writer                    slot    top page    base
//   unchanged                              −1      −1          the object
//   up to one group, changed               dirty   −1          what it was
//   more than one group, touched           −1      in pool     what it was; unchanged parts are reached by value
//
// Safety: rows are ROW_BYTES each, `writer` is below WRITERS_MAX.
import { EMPTY_HASH } from "./limits";

export const WRITERS_MAX: u32 = 256;
const ROW_BYTES: usize = 64;

export class WriterTable {
  private rows: usize = heap.alloc(<usize>WRITERS_MAX * ROW_BYTES);
  private generation: u32 = 0;
  private freeHint: u32 = 0;

  constructor() { memory.fill(this.rows, 0, <usize>WRITERS_MAX * ROW_BYTES); }

  reset(): void {
    for (let writer: u32 = 0; writer < WRITERS_MAX; writer++) this.close(writer);
  }

  /** A free row made a writer of this base, or −1. */
  open(base: usize, lengthBytes: u64): i32 {
    for (let step: u32 = 0; step < WRITERS_MAX; step++) {
      const writer = (this.freeHint + step) % WRITERS_MAX;
      if (this.isOpen(writer)) continue;
      this.freeHint = writer + 1;
      this.generation++;
      const row = this.row(writer);
      store<u32>(row, (this.generation << 8 | writer) + 1);
      this.setLength(writer, lengthBytes);
      store<i32>(row, -1, 16);
      this.setTop(writer, -1, 0);
      this.setBase(writer, base);
      return writer;
    }
    return -1;
  }

  close(writer: u32): void { store<u32>(this.row(writer), 0); }

  /** The writer with this badge, or −1. */
  find(badge: u32): i32 {
    const writer = (badge - 1) & 255;
    return badge != 0 && this.badge(writer) == badge ? writer : -1;
  }

  isOpen(writer: u32): bool { return this.badge(writer) != 0; }
  badge(writer: u32): u32 { return load<u32>(this.row(writer)); }
  level(writer: u32): u32 { return load<u8>(this.row(writer), 4); }
  isChanged(writer: u32): bool { return load<u8>(this.row(writer), 5) != 0; }
  setChanged(writer: u32): void { store<u8>(this.row(writer), 1, 5); }
  lengthBytes(writer: u32): u64 { return load<u64>(this.row(writer), 8); }
  setLength(writer: u32, lengthBytes: u64): void { store<u64>(this.row(writer), lengthBytes, 8); }
  slot(writer: u32): i32 { return load<i32>(this.row(writer), 16); }
  setSlot(writer: u32, slot: i32): void { store<i32>(this.row(writer), slot, 16); }
  topPage(writer: u32): i32 { return load<i32>(this.row(writer), 20); }
  setTop(writer: u32, page: i32, level: u32): void {
    store<i32>(this.row(writer), page, 20);
    store<u8>(this.row(writer), <u8>level, 4);
  }
  base(writer: u32): usize { return this.row(writer) + 32; }
  /** The writer's content is this object now. */
  setBase(writer: u32, objectHash: usize): void {
    memory.copy(this.base(writer), objectHash, 32);
    store<u8>(this.row(writer), 0, 5);
  }
  isEmptyBase(writer: u32): bool { return memory.compare(this.base(writer), EMPTY_HASH, 32) == 0; }

  private row(writer: u32): usize { return this.rows + <usize>writer * ROW_BYTES; }
}

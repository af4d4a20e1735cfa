// The pool of interior pages that writers work on: copies of the base object's pages where something below them was touched, and new pages.
//
// A page has 128 children, each in one of three states:
//   HOLE      zeros, or past the end; the value is not known yet
//   VALUE     stored (or a hole whose value is known) under the value in the page
//   IN_POOL + n   slot n of the group pool (level 1) or page n of this pool (above); a clean page's value is in its parent all the same
// The parent of a page in the pool is in the pool. A writer's top page has no parent.
//
// Safety: HEAD_BYTES, STATE_BYTES and PAGE_BYTES for each page; page is below pageCount and child below FANOUT wherever they come from this directory.
import { FANOUT, FANOUT_SHIFT, PAGE_BYTES, VALUE_BYTES } from "./limits";

export namespace ChildState {
  export const hole: u32 = 0;
  export const value: u32 = 1;
  export const inPool: u32 = 2;
}
export const NO_PAGE: u32 = 0xffff;
const NO_WRITER: u32 = 0xffff;
/** u16 writer, u8 level, u8 dirty, u16 parent, u8 place in the parent, u8 referenced, u32 index in its level, u16 children in pool, u16 –. */
const HEAD_BYTES: usize = 16;
const STATE_BYTES: usize = FANOUT * 2;

export class WriterPages {
  private heads: usize;
  private states: usize;
  private freeList: usize;
  freeCount: u32 = 0;
  private hand: u32 = 0;

  constructor(private base: usize, readonly pageCount: u32) {
    assert(pageCount < NO_PAGE - ChildState.inPool);
    this.heads = heap.alloc(<usize>pageCount * HEAD_BYTES);
    this.states = heap.alloc(<usize>pageCount * STATE_BYTES);
    this.freeList = heap.alloc(<usize>pageCount << 1);
    this.reset();
  }

  reset(): void {
    this.freeCount = 0;
    for (let page: u32 = 0; page < this.pageCount; page++) this.free(page);
  }

  writer(page: u32): u32 { return load<u16>(this.head(page)); }
  isFree(page: u32): bool { return this.writer(page) == NO_WRITER; }
  level(page: u32): u32 { return load<u8>(this.head(page), 2); }
  isDirty(page: u32): bool { return load<u8>(this.head(page), 3) != 0; }
  setDirty(page: u32, dirty: bool): void { store<u8>(this.head(page), dirty ? 1 : 0, 3); }
  parent(page: u32): u32 { return load<u16>(this.head(page), 4); }
  place(page: u32): u32 { return load<u8>(this.head(page), 6); }
  setParent(page: u32, parent: u32, place: u32): void {
    store<u16>(this.head(page), <u16>parent, 4);
    store<u8>(this.head(page), <u8>place, 6);
  }
  touch(page: u32): void { store<u8>(this.head(page), 1, 7); }
  /** First group below the page. */
  first(page: u32): u32 { return load<u32>(this.head(page), 8) << (FANOUT_SHIFT * this.level(page)); }
  inPoolCount(page: u32): u32 { return load<u16>(this.head(page), 12); }

  values(page: u32): usize { return this.base + <usize>page * PAGE_BYTES; }
  value(page: u32, child: u32): usize { return this.values(page) + <usize>child * VALUE_BYTES; }
  state(page: u32, child: u32): u32 { return load<u16>(this.states + <usize>page * STATE_BYTES + (<usize>child << 1)); }
  /** Sets a child's state and keeps count of those in a pool. */
  setState(page: u32, child: u32, state: u32): void {
    const was = this.state(page, child);
    const head = this.head(page);
    const count = this.inPoolCount(page) - (was >= ChildState.inPool ? 1 : 0) + (state >= ChildState.inPool ? 1 : 0);
    store<u16>(head, <u16>count, 12);
    store<u16>(this.states + <usize>page * STATE_BYTES + (<usize>child << 1), <u16>state);
  }

  /** Which child of the page leads to `group`. */
  childOf(page: u32, group: u32): u32 { return (group >> (FANOUT_SHIFT * (this.level(page) - 1))) & (FANOUT - 1); }

  /** A free page made this writer's, all its children holes. There is a free page. */
  make(writer: u32, level: u32, index: u32, parent: u32, place: u32): u32 {
    this.freeCount--;
    const page = load<u16>(this.freeList + (<usize>this.freeCount << 1));
    const head = this.head(page);
    memory.fill(this.states + <usize>page * STATE_BYTES, 0, STATE_BYTES);
    store<u16>(head, <u16>writer);
    store<u8>(head, <u8>level, 2);
    store<u8>(head, 0, 3);
    this.setParent(page, parent, place);
    store<u8>(head, 1, 7);
    store<u32>(head, index, 8);
    store<u16>(head, 0, 12);
    return page;
  }

  free(page: u32): void {
    store<u16>(this.head(page), <u16>NO_WRITER);
    store<u16>(this.freeList + (<usize>this.freeCount << 1), <u16>page);
    this.freeCount++;
  }

  /** A page that can be put away: not a top page, no page below it in the pool, not touched of late. −1: none. */
  nextToEvict(): i32 {
    for (let step: u32 = 0; step < 2 * this.pageCount; step++) {
      const page = this.hand;
      this.hand = page + 1 == this.pageCount ? 0 : page + 1;
      if (this.isFree(page) || this.parent(page) == NO_PAGE) continue;
      if (this.level(page) > 1 && this.inPoolCount(page) != 0) continue;
      if (!load<u8>(this.head(page), 7)) return page;
      store<u8>(this.head(page), 0, 7);
    }
    return -1;
  }

  private head(page: u32): usize { return this.heads + <usize>page * HEAD_BYTES; }
}

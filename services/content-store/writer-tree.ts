// The tree of a writer of more than one group: loads pages on the way to a group, puts pages away when the pool is full, and computes values from the bottom up.
//
// A page here has its full level even where the stored tree leaves out pages of one child (tree-shape.ts); settling a page of one child passes that child's value on.
// Pages are put away only by `reserve`, never between two steps that belong together. A value in a page is right for the writer's present length. Whoever changes the length loads the path to the last group first and makes it dirty (writer-length.ts).
import { mergeValues } from "../base/blake3/index";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { ExtentReader } from "./extent-reader";
import { ExtentWriter } from "./extent-writer";
import { Holes } from "./holes";
import { FANOUT, FANOUT_SHIFT, Kind, VALUE_BYTES } from "./limits";
import { childCountOf, groupCountOf, groupsBelow, levelOf, spanOf } from "./tree-shape";
import { ChildState, NO_PAGE, WriterPages } from "./writer-pages";
import { WriterSlots } from "./writer-slots";
import { WriterTable } from "./writer-table";

/** Levels that an object of OBJECT_BYTES_MAX has: what one way down can need. */
export const LEVELS_MAX: u32 = 3;

export class WriterTree {
  /** Why the last call answered −1. */
  status: u32 = 0;
  private value: usize = heap.alloc(32);

  constructor(readonly table: WriterTable, readonly pages: WriterPages, readonly slots: WriterSlots, private reader: ExtentReader, private extents: ExtentWriter, private holes: Holes) {}

  /** Sees that the writer's top page is in the pool; the writer has more than one group. */
  loadTop(writer: u32): u32 {
    if (this.table.topPage(writer) >= 0) return Status.Ok;
    const groupCount = groupCountOf(this.table.lengthBytes(writer));
    const level = levelOf(groupCount);
    let status = this.reserve(1);
    if (status != Status.Ok) return status;
    const page = this.pages.make(writer, level, 0, NO_PAGE, 0);
    status = this.fill(page, Kind.object, this.table.base(writer), level, 0, groupCount);
    if (status != Status.Ok) {
      this.pages.free(page);
      return status;
    }
    this.table.setTop(writer, page, level);
    return Status.Ok;
  }

  /** The level-1 page above `group`, loaded with the pages above it. The top page is in the pool. −1: see status; Ok: it is all hole and `stopAtHole` was set. */
  locate(writer: u32, group: u32, stopAtHole: bool): i32 {
    this.status = this.reserve(LEVELS_MAX);
    if (this.status != Status.Ok) return -1;
    let page = this.table.topPage(writer);
    for (let level = this.table.level(writer); level > 1; level--) {
      this.pages.touch(page);
      const child = this.pages.childOf(page, group);
      const state = this.pages.state(page, child);
      if (state == ChildState.hole && stopAtHole) return -1;
      page = state >= ChildState.inPool ? state - ChildState.inPool : this.loadChild(writer, page, child, level - 1);
      if (page < 0) return page;
    }
    this.pages.touch(page);
    return page;
  }

  /** Everything from `page` up has to be computed again. */
  dirtyPath(page: u32): void {
    for (let at = page; at != NO_PAGE; at = this.pages.parent(at)) this.pages.setDirty(at, true);
  }

  /** Computes and stores everything that changed, and the top page under the object's hash, which becomes the base. */
  finish(writer: u32): u32 {
    // Slots in their own order first: neighbours in memory are then neighbours on the device.
    for (let slot: u32 = 0; slot < this.slots.groups.slotCount; slot++) {
      if (!this.slots.groups.isDirty(slot) || this.slots.groups.writer(slot) != writer) continue;
      const status = this.slots.settle(slot);
      if (status != Status.Ok) return status;
    }
    const top = this.table.topPage(writer);
    const topLevel = this.table.level(writer);
    for (let level: u32 = 1; level < topLevel; level++) {
      for (let page: u32 = 0; page < this.pages.pageCount; page++) {
        if (this.pages.writer(page) != writer || this.pages.level(page) != level || !this.pages.isDirty(page)) continue;
        const status = this.settle(page);
        if (status != Status.Ok) return status;
      }
    }
    const status = this.settleChildren(top);
    return status == Status.Ok ? this.storeTop(writer, top) : status;
  }

  private storeTop(writer: u32, top: u32): u32 {
    const lengthBytes = this.table.lengthBytes(writer);
    const count = childCountOf(this.table.level(writer), groupCountOf(lengthBytes));
    mergeValues(this.pages.values(top), count, true, this.value);
    const status = this.extents.put(Kind.object, this.value, lengthBytes, 0, this.pages.values(top), count * VALUE_BYTES);
    if (status != Status.Ok) return status;
    this.pages.setDirty(top, false);
    this.table.setBase(writer, this.value);
    return Status.Ok;
  }

  /** Computes the page's value into its parent and stores the page. */
  private settle(page: u32): u32 {
    let status = this.settleChildren(page);
    if (status != Status.Ok) return status;
    const first = this.pages.first(page);
    const below = this.below(page);
    const count = childCountOf(this.pages.level(page), below);
    const parent = this.pages.parent(page);
    const value = this.pages.value(parent, this.pages.place(page));
    if (count == 1) memory.copy(value, this.pages.values(page), 32);
    else {
      mergeValues(this.pages.values(page), count, false, value);
      status = this.extents.putPage(value, first, below, this.pages.values(page), count);
      if (status != Status.Ok) return status;
    }
    this.pages.setDirty(page, false);
    this.pages.setDirty(parent, true);
    return Status.Ok;
  }

  /** Sees that every child's value is in the page. Pages below it are clean. */
  private settleChildren(page: u32): u32 {
    const level = this.pages.level(page);
    const lengthBytes = this.table.lengthBytes(this.pages.writer(page));
    const groupCount = groupCountOf(lengthBytes);
    const count = childCountOf(level, this.below(page));
    for (let child: u32 = 0; child < count; child++) {
      const state = this.pages.state(page, child);
      let status: u32 = Status.Ok;
      if (state == ChildState.hole) {
        const first = this.pages.first(page) + child * spanOf(level - 1);
        status = this.holes.subtreeValue(first, groupsBelow(level - 1, first, groupCount), lengthBytes, this.pages.value(page, child));
        if (status == Status.Ok) this.pages.setState(page, child, ChildState.value);
      } else if (level == 1 && state >= ChildState.inPool) status = this.slots.settle(state - ChildState.inPool);
      if (status != Status.Ok) return status;
    }
    return Status.Ok;
  }

  private below(page: u32): u32 {
    return groupsBelow(this.pages.level(page), this.pages.first(page), groupCountOf(this.table.lengthBytes(this.pages.writer(page))));
  }

  private loadChild(writer: u32, parent: u32, child: u32, level: u32): i32 {
    const first = this.pages.first(parent) + child * spanOf(level);
    const page = this.pages.make(writer, level, first >> (FANOUT_SHIFT * level), parent, child);
    if (this.pages.state(parent, child) == ChildState.value) {
      const below = groupsBelow(level, first, groupCountOf(this.table.lengthBytes(writer)));
      this.status = this.fill(page, Kind.interior, this.pages.value(parent, child), level, first, below);
      if (this.status != Status.Ok) {
        this.pages.free(page);
        return -1;
      }
    } else this.pages.setDirty(page, true);
    this.pages.setState(parent, child, ChildState.inPool + page);
    return page;
  }

  /** Children of a page of `level` from what is stored under `value`. */
  private fill(page: u32, kind: u32, value: usize, level: u32, first: u32, below: u32): u32 {
    if (levelOf(below) < level) {
      memory.copy(this.pages.values(page), value, 32);
      this.pages.setState(page, 0, ChildState.value);
      return Status.Ok;
    }
    const count = childCountOf(level, below);
    const status = this.reader.content(kind, kind == Kind.object, value, count * VALUE_BYTES, first);
    if (status != Status.Ok) return status == Status.NotFound ? Status.Corrupted : status;
    memory.copy(this.pages.values(page), this.reader.address, count * VALUE_BYTES);
    for (let child: u32 = 0; child < count; child++) this.pages.setState(page, child, ChildState.value);
    return Status.Ok;
  }

  /** Sees that `count` pages are free; if need be others are stored and put away. */
  reserve(count: u32): u32 {
    while (this.pages.freeCount < count) {
      const page = this.pages.nextToEvict();
      if (page < 0) return Status.OutOfMemory;
      if (this.pages.isDirty(page) || this.pages.inPoolCount(page) != 0) {
        const status = this.settle(page);
        if (status != Status.Ok) return status;
      }
      this.pages.setState(this.pages.parent(page), this.pages.place(page), ChildState.value);
      this.pages.free(page);
    }
    return Status.Ok;
  }

  /** Lets go of all pages and slots of a writer whose first group is `from` or later. */
  release(writer: u32, from: u32): void {
    const groups = this.slots.groups;
    for (let slot: u32 = 0; groups.dirtyCount && slot < groups.slotCount; slot++) {
      if (groups.isDirty(slot) && groups.writer(slot) == writer && groups.group(slot) >= from) groups.dropDirty(slot);
    }
    if (this.table.topPage(writer) < 0) return;
    for (let page: u32 = 0; page < this.pages.pageCount; page++) {
      if (this.pages.writer(page) == writer && this.pages.first(page) >= from) this.pages.free(page);
    }
  }

  /** After release: the pages on the path to the last group forget the children behind it. */
  cutPath(page: u32, lastGroup: u32): void {
    for (let at = page; at != NO_PAGE; at = this.pages.parent(at)) {
      for (let child = this.pages.childOf(at, lastGroup) + 1; child < FANOUT; child++) this.pages.setState(at, child, ChildState.hole);
    }
  }
}

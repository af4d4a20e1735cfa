// Changes a writer's length. Growing adds holes; shrinking lets go of what lies behind the new end. Where the last group or its path takes another shape
// (a group grows to full size, a page gets siblings), it is loaded and made dirty first, so that every value left in a page is right for the new length.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { EMPTY_HASH, FANOUT, GROUP_BYTES, OBJECT_BYTES_MAX } from "./limits";
import { groupBytesOf, groupCountOf, spanOf } from "./tree-shape";
import { ChildState, NO_PAGE } from "./writer-pages";
import { LEVELS_MAX, WriterTree } from "./writer-tree";

/** A way down, and as many pages on top. locate reserves for its own way once more. */
const RESERVE_PAGES: u32 = 3 * LEVELS_MAX;

export class WriterLength {
  constructor(private tree: WriterTree) {}

  set(writer: u32, lengthBytes: u64): u32 {
    if (lengthBytes > OBJECT_BYTES_MAX) return Status.TooLarge;
    const table = this.tree.table;
    const old = table.lengthBytes(writer);
    if (lengthBytes == old) return Status.Ok;
    // So that no page is put away, by the old length, while the new one takes effect.
    let status = this.tree.reserve(RESERVE_PAGES);
    if (status != Status.Ok) return status;
    status = lengthBytes > old ? this.grow(writer, old, lengthBytes) : this.shrink(writer, old, lengthBytes);
    if (status == Status.Ok && lengthBytes != 0) table.setChanged(writer);
    return status;
  }

  private grow(writer: u32, old: u64, lengthBytes: u64): u32 {
    const table = this.tree.table;
    if (old <= GROUP_BYTES) {
      if (this.tree.slots.small(writer, false) < 0) return this.tree.slots.status;
      if (lengthBytes > GROUP_BYTES) this.plant(writer);
    } else {
      const status = this.growEdge(writer, old);
      if (status != Status.Ok) return status;
    }
    if (lengthBytes > GROUP_BYTES) this.raise(writer, groupCountOf(lengthBytes));
    table.setLength(writer, lengthBytes);
    return Status.Ok;
  }

  /** Puts a page above the only slot of a writer. */
  private plant(writer: u32): void {
    const table = this.tree.table, pages = this.tree.pages;
    const slot = table.slot(writer);
    const page = pages.make(writer, 1, 0, NO_PAGE, 0);
    pages.setState(page, 0, ChildState.inPool + slot);
    pages.setDirty(page, true);
    this.tree.slots.groups.setOwner(slot, writer, page, 0);
    table.setSlot(writer, -1);
    table.setTop(writer, page, 1);
  }

  /** Loads the path to the last group, and the group if it is not full: both are about to change shape. */
  private growEdge(writer: u32, old: u64): u32 {
    const status = this.tree.loadTop(writer);
    if (status != Status.Ok) return status;
    const lastGroup = groupCountOf(old) - 1;
    const page = this.tree.locate(writer, lastGroup, false);
    if (page < 0) return this.tree.status;
    if (groupBytesOf(old, lastGroup) < GROUP_BYTES && this.tree.pages.state(page, lastGroup & (FANOUT - 1)) == ChildState.value) {
      if (this.tree.slots.dirtyChild(writer, page, lastGroup, false) < 0) return this.tree.slots.status;
    }
    this.tree.dirtyPath(page);
    return Status.Ok;
  }

  /** Adds pages on top until the tree is high enough. */
  private raise(writer: u32, groupCount: u32): void {
    const table = this.tree.table, pages = this.tree.pages;
    while (groupCount > spanOf(table.level(writer))) {
      const below = table.topPage(writer);
      const level = table.level(writer) + 1;
      const page = pages.make(writer, level, 0, NO_PAGE, 0);
      pages.setState(page, 0, ChildState.inPool + below);
      pages.setDirty(page, true);
      pages.setParent(below, page, 0);
      table.setTop(writer, page, level);
    }
  }

  private shrink(writer: u32, old: u64, lengthBytes: u64): u32 {
    const table = this.tree.table, slots = this.tree.slots;
    if (lengthBytes == 0) {
      this.empty(writer);
      return Status.Ok;
    }
    if (old <= GROUP_BYTES) {
      const slot = slots.small(writer, false);
      if (slot < 0) return slots.status;
      this.cutSlot(slot, <u32>lengthBytes);
      table.setLength(writer, lengthBytes);
      return Status.Ok;
    }
    const status = this.tree.loadTop(writer);
    if (status != Status.Ok) return status;
    const lastGroup = groupCountOf(lengthBytes) - 1;
    const lastBytes = groupBytesOf(lengthBytes, lastGroup);
    const page = this.tree.locate(writer, lastGroup, false);
    if (page < 0) return this.tree.status;
    if (lastGroup == 0 || (lastBytes != groupBytesOf(old, lastGroup) && this.tree.pages.state(page, lastGroup & (FANOUT - 1)) != ChildState.hole)) {
      const slot = slots.dirtyChild(writer, page, lastGroup, false);
      if (slot < 0) return slots.status;
      this.cutSlot(slot, lastBytes);
    }
    this.tree.release(writer, lastGroup + 1);
    this.tree.cutPath(page, lastGroup);
    this.tree.dirtyPath(page);
    table.setLength(writer, lengthBytes);
    this.lower(writer, lastGroup + 1);
    return Status.Ok;
  }

  /** Takes pages of one child off the top; a single group needs none. The path to the last group is in the pool. */
  private lower(writer: u32, groupCount: u32): void {
    const table = this.tree.table, pages = this.tree.pages;
    while (table.level(writer) > 1 && groupCount <= spanOf(table.level(writer) - 1)) {
      const top = table.topPage(writer);
      const below = pages.state(top, 0) - ChildState.inPool;
      pages.setParent(below, NO_PAGE, 0);
      pages.free(top);
      table.setTop(writer, below, table.level(writer) - 1);
    }
    if (groupCount != 1) return;
    const top = table.topPage(writer);
    const slot = pages.state(top, 0) - ChildState.inPool;
    this.tree.slots.groups.setOwner(slot, writer, NO_PAGE, 0);
    pages.free(top);
    table.setTop(writer, -1, 0);
    table.setSlot(writer, slot);
  }

  private empty(writer: u32): void {
    const table = this.tree.table;
    this.tree.release(writer, 0);
    table.setTop(writer, -1, 0);
    table.setSlot(writer, -1);
    table.setLength(writer, 0);
    table.setBase(writer, EMPTY_HASH);
  }

  private cutSlot(slot: u32, lengthBytes: u32): void {
    const groups = this.tree.slots.groups;
    if (groups.filled(slot) > lengthBytes) groups.setFilled(slot, lengthBytes);
  }
}

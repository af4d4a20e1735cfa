// Dirty groups: takes slots for them, loads what they held, and settles them, that is hashes and stores their content and leaves its value in the page above.
//
// Dirty slots are bounded by the pool's dirtyMax; beyond it those not used of late are settled, sixteen neighbours at a time, which is one device write.
import { chainingValue, hash } from "../base/blake3/index";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { EntryFlag, Entry } from "./entry";
import { ExtentReader } from "./extent-reader";
import { ExtentWriter } from "./extent-writer";
import { GroupPool } from "./group-pool";
import { isAllZero } from "./holes";
import { EMPTY_HASH, FANOUT, GROUP_BYTES, GROUP_CHUNKS, Kind, PAGE_BYTES } from "./limits";
import { SlotState } from "./slot-cache";
import { groupBytesOf } from "./tree-shape";
import { ChildState, NO_PAGE, WriterPages } from "./writer-pages";
import { WriterTable } from "./writer-table";

const SETTLE_COUNT: u32 = 16;

export class WriterSlots {
  /** Why the last call answered −1. */
  status: u32 = 0;
  private value: usize = heap.alloc(32);

  constructor(readonly table: WriterTable, readonly pages: WriterPages, readonly groups: GroupPool, private reader: ExtentReader, private extents: ExtentWriter) {}

  /** The dirty slot of `group`, child of the level-1 page `page`. What it held is loaded unless `discard` says that all of it will be overwritten. −1: see status. */
  dirtyChild(writer: u32, page: u32, group: u32, discard: bool): i32 {
    const child = group & (FANOUT - 1);
    const state = this.pages.state(page, child);
    if (state >= ChildState.inPool) {
      this.groups.touch(state - ChildState.inPool);
      return state - ChildState.inPool;
    }
    const slot = discard || state == ChildState.hole
      ? this.fresh(writer, page, group)
      : this.loaded(Kind.group, this.pages.value(page, child), group, groupBytesOf(this.table.lengthBytes(writer), group), writer, page);
    if (slot < 0) return slot;
    this.pages.setState(page, child, ChildState.inPool + slot);
    this.pages.setDirty(page, true);
    return slot;
  }

  /** The slot that holds the content of a writer of up to one group. −1: see status. */
  small(writer: u32, discard: bool): i32 {
    let slot = this.table.slot(writer);
    if (slot >= 0) {
      this.groups.touch(slot);
      return slot;
    }
    slot = discard || this.table.lengthBytes(writer) == 0
      ? this.fresh(writer, NO_PAGE, 0)
      : this.loaded(Kind.object, this.table.base(writer), 0, <u32>this.table.lengthBytes(writer), writer, NO_PAGE);
    this.table.setSlot(writer, slot);
    return slot;
  }

  /** Takes back what dirtyChild did: the child is again what it was, a hole or a stored value, which is still in the page. */
  forgetChild(page: u32, group: u32, slot: u32, before: u32): void {
    this.groups.dropDirty(slot);
    this.pages.setState(page, group & (FANOUT - 1), before);
  }

  /** Takes back what small did: the writer's content is its base. */
  forgetSmall(writer: u32, slot: u32): void {
    this.groups.dropDirty(slot);
    this.table.setSlot(writer, -1);
  }

  /** Stores what a dirty slot holds. On failure it stays dirty, unless its content is staged already and only the writing out failed. */
  settle(slot: u32): u32 {
    const writer = this.groups.writer(slot);
    const page = this.groups.page(slot);
    if (page == NO_PAGE) return this.settleSmall(writer);
    const group = this.groups.group(slot);
    const lengthBytes = groupBytesOf(this.table.lengthBytes(writer), group);
    const address = this.groups.address(slot);
    this.groups.fillTo(slot, lengthBytes);
    chainingValue(address, lengthBytes, <u64>group * GROUP_CHUNKS, this.value);
    const status = this.storeGroup(slot, group, lengthBytes);
    if (this.groups.isDirty(slot)) return status;
    const child = group & (FANOUT - 1);
    memory.copy(this.pages.value(page, child), this.value, 32);
    this.pages.setState(page, child, ChildState.value);
    this.pages.setDirty(page, true);
    return status;
  }

  /** Stores the content of a writer of up to one group as an object, which becomes its base. */
  settleSmall(writer: u32): u32 {
    const slot = this.table.slot(writer);
    if (slot < 0) return Status.Ok;
    const lengthBytes = <u32>this.table.lengthBytes(writer);
    const address = this.groups.address(slot);
    if (lengthBytes) {
      this.groups.fillTo(slot, lengthBytes);
      hash(address, lengthBytes, this.value);
      const status = this.extents.put(Kind.object, this.value, lengthBytes, 0, address, lengthBytes);
      if (status != Status.Ok) return status;
    } else memory.copy(this.value, EMPTY_HASH, 32);
    this.table.setBase(writer, this.value);
    this.table.setSlot(writer, -1);
    // Contents of a page or less are cached in pages, not in slots.
    if (lengthBytes > PAGE_BYTES) this.groups.dirtyToClean(slot, Kind.object, this.value);
    else this.groups.dropDirty(slot);
    return Status.Ok;
  }

  private storeGroup(slot: u32, group: u32, lengthBytes: u32): u32 {
    const address = this.groups.address(slot);
    if (isAllZero(address, lengthBytes)) {
      this.groups.dropDirty(slot);
      return Status.Ok;
    }
    if (lengthBytes == GROUP_BYTES) return this.extents.putSlot(slot, this.value, group);
    const status = this.extents.put(Kind.group, this.value, lengthBytes, group, address, lengthBytes);
    if (status != Status.Ok) return status;
    if (lengthBytes > PAGE_BYTES) this.groups.dirtyToClean(slot, Kind.group, this.value);
    else this.groups.dropDirty(slot);
    return Status.Ok;
  }

  private fresh(writer: u32, page: u32, group: u32): i32 {
    const slot = this.take();
    if (slot >= 0) this.groups.makeDirty(slot, writer, page, group, 0);
    return slot;
  }

  /** A dirty slot with the content of this extent: the cached slot itself if there is one, else read from the device straight into its place. */
  private loaded(kind: u32, value: usize, group: u32, lengthBytes: u32, writer: u32, page: u32): i32 {
    let slot = lengthBytes > PAGE_BYTES ? this.groups.find(kind, value) : -1;
    if (slot < 0 || this.groups.state(slot) != SlotState.clean || this.groups.dirtyCount >= this.groups.dirtyMax) {
      slot = this.take();
      if (slot < 0) return slot;
      this.status = this.fill(slot, kind, value, group, lengthBytes);
      if (this.status != Status.Ok) {
        this.groups.release(slot);
        return -1;
      }
    }
    this.groups.makeDirty(slot, writer, page, group, lengthBytes);
    return slot;
  }

  private fill(slot: u32, kind: u32, value: usize, group: u32, lengthBytes: u32): u32 {
    const entry = this.reader.index.find(kind, value);
    const isOnDevice = entry != 0 && !(Entry.flags(entry) & EntryFlag.staged);
    if (isOnDevice && lengthBytes > PAGE_BYTES && this.groups.find(kind, value) < 0) {
      if (Entry.extentBytes(entry) != lengthBytes) return Status.Corrupted;
      return this.reader.readInto(this.groups.address(slot), Entry.address(entry), kind, false, value, lengthBytes, group);
    }
    const status = kind == Kind.group ? this.reader.groupContent(value, group, lengthBytes) : this.reader.content(kind, false, value, lengthBytes, 0);
    if (status == Status.Ok) memory.copy(this.groups.address(slot), this.reader.address, lengthBytes);
    return status;
  }

  /** A busy slot for a dirty group, after making room among the dirty ones. */
  private take(): i32 {
    this.status = Status.Ok;
    if (this.groups.dirtyCount >= this.groups.dirtyMax) {
      for (let i: u32 = 0; i < SETTLE_COUNT; i++) {
        const slot = this.groups.nextToSettle();
        if (slot < 0) break;
        this.status = this.settle(slot);
        if (this.status != Status.Ok) return -1;
      }
    }
    const slot = this.groups.take();
    if (slot < 0) this.status = Status.OutOfMemory;
    return slot;
  }
}

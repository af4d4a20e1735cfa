// What a writer's capability answers: write, read, set the length, finish. Also opens and closes writers and says what they hold.
//
// A writer of up to one group is one slot and nothing else: openWriter + writerWrite + writerFinish of a small file copies its bytes in, hashes them and copies them to staging.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { EntryFlag } from "./entry";
import { EXTENT_BLOCKS_MAX, FANOUT, GROUP_BYTES, GROUP_SHIFT, Kind, OBJECT_BYTES_MAX, blocksOf } from "./limits";
import { Keeper } from "./keeper";
import { Transfer } from "./lower";
import { ObjectReader } from "./object-reader";
import { Space } from "./space";
import { groupBytesOf, groupCountOf, groupsBelow, spanOf } from "./tree-shape";
import { ChildState } from "./writer-pages";
import { WriterLength } from "./writer-length";
import { WriterTree } from "./writer-tree";
import { WRITERS_MAX } from "./writer-table";

export class Writers {
  /** Of read: bytes copied. */
  lengthBytes: u32 = 0;

  constructor(readonly tree: WriterTree, private length: WriterLength, private objects: ObjectReader, private keeper: Keeper, private space: Space, private transfer: Transfer) {}

  reset(): void {
    this.tree.table.reset();
    this.tree.pages.reset();
  }

  /** A new writer on this base; its badge is 0 and `status` says why if there is none. */
  status: u32 = 0;
  open(base: usize): u32 {
    this.status = this.objects.find(base);
    if (this.status != Status.Ok) return 0;
    const lengthBytes = this.objects.lengthBytes;
    // A base is held: while a collection runs, what it consists of must be safe from the sweep.
    this.status = lengthBytes && this.keeper.isCollecting ? this.keepBase(base) : Status.Ok;
    if (this.status != Status.Ok) return 0;
    const writer = this.tree.table.open(base, lengthBytes);
    if (writer < 0) this.status = Status.OutOfMemory;
    return writer < 0 ? 0 : this.tree.table.badge(writer);
  }

  /** The writer with this badge, or −1. */
  find(badge: u32): i32 { return this.tree.table.find(badge); }
  contentBytes(writer: u32): u64 { return this.tree.table.lengthBytes(writer); }
  /** After finish: hash of the content. */
  base(writer: u32): usize { return this.tree.table.base(writer); }

  close(writer: u32): void {
    this.tree.release(writer, 0);
    this.tree.table.close(writer);
  }

  write(writer: u32, offsetBytes: u64, data: u32, dataBytes: u32): u32 {
    if (offsetBytes > OBJECT_BYTES_MAX || dataBytes > OBJECT_BYTES_MAX - offsetBytes) return Status.TooLarge;
    if (!dataBytes) return Status.Ok;
    const old = this.tree.table.lengthBytes(writer);
    const end = offsetBytes + dataBytes;
    if (max(old, end) <= GROUP_BYTES) return this.writeSmall(writer, <u32>offsetBytes, data, dataBytes, <u32>old);
    // What is dirty will take blocks too: a write that cannot be stored is refused here, not in the group commit.
    if (!this.space.fits((this.tree.slots.groups.dirtyCount + 1) * EXTENT_BLOCKS_MAX + blocksOf(dataBytes))) return Status.NoSpace;
    let status: u32 = end > old ? this.length.set(writer, end) : Status.Ok;
    if (status != Status.Ok) return status;
    status = this.writeGroups(writer, offsetBytes, data, dataBytes);
    // A write that failed leaves no longer content behind.
    if (status != Status.Ok && end > old) this.length.set(writer, old);
    return status;
  }

  /** Copies what the writer has from `offsetBytes` on into the lease; sets lengthBytes. */
  read(writer: u32, offsetBytes: u64, buffer: u32, bufferBytes: u32): u32 {
    this.lengthBytes = 0;
    const table = this.tree.table;
    const lengthBytes = table.lengthBytes(writer);
    if (offsetBytes >= lengthBytes) return Status.Ok;
    if (table.slot(writer) < 0 && table.topPage(writer) < 0) {
      const status = this.objects.copyOut(table.base(writer), lengthBytes, offsetBytes, buffer, bufferBytes);
      this.lengthBytes = <u32>this.objects.lengthBytes;
      return status;
    }
    const total = <u32>min<u64>(bufferBytes, lengthBytes - offsetBytes);
    while (this.lengthBytes < total) {
      const at = offsetBytes + this.lengthBytes;
      const group = <u32>(at >> GROUP_SHIFT);
      const within = <u32>at & (GROUP_BYTES - 1);
      const groupBytes = groupBytesOf(lengthBytes, group);
      const bytes = this.groupContent(writer, group, groupBytes);
      if (!bytes) return this.status;
      const count = min(total - this.lengthBytes, groupBytes - within);
      const status = this.transfer.write(buffer, this.lengthBytes, bytes + within, count);
      if (status != Status.Ok) return status;
      this.lengthBytes += count;
    }
    return Status.Ok;
  }

  truncate(writer: u32, lengthBytes: u64): u32 { return this.length.set(writer, lengthBytes); }

  /** Stores what the writer has; its base is that object afterwards. */
  finish(writer: u32): u32 {
    const table = this.tree.table;
    if (table.topPage(writer) < 0) return this.tree.slots.settleSmall(writer);
    return table.isChanged(writer) ? this.tree.finish(writer) : Status.Ok;
  }

  /** Protects what open writers refer to from the collection that begins. */
  keepAll(): u32 {
    for (let writer: u32 = 0; writer < WRITERS_MAX; writer++) {
      if (!this.tree.table.isOpen(writer) || this.tree.table.isEmptyBase(writer)) continue;
      const status = this.keepBase(this.tree.table.base(writer));
      if (status != Status.Ok) return status;
    }
    for (let page: u32 = 0; page < this.tree.pages.pageCount; page++) {
      const status = this.tree.pages.isFree(page) ? Status.Ok : this.keepPage(page);
      if (status != Status.Ok) return status;
    }
    return Status.Ok;
  }

  private keepBase(base: usize): u32 {
    const entry = this.objects.extents.index.find(Kind.object, base);
    return entry ? this.keeper.keep(entry, EntryFlag.kept) : Status.Corrupted;
  }

  /** Groups and pages that were settled since the base have no object above them yet. */
  private keepPage(page: u32): u32 {
    const pages = this.tree.pages;
    const level = pages.level(page) - 1;
    const groupCount = groupCountOf(this.tree.table.lengthBytes(pages.writer(page)));
    for (let child: u32 = 0; child < FANOUT; child++) {
      if (pages.state(page, child) != ChildState.value) continue;
      const first = pages.first(page) + child * spanOf(level);
      const status = this.keeper.keepSubtree(pages.value(page, child), first, groupsBelow(level, first, groupCount));
      if (status != Status.Ok) return status;
    }
    return Status.Ok;
  }

  private writeSmall(writer: u32, offsetBytes: u32, data: u32, dataBytes: u32, old: u32): u32 {
    const slots = this.tree.slots, groups = this.tree.slots.groups, table = this.tree.table;
    const hadSlot = table.slot(writer) >= 0;
    const slot = slots.small(writer, offsetBytes == 0 && dataBytes >= old);
    if (slot < 0) return slots.status;
    groups.fillTo(slot, offsetBytes);
    const status = this.transfer.read(data, 0, groups.address(slot) + offsetBytes, dataBytes);
    if (status != Status.Ok) {
      // Whoever lent the bytes is gone. A slot that was to be filled with them holds nothing of the content: its writer does without it, as before.
      if (!hadSlot) slots.forgetSmall(writer, slot);
      return status;
    }
    const end = offsetBytes + dataBytes;
    groups.setFilled(slot, max(groups.filled(slot), end));
    table.setLength(writer, max(old, end));
    table.setChanged(writer);
    return Status.Ok;
  }

  private writeGroups(writer: u32, offsetBytes: u64, data: u32, dataBytes: u32): u32 {
    const slots = this.tree.slots, groups = this.tree.slots.groups, table = this.tree.table;
    let status = this.tree.loadTop(writer);
    if (status != Status.Ok) return status;
    table.setChanged(writer);
    let done: u32 = 0;
    while (done < dataBytes) {
      const at = offsetBytes + done;
      const group = <u32>(at >> GROUP_SHIFT);
      const within = <u32>at & (GROUP_BYTES - 1);
      const count = min(dataBytes - done, GROUP_BYTES - within);
      const page = this.tree.locate(writer, group, false);
      if (page < 0) return this.tree.status;
      const before = this.tree.pages.state(page, group & (FANOUT - 1));
      const slot = slots.dirtyChild(writer, page, group, within == 0 && count >= groupBytesOf(table.lengthBytes(writer), group));
      if (slot < 0) return slots.status;
      groups.fillTo(slot, within);
      status = this.transfer.read(data, done, groups.address(slot) + within, count);
      if (status != Status.Ok) {
        if (before < ChildState.inPool) slots.forgetChild(page, group, slot, before);
        return status;
      }
      groups.setFilled(slot, max(groups.filled(slot), within + count));
      done += count;
    }
    return Status.Ok;
  }

  /** Address of a group's bytes as the writer has them; 0 and a status if they cannot be had. */
  private groupContent(writer: u32, group: u32, lengthBytes: u32): usize {
    const groups = this.tree.slots.groups;
    let slot = this.tree.table.slot(writer);
    if (slot < 0) {
      const page = this.tree.locate(writer, group, true);
      this.status = this.tree.status;
      if (page < 0) return this.status == Status.Ok ? this.objects.extents.zeros : 0;
      const child = group & (FANOUT - 1);
      const state = this.tree.pages.state(page, child);
      if (state == ChildState.hole) return this.objects.extents.zeros;
      if (state == ChildState.value) {
        this.status = this.objects.extents.groupContent(this.tree.pages.value(page, child), group, lengthBytes);
        return this.status == Status.Ok ? this.objects.extents.address : 0;
      }
      slot = state - ChildState.inPool;
    }
    groups.touch(slot);
    groups.fillTo(slot, lengthBytes);
    return groups.address(slot);
  }
}

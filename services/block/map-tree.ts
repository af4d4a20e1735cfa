// The map of which blocks are in use, read as it is wanted: bitmap pages under tables under upper tables under the checkpoint (docs/formats/block.md §3).
//
//   checkpoint (always in memory) ─► upper table ─► table ─► bitmap page        a node in a frame is the present state; a changed one is pinned, and so are those above it
//
// What stays true: the `free` of every pointer in memory is that of the node below it, as it is now; `write` never touches a copy that the last durable generation reaches, however often it is
// begun; a node is clean only if the durable generation holds it as it is in memory.
//
// Safety: nodes are BLOCK_BYTES long, in frames; page numbers are below Geometry.pageCount.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { clearBits, countBits, setBits } from "./bits";
import { Checkpoint } from "./checkpoint";
import { Disk } from "./disk";
import { BLOCK_BYTES, COPY_COUNT, Geometry, Level, PAGE_BITS, TABLE_POINTERS } from "./geometry";
import { PAGE_HEADER_BYTES, headerAddress, pointerAt, pointerFree, setPointer, setPointerFree, writePageHeader } from "./map-page";
import { MapReader, typeOfLevel } from "./map-reader";
import { FrameKind, PageFrames } from "./page-frames";
import { Superblock } from "./superblock";

/** Nodes that may change between two checkpoints; the format's bounds (§5) rest on it. */
export const CHANGED_NODES_LIMIT: u32 = 384;

export class MapTree {
  /** Nodes that differ from the durable generation. */
  changedCount: u32 = 0;
  /** Blocks that are neither in use nor owned. */
  freeCount: u64 = 0;
  /** What `load` found: the address of the node in memory. */
  node: usize = 0;
  /** A node could not be read or was not sound, since `reset`. */
  hasFailed: bool = false;

  constructor(readonly disk: Disk, readonly geometry: Geometry, readonly frames: PageFrames, readonly checkpoint: Checkpoint, private reader: MapReader) {}

  /** Start from the checkpoint in memory, with no node. The frames were reset. */
  reset(): void {
    this.changedCount = 0;
    this.hasFailed = false;
    this.recount();
  }
  private recount(): void {
    this.freeCount = 0;
    for (let index: u32 = 0; index < this.geometry.levelCount(Level.upper); index++) this.freeCount += pointerFree(this.checkpoint.upperPointer(index));
  }

  /** Pointer `child` in a node that is in memory at `node`. */
  private pointerIn(node: usize, child: u32): usize { return pointerAt(node + PAGE_HEADER_BYTES, child % TABLE_POINTERS); }

  /** One node into `node`; the pointer to it is in memory. */
  private fetch(level: u32, index: u32, pointer: usize): u32 {
    const kind = FrameKind.node + level;
    let frame = this.frames.find(kind, index);
    if (!frame) {
      frame = this.frames.take(kind, index);
      const status = this.reader.read(level, index, pointer, this.frames.address(frame));
      if (status) {
        this.frames.drop(frame);
        this.hasFailed = true;
        return status;
      }
      this.noteCopy(level, frame);
    }
    this.node = this.frames.address(frame);
    return Status.Ok;
  }

  /** An upper table, a table or a page into `node`, with those above it that are needed for that. Corrupted: one of them is not sound; other statuses are the device's. */
  loadUpper(index: u32): u32 { return this.fetch(Level.upper, index, this.checkpoint.upperPointer(index)); }
  loadTable(index: u32): u32 {
    const status = this.loadUpper(index / TABLE_POINTERS);
    return status ? status : this.fetch(Level.table, index, this.pointerIn(this.node, index));
  }
  loadPage(number: u32): u32 {
    const status = this.loadTable(number / TABLE_POINTERS);
    return status ? status : this.fetch(Level.page, number, this.pointerIn(this.node, number));
  }
  /** The bits of the page that `loadPage` found. */
  get bits(): usize { return this.node + PAGE_HEADER_BYTES; }

  /** The `free` of a node, from the one above it, which is in `node` after `loadUpper` or `loadTable`. */
  freeOfUpper(index: u32): u32 { return pointerFree(this.checkpoint.upperPointer(index)); }
  freeBelow(child: u32): u32 { return pointerFree(this.pointerIn(this.node, child)); }

  /** 1 for a node that is as the durable generation has it, 0 for one that is changed already. */
  private unchanged(level: u32, index: u32): u32 {
    const frame = this.frames.find(FrameKind.node + level, index);
    return frame != 0 && this.frames.isPinned(frame) ? 0 : 1;
  }

  /** How many nodes a change of this page would add to those that are changed, besides those of the page before it, if it goes on from there. */
  cost(number: u32, goesOn: bool): u32 {
    const table = number / TABLE_POINTERS;
    let nodes = this.unchanged(Level.page, number);
    if (!goesOn || number % TABLE_POINTERS == 0) nodes += this.unchanged(Level.table, table);
    if (!goesOn || number % (TABLE_POINTERS * TABLE_POINTERS) == 0) nodes += this.unchanged(Level.upper, table / TABLE_POINTERS);
    return nodes;
  }

  /** Make ready for a change of this page: it and what is above it stay in memory from now on. The caller asked the frames for room for `cost`. Its bits are then in `bits`. */
  open(number: u32): u32 {
    const status = this.loadPage(number);
    if (status) return status;
    const table = number / TABLE_POINTERS;
    this.keep(Level.upper, table / TABLE_POINTERS);
    this.keep(Level.table, table);
    this.keep(Level.page, number);
    return Status.Ok;
  }
  private keep(level: u32, index: u32): void {
    const frame = this.frames.find(FrameKind.node + level, index);
    if (this.frames.isPinned(frame)) return;
    this.frames.pin(frame);
    this.changedCount++;
  }

  /** Set or clear a run of an opened page. All of it must have been otherwise. */
  change(number: u32, first: u32, count: u32, used: bool): void {
    const page = this.frames.address(this.frames.find(FrameKind.node + Level.page, number));
    const changed = used ? setBits(page + PAGE_HEADER_BYTES, first, count) : clearBits(page + PAGE_HEADER_BYTES, first, count);
    assert(changed == count);
    this.addFree(number, used ? 0 - count : count);
  }

  /** Add `blocks`, modulo 2^32, to the `free` of everything above an opened page. */
  private addFree(number: u32, blocks: u32): void {
    const table = number / TABLE_POINTERS, upper = table / TABLE_POINTERS;
    const upperNode = this.frames.address(this.frames.find(FrameKind.node + Level.upper, upper));
    const tableNode = this.frames.address(this.frames.find(FrameKind.node + Level.table, table));
    this.add(this.pointerIn(tableNode, number), blocks);
    this.add(this.pointerIn(upperNode, table), blocks);
    this.add(this.checkpoint.upperPointer(upper), blocks);
    this.freeCount += <u64><i64><i32>blocks;
  }
  private add(pointer: usize, blocks: u32): void { setPointerFree(pointer, pointerFree(pointer) + blocks); }

  /** The geometry has grown from `oldBlocks`: the last page that there was, which is opened, and all above it get what is new. */
  extend(oldBlocks: u64): void {
    const number = <u32>((oldBlocks - 1) / PAGE_BITS), table = number / TABLE_POINTERS, upper = table / TABLE_POINTERS;
    const page = this.frames.address(this.frames.find(FrameKind.node + Level.page, number));
    const upperNode = this.frames.address(this.frames.find(FrameKind.node + Level.upper, upper));
    const tableNode = this.frames.address(this.frames.find(FrameKind.node + Level.table, table));
    const first = <u32>(oldBlocks - <u64>number * PAGE_BITS);
    clearBits(page + PAGE_HEADER_BYTES, first, PAGE_BITS - first);
    this.reader.closeOwned(number, page + PAGE_HEADER_BYTES);
    setPointerFree(this.pointerIn(tableNode, number), PAGE_BITS - countBits(page + PAGE_HEADER_BYTES, 0, PAGE_BITS));
    this.extendTable(tableNode, Level.page, number);
    setPointerFree(this.pointerIn(upperNode, table), this.sum(tableNode, Level.page, table));
    this.extendTable(upperNode, Level.table, table);
    setPointerFree(this.checkpoint.upperPointer(upper), this.sum(upperNode, Level.table, upper));
    this.checkpoint.describeNew(upper + 1);
    this.recount();
  }
  /** Pointers to what comes after node `last` of `level`, in the table that holds it. */
  private extendTable(node: usize, level: u32, last: u32): void { this.reader.makePointers(node + PAGE_HEADER_BYTES, level, last - last % TABLE_POINTERS, last % TABLE_POINTERS + 1); }
  private sum(node: usize, level: u32, index: u32): u32 {
    const count = min(TABLE_POINTERS, this.geometry.levelCount(level) - index * TABLE_POINTERS);
    let free: u32 = 0;
    for (let i: u32 = 0; i < count; i++) free += pointerFree(pointerAt(node + PAGE_HEADER_BYTES, i));
    return free;
  }

  /** Write every changed node, from the pages up, and the checkpoint, and describe the result in `superblock`. Nothing is flushed; `settle` when the generation is durable. */
  write(superblock: Superblock): u32 {
    for (let level: u32 = 0; level < Level.count; level++) {
      const kind = FrameKind.node + level;
      for (let frame = this.frames.after(0, kind); frame; frame = this.frames.after(frame, kind)) {
        if (!this.frames.isPinned(frame)) continue;
        const status = this.writeNode(level, frame, superblock.generation);
        if (status) return status;
      }
    }
    return this.checkpoint.write(superblock, this.geometry.blockCount - this.freeCount);
  }

  /** One node into the copy after the durable one, whose address its frame's count keeps as 1 + copy (0: never written). */
  private writeNode(level: u32, frame: u32, generation: u64): u32 {
    const index = this.frames.index(frame), page = this.frames.address(frame);
    const first = this.geometry.nodeAddress(level, index);
    const copy = this.frames.count(frame) % COPY_COUNT;
    writePageHeader(page, typeOfLevel(level), copy, first + copy, index, generation);
    const status = this.disk.write(first + copy, 0, page, 1);
    if (!status) setPointer(this.pointerTo(level, index), first + copy, page, BLOCK_BYTES);
    return status;
  }
  private pointerTo(level: u32, index: u32): usize {
    if (level == Level.upper) return this.checkpoint.upperPointer(index);
    return this.pointerIn(this.frames.address(this.frames.find(FrameKind.node + level + 1, index / TABLE_POINTERS)), index);
  }

  /** What `write` wrote is the durable generation now. */
  settle(): void {
    this.checkpoint.settle();
    for (let level: u32 = 0; level < Level.count && this.changedCount; level++) {
      const kind = FrameKind.node + level;
      for (let frame = this.frames.after(0, kind); frame; frame = this.frames.after(frame, kind)) {
        if (!this.frames.isPinned(frame)) continue;
        this.noteCopy(level, frame);
        this.frames.unpin(frame);
        this.changedCount--;
      }
    }
  }
  /** Keep with the frame which copy is durable. */
  private noteCopy(level: u32, frame: u32): void {
    const address = headerAddress(this.frames.address(frame));
    this.frames.setCount(frame, address ? 1 + <u32>(address - this.geometry.nodeAddress(level, this.frames.index(frame))) : 0);
  }

  /** Forget every node. Only where none is changed in a way that is still wanted. */
  forget(): void {
    for (let level: u32 = 0; level < Level.count; level++) {
      const kind = FrameKind.node + level;
      for (let frame = this.frames.after(0, kind); frame; frame = this.frames.after(frame, kind)) this.frames.drop(frame);
    }
    this.changedCount = 0;
    this.recount();
  }
}

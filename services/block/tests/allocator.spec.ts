// The allocator against a model with one state a block, over random allocations, frees, abandoned transactions and checkpoints. A million operations on the release module: tests/block/allocator-model.ts.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Allocator } from "../allocator";
import { Checkpoint } from "../checkpoint";
import { Damage } from "../damage";
import { Geometry, PAGE_BITS } from "../geometry";
import { MapReader } from "../map-reader";
import { CHANGED_NODES_LIMIT, MapTree } from "../map-tree";
import { FRAME_COUNT, PageFrames } from "../page-frames";
import { MemoryDisk, Random } from "./memory-disk";

const BLOCKS: u32 = 3 * PAGE_BITS + 1000;
const FREE: u8 = 0, USED: u8 = 1, RECENT: u8 = 2, OLDER: u8 = 3, OWNED: u8 = 4;

/** An allocator over a map of which nothing was ever written, so that no disk is needed. */
function allocatorOf(blockCount: u64): Allocator {
  const geometry = new Geometry();
  geometry.layOut(blockCount);
  const disk = new MemoryDisk(), reader = new MapReader(disk, geometry, new Damage()), checkpoint = new Checkpoint(disk, geometry, reader), frames = new PageFrames();
  checkpoint.reset();
  const allocator = new Allocator(geometry, new MapTree(disk, geometry, frames, checkpoint, reader), frames);
  allocator.reset();
  return allocator;
}

class Model {
  readonly geometry: Geometry;
  readonly allocator: Allocator;
  readonly states: StaticArray<u8> = new StaticArray<u8>(BLOCKS);
  readonly runs: u32[] = [];
  free: u64 = 0;

  constructor() {
    const allocator = allocatorOf(BLOCKS);
    const geometry = allocator.geometry;
    this.geometry = geometry;
    this.allocator = allocator;
    for (let i: u32 = 0; i < BLOCKS; i++) {
      this.states[i] = geometry.isForClients(i, 1) ? FREE : OWNED;
      if (!this.states[i]) this.free++;
    }
  }

  set(first: u32, count: u32, state: u8): void { for (let i = first; i < first + count; i++) this.states[i] = state; }

  /** Blocks that the allocator sees otherwise. */
  differences(): u32 {
    let wrong: u32 = 0;
    for (let page: u32 = 0; page < this.geometry.pageCount; page++) {
      if (this.allocator.tree.loadPage(page)) return BLOCKS;
      const out = this.allocator.tree.bits;
      for (let i: u32 = 0; i < PAGE_BITS && page * PAGE_BITS + i < BLOCKS; i++) {
        const state = this.states[page * PAGE_BITS + i];
        const inUse = (load<u8>(out + (i >> 3)) >> <u8>(i & 7) & 1) != 0;
        if (inUse != (state == USED || state == OWNED)) wrong++;
      }
    }
    return wrong;
  }

  allocate(random: Random): bool {
    const count: u32 = 1 + random.next(400);
    const status = this.allocator.allocate(random.next(2) ? random.next(BLOCKS) : 0, count, false);
    if (status) return false;
    const first = <u32>this.allocator.foundAddress, got = this.allocator.foundCount;
    if (!got || got > count) return false;
    for (let i = first; i < first + got; i++) if (this.states[i] != FREE) return false;
    this.set(first, got, USED);
    this.free -= got;
    this.runs.push(first);
    this.runs.push(got);
    return true;
  }

  release(random: Random): bool {
    if (!this.runs.length) return true;
    const at = random.next(this.runs.length / 2) * 2;
    const first = this.runs[at], count = this.runs[at + 1];
    if (this.allocator.free(first, count) != Status.Ok) return false;
    this.set(first, count, RECENT);
    this.runs[at] = this.runs[this.runs.length - 2];
    this.runs[at + 1] = this.runs[this.runs.length - 1];
    this.runs.length -= 2;
    return this.allocator.free(first, count) == Status.InvalidArgument;
  }

  checkpoint(): void {
    this.allocator.fresh.clear();
    this.allocator.advance();
    for (let i: u32 = 0; i < BLOCKS; i++) {
      if (this.states[i] == OLDER) { this.states[i] = FREE; this.free++; }
      else if (this.states[i] == RECENT) this.states[i] = OLDER;
    }
  }
}

describe("the allocator", () => {
  it("agrees with a model over 4,000 random steps", () => {
    const model = new Model();
    const random = new Random(99);
    expect(model.allocator.freeCount).toBe(model.free);
    let wrong = 0;
    for (let step = 0; step < 4000; step++) {
      const choice = random.next(100);
      if (choice < 52) { if (!model.allocate(random)) wrong++; }
      else if (choice < 97) { if (!model.release(random)) wrong++; }
      else model.checkpoint();
      if (model.allocator.freeCount != model.free) wrong++;
      if (step % 500 == 0) wrong += model.differences();
    }
    expect(wrong).toBe(0);
    expect(model.differences()).toBe(0);
  });

  it("finds the last free blocks of a nearly full image and then says NoSpace", () => {
    const model = new Model();
    let total: u64 = 0;
    while (model.allocator.allocate(0, 5000, true) == Status.Ok) total += model.allocator.foundCount;
    expect(total).toBe(model.free);
    expect(model.allocator.freeCount).toBe(0);
    expect(model.allocator.allocate(0, 1, true)).toBe(Status.NoSpace);
    expect(model.allocator.free(BLOCKS - 1, 1)).toBe(Status.Ok);
    expect(model.allocator.allocate(0, 1, true)).toBe(Status.NoSpace);
    model.allocator.advance();
    model.allocator.advance();
    expect(model.allocator.allocate(0, 7, true)).toBe(Status.Ok);
    expect(model.allocator.foundAddress).toBe(BLOCKS - 1);
    expect(model.allocator.foundCount).toBe(1);
  });

  it("keeps the reserve for those who ask for it", () => {
    const model = new Model();
    while (model.allocator.allocate(0, 5000, false) == Status.Ok) {}
    expect(model.allocator.freeCount).toBe(model.allocator.reserveCount);
    expect(model.allocator.availableCount).toBe(0);
    expect(model.allocator.allocate(0, 5000, true)).toBe(Status.Ok);
  });

  it("answers Busy when as many nodes of the map changed as a checkpoint may have, and goes on after one; memory stays bounded", () => {
    const allocator = allocatorOf(1 << 32);
    let busy = 0, wrong = 0;
    for (let round = 0; round < 6; round++) {
      let status: u32 = Status.Ok;
      // One block in each page from the round's place on: every page is another node, and every 84 pages a table.
      for (let page: u64 = 0; page < 1000 && !status; page++) {
        const hint = (<u64>round * 1000 + page + 100) * PAGE_BITS + 5;
        status = allocator.allocate(hint, 2, false);
        if (status) continue;
        if (allocator.foundAddress != hint) wrong++;
        if (allocator.free(hint, 1)) wrong++;
      }
      if (status == Status.Busy) busy++;
      if (allocator.tree.changedCount > CHANGED_NODES_LIMIT || !allocator.isCheckpointDue) wrong++;
      if (allocator.free((<u64>round * 1000 + 100) * PAGE_BITS + 6, 1)) wrong++; // no new node
      allocator.fresh.clear();
      allocator.advance();
    }
    expect(busy).toBe(6);
    expect(wrong).toBe(0);
    expect(allocator.frames.pinnedCount).toBeLessThan(FRAME_COUNT / 2);
  });

  it("keeps at most one plane of fresh blocks when a transaction ends, and no fresh block", () => {
    const allocator = allocatorOf(1 << 32);
    let wrong = 0;
    for (let round: u64 = 0; round < 100; round++) {
      const first = (100 + 2 * round) * PAGE_BITS + 5, second = first + PAGE_BITS;
      if (allocator.allocate(first, 1, false) || allocator.allocate(second, 1, false)) wrong++;
      if (!allocator.isFresh(first, 1) || !allocator.isFresh(second, 1)) wrong++;
      if (round & 1) allocator.unfresh(first, 1);
      if (round & 2) allocator.unfresh(second, 1);
      allocator.fresh.empty();
      if (allocator.isFresh(first, 1) || allocator.isFresh(second, 1) || allocator.frames.pinnedCount > allocator.tree.changedCount + 1) wrong++;
      if (allocator.allocate(second + 1, 1, false) || allocator.isFresh(second, 1)) wrong++;
      allocator.fresh.empty();
      if (allocator.isFresh(second + 1, 1) || allocator.frames.pinnedCount > allocator.tree.changedCount + 1) wrong++;
      if (round % 10 == 9) allocator.advance();
    }
    expect(wrong).toBe(0);
  });

  it("reaches both ends of 16 TiB", () => {
    const allocator = allocatorOf(1 << 32);
    const total = allocator.freeCount;
    expect(total).toBe(allocator.geometry.clientBlocks(0, 1 << 32));
    const last: u64 = (<u64>1 << 32) - allocator.reserveCount - 1;
    expect(allocator.allocate(last, 1, false)).toBe(Status.Ok);
    expect(allocator.foundAddress).toBe(last);
    expect(allocator.allocate(last, 5, false)).toBe(Status.Ok);
    expect(allocator.foundAddress).toBe(1, "around the end, of which the last blocks are left alone");
    expect(allocator.freeCount).toBe(total - 6);
  });

  it("where free space is in pieces finds the longest, and for those who may have the reserve a long run", () => {
    const model = new Model();
    const end = BLOCKS - model.allocator.reserveCount;
    // All but the end in use; then one block in two comes back, and three in a row far from where the search begins.
    while (model.allocator.allocate(0, 5000, false) == Status.Ok) {}
    const three = end - 1000 & ~1;
    for (let at = end - 9000 & ~1; at < end - 2; at += 2) expect(model.allocator.free(at, at == three ? 2 : 1)).toBe(Status.Ok);
    model.allocator.advance();
    model.allocator.advance();
    expect(model.allocator.allocate(end - 8000 & ~1, 16, false)).toBe(Status.Ok);
    expect(model.allocator.foundAddress).toBe(three);
    expect(model.allocator.foundCount).toBe(3);
    expect(model.allocator.allocate(end - 8000 & ~1, 16, false)).toBe(Status.Ok);
    expect(model.allocator.foundCount).toBe(1);
    expect(model.allocator.allocate(end - 8000 & ~1, 16, true)).toBe(Status.Ok);
    expect(model.allocator.foundCount).toBe(16);
    expect(model.allocator.foundAddress).toBeGreaterThanOrEqual(end);
    expect(model.allocator.allocate(0, 1, true)).toBe(Status.Ok);
    expect(model.allocator.foundAddress).toBeLessThan(end, "a short one is found elsewhere, also behind a long one");
  });

  it("refuses to free what no client has", () => {
    const model = new Model();
    expect(model.allocator.free(0, 1)).toBe(Status.InvalidArgument);
    expect(model.allocator.free(4095, 2)).toBe(Status.InvalidArgument);
    expect(model.allocator.free(model.geometry.logStart, 1)).toBe(Status.InvalidArgument);
    expect(model.allocator.free(BLOCKS, 1)).toBe(Status.InvalidArgument);
    expect(model.allocator.free(u64.MAX_VALUE, 5)).toBe(Status.InvalidArgument);
  });
});

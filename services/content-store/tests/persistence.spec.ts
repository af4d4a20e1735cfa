// The index on disk: what a mount finds after checkpoints, commits and crashes; runs whose cost follows the work; nothing believed that does not verify.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Entry } from "../entry";
import { BLOCK_BYTES, Kind } from "../limits";
import { ROOT_BYTES, Root } from "../runs";
import { ContentStore } from "../store";
import { fillRandom, makeStore, random, roomySizes, seed } from "./bench";
import { FakeBlock } from "./fake-block";

const content: usize = heap.alloc(1 << 20);
const readBack: usize = heap.alloc(70000);
const scratch: usize = heap.alloc(1 << 16);
fillRandom(content, 1 << 20);

/** Object i: bytes from i × 8 on, so that every one is different. */
function lengthOf(i: u32): u32 { return 1 + (i * 37) % 3000; }
function store(target: ContentStore, i: u32): void { expect(target.store(<u32>(content + i * 8), lengthOf(i))).toBe(Status.Ok); }
function has(target: ContentStore, i: u32): bool {
  if (target.store(<u32>(content + i * 8), lengthOf(i)) != Status.Ok) return false;
  return target.isDuplicate;
}
/** Every object below `count` is there with its bytes, and no other. */
function hasExactly(target: ContentStore, count: u32): bool {
  if (target.index.count != count) return false;
  for (let i: u32 = 0; i < count; i++) {
    if (!has(target, i)) return false;
    if (target.objects.copyOut(target.hash, lengthOf(i), 0, <u32>readBack, 70000) != Status.Ok) return false;
    if (memory.compare(readBack, content + i * 8, lengthOf(i)) != 0) return false;
  }
  target.recount.run();
  return target.recount.notAllocated == 0 && target.recount.overlapping == 0;
}
function commit(target: ContentStore, block: FakeBlock): void {
  expect(target.prepare()).toBe(Status.Ok);
  block.commit();
}
function checkpoint(target: ContentStore, block: FakeBlock): void {
  expect(target.checkpoint()).toBe(Status.Ok);
  block.checkpoint();
}

describe("a mount", () => {
  it("finds what was checkpointed and what was committed after it, and no more", () => {
    const block = new FakeBlock(20000);
    const target = makeStore(block, roomySizes());
    for (let i: u32 = 0; i < 3000; i++) {
      store(target, i);
      if (i % 250 == 100) commit(target, block);
      if (i % 700 == 600) checkpoint(target, block);
      if (i % 500 == 499) {
        commit(target, block);
        expect(target.mount()).toBe(Status.Ok);
        expect(hasExactly(target, i + 1)).toBe(true, "after " + i.toString());
      }
    }
    commit(target, block);
    store(target, 3000);
    expect(target.prepare()).toBe(Status.Ok);
    block.crash();
    expect(target.mount()).toBe(Status.Ok);
    expect(hasExactly(target, 3000)).toBe(true, "what was not committed is gone");
  });
  it("owns every block that is in use, also when power failed between commit and checkpoint", () => {
    const block = new FakeBlock(20000);
    const target = makeStore(block, roomySizes());
    for (let round: u32 = 0; round < 12; round++) {
      for (let i = round * 100; i < round * 100 + 100; i++) store(target, i);
      expect(target.checkpoint()).toBe(Status.Ok);
      if (round % 3 == 0) block.crash();
      else block.commit();
      // The block service's checkpoint follows in every fourth round only.
      if (round % 4 == 3) block.checkpoint();
      expect(target.mount()).toBe(Status.Ok);
      for (let i = round * 100; i < round * 100 + 100; i++) store(target, i);
      commit(target, block);
      expect(hasExactly(target, round * 100 + 100)).toBe(true, "round " + round.toString());
      expect(<u32>target.recount.ownedBlocks).toBe(block.countUsed());
    }
  });
  it("survives a collection in the journal and in the runs", () => {
    const block = new FakeBlock(20000);
    const target = makeStore(block, roomySizes());
    for (let i: u32 = 0; i < 1000; i++) store(target, i);
    checkpoint(target, block);
    for (let i: u32 = 1000; i < 1200; i++) store(target, i);
    checkpoint(target, block);
    expect(target.collector.begin()).toBe(Status.Ok);
    // Storing again what is to be kept: matched is kept.
    for (let i: u32 = 0; i < 600; i++) store(target, i);
    let freed: u32 = 0;
    do {
      expect(target.collector.sweep(50)).toBe(Status.Ok);
      freed += target.collector.freedObjects;
    } while (target.collector.remaining);
    expect(freed).toBe(600);
    commit(target, block);
    expect(target.mount()).toBe(Status.Ok);
    expect(hasExactly(target, 600)).toBe(true, "by the journal");
    checkpoint(target, block);
    expect(target.mount()).toBe(Status.Ok);
    expect(hasExactly(target, 600)).toBe(true, "by the runs");
    expect(<u32>target.recount.ownedBlocks).toBe(block.countUsed());
  });
});

describe("a block service that remembers only so many frees until a checkpoint", () => {
  it("gets the checkpoint when it wants it, in the middle of a sweep, and loses nothing", () => {
    const block = new FakeBlock(20000);
    const target = makeStore(block, roomySizes());
    for (let i: u32 = 0; i < 1000; i++) store(target, i);
    checkpoint(target, block);
    block.freesMost = 200;
    expect(target.collector.begin()).toBe(Status.Ok);
    for (let i: u32 = 0; i < 100; i++) store(target, i);
    let freed: u32 = 0, steps = 0;
    do {
      expect(target.collector.sweep(1000)).toBe(Status.Ok);
      expect(target.collector.freedObjects).toBeLessThan(100 + 16 + 1);
      freed += target.collector.freedObjects;
      steps++;
      checkpoint(target, block);
    } while (target.collector.remaining && steps < 100);
    expect(freed).toBe(900);
    expect(target.mount()).toBe(Status.Ok);
    expect(hasExactly(target, 100)).toBe(true);
    expect(<u32>target.recount.ownedBlocks).toBe(block.countUsed());
  });

  it("ends a step that frees nothing more, and says so if there is no checkpoint", () => {
    const block = new FakeBlock(20000);
    const target = makeStore(block, roomySizes());
    for (let i: u32 = 0; i < 300; i++) store(target, i);
    checkpoint(target, block);
    expect(target.collector.begin()).toBe(Status.Ok);
    block.freesMost = 1;
    expect(target.collector.sweep(1000)).toBe(Status.Ok);
    expect(target.collector.freedObjects).toBe(1);
    expect(target.collector.remaining).toBeGreaterThan(0);
    expect(target.collector.sweep(1000)).toBe(Status.Busy);
    block.freesMost = u32.MAX_VALUE;
    let freed: u32 = 0;
    do {
      expect(target.collector.sweep(1000)).toBe(Status.Ok);
      freed += target.collector.freedObjects;
    } while (target.collector.remaining);
    expect(freed).toBe(299);
  });
});

describe("a checkpoint", () => {
  it("costs what is new, not what is there", () => {
    const block = new FakeBlock(40000);
    const target = makeStore(block, roomySizes());
    for (let i: u32 = 0; i < 15000; i++) store(target, i);
    checkpoint(target, block);
    let written: u32 = 0;
    for (let round: u32 = 0; round < 20; round++) {
      for (let i: u32 = 15000 + round * 10; i < 15010 + round * 10; i++) store(target, i);
      commit(target, block);
      const used = block.countFree();
      checkpoint(target, block);
      written += used - block.countFree();
    }
    // 15,000 entries are 176 blocks; 20 small checkpoints of a directory and a small run each must not come near to writing them again.
    expect(written).toBeLessThan(100);
    expect(target.mount()).toBe(Status.Ok);
    expect(target.index.count).toBe(15200);
  });
  it("writes nothing when nothing is new", () => {
    const block = new FakeBlock(2000);
    const target = makeStore(block, roomySizes());
    for (let i: u32 = 0; i < 100; i++) store(target, i);
    checkpoint(target, block);
    const writes = block.writes;
    checkpoint(target, block);
    expect(block.writes).toBe(writes);
    expect(target.mount()).toBe(Status.Ok);
    expect(target.index.count).toBe(100);
  });
  it("that fails leaves the old root and no block behind", () => {
    const block = new FakeBlock(2000);
    const target = makeStore(block, roomySizes());
    for (let i: u32 = 0; i < 100; i++) store(target, i);
    checkpoint(target, block);
    for (let i: u32 = 100; i < 200; i++) store(target, i);
    commit(target, block);
    const used = block.countUsed();
    // The run, then the directory after the run is written.
    for (let write = 0; write < 2; write++) {
      block.failWriteIn = write;
      expect(target.checkpoint()).toBe(Status.DeviceError);
      expect(block.countUsed()).toBe(used);
    }
    block.commit();
    expect(target.mount()).toBe(Status.Ok);
    expect(target.index.count).toBe(200);
    checkpoint(target, block);
    expect(target.mount()).toBe(Status.Ok);
    expect(target.index.count).toBe(200);
  });
  it("after a piece could not be attached loses nothing", () => {
    const block = new FakeBlock(2000);
    const target = makeStore(block, roomySizes());
    for (let i: u32 = 0; i < 100; i++) store(target, i);
    block.refuseAttach = true;
    expect(target.prepare()).toBe(Status.TooLarge);
    block.refuseAttach = false;
    commit(target, block);
    expect(target.mount()).toBe(Status.Ok);
    expect(hasExactly(target, 100)).toBe(true);
  });
});

describe("a mount of something broken", () => {
  it("is refused, whatever bit of the index is flipped", () => {
    seed(51);
    const block = new FakeBlock(2000);
    const target = makeStore(block, roomySizes());
    for (let i: u32 = 0; i < 400; i++) store(target, i);
    checkpoint(target, block);
    block.getRoot(scratch, 1024);
    const directory = <u32>Root.directoryAddress(scratch) * BLOCK_BYTES;
    const segment = <u32>Entry.address(block.disk.dataStart + directory) * BLOCK_BYTES;
    for (let k = 0; k < 60; k++) {
      const byte = k < 20 ? directory + random(Root.directoryBytes(scratch)) : segment + random(400 * Entry.BYTES);
      block.disk[byte] ^= <u8>(<u32>1 << (k & 7));
      expect(target.mount()).toBe(Status.Corrupted);
      expect(target.ready()).toBe(Status.Corrupted);
      block.disk[byte] ^= <u8>(<u32>1 << (k & 7));
    }
    expect(target.mount()).toBe(Status.Ok);
    expect(hasExactly(target, 400)).toBe(true);
  });
  it("is refused when pieces or the root do not make sense", () => {
    const block = new FakeBlock(2000);
    const target = makeStore(block, roomySizes());
    for (let i: u32 = 0; i < 40; i++) store(target, i);
    commit(target, block);
    const piece = block.piece(0);
    const entry = piece.dataStart + 16;
    // Added twice.
    block.attach(piece.dataStart, piece.length);
    block.commit();
    expect(target.mount()).toBe(Status.Corrupted);
    block.format(0, 0);
    // Each of these alone: a kind that is none, an address off the device, no length, a page length that is none, a change that is none, a foreign piece.
    const edits: StaticArray<u32> = [38, 32, 40, 39, 0, 8];
    for (let k = 0; k < edits.length; k++) {
      memory.copy(scratch, piece.dataStart, piece.length);
      const at = scratch + 16;
      if (edits[k] == 38) store_(at + 38, 7);
      else if (edits[k] == 32) Entry.setAddress(at, 1999 + 1);
      else if (edits[k] == 40) Entry.setLength(at, 0, 0);
      else if (edits[k] == 39) store_(at + 39, 2);
      else if (edits[k] == 0) store_(scratch, 1);
      else store_(scratch + 8, 200);
      block.attach(scratch, piece.length);
      block.commit();
      expect(target.mount()).toBe(Status.Corrupted, "edit at " + edits[k].toString());
      block.format(0, 0);
    }
    // Removed without being there.
    memory.copy(scratch, piece.dataStart, piece.length);
    store_(scratch + 16 + 39, 1);
    block.attach(scratch, piece.length);
    block.commit();
    expect(target.mount()).toBe(Status.Corrupted);
    block.format(0, 0);
    // A root of another version, and one that is none.
    Root.fill(scratch, 0, 0, 0, entry);
    store_(scratch + 4, 2);
    block.setRoot(scratch, ROOT_BYTES);
    block.checkpoint();
    expect(target.mount()).toBe(Status.UnsupportedVersion);
    store_(scratch, 2);
    block.setRoot(scratch, ROOT_BYTES);
    block.checkpoint();
    expect(target.mount()).toBe(Status.Corrupted);
  });
});

describe("a collection", () => {
  it("that cannot read a page frees nothing", () => {
    const block = new FakeBlock(4000);
    const target = makeStore(block, roomySizes());
    const large = heap.alloc(9 << 20);
    fillRandom(large, 9 << 20);
    expect(target.store(<u32>large, 9 << 20)).toBe(Status.Ok);
    const hash = heap.alloc(64);
    memory.copy(hash, target.hash, 32);
    store(target, 5);
    commit(target, block);
    // The page over the first 128 groups.
    let page: u32 = 0;
    for (let slot = target.index.nextUsed(0); slot < target.index.slotLimit; slot = target.index.nextUsed(slot + 1)) {
      const entry = target.index.entry(slot);
      if (Entry.kind(entry) == Kind.interior && Entry.firstGroup(entry) == 0) page = <u32>Entry.address(entry);
    }
    target.mount();
    block.disk[page * BLOCK_BYTES + 9] ^= 1;
    expect(target.collector.begin()).toBe(Status.Ok);
    expect(target.collector.mark(1, <u32>hash, 32, <u32>(hash + 32), 1)).toBe(Status.Corrupted);
    expect(target.collector.sweep(10)).toBe(Status.Corrupted);
    expect(has(target, 5)).toBe(true);
    // The same image, whole again, can be collected: what nobody names goes.
    block.disk[page * BLOCK_BYTES + 9] ^= 1;
    expect(target.collector.begin()).toBe(Status.Ok);
    expect(target.collector.mark(1, <u32>hash, 32, <u32>(hash + 32), 1)).toBe(Status.Ok);
    expect(target.collector.sweep(1000)).toBe(Status.Ok);
    expect(target.collector.freedObjects).toBe(1);
    expect(target.collector.remaining).toBe(0);
    heap.free(large);
  });
});

function store_(at: usize, value: u8): void { memory.fill(at, value, 1); }

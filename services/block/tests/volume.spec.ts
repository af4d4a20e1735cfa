// The volume over a disk in memory: the log around its end, and a mount after each kind of damage. Power loss at every write: tests/block/crash.test.ts.
import { ExtentDescriptor } from "../../../kernel-bindings/generated/assembly/block";
import { chainingValue } from "../../base/blake3/tree";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { BLOCK_BYTES } from "../geometry";
import { Replay } from "../replay";
import { MemoryDisk, World } from "./memory-disk";

const buffer: usize = heap.alloc(65536);

/** How many pieces of badge 1 there are, each one byte more than the one before, from `first` on; −1 if not. */
function pieces(world: World, first: u8): i32 {
  const replay = new Replay(world.volume);
  let cursor: u64 = 0, count = 0;
  while (true) {
    if (replay.next(cursor, 1, <u32>buffer, 65536)) return -1;
    if (!replay.found) return count;
    if (load<u8>(buffer) != <u8>(first + count)) return -1;
    count++;
    cursor = replay.cursor;
  }
}
/** A synced and sealed image with `count` transactions after generation 2. */
function sealed(count: i32): World {
  const world = new World().fresh();
  world.volume.checkpoint();
  for (let i = 0; i < count; i++) world.commit(<u8>i);
  world.volume.sync();
  world.volume.sync();
  return world;
}
function remount(): World {
  const world = new World();
  world.mount.run();
  return world;
}

describe("the log", () => {
  it("goes around its end again and again; nothing is lost at any mount", () => {
    const world = new World().fresh();
    memory.fill(buffer, 5, 65536);
    let wrong = 0;
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 12; i++) {
        if (world.volume.commit(3, <u32>buffer, 9000 + round * 700)) wrong++;
        if (world.commit(<u8>i)) wrong++;
      }
      if (world.volume.sync()) wrong++;
      if (round % 8 == 7) {
        const after = remount();
        if (after.volume.mountStatus || pieces(after, 0) != 12) wrong++;
        world.mount.run();
      }
      if (world.volume.checkpoint()) wrong++;
    }
    expect(wrong).toBe(0);
    expect(world.volume.log.head).toBeGreaterThan(3 * world.volume.geometry.logBlocks);
  });

  it("gives up what only the generation before needs when there is no other room", () => {
    const world = new World().fresh();
    world.volume.checkpoint();
    let commits = 0;
    for (let i = 0; i < 500; i++) if (world.commit(0) == Status.Ok) commits++;
    world.volume.checkpoint();
    const generation = world.volume.superblock.generation;
    for (let i = 0; i < 600; i++) if (world.commit(<u8>i) == Status.Ok) commits++;
    expect(commits).toBe(1100);
    expect(world.volume.superblock.generation).toBe(generation + 1);
    world.volume.sync();
    expect(pieces(remount(), 0)).toBe(600);
  });
});

describe("a mount", () => {
  it("finds everything after a clean stop, twice, and writes nothing the second time", () => {
    sealed(5);
    expect(pieces(remount(), 0)).toBe(5);
    const again = remount();
    expect(again.disk.writeCount).toBe(0);
    expect(pieces(again, 0)).toBe(5);
  });

  it("takes a record that was never finished for the end", () => {
    const world = sealed(5);
    const at = world.volume.log.head;
    world.commit(5);
    world.disk.flip(world.volume.geometry.logStart + at, 170);
    const after = remount();
    expect(after.volume.mountStatus).toBe(Status.Ok);
    expect(after.volume.droppedTail).toBe(true);
    expect(pieces(after, 0)).toBe(5);
  });

  it("calls damage to a flushed record Corrupted", () => {
    const world = sealed(5);
    world.disk.flip(world.volume.geometry.logStart + world.volume.log.checkpointPosition + 2, 100);
    const after = remount();
    expect(after.volume.mountStatus).toBe(Status.Corrupted);
    expect(after.volume.isDamaged).toBe(true);
    expect(after.disk.writeCount).toBe(0);
    expect(after.commit(1)).toBe(Status.Corrupted);
    expect(after.volume.sync()).toBe(Status.Corrupted);
  });

  it("falls back one generation when any structure of the newest is damaged", () => {
    // Superblock of generation 3 (a format makes two), its checkpoint (copy 2); the image has a bitmap page and a table only after the first change.
    for (let i = 0; i < 2; i++) {
      const world = sealed(5);
      world.disk.flip(i == 0 ? world.volume.geometry.slotAddress(3) : world.volume.geometry.checkpointAddress(2), 140);
      const after = remount();
      expect(after.volume.mountStatus).toBe(Status.Ok);
      expect(after.volume.fellBack).toBe(true);
      // A superblock that is there but leads to damage is covered by another one.
      expect(after.volume.superblock.generation).toBe(i == 0 ? 2 : 4);
      expect(pieces(after, 0)).toBe(5);
    }
  });

  it("does not go back behind a log that was overwritten", () => {
    const world = sealed(1);
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 450; i++) world.commit(0);
      world.volume.checkpoint();
    }
    for (let i = 0; i < 400; i++) world.commit(0);
    world.volume.sync();
    expect(world.volume.superblock.generation).toBe(8);
    world.disk.flip(world.volume.geometry.slotAddress(8 % 4), 140);
    expect(remount().volume.mountStatus).toBe(Status.Ok);
    world.disk.flip(world.volume.geometry.slotAddress(7 % 4), 140);
    const after = remount();
    expect(after.volume.superblock.generation).toBe(6);
    expect(after.volume.mountStatus).toBe(Status.Corrupted);
  });

  it("returns to the last durable state after a flush that failed", () => {
    const world = sealed(3);
    world.commit(3);
    world.disk.failFlushIn = 0;
    expect(world.volume.sync()).toBe(Status.Lost);
    expect(world.commit(4)).toBe(Status.Lost);
    expect(world.volume.sync()).toBe(Status.Lost);
    world.mount.run();
    expect(world.volume.sync()).toBe(Status.Ok);
    expect(pieces(world, 0)).toBe(4);
  });
});

const value: usize = memory.data(32, 16);
const descriptor: usize = memory.data(48, 16);
/** A committed, unflushed group extent of 20,000 bytes under the chaining value of chunk `hashedAt`, described as chunk `storedAt`. */
function group(hashedAt: u64, storedAt: u64): World {
  const world = new World().fresh();
  for (let i = 0; i < 20480; i++) store<u8>(buffer + i, <u8>(i * 7 + i / 251));
  chainingValue(buffer, 20000, hashedAt, value);
  world.volume.allocate(0, 5, false);
  ExtentDescriptor.setLengthBytes(descriptor, 20000);
  ExtentDescriptor.setCounterAndKind(descriptor, storedAt << 1 | 1);
  ExtentDescriptor.setValue(descriptor, value);
  assert(world.volume.writeExtents(world.volume.allocator.foundAddress, 1, <u32>buffer, 20480, <u32>descriptor) == Status.Ok);
  world.commit(0);
  return world;
}

describe("a group extent", () => {
  it("counts under its chaining value and its chunk counter only", () => {
    group(1 << 40, 1 << 40);
    expect(pieces(remount(), 0)).toBe(1);
    group(1 << 40, 64);
    expect(pieces(remount(), 0)).toBe(0);
  });

  it("does not bind what follows its last byte", () => {
    let world = group(128, 128);
    world.disk.flip(world.volume.allocator.foundAddress + 4, 20000 - 4096 * 4);
    expect(pieces(remount(), 0)).toBe(1);
    world = group(128, 128);
    world.disk.flip(world.volume.allocator.foundAddress + 4, 19999 - 4096 * 4);
    expect(pieces(remount(), 0)).toBe(0);
  });
});

describe("an abandoned transaction", () => {
  it("gives back a block that it allocated and freed", () => {
    const world = new World().fresh();
    const free = world.volume.allocator.freeCount;
    world.volume.allocate(0, 4, false);
    const address = world.volume.allocator.foundAddress;
    expect(world.volume.free(address + 1, 2)).toBe(Status.Ok);
    world.volume.abandon();
    expect(world.volume.allocator.freeCount).toBe(free);
    expect(world.volume.allocator.requireInUse(address, 1)).toBe(Status.InvalidArgument);
    expect(world.volume.allocator.waiting.count).toBe(0);
    expect(world.volume.transaction.isEmpty).toBe(true);
  });

  it("leaves the committed image of a block that it wrote again", () => {
    const world = new World().fresh();
    world.volume.allocate(0, 1, false);
    const address = world.volume.allocator.foundAddress;
    memory.fill(buffer, 1, BLOCK_BYTES);
    world.volume.write(address, <u32>buffer, BLOCK_BYTES);
    world.commit(0);
    memory.fill(buffer, 2, BLOCK_BYTES);
    world.volume.write(address, <u32>buffer, BLOCK_BYTES);
    world.volume.read(address, <u32>buffer, BLOCK_BYTES);
    expect(load<u8>(buffer)).toBe(2);
    world.volume.abandon();
    world.volume.read(address, <u32>buffer, BLOCK_BYTES);
    expect(load<u8>(buffer)).toBe(1);
  });
});

// A device that stops answering at any moment and comes back (its driver restarted, or gave up on a request of somebody who was dying): nobody is told that it went well, everything stands as before,
// the same can be asked for again, and what was synced stays. And clients that die with something in the open transaction.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { BLOCK_BYTES } from "../geometry";
import { Replay } from "../replay";
import { Verifier } from "../verifier";
import { World } from "./memory-disk";

/** Two services over the one disk, used again and again: each takes 50 MiB. `again` is the next life of the image. */
const first = new World();
const again = new World();
const verifier = new Verifier(first.volume);
const data: usize = heap.alloc(BLOCK_BYTES * 4);
const buffer: usize = heap.alloc(65536);
const MOMENTS_MOST: i32 = 400;

function pieceCount(world: World, badge: u32): i32 {
  const replay = new Replay(world.volume);
  let cursor: u64 = 0, count = 0;
  while (true) {
    if (replay.next(cursor, badge, <u32>buffer, 65536)) return -1;
    if (!replay.found) return count;
    count++;
    cursor = replay.cursor;
  }
}

/** Allocation, redo images, commits, syncs, checkpoints: step number `step` of a life; its status. */
function run(world: World, step: i32): u32 {
  const volume = world.volume;
  switch (step % 6) {
    case 0: {
      const status = volume.allocate(0, 2, false);
      if (status) return status;
      // An image of a block that the transaction holds, so that a checkpoint has something to send home.
      return volume.write(volume.allocator.foundAddress, <u32>data, BLOCK_BYTES);
    }
    case 1: return world.commit(<u8>step);
    case 2: return volume.sync();
    case 3: {
      // With data that is kept back until the commit.
      if (volume.kept.isEmpty && world.store(data)) return world.refusal;
      return world.commit(<u8>step);
    }
    case 4: return volume.checkpoint();
    default: return volume.sync();
  }
}

const STEPS: i32 = 24;

/** A life in which the device is silent at its n-th call, and back after `attempts` requests. How often a request was refused; −1: something was wrong. */
function live(moment: i32, silence: u32): i32 {
  const world = first.fresh();
  world.disk.silence = silence;
  world.disk.silentIn = moment;
  let refused = 0, synced: u64 = 0, pieces = 0;
  for (let step = 0; step < STEPS; step++) {
    for (let attempt = 0; ; attempt++) {
      const status = run(world, step);
      if (!status) break;
      if (status != silence || attempt == 4) return -1;
      refused++;
      if (world.volume.failure || world.volume.mountStatus) return -1;
      if (attempt == 1) world.disk.silentIn = -1;
    }
    if (step % 6 == 2) synced = world.volume.log.committed;
    if (step % 6 == 1 || step % 6 == 3) pieces++;
    if (step % 6 == 4) pieces = 0;
    if (world.disk.silentIn < 0 && pieceCount(world, 1) != pieces) return -1;
  }
  world.disk.silentIn = -1;
  if (verifier.run() || verifier.damagedBlocks) return -1;
  const after = again;
  if (after.mount.run() || after.volume.log.committed < synced || after.volume.fellBack) return -1;
  if (after.volume.allocator.usedCount != world.volume.allocator.usedCount) return -1;
  if (pieceCount(after, 1) != pieces) return -1;
  // The two of the format and one a checkpoint: a generation that was refused was given again.
  if (after.volume.superblock.generation != 2 + STEPS / 6) return -1;
  return refused;
}

describe("a device that is silent at any moment", () => {
  it("costs refusals and nothing else", () => {
    let moments = 0, wrong = 0;
    for (let moment = 1; moment < MOMENTS_MOST; moment++) {
      const refused = live(moment, moment & 1 ? <u32>Status.DeviceGone : <u32>Status.Cancelled);
      if (refused < 0) wrong++;
      if (refused == 0) break;
      moments++;
    }
    expect(wrong).toBe(0);
    expect(moments).toBeGreaterThan(40);
    expect(moments).toBeLessThan(MOMENTS_MOST - 1, "the last moment was reached");
  });

  it("in a mount is not taken for damage; the next mount serves", () => {
    const world = first.fresh();
    for (let i = 0; i < 5; i++) world.commit(<u8>i);
    world.volume.checkpoint();
    for (let i = 0; i < 3; i++) world.commit(<u8>i);
    world.volume.sync();
    let wrong = 0, moments = 0;
    const after = again;
    for (let moment = 1; moment < MOMENTS_MOST; moment++) {
      after.disk.silentIn = moment;
      const status = after.mount.run();
      after.disk.silentIn = -1;
      if (!status) break;
      moments++;
      if (status != Status.DeviceGone || after.volume.isDamaged) wrong++;
      if (after.mount.run() || after.volume.fellBack || pieceCount(after, 1) != 3) wrong++;
    }
    expect(wrong).toBe(0);
    expect(moments).toBeGreaterThan(8);
  });

  it("a verification says that it does not know, not that blocks are damaged", () => {
    const world = first.fresh();
    world.commit(1);
    world.disk.silentIn = 3;
    expect(verifier.run()).toBe(Status.DeviceGone);
    world.disk.silentIn = -1;
    expect(verifier.run()).toBe(Status.Ok);
  });

  it("a checkpoint that was cut off does not change what replay and the roots give", () => {
    const world = first.fresh();
    store<u64>(buffer, 77);
    world.volume.roots.set(1, buffer, 8);
    world.commit(1);
    expect(world.volume.checkpoint()).toBe(Status.Ok);
    store<u64>(buffer, 78);
    world.volume.roots.set(1, buffer, 8);
    world.commit(2);
    world.disk.silentIn = 3;
    expect(world.volume.checkpoint()).toBe(Status.DeviceGone);
    world.disk.silentIn = -1;
    expect(load<u64>(world.volume.map.root(1))).toBe(77, "the root that the pieces follow");
    expect(pieceCount(world, 1)).toBe(1);
    expect(world.volume.checkpoint()).toBe(Status.Ok);
    expect(load<u64>(world.volume.map.root(1))).toBe(78);
    expect(pieceCount(world, 1)).toBe(0);
  });

  it("a device that became read-only refuses commits and keeps what was synced", () => {
    const world = first.fresh();
    world.commit(1);
    expect(world.volume.sync()).toBe(Status.Ok);
    world.disk.silence = Status.ReadOnly;
    world.disk.silentIn = 1;
    expect(world.commit(2)).toBe(Status.ReadOnly);
    world.disk.silentIn = -1;
    expect(world.volume.failure).toBe(Status.Ok);
    expect(pieceCount(world, 1)).toBe(1);
  });

  it("an error of the device itself is final all the same", () => {
    const world = first.fresh();
    world.disk.failWriteIn = 0;
    expect(world.commit(1)).toBe(Status.DeviceError);
    expect(world.commit(1)).toBe(Status.DeviceError);
    expect(world.volume.sync()).toBe(Status.DeviceError);
  });
});

describe("an idle moment", () => {
  it("leaves one seal behind what was synced, and none otherwise", () => {
    const world = first.fresh();
    world.commit(1);
    world.background.step();
    expect(world.disk.writeCount).toBeGreaterThan(0);
    const before = world.volume.log.sequence;
    expect(world.volume.log.named).toBeLessThan(world.volume.log.committed, "not durable yet: nothing to say");
    world.volume.sync();
    world.background.step();
    expect(world.volume.log.sequence).toBe(before + 1);
    world.background.step();
    expect(world.volume.log.sequence).toBe(before + 1, "once");
    world.volume.sync();
    expect(world.volume.log.sequence).toBe(before + 1, "and none for an idle sync after it");
  });
});

describe("a client that dies", () => {
  it("takes the whole transaction with it if it is the content store", () => {
    const world = first.fresh();
    const free = world.volume.allocator.freeCount;
    world.commit(1);
    world.volume.allocate(0, 8, false);
    world.volume.transaction.made(1);
    world.volume.write(world.volume.allocator.foundAddress, <u32>data, BLOCK_BYTES);
    world.volume.attach(1, <u32>data, 100);
    world.volume.attach(2, <u32>data, 100);
    world.volume.roots.set(1, data, 9);
    world.volume.dropClient(1);
    expect(world.volume.allocator.freeCount).toBe(free);
    expect(world.volume.cache.hasImages).toBe(false);
    expect(world.volume.transaction.isEmpty).toBe(true);
    world.commit(2);
    expect(pieceCount(world, 1)).toBe(2);
    expect(pieceCount(world, 2)).toBe(0);
    world.volume.checkpoint();
    expect(world.volume.map.rootLength(1)).toBe(0);
  });

  it("takes its pieces and its root, and nothing else, if it is another", () => {
    const world = first.fresh();
    world.volume.allocate(0, 8, false);
    const address = world.volume.allocator.foundAddress;
    world.volume.transaction.made(1);
    world.volume.attach(2, <u32>data, 100);
    world.volume.attach(1, <u32>data, 33);
    world.volume.attach(2, <u32>data, 7);
    world.volume.roots.set(2, data, 9);
    world.volume.roots.set(1, data, 5);
    world.volume.dropClient(2);
    // Neighbours of a run joined before must not be written into what moved.
    world.volume.allocate(address + 8, 4, false);
    expect(world.volume.attach(1, <u32>data, 44)).toBe(Status.Ok);
    world.commit(1);
    world.volume.sync();
    const after = again;
    expect(after.mount.run()).toBe(Status.Ok);
    expect(pieceCount(after, 1)).toBe(3);
    expect(pieceCount(after, 2)).toBe(0);
    expect(after.volume.allocator.requireInUse(address, 12)).toBe(Status.Ok);
    world.volume.checkpoint();
    expect(world.volume.map.rootLength(1)).toBe(5);
    expect(world.volume.map.rootLength(2)).toBe(0);
  });

  it("takes the transaction if nobody else made any of it", () => {
    const world = first.fresh();
    const free = world.volume.allocator.freeCount;
    world.volume.allocate(0, 8, false);
    world.volume.transaction.made(4);
    world.volume.dropClient(5);
    expect(world.volume.allocator.freeCount).toBe(free - 8);
    world.volume.dropClient(4);
    expect(world.volume.allocator.freeCount).toBe(free);
  });

  it("leaves what it committed, durable or not", () => {
    const world = first.fresh();
    world.commit(1);
    world.commit(2);
    world.volume.dropClient(1);
    world.volume.dropClient(2);
    expect(pieceCount(world, 1)).toBe(2);
  });
});

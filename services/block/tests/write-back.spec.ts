// Images that wait to go home: when, how many at a time, and never before a durable record calls theirs flushed.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { BLOCK_BYTES } from "../geometry";
import { World } from "./memory-disk";

const block: usize = heap.alloc(BLOCK_BYTES);
/** A transaction that writes `count` blocks of a run, content from `value` on. */
function overwrite(world: World, address: u64, count: u32, value: u8): void {
  for (let i: u32 = 0; i < count; i++) {
    memory.fill(block, <u8>(value + i), BLOCK_BYTES);
    assert(!world.volume.write(address + i, <u32>block, BLOCK_BYTES));
  }
  assert(!world.commit(value));
}
function runOf(world: World, count: u32): u64 {
  assert(!world.volume.allocate(0, count, false));
  return world.volume.allocator.foundAddress;
}
function rest(world: World): u32 {
  let steps: u32 = 0;
  while (world.volume.rest()) steps++;
  return steps;
}
function remount(): World {
  const world = new World();
  world.mount.run();
  return world;
}

describe("write-back", () => {
  it("leaves few images where they are, and sends many home, the oldest first, in steps", () => {
    const world = new World().fresh();
    const first = runOf(world, 200);
    overwrite(world, first, 128, 0);
    world.volume.sync();
    expect(rest(world)).toBe(0);
    expect(world.volume.cache.committedCount).toBe(128);
    overwrite(world, first + 128, 4, 128);
    expect(rest(world)).toBe(4); // 68 of them, 16 a step
    expect(world.volume.cache.committedCount).toBe(64);
    let wrong = 0;
    for (let i: u64 = 0; i < 132; i++) {
      const home = load<u8>(world.disk.address(first + i)) == <u8>i;
      if (i > 0 && home != i < 68) wrong++;
    }
    expect(wrong).toBe(0);
  });

  it("sends home what has waited for 64 records, however often it was written again", () => {
    const world = new World().fresh();
    const address = runOf(world, 1);
    let most: u64 = 0;
    for (let i = 0; i < 300; i++) {
      overwrite(world, address, 1, <u8>i);
      rest(world);
      if (world.volume.cache.committedCount) most = max(most, world.volume.log.sequence - world.volume.cache.lagsSince);
    }
    expect(most).toBe(63);
    expect(world.disk.writeCount).toBeLessThan(330);
  });

  it("never goes before a durable record calls the image's record flushed, and takes no more flushes than that", () => {
    const world = new World().fresh();
    const first = runOf(world, 200);
    overwrite(world, first, 140, 1);
    world.disk.flushCount = 0;
    world.disk.failFlushIn = 1;
    rest(world);
    expect(world.disk.flushCount).toBe(2);
    expect(world.volume.cache.committedCount).toBe(140);
    expect(load<u8>(world.disk.address(first + 5))).not.toBe(6);
    world.disk.failFlushIn = -1;
    const after = remount();
    expect(after.volume.mountStatus).toBe(Status.Ok);
    expect(load<u8>(world.disk.address(first + 5))).toBe(6);
  });

  it("keeps an image whose place cannot be written, and tries again", () => {
    const world = new World().fresh();
    const first = runOf(world, 200);
    overwrite(world, first, 140, 1);
    world.volume.sync();
    world.volume.sync();
    world.volume.sync();
    world.volume.flush();
    world.disk.failWriteIn = 3;
    rest(world);
    expect(world.volume.failure).toBe(Status.Ok);
    expect(world.volume.cache.committedCount).toBe(137);
    rest(world);
    expect(world.volume.cache.committedCount).toBe(64);
  });
});

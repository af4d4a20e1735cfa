// Reading block after block: how many requests it takes, where reading ahead ends, and that it never shows anything but what a plain read shows.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { BLOCK_BYTES, BLOCK_SHIFT } from "../geometry";
import { Random, World } from "./memory-disk";

const block: usize = heap.alloc(BLOCK_BYTES);

/** A mounted image in which a run is in use, each block filled with its number in the run; nothing of it is in memory. */
function withRun(count: u32): u64 {
  const world = new World().fresh();
  assert(!world.volume.allocate(0, count, false) && world.volume.allocator.foundCount == count);
  const first = world.volume.allocator.foundAddress;
  for (let i: u32 = 0; i < count; i++) memory.fill(world.disk.address(first + i), <u8>i, BLOCK_BYTES);
  assert(!world.commit(1) && !world.volume.sync() && !world.volume.checkpoint());
  return first;
}
function mounted(): World {
  const world = new World();
  assert(!world.mount.run());
  return world;
}
/** Whether a block reads as filled with this value. */
function reads(world: World, address: u64, value: u32): bool {
  return world.volume.read(address, <u32>block, BLOCK_BYTES) == Status.Ok && load<u8>(block) == <u8>value && load<u8>(block, BLOCK_BYTES - 1) == <u8>value;
}

describe("reading ahead", () => {
  it("reads a run in requests that grow, and not past what is in use", () => {
    const first = withRun(200), world = mounted();
    // So that the pages of the map are in memory.
    assert(!world.volume.allocator.requireInUse(first, 1));
    const before = world.disk.readCount;
    let wrong = 0;
    for (let i: u32 = 0; i < 200; i++) if (!reads(world, first + i, i)) wrong++;
    expect(wrong).toBe(0);
    // 1, 2, 4, 8, 16, then 32 at a time: 31 + 5 × 32 + the last 9.
    expect(world.disk.readCount - before).toBe(11);
    expect(world.volume.cache.aheadCount).toBe(200 - 11);
    expect(world.volume.cache.aheadHitCount).toBe(200 - 11);
    expect(world.volume.cache.missCount).toBe(11);
    expect(world.volume.cache.peek(first + 200)).toBe(0);
  });

  it("follows several readers at once, and leaves those alone who jump", () => {
    const first = withRun(240), world = mounted();
    assert(!world.volume.allocator.requireInUse(first, 1));
    let before = world.disk.readCount;
    for (let i: u32 = 0; i < 60; i++) for (let reader: u32 = 0; reader < 4; reader++) assert(reads(world, first + reader * 60 + i, reader * 60 + i));
    expect(world.disk.readCount - before).toBe(4 * 6);
    const jumping = mounted();
    before = jumping.disk.readCount;
    for (let i: u32 = 0; i < 80; i++) assert(reads(jumping, first + (i * 77) % 240, (i * 77) % 240));
    expect(jumping.disk.readCount - before).toBe(80);
    expect(jumping.volume.cache.aheadCount).toBe(0);
  });

  it("lets the large reads pass by", () => {
    const first = withRun(64), world = mounted();
    const buffer = heap.alloc(64 * BLOCK_BYTES);
    assert(!world.volume.read(first, <u32>buffer, 64 << BLOCK_SHIFT));
    expect(world.volume.cache.peek(first)).toBe(0);
    expect(world.volume.cache.missCount).toBe(0);
  });

  it("costs nobody anything when a block ahead cannot be read", () => {
    const first = withRun(60), world = mounted();
    world.disk.badBlock = first + 20;
    let wrong = 0;
    for (let i: u32 = 0; i < 60; i++) if (reads(world, first + i, i) != (i != 20)) wrong++;
    expect(wrong).toBe(0);
    expect(world.volume.read(first + 20, <u32>block, BLOCK_BYTES)).toBe(Status.DeviceError);
  });

  it("shows images and extents that are newer than the disk, among what is read ahead", () => {
    const first = withRun(200), world = mounted(), random = new Random(3);
    let wrong = 0;
    const values = new StaticArray<u8>(200);
    for (let i = 0; i < 200; i++) values[i] = <u8>i;
    for (let round: u32 = 0; round < 60; round++) {
      for (let i = 0; i < 3; i++) {
        const at = random.next(200);
        values[at] = <u8>(round + 100);
        memory.fill(block, values[at], BLOCK_BYTES);
        if (world.volume.write(first + at, <u32>block, BLOCK_BYTES)) wrong++;
      }
      if (world.commit(1)) wrong++;
      if (round % 16 == 15) { if (world.volume.checkpoint()) wrong++; }
      else if (round % 4 == 0) world.background.step();
      for (let at = random.next(150), end = at + 50; at < end; at++) if (!reads(world, first + at, values[at])) wrong++;
    }
    expect(wrong).toBe(0);
  });
});

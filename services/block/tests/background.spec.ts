// What is done when nobody asks for anything, on a device that does not answer or cannot be read for a while: nothing is lost, and it is done later. When images go home: write-back.spec.ts.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Level } from "../geometry";
import { FrameKind } from "../page-frames";
import { World } from "./memory-disk";

/** Two runs of 8 blocks that have become reusable, on a device that discards. */
function freed(world: World): void {
  world.disk.discardGranuleBlocks = 1;
  const first = world.runOf(32);
  assert(!world.commit(1));
  assert(!world.volume.free(first, 8));
  assert(!world.volume.free(first + 16, 8));
  assert(!world.commit(2));
  assert(!world.volume.checkpoint());
  assert(!world.volume.checkpoint());
}

describe("the background", () => {
  it("waits for a device that does not answer at any one moment: what is due goes home later, and nothing is refused", () => {
    const world = new World(); // one for all: its memory cannot be had back
    for (let moment: i32 = 1; moment <= 8; moment++) {
      world.fresh();
      const address = world.runOf(3);
      world.overwrite(address, 3, 7);
      world.disk.silentIn = moment; // flush, seal, flush, three images, and nothing more
      if (world.timer.microseconds) world.tick();
      world.rest();
      const left = world.volume.cache.committedCount;
      expect(left).toBe(moment > 6 ? 0 : moment > 3 ? <u32>(7 - moment) : 3);
      expect(world.volume.failure).toBe(Status.Ok);
      world.disk.silentIn = -1;
      expect(world.timer.microseconds).toBe(left ? 5_000_000 : 0);
      if (left) world.tick();
      world.rest();
      expect(world.volume.cache.committedCount).toBe(0);
      for (let i: u32 = 0; i < 3; i++) expect(load<u8>(world.disk.address(address + i))).toBe(<u8>(7 + i));
      expect(world.volume.sync()).toBe(Status.Ok);
    }
  });

  it("forgets what it wanted to discard where the map cannot be read, and goes on", () => {
    const world = new World().fresh();
    freed(world);
    const frames = world.volume.allocator.frames;
    frames.drop(frames.find(FrameKind.node + Level.page, 0)); // as if others had wanted its place
    world.disk.failReadIn = 0;
    world.rest();
    expect(world.disk.failReadIn).toBe(-1, "the node was wanted");
    expect(world.disk.discardedBlocks).toBe(0);
    expect(world.volume.failure).toBe(Status.Ok);
    expect(world.commit(3)).toBe(Status.Ok);
    expect(world.volume.sync()).toBe(Status.Ok);
    freed(world);
    world.rest();
    expect(world.disk.discardedBlocks).toBe(16);
  });

  it("discards more runs than it has requests in one step", () => {
    const world = new World().fresh();
    world.disk.discardGranuleBlocks = 1;
    const first = world.runOf(160);
    assert(!world.commit(1));
    for (let run: u64 = 0; run < 40; run++) assert(!world.volume.free(first + 4 * run, 2));
    assert(!world.commit(2));
    for (let i = 0; i < 2; i++) assert(!world.volume.checkpoint());
    world.rest();
    expect(world.disk.discardedBlocks).toBe(80);
  });

  it("reads a node of the map that it needs", () => {
    const world = new World().fresh();
    freed(world);
    const frames = world.volume.allocator.frames;
    frames.drop(frames.find(FrameKind.node + Level.page, 0));
    world.rest();
    expect(world.disk.discardedBlocks).toBe(16);
  });

  it("asks for a seal without doing anything", () => {
    const world = new World().fresh();
    assert(!world.commit(1));
    world.volume.sync();
    const writes = world.disk.writeCount;
    expect(world.volume.wantsSeal).toBe(true);
    world.volume.isUncovered = true;
    expect(world.volume.wantsSeal).toBe(false);
    expect(world.volume.sync()).toBe(Status.Ok);
    expect(world.disk.writeCount).toBe(writes);
    expect(world.volume.isUncovered).toBe(true);
    world.rest(); // first the generation, a checkpoint and a superblock, then the seal
    expect(world.disk.writeCount).toBe(writes + 3);
    expect(world.volume.isUncovered).toBe(false);
  });
});

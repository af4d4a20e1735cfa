// Images that wait to go home: when, how many at a time, never before a durable record calls theirs flushed, and what that costs.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { World } from "./memory-disk";

function remount(): World {
  const world = new World();
  world.mount.run();
  return world;
}

describe("write-back", () => {
  it("leaves few images where they are, and sends many home, the oldest first, in steps", () => {
    const world = new World().fresh();
    const first = world.runOf(200);
    world.overwrite(first, 128, 0);
    world.volume.sync();
    expect(world.rest()).toBe(0);
    expect(world.volume.cache.committedCount).toBe(128);
    world.overwrite(first + 128, 4, 128);
    expect(world.rest()).toBe(4); // 68 of them, 16 a step
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
    const address = world.runOf(1);
    let most: u64 = 0;
    for (let i = 0; i < 300; i++) {
      world.overwrite(address, 1, <u8>i);
      world.rest();
      if (world.volume.cache.committedCount) most = max(most, world.volume.log.sequence - world.volume.cache.lagsSince);
    }
    expect(most).toBe(63);
    expect(world.disk.writeCount).toBeLessThan(330);
  });

  it("never goes before a durable record calls the image's record flushed, and takes no more flushes than that", () => {
    const world = new World().fresh();
    const first = world.runOf(200);
    world.overwrite(first, 140, 1);
    world.disk.flushCount = 0;
    world.disk.failFlushIn = 1;
    world.rest();
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
    const first = world.runOf(200);
    world.overwrite(first, 140, 1);
    world.volume.sync();
    world.volume.sync();
    world.volume.sync();
    world.volume.flush();
    world.disk.failWriteIn = 3;
    world.rest();
    expect(world.volume.failure).toBe(Status.Ok);
    expect(world.volume.cache.committedCount).toBe(137);
    world.rest();
    expect(world.volume.cache.committedCount).toBe(64);
  });

  it("sends a lone image home when the timer fires: one seal, one flush, one write, and then nothing", () => {
    const world = new World().fresh();
    const address = world.runOf(1);
    world.overwrite(address, 1, 7);
    world.volume.sync();
    const disk = world.disk, flushes = disk.flushCount, writes = disk.writeCount, sequence = world.volume.log.sequence;
    expect(world.timer.microseconds).toBe(5_000_000);
    expect(world.rest()).toBe(0);
    expect(disk.writeCount).toBe(writes + 1); // the seal
    world.tick();
    expect(world.rest()).toBe(0);
    expect(disk.writeCount).toBe(writes + 2);
    expect(disk.flushCount).toBe(flushes + 1);
    expect(world.volume.log.sequence).toBe(sequence + 1);
    expect(world.volume.cache.committedCount).toBe(0);
    expect(load<u8>(disk.address(address))).toBe(7);
    world.background.watch();
    expect(world.rest()).toBe(0);
    expect(world.volume.sync()).toBe(Status.Ok);
    expect(disk.writeCount).toBe(writes + 2);
    expect(disk.flushCount).toBe(flushes + 1);
    expect(world.timer.setCount).toBe(1);
    expect(world.timer.microseconds).toBe(0);
  });

  it("makes durable what nobody synced before it goes home: one flush more", () => {
    const world = new World().fresh();
    world.overwrite(world.runOf(1), 1, 7);
    const disk = world.disk, flushes = disk.flushCount, writes = disk.writeCount;
    world.tick();
    world.rest();
    expect(disk.flushCount).toBe(flushes + 2);
    expect(disk.writeCount).toBe(writes + 2);
    expect(world.volume.cache.committedCount).toBe(0);
    expect(world.volume.log.durable).toBe(world.volume.log.sequence);
  });

  it("sets one timer for all that wait, and another for what comes after it", () => {
    const world = new World().fresh();
    const first = world.runOf(40);
    expect(world.timer.setCount).toBe(0);
    for (let i: u32 = 0; i < 30; i++) world.overwrite(first + i, 1, <u8>i);
    expect(world.timer.setCount).toBe(1);
    world.tick();
    expect(world.background.step()).toBe(true);
    expect(world.volume.cache.committedCount).toBe(14);
    world.overwrite(first + 30, 1, 30);
    world.overwrite(first + 20, 1, 90); // waits since before
    expect(world.timer.setCount).toBe(2);
    expect(world.rest()).toBe(0);
    expect(world.volume.cache.committedCount).toBe(1);
    expect(load<u8>(world.disk.address(first + 20))).toBe(90);
    world.tick();
    world.rest();
    expect(world.volume.cache.committedCount).toBe(0);
    expect(load<u8>(world.disk.address(first + 30))).toBe(30);
    expect(world.timer.setCount).toBe(2);
  });

  it("tries again, after another wait, what could not go home when the timer fired", () => {
    const world = new World().fresh();
    const address = world.runOf(1);
    world.overwrite(address, 1, 7);
    world.volume.sync();
    world.rest();
    world.disk.failWriteIn = 0;
    world.tick();
    expect(world.rest()).toBe(0);
    expect(world.volume.cache.committedCount).toBe(1);
    expect(world.volume.failure).toBe(Status.Ok);
    expect(world.timer.setCount).toBe(2);
    world.tick();
    world.rest();
    expect(load<u8>(world.disk.address(address))).toBe(7);
    expect(world.timer.microseconds).toBe(0);
  });

  it("sets no timer on an image that takes no changes any more, and a mount forgets what was due", () => {
    const world = new World().fresh();
    const address = world.runOf(1);
    world.overwrite(address, 1, 7);
    world.disk.failFlushIn = 0;
    expect(world.volume.sync()).toBe(Status.Lost);
    world.tick();
    expect(world.rest()).toBe(0);
    expect(world.timer.setCount).toBe(1);
    world.mount.run();
    expect(world.volume.mountStatus).toBe(Status.Ok);
    world.overwrite(address, 1, 8);
    expect(world.rest()).toBe(0);
    expect(world.volume.cache.committedCount).toBe(1);
    expect(world.timer.setCount).toBe(2);
  });
});

// The largest image of format version 1, 1 TiB: format, allocate across it, checkpoint, mount, all within the domain's fixed memory.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockBench, SparseDevice, blockBytes, pattern, statusOf } from "./harness.ts";

const largest = 2 ** 40;

test("an image of 1 TiB: places far apart survive a checkpoint and a mount; only touched pages are written", (context) => {
  const device = new SparseDevice(largest);
  const bench = new BlockBench(device);
  let started = performance.now();
  bench.block.format({ blockCount: 0n, flags: 0 });
  context.diagnostic(`format ${Math.round(performance.now() - started)} ms, ${device.storedBytes} bytes on the device`);
  assert.ok(device.storedBytes < 1 << 20, "little is written");
  const { blockCount, freeBlocks } = bench.block.describe();
  assert.equal(blockCount, 2n ** 28n);
  const owned = 4n + 16384n + 3n * (2n + 82n + 8257n);
  assert.equal(freeBlocks, blockCount - owned - 16384n);
  const places = [1n, 10_000_000n, 2n ** 27n, 2n ** 28n - 40n].map((hint, i) => bench.store(pattern(i, 3 * blockBytes), hint));
  assert.equal(places[3], 2n ** 28n - 40n, "the very end of the disk");
  bench.commit();
  bench.block.checkpoint();
  const { writes } = device;
  places.push(bench.store(pattern(4, 3 * blockBytes), 77_777_777n));
  bench.commit();
  bench.block.checkpoint();
  assert.equal(device.writes - writes, 1 + 1 + 1 + 1 + 1 + 1, "extent, record, one bitmap page, one table page, checkpoint, superblock");
  bench.close();
  const after = new BlockBench(device);
  started = performance.now();
  after.mount();
  context.diagnostic(`mount ${Math.round(performance.now() - started)} ms`);
  assert.equal(after.block.describe().mountStatus, 0);
  assert.equal(after.block.describe().freeBlocks, freeBlocks - 15n);
  places.forEach((address, i) => assert.deepEqual(after.read(address, 3), pattern(i, 3 * blockBytes)));
  assert.equal(after.block.verify().damagedBlocks, 0n);
});

test("a full disk of 1 TiB: every block is handed out once, quickly, and the last ones are found", (context) => {
  const bench = new BlockBench(new SparseDevice(largest));
  bench.block.format({ blockCount: 0n, flags: 0 });
  const started = performance.now();
  let total = 0n, calls = 0, status = 0;
  // One set of fresh blocks has room in memory for 1024 bitmap pages, so transactions stay below that.
  for (; !status && calls < 40_000; calls++) {
    status = statusOf(() => { total += BigInt(bench.block.allocate({ hint: 0n, count: 1 << 20 }).count); });
    if (calls % 16 === 15) bench.commit();
  }
  context.diagnostic(`${calls} allocations of ${total} blocks in ${Math.round(performance.now() - started)} ms`);
  assert.equal(status, 40, "NoSpace");
  assert.equal(total, 2n ** 28n - (4n + 16384n + 3n * (2n + 82n + 8257n)) - 16384n);
  bench.commit();
  bench.block.checkpoint();
  assert.equal(bench.block.describe().freeBlocks, 0n);
});

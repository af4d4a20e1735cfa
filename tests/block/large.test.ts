// Images from 1 GiB to 16 TiB, the largest: within the domain's fixed memory, and a mount that reads no more of a large disk than of a small one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockFlag } from "../../kernel-bindings/generated/host/block.ts";
import { BlockBench, SparseDevice, blockBytes, pattern, statusOf } from "./harness.ts";

const Status = { Busy: 13, NoSpace: 40 } as const;
const gibibyte = 2 ** 30, tebibyte = 2 ** 40;
const pageBits = 32512n;

/** Blocks that the service keeps for itself in an image that was formatted with this size (docs/formats/block.md §1). */
function ownedBlocks(blockCount: bigint): bigint {
  const pages = (blockCount + pageBits - 1n) / pageBits, tables = (pages + 83n) / 84n, uppers = (tables + 83n) / 84n;
  return 4n + 16384n + 6n + 3n * (pages + tables + uppers);
}

test("an image of 16 TiB: places far apart survive a checkpoint and a mount; only nodes of the map that were touched are written", (context) => {
  const device = new SparseDevice(16 * tebibyte);
  const bench = new BlockBench(device);
  let started = performance.now();
  bench.block.format({ blockCount: 0n, flags: 0 });
  context.diagnostic(`format ${Math.round(performance.now() - started)} ms, ${device.storedBytes} bytes on the device`);
  assert.ok(device.storedBytes < 1 << 16, "little is written");
  const { blockCount, freeBlocks } = bench.block.describe();
  assert.equal(blockCount, 2n ** 32n);
  assert.equal(freeBlocks, blockCount - ownedBlocks(blockCount) - 16384n);
  const last = blockCount - 16384n - 3n;
  const places = [1n, 10_000_000n, 2n ** 31n, last].map((hint, i) => bench.store(pattern(i, 3 * blockBytes), hint));
  assert.equal(places[3], last, "the end of the disk, but for as many blocks as are kept back");
  bench.commit();
  bench.block.checkpoint();
  const { writes } = device;
  places.push(bench.store(pattern(4, 3 * blockBytes), 77_777_777n));
  bench.commit();
  bench.block.checkpoint();
  assert.equal(device.writes - writes, 7, "extent, record, bitmap page, table, upper table, checkpoint, superblock");
  bench.close();
  const after = new BlockBench(device);
  started = performance.now();
  after.mount();
  context.diagnostic(`mount ${Math.round(performance.now() - started)} ms`);
  assert.equal(after.block.describe().mountStatus, 0);
  assert.equal(after.block.describe().freeBlocks, freeBlocks - 15n);
  places.forEach((address, i) => assert.deepEqual(after.read(address, 3), pattern(i, 3 * blockBytes)));
  assert.equal(after.block.verify().damagedBlocks, 0n);
  after.close();
});

/** An image with the same history whatever its size: 40 places all over it in a checkpoint, 40 more and 20 frees in the log behind it. */
function history(size: number): SparseDevice {
  const device = new SparseDevice(size), bench = new BlockBench(device);
  bench.block.format({ blockCount: 0n, flags: 0 });
  const blocks = BigInt(size / blockBytes), spread = (i: number): bigint => blocks * BigInt(20 + i) / 150n;
  const kept = Array.from({ length: 40 }, (_, i) => bench.store(pattern(i, blockBytes), spread(i)));
  bench.commit();
  bench.block.checkpoint();
  for (let i = 0; i < 40; i++) {
    bench.store(pattern(100 + i, blockBytes), spread(i + 60));
    if (i % 2) bench.block.free({ address: kept[i]!, count: 1 });
    bench.commit(Uint8Array.of(i));
  }
  bench.block.sync();
  bench.block.sync();
  bench.close();
  return device;
}

test("a mount reads what the log and the nodes of the map that it names need, whatever the size of the disk", (context) => {
  const reads = [gibibyte, 64 * gibibyte, tebibyte, 16 * tebibyte].map((size) => {
    const device = history(size), bench = new BlockBench(device);
    device.reads = 0;
    const started = performance.now();
    bench.mount();
    context.diagnostic(`${size / gibibyte} GiB: ${device.reads} device reads, ${(performance.now() - started).toFixed(1)} ms`);
    const counted = device.reads;
    assert.equal(bench.block.describe().mountStatus, 0);
    assert.equal(bench.pieces().length, 40);
    bench.close();
    return counted;
  });
  // Each of the 60 runs in the log may lie in a page of its own, under a table of its own: 2 × 60 nodes and a few upper tables, of which 20 places never were written and need no read.
  for (const counted of reads) assert.ok(counted <= 4 + 1 + 20 + 4096 / 16 + 100, `${counted} reads`);
  assert.ok(reads[3]! - reads[2]! <= 40, "sixteen times the size costs at most a table more for each place that was written");
});

test("what may change between two checkpoints is bounded: Busy, not before checkpointWanted and checkpointDue, and a checkpoint makes room", () => {
  const bench = new BlockBench(new SparseDevice(16 * tebibyte));
  bench.block.format({ blockCount: 0n, flags: 0 });
  let done = 0, wantedAt = 0, dueAt = 0, status = 0;
  for (let page = 100n; !status && done < 1000; page++, done++) {
    status = statusOf(() => bench.block.allocate({ hint: page * pageBits + 3n, count: 1, flags: 0 }));
    const { flags } = bench.block.describe();
    if (!wantedAt && flags & BlockFlag.checkpointWanted) wantedAt = done;
    if (!dueAt && flags & BlockFlag.checkpointDue) dueAt = done;
  }
  assert.equal(status, Status.Busy);
  assert.ok(wantedAt > 100 && wantedAt < dueAt - 30 && dueAt < done / 2 + 10, `wanted at ${wantedAt}, due at ${dueAt}, Busy at ${done}`);
  assert.ok(bench.statistics().changedMapNodes <= 384n, "the bound");
  bench.commit();
  assert.equal(bench.block.allocate({ hint: 100n * pageBits + 9n, count: 1, flags: 0 }).address, 100n * pageBits + 9n, "a node that has changed anyway");
  bench.commit();
  bench.block.checkpoint();
  assert.equal(bench.statistics().changedMapNodes, 0n);
  assert.equal(bench.block.allocate({ hint: 9000n * pageBits, count: 1, flags: 0 }).address, 9000n * pageBits);
});

test("a full disk of 1 TiB: every block is handed out once, quickly, and the last ones are found", (context) => {
  const bench = new BlockBench(new SparseDevice(tebibyte));
  bench.block.format({ blockCount: 0n, flags: 0 });
  const started = performance.now();
  let total = 0n, calls = 0, status = 0;
  for (; !status && calls < 40_000; calls++) {
    status = statusOf(() => { total += BigInt(bench.block.allocate({ hint: 0n, count: 1 << 20, flags: 0 }).count); });
    if (calls % 150 === 149) {
      bench.commit();
      bench.block.checkpoint();
    }
  }
  context.diagnostic(`${calls} allocations of ${total} blocks in ${Math.round(performance.now() - started)} ms`);
  assert.equal(status, Status.NoSpace);
  assert.equal(total, 2n ** 28n - ownedBlocks(2n ** 28n) - 16384n);
  bench.commit();
  bench.block.checkpoint();
  assert.equal(bench.block.describe().freeBlocks, 0n);
});

test("the longest run that can be freed at once, 16 GiB, is freed after a checkpoint", () => {
  const bench = new BlockBench(new SparseDevice(64 * gibibyte)), first = 40n * pageBits, end = first + 2n ** 22n;
  bench.block.format({ blockCount: 0n, flags: 0 });
  for (let at = first; at < end;) {
    const { address, count } = bench.block.allocate({ hint: at, count: Number(end - at), flags: 0 });
    assert.equal(address, at);
    at += BigInt(count);
  }
  bench.commit();
  bench.block.checkpoint();
  bench.block.free({ address: first, count: 2 ** 22 });
  assert.ok(bench.statistics().changedMapNodes <= 384n);
  bench.commit();
  bench.mount();
  assert.deepEqual([bench.block.describe().mountStatus, bench.statistics().waitingBlocks], [0, 2n ** 22n]);
});

// The first short run of a transaction is kept back until it commits, and goes to the device together with the record (services/block/kept-data.ts): one call for both, and nothing else changes for anybody.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockFlag, FormatFlag } from "../../kernel-bindings/generated/host/block.ts";
import type { DomainContext } from "../../host/kernel/typescript-domain.ts";
import { BlockBench, FakeDevice, blockBytes, grownBytes, minimumImageBytes, pattern, statusOf } from "./harness.ts";

const Status = { InvalidArgument: 3, DeviceError: 32, ReadOnly: 34 } as const;
const keptMost = 16;
const block = (seed: number): Uint8Array => pattern(seed, blockBytes);

function fresh(): BlockBench {
  const bench = new BlockBench(new FakeDevice(new Uint8Array(minimumImageBytes)));
  bench.block.format({ blockCount: 0n, flags: 0 });
  return bench;
}
const counts = ({ device }: BlockBench): { calls: number; writes: number; flushes: number } => ({ calls: device.writes - device.pairs, writes: device.writes, flushes: device.flushes });

test("a lone small transaction is one call with two writes, and one flush", () => {
  const bench = fresh();
  for (const blocks of [1, keptMost]) {
    const before = counts(bench);
    const address = bench.store(pattern(blocks, blocks * blockBytes));
    assert.deepEqual(counts(bench), before, "nothing reaches the device before the commit");
    bench.commit(Uint8Array.of(1));
    bench.block.sync();
    const after = counts(bench);
    assert.deepEqual([after.calls - before.calls, after.writes - before.writes, after.flushes - before.flushes], [1, 2, 1]);
    assert.deepEqual(Buffer.from(bench.device.peek(Number(address) * blockBytes, blocks * blockBytes)), Buffer.from(pattern(blocks, blocks * blockBytes)));
  }
});

test("a longer run, and whatever follows the first, goes to the device at once", () => {
  const bench = fresh();
  const writes = bench.device.writes;
  bench.store(pattern(1, (keptMost + 1) * blockBytes));
  assert.equal(bench.device.writes, writes + 1);
  bench.store(block(2));
  assert.equal(bench.device.writes, writes + 1, "the first short run is kept");
  bench.store(block(3));
  assert.equal(bench.device.writes, writes + 2);
  bench.commit(Uint8Array.of(1));
  assert.equal(bench.device.writes, writes + 4);
});

test("what is kept back is read before it is on the disk: alone, among others, and under what is newer", () => {
  const bench = fresh();
  const first = bench.store(pattern(1, 4 * blockBytes));
  bench.commit();
  bench.block.free({ address: first, count: 4 });
  bench.commit();
  for (let i = 0; i < 2; i++) bench.block.checkpoint();
  // The blocks are free again; the reader's cache gets what the disk still has there, also by reading ahead.
  for (let i = 0n; i < 4n; i++) bench.read(first + i, 1);
  assert.equal(bench.block.allocate({ hint: first, count: 4, flags: 0 }).address, first);
  bench.writeExtents([{ address: first + 1n, data: pattern(2, 2 * blockBytes) }]);
  const kept = pattern(2, 2 * blockBytes), old = pattern(1, 4 * blockBytes);
  const expected = Buffer.concat([old.subarray(0, blockBytes), kept, old.subarray(3 * blockBytes)]);
  const whole = (): void => {
    assert.deepEqual(bench.read(first + 1n, 1), kept.slice(0, blockBytes));
    assert.deepEqual(bench.read(first + 2n, 1), kept.slice(blockBytes));
    assert.deepEqual(Buffer.from(bench.read(first, 4)), expected);
    assert.deepEqual(Buffer.from(bench.read(first + 2n, 2)), expected.subarray(2 * blockBytes));
    assert.deepEqual(Buffer.from(bench.read(first, 2)), expected.subarray(0, 2 * blockBytes));
  };
  whole();
  bench.write(first + 2n, block(9));
  assert.deepEqual(bench.read(first + 2n, 1), block(9), "an image that was written through the journal is newer");
  assert.deepEqual(bench.read(first + 2n, 2).slice(0, blockBytes), block(9));
  kept.set(block(9), blockBytes);
  expected.set(block(9), 2 * blockBytes);
  bench.commit(Uint8Array.of(1));
  whole();
  bench.block.sync();
  bench.mount();
  whole();
});

test("what goes to the device before the commit is read from then on, not what was read there before", () => {
  for (const blocks of [1, keptMost + 1]) {
    const bench = fresh(), address = bench.store(pattern(1, blocks * blockBytes));
    bench.commit();
    bench.block.free({ address, count: blocks });
    bench.commit();
    for (let i = 0; i < 2; i++) bench.block.checkpoint();
    assert.deepEqual(bench.read(address, 1), block(1));
    bench.commit(Uint8Array.of(1));
    assert.equal(bench.store(pattern(2, blocks * blockBytes), address), address);
    bench.as(2).sync(); // writes the short run, which is kept; the long one is there already
    assert.deepEqual(Buffer.from(bench.device.peek(Number(address) * blockBytes, blockBytes)), Buffer.from(block(2)));
    assert.deepEqual(bench.read(address, 1), block(2));
  }
});

test("what was kept back counts among the 8 MiB that may wait for a flush", () => {
  const bench = fresh(), { flushes } = bench.device;
  const most = Math.floor((8 << 20) / ((keptMost + 1) * blockBytes));
  for (let i = 0; i < most; i++) {
    bench.store(pattern(i, keptMost * blockBytes));
    bench.commit();
  }
  assert.equal(bench.device.flushes, flushes);
  bench.store(pattern(0, keptMost * blockBytes));
  bench.commit();
  assert.equal(bench.device.flushes, flushes + 1);
});

test("an abandoned transaction leaves nothing behind, and the next one keeps its own", () => {
  const bench = fresh();
  const writes = bench.device.writes;
  const dropped = bench.store(block(1));
  bench.block.abandon();
  const address = bench.store(block(2), dropped);
  assert.equal(address, dropped);
  assert.deepEqual(bench.read(address, 1), block(2));
  bench.commit(Uint8Array.of(1));
  assert.equal(bench.device.writes, writes + 2);
  bench.block.sync();
  bench.mount();
  assert.deepEqual(bench.read(address, 1), block(2));
});

test("a device that cannot write the data refuses the commit, not the image; what was refused is not there after a crash", () => {
  const bench = fresh();
  bench.commit(Uint8Array.of(7));
  bench.block.sync();
  const address = bench.store(block(1));
  bench.device.failWriteIn = 1; // of record and data the data, and each time it is tried again
  assert.equal(statusOf(() => bench.commit(Uint8Array.of(8))), Status.DeviceError);
  const crashed = new BlockBench(new FakeDevice(bench.device.bytes.slice()));
  assert.deepEqual([crashed.block.describe().mountStatus, crashed.pieces()], [0, [Uint8Array.of(7)]]);
  crashed.close();
  bench.commit(Uint8Array.of(9)); // the transaction is still open, and its place can be written now
  bench.block.sync();
  bench.mount();
  assert.deepEqual(bench.pieces(), [Uint8Array.of(7), Uint8Array.of(9)]);
  assert.deepEqual(bench.read(address, 1), block(1));
});

test("what was refused does not come back, even if all of it is on the disk", () => {
  const bench = fresh();
  bench.store(block(1));
  bench.device.failsInWord = true;
  bench.device.failWriteIn = 1;
  assert.equal(statusOf(() => bench.commit(Uint8Array.of(8))), Status.DeviceError);
  bench.block.abandon();
  bench.mount();
  assert.deepEqual(bench.pieces(), []);
});

test("data that the device does not take now refuses the commit, although its record could be written", () => {
  class Picky extends FakeDevice {
    /** Byte where nothing may be written; two writes in one call are not taken either. */
    refused = -1;
    override receive(badge: number, rights: number, context: DomainContext): number {
      const isRefused = context.operation === 18 || (context.operation === 3 && Number(context.messageIn.getBigUint64(16, true)) * 512 === this.refused);
      return this.refused >= 0 && isRefused ? Status.ReadOnly : super.receive(badge, rights, context);
    }
  }
  const device = new Picky(new Uint8Array(minimumImageBytes)), bench = new BlockBench(device);
  bench.block.format({ blockCount: 0n, flags: 0 });
  const address = bench.store(block(1));
  device.refused = Number(address) * blockBytes;
  assert.equal(statusOf(() => bench.commit(Uint8Array.of(1))), Status.ReadOnly);
  device.refused = -1;
  bench.commit(Uint8Array.of(2));
  bench.block.sync();
  bench.mount();
  assert.deepEqual(bench.pieces(), [Uint8Array.of(2)]);
  assert.deepEqual(bench.read(address, 1), block(1));
});

test("a record that closes the circle of the log is written in two parts, after what was kept back", () => {
  const bench = fresh(), logBlocks = Number(bench.statistics().logBlocks), recordBlocks = 7;
  assert.notEqual(logBlocks % recordBlocks, 0);
  for (let i = 0; i < logBlocks / recordBlocks + 20; i++) {
    if (i % 40 === 0) bench.block.checkpoint();
    bench.store(block(i));
    bench.commit(pattern(i, (recordBlocks - 1) * blockBytes));
  }
  bench.block.sync();
  assert.equal(bench.block.verify().damagedBlocks, 0n);
  const pieces = bench.pieces();
  bench.mount();
  assert.deepEqual([bench.block.describe().mountStatus, bench.block.describe().flags & BlockFlag.fellBack], [0, 0]);
  assert.deepEqual(bench.pieces(), pieces);
});

test("a record that cannot be written, beside data that can, ends all promises", () => {
  const bench = fresh();
  bench.store(block(1));
  bench.device.failWriteIn = 0;
  assert.equal(statusOf(() => bench.commit(Uint8Array.of(1))), Status.DeviceError);
  assert.equal(statusOf(() => bench.commit(Uint8Array.of(1))), Status.DeviceError);
  bench.mount();
  assert.deepEqual(bench.pieces(), []);
});

test("a disturbance of either write passes", () => {
  for (const write of [0, 1]) {
    const bench = fresh();
    const address = bench.store(block(1));
    bench.device.failOnceIn = write;
    bench.commit(Uint8Array.of(1));
    bench.block.sync();
    bench.mount();
    assert.deepEqual(bench.pieces(), [Uint8Array.of(1)]);
    assert.deepEqual(bench.read(address, 1), block(1));
  }
});

test("another client's sync does not call flushed what is kept back", () => {
  const bench = fresh();
  bench.commit(Uint8Array.of(1));
  const address = bench.store(block(1));
  bench.device.failWriteIn = 0; // the flush tries to write it, and cannot
  bench.as(2).sync();
  bench.commit(Uint8Array.of(2));
  bench.close();
  // Power is lost: the record is on the disk, the data is not.
  bench.device.put(Number(address) * blockBytes, block(77));
  const after = new BlockBench(bench.device);
  assert.deepEqual(after.pieces(), [Uint8Array.of(1)], "a transaction whose data is not there does not count");
});

test("a refused commit whose record and data are on the disk all the same does not come back, also when power loss takes what was written after it", () => {
  const bench = fresh();
  bench.store(block(1));
  bench.device.events = [];
  bench.device.failsInWord = true;
  bench.device.failWriteIn = 1;
  assert.equal(statusOf(() => bench.commit(Uint8Array.of(8))), Status.DeviceError);
  bench.block.abandon();
  const { events } = bench.device, record = events[0]!, after = new FakeDevice(bench.device.bytes.slice());
  assert.ok(record.kind === "write");
  // What no flush has followed is lost: the record's place has again what it had before.
  if (events.at(-1)!.kind !== "flush") after.put(record.offset, record.data);
  const crashed = new BlockBench(after);
  assert.deepEqual(crashed.pieces(), []);
});

test("a format drops what was kept back for the image that was there: the new one may have its own places there", () => {
  const bench = new BlockBench(new FakeDevice(new Uint8Array(grownBytes)));
  bench.block.format({ blockCount: BigInt(minimumImageBytes / blockBytes), flags: 0 });
  const checkpoint = 12289n + 2048n; // of an image of 32,768 blocks
  assert.equal(bench.store(block(1), checkpoint), checkpoint);
  bench.block.format({ blockCount: 32768n, flags: FormatFlag.force });
  assert.equal(bench.block.describe().mountStatus, 0);
  assert.equal(bench.block.verify().damagedBlocks, 0n);
});

test("what was written through the journal takes no extents: its image would cover them", () => {
  const bench = fresh();
  const { address } = bench.block.allocate({ hint: 0n, count: 2, flags: 0 });
  bench.write(address, block(1));
  assert.equal(statusOf(() => bench.writeExtents([{ address, data: block(2) }])), Status.InvalidArgument);
  bench.writeExtents([{ address: address + 1n, data: block(3) }]);
  bench.commit(Uint8Array.of(1));
  bench.block.checkpoint();
  assert.deepEqual([bench.read(address, 1), bench.read(address + 1n, 1)], [block(1), block(3)]);
});

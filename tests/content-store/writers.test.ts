// Writers through the interface: capabilities, random lives against a byte array, many at once, and what a small change costs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreBench, Random, type WriterBench, blake3, emptyHash, hex, statusOf, storeWithSizes } from "./harness.ts";

const Status = { InvalidHandle: 1, Denied: 2, OutOfMemory: 9, WrongKind: 12, TooLarge: 41, NotFound: 64 } as const;
const MiB = 1 << 20;
const tight = await storeWithSizes("tight", "300000, 64, 8, 8, 12");

/** A writer's random life next to a plain array that does the same. */
function live(bench: StoreBench, writer: WriterBench, random: Random, limit: number, steps: number, start: Uint8Array = new Uint8Array(0)): Uint8Array {
  let model: Uint8Array = start;
  const check = (step: number): void => assert.equal(hex(writer.finish()), blake3(model), `step ${step}, length ${model.length}`);
  for (let step = 0; step < steps; step++) {
    const what = random.next(16);
    if (what < 8) {
      const offset = Math.min(random.next(what === 0 ? limit : model.length + 1), limit - 1);
      const data = random.bytes(Math.min(1 + random.next(what < 5 ? 6000 : 300000), limit - offset));
      writer.write(offset, data);
      const grown = new Uint8Array(Math.max(model.length, offset + data.length));
      grown.set(model);
      grown.set(data, offset);
      model = grown;
    } else if (what < 10) {
      const length = random.next(what === 8 ? limit : model.length + 1);
      writer.truncate(length);
      const cut = new Uint8Array(length);
      cut.set(model.subarray(0, length));
      model = cut;
    } else if (what < 13) {
      const offset = random.next(model.length + 3), count = random.next(300000);
      assert.equal(Buffer.compare(writer.read(offset, count), model.subarray(offset, offset + count)), 0, `step ${step}: ${count} at ${offset} of ${model.length}`);
    } else if (what < 15) check(step);
    else bench.commit(false);
  }
  check(steps);
  return model;
}

for (const [name, module] of [["the shipped sizes", undefined], ["pools that are too small", tight]] as const) {
  test(`a writer's content is that of a byte array, with ${name}`, () => {
    const random = new Random(21);
    let bench = StoreBench.formatted(512, module ? { module } : {});
    for (const [limit, steps] of [[70_000, 120], [700_000, 120], [18 * MiB, 60]] as const) {
      const writer = bench.writer();
      const model = live(bench, writer, random, limit, steps);
      bench.commit();
      const hash = writer.finish();
      bench.checkpoint();
      bench = bench.restart(module ? { module } : {});
      assert.equal(Buffer.compare(bench.get(hash, 0, 20 * MiB), model), 0);
      live(bench, bench.writer(hash), random, limit, 30, model);
    }
    const { notAllocated, overlapping } = bench.store.recount();
    assert.deepEqual([notAllocated, overlapping], [0n, 0n]);
    assert.equal(bench.check().damaged, 0);
    bench.close();
  });
}

test("a sparse object of 2 GiB has the right hash, takes little space, and reads", () => {
  const bench = StoreBench.formatted(64);
  // Its tree has three levels, like that of the largest object.
  const length = 2 ** 31 + 1;
  const writer = bench.writer();
  writer.write(2 ** 30 + 12345, new Uint8Array([1, 2, 3]));
  writer.truncate(length);
  const hash = writer.finish();
  bench.commit();
  assert.equal(bench.store.describe({ hash }).lengthBytes, BigInt(length));
  assert.deepEqual([...bench.get(hash, 2 ** 30 + 12344, 5)], [0, 1, 2, 3, 0]);
  assert.deepEqual([...bench.get(hash, length - 1, 5)], [0]);
  const { groups, usedBlocks } = bench.statistics();
  assert.equal(groups, 1n);
  assert.ok(usedBlocks < 300n, `${usedBlocks} blocks`);
  // The same through another order of steps.
  const other = bench.writer();
  other.truncate(length);
  other.write(2 ** 30 + 12345, new Uint8Array([1, 2, 3]));
  assert.equal(hex(other.finish()), hex(hash));
  assert.equal(statusOf(() => other.truncate(2 ** 34 + 1)), Status.TooLarge);
  bench.close();
});

test("a change of 4 KiB in 16 MiB writes one group and its path", () => {
  const bench = StoreBench.formatted(64);
  const random = new Random(4);
  const base = bench.storeBytes(random.bytes(16 * MiB));
  bench.commit();
  const before = bench.blockStatistics();
  const used = bench.statistics().usedBlocks;
  const writer = bench.writer(base);
  writer.write(7_000_000, random.bytes(4096));
  writer.finish();
  bench.commit();
  const after = bench.blockStatistics();
  assert.equal(bench.statistics().usedBlocks - used, 18n);
  console.log(`4 KiB changed in 16 MiB: ${after.deviceReads - before.deviceReads} device reads, ${after.deviceWrites - before.deviceWrites} device writes, ${(after.writtenBytes - before.writtenBytes) / 4096n} blocks written`);
  assert.ok(after.writtenBytes - before.writtenBytes < 25n * 4096n);
  bench.close();
});

test("writers are capabilities: many at once, each its own, closed when dropped", () => {
  const bench = StoreBench.formatted(64);
  const writers = Array.from({ length: 256 }, () => bench.writer());
  writers.forEach((writer, index) => writer.write(0, new Uint8Array(100 + index * 300).fill(index)));
  assert.equal(statusOf(() => bench.writer()), Status.OutOfMemory);
  writers.forEach((writer, index) => assert.equal(hex(writer.finish()), blake3(new Uint8Array(100 + index * 300).fill(index))));
  writers[100]!.close();
  bench.statistics(); // `closed` is delivered when the outermost call has returned
  const reused = bench.writer();
  assert.equal(reused.read(0, 100).length, 0, "a row is used again without its content");
  assert.equal(statusOf(() => writers[100]!.read(0, 100)), Status.InvalidHandle);
  assert.equal(statusOf(() => bench.writer(new Uint8Array(32).fill(1))), Status.NotFound);
  // A writer is not the store, nor the store a writer.
  assert.equal(statusOf(() => new (bench.store.constructor as typeof import("../../kernel-bindings/generated/host/content-store.ts").ContentStoreClient)(bench.client, writers[0]!.handle).prepare()), Status.Denied);
  assert.equal(statusOf(() => bench.store.writerFinish()), Status.WrongKind);
  bench.close();
});

test("an unchanged writer finishes as its base", () => {
  const bench = StoreBench.formatted(64);
  assert.equal(hex(bench.writer().finish()), hex(emptyHash));
  const base = bench.storeBytes(new Random(1).bytes(300000));
  const writer = bench.writer(base);
  assert.equal(hex(writer.finish()), hex(base));
  writer.write(10, writer.read(10, 10));
  assert.equal(hex(writer.finish()), hex(base), "the same bytes are the same object");
  writer.truncate(0);
  assert.equal(hex(writer.finish()), hex(emptyHash));
  bench.close();
});

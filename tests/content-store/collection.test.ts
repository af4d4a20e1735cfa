// Collection frees exactly what nothing keeps: counted in blocks of the device, over restarts, and with writers at work in between.
import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreBench, Random, blake3, emptyHash, hex, statusOf } from "./harness.ts";

const Status = { InvalidArgument: 3, NotFound: 64 } as const;
const MiB = 1 << 20;

test("a collection frees exactly the garbage, and a restart agrees", () => {
  let bench = StoreBench.formatted(128);
  const random = new Random(31);
  const shared = random.bytes(3 * MiB);
  const kept: Uint8Array[] = [], contents = new Map<string, Uint8Array>();
  const store = (data: Uint8Array, keep: boolean): void => {
    const hash = bench.storeBytes(data);
    if (keep) { kept.push(hash); contents.set(hex(hash), data); }
  };
  store(shared, true);
  for (let index = 0; index < 300; index++) store(random.bytes(1 + random.next(20000)), index % 3 === 0);
  // Objects that share groups with a kept one, some kept, some not.
  for (let index = 0; index < 10; index++) {
    const data = shared.slice(0, 3 * MiB - index * 100);
    data.set(random.bytes(50), index * 70000);
    store(data, index % 2 === 0);
  }
  bench.commit();
  bench.checkpoint();
  // What a store with the kept objects alone would use.
  const lean = StoreBench.formatted(128);
  for (const hash of kept) lean.storeBytes(contents.get(hex(hash))!);
  const wanted = lean.statistics();
  lean.close();

  const before = bench.statistics();
  const freed = bench.collect(kept);
  const after = bench.statistics();
  assert.equal(BigInt(freed), before.usedBlocks - after.usedBlocks);
  assert.equal(after.usedBlocks, wanted.usedBlocks);
  assert.deepEqual([after.objects, after.groups, after.interiors], [wanted.objects, wanted.groups, wanted.interiors]);
  bench.commit();
  for (const round of ["by the journal", "by the checkpoint"]) {
    bench = bench.restart();
    assert.equal(bench.statistics().usedBlocks, wanted.usedBlocks, round);
    for (const [hash, data] of contents) assert.equal(Buffer.compare(bench.get(Buffer.from(hash, "hex"), 0, 4 * MiB), data), 0, round);
    assert.deepEqual([bench.check().damaged, bench.store.recount().notAllocated, bench.store.recount().overlapping], [0, 0n, 0n]);
    bench.checkpoint();
  }
  assert.equal(bench.collect(kept), 0, "nothing more to free");
  bench.close();
});

test("freed blocks come back to the device", () => {
  const bench = StoreBench.formatted(64);
  const random = new Random(32);
  const free = (): bigint => bench.block.describe().freeBlocks;
  const start = free();
  for (let round = 0; round < 4; round++) {
    bench.storeBytes(random.bytes(20 * MiB));
    bench.commit();
    bench.collect([]);
    bench.checkpoint();
    bench.checkpoint();
    bench.checkpoint();
  }
  // What is left is the index: no entry, no directory.
  assert.equal(free(), start);
  assert.equal(bench.statistics().usedBlocks, 0n);
  bench.close();
});

test("what is stored, matched or held by a writer while a collection runs is kept", () => {
  const bench = StoreBench.formatted(128);
  const random = new Random(34);
  const held = random.bytes(2 * MiB), matched = random.bytes(9 * MiB), reopened = random.bytes(700_000);
  const heldHash = bench.storeBytes(held), matchedHash = bench.storeBytes(matched), reopenedHash = bench.storeBytes(reopened);
  const garbage = bench.storeBytes(random.bytes(5 * MiB));
  const writer = bench.writer(heldHash);
  writer.write(100, new Uint8Array([1, 2, 3]));
  bench.commit();
  bench.store.collectBegin();
  const fresh = bench.storeBytes(random.bytes(300_000));
  bench.storeBytes(matched);
  const second = bench.writer(reopenedHash);
  second.write(5, new Uint8Array([9]));
  let freedObjects = 0;
  for (let remaining = 1; remaining;) {
    const step = bench.store.collectSweep({ limit: 7 });
    remaining = step.remaining;
    freedObjects += step.freedObjects;
  }
  assert.equal(freedObjects, 1);
  assert.equal(statusOf(() => bench.get(garbage, 0, 1)), Status.NotFound);
  assert.equal(Buffer.compare(bench.get(matchedHash, 0, 10 * MiB), matched), 0);
  assert.equal(bench.get(fresh, 0, MiB).length, 300_000);
  held.set([1, 2, 3], 100);
  assert.equal(hex(writer.finish()), blake3(held));
  assert.equal(Buffer.compare(writer.read(0, 3 * MiB), held), 0);
  reopened[5] = 9;
  assert.equal(hex(second.finish()), blake3(reopened));
  bench.commit();
  const again = bench.restart();
  assert.equal(Buffer.compare(again.get(Buffer.from(blake3(held), "hex"), 0, 3 * MiB), held), 0);
  assert.equal(Buffer.compare(again.get(Buffer.from(blake3(reopened), "hex"), 0, MiB), reopened), 0);
  assert.equal(again.check().damaged, 0);
  again.close();
});

test("a writer that evicted groups before the collection keeps them", () => {
  const bench = StoreBench.formatted(128);
  const data = new Random(35).bytes(20 * MiB);
  const writer = bench.writer();
  // More than may be dirty: most groups are stored although no object names them yet.
  writer.write(0, data);
  bench.commit();
  assert.ok(bench.statistics().groups > 100n);
  assert.equal(bench.collect([]), 0);
  assert.equal(hex(writer.finish()), blake3(data));
  const hash = writer.finish();
  writer.close();
  bench.commit();
  assert.equal(Buffer.compare(bench.get(hash, 0, 24 * MiB), data), 0);
  assert.ok(bench.collect([]) >= 20 * MiB / 4096, "now nobody holds it");
  bench.close();
});

test("fresh says what was handed in for the first time, whatever was stored meanwhile", () => {
  const bench = StoreBench.formatted(64);
  const random = new Random(36);
  const first = bench.storeBytes(random.bytes(100)), data = random.bytes(200000), second = bench.storeBytes(data);
  assert.equal(statusOf(() => bench.mark([first])), Status.InvalidArgument, "no collection runs");
  assert.equal(statusOf(() => bench.store.collectSweep({ limit: 1 })), Status.InvalidArgument);
  bench.store.collectBegin();
  bench.storeBytes(data);
  assert.deepEqual(bench.mark([first, second, first, emptyHash]), [true, true, false, false]);
  assert.deepEqual(bench.mark([second]), [false]);
  assert.equal(statusOf(() => bench.mark([first, new Uint8Array(32)])), Status.NotFound);
  // Lease and count do not fit: refused before anything is read.
  assert.equal(statusOf(() => bench.store.collectMark({ count: 2, hashes: bench.lease(63), fresh: bench.lease(2, 100) })), Status.InvalidArgument);
  assert.equal(statusOf(() => bench.store.collectMark({ count: 2, hashes: bench.lease(64), fresh: bench.lease(1, 100) })), Status.InvalidArgument);
  bench.close();
});

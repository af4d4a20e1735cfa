// Objects through the interface: hashes, random access, what equal content costs, damage, and what a restart finds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDisk } from "../../host/devices/disk.ts";
import { StoreBench, Random, blake3, blockBytes, emptyHash, hex, statusOf } from "./harness.ts";

const Status = { InvalidArgument: 3, NotFormatted: 35, Corrupted: 37, NoSpace: 40, TooLarge: 41, NotFound: 64 } as const;
const MiB = 1 << 20;
const content = new Random(99).bytes(17 * MiB + 5);
const lengths = [0, 1, 1023, 1024, 1025, 4095, 4096, 4097, 65535, 65536, 65537, 131072, 131073, 8 * MiB - 1, 8 * MiB, 8 * MiB + 1, 17 * MiB];

test("hashes are BLAKE3 of the content, and every byte comes back, before and after a restart", () => {
  let bench = StoreBench.formatted(192);
  const hashes = lengths.map((length) => bench.storeBytes(content.subarray(0, length)));
  lengths.forEach((length, index) => assert.equal(hex(hashes[index]!), blake3(content.subarray(0, length)), `length ${length}`));
  const random = new Random(5);
  for (const round of ["staged", "restarted", "restarted after a checkpoint"]) {
    lengths.forEach((length, index) => {
      assert.equal(bench.store.describe({ hash: hashes[index]! }).lengthBytes, BigInt(length));
      assert.equal(Buffer.compare(bench.get(hashes[index]!, 0, length + 10), content.subarray(0, length)), 0, `${round}, length ${length}`);
      for (let turn = 0; turn < 30; turn++) {
        const offset = random.next(length + 5), count = random.next(20000);
        assert.equal(Buffer.compare(bench.get(hashes[index]!, offset, count), content.subarray(offset, Math.max(offset, Math.min(length, offset + count)))), 0, `${round}, ${count} at ${offset} of ${length}`);
      }
    });
    if (round === "staged") bench.commit();
    else bench.checkpoint();
    bench = bench.restart();
    const { notAllocated, overlapping } = bench.store.recount();
    assert.deepEqual([notAllocated, overlapping], [0n, 0n]);
  }
  assert.equal(bench.check().damaged, 0);
  bench.close();
});

test("what was not committed is gone after a restart, what was committed is not", () => {
  let bench = StoreBench.formatted(64);
  const kept = bench.storeBytes(content.subarray(0, 100000));
  bench.commit();
  const lost = bench.storeBytes(content.subarray(1, 100000));
  bench.store.prepare();
  bench = bench.restart();
  assert.equal(bench.get(kept, 0, 100000).length, 100000);
  assert.equal(statusOf(() => bench.get(lost, 0, 10)), Status.NotFound);
  const { ownedBlocks, notAllocated } = bench.store.recount();
  assert.equal(notAllocated, 0n);
  assert.equal(ownedBlocks, bench.statistics().usedBlocks);
  bench.close();
});

test("power fails between the commit of a checkpoint and the block service's own", () => {
  let bench = StoreBench.formatted(64);
  const random = new Random(12);
  const hashes: Uint8Array[] = [];
  for (let round = 0; round < 5; round++) {
    for (let index = 0; index < 50; index++) hashes.push(bench.storeBytes(random.bytes(1 + random.next(9000))));
    bench.store.checkpoint();
    bench.block.commit({ payload: bench.lease(0) });
    bench.block.sync();
    bench = bench.restart();
    assert.equal(bench.statistics().objects, BigInt(hashes.length));
    const { notAllocated, overlapping, ownedBlocks } = bench.store.recount();
    assert.deepEqual([notAllocated, overlapping], [0n, 0n]);
    // Content, and the index of this round: nothing of the rounds before is left behind.
    assert.ok(ownedBlocks - bench.statistics().usedBlocks <= 8n, `${ownedBlocks} owned, ${bench.statistics().usedBlocks} of them content`);
  }
  bench.checkpoint();
  bench = bench.restart();
  for (const hash of hashes) assert.equal(blake3(bench.get(hash, 0, 10000)), hex(hash));
  bench.close();
});

test("equal content is stored once: counted in blocks of the device", () => {
  const bench = StoreBench.formatted(64);
  const used = (): bigint => { bench.commit(); return bench.statistics().usedBlocks; };
  const free = (): bigint => bench.block.describe().freeBlocks;
  bench.storeBytes(content.subarray(0, 10 * MiB));
  const before = used(), freeBefore = free();
  bench.storeBytes(content.subarray(0, 10 * MiB));
  assert.equal(used(), before);
  assert.equal(free(), freeBefore);
  // One group in the middle changed: that group, the page above it and the top page.
  const changed = content.slice(0, 10 * MiB);
  changed[5_000_000]! ^= 1;
  bench.storeBytes(changed);
  assert.equal(used() - before, 16n + 1n + 1n);
  assert.equal(freeBefore - free(), 18n);
  const { duplicateObjects, duplicateGroups } = bench.statistics();
  assert.deepEqual([duplicateObjects, duplicateGroups], [1n, 160n + 159n]);
  bench.close();
});

test("a flipped bit on the disk is Corrupted, never bytes, and the scrub names the object", () => {
  const bench = StoreBench.formatted(64);
  const small = bench.storeBytes(content.subarray(12 * MiB, 12 * MiB + 3000));
  const large = bench.storeBytes(content.subarray(0, 9 * MiB));
  bench.checkpoint();
  const disk = bench.disk;
  const place = (needle: Uint8Array): number => Buffer.from(disk.bytes.buffer).indexOf(needle);
  for (const [hash, at, offset] of [[small, place(content.subarray(12 * MiB, 12 * MiB + 200)), 0], [large, place(content.subarray(3 * MiB, 3 * MiB + 64)), 3 * MiB]] as const) {
    assert.ok(at > 0);
    disk.bytes[at + 17]! ^= 1;
    const broken = bench.restartCopy();
    assert.equal(statusOf(() => broken.get(hash, offset, 100)), Status.Corrupted);
    const { damaged, firstDamaged } = broken.check();
    assert.deepEqual([damaged, firstDamaged], [1, hex(hash)]);
    broken.close();
    disk.bytes[at + 17]! ^= 1;
  }
  bench.close();
});

test("an image that is not formatted, and content that does not fit, are answered", () => {
  const bench = new StoreBench(new MemoryDisk(64 * 2048));
  assert.equal(statusOf(() => bench.storeBytes(content.subarray(0, 10))), Status.NotFormatted);
  assert.equal(statusOf(() => bench.store.prepare()), Status.NotFormatted);
  bench.store.format({ blockCount: 0n, flags: 0 });
  assert.equal(hex(bench.storeBytes(new Uint8Array(0))), hex(emptyHash));
  assert.equal(bench.get(emptyHash, 0, 10).length, 0);
  assert.equal(statusOf(() => bench.get(new Uint8Array(32), 0, 10)), Status.NotFound);
  // Fill it: the refusal comes when content is taken in, and what was taken in can be committed.
  let stored = 0, status = 0;
  const random = new Random(3);
  while (!status) {
    status = statusOf(() => bench.storeBytes(random.bytes(MiB)));
    if (!status && ++stored % 8 === 0) bench.commit();
  }
  assert.equal(status, Status.NoSpace);
  assert.ok(stored > 40, `${stored} MiB stored in an image of 64 MiB`);
  bench.commit();
  bench.checkpoint();
  const again = bench.restart();
  assert.equal(again.statistics().objects, BigInt(stored));
  again.close();
});

test("storing 1,000 small objects: messages and device writes", () => {
  const bench = StoreBench.formatted(64);
  const random = new Random(8);
  const before = bench.blockStatistics();
  const calls = bench.system.kernel.domains.find((domain) => domain.name === "block")!.calls;
  for (let index = 0; index < 1000; index++) bench.storeBytes(random.bytes(1 + random.next(4000)));
  bench.commit();
  const after = bench.blockStatistics();
  const messages = bench.system.kernel.domains.find((domain) => domain.name === "block")!.calls - calls;
  const writes = Number(after.deviceWrites - before.deviceWrites);
  console.log(`1,000 objects of up to 4,000 bytes: ${messages} messages to the block service, ${writes} device writes, ${Number(after.writtenBytes - before.writtenBytes) / blockBytes} blocks`);
  assert.ok(writes <= 6, `${writes} device writes`);
  assert.ok(messages <= 20, `${messages} messages`);
  bench.close();
});

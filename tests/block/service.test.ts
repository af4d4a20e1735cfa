// What the block service answers to its clients, over a disk that behaves: the interface, transaction by transaction.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AllocateFlag, BlockFlag, StructureRole } from "../../kernel-bindings/generated/host/block.ts";
import { BlockBench, FakeDevice, blake3, blockBytes, minimumImageBytes, pattern, statusOf } from "./harness.ts";

const Status = { InvalidArgument: 3, OutOfRange: 4, Denied: 2, Busy: 13, NoSpace: 40, TooLarge: 41, AlreadyFormatted: 42, NotFormatted: 35 } as const;
function fresh(): BlockBench {
  const bench = new BlockBench(new FakeDevice(new Uint8Array(minimumImageBytes)));
  bench.block.format({ blockCount: 0n, flags: 0 });
  return bench;
}
const again = (bench: BlockBench): BlockBench => { bench.close(); return new BlockBench(new FakeDevice(bench.device.bytes)); };

test("an unformatted disk says so, and everything else answers it", () => {
  const bench = new BlockBench(new FakeDevice(new Uint8Array(minimumImageBytes)));
  assert.equal(bench.block.describe().mountStatus, Status.NotFormatted);
  assert.equal(statusOf(() => bench.block.allocate({ hint: 0n, count: 1, flags: 0 })), Status.NotFormatted);
  assert.equal(statusOf(() => bench.commit()), Status.NotFormatted);
  assert.equal(statusOf(() => bench.read(0n, 1)), Status.NotFormatted);
});

test("format makes an empty image, once", () => {
  const bench = fresh();
  const { blockCount, freeBlocks, mountStatus, generation } = bench.block.describe();
  assert.deepEqual({ blockCount, mountStatus, generation }, { blockCount: 16384n, mountStatus: 0, generation: 2n }, "two generations, so that damage to one loses nothing");
  assert.equal(freeBlocks, 16384n - 4n - 1024n - 15n - 256n, "all but slots, log, map area and reserve");
  assert.equal(statusOf(() => bench.block.format({ blockCount: 0n, flags: 0 })), Status.AlreadyFormatted);
  assert.equal(bench.block.describe().mountStatus, 0, "a refused format leaves the image mounted");
  bench.block.format({ blockCount: 0n, flags: 1 });
  assert.equal(bench.block.describe().mountStatus, 0);
});

test("a format that replaces an image puts the end of the old one beyond power loss before it writes anything else", () => {
  const bench = fresh();
  bench.device.events = [];
  bench.block.format({ blockCount: 0n, flags: 1 });
  const first = bench.device.events.slice(0, 5);
  assert.deepEqual(first.map((event) => event.kind), ["write", "write", "write", "write", "flush"]);
  first.forEach((event, slot) => { if (event.kind === "write") assert.deepEqual([event.offset, event.data.some((byte) => byte !== 0)], [slot * 4096 * blockBytes, false]); });
  assert.equal(bench.device.events.at(-1)!.kind, "flush", "and the new one is durable when it answers");
});

test("what was committed and synced is there after a mount: data, allocation, payload, redo images", () => {
  let bench = fresh();
  const data = pattern(1, 3 * blockBytes - 100);
  const address = bench.store(data);
  const place = bench.block.allocate({ hint: 0n, count: 1, flags: 0 }).address;
  bench.write(place, pattern(2, blockBytes));
  bench.attach(Uint8Array.of(1, 2, 3));
  bench.attach(Uint8Array.of(9), 2);
  bench.commit(Uint8Array.of(4, 5));
  bench.block.sync();
  bench.write(place, pattern(3, blockBytes));
  bench.commit(Uint8Array.of(6));
  const allocation = bench.allocation();
  bench = again(bench);
  assert.equal(bench.block.describe().mountStatus, 0);
  assert.deepEqual(bench.read(address, 3).subarray(0, data.length), data);
  assert.deepEqual(bench.read(place, 1), pattern(3, blockBytes));
  assert.deepEqual(bench.pieces(1), [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5), Uint8Array.of(6)]);
  assert.deepEqual(bench.pieces(2), [Uint8Array.of(9)]);
  assert.deepEqual(bench.allocation(), allocation);
});

test("a durable write is a transaction of its own: journal, flush, answer; refused while another is open", () => {
  let bench = fresh();
  const address = bench.store(pattern(1, 2 * blockBytes));
  assert.equal(statusOf(() => bench.writeDurable(address, pattern(2, blockBytes))), Status.Busy, "the extent is not committed");
  bench.commit(Uint8Array.of(1));
  bench.setRoot(Uint8Array.of(7), 3);
  assert.equal(statusOf(() => bench.writeDurable(address, pattern(2, blockBytes))), Status.Busy, "a root is not committed");
  bench.block.abandon();
  const before = bench.statistics();
  bench.writeDurable(address, pattern(2, blockBytes));
  const after = bench.statistics();
  assert.deepEqual([after.deviceWrites - before.deviceWrites, after.deviceFlushes - before.deviceFlushes, after.commits - before.commits], [1n, 1n, 1n]);
  assert.equal(statusOf(() => bench.writeDurable(address + 5n, pattern(3, blockBytes))), Status.InvalidArgument, "a block that is not in use");
  assert.equal(statusOf(() => bench.writeDurable(address, pattern(3, 100))), Status.InvalidArgument, "no whole block");
  const image = bench.device.bytes.slice();
  bench.close();
  bench = new BlockBench(new FakeDevice(image));
  bench.mount();
  assert.deepEqual(bench.read(address, 1), pattern(2, blockBytes));
  assert.deepEqual(bench.pieces(1), [Uint8Array.of(1)], "it adds nothing to what clients are handed back");
  bench.close();
});

test("a block that another transaction allocated takes no extent, committed or abandoned", () => {
  const bench = fresh();
  const allocated = (): bigint => bench.block.allocate({ hint: 0n, count: 1, flags: 0 }).address;
  const isRefused = (address: bigint): boolean => statusOf(() => bench.writeExtents([{ address, data: pattern(1, blockBytes) }])) === Status.InvalidArgument;
  const kept = allocated();
  bench.commit();
  assert.ok(isRefused(kept));
  const dropped = allocated();
  bench.block.abandon();
  assert.ok(isRefused(dropped));
});

test("a root that a checkpoint holds is not taken back by abandon", () => {
  let bench = fresh();
  bench.setRoot(Uint8Array.of(1), 2);
  bench.commit(Uint8Array.of(1));
  bench.setRoot(Uint8Array.of(2), 2);
  bench.block.checkpoint();
  bench.store(pattern(1, blockBytes));
  bench.block.abandon();
  bench.block.checkpoint();
  assert.deepEqual(bench.getRoot(2), Uint8Array.of(2));
  bench = again(bench);
  assert.deepEqual(bench.getRoot(2), Uint8Array.of(2));
  bench.close();
});

test("what was not committed is gone after a mount", () => {
  let bench = fresh();
  const before = bench.allocation();
  bench.store(pattern(1, blockBytes));
  bench.attach(Uint8Array.of(1));
  bench = again(bench);
  assert.deepEqual(bench.pieces(), []);
  assert.deepEqual(bench.allocation(), before);
});

test("abandon returns blocks, frees, redo images, pieces and roots", () => {
  const bench = fresh();
  const kept = bench.store(pattern(1, blockBytes));
  bench.commit();
  const before = bench.allocation(), freeBlocks = bench.block.describe().freeBlocks;
  bench.store(pattern(2, 5 * blockBytes));
  bench.write(kept, pattern(3, blockBytes));
  bench.block.free({ address: kept, count: 1 });
  bench.attach(Uint8Array.of(1));
  bench.setRoot(Uint8Array.of(7));
  bench.block.abandon();
  assert.deepEqual(bench.allocation(), before);
  assert.equal(bench.block.describe().freeBlocks, freeBlocks);
  assert.deepEqual(bench.read(kept, 1), pattern(1, blockBytes));
  bench.block.checkpoint();
  assert.deepEqual(bench.getRoot(), new Uint8Array(0));
});

test("roots travel with a checkpoint, and the pieces before it are released", () => {
  let bench = fresh();
  bench.commit(Uint8Array.of(1));
  for (let badge = 1; badge <= 4; badge++) bench.setRoot(pattern(badge, badge === 4 ? 1024 : badge), badge);
  assert.equal(statusOf(() => bench.setRoot(new Uint8Array(1025), 1)), Status.TooLarge);
  assert.equal(statusOf(() => bench.setRoot(new Uint8Array(1), 5)), Status.Denied);
  assert.equal(bench.block.checkpoint().generation, 3n);
  bench.commit(Uint8Array.of(2));
  bench = again(bench);
  for (let badge = 1; badge <= 4; badge++) assert.deepEqual(bench.getRoot(badge), pattern(badge, badge === 4 ? 1024 : badge));
  assert.deepEqual(bench.pieces(), [Uint8Array.of(2)]);
});

test("a lone durable transaction of 4 KiB costs one flush and two device writes", () => {
  const bench = fresh();
  for (let i = 0; i < 3; i++) {
    const { writes, flushes } = bench.device;
    bench.store(pattern(i, blockBytes));
    bench.commit(Uint8Array.of(i));
    bench.block.sync();
    assert.equal(bench.device.flushes - flushes, 1);
    assert.equal(bench.device.writes - writes, 2);
  }
});

test("commits share a flush; an idle sync flushes nothing and seals once", () => {
  const bench = fresh();
  const { writes, flushes } = bench.device;
  for (let i = 0; i < 10; i++) bench.commit(Uint8Array.of(i));
  bench.block.sync();
  assert.deepEqual([bench.device.writes - writes, bench.device.flushes - flushes], [10, 1]);
  for (let i = 0; i < 3; i++) bench.block.sync();
  assert.deepEqual([bench.device.writes - writes, bench.device.flushes - flushes], [11, 1], "one seal, no flush");
});

test("data that waits for a flush stays under 8 MiB", () => {
  const bench = fresh();
  const { flushes } = bench.device;
  for (let i = 0; i < 9; i++) bench.store(pattern(i, 1 << 20));
  assert.equal(bench.device.flushes - flushes, 1);
  bench.commit();
  bench.close();
  const after = new BlockBench(new FakeDevice(bench.device.bytes));
  assert.equal(after.statistics().extentsVerified, 1n, "what was flushed before its record needs no check");
});

test("extents are bound only to fresh blocks of this transaction, once, in order and without gaps", () => {
  const bench = fresh();
  const old = bench.store(pattern(1, blockBytes));
  bench.commit();
  const refused = (extents: Parameters<typeof bench.writeExtents>[0]): number => statusOf(() => bench.writeExtents(extents));
  assert.equal(refused([{ address: old, data: pattern(2, blockBytes) }]), Status.InvalidArgument, "in use since another transaction");
  assert.equal(refused([{ address: 0n, data: pattern(2, blockBytes) }]), Status.InvalidArgument, "a superblock slot");
  assert.equal(refused([{ address: 12289n, data: pattern(2, blockBytes) }]), Status.InvalidArgument, "the log");
  assert.equal(refused([{ address: 1n << 62n, data: pattern(2, blockBytes) }]), Status.InvalidArgument, "past the end");
  const { address } = bench.block.allocate({ hint: 0n, count: 4, flags: 0 });
  assert.equal(refused([{ address: address + 3n, data: pattern(2, 2 * blockBytes) }]), Status.InvalidArgument, "half of it is not ours");
  bench.writeExtents([{ address, data: pattern(2, blockBytes) }]);
  assert.equal(refused([{ address, data: pattern(3, blockBytes) }]), Status.InvalidArgument, "a second time");
  const lease = bench.lease(2 * blockBytes), descriptors = { address: lease.address + (1 << 20), length: 96 };
  const describe = (offsets: number[], length: number): number => {
    offsets.forEach((offset, i) => {
      bench.client.bytes.fill(0, descriptors.address + i * 48, descriptors.address + i * 48 + 48);
      bench.client.view.setUint32(descriptors.address + i * 48, offset, true);
      bench.client.view.setUint32(descriptors.address + i * 48 + 4, length, true);
    });
    return statusOf(() => bench.block.writeExtents({ address: address + 1n, count: offsets.length, data: lease, descriptors }));
  };
  assert.equal(describe([0], blockBytes), Status.InvalidArgument, "the second block is not covered");
  assert.equal(describe([1, 0], blockBytes), Status.InvalidArgument, "out of order");
  assert.equal(describe([0, 1], 0), Status.InvalidArgument, "empty");
  assert.equal(describe([0, 1], blockBytes + 1), Status.InvalidArgument, "too long for its place");
  assert.equal(statusOf(() => bench.block.writeExtents({ address: address + 1n, count: 3, data: lease, descriptors })), Status.InvalidArgument, "more extents than blocks");
  assert.equal(statusOf(() => bench.block.writeExtents({ address: address + 1n, count: 2, data: lease, descriptors: { ...descriptors, length: 48 } })), Status.OutOfRange, "more descriptors than were lent");
  assert.equal(describe([0, 1], blockBytes), 0);
});

test("free refuses what is not in use, twice freed or owned", () => {
  const bench = fresh();
  const address = bench.store(pattern(1, 2 * blockBytes));
  bench.commit();
  for (const [first, count] of [[0n, 1], [20n, 1], [12289n, 5], [16383n, 2], [1n << 63n, 1], [address, 0], [address, 0xffffffff]] as const) {
    assert.equal(statusOf(() => bench.block.free({ address: first, count })), Status.InvalidArgument, `${first} ${count}`);
  }
  bench.block.free({ address, count: 1 });
  assert.equal(statusOf(() => bench.block.free({ address, count: 2 })), Status.InvalidArgument);
  bench.commit();
  assert.equal(statusOf(() => bench.block.free({ address, count: 1 })), Status.InvalidArgument);
});

test("a freed block is not handed out until two checkpoints without it are durable", () => {
  const bench = fresh();
  const address = bench.store(pattern(1, blockBytes));
  bench.commit();
  bench.block.checkpoint();
  bench.block.free({ address, count: 1 });
  bench.commit();
  const offered = (): boolean => { const got = bench.block.allocate({ hint: address, count: 1, flags: 0 }).address; bench.block.abandon(); return got === address; };
  assert.equal(offered(), false);
  bench.block.sync();
  assert.equal(offered(), false);
  bench.block.checkpoint();
  assert.equal(offered(), false, "the generation before still uses it");
  const mounted = new BlockBench(new FakeDevice(bench.device.bytes.slice()));
  assert.notEqual(mounted.block.allocate({ hint: address, count: 1, flags: 0 }).address, address, "also after a mount");
  bench.block.checkpoint();
  assert.equal(offered(), true);
});

test("a generation that is published again is not one without a freed block", () => {
  const bench = fresh(), record = new Uint8Array(100 * blockBytes);
  const address = bench.store(pattern(1, blockBytes));
  for (let i = 0; i < 5; i++) bench.commit(record);
  const { generation } = bench.block.checkpoint();
  bench.block.free({ address, count: 1 });
  bench.commit();
  while (bench.block.describe().generation === generation) bench.commit(record);
  const offered = (): boolean => { const got = bench.block.allocate({ hint: address, count: 1, flags: 0 }).address; bench.block.abandon(); return got === address; };
  assert.equal(bench.block.describe().generation, generation + 1n, "a commit needed the log that only the generation before needs");
  assert.equal(offered(), false);
  bench.block.checkpoint();
  assert.equal(offered(), false, "the one that was published again still uses it");
  bench.block.checkpoint();
  assert.equal(offered(), true);
});

test("a full image keeps a reserve, and can still free, commit and checkpoint", () => {
  const bench = fresh();
  const runs: Array<{ address: bigint; count: number }> = [];
  for (;;) {
    let run: { address: bigint; count: number };
    try { run = bench.block.allocate({ hint: 0n, count: 4096, flags: 0 }); } catch { break; }
    runs.push(run);
  }
  assert.equal(bench.block.describe().freeBlocks, 0n);
  assert.equal(runs.reduce((sum, { count }) => sum + count, 0), 16384 - 4 - 1024 - 15 - 256);
  bench.commit();
  assert.equal(statusOf(() => bench.block.allocate({ hint: 0n, count: 1, flags: 0 })), Status.NoSpace);
  assert.equal(bench.block.allocate({ hint: 0n, count: 300, flags: AllocateFlag.fromReserve }).count, 256, "the reserve, for who asks for it");
  bench.commit();
  for (const { address, count } of runs) bench.block.free({ address, count });
  bench.commit();
  bench.block.checkpoint();
  bench.block.checkpoint();
  assert.equal(bench.block.describe().freeBlocks, 16384n - 4n - 1024n - 15n - 256n - 256n);
});

test("reads: bounds, whole blocks, the cache and redo images over it", () => {
  const bench = fresh();
  const address = bench.store(pattern(1, 2 * blockBytes));
  bench.commit();
  assert.deepEqual(bench.read(address, 1), pattern(1, 2 * blockBytes).subarray(0, blockBytes));
  const next = bench.block.allocate({ hint: 0n, count: 1, flags: 0 }).address;
  bench.read(next, 1);
  bench.writeExtents([{ address: next, data: pattern(9, blockBytes) }]);
  assert.deepEqual(bench.read(next, 1), pattern(9, blockBytes), "the cache forgets what is written");
  bench.commit();
  const reads = bench.device.reads;
  bench.read(address, 1);
  assert.equal(bench.device.reads, reads, "the second small read comes from the cache");
  assert.ok(bench.statistics().cacheHits >= 1n, "counted");
  bench.write(address, pattern(5, blockBytes));
  assert.deepEqual(bench.read(address, 2).subarray(0, blockBytes), pattern(5, blockBytes), "the open transaction's own writes are visible");
  bench.commit();
  bench.block.checkpoint();
  assert.deepEqual(bench.read(address, 1), pattern(5, blockBytes), "and after they went home");
  assert.equal(statusOf(() => bench.read(16384n, 1)), Status.OutOfRange);
  assert.equal(statusOf(() => bench.read(16383n, 2)), Status.OutOfRange);
  assert.equal(statusOf(() => bench.block.read({ address, buffer: bench.lease(100) })), Status.InvalidArgument);
});

test("the statistics count what the cache does: images that wait, patches, blocks read ahead and wanted, evictions", () => {
  const bench = fresh();
  const { address } = bench.block.allocate({ hint: 0n, count: 2000, flags: 0 });
  const data = pattern(3, blockBytes);
  for (let i = 0; i < 3; i++) { data[i] = i; bench.write(address, data); bench.write(address + 1n, data); }
  assert.equal(bench.statistics().waitingImages, 0n, "nothing is committed");
  bench.commit();
  const { waitingImages, redoPatches } = bench.statistics();
  assert.deepEqual([waitingImages, redoPatches], [2n, 4n]);
  bench.block.checkpoint();
  assert.equal(bench.statistics().waitingImages, 0n);
  for (let i = 2n; i < 2000n; i++) bench.read(address + i, 1);
  const { readAheadBlocks, readAheadHits, cacheMisses, cacheEvictions } = bench.statistics();
  assert.equal(readAheadBlocks, readAheadHits);
  assert.equal(readAheadBlocks + cacheMisses, 1998n);
  assert.ok(cacheMisses < 80n && cacheEvictions > 900n, `${cacheMisses} misses, ${cacheEvictions} evictions`);
});

test("records have a bound, and a commit that does not fit can be abandoned", () => {
  const bench = fresh();
  assert.equal(statusOf(() => bench.attach(new Uint8Array(1 << 20))), Status.TooLarge);
  bench.attach(new Uint8Array(1010 << 10));
  assert.equal(statusOf(() => bench.commit(new Uint8Array(20 << 10))), Status.TooLarge);
  bench.commit(new Uint8Array(8 << 10));
  assert.equal(bench.pieces().length, 2);
});

test("a full log answers Busy, says checkpointWanted and checkpointDue long before, and a checkpoint makes room", () => {
  const bench = fresh();
  let flags = 0, commits = 0, wantedAt = 0, dueAt = 0, busy = 0;
  for (; !busy && commits < 3000; commits++) {
    busy = statusOf(() => { flags = bench.commit(new Uint8Array(8000)).flags; });
    if (flags & BlockFlag.checkpointWanted && !wantedAt) wantedAt = commits;
    if (flags & BlockFlag.checkpointDue && !dueAt) dueAt = commits;
  }
  assert.equal(busy, Status.Busy);
  assert.ok(wantedAt > commits / 5 && wantedAt < commits * 0.3, `wanted after ${wantedAt} of ${commits}`);
  assert.ok(dueAt > commits / 3 && dueAt < commits * 0.45, `due after ${dueAt} of ${commits}`);
  bench.attach(Uint8Array.of(1));
  assert.equal(statusOf(() => bench.block.checkpoint()), Status.Busy, "with an open transaction");
  bench.block.abandon();
  bench.block.checkpoint();
  bench.commit(new Uint8Array(8000));
  bench.block.sync();
  assert.equal(bench.pieces().length, 1);
  assert.equal(bench.block.describe().flags & (BlockFlag.checkpointWanted | BlockFlag.checkpointDue), 0);
});

test("group extents are verified by chaining value and counter", () => {
  // The chaining value of one chunk of zeros at counter 64 has no reference here; a wrong one must be noticed at mount.
  let bench = fresh();
  const { address } = bench.block.allocate({ hint: 0n, count: 1, flags: 0 });
  bench.writeExtents([{ address, data: pattern(1, blockBytes), counterAndKind: (64n << 1n) | 1n, value: blake3(pattern(1, blockBytes)) }]);
  bench.commit(Uint8Array.of(1));
  bench = again(bench);
  assert.deepEqual(bench.pieces(), [], "cut: plain BLAKE3 is not the chaining value");
  assert.ok(bench.block.describe().flags & BlockFlag.droppedTail, "reported");
});

test("verify finds what was damaged", () => {
  const bench = fresh();
  for (let i = 0; i < 5; i++) { bench.store(pattern(i, blockBytes)); bench.commit(Uint8Array.of(i)); bench.block.checkpoint(); }
  bench.commit(Uint8Array.of(9));
  const sound = bench.block.verify();
  assert.equal(sound.damagedBlocks, 0n);
  assert.equal(sound.ownedBlocks, 4n + 1024n + 15n);
  assert.equal(sound.checkedBlocks, 4n + 2n + 1n + 1n + 1n + 2n, "the log of the generation before too");
  bench.device.bytes[4096 * 4096 + 100]! ^= 1;
  const damaged = bench.block.verify();
  assert.deepEqual([damaged.damagedBlocks, damaged.firstDamaged, damaged.firstRole], [1n, 4096n, StructureRole.superblock]);
});

// Space: images that grow, blocks that the device may forget, and exact counts of what is free; over power loss, and with each guard taken out on purpose.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runAllocatorModel } from "./allocator-model.ts";
import { CrashJudge, Violation, imagesOf } from "./crash-model.ts";
import { Workload } from "./crash-workload.ts";
import { BlockBench, DeviceFlags, SparseDevice, blockBytes, blockModule, grownBytes, minimumImageBytes, pattern, statusOf } from "./harness.ts";

const Status = { Ok: 0, InvalidArgument: 3, Busy: 13, ReadOnly: 34, NoSpace: 40, TooLarge: 41, Truncated: 43 } as const;
const smallest = BigInt(minimumImageBytes / blockBytes), largest = BigInt(grownBytes / blockBytes);
/** Behind it are only the blocks that are handed out last: the reserve is 1/64. */
const farthest = largest - largest / 64n - 3n;

function fresh(module?: WebAssembly.Module, flags: number = DeviceFlags.flush | DeviceFlags.discard): BlockBench {
  const device = new SparseDevice(grownBytes);
  device.flags = flags;
  const bench = new BlockBench(device, module);
  bench.block.format({ blockCount: smallest, flags: 0 });
  return bench;
}
/** Free blocks that `describe` says, plus those that wait and those kept back, are what is 0 in the allocation. */
function recount(bench: BlockBench): void {
  const { freeBlocks } = bench.block.describe(), { waitingBlocks, reserveBlocks } = bench.statistics();
  assert.equal(freeBlocks + waitingBlocks + reserveBlocks, BigInt(bench.allocation().filter((bit) => bit === 0).length));
}
function rest(bench: BlockBench): void { for (let turns = 0; turns < 8; turns++) bench.system.turn(); }

test("an image grows where it lies: data, roots and pieces stay, the new space can be had, counts are exact", () => {
  const bench = fresh();
  const kept = bench.store(pattern(1, 5 * blockBytes));
  bench.setRoot(Uint8Array.of(7));
  bench.commit(Uint8Array.of(1));
  assert.equal(statusOf(() => bench.block.grow({ blockCount: 0n })), Status.Busy, "what was committed is only in the log");
  bench.block.checkpoint();
  const before = bench.block.describe().freeBlocks;
  assert.equal(bench.block.grow({ blockCount: smallest + 100n }).blockCount, smallest + 100n);
  assert.equal(bench.block.describe().freeBlocks, before + 100n - 1n, "less what the reserve grew by");
  recount(bench);
  assert.equal(bench.block.grow({ blockCount: 0n }).blockCount, largest, "all of the device");
  // The second bitmap page: three copies of it, nothing else is new in the map. The reserve is 1/64.
  assert.equal(bench.block.describe().freeBlocks, before + (largest - smallest) - 3n - (largest / 64n - 256n));
  recount(bench);
  assert.equal(bench.block.grow({ blockCount: largest }).blockCount, largest, "nothing to do");
  const far = bench.store(pattern(2, 3 * blockBytes), farthest);
  assert.equal(far, farthest);
  bench.commit(Uint8Array.of(2));
  bench.block.sync();
  bench.mount();
  assert.equal(bench.block.describe().blockCount, largest);
  assert.deepEqual(bench.read(kept, 5), pattern(1, 5 * blockBytes));
  assert.deepEqual(bench.read(far, 3), pattern(2, 3 * blockBytes));
  assert.deepEqual(bench.getRoot(), Uint8Array.of(7));
  assert.deepEqual(bench.pieces(), [Uint8Array.of(2)]);
  assert.equal(bench.block.verify().damagedBlocks, 0n);
  recount(bench);
});

test("grow refuses what it cannot do and changes nothing then", () => {
  const bench = fresh();
  const refused = (blockCount: bigint): number => statusOf(() => bench.block.grow({ blockCount }));
  assert.equal(refused(largest + 1n), Status.NoSpace, "more than the device has");
  assert.equal(refused(smallest - 1n), Status.InvalidArgument, "smaller");
  bench.store(pattern(1, blockBytes));
  assert.equal(refused(0n), Status.Busy, "with an open transaction");
  bench.commit();
  assert.equal(refused(0n), Status.Busy, "with a committed one");
  bench.mount();
  assert.equal(refused(0n), Status.Busy, "that a mount found");
  bench.block.checkpoint();
  bench.block.grow({ blockCount: 32512n });
  const { freeBlocks } = bench.block.describe();
  assert.equal(refused(32512n + 2n), Status.NoSpace, "two blocks that would need a map of three");
  assert.deepEqual([bench.block.describe().blockCount, bench.block.describe().freeBlocks], [32512n, freeBlocks]);
  bench.store(pattern(2, blockBytes));
  bench.commit();
  bench.block.checkpoint();
  recount(bench);
  assert.equal(bench.block.grow({ blockCount: 32512n + 3n }).blockCount, 32515n);
  assert.equal(bench.block.verify().damagedBlocks, 0n);
});

/** From the n-th flush of `action` on (the first is 1), the device refuses writes; it takes them again afterwards. What `action` was answered. */
function refusingAfter(bench: BlockBench, flush: number, action: () => void): number {
  const { device } = bench;
  const next = (left: number) => (): void => { if (left > 1) device.dieAtFlush = next(left - 1); else device.flags |= DeviceFlags.readOnly; };
  device.dieAtFlush = next(flush);
  const status = statusOf(action);
  device.flags &= ~DeviceFlags.readOnly;
  return status;
}

test("a grow that is cut off before its generation leaves the size that was, and can be asked for again", () => {
  const bench = fresh(), kept = bench.store(pattern(1, 5 * blockBytes));
  bench.commit();
  bench.block.checkpoint();
  const before = bench.block.describe();
  assert.equal(refusingAfter(bench, 1, () => bench.block.grow({ blockCount: 0n })), Status.ReadOnly, "the superblock");
  assert.deepEqual(bench.block.describe(), before);
  recount(bench);
  assert.ok(bench.store(pattern(2, blockBytes), farthest) < smallest);
  bench.commit();
  bench.block.checkpoint();
  bench.mount();
  assert.equal(bench.block.describe().blockCount, smallest);
  assert.equal(bench.block.verify().damagedBlocks, 0n);
  assert.equal(bench.block.grow({ blockCount: 0n }).blockCount, largest);
  recount(bench);
  assert.deepEqual(bench.read(kept, 5), pattern(1, 5 * blockBytes));
  assert.equal(bench.block.verify().damagedBlocks, 0n);
});

test("a grow that is cut off after its first generation publishes the second one before anything changes", () => {
  const bench = fresh(), { generation } = bench.block.describe();
  assert.equal(refusingAfter(bench, 2, () => bench.block.grow({ blockCount: 0n })), Status.ReadOnly, "the second generation");
  assert.deepEqual([bench.block.describe().blockCount, bench.block.describe().generation], [largest, generation + 1n]);
  assert.equal(bench.store(pattern(1, blockBytes), farthest), farthest);
  assert.equal(bench.block.describe().generation, generation + 2n);
});

test("grow does not make a root durable that its client may still take back", () => {
  const bench = fresh();
  bench.setRoot(Uint8Array.of(7));
  assert.equal(statusOf(() => bench.as(2).grow({ blockCount: 0n })), Status.Busy);
  bench.block.abandon();
  assert.equal(bench.as(2).grow({ blockCount: 0n }).blockCount, largest);
  bench.mount();
  assert.equal(bench.getRoot().length, 0);
});

test("grow does not go on with a device that has become smaller than the image", () => {
  const bench = fresh(), size = bench.device.sizeBytes;
  bench.commit(Uint8Array.of(1));
  bench.block.sync();
  bench.device.claimedSectors = minimumImageBytes / 512 - 8;
  assert.equal(statusOf(() => bench.block.grow({ blockCount: 0n })), Status.Truncated);
  assert.equal(statusOf(() => bench.commit(Uint8Array.of(2))), Status.Truncated);
  bench.device.claimedSectors = size / 512;
  assert.deepEqual(bench.pieces(), [Uint8Array.of(1)], "and is served again when it is whole again");
});

test("a device that takes no discards any more, behind a driver that came back, is not told of what was noted for it", () => {
  const bench = fresh(), address = bench.store(pattern(1, 8 * blockBytes));
  bench.commit();
  bench.block.free({ address, count: 8 });
  bench.commit();
  bench.device.flags &= ~DeviceFlags.discard;
  for (let i = 0; i < 2; i++) bench.block.checkpoint();
  bench.block.grow({ blockCount: smallest }); // asks the device what it is
  rest(bench);
  assert.deepEqual([bench.system.faults, bench.device.discards], [[], []]);
});

test("a freed block waits for two checkpoints, also through a mount", () => {
  const bench = fresh(), address = bench.store(pattern(1, blockBytes));
  bench.commit();
  bench.block.checkpoint();
  bench.block.free({ address, count: 1 });
  bench.commit();
  bench.block.sync();
  const given = (): boolean => {
    recount(bench);
    const found = bench.block.allocate({ hint: address, count: 1, flags: 0 }).address;
    bench.block.abandon();
    return found === address;
  };
  for (let i = 0; i < 2; i++) {
    bench.mount();
    assert.equal(given(), false);
    bench.block.checkpoint();
  }
  assert.equal(given(), true);
});

test("a block that was given again, by a generation that is lost, waits for nobody", () => {
  const bench = fresh(), { device } = bench, address = bench.store(pattern(1, blockBytes)), long = new Uint8Array(200 * blockBytes);
  bench.commit();
  bench.block.checkpoint();
  bench.commit(long);
  bench.commit(long);
  bench.block.free({ address, count: 1 });
  bench.commit();
  const { generation } = bench.block.checkpoint();
  const slots = (): Uint8Array[] => [0, 1, 2, 3].map((slot) => device.peek(slot * 4096 * blockBytes, blockBytes).slice());
  const before = slots();
  // The log that only the generation before needs is given up: the newest one is published again.
  for (let i = 0; i < 3; i++) bench.commit(long);
  assert.equal(bench.block.describe().generation, generation + 1n);
  assert.equal(bench.store(pattern(2, blockBytes), address), address);
  bench.commit(Uint8Array.of(2));
  bench.block.sync();
  const newest = slots().findIndex((bytes, slot) => Buffer.compare(bytes, before[slot]!) !== 0);
  device.put(newest * 4096 * blockBytes, pattern(9, blockBytes));
  bench.mount();
  assert.equal(bench.block.describe().generation, generation);
  assert.deepEqual(bench.read(address, 1), pattern(2, blockBytes));
  assert.equal(bench.statistics().waitingBlocks, 0n);
});

test("a map has eight segments and not more", () => {
  const device = new SparseDevice(2 ** 36), bench = new BlockBench(device);
  bench.block.format({ blockCount: smallest, flags: 0 });
  for (let grown = 1n; grown <= 7n; grown++) assert.equal(bench.block.grow({ blockCount: smallest + grown * 40_000n }).blockCount, smallest + grown * 40_000n);
  assert.equal(statusOf(() => bench.block.grow({ blockCount: 0n })), Status.TooLarge);
  assert.equal(bench.block.grow({ blockCount: smallest + 7n * 40_000n + 100n }).blockCount, smallest + 280_100n, "inside the last page there is room");
  recount(bench);
  assert.equal(bench.block.verify().damagedBlocks, 0n);
});

test("what was freed is discarded when two generations are without it, in the background, and only what is still free", () => {
  const bench = fresh(), { discards } = bench.device;
  const address = bench.store(pattern(1, 8 * blockBytes));
  bench.commit();
  bench.block.checkpoint();
  bench.block.free({ address, count: 8 });
  bench.commit();
  bench.block.sync();
  rest(bench);
  bench.block.checkpoint();
  rest(bench);
  assert.deepEqual(discards, [], "the generation before still holds it");
  bench.block.checkpoint();
  assert.deepEqual(discards, [], "not while somebody waits");
  assert.equal(bench.block.allocate({ hint: address + 2n, count: 1, flags: 0 }).address, address + 2n);
  rest(bench);
  assert.deepEqual(discards, [{ block: Number(address), count: 2 }, { block: Number(address) + 3, count: 5 }]);
  assert.equal(bench.statistics().discardedBlocks, 7n);
  rest(bench);
  assert.equal(discards.length, 2, "once");
});

test("discards are whole granules of the device; a device that takes none gets none", () => {
  for (const [flags, alignment, expected] of [[DeviceFlags.flush | DeviceFlags.discard, 8 * 16, true], [DeviceFlags.flush, 8, false]] as const) {
    const bench = fresh(undefined, flags);
    bench.device.discardAlignmentSectors = alignment;
    bench.mount();
    const address = bench.store(pattern(1, 100 * blockBytes), 5003n);
    bench.commit();
    bench.block.free({ address, count: 100 });
    bench.commit();
    bench.block.checkpoint();
    bench.block.checkpoint();
    rest(bench);
    // 5003 … 5102; whole sixteens, of which all is free: the blocks around are, too.
    assert.deepEqual(bench.device.discards, expected ? [{ block: 4992, count: 112 }] : []);
  }
});

const images = { window: 6, sampledSubsets: 12, sampledTears: 3, tears: true };
/** Crash a workload that grows and discards everywhere; the device fills what is discarded with noise. */
function crash(seed: number, steps: number, module?: WebAssembly.Module): number {
  const judge = new CrashJudge(new Workload({ seed, steps, space: true, module }).run(), module);
  try { judge.enumerate({ seed, images, honourFlush: true, recovery: [{ every: 37, images }], fallbackEvery: 2 }); } finally { judge.bench.close(); }
  return imagesOf(judge.counts);
}

test("power loss at every write of workloads that grow and discard: old size or new, all that was kept, exact counts", (context) => {
  let sum = 0;
  for (const seed of [1, 2, 3]) sum += crash(seed, 30);
  context.diagnostic(`${sum} crash images`);
  assert.ok(sum > 5000);
});

test("the allocator agrees with a model, over mounts and evicted nodes of the map", (context) => {
  const counts = runAllocatorModel(8000, 3);
  context.diagnostic(JSON.stringify(counts));
  assert.ok(counts.allocations > 3000 && counts.frees > 3000 && counts.mounts > 2 && counts.checkpoints > 5 && counts.abandons > 20);
});

interface Break { name: string; edits: Record<string, Array<[string, string]>>; notices: (module: WebAssembly.Module) => void }
const work = (module: WebAssembly.Module): void => { for (const seed of [1, 2, 3, 4, 5, 6]) crash(seed, 40, module); };
const model = (module: WebAssembly.Module): void => { runAllocatorModel(6000, 3, module); };
const broken: Break[] = [
  { name: "grow publishes one generation", notices: work, edits: { "grow.ts": [["if (!status) status = volume.republish();", ""], ["volume.isUncovered = true;", ""]], "mount.ts": [[" && before.blockCount == this.volume.geometry.blockCount;", ";"]] } },
  { name: "blocks are discarded before two generations are without them", notices: work, edits: { "discards.ts": [["frames.after(0, FrameKind.older); frame; frame = frames.after(frame, FrameKind.older)", "frames.after(0, FrameKind.recent); frame; frame = frames.after(frame, FrameKind.recent)"], ["&& !this.allocator.waiting.countIn(page, first, count)", ""]] } },
  { name: "blocks that were given out again are discarded", notices: work, edits: { "discards.ts": [["&& !countBits(this.allocator.tree.bits, first, count)", ""]] } },
  { name: "free counts are wrong by one", notices: model, edits: { "map-tree.ts": [["this.addFree(number, used ? 0 - count : count);", "this.addFree(number, used ? 0 - count : count - 1);"]] } },
  { name: "a changed node is evicted", notices: model, edits: { "map-tree.ts": [["    this.frames.pin(frame);\n", ""]] } },
  { name: "a table is not written with its page", notices: model, edits: { "map-tree.ts": [["    this.keep(Level.table, table);\n", ""]] } },
  { name: "blocks that wait are given out", notices: model, edits: { "free-search.ts": [["if (this.older) word |= load<u64>(this.older + offset);", ""]] } },
];
for (const { name, edits, notices } of broken) {
  test(`broken on purpose and noticed: ${name}`, async (context) => {
    const module = await blockModule({
      name: `space-${broken.findIndex((entry) => entry.name === name)}`,
      edits: Object.fromEntries(Object.entries(edits).map(([file, pairs]) => [`services/block/${file}`, (text: string) => pairs.reduce((edited, [from, to]) => {
        assert.ok(edited.includes(from), `${file} has ${from}`);
        return edited.replace(from, to);
      }, text)])),
    });
    assert.throws(() => notices(module), (error: Error) => {
      context.diagnostic(error.message);
      return error instanceof Violation || error.message.startsWith("operation ");
    });
  });
}

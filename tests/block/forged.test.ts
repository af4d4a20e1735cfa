// Forged and damaged images one by one: what the fuzzer and a hostile reading of the code found (docs/formats/block.md §5). Each has hashes that fit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockFlag } from "../../kernel-bindings/generated/host/block.ts";
import { type Base, makeBases } from "./forge-bases.ts";
import { Draft, itemOf, viewOf, word } from "./forge-draft.ts";
import { Hand } from "./hand.ts";
import { BlockBench, SparseDevice, blake3, blockBytes, minimumImageBytes, pattern, statusOf } from "./harness.ts";
import { ImageMap, logStart } from "./image-map.ts";

const Status = { Busy: 13, DeviceError: 32, ReadOnly: 34, UnsupportedVersion: 36, Corrupted: 37 } as const;
const logRecordRole = 5;
const bases = makeBases();
const base = (name: string): Base => bases.find((one) => one.name === name)!;

/** The forged image, mounted. */
function mounted(draft: Draft, prepare: (device: SparseDevice) => void = () => {}): { device: SparseDevice; bench: BlockBench; status: number } {
  draft.seal(1);
  const blocks = new Map(draft.base.blocks);
  for (const [block, data] of draft.blocks()) blocks.set(block, data.slice());
  const device = new SparseDevice(draft.base.deviceBytes, blocks);
  prepare(device);
  const bench = new BlockBench(device);
  assert.deepEqual(bench.system.faults, []);
  return { device, bench, status: bench.block.describe().mountStatus };
}
/** What is committed on a forged image is there after another mount. */
function keepsCommits(bench: BlockBench): void {
  const before = bench.pieces(5).length;
  for (let at = 0; at < 3; at++) bench.commit(Uint8Array.of(at), 5);
  bench.block.sync();
  bench.mount();
  assert.equal(bench.pieces(5).length, before + 3);
}
const payload = (badge: number, bytes: number): Uint8Array => itemOf(5, badge, new Uint8Array(bytes).fill(badge));
const record = (items: Uint8Array[], kind = 1): { kind: number; items: Uint8Array; itemCount: number; extentCount: number } =>
  ({ kind, items: new Uint8Array(Buffer.concat(items)), itemCount: items.length, extentCount: items.filter(([type]) => type === 3).length });

test("when the newest superblock is lost, the log of two generations back does not count as room: what was committed is not overwritten", () => {
  const device = new SparseDevice(minimumImageBytes), bench = new BlockBench(device), hand = new Hand(bench);
  bench.block.format({ blockCount: 0n, flags: 0 });
  const fill = (count: number): void => { for (let at = 0; at < count; at++) { bench.attach(pattern(at, 100 * blockBytes), 2); hand.commit(); } };
  for (let generation = 0; generation < 3; generation++) { fill(4); hand.checkpoint(); }
  fill(5);
  hand.sync();
  const slot = new ImageMap(device).slots()[0]!.address;
  device.put(slot * blockBytes, device.block(slot).map((byte, at) => (at === 300 ? byte ^ 1 : byte)));
  bench.mount();
  assert.equal(bench.block.describe().mountStatus, 0);
  const pieces = bench.pieces(2).length, { logBlocks, logUsedBlocks } = bench.statistics();
  assert.ok(logUsedBlocks <= logBlocks, `${logUsedBlocks} of ${logBlocks} blocks of the log are in use`);
  bench.attach(pattern(9, 200 * blockBytes), 2);
  const status = statusOf(() => bench.commit());
  assert.equal(status, Status.Busy, "there is no room before a checkpoint");
  bench.mount();
  assert.equal(bench.pieces(2).length, pieces);
});

/** An image whose log has no block left behind the last record. */
function fullLog(): Draft {
  const draft = new Draft(base("fresh")), start = viewOf(draft.peek(draft.base.structures[0]!)).getBigUint64(120, true);
  for (let left = Number(start + BigInt(draft.base.logBlocks) - draft.logEnd.position); left > 0;) {
    const blocks = Math.min(left, draft.base.logBlocks / 4);
    draft.append(record([payload(4, blocks * blockBytes - 168)]));
    left -= blocks;
  }
  return draft;
}

test("a log without a free block is flushed, and then served for reading alone: there is no room to name the cut", () => {
  const { bench, device, status } = mounted(fullLog());
  assert.equal(status, 0);
  assert.ok(bench.block.describe().flags & BlockFlag.readOnly);
  assert.equal(device.flushes, 1, "what is served may be called durable");
  assert.equal(device.writes, 0);
  assert.equal(bench.pieces(4).length, 4);
  bench.block.sync();
  assert.equal(statusOf(() => bench.commit(Uint8Array.of(1))), Status.ReadOnly);
  const broken = mounted(fullLog(), (failing) => { failing.failFlushIn = 0; });
  assert.equal(broken.status, 0);
  assert.equal(statusOf(() => broken.bench.block.sync()), Status.DeviceError, "nobody flushed what is served");
  assert.equal(broken.device.writes, 0);
});

test("counts that would run over are not believed: an epoch, a sequence, a position or a generation of 2^63 or more", () => {
  for (const huge of [1n << 63n, (1n << 64n) - 1n]) {
    const dead = new Draft(base("young"));
    dead.append({ ...record([payload(1, 8)]), epoch: huge }, 2);
    const afterDead = mounted(dead);
    assert.equal(afterDead.status, 0);
    keepsCommits(afterDead.bench);
    for (const offset of [56, 112, 120, 128]) {
      const draft = new Draft(base("young")), newest = draft.base.structures[0]!;
      draft.view(newest).setBigUint64(offset, offset === 56 ? huge & ~3n | draft.view(newest).getBigUint64(56, true) & 3n : huge, true);
      const { bench, status } = mounted(draft);
      assert.equal(status, 0);
      assert.ok(bench.block.describe().flags & BlockFlag.fellBack, `offset ${offset}`);
      keepsCommits(bench);
    }
  }
});

test("counts beyond 2^62 are served for reading alone, before they run over", () => {
  const draft = new Draft(base("young"));
  draft.append({ ...record([], 2), epoch: 1n << 62n });
  const { bench, device, status } = mounted(draft);
  assert.equal(status, 0);
  assert.ok(bench.block.describe().flags & BlockFlag.readOnly);
  assert.equal(device.writes, 0);
});

test("a replay finds its place in a log whose positions are beyond 2^44", () => {
  const draft = new Draft(base("fresh")), newest = draft.base.structures[0]!, view = draft.view(newest), end = draft.logEnd, position = 1n << 45n;
  view.setBigUint64(112, end.epoch, true);
  view.setBigUint64(120, position, true);
  view.setBigUint64(128, end.sequence, true);
  draft.bytes(newest).set(draft.lastHash, 136);
  draft.append({ ...record([payload(1, 5), payload(1, 6)]), position });
  draft.append(record([payload(1, 7)]));
  const { bench, status } = mounted(draft);
  assert.equal(status, 0);
  assert.deepEqual(bench.pieces(1).map(({ length }) => length), [5, 6, 7]);
});

test("the generation that a mount falls back to may be of another version, or for reading alone", () => {
  const fallBack = (offset: number): { bench: BlockBench; status: number } => {
    const draft = new Draft(base("young")), [newest, before] = draft.base.structures.filter(({ role }) => role === "superblock");
    draft.view(newest!).setBigUint64(72, 0n, true); // does not fit
    draft.view(before!).setUint32(offset, 4, true);
    return mounted(draft);
  };
  assert.equal(fallBack(8).status, Status.UnsupportedVersion, "version");
  assert.equal(fallBack(32).status, Status.UnsupportedVersion, "incompatible flags");
  const { bench, status } = fallBack(40);
  assert.equal(status, 0);
  assert.ok(bench.block.describe().flags & BlockFlag.readOnly);
});

test("a record that writes to free blocks, binds what it does not allocate, or contradicts the map is damage, and named", () => {
  const free = 9000n, hash = blake3(new Uint8Array(1 << 20));
  const extent = itemOf(3, 0, word(free), word(1n << 20n), word(0n), hash);
  const cases: Record<string, Uint8Array[]> = {
    "a redo image": [itemOf(4, 0, word(free), new Uint8Array(blockBytes))],
    "a patch": [itemOf(6, 0, word(free), Uint8Array.of(0, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8))],
    "an extent": [extent],
    "a thousand extents in one place": [itemOf(1, 0, word(free), word(256n)), ...Array.from({ length: 1000 }, () => extent)],
    "a free of what is free": [itemOf(2, 0, word(free), word(1n))],
    "two allocations of one block": [itemOf(1, 0, word(free), word(1n)), itemOf(1, 0, word(free), word(1n))],
  };
  for (const [about, items] of Object.entries(cases)) {
    const draft = new Draft(base("young")), at = draft.logEnd.position;
    draft.append(record(items));
    const { bench, device, status } = mounted(draft);
    assert.equal(status, Status.Corrupted, about);
    assert.deepEqual(bench.block.damage().role, logRecordRole, about);
    assert.equal(bench.block.damage().address, BigInt(logStart) + at % BigInt(draft.base.logBlocks), about);
    assert.equal(device.writes, 0, about);
    assert.ok(device.reads < 600, `${about}: ${device.reads} reads`);
  }
});

test("a seal or an epoch record with items ends the chain", () => {
  for (const kind of [2, 3]) {
    const draft = new Draft(base("young"));
    draft.append({ ...record([payload(4, 8)], kind), epoch: kind === 2 ? draft.logEnd.epoch + 1n : draft.logEnd.epoch });
    const { bench, status } = mounted(draft);
    assert.equal(status, 0);
    assert.equal(bench.pieces(4).length, 0);
  }
});

test("records behind the end that claim to be long cost a bounded amount of reading", () => {
  const draft = new Draft(base("young")), { position, sequence, epoch } = draft.logEnd, imageId = draft.peek(draft.base.structures[0]!).subarray(16, 32);
  for (let at = 0n; at < 900n; at++) {
    const bytes = new Uint8Array(blockBytes), view = viewOf(bytes);
    view.setUint32(32, 0x524c5841, true);
    view.setUint16(36, 1, true);
    view.setUint32(40, 1 << 20, true);
    bytes.set(imageId, 48);
    [epoch, sequence + 1n + at, 0n, position + at].forEach((value, number) => view.setBigUint64(64 + number * 8, value, true));
    draft.put(logStart + Number((position + at) % BigInt(draft.base.logBlocks)), bytes);
  }
  const { bench, device, status } = mounted(draft);
  assert.equal(status, 0);
  assert.ok(Number(bench.statistics().readBytes) / blockBytes < 40_000, `${bench.statistics().readBytes} bytes in ${device.reads} reads`);
  keepsCommits(bench);
});

test("what a mount kept behind an epoch record that calls nothing flushed stays, also when a redo image has changed what was verified", () => {
  const draft = new Draft(base("young")), free = 9000n, data = pattern(3, blockBytes);
  draft.put(Number(free), data);
  draft.append(record([itemOf(1, 0, word(free), word(1n)), itemOf(3, 0, word(free), word(BigInt(blockBytes)), word(0n), blake3(data))]));
  draft.append(record([itemOf(4, 0, word(free), pattern(4, blockBytes)), payload(4, 8)]));
  draft.append({ ...record([], 2), epoch: draft.logEnd.epoch + 1n });
  const { bench, status } = mounted(draft);
  assert.equal(status, 0);
  for (let again = 0; again < 2; again++) {
    assert.equal(bench.pieces(4).length, 1);
    assert.deepEqual(bench.read(free, 1), pattern(4, blockBytes));
    bench.mount();
  }
});

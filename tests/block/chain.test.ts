// The chain of the log: a record that is whole, its hash fitting, counts only where it belongs. In each forgery one field of the second of three records is another, and every hash is made to fit, so that only the check of that field is left.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockFlag } from "../../kernel-bindings/generated/host/block.ts";
import { BlockBench, FakeDevice, blake3, blockBytes, minimumImageBytes } from "./harness.ts";
import { ImageMap } from "./image-map.ts";

const corrupted = 37;
type Change = (record: DataView) => void;
const add = (offset: number, value: bigint): Change => (record) => record.setBigUint64(offset, record.getBigUint64(offset, true) + value, true);

/** Statuses and pieces of a mount after the second of three records was changed. `keepsChain`: the third names the second as it is now. */
function mountForged(change: Change, keepsChain: boolean): { status: number; pieces: number[]; flags: number } {
  const bench = new BlockBench(new FakeDevice(new Uint8Array(minimumImageBytes)));
  bench.block.format({ blockCount: 0n, flags: 0 });
  for (let i = 1; i <= 3; i++) bench.commit(Uint8Array.of(i));
  const records = new ImageMap(bench.device).log().filter(({ about }) => about.includes("transaction"));
  const [second, third] = records.slice(1).map(({ address, lengthBytes }) => bench.device.bytes.subarray(address * blockBytes, address * blockBytes + lengthBytes));
  change(new DataView(second!.buffer, second!.byteOffset, second!.length));
  second!.set(blake3(second!.subarray(32)));
  if (keepsChain) third!.set(second!.subarray(0, 32), 96);
  third!.set(blake3(third!.subarray(32)));
  bench.mount();
  const { mountStatus: status, flags } = bench.block.describe();
  const result = { status, pieces: status ? [] : bench.pieces().map((piece) => piece[0]!), flags };
  assert.deepEqual(bench.system.faults, []);
  bench.close();
  return result;
}

test("without a change all three count", () => { assert.deepEqual(mountForged(() => {}, true).pieces, [1, 2, 3]); });

test("a record that does not name the one before it ends the chain", () => {
  const { pieces, flags } = mountForged((record) => record.setUint8(168, 9), false);
  assert.deepEqual(pieces, [1, 9], "the third names the second as it was");
  assert.ok(flags & BlockFlag.droppedTail);
});

const forgeries: Array<[string, Change]> = [
  ["another previous hash", (record) => record.setUint8(100, record.getUint8(100) ^ 1)],
  ["a later epoch", add(64, 1n)],
  ["an earlier epoch", add(64, -1n)],
  ["an epoch record of the same epoch", (record) => record.setUint16(36, 2, true)],
  ["a later sequence", add(72, 1n)],
  ["an earlier sequence", add(72, -1n)],
  ["the position of the block behind it", add(88, 1n)],
  ["the position of the next lap", add(88, 1024n)],
  ["another image", (record) => record.setUint8(50, record.getUint8(50) ^ 1)],
];
for (const [name, change] of forgeries) test(`${name}: the record before is the last`, () => { assert.deepEqual(mountForged(change, true).pieces, [1]); });

test("a record that calls itself flushed, or a later one, proves that history was longer: damage", () => {
  const { status, flags } = mountForged((record) => record.setBigUint64(80, record.getBigUint64(72, true), true), true);
  assert.equal(status, corrupted);
  assert.ok(flags & BlockFlag.damaged);
});

test("what a superblock names was flushed, also of a generation that is passed over: a record before it that is gone is damage", () => {
  const bench = new BlockBench(new FakeDevice(new Uint8Array(minimumImageBytes)));
  bench.block.format({ blockCount: 0n, flags: 0 });
  for (let i = 1; i <= 3; i++) bench.commit(Uint8Array.of(i));
  bench.block.checkpoint();
  const map = new ImageMap(bench.device), newest = map.slots()[0]!, last = map.log().at(-1)!;
  assert.match(last.about, /transaction/);
  bench.close();
  const bytes = bench.device.bytes.slice();
  bytes[Number(newest.view.getBigUint64(168, true)) * blockBytes + 50]! ^= 1;
  const whole = new BlockBench(new FakeDevice(bytes.slice()));
  assert.deepEqual(whole.pieces(), [1, 2, 3].map((piece) => Uint8Array.of(piece)), "the generation before and the log lead to the same state");
  whole.close();
  bytes[last.address * blockBytes + 60]! ^= 1;
  const shorter = new BlockBench(new FakeDevice(bytes));
  assert.equal(shorter.block.describe().mountStatus, corrupted);
  assert.equal(shorter.device.writes, 0);
  shorter.close();
});

test("a new epoch is later than that of every dead record", () => {
  const bench = new BlockBench(new FakeDevice(new Uint8Array(minimumImageBytes))), { bytes } = bench.device;
  bench.block.format({ blockCount: 0n, flags: 0 });
  for (let i = 1; i <= 3; i++) bench.commit(Uint8Array.of(i));
  const [second, third] = new ImageMap(bench.device).log().slice(-2), dead = new DataView(bytes.buffer, third!.address * blockBytes, third!.lengthBytes);
  bytes[second!.address * blockBytes + 168]! ^= 1;
  add(64, 5n)(dead);
  bytes.set(blake3(bytes.subarray(dead.byteOffset + 32, dead.byteOffset + dead.byteLength)), dead.byteOffset);
  const epoch = dead.getBigUint64(64, true);
  bench.mount();
  assert.deepEqual(bench.pieces(), [Uint8Array.of(1)]);
  const begun = new ImageMap(bench.device).log().findLast(({ about }) => about.includes("epoch record"))!;
  assert.equal(begun.address, second!.address, "in the place of the record that is lost");
  assert.ok(new DataView(bytes.buffer, begun.address * blockBytes).getBigUint64(64, true) > epoch);
  bench.close();
});

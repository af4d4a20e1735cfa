// Devices that fail and images that are not what they should be: every one gets the status that docs/crash-contract.md and docs/formats/block.md name, and none traps the service.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockFlag } from "../../kernel-bindings/generated/host/block.ts";
import type { DomainContext } from "../../host/kernel/typescript-domain.ts";
import { BlockBench, type DeviceEvent, DeviceFlags, FakeDevice, Random, blake3, blockBytes, grownBytes, minimumImageBytes, pattern, sectorBytes, statusOf } from "./harness.ts";

const Status = { Cancelled: 7, ReadOnly: 34, DeviceError: 32, DeviceGone: 33, NotFormatted: 35, UnsupportedVersion: 36, Corrupted: 37, Lost: 38, NotDurable: 39, TooLarge: 41, AlreadyFormatted: 42, Truncated: 43 } as const;
const slotBytes = (slot: number): number => slot * 4096 * blockBytes;
const logStart = 12289 * blockBytes;
const mapStart = (12289 + 1024) * blockBytes;
const mapEnd = mapStart + 15 * blockBytes;

function fresh(): BlockBench {
  const bench = new BlockBench(new FakeDevice(new Uint8Array(minimumImageBytes)));
  bench.block.format({ blockCount: 0n, flags: 0 });
  return bench;
}
/** The image as it is, on a new device, mounted. */
function remount(bytes: Uint8Array, prepare: (device: FakeDevice) => void = () => {}): BlockBench {
  const device = new FakeDevice(bytes.slice());
  prepare(device);
  return new BlockBench(device);
}
const mountStatus = (bench: BlockBench): number => bench.block.describe().mountStatus;
const pieceCount = (bench: BlockBench): number => bench.pieces().length;

/** Five generations and then six synced transactions with data, redo images and frees; sealed, so that damage to any of them can be told. */
function sealedImage(): { bytes: Uint8Array; pieces: number } {
  const bench = fresh();
  const addresses: bigint[] = [];
  for (let i = 0; i < 5; i++) { addresses.push(bench.store(pattern(i, 2 * blockBytes))); bench.commit(Uint8Array.of(i)); bench.setRoot(Uint8Array.of(i)); bench.block.checkpoint(); }
  for (let i = 0; i < 6; i++) {
    addresses.push(bench.store(pattern(100 + i, 3 * blockBytes)));
    bench.write(addresses[i]!, pattern(200 + i, blockBytes));
    if (i % 2) bench.block.free({ address: addresses[i - 1]!, count: 1 });
    bench.commit(Uint8Array.of(i));
    bench.block.sync();
  }
  bench.block.sync();
  bench.close();
  return { bytes: bench.device.bytes, pieces: 6 };
}
const sealed = sealedImage();

test("a failed flush is Lost for good: nothing after it is acknowledged until a mount, which has what was durable", () => {
  const bench = fresh();
  bench.commit(Uint8Array.of(1));
  bench.block.sync();
  bench.commit(Uint8Array.of(2));
  bench.device.failFlushIn = 0;
  assert.equal(statusOf(() => bench.block.sync()), Status.Lost);
  assert.equal(statusOf(() => bench.block.sync()), Status.Lost, "the flush is not merely tried again");
  assert.equal(statusOf(() => bench.commit(Uint8Array.of(3))), Status.Lost);
  assert.equal(statusOf(() => bench.block.checkpoint()), Status.Lost);
  assert.equal(statusOf(() => bench.store(pattern(1, blockBytes))), Status.Lost);
  assert.ok(pieceCount(remount(bench.device.bytes)) >= 1, "the durable transaction");
});

test("a failed write of the log acknowledges nothing more; a failed write of data can be tried again", () => {
  const bench = fresh();
  const blocks = 17; // more than is kept back until the commit
  const { address } = bench.block.allocate({ hint: 0n, count: blocks, flags: 0 });
  bench.device.failWriteIn = 0;
  assert.equal(statusOf(() => bench.writeExtents([{ address, data: pattern(1, blocks * blockBytes) }])), Status.DeviceError);
  bench.writeExtents([{ address, data: pattern(2, blocks * blockBytes) }]);
  bench.commit(Uint8Array.of(1));
  bench.block.sync();
  bench.device.failWriteIn = 0;
  assert.equal(statusOf(() => bench.commit(Uint8Array.of(2))), Status.DeviceError);
  assert.equal(statusOf(() => bench.commit(Uint8Array.of(2))), Status.DeviceError);
  assert.equal(statusOf(() => bench.block.sync()), Status.DeviceError);
  const after = remount(bench.device.bytes);
  assert.deepEqual(after.pieces(), [Uint8Array.of(1)], "the record binds only what was written in the end");
  assert.deepEqual(after.read(address, blocks), pattern(2, blocks * blockBytes));
});

test("a mount whose flush or write fails serves what it verified, and promises nothing of it; the next mount does", () => {
  const bench = fresh();
  const address = bench.store(pattern(1, blockBytes));
  bench.commit(Uint8Array.of(1));
  bench.close(); // committed, and never synced
  for (const prepare of [(device: FakeDevice) => { device.failFlushIn = 0; }, (device: FakeDevice) => { device.failFlushIn = 1; }, (device: FakeDevice) => { device.failWriteIn = 0; }]) {
    const broken = remount(bench.device.bytes, prepare);
    assert.equal(mountStatus(broken), 0);
    assert.ok((broken.block.describe().flags & BlockFlag.readOnly) !== 0);
    assert.deepEqual(broken.read(address, 1), pattern(1, blockBytes));
    assert.equal(statusOf(() => broken.block.sync()), Status.DeviceError, "nobody flushed what is served");
    assert.equal(statusOf(() => broken.commit(Uint8Array.of(2))), Status.DeviceError);
    assert.equal(statusOf(() => broken.block.checkpoint()), Status.DeviceError);
    broken.close();
  }
  const after = remount(bench.device.bytes);
  assert.deepEqual(after.pieces(), [Uint8Array.of(1)]);
  after.block.sync();
  after.close();
});

/** Answers writes to some bytes otherwise. */
class Vague extends FakeDevice {
  /** From the first of these bytes on, before the second. */
  range: [number, number] = [0, 0];
  answer = 0;
  /** What is answered so is done all the same. */
  isDone = false;
  override receive(badge: number, rights: number, context: DomainContext): number {
    const at = context.operation === 3 ? Number(context.messageIn.getBigUint64(16, true)) * 512 : -1, isHit = at >= this.range[0] && at < this.range[1];
    const status = isHit && !this.isDone ? 0 : super.receive(badge, rights, context);
    return isHit ? this.answer : status;
  }
}

test("an image that waits for a place that cannot be written is served for reading alone by a mount, from memory", () => {
  const device = new Vague(new Uint8Array(minimumImageBytes)), bench = new BlockBench(device);
  bench.block.format({ blockCount: 0n, flags: 0 });
  const address = bench.store(pattern(1, 3 * blockBytes));
  for (const [i, seed] of [[0n, 2], [1n, 3]] as const) bench.write(address + i, pattern(seed, blockBytes));
  bench.commit(Uint8Array.of(1));
  bench.block.sync();
  device.range = [Number(address + 1n) * blockBytes, Number(address + 2n) * blockBytes];
  device.answer = Status.DeviceError;
  bench.mount();
  bench.idle(10);
  assert.equal(mountStatus(bench), 0);
  assert.ok((bench.block.describe().flags & BlockFlag.readOnly) !== 0);
  const expected = Buffer.concat([pattern(2, blockBytes), pattern(3, blockBytes), pattern(1, 3 * blockBytes).subarray(2 * blockBytes)]);
  assert.deepEqual(Buffer.from(bench.read(address, 3)), expected);
  assert.deepEqual(bench.pieces(), [Uint8Array.of(1)]);
  assert.deepEqual([statusOf(() => bench.commit(Uint8Array.of(2))), statusOf(() => bench.block.sync())], [Status.DeviceError, Status.DeviceError]);
  assert.equal(bench.system.faults.length, 0);
  device.range = [0, 0];
  bench.mount();
  assert.equal(bench.block.describe().flags & BlockFlag.readOnly, 0);
  assert.deepEqual(Buffer.from(bench.read(address, 3)), expected);
});

test("a commit that was not answered for and then abandoned does not come back over what its blocks were given to", () => {
  for (const answer of [Status.DeviceGone, Status.Cancelled]) {
    const device = new Vague(new Uint8Array(minimumImageBytes)), bench = new BlockBench(device);
    bench.block.format({ blockCount: 0n, flags: 0 });
    bench.commit(Uint8Array.of(1));
    const address = bench.store(pattern(1, blockBytes));
    bench.as(2).sync(); // flushes the open transaction's extent, which its record says
    Object.assign(device, { range: [logStart, logStart + 1024 * blockBytes], answer, isDone: true });
    assert.equal(statusOf(() => bench.commit(Uint8Array.of(2))), answer);
    device.range = [0, 0];
    bench.block.abandon();
    const events: DeviceEvent[] = (device.events = []);
    bench.store(pattern(7, blockBytes)); // kept back, so that the next one is not
    assert.equal(bench.store(pattern(2, blockBytes), address), address);
    const crashed = remount(device.bytes);
    assert.deepEqual([mountStatus(crashed), crashed.pieces()], [0, [Uint8Array.of(1)]]);
    assert.deepEqual(events.map(({ kind }) => kind), ["write", "flush", "write"], "a seal, for good, before anything else");
    crashed.close();
    bench.close();
  }
});

test("a generation that was not answered for is out of the way before the next attempt writes over its map", () => {
  const device = new Vague(new Uint8Array(grownBytes)), bench = new BlockBench(device);
  bench.block.format({ blockCount: 0n, flags: 0 });
  for (const hint of [20_000n, 35_000n]) bench.store(pattern(1, blockBytes), hint); // in two bitmap pages under one table
  bench.commit();
  bench.block.checkpoint();
  bench.store(pattern(2, blockBytes), 20_100n);
  bench.commit();
  Object.assign(device, { range: [0, logStart], answer: Status.DeviceGone, isDone: true }); // the slots
  assert.equal(statusOf(() => bench.block.checkpoint()), Status.DeviceGone);
  device.range = [0, 0];
  bench.block.allocate({ hint: 35_100n, count: 1, flags: 0 }); // the second page is opened, no record says so
  bench.block.abandon();
  const before = device.bytes.slice(), events: DeviceEvent[] = (device.events = []);
  bench.block.checkpoint();
  bench.close();
  // Power is lost after each of its writes.
  for (let count = 0; count <= events.length; count++) {
    const crashed = remount(before, ({ bytes }) => { for (const event of events.slice(0, count)) if (event.kind === "write") bytes.set(event.data, event.offset); });
    assert.deepEqual([mountStatus(crashed), crashed.block.verify().damagedBlocks], [0, 0n], `after ${count} of ${events.length}`);
    assert.equal(crashed.store(pattern(3, blockBytes), 35_200n), 35_200n);
    crashed.close();
  }
});

test("a mount that ended because the device took no writes any more is tried again at the next request", () => {
  const bench = fresh();
  const { device } = bench;
  bench.commit(Uint8Array.of(1));
  device.dieAtFlush = () => { device.flags |= DeviceFlags.readOnly; };
  bench.mount();
  assert.deepEqual([mountStatus(bench), bench.pieces()], [0, [Uint8Array.of(1)]]);
  assert.ok((bench.block.describe().flags & BlockFlag.readOnly) !== 0);
});

test("a format that is refused changes nothing: neither what another client has open nor that a flush failed", () => {
  const bench = fresh(), format = (): number => statusOf(() => bench.as(2).format({ blockCount: 0n, flags: 0 }));
  const address = bench.store(pattern(1, blockBytes));
  bench.attach(Uint8Array.of(1));
  assert.equal(format(), Status.AlreadyFormatted);
  bench.commit(Uint8Array.of(2));
  assert.deepEqual([bench.pieces(), bench.allocation()[Number(address)]], [[Uint8Array.of(1), Uint8Array.of(2)], 1]);
  bench.device.failFlushIn = 0;
  assert.deepEqual([statusOf(() => bench.block.sync()), format(), statusOf(() => bench.block.sync())], [Status.Lost, Status.AlreadyFormatted, Status.Lost]);
});

test("each write and flush of a checkpoint may fail: the service stops, and a mount has every synced transaction", () => {
  for (const kind of ["failWriteIn", "failFlushIn"] as const) for (let nth = 0; nth < 8; nth++) {
    const bench = fresh();
    const address = bench.store(pattern(1, blockBytes));
    bench.write(address, pattern(2, blockBytes));
    bench.commit(Uint8Array.of(1));
    bench.block.sync();
    bench.setRoot(Uint8Array.of(1));
    bench.device[kind] = nth;
    const status = statusOf(() => bench.block.checkpoint());
    const failed = bench.device[kind] < 0;
    assert.equal(status, failed ? (kind === "failWriteIn" ? Status.DeviceError : Status.Lost) : 0, `${kind} ${nth}`);
    if (failed) assert.equal(statusOf(() => bench.block.sync()), status);
    bench.close();
    const after = remount(bench.device.bytes);
    assert.equal(pieceCount(after) + after.getRoot().length, 1, `${kind} ${nth}`);
    assert.deepEqual(after.read(address, 1), pattern(2, blockBytes));
    after.close();
  }
});

test("a device that cannot flush: flagged, sync and checkpoint answer NotDurable, work goes on", () => {
  const bench = new BlockBench(new FakeDevice(new Uint8Array(minimumImageBytes)));
  bench.device.flags = 0;
  bench.block.format({ blockCount: 0n, flags: 0 });
  assert.ok(bench.block.describe().flags & BlockFlag.cannotFlush, "flagged");
  const address = bench.store(pattern(1, blockBytes));
  bench.write(address, pattern(2, blockBytes));
  bench.commit(Uint8Array.of(1));
  assert.equal(statusOf(() => bench.block.sync()), Status.NotDurable);
  assert.equal(statusOf(() => bench.block.checkpoint()), Status.NotDurable);
  bench.commit(Uint8Array.of(2));
  assert.equal(bench.device.flushes, 0);
  const after = remount(bench.device.bytes, (device) => { device.flags = 0; });
  assert.deepEqual(after.pieces(), [Uint8Array.of(2)]);
  assert.deepEqual(after.read(address, 1), pattern(2, blockBytes));
});

test("a read-only device is mounted as it is, unwritten tail and redo images included, and nothing is written", () => {
  const bench = fresh();
  const address = bench.store(pattern(1, blockBytes));
  bench.commit(Uint8Array.of(1));
  bench.block.sync();
  bench.write(address, pattern(2, blockBytes));
  bench.commit(Uint8Array.of(2));
  const after = remount(bench.device.bytes, (device) => { device.flags = 3; });
  assert.equal(mountStatus(after), 0);
  assert.ok(after.block.describe().flags & BlockFlag.readOnly, "flagged");
  assert.equal(pieceCount(after), 2);
  assert.deepEqual(after.read(address, 1), pattern(2, blockBytes));
  assert.equal(statusOf(() => after.commit(Uint8Array.of(3))), Status.ReadOnly);
  assert.equal(statusOf(() => after.block.allocate({ hint: 0n, count: 1, flags: 0 })), Status.ReadOnly);
  assert.equal(statusOf(() => after.block.format({ blockCount: 0n, flags: 1 })), Status.ReadOnly);
  assert.equal(after.device.writes, 0);
  assert.equal(statusOf(() => after.block.sync()), 0);
});

test("an image that is shorter than it says is Truncated", () => {
  for (const length of [minimumImageBytes - blockBytes, 20 << 20, 1 << 20, blockBytes]) assert.equal(mountStatus(remount(sealed.bytes.subarray(0, length))), Status.Truncated, `${length} bytes`);
  const large = new BlockBench(new FakeDevice(new Uint8Array(minimumImageBytes + (1 << 20))));
  large.block.format({ blockCount: 0n, flags: 0 });
  assert.equal(mountStatus(remount(large.device.bytes.subarray(0, minimumImageBytes))), Status.Truncated);
});

test("noise and other formats are NotFormatted, and so is a tiny device", () => {
  const noise = new Uint8Array(minimumImageBytes);
  for (let at = 0; at < noise.length; at += 1 << 20) noise.set(pattern(at + 1, 1 << 14), at);
  assert.equal(mountStatus(remount(noise)), Status.NotFormatted);
  assert.equal(mountStatus(remount(new Uint8Array(1 << 20))), Status.NotFormatted);
});

/** Change a superblock and make its checksum fit again. */
function edit(bytes: Uint8Array, slot: number, change: (view: DataView) => void): Uint8Array {
  const copy = bytes.slice(), at = slotBytes(slot);
  change(new DataView(copy.buffer, at, sectorBytes));
  copy.set(blake3(copy.subarray(at, at + 480)), at + 480);
  return copy;
}
const newest = 7 % 4;

test("versions and feature flags", () => {
  const at = (offset: number, value: bigint): number => mountStatus(remount(edit(sealed.bytes, newest, (view) => view.setBigUint64(offset, value, true))));
  assert.equal(mountStatus(remount(edit(sealed.bytes, newest, (view) => view.setUint32(8, 1, true)))), Status.UnsupportedVersion, "images of version 1");
  assert.equal(mountStatus(remount(edit(sealed.bytes, newest, (view) => view.setUint32(8, 3, true)))), Status.UnsupportedVersion);
  assert.equal(at(32, 4n), Status.UnsupportedVersion);
  assert.equal(at(48, 1n << 40n), 0, "a compatible flag");
  const readOnly = remount(edit(sealed.bytes, newest, (view) => view.setBigUint64(40, 1n, true)));
  assert.equal(mountStatus(readOnly), 0);
  assert.equal(statusOf(() => readOnly.commit(Uint8Array.of(1))), Status.ReadOnly);
  const huge = remount(edit(sealed.bytes, newest, (view) => view.setBigUint64(72, (1n << 32n) + 1n, true)), (device) => { device.claimedSectors = 2 ** 36; });
  assert.equal(mountStatus(huge), Status.TooLarge);
  const impossible = remount(sealed.bytes, (device) => { device.claimedSectors = 2 ** 36; });
  assert.equal(statusOf(() => impossible.block.format({ blockCount: 0n, flags: 1 })), Status.TooLarge);
});

test("damage to any one superblock or checkpoint loses nothing and is reported; damage to all is Corrupted", () => {
  for (let slot = 0; slot < 4; slot++) {
    const bytes = sealed.bytes.slice();
    bytes[slotBytes(slot) + 200]! ^= 1;
    const bench = remount(bytes);
    assert.equal(mountStatus(bench), 0);
    assert.ok(bench.block.describe().flags & BlockFlag.fellBack, `slot ${slot} is reported`);
    assert.equal(pieceCount(bench), slot === newest ? sealed.pieces + 1 : sealed.pieces, "the generation before has one transaction more in its log");
    bench.close();
  }
  const bytes = sealed.bytes.slice();
  for (let slot = 0; slot < 4; slot++) bytes[slotBytes(slot) + 200]! ^= 1;
  const bench = remount(bytes);
  assert.equal(mountStatus(bench), Status.Corrupted);
  assert.ok(bench.block.describe().flags & BlockFlag.damaged, "flagged");
  assert.equal(statusOf(() => bench.commit()), Status.Corrupted);
});

test("a sector of what the service owns, damaged or unreadable: all transactions or Corrupted (DeviceError), never fewer, and nothing is written", () => {
  const random = new Random(77);
  const seen = { whole: 0, corrupted: 0 };
  const log = Array.from({ length: 40 }, (_, i) => logStart + i * blockBytes);
  const map = Array.from({ length: (mapEnd - mapStart) / blockBytes }, (_, i) => mapStart + i * blockBytes);
  const device = new FakeDevice(sealed.bytes.slice()), bench = new BlockBench(device);
  for (const place of [...log, ...map, ...[0, 1, 2, 3].map(slotBytes)]) for (const unreadable of [false, true]) {
    device.mark();
    const at = place + random.next(5) * 31;
    if (unreadable) device.unreadable = [{ start: place, end: place + 512 }];
    else device.put(at, Uint8Array.of(device.bytes[at]! ^ (1 << random.next(8))));
    const { writes } = device;
    bench.mount();
    const status = mountStatus(bench);
    if (status) {
      assert.ok(status === Status.Corrupted || (unreadable && status === Status.DeviceError), `status ${status} at ${place}`);
      assert.equal(device.writes, writes);
      seen.corrupted++;
    } else {
      device.unreadable = [];
      assert.ok(bench.pieces().length >= sealed.pieces, `${bench.pieces().length} pieces after damage at ${place}`);
      seen.whole++;
    }
    device.unreadable = [];
    device.rollBack();
  }
  assert.ok(seen.whole > 20 && seen.corrupted > 5, JSON.stringify(seen));
});

test("data that was flushed and then damaged does not shorten history; data that was never flushed does", () => {
  const bench = fresh();
  const address = bench.store(pattern(1, blockBytes));
  bench.commit(Uint8Array.of(1));
  bench.block.sync();
  const unsealed = bench.device.bytes.slice();
  bench.block.sync();
  for (const [bytes, pieces] of [[unsealed, 0], [bench.device.bytes.slice(), 1]] as const) {
    bytes[Number(address) * blockBytes]! ^= 1;
    const after = remount(bytes);
    assert.equal(mountStatus(after), 0);
    assert.equal(pieceCount(after), pieces);
    assert.equal((after.block.describe().flags & BlockFlag.droppedTail) !== 0, pieces === 0);
  }
});

test("a superblock whose hash fits but whose places do not is passed over", () => {
  for (const offset of [80, 88, 96, 104, 168, 176, 216, 220, 224]) {
    const bench = remount(edit(sealed.bytes, newest, (view) => view.setBigUint64(offset, view.getBigUint64(offset, true) + 4096n, true)));
    assert.equal(mountStatus(bench), 0);
    assert.ok(bench.block.describe().flags & BlockFlag.fellBack, `offset ${offset}`);
    bench.close();
  }
});

test("a pointer that leads out of its three copies is refused, whatever is there", () => {
  const bytes = sealed.bytes.slice(), view = new DataView(bytes.buffer);
  const superblock = slotBytes(newest), checkpoint = Number(view.getBigUint64(superblock + 168, true)) * blockBytes;
  const table = Number(view.getBigUint64(checkpoint + 4224, true)) * blockBytes, elsewhere = 16000;
  bytes.copyWithin(elsewhere * blockBytes, table, table + blockBytes);
  view.setBigUint64(elsewhere * blockBytes + 8, BigInt(elsewhere), true);
  view.setBigUint64(checkpoint + 4224, BigInt(elsewhere), true);
  bytes.set(blake3(bytes.subarray(elsewhere * blockBytes, (elsewhere + 1) * blockBytes)), checkpoint + 4240);
  bytes.set(blake3(bytes.subarray(checkpoint, checkpoint + 2 * blockBytes)), superblock + 184);
  bytes.set(blake3(bytes.subarray(superblock, superblock + 480)), superblock + 480);
  assert.ok(remount(bytes).block.describe().flags & BlockFlag.fellBack, "the generation before is mounted");
});

test("a root that is longer than its place is refused", () => {
  const bytes = sealed.bytes.slice(), view = new DataView(bytes.buffer);
  const superblock = slotBytes(newest), checkpoint = Number(view.getBigUint64(superblock + 168, true)) * blockBytes;
  view.setUint32(checkpoint + 48, 1025, true);
  bytes.set(blake3(bytes.subarray(checkpoint, checkpoint + 2 * blockBytes)), superblock + 184);
  bytes.set(blake3(bytes.subarray(superblock, superblock + 480)), superblock + 480);
  assert.ok(remount(bytes).block.describe().flags & BlockFlag.fellBack, "the generation before is mounted");
});

/** Every item of a record that has one of each kind, changed by `change`, hashes made to fit: mountStatus and writes of each image. */
function forgeItems(change: (view: DataView, item: number, type: number) => void): Array<{ type: number; status: number; writes: number; pieces: number }> {
  const bench = fresh();
  const kept = bench.store(pattern(1, 3 * blockBytes));
  bench.commit();
  bench.attach(Uint8Array.of(0));
  bench.store(pattern(2, blockBytes));
  bench.write(kept, pattern(3, blockBytes));
  bench.block.free({ address: kept + 2n, count: 1 });
  bench.commit(Uint8Array.of(1));
  const { device } = bench, view = new DataView(device.bytes.buffer), record = logStart + 2 * blockBytes;
  const results = [];
  const count = view.getUint32(record + 44, true);
  for (let number = 0; number < count; number++) {
    device.mark();
    device.put(record, device.bytes.slice(record, record + 4 * blockBytes));
    let item = record + 160;
    for (let i = 0; i < number; i++) item += 8 + ((view.getUint32(item + 4, true) + 7) & ~7);
    const type = device.bytes[item]!;
    change(view, item, type);
    device.bytes.set(blake3(device.bytes.subarray(record + 32, record + view.getUint32(record + 40, true))), record);
    const { writes } = device;
    bench.mount();
    const status = mountStatus(bench);
    results.push({ type, status, writes: device.writes - writes, pieces: status ? 0 : pieceCount(bench) });
    assert.deepEqual(bench.system.faults, []);
    device.rollBack();
  }
  assert.deepEqual(results.map(({ type }) => type), [5, 1, 3, 4, 2, 5]);
  return results;
}

test("a record that names places no client can have is damage: nothing is written there", () => {
  for (const address of [0n, 4096n, 12289n, 13313n, 16384n, 1n << 52n, 1n << 63n, (1n << 64n) - 1n]) {
    const results = forgeItems((view, item, type) => { if (type !== 5) view.setBigUint64(item + 8, address, true); });
    for (const { type, status, writes } of results) if (type !== 5) assert.deepEqual([status, writes], [Status.Corrupted, 0], `item ${type} at ${address}`);
  }
});

test("a record that allocates what is in use or frees what is not is damage", () => {
  const results = forgeItems((view, item, type) => {
    if (type === 1) view.setBigUint64(item + 8, 1n, true);
    if (type === 2) view.setBigUint64(item + 8, 100n, true);
  });
  for (const { type, status } of results) assert.equal(status, type === 1 || type === 2 ? Status.Corrupted : 0, `item ${type}`);
});

test("an item that is longer than its record, or of no known type, ends the chain", () => {
  for (const length of [0xffffffff, 0xfffffff8, 0x80000000, 0x7ffff008, 8192, 0]) {
    for (const { type, status, pieces } of forgeItems((view, item) => view.setUint32(item + 4, length, true))) assert.deepEqual([status, pieces], [0, 0], `item ${type}, ${length} bytes`);
  }
  for (const { status, pieces } of forgeItems((view, item) => view.setUint8(item, 99))) assert.deepEqual([status, pieces], [0, 0]);
});

// The block device model with an honest driver: negotiation, requests, interrupts, order, options, disks.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Disk, MemoryDisk } from "../../host/devices/disk.ts";
import { FileDisk } from "../../host/devices/file-disk.ts";
import { RecordingDisk } from "../../host/devices/recording-disk.ts";
import { Indirect, layout, TestDriver, WriteFlag } from "./virtqueue-driver.ts";

const Ok = 0;
const IoError = 1;
const Unsupported = 2;
const sectors = 4096;

function fill(driver: TestDriver, seed: number, length: number, at: number = layout.data): Uint8Array {
  const view = driver.bus.bytes.subarray(at, at + length);
  for (let index = 0; index < length; index++) view[index] = (index * 31 + seed * 7 + (index >>> 8)) & 0xff;
  return view.slice();
}
const memory = (driver: TestDriver, length: number, at: number = layout.data): Uint8Array => driver.bus.bytes.slice(at, at + length);

test("negotiation offers what the options say", () => {
  const plain = new TestDriver(new MemoryDisk(sectors)).offered();
  const bits = (word: number): number[] => [...Array(32).keys()].filter((bit) => (word >>> bit) & 1);
  assert.deepEqual([bits(plain[0]), bits(plain[1])], [[2, 6, 9, 28, 29], [0, 1]]);
  const all = new TestDriver(new MemoryDisk(sectors), { readOnly: true, discard: true, writeZeroes: true, flush: "absent", eventIndex: false, accessPlatform: false }).offered();
  assert.deepEqual([bits(all[0]), bits(all[1])], [[2, 5, 6, 13, 14, 28], [0]]);
});

test("features: FEATURES_OK stays off for what was not offered and without VERSION_1", () => {
  const driver = new TestDriver(new MemoryDisk(sectors));
  assert.equal(driver.accept(1 << 13, 1), false, "DISCARD was not offered");
  assert.equal(driver.accept(1 << 9, 0), false, "no VERSION_1");
  assert.equal(driver.accept(1 << 9, 1), true);
  driver.device.common.write(0xc, 4, 0);
  assert.equal(driver.device.common.hasFeature(9), true, "features are fixed after FEATURES_OK");
});

test("configuration tells capacity, segments and block size at every width", () => {
  const { device } = new TestDriver(new MemoryDisk(sectors), { blockBytes: 4096, maximumSegments: 10 });
  assert.equal(device.configuration.read(0, 4), sectors);
  assert.equal(device.configuration.read(4, 4), 0);
  assert.equal(device.configuration.read(12, 4), 10);
  assert.equal(device.configuration.read(20, 4), 4096);
  assert.equal(device.configuration.read(1, 1), sectors >>> 8);
  assert.equal(device.configuration.read(0, 2), sectors);
});

for (const [name, make] of [["memory", () => new MemoryDisk(sectors)], ["recording", () => new RecordingDisk(sectors)]] as Array<[string, () => Disk]>) {
  test(`write, read back, flush on a ${name} disk`, () => {
    const driver = new TestDriver(make()).start();
    const data = fill(driver, 1, 65536);
    assert.equal(driver.write(8, 65536), Ok);
    driver.bus.bytes.fill(0, layout.data);
    assert.equal(driver.read(8, 65536), Ok);
    assert.deepEqual(memory(driver, 65536), data);
    assert.equal(driver.flush(), Ok);
    assert.deepEqual({ ...driver.device.counters }, { reads: 1, writes: 1, flushes: 1, discards: 0, writeZeroes: 0, unmaps: 0, readBytes: 65536, writtenBytes: 65536, errors: 0, interrupts: 3 });
  });
}

test("a file disk keeps what was written, in pieces and in more pieces than one vector call takes", () => {
  const folder = mkdtempSync(join(tmpdir(), "axiomfs-disk-"));
  try {
    const path = join(folder, "image");
    const disk = new FileDisk(path, { sizeBytes: sectors * 512 });
    const driver = new TestDriver(disk).start();
    const data = fill(driver, 3, 12 * 512);
    const pieces = [...Array(12).keys()].map((index) => ({ low: layout.data + 512 * index, length: 512 }));
    assert.equal(driver.request(1, 100, pieces), Ok);
    assert.equal(driver.flush(), Ok);
    const many = [...Array(1500).keys()].map((index) => Uint8Array.of(index & 0xff));
    assert.equal(disk.write(many, 4096), true);
    disk.close();
    const again = new FileDisk(path, { readOnly: true });
    assert.equal(again.sectorCount, sectors);
    const back = new Uint8Array(12 * 512);
    assert.equal(again.read([back.subarray(0, 5), back.subarray(5)], 100 * 512), true);
    assert.deepEqual(back, data);
    const bytes = new Uint8Array(1500);
    assert.equal(again.read([bytes], 4096), true);
    assert.deepEqual(bytes, Uint8Array.from(many.map((one) => one[0]!)));
    assert.equal(again.write([bytes], 0), false, "opened read-only");
    assert.equal(again.read([bytes], sectors * 512), false, "past the end");
    again.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("header and status may share buffers and be split", () => {
  const driver = new TestDriver(new MemoryDisk(sectors)).start();
  const data = fill(driver, 5, 512, layout.data + 16);
  driver.header(1, 7, layout.data);
  const status = layout.status;
  // Header and data in one buffer, then the other way round: header in three pieces, status behind the data.
  driver.submit([{ low: layout.data, length: 16 + 512 }, { low: status, length: 1, flags: WriteFlag }]);
  driver.ring();
  assert.deepEqual(driver.used().map(({ length }) => length), [1]);
  driver.header(0, 7, layout.header);
  driver.submit([
    { low: layout.header, length: 4 }, { low: layout.header + 4, length: 11 }, { low: layout.header + 15, length: 1 },
    { low: layout.data + 4096, length: 512 + 1, flags: WriteFlag },
  ]);
  driver.ring();
  assert.deepEqual(driver.used().map(({ length }) => length), [513]);
  assert.deepEqual(memory(driver, 512, layout.data + 4096), data);
  assert.equal(driver.bus.bytes[layout.data + 4096 + 512], Ok);
});

test("indirect chains work, up to seg_max and no further", () => {
  const driver = new TestDriver(new MemoryDisk(sectors)).start();
  const run = (segments: number): number => {
    driver.bus.bytes[layout.status] = 0xff;
    const table = layout.data + 0x20000;
    driver.writeDescriptor(table, 0, { ...driver.header(1, 0), flags: 1, next: 1 });
    for (let index = 1; index <= segments; index++) driver.writeDescriptor(table, index, { low: layout.data, length: 512, flags: 1, next: index + 1 });
    driver.writeDescriptor(table, segments + 1, { low: layout.status, length: 1, flags: WriteFlag });
    driver.submit([{ low: table, length: 16 * (segments + 2), flags: Indirect }]);
    driver.ring();
    return driver.used().length === 1 ? driver.bus.bytes[layout.status]! : -1;
  };
  assert.equal(run(1), Ok);
  assert.equal(run(254), Ok);
  assert.equal(driver.needsReset, false);
  assert.equal(run(255), -1, "longer than the queue");
  assert.equal(driver.needsReset, true);
});

test("requests that reach past the disk, or are no whole blocks, are refused", () => {
  const driver = new TestDriver(new MemoryDisk(sectors)).start();
  assert.equal(driver.read(sectors - 1, 512), Ok);
  assert.equal(driver.read(sectors, 512), IoError);
  assert.equal(driver.read(sectors - 1, 1024), IoError);
  assert.equal(driver.read(2 ** 32, 512), IoError, "the high half of the sector counts");
  assert.equal(driver.read(2 ** 63, 512), IoError);
  assert.equal(driver.read(0, 511), IoError);
  assert.equal(driver.request(99, 0, []), Unsupported);
  const coarse = new TestDriver(new MemoryDisk(sectors), { blockBytes: 4096 }).start();
  assert.equal(coarse.read(8, 4096), Ok);
  assert.equal(coarse.read(1, 4096), IoError);
  assert.equal(coarse.read(8, 512), IoError);
});

test("identity, discard and write zeroes", () => {
  const driver = new TestDriver(new MemoryDisk(sectors), { discard: true, writeZeroes: true, identity: "disk one" }).start();
  assert.equal(driver.request(8, 0, [{ low: layout.data, length: 20, flags: WriteFlag }]), Ok);
  assert.equal(new TextDecoder().decode(memory(driver, 8)), "disk one");
  fill(driver, 1, 1024);
  assert.equal(driver.write(4, 1024), Ok);
  const segment = (sector: number, count: number, flags: number): void => {
    driver.view.setBigUint64(layout.data, BigInt(sector), true);
    driver.view.setUint32(layout.data + 8, count, true);
    driver.view.setUint32(layout.data + 12, flags, true);
  };
  segment(4, 1, 1);
  assert.equal(driver.request(13, 0, [{ low: layout.data, length: 16 }]), Ok);
  assert.equal(driver.read(4, 512), Ok);
  assert.ok(memory(driver, 512).every((byte) => byte === 0));
  segment(4, 1, 0);
  assert.equal(driver.request(11, 0, [{ low: layout.data, length: 16 }]), Ok);
  segment(4, 1, 1);
  assert.equal(driver.request(11, 0, [{ low: layout.data, length: 16 }]), Unsupported, "UNMAP is not for discard");
  segment(sectors, 1, 0);
  assert.equal(driver.request(11, 0, [{ low: layout.data, length: 16 }]), IoError);
  const plain = new TestDriver(new MemoryDisk(sectors)).start();
  assert.equal(plain.request(11, 0, [{ low: layout.data, length: 16 }]), Unsupported, "not negotiated");
});

test("options: read-only, flush absent, ignored or failing, failing and stalled requests", () => {
  const readOnly = new TestDriver(new MemoryDisk(sectors), { readOnly: true }).start();
  assert.equal(readOnly.write(0, 512), IoError);
  assert.equal(readOnly.read(0, 512), Ok);
  assert.equal(new TestDriver(new MemoryDisk(sectors), { flush: "absent" }).start().flush(), Unsupported);
  const recording = new RecordingDisk(sectors);
  assert.equal(new TestDriver(recording, { flush: "ignored" }).start().flush(), Ok);
  assert.equal(recording.events.length, 0);
  assert.equal(new TestDriver(new MemoryDisk(sectors), { flush: "failing" }).start().flush(), IoError);
  const faulty = new TestDriver(new MemoryDisk(sectors), { fault: ({ number }) => (number === 2 ? "fail" : number === 3 ? "stall" : "none") }).start();
  assert.deepEqual([faulty.read(0, 512), faulty.read(0, 512), faulty.read(0, 512), faulty.read(0, 512)], [Ok, IoError, -1, Ok]);
});

test("queued requests run one by one, shuffled by the seed and the same again for the same seed", () => {
  const order = (seed?: number): number[] => {
    const driver = new TestDriver(new MemoryDisk(sectors), { queued: true, seed }).start();
    for (let index = 0; index < 16; index++) {
      driver.submit([driver.header(0, index, layout.header + 16 * index), { low: layout.data + 512 * index, length: 512, flags: WriteFlag }, { low: layout.status + index, length: 1, flags: WriteFlag }]);
    }
    driver.ring();
    assert.deepEqual(driver.used(), [], "nothing runs at the doorbell");
    const heads: number[] = [];
    while (driver.device.advance()) heads.push(...driver.used().map(({ head }) => head / 3));
    return heads;
  };
  const straight = [...Array(16).keys()];
  assert.deepEqual(order(), straight);
  assert.notDeepEqual(order(5), straight);
  assert.deepEqual(order(5), order(5));
  assert.deepEqual([...order(5)].sort((a, b) => a - b), straight);
});

test("interrupts: NO_INTERRUPT, one a batch, and the event index", () => {
  const driver = new TestDriver(new MemoryDisk(sectors)).start();
  driver.view.setUint16(layout.available, 1, true);
  driver.read(0, 512);
  assert.equal(driver.bus.interrupts, 0);
  driver.view.setUint16(layout.available, 0, true);
  const put = (target: TestDriver): number => target.submit([target.header(0, 0), { low: layout.data, length: 512, flags: WriteFlag }, { low: layout.status, length: 1, flags: WriteFlag }]);
  for (let index = 0; index < 5; index++) put(driver);
  driver.ring();
  assert.equal(driver.bus.interrupts, 1);

  const indexed = new TestDriver(new MemoryDisk(sectors)).start(new TestDriver(new MemoryDisk(1)).offered()[0]);
  const usedEvent = layout.available + 4 + 2 * indexed.size;
  const availableEvent = layout.used + 4 + 8 * indexed.size;
  indexed.view.setUint16(usedEvent, 2, true); // tell me when the third has finished
  for (let index = 0; index < 4; index++) {
    put(indexed);
    indexed.ring();
    assert.equal(indexed.bus.interrupts, index < 2 ? 0 : 1);
    assert.equal(indexed.view.getUint16(availableEvent, true), index + 1);
  }
});

test("rings wrap: 70,000 requests through a queue of 256", () => {
  const driver = new TestDriver(new MemoryDisk(8)).start();
  for (let index = 0; index < 70_000; index++) if (driver.read(0, 512) !== Ok) assert.fail(`request ${index}`);
});

test("the recording disk builds the image of any crash", () => {
  const disk = new RecordingDisk(64);
  const page = (value: number): Uint8Array => new Uint8Array(1024).fill(value);
  disk.write([page(1)], 0); // event 0
  disk.flush(); // 1
  disk.write([page(2)], 0); // 2
  disk.write([page(3)], 2048); // 3
  const sector = (image: Uint8Array, index: number): number => image[index * 512]!;
  assert.deepEqual(disk.unflushed(), [2, 3]);
  assert.deepEqual(disk.unflushed(2), []);
  assert.equal(sector(disk.image(0), 0), 0);
  assert.equal(sector(disk.image(1), 0), 1);
  assert.deepEqual([0, 1, 4].map((index) => sector(disk.image(4, () => false), index)), [1, 1, 0]);
  assert.deepEqual([0, 1, 4].map((index) => sector(disk.image(4, (event) => event === 3), index)), [1, 1, 3]);
  assert.deepEqual([0, 1, 4].map((index) => sector(disk.image(4, (event, part) => event === 2 && part === 1), index)), [1, 2, 0], "torn at a sector");
  assert.deepEqual(disk.image(), disk.bytes.slice());
});

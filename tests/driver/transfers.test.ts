// Synchronous transfers of the shipped driver on the hosted kernel: random traffic against a model, every length and
// alignment, the disk's end, and what the driver says about devices that can less.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { VirtioBlkOptions } from "../../host/devices/virtio-blk.ts";
import { bootDriver, type DriverSystem, randomFrom, sectorBytes, statusOf } from "./driver-system.ts";

/** Random reads and writes of random places in memory, checked against an array and, at the end, against the disk. */
function exercise(driver: DriverSystem, seed: number, turns: number): void {
  const random = randomFrom(seed);
  const { client, disk, content } = driver;
  const memoryBytes = 1 << 20;
  const memory = client.reserve(memoryBytes + 4096, 1);
  const model = content.slice();
  const sectors = content.length / sectorBytes;
  for (let turn = 0; turn < turns; turn++) {
    const count = 1 + random(random(8) === 0 ? 512 : 16);
    const sector = random(sectors - count + 1);
    const length = count * sectorBytes;
    const address = memory + random(memoryBytes + 4096 - length + 1);
    const before = client.bytes[address - 1], behind = client.bytes[address + length];
    if (random(2) === 0) {
      for (let at = 0; at < length; at += 4) client.view.setUint32(address + at, random(0xffff_ffff), true);
      model.set(client.bytes.subarray(address, address + length), sector * sectorBytes);
      disk.write({ sector: BigInt(sector), buffer: { address, length } });
    } else {
      client.bytes.fill(0xee, address, address + length);
      disk.read({ sector: BigInt(sector), buffer: { address, length } });
      assert.ok(Buffer.compare(client.bytes.subarray(address, address + length), model.subarray(sector * sectorBytes, sector * sectorBytes + length)) === 0, `turn ${turn}: sector ${sector}, ${count} sectors`);
    }
    assert.equal(client.bytes[address - 1], before, "the byte before the lease");
    assert.equal(client.bytes[address + length], behind, "the byte behind the lease");
    if (random(32) === 0) disk.flush();
  }
  assert.ok(Buffer.compare(content, model) === 0, "the disk holds what the model holds");
  assert.equal(driver.system.domain("virtio-blk").port!.dma.violations, 0);
  assert.equal(driver.device.common.misuses, 0);
  assert.equal(driver.statistics().errors, 0n);
}

const worlds: Array<[string, VirtioBlkOptions, number?]> = [
  ["served at the doorbell", {}],
  ["served while the driver waits", { queued: true }],
  ["served in a random order, memory in single pages", { queued: true, seed: 7 }, 4096],
  ["without the event index", { queued: true, eventIndex: false }, 4096],
  ["without indirect descriptors", { queued: true, seed: 9, indirect: false }, 4096],
  ["a queue of eight, memory in single pages", { queued: true, seed: 11, queueSize: 8, maximumSegments: 6 }, 4096],
  ["two segments a request", { queued: true, maximumSegments: 2 }, 4096],
];
for (const [name, device, dmaSegmentBytes] of worlds) {
  test(`random reads and writes against a model: ${name}`, async () => {
    const driver = await bootDriver(device, dmaSegmentBytes === undefined ? {} : { dmaSegmentBytes });
    exercise(driver, 1234, 400);
    driver.system.close();
  });
}

test("describe says what the device is", async () => {
  const plain = await bootDriver();
  assert.deepEqual(plain.disk.describe(), { capacitySectors: 8192n, blockBytes: 512, flags: 2, maximumTransferBytes: 1 << 20, maximumSegments: 254, queueDepth: 256, queues: 1 });
  const weak = await bootDriver({ readOnly: true, flush: "absent", blockBytes: 4096, maximumSegments: 14, queueSize: 16 });
  assert.deepEqual(weak.disk.describe(), { capacitySectors: 8192n, blockBytes: 4096, flags: 1, maximumTransferBytes: 13 * 4096 * 16, maximumSegments: 14, queueDepth: 16, queues: 1 });
});

test("1 MiB goes in one request where memory is contiguous, in two where it is in single pages", async () => {
  for (const [dmaSegmentBytes, requests] of [[1 << 30, 1], [4096, 2]] as const) {
    const driver = await bootDriver({}, { dmaSegmentBytes });
    const length = 1 << 20;
    const address = driver.client.reserve(length + 1, 4096);
    driver.client.bytes.fill(0x5a, address, address + length);
    driver.disk.write({ sector: 3n, buffer: { address, length } });
    assert.equal(driver.device.counters.writes, requests);
    assert.ok(driver.content.subarray(3 * 512, 3 * 512 + length).every((byte) => byte === 0x5a), "what was written");
    driver.disk.read({ sector: 0n, buffer: { address: address + 1, length } });
    assert.ok(Buffer.compare(driver.client.bytes.subarray(address + 1, address + 1 + length), driver.content.subarray(0, length)) === 0, "what was read");
    const statistics = driver.statistics();
    assert.deepEqual([statistics.reads, statistics.writes, statistics.writtenBytes], [1n, 1n, BigInt(length)]);
    assert.ok(statistics.doorbells >= 2n, "doorbells are counted");
  }
});

test("nothing is read or written beyond the end", async () => {
  const driver = await bootDriver();
  const address = driver.client.reserve(4096);
  const at = (sector: bigint, length: number) => statusOf(() => driver.disk.read({ sector, buffer: { address, length } }));
  assert.equal(at(8191n, 512), "Ok");
  assert.equal(at(8191n, 1024), "OutOfRange");
  assert.equal(at(8192n, 512), "OutOfRange");
  assert.equal(at(0xffff_ffff_ffff_ffffn, 512), "OutOfRange");
  assert.equal(at(0xffff_ffff_ffff_fff9n, 4096), "OutOfRange");
  assert.equal(statusOf(() => driver.disk.write({ sector: 8190n, buffer: { address, length: 2048 } })), "OutOfRange");
  assert.equal(driver.device.counters.writes, 0);
});

test("lengths are whole sectors; none is nothing", async () => {
  const driver = await bootDriver();
  const address = driver.client.reserve(4096);
  for (const length of [1, 511, 513, 1000]) assert.equal(statusOf(() => driver.disk.read({ sector: 0n, buffer: { address, length } })), "InvalidArgument");
  driver.disk.read({ sector: 8192n, buffer: { address, length: 0 } });
  assert.equal(driver.device.counters.reads, 0);
});

test("flush reaches the device, is refused where it cannot be kept, and fails when the device fails", async () => {
  const driver = await bootDriver();
  driver.disk.flush();
  assert.equal(driver.device.counters.flushes, 1);
  const weak = await bootDriver({ flush: "absent" });
  assert.equal(statusOf(() => weak.disk.flush()), "NotDurable");
  const failing = await bootDriver({ flush: "failing" });
  assert.equal(statusOf(() => failing.disk.flush()), "DeviceError");
  assert.equal(failing.statistics().flushes, 0n);
  assert.equal(failing.statistics().errors, 1n);
});

test("a device that is read only is not written", async () => {
  const driver = await bootDriver({ readOnly: true });
  const address = driver.client.reserve(512);
  assert.equal(statusOf(() => driver.disk.write({ sector: 0n, buffer: { address, length: 512 } })), "ReadOnly");
  driver.disk.read({ sector: 0n, buffer: { address, length: 512 } });
});

test("identity; what is not built says so", async () => {
  const driver = await bootDriver({ identity: "a disk under test" });
  const address = driver.client.reserve(32);
  const { lengthBytes } = driver.disk.identify({ identity: { address, length: 32 } });
  assert.equal(Buffer.from(driver.client.bytes.subarray(address, address + lengthBytes)).toString(), "a disk under test");
  assert.equal(driver.disk.identify({ identity: { address, length: 4 } }).lengthBytes, 4);
  const full = await bootDriver({ identity: "x".repeat(20) });
  assert.equal(full.disk.identify({ identity: { address, length: 32 } }).lengthBytes, 20);
  assert.equal(statusOf(() => driver.disk.discard({ sector: 0n, sectorCount: 8n })), "Unsupported");
  assert.equal(statusOf(() => driver.disk.writeZeroes({ sector: 0n, sectorCount: 8n })), "Unsupported");
  assert.equal(statusOf(() => driver.disk.statistics({ statistics: { address, length: 32 } })), "InvalidArgument");
});

test("a device without ACCESS_PLATFORM behind an IOMMU is refused, and the driver lives", async () => {
  const driver = await bootDriver({ accessPlatform: false });
  assert.equal(statusOf(() => driver.disk.describe()), "DeviceGone");
  assert.equal(statusOf(() => driver.disk.flush()), "DeviceGone");
  assert.ok(driver.notes.some((line) => line.includes("ACCESS_PLATFORM")), driver.notes.join("\n"));
  assert.deepEqual(driver.system.faults, []);
});

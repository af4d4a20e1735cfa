// The shipped driver and what devices differ in: discard, write-zeroes, block sizes, topology, limits, capacity that changes
// while the system runs, large queues, and how many descriptors, doorbells and interrupts a batch costs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DeviceFlag, Transfer, RequestFlag } from "../../kernel-bindings/generated/host/block-device.ts";
import { bootDriver, type DriverSystem, sectorBytes, statusOf } from "./driver-system.ts";

const all = { discard: true, writeZeroes: true } as const;

function honest(driver: DriverSystem): void {
  assert.equal(driver.system.domain("virtio-blk").port!.dma.violations, 0, "accesses outside what was lent");
  assert.equal(driver.device.common.misuses, 0);
  assert.deepEqual(driver.system.faults, []);
}

test("discard and write-zeroes reach the sectors that were named, cut to the device's limits", async () => {
  const driver = await bootDriver({ ...all, maximumDiscardSectors: 64, discardAlignmentSectors: 16, maximumWriteZeroesSectors: 100 });
  driver.content.fill(7);
  driver.disk.writeZeroes({ sector: 10n, sectorCount: 250n });
  assert.ok(driver.content.subarray(10 * 512, 260 * 512).every((byte) => byte === 0));
  assert.deepEqual([driver.content[10 * 512 - 1], driver.content[260 * 512]], [7, 7]);
  assert.equal(driver.device.counters.writeZeroes, 3);
  driver.disk.discard({ sector: 10n, sectorCount: 200n });
  assert.equal(driver.device.counters.discards, 4); // 10–64, 64–128, 128–192, 192–210
  driver.disk.writeZeroesWith({ sector: 300n, sectorCount: 8n, flags: RequestFlag.unmap });
  assert.equal(driver.device.counters.unmaps, 1);
  const health = driver.health();
  assert.deepEqual([health.discards, health.writeZeroes, health.breaches], [1n, 2n, 0n]);
  assert.deepEqual(driver.disk.limits(), {
    physicalBlockBytes: 512, alignmentBytes: 0, minimumIoBytes: 0, optimalIoBytes: 0, discardSectors: 64, discardAlignmentSectors: 16, writeZeroesSectors: 100, changes: 0,
  });
  assert.equal(driver.disk.describe().flags, DeviceFlag.flush | DeviceFlag.discard | DeviceFlag.writeZeroes);
  honest(driver);
});

test("a device without discard and write-zeroes is not asked", async () => {
  const driver = await bootDriver();
  assert.equal(statusOf(() => driver.disk.discard({ sector: 0n, sectorCount: 8n })), "Unsupported");
  assert.equal(statusOf(() => driver.disk.writeZeroes({ sector: 0n, sectorCount: 8n })), "Unsupported");
  assert.equal(driver.device.counters.errors, 0);
  const readOnly = await bootDriver({ ...all, readOnly: true });
  assert.equal(statusOf(() => readOnly.disk.discard({ sector: 0n, sectorCount: 8n })), "ReadOnly");
  assert.equal(readOnly.device.counters.errors, 0);
});

test("blocks of 4096 bytes: topology is told, and what is no block is refused before the device sees it", async () => {
  const driver = await bootDriver({ ...all, blockBytes: 4096, topology: { physicalExponent: 2, alignmentOffset: 1, minimumIoBlocks: 4, optimalIoBlocks: 16 } });
  const { physicalBlockBytes, alignmentBytes, minimumIoBytes, optimalIoBytes } = driver.disk.limits();
  assert.deepEqual({ physicalBlockBytes, alignmentBytes, minimumIoBytes, optimalIoBytes }, { physicalBlockBytes: 16384, alignmentBytes: 4096, minimumIoBytes: 16384, optimalIoBytes: 65536 });
  const buffer = { address: driver.client.reserve(8192, 4096), length: 4096 };
  assert.equal(statusOf(() => driver.disk.read({ sector: 1n, buffer })), "InvalidArgument");
  assert.equal(statusOf(() => driver.disk.write({ sector: 0n, buffer: { ...buffer, length: 512 } })), "InvalidArgument");
  assert.equal(statusOf(() => driver.disk.discard({ sector: 8n, sectorCount: 4n })), "InvalidArgument");
  driver.disk.read({ sector: 8n, buffer });
  assert.equal(driver.device.counters.errors, 0);
  honest(driver);
});

test("no segment is longer than SIZE_MAX, no transfer ends inside a physical block before its end", async () => {
  const driver = await bootDriver({ maximumSegmentBytes: 8192, maximumSegments: 7, topology: { physicalExponent: 3, alignmentOffset: 0, minimumIoBlocks: 8, optimalIoBlocks: 0 } });
  const ends: number[] = [];
  driver.device.fault = ({ sector, lengthBytes }) => { ends.push(sector + lengthBytes / sectorBytes); return "none"; };
  const length = 1 << 18;
  const address = driver.client.reserve(length + 5, 4096) + 5;
  for (let at = 0; at < length; at++) driver.client.bytes[address + at] = (at * 7 + (at >>> 9)) & 0xff;
  driver.disk.write({ sector: 3n, buffer: { address, length } });
  assert.ok(Buffer.compare(driver.content.subarray(3 * 512, 3 * 512 + length), driver.client.bytes.subarray(address, address + length)) === 0);
  assert.equal(ends.at(-1), 3 + length / sectorBytes);
  assert.deepEqual(ends.slice(0, -1).filter((end) => end % 8 !== 0), []);
  honest(driver);
});

test("a disk that grows and shrinks while the system runs is followed at once", async () => {
  const driver = await bootDriver({}, { sectors: 1024 });
  const buffer = { address: driver.client.reserve(512), length: 512 };
  driver.device.setCapacity(512);
  driver.system.turn();
  assert.equal(statusOf(() => driver.disk.read({ sector: 512n, buffer })), "OutOfRange");
  assert.equal(driver.device.counters.errors, 0, "the device was asked");
  assert.equal(driver.disk.describe().capacitySectors, 512n);
  driver.device.setCapacity(1024); // its interrupt has not been served yet
  driver.disk.read({ sector: 1023n, buffer });
  assert.equal(driver.disk.limits().changes, 2);
  assert.equal(driver.health().configurationChanges, 2n);
  honest(driver);
});

for (const [queueSize, eventIndex, indirect, depth] of [[1024, true, true, 1024], [1024, false, true, 1024], [512, true, true, 512], [1024, true, false, 64], [4, false, true, 4]] as const) {
  test(`a batch in a queue of ${queueSize}${eventIndex ? "" : ", without the event index"}${indirect ? "" : ", without indirect descriptors"}: one doorbell, one interrupt`, async () => {
    const driver = await bootDriver({ queued: true, queueSize, eventIndex, indirect, maximumSegments: 254 });
    const { queueDepth } = driver.disk.describe();
    assert.equal(queueDepth, depth);
    const { slot } = driver.attach(Math.max(queueDepth * 512, 4096));
    const before = { ...driver.statistics(), descriptors: driver.health().descriptors };
    const raised = driver.device.counters.interrupts;
    assert.equal(driver.submit(Array.from({ length: queueDepth }, (_, index) => ({ transfer: Transfer.write, tag: index, sector: BigInt(index * 2), slot, offsetBytes: index * 512, lengthBytes: 512 }))), queueDepth);
    assert.equal(driver.reapAll().length, queueDepth);
    const after = driver.statistics();
    assert.equal(after.doorbells - before.doorbells, 1n);
    assert.ok(after.interrupts - before.interrupts <= 1n, `${after.interrupts - before.interrupts} interrupts taken`);
    // Without the event index a device may raise some more before the driver has woken and said no.
    if (eventIndex) assert.ok(driver.device.counters.interrupts - raised <= 1, `${driver.device.counters.interrupts - raised} interrupts raised`);
    assert.equal(driver.health().descriptors - before.descriptors, BigInt(3 * queueDepth));
    honest(driver);
  });
}

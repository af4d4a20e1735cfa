// The shipped driver and a device with several queues (VIRTIO_BLK_F_MQ, VIRTIO 1.2 §5.2.3): how slots are shared out, which queue
// a request goes to, what becomes of claims about queues that are not true, and lies that reach from one queue into another.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ending } from "../../host/devices/misbehaviour.ts";
import type { VirtioBlk } from "../../host/devices/virtio-blk.ts";
import { RequestFlag, Transfer } from "../../kernel-bindings/generated/host/block-device.ts";
import { bootDriver, type DriverSystem, statusOf } from "./driver-system.ts";

const configuredQueues = 34;
/** Not neighbours on the disk, so that none is merged with another. */
const reads = (count: number, slot: number, flags = 0, from = 0) => Array.from({ length: count }, (_, index) => (
  { transfer: Transfer.read, tag: from + index, sector: BigInt((from + index) * 2), slot, offsetBytes: 0, lengthBytes: 512, flags }));

function honest(driver: DriverSystem): void {
  assert.equal(driver.system.domain("virtio-blk").port!.dma.violations, 0, "accesses outside what was lent");
  assert.equal(driver.device.common.misuses, 0);
  assert.deepEqual(driver.system.faults, []);
}

/** Which queues have requests that did not run yet. */
const loads = (device: VirtioBlk): number[] => device.queues.map(({ outstandingCount }) => outstandingCount);

for (const [claimed, queueSize, used, depth] of [
  [1, 1024, 1, 1024], [2, 1024, 2, 1024], [2, 256, 2, 512], [3, 1024, 3, 768], [4, 256, 4, 1024], [5, 1024, 5, 640], [8, 1024, 8, 1024], [8, 16, 8, 128], [9, 256, 8, 1024], [300, 4, 8, 32],
] as const) {
  test(`${claimed} queues of up to ${queueSize}: ${used} used, ${depth} requests in flight, each in its own slot`, async () => {
    const driver = await bootDriver({ queued: true, seed: claimed, queueCount: claimed, queueSize, maximumSegments: 2 });
    const { queues, queueDepth } = driver.disk.describe();
    assert.deepEqual([queues, queueDepth], [used, depth]);
    assert.ok(driver.device.queues.every(({ isEnabled }, index) => isEnabled === index < used));
    const { slot } = driver.attach(4096);
    assert.equal(driver.submit(reads(depth, slot)), depth);
    assert.deepEqual(loads(driver.device).slice(0, used), new Array<number>(used).fill(depth / used));
    assert.deepEqual(driver.reapAll().filter(({ status }) => status !== 0), []);
    assert.equal(driver.statistics().doorbells, BigInt(used), "one doorbell a queue");
    honest(driver);
  });
}

test("a batch goes to one queue with one doorbell, the next to the least loaded; background requests to the last", async () => {
  const driver = await bootDriver({ queued: true, queueCount: 4 });
  const { slot } = driver.attach(4096);
  driver.submit(reads(10, slot));
  assert.deepEqual(loads(driver.device), [10, 0, 0, 0]);
  driver.submit(reads(3, slot, 0, 100));
  assert.deepEqual(loads(driver.device), [10, 3, 0, 0]);
  driver.submit(reads(5, slot, RequestFlag.background, 200));
  assert.deepEqual(loads(driver.device), [10, 3, 0, 5]);
  driver.submit(reads(1, slot, 0, 300));
  driver.submit(reads(1, slot, 0, 400));
  assert.deepEqual(loads(driver.device), [10, 3, 2, 5]);
  assert.equal(driver.statistics().doorbells, 5n);
  assert.equal(driver.reapAll().length, 20);
  honest(driver);
});

test("a class that finds its queues full takes the other's: every slot can be used", async () => {
  const driver = await bootDriver({ queued: true, queueCount: 2, queueSize: 16, maximumSegments: 2 });
  const { slot } = driver.attach(4096);
  driver.submit(reads(20, slot, RequestFlag.background));
  assert.deepEqual(loads(driver.device), [4, 16]);
  driver.submit(reads(14, slot, 0, 100));
  assert.deepEqual(loads(driver.device), [16, 16]);
  assert.equal(driver.reapAll().length, 34);
  honest(driver);
});

test("each busy queue interrupts for itself", async () => {
  const driver = await bootDriver({ queued: true, queueCount: 3 });
  const { slot } = driver.attach(4096);
  driver.device.fault = ({ sector }) => (sector === 0 ? "stall" : "none");
  // First both finish something, so that no wish for an interrupt is left from the beginning.
  driver.submit(reads(1, slot, 0, 10));
  driver.submit(reads(1, slot, 0, 20));
  assert.equal(driver.reapAll().length, 2);
  driver.system.turn();
  const { notifications } = driver;
  driver.submit(reads(1, slot));
  driver.submit(reads(1, slot, 0, 100));
  assert.deepEqual(loads(driver.device), [1, 1, 0]);
  for (let turn = 0; turn < 5; turn++) driver.system.turn();
  assert.equal(driver.notifications, notifications + 1);
  assert.deepEqual(driver.reap().completions.map(({ tag }) => tag), [100]);
  honest(driver);
});

test("one interrupt is enough for what several queues finished", async () => {
  const driver = await bootDriver({ queued: true, queueCount: 4 });
  const { slot } = driver.attach(4096);
  for (let batch = 0; batch < 3; batch++) driver.submit(reads(4, slot, 0, batch * 10));
  for (let turn = 0; turn < 20; turn++) driver.system.turn();
  assert.ok(driver.notifications >= 1);
  assert.equal(driver.reap().completions.length, 12);
  honest(driver);
});

for (const [name, claimed, used] of [["0", 0, 1], ["65535", 65535, 2], ["more than there are", 7, 2], ["fewer than there are", 1, 1]] as const) {
  test(`a configuration that names ${name} queues where there are two: ${used} used`, async () => {
    const driver = await bootDriver({ queueCount: 2, prepare: (device) => device.configuration.view.setUint16(configuredQueues, claimed, true) });
    assert.equal(driver.disk.describe().queues, used);
    driver.disk.read({ sector: 0n, buffer: { address: driver.client.reserve(512), length: 512 } });
    honest(driver);
  });
}

test("the number of queues that changes while the device is live changes nothing until the next reset", async () => {
  const driver = await bootDriver({ queued: true, queueCount: 4 });
  driver.device.configuration.view.setUint16(configuredQueues, 2, true);
  driver.device.setCapacity(4096);
  driver.system.turn();
  assert.equal(driver.disk.describe().queues, 4);
  const { slot } = driver.attach(4096);
  assert.equal(driver.submit(reads(1024, slot)), 1024);
  assert.deepEqual(driver.reapAll().filter(({ status }) => status !== 0), []);
  driver.device.stop();
  driver.system.turn();
  assert.equal(driver.disk.describe().queues, 2);
  assert.deepEqual([driver.health().resets, driver.disk.describe().capacitySectors], [1n, 4096n]);
  honest(driver);
});

for (const [name, spoil] of [
  ["of size 0", (device: VirtioBlk) => { device.queues[2]!.maximumSize = device.queues[2]!.size = 0; }],
  ["whose size is no power of two", (device: VirtioBlk) => { device.queues[2]!.maximumSize = device.queues[2]!.size = 100; }],
  ["smaller than the first", (device: VirtioBlk) => { device.queues[2]!.maximumSize = device.queues[2]!.size = 16; }],
  ["whose doorbell is outside the window", (device: VirtioBlk) => {
    const read = device.common.read.bind(device.common);
    device.common.read = (offset, width) => (offset === 0x1e && read(0x16, 2) === 2 ? 0xffff : read(offset, width));
  }],
  ["that cannot map the vector", (device: VirtioBlk) => {
    const read = device.common.read.bind(device.common);
    device.common.read = (offset, width) => (offset === 0x1a && read(0x16, 2) === 2 ? 0xffff : read(offset, width));
  }],
] as const) {
  test(`a queue ${name}: those before it are used`, async () => {
    const driver = await bootDriver({ queued: true, queueCount: 4, prepare: spoil });
    assert.equal(driver.disk.describe().queues, 2);
    const { slot } = driver.attach(4096);
    driver.submit(reads(600, slot));
    assert.deepEqual(driver.reapAll().filter(({ status }) => status !== 0), []);
    assert.equal(driver.system.domain("virtio-blk").port!.dma.violations, 0);
  });
}

/** Two batches of ten, each in a queue of its own; the device ends the first request of the first queue as `lie` says. */
async function lied(lie: (device: VirtioBlk, ending: Ending) => void): Promise<{ driver: DriverSystem; statuses: number[] }> {
  const driver = await bootDriver({ queued: true, queueCount: 3, queueSize: 64, maximumSegments: 2 }, { timeOutMs: 1000 });
  const { slot } = driver.attach(4096);
  let isTold = false;
  driver.device.takeOver = (ending) => {
    if (isTold) return false;
    isTold = true;
    lie(driver.device, ending);
    driver.device.interrupt();
    return true;
  };
  driver.submit(reads(10, slot));
  driver.submit(reads(10, slot, 0, 100));
  assert.deepEqual(loads(driver.device), [10, 10, 0]);
  const start = driver.clock.monotonicNanoseconds();
  const completions = driver.reapAll();
  assert.ok(driver.clock.monotonicNanoseconds() - start < 1.2e9);
  assert.equal(new Set(completions.map(({ tag }) => tag)).size, 20);
  return { driver, statuses: completions.map(({ status }) => status) };
}

const deviceError = 32;
const lies: Array<[string, (device: VirtioBlk, ending: Ending) => void]> = [
  ["the id of a request of another queue, in numbers of all slots", ({ queues }, { request, execute }) => { request.complete(execute()); queues[0]!.finish(64, request.lengthBytes + 1); }],
  ["an id in the ring of a queue where it is not in flight", ({ queues }, { head, request, execute }) => { request.complete(execute()); queues[2]!.finish(head, request.lengthBytes + 1); queues[0]!.skip(11); }],
  ["the index of a busy queue beyond its own requests, within those of all", ({ queues }, { request, execute }) => { request.complete(execute()); queues[0]!.skip(15); }],
];
for (const [name, lie] of lies) {
  test(`${name}: a breach, a reset, and an error for every request of every queue`, async () => {
    const { driver, statuses } = await lied(lie);
    assert.ok(statuses.every((status) => status === deviceError), statuses.join());
    assert.ok(driver.health().breaches >= 1n && driver.health().resets === 1n);
    driver.device.takeOver = null;
    assert.equal(statusOf(() => driver.disk.read({ sector: 0n, buffer: { address: driver.client.reserve(512), length: 512 } })), "Ok");
    assert.equal(driver.disk.describe().queues, 3);
    honest(driver);
  });
}

test("a request that is done, but told in the ring of another queue, in numbers of all slots: a breach, not its end", async () => {
  const driver = await bootDriver({ queued: true, queueCount: 3, queueSize: 64, maximumSegments: 2 }, { timeOutMs: 1000 });
  const { device } = driver, { slot } = driver.attach(4096);
  device.fault = ({ sector }) => (sector === 0 ? "stall" : "none"); // so that the first queue is busy
  device.takeOver = ({ head, request, execute }) => {
    if (device.queue.index !== 1) return false;
    device.takeOver = null;
    request.complete(execute());
    device.queues[0]!.finish(64 + head, request.lengthBytes + 1);
    device.interrupt();
    return true;
  };
  driver.submit(reads(10, slot));
  driver.submit(reads(1, slot, 0, 100));
  const statuses = new Map(driver.reapAll().map(({ tag, status }) => [tag, status]));
  assert.deepEqual([statuses.size, statuses.get(0), statuses.get(100)], [11, deviceError, deviceError]);
  assert.deepEqual([driver.health().breaches, driver.health().resets, driver.health().timeOuts], [1n, 1n, 0n]);
  honest(driver);
});

test("the index of an idle queue that moves: a breach and a reset as soon as the driver looks", async () => {
  for (const count of [1, 300, -1]) {
    const driver = await bootDriver({ queued: true, queueCount: 3 });
    driver.device.queues[2]!.skip(count);
    driver.device.interrupt();
    driver.system.turn();
    assert.deepEqual([driver.health().breaches, driver.health().resets], [1n, 1n]);
    assert.equal(statusOf(() => driver.disk.read({ sector: 0n, buffer: { address: driver.client.reserve(512), length: 512 } })), "Ok");
    honest(driver);
  }
});

test("silence of one queue ends the requests of all with a reset, after the time-out", async () => {
  const driver = await bootDriver({ queued: true, queueCount: 3 }, { timeOutMs: 1000 });
  const { slot } = driver.attach(4096);
  driver.device.fault = ({ sector }) => (sector === 0 ? "stall" : "none");
  driver.submit(reads(4, slot));
  driver.submit(reads(4, slot, 0, 100));
  const statuses = driver.reapAll().map(({ tag, status }) => [tag, status] as const);
  assert.deepEqual(statuses.filter(([, status]) => status !== 0), [[0, 11]]);
  assert.equal(driver.health().timeOuts, 1n);
  honest(driver);
});

test("get-id, flush, discard and write-zeroes go through any queue, also after a reset at any time", async () => {
  const driver = await bootDriver({ queued: true, queueCount: 4, discard: true, writeZeroes: true });
  const { address, slot } = driver.attach(4096);
  for (let turn = 0; turn < 12; turn++) {
    assert.equal(driver.disk.identify({ identity: { address, length: 20 } }).lengthBytes, 19);
    assert.equal(String.fromCharCode(...driver.client.bytes.subarray(address, address + 19)), "axiomfs hosted disk");
    driver.disk.flush();
    driver.disk.discard({ sector: 8n, sectorCount: 8n });
    driver.disk.writeZeroes({ sector: 8n, sectorCount: 8n });
    driver.submit(reads(turn, slot));
    if (turn % 3 === 0) driver.device.stop();
    assert.equal(driver.reapAll().length, turn);
  }
  assert.equal(driver.health().resets, 4n);
  honest(driver);
});

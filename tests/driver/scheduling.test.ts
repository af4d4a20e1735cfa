// The order of batches on the shipped driver, seen from the device: which requests it runs when. Random batches, a device that
// serves in its own order and holds requests back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordingDisk } from "../../host/devices/recording-disk.ts";
import { RequestFlag, Transfer } from "../../kernel-bindings/generated/host/block-device.ts";
import { type BatchEntry, bootDriver, editedDriver, randomFrom, sectorBytes, statusNumber } from "./driver-system.ts";

const overtakeLimit = 64;
const flushType = 4;

interface Observed { mostOvertaken: number; merged: bigint; overdue: bigint }

/** A stream of reads that never lets the queue of 4 run dry; `place` chooses the next one's sector. Answers what the device saw, by class. */
async function overtakesUnder(total: number, place: (index: number) => number, flagsOf: (index: number) => number, module?: Uint8Array): Promise<Observed> {
  const driver = await bootDriver({ queued: true, queueSize: 4, maximumSegments: 2 }, { sectors: 1 << 16, ...(module ? { modules: { "virtio-blk": module } } : {}) });
  const { slot } = driver.attach(4096);
  const bySector = new Map<number, number[]>();
  const overtaken = new Uint32Array(total), hasRun = new Uint8Array(total);
  let submitted = 0, mostOvertaken = 0;
  driver.device.fault = ({ sector, lengthBytes }) => {
    for (let at = sector; at < sector + lengthBytes / sectorBytes; at++) {
      const index = bySector.get(at)!.shift()!;
      assert.equal(hasRun[index], 0);
      hasRun[index] = 1;
      for (let earlier = 0; earlier < index; earlier++) {
        if (hasRun[earlier] === 0 && flagsOf(earlier) === flagsOf(index)) mostOvertaken = Math.max(mostOvertaken, ++overtaken[earlier]!);
      }
    }
    return "none";
  };
  const more = (count: number): void => {
    const entries: BatchEntry[] = [];
    for (; count > 0 && submitted < total; count--, submitted++) {
      const sector = place(submitted);
      if (!bySector.has(sector)) bySector.set(sector, []);
      bySector.get(sector)!.push(submitted);
      entries.push({ transfer: Transfer.read, tag: submitted, sector: BigInt(sector), slot, offsetBytes: 0, lengthBytes: sectorBytes, flags: flagsOf(submitted) });
    }
    if (entries.length) assert.equal(driver.submit(entries), entries.length);
  };
  more(200);
  for (let ended = 0; ended < total;) {
    driver.disk.awaitCompletions({ count: 1 });
    const { completions } = driver.reap();
    for (const { status } of completions) assert.equal(status, 0);
    ended += completions.length;
    more(completions.length);
  }
  assert.ok(hasRun.every((run) => run === 1));
  const { merged, overdue, waiting } = driver.scheduling();
  assert.equal(waiting, 0n);
  assert.deepEqual(driver.system.faults, []);
  driver.system.close();
  return { mostOvertaken, merged, overdue };
}

/** Request 150 is far out on the disk, all others keep coming close to its beginning. */
const oneFarOut = (index: number): number => (index === 150 ? 60_000 : (index * 2) % 64);

test("a request at the far end starts after 64 others at most, though the beginning of the disk never rests", async () => {
  const { mostOvertaken, overdue } = await overtakesUnder(2000, oneFarOut, () => 0);
  assert.equal(mostOvertaken, overtakeLimit);
  assert.ok(overdue > 0n);
});

test("random places: nobody is overtaken more than 64 times, in either class, and neighbours go together", async () => {
  const random = randomFrom(11);
  // A sector each, so that what the device runs says whose request it is.
  const places = Array.from({ length: 4000 }, (_, index) => index);
  for (let index = places.length - 1; index > 0; index--) { const other = random(index + 1); [places[index], places[other]] = [places[other]!, places[index]!]; }
  const flags = Array.from({ length: 4000 }, () => (random(3) === 0 ? RequestFlag.background : 0));
  const { mostOvertaken, merged } = await overtakesUnder(4000, (index) => places[index]!, (index) => flags[index]!);
  assert.ok(mostOvertaken > 8 && mostOvertaken <= overtakeLimit, `${mostOvertaken}`);
  assert.ok(merged > 0n);
});

test("a driver that lets requests be overtaken for ever is found", async () => {
  const module = await editedDriver("unfair", { "services/virtio-blk/elevator.ts": (text) => text.replace("overtakeLimit: u32 = 64", "overtakeLimit: u32 = 1 << 30") });
  const { mostOvertaken } = await overtakesUnder(2000, oneFarOut, () => 0, module);
  assert.ok(mostOvertaken > overtakeLimit, `${mostOvertaken}`);
});

test("while both wait, the background has one start of eight", async () => {
  const driver = await bootDriver({ queued: true, queueSize: 4, maximumSegments: 2 });
  const { slot } = driver.attach(4096);
  const seen: boolean[] = [];
  driver.device.fault = ({ sector }) => { seen.push(sector >= 4096); return "none"; };
  const entries = Array.from({ length: 404 }, (_, tag): BatchEntry => {
    const isBackground = tag >= 4 && tag % 2 === 0;
    return { transfer: Transfer.read, tag, sector: BigInt((isBackground ? 4096 : 0) + tag * 4), slot, offsetBytes: 0, lengthBytes: 512, flags: isBackground ? RequestFlag.background : 0 };
  });
  assert.equal(driver.submit(entries), entries.length);
  assert.equal(driver.reapAll().length, entries.length);
  const both = seen.slice(4, 4 + Math.floor(200 * 8 / 7));
  assert.deepEqual(both, both.map((_, index) => index % 8 === 7));
});

test("neighbours of a batch are one request of the device, and each has its completion and its bytes", async () => {
  const driver = await bootDriver({}, { dmaSegmentBytes: 4096 });
  const { slot, address } = driver.attach(32 * 4096);
  const order = Array.from({ length: 32 }, (_, index) => (index * 13) % 32);
  for (let index = 0; index < 32; index++) driver.client.bytes.fill(index + 1, address + order[index]! * 4096, address + (order[index]! + 1) * 4096);
  const entries = order.map((place, index): BatchEntry => ({ transfer: Transfer.write, tag: index, sector: BigInt(64 + index * 8), slot, offsetBytes: place * 4096, lengthBytes: 4096 }));
  assert.equal(driver.submit(entries), 32);
  assert.deepEqual(driver.reapAll().map(({ tag, status, lengthBytes }) => [tag, status, lengthBytes]), order.map((_, index) => [index, 0, 4096]));
  assert.equal(driver.device.counters.writes, 1);
  assert.equal(driver.statistics().writes, 32n);
  assert.equal(driver.scheduling().merged, 31n);
  for (let index = 0; index < 32; index++) assert.ok(driver.content.subarray((64 + index * 8) * 512, (72 + index * 8) * 512).every((byte) => byte === index + 1));
  assert.equal(driver.system.domain("virtio-blk").port!.dma.violations, 0);
});

test("the error of a run is the error of its requests, and of no other", async () => {
  const driver = await bootDriver();
  const { slot } = driver.attach(65536);
  driver.device.fault = ({ sector, lengthBytes }) => (sector <= 5 && 5 < sector + lengthBytes / 512 ? "fail" : "none");
  const sectors = [0, 1, 2, 4, 5, 6, 8, 9];
  driver.submit(sectors.map((sector, tag) => ({ transfer: Transfer.read, tag, sector: BigInt(sector), slot, offsetBytes: tag * 512, lengthBytes: 512 })));
  const failed = driver.reapAll().filter(({ status }) => status !== 0);
  assert.deepEqual(failed.map(({ tag, status }) => [tag, status]), [3, 4, 5].map((tag) => [tag, statusNumber("DeviceError")]));
  assert.equal(driver.statistics().errors, 1n);
});

/** Random writes, reads, flushes and barriers, of which the device runs any that it has: what must not run before what. */
async function checkFlushOrder(seed: number, module?: Uint8Array): Promise<{ flushes: number; writes: number }> {
  const total = 3000;
  const recording = new RecordingDisk(total * 2);
  const driver = await bootDriver({ queued: true, seed, queueSize: [4, 16, 64][seed % 3]!, maximumSegments: 2 }, { disk: recording, ...(module ? { modules: { "virtio-blk": module } } : {}) });
  const { slot, address } = driver.attach(total * sectorBytes);
  const random = randomFrom(seed);
  // Each request has a sector of its own, so that the device's side can be matched with the client's.
  const isWrite = new Uint8Array(total), hasRun = new Uint8Array(total);
  const barriersBefore = new Uint32Array(total);
  const acceptedBefore: number[] = []; // of each flush: how many requests were accepted before it
  let barriers = 0, flushesRun = 0, submitted = 0, writes = 0;
  driver.device.fault = ({ type, sector, lengthBytes }) => {
    if (type === flushType) {
      flushesRun++;
      for (let index = 0; index < acceptedBefore[flushesRun - 1]!; index++) assert.ok(isWrite[index] === 0 || hasRun[index] === 1, `flush ${flushesRun} ran before write ${index}`);
      return "none";
    }
    for (let index = sector; index < sector + lengthBytes / sectorBytes; index++) {
      assert.ok(flushesRun >= barriersBefore[index]!, `request ${index} ran before a barrier`);
      hasRun[index] = 1;
    }
    return "none";
  };
  let inFlight = 0;
  while (submitted < total || inFlight > 0) {
    const entries: BatchEntry[] = [];
    for (let count = random(40); count > 0 && submitted < total; count--) {
      if (random(12) === 0) {
        const isBarrier = random(3) === 0;
        acceptedBefore.push(submitted);
        if (isBarrier) barriers++;
        entries.push({ transfer: Transfer.flush, tag: total + acceptedBefore.length, sector: 0n, slot: 0, offsetBytes: 0, lengthBytes: 0, flags: isBarrier ? RequestFlag.barrier : 0 });
        continue;
      }
      isWrite[submitted] = random(3) === 0 ? 0 : 1;
      writes += isWrite[submitted]!;
      barriersBefore[submitted] = barriers;
      driver.client.view.setUint32(address + submitted * sectorBytes, submitted, true);
      entries.push({ transfer: isWrite[submitted] ? Transfer.write : Transfer.read, tag: submitted, sector: BigInt(submitted), slot, offsetBytes: submitted * sectorBytes, lengthBytes: sectorBytes, flags: random(2) === 0 ? RequestFlag.background : 0 });
      submitted++;
    }
    if (entries.length) {
      assert.equal(driver.submit(entries), entries.length);
      inFlight += entries.length;
    }
    if (random(2) === 0 || inFlight > 900) driver.disk.awaitCompletions({ count: 1 + random(inFlight) });
    const { completions } = driver.reap();
    for (const { status } of completions) assert.equal(status, 0);
    inFlight -= completions.length;
    if (submitted === total && inFlight > 0) driver.disk.awaitCompletions({ count: 1024 });
  }
  assert.equal(flushesRun, acceptedBefore.length);
  for (let index = 0; index < total; index++) if (isWrite[index]) assert.equal(new DataView(recording.bytes.buffer).getUint32(index * sectorBytes, true), index);
  driver.system.close();
  return { flushes: flushesRun, writes };
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`a flush runs after every write accepted before it, and nothing runs before the barrier that it stands behind (seed ${seed})`, async () => {
    const { flushes, writes } = await checkFlushOrder(seed);
    assert.ok(flushes > 100 && writes > 1000);
  });
}

const broken: Array<[string, string, string]> = [
  ["sends flushes at once", "return this.firstEpoch != this.openEpoch && this.changes[this.firstEpoch] == 0;", "return this.firstEpoch != this.openEpoch;"],
  ["does not hold what is behind a barrier", "if (this.barrier == noOperation) return this.place", "if (true) return this.place"],
];
for (const [name, before, after] of broken) {
  test(`a driver that ${name} is found`, async () => {
    const module = await editedDriver("disorderly", { "services/virtio-blk/scheduler.ts": (text) => text.replace(before, after) });
    await assert.rejects(checkFlushOrder(1, module), /ran before/);
  });
}

test("a synchronous call does not wait for what waits", async () => {
  const driver = await bootDriver({ queued: true, queueSize: 4, maximumSegments: 2 });
  const { slot } = driver.attach(4096);
  const buffer = { address: driver.client.reserve(512), length: 512 };
  const seen: number[] = [];
  driver.device.fault = ({ sector }) => { seen.push(sector); return "none"; };
  driver.submit(Array.from({ length: 300 }, (_, tag) => ({ transfer: Transfer.read, tag, sector: BigInt(tag * 2), slot, offsetBytes: 0, lengthBytes: 512 })));
  driver.disk.read({ sector: 7001n, buffer });
  assert.equal(seen.indexOf(7001), 4);
  assert.equal(driver.reapAll().length, 300);
});

test("the device does not run dry while requests wait", async () => {
  const driver = await bootDriver({ queued: true, queueSize: 16, maximumSegments: 14 });
  const { slot } = driver.attach(4096);
  let run = 0, least = 16;
  // What the device has left when it begins one, as long as the driver has more.
  driver.device.fault = () => {
    if (++run < 400 - 16) least = Math.min(least, driver.device.queues[0]!.outstandingCount);
    return "none";
  };
  driver.submit(Array.from({ length: 400 }, (_, tag) => ({ transfer: Transfer.read, tag, sector: BigInt(tag * 2), slot, offsetBytes: 0, lengthBytes: 512 })));
  assert.equal(driver.reapAll().length, 400);
  assert.ok(least >= 1, `the device had ${least} requests left`);
});

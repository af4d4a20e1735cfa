// Every misbehaviour of the device model at every moment: right after start, idle, with one request in flight, with the queue
// full; with one queue, and with several, in the queue that it reached; on PCI and on the memory bus. Whatever it does: each request has exactly one answer within the time limit (1 s here), an answer of Ok is true, nothing
// outside what is lent is touched, the driver lives, what was wrong is counted, and an honest device is served again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Misbehaviour, misbehaviours } from "../../host/devices/misbehaviour.ts";
import { Transfer } from "../../kernel-bindings/generated/host/block-device.ts";
import { bootDriver, type DriverSystem, sectorBytes, statusNumber, statusOf } from "./driver-system.ts";

/** The time limit, the slice of sleep in which it is noticed, and what polling and a reset take. */
const limitNanoseconds = 1.3e9;
const queueSize = 64;
const poison = 0xee;
/** What an honest request may answer when the device was not. */
const allowed = new Set(["Ok", "DeviceError", "TimedOut", "DeviceGone", "OutOfRange"]);
/** These leave no trace: the driver does not look at what they change, or it is gone before it looks. */
const harmless = new Set<Misbehaviour>(["descriptors-rewritten", "status-changes-late", "work-without-interrupt", "used-entry-rewritten"]);
/** With a request to do them to, these are an error of it or of the ring: nothing may be answered with Ok. */
const lies = new Set<Misbehaviour>(["id-out-of-range", "id-huge", "id-not-outstanding", "status-untouched", "status-out-of-range", "length-short", "length-too-long", "never-answers", "completion-after-reset", "stops-itself"]);
/** These spoil a queue, and break the ring, for which the driver resets the device and looks again. */
const spoilsQueue = new Set<Misbehaviour>(["queue-size-zero", "queue-size-odd"]);

async function boot(queueCount: number, transport: "pci" | "mmio", misbehave?: Misbehaviour): Promise<DriverSystem> {
  const driver = await bootDriver({ transport, queued: true, queueSize, queueCount, maximumSegments: 30, ...(misbehave === undefined ? {} : { misbehave }) }, { timeOutMs: 1000 });
  for (let sector = 0; sector < driver.content.length / sectorBytes; sector++) driver.content.fill(sector % 233, sector * sectorBytes, (sector + 1) * sectorBytes);
  return driver;
}

function within<Result>(driver: DriverSystem, act: () => Result): Result {
  const start = driver.clock.monotonicNanoseconds();
  const result = act();
  const elapsed = driver.clock.monotonicNanoseconds() - start;
  assert.ok(elapsed <= limitNanoseconds, `an answer after ${elapsed / 1e9} s`);
  return result;
}

/** A read whose answer, if it is Ok, must be true. */
function read(driver: DriverSystem, sector: number, address: number): string {
  driver.client.bytes.fill(poison, address, address + 4096);
  const status = within(driver, () => statusOf(() => driver.disk.read({ sector: BigInt(sector), buffer: { address, length: 4096 } })));
  assert.ok(allowed.has(status), status);
  const wanted = driver.content.subarray(sector * sectorBytes, sector * sectorBytes + 4096);
  if (status === "Ok") assert.ok(Buffer.compare(driver.client.bytes.subarray(address, address + 4096), wanted) === 0, "stale memory handed out as data");
  return status;
}

function write(driver: DriverSystem, sector: number, address: number): string {
  driver.client.bytes.fill(0x77, address, address + 512);
  const status = within(driver, () => statusOf(() => driver.disk.write({ sector: BigInt(sector), buffer: { address, length: 512 } })));
  assert.ok(allowed.has(status), status);
  if (status === "Ok") assert.equal(driver.content[sector * sectorBytes], 0x77, "a write that was not done");
  return status;
}

/** All queues full of reads; the statuses, after each Ok was checked. */
function readFull(driver: DriverSystem, armed: () => void): string[] {
  const depth = queueSize * driver.device.queues.length;
  const { slot, address } = driver.attach(depth * sectorBytes);
  driver.client.bytes.fill(poison, address, address + depth * sectorBytes);
  armed();
  const sectors = Array.from({ length: depth }, (_, tag) => (tag * 37) % 4000);
  const accepted = driver.submit(sectors.map((sector, tag) => ({ transfer: Transfer.read, tag, sector: BigInt(sector), slot, offsetBytes: tag * sectorBytes, lengthBytes: sectorBytes })));
  const seen = new Map<number, number>();
  within(driver, () => {
    for (let turn = 0; seen.size < accepted && turn < 100; turn++) for (const { tag, status } of driver.reapAll()) {
      assert.ok(!seen.has(tag), `tag ${tag} came twice`);
      seen.set(tag, status);
      if (status !== 0) continue;
      const data = driver.client.bytes.subarray(address + tag * sectorBytes, address + (tag + 1) * sectorBytes);
      assert.ok(data.every((byte) => byte === sectors[tag]! % 233), `tag ${tag}: stale memory handed out as data`);
    }
  });
  assert.equal(seen.size, depth, "requests without an answer");
  assert.equal(statusOf(() => driver.disk.detach({ slot })), "Ok");
  return [...seen.values()].map((status) => [...allowed].find((name) => statusNumber(name) === status) ?? String(status));
}

function wrongs(driver: DriverSystem): number {
  const { breaches, resets, configurationChanges, idleInterrupts, timeOuts } = driver.health();
  return Number(breaches + resets + configurationChanges + idleInterrupts + timeOuts + driver.statistics().errors);
}

const moments: Record<string, (driver: DriverSystem, kind: Misbehaviour, buffer: number) => string[]> = {
  "at start": (driver, _kind, buffer) => [read(driver, 8, buffer), write(driver, 4096, buffer)],
  idle: (driver, kind, buffer) => {
    driver.device.queue = driver.device.queues.at(-1)!; // where nothing but background requests goes
    driver.device.hostile.idle(kind);
    driver.system.turn();
    return [read(driver, 8, buffer), write(driver, 4096, buffer)];
  },
  "one in flight, reading": (driver, kind, buffer) => {
    driver.device.hostile.arm(kind);
    return [read(driver, 8, buffer)];
  },
  "one in flight, writing": (driver, kind, buffer) => {
    driver.device.hostile.arm(kind);
    return [write(driver, 4096, buffer)];
  },
  "queue full": (driver, kind) => readFull(driver, () => driver.device.hostile.arm(kind, (queueSize * driver.device.queues.length) / 2)),
};

const attachments = [{ queueCount: 1, transport: "pci" }, { queueCount: 3, transport: "pci" }, { queueCount: 1, transport: "mmio" }] as const;
const matrix = attachments.flatMap((attachment) => misbehaviours.flatMap((kind) => Object.entries(moments).map(([moment, act]) => ({ ...attachment, kind, moment, act }))));
for (const { queueCount, transport, kind, moment, act } of matrix) {
  test(`${kind}, ${moment}${queueCount === 1 ? "" : `, ${queueCount} queues`}${transport === "pci" ? "" : ", on the memory bus"}`, async () => {
    const driver = await boot(queueCount, transport, moment === "at start" ? kind : undefined);
    const { device } = driver;
    const buffer = driver.client.reserve(4096, 4096);
    const statuses = act(driver, kind, buffer);
    if (moment !== "at start" || !device.hostile.isArmed) assert.ok(device.hostile.count >= 1, "nothing was done wrong");
    if (lies.has(kind)) assert.ok(statuses.some((status) => status !== "Ok") || wrongs(driver) > 0, "a lie was believed");
    if (lies.has(kind) && moment.startsWith("one")) assert.notEqual(statuses[0], "Ok");
    // The device mends its ways.
    device.hostile.isMute = false;
    device.configuration.onRead = null;
    device.reconfigure(device.sectorCount, 512);
    read(driver, 16, buffer);
    driver.system.turn();
    if (!harmless.has(kind)) assert.ok(wrongs(driver) > 0, "not counted");
    const last = read(driver, 24, buffer);
    // A device that refuses to be brought up is not used again; one that lacks a further queue is used without it and those behind it.
    const spoilt = device.queues.findIndex(({ maximumSize }) => maximumSize !== queueSize);
    if (spoilsQueue.has(kind)) assert.ok(spoilt >= 0);
    if (spoilt > 0) assert.equal(driver.disk.describe().queues, spoilt);
    const isGone = spoilt === 0 || (kind === "stops-itself" && moment === "at start");
    assert.equal(last, isGone ? "DeviceGone" : "Ok");
    assert.deepEqual(driver.system.faults, []);
    // A device that wrote after its reset was refused; nobody else tried.
    if (kind !== "completion-after-reset") assert.equal(driver.system.domain("virtio-blk").port!.dma.violations, 0);
    driver.system.close();
  });
}

// The block device model with a hostile driver: whatever stands in rings, descriptors and registers, nothing throws, no byte
// outside what is open moves, and the answer is IOERR or DEVICE_NEEDS_RESET.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDisk } from "../../host/devices/disk.ts";
import { RecordingDisk } from "../../host/devices/recording-disk.ts";
import { SeededRandom } from "../../host/kernel/entropy.ts";
import { type Buffer, Indirect, layout, Next, TestDriver, WriteFlag } from "./virtqueue-driver.ts";

const IoError = 1;
const sectors = 1024;
const start = (): TestDriver => new TestDriver(new MemoryDisk(sectors)).start();
const status = { low: layout.status, length: 1, flags: WriteFlag };

/** Rings with a chain whose descriptors are exactly these, from index 0. */
function ringWith(driver: TestDriver, descriptors: Buffer[], head = 0): void {
  descriptors.forEach((descriptor, index) => driver.writeDescriptor(layout.descriptors, index, descriptor));
  driver.publish(head);
  driver.ring();
}

/** An indirect table that holds a good flush request, so that only the descriptor that names it is wrong. */
function goodTable(driver: TestDriver): void {
  driver.writeDescriptor(layout.indirect, 0, { ...driver.header(4, 0), flags: Next, next: 1 });
  driver.writeDescriptor(layout.indirect, 1, status);
}

// Wherever it can be, all the rest of each request is right: only the guard named stops it.
const broken: Array<[string, (driver: TestDriver) => void]> = [
  ["a head that is no descriptor", (driver) => {
    driver.writeDescriptor(layout.descriptors, 256, { ...driver.header(4, 0), flags: Next, next: 1 });
    ringWith(driver, [status, status], 256);
  }],
  ["a chain that goes round", (driver) => ringWith(driver, [{ ...driver.header(0, 0), flags: Next, next: 0 }])],
  ["a chain of all descriptors that goes round", (driver) => ringWith(driver, [...Array(256).keys()].map((index) => ({ low: layout.data, length: 16, flags: Next, next: (index + 1) % 256 })))],
  ["a next that is no descriptor", (driver) => {
    driver.writeDescriptor(layout.descriptors, 256, status);
    ringWith(driver, [{ ...driver.header(4, 0), flags: Next, next: 256 }]);
  }],
  ["an available index too far ahead", (driver) => {
    driver.writeDescriptor(layout.descriptors, 0, { ...driver.header(4, 0), flags: Next, next: 1 });
    driver.writeDescriptor(layout.descriptors, 1, status);
    driver.view.setUint16(layout.available + 2, 257, true);
    driver.ring();
  }],
  ["a readable buffer behind a writable one", (driver) => ringWith(driver, [
    { ...driver.header(0, 0), flags: Next, next: 1 }, { low: layout.data, length: 512, flags: Next | WriteFlag, next: 2 }, { low: layout.data, length: 512, flags: Next, next: 3 }, status])],
  ["no writable buffer", (driver) => ringWith(driver, [driver.header(1, 0)])],
  ["an empty status buffer", (driver) => ringWith(driver, [{ ...driver.header(4, 0), flags: Next, next: 1 }, { ...status, length: 0 }])],
  ["a status byte outside what is open", (driver) => ringWith(driver, [{ ...driver.header(4, 0), flags: Next, next: 1 }, { ...status, low: 0x10 }])],
  ["an indirect table inside an indirect table", (driver) => {
    driver.writeDescriptor(layout.indirect, 0, { low: layout.indirect + 64, length: 32, flags: Indirect });
    driver.writeDescriptor(layout.indirect, 4, { ...driver.header(4, 0), flags: Next, next: 1 });
    driver.writeDescriptor(layout.indirect, 5, status);
    ringWith(driver, [{ low: layout.indirect, length: 16, flags: Indirect }]);
  }],
  ["an indirect descriptor with NEXT", (driver) => {
    goodTable(driver);
    ringWith(driver, [{ low: layout.indirect, length: 32, flags: Indirect | Next, next: 1 }, status]);
  }],
  ["an indirect descriptor in the middle of a chain", (driver) => {
    driver.writeDescriptor(layout.indirect, 0, status);
    ringWith(driver, [{ ...driver.header(4, 0), flags: Next, next: 1 }, { low: layout.indirect, length: 32, flags: Indirect }]);
  }],
  ["an indirect table of no whole descriptors", (driver) => {
    goodTable(driver);
    ringWith(driver, [{ low: layout.indirect, length: 40, flags: Indirect }]);
  }],
  ["an empty indirect table", (driver) => ringWith(driver, [{ low: layout.indirect, length: 0, flags: Indirect }])],
  ["an indirect table outside what is open", (driver) => ringWith(driver, [{ low: 0x100, length: 32, flags: Indirect }])],
  ["an indirect chain that goes round", (driver) => {
    driver.writeDescriptor(layout.indirect, 0, { ...driver.header(0, 0), flags: Next, next: 1 });
    driver.writeDescriptor(layout.indirect, 1, { low: layout.data, length: 512, flags: Next | WriteFlag, next: 1 });
    ringWith(driver, [{ low: layout.indirect, length: 32, flags: Indirect }]);
  }],
  ["an indirect next past the table", (driver) => {
    driver.writeDescriptor(layout.indirect, 0, { ...driver.header(4, 0), flags: Next, next: 2 });
    driver.writeDescriptor(layout.indirect, 2, status);
    ringWith(driver, [{ low: layout.indirect, length: 32, flags: Indirect }]);
  }],
  ["more queued requests than descriptors", (driver) => {
    for (let index = 0; index < 256; index++) driver.submit([driver.header(4, 0), status]);
    driver.ring();
    driver.submit([driver.header(4, 0), status]);
    driver.ring();
  }],
];

for (const [name, provoke] of broken) {
  test(`${name}: DEVICE_NEEDS_RESET, and a reset heals`, () => {
    const driver = name.includes("queued") ? new TestDriver(new MemoryDisk(sectors), { queued: true }).start() : start();
    provoke(driver);
    assert.equal(driver.needsReset, true);
    assert.deepEqual(driver.used(), []);
    driver.ring();
    assert.deepEqual(driver.used(), [], "nothing runs before the reset");
    driver.device.common.write(0x14, 1, 15);
    assert.equal(driver.needsReset, true, "only a reset clears it");
    driver.start();
    assert.equal(driver.read(0, 512), 0);
  });
}

test("an indirect chain is refused when it was not negotiated", () => {
  const driver = new TestDriver(new MemoryDisk(sectors), { indirect: false }).start();
  goodTable(driver);
  ringWith(driver, [{ low: layout.indirect, length: 32, flags: Indirect }]);
  assert.equal(driver.needsReset, true);
});

test("DEVICE_NEEDS_RESET is announced when the driver asked for configuration interrupts", () => {
  const driver = start();
  driver.device.common.write(0x10, 2, 0);
  ringWith(driver, [], 300);
  assert.equal(driver.bus.interrupts, 1);
  assert.equal(driver.device.isr.read() & 2, 2);
  assert.equal(driver.device.isr.read(), 0, "reading clears it");
});

const ioErrors: Array<[string, (driver: TestDriver) => number]> = [
  ["data below what is open", (driver) => driver.read(0, 512, 0x0e00)],
  ["data that ends one byte past what is open", (driver) => {
    driver.bus.openEnd = layout.data + 511;
    return driver.read(0, 512);
  }],
  ["data that wraps round 2^32", (driver) => driver.request(0, 0, [{ low: 0xffff_fe00, length: 1024, flags: WriteFlag }])],
  ["data at another domain's address", (driver) => driver.request(1, 0, [{ low: layout.data, high: 7, length: 512 }])],
  ["data at address 0", (driver) => driver.request(1, 0, [{ low: 0, high: 0, length: 512 }])],
  ["a header outside what is open", (driver) => {
    driver.submit([{ low: 0x10, length: 16 }, status]);
    driver.ring();
    return driver.used().length === 1 ? driver.bus.bytes[layout.status]! : -1;
  }],
  ["a header that is too short", (driver) => {
    driver.submit([{ ...driver.header(4, 0), length: 15 }, status]);
    driver.ring();
    return driver.used().length === 1 ? driver.bus.bytes[layout.status]! : -1;
  }],
  ["more buffers than seg_max", (driver) => driver.request(1, 0, [...Array(9).keys()].map(() => ({ low: layout.data, length: 512 })))],
];

for (const [name, provoke] of ioErrors) {
  test(`${name}: IOERR, and the next request works`, () => {
    const disk = new RecordingDisk(sectors);
    const driver = new TestDriver(disk, { maximumSegments: 8 }).start();
    assert.equal(provoke(driver), IoError);
    assert.deepEqual(disk.events, [], "nothing was written");
    assert.equal(driver.device.counters.errors, 1);
    driver.bus.openEnd = driver.bus.bytes.length;
    assert.equal(driver.read(0, 512), 0);
  });
}

test("registers: misuse changes nothing", () => {
  const driver = start();
  const { common } = driver.device;
  const before = [common.read(0x18, 2), common.read(0x20, 4), common.read(0x1c, 2)];
  common.write(0x18, 2, 8); // size of an enabled queue
  common.write(0x20, 4, 0x7000);
  common.write(0x1c, 2, 0);
  common.write(0x12, 2, 9); // read-only
  common.write(0x3c, 4, 1);
  common.read(0x19, 1);
  assert.deepEqual([common.read(0x18, 2), common.read(0x20, 4), common.read(0x1c, 2)], before);
  assert.ok(common.misuses >= 6);
  common.write(0x16, 2, 1);
  assert.equal(common.read(0x18, 2), 0, "there is one queue");
  common.write(0x16, 2, 0);
  assert.equal(driver.read(0, 512), 0);
});

test("a queue is not enabled with a bad size, unaligned or closed areas", () => {
  const areas: Array<Parameters<TestDriver["setQueue"]>[0]> = [
    { descriptors: layout.descriptors + 8 }, { available: layout.available + 1 }, { used: layout.used + 2 }, { descriptors: 0 }, { used: 0x200000 - 16 },
  ];
  for (const area of areas) {
    const driver = new TestDriver(new MemoryDisk(sectors));
    driver.accept(1 << 9, 1);
    assert.equal(driver.setQueue(area), false, JSON.stringify(area));
  }
  const driver = new TestDriver(new MemoryDisk(sectors));
  driver.accept(1 << 9, 1);
  for (const size of [0, 3, 512]) {
    driver.device.common.write(0x18, 2, size);
    assert.equal(driver.device.common.read(0x18, 2), 256);
  }
});

test("the doorbell before DRIVER_OK does nothing", () => {
  const driver = new TestDriver(new MemoryDisk(sectors));
  driver.ring();
  driver.accept(1 << 9, 1);
  driver.setQueue();
  driver.publish(0);
  driver.ring();
  assert.equal(driver.needsReset, false);
  assert.deepEqual(driver.used(), []);
  driver.device.common.write(0x14, 1, 0);
  driver.device.common.write(0x14, 1, 4);
  assert.equal(driver.status & 4, 0, "DRIVER_OK without FEATURES_OK");
});

test("a reset forgets queued requests", () => {
  const disk = new RecordingDisk(sectors);
  const driver = new TestDriver(disk, { queued: true }).start();
  driver.submit([driver.header(1, 0), { low: layout.data, length: 512 }, status]);
  driver.ring();
  driver.device.reset();
  assert.equal(driver.device.advance(), false);
  driver.start();
  assert.equal(driver.device.advance(), false, "not after the next start either");
  assert.deepEqual(disk.events, []);
});

test("random rings and registers never throw and never write outside what is open", () => {
  for (let seed = 1; seed <= 400; seed++) {
    const random = new SeededRandom(seed);
    const driver = start();
    const closed = driver.bus.bytes.slice(0, 0x1000);
    // Descriptors of which most are nearly right, so that walks get far.
    for (let index = 0; index < 256; index++) {
      driver.writeDescriptor(layout.descriptors, index, {
        low: random.below(4) === 0 ? random.next() : 0x1000 + random.below(0x20000), high: random.below(8) === 0 ? random.next() : 1,
        length: random.below(4) === 0 ? random.next() : random.below(2048), flags: random.below(8), next: random.below(300),
      });
    }
    for (let index = 0; index < 64; index++) driver.header([0, 1, 4, 8, 11, 13, 77][random.below(7)]!, random.below(2 * sectors), 0x1000 + 16 * random.below(0x2000));
    for (let round = 0; round < 20; round++) {
      driver.publish(random.below(270));
      if (random.below(10) === 0) driver.view.setUint16(layout.available + 2, random.below(65536), true);
      driver.ring();
      if (random.below(4) === 0) driver.device.common.write(random.below(16) * 4, [1, 2, 4][random.below(3)]!, random.next());
      if (driver.needsReset) driver.start();
    }
    assert.deepEqual(driver.bus.bytes.slice(0, 0x1000), closed);
  }
});

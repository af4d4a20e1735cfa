// The shipped driver on the memory bus: the device model behind MMIO registers, its ways to misbehave there, and its interrupt line.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MmioAttachment, type MmioMisbehaviour, mmioMisbehaviours } from "../../host/devices/virtio-mmio.ts";
import type { VirtioBlkOptions } from "../../host/devices/virtio-blk.ts";
import { Transfer } from "../../kernel-bindings/generated/host/block-device.ts";
import { bootDriver, type DriverSystem, editedDriver, statusOf } from "./driver-system.ts";

const bus = (driver: DriverSystem): MmioAttachment => driver.system.domain("virtio-blk").port!.model as MmioAttachment;
const boot = (options: VirtioBlkOptions = {}, modules?: Record<string, Uint8Array>): Promise<DriverSystem> =>
  bootDriver({ transport: "mmio", queued: true, queueSize: 64, ...options }, { timeOutMs: 1000, ...(modules === undefined ? {} : { modules }) });

function read(driver: DriverSystem, sector: number): string {
  const address = driver.client.reserve(4096, 4096);
  driver.client.bytes.fill(0xee, address, address + 4096);
  const status = statusOf(() => driver.disk.read({ sector: BigInt(sector), buffer: { address, length: 4096 } }));
  if (status === "Ok") assert.deepEqual(driver.client.bytes.subarray(address, address + 4096), driver.content.subarray(sector * 512, sector * 512 + 4096));
  return status;
}

function isSound(driver: DriverSystem): void {
  assert.deepEqual(driver.system.faults, []);
  assert.equal(driver.system.domain("virtio-blk").port!.dma.violations, 0);
  assert.equal(bus(driver).common.misuses, 0, "register accesses that §4.2.2 does not know");
}

test("transfers, batches and flushes work as on PCI, and touch no register that is not there", async () => {
  const driver = await boot({ discard: true, writeZeroes: true });
  driver.content.forEach((_, index) => { driver.content[index] = (index >>> 9) % 251; });
  assert.equal(read(driver, 8), "Ok");
  const { slot, address } = driver.attach(64 * 512);
  driver.client.bytes.fill(0x5a, address, address + 64 * 512);
  const count = driver.submit(Array.from({ length: 64 }, (_, tag) => ({ transfer: Transfer.write, tag, sector: BigInt(100 + 2 * tag), slot, offsetBytes: tag * 512, lengthBytes: 512 })));
  assert.equal(count, 64);
  assert.deepEqual(driver.reapAll().map(({ status }) => status), Array(64).fill(0));
  assert.equal(driver.content[100 * 512], 0x5a);
  assert.equal(driver.content[226 * 512 + 511], 0x5a);
  assert.equal(driver.content[101 * 512], 101);
  driver.disk.flush();
  driver.disk.writeZeroes({ sector: 0n, sectorCount: 8n });
  assert.equal(read(driver, 0), "Ok");
  assert.equal(driver.disk.describe().capacitySectors, 8192n);
  driver.device.setCapacity(4096);
  driver.system.turn();
  assert.equal(driver.disk.describe().capacitySectors, 4096n, "a change of the configuration comes over the same line");
  isSound(driver);
});

test("the kernel resets the device of a driver that ended through Status", async () => {
  const driver = await boot();
  assert.equal(read(driver, 8), "Ok");
  const port = driver.system.domain("virtio-blk").port!;
  port.close();
  assert.equal(port.isResetConfirmed, true);
  assert.equal(bus(driver).common.read(0x70, 4), 0);
  assert.equal(bus(driver).common.read(0x44, 4), 0, "the queue is not ready");
});

const notes: Record<Exclude<MmioMisbehaviour, "line-stays-up">, RegExp> = {
  "magic-wrong": /there is no virtio device/, "device-id-other": /the device is no block device/, "version-wild": /of no version of virtio-mmio/,
  "version-legacy": /a legacy device; start QEMU with -global virtio-mmio\.force-legacy=false/,
  "queue-ready-already": /the queue cannot be enabled/, "queue-ready-never": /the queue cannot be enabled/,
};

for (const kind of mmioMisbehaviours) {
  if (kind === "line-stays-up") continue;
  test(`${kind}, at start: the device is not used, and that is said`, async () => {
    const driver = await boot({ misbehaveOnBus: kind });
    assert.equal(read(driver, 8), "DeviceGone");
    assert.ok(driver.notes.some((note) => notes[kind].test(note)), driver.notes.join("\n"));
    assert.equal(driver.device.common.read(0x14, 1) & 4, 0, "never DRIVER_OK");
    isSound(driver);
  });

  test(`${kind}, seen after a reset with requests in flight: each has its answer`, async () => {
    const driver = await boot();
    bus(driver).common.misbehaviour = kind;
    driver.device.hostile.arm("index-jumps");
    assert.equal(read(driver, 8), "DeviceGone");
    assert.equal(read(driver, 8), "DeviceGone");
    assert.ok(driver.notes.some((note) => notes[kind].test(note)), driver.notes.join("\n"));
    assert.notEqual(driver.device.common.status & 15, 15, "reset before, so that it reaches no memory");
    isSound(driver);
  });
}

test("line-stays-up: interrupts for nothing cost one look each, and the device still serves", async () => {
  const driver = await boot();
  bus(driver).common.misbehaviour = "line-stays-up";
  for (let count = 0; count < 20; count++) assert.equal(read(driver, count * 8), "Ok");
  bus(driver).common.misbehaviour = null;
  driver.system.turn();
  assert.equal(read(driver, 8), "Ok");
  isSound(driver);
});

// The line is the reason for each rule; a driver without it does not get its interrupts.
for (const [name, edits, interrupts] of [
  ["never takes the line down", { "services/virtio-blk/mmio-transport.ts": (text: string) => text.replace("this.write(Register.interruptAcknowledge, allInterrupts);", "") }, "many"],
  ["never lets the line through", { "services/virtio-blk/kernel-platform.ts": (text: string) => text.replace("kernel.interruptAcknowledge(capabilities.diskInterrupt);", "") }, "none"],
] as const) {
  test(`a driver that ${name} is found out`, async () => {
    const honest = await boot();
    const broken = await boot({}, { "virtio-blk": await editedDriver(`line-${interrupts}`, edits) });
    const counts = [honest, broken].map((driver) => {
      for (let count = 0; count < 10; count++) assert.equal(read(driver, count * 8), "Ok");
      driver.system.turn();
      return Number(driver.statistics().interrupts);
    });
    assert.ok(counts[0]! > 0 && counts[0]! < 100, `${counts[0]} interrupts`);
    if (interrupts === "none") assert.equal(counts[1], 0);
    else assert.ok(counts[1]! > counts[0]! * 2, `${counts[1]} interrupts, not many more than ${counts[0]}`);
  });
}

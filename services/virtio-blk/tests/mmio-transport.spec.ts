// The driver over MMIO version 2: what it takes for a device, how it hands the queue over, and what it must not touch.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Disk } from "../disk";
import { MmioTransport } from "../mmio-transport";
import { DeviceStatus } from "../virtio";
import { FakeDevice, Serving } from "./fake-device";
import { FakeMmio } from "./fake-mmio";
import { FakePlatform, lendRead, lendWrite } from "./fake-platform";
import { bufferAddress, bufferBytes, bufferHandle } from "./world";

const timeOutMs: u32 = 30_000;

let device: FakeDevice = new FakeDevice();
let registers: FakeMmio = new FakeMmio(device);
let platform: FakePlatform = new FakePlatform(device);
let disk: Disk = new Disk(platform, new MmioTransport(registers, 0x100), false, timeOutMs);

function build(configurationBytes: u32): void {
  device = new FakeDevice();
  registers = new FakeMmio(device);
  platform = new FakePlatform(device);
  platform.lend(bufferHandle, bufferAddress(), bufferBytes, lendRead | lendWrite);
  disk = new Disk(platform, new MmioTransport(registers, configurationBytes), false, timeOutMs);
}

function expectIgnored(reason: string): void {
  expect(disk.start()).toBe(false);
  expect(platform.lastNote).toBe(reason);
  expect(registers.writes).toBe(0); // §4.2.3.1.1: such a device is left alone
  expect(disk.flush()).toBe(Status.DeviceGone);
}

describe("MMIO", () => {
  beforeEach(() => { build(0x100); });

  it("brings the device up and moves data both ways", () => {
    expect(disk.start()).toBe(true);
    expect(device.status).toBe(DeviceStatus.live);
    expect(device.accepted).toBe(device.offered);
    expect(disk.life.geometry.capacitySectors).toBe(device.capacity);
    expect(registers.ready).toBe(1);
    const data = bufferAddress();
    for (let index: u32 = 0; index < 4096; index++) store<u8>(data + index, <u8>(index * 7));
    expect(disk.transfer(1, 8, bufferHandle, 4096)).toBe(Status.Ok);
    memory.fill(data, 0, 4096);
    expect(disk.transfer(0, 8, bufferHandle, 4096)).toBe(Status.Ok);
    for (let index: u32 = 0; index < 4096; index++) assert(load<u8>(data + index) == <u8>(index * 7), "what was written is read");
    expect(disk.flush()).toBe(Status.Ok);
    expect(device.flushes).toBe(1);
    expect(registers.lastNotified).toBe(0);
    expect(registers.violations + device.violations).toBe(0);
  });

  it("hands over addresses in two halves", () => {
    const transport = new MmioTransport(registers, 0x100);
    expect(transport.enableQueue(3, 64, 0x1234_5678_9abc_def0, 0x2234_5678_9abc_def2, 0x3234_5678_9abc_def4)).toBe(true);
    expect(registers.descriptors).toBe(0x1234_5678_9abc_def0);
    expect(registers.available).toBe(0x2234_5678_9abc_def2);
    expect(registers.used).toBe(0x3234_5678_9abc_def4);
    expect(device.size).toBe(64);
    expect(registers.selected).toBe(3);
    transport.ring(3);
    expect(registers.lastNotified).toBe(3);
  });

  it("leaves alone what is no modern block device", () => {
    registers.magic = 0x7472_6977;
    expectIgnored("there is no virtio device");
    registers.magic = 0xffff_ffff;
    expectIgnored("there is no virtio device");
    registers.magic = 0x7472_6976;
    registers.deviceId = 0;
    expectIgnored("the device is no block device");
    registers.deviceId = 1;
    expectIgnored("the device is no block device");
    registers.deviceId = 2;
    registers.version = 1;
    expectIgnored("a legacy device; start QEMU with -global virtio-mmio.force-legacy=false");
    registers.version = 0;
    expectIgnored("the device is of no version of virtio-mmio");
    registers.version = 0xffff_ffff;
    expectIgnored("the device is of no version of virtio-mmio");
    registers.version = 2;
    expect(disk.start()).toBe(true);
  });

  it("is no more than gone when it turns into something else", () => {
    expect(disk.start()).toBe(true);
    device.serving = Serving.never;
    registers.version = 9;
    expect(disk.flush()).toBe(Status.DeviceGone);
    expect(platform.lastNote).toBe("the device is of no version of virtio-mmio");
    expect(device.status).toBe(0); // reset before, so that it reaches no memory
  });

  it("refuses a queue that is in use already, or that does not become ready", () => {
    registers.readyAlready = true;
    expect(disk.start()).toBe(false);
    expect(platform.lastNote).toBe("the queue cannot be enabled");
    expect(registers.descriptors).toBe(0);
    expect(device.status & DeviceStatus.failed).toBe(DeviceStatus.failed);
    registers.readyAlready = false;
    registers.readyNever = true;
    expect(disk.start()).toBe(false);
    expect(platform.lastNote).toBe("the queue cannot be enabled");
    registers.readyNever = false;
    expect(disk.start()).toBe(true);
  });

  it("refuses a device without a queue", () => {
    device.queueCount = 0;
    expect(disk.start()).toBe(false);
    expect(platform.lastNote).toBe("no usable queue");
  });

  it("reads no configuration outside the window", () => {
    build(11);
    expect(disk.start()).toBe(true);
    expect(disk.life.geometry.capacitySectors).toBe(device.capacity);
    expect(disk.queues.segmentLimit).toBe(1);
    build(3);
    expect(disk.start()).toBe(true);
    expect(disk.life.geometry.capacitySectors).toBe(0);
  });

  it("opens its line at bring-up, and takes it down before the kernel lets it through and the ring is looked at", () => {
    expect(disk.start()).toBe(true);
    expect(platform.acknowledgements).toBe(1);
    device.serving = Serving.whileAsleep;
    platform.registersAtAcknowledgement = registers;
    registers.interruptStatus = 3;
    expect(disk.transfer(0, 0, bufferHandle, 512)).toBe(Status.Ok);
    expect(platform.acknowledgements).toBe(2);
    expect(registers.acknowledged).toBe(3);
    expect(platform.statusAtAcknowledgement).toBe(0);
  });
});

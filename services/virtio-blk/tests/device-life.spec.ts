// Bring-up: what the driver accepts, what it refuses, and that a refusal leaves FAILED in the device's status.
import { DeviceFlag } from "../../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { AbsentTransport } from "../absent-transport";
import { Disk } from "../disk";
import { acceptedOf, Refusal, refusalOf } from "../features";
import { DeviceStatus, Feature } from "../virtio";
import { grantHandle, World } from "./world";

let world: World = new World();

function expectRefused(reason: string): void {
  expect(world.disk.start()).toBe(false);
  expect(world.platform.lastNote).toBe(reason);
  expect(world.device.status & DeviceStatus.failed).toBe(DeviceStatus.failed);
  expect(world.disk.life.live).toBe(false);
}

describe("features", () => {
  it("are taken only where they are understood", () => {
    expect(acceptedOf(u64.MAX_VALUE)).toBe(Feature.segmentBytesMaximum | Feature.segmentMaximum | Feature.readOnly | Feature.blockSize
      | Feature.flush | Feature.topology | Feature.multiqueue | Feature.discard | Feature.writeZeroes | Feature.indirectDescriptors | Feature.eventIndex | Feature.version1 | Feature.accessPlatform);
    expect(acceptedOf(Feature.version1)).toBe(Feature.version1);
  });

  it("need VERSION_1, and ACCESS_PLATFORM behind an IOMMU", () => {
    expect(refusalOf(0, false)).toBe(Refusal.legacy);
    expect(refusalOf(Feature.version1, false)).toBe(Refusal.none);
    expect(refusalOf(Feature.version1, true)).toBe(Refusal.bypassesPlatform);
    expect(refusalOf(Feature.version1 | Feature.accessPlatform, true)).toBe(Refusal.none);
  });
});

describe("bring-up", () => {
  beforeEach(() => { world = new World(); });

  it("follows the order of the standard and learns the limits", () => {
    expect(world.disk.start()).toBe(true);
    expect(world.device.status).toBe(DeviceStatus.live);
    expect(world.device.size).toBe(256);
    expect(world.disk.queues.slotCount).toBe(256);
    expect(world.disk.queues.segmentLimit).toBe(254);
    expect(world.disk.flags()).toBe(DeviceFlag.flush);
    expect(world.device.configurationVector).toBe(1);
    expect(world.disk.maximumTransferBytes()).toBe(1 << 20);
    expect(world.device.accepted).toBe(world.device.offered);
  });

  it("refuses a legacy device", () => {
    world.device.offered &= 0xffff_ffff;
    expectRefused("a legacy device, VERSION_1 is not offered");
  });

  it("refuses a device that would bypass the IOMMU", () => {
    world = new World(true);
    expectRefused("the device would bypass the IOMMU, ACCESS_PLATFORM is not offered");
    world.device.offered |= Feature.accessPlatform;
    expect(world.disk.start()).toBe(true);
  });

  it("gives up when the device takes back FEATURES_OK", () => {
    world.device.refusesFeatures = true;
    expectRefused("the device refuses the features");
  });

  it("gives up when the configuration never holds still", () => {
    world.device.generationMoves = true;
    expectRefused("the configuration does not hold still");
  });

  it("refuses queues that cannot be", () => {
    world.device.queueCount = 0;
    expectRefused("no usable queue");
    world.device.queueCount = 1;
    world.device.queueLimit = 0;
    expectRefused("no usable queue");
    world.device.queueLimit = 100;
    expectRefused("no usable queue");
    world.device.queueLimit = 65535;
    expectRefused("no usable queue");
    world.device.queueLimit = 65536;
    expectRefused("no usable queue");
    world.device.queueLimit = 2;
    expectRefused("the queue is too small");
    world.device.queueLimit = 32768;
    expect(world.disk.start()).toBe(true);
    expect(world.device.size).toBe(256); // memory in single pages
    world = new World();
    world.platform.segmentBytes = 1 << 26;
    world.device.queueLimit = 32768;
    expect(world.disk.start()).toBe(true);
    expect(world.device.size).toBe(1024);
    expect(world.disk.queues.slotCount).toBe(1024);
    expect(world.disk.queues.segmentLimit).toBe(62);
  });

  it("rings no doorbell outside the window", () => {
    world.device.notifyOffset = 2;
    expectRefused("the queue cannot be enabled");
    world.device.notifyOffset = 0xffff;
    expectRefused("the queue cannot be enabled");
    world.device.notifyOffset = 0;
    expect(world.disk.start()).toBe(true);
  });

  it("reads no configuration outside the window", () => {
    world = new World(false, 8, 15);
    world.device.blockSize = 4096;
    expect(world.disk.start()).toBe(true);
    expect(world.disk.life.geometry.capacitySectors).toBe(world.device.capacity);
    expect(world.disk.queues.segmentLimit).toBe(1);
    expect(world.disk.life.geometry.blockBytes).toBe(512);
    world = new World(false, 8, 3);
    expect(world.disk.start()).toBe(true);
    expect(world.disk.life.geometry.capacitySectors).toBe(0);
    world = new World(false, 0);
    expectRefused("the queue cannot be enabled");
  });

  it("starts without a device and says that it is gone", () => {
    const disk = new Disk(world.platform, new AbsentTransport(), false, 0);
    expect(disk.start()).toBe(false);
    expect(disk.flush()).toBe(Status.DeviceGone);
    expect(world.platform.lastNote).toBe("there is no device");
    expect(disk.attach(grantHandle, 4096)).toBe(-<i32>Status.DeviceGone);
    expect(world.platform.drops).toBe(1);
  });

  it("gives up when the interrupt vector is refused", () => {
    world.device.vectorAnswer = 0xffff;
    expectRefused("the queue cannot be enabled");
  });

  it("clamps limits that make no sense", () => {
    world.device.segmentMaximum = 0xffff_ffff;
    world.device.blockSize = 3;
    expect(world.disk.start()).toBe(true);
    expect(world.disk.queues.segmentLimit).toBe(254);
    expect(world.disk.life.geometry.blockBytes).toBe(512);
    world.device.segmentMaximum = 0;
    world.device.blockSize = 4096;
    expect(world.disk.start()).toBe(true);
    expect(world.disk.queues.segmentLimit).toBe(1);
    expect(world.disk.life.geometry.blockBytes).toBe(4096);
  });

  it("uses one segment when SEG_MAX is not offered, and interrupts without the event index", () => {
    world.device.offered = Feature.version1;
    expect(world.disk.start()).toBe(true);
    expect(world.disk.queues.segmentLimit).toBe(1);
    expect(world.disk.queues.slotCount).toBe(85);
  });

  it("does not wait for ever for a reset", () => {
    world.device.status = 15;
    world.device.resetHangs = true;
    const before = world.platform.time;
    expect(world.disk.start()).toBe(false);
    expect((world.platform.time - before) / 1_000_000_000).toBeLessThan(3);
  });
});

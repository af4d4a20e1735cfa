// Synchronous transfers: what clients may ask for, how long and scattered memory is split, and how the driver waits.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { RequestType } from "../virtio";
import { diskSectors, Hostility, Serving } from "./fake-device";
import { bufferAddress, bufferHandle, World } from "./world";

let world: World = new World();

function transfer(type: u32, sector: u64, length: u32): u32 { return world.disk.transfer(type, sector, bufferHandle, length); }

describe("transfers", () => {
  beforeEach(() => { world = new World().start(); });

  it("writes and reads one sector", () => {
    world.pattern(0, 512, 3);
    expect(transfer(RequestType.write, 5, 512)).toBe(Status.Ok);
    expect(world.differences(0, 512, 5)).toBe(0);
    memory.fill(bufferAddress(), 0, 512);
    expect(transfer(RequestType.read, 5, 512)).toBe(Status.Ok);
    expect(world.differences(0, 512, 5)).toBe(0);
    expect(load<u8>(bufferAddress() + 1)).toBe(34);
    expect(world.device.violations).toBe(0);
    expect(world.disk.statistics.reads).toBe(1);
    expect(world.disk.statistics.writtenBytes).toBe(512);
  });

  it("splits 1 MiB of scattered memory and leaves no byte out", () => {
    world.platform.segmentBytes = 1024; // 1 MiB is 1,024 segments, a chain takes 254
    world.pattern(0, 1 << 20, 9);
    expect(transfer(RequestType.write, 16, 1 << 20)).toBe(Status.Ok);
    expect(world.differences(0, 1 << 20, 16)).toBe(0);
    expect(world.device.served).toBeGreaterThan(3);
    expect(world.device.longestChain).toBeLessThanOrEqual(256);
    memory.fill(bufferAddress(), 0, 1 << 20);
    expect(transfer(RequestType.read, 16, 1 << 20)).toBe(Status.Ok);
    expect(world.differences(0, 1 << 20, 16)).toBe(0);
    expect(world.disk.statistics.readBytes).toBe(1 << 20);
    expect(world.disk.statistics.reads).toBe(1);
  });

  it("writes two places at the same time, with one doorbell", () => {
    world.pattern(0, 8192, 3);
    const doorbells = world.disk.statistics.doorbells;
    expect(world.disk.writeTogether(8, bufferHandle, 4096, 800, bufferHandle, 8192)).toBe(Status.Ok);
    expect(world.differences(0, 4096, 8)).toBe(0);
    expect(world.differences(0, 8192, 800)).toBe(0);
    expect(world.disk.statistics.doorbells).toBe(doorbells + 1);
    expect(world.disk.statistics.writtenBytes).toBe(12288);
    expect(world.device.violations).toBe(0);
  });

  it("writes two places also when each takes more requests than the queue has", () => {
    world.device.queueLimit = 4; // chains of 4: two segments each
    world.disk.start();
    world.platform.segmentBytes = 512;
    world.device.serving = Serving.whilePolling;
    world.pattern(0, 64 * 512, 1);
    expect(world.disk.writeTogether(0, bufferHandle, 64 * 512, 4000, bufferHandle, 30 * 512)).toBe(Status.Ok);
    expect(world.differences(0, 64 * 512, 0)).toBe(0);
    expect(world.differences(0, 30 * 512, 4000)).toBe(0);
  });

  it("answers an error of either of two writes, after both have ended", () => {
    world.device.hostility = Hostility.ioError;
    expect(world.disk.writeTogether(8, bufferHandle, 4096, 800, bufferHandle, 4096)).toBe(Status.DeviceError);
    expect(world.disk.engine.slots.inFlightCount).toBe(0);
    world.device.hostility = Hostility.none;
    expect(world.disk.writeTogether(8, bufferHandle, 4096, 800, bufferHandle, 4096)).toBe(Status.Ok);
  });

  it("does not cut contiguous memory after scattered memory", () => {
    world.platform.segmentBytes = 512;
    transfer(RequestType.read, 0, 1 << 20);
    world.platform.segmentBytes = 1 << 22;
    const before = world.device.served;
    transfer(RequestType.read, 0, 1 << 20);
    expect(world.device.served - before).toBeLessThanOrEqual(2); // two where the memory crosses a multiple of 4 MiB
  });

  it("takes memory of odd alignment", () => {
    world.lendBuffer(4093, 3 * 512);
    world.pattern(4093, 3 * 512, 77);
    expect(transfer(RequestType.write, 100, 3 * 512)).toBe(Status.Ok);
    expect(world.differences(4093, 3 * 512, 100)).toBe(0);
  });

  it("goes on when a transfer needs more requests than the queue has", () => {
    world.device.queueLimit = 4; // chains of 4: two segments each
    world.disk.start();
    world.platform.segmentBytes = 512;
    world.device.serving = Serving.whilePolling;
    world.pattern(0, 64 * 512, 1);
    expect(transfer(RequestType.write, 0, 64 * 512)).toBe(Status.Ok);
    expect(world.differences(0, 64 * 512, 0)).toBe(0);
    expect(world.device.served).toBe(32);
    expect(world.device.longestChain).toBe(4);
  });

  it("works without indirect descriptors", () => {
    world.device.offered &= ~(1 << 28);
    world.disk.start();
    expect(world.disk.queues.slotCount).toBe(16);
    world.pattern(0, 300 * 512, 1);
    expect(transfer(RequestType.write, 7, 300 * 512)).toBe(Status.Ok);
    expect(world.differences(0, 300 * 512, 7)).toBe(0);
    expect(world.device.longestChain).toBe(13); // halved twice to fit 16
    expect(world.device.served).toBe(4);
    expect(world.device.violations).toBe(0);
  });

  it("refuses what lies beyond the end, at every edge", () => {
    expect(transfer(RequestType.read, diskSectors - 1, 512)).toBe(Status.Ok);
    expect(transfer(RequestType.read, diskSectors - 1, 1024)).toBe(Status.OutOfRange);
    expect(transfer(RequestType.read, diskSectors, 512)).toBe(Status.OutOfRange);
    expect(transfer(RequestType.write, u64.MAX_VALUE, 512)).toBe(Status.OutOfRange);
    expect(transfer(RequestType.write, u64.MAX_VALUE - 1, 1024)).toBe(Status.OutOfRange);
    expect(world.device.served).toBe(1);
  });

  it("refuses lengths that are no sectors, and takes none", () => {
    expect(transfer(RequestType.read, 0, 511)).toBe(Status.InvalidArgument);
    expect(transfer(RequestType.read, 0, 513)).toBe(Status.InvalidArgument);
    expect(transfer(RequestType.read, 0, 0)).toBe(Status.Ok);
    expect(world.device.served).toBe(0);
  });

  it("hands up what the kernel says about the lease", () => {
    world.lendBuffer(0, 1024);
    expect(transfer(RequestType.read, 0, 2048)).toBe(Status.OutOfRange);
    world.platform.revoke(bufferHandle);
    expect(transfer(RequestType.read, 0, 512)).toBe(Status.InvalidHandle);
    world.lendBuffer(0, 1024);
    expect(transfer(RequestType.read, 0, 1024)).toBe(Status.Ok);
  });

  it("refuses memory that no chain can carry", () => {
    world.device.segmentMaximum = 1;
    world.disk.start();
    world.platform.segmentBytes = 256;
    expect(transfer(RequestType.read, 0, 512)).toBe(Status.InvalidArgument);
    world.platform.segmentBytes = 512;
    expect(transfer(RequestType.read, 0, 2048)).toBe(Status.Ok);
    expect(world.device.served).toBe(4);
  });
});

describe("flush, read only, identity", () => {
  beforeEach(() => { world = new World().start(); });

  it("flushes", () => {
    expect(world.disk.flush()).toBe(Status.Ok);
    expect(world.device.flushes).toBe(1);
    expect(world.disk.statistics.flushes).toBe(1);
  });

  it("promises nothing when the device cannot flush", () => {
    world.device.offered &= ~(1 << 9);
    world.disk.start();
    expect(world.disk.flush()).toBe(Status.NotDurable);
    expect(world.device.served).toBe(0);
  });

  it("writes nothing to a device that is read only", () => {
    world.device.offered |= 1 << 5;
    world.disk.start();
    expect(transfer(RequestType.write, 0, 512)).toBe(Status.ReadOnly);
    expect(transfer(RequestType.read, 0, 512)).toBe(Status.Ok);
  });

  it("copies the identity, as much as fits", () => {
    expect(world.disk.identify(bufferHandle, 20)).toBe(7);
    expect(load<u32>(bufferAddress())).toBe(0x44434241);
    memory.fill(bufferAddress(), 0, 20);
    expect(world.disk.identify(bufferHandle, 3)).toBe(3);
    expect(load<u32>(bufferAddress())).toBe(0x00434241);
  });
});

describe("waiting", () => {
  beforeEach(() => { world = new World().start(); });

  it("polls before it sleeps, with a host call in each turn", () => {
    world.device.serving = Serving.whilePolling;
    expect(transfer(RequestType.read, 0, 512)).toBe(Status.Ok);
    expect(world.platform.sleeps).toBe(0);
    expect(world.platform.relaxes).toBe(1);
  });

  it("sleeps until the interrupt and acknowledges it", () => {
    world.device.serving = Serving.whileAsleep;
    expect(transfer(RequestType.read, 0, 512)).toBe(Status.Ok);
    expect(world.platform.sleeps).toBe(1);
    expect(world.platform.acknowledgements).toBe(2); // at bring-up, and after the sleep
    expect(world.disk.statistics.interrupts).toBe(1);
    for (let count = 0; count < 5; count++) expect(transfer(RequestType.read, 0, 512)).toBe(Status.Ok);
    expect(world.disk.statistics.interrupts).toBe(6); // each was asked for anew
  });

  it("loses no wake-up that comes just before the interrupt is asked for", () => {
    transfer(RequestType.read, 0, 512);
    world.device.serving = Serving.never;
    world.platform.fencesUntilServing = 2; // the first belongs to the doorbell, the second to the wish
    expect(transfer(RequestType.read, 0, 512)).toBe(Status.Ok);
    expect(world.platform.sleeps).toBe(0);
  });

  it("polls less and less when it does not pay", () => {
    world.device.serving = Serving.whileAsleep;
    for (let count = 0; count < 20; count++) transfer(RequestType.read, 0, 512);
    const before = world.platform.relaxes;
    transfer(RequestType.read, 0, 512);
    expect(world.platform.relaxes - before).toBe(16);
  });

  it("survives a lost interrupt: the ring is looked at after each second", () => {
    world.device.serving = Serving.whileAsleep;
    world.platform.losesInterrupts = true;
    expect(transfer(RequestType.read, 0, 512)).toBe(Status.Ok);
    expect(world.platform.sleeps).toBe(1);
    expect(world.disk.statistics.resets).toBe(0);
  });

  it("asks for no interrupt that nobody waits for", () => {
    transfer(RequestType.read, 0, 512);
    const before = world.device.interrupts;
    for (let count = 0; count < 10; count++) transfer(RequestType.read, 0, 512);
    expect(world.device.interrupts).toBe(before);
  });
});

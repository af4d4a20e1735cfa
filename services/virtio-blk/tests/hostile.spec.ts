// A device that breaks the rules, one at a time: the request is answered, the breach counted, and the driver works on.
import { Transfer } from "../../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { RequestType } from "../virtio";
import { Hostility, Serving } from "./fake-device";
import { bufferAddress, bufferBytes, bufferHandle, grantHandle, World } from "./world";

let world: World = new World();

function read(length: u32 = 1024): u32 { return world.disk.transfer(RequestType.read, 0, bufferHandle, length); }

/** One hostile completion, then an honest one. Answers the first status. */
function provoke(hostility: u32): u32 {
  world.device.hostility = hostility;
  const status = read();
  world.device.hostility = Hostility.none;
  return status;
}

function expectReset(hostility: u32): void {
  expect(provoke(hostility)).toBe(Status.DeviceError);
  expect(world.disk.statistics.breaches).toBe(1, "breaches");
  expect(world.disk.statistics.resets).toBe(1, "resets");
  expect(read()).toBe(Status.Ok, "after the reset");
}

function expectOnlyRefused(hostility: u32, breaches: u64): void {
  expect(provoke(hostility)).toBe(Status.DeviceError);
  expect(world.disk.statistics.breaches).toBe(breaches, "breaches");
  expect(world.disk.statistics.errors).toBeGreaterThan(0, "errors");
  expect(world.disk.statistics.resets).toBe(0, "resets");
  expect(read()).toBe(Status.Ok, "afterwards");
}

describe("hostile completions", () => {
  beforeEach(() => { world = new World().start(); });

  it("resets for an id beyond the queue", () => { expectReset(Hostility.idBeyondQueue); });
  it("resets for an id with high bits", () => { expectReset(Hostility.enormousId); });
  it("resets for an id that is not in flight", () => { expectReset(Hostility.idNotInFlight); });
  it("resets for an index that jumps", () => { expectReset(Hostility.indexJump); });

  it("resets for an id between the heads of direct chains", () => {
    world.device.offered &= ~(1 << 28);
    world.disk.start();
    expectReset(Hostility.idNotInFlight);
  });

  it("takes an id once, however often it is said", () => {
    // Two requests, of which the first is answered twice: as many entries as are in flight, so only the ids tell.
    expect(world.disk.grants.attach(grantHandle, bufferBytes)).toBe(0);
    world.device.serving = Serving.never;
    world.request(Transfer.read, 1, 0, 0, 0, 512);
    world.request(Transfer.read, 2, 1, 0, 512, 512);
    expect(world.submit()).toBe(Status.Ok);
    world.device.hostility = Hostility.sameIdTwice;
    world.device.serve();
    expect(world.reap()).toBe(2);
    expect(world.disk.statistics.resets).toBe(1);
    expect(world.status(1)).toBe(Status.DeviceError);
  });

  it("refuses a length beyond the memory", () => { expectOnlyRefused(Hostility.longLength, 1); });
  it("refuses a status that is none", () => { expectOnlyRefused(Hostility.badStatus, 1); });
  it("resets for a status byte that was not written: the device may be at it still", () => { expectReset(Hostility.untouchedStatus); });
  it("believes no success with less data than asked for", () => { expectOnlyRefused(Hostility.shortLength, 0); });
  it("hands up a device's error", () => { expectOnlyRefused(Hostility.ioError, 0); });

  it("hands up that the device does not know an operation", () => {
    world.device.hostility = Hostility.unsupported;
    expect(world.disk.identify(bufferHandle, 20)).toBe(-<i32>Status.Unsupported);
  });

  it("does not let a flush claim to have written memory", () => {
    world.device.hostility = Hostility.longLength;
    expect(world.disk.flush()).toBe(Status.DeviceError);
    expect(world.disk.statistics.flushes).toBe(0);
  });

  it("answers one piece's failure for the whole transfer, when nothing of it is in flight", () => {
    world.platform.segmentBytes = 512;
    world.device.serving = Serving.whilePolling;
    world.device.hostility = Hostility.ioError;
    expect(read(512 * 1024)).toBe(Status.DeviceError);
    expect(world.disk.engine.slots.inFlightCount).toBe(0);
    expect(world.disk.statistics.reads).toBe(0);
  });
});

describe("silent devices", () => {
  beforeEach(() => { world = new World().start(); });

  it("gives up after 30 seconds, resets, and works on", () => {
    world.device.serving = Serving.never;
    const before = world.platform.time;
    expect(read()).toBe(Status.TimedOut);
    const seconds = (world.platform.time - before) / 1_000_000_000;
    expect(seconds).toBeGreaterThan(29);
    expect(seconds).toBeLessThan(33);
    expect(world.disk.statistics.resets).toBe(1);
    world.device.serving = Serving.atDoorbell;
    expect(read()).toBe(Status.Ok);
  });

  it("notices that the device stopped by itself", () => {
    const before = world.platform.time;
    expect(provoke(Hostility.stopsItself)).toBe(Status.DeviceError);
    expect((world.platform.time - before) / 1_000_000_000).toBeLessThan(3);
    expect(read()).toBe(Status.Ok);
  });

  it("ends the driver rather than answer while an unconfirmed reset leaves lent memory within the device's reach", () => {
    world.device.serving = Serving.never;
    world.device.resetHangs = true;
    expect(() => { read(); }).toThrow("the kernel has to take the memory away");
    expect(world.platform.lastNote).toBe("the device does not answer a reset");
  });

  it("ends the driver when the device was pulled out with requests in flight, without waiting for a reset", () => {
    world.device.serving = Serving.never;
    world.device.absent = true;
    world.device.resetHangs = true;
    expect(() => { read(); }).toThrow("the kernel decides whether the device is out of reach");
    expect(world.platform.lastNote).toBe("there is no device");
  });

  it("is gone for good when it does not come up after a reset", () => {
    world.device.serving = Serving.never;
    world.device.refusesFeatures = true;
    expect(read()).toBe(Status.DeviceGone);
    expect(read()).toBe(Status.DeviceGone);
    expect(read(0)).toBe(Status.DeviceGone);
    expect(read(1)).toBe(Status.DeviceGone);
    expect(world.disk.flush()).toBe(Status.DeviceGone);
    expect(world.disk.identify(bufferHandle, 20)).toBe(-<i32>Status.DeviceGone);
    expect(world.batches.submit(0, 2, 0, 7)).toBe(Status.DeviceGone);
    expect(world.device.served).toBe(0);
  });

  it("begins nothing on a device that went while the transfer waited for room", () => {
    world.disk.grants.attach(grantHandle, bufferBytes);
    world.device.serving = Serving.never;
    world.device.refusesFeatures = true;
    for (let index: u32 = 0; index < 256; index++) world.request(Transfer.read, index, 0, 0, 0, 512);
    expect(world.submit()).toBe(Status.Ok);
    const before = world.platform.segmentCalls;
    expect(read()).toBe(Status.DeviceGone);
    expect(world.platform.segmentCalls).toBe(before);
  });

  it("ends a storm of interrupts although no time passes", () => {
    world.device.serving = Serving.never;
    world.platform.storm = true;
    expect(read()).toBe(Status.TimedOut);
    expect(world.platform.sleeps).toBeLessThan(200_000);
  });

  it("ends what was in flight in batches with it", () => {
    world.disk.grants.attach(grantHandle, bufferBytes);
    world.device.serving = Serving.never;
    world.request(Transfer.read, 11, 0, 0, 0, 512);
    expect(world.submit()).toBe(Status.Ok);
    expect(world.disk.grants.detach(0)).toBe(Status.Busy);
    expect(read()).toBe(Status.TimedOut);
    expect(world.reap()).toBe(1);
    expect(world.tag(0)).toBe(11);
    expect(world.status(0)).toBe(Status.TimedOut);
    expect(world.disk.grants.detach(0)).toBe(Status.Ok);
  });

  it("does not read memory that the device may still change", () => {
    // The queue's memory is cleared by a reset only; a late answer under an old id finds nothing in flight.
    world.device.serving = Serving.never;
    expect(read()).toBe(Status.TimedOut);
    memory.fill(bufferAddress(), 0xee, 512);
    world.device.serve();
    expect(load<u8>(bufferAddress())).toBe(0xee);
  });
});

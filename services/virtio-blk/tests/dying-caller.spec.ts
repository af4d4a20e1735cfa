// A domain that waits for the driver is dying: nothing may be slept for. What ends soon ends well, what does not ends with the device's
// state and `Cancelled`, and after the answer nothing is written to lent memory.
import { Transfer } from "../../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { RequestType } from "../virtio";
import { Serving } from "./fake-device";
import { bufferAddress, bufferBytes, bufferHandle, grantHandle, World } from "./world";

let world: World = new World();

function read(length: u32 = 1024): u32 { return world.disk.transfer(RequestType.read, 0, bufferHandle, length); }

describe("a caller that is dying", () => {
  beforeEach(() => {
    world = new World().start();
    world.device.serving = Serving.never;
    world.platform.callerIsDying = true;
  });

  it("gets what the device answers soon", () => {
    // Beyond what is polled for before every sleep.
    world.platform.relaxesUntilServing = 5000;
    expect(read()).toBe(Status.Ok);
    expect(world.platform.cancelled).toBeGreaterThan(0);
    expect(world.platform.sleeps).toBe(0);
    expect(world.disk.statistics.resets).toBe(0);
  });

  it("gets Cancelled after 200 ms, and the device is reset", () => {
    const before = world.platform.time;
    expect(read()).toBe(Status.Cancelled);
    const milliseconds = (world.platform.time - before) / 1_000_000;
    expect(milliseconds).toBeGreaterThan(190);
    expect(milliseconds).toBeLessThan(260);
    expect(world.disk.statistics.resets).toBe(1);
    expect(world.disk.engine.slots.inFlightCount).toBe(0);
    memory.fill(bufferAddress(), 0xee, 1024);
    world.device.serve();
    expect(load<u8>(bufferAddress())).toBe(0xee, "the device has forgotten the request");
  });

  it("has the same 200 ms for all pieces of a transfer", () => {
    world.platform.segmentBytes = 512;
    const before = world.platform.time;
    expect(world.disk.transfer(RequestType.write, 0, bufferHandle, 1024 * 1024)).toBe(Status.Cancelled);
    expect((world.platform.time - before) / 1_000_000).toBeLessThan(260);
  });

  it("leaves a driver that serves the next caller, with its patience anew", () => {
    expect(read()).toBe(Status.Cancelled);
    world.disk.engine.rest();
    world.platform.relaxesUntilServing = 5000;
    expect(read()).toBe(Status.Ok);
    world.disk.engine.rest();
    world.platform.callerIsDying = false;
    world.device.serving = Serving.whileAsleep;
    expect(read()).toBe(Status.Ok);
  });

  it("has a flush answered Cancelled too: nobody knows whether it was done", () => {
    expect(world.disk.flush()).toBe(Status.Cancelled);
    expect(world.disk.statistics.flushes).toBe(0);
  });

  it("ends what others have in flight with the same status: it has to be asked for again", () => {
    world.disk.grants.attach(grantHandle, bufferBytes);
    world.request(Transfer.read, 7, 0, 0, 0, 512);
    expect(world.submit()).toBe(Status.Ok);
    expect(read()).toBe(Status.Cancelled);
    expect(world.reap()).toBe(1);
    expect(world.status(0)).toBe(Status.Cancelled);
  });

  it("ends also what waits for room, with one reset", () => {
    world.device.queueLimit = 4;
    world.disk.start();
    world.disk.grants.attach(grantHandle, bufferBytes);
    for (let index: u32 = 0; index < 40; index++) world.request(Transfer.read, index, index * 2, 0, 0, 512);
    expect(world.submit()).toBe(Status.Ok);
    world.batches.awaitCompletions(40);
    expect(world.disk.statistics.resets).toBe(1);
    expect(world.reap()).toBe(40);
    for (let index: u32 = 0; index < 40; index++) expect(world.status(index)).toBe(Status.Cancelled);
  });

  it("does not cut the time of a reset short", () => {
    world.device.resetHangs = true;
    const before = world.platform.time;
    expect(() => { read(); }).toThrow("an unconfirmed reset ends the driver");
    expect((world.platform.time - before) / 1_000_000).toBeGreaterThan(1100);
  });
});

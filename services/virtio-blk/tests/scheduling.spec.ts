// What becomes of batches on their way to the device: merging, waiting, order, classes, flushes and barriers, and what
// happens to those that wait when the device is reset or changes.
import { RequestFlag, Transfer } from "../../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { RequestType } from "../virtio";
import { Hostility, Serving } from "./fake-device";
import { lendRead, lendWrite } from "./fake-platform";
import { bufferAddress, bufferBytes, bufferHandle, grantHandle, World } from "./world";

let world: World = new World();

/** A driver over a queue of `queueLimit` that answers nothing yet. */
function begin(queueLimit: u32 = 256, segmentMaximum: u32 = 254): void {
  world = new World();
  world.device.queueLimit = queueLimit;
  world.device.segmentMaximum = segmentMaximum;
  world.start();
  assert(world.disk.grants.attach(grantHandle, bufferBytes) == 0);
  world.device.serving = Serving.never;
}

/** Let the device serve one by one, the driver looking after each, until nothing runs. */
/** The device fails the request that it has, and serves what comes after it. */
function expectFirstToFailAlone(): void {
  world.device.hostility = Hostility.ioError;
  world.device.serve();
  world.device.hostility = Hostility.none;
  finish();
  expect(world.reap()).toBe(2);
  expect(world.status(0)).toBe(Status.DeviceError);
  expect(world.status(1)).toBe(Status.Ok);
}

function finish(): void {
  for (let turn: u32 = 0; turn < 4096 && world.disk.engine.operations.runningCount != 0; turn++) {
    world.device.serve(1);
    world.disk.interrupted();
  }
}

function submitAll(): void {
  assert(world.submit() == Status.Ok, "the batch must be accepted");
}

describe("merging", () => {
  beforeEach(() => { begin(); });

  it("makes one request of neighbours on the disk, with a completion for each", () => {
    world.pattern(0, 8 * 4096, 3);
    // The memory is in another order than the disk.
    for (let index: u32 = 0; index < 8; index++) world.request(Transfer.write, 10 + index, 100 + index * 8, 0, (7 - index) * 4096, 4096);
    submitAll();
    finish();
    expect(world.device.served).toBe(1);
    expect(world.device.lengths[0]).toBe(8 * 4096);
    expect(world.reap()).toBe(8);
    for (let index: u32 = 0; index < 8; index++) {
      expect(world.tag(index)).toBe(10 + index);
      expect(world.status(index)).toBe(Status.Ok);
      expect(world.length(index)).toBe(4096);
      expect(world.differences((7 - index) * 4096, 4096, 100 + index * 8)).toBe(0);
    }
    expect(world.disk.statistics.merged).toBe(7);
    expect(world.disk.statistics.writes).toBe(8);
    expect(world.disk.statistics.writtenBytes).toBe(8 * 4096);
    expect(world.device.violations).toBe(0);
    for (let index: u32 = 0; index < 8; index++) world.request(Transfer.read, 30 + index, 100 + index * 8, 0, 65536 + index * 4096, 4096);
    submitAll();
    finish();
    expect(world.device.served).toBe(2);
    expect(world.reap()).toBe(8);
    expect(world.differences(65536, 8 * 4096, 100)).toBe(0);
    expect(world.disk.grants.detach(0)).toBe(Status.Ok);
  });

  it("keeps apart what differs in direction or class, leaves a gap, overlaps, or is no transfer", () => {
    world.request(Transfer.read, 0, 0, 0, 0, 512);
    world.request(Transfer.write, 1, 1, 0, 512, 512);
    world.request(Transfer.write, 2, 2, 0, 512, 512, RequestFlag.background);
    world.request(Transfer.write, 3, 4, 0, 512, 512, RequestFlag.background);
    world.request(Transfer.write, 4, 4, 0, 512, 512, RequestFlag.background);
    world.request(Transfer.write, 5, 3, 0, 512, 512, RequestFlag.background);
    world.request(Transfer.read, 6, 8, 0, 1024, 512);
    world.request(Transfer.flush, 7, 0, 0, 0, 0);
    world.request(Transfer.read, 8, 10, 0, 1024, 512);
    submitAll();
    finish();
    expect(world.reap()).toBe(9);
    expect(world.device.served).toBe(9);
    expect(world.disk.statistics.merged).toBe(0);
  });

  it("does not join what another batch or a synchronous call has sent", () => {
    world.request(Transfer.read, 0, 0, 0, 0, 512);
    submitAll();
    world.request(Transfer.read, 1, 1, 0, 512, 512);
    submitAll();
    finish();
    expect(world.device.served).toBe(2);
    world.device.serving = Serving.whilePolling;
    expect(world.disk.transfer(RequestType.read, 2, bufferHandle, 512)).toBe(Status.Ok);
    world.device.serving = Serving.never;
    world.request(Transfer.read, 2, 3, 0, 512, 512);
    submitAll();
    finish();
    expect(world.device.served).toBe(4);
    expect(world.reap()).toBe(3);
  });

  it("stays below the longest run, the most segments and the longest segment", () => {
    for (let index: u32 = 0; index < 100; index++) world.request(Transfer.read, index, index * 8, 0, index * 4096, 4096);
    submitAll();
    finish();
    expect(world.reap()).toBe(100);
    expect(world.device.lengths[0]).toBe(1 << 18);
    expect(world.device.served).toBe(2);
    begin(256, 6);
    for (let index: u32 = 0; index < 9; index++) world.request(Transfer.read, index, index * 8, 0, index * 8192 + 100, 4096); // two pages each
    submitAll();
    finish();
    expect(world.reap()).toBe(9);
    expect(world.device.served).toBe(3);
    expect(world.device.longestChain).toBe(8);
    begin(256, 6);
    world.device.offered |= 1 << 1; // SIZE_MAX
    world.device.segmentBytesMaximum = 2048;
    world.disk.start();
    for (let index: u32 = 0; index < 9; index++) world.request(Transfer.write, index, index * 8, 0, index * 4096, 4096);
    world.pattern(0, 9 * 4096, 9);
    submitAll();
    finish();
    expect(world.reap()).toBe(9);
    expect(world.device.served).toBe(3);
    expect(world.device.longestSegment).toBe(2048);
    expect(world.differences(0, 9 * 4096, 0)).toBe(0);
    expect(world.device.violations).toBe(0);
  });

  it("sends what does not fit the run by itself, and the run is whole", () => {
    begin(256, 6);
    world.platform.segmentBytes = 512; // more places than pages
    world.pattern(0, 65536, 4);
    world.request(Transfer.write, 0, 0, 0, 0, 2048);
    world.request(Transfer.write, 1, 4, 0, 8192, 2048);
    world.request(Transfer.write, 2, 8, 0, 16384, 1024);
    submitAll();
    finish();
    expect(world.reap()).toBe(3);
    expect(world.device.served).toBe(2);
    expect(world.device.lengths[0]).toBe(2048);
    expect(world.device.lengths[1]).toBe(3072);
    expect(world.differences(0, 2048, 0) + world.differences(8192, 2048, 4) + world.differences(16384, 1024, 8)).toBe(0);
    expect(world.device.violations).toBe(0);
  });

  it("gives the error of a run to all of it, and to nobody else", () => {
    for (let index: u32 = 0; index < 4; index++) world.request(Transfer.read, index, index, 0, index * 512, 512);
    world.request(Transfer.read, 9, 1000, 0, 8192, 512);
    submitAll();
    world.device.hostility = Hostility.ioError;
    world.device.serve(1);
    world.device.hostility = Hostility.none;
    finish();
    expect(world.reap()).toBe(5);
    for (let index: u32 = 0; index < 4; index++) {
      expect(world.status(index)).toBe(Status.DeviceError);
      expect(world.length(index)).toBe(0);
    }
    expect(world.status(4)).toBe(Status.Ok);
    expect(world.disk.statistics.errors).toBe(1);
    expect(world.disk.grants.detach(0)).toBe(Status.Ok);
  });

  it("believes no success that leaves out a part of the run", () => {
    for (let index: u32 = 0; index < 4; index++) world.request(Transfer.read, index, index, 0, index * 512, 512);
    submitAll();
    world.device.hostility = Hostility.shortLength;
    finish();
    expect(world.reap()).toBe(4);
    for (let index: u32 = 0; index < 4; index++) expect(world.status(index)).toBe(Status.DeviceError);
  });

  it("fails a request whose grant is gone alone, in the middle of a run", () => {
    world.platform.lend(50, bufferAddress() + 65536, 8192, lendRead | lendWrite);
    const other = u32(world.disk.grants.attach(50, 8192));
    world.request(Transfer.read, 1, 0, 0, 0, 512);
    world.request(Transfer.read, 2, 1, other, 0, 512);
    world.request(Transfer.read, 3, 1, 0, 512, 512);
    world.platform.revoke(50);
    submitAll();
    finish();
    expect(world.reap()).toBe(3);
    expect(world.status(0)).toBe(Status.InvalidHandle);
    expect(world.tag(0)).toBe(2);
    expect(world.status(1)).toBe(Status.Ok);
    expect(world.status(2)).toBe(Status.Ok);
    expect(world.device.served).toBe(1);
    expect(world.device.lengths[0]).toBe(1024);
    expect(world.differences(0, 1024, 0)).toBe(0);
    expect(world.device.violations).toBe(0);
  });
});

describe("waiting", () => {
  it("starts in the order of the disk, neighbours together", () => {
    begin(4, 2); // two segments a request
    for (let index: u32 = 0; index < 4; index++) world.request(Transfer.read, index, 8000 - index * 2, 0, index * 512, 512);
    for (let index: u32 = 0; index < 8; index++) world.request(Transfer.read, 10 + index, u64(700 - index), 0, 8192 + index * 512, 512);
    submitAll();
    expect(world.disk.engine.dispatcher.waitingCount).toBe(8);
    expect(world.disk.grants.detach(0)).toBe(Status.Busy);
    finish();
    expect(world.device.served).toBe(8);
    for (let index: u32 = 0; index < 4; index++) {
      expect(world.device.sectors[4 + index]).toBe(693 + index * 2);
      expect(world.device.lengths[4 + index]).toBe(1024);
    }
    expect(world.reap()).toBe(12);
    expect(world.disk.statistics.merged).toBe(4);
    expect(world.disk.statistics.waited).toBe(8);
    expect(world.disk.engine.dispatcher.waitingCount).toBe(0);
    expect(world.disk.grants.detach(0)).toBe(Status.Ok);
  });

  it("gives the background one start of eight while both wait, and all when it is alone", () => {
    begin(4, 2);
    for (let index: u32 = 0; index < 4; index++) world.request(Transfer.read, index, 0, 0, 0, 512);
    for (let index: u32 = 0; index < 21; index++) {
      world.request(Transfer.read, 100 + index, 1000 + index * 2, 0, 0, 512, RequestFlag.background);
      world.request(Transfer.read, 200 + index, 5000 + index * 2, 0, 0, 512);
    }
    submitAll();
    finish();
    expect(world.reap()).toBe(46);
    let background: u32 = 0;
    for (let index: u32 = 0; index < 24; index++) {
      const isBackground = world.device.sectors[4 + index] < 5000;
      background += u32(isBackground);
      expect(isBackground).toBe(index % 8 == 7);
    }
    expect(background).toBe(3);
    for (let index: u32 = 24; index < 42; index++) expect(world.device.sectors[4 + index]).toBeLessThan(5000);
  });

  it("lets a synchronous call go first", () => {
    begin(4, 2);
    for (let index: u32 = 0; index < 40; index++) world.request(Transfer.read, index, 100 + index * 2, 0, 0, 512);
    submitAll();
    world.device.serving = Serving.whileAsleep;
    expect(world.disk.transfer(RequestType.read, 7000, bufferHandle, 512)).toBe(Status.Ok);
    expect(world.device.sectors[4]).toBe(7000);
    expect(world.device.served).toBe(8); // and what waits goes on meanwhile
    expect(world.disk.flush()).toBe(Status.Ok);
    finish();
    expect(world.reap()).toBe(40);
  });

  it("starts what waits after a reset that something else was the reason of", () => {
    begin(4, 2);
    world.pattern(0, 40 * 512, 77);
    for (let index: u32 = 0; index < 40; index++) world.request(Transfer.write, index, index * 2, 0, index * 512, 512);
    submitAll();
    world.device.hostility = Hostility.idNotInFlight;
    world.device.serve(1);
    world.device.hostility = Hostility.none;
    finish();
    expect(world.disk.statistics.resets).toBe(1);
    expect(world.reap()).toBe(40);
    let failed: u32 = 0;
    for (let index: u32 = 0; index < 40; index++) {
      if (world.status(index) == Status.Ok) expect(world.differences(world.tag(index) * 512, 512, world.tag(index) * 2)).toBe(0);
      else { expect(world.status(index)).toBe(Status.DeviceError); failed++; }
    }
    expect(failed).toBeGreaterThan(0);
    expect(failed).toBeLessThan(5);
    expect(world.disk.grants.detach(0)).toBe(Status.Ok);
  });

  it("ends what waits with the device's silence: nobody waits twice", () => {
    begin(4, 2);
    for (let index: u32 = 0; index < 40; index++) world.request(Transfer.write, index, index * 2, 0, 0, 512);
    world.request(Transfer.flush, 90, 0, 0, 0, 0, RequestFlag.barrier);
    world.request(Transfer.read, 91, 0, 0, 0, 512);
    submitAll();
    expect(world.reap()).toBe(0);
    world.platform.time += 31_000_000_000;
    expect(world.reap()).toBe(42);
    for (let index: u32 = 0; index < 42; index++) expect(world.status(index)).toBe(Status.TimedOut);
    expect(world.disk.statistics.timeOuts).toBe(1);
    expect(world.disk.grants.detach(0)).toBe(Status.Ok);
    world.device.serving = Serving.atDoorbell;
    world.request(Transfer.flush, 1, 0, 0, 0, 0);
    submitAll();
    expect(world.reap()).toBe(1);
    expect(world.status(0)).toBe(Status.Ok);
  });

  it("ends what waits when the device does not come back", () => {
    begin(4, 2);
    for (let index: u32 = 0; index < 40; index++) world.request(Transfer.read, index, index * 2, 0, 0, 512);
    submitAll();
    world.device.refusesFeatures = true;
    world.device.hostility = Hostility.idNotInFlight;
    world.device.serve(1);
    world.disk.interrupted();
    expect(world.reap()).toBe(40);
    for (let index: u32 = 0; index < 40; index++) expect(world.status(index)).toBe(Status.DeviceGone);
    expect(world.disk.engine.dispatcher.waitingCount).toBe(0);
  });

  it("judges what waited by the device as it is then", () => {
    begin(4, 2);
    for (let index: u32 = 0; index < 4; index++) world.request(Transfer.read, index, 0, 0, 0, 512);
    world.request(Transfer.read, 10, 5000, 0, 0, 512);
    world.request(Transfer.write, 11, 6, 0, 0, 512);
    submitAll();
    world.device.capacity = 4096;
    world.device.generation++;
    world.disk.interrupted(); // an interrupt without work: a look at the configuration
    finish();
    expect(world.reap()).toBe(6);
    for (let index: u32 = 0; index < 6; index++) expect(world.status(index)).toBe(world.tag(index) == 10 ? Status.OutOfRange : Status.Ok);
    expect(world.device.served).toBe(5);
  });

  it("fails a request alone whose grant goes while it waits", () => {
    begin(4, 2);
    world.platform.lend(50, bufferAddress() + 65536, 8192, lendRead | lendWrite);
    const other = u32(world.disk.grants.attach(50, 8192));
    for (let index: u32 = 0; index < 4; index++) world.request(Transfer.read, index, 0, 0, 0, 512);
    world.request(Transfer.read, 10, 20, 0, 0, 512);
    world.request(Transfer.read, 11, 21, other, 0, 512);
    world.request(Transfer.read, 12, 22, 0, 0, 512);
    submitAll();
    world.platform.revoke(50);
    finish();
    expect(world.reap()).toBe(7);
    let failed: u32 = 0;
    for (let index: u32 = 0; index < 7; index++) {
      if (world.status(index) == Status.Ok) continue;
      failed++;
      expect(world.tag(index)).toBe(11);
      expect(world.status(index)).toBe(Status.InvalidHandle);
    }
    expect(failed).toBe(1);
  });

  it("ends a request once that a reset hits when half of it has begun", () => {
    begin(4, 2);
    world.platform.segmentBytes = 512;
    world.request(Transfer.write, 1, 0, 0, 0, 8192); // eight pieces, four fit
    world.request(Transfer.write, 2, 64, 0, 8192, 512);
    submitAll();
    expect(world.disk.engine.slots.inFlightCount).toBe(4);
    world.device.hostility = Hostility.idNotInFlight;
    world.device.serve(1);
    world.device.hostility = Hostility.none;
    finish();
    expect(world.reap()).toBe(2);
    expect(world.tag(0)).toBe(1);
    expect(world.status(0)).toBe(Status.DeviceError);
    expect(world.status(1)).toBe(Status.Ok);
    expect(world.device.served).toBe(3); // two before the driver looked, then the other request: nothing more of the first was begun
    expect(world.disk.grants.detach(0)).toBe(Status.Ok);
  });
});

describe("flush in a batch", () => {
  beforeEach(() => { begin(); });

  it("starts when all changes before it have ended, and not later", () => {
    world.request(Transfer.write, 1, 0, 0, 0, 512);
    world.request(Transfer.writeZeroes, 2, 100, 0, 0, 512);
    world.request(Transfer.flush, 3, 0, 0, 0, 0);
    world.request(Transfer.write, 4, 200, 0, 0, 512);
    world.request(Transfer.flush, 5, 0, 0, 0, 0);
    world.request(Transfer.read, 6, 300, 0, 0, 512);
    world.device.offered |= 1 << 14;
    world.disk.start();
    submitAll();
    expect(world.disk.engine.slots.inFlightCount).toBe(4);
    finish();
    expect(world.reap()).toBe(6);
    let writes: u32 = 0, flushes: u32 = 0;
    for (let index: u32 = 0; index < 6; index++) {
      const type = world.device.types[index];
      if (type == RequestType.write || type == RequestType.writeZeroes) writes++;
      if (type != RequestType.flush) continue;
      flushes++;
      // In order of service, one by one, all three changes come before both flushes here.
      expect(writes).toBeGreaterThan(flushes);
    }
    expect(flushes).toBe(2);
  });

  it("waits for a write that ends last, across batches", () => {
    world.request(Transfer.write, 1, 0, 0, 0, 512);
    submitAll();
    world.request(Transfer.flush, 2, 0, 0, 0, 0);
    submitAll();
    world.request(Transfer.read, 3, 50, 0, 0, 512);
    submitAll();
    expect(world.disk.engine.slots.inFlightCount).toBe(2);
    expect(world.disk.engine.dispatcher.waitingCount).toBe(1);
    world.device.serve();
    expect(world.device.flushes).toBe(0);
    world.disk.interrupted();
    world.device.serve();
    expect(world.device.flushes).toBe(1);
    world.disk.interrupted();
    expect(world.reap()).toBe(3);
    expect(world.tag(2)).toBe(2);
  });

  it("is not overtaken by what comes when it may start", () => {
    begin(4, 2);
    world.request(Transfer.write, 1, 0, 0, 0, 512);
    world.request(Transfer.flush, 2, 0, 0, 0, 0);
    submitAll();
    world.device.serve();
    for (let index: u32 = 0; index < 8; index++) world.request(Transfer.read, 10 + index, 100 + index * 2, 0, 0, 512);
    submitAll();
    world.device.serve();
    expect(world.device.types[1]).toBe(RequestType.flush);
    finish();
    expect(world.reap()).toBe(10);
  });

  it("starts at once when only reads run", () => {
    world.request(Transfer.read, 1, 0, 0, 0, 512);
    world.request(Transfer.flush, 2, 0, 0, 0, 0);
    submitAll();
    expect(world.disk.engine.slots.inFlightCount).toBe(2);
    finish();
    expect(world.reap()).toBe(2);
  });

  it("follows also writes that failed", () => {
    world.request(Transfer.write, 1, 0, 0, 0, 512);
    world.request(Transfer.flush, 2, 0, 0, 0, 0);
    submitAll();
    expectFirstToFailAlone();
  });

  it("holds what is accepted after a barrier until it has ended, up to the next", () => {
    world.request(Transfer.write, 1, 0, 0, 0, 512);
    world.request(Transfer.flush, 2, 0, 0, 0, 0, RequestFlag.barrier);
    world.request(Transfer.read, 3, 10, 0, 0, 512);
    world.request(Transfer.flush, 4, 0, 0, 0, 0, RequestFlag.barrier);
    world.request(Transfer.write, 5, 20, 0, 0, 512);
    world.request(Transfer.flush, 6, 0, 0, 0, 0);
    submitAll();
    world.request(Transfer.read, 7, 30, 0, 0, 512);
    submitAll();
    expect(world.disk.engine.slots.inFlightCount).toBe(1);
    world.device.serve();
    world.disk.interrupted();
    expect(world.disk.engine.slots.inFlightCount).toBe(1); // the barrier alone
    world.device.serve();
    world.disk.interrupted();
    expect(world.disk.engine.slots.inFlightCount).toBe(2); // the read, and the second barrier, which nothing changed before
    finish();
    expect(world.reap()).toBe(7);
    expect(world.device.types[0]).toBe(RequestType.write);
    expect(world.device.types[1]).toBe(RequestType.flush);
    expect(world.device.types[2] + world.device.types[3]).toBe(RequestType.read + RequestType.flush); // together, in either order
    expect(world.device.types[6]).toBe(RequestType.flush);
    expect(world.tag(6)).toBe(6);
    expect(world.disk.engine.dispatcher.waitingCount).toBe(0);
  });

  it("goes on behind a barrier that failed", () => {
    world.request(Transfer.flush, 1, 0, 0, 0, 0, RequestFlag.barrier);
    world.request(Transfer.read, 2, 10, 0, 0, 512);
    submitAll();
    expectFirstToFailAlone();
  });

  it("refuses flags that mean nothing for a request", () => {
    world.request(Transfer.read, 1, 0, 0, 0, 512, RequestFlag.barrier);
    world.request(Transfer.flush, 2, 0, 0, 0, 0, RequestFlag.unmap);
    world.request(Transfer.write, 3, 0, 0, 0, 512, 8);
    world.request(Transfer.write, 4, 0, 0, 0, 512, RequestFlag.background);
    world.request(Transfer.flush, 5, 0, 0, 0, 0, RequestFlag.background | RequestFlag.barrier);
    submitAll();
    finish();
    expect(world.reap()).toBe(5);
    for (let index: u32 = 0; index < 3; index++) expect(world.status(index)).toBe(Status.InvalidArgument);
    for (let index: u32 = 3; index < 5; index++) expect(world.status(index)).toBe(Status.Ok);
  });
});

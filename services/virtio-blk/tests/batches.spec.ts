// Batches: every accepted request is answered once, by its tag; what the table has no room for is not begun.
import { Transfer } from "../../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { RequestType } from "../virtio";
import { diskSectors, Serving } from "./fake-device";
import { lendRead, lendWrite } from "./fake-platform";
import { batchHandle, bufferAddress, bufferBytes, bufferHandle, completionHandle, grantHandle, World } from "./world";

let world: World = new World();

describe("batches", () => {
  beforeEach(() => {
    world = new World().start();
    assert(world.disk.grants.attach(grantHandle, bufferBytes) == 0);
  });

  it("runs a batch with one doorbell and tells the client once", () => {
    world.device.serving = Serving.whileAsleep;
    world.pattern(0, 64 * 512, 5);
    for (let index: u32 = 0; index < 64; index++) world.request(Transfer.write, 1000 + index, u64(63 - index), 0, index * 512, 512);
    const doorbells = world.device.doorbells;
    expect(world.submit()).toBe(Status.Ok);
    expect(world.batches.accepted).toBe(64);
    expect(world.device.doorbells - doorbells).toBe(1);
    expect(world.platform.announcements).toBe(0);
    world.device.serve();
    expect(world.device.interruptPending).toBe(true);
    world.disk.interrupted();
    expect(world.platform.announcements).toBe(1);
    expect(world.reap()).toBe(64);
    for (let index: u32 = 0; index < 64; index++) {
      expect(world.tag(index)).toBe(1000 + index);
      expect(world.status(index)).toBe(Status.Ok);
      expect(world.length(index)).toBe(512);
      expect(world.differences(index * 512, 512, 63 - index)).toBe(0);
    }
    expect(world.reap()).toBe(0);
    expect(world.disk.engine.operations.runningCount).toBe(0);
    expect(world.disk.statistics.writes).toBe(64);
  });

  it("accepts 1,024 in all, whatever the queue holds, and Busy means none", () => {
    world.device.serving = Serving.never;
    for (let index: u32 = 0; index < 700; index++) world.request(Transfer.read, index, 0, 0, 0, 512);
    expect(world.submit()).toBe(Status.Ok);
    expect(world.batches.accepted).toBe(700);
    for (let index: u32 = 0; index < 400; index++) world.request(Transfer.read, 700 + index, 0, 0, 0, 512);
    expect(world.submit()).toBe(Status.Ok);
    expect(world.batches.accepted).toBe(324);
    world.request(Transfer.flush, 1900, 0, 0, 0, 0);
    expect(world.submit()).toBe(Status.Busy);
    expect(world.disk.engine.slots.inFlightCount).toBe(256);
    world.device.serving = Serving.whileAsleep;
    world.batches.awaitCompletions(1024);
    expect(world.reap()).toBe(1024);
    expect(world.disk.statistics.reads).toBe(1024);
    expect(world.disk.statistics.waited).toBe(1024 - 256);
  });

  it("issues a request of several pieces as room comes, and ends it once", () => {
    world.platform.segmentBytes = 512;
    world.device.queueLimit = 4; // two segments: 1,024 bytes a piece at most
    world.disk.start();
    world.device.serving = Serving.never;
    world.pattern(0, 24576, 8);
    world.request(Transfer.write, 1, 0, 0, 0, 8192);
    world.request(Transfer.write, 2, 64, 0, 8192, 16384);
    expect(world.submit()).toBe(Status.Ok);
    expect(world.disk.engine.operations.runningCount).toBe(2);
    expect(world.disk.engine.slots.inFlightCount).toBe(4);
    world.device.serving = Serving.whileAsleep;
    world.batches.awaitCompletions(2);
    expect(world.reap()).toBe(2);
    expect(world.tag(0)).toBe(1);
    expect(world.length(1)).toBe(16384);
    expect(world.differences(0, 8192, 0)).toBe(0);
    expect(world.differences(8192, 16384, 64)).toBe(0);
    expect(world.disk.grants.detach(0)).toBe(Status.Ok);
  });

  it("answers wrong requests by completions and runs the others", () => {
    world.request(7, 1, 0, 0, 0, 512); // no such transfer
    world.request(Transfer.read, 2, 0, 63, 0, 512); // no such grant
    world.request(Transfer.read, 3, 0, 0xffff_ffff, 0, 512);
    world.request(Transfer.read, 4, 0, 0, 0, 511);
    world.request(Transfer.read, 5, 0, 0, 0, 0);
    world.request(Transfer.read, 6, diskSectors, 0, 0, 512);
    world.request(Transfer.read, 7, 0, 0, bufferBytes - 511, 512);
    world.request(Transfer.read, 8, 0, 0, 0xffff_ffff, 512);
    world.request(Transfer.read, 9, 0, 0, 0, 0xffff_fe00);
    world.request(Transfer.read, 10, 0, 0, bufferBytes - 512, 512);
    expect(world.submit()).toBe(Status.Ok);
    expect(world.batches.accepted).toBe(10);
    expect(world.reap()).toBe(10);
    const wanted: u32[] = [
      Status.InvalidArgument, Status.InvalidArgument, Status.InvalidArgument, Status.InvalidArgument, Status.InvalidArgument,
      Status.OutOfRange, Status.OutOfRange, Status.OutOfRange, Status.OutOfRange, Status.Ok,
    ];
    for (let index: u32 = 0; index < 10; index++) {
      // The one that ran ends last.
      expect(world.tag(index)).toBe(index + 1);
      expect(world.status(index)).toBe(wanted[index]);
    }
    expect(world.device.served).toBe(1);
  });

  it("keeps to the part of a grant that was attached, and to the longest transfer", () => {
    const slot = u32(world.disk.grants.attach(grantHandle, 4096));
    world.request(Transfer.read, 1, 0, slot, 0, 4608);
    world.request(Transfer.read, 2, 0, slot, 3585, 512);
    world.request(Transfer.read, 3, 0, 0, 0, (1 << 20) + 512);
    world.request(Transfer.read, 4, 0, slot, 3584, 512);
    world.request(Transfer.read, 5, 0, 0, 0, 1 << 20);
    expect(world.submit()).toBe(Status.Ok);
    expect(world.reap()).toBe(5);
    expect(world.status(0)).toBe(Status.OutOfRange);
    expect(world.status(1)).toBe(Status.OutOfRange);
    expect(world.status(2)).toBe(Status.InvalidArgument);
    expect(world.status(3)).toBe(Status.Ok);
    expect(world.status(4)).toBe(Status.Ok);
  });

  it("refuses a batch that is longer than its lease or the table", () => {
    expect(world.batches.submit(2, batchHandle, 63, 7)).toBe(Status.InvalidArgument);
    expect(world.batches.submit(1025, batchHandle, 1 << 20, 7)).toBe(Status.InvalidArgument);
    expect(world.batches.submit(0xffff_ffff, batchHandle, 512 * 32, 7)).toBe(Status.InvalidArgument);
    world.platform.revoke(batchHandle);
    expect(world.batches.submit(1, batchHandle, 512 * 32, 7)).toBe(Status.InvalidHandle);
  });

  it("answers a grant that was revoked since it was attached", () => {
    world.platform.revoke(grantHandle);
    world.request(Transfer.read, 1, 0, 0, 0, 512);
    expect(world.submit()).toBe(Status.Ok);
    expect(world.reap()).toBe(1);
    expect(world.status(0)).toBe(Status.InvalidHandle);
  });

  it("keeps completions that could not be handed over", () => {
    world.request(Transfer.flush, 1, 0, 0, 0, 0);
    world.request(Transfer.flush, 2, 0, 0, 0, 0);
    expect(world.submit()).toBe(Status.Ok);
    world.platform.revoke(completionHandle);
    expect(world.batches.reap(completionHandle, 64)).toBe(Status.InvalidHandle);
    world.platform.lend(completionHandle, bufferAddress(), 64, lendWrite);
    expect(world.batches.reap(completionHandle, 31)).toBe(Status.Ok);
    expect(world.batches.reaped).toBe(1);
    expect(load<u32>(bufferAddress())).toBe(1);
    expect(world.batches.reap(completionHandle, 64)).toBe(Status.Ok);
    expect(load<u32>(bufferAddress())).toBe(2);
  });

  it("waits for as many completions as wanted, and no longer than something runs", () => {
    world.device.serving = Serving.whileAsleep;
    for (let index: u32 = 0; index < 8; index++) world.request(Transfer.read, index, 0, 0, 0, 512);
    expect(world.submit()).toBe(Status.Ok);
    world.batches.awaitCompletions(3);
    expect(world.disk.engine.operations.finishedCount).toBeGreaterThan(2);
    world.batches.awaitCompletions(1000);
    expect(world.disk.engine.operations.finishedCount).toBe(8);
    expect(world.platform.announcements).toBe(0);
  });

  it("lets a synchronous read pass while a batch fills the queue", () => {
    world.device.serving = Serving.whileAsleep;
    for (let index: u32 = 0; index < 256; index++) world.request(Transfer.read, index, 0, 0, 0, 512);
    expect(world.submit()).toBe(Status.Ok);
    expect(world.batches.accepted).toBe(256);
    expect(world.disk.transfer(RequestType.read, 0, bufferHandle, 512)).toBe(Status.Ok);
    expect(world.disk.flush()).toBe(Status.Ok);
    expect(world.reap()).toBe(256);
  });

  it("notices an overdue batch when the client comes to reap", () => {
    world.device.serving = Serving.never;
    world.request(Transfer.read, 1, 0, 0, 0, 512);
    expect(world.submit()).toBe(Status.Ok);
    expect(world.reap()).toBe(0);
    world.platform.time += 31_000_000_000;
    expect(world.reap()).toBe(1);
    expect(world.status(0)).toBe(Status.TimedOut);
  });
});

describe("grants", () => {
  beforeEach(() => { world = new World().start(); });

  it("attaches only what reaches as far as it says, and gives back what it refuses", () => {
    expect(world.disk.grants.attach(grantHandle, 0)).toBe(-<i32>Status.InvalidArgument);
    world.platform.lend(grantHandle, bufferAddress(), 4096, lendRead);
    expect(world.disk.grants.attach(grantHandle, 4097)).toBe(-<i32>Status.OutOfRange);
    expect(world.disk.grants.attach(99, 4096)).toBe(-<i32>Status.InvalidHandle);
    expect(world.platform.drops).toBe(3);
    world.platform.lend(grantHandle, bufferAddress(), 4096, lendWrite);
    expect(world.disk.grants.attach(grantHandle, 4096)).toBe(0);
  });

  it("refuses to read into memory that was lent for reading", () => {
    world.platform.lend(grantHandle, bufferAddress(), 4096, lendRead);
    expect(world.disk.grants.attach(grantHandle, 4096)).toBe(0);
    world.request(Transfer.read, 1, 0, 0, 0, 512);
    world.request(Transfer.write, 2, 0, 0, 0, 512);
    expect(world.submit()).toBe(Status.Ok);
    expect(world.reap()).toBe(2);
    expect(world.status(0)).toBe(Status.Denied);
    expect(world.status(1)).toBe(Status.Ok);
  });

  it("has room for 64, and again when a client died", () => {
    for (let handle: u32 = 10; handle < 74; handle++) {
      world.platform.lend(handle, bufferAddress(), 4096, lendRead);
      expect(world.disk.grants.attach(handle, 4096)).toBe(<i32>handle - 10);
    }
    expect(world.disk.grants.attach(grantHandle, 4096)).toBe(-<i32>Status.OutOfMemory);
    expect(world.disk.grants.detach(64)).toBe(Status.InvalidArgument);
    world.platform.revoke(20);
    world.platform.lend(grantHandle, bufferAddress(), 4096, lendRead);
    expect(world.disk.grants.attach(grantHandle, 4096)).toBe(10);
    expect(world.disk.grants.detach(10)).toBe(Status.Ok);
    expect(world.disk.grants.detach(10)).toBe(Status.InvalidArgument);
  });
});

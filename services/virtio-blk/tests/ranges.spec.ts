// Discard, write-zeroes, and requests cut to what the device says about itself: block sizes, topology, limits, changes of capacity.
import { DeviceFlag, Transfer, RequestFlag } from "../../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Feature, RequestType } from "../virtio";
import { diskSectors, Hostility, Serving } from "./fake-device";
import { bufferAddress, bufferBytes, bufferHandle, grantHandle, World } from "./world";

let world: World = new World();

function erase(type: u32, sector: u64, count: u64, flags: u32 = 0): u32 { return world.disk.erase(type, sector, count, flags); }

function contentAt(sector: u32): u32 { return world.device.content[sector * 512]; }

/** A device with all the block features, changed by the test before it starts. */
function made(): World {
  world = new World();
  world.device.offered |= Feature.discard | Feature.writeZeroes | Feature.topology;
  return world;
}

describe("discard and write-zeroes", () => {
  beforeEach(() => { made().start(); });

  it("are offered, and reach exactly the sectors that were named", () => {
    expect(world.disk.flags()).toBe(DeviceFlag.flush | DeviceFlag.discard | DeviceFlag.writeZeroes);
    world.device.content.fill(7);
    expect(erase(RequestType.discard, 10, 20)).toBe(Status.Ok);
    expect(erase(RequestType.writeZeroes, 40, 3)).toBe(Status.Ok);
    expect(contentAt(9)).toBe(7); expect(contentAt(10)).toBe(0xdd); expect(contentAt(29)).toBe(0xdd); expect(contentAt(30)).toBe(7);
    expect(contentAt(39)).toBe(7); expect(contentAt(40)).toBe(0); expect(contentAt(42)).toBe(0); expect(contentAt(43)).toBe(7);
    expect(world.device.violations).toBe(0);
    expect(world.disk.statistics.discards).toBe(1);
    expect(world.disk.statistics.writeZeroes).toBe(1);
    expect(world.disk.statistics.descriptors).toBe(6);
  });

  it("give space back only for zeros, when asked to, and where that means something", () => {
    erase(RequestType.writeZeroes, 0, 8, RequestFlag.unmap);
    expect(world.device.rangeFlags).toBe(1);
    erase(RequestType.writeZeroes, 0, 8);
    expect(world.device.rangeFlags).toBe(0);
    erase(RequestType.discard, 0, 8, RequestFlag.unmap);
    expect(world.device.rangeFlags).toBe(0);
    world.device.mayUnmap = 0;
    world.disk.start();
    erase(RequestType.writeZeroes, 0, 8, RequestFlag.unmap);
    expect(world.device.rangeFlags).toBe(0);
    expect(erase(RequestType.writeZeroes, 0, 8, 2)).toBe(Status.InvalidArgument);
  });

  it("are cut to the device's limits, at its alignment", () => {
    world.device.discardSectors = 100;
    world.device.discardAlignment = 8;
    world.device.writeZeroesSectors = 1000;
    world.disk.start();
    expect(erase(RequestType.discard, 5, 300)).toBe(Status.Ok);
    expect(world.device.ranges).toBe(4); // 5–104, 104–200, 200–296, 296–305
    expect(world.device.rangeSector).toBe(296);
    expect(contentAt(304)).toBe(0xdd);
    expect(contentAt(305)).toBe(0);
    expect(erase(RequestType.writeZeroes, 0, 1001)).toBe(Status.Ok);
    expect(world.device.ranges).toBe(6);
  });

  it("answer Unsupported where they are not offered or allow nothing", () => {
    world.device.writeZeroesSectors = 0;
    world.device.offered &= ~Feature.discard;
    world.disk.start();
    expect(world.disk.flags()).toBe(DeviceFlag.flush);
    expect(erase(RequestType.discard, 0, 1)).toBe(Status.Unsupported);
    expect(erase(RequestType.writeZeroes, 0, 1)).toBe(Status.Unsupported);
  });

  it("refuse the end of the disk, read-only devices and absurd counts", () => {
    expect(erase(RequestType.discard, diskSectors - 1, 1)).toBe(Status.Ok);
    expect(erase(RequestType.discard, diskSectors - 1, 2)).toBe(Status.OutOfRange);
    expect(erase(RequestType.writeZeroes, u64.MAX_VALUE, 2)).toBe(Status.OutOfRange);
    expect(erase(RequestType.discard, 0, 0)).toBe(Status.Ok);
    world.device.capacity = 1 << 60;
    world.device.discardSectors = 1;
    world.disk.start();
    expect(erase(RequestType.discard, 0, 1 << 40)).toBe(Status.TooLarge);
    world.device.offered |= Feature.readOnly;
    world.disk.start();
    expect(erase(RequestType.discard, 0, 1)).toBe(Status.ReadOnly);
    expect(erase(RequestType.writeZeroes, 0, 1)).toBe(Status.ReadOnly);
    expect(world.device.served).toBe(1);
  });

  it("go in batches, with memory or without", () => {
    expect(world.disk.grants.attach(grantHandle, bufferBytes)).toBe(0);
    world.device.content.fill(7);
    world.request(Transfer.discard, 1, 8, 99, 77, 8 * 512);
    world.request(Transfer.writeZeroes, 2, 16, 0, 0, 8 * 512, RequestFlag.unmap);
    world.request(Transfer.discard, 3, 8, 0, 0, 8 * 512, RequestFlag.unmap);
    world.request(Transfer.discard, 4, 8, 0, 0, 100);
    world.request(Transfer.writeZeroes, 5, diskSectors, 0, 0, 512);
    expect(world.submit()).toBe(Status.Ok);
    expect(world.reap()).toBe(5);
    let seen: u32 = 0;
    for (let index: u32 = 0; index < 5; index++) {
      const tag = world.tag(index);
      seen |= 1 << tag;
      const status = tag == 1 ? Status.Ok : tag == 2 ? Status.Ok : tag == 5 ? Status.OutOfRange : Status.InvalidArgument;
      expect(world.status(index)).toBe(status, "tag " + tag.toString());
    }
    expect(seen).toBe(62);
    expect(contentAt(8)).toBe(0xdd);
    expect(contentAt(16)).toBe(0);
    expect(world.device.rangeFlags).toBe(1);
    expect(world.disk.grants.detach(0)).toBe(Status.Ok);
  });

  it("end in the device's answer", () => {
    world.device.hostility = Hostility.ioError;
    expect(erase(RequestType.discard, 0, 1)).toBe(Status.DeviceError);
    world.device.hostility = Hostility.unsupported;
    expect(erase(RequestType.writeZeroes, 0, 1)).toBe(Status.Unsupported);
    world.device.hostility = Hostility.longLength;
    expect(erase(RequestType.writeZeroes, 0, 1)).toBe(Status.DeviceError);
    expect(world.disk.statistics.breaches).toBe(1);
  });
});

describe("what the device says about itself", () => {
  beforeEach(() => { made(); });

  it("whole blocks only", () => {
    world.device.blockSize = 4096;
    world.device.capacity = diskSectors - 3;
    world.start();
    expect(world.disk.life.geometry.capacitySectors).toBe(diskSectors - 8);
    for (let sector: u32 = 1; sector < 8; sector++) expect(world.disk.transfer(RequestType.read, sector, bufferHandle, 4096)).toBe(Status.InvalidArgument);
    expect(world.disk.transfer(RequestType.read, 8, bufferHandle, 512)).toBe(Status.InvalidArgument);
    expect(world.disk.transfer(RequestType.read, 8, bufferHandle, 8192)).toBe(Status.Ok);
    expect(erase(RequestType.discard, 8, 4)).toBe(Status.InvalidArgument);
    expect(erase(RequestType.discard, 4, 8)).toBe(Status.InvalidArgument);
    expect(erase(RequestType.discard, 8, 8)).toBe(Status.Ok);
  });

  it("pieces of scattered memory are whole blocks too, and end on physical ones", () => {
    world.device.blockSize = 1024;
    world.device.topology = 2 | 1 << 8; // 4 KiB, beginning 1 KiB behind sector 0
    world.device.segmentMaximum = 21;
    world.start();
    world.platform.segmentBytes = 512;
    expect(world.disk.life.geometry.physicalBlockBytes).toBe(4096);
    expect(world.disk.life.geometry.alignmentBytes).toBe(1024);
    world.device.transferEnd = 132;
    world.pattern(0, 65536, 5);
    expect(world.disk.transfer(RequestType.write, 4, bufferHandle, 65536)).toBe(Status.Ok);
    expect(world.differences(0, 65536, 4)).toBe(0);
    expect(world.device.oddEnds).toBe(0, "pieces that end inside a physical block");
    expect(world.device.served).toBeGreaterThan(6);
  });

  it("no segment longer than SIZE_MAX", () => {
    world.device.offered |= Feature.segmentBytesMaximum;
    world.device.segmentBytesMaximum = 1536;
    world.platform.segmentBytes = 1 << 26;
    world.start();
    world.pattern(3, 300 * 512, 5);
    world.lendBuffer(3, 300 * 512);
    expect(world.disk.transfer(RequestType.write, 9, bufferHandle, 300 * 512)).toBe(Status.Ok);
    expect(world.differences(3, 300 * 512, 9)).toBe(0);
    expect(world.device.longestSegment).toBe(1536);
    expect(world.device.violations).toBe(0);
  });

  it("limits that leave no room for a block are refused", () => {
    world.device.offered |= Feature.segmentBytesMaximum;
    world.device.segmentBytesMaximum = 0;
    expect(world.disk.start()).toBe(false);
    expect(world.platform.lastNote).toBe("no block fits the device's limits");
    world.device.segmentBytesMaximum = 100;
    world.device.segmentMaximum = 5;
    expect(world.disk.start()).toBe(false);
    world.device.segmentMaximum = 6;
    expect(world.disk.start()).toBe(true);
  });

  it("topology without sense is ignored", () => {
    world.device.topology = 200 | 255 << 8 | 0xffff << 16;
    world.device.optimalIo = 0xffff_ffff;
    world.start();
    const geometry = world.disk.life.geometry;
    expect(geometry.physicalBlockBytes).toBe(512);
    expect(geometry.alignmentBytes).toBe(0);
    expect(geometry.minimumIoBytes).toBe(0xffff * 512);
    expect(geometry.optimalIoBytes).toBe(0);
  });

  it("a disk that grows is used at once, one that shrinks no more than it is", () => {
    world.device.capacity = 100;
    world.start();
    expect(world.disk.transfer(RequestType.read, 100, bufferHandle, 512)).toBe(Status.OutOfRange);
    world.device.capacity = diskSectors;
    world.device.generation++;
    expect(world.disk.transfer(RequestType.read, 100, bufferHandle, 512)).toBe(Status.Ok);
    expect(world.disk.statistics.configurationChanges).toBe(1);
    world.device.capacity = 50;
    world.device.generation++;
    world.disk.interrupted(); // nothing was used: the configuration is looked at
    expect(world.disk.statistics.idleInterrupts).toBe(1);
    expect(world.disk.transfer(RequestType.read, 50, bufferHandle, 512)).toBe(Status.OutOfRange);
    expect(world.disk.statistics.configurationChanges).toBe(2);
  });

  it("an error of the device makes the next request look again", () => {
    world.start();
    world.device.hostility = Hostility.ioError;
    world.device.capacity = 50;
    expect(world.disk.transfer(RequestType.read, 60, bufferHandle, 512)).toBe(Status.DeviceError);
    expect(world.disk.transfer(RequestType.read, 60, bufferHandle, 512)).toBe(Status.OutOfRange);
  });

  it("a configuration that never holds still leaves what was known, and is a breach", () => {
    world.start();
    world.device.generationMoves = true;
    world.device.capacity = 10;
    world.disk.engine.refresh();
    expect(world.disk.life.geometry.capacitySectors).toBe(diskSectors);
    expect(world.disk.statistics.breaches).toBe(1);
  });

  it("a device that stopped while idle is reset by its interrupt", () => {
    world.start();
    world.device.status |= 64;
    world.disk.interrupted();
    expect(world.disk.statistics.resets).toBe(1);
    const before = world.platform.time;
    expect(world.disk.transfer(RequestType.read, 0, bufferHandle, 512)).toBe(Status.Ok);
    expect(world.platform.time).toBe(before);
  });

  it("a stopped device is not reset under a batch that is being prepared", () => {
    world.start();
    world.disk.grants.attach(grantHandle, bufferBytes);
    world.device.status |= 64;
    world.disk.engine.idleInterrupt();
    for (let index: u32 = 0; index < 4; index++) world.request(Transfer.read, index, 0, 0, 0, 512);
    expect(world.submit()).toBe(Status.Ok);
    expect(world.disk.statistics.resets).toBe(1);
    expect(world.reap()).toBe(4);
    for (let index: u32 = 0; index < 4; index++) expect(world.status(index)).toBe(Status.Ok);
  });
});

describe("without the event index", () => {
  beforeEach(() => {
    made();
    world.device.offered &= ~Feature.eventIndex;
    world.start();
  });

  it("interrupts are off until the driver sleeps", () => {
    expect(world.disk.transfer(RequestType.read, 0, bufferHandle, 512)).toBe(Status.Ok);
    expect(world.device.interrupts).toBe(0);
    world.device.serving = Serving.whileAsleep;
    expect(world.disk.transfer(RequestType.read, 0, bufferHandle, 512)).toBe(Status.Ok);
    expect(world.device.interrupts).toBe(1);
    world.device.serving = Serving.atDoorbell;
    expect(world.disk.transfer(RequestType.read, 0, bufferHandle, 512)).toBe(Status.Ok);
    expect(world.device.interrupts).toBe(1);
  });

  it("a batch left in flight interrupts", () => {
    world.disk.grants.attach(grantHandle, bufferBytes);
    world.device.serving = Serving.never;
    world.request(Transfer.read, 1, 0, 0, 0, 512);
    world.submit();
    world.device.serve();
    expect(world.device.interrupts).toBe(1);
    expect(load<u8>(bufferAddress())).toBe(0);
  });
});

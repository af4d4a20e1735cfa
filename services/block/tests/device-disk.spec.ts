// A driver that dies, comes back, dies again, or comes back with another device: what the block service's disk makes of it.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { DeviceDisk } from "../device-disk";
import { Driver } from "../driver";

/** Answers what it is told to, and counts what reached it. */
class DyingDriver extends Driver {
  /** The next so many calls of any kind answer `answer` without reaching the device. */
  deaths: u32 = 0;
  answer: u32 = Status.PeerRestarted;
  /** Calls of any kind that still go well before those. */
  deathsIn: u32 = 0;
  describes: u32 = 0;
  reads: u32 = 0;
  writes: u32 = 0;
  flushes: u32 = 0;
  lastSector: u64 = 0;
  lastBytes: u32 = 0;
  nextSectors: u64 = 1 << 20;
  nextReadOnly: bool = false;
  nextFlush: bool = true;
  maximum: u32 = 1 << 20;
  nextDiscardSectors: u32 = 0;
  discards: u32 = 0;

  private dies(): bool {
    if (this.deathsIn) { this.deathsIn--; return false; }
    if (!this.deaths) return false;
    this.deaths--;
    return true;
  }
  describe(): u32 {
    if (this.dies()) return this.answer;
    this.describes++;
    this.capacitySectors = this.nextSectors;
    this.isReadOnly = this.nextReadOnly;
    this.canFlush = this.nextFlush;
    this.maximumTransferBytes = this.maximum;
    this.discardSectors = this.nextDiscardSectors;
    return Status.Ok;
  }
  read(sector: u64, source: u32, address: usize, lengthBytes: u32): u32 {
    if (this.dies()) return this.answer;
    this.reads++;
    this.lastSector = sector;
    this.lastBytes = lengthBytes;
    return Status.Ok;
  }
  write(sector: u64, source: u32, address: usize, lengthBytes: u32): u32 {
    if (this.dies()) return this.answer;
    this.writes++;
    this.lastSector = sector;
    this.lastBytes = lengthBytes;
    return this.isReadOnly ? Status.ReadOnly : Status.Ok;
  }
  flush(): u32 {
    if (this.dies()) return this.answer;
    this.flushes++;
    return Status.Ok;
  }
  discard(sector: u64, sectorCount: u64): u32 {
    this.discards++;
    return Status.Ok;
  }
}

let driver: DyingDriver = new DyingDriver();
let disk: DeviceDisk = new DeviceDisk(driver);

describe("a driver that restarts", () => {
  beforeEach(() => {
    driver = new DyingDriver();
    disk = new DeviceDisk(driver);
    expect(disk.open()).toBe(Status.Ok);
  });

  it("is asked what its device is, and gets the request again", () => {
    driver.deaths = 1;
    expect(disk.write(5, 0, 0, 1)).toBe(Status.Ok);
    expect(driver.describes).toBe(2);
    expect(driver.writes).toBe(1);
    expect(driver.lastSector).toBe(40);
    driver.deaths = 1;
    expect(disk.read(6, 0, 0, 1)).toBe(Status.Ok);
    driver.deaths = 1;
    expect(disk.flush()).toBe(Status.Ok);
    expect(driver.flushes).toBe(1);
    expect(driver.describes).toBe(4);
  });

  it("that dies while it is asked is asked again", () => {
    driver.deaths = 3;
    expect(disk.flush()).toBe(Status.Ok);
    expect(driver.flushes).toBe(1);
  });

  it("in the middle of a long transfer loses no part of it", () => {
    driver.deathsIn = 2;
    driver.deaths = 1;
    expect(disk.write(0, 0, 0, 1024)).toBe(Status.Ok);
    expect(driver.writes).toBe(4);
    expect(disk.writtenBytes).toBe(4 << 20);
  });

  it("at every attempt is given up on, with an honest answer, and asked again at the next request", () => {
    driver.deaths = u32.MAX_VALUE;
    expect(disk.write(5, 0, 0, 1)).toBe(Status.DeviceGone);
    expect(driver.writes).toBe(0);
    expect(u32.MAX_VALUE - driver.deaths).toBeLessThan(100);
    driver.deaths = 0;
    const describes = driver.describes;
    expect(disk.write(5, 0, 0, 1)).toBe(Status.Ok);
    expect(driver.describes).toBe(describes + 1, "nothing is issued before the device is known");
  });

  it("that is not back yet is not waited for", () => {
    driver.answer = Status.PeerDead;
    driver.deaths = 1;
    expect(disk.flush()).toBe(Status.DeviceGone);
    expect(driver.deaths).toBe(0, "one call");
    expect(disk.flush()).toBe(Status.Ok);
  });

  it("with a smaller device behind it gets no request at all", () => {
    driver.deaths = 1;
    driver.nextSectors = (1 << 20) - 8;
    expect(disk.write(5, 0, 0, 1)).toBe(Status.Truncated);
    expect(disk.read(5, 0, 0, 1)).toBe(Status.Truncated);
    expect(disk.flush()).toBe(Status.Truncated);
    expect(driver.writes + driver.reads + driver.flushes).toBe(0);
    expect(disk.open()).toBe(Status.Ok);
    expect(disk.blockCount).toBe((1 << 17) - 1);
  });

  it("with a larger device behind it goes on as before", () => {
    driver.deaths = 1;
    driver.nextSectors = 1 << 21;
    expect(disk.write(5, 0, 0, 1)).toBe(Status.Ok);
    expect(disk.blockCount).toBe(1 << 17);
  });

  it("with a device that became read-only reads and says so", () => {
    driver.deaths = 1;
    driver.nextReadOnly = true;
    expect(disk.write(5, 0, 0, 1)).toBe(Status.ReadOnly);
    expect(disk.isReadOnly).toBe(true);
    expect(disk.read(5, 0, 0, 1)).toBe(Status.Ok);
  });

  it("with a device that cannot flush any more is not believed to be the same", () => {
    driver.deaths = 1;
    driver.nextFlush = false;
    expect(disk.flush()).toBe(Status.DeviceError);
    expect(driver.flushes).toBe(0);
  });

  it("with a device that takes no discards any more is not told of any", () => {
    driver.nextDiscardSectors = 64;
    expect(disk.open()).toBe(Status.Ok);
    expect(disk.discard(100, 16)).toBe(Status.Ok);
    expect(driver.discards).toBe(2);
    driver.nextDiscardSectors = 0;
    driver.deaths = 1;
    expect(disk.flush()).toBe(Status.Ok);
    expect(disk.discard(100, 16)).toBe(Status.Unsupported);
    expect(driver.discards).toBe(2);
  });

  it("takes new limits from the device as it is", () => {
    driver.deaths = 1;
    driver.maximum = 65536;
    expect(disk.read(0, 0, 0, 1)).toBe(Status.Ok);
    expect(disk.read(0, 0, 0, 32)).toBe(Status.Ok);
    expect(driver.lastBytes).toBe(65536);
  });
});

describe("other answers", () => {
  beforeEach(() => {
    driver = new DyingDriver();
    disk = new DeviceDisk(driver);
    expect(disk.open()).toBe(Status.Ok);
  });

  it("Cancelled: the request is issued again, a few times", () => {
    driver.answer = Status.Cancelled;
    driver.deaths = 3;
    expect(disk.flush()).toBe(Status.Ok);
    expect(driver.describes).toBe(1, "the driver is the same");
    driver.deaths = u32.MAX_VALUE;
    expect(disk.flush()).toBe(Status.Cancelled);
  });

  it("a failed flush is handed up at once and never repeated", () => {
    driver.answer = Status.DeviceError;
    driver.deaths = 1;
    expect(disk.flush()).toBe(Status.DeviceError);
    expect(driver.flushes).toBe(0);
    driver.answer = Status.TimedOut;
    driver.deaths = 1;
    expect(disk.write(5, 0, 0, 1)).toBe(Status.TimedOut);
    expect(driver.writes).toBe(0);
  });

  it("a lease that is gone is the caller's error, not the disk's", () => {
    driver.answer = Status.InvalidHandle;
    driver.deaths = 1;
    expect(disk.read(5, 77, 0, 1)).toBe(Status.InvalidHandle);
    expect(disk.read(5, 0, 0, 1)).toBe(Status.Ok);
  });
});

describe("a device that answers with an error", () => {
  beforeEach(() => {
    driver = new DyingDriver();
    disk = new DeviceDisk(driver);
    expect(disk.open()).toBe(Status.Ok);
    driver.answer = Status.DeviceError;
  });

  it("gets a read or a write three times", () => {
    driver.deaths = 2;
    expect(disk.write(5, 0, 0, 1)).toBe(Status.Ok);
    expect(driver.writes).toBe(1);
    driver.deaths = 2;
    expect(disk.read(5, 0, 0, 1)).toBe(Status.Ok);
    expect(driver.reads).toBe(1);
    expect(driver.describes).toBe(1, "the driver is the same");
  });

  it("and does so every time is believed", () => {
    driver.deaths = 3;
    expect(disk.write(5, 0, 0, 1)).toBe(Status.DeviceError);
    expect(driver.deaths).toBe(0);
    expect(driver.writes).toBe(0);
  });

  it("gets a flush once", () => {
    driver.deaths = 1;
    expect(disk.flush()).toBe(Status.DeviceError);
    expect(driver.deaths).toBe(0);
    expect(driver.flushes).toBe(0);
  });

  it("has its errors counted apart from deaths of its driver", () => {
    driver.deaths = 2;
    expect(disk.write(0, 0, 0, 512)).toBe(Status.Ok, "each part of a long transfer has its attempts");
    expect(driver.writes).toBe(2);
  });
});

// A world for specs: a disk of 64 MiB in memory that can fail, leases that are plain addresses, and counted entropy.
// Safety: one static image of IMAGE_BLOCKS blocks; every transfer is checked against it. A lease handle is the address of the bytes it lends.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Disk, Entropy, Leases } from "../disk";
import { BLOCK_BYTES, BLOCK_SHIFT } from "../geometry";
import { Mount } from "../mount";
import { Volume } from "../volume";
import { format } from "../format";

export const IMAGE_BLOCKS: u64 = 16384;
const image: usize = heap.alloc(<usize>IMAGE_BLOCKS * BLOCK_BYTES);

export class MemoryDisk extends Disk {
  /** Fail the write or flush after so many; −1: never. */
  failWriteIn: i32 = -1;
  failFlushIn: i32 = -1;
  /** After so many calls of any kind the driver does not answer any more, until this is −1 again. What it was doing then is done half: a transfer of several blocks, the first of them. */
  silentIn: i32 = -1;
  /** A block that cannot be read. */
  badBlock: u64 = u64.MAX_VALUE;
  silence: u32 = Status.DeviceGone;

  constructor() {
    super();
    this.canFlush = true;
    this.blockCount = IMAGE_BLOCKS;
  }
  erase(): void { memory.fill(image, 0, <usize>IMAGE_BLOCKS * BLOCK_BYTES); }
  address(block: u64): usize { return image + (<usize>block << BLOCK_SHIFT); }
  flip(block: u64, offsetBytes: u32): void { store<u8>(this.address(block) + offsetBytes, load<u8>(this.address(block) + offsetBytes) ^ 1); }

  open(): u32 { return Status.Ok; }
  private isSilent(): bool { return this.silentIn == 0 || (this.silentIn > 0 && --this.silentIn == 0); }
  private holds(block: u64, count: u32): bool { return block < IMAGE_BLOCKS && count <= IMAGE_BLOCKS - block; }
  read(block: u64, source: u32, address: usize, count: u32): u32 {
    this.readCount++;
    if (!this.holds(block, count)) return Status.OutOfRange;
    if (this.isSilent()) return this.silence;
    if (this.badBlock >= block && this.badBlock - block < count) return Status.DeviceError;
    memory.copy(<usize>source + address, this.address(block), <usize>count << BLOCK_SHIFT);
    return Status.Ok;
  }
  write(block: u64, source: u32, address: usize, count: u32): u32 {
    this.writeCount++;
    if (!this.holds(block, count)) return Status.OutOfRange;
    if (this.isSilent()) {
      memory.copy(this.address(block), <usize>source + address, BLOCK_BYTES);
      return this.silence;
    }
    if (this.failWriteIn >= 0 && this.failWriteIn-- == 0) return Status.DeviceError;
    memory.copy(this.address(block), <usize>source + address, <usize>count << BLOCK_SHIFT);
    return Status.Ok;
  }
  flush(): u32 {
    this.flushCount++;
    if (this.isSilent()) return this.silence;
    return this.failFlushIn >= 0 && this.failFlushIn-- == 0 ? Status.DeviceError : Status.Ok;
  }
}

export class MemoryLeases extends Leases {
  read(lease: u32, offsetBytes: u32, address: usize, lengthBytes: u32): u32 {
    memory.copy(address, <usize>lease + offsetBytes, lengthBytes);
    return Status.Ok;
  }
  write(lease: u32, offsetBytes: u32, address: usize, lengthBytes: u32): u32 {
    memory.copy(<usize>lease + offsetBytes, address, lengthBytes);
    return Status.Ok;
  }
}

export class CountedEntropy extends Entropy {
  private next: u8 = 1;
  fill(address: usize, lengthBytes: u32): u32 {
    for (let i: u32 = 0; i < lengthBytes; i++) store<u8>(address + i, this.next++);
    return Status.Ok;
  }
}

/** A volume over the one image. Making another World over it is a restart of the service. */
export class World {
  readonly disk: MemoryDisk;
  readonly volume: Volume;
  readonly mount: Mount;

  constructor() {
    const disk = new MemoryDisk();
    const volume = new Volume(disk, new MemoryLeases(), new CountedEntropy());
    this.disk = disk;
    this.volume = volume;
    this.mount = new Mount(volume);
  }
  /** An erased, formatted and mounted image. */
  fresh(): World {
    this.disk.erase();
    this.disk.failWriteIn = -1;
    this.disk.failFlushIn = -1;
    this.disk.silentIn = -1;
    assert(format(this.mount, 0, 0) == Status.Ok);
    return this;
  }
  /** Commit one byte of payload for badge 1. */
  commit(value: u8): u32 {
    store<u8>(payload, value);
    return this.volume.commit(1, <u32>payload, 1);
  }
}
const payload: usize = memory.data(16, 16);

export class Random {
  constructor(private state: u32) {}
  next(limit: u32): u32 {
    this.state ^= this.state << 13; this.state ^= this.state >> 17; this.state ^= this.state << 5;
    return this.state % limit;
  }
}

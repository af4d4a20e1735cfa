// A world for specs: a disk of 64 MiB in memory that can fail, leases that are plain addresses, counted entropy, and a timer that fires when a spec says so.
// Safety: one static image of IMAGE_BLOCKS blocks; every transfer is checked against it. A lease handle is the address of the bytes it lends.
import { ExtentDescriptor, FormatFlag } from "../../../kernel-bindings/generated/assembly/block";
import { hash } from "../../base/blake3/hasher";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Background } from "../background";
import { Disk, Entropy, Leases, Timer } from "../disk";
import { BLOCK_BYTES, BLOCK_SHIFT } from "../geometry";
import { Mount } from "../mount";
import { Volume } from "../volume";
import { format } from "../format";

export const IMAGE_BLOCKS: u64 = 16384;
const image: usize = heap.alloc(<usize>IMAGE_BLOCKS * BLOCK_BYTES);

export class MemoryDisk extends Disk {
  /** Fail the read, write or flush after so many; −1: never. */
  failReadIn: i32 = -1;
  failWriteIn: i32 = -1;
  failFlushIn: i32 = -1;
  /** After so many calls of any kind the driver does not answer any more, until this is −1 again. What it was doing then is done half: a transfer of several blocks, the first of them. */
  silentIn: i32 = -1;
  /** A block that cannot be read. */
  badBlock: u64 = u64.MAX_VALUE;
  silence: u32 = Status.DeviceGone;
  discardedBlocks: u64 = 0;

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
    if (this.failReadIn >= 0 && this.failReadIn-- == 0) return Status.DeviceError;
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
  discard(block: u64, count: u32): u32 {
    if (this.isSilent()) return this.silence;
    memory.fill(this.address(block), 0xee, <usize>count << BLOCK_SHIFT);
    this.discardedBlocks += count;
    return Status.Ok;
  }
  writeTogether(block: u64, address: usize, count: u32, otherBlock: u64, otherAddress: usize, otherCount: u32): u32 {
    const status = this.write(block, 0, address, count), other = this.write(otherBlock, 0, otherAddress, otherCount);
    return status ? status : other;
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

export class CountedTimer extends Timer {
  /** 0: not set. */
  microseconds: u32 = 0;
  setCount: u32 = 0;
  set(microseconds: u32): void {
    this.microseconds = microseconds;
    this.setCount++;
  }
}

/** A volume over the one image. Making another World over it is a restart of the service. */
export class World {
  readonly disk: MemoryDisk;
  readonly volume: Volume;
  readonly mount: Mount;
  readonly timer: CountedTimer;
  readonly background: Background;

  constructor() {
    const disk = new MemoryDisk();
    const volume = new Volume(disk, new MemoryLeases(), new CountedEntropy());
    this.disk = disk;
    this.volume = volume;
    this.mount = new Mount(volume);
    const timer = new CountedTimer();
    this.timer = timer;
    this.background = new Background(volume, timer);
  }
  /** An erased, formatted and mounted image. */
  fresh(): World {
    this.disk.erase();
    this.disk.failWriteIn = -1;
    this.disk.failFlushIn = -1;
    this.disk.silentIn = -1;
    assert(format(this.mount, 0, FormatFlag.force) == Status.Ok); // what was mounted before is still served
    return this;
  }
  /** Let the timer fire. */
  tick(): void {
    assert(this.timer.microseconds);
    this.timer.microseconds = 0;
    this.background.tick();
  }
  /** Everything that is done in the background; how many steps had more to do. */
  rest(): u32 {
    let steps: u32 = 0;
    while (this.background.step()) steps++;
    return steps;
  }
  /** A run of so many blocks, allocated in the open transaction. */
  runOf(count: u32): u64 {
    assert(!this.volume.allocate(0, count, false));
    return this.volume.allocator.foundAddress;
  }
  /** A transaction that writes `count` blocks of a run through the journal, content from `value` on. */
  overwrite(address: u64, count: u32, value: u8): void {
    for (let i: u32 = 0; i < count; i++) {
      memory.fill(block, <u8>(value + i), BLOCK_BYTES);
      assert(!this.volume.write(address + i, <u32>block, BLOCK_BYTES));
    }
    assert(!this.commit(value));
    this.background.watch();
  }
  /** What `store` was answered. */
  refusal: u32 = Status.Ok;
  /** A new block with these bytes in the open transaction. */
  store(data: usize): u32 {
    this.refusal = this.volume.allocate(0, 1, false);
    if (this.refusal) return this.refusal;
    ExtentDescriptor.setBlockOffset(descriptor, 0);
    ExtentDescriptor.setLengthBytes(descriptor, BLOCK_BYTES);
    ExtentDescriptor.setCounterAndKind(descriptor, 0);
    hash(data, BLOCK_BYTES, value);
    ExtentDescriptor.setValue(descriptor, value);
    this.refusal = this.volume.writeExtents(this.volume.allocator.foundAddress, 1, <u32>data, BLOCK_BYTES, <u32>descriptor);
    return this.refusal;
  }
  /** Commit one byte of payload for badge 1. */
  commit(value: u8): u32 {
    store<u8>(payload, value);
    return this.volume.commit(1, <u32>payload, 1);
  }
}
const payload: usize = memory.data(16, 16);
const block: usize = heap.alloc(BLOCK_BYTES);
const descriptor: usize = memory.data(48, 8);
const value: usize = memory.data(32, 8);

export class Random {
  constructor(private state: u32) {}
  next(limit: u32): u32 {
    this.state ^= this.state << 13; this.state ^= this.state >> 17; this.state ^= this.state << 5;
    return this.state % limit;
  }
}

// What the block service stands on, behind small abstract classes so that unit tests run the same logic without a kernel:
// a disk of whole blocks, the leases that callers lend, a source of random bytes, and a timer.
import { Status } from "../../kernel-bindings/generated/assembly/status";

/** A disk. `source` 0: `address` is own memory; otherwise it is an offset in that lease, which is passed on without a copy. All calls answer a Status. */
export abstract class Disk {
  /** Whole blocks of the device; known after `open`. */
  blockCount: u64 = 0;
  isReadOnly: bool = false;
  canFlush: bool = false;
  /** What is discarded is a whole number of so many blocks, from a multiple of it on; 0: the device takes no discards. */
  discardGranuleBlocks: u32 = 0;
  readCount: u64 = 0;
  writeCount: u64 = 0;
  flushCount: u64 = 0;
  readBytes: u64 = 0;
  writtenBytes: u64 = 0;

  resetCounts(): void {
    this.readCount = 0;
    this.writeCount = 0;
    this.flushCount = 0;
    this.readBytes = 0;
    this.writtenBytes = 0;
  }

  /** Ask the device what it is. */
  open(): u32 { return Status.Unsupported; }
  /** Read `count` blocks. */
  read(block: u64, source: u32, address: usize, count: u32): u32 { return Status.Unsupported; }
  /** Write `count` blocks; the device has them, perhaps not durably, when this returns. */
  write(block: u64, source: u32, address: usize, count: u32): u32 { return Status.Unsupported; }
  /** Write two runs of blocks from own memory at the same time, one attempt. After an error nobody knows what of either is there. */
  writeTogether(block: u64, address: usize, count: u32, otherBlock: u64, otherAddress: usize, otherCount: u32): u32 { return Status.Unsupported; }
  /** The device may forget `count` blocks, which nothing needs any more. */
  discard(block: u64, count: u32): u32 { return Status.Unsupported; }
  /** Every write before this survives power loss when it returns Ok. */
  flush(): u32 { return Status.Unsupported; }
}

/**
 * Whether the driver answered for itself and not for the disk: it was not reached, or gave up on a request and reset the device. Nothing was acknowledged, and nothing that it left half done stands
 * in anyone's way: a record or a superblock of which nobody was told is written over by the next, and counts at a mount only if it is whole.
 */
export function isPassing(status: u32): bool { return status == Status.Cancelled || status == Status.DeviceGone || status == Status.ReadOnly || status == Status.Truncated; }

/** Bytes that a caller lends for one call. */
export abstract class Leases {
  read(lease: u32, offsetBytes: u32, address: usize, lengthBytes: u32): u32 { return Status.Unsupported; }
  write(lease: u32, offsetBytes: u32, address: usize, lengthBytes: u32): u32 { return Status.Unsupported; }
}

export abstract class Entropy {
  fill(address: usize, lengthBytes: u32): u32 { return Status.Unsupported; }
}

/** One shot: so many microseconds after the last `set` the service is notified. */
export abstract class Timer {
  set(microseconds: u32): void {}
}

// Blocks that were written through the journal and have not gone home yet: the newest image of each, in memory.
//
//   open       written in the open transaction: shadows what was committed, dropped by `abandon`
//   committed  in a record of the log: goes home only after a durable record calls that record flushed (docs/crash-contract.md rule 4)
//
// What stays true: at most one open and one committed image of a block; reads see the open one, then the committed one, then the disk.
//
// Safety: `images` holds CAPACITY blocks and the tables CAPACITY entries; entry numbers are below `count`.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Disk, Leases } from "./disk";
import { BLOCK_BYTES } from "./geometry";

const CAPACITY: u32 = 256;
const OPEN: u8 = 1;
const COMMITTED: u8 = 2;

export class RedoTable {
  private images: usize = heap.alloc(<usize>CAPACITY * BLOCK_BYTES);
  private addresses: usize = heap.alloc(<usize>CAPACITY * 8);
  private states: usize = heap.alloc(CAPACITY);
  /** Entries ever used, free ones among them. */
  private count: u32 = 0;
  openCount: u32 = 0;
  committedCount: u32 = 0;

  reset(): void {
    this.count = 0;
    this.openCount = 0;
    this.committedCount = 0;
  }

  get isEmpty(): bool { return !(this.openCount | this.committedCount); }
  get freeCount(): u32 { return CAPACITY - this.openCount - this.committedCount; }

  private address(entry: u32): u64 { return load<u64>(this.addresses + <usize>entry * 8); }
  private state(entry: u32): u8 { return load<u8>(this.states + entry); }
  private image(entry: u32): usize { return this.images + <usize>entry * BLOCK_BYTES; }

  private find(address: u64, state: u8): i32 {
    for (let entry: u32 = 0; entry < this.count; entry++) if (this.state(entry) == state && this.address(entry) == address) return entry;
    return -1;
  }

  private freeEntry(): u32 {
    for (let entry: u32 = 0; entry < this.count; entry++) if (!this.state(entry)) return entry;
    assert(this.count < CAPACITY);
    return this.count++;
  }

  private put(address: u64, data: usize, state: u8): void {
    const present = this.find(address, state);
    const entry = present >= 0 ? <u32>present : this.freeEntry();
    if (present < 0) {
      store<u64>(this.addresses + <usize>entry * 8, address);
      store<u8>(this.states + entry, state);
      if (state == OPEN) this.openCount++; else this.committedCount++;
    }
    memory.copy(this.image(entry), data, BLOCK_BYTES);
  }

  /** Keep an image of the open transaction. The caller asked for `freeCount` > 0. */
  putOpen(address: u64, data: usize): void { this.put(address, data, OPEN); }
  /** Keep an image of a replayed record of an image that cannot be written. */
  putCommitted(address: u64, data: usize): void { this.put(address, data, COMMITTED); }

  private remove(entry: u32): void {
    if (this.state(entry) == OPEN) this.openCount--; else this.committedCount--;
    store<u8>(this.states + entry, 0);
  }

  /** The open transaction's images are in the log now. */
  commitOpen(): void {
    for (let entry: u32 = 0; entry < this.count && this.openCount; entry++) {
      if (this.state(entry) != OPEN) continue;
      const older = this.find(this.address(entry), COMMITTED);
      if (older >= 0) this.remove(older);
      store<u8>(this.states + entry, COMMITTED);
      this.openCount--;
      this.committedCount++;
    }
  }

  abandonOpen(): void {
    for (let entry: u32 = 0; entry < this.count; entry++) if (this.state(entry) == OPEN) this.remove(entry);
  }

  /** Write every committed image home. The caller made their records durable and named. */
  sendHome(disk: Disk): u32 {
    for (let entry: u32 = 0; entry < this.count; entry++) {
      if (this.state(entry) != COMMITTED) continue;
      const status = disk.write(this.address(entry), 0, this.image(entry), 1);
      if (status) return status;
      this.remove(entry);
    }
    return Status.Ok;
  }

  /** Lay the newest images over blocks [first, first + count) that were read into a caller's lease. */
  overlay(first: u64, count: u32, leases: Leases, lease: u32): u32 {
    for (let pass: u8 = COMMITTED; pass >= OPEN; pass--) {
      for (let entry: u32 = 0; entry < this.count; entry++) {
        const address = this.address(entry);
        if (this.state(entry) != pass || address < first || address - first >= count) continue;
        const status = leases.write(lease, <u32>(address - first) * BLOCK_BYTES, this.image(entry), BLOCK_BYTES);
        if (status) return status;
      }
    }
    return Status.Ok;
  }
}

// The staging buffer: small extents packed one after another in 1 MiB, so that hundreds of small objects are one device write.
// Also says where staged content is: an entry with EntryFlag.staged has as its address a block of this buffer, or STAGED_SLOT plus a slot of the group pool.
//
//   ┌────────┬──┬────────────┬───     ──┬─────────────┐
//   │ A      │B │ C          │  …       │ free        │    records: an entry for each, its address the block within the buffer
//   └────────┴──┴────────────┴───     ──┴─────────────┘    each starts on a block; the rest of its last block is zeros
//
// Safety: `base` is STAGING_BYTES, aligned to a block; usedBlocks never exceeds STAGING_BLOCKS, nor count EXTENTS_MAX.
import { Entry } from "./entry";
import { BLOCK_BYTES, blocksOf } from "./limits";
import { EXTENTS_MAX } from "./run-writer";

export const STAGING_BYTES: u32 = 1048576;
export const STAGING_BLOCKS: u32 = STAGING_BYTES / BLOCK_BYTES;
/** Staged addresses from here on are slots of the group pool. */
export const STAGED_SLOT: u64 = 65536;

export class StagingBuffer {
  readonly records: usize = heap.alloc(EXTENTS_MAX * Entry.BYTES);
  count: u32 = 0;
  private usedBlocks: u32 = 0;

  constructor(readonly base: usize) {}

  reset(): void {
    this.count = 0;
    this.usedBlocks = 0;
  }

  hasRoom(lengthBytes: u32): bool { return this.count < EXTENTS_MAX && blocksOf(lengthBytes) <= STAGING_BLOCKS - this.usedBlocks; }
  /** Where the next extent goes: its bytes may be put there before `append`. */
  get tail(): usize { return this.base + <usize>this.usedBlocks * BLOCK_BYTES; }
  at(address: u64): usize { return this.base + <usize>address * BLOCK_BYTES; }

  /** Makes the bytes at `tail` an extent, whose record gets the flags of run-writer.ts; returns its staged address. There was room. */
  append(kind: u32, value: usize, lengthBytes: u64, firstGroup: u32, flags: u32): u64 {
    const address = <u64>this.usedBlocks;
    const record = this.records + <usize>this.count * Entry.BYTES;
    Entry.fill(record, kind, value, lengthBytes, firstGroup, address, flags);
    const extentBytes = Entry.extentBytes(record);
    // What lies behind the content goes to the device too, and must not be anybody's.
    memory.fill(this.tail + extentBytes, 0, Entry.blockCount(record) * BLOCK_BYTES - extentBytes);
    this.usedBlocks += Entry.blockCount(record);
    this.count++;
    return address;
  }

  /** The first `count` records are on the device: the rest, if any, stays where it lies. */
  removeFirst(count: u32): void {
    this.count -= count;
    if (!this.count) this.usedBlocks = 0;
    else memory.copy(this.records, this.records + <usize>count * Entry.BYTES, <usize>this.count * Entry.BYTES);
  }
}

// A run of data that the open transaction keeps back until it commits, so that it and the record go to the device at the same time: a lone small transaction then waits for one write and one flush, not for two.
//
// What stays true: at most one run, of blocks that the open transaction allocated and bound and that nothing else was written to. Until it is on the disk, only this service knows its bytes: reads see it, and no flush
// counts its extents as flushed.
//
// Safety: `data` holds MOST_BLOCKS; no longer run is kept.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { BlockCache } from "./block-cache";
import { Disk, Leases } from "./disk";
import { BLOCK_BYTES, BLOCK_SHIFT } from "./geometry";
import { Log } from "./log";
import { LogRecord } from "./log-record";

/** 64 KiB: copying more costs as much as the wait that it saves. */
const MOST_BLOCKS: u32 = 16;

export class KeptData {
  private data: usize = heap.alloc(MOST_BLOCKS * BLOCK_BYTES);
  private address: u64 = 0;
  private count: u32 = 0;
  /** Extents of the open record that were bound before this run. */
  private extentsBefore: u32 = 0;

  constructor(readonly disk: Disk, readonly log: Log, readonly cache: BlockCache, readonly leases: Leases) {}

  get isEmpty(): bool { return this.count == 0; }
  get lengthBytes(): u64 { return <u64>this.count << BLOCK_SHIFT; }
  /** How many of the open record's extents, in order, went to the device. */
  writtenExtents(record: LogRecord): u32 { return this.count ? this.extentsBefore : record.extentCount; }

  /** May a run of so many blocks be kept? */
  hasRoomFor(blocks: u32): bool { return !this.count && blocks <= MOST_BLOCKS; }
  /** Copy a run from a caller's lease; `extentsBefore` of the record's extents came before it. The caller asked `hasRoomFor`. */
  keep(address: u64, blocks: u32, lease: u32, extentsBefore: u32): u32 {
    const status = this.leases.read(lease, 0, this.data, blocks << BLOCK_SHIFT);
    if (status) return status;
    this.address = address;
    this.count = blocks;
    this.extentsBefore = extentsBefore;
    return Status.Ok;
  }
  /** The transaction is gone. */
  drop(): void { this.count = 0; }

  /** The kept bytes of a block, or 0. */
  find(address: u64): usize {
    return this.count && address >= this.address && address - this.address < this.count ? this.data + (<usize>(address - this.address) << BLOCK_SHIFT) : 0;
  }
  /** Lay what is kept over blocks [first, first + count) that were read into a caller's lease. */
  overlay(first: u64, count: u32, lease: u32): u32 {
    for (let i: u32 = 0; i < this.count; i++) {
      const address = this.address + i;
      if (address < first || address - first >= count) continue;
      const status = this.leases.write(lease, <u32>(address - first) * BLOCK_BYTES, this.data + (<usize>i << BLOCK_SHIFT), BLOCK_BYTES);
      if (status) return status;
    }
    return Status.Ok;
  }

  /** To its place on the disk, if there is anything. After a failure it is still kept. */
  write(): u32 {
    if (!this.count) return Status.Ok;
    this.cache.forget(this.address, this.count);
    const status = this.disk.write(this.address, 0, this.data, this.count);
    return status ? status : this.written();
  }

  /** To its place, and at the same time the record, sealed, to the head of the log. False: not both, and nobody knows which; also if there is nothing to be written together. */
  writeWith(record: LogRecord): bool {
    if (!this.count) return false;
    this.cache.forget(this.address, this.count);
    if (!this.log.appendWith(record, this.address, this.data, this.count)) return false;
    this.written();
    return true;
  }

  private written(): u32 {
    this.log.unflushedBytes += this.lengthBytes;
    this.count = 0;
    return Status.Ok;
  }
}

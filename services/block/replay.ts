// Hands a client its payload pieces since the newest checkpoint, one a call, in order of commit.
// A cursor is 0 at the start, else 1 + (position of a record << 20 | items of it already passed), modulo 2^64: the log is shorter than 2^44 blocks, so that is enough to find the position again. A client that loses
// its place can ask again from any cursor it was given.
//
// Safety: a cursor from a client is checked against the log before it is used; pieces come from a record that matched its hash.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { ItemCursor, ItemType } from "./log-record";
import { Volume } from "./volume";

const ITEM_BITS: u64 = 20;

export class Replay {
  private items: ItemCursor = new ItemCursor();
  /** The record in volume.scan, if `use` still is volume.scanUse. */
  private position: u64 = u64.MAX_VALUE;
  private use: u32 = 0;
  private passed: u32 = 0;
  /** Of the last `next`: */
  cursor: u64 = 0;
  sequence: u64 = 0;
  lengthBytes: u32 = 0;
  found: bool = false;

  constructor(readonly volume: Volume) {}

  /** The first piece of `badge` at or after `cursor`, into the lease. TooLarge: `lengthBytes` says what it needs, and the cursor has not moved. */
  next(cursor: u64, badge: u32, lease: u32, capacityBytes: u32): u32 {
    const volume = this.volume;
    this.found = false;
    this.lengthBytes = 0;
    this.cursor = 0;
    if (volume.mountStatus) return volume.mountStatus;
    const start = volume.log.checkpointPosition;
    let position = cursor ? start + ((((cursor - 1) >> ITEM_BITS) - start) & (u64.MAX_VALUE >> ITEM_BITS)) : start;
    let passed = cursor ? <u32>((cursor - 1) & ((1 << ITEM_BITS) - 1)) : 0;
    if (position > volume.log.head) return Status.InvalidArgument;
    while (position < volume.log.head) {
      const status = this.seek(position, passed);
      if (status) return status;
      while (this.items.next()) {
        this.passed++;
        if (this.items.type != ItemType.payload || this.items.badge != badge) continue;
        return this.hand(lease, capacityBytes);
      }
      position += volume.scan.blockCount;
      passed = 0;
    }
    return Status.Ok;
  }

  /** Stand in the record at `position` after `passed` items. */
  private seek(position: u64, passed: u32): u32 {
    const volume = this.volume;
    if (this.position == position && this.use == volume.scanUse && this.passed == passed) return Status.Ok;
    if (this.position != position || this.use != volume.scanUse) {
      this.position = u64.MAX_VALUE;
      const status = volume.log.readRecord(position, volume.scan);
      if (status) return status;
      this.position = position;
      this.use = ++volume.scanUse;
    }
    this.items.start(volume.scan);
    this.passed = 0;
    while (this.passed < passed && this.items.next()) this.passed++;
    return this.passed == passed ? Status.Ok : Status.InvalidArgument;
  }

  private hand(lease: u32, capacityBytes: u32): u32 {
    const record = this.volume.scan;
    this.lengthBytes = this.items.bodyBytes;
    this.sequence = record.sequence;
    if (this.lengthBytes > capacityBytes) {
      this.cursor = 1 + (record.position << ITEM_BITS | (this.passed - 1));
      this.passed = u32.MAX_VALUE;
      return Status.TooLarge;
    }
    const status = this.volume.leases.write(lease, 0, this.items.body, this.lengthBytes);
    if (status) return status;
    this.cursor = 1 + (record.position << ITEM_BITS | this.passed);
    this.found = true;
    return Status.Ok;
  }
}

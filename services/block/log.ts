// The log: a circle of blocks that holds the records since the last two checkpoints (docs/formats/block.md §4). The only commit point.
//
//   position ─► tail ┄ records kept for the generation before ┄ checkpointPosition ┄ records since the checkpoint ┄ head ─► (tail + L)
//
// What stays true: a write never reaches past tail + L; `durable` is raised only by a flush that returned; `named` only by a record that was written.
//
// Safety: callers give buffers as long as the blocks they ask for; a record buffer holds the longest record.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Disk } from "./disk";
import { BLOCK_BYTES, BLOCK_SHIFT, Geometry, HASH_BYTES } from "./geometry";
import { LogRecord, RecordKind } from "./log-record";
import { IMAGE_ID_BYTES, Superblock } from "./superblock";

/** Bytes that may wait for a flush; also what a mount after a crash may have to read and hash. */
export const UNFLUSHED_LIMIT_BYTES: u64 = 8 << 20;
/** 64 KiB. */
const AHEAD_BLOCKS: u32 = 16;
/** Blocks that commits leave free, so that a mount can always write its epoch record. */
export const LOG_MARGIN_BLOCKS: u64 = 64;

export class Log {
  readonly imageId: usize = heap.alloc(IMAGE_ID_BYTES);
  readonly lastHash: usize = heap.alloc(HASH_BYTES);
  /** Where the next record goes. */
  head: u64 = 0;
  /** Oldest position that must not be overwritten. */
  tail: u64 = 0;
  /** Where the records after the newest checkpoint start. */
  checkpointPosition: u64 = 0;
  /** Sequence of the last record before that. */
  checkpointSequence: u64 = 0;
  epoch: u64 = 0;
  /** Sequence of the last record. */
  sequence: u64 = 0;
  /** Sequence of the last record that is not a seal: what `sync` promises. */
  committed: u64 = 0;
  /** The highest sequence whose flush returned. */
  durable: u64 = 0;
  /** The highest sequence that a record in the log calls flushed. */
  named: u64 = 0;
  /** The highest sequence that a durable record calls flushed: redo images of records up to it may go home. */
  sealed: u64 = 0;
  /** Data and records written since the last flush. */
  unflushedBytes: u64 = 0;

  /** The last AHEAD_BLOCKS read for a record; most records are one block long, and a mount reads thousands of them in order. */
  private ahead: usize = heap.alloc(AHEAD_BLOCKS * BLOCK_BYTES);
  private aheadPosition: u64 = 0;
  private aheadCount: u32 = 0;

  constructor(readonly disk: Disk, readonly geometry: Geometry) {}

  /** The disk may hold something else than what was read ahead. */
  forgetAhead(): void { this.aheadCount = 0; }

  /** Stand at the end of what a superblock names. */
  begin(superblock: Superblock, tail: u64): void {
    memory.copy(this.imageId, superblock.imageId, IMAGE_ID_BYTES);
    memory.copy(this.lastHash, superblock.recordHash, HASH_BYTES);
    this.head = superblock.logPosition;
    this.checkpointPosition = this.head;
    this.tail = tail;
    this.epoch = superblock.epoch;
    this.sequence = superblock.sequence;
    this.checkpointSequence = this.sequence;
    this.committed = this.sequence;
    this.durable = this.sequence;
    this.named = this.sequence;
    this.sealed = this.sequence;
    this.unflushedBytes = 0;
  }

  get usedBlocks(): u64 { return this.head - this.tail; }
  get freeBlocks(): u64 { return this.geometry.logBlocks - this.usedBlocks; }
  /** A checkpoint is worth its work: a quarter of the log has been written since the last one. */
  get isCheckpointWanted(): bool { return this.isFilled(2); }
  /** It can wait no longer: three eighths have. With the record that crosses this mark (a quarter), the records of what a checkpoint stores first (a quarter) and the margin, the log is full. */
  get isCheckpointDue(): bool { return this.isFilled(3); }
  /** So many eighths written since the checkpoint; or as many quarters in use, so that the log for the generation before is kept too. */
  private isFilled(eighths: u64): bool {
    const eighth = this.geometry.logBlocks >> 3;
    return this.head - this.checkpointPosition >= eighth * eighths || this.usedBlocks >= eighth * eighths * 2;
  }

  /** The block where a position lies. */
  addressOf(position: u64): u64 { return this.geometry.logStart + position % this.geometry.logBlocks; }

  /** Read `count` blocks from a position on; two reads where the circle closes. */
  readBlocks(position: u64, address: usize, count: u32): u32 {
    const at = position % this.geometry.logBlocks;
    const first = <u32>min<u64>(count, this.geometry.logBlocks - at);
    const status = this.disk.read(this.geometry.logStart + at, 0, address, first);
    if (status || first == count) return status;
    return this.disk.read(this.geometry.logStart, 0, address + (<usize>first << BLOCK_SHIFT), count - first);
  }

  /** Like `readBlocks`, through what was read ahead. Where more cannot be read than what is wanted, only that is. */
  private readThrough(position: u64, address: usize, count: u32): u32 {
    if (position < this.aheadPosition || position - this.aheadPosition + count > this.aheadCount) {
      if (count > AHEAD_BLOCKS) return this.readBlocks(position, address, count);
      this.aheadCount = 0;
      if (this.readBlocks(position, this.ahead, AHEAD_BLOCKS)) return this.readBlocks(position, address, count);
      this.aheadPosition = position;
      this.aheadCount = AHEAD_BLOCKS;
    }
    memory.copy(address, this.ahead + (<usize>(position - this.aheadPosition) << BLOCK_SHIFT), <usize>count << BLOCK_SHIFT);
    return Status.Ok;
  }

  /** Write a sealed record at the head and make it the last one. Its buffer is free again afterwards. */
  append(record: LogRecord, isSeal: bool): u32 {
    const count = record.blockCount;
    assert(count <= this.freeBlocks && record.position == this.head);
    this.forgetAhead();
    const at = this.head % this.geometry.logBlocks;
    const first = <u32>min<u64>(count, this.geometry.logBlocks - at);
    let status = this.disk.write(this.geometry.logStart + at, 0, record.address, first);
    if (!status && first < count) status = this.disk.write(this.geometry.logStart, 0, record.address + (<usize>first << BLOCK_SHIFT), count - first);
    if (status) return status;
    this.unflushedBytes += <u64>count << BLOCK_SHIFT;
    this.accept(record, !isSeal);
    return Status.Ok;
  }

  /** The same, and at the same time other blocks from own memory to their place. False: not both were written, or the circle closes inside the record; nothing is accepted then. */
  appendWith(record: LogRecord, block: u64, address: usize, blocks: u32): bool {
    const count = record.blockCount, at = this.head % this.geometry.logBlocks;
    assert(count <= this.freeBlocks && record.position == this.head);
    this.forgetAhead();
    if (count > this.geometry.logBlocks - at || this.disk.writeTogether(this.geometry.logStart + at, record.address, count, block, address, blocks)) return false;
    this.unflushedBytes += <u64>count << BLOCK_SHIFT;
    this.accept(record, true);
    return true;
  }

  /** Take a record that is on the disk as the last one. */
  accept(record: LogRecord, isCommit: bool): void {
    this.head += record.blockCount;
    this.epoch = record.epoch;
    this.sequence = record.sequence;
    if (isCommit) this.committed = record.sequence;
    this.named = max(this.named, record.flushed);
    memory.copy(this.lastHash, record.hash, HASH_BYTES);
  }

  /** Seal a record as the next one of this log. */
  seal(record: LogRecord): void { record.seal(this.imageId, this.epoch, this.sequence + 1, this.durable, this.head, this.lastHash); }

  /** Read the record at a position. Corrupted: there is no whole and sound one of this image. Says nothing of the chain. */
  readRecord(position: u64, record: LogRecord): u32 {
    const status = this.readThrough(position, record.address, 1);
    if (status) return status;
    if (!record.looksLike(this.imageId, this.geometry.maximumRecordBytes) || record.position != position) return Status.Corrupted;
    const blocks = record.blockCount;
    if (blocks > 1) {
      const rest = this.readThrough(position + 1, record.address + BLOCK_BYTES, blocks - 1);
      if (rest) return rest;
    }
    return record.matchesHash() && record.hasSoundItems() ? Status.Ok : Status.Corrupted;
  }

  /** Whether a whole record is the one after the last accepted one. */
  isNext(record: LogRecord): bool {
    if (record.sequence != this.sequence + 1 || record.flushed > this.sequence) return false;
    if (record.kind == RecordKind.epoch ? record.epoch <= this.epoch : record.epoch != this.epoch) return false;
    return memory.compare(record.previousHash, this.lastHash, HASH_BYTES) == 0;
  }

  /** A flush returned: everything written before it is durable. */
  noteFlushed(): void {
    this.durable = this.sequence;
    this.sealed = this.named;
    this.unflushedBytes = 0;
  }
}

// What lies past the end of the chain of records (docs/formats/block.md §5): records that were written before a crash and cut off, or proof that a record before them was lost to damage.
//
// What stays true: a claim is believed only of a record that is whole, as long as that can be found out with bounded work; beyond that, for the worse. Nothing here is applied.
//
// Safety: `window` holds WINDOW_BLOCKS blocks, `scan` the longest record; positions from the disk are used only through Log, which takes them modulo its length.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { WINDOW_BLOCKS } from "./extent-check";
import { BLOCK_BYTES, BLOCK_SHIFT } from "./geometry";
import { Log } from "./log";
import { LogRecord } from "./log-record";

/** What can lie between a cut and the last record written before a crash: the unflushed bound and the longest records around it. */
const DEAD_WINDOW_BLOCKS: u64 = 4096;
/** Blocks of such records that are read to find out whether they are whole: of some lives whose records lie over each other. */
const READ_LIMIT_BLOCKS: u64 = 4 * DEAD_WINDOW_BLOCKS;

export class DeadRecords {
  private head: LogRecord = new LogRecord(0, BLOCK_BYTES);
  private readBlocks: u64 = 0;
  /** There is something that looks like one, perhaps torn. */
  areThere: bool = false;
  /** One of them is whole: only a new epoch keeps it dead. */
  areWhole: bool = false;
  /** The highest epoch of the chain and of those that are whole. */
  highestEpoch: u64 = 0;
  /** One of them says that something behind the chain's end was flushed. */
  isProofOfDamage: bool = false;

  constructor(readonly log: Log, readonly window: usize, readonly scan: LogRecord) {}

  /** Look behind the log's head. `isBounded`: not further than what can be there. Ok, or the device's status. */
  look(isBounded: bool, maximumRecordBytes: u32): u32 {
    const log = this.log;
    this.areThere = false;
    this.areWhole = false;
    this.isProofOfDamage = false;
    this.highestEpoch = log.epoch;
    this.readBlocks = 0;
    const free = log.geometry.logBlocks - (log.head - log.checkpointPosition);
    const end = isBounded ? min(free, DEAD_WINDOW_BLOCKS) : free;
    for (let done: u64 = 0; done < end; done += WINDOW_BLOCKS) {
      const count = <u32>min<u64>(WINDOW_BLOCKS, end - done);
      let status = log.readBlocks(log.head + done, this.window, count);
      for (let i: u32 = 0; !status && i < count; i++) {
        this.head.address = this.window + (<usize>i << BLOCK_SHIFT);
        if (this.head.looksLike(log.imageId, maximumRecordBytes)) status = this.lookAt(log.head + done + i);
      }
      if (status || this.isProofOfDamage) return status;
    }
    return Status.Ok;
  }

  /** One block that looks like the start of a record; `position` is where it would be in this lap. */
  private lookAt(position: u64): u32 {
    const log = this.log, head = this.head;
    if (head.sequence <= log.sequence || head.epoch < log.epoch) return Status.Ok;
    const isMisplaced = head.position < position || (head.position - position) % log.geometry.logBlocks != 0;
    if (!isMisplaced) this.areThere = true;
    else if (head.flushed <= log.sequence) return Status.Ok;
    const status = isMisplaced ? this.judgeHere() : this.judge();
    if (status) return status == Status.Corrupted ? <u32>Status.Ok : status;
    if (!isMisplaced) {
      this.areWhole = true;
      this.highestEpoch = max(this.highestEpoch, head.epoch);
    }
    if (head.flushed > log.sequence) this.isProofOfDamage = true;
    return Status.Ok;
  }

  /** A record that was written to another place than its own: what it says was flushed, was. Only one of a single block can be checked where it lies. */
  private judgeHere(): u32 { return this.head.blockCount == 1 && this.head.matchesHash() ? Status.Ok : Status.Corrupted; }

  /** Ok: it is whole, or there was too much to read to know. */
  private judge(): u32 {
    this.readBlocks += this.head.blockCount;
    return this.readBlocks > READ_LIMIT_BLOCKS ? <u32>Status.Ok : this.log.readRecord(this.head.position, this.scan);
  }
}

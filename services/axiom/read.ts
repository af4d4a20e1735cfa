// Reading: runs of whole entries from a height on, from memory for what came after the last checkpoint and from a segment for what came before.
//
// Safety: a run's address and bytes are inside the arena's adopted entries or the loaded segment, until either changes.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Log } from "./log";

export class LogReader {
  runAddress: usize = 0;
  runBytes: u32 = 0;
  runCount: u32 = 0;

  constructor(private log: Log) {}

  /** Find the longest run from `height` on that lies in one piece of memory and in `room` bytes. At the head of the log it is empty; TooLarge if the first entry does not fit. */
  locate(height: u64, room: u32): u32 {
    const log = this.log;
    this.runCount = 0;
    this.runBytes = 0;
    if (log.mountStatus != Status.Ok) return log.mountStatus;
    if (height > log.nextHeight) return Status.NotFound;
    if (height == log.nextHeight) return Status.Ok;
    return height < log.arena.first ? this.inSegment(height, room) : this.inArena(<u32>(height - log.arena.first), room);
  }

  private inArena(index: u32, room: u32): u32 {
    const arena = this.log.arena;
    this.runCount = arena.runCount(index, room);
    if (this.runCount == 0) return Status.TooLarge;
    const last = index + this.runCount - 1;
    this.runAddress = arena.entry(index);
    this.runBytes = <u32>(arena.entry(last) - this.runAddress) + arena.entryBytes(last);
    return Status.Ok;
  }

  private inSegment(height: u64, room: u32): u32 {
    const log = this.log;
    let status = log.index.find(height);
    if (status == Status.Ok) status = log.reader.load(log.index.found);
    if (status != Status.Ok) return status;
    const segment = log.reader;
    if (height < segment.first || height - segment.first >= segment.count) return Status.Corrupted;
    const from = <u32>(height - segment.first);
    let to = from;
    while (to < segment.count && segment.runBytes(from, to + 1) <= room) to++;
    if (to == from) return Status.TooLarge;
    this.runAddress = segment.entry(from);
    this.runBytes = segment.runBytes(from, to);
    this.runCount = to - from;
    return Status.Ok;
  }
}

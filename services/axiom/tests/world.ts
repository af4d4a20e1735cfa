// What the specs of Axiom share: a log over fakes, and batches to propose.
import { Entry, Proposal } from "../../../kernel-bindings/generated/assembly/axiom";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Arena } from "../arena";
import { Batch } from "../batch";
import { Checker } from "../check";
import { Checkpointer } from "../checkpoint";
import { padded } from "../entry";
import { Log } from "../log";
import { Marker } from "../mark";
import { FilesystemTypes } from "../policy";
import { LogReader } from "../read";
import { Bytes, bytesOf, FakeClock, FakeJournal, FakeObjects } from "./fake-lower";

export const RIGHTS: u32 = 3;

export class World {
  journal: FakeJournal;
  objects: FakeObjects;
  log: Log;
  checkpointer: Checkpointer;
  checker: Checker;
  marker: Marker;
  reader: LogReader;
  root: usize = heap.alloc(32);
  private count: u32 = 0;
  private used: u32 = 0;

  constructor(arenaBytes: u32 = 65536, arenaEntries: u32 = 256, batchBytes: u32 = 65536) {
    const journal = new FakeJournal();
    const objects = new FakeObjects(journal);
    const log = new Log(journal, objects, new FakeClock(), new FilesystemTypes(), new Arena(arenaBytes, arenaEntries), new Batch(batchBytes));
    this.journal = journal;
    this.objects = objects;
    this.log = log;
    this.checkpointer = new Checkpointer(log);
    this.checker = new Checker(log);
    this.marker = new Marker(log);
    this.reader = new LogReader(log);
    memory.fill(this.root, 7, 32);
  }

  format(): u32 {
    memory.fill(this.log.batch.address, 0x47, 40);
    return this.log.format(0, 0, 40);
  }

  /** Add a proposal to the batch at hand. */
  add(key: u64, payloadBytes: u32 = 20, type: u32 = 16, fill: u8 = 0x61): void {
    const p = this.log.batch.address + this.used;
    memory.fill(p, 0, Proposal.SIZE + padded(payloadBytes));
    Proposal.setType(p, <u16>type);
    Proposal.setPayloadBytes(p, payloadBytes);
    Proposal.setIdempotencyKey(p, key);
    Proposal.setTimeNanoseconds(p, 5 + key);
    memory.fill(p + Proposal.SIZE, fill, payloadBytes);
    this.used += Proposal.SIZE + padded(payloadBytes);
    this.count++;
  }

  get batchBytes(): u32 { return this.used; }

  propose(): u32 {
    const status = this.log.propose(this.root, this.count, this.used, 0, RIGHTS);
    this.count = 0;
    this.used = 0;
    return status;
  }

  /** A batch of one proposal with this key. */
  one(key: u64, payloadBytes: u32 = 20): u32 {
    this.add(key, payloadBytes);
    return this.propose();
  }

  /** The entry at a height, copied; empty if it cannot be read. */
  entry(height: u64): Bytes {
    if (this.reader.locate(height, 1 << 20) != Status.Ok || this.reader.runCount == 0) return new StaticArray<u8>(0);
    const p = this.reader.runAddress;
    return Entry.height(p) == height ? bytesOf(p, Entry.SIZE + padded(Entry.payloadBytes(p))) : new StaticArray<u8>(0);
  }
}

/** A generator of numbers that repeats itself (xorshift). */
export class Random {
  constructor(private state: u64) {}
  next(): u64 {
    this.state ^= this.state << 13;
    this.state ^= this.state >> 7;
    this.state ^= this.state << 17;
    return this.state;
  }
  below(limit: u32): u32 { return <u32>(this.next() % limit); }
}

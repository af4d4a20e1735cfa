// For specs: a log and a content store that answer what they are told to and count what they are asked.
import { hash } from "../../base/blake3/index";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Contents, Log, Platform } from "../lower";

export class FakeLog extends Log {
  /** Answers of the next calls. */
  proposeStatus: u32 = Status.Ok;
  checkpointStatus: u32 = Status.Ok;
  /** BlockFlags of a log that was not checkpointed, and of one that was. */
  flagsBefore: u32 = 0;
  proposeCount: u32 = 0;
  checkpointCount: u32 = 0;
  /** The state roots that were handed over last. */
  readonly proposedRoot: usize = heap.alloc(32);
  readonly checkpointRoot: usize = heap.alloc(32);

  describe(): u32 { return Status.Ok; }
  format(blockCount: u64, flags: u32, genesis: usize, lengthBytes: u32): u32 { return Status.Unsupported; }
  propose(stateRoot: usize, count: u32, batch: usize, lengthBytes: u32): u32 {
    this.proposeCount++;
    this.flags = this.flagsBefore;
    if (this.proposeStatus != Status.Ok) return this.proposeStatus;
    memory.copy(this.proposedRoot, stateRoot, 32);
    this.height += count + 1;
    return Status.Ok;
  }
  sync(): u32 { return Status.Ok; }
  read(height: u64, buffer: usize, capacityBytes: u32): u32 { return Status.Unsupported; }
  checkpoint(state: usize): u32 {
    this.checkpointCount++;
    memory.copy(this.checkpointRoot, state, 32);
    return this.checkpointStatus;
  }
  lastCheckpoint(stateOut: usize): u32 { return Status.Unsupported; }
  mark(): u32 { return Status.Ok; }
  check(): u32 { return Status.Unsupported; }
}

/** Keeps nothing: nodes stay in the map's memory. */
export class FakeContents extends Contents {
  storeStatus: u32 = Status.Ok;
  storeCount: u32 = 0;

  store(source: u32, address: usize, lengthBytes: u32, hashOut: usize): u32 {
    if (this.storeStatus != Status.Ok) return this.storeStatus;
    this.storeCount++;
    hash(address, lengthBytes, hashOut);
    return Status.Ok;
  }
  get(hash: usize, offsetBytes: u64, source: u32, address: usize, lengthBytes: u32): u32 { return Status.NotFound; }
  describe(hash: usize): u32 { return Status.NotFound; }
  openWriter(base: usize): u32 { return Status.Unsupported; }
  writerWrite(writer: u32, offsetBytes: u64, source: u32, address: usize, lengthBytes: u32): u32 { return Status.Unsupported; }
  writerRead(writer: u32, offsetBytes: u64, source: u32, address: usize, lengthBytes: u32): u32 { return Status.Unsupported; }
  writerTruncate(writer: u32, lengthBytes: u64): u32 { return Status.Unsupported; }
  writerFinish(writer: u32, hashOut: usize): u32 { return Status.Unsupported; }
  closeWriter(writer: u32): void {}
  collectBegin(): u32 { return Status.Unsupported; }
  collectMark(hashes: usize, count: u32): u32 { return Status.Unsupported; }
  collectSweep(limit: u32): u32 { return Status.Unsupported; }
  check(cursor: u32, limit: u32, damagedOut: usize): u32 { return Status.Unsupported; }
  recount(): u32 { return Status.Unsupported; }
  statistics(out: usize): u32 { return Status.Unsupported; }
}

export class FakePlatform extends Platform {
  now(): u64 { return 5000; }
  random(out: usize, lengthBytes: u32): u32 { return Status.Ok; }
  setTimer(microseconds: u32): void {}
  mint(rights: u32, badge: u32): i32 { return -<i32>Status.Unsupported; }
  note(words: string, status: u32): void {}
  drop(handle: u32): void {}
  readLease(source: u32, offsetBytes: u32, address: usize, lengthBytes: u32): u32 { return Status.Unsupported; }
  writeLease(source: u32, offsetBytes: u32, address: usize, lengthBytes: u32): u32 { return Status.Unsupported; }
}

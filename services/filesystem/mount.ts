// Mount and format (docs/contracts.md §4): from the last checkpoint's state record, or from genesis, through every entry of the log since, with the state root compared wherever the log states one.
//
// The log's entries are verified by Axiom; what they ask for is checked here by the reducer like any proposal. An entry that the state refuses, or a root that differs, is `Corrupted`: better no tree than a wrong one.
//
// Safety: `buffer` is BUFFER_BYTES; lengths in it are checked before they are followed.
import { Entry, EntryType } from "../../kernel-bindings/generated/assembly/axiom";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { sameHash } from "../base/merkle-map";
import { Core } from "./core";
import { Genesis } from "./proposal-format";
import { HASH_BYTES, StateRecord } from "./tree-format";

const BUFFER_BYTES: u32 = 262144;
const STORE_STEP_NODES: u32 = 512;

export class Mounter {
  private buffer: usize = heap.alloc(BUFFER_BYTES);
  private stateHash: usize = heap.alloc(HASH_BYTES);

  constructor(private core: Core) {}

  /** Mount what is there; `core.mountStatus` says how it went. */
  mount(): u32 {
    const core = this.core;
    core.files.clear();
    core.handles.invalidate();
    core.journal.isLost = false;
    core.mountStatus = this.readBack();
    // What the log gave may be committed and not durable, if only the services here were started anew: it is durable five seconds later, as everything is.
    if (core.mountStatus == Status.Ok) core.committer.noteChange();
    return core.mountStatus;
  }

  format(blockCount: u64, flags: u32): u32 {
    const core = this.core;
    const genesis = this.buffer;
    Genesis.set(genesis, core.platform.now());
    let status = core.platform.random(Genesis.salt(genesis), HASH_BYTES);
    if (status != Status.Ok) return status;
    status = core.log.format(blockCount, flags, genesis, Genesis.BYTES);
    if (status != Status.Ok && status != Status.NotDurable) return status;
    const mounted = this.mount();
    return mounted == Status.Ok ? status : mounted;
  }

  private readBack(): u32 {
    const core = this.core;
    const log = core.log;
    let status = log.describe();
    if (status != Status.Ok) return status;
    if (!log.isFormatted) return Status.NotFormatted;
    const end = log.height;
    status = log.lastCheckpoint(this.stateHash);
    if (status != Status.Ok) return status;
    let height: u64 = 0;
    core.committer.hasCheckpoint = log.found;
    core.journal.archiveBytes = 0;
    if (log.found) {
      height = log.height;
      status = this.openCheckpoint();
      if (status != Status.Ok) return status;
    }
    while (height < end) {
      status = log.read(height, this.buffer, BUFFER_BYTES);
      if (status != Status.Ok) return status;
      if (log.nextHeight <= height || log.nextHeight > end) return Status.Corrupted;
      status = this.reduce(height, log.lengthBytes, log.nextHeight);
      if (status != Status.Ok) return status;
      height = log.nextHeight;
      core.journal.archiveBytes += log.lengthBytes;
    }
    core.committer.adopt(height);
    status = core.blocks.readLimits();
    if (status != Status.Ok) return status;
    core.committer.recordBytes = core.blocks.recordBytes;
    return core.space.refresh();
  }

  private openCheckpoint(): u32 {
    const core = this.core;
    memory.copy(core.committer.checkpointState, this.stateHash, HASH_BYTES);
    const status = core.contents.get(this.stateHash, 0, 0, this.buffer, StateRecord.BYTES + 1);
    if (status != Status.Ok) return status == Status.NotFound ? <u32>Status.Corrupted : status;
    return core.state.open(this.buffer, <u32>core.contents.lengthBytes);
  }

  /** Reduce the entries in the buffer, from `height` to below `end`. */
  private reduce(height: u64, lengthBytes: u32, end: u64): u32 {
    let offset: u32 = 0;
    for (let at = height; at < end; at++) {
      if (lengthBytes - offset < Entry.SIZE) return Status.Corrupted;
      const entry = this.buffer + offset;
      const payloadBytes = Entry.payloadBytes(entry);
      const room = lengthBytes - offset - Entry.SIZE;
      if (payloadBytes > room || ((payloadBytes + 7) & ~7) > room || Entry.height(entry) != at) return Status.Corrupted;
      const status = this.reduceEntry(entry, payloadBytes);
      if (status != Status.Ok) return status;
      offset += Entry.SIZE + ((payloadBytes + 7) & ~7);
    }
    return offset == lengthBytes ? Status.Ok : Status.Corrupted;
  }

  private reduceEntry(entry: usize, payloadBytes: u32): u32 {
    const core = this.core;
    const payload = entry + Entry.SIZE;
    const type: u32 = Entry.type(entry);
    const height = Entry.height(entry);
    if (type == EntryType.genesis) return height == 0 ? core.journal.reducer.begin(payload, payloadBytes) : <u32>Status.Corrupted;
    if (height == 0) return Status.Corrupted;
    if (type == EntryType.stateRoot) {
      if (payloadBytes != HASH_BYTES || !sameHash(payload, core.state.root())) return Status.Corrupted;
      return this.relieveCache();
    }
    const status = core.journal.reducer.apply(type, Entry.timeNanoseconds(entry), height, payload, payloadBytes);
    if (status == Status.Ok || status == Status.DeviceError || status == Status.OutOfMemory) return status;
    return Status.Corrupted;
  }

  /** A long replay changes more nodes than memory holds: those at a state root may go to the store. */
  private relieveCache(): u32 {
    const cache = this.core.state.cache;
    return cache.unstoredBytes > cache.capacityBytes >> 1 ? cache.storeSome(STORE_STEP_NODES) : <u32>Status.Ok;
  }
}

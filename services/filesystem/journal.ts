// Proposals, live: each is reduced into the state in memory and queued for the log in one step, so that state and queue never disagree. Committing the queue is committer.ts.
//
// A reduction that fails half way, or a log that loses a batch, leaves a state that no disk has: from then on `isLost`, and everything that changes answers Lost until the service starts anew.
//
// Safety: payloads are written at `payload`, at most PAYLOAD_BYTES_MAX bytes.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Batch } from "./batch";
import { Platform } from "./lower";
import { Reducer } from "./reducer";
import { sameHash } from "../base/merkle-map";
import { EMPTY_CONTENT, HASH_BYTES } from "./tree-format";

/** What Axiom adds to each batch: an entry's head and a hash. */
const STATE_ROOT_ENTRY_BYTES: u32 = 144;
/** Contents let go by proposals that are not committed yet: a collection must keep them, because a crash would bring them back. */
const RELEASED_MAX: u32 = 2048;

export class Journal {
  readonly batch: Batch = new Batch();
  isLost: bool = false;
  /** Height of the first proposal of the batch. */
  baseHeight: u64 = 0;
  /** Bytes of entries since the last checkpoint, which the next one archives. */
  archiveBytes: u64 = 0;
  /** Proposals since mount that let content go: whether a collection may find something. */
  releaseCount: u64 = 1;
  /** Hashes let go by the batch. */
  readonly released: usize = heap.alloc(<usize>RELEASED_MAX * HASH_BYTES);
  releasedCount: u32 = 0;

  constructor(readonly reducer: Reducer, private platform: Platform) {}

  /** Where the payload of the next proposal goes. The committer's `begin` has made room. */
  get payload(): usize {
    assert(this.batch.hasRoom);
    return this.batch.draft;
  }

  /** Height that the next proposal will have. */
  get nextHeight(): u64 { return this.baseHeight + this.batch.count; }

  /** Reduce and queue the payload, as of now. */
  propose(type: u32, payloadBytes: u32): u32 { return this.proposeAt(type, this.platform.now(), payloadBytes); }

  proposeAt(type: u32, time: u64, payloadBytes: u32): u32 {
    if (this.isLost) return Status.Lost;
    const height = this.nextHeight;
    const status = this.reducer.apply(type, time, height, this.batch.draft, payloadBytes);
    if (status == Status.Ok) this.batch.seal(type, time, height, payloadBytes);
    else if (this.reducer.isTorn) this.lose("a proposal failed half way, status", status);
    return status;
  }

  /** Memory and disk are not the same any more. */
  lose(why: string, status: u32): void {
    this.isLost = true;
    this.platform.note(why, status);
  }

  /** The proposal at hand lets this content go. */
  release(content: usize): void {
    this.releaseCount++;
    if (sameHash(content, EMPTY_CONTENT) || this.releasedCount == RELEASED_MAX) return;
    memory.copy(this.released + <usize>this.releasedCount * HASH_BYTES, content, HASH_BYTES);
    this.releasedCount++;
  }

  /** The batch is committed; the next begins at this height. */
  settle(height: u64): void {
    this.archiveBytes += this.batch.entryBytes + STATE_ROOT_ENTRY_BYTES;
    this.batch.clear();
    this.releasedCount = 0;
    this.baseHeight = height;
  }
}

// Group commits, syncs and checkpoints: how what is in memory becomes durable (docs/contracts.md §2, §3).
//
//   commit      save open files ─► state root ─► axiom.propose          checkpoint   commit ─► store map nodes and the state record ─► axiom.checkpoint
//
// A checkpoint has two marks. At the first one it is *wanted*: it is made in steps when nobody wants the processor (`rest`). At the second one it is *due*: the next commit makes it, whoever waits.
//
// Always: memory is at least as new as the log. After a failure that may have lost a batch, nothing changes any more (`journal.isLost`); after NoSpace everything stands as before and can be tried again.
//
// Safety: no memory is touched but through the classes used.
import { BlockFlag } from "../../kernel-bindings/generated/assembly/block";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { FileContents } from "./file-contents";
import { Journal } from "./journal";
import { Contents, Log, Platform } from "./lower";
import { State } from "./state";
import { HASH_BYTES, StateRecord } from "./tree-format";

/** Content staged below that makes a group commit due. */
const STAGED_BYTES_DUE: u64 = 32 << 20;
/** Open files with unsaved bytes that do: each needs a place in the batch. */
const UNSAVED_DUE: u32 = 768;
const TIMER_MICROSECONDS: u32 = 5_000_000;
/** What an extent takes in the journal's record: its descriptor, its place in the store's index. */
const ITEM_BYTES: u32 = 192;
const STORE_STEP_NODES: u32 = 128;
/** Of what map nodes may take before the store has them: a checkpoint is wanted at so many eighths, and due at so many. */
const WANTED_EIGHTHS: u32 = 3;
const DUE_EIGHTHS: u32 = 4;
const NEVER: u64 = u64.MAX_VALUE;

export class Committer {
  /** The last commit found that a checkpoint is worth its work. */
  private isCheckpointWanted: bool = false;
  /** The last commit found that it can wait no longer. */
  isCheckpointDue: bool = false;
  /** Something was committed since the last sync. */
  isUnsynced: bool = false;
  /** Something became durable since the mount: starting anew after a loss may help. */
  hasSynced: bool = false;
  /** The state record of the last checkpoint, if there is one. */
  readonly checkpointState: usize = heap.alloc(HASH_BYTES);
  hasCheckpoint: bool = false;
  /** What one transaction may carry. */
  recordBytes: u32 = 0;
  checkpoints: u64 = 0;
  /** Map nodes put into the store since the mount. */
  nodesStored: u64 = 0;
  /** Nodes put into the store since the last commit, at most: they are in its transaction. */
  private storedNodes: u32 = 0;
  /** Height of the log when a checkpoint in the background failed: none is tried there again before another commit. */
  private refusedHeight: u64 = NEVER;
  private isTimerSet: bool = false;
  private hash: usize = heap.alloc(HASH_BYTES);

  constructor(private state: State, readonly journal: Journal, readonly files: FileContents, private log: Log, private contents: Contents, private platform: Platform) {}

  /** Whether memory, batch or staged content want a commit before the next change. */
  get isDue(): bool {
    const recordBytes = this.journal.batch.entryBytes + (this.files.stagedItems + this.storedNodes) * ITEM_BYTES;
    return this.journal.batch.isDue || this.files.stagedBytes >= STAGED_BYTES_DUE || recordBytes >= this.recordBytes >> 1 || this.files.files.unsavedCount >= UNSAVED_DUE || this.isCheckpointDue || this.owes(DUE_EIGHTHS);
  }

  get hasChanges(): bool { return this.journal.batch.count > 0 || this.files.files.unsavedCount > 0; }

  /** Something changed: it is durable five seconds later, if not sooner. */
  noteChange(): void {
    if (this.isTimerSet) return;
    this.isTimerSet = true;
    this.platform.setTimer(TIMER_MICROSECONDS);
  }

  /** The timer fired. */
  tick(): void {
    this.isTimerSet = false;
    if (this.journal.isLost) return;
    this.settle();
    if (this.hasChanges || this.isUnsynced) this.noteChange();
  }

  /** One group commit of everything up to now, and the checkpoint that is due. */
  commit(): u32 {
    const status = this.commitOnly();
    if (status != Status.Ok || !(this.isCheckpointDue || this.owes(DUE_EIGHTHS))) return status;
    const checked = this.checkpointOnly();
    // The commit stands. Without space for a checkpoint the log goes on until it is full.
    return checked == Status.NoSpace || checked == Status.NotDurable ? <u32>Status.Ok : checked;
  }

  /** Everything done before survives power loss when this answers Ok. */
  sync(): u32 {
    const status = this.settle();
    if (status != Status.Ok) return status;
    const failure = this.files.failure;
    this.files.failure = Status.Ok;
    return failure;
  }

  /** What a sync does, without the answer for bytes that had to be given up: that is for whoever asks. */
  private settle(): u32 {
    const status = this.commit();
    if (status != Status.Ok || !this.isUnsynced) return status;
    const synced = this.judge(this.log.sync());
    if (synced == Status.Ok) {
      this.isUnsynced = false;
      this.hasSynced = true;
    }
    return synced;
  }

  checkpoint(): u32 {
    const status = this.commitOnly();
    return status == Status.Ok ? this.checkpointOnly() : status;
  }

  /**
   * Nobody wants the processor: one step of the checkpoint that is wanted. Each begins with a group commit, if there are changes; then it stores some nodes, which nothing names yet, or what is left of them and makes the checkpoint.
   * So requests may come between any two steps. True if there is more to do. After a failure there is not, until something else was committed.
   */
  rest(): bool {
    if (!this.isCheckpointWanted || this.journal.isLost || this.journal.baseHeight == this.refusedHeight) return false;
    let status = this.commitOnly();
    this.state.root();
    const isLast = this.state.cache.unstoredCount <= STORE_STEP_NODES;
    if (status == Status.Ok) status = isLast ? this.checkpointOnly() : this.judge(this.storeStep());
    if (status != Status.Ok && status != Status.NotDurable) this.refusedHeight = this.journal.baseHeight;
    return status == Status.Ok && !isLast;
  }

  /** Put the tree's nodes into the content store, where others can read them; with commits in between when they are more than one transaction takes. */
  storeNodes(): u32 {
    this.state.root();
    let status: u32 = Status.Ok;
    while (status == Status.Ok && this.state.cache.unstoredCount > 0) status = this.storeStep();
    return status;
  }

  /** Close the transaction below, so that it does not grow too long: a commit of what is queued, or of nothing. */
  flush(): u32 {
    const status = this.propose();
    return status == Status.Ok && this.journal.isLost ? <u32>Status.Lost : status;
  }

  /** In the middle of a collection: close the transaction, and make the checkpoint that may be due. On a full disk the frees have to wait for the end. */
  yieldBelow(): u32 {
    let status = this.flush();
    if (status == Status.Ok && this.isCheckpointDue) status = this.checkpointOnly();
    return status == Status.NoSpace || status == Status.NotDurable ? <u32>Status.Ok : status;
  }

  /** The state as it is now is what the log holds: after mount. */
  adopt(height: u64): void {
    this.journal.settle(height);
    // What was read back may be committed and not yet durable: the first sync asks.
    this.isUnsynced = true;
    this.hasSynced = false;
    this.isCheckpointWanted = false;
    this.isCheckpointDue = false;
    this.storedNodes = 0;
    this.refusedHeight = NEVER;
    this.files.clearStaged();
  }

  /** Whether the nodes that the store lacks take so many eighths of memory, or of four records of the journal, which has room for half of that behind the mark where a checkpoint is due. */
  private owes(eighths: u32): bool {
    const cache = this.state.cache;
    return cache.unstoredBytes > (cache.capacityBytes >> 3) * eighths || cache.unstoredCount > (cache.capacityCount >> 3) * eighths || cache.unstoredCount * ITEM_BYTES > (this.recordBytes >> 1) * eighths;
  }

  /** Store some nodes, all of which are hashed; and close the transaction below when it has become long. Nothing is queued then: whoever stores nodes has committed before. */
  private storeStep(): u32 {
    const cache = this.state.cache;
    const before = cache.unstoredCount;
    const status = cache.storeSome(STORE_STEP_NODES);
    this.nodesStored += before - cache.unstoredCount;
    this.storedNodes += STORE_STEP_NODES;
    return status == Status.Ok && this.storedNodes * ITEM_BYTES >= this.recordBytes >> 1 ? this.flush() : status;
  }

  private commitOnly(): u32 {
    if (this.journal.isLost) return Status.Lost;
    const saved = this.judge(this.files.saveAll());
    if (saved != Status.Ok) return saved;
    return this.journal.batch.count == 0 ? <u32>Status.Ok : this.propose();
  }

  /** Hand the batch to the log, even if it is empty. */
  private propose(): u32 {
    const batch = this.journal.batch;
    const root = this.state.root();
    const expected = this.journal.nextHeight + 1;
    const status = this.judge(this.log.propose(root, batch.count, batch.base, batch.lengthBytes));
    if (status != Status.Ok) return status;
    this.isUnsynced = true;
    this.files.clearStaged();
    this.storedNodes = 0;
    this.isCheckpointWanted = (this.log.flags & BlockFlag.checkpointWanted) != 0 || this.owes(WANTED_EIGHTHS);
    this.isCheckpointDue = (this.log.flags & BlockFlag.checkpointDue) != 0;
    this.journal.settle(this.log.height);
    // Somebody else proposed in between: the heights that this state was given are not those of the log.
    if (this.log.height != expected) this.journal.lose("somebody else proposed", Status.Rejected);
    return this.journal.isLost ? Status.Lost : Status.Ok;
  }

  private checkpointOnly(): u32 {
    let status = this.judge(this.storeNodes());
    if (status == Status.Ok) status = this.judge(this.contents.store(0, this.state.record, StateRecord.BYTES, this.hash));
    if (status == Status.Ok) status = this.judge(this.log.checkpoint(this.hash));
    if (status != Status.Ok && status != Status.NotDurable) return status;
    this.isCheckpointWanted = false;
    this.isCheckpointDue = false;
    this.storedNodes = 0;
    this.isUnsynced = status != Status.Ok;
    this.journal.archiveBytes = 0;
    this.hasCheckpoint = true;
    this.checkpoints++;
    memory.copy(this.checkpointState, this.hash, HASH_BYTES);
    return status;
  }

  /** Some failures leave everything as it was; after any other, memory and disk may differ, and nobody may be told otherwise. */
  private judge(status: u32): u32 {
    if (status == Status.Ok || status == Status.NoSpace || status == Status.NotDurable) return status;
    // Busy: the journal is full until there is a checkpoint, for which there was no room.
    if (status == Status.OutOfMemory || status == Status.TooLarge || status == Status.Busy) return Status.NoSpace;
    // The device did not answer for the moment, or cannot be written any more: nothing was taken, and the same can be asked for again.
    if (status == Status.Cancelled || status == Status.DeviceGone || status == Status.ReadOnly || status == Status.Truncated) return status;
    this.journal.lose("a commit, sync or checkpoint failed with status", status);
    return Status.Lost;
  }
}

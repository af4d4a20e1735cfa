// Collection: everything that no tree, no snapshot, no open file and no uncommitted change needs is given back (docs/contracts.md §5).
//
// With room to spare it commits and checkpoints first, so that only the present state counts. On a full disk that may be impossible; then it keeps what the last checkpoint reaches, what memory reaches,
// and what uncommitted removals let go: a crash at any moment finds all that it needs.
//
// Safety: `record` holds a state record; the two maps only look, at nodes of the same cache.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { MapCursor, MerkleMap } from "../base/merkle-map";
import { Committer } from "./committer";
import { Contents, Log } from "./lower";
import { Marker } from "./marker";
import { State } from "./state";
import { HASH_BYTES, InodeRecord, SnapshotValue, StateRecord } from "./tree-format";
import { TreeWalk } from "./tree-walk";
import { Visited } from "./visited";

const SWEEP_OBJECTS: u32 = 1024;
/** So many removals, overwrites or nodes make a collection worth its work before it is needed: it frees at least that, so there is not one for each. */
const OVERDUE: u64 = 64;
/** So many nodes, once it is needed: fewer stay below what a change must leave (space.ts). */
const NODES_WORTH: u64 = 16;
/** The first byte of every name is at least 1. */
const FIRST_NAME: usize = memory.data<u8>([1], 1);

export class Collector {
  freedBlocks: u64 = 0;
  freedObjects: u64 = 0;
  /** `journal.releaseCount`, `committer.checkpoints` and `committer.nodesStored` after the last collection. */
  private releasesSeen: u64 = 0;
  private checkpointsSeen: u64 = 0;
  private nodesSeen: u64 = 0;
  private marker: Marker;
  private trees: MerkleMap;
  private names: MerkleMap;
  private cursor: MapCursor = new MapCursor();
  private record: usize = heap.alloc(StateRecord.BYTES);
  private tree: usize = heap.alloc(HASH_BYTES);

  constructor(private state: State, private committer: Committer, private contents: Contents, private log: Log, walk: TreeWalk, visited: Visited) {
    this.marker = new Marker(state, contents, walk, visited);
    this.trees = new MerkleMap(state.cache);
    this.names = new MerkleMap(state.cache);
  }

  /** Whether anything was let go since the last collection: by a proposal, or map nodes by a checkpoint, made or to be made. */
  get isWorthwhile(): bool {
    return this.committer.journal.releaseCount != this.releasesSeen || this.committer.checkpoints != this.checkpointsSeen || this.nodesSince >= NODES_WORTH;
  }

  get isOverdue(): bool { return this.committer.journal.releaseCount - this.releasesSeen >= OVERDUE || this.nodesSince >= OVERDUE; }

  /** Nodes that took the place of others since the last collection, stored or not. */
  private get nodesSince(): u64 { return this.committer.nodesStored - this.nodesSeen + <u64>this.state.cache.unstoredCount; }

  collect(): u32 {
    this.freedBlocks = 0;
    this.freedObjects = 0;
    const prepared = this.committer.checkpoint();
    if (prepared != Status.Ok && prepared != Status.NoSpace && prepared != Status.NotDurable) return prepared;
    this.releasesSeen = this.committer.journal.releaseCount;
    this.state.root();
    let status = this.contents.collectBegin();
    if (status == Status.Ok) status = this.mark();
    if (status != Status.Ok) return status;
    // Each turn frees something or is the last: bounded by the number of objects.
    do {
      status = this.contents.collectSweep(SWEEP_OBJECTS);
      if (status != Status.Ok) return status;
      this.freedBlocks += this.contents.freedBlocks;
      this.freedObjects += this.contents.freedObjects;
      if (this.contents.remaining != 0) status = this.committer.yieldBelow();
      if (status != Status.Ok) return status;
    } while (this.contents.remaining != 0);
    return this.settle();
  }

  /** Freed blocks are usable when neither of the last two superblocks reaches them: two checkpoints. */
  private settle(): u32 {
    let status: u32 = Status.Ok;
    for (let turn = 0; turn < 2 && (status == Status.Ok || status == Status.NotDurable); turn++) status = this.committer.checkpoint();
    this.checkpointsSeen = this.committer.checkpoints;
    this.nodesSeen = this.committer.nodesStored;
    return status == Status.NoSpace || status == Status.NotDurable ? <u32>Status.Ok : status;
  }

  private mark(): u32 {
    this.marker.begin();
    let status: u32 = Status.Ok;
    if (this.committer.hasCheckpoint) {
      // What a mount would begin with.
      status = this.marker.add(this.committer.checkpointState);
      if (status == Status.Ok) status = this.contents.get(this.committer.checkpointState, 0, 0, this.record, StateRecord.BYTES);
      if (status == Status.Ok) status = this.markState(this.record);
    }
    if (status == Status.Ok) status = this.markState(this.state.record);
    if (status == Status.Ok) status = this.markOpen();
    if (status == Status.Ok) status = this.marker.flush();
    return status == Status.Ok ? this.log.mark() : status;
  }

  /** The tree, the snapshot map and every snapshot of a state, all of whose nodes are hashed. */
  private markState(record: usize): u32 {
    let status = this.markMap(this.trees, StateRecord.tree(record), true);
    if (status == Status.Ok) status = this.markMap(this.names, StateRecord.snapshots(record), false);
    if (status == Status.Ok) status = this.cursor.seek(this.names, FIRST_NAME, 1);
    while (status == Status.Ok && this.cursor.isAtEntry) {
      if (this.cursor.valueBytes != SnapshotValue.BYTES) return Status.Corrupted;
      memory.copy(this.tree, SnapshotValue.tree(this.cursor.value), HASH_BYTES);
      status = this.markMap(this.trees, this.tree, true);
      if (status == Status.Ok) status = this.cursor.next();
    }
    return status;
  }

  private markMap(map: MerkleMap, root: usize, isTree: bool): u32 {
    // These maps only look: what they named before is not theirs to let go.
    map.forget();
    const status = map.open(root);
    return status == Status.Ok ? this.marker.addMap(map, isTree) : status;
  }

  /** Contents that open files and uncommitted removals need. */
  private markOpen(): u32 {
    const files = this.committer.files.files;
    let status: u32 = Status.Ok;
    for (let file: u32 = 1; file < files.capacity && status == Status.Ok; file++) {
      if (files.references(file) != 0 && files.isUnlinked(file)) status = this.marker.add(InodeRecord.content(files.record(file)));
    }
    const journal = this.committer.journal;
    for (let i: u32 = 0; i < journal.releasedCount && status == Status.Ok; i++) status = this.marker.add(journal.released + <usize>i * HASH_BYTES);
    return status;
  }
}

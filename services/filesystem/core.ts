// The filesystem as one object: the parts and what every operation asks first. Operations are in their own files and take this core.
//
// `begin` is the gate of everything that changes: it answers why nothing may change (not mounted, lost, full), makes the group commit that is due, and starts the clock of the next.
//
// Safety: no memory is touched but through the parts.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Collector } from "./collector";
import { Committer } from "./committer";
import { ContentNodes } from "./content-nodes";
import { FileContents } from "./file-contents";
import { Handles } from "./handles";
import { Journal } from "./journal";
import { Blocks, Contents, Log, Platform } from "./lower";
import { OpenFiles } from "./open-files";
import { PathWalk } from "./path-walk";
import { Reducer } from "./reducer";
import { Space } from "./space";
import { State } from "./state";
import { TreeWalk } from "./tree-walk";
import { Visited } from "./visited";

/** Sizes of the node cache. main.ts gives those that fill the domain's memory. */
export class Sizes {
  constructor(readonly nodeCount: u32, readonly chunkCount: u32) {}
}

export class Core {
  readonly state: State;
  readonly journal: Journal;
  readonly files: FileContents;
  readonly committer: Committer;
  readonly collector: Collector;
  readonly space: Space;
  /** Shared by collections and checks, which never run at the same time. */
  readonly walk: TreeWalk;
  readonly visited: Visited;
  readonly path: PathWalk;
  readonly handles: Handles = new Handles();
  /** Ok: mounted. Else every operation answers this. */
  mountStatus: u32 = Status.NotFormatted;

  constructor(sizes: Sizes, readonly log: Log, readonly contents: Contents, readonly blocks: Blocks, readonly platform: Platform) {
    const state = new State(new ContentNodes(contents), sizes.nodeCount, sizes.chunkCount);
    const journal = new Journal(new Reducer(state), platform);
    const files = new FileContents(new OpenFiles(), state, journal, contents, platform);
    const committer = new Committer(state, journal, files, log, contents, platform);
    this.state = state;
    this.journal = journal;
    this.files = files;
    this.committer = committer;
    const visited = new Visited();
    const walk = new TreeWalk(state.cache, visited);
    this.visited = visited;
    this.walk = walk;
    this.collector = new Collector(state, committer, contents, log, walk, visited);
    this.space = new Space(blocks, contents, state, journal, files);
    this.path = new PathWalk(state, contents, platform);
  }

  /** Whether a capability with these rights may do what needs `needed`, on a mounted image. */
  admit(rights: u32, needed: u32): u32 {
    if ((rights & needed) != needed) return Status.Denied;
    return this.mountStatus;
  }

  /** Before a change that adds up to so many bytes of content or names. */
  beginAddition(bytes: u64): u32 {
    let status = this.begin(false);
    if (status == Status.Ok && !this.space.admits(bytes)) {
      status = this.findSpace();
      if (status == Status.Ok && !this.space.admits(bytes)) status = Status.NoSpace;
    }
    if (status == Status.Ok) this.space.spend(bytes);
    return status;
  }

  /** Before a change that neither adds content nor lets any go. */
  beginChange(): u32 {
    let status = this.begin(false);
    if (status == Status.Ok && !this.space.admitsChange) {
      status = this.findSpace();
      if (status == Status.Ok && !this.space.admitsChange) status = Status.NoSpace;
    }
    return status;
  }

  /** Before a change that may let content go: on a full disk it is how space comes back. */
  beginRemoval(): u32 { return this.begin(true); }

  private begin(isRemoval: bool): u32 {
    if (this.journal.isLost) return Status.Lost;
    if (this.committer.isDue) {
      const status = this.secure();
      // On a full disk a removal may still be queued.
      if (status != Status.Ok && (status != Status.NoSpace || !isRemoval || !this.hasRoom)) return status;
    }
    if (this.space.isTight) {
      const status = this.relieve();
      if (status != Status.Ok) return status;
    }
    this.committer.noteChange();
    return Status.Ok;
  }

  /** A group commit; on a full disk, or when there was no room for the checkpoint that was due, with a collection in between. */
  secure(): u32 {
    const status = this.committer.commit();
    if (status != Status.NoSpace && (status != Status.Ok || !this.committer.isCheckpointDue)) return status;
    return this.makeRoom() == Status.Ok ? this.committer.commit() : status;
  }

  /** Nobody wants the processor: a step of the checkpoint that is wanted, but none that may find no room: that is for a request, which can collect and say so. True if there is more to do. */
  rest(): bool { return this.mountStatus == Status.Ok && !this.space.isCritical && this.committer.rest(); }

  /** Space is short: while a checkpoint is still possible make it, and collect. What is refused on a full disk is for the caller to decide. */
  private relieve(): u32 {
    const status = this.space.refresh();
    if (status != Status.Ok || !this.space.isTight) return status;
    if (!this.space.isCritical && !this.collector.isOverdue) return status;
    const collected = this.makeRoom();
    return collected == Status.Ok || collected == Status.NoSpace ? this.space.refresh() : collected;
  }

  /** Collect, if anything was let go since the last time. */
  makeRoom(): u32 { return this.collector.isWorthwhile ? this.collector.collect() : <u32>Status.NoSpace; }

  /** An operation below answered NoSpace, or that its transaction is too long: whether trying it again makes sense. */
  mayRetry(status: u32): bool {
    if (status == Status.TooLarge) return this.committer.hasChanges && this.committer.commit() == Status.Ok;
    return status == Status.NoSpace && this.makeRoom() == Status.Ok;
  }

  private get hasRoom(): bool {
    const cache = this.state.cache;
    return this.journal.batch.hasRoom && cache.unstoredBytes < cache.capacityBytes - (cache.capacityBytes >> 2);
  }

  /** The figures were against it: look again, and collect if that may help; they are those of now if this answers Ok. */
  private findSpace(): u32 {
    const status = this.space.refresh();
    if (status != Status.Ok || !this.collector.isWorthwhile) return status;
    const collected = this.collector.collect();
    return collected == Status.Ok || collected == Status.NoSpace ? this.space.refresh() : collected;
  }
}

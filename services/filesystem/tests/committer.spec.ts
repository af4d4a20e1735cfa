// Checkpoints: wanted ones are made in steps while nobody wants the processor, due ones by the commit that finds them due; one that fails is not tried again and again.
import { EntryType } from "../../../kernel-bindings/generated/assembly/axiom";
import { BlockFlag } from "../../../kernel-bindings/generated/assembly/block";
import { FileKind } from "../../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { sameHash } from "../../base/merkle-map";
import { Committer } from "../committer";
import { ContentNodes } from "../content-nodes";
import { FileContents } from "../file-contents";
import { Journal } from "../journal";
import { OpenFiles } from "../open-files";
import { Create, Genesis } from "../proposal-format";
import { Reducer } from "../reducer";
import { State } from "../state";
import { EMPTY_CONTENT, ROOT_INODE, StateRecord } from "../tree-format";
import { FakeContents, FakeLog, FakePlatform } from "./fake-lower";

const NAME_BYTES: u32 = 200;
const WANTED = BlockFlag.checkpointWanted;
const DUE = BlockFlag.checkpointDue;

/** A committer over fakes, with a tree of empty files. */
class World {
  log: FakeLog;
  contents: FakeContents;
  state: State;
  committer: Committer;
  journal: Journal;

  constructor() {
    const log = new FakeLog(), contents = new FakeContents(), platform = new FakePlatform();
    const state = new State(new ContentNodes(contents), 4096, 64);
    const reducer = new Reducer(state);
    const genesis = heap.alloc(Genesis.BYTES);
    Genesis.set(genesis, 1000);
    memory.fill(Genesis.salt(genesis), 7, 32);
    assert(reducer.begin(genesis, Genesis.BYTES) == Status.Ok);
    const journal = new Journal(reducer, platform);
    this.state = state;
    this.journal = journal;
    this.log = log;
    this.contents = contents;
    this.committer = new Committer(state, journal, new FileContents(new OpenFiles(), state, journal, contents, platform), log, contents, platform);
    this.committer.recordBytes = 4 << 20;
    this.log.height = 1;
    this.committer.adopt(1);
  }

  /** Make empty files with long names, so that few make many nodes. */
  make(count: u32): void {
    for (let i: u32 = 0; i < count; i++) {
      const payload = this.journal.payload;
      const inode = this.state.nextInode;
      Create.set(payload, ROOT_INODE, inode, FileKind.file, 0o644, 0, 0, EMPTY_CONTENT, 0);
      const name = Create.name(payload);
      memory.fill(name, 0x61, NAME_BYTES);
      for (let at: u32 = 0; at < 8; at++) store<u8>(name + at, <u8>(0x41 + ((inode >> (at * 4)) & 15)));
      expect(this.journal.propose(EntryType.create, Create.HEAD_BYTES + NAME_BYTES)).toBe(Status.Ok);
    }
  }

  /** Changes, and a commit that finds the log in this state. */
  commit(count: u32, flags: u32): u32 {
    this.make(count);
    this.log.flagsBefore = flags;
    return this.committer.commit();
  }

  /** Steps until there is nothing to do. */
  rest(): u32 {
    let steps: u32 = 1;
    while (this.committer.rest()) assert(++steps < 1000);
    return steps;
  }

  /** Whether the last checkpoint was of the state that the log holds. */
  get agrees(): bool { return sameHash(this.log.checkpointRoot, this.state.root()) && sameHash(this.log.checkpointRoot, this.log.proposedRoot); }
}

/** Five commits that together make more nodes than one step takes, at least. */
function grown(flags: u32, files: u32 = 500): World {
  const world = new World();
  for (let turn = 0; turn < 5; turn++) expect(world.commit(files, flags)).toBe(Status.Ok);
  expect(world.state.cache.unstoredCount).toBeGreaterThan(files / 500 * 140);
  return world;
}

describe("a checkpoint that is wanted", () => {
  it("is made by no commit, but in steps of 128 nodes when nobody wants the processor", () => {
    const world = grown(WANTED, 1000);
    expect(world.log.checkpointCount).toBe(0);
    expect(world.contents.storeCount).toBe(0);
    while (world.state.cache.unstoredCount > 128) {
      const before = world.contents.storeCount;
      expect(world.committer.rest()).toBe(true);
      expect(world.contents.storeCount - before).toBe(128);
      expect(world.log.checkpointCount).toBe(0);
    }
    expect(world.committer.rest()).toBe(false);
    expect(world.log.checkpointCount).toBe(1);
    expect(world.state.cache.unstoredCount).toBe(0);
    expect(world.agrees).toBe(true);
    expect(world.log.proposeCount).toBe(5, "nothing was there to be committed");
  });

  it("is not made again while nothing happens, nor where none is wanted", () => {
    const world = grown(WANTED);
    world.rest();
    expect(world.rest()).toBe(1);
    expect(world.log.checkpointCount).toBe(1);
    world.commit(10, 0);
    expect(world.rest()).toBe(1);
    expect(world.log.checkpointCount).toBe(1);
  });

  it("holds what changed between its steps", () => {
    const world = grown(WANTED, 1000);
    expect(world.committer.rest()).toBe(true);
    world.make(20);
    expect(world.committer.rest()).toBe(true);
    expect(world.committer.hasChanges).toBe(false, "each step begins with a commit");
    world.make(20);
    world.rest();
    expect(world.log.checkpointCount).toBe(1);
    expect(world.agrees).toBe(true);
    expect(world.log.proposeCount).toBe(7);
  });

  it("is one that memory wants, when a good part of it holds what the store lacks", () => {
    const world = new World();
    const cache = world.state.cache;
    while (cache.unstoredBytes <= (cache.capacityBytes >> 3) * 3 && cache.unstoredCount <= (cache.capacityCount >> 3) * 3) world.commit(500, 0);
    expect(world.log.checkpointCount).toBe(0);
    world.rest();
    expect(world.log.checkpointCount).toBe(1);
    expect(world.agrees).toBe(true);
  });

  it("closes the transaction below before it has become too long for the journal's record", () => {
    const world = grown(WANTED);
    world.committer.recordBytes = 2 * 128 * 192;
    expect(world.committer.rest()).toBe(true);
    expect(world.log.proposeCount).toBe(6);
    expect(world.committer.isDue).toBe(false);
  });

  it("makes a commit due when what was stored fills half of a record", () => {
    const world = grown(WANTED);
    world.committer.recordBytes = 1 << 20;
    expect(world.committer.rest()).toBe(true);
    expect(world.committer.isDue).toBe(false);
    world.committer.recordBytes = 2 * 128 * 192;
    expect(world.committer.isDue).toBe(true);
  });
});

describe("a checkpoint that is due", () => {
  it("is made by the commit that finds it so", () => {
    const world = grown(WANTED);
    expect(world.commit(1, WANTED | DUE)).toBe(Status.Ok);
    expect(world.log.checkpointCount).toBe(1);
    expect(world.agrees).toBe(true);
    expect(world.committer.isDue).toBe(false);
    expect(world.rest()).toBe(1);
    expect(world.log.checkpointCount).toBe(1);
  });

  it("names the state as it is, also when the store has all nodes and nothing was hashed since the mount", () => {
    const world = grown(WANTED);
    world.rest();
    memory.fill(world.state.record, 0, StateRecord.BYTES);
    expect(world.committer.checkpoint()).toBe(Status.Ok);
    expect(world.agrees).toBe(true);
  });

  it("is so too when the journal could not take the nodes that the store lacks", () => {
    const world = new World();
    world.committer.recordBytes = 16 << 10;
    let commits: u32 = 0;
    while (world.log.checkpointCount == 0 && commits < 100) {
      expect(world.state.cache.unstoredCount * 192).toBeLessThan((32 << 10) + 1);
      world.commit(50, 0);
      commits++;
    }
    expect(commits).toBeGreaterThan(20);
    expect(world.log.checkpointCount).toBe(1);
  });

  it("stays due when it fails, and the commit stands", () => {
    const world = grown(0);
    world.log.checkpointStatus = Status.NoSpace;
    expect(world.commit(1, WANTED | DUE)).toBe(Status.Ok);
    expect(world.committer.isCheckpointDue).toBe(true);
    expect(world.committer.isDue).toBe(true);
    world.log.checkpointStatus = Status.Ok;
    expect(world.rest()).toBe(1, "the nodes are stored");
    expect(world.log.checkpointCount).toBe(2);
    expect(world.committer.isDue).toBe(false);
  });
});

describe("a checkpoint in the background that fails", () => {
  it("is tried again after another commit, not before", () => {
    const failures: u32[] = [Status.NoSpace, Status.Busy, Status.DeviceGone, Status.Cancelled, Status.ReadOnly, Status.Truncated];
    for (let i = 0; i < failures.length; i++) {
      const world = grown(WANTED);
      world.log.checkpointStatus = failures[i];
      world.rest();
      expect(world.log.checkpointCount).toBe(1);
      for (let turn = 0; turn < 5; turn++) expect(world.rest()).toBe(1);
      expect(world.log.checkpointCount).toBe(1, "nothing happened since");
      expect(world.journal.isLost).toBe(false);
      world.log.checkpointStatus = Status.Ok;
      world.make(3);
      expect(world.rest()).toBe(1);
      expect(world.log.checkpointCount).toBe(1, "nothing was committed since");
      world.commit(1, WANTED);
      world.rest();
      expect(world.log.checkpointCount).toBe(2);
      expect(world.agrees).toBe(true);
    }
  });

  it("also when the store has no room, or the commit before it fails", () => {
    const world = grown(WANTED);
    world.contents.storeStatus = Status.NoSpace;
    expect(world.committer.rest()).toBe(false);
    world.contents.storeStatus = Status.Ok;
    expect(world.committer.rest()).toBe(false);
    expect(world.contents.storeCount).toBe(0);
    world.commit(1, WANTED);
    world.make(1);
    world.log.proposeStatus = Status.DeviceGone;
    const proposed = world.log.proposeCount;
    expect(world.committer.rest()).toBe(false);
    expect(world.committer.rest()).toBe(false);
    expect(world.log.proposeCount - proposed).toBe(1);
    expect(world.committer.hasChanges).toBe(true);
    world.log.proposeStatus = Status.Ok;
    world.commit(0, WANTED);
    world.rest();
    expect(world.log.checkpointCount).toBe(1);
    expect(world.agrees).toBe(true);
  });

  it("counts as made where nobody can promise when it is on the medium", () => {
    const world = grown(WANTED);
    world.log.checkpointStatus = Status.NotDurable;
    world.rest();
    expect(world.rest()).toBe(1);
    expect(world.log.checkpointCount).toBe(1);
    expect(world.committer.isUnsynced).toBe(true);
  });

  it("ends everything after a loss", () => {
    const world = grown(WANTED);
    world.log.checkpointStatus = Status.Lost;
    world.rest();
    expect(world.journal.isLost).toBe(true);
    expect(world.committer.rest()).toBe(false);
    expect(world.log.checkpointCount).toBe(1);
  });
});

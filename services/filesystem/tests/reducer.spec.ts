// The reducer: what it refuses changes nothing, what it takes gives the same root when it is replayed, with more memory or less, with commits anywhere.
import { EntryType } from "../../../kernel-bindings/generated/assembly/axiom";
import { FileKind } from "../../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { sameHash } from "../../base/merkle-map";
import { Create, Genesis, Remove, SetContent } from "../proposal-format";
import { Reducer } from "../reducer";
import { State } from "../state";
import { EMPTY_CONTENT, InodeRecord, ROOT_INODE, ZERO_HASH, isValidName } from "../tree-format";
import { MemoryNodes } from "./memory-nodes";
import { Random } from "../../base/tests/random";
import { Kept, Proposals } from "./proposals";

const genesis = memory.data(48, 16);
const rootBefore = memory.data(32, 16);
const rootFirst = memory.data(32, 16);
const record = memory.data(352, 16);

function begun(nodes: MemoryNodes, nodeCount: u32, chunkCount: u32): Reducer {
  Genesis.set(genesis, 1000);
  memory.fill(Genesis.salt(genesis), 7, 32);
  const reducer = new Reducer(new State(nodes, nodeCount, chunkCount));
  assert(reducer.begin(genesis, Genesis.BYTES) == Status.Ok);
  return reducer;
}

/** Store everything, as a checkpoint does. */
function save(state: State): void {
  state.root();
  while (state.cache.unstoredCount > 0) assert(state.cache.storeSome(100) == Status.Ok);
}

describe("the reducer", () => {
  it("refuses without a trace, and replays to the same roots", () => {
    const nodes = new MemoryNodes();
    const reducer = begun(nodes, 4096, 64);
    const state = reducer.state;
    const random = new Random(11);
    const proposals = new Proposals(state, random);
    const kept: Kept[] = [];
    const roots: usize[] = [];
    let refused = 0;
    let height: u64 = 1;
    for (let step = 0; step < 6000; step++) {
      proposals.next(height);
      const checksRefusal = step % 7 == 0;
      if (checksRefusal) memory.copy(rootBefore, state.root(), 32);
      // A snapshot's nodes must be in the store before somebody goes back to them.
      if (proposals.type >= EntryType.snapshotCreate) save(state);
      const status = reducer.apply(proposals.type, 5000 + step, height, proposals.payload, proposals.payloadBytes);
      expect(reducer.isTorn).toBe(false);
      if (status != Status.Ok) {
        refused++;
        if (checksRefusal) expect(sameHash(state.root(), rootBefore)).toBe(true, "a refusal left a trace");
        continue;
      }
      const payload = heap.alloc(proposals.payloadBytes + 1);
      memory.copy(payload, proposals.payload, proposals.payloadBytes);
      kept.push(new Kept(proposals.type, 5000 + step, height, payload, proposals.payloadBytes));
      const root = heap.alloc(32);
      if (kept.length % 5 == 0) memory.copy(root, state.root(), 32);
      else memory.fill(root, 0, 32);
      roots.push(root);
      height++;
    }
    expect(kept.length).toBeGreaterThan(1500);
    expect(refused).toBeGreaterThan(500);
    // With little memory, so that nodes come and go; roots computed where the first run did, and at none of the others.
    const again = begun(nodes, 128, 4);
    let wrong = 0;
    for (let i = 0; i < kept.length; i++) {
      const one = kept[i];
      if (one.type >= EntryType.snapshotCreate || again.state.cache.unstoredBytes > again.state.cache.capacityBytes / 2) save(again.state);
      if (again.apply(one.type, one.time, one.height, one.payload, one.payloadBytes) != Status.Ok) wrong++;
      if (i % 5 == 4 && !sameHash(again.state.root(), roots[i])) wrong++;
    }
    expect(wrong).toBe(0);
    expect(again.state.files).toBe(state.files);
    expect(again.state.logicalBytes).toBe(state.logicalBytes);
  });

  it("opens a stored record to the same state", () => {
    const nodes = new MemoryNodes();
    const reducer = begun(nodes, 4096, 64);
    const proposals = new Proposals(reducer.state, new Random(5));
    for (let i: u64 = 1; i < 3000; i++) {
      proposals.next(i);
      if (proposals.type < EntryType.snapshotCreate) reducer.apply(proposals.type, i, i, proposals.payload, proposals.payloadBytes);
    }
    save(reducer.state);
    const copy = new State(nodes, 128, 4);
    expect(copy.open(reducer.state.record, 144)).toBe(Status.Ok);
    expect(sameHash(copy.root(), reducer.state.root())).toBe(true);
    expect(copy.tree.count).toBe(reducer.state.tree.count);
    expect(copy.open(reducer.state.record, 143)).toBe(Status.Corrupted);
    for (let byte: u32 = 0; byte < 16; byte++) {
      const before = load<u8>(reducer.state.record + byte);
      store<u8>(reducer.state.record + byte, before ^ 1);
      expect(copy.open(reducer.state.record, 144)).not.toBe(Status.Ok);
      store<u8>(reducer.state.record + byte, before);
    }
  });

  it("keeps the rules of names, kinds and contents", () => {
    const reducer = begun(new MemoryNodes(), 256, 16);
    const payload = heap.alloc(512);
    Create.set(payload, ROOT_INODE, 2, FileKind.file, 0o17777, 0, 0, EMPTY_CONTENT, 0);
    store<u8>(Create.name(payload), 0x2e);
    expect(reducer.apply(EntryType.create, 1, 1, payload, Create.HEAD_BYTES + 1)).toBe(Status.InvalidName);
    expect(reducer.apply(EntryType.create, 1, 1, payload, Create.HEAD_BYTES)).toBe(Status.InvalidName);
    expect(reducer.apply(EntryType.create, 1, 1, payload, 5)).toBe(Status.InvalidName);
    store<u8>(Create.name(payload), 0x61);
    Create.set(payload, ROOT_INODE, 3, FileKind.file, 0, 0, 0, EMPTY_CONTENT, 0);
    expect(reducer.apply(EntryType.create, 1, 1, payload, Create.HEAD_BYTES + 1)).toBe(Status.InvalidArgument, "not the next inode");
    Create.set(payload, ROOT_INODE, 2, FileKind.file, 0, 0, 0, EMPTY_CONTENT, 1);
    expect(reducer.apply(EntryType.create, 1, 1, payload, Create.HEAD_BYTES + 1)).toBe(Status.InvalidArgument, "one byte, and the hash of none");
    Create.set(payload, ROOT_INODE, 2, FileKind.directory, 0, 0, 0, EMPTY_CONTENT, 0);
    expect(reducer.apply(EntryType.create, 1, 1, payload, Create.HEAD_BYTES + 1)).toBe(Status.InvalidArgument, "a directory with content");
    Create.set(payload, 99, 2, FileKind.directory, 0, 0, 0, ZERO_HASH, 0);
    expect(reducer.apply(EntryType.create, 1, 1, payload, Create.HEAD_BYTES + 1)).toBe(Status.NotFound);
    Create.set(payload, ROOT_INODE, 2, FileKind.file, 0o17777, 0, 0, EMPTY_CONTENT, 0);
    expect(reducer.apply(EntryType.create, 1, 1, payload, Create.HEAD_BYTES + 1)).toBe(Status.Ok);
    expect(reducer.state.readInode(2, record)).toBe(Status.Ok);
    expect(InodeRecord.mode(record)).toBe(0o7777);
    SetContent.set(payload, 2, 9, EMPTY_CONTENT);
    expect(reducer.apply(EntryType.setContent, 1, 1, payload, SetContent.BYTES)).toBe(Status.InvalidArgument);
    SetContent.set(payload, ROOT_INODE, 9, ZERO_HASH);
    expect(reducer.apply(EntryType.setContent, 1, 1, payload, SetContent.BYTES)).toBe(Status.IsDirectory);
    Remove.set(payload, ROOT_INODE, 3);
    store<u8>(Remove.name(payload), 0x61);
    expect(reducer.apply(EntryType.remove, 1, 1, payload, Remove.HEAD_BYTES + 1)).toBe(Status.NotFound, "the name stands for another inode");
    expect(isValidName(payload, 0)).toBe(false);
  });
});

describe("the work of one operation", () => {
  it("stays flat from a thousand to a hundred thousand names", () => {
    const nodes = new MemoryNodes();
    const reducer = begun(nodes, 65536, 256);
    const state = reducer.state;
    const payload = heap.alloc(512);
    let made: u32 = 0;
    let hashesSmall: f64 = 0;
    for (let size: u32 = 1000; size <= 100000; size *= 10) {
      let hashes: u64 = 0;
      let loads: u64 = 0;
      while (made < size) {
        const isMeasured = made >= size - 200;
        if (made == size - 200) {
          save(state);
          hashes = state.cache.hashCount;
          loads = state.cache.loadCount;
        }
        Create.set(payload, ROOT_INODE, state.nextInode, FileKind.file, 0o644, 0, 0, EMPTY_CONTENT, 0);
        const scattered = made * 7919 % 100003;
        for (let digit: u32 = 0; digit < 12; digit++) store<u8>(Create.name(payload) + digit, <u8>(0x61 + (digit < 5 ? scattered >> (digit * 4) & 15 : made >> ((digit - 5) * 4) & 15)));
        expect(reducer.apply(EntryType.create, made, made, payload, Create.HEAD_BYTES + 12)).toBe(Status.Ok);
        if (isMeasured) state.root(); // as if each were synced by itself
        made++;
      }
      const each = <f64>(state.cache.hashCount - hashes) / 200;
      if (size == 1000) hashesSmall = each;
      expect(each).toBeLessThan(hashesSmall + 6, "nodes hashed for one create");
      expect(state.cache.loadCount - loads).toBe(0, "nodes loaded");
    }
    memory.copy(rootFirst, state.root(), 32);
  });
});

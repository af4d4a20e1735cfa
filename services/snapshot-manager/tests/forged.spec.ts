// Trees that an editor of the disk could forge: every hash agrees, and one rule of the keys, records or nodes is broken. And extended attributes, which only the format knows yet.
import { FileKind } from "../../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { NodeCache } from "../../base/merkle-map";
import { ChangeList } from "../change-list";
import { InodeRecord, TreeKey } from "../inode-record";
import { TreeDifference } from "../tree-difference";
import { MemoryNodes } from "./memory-nodes";
import { NodeForge } from "./node-forge";
import { listed, show, TreeModel } from "./tree-model";

const before: usize = heap.alloc(32);
const after: usize = heap.alloc(32);
const key: usize = heap.alloc(300);
const value: usize = heap.alloc(2048);

function comparer(nodes: MemoryNodes): TreeDifference {
  return new TreeDifference(new NodeCache(nodes, 1024, 4), new ChangeList(65536, 1024));
}

/** A record of inode 9, "name" in the root, to be broken; its bytes. */
function record(): u32 {
  memory.fill(value, 0, 2048);
  store<u32>(value, FileKind.file);
  store<u64>(value, 1, 88);
  store<u32>(value, 0x656d616e, InodeRecord.SIZE);
  return InodeRecord.SIZE + 4;
}

/** What a comparison answers when one side has this value under this key, and when the other has. */
function answers(keyBytes: u32, valueBytes: u32): u32 {
  const nodes = new MemoryNodes();
  const model = new TreeModel(nodes);
  model.make(FileKind.file, 1, "other", 1);
  model.save(before);
  model.putRaw(key, keyBytes, value, valueBytes);
  model.save(after);
  const forward = comparer(nodes).run(before, after);
  expect(comparer(nodes).run(after, before)).toBe(forward, "the other way round");
  return forward;
}

describe("a record is refused", () => {
  it("when it breaks a rule of the format", () => {
    const keyBytes = TreeKey.makeInode(key, 9);
    expect(answers(keyBytes, record())).toBe(Status.Ok);
    record();
    expect(answers(keyBytes, InodeRecord.SIZE - 1)).toBe(Status.Corrupted, "too short");
    record();
    memory.fill(value + InodeRecord.SIZE, 0x61, 256);
    expect(answers(keyBytes, InodeRecord.SIZE + 255)).toBe(Status.Ok);
    expect(answers(keyBytes, InodeRecord.SIZE + 256)).toBe(Status.Corrupted, "name too long");
    let bytes = record();
    store<u32>(value, 0);
    expect(answers(keyBytes, bytes)).toBe(Status.Corrupted, "no kind");
    store<u32>(value, 4);
    expect(answers(keyBytes, bytes)).toBe(Status.Corrupted, "unknown kind");
    record();
    expect(answers(keyBytes, InodeRecord.SIZE)).toBe(Status.Corrupted, "no name");
    bytes = record();
    store<u64>(value, 9, 88);
    expect(answers(keyBytes, bytes)).toBe(Status.Corrupted, "its own parent");
    for (let i = 0; i < 2; i++) {
      bytes = record();
      store<u8>(value + InodeRecord.SIZE + 2, i ? 0x2f : 0);
      expect(answers(keyBytes, bytes)).toBe(Status.Corrupted, "a slash or a zero byte in the name");
    }
    bytes = record();
    store<u64>(value, 77, 88);
    expect(answers(keyBytes, bytes)).toBe(Status.Corrupted, "a parent that is not there");
    bytes = record();
    store<u64>(value, 2, 88);
    expect(answers(keyBytes, bytes)).toBe(Status.Corrupted, "a parent that is a file");
  });

  it("when it is the root's and not a directory at the root", () => {
    const keyBytes = TreeKey.makeInode(key, 1);
    record();
    store<u32>(value, FileKind.directory);
    store<u32>(value, 0o700, 4);
    expect(answers(keyBytes, InodeRecord.SIZE)).toBe(Status.Ok);
    expect(answers(keyBytes, InodeRecord.SIZE + 4)).toBe(Status.Corrupted, "a name");
    store<u64>(value, 2, 88);
    expect(answers(keyBytes, InodeRecord.SIZE)).toBe(Status.Corrupted, "another parent");
    store<u64>(value, 1, 88);
    store<u32>(value, FileKind.file);
    expect(answers(keyBytes, InodeRecord.SIZE)).toBe(Status.Corrupted, "a file");
  });

  it("when its key is too short or too long", () => {
    TreeKey.makeInode(key, 9);
    expect(answers(8, record())).toBe(Status.Corrupted);
    store<u8>(key, 1, 9);
    expect(answers(10, record())).toBe(Status.Corrupted);
  });
});

describe("an entry is refused", () => {
  it("when it is too short to name an inode, or names one that is nowhere", () => {
    for (let entryBytes: u32 = 7; entryBytes < 14; entryBytes += 5) {
      const nodes = new MemoryNodes();
      const model = new TreeModel(nodes);
      store<u64>(value, 500);
      store<u32>(value + 64, 0x656d616e);
      model.putRaw(key, TreeKey.makeEntry(key, 1, value + 64, 4), value, entryBytes);
      model.save(before);
      model.make(FileKind.file, 1, "name", 1);
      model.save(after);
      expect(comparer(nodes).run(before, after)).toBe(Status.Corrupted);
    }
  });
});

describe("nodes are refused", () => {
  it("when keys fall back behind what was passed, where no parent bounds them", () => {
    const nodes = new MemoryNodes();
    const hashes: usize = heap.alloc(6 * 32);
    new NodeForge(nodes, 0).entry(1).put(hashes);
    new NodeForge(nodes, 0).entry(4).entry(9).put(hashes + 32);
    new NodeForge(nodes, 0).entry(5).put(hashes + 64);
    new NodeForge(nodes, 1).child(0, hashes, 1).child(4, hashes + 32, 2).put(hashes + 96);
    new NodeForge(nodes, 1).child(5, hashes + 64, 1).put(hashes + 128);
    new NodeForge(nodes, 2).child(0, hashes + 96, 3).child(5, hashes + 128, 1).put(after);
    new NodeForge(nodes, 0).put(before);
    expect(comparer(nodes).run(before, after)).toBe(Status.Corrupted);
    expect(comparer(nodes).run(after, before)).toBe(Status.Corrupted);
    // The same with the key in its place is a tree.
    new NodeForge(nodes, 0).entry(4).put(hashes + 32);
    new NodeForge(nodes, 0).entry(5).entry(9).put(hashes + 64);
    new NodeForge(nodes, 1).child(0, hashes, 1).child(4, hashes + 32, 1).put(hashes + 96);
    new NodeForge(nodes, 1).child(5, hashes + 64, 2).put(hashes + 128);
    new NodeForge(nodes, 2).child(0, hashes + 96, 2).child(5, hashes + 128, 2).put(after);
    expect(comparer(nodes).run(before, after)).toBe(Status.Ok);
  });
});

describe("an empty first leaf", () => {
  it("is passed over: what comes after it is compared", () => {
    const nodes = new MemoryNodes();
    const hashes: usize = heap.alloc(64);
    const bytes = record();
    new NodeForge(nodes, 0).put(hashes);
    const keyBytes = TreeKey.makeInode(key, 9);
    new NodeForge(nodes, 0).entry(5).add(key, keyBytes, value, bytes).put(hashes + 32);
    new NodeForge(nodes, 1).child(0, hashes, 0).child(5, hashes + 32, 2).put(after);
    new NodeForge(nodes, 0).entry(5).put(before);
    const difference = comparer(nodes);
    expect(difference.run(before, after)).toBe(Status.Ok);
    expect(show(listed(difference.changes))).toBe("+ name\n");
    expect(difference.run(after, before)).toBe(Status.Ok);
    expect(show(listed(difference.changes))).toBe("- name\n");
    expect(difference.run(hashes, after)).toBe(Status.Ok);
    expect(show(listed(difference.changes))).toBe("+ name\n");
  });
});

describe("extended attributes", () => {
  it("make an inode modified, once, unless it is listed already", () => {
    const nodes = new MemoryNodes();
    const model = new TreeModel(nodes);
    const quiet = model.make(FileKind.file, 1, "quiet", 1);
    const edited = model.make(FileKind.file, 1, "edited", 1);
    model.save(before);
    const fresh = model.make(FileKind.file, 1, "fresh", 1);
    model.get(edited).content = 2;
    model.putRecord(model.get(edited));
    memory.fill(value, 0x61, 16);
    for (let i: u64 = 0; i < 6; i++) {
      TreeKey.makeInode(key, i % 3 == 0 ? quiet : i % 3 == 1 ? edited : fresh);
      store<u8>(key, 2, 8);
      store<u8>(key, <u8>(0x61 + i), 9);
      model.putRaw(key, 10, value, 4);
    }
    model.save(after);
    const difference = comparer(nodes);
    expect(difference.run(before, after)).toBe(Status.Ok);
    expect(show(listed(difference.changes))).toBe("M edited\n+ fresh\nM quiet\n");
    expect(difference.run(after, before)).toBe(Status.Ok);
    expect(show(listed(difference.changes))).toBe("M edited\n- fresh\nM quiet\n");
  });
});

describe("bounds", () => {
  it("a list whose bytes are full answers TooLarge", () => {
    const nodes = new MemoryNodes();
    const model = new TreeModel(nodes);
    model.save(before);
    for (let i = 0; i < 20; i++) model.make(FileKind.file, 1, "file" + i.toString(), 1);
    model.save(after);
    const room = new TreeDifference(new NodeCache(nodes, 1024, 4), new ChangeList(20 * 24, 1024));
    expect(room.run(before, after)).toBe(Status.Ok);
    const small = new TreeDifference(new NodeCache(nodes, 1024, 4), new ChangeList(20 * 24 - 1, 1024));
    expect(small.run(before, after)).toBe(Status.TooLarge);
  });

  it("a cache of few nodes gives the same list: what was evicted is read again", () => {
    const nodes = new MemoryNodes();
    const model = new TreeModel(nodes);
    for (let d = 0; d < 40; d++) {
      const directory = model.make(FileKind.directory, 1, "directory" + d.toString(), 0);
      for (let f = 0; f < 60; f++) model.make(FileKind.file, directory, "file" + f.toString(), 1);
    }
    model.save(before);
    for (let i: u64 = 2; i < <u64>model.state.length; i += 7) {
      const inode = model.get(i);
      if (inode.kind == FileKind.file) inode.content = 2;
      model.putRecord(inode);
    }
    model.save(after);
    const roomy = comparer(nodes);
    expect(roomy.run(before, after)).toBe(Status.Ok);
    const tight = new TreeDifference(new NodeCache(nodes, 32, 1), new ChangeList(65536, 1024));
    expect(tight.run(before, after)).toBe(Status.Ok);
    expect(tight.nodesRead).toBeGreaterThan(roomy.nodesRead);
    expect(show(listed(tight.changes))).toBe(show(listed(roomy.changes)));
  });
});

describe("a long walk without look-ups", () => {
  it("lets go of the nodes that it has passed", () => {
    const nodes = new MemoryNodes();
    const model = new TreeModel(nodes);
    model.save(before);
    for (let i: u64 = 2; i < 5000; i++) {
      store<u64>(value, i);
      model.putRaw(key, TreeKey.makeEntry(key, i, value, 1), value, 12);
    }
    model.save(after);
    const tight = new TreeDifference(new NodeCache(nodes, 32, 1), new ChangeList(65536, 1024));
    expect(tight.run(before, after)).toBe(Status.Ok);
    expect(tight.nodesRead).toBeGreaterThan(100);
    expect(tight.changes.count).toBe(0);
  });
});

describe("a name that only grew", () => {
  it("is a rename, though the old record is the beginning of the new one", () => {
    const nodes = new MemoryNodes();
    const model = new TreeModel(nodes);
    const file = model.make(FileKind.file, 1, "a", 1);
    model.save(before);
    model.move(file, 1, "ab");
    model.save(after);
    const difference = comparer(nodes);
    expect(difference.run(before, after)).toBe(Status.Ok);
    expect(show(listed(difference.changes))).toBe("R a > ab\n");
    expect(difference.run(after, before)).toBe(Status.Ok);
    expect(show(listed(difference.changes))).toBe("R ab > a\n");
  });
});

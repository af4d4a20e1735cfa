// Comparing trees: against a model that compares everything, and with nodes that lie.
import { FileKind } from "../../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { NodeCache } from "../../base/merkle-map";
import { Random } from "../../base/tests/random";
import { ChangeList } from "../change-list";
import { TreeDifference } from "../tree-difference";
import { MemoryNodes } from "./memory-nodes";
import { expected, listed, show, State, TreeModel } from "./tree-model";

const before: usize = heap.alloc(32);
const after: usize = heap.alloc(32);

/** A fresh comparer on the same store, its cache empty. */
function comparer(nodes: MemoryNodes, capacity: u32 = 4096, cache: NodeCache = new NodeCache(nodes, 1024, 4)): TreeDifference {
  return new TreeDifference(cache, new ChangeList(capacity * 64, capacity));
}

function pickAlive(model: TreeModel, random: Random, kind: u32): u64 {
  for (let tries = 0; tries < 50; tries++) {
    const number: u64 = 1 + random.below(model.state.length - 1);
    if (model.has(number) && (kind == 0 || model.get(number).kind == kind)) return number;
  }
  return 1;
}

function isFree(model: TreeModel, parent: u64, name: string): bool {
  for (let i = 2; i < model.state.length; i++) {
    const inode = model.state[i];
    if (inode !== null && inode.parent == parent && inode.name == name) return false;
  }
  return true;
}

function hasChildren(model: TreeModel, number: u64): bool {
  for (let i = 2; i < model.state.length; i++) {
    const inode = model.state[i];
    if (inode !== null && inode.parent == number) return true;
  }
  return false;
}

function isBelow(model: TreeModel, number: u64, above: u64): bool {
  for (let at = number; at != 1; at = model.get(at).parent) if (at == above) return true;
  return false;
}

/** One random operation; few names, so that places are taken, left and taken again. */
function operate(model: TreeModel, random: Random): void {
  const name = "abcdefgh".charAt(random.below(8)) + (random.below(3) ? "" : "-" + random.below(12).toString());
  const directory = pickAlive(model, random, FileKind.directory);
  const number = pickAlive(model, random, 0);
  switch (random.below(7)) {
    case 0: case 1:
      if (isFree(model, directory, name)) model.make(FileKind.file, directory, name, random.below(4));
      break;
    case 2:
      if (isFree(model, directory, name)) model.make(FileKind.directory, directory, name, 0);
      break;
    case 3: {
      const inode = model.get(number);
      if (inode.kind == FileKind.directory) inode.mode = 0o700 + random.below(3); else inode.content = random.below(4);
      inode.touched++;
      model.putRecord(inode);
      break;
    }
    case 4:
      if (number != 1 && !hasChildren(model, number)) model.remove(number);
      break;
    case 5:
      if (number != 1 && isFree(model, directory, name) && !isBelow(model, directory, number)) model.move(number, directory, name);
      break;
    default: {
      // Written anew under the old name.
      const inode = model.get(number);
      if (inode.kind != FileKind.file) break;
      model.remove(number);
      const again = model.make(random.below(5) ? FileKind.file : FileKind.symlink, inode.parent, inode.name, random.below(4));
      model.get(again).touched = 5;
    }
  }
}

function agree(difference: TreeDifference, a: State, b: State): bool {
  const want = expected(a, b);
  const have = listed(difference.changes);
  if (show(want) == show(have)) return true;
  trace("wanted:\n" + show(want) + "listed:\n" + show(have));
  return false;
}

describe("a comparison", () => {
  it("lists nothing and reads nothing for one tree", () => {
    const nodes = new MemoryNodes();
    const model = new TreeModel(nodes);
    model.make(FileKind.file, 1, "a", 1);
    model.save(before);
    const difference = comparer(nodes);
    expect(difference.run(before, before)).toBe(Status.Ok);
    expect(difference.changes.count).toBe(0);
    expect(difference.nodesRead).toBe(0);
  });

  it("tells added, removed, modified and renamed apart", () => {
    const nodes = new MemoryNodes();
    const model = new TreeModel(nodes);
    const directory = model.make(FileKind.directory, 1, "dir", 0);
    const inside = model.make(FileKind.file, directory, "inside", 1);
    model.make(FileKind.file, directory, "quiet", 1);
    const gone = model.make(FileKind.file, 1, "gone", 1);
    const edited = model.make(FileKind.file, 1, "edited", 1);
    const anew = model.make(FileKind.file, 1, "anew", 1);
    const same = model.make(FileKind.file, 1, "same", 1);
    const over = model.make(FileKind.file, 1, "over", 1);
    const under = model.make(FileKind.file, 1, "under", 1);
    model.save(before);
    const old = model.copyState();
    model.move(directory, 1, "moved");
    model.get(inside).content = 2;
    model.putRecord(model.get(inside));
    model.remove(gone);
    model.get(edited).mode = 0o600;
    model.putRecord(model.get(edited));
    model.remove(anew);
    model.make(FileKind.file, 1, "anew", 2);
    model.remove(same);
    model.make(FileKind.file, 1, "same", 1);
    model.remove(under);
    model.move(over, 1, "under");
    model.make(FileKind.symlink, 1, "link", 3);
    model.save(after);
    const difference = comparer(nodes);
    expect(difference.run(before, after)).toBe(Status.Ok);
    expect(show(listed(difference.changes))).toBe("M anew\nR dir > moved\nM edited\n- gone\n+ link\nM moved/inside\nR over > under\n- under\n");
    expect(agree(difference, old, model.state)).toBe(true);
  });

  it("agrees with the model through random operations, in both directions", () => {
    for (let seed: u32 = 1; seed <= 12; seed++) {
      const random = new Random(seed);
      const nodes = new MemoryNodes();
      const model = new TreeModel(nodes);
      for (let i = 0; i < 250; i++) operate(model, random);
      model.save(before);
      let old = model.copyState();
      for (let round = 0; round < 6; round++) {
        const steps = random.below(2) ? random.below(8) : random.below(250);
        for (let i: u32 = 0; i < steps; i++) operate(model, random);
        model.save(after);
        const difference = comparer(nodes);
        if (difference.run(before, after) != Status.Ok || !agree(difference, old, model.state)) expect(seed).toBe(0, "forward");
        if (difference.run(after, before) != Status.Ok || !agree(difference, model.state, old)) expect(seed).toBe(0, "backward");
        memory.copy(before, after, 32);
        old = model.copyState();
      }
    }
  });

  it("of an empty root directory and a full one lists everything", () => {
    const nodes = new MemoryNodes();
    const model = new TreeModel(nodes);
    model.save(before);
    const old = model.copyState();
    const random = new Random(5);
    for (let i = 0; i < 300; i++) operate(model, random);
    model.save(after);
    const difference = comparer(nodes);
    expect(difference.run(before, after)).toBe(Status.Ok);
    expect(agree(difference, old, model.state)).toBe(true);
    expect(difference.run(after, before)).toBe(Status.Ok);
    expect(agree(difference, model.state, old)).toBe(true);
  });

  it("answers TooLarge, with no result, when the list is full", () => {
    const nodes = new MemoryNodes();
    const model = new TreeModel(nodes);
    model.save(before);
    for (let i = 0; i < 20; i++) model.make(FileKind.file, 1, "file" + i.toString(), 1);
    model.save(after);
    expect(comparer(nodes, 20).run(before, after)).toBe(Status.Ok);
    const small = comparer(nodes, 19);
    expect(small.run(before, after)).toBe(Status.TooLarge);
    expect(small.changes.count).toBe(0);
  });

  it("makes long paths of deep directories and refuses those beyond its bound", () => {
    const nodes = new MemoryNodes();
    const model = new TreeModel(nodes);
    model.save(before);
    let parent: u64 = 1;
    for (let depth = 0; depth < 60; depth++) parent = model.make(FileKind.directory, parent, "d".repeat(250), 0);
    model.save(after);
    const difference = comparer(nodes, 16384);
    expect(difference.run(before, after)).toBe(Status.Ok);
    expect(difference.changes.count).toBe(60);
    for (let depth = 0; depth < 10; depth++) parent = model.make(FileKind.directory, parent, "d".repeat(250), 0);
    model.save(after);
    expect(difference.run(before, after)).toBe(Status.TooLarge);
  });
});

describe("the work of a comparison", () => {
  it("follows the changes, not the size of the trees", () => {
    const nodes = new MemoryNodes();
    const model = new TreeModel(nodes);
    for (let d = 0; d < 50; d++) {
      const directory = model.make(FileKind.directory, 1, "directory" + d.toString(), 0);
      for (let f = 0; f < 200; f++) model.make(FileKind.file, directory, "file" + f.toString() + ".txt", f);
    }
    model.save(before);
    const total = nodes.nodes.size;
    for (let i = 0; i < 20; i++) {
      const inode = model.get(2 + i * 501 + 1);
      inode.content = 9999;
      model.putRecord(inode);
    }
    model.save(after);
    const difference = comparer(nodes);
    expect(difference.run(before, after)).toBe(Status.Ok);
    expect(difference.changes.count).toBe(20);
    expect(total).toBeGreaterThan(500);
    trace("20 changed of 10,000: nodes read, of " + total.toString(), 1, difference.nodesRead);
    expect(difference.nodesRead).toBeLessThan(170);
  });
});

describe("nodes that lie", () => {
  it("with any byte changed give an answer, never a trap or an endless walk", () => {
    const nodes = new MemoryNodes();
    const model = new TreeModel(nodes);
    const random = new Random(77);
    for (let i = 0; i < 150; i++) operate(model, random);
    model.save(before);
    for (let i = 0; i < 30; i++) operate(model, random);
    model.save(after);
    const names = nodes.nodes.keys();
    let refused = 0;
    let answered = 0;
    const cache = new NodeCache(nodes, 1024, 4);
    const difference = comparer(nodes, 2048, cache);
    for (let turn = 0; turn < 4000; turn++) {
      const bytes = nodes.nodes.get(names[random.below(names.length)]);
      const at = random.below(bytes.length);
      const old = bytes[at];
      bytes[at] = old ^ <u8>(<u32>1 << random.below(8));
      cache.clear();
      const status = difference.run(before, after);
      if (status == Status.Ok) answered++;
      else if (status == Status.Corrupted || status == Status.TooLarge) refused++;
      else expect(status).toBe(Status.Corrupted);
      bytes[at] = old;
    }
    trace("refused, answered", 2, refused, answered);
    expect(refused).toBeGreaterThan(500);
  });

  it("that make directories their own ancestors are refused", () => {
    const nodes = new MemoryNodes();
    const model = new TreeModel(nodes);
    const a = model.make(FileKind.directory, 1, "a", 0);
    const b = model.make(FileKind.directory, a, "b", 0);
    const c = model.make(FileKind.directory, b, "c", 0);
    const file = model.make(FileKind.file, c, "file", 1);
    model.save(before);
    model.get(a).parent = c;
    model.putRecord(model.get(a));
    model.get(file).content = 2;
    model.putRecord(model.get(file));
    model.save(after);
    expect(comparer(nodes).run(before, after)).toBe(Status.Corrupted);
  });

  it("that are missing are damage", () => {
    const nodes = new MemoryNodes();
    const model = new TreeModel(nodes);
    model.save(before);
    model.make(FileKind.file, 1, "a", 1);
    model.save(after);
    nodes.nodes.clear();
    expect(comparer(nodes).run(before, after)).toBe(Status.Corrupted);
  });
});

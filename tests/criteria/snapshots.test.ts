// Criterion 4, *snapshots*, in Node: snapshot, change, roll back: the same tree with the same hashes; diff lists exactly the changes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDisk } from "../../host/devices/disk.ts";
import { bootServices, bytes, treeState, writeFile } from "../support/hosted.ts";

const decoder = new TextDecoder();
const noise = (length: number, seed: number): Uint8Array => Uint8Array.from({ length }, (_, index) => (index * 31 + seed * 7 + (index >> 8)) & 0xff);

test("snapshots: change, diff, roll back, undo the rollback, remount", () => {
  const disk = new MemoryDisk(262144);
  let { system, tree, snapshots } = bootServices(disk);
  tree.client.format({ blockCount: 0n, flags: 0 });
  tree.makeDirectory(bytes("docs"));
  tree.makeDirectory(bytes("docs/old"));
  for (let index = 0; index < 200; index++) writeFile(tree, `docs/${index}.txt`, noise(100 + index * 37, index));
  writeFile(tree, "docs/old/a", noise(70_000, 1));
  writeFile(tree, "large", noise(300_000, 2));
  snapshots.create(bytes("one"));
  const before = treeState(tree);

  writeFile(tree, "docs/7.txt", noise(50, 99));
  tree.remove(bytes("docs/8.txt"));
  tree.rename(bytes("docs/9.txt"), bytes("moved"));
  tree.rename(bytes("docs/old"), bytes("docs/new"));
  writeFile(tree, "fresh", noise(10, 5));
  const node = tree.open(bytes("large"), 2);
  tree.truncate(node, 123_456);
  tree.close(node);
  tree.makeDirectory(bytes("empty"));
  const after = treeState(tree);

  const lines = [...snapshots.diff(bytes("one"))].map(({ change, path, newPath }) => `${change} ${decoder.decode(path)}${newPath ? ` -> ${decoder.decode(newPath)}` : ""}`).sort();
  assert.deepEqual(lines, ["added empty", "added fresh", "modified docs/7.txt", "modified large", "removed docs/8.txt", "renamed docs/9.txt -> moved", "renamed docs/old -> docs/new"]);

  const { saved } = snapshots.rollback(bytes("one"));
  assert.deepEqual(treeState(tree), before);
  assert.deepEqual([...snapshots.diff(bytes("one"))], []);
  tree.sync();
  system.close();
  ({ system, tree, snapshots } = bootServices(disk));
  assert.deepEqual(treeState(tree), before, "the rollback survives a remount");
  snapshots.rollback(saved);
  assert.deepEqual(treeState(tree), after, "the rollback was undone from the snapshot it took first");
  assert.deepEqual([...snapshots.list()].map(({ name }) => decoder.decode(name)).filter((name) => name === "one"), ["one"]);
  system.close();
});

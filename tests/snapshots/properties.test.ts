// Properties of snapshots over the release modules, for random operations: a comparison lists exactly what changed, in both directions; a rollback gives the same tree under the same hashes and can be undone; all of it survives a remount.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MemoryDisk } from "../../host/devices/disk.ts";
import { bootServices, bytes, hex } from "../support/hosted.ts";
import { OverlayDisk } from "../support/overlay-disk.ts";
import { anOperation, apply } from "./operations.ts";
import { expectedChanges, listedChanges, recordTree, visible } from "./tree-record.ts";

/** A formatted image, to start each run from. */
const formatted = (() => {
  const disk = new MemoryDisk(131072);
  const { system, tree } = bootServices(disk);
  tree.client.format({ blockCount: 0n, flags: 0 });
  tree.sync();
  system.close();
  return disk.bytes;
})();
const runs = { numRuns: Number(process.env.RUNS ?? 25), seed: Number(process.env.SEED ?? 20250101) };
const operations = (maxLength: number) => fc.array(anOperation, { maxLength });

test("a comparison lists exactly what changed, forward, backward and against the live tree", () => {
  fc.assert(fc.property(operations(60), operations(40), (first, second) => {
    const { system, tree, snapshots } = bootServices(new OverlayDisk(formatted));
    for (const operation of first) apply(tree, operation);
    snapshots.create(bytes("one"));
    const before = recordTree(tree);
    for (const operation of second) apply(tree, operation);
    // Compared before anything else looks at the tree: what was written counts although nobody synced or asked for it.
    const listed = listedChanges(snapshots.diff(bytes("one")));
    const after = recordTree(tree);
    const expected = expectedChanges(before, after);
    assert.deepEqual(listed, expected);
    snapshots.create(bytes("two"));
    assert.deepEqual(listedChanges(snapshots.diff(bytes("one"), bytes("two"))), expected);
    assert.deepEqual(listedChanges(snapshots.diff(bytes("two"), bytes("one"))), expectedChanges(after, before));
    assert.deepEqual(listedChanges(snapshots.diff(bytes("two"))), []);
    system.close();
  }), runs);
});

test("a rollback gives the same tree under the same hashes, can be undone, and survives a remount", () => {
  fc.assert(fc.property(operations(40), operations(30), fc.boolean(), (first, second, isRemounted) => {
    const disk = new OverlayDisk(formatted);
    let { system, tree, snapshots } = bootServices(disk);
    const root = (): string => hex(tree.client.treeRoot().tree);
    const remount = (): void => {
      if (!isRemounted) return;
      tree.sync();
      system.close();
      ({ system, tree, snapshots } = bootServices(disk));
    };
    for (const operation of first) apply(tree, operation);
    snapshots.create(bytes("one"));
    const [rootBefore, before] = [root(), visible(recordTree(tree))];
    for (const operation of second) apply(tree, operation);
    const [rootAfter, after] = [root(), visible(recordTree(tree))];
    remount();
    assert.equal(root(), rootAfter);
    const { saved } = snapshots.rollback(bytes("one"));
    remount();
    assert.deepEqual([root(), visible(recordTree(tree))], [rootBefore, before]);
    assert.equal(hex([...snapshots.list()].find(({ name }) => hex(name) === hex(saved))!.tree), rootAfter);
    snapshots.rollback(saved);
    remount();
    assert.deepEqual([root(), visible(recordTree(tree))], [rootAfter, after]);
    system.close();
  }), runs);
});

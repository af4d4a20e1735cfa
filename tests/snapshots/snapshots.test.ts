// Snapshots over the release modules: names, pages of a result, results that another client replaces, space that comes back, and the cost of a comparison.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDisk } from "../../host/devices/disk.ts";
import { SnapshotsClient } from "../../kernel-bindings/generated/host/snapshots.ts";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";
import { StatusError } from "../../kernel-bindings/host/client-port.ts";
import { bootServices, bytes, writeFile } from "../support/hosted.ts";
import { content } from "./operations.ts";
import { listedChanges } from "./tree-record.ts";

const decoder = new TextDecoder();
function formatted(sectors = 131072) {
  const hosted = bootServices(new MemoryDisk(sectors));
  hosted.tree.client.format({ blockCount: 0n, flags: 0 });
  const client = hosted.system.client("host");
  return { ...hosted, raw: new SnapshotsClient(client, client.handle("snapshots")) };
}
function status(call: () => unknown): number {
  try { call(); return 0; } catch (error) {
    if (error instanceof StatusError) return error.status;
    throw error;
  }
}

test("names: kept in order, refused when there already, absent or no name", () => {
  const { tree, snapshots, system } = formatted();
  for (const name of ["b", "a", "ü", "b b", "aa", "n".repeat(255)]) snapshots.create(bytes(name));
  assert.deepEqual([...snapshots.list()].map(({ name }) => decoder.decode(name)), ["a", "aa", "b", "b b", "n".repeat(255), "ü"]);
  assert.equal(status(() => snapshots.create(bytes("b"))), Status.Exists);
  for (const name of ["", "a/b", ".", ".."]) assert.equal(status(() => snapshots.create(bytes(name))), Status.InvalidName, name);
  for (const name of ["c", "", "a\0", "z"]) assert.notEqual(status(() => [...snapshots.diff(bytes(name))]), 0, name);
  assert.equal(status(() => [...snapshots.diff(bytes("a"), bytes("none"))]), Status.NotFound);
  assert.equal(status(() => [...snapshots.diff(bytes("n".repeat(256)))]), Status.NameTooLong);
  assert.equal(status(() => snapshots.rollback(bytes("none"))), Status.NotFound);
  assert.equal(status(() => snapshots.remove(bytes("none"))), Status.NotFound);
  snapshots.remove(bytes("aa"));
  assert.equal(status(() => [...snapshots.diff(bytes("aa"))]), Status.NotFound);
  for (const name of ["a", "b", "b b", "n".repeat(255), "ü"]) assert.deepEqual([...snapshots.diff(bytes(name))], [], name);
  tree.sync();
  system.close();
});

test("many snapshots: one is found among hundreds", () => {
  const { tree, snapshots, system } = formatted();
  for (let index = 0; index < 400; index++) {
    if (index === 200) writeFile(tree, "half", bytes("way"));
    snapshots.create(bytes(`snapshot-with-a-longer-name-${index}`));
  }
  assert.equal([...snapshots.list()].length, 400);
  for (const index of [0, 199]) assert.deepEqual(listedChanges(snapshots.diff(bytes(`snapshot-with-a-longer-name-${index}`))), ["added half"]);
  for (const index of [200, 399]) assert.deepEqual(listedChanges(snapshots.diff(bytes(`snapshot-with-a-longer-name-${index}`))), []);
  system.close();
});

test("a comparison with the live tree sees what was written to files that are still open", () => {
  const { tree, snapshots, system } = formatted();
  for (const size of [10, 5000, 70_000]) {
    writeFile(tree, "file", content(1, size));
    const name = bytes(`size ${size}`);
    snapshots.create(name);
    const node = tree.open(bytes("file"), 2);
    tree.buffer[0] = 99;
    tree.writeFrom(node, 0, 1);
    assert.deepEqual(listedChanges(snapshots.diff(name)), ["modified file"]);
    tree.close(node);
  }
  system.close();
});

test("a result in small pages; one that was replaced answers Busy", () => {
  const { tree, snapshots, raw, system } = formatted();
  snapshots.create(bytes("empty"));
  for (let index = 0; index < 300; index++) writeFile(tree, `file-${String(index).padStart(4, "0")}`, bytes(`${index}`));
  const buffer = (length: number) => ({ address: tree.lendBuffer().address, length });
  assert.equal(status(() => raw.diffNext({ cursor: 0, buffer: buffer(4096) })), Status.Busy, "nothing was compared yet");
  assert.equal(raw.diffBegin({ from: tree.lend(bytes("empty")), to: tree.lendSecond(new Uint8Array(0)) }).count, 300);
  const paths: string[] = [];
  for (let cursor = 0, more = 1; more === 1;) {
    const reply = raw.diffNext({ cursor, buffer: buffer(100) });
    for (let at = 0; at < reply.lengthBytes; at += tree.buffer[at]!) paths.push(decoder.decode(tree.buffer.slice(at + 16, at + 25)));
    assert.equal(reply.count, 3);
    ({ cursor, more } = reply);
  }
  assert.deepEqual(paths, Array.from({ length: 300 }, (_, index) => `file-${String(index).padStart(4, "0")}`));
  assert.equal(status(() => raw.diffNext({ cursor: 0, buffer: buffer(31) })), Status.TooLarge);
  const { cursor } = raw.diffNext({ cursor: 0, buffer: buffer(100) });
  raw.diffBegin({ from: tree.lend(bytes("empty")), to: tree.lendSecond(bytes("empty")) });
  assert.equal(status(() => raw.diffNext({ cursor, buffer: buffer(100) })), Status.Busy);
  assert.deepEqual({ ...raw.diffNext({ cursor: 0, buffer: buffer(100) }), cursor: 0 }, { count: 0, lengthBytes: 0, cursor: 0, more: 0 });
  system.close();
});

test("deleted snapshots give space back, and what others hold stays", () => {
  const { tree, snapshots, system } = formatted();
  writeFile(tree, "shared", content(1, 2 << 20));
  writeFile(tree, "only", content(2, 8 << 20));
  snapshots.create(bytes("one"));
  snapshots.create(bytes("two"));
  tree.remove(bytes("only"));
  tree.sync();
  tree.client.collect();
  const held = Number(tree.statistics().freeBlocks);
  assert.ok(Number(snapshots.remove(bytes("one"))) < 256, "the other snapshot still holds the file");
  const freed = Number(snapshots.remove(bytes("two")));
  assert.ok(freed >= 2048, `${freed} blocks were freed`);
  tree.client.checkpoint();
  tree.client.checkpoint(); // freed blocks are reusable when neither of the last two generations reaches them
  assert.ok(Number(tree.statistics().freeBlocks) >= held + 2000);
  assert.deepEqual([...snapshots.list()], []);
  // Room that was not there before: 40 MiB of the 64 are free again.
  for (let round = 0; round < 4; round++) {
    writeFile(tree, "only", content(10 + round, 24 << 20));
    snapshots.create(bytes("again"));
    tree.remove(bytes("only"));
    snapshots.remove(bytes("again"));
    tree.client.checkpoint();
    tree.client.checkpoint();
  }
  assert.equal(tree.lookup(bytes("shared")).size, BigInt(2 << 20));
  system.close();
});

test("a comparison reads nodes in proportion to what changed", () => {
  const { tree, snapshots, raw, system } = formatted();
  for (let directory = 0; directory < 20; directory++) {
    tree.makeDirectory(bytes(`d${directory}`));
    for (let file = 0; file < 100; file++) writeFile(tree, `d${directory}/f${file}`, bytes(`${directory} ${file}`));
  }
  snapshots.create(bytes("one"));
  const begin = () => raw.diffBegin({ from: tree.lend(bytes("one")), to: tree.lendSecond(new Uint8Array(0)) });
  assert.deepEqual(begin(), { count: 0, nodesRead: 0 });
  writeFile(tree, "d7/f50", bytes("other"));
  const one = begin();
  assert.equal(one.count, 1);
  assert.ok(one.nodesRead <= 10, `${one.nodesRead} nodes for one file`);
  for (let directory = 0; directory < 20; directory++) writeFile(tree, `d${directory}/f9`, bytes("changed"));
  const twenty = begin();
  assert.equal(twenty.count, 21);
  assert.ok(twenty.nodesRead <= 110, `${twenty.nodesRead} nodes for 21 files of 2000`);
  system.close();
});

// Each promise of the interface by name: rights of capabilities, paths that stay inside, files without a name, listings in pieces, attributes, snapshots by name.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { attributesBytes, readAttributes } from "../../kernel-bindings/generated/host/filesystem.ts";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";
import { loadBlake3 } from "../support/blake3.ts";
import { readFile, treeState, writeFile } from "../support/hosted.ts";
import { FilesystemBench, hex, Random, statusOf } from "./bench.ts";

const read = 1, write = 2, create = 4, exclusive = 8, truncate = 16, directory = 32;
const path = (text: string): Uint8Array => Buffer.from(text);
let hash: (data: Uint8Array) => string;
before(async () => { hash = await loadBlake3(); });

/** Open relative to a capability; the handle or −Status. */
function openAt(bench: FilesystemBench, handle: number, name: string, flags: number): number {
  let node = 0;
  const status = statusOf(() => { ({ node } = bench.node(handle).open({ flags, mode: 0o644, owner: 0, group: 0, path: bench.tree.lend(path(name)), attributes: { address: 0, length: 0 } })); });
  return status === 0 ? node : -status;
}
const drop = (bench: FilesystemBench, handle: number): void => { bench.host.calls.capability_drop(handle); };
const put = (bench: FilesystemBench, text: string) => { bench.tree.buffer.set(path(text)); return bench.tree.lendBuffer(text.length); };

test("a capability reaches what is below it, with the rights it has, and nothing else", () => {
  const bench = FilesystemBench.formatted(64);
  const { tree } = bench;
  for (const name of ["a", "a/b", "other"]) tree.makeDirectory(path(name));
  writeFile(tree, "other/secret", path("secret"));
  writeFile(tree, "a/b/file", path("inside"));
  tree.symlink(path("../../other/secret"), path("a/b/out"));
  tree.symlink(path("/other"), path("a/b/absolute"));
  tree.symlink(path("/b"), path("a/b/top"));
  tree.symlink(path("../other"), path("a/up"));
  const readable = openAt(bench, bench.client.endpoint, "a/b", read | directory);
  assert.ok(readable > 0);
  assert.ok(openAt(bench, readable, "file", read) > 0);
  assert.equal(openAt(bench, readable, "file", write), -Status.Denied);
  assert.equal(openAt(bench, readable, "new", read | create), -Status.Denied);
  assert.equal(openAt(bench, readable, "../b/file", read), -Status.Denied);
  assert.equal(openAt(bench, readable, "out", read), -Status.Loop, "a link at the end is not followed");
  assert.equal(openAt(bench, readable, "absolute/secret", read), -Status.NotFound, "an absolute link begins at the capability's directory");
  const below = openAt(bench, bench.client.endpoint, "a", read | write | directory);
  assert.equal(openAt(bench, below, "up/secret", read), -Status.Denied, "a link that leads out");
  assert.ok(openAt(bench, below, "b/top/file", read) > 0, "an absolute link is one from the capability's directory");
  assert.ok(openAt(bench, below, "b/../b/./file", read | write) > 0);
  assert.equal(statusOf(() => bench.node(below).checkpoint()), Status.Denied);
  assert.equal(statusOf(() => bench.node(below).format({ blockCount: 0n, flags: 1 })), Status.Denied);
  assert.equal(statusOf(() => bench.node(readable).sync()), Status.Denied);
  assert.equal(statusOf(() => bench.node(readable).makeDirectory({ mode: 0, owner: 0, group: 0, path: tree.lend(path("x")) })), Status.Denied);
  const file = openAt(bench, below, "b/file", read);
  assert.equal(statusOf(() => bench.node(file).write({ offsetBytes: 0n, flags: 0, data: put(bench, "x") })), Status.Denied);
  assert.equal(openAt(bench, file, "x", read), -Status.NotDirectory);
  assert.equal(statusOf(() => bench.node(below).read({ offsetBytes: 0n, buffer: tree.lendBuffer(10) })), Status.IsDirectory);
  bench.close();
});

test("a chain of links is followed forty times and no further; loops end", () => {
  const bench = FilesystemBench.formatted(64);
  bench.tree.makeDirectory(path("d"));
  writeFile(bench.tree, "d/f", path("x"));
  let target = "d";
  for (let index = 0; index < 41; index++) {
    bench.tree.symlink(path(target), path(`l${index}`));
    target = `l${index}`;
  }
  assert.equal(statusOf(() => bench.tree.lookup(path("l39/f"))), 0);
  assert.equal(statusOf(() => bench.tree.lookup(path("l40/f"))), Status.Loop);
  bench.tree.symlink(path("loop"), path("loop"));
  assert.equal(statusOf(() => bench.tree.lookup(path("loop/x"))), Status.Loop);
  bench.close();
});

test("names: what is one and what is not", () => {
  const bench = FilesystemBench.formatted(64);
  const status = (name: Uint8Array) => statusOf(() => bench.tree.makeDirectory(name));
  assert.equal(status(new Uint8Array(255).fill(0x78)), 0);
  assert.equal(status(new Uint8Array(256).fill(0x78)), Status.NameTooLong);
  assert.equal(status(Uint8Array.of(0x61, 0, 0x62)), Status.InvalidName);
  assert.equal(status(Uint8Array.of(0xff, 0xfe, 0x80)), 0, "bytes are kept as they are");
  assert.deepEqual([...bench.tree.list(path(""))].map((entry) => hex(entry.name)), ["78".repeat(255), "fffe80"]);
  assert.equal(status(path("a/.")), Status.NotFound);
  assert.equal(status(path(".")), Status.Exists);
  assert.equal(status(path("..")), Status.Denied);
  assert.equal(statusOf(() => bench.tree.lookup(path("x".repeat(300)))), Status.NameTooLong);
  bench.close();
});

test("a file lives on without its name while it is open, and its space comes back after", () => {
  const bench = FilesystemBench.formatted(64);
  const content = new Random(3).bytes(900_000);
  writeFile(bench.tree, "gone", content);
  bench.tree.sync();
  const node = bench.tree.open(path("gone"), read | write);
  bench.tree.remove(path("gone"));
  bench.tree.sync();
  bench.client.collect();
  const file = bench.node(node.handle);
  assert.equal(bench.tree.readInto(node, 0, 900_000), 900_000);
  assert.equal(Buffer.compare(bench.tree.buffer.subarray(0, 900_000), content), 0);
  file.write({ offsetBytes: 10n, flags: 0, data: put(bench, "changed") });
  assert.equal(bench.tree.readInto(node, 10, 7), 7);
  assert.equal(Buffer.from(bench.tree.buffer.subarray(0, 7)).toString(), "changed");
  const out = bench.host.reserve(attributesBytes);
  file.lookup({ path: { address: 0, length: 0 }, attributes: { address: out, length: attributesBytes } });
  assert.deepEqual([readAttributes(bench.host.view, out).links, Number(readAttributes(bench.host.view, out).size)], [0, 900_000]);
  assert.equal(statusOf(() => bench.tree.lookup(path("gone"))), Status.NotFound);
  writeFile(bench.tree, "gone", path("another"));
  assert.equal(readFile(bench.tree, "gone").length, 7);
  bench.tree.close(node);
  bench.tree.sync();
  assert.ok(bench.client.collect().freedBlocks > 200n);
  assert.equal(bench.check().text, "");
  bench.close();
});

test("two capabilities of one file see each other's bytes; a listing and a lookup see the size before it is saved", () => {
  const bench = FilesystemBench.formatted(64);
  const { tree } = bench;
  writeFile(tree, "f", path("hello"));
  const first = tree.open(path("f"), read | write), second = tree.open(path("f"), read);
  tree.buffer.set(path(" world"));
  tree.writeFrom(first, 5, 6);
  assert.equal(tree.readInto(second, 0, 100), 11);
  assert.equal(Buffer.from(tree.buffer.subarray(0, 11)).toString(), "hello world");
  assert.deepEqual([Number(tree.lookup(path("f")).size), Number([...tree.list(path(""))][0]!.attributes.size), tree.lookup(path("f")).flags], [11, 11, 1]);
  assert.equal(Number(bench.node(first.handle).write({ offsetBytes: 0n, flags: 1, data: put(bench, "!") }).size), 12);
  tree.close(first);
  tree.close(second);
  tree.sync();
  assert.deepEqual([tree.lookup(path("f")).flags, hex(tree.lookup(path("f")).content)], [0, hash(path("hello world!"))]);
  tree.close(tree.open(path("f"), write | truncate));
  assert.equal(Number(tree.lookup(path("f")).size), 0);
  bench.close();
});

test("a hole reads as zeros and a sparse file's hash is that of its bytes", () => {
  const bench = FilesystemBench.formatted(64);
  const node = bench.tree.open(path("sparse"), read | write | create);
  bench.tree.buffer.set(path("end"));
  bench.tree.writeFrom(node, 5_000_000, 3);
  bench.tree.truncate(node, 6_000_000);
  bench.tree.close(node);
  bench.tree.sync();
  const wanted = Buffer.alloc(6_000_000);
  wanted.write("end", 5_000_000);
  assert.equal(Buffer.compare(readFile(bench.tree, "sparse"), wanted), 0);
  assert.equal(hex(bench.tree.lookup(path("sparse")).content), hash(wanted));
  assert.ok(bench.tree.statistics().storedBytes < 1_000_000n);
  bench.close();
});

test("rename: what may replace what", () => {
  const bench = FilesystemBench.formatted(64);
  const { tree } = bench;
  for (const name of ["empty", "full", "full/sub", "d"]) tree.makeDirectory(path(name));
  for (const name of ["f", "g", "full/x"]) writeFile(tree, name, path(name));
  const status = (from: string, to: string) => statusOf(() => tree.rename(path(from), path(to)));
  assert.equal(status("f", "empty"), Status.IsDirectory);
  assert.equal(status("d", "f"), Status.NotDirectory);
  assert.equal(status("d", "full"), Status.NotEmpty);
  assert.equal(status("full", "full/sub/inside"), Status.IntoItself);
  assert.equal(status("full", "full"), 0);
  assert.equal(status("missing", "f"), Status.NotFound);
  assert.equal(status("f", "missing/f"), Status.NotFound);
  assert.equal(statusOf(() => bench.client.rename({ flags: 1, from: tree.lend(path("f")), to: tree.lendSecond(path("g")) })), Status.Exists);
  assert.equal(status("d", "empty"), 0);
  assert.equal(status("f", "g"), 0);
  assert.equal(status("full", "empty/moved"), 0);
  assert.deepEqual([...treeState(tree).keys()].sort(), ["empty", "empty/moved", "empty/moved/sub", "empty/moved/x", "g"]);
  assert.equal(readFile(tree, "g").toString(), "f");
  const { files, directories } = tree.statistics();
  assert.deepEqual([files, directories], [2n, 4n]);
  assert.equal(bench.check().text, "");
  bench.close();
});

test("a listing of many names comes in pieces, in order, and survives changes between them", () => {
  const bench = FilesystemBench.formatted(64);
  const names = Array.from({ length: 3000 }, (_, index) => `name-${(index * 7919) % 3001}-${"y".repeat(index % 90)}`);
  for (const name of names) bench.tree.close(bench.tree.open(path(name), write | create | exclusive));
  const listing = bench.tree.list(path(""));
  const seen: string[] = [];
  for (const entry of listing) {
    seen.push(Buffer.from(entry.name).toString());
    if (seen.length % 700 === 0) bench.tree.remove(path(seen.at(-5)!));
  }
  assert.deepEqual(seen, [...names].sort());
  assert.equal([...bench.tree.list(path(""))].length, 2996);
  const root = openAt(bench, bench.client.endpoint, "", read | directory);
  assert.equal(statusOf(() => bench.node(root).list({ after: { address: 0, length: 0 }, buffer: tree64(bench) })), Status.InvalidArgument, "not even one record fits");
  bench.close();
});
const tree64 = (bench: FilesystemBench) => bench.tree.lendBuffer(64);

test("attributes: set, kept, and the time of a write does not come after the time that was set", () => {
  let bench = FilesystemBench.formatted(64);
  const { tree } = bench;
  const node = tree.open(path("f"), write | create);
  tree.buffer.set(path("x".repeat(100)));
  tree.writeFrom(node, 0, 100);
  tree.writeFrom(node, 100, 100); // a writer is open now
  tree.setAttributes(path("f"), { mode: 0o4711, owner: 12, group: 13, modifiedNanoseconds: 1234567890123456789n });
  tree.close(node);
  tree.sync();
  bench = bench.remount();
  const attributes = bench.tree.lookup(path("f"));
  assert.deepEqual([attributes.mode, attributes.owner, attributes.group, attributes.modifiedNanoseconds, Number(attributes.size)], [0o4711, 12, 13, 1234567890123456789n, 200]);
  assert.equal(statusOf(() => bench.client.setAttributes({ mask: 256, mode: 0, owner: 0, group: 0, modifiedNanoseconds: 0n, path: bench.tree.lend(path("f")) })), Status.InvalidArgument);
  bench.close();
});

test("a thousand capabilities and more at once; the table's end is an answer, and closing makes room", () => {
  const bench = FilesystemBench.formatted(64);
  const handles: number[] = [];
  let status = 0;
  while (status === 0 && handles.length < 20000) {
    const handle = openAt(bench, bench.client.endpoint, `f${handles.length}`, read | write | create);
    if (handle > 0) handles.push(handle);
    else status = -handle;
  }
  assert.ok(handles.length >= 1024, `${handles.length} at once`);
  assert.equal(status, Status.OutOfMemory);
  for (const handle of handles) drop(bench, handle);
  bench.tree.sync();
  const again = openAt(bench, bench.client.endpoint, "f0", read);
  assert.ok(again > 0);
  bench.close();
});

test("many files with open writers: the store's table is smaller than the filesystem's, and nobody notices", () => {
  const bench = FilesystemBench.formatted(128);
  const random = new Random(21);
  const contents = Array.from({ length: 600 }, () => random.bytes(5000));
  const nodes = contents.map((_, index) => bench.tree.open(path(`w${index}`), read | write | create));
  for (const half of [0, 2500]) for (const [index, node] of nodes.entries()) {
    bench.tree.buffer.set(contents[index]!.subarray(half, half + 2500));
    bench.tree.writeFrom(node, half, 2500);
  }
  for (const node of nodes) bench.tree.close(node);
  bench.tree.sync();
  bench.remount();
  for (const [index, content] of contents.entries()) assert.equal(hex(bench.tree.lookup(path(`w${index}`)).content), hash(content));
  bench.close();
});

test("snapshots: names, lists, rollback with files open, undo", () => {
  const bench = FilesystemBench.formatted(64);
  const { tree, client } = bench;
  const named = (name: string) => ({ name: tree.lend(path(name)) });
  writeFile(tree, "f", path("one"));
  client.snapshotCreate(named("b"));
  client.snapshotCreate(named("a"));
  assert.equal(statusOf(() => client.snapshotCreate(named("a"))), Status.Exists);
  assert.equal(statusOf(() => client.snapshotCreate(named("x/y"))), Status.InvalidName);
  assert.equal(statusOf(() => client.snapshotDelete(named("missing"))), Status.NotFound);
  writeFile(tree, "f", path("two, longer"));
  const node = tree.open(path("f"), read | write);
  tree.buffer.set(path("THREE"));
  tree.writeFrom(node, 0, 5);
  const { savedBytes } = client.rollback({ ...named("a"), saved: tree.lendBuffer(255) });
  const saved = Buffer.from(tree.buffer.slice(0, savedBytes)).toString();
  assert.match(saved, /^before-a-\d+$/);
  assert.equal(tree.readInto(node, 0, 100), 3, "the open file shows the snapshot's content");
  assert.equal(readFile(tree, "f").toString(), "one");
  tree.remove(path("f"));
  assert.equal(statusOf(() => client.rollback({ ...named("a"), saved: tree.lendBuffer(255) })), Status.Busy, "an open file has no name");
  tree.close(node);
  tree.sync(); // the service hears of it with the next request
  client.rollback({ ...named(saved), saved: tree.lendBuffer(255) });
  assert.equal(readFile(tree, "f").toString(), "THREElonger");
  bench.remount();
  assert.equal(bench.check().text, "");
  bench.close();
});

test("what is not built says so, and what is not mounted says why", () => {
  const bench = new FilesystemBench(FilesystemBench.formatted(64).disk);
  const name = () => bench.tree.lend(path("a")), other = () => bench.tree.lendSecond(path("b"));
  assert.equal(statusOf(() => bench.client.link({ from: name(), to: other() })), Status.Unsupported);
  assert.equal(statusOf(() => bench.client.getExtendedAttribute({ path: name(), name: other(), value: bench.tree.lendBuffer(10) })), Status.Unsupported);
  assert.equal(statusOf(() => bench.client.format({ blockCount: 0n, flags: 0 })), Status.AlreadyFormatted);
  bench.close();
});

test("after a format the capabilities of the old image are good for nothing, and their places come back", () => {
  const bench = FilesystemBench.formatted(64);
  bench.tree.makeDirectory(path("d"));
  const old = openAt(bench, bench.client.endpoint, "f", read | write | create), oldDirectory = openAt(bench, bench.client.endpoint, "d", read | write | directory);
  bench.client.format({ blockCount: 0n, flags: 1 });
  writeFile(bench.tree, "new", path("new"));
  assert.equal(statusOf(() => bench.node(old).read({ offsetBytes: 0n, buffer: bench.tree.lendBuffer(10) })), Status.InvalidHandle);
  assert.equal(openAt(bench, oldDirectory, "x", read | write | create), -Status.InvalidHandle);
  drop(bench, old);
  drop(bench, oldDirectory);
  bench.tree.sync();
  assert.deepEqual([...treeState(bench.tree).keys()], ["new"]);
  assert.equal(bench.check().text, "");
  bench.close();
});

// A full disk: refused cleanly, nothing half done, deleting works, and the space comes back.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";
import { loadBlake3 } from "../support/blake3.ts";
import { readFile, treeState, writeFile } from "../support/hosted.ts";
import { FilesystemBench, Random, statusOf } from "./bench.ts";

let hash: (data: Uint8Array) => string;
before(async () => { hash = await loadBlake3(); });
const path = (text: string): Uint8Array => Buffer.from(text);

/** Files of random bytes until the disk says no; their contents. */
function fill(bench: FilesystemBench, random: Random, prefix: string, bytesEach: number): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (let index = 0; index < 20000; index++) {
    const name = `${prefix}${index}`;
    const content = random.bytes(bytesEach);
    const status = statusOf(() => writeFile(bench.tree, name, content));
    if (status !== 0) {
      assert.equal(status, Status.NoSpace);
      return files;
    }
    files.set(name, content);
  }
  return assert.fail("the disk never filled");
}

for (const [what, bytesEach] of [["small files", 3000], ["large files", 700_000]] as const) {
  test(`${what} fill the disk; what was written stays whole, deleting and filling again works`, () => {
    const bench = FilesystemBench.formatted(64);
    const random = new Random(5);
    for (let round = 0; round < 3; round++) {
      const files = fill(bench, random, `r${round}-`, bytesEach);
      assert.ok(files.size * bytesEach > 6_000_000, `${files.size} files fit`);
      bench.tree.sync();
      bench.remount();
      for (const [name, content] of files) assert.equal(Buffer.compare(readFile(bench.tree, name), content), 0, name);
      const report = bench.check();
      assert.deepEqual([report.text, report.leakedBlocks], ["", 0]);
      // In order of age: other map nodes with each removal than with the one before, which asks much of a full disk.
      const names = [...treeState(bench.tree).keys()].sort((left, right) => Number(left.split("-")[1]) - Number(right.split("-")[1]));
      for (const [index, name] of names.entries()) assert.equal(statusOf(() => bench.tree.remove(path(name))), 0, `round ${round}, removal ${index} of ${names.length}`);
      assert.equal(treeState(bench.tree).size, 0);
    }
    bench.close();
  });
}

test("an overwrite that does not fit leaves the old content of others and can be undone by removing", () => {
  const bench = FilesystemBench.formatted(64);
  const random = new Random(9);
  writeFile(bench.tree, "kept", random.bytes(1_000_000));
  const kept = readFile(bench.tree, "kept");
  bench.tree.sync();
  const node = bench.tree.open(path("grows"), 2 | 4);
  bench.tree.buffer.set(random.bytes(bench.tree.buffer.length));
  let offset = 0;
  let status = 0;
  while (status === 0 && offset < 64 << 20) {
    new DataView(bench.tree.buffer.buffer, bench.tree.buffer.byteOffset).setUint32(0, offset, true);
    for (let group = 0; group < bench.tree.buffer.length; group += 65536) new DataView(bench.tree.buffer.buffer, bench.tree.buffer.byteOffset + group).setUint32(0, offset + group, true);
    status = statusOf(() => bench.tree.writeFrom(node, offset, bench.tree.buffer.length));
    offset += bench.tree.buffer.length;
  }
  assert.equal(status, Status.NoSpace);
  bench.tree.close(node);
  bench.tree.remove(path("grows"));
  bench.tree.sync();
  writeFile(bench.tree, "after", random.bytes(2_000_000));
  bench.tree.sync();
  bench.remount();
  assert.equal(Buffer.compare(readFile(bench.tree, "kept"), kept), 0);
  assert.equal(hash(readFile(bench.tree, "after")).length, 64);
  assert.equal(bench.check().text, "");
  bench.close();
});

test("snapshots hold space and give it back", () => {
  const bench = FilesystemBench.formatted(64);
  const random = new Random(11);
  const snapshot = (name: string) => ({ name: bench.tree.lend(path(name)) });
  writeFile(bench.tree, "big", random.bytes(32_000_000));
  bench.client.snapshotCreate(snapshot("one"));
  bench.tree.remove(path("big"));
  assert.equal(bench.client.collect().freedBlocks < 100n, true, "the snapshot still holds the file");
  assert.equal(statusOf(() => writeFile(bench.tree, "second", random.bytes(32_000_000))), Status.NoSpace, "no room for both");
  const { freedBlocks } = bench.client.snapshotDelete(snapshot("one"));
  assert.ok(freedBlocks > 7800n, `${freedBlocks} blocks came back`);
  bench.tree.remove(path("second"));
  writeFile(bench.tree, "third", random.bytes(32_000_000));
  bench.tree.sync();
  bench.remount();
  assert.deepEqual([...treeState(bench.tree).keys()], ["third"]);
  assert.equal(bench.check().text, "");
  bench.close();
});

for (const [what, bytesEach, syncEvery] of [["small files, a sync after each", 3000, 1], ["small files", 3000, 50], ["files of two blocks", 5000, 3]] as const) {
  test(`changes of ${what}, on a full disk: refused before removals find no room, and every sync succeeds`, () => {
    const bench = FilesystemBench.formatted(64);
    const random = new Random(5);
    const names = [...fill(bench, random, "f", bytesEach).keys()];
    bench.tree.sync();
    let refused = 0;
    for (let turn = 0; turn < 3000; turn++) {
      const place = (turn * 7919) % names.length, name = names[place]!;
      const isRename = turn % 2 === 0;
      const status = statusOf(() => (isRename ? bench.tree.rename(path(name), path(`${name}x`)) : bench.tree.setAttributes(path(name), { mode: turn & 0o777 })));
      if (status === 0 && isRename) names[place] = `${name}x`;
      if (status !== 0) {
        assert.equal(status, Status.NoSpace);
        refused++;
      }
      if (turn % syncEvery === 0) assert.equal(statusOf(() => bench.tree.sync()), 0, `sync ${turn}`);
    }
    assert.ok(refused < 2900, `${3000 - refused} changes fit`);
    bench.tree.sync();
    bench.remount();
    for (const [index, name] of names.entries()) assert.equal(statusOf(() => bench.tree.remove(path(name))), 0, `removal ${index} of ${names.length}`);
    assert.equal(statusOf(() => bench.tree.sync()), 0);
    bench.remount();
    assert.equal(bench.check().text, "");
    assert.ok(fill(bench, random, "again", bytesEach).size > names.length / 2);
    bench.close();
  });
}

test("every second file of a full disk can be removed, though what comes back is in pieces", () => {
  for (const bytesEach of [100, 3000, 40_000]) {
    const bench = FilesystemBench.formatted(64);
    const random = new Random(7);
    const files = fill(bench, random, "f", bytesEach);
    bench.tree.sync();
    const names = [...files.keys()];
    for (let index = 0; index < names.length; index += 2) {
      assert.equal(statusOf(() => bench.tree.remove(path(names[index]!))), 0, `removal ${index} of ${names.length}`);
      files.delete(names[index]!);
    }
    assert.equal(statusOf(() => bench.tree.sync()), 0);
    bench.remount();
    for (const [name, content] of files) assert.equal(Buffer.compare(readFile(bench.tree, name), content), 0, name);
    assert.equal(bench.check().text, "");
    bench.close();
  }
});

// A device that fails, and images that lie: nothing is pretended, nothing traps, what was durable comes back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDisk, sectorBytes } from "../../host/devices/disk.ts";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";
import { readFile, treeState, writeFile } from "../support/hosted.ts";
import { OverlayDisk } from "../support/overlay-disk.ts";
import { FilesystemBench, MiB, Random, statusOf } from "./bench.ts";

const path = (text: string): Uint8Array => Buffer.from(text);

/** A disk whose writes or flushes fail on demand. */
class FailingDisk extends MemoryDisk {
  failsWrites = false;
  failsFlushes = false;
  override write(views: readonly Uint8Array[], offsetBytes: number): boolean { return !this.failsWrites && super.write(views, offsetBytes); }
  override flush(): boolean { return !this.failsFlushes && super.flush(); }
}

for (const what of ["failsWrites", "failsFlushes"] as const) {
  test(`after a commit that was lost (${what}) everything that changes answers Lost until the next start`, () => {
    const disk = new FailingDisk((64 * MiB) / sectorBytes);
    const bench = new FilesystemBench(disk);
    bench.tree.client.format({ blockCount: 0n, flags: 0 });
    writeFile(bench.tree, "kept", path("kept"));
    bench.tree.sync();
    writeFile(bench.tree, "lost", path("lost"));
    const node = bench.tree.open(path("kept"), 1 | 2);
    bench.tree.buffer.set(path("KEPT"));
    bench.tree.writeFrom(node, 0, 4);
    disk[what] = true;
    const status = statusOf(() => bench.tree.sync());
    assert.equal(status, Status.Lost);
    disk[what] = false;
    for (const [name, change] of Object.entries({
      "write to an open file": () => bench.tree.writeFrom(node, 0, 4), truncate: () => bench.tree.truncate(node, 1),
      write: () => writeFile(bench.tree, "later", path("x")), mkdir: () => bench.tree.makeDirectory(path("d")), remove: () => bench.tree.remove(path("kept")),
      rename: () => bench.tree.rename(path("kept"), path("moved")), chmod: () => bench.tree.setAttributes(path("kept"), { mode: 0 }), sync: () => bench.tree.sync(),
      checkpoint: () => bench.client.checkpoint(), collect: () => bench.client.collect(), snapshot: () => bench.client.snapshotCreate({ name: bench.tree.lend(path("s")) }),
    })) assert.equal(statusOf(change), Status.Lost, name);
    assert.equal(bench.client.describe().mountStatus, Status.Lost);
    bench.remount();
    const names = [...treeState(bench.tree).keys()];
    assert.ok(names.includes("kept") && names.every((name) => name === "kept" || name === "lost"), names.join());
    assert.match(readFile(bench.tree, "kept").toString(), /^(kept|KEPT)$/);
    writeFile(bench.tree, "again", path("x"));
    bench.tree.sync();
    assert.equal(bench.check().text, "");
    bench.close();
  });
}

test("the timer makes changes durable without a sync", () => {
  const bench = FilesystemBench.formatted(64);
  writeFile(bench.tree, "f", path("x"));
  const node = bench.tree.open(path("g"), 2 | 4);
  bench.tree.buffer.set(path("unsaved"));
  bench.tree.writeFrom(node, 10, 7);
  for (let second = 0; second < 12; second++) {
    bench.hosted.system.kernel.parts.clock.sleep(1e9);
    bench.hosted.system.turn();
  }
  bench.remount();
  assert.deepEqual([...treeState(bench.tree).keys()], ["f", "g"]);
  assert.equal(readFile(bench.tree, "g").length, 17);
  bench.close();
});

/** An image with a checkpoint, entries after it, and a snapshot. */
function sampleImage(): Uint8Array {
  const disk = new MemoryDisk((64 * MiB) / sectorBytes);
  const bench = new FilesystemBench(disk);
  bench.tree.client.format({ blockCount: 0n, flags: 0 });
  const random = new Random(77);
  for (let index = 0; index < 300; index++) {
    if (index % 30 === 0) bench.tree.makeDirectory(path(`d${index}`));
    writeFile(bench.tree, `d${Math.floor(index / 30) * 30}/f${index}`, random.bytes(random.below(5000)));
  }
  bench.client.snapshotCreate({ name: bench.tree.lend(path("s")) });
  for (let index = 0; index < 20; index++) bench.tree.rename(path(`d0/f${index}`), path(`d30/r${index}`));
  writeFile(bench.tree, "after", path("after"));
  bench.tree.sync();
  bench.close();
  return disk.bytes;
}

test("an image with any block damaged mounts or says why, and never ends a service", () => {
  const image = sampleImage();
  const random = new Random(5);
  const used: number[] = [];
  for (let block = 0; block < image.length / 4096; block++) if (image.subarray(block * 4096, block * 4096 + 4096).some((byte) => byte !== 0)) used.push(block);
  let refused = 0, damaged = 0;
  for (let round = 0; round < 50; round++) {
    const at = random.pick(used) * 4096 + random.below(4096);
    const disk = new OverlayDisk(image);
    disk.write([Uint8Array.of(image[at]! ^ (1 << random.below(8)))], at);
    const bench = new FilesystemBench(disk);
    if (bench.client.describe().mountStatus !== 0) refused++;
    else {
      const status = statusOf(() => {
        for (const [name, content] of treeState(bench.tree)) if (content !== "directory") readFile(bench.tree, name);
      });
      const report = bench.check();
      if (status !== 0) {
        damaged++;
        assert.ok(report.problems > 0, `a read answered ${status} and check found nothing`);
      }
      statusOf(() => writeFile(bench.tree, "new", path("x")));
      statusOf(() => bench.tree.sync());
      statusOf(() => bench.client.collect());
    }
    assert.deepEqual(bench.hosted.system.faults, []);
    bench.close();
  }
  assert.ok(refused + damaged > 8, `${refused} refused, ${damaged} damaged`);
});

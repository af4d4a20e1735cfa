// The five criteria again, in QEMU: the same modules on the microkernel, over QEMU's own virtio-blk device.
import assert from "node:assert/strict";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { bundle, compileModule, manifestWith } from "../modules/build.ts";
import { benchmarkRows, layers } from "../support/benchmark-rows.ts";
import { bootServices, sameState, treeState } from "../support/hosted.ts";
import { inFolder, mustRun } from "../support/images.ts";
import { OverlayDisk } from "../support/overlay-disk.ts";
import { bootAndRun, withMachine } from "./machine.ts";
import { readWriteLog } from "./write-log.ts";

const bundles: Record<string, string> = {};
before(async () => {
  for (const name of ["block-exerciser", "block-device-integrity", "layer-benchmark"]) bundles[name] = bundle(name, manifestWith(name), { [name]: await compileModule(name, `tests/modules/${name}`) });
});
function blank(folder: string, sizeMiB: number): string {
  const image = join(folder, "disk.img");
  writeFileSync(image, "");
  truncateSync(image, sizeMiB << 20);
  return image;
}

test("block I/O in QEMU: random reads and writes of the device against a model", async () => inFolder(async (folder) => {
  const { output, status } = await bootAndRun({ image: blank(folder, 64), bundle: bundles["block-device-integrity"], run: "integrity 5 2000" });
  assert.match(output, /integrity: 2\d\d\d operations, .* 0 errors, 0 differences/);
  assert.equal(status, 0);
}));

test("block I/O in QEMU: random transactions of the block service against a model", async () => inFolder(async (folder) => {
  const { output, status } = await bootAndRun({ image: blank(folder, 128), bundle: bundles["block-exerciser"], run: "block 5 1000" });
  assert.match(output, /block service: 1000 operations, 0 mismatches/);
  assert.equal(status, 0);
}));

test("deduplication in QEMU: the same content put twice is written to the device once", async () => inFolder(async (folder) => {
  const image = join(folder, "disk.img"), writeLog = join(folder, "log");
  mustRun(["mkfs", image, "--size", "128M"]);
  writeFileSync(writeLog, "");
  const text = "the same content, stored twice ".repeat(20).trim();
  const { output, status } = await bootAndRun({ image, writeLog, run: `put /a ${text}; sync; put /b ${text}; sync; hash /a /b; put /c ${text}!; sync` });
  assert.equal(status, 0, output);
  const hashes = [...output.matchAll(/^([0-9a-f]{64}) {2}/gm)].map((match) => match[1]);
  assert.equal(hashes.length, 2);
  assert.equal(hashes[0], hashes[1]);
  const occurrences = (needle: string): number => readWriteLog(writeLog).filter((entry) => entry.kind === "write" && Buffer.from(entry.data).includes(needle)).length;
  assert.equal(occurrences(`${text}\n`), 1, "the content reached the device once");
  assert.equal(occurrences(`${text}!\n`), 1, "other content was written: the count can see it");
}));

test("transactional metadata in QEMU: power cut at every device write of the shell's work", async (context) => inFolder(async (folder) => {
  const image = join(folder, "disk.img"), writeLog = join(folder, "log");
  mustRun(["mkfs", image, "--size", "64M"]);
  const base = new Uint8Array(readFileSync(image));
  writeFileSync(writeLog, "");
  const states: Array<Map<string, string>> = [], syncedAt: Array<{ entries: number; operation: number }> = [{ entries: 0, operation: 0 }];
  const commands = ["mkdir /d", "put /d/one first", "put /two second", "sync", "mv /two /d/two", "put /d/one replaced by a longer text", "rm /d/two", "sync", "mkdir -p /e", "mv /d /e/d", "put /last word", "sync", "rm -r /e"];
  // What the tree is after each command, from the same commands on the hosted kernel: the commands are the model.
  const model = new OverlayDisk(base);
  const { runShell } = await import("../support/hosted.ts");
  const look = (): Map<string, string> => { const { system, tree } = bootServices(model.fork()); const state = treeState(tree); system.close(); return state; };
  states.push(look());
  await withMachine({ image, writeLog }, async (machine) => {
    let at = await machine.until(/> $/);
    for (const command of commands) {
      assert.equal(runShell(model, command).status, 0, command);
      states.push(look());
      machine.send(`${command}\r`);
      at = await machine.until(/> $/, at);
      if (command === "sync") syncedAt.push({ entries: readWriteLog(writeLog).length, operation: states.length - 1 });
    }
  });
  const entries = readWriteLog(writeLog);
  let images = 0;
  for (let cut = 0; cut <= entries.length; cut++) {
    const flushed = entries.slice(0, cut).map((entry) => entry.kind).lastIndexOf("flush") + 1;
    for (const keepUnflushed of [true, false]) {
      const disk = new OverlayDisk(base);
      for (const [index, entry] of entries.slice(0, cut).entries()) if (entry.kind === "write" && (keepUnflushed || index < flushed)) disk.write([entry.data], entry.offsetBytes);
      const { system, tree } = bootServices(disk);
      assert.equal(tree.client.describe().mountStatus, 0, `cut after ${cut}`);
      const state = treeState(tree);
      system.close();
      const synced = syncedAt.filter((moment) => moment.entries <= cut).at(-1)!.operation;
      assert.ok(states.slice(synced).some((candidate) => sameState(candidate, state)), `cut after ${cut} of ${entries.length}, unflushed ${keepUnflushed ? "kept" : "dropped"}: no state from operation ${synced} on is ${JSON.stringify([...state])}`);
      images++;
    }
  }
  context.diagnostic(`${images} crash images from ${entries.length} device events`);
  assert.ok(syncedAt.length === 4 && images > 20);
}));

test("snapshots in QEMU: snapshot, change, diff, roll back: the same hashes", async () => inFolder(async (folder) => {
  const image = join(folder, "disk.img");
  mustRun(["mkfs", image, "--size", "64M"]);
  const { output, status } = await bootAndRun({ image, run: "mkdir /d; put /d/a one; put /b two; put /c three; hash -R /; snapshot create s; put /d/a changed; rm /b; mv /c /d/c; put /new four; snapshot diff s; snapshot rollback s; hash -R /; snapshot diff s" });
  assert.equal(status, 0, output);
  const hashes = [...output.matchAll(/^[0-9a-f]{64} {2}.*$/gm)].map((match) => match[0]);
  assert.equal(hashes.length, 6);
  assert.deepEqual(hashes.slice(3), hashes.slice(0, 3));
  assert.deepEqual([...output.matchAll(/^[-+MR] .*$/gm)].map((match) => match[0]).sort(), ["+ /new", "- /b", "M /d/a", "R /c -> /d/c"]);
}));

test("performance in QEMU: a benchmark of each layer", async (context) => inFolder(async (folder) => {
  const { output, status } = await bootAndRun({ image: blank(folder, 256), bundle: bundles["layer-benchmark"], run: "bench 1 30" });
  assert.equal(status, 0, output);
  const rows = benchmarkRows(output);
  for (const layer of layers) assert.ok(rows.some((row) => row.layer === layer && row.nanoseconds > 0), `no figure for ${layer}:\n${output}`);
  for (const row of rows) context.diagnostic(`${row.layer}: ${row.operation}: ${row.nanoseconds} ns`);
}));

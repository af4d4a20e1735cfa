// Criterion 3 in QEMU with truncates, which the shell has no command for: a program creates, fills, truncates, renames and deletes; power is cut at every device write.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bundle, compileModule, manifestWith } from "../modules/build.ts";
import { bootServices, sameState, treeState } from "../support/hosted.ts";
import { inFolder, mustRun } from "../support/images.ts";
import { OverlayDisk } from "../support/overlay-disk.ts";
import { runProgram } from "../support/program.ts";
import { bootAndRun } from "./machine.ts";
import { readWriteLog } from "./write-log.ts";

const operations = 24;

test("transactional metadata in QEMU: power cut at every device write of creates, truncates, renames and deletes", async (context) => inFolder(async (folder) => {
  const image = join(folder, "disk.img"), writeLog = join(folder, "log");
  mustRun(["mkfs", image, "--size", "64M"]);
  const base = new Uint8Array(readFileSync(image));
  const look = (disk: OverlayDisk): Map<string, string> => {
    const { system, tree } = bootServices(disk);
    assert.equal(tree.client.describe().mountStatus, 0, "mount");
    const state = treeState(tree);
    system.close();
    return state;
  };
  // The model: the same program on the hosted kernel, stopped after each number of operations.
  const states: Array<Map<string, string>> = [];
  for (let count = 0; count <= operations; count++) {
    const disk = new OverlayDisk(base);
    assert.equal((await runProgram("truncator", disk, `run ${count}`)).status, 0, `model of ${count} operations`);
    states.push(look(disk));
  }
  writeFileSync(writeLog, "");
  const made = bundle("truncator", manifestWith("truncator"), { truncator: await compileModule("truncator", "tests/modules/truncator") });
  const { output, status } = await bootAndRun({ image, writeLog, bundle: made, run: `run ${operations}` });
  assert.equal(status, 0, output);
  const entries = readWriteLog(writeLog);
  const flushes = entries.filter((entry) => entry.kind === "flush").length, syncs = operations / 3;
  assert.ok(flushes >= syncs, `${flushes} flushes for ${syncs} syncs`);
  let images = 0;
  for (let cut = 0; cut <= entries.length; cut++) {
    const part = entries.slice(0, cut), flushed = part.map((entry) => entry.kind).lastIndexOf("flush") + 1;
    const synced = 3 * Math.max(0, part.filter((entry) => entry.kind === "flush").length - (flushes - syncs));
    for (const keepUnflushed of [true, false]) {
      const disk = new OverlayDisk(base);
      for (const [index, entry] of part.entries()) if (entry.kind === "write" && (keepUnflushed || index < flushed)) disk.write([entry.data], entry.offsetBytes);
      const state = look(disk);
      assert.ok(states.slice(synced).some((candidate) => sameState(candidate, state)), `cut after ${cut} of ${entries.length}, unflushed ${keepUnflushed ? "kept" : "dropped"}: no state from operation ${synced} on is ${JSON.stringify([...state])}`);
      images++;
    }
  }
  context.diagnostic(`${images} crash images, ${syncs} syncs, ${flushes} flushes`);
}));

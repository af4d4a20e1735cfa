// A lone small write on a machine that is left alone: it goes home after five seconds on both kernels, at the same cost, and then the block service sleeps.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { loadManifest, loadModules } from "../../host/client/modules.ts";
import { DeterministicClock } from "../../host/kernel/clock.ts";
import { MemoryConsole } from "../../host/kernel/console.ts";
import { bootHosted } from "../../host/kernel/system.ts";
import { bundle, compileModule, manifestWith } from "../modules/build.ts";
import { inFolder, mustRun } from "../support/images.ts";
import { OverlayDisk } from "../support/overlay-disk.ts";
import { withMachine } from "./machine.ts";

/** When the counts are asked for: at once, before the images are due, after it, and long after. */
const waits = [0, 2000, 5000, 8000];
const name = "lone-writer";

function onHosted(base: Uint8Array, path: string): string[] {
  const console = new MemoryConsole(), clock = new DeterministicClock();
  const system = bootHosted({ manifest: manifestWith(name), modules: { ...loadModules(loadManifest()), [name]: new WebAssembly.Module(readFileSync(path)) }, disk: new OverlayDisk(base), console, clock, log: () => {} });
  for (const wait of waits) {
    system.turn();
    clock.advance(wait * 1e6);
    system.turn();
    console.push("?");
    system.turn();
  }
  assert.equal(system.millisecondsToTimer(), Infinity, "nothing is left to wait for");
  system.close();
  return console.output.trim().split("\n");
}

test("a lone small write goes home after five seconds on both kernels, and then nothing happens any more", async (context) => inFolder(async (folder) => {
  const image = join(folder, "disk.img");
  mustRun(["mkfs", image, "--size", "64M"]);
  const path = await compileModule(name, `tests/modules/${name}`);
  const hosted = onHosted(new Uint8Array(readFileSync(image)), path);
  const lines: string[] = [];
  await withMachine({ image, bundle: bundle(name, manifestWith(name), { [name]: path }) }, async (machine) => {
    let at = await machine.until(/writes .*\n/);
    for (const wait of waits) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      machine.send("?");
      at = await machine.until(/writes .*\n/, at);
    }
    lines.push(...machine.output.match(/^writes .*$/gm)!);
    machine.send("q");
    assert.equal(await machine.exitStatus(), 0);
  });
  context.diagnostic(lines.join(" · "));
  assert.deepEqual(lines, hosted);
  const counts = lines.map((line) => /^writes (\d+) flushes (\d+) waiting (\d+)$/.exec(line)!.slice(1).map(Number)) as Array<[number, number, number]>;
  const [writes, flushes] = counts[0]!;
  assert.deepEqual(counts, [
    [writes, flushes, 1],
    [writes + 1, flushes, 1], // the seal
    [writes + 1, flushes, 1],
    [writes + 2, flushes + 1, 0],
    [writes + 2, flushes + 1, 0],
  ]);
}));

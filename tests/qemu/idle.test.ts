// The machine at its prompt: how soon it is there, and how much of a processor and of memory it takes while nobody wants anything.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { inFolder, mustRun } from "../support/images.ts";
import { withMachine } from "./machine.ts";

const sampleMs = 4000;
const residentLimitKib = 24 * 1024;

for (const memoryMiB of [1024, 6144]) {
  test(`at the prompt with ${memoryMiB} MiB: under 5 % of a core, at most 24 MiB in use`, async (context) => inFolder(async (folder) => {
    const image = join(folder, "disk.img");
    mustRun(["mkfs", image, "--size", "64M"]);
    mustRun(["put", image, "/hello"], "hello\n");
    const started = Date.now();
    await withMachine({ image, memoryMiB, words: ["debug"] }, async (machine) => {
      const prompt = await machine.until(/axiomfs> /);
      const promptMs = Date.now() - started;
      assert.match(machine.output, /^axiom kernel: no IOMMU: the disk and its driver are trusted with device addresses$/m);
      await machine.until(/resident \d+ KiB: .*\n/);
      const residentKib = Number(/resident (\d+) KiB/.exec(machine.output)?.[1]);
      const insideMs = Number(/started after (\d+) us/.exec(machine.output)?.[1]) / 1000;
      await new Promise((resolve) => setTimeout(resolve, 500));
      const before = machine.processorMs();
      await new Promise((resolve) => setTimeout(resolve, sampleMs));
      const share = (machine.processorMs() - before) / sampleMs;
      context.diagnostic(`prompt after ${promptMs} ms (${insideMs.toFixed(0)} ms of the machine's clock), idle ${(share * 100).toFixed(1)} % of a core, ${residentKib} KiB resident`);
      assert.ok(share < 0.05, `${(share * 100).toFixed(1)} % of a core`);
      assert.ok(residentKib > 1024 && residentKib <= residentLimitKib, `${residentKib} KiB`);
      // The disk reaches memory wherever it lies: what it reads arrives, also above 4 GiB.
      machine.send("cat hello\r");
      await machine.until(/\nhello\n/, prompt);
    });
  }));
}

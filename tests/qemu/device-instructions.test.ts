// What one request of 4 KiB costs in instructions of the guest: limits a tenth above the figures of docs/performance.md, which also says why they are where they are.
import assert from "node:assert/strict";
import { closeSync, ftruncateSync, openSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { countInstructions, type Counts } from "../../benchmarks/device-instructions.ts";
import { inFolder } from "../support/images.ts";

const limits: Counts = { call: 1360, polled: 3780, interrupt: 4800, batch: 2880 };

test("instructions for a read of 4 KiB", { timeout: 180_000 }, () => inFolder(async (folder) => {
  const image = join(folder, "disk.img"), file = openSync(image, "w");
  ftruncateSync(file, 64 << 20);
  closeSync(file);
  const counts = await countInstructions(image, folder);
  for (const [name, limit] of Object.entries(limits) as Array<[keyof Counts, number]>) {
    console.log(`${name}: ${counts[name].toFixed(0)} instructions`);
    // The lower bound: something was counted, and it was a request.
    assert.ok(counts[name] > limit / 2 && counts[name] <= limit, `${name}: ${counts[name]} instructions, the limit is ${limit}`);
  }
}));

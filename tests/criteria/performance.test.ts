// Criterion 5, *performance*, in Node: the first benchmark of each layer runs and prints a figure for every layer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDisk } from "../../host/devices/disk.ts";
import { benchmarkRows, layers } from "../support/benchmark-rows.ts";
import { runProgram } from "../support/program.ts";

test("performance: a benchmark of each layer on the hosted kernel", async (context) => {
  const { output, status } = await runProgram("layer-benchmark", new MemoryDisk(1 << 19), "bench 1 30");
  assert.equal(status, 0, output);
  const rows = benchmarkRows(output);
  for (const layer of layers) assert.ok(rows.some((row) => row.layer === layer && row.nanoseconds > 0 && row.count > 0), `no figure for ${layer}:\n${output}`);
  for (const row of rows) context.diagnostic(`${row.layer}: ${row.operation}: ${row.nanoseconds} ns`);
});

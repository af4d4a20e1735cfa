// What the suite's console says of an implementation.
import assert from "node:assert/strict";
import type { Outcome } from "./implementations.ts";

/** Every case ended well, and the program ended by itself; returns the line that describes the device. */
export function mustConform({ output, status, complaints }: Outcome): string {
  const lines = output.split("\n");
  const failed = lines.flatMap((line, index) => {
    if (!line.startsWith("FAILED ")) return [];
    const from = lines.findLastIndex((earlier, at) => at < index && !earlier.startsWith("  ")) + 1;
    return [[line, ...lines.slice(from, index)].join("\n")];
  });
  assert.deepEqual(failed, []);
  assert.deepEqual(complaints, []);
  assert.equal(status, 0, `the suite did not end: ${output.slice(-1000)}`);
  assert.ok(casesOf(output) >= (output.includes("device: none") ? 1 : 40), output);
  return lines.find((line) => line.startsWith("device: ")) ?? assert.fail(`no device described: ${output}`);
}
/** How many cases ended well. */
export const casesOf = (output: string): number => output.split("\n").filter((line) => line.startsWith("ok ")).length;

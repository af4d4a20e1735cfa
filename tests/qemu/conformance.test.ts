// One conformance suite, both kernels: the same module bytes run the same cases on the hosted kernel and on the microkernel in QEMU. Each
// line is compared with the table and with the other kernel's; a difference stands in the table with its reason.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Case, expected } from "../conformance/suite/case.ts";
import { type Run, runHosted, runMicrokernel } from "../conformance/suite/kernels.ts";
import { cases } from "../conformance/suite/table.ts";

const hosted = await runHosted(cases);
const microkernel = await runMicrokernel(cases);

test("the suite ends by itself on both kernels", (context) => {
  assert.equal(hosted.status, 0, hosted.output.slice(-1000));
  assert.equal(microkernel.status, 0, microkernel.output.slice(-1000));
  context.diagnostic(`${cases.length} cases; hosted ${hosted.seconds.toFixed(1)} s, microkernel ${microkernel.seconds.toFixed(1)} s`);
});

test("every case is a case of its own", () => {
  assert.ok(cases.length > 200);
  assert.equal(new Set(cases.map(({ rule, name }) => `${rule}: ${name}`)).size, cases.length);
});

test("the kernels differ only where the table says why", () => {
  const differing = cases.filter((one, index) => !("why" in one.expect) && hosted.outcomes.get(index + 1)?.answers.join() !== microkernel.outcomes.get(index + 1)?.answers.join());
  assert.deepEqual(differing.map(({ name }) => name), []);
  for (const { expect } of cases) if ("why" in expect) assert.ok(expect.why.length > 20 && expect.hosted.join() !== expect.microkernel.join());
});

const answersOf = (run: Run, index: number): string => {
  const outcome = run.outcomes.get(index + 1);
  return outcome ? [outcome.answers.join(" "), outcome.complaint].filter(Boolean).join(" ") : "no line";
};
const rules = groups();
function groups(): Map<string, Array<{ one: Case; index: number }>> {
  const found = new Map<string, Array<{ one: Case; index: number }>>();
  cases.forEach((one, index) => found.set(one.rule, [...(found.get(one.rule) ?? []), { one, index }]));
  return found;
}
for (const [rule, members] of rules) {
  test(`${rule}: ${members.length} cases`, () => {
    for (const kernel of ["hosted", "microkernel"] as const) {
      const run = kernel === "hosted" ? hosted : microkernel;
      const wrong = members.filter(({ one, index }) => answersOf(run, index) !== expected(one, kernel).join(" "));
      assert.deepEqual(wrong.map(({ one, index }) => `${one.name}: ${answersOf(run, index)}, expected ${expected(one, kernel).join(" ")}`), [], kernel);
    }
  });
}

// The suite on the hosted kernel: every case as a test of its own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { expected } from "./case.ts";
import { runHosted } from "./kernels.ts";
import { cases } from "./table.ts";

const run = await runHosted(cases);
test("the suite ends by itself", () => assert.equal(run.status, 0, run.output.slice(-1000)));
cases.forEach((one, index) => {
  test(`${one.rule}: ${one.name}`, () => {
    const outcome = run.outcomes.get(index + 1);
    assert.ok(outcome, "the conductor wrote no line");
    assert.deepEqual({ answers: outcome.answers, complaint: outcome.complaint }, { answers: expected(one, "hosted"), complaint: "" });
  });
});

// The random attacker on the hosted kernel, and what makes its run worth something: calls succeed, seeds differ, the same seed repeats.
import assert from "node:assert/strict";
import { test } from "node:test";
import { attackHosted, table } from "./attack.ts";

test("200,000 random system calls: nobody else is touched, and all is as before when the attacker has dropped what it had", async (context) => {
  const attack = await attackHosted(20_260_101, 200_000);
  context.diagnostic(`\n${table("hosted", attack)}`);
  assert.equal(attack.status, 0, attack.output.slice(-2000));
  assert.equal(attack.tried, 200_000);
  assert.ok(attack.succeeded * 3 >= attack.tried, `${attack.succeeded} succeeded`);
  for (const [name, { tried, succeeded }] of attack.rows) assert.ok(succeeded > 0 && tried > succeeded * (name === "mmio_read" ? 0 : 1), `${name}: ${succeeded} of ${tried}`);
});

test("the same seed makes the same calls, another does not", async () => {
  const [first, again, other] = [await attackHosted(5, 5000), await attackHosted(5, 5000), await attackHosted(6, 5000)];
  const counts = ({ output }: { output: string }): string => output.split("\n").filter((line) => line.startsWith("tally")).join();
  assert.equal(counts(first), counts(again));
  assert.notEqual(counts(first), counts(other));
});

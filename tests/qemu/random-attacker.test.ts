// The random attacker on the microkernel; the same calls succeed as on the hosted kernel.
import assert from "node:assert/strict";
import { test } from "node:test";
import { attackHosted, attackMicrokernel, table } from "../conformance/attack.ts";

test("50,000 random system calls: no panic, nobody else is touched, the same answers as hosted", async (context) => {
  const attack = await attackMicrokernel(20_260_102, 50_000);
  context.diagnostic(`\n${table("microkernel", attack)}`);
  assert.equal(attack.status, 0, attack.output.slice(-2000));
  assert.equal(attack.tried, 50_000);
  assert.ok(attack.succeeded * 3 >= attack.tried, `${attack.succeeded} succeeded`);
  const hosted = await attackHosted(20_260_102, 50_000);
  assert.deepEqual([...attack.rows], [...hosted.rows]);
});

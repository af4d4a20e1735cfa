// A sample of the kill campaign (campaign.ts): every service at every so many messages, offset by a seed that changes with the day, so that the samples of many runs
// meet everything. AXIOMFS_SEED repeats a run. The whole loop is `npm run kill-campaign`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runCampaign, runOnce, summaryText, victims } from "./campaign.ts";
import { models, operations } from "./workload.ts";

const every = 48;
const seed = Number(process.env.AXIOMFS_SEED ?? Math.floor(Date.now() / 86_400_000));

test("the workload is the same each time, and large enough to matter", () => {
  const [first, second] = [runOnce(null), runOnce(null)];
  assert.deepEqual([first.problem, first.told], [null, 0]);
  assert.equal(first.messages, second.messages);
  assert.ok(first.messages > 300, `${first.messages} messages`);
  assert.equal(models().length, operations.length + 1);
});

for (const domain of victims) {
  test(`killing ${domain} at every ${every}th message (seed ${seed}): the work ends, and nothing is lost in silence`, () => {
    const summary = runCampaign([domain], every, seed % every);
    console.log(`${domain}: ${summaryText(summary)}`);
    assert.deepEqual(summary.failures.map(({ kill, problem }) => `message ${kill!.message}: ${problem}`), []);
    assert.ok(summary.kills >= 10);
  });
}

test("a kernel that told nobody would be found out", () => {
  const kills = Array.from({ length: 10 }, (_, index) => runOnce({ domain: "block", message: 40 + index * 70 }, true));
  const found = kills.filter(({ problem }) => problem !== null).map(({ problem }) => problem!);
  assert.ok(found.length >= 3, found.join("\n"));
});

test("a kill of what stands below the files is told", () => {
  for (const domain of ["block", "content-store", "axiom", "filesystem"]) {
    const { problem, told } = runOnce({ domain, message: 100 });
    assert.deepEqual([domain, problem, told > 0], [domain, null, true]);
  }
});

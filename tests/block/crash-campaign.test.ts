// The crash campaign in small (docs/testing.md): the shipped service survives at least 20,000 crash images on all processors, every kind among them, and the same campaign finds a service that is broken.
import assert from "node:assert/strict";
import { test } from "node:test";
import { report, runCampaign } from "./crash-campaign.ts";
import { blockModulePath } from "./harness.ts";

/** AXIOMFS_SEED repeats a run; without it each day has another. */
const seed = Number(process.env.AXIOMFS_SEED ?? Math.floor(Date.now() / 86_400_000) * 1000);

test("20,000 crash images mount to a committed state, no older than the last flush; a second mount changes nothing", async (context) => {
  const outcome = await runCampaign(20_000, seed, () => {});
  context.diagnostic(`seed ${seed}: ${report(outcome)}`);
  assert.equal(outcome.violation, null, `seed ${seed}`);
  assert.ok(outcome.images >= 20_000, `${outcome.images} images`);
  const { counts } = outcome;
  for (const kind of ["prefix", "subset", "tear", "sampledTear", "fallback", "recovery1", "recovery2", "again"] as const) assert.ok(counts[kind] > 50, `${counts[kind]} images of kind ${kind}`);
});

test("the campaign ends with the job and the image that a service broken on purpose fails", async () => {
  const path = await blockModulePath({ name: "without-verification", edits: { "services/block/mount.ts": (text) => text.replace("if (!status && record.sequence > this.flushed) {", "if (false) {") } });
  const { violation } = await runCampaign(20_000, 1, () => {}, path);
  assert.match(violation ?? "", /^(work|recovery|lives) job of seed \d+: seed \d+: after \d+ events, .* is not that of transaction \d+$/);
});

// The fuzzer of forged images in small (docs/testing.md): the shipped service stands some thousand of them, another thousand every day, and the fuzzer finds services that believe what an image says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Broken, blockModule } from "./harness.ts";
import { fuzzImages, report } from "./image-fuzz.ts";
import { runImages } from "./image-fuzz-run.ts";

/** AXIOMFS_SEED repeats a run; without it each day has another. */
const seed = Number(process.env.AXIOMFS_SEED ?? Math.floor(Date.now() / 86_400_000));

test("3,000 forged images are refused with a reason, or served with every promise kept", async (context) => {
  const outcome = await fuzzImages(3000, seed, () => {});
  context.diagnostic(`seed ${seed}: ${report(outcome)}`);
  assert.equal(outcome.violation, null);
  assert.equal(outcome.images, 3000);
  const { statuses, readOnly } = outcome.counts;
  assert.ok(statuses[0]! > 1000 && statuses[37]! > 300 && statuses[36]! > 5 && readOnly > 3, JSON.stringify(outcome.counts));
});

const edit = (file: string, from: string, to: string): Broken["edits"] => ({ [`services/block/${file}.ts`]: (text) => text.replace(from, to) });
const broken: Array<Broken & { finds: RegExp }> = [
  { name: "believes-the-bits-of-its-own-blocks", edits: edit("map-reader", " && !this.closeOwned(number, bits)", ""), finds: /is the service's own/ },
  { name: "believes-the-places-in-records", edits: edit("mount", "if (count && !geometry.isForClients(items.address, count)) return Status.Corrupted;", ""), finds: /outside the device|is the service's own|a mount wrote|the service died|has changed/ },
  { name: "names-no-record", edits: edit("mount", "? this.breakAt(log.head) : status;", "? status : status;"), finds: /no block is named/ },
];
for (const { finds, ...service } of broken) {
  test(`a service that ${service.name.replaceAll("-", " ")} is found`, async () => {
    const module = await blockModule(service);
    assert.throws(() => runImages({ seed: 1, first: 0, count: 1000 }, module), (error: Error) => finds.test(`${error.message} ${String(error.cause)}`));
  });
}

// Each storage service killed inside a checkpoint that is made in the background, while no client is in a call: what was synced is there, and whoever had changes that were not synced is told if they are gone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockClient, BlockFlag, blockStatisticsBytes, readBlockStatistics } from "../../kernel-bindings/generated/host/block.ts";
import type { OverlayDisk } from "../support/overlay-disk.ts";
import { sampleDisk, steps, Survivor } from "./survivor.ts";

const services = ["virtio-blk", "block", "content-store", "axiom", "filesystem"] as const;

/** An image on which the next commit finds that a checkpoint is wanted. */
const worn = ((): OverlayDisk => {
  const survivor = new Survivor(sampleDisk()), { host } = survivor.bench, block = new BlockClient(host, host.handle("block"));
  survivor.run([steps.create("f"), steps.sync()]);
  while ((block.describe().flags & BlockFlag.checkpointWanted) === 0) survivor.run([steps.write("f", 0, 100), steps.sync()]);
  survivor.bench.close();
  return survivor.disk;
})();

interface Rest { messages: number; checkpoints: number; survivor: Survivor }

/** Changes, some of them synced, then rest, with a kill at one of its messages; then more changes. */
function rest(victim: string, message: number): Rest {
  let seen = 0, isResting = false;
  const survivor = new Survivor(worn.fork(), { log: () => {}, onMessage: () => { if (isResting && ++seen === message) survivor.bench.hosted.system.kill(victim); } });
  const { system } = survivor.bench.hosted, { host } = survivor.bench;
  survivor.run([steps.write("f", 0, 5000), steps.create("synced"), steps.sync(), steps.mkdir("waits"), steps.write("f", 3000, 9000)]);
  isResting = true;
  system.turn();
  isResting = false;
  const address = host.reserve(blockStatisticsBytes), block = new BlockClient(host, host.handle("block"));
  if (message === 0) block.statistics({ statistics: { address, length: blockStatisticsBytes } });
  const checkpoints = message === 0 ? Number(readBlockStatistics(host.view, address).checkpoints) : 0;
  system.kernel.parts.clock.sleep(61e9); // a driver that backs off is back
  system.turn();
  survivor.run([steps.write("f", 10, 4000), steps.create("later"), steps.sync()]);
  system.turn();
  return { messages: seen, checkpoints, survivor };
}

const whole = rest("filesystem", 0);
whole.survivor.finish();

test("without a kill the checkpoint is made, and nobody is told anything", () => {
  assert.deepEqual([whole.checkpoints, whole.survivor.told, whole.survivor.refusals], [1, 0, []]);
  assert.ok(whole.messages > 20, `${whole.messages} messages`);
});

for (const [turn, service] of services.entries()) {
  test(`${service} dies inside a checkpoint in the background`, () => {
    for (let message = 1 + turn; message <= whole.messages; message += 9) {
      const { survivor } = rest(service, message);
      assert.deepEqual(survivor.refusals, [], `message ${message}`);
      if (service === "virtio-blk") assert.equal(survivor.told, 0, `message ${message}: told of what nobody lost`);
      else assert.ok(survivor.told > 0, `message ${message}: in silence`);
      survivor.finish();
    }
  });
}

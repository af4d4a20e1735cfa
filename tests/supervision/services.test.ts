// Each storage service killed between the operations of a client and inside them, on the shipped modules: the client gets through, what it synced is there, check is clean, and whoever lost something was told.
// Every message of a workload: tests/supervision/campaign*. Here a few moments of each, and what a single death does not show.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockClient, blockStatisticsBytes, readBlockStatistics } from "../../kernel-bindings/generated/host/block.ts";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";
import { statusOf } from "../filesystem/bench.ts";
import { DomainState } from "../../host/kernel/domain.ts";
import { readFile, writeFile } from "../support/hosted.ts";
import { OverlayDisk } from "../support/overlay-disk.ts";
import { sampleDisk, steps, Survivor, workload } from "./survivor.ts";

const services = ["virtio-blk", "block", "content-store", "axiom", "filesystem", "snapshot-manager"] as const;
/** Services that restart with one of these; the driver is hidden by block. */
const restartsWith: Record<(typeof services)[number], string[]> = {
  "virtio-blk": [], block: ["content-store", "axiom", "filesystem", "snapshot-manager"], "content-store": ["axiom", "filesystem", "snapshot-manager"],
  axiom: ["filesystem", "snapshot-manager"], filesystem: ["snapshot-manager"], "snapshot-manager": [],
};
const silent = { log: () => {} };
const messages = ((): number => {
  const survivor = new Survivor(sampleDisk(), { onMessage: () => {} });
  survivor.run(workload());
  const count = survivor.bench.hosted.system.messageCount;
  survivor.finish();
  return count;
})();

function restarted(survivor: Survivor): string[] {
  return services.filter((name) => survivor.bench.hosted.system.domain(name).restarts > 0);
}

for (const service of services) {
  test(`${service} dies between operations`, () => {
    for (const at of [1, 4, 9, 15, 20]) {
      const survivor = new Survivor(sampleDisk(), silent), all = workload();
      survivor.run([...all.slice(0, at), steps.kill(service), ...all.slice(at)]);
      const names = restarted(survivor);
      for (const name of [service, ...restartsWith[service]]) assert.ok(names.includes(name), `${name} restarts with ${service}`);
      for (const name of services.slice(1, services.indexOf(service))) assert.ok(!names.includes(name), `${name} lives on below ${service}`);
      assert.deepEqual(survivor.refusals, []);
      if (service !== "snapshot-manager") assert.equal(survivor.told > 0, service !== "virtio-blk", `told ${survivor.told} times`);
      survivor.finish();
    }
  });

  test(`${service} dies inside operations`, () => {
    for (let message = 11 + 5 * services.indexOf(service); message < messages; message += 101) {
      const survivor = new Survivor(sampleDisk(), { ...silent, inject: { domain: service, message } });
      survivor.run(workload());
      assert.equal(restarted(survivor).includes(service), true, `message ${message} was reached`);
      assert.deepEqual(survivor.refusals, [], `message ${message}`);
      if (survivor.bench.hosted.system.domain("filesystem").restarts > 0) assert.ok(survivor.told > 0, `message ${message}: in silence`);
      else assert.ok(survivor.told === 0 || service === "snapshot-manager", `message ${message}: told of what nobody lost`);
      survivor.finish();
    }
  });
}

test("a driver that is not back yet costs refusals and loses nothing", () => {
  const survivor = new Survivor(sampleDisk(), silent), { system } = survivor.bench.hosted, { tree } = survivor.bench;
  survivor.run([steps.create("f"), steps.write("f", 0, 5000), steps.sync(), steps.write("f", 100, 5000)]);
  system.kill("virtio-blk");
  system.kill("virtio-blk"); // the second within the window backs off
  assert.equal(statusOf(() => tree.sync()), Status.DeviceGone);
  assert.equal(statusOf(() => tree.sync()), Status.DeviceGone);
  system.kernel.parts.clock.sleep(1e9);
  system.turn();
  survivor.run([steps.sync(), steps.write("f", 200, 5000), steps.sync()]);
  assert.deepEqual(restarted(survivor), ["virtio-blk"]);
  assert.equal(survivor.told, 0);
  survivor.finish();
});

test("services that start while the driver is away serve as soon as it is back", () => {
  const survivor = new Survivor(sampleDisk(), silent), { system } = survivor.bench.hosted, { client } = survivor.bench;
  const before = survivor.present;
  system.kill("virtio-blk");
  system.kill("virtio-blk");
  system.kill("block");
  assert.equal(statusOf(() => client.describe()), Status.PeerRestarted);
  assert.equal(client.describe().mountStatus, Status.DeviceGone);
  system.kernel.parts.clock.sleep(1e9);
  system.turn();
  assert.equal(client.describe().mountStatus, Status.Ok);
  while (statusOf(() => survivor.look()) === Status.PeerRestarted);
  assert.deepEqual(survivor.look(), before);
  survivor.bench.close();
});

test("a device that keeps a dying caller's flush waiting is reset, and nobody else loses anything by it", () => {
  const survivor = new Survivor(sampleDisk(), { ...silent, device: { queued: true } }), { system } = survivor.bench.hosted;
  survivor.run([steps.create("f"), steps.write("f", 0, 5000)]);
  let stalled = 0;
  system.device!.fault = ({ type }) => {
    if (type !== 4 || stalled >= 3) return "none";
    if (stalled++ === 0) system.kill("filesystem");
    return "stall";
  };
  survivor.run([steps.sync(), steps.write("f", 0, 10), steps.sync()]);
  assert.equal(stalled, 3, "the flush was issued again after each reset");
  assert.ok(survivor.told > 0);
  assert.deepEqual(restarted(survivor).filter((name) => name === "block" || name === "axiom"), [], "who called down for the dead lives on");
  assert.deepEqual(survivor.refusals, []);
  survivor.finish();
});

test("writers of a dead filesystem are given back", () => {
  const survivor = new Survivor(sampleDisk(), silent), { system } = survivor.bench.hosted, { tree } = survivor.bench;
  const path = (index: number): Uint8Array => Buffer.from(`w${index}`);
  for (let life = 0; life < 3; life++) {
    // The store has 256.
    for (let index = 0; index < 150; index++) {
      const node = tree.open(path(index), 2 | 4);
      for (const offset of [0, 70_000]) tree.writeFrom(node, offset, 100);
    }
    system.kernel.parts.clock.sleep(61e9); // out of the window that is counted
    system.kill("filesystem");
    assert.equal(statusOf(() => tree.sync()), Status.PeerRestarted);
  }
  tree.sync();
  assert.equal(survivor.bench.check().text, "");
  survivor.bench.close();
});

/** A disk whose flushes fail on demand. */
class FailingDisk extends OverlayDisk {
  failures = 0;
  override flush(): boolean { return this.failures-- <= 0 && super.flush(); }
}

test("after a failed flush everybody is told Lost, and the idle system starts anew from what can be verified", () => {
  const survivor = new Survivor(sampleDisk(FailingDisk), silent);
  const { system } = survivor.bench.hosted, { tree } = survivor.bench, disk = survivor.disk as FailingDisk;
  survivor.run([steps.create("f"), steps.write("f", 0, 5000), steps.sync(), steps.write("f", 0, 5000)]);
  disk.failures = 1;
  assert.equal(statusOf(() => tree.sync()), Status.Lost);
  assert.equal(statusOf(() => tree.sync()), Status.Lost, "and again: nothing is pretended");
  system.turn();
  assert.deepEqual(restarted(survivor), [...services], "block, what stands on it, and the driver that knew its memory");
  survivor.run([steps.sync(), steps.write("f", 10, 5000), steps.sync()]);
  assert.ok(survivor.told > 0);
  survivor.finish();
});

/** A disk that takes no write from some moment on, and still reads. */
class WornDisk extends OverlayDisk {
  isWorn = false;
  override write(views: readonly Uint8Array[], offsetBytes: number): boolean { return !this.isWorn && super.write(views, offsetBytes); }
}

test("a disk that takes no more writes is still read: nobody restarts for ever, nobody is given up", () => {
  const survivor = new Survivor(sampleDisk(WornDisk), silent);
  const { system } = survivor.bench.hosted, { tree } = survivor.bench;
  survivor.run([steps.create("f"), steps.write("f", 0, 5000), steps.sync()]);
  const before = readFile(tree, "/f");
  (survivor.disk as WornDisk).isWorn = true;
  for (let round = 0; round < 12; round++) {
    statusOf(() => writeFile(tree, `/new${round}`, new Uint8Array(5000))); // may be taken into memory
    assert.notEqual(statusOf(() => tree.sync()), Status.Ok, "nothing is pretended");
    for (let turn = 0; turn < 3; turn++) system.turn();
  }
  for (const name of services) assert.equal(system.domain(name).state, DomainState.Ready, name);
  assert.ok(system.domain("block").restarts <= 2, `block restarted ${system.domain("block").restarts} times`);
  assert.deepEqual(readFile(tree, "/f"), before);
  survivor.bench.close();
});

test("an idle block service leaves one seal behind what was synced", () => {
  const survivor = new Survivor(sampleDisk(), silent), { system } = survivor.bench.hosted, { host } = survivor.bench;
  const block = new BlockClient(host, host.handle("block")), address = host.reserve(blockStatisticsBytes);
  const writes = (): bigint => {
    block.statistics({ statistics: { address, length: blockStatisticsBytes } });
    return readBlockStatistics(host.view, address).deviceWrites;
  };
  survivor.run([steps.create("f"), steps.sync()]);
  const before = writes();
  for (let turn = 0; turn < 3; turn++) system.turn();
  assert.equal(writes() - before, 1n);
  survivor.finish();
});

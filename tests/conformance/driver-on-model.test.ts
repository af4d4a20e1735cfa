// The shipped driver on the device model, in every mode that a driver must bear: immediate and queued, in order and shuffled,
// memory in one piece and in pages, without the optional features. The address checker must find nothing to refuse.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { VirtioBlkOptions } from "../../host/devices/virtio-blk.ts";
import { RecordingDisk } from "../../host/devices/recording-disk.ts";
import { readManifest } from "../../host/kernel/node-files.ts";
import { type BootOptions, bootHosted } from "../../host/kernel/system.ts";
import { BlockDeviceClient } from "../../kernel-bindings/generated/host/block-device.ts";
import { compileModule, root } from "../modules/build.ts";

const manifest = readManifest(join(root, "services/system.json"));
const driverPages = manifest.domains.find(({ name }) => name === "virtio-blk")!.memoryPages;
const sectors = 16384;

async function boot(device: VirtioBlkOptions, options: Partial<BootOptions> = {}) {
  const module = readFileSync(await compileModule("virtio-blk", "services/virtio-blk", driverPages));
  const disk = new RecordingDisk(sectors);
  const system = bootHosted({ manifest, modules: { "virtio-blk": module }, disk, device, only: ["virtio-blk"], log: () => {}, ...options });
  const host = system.client("host");
  return { system, disk, host, client: new BlockDeviceClient(host, host.handle("device")), buffer: host.reserve(1 << 20, 4096) };
}

const modes: Array<[string, VirtioBlkOptions, Partial<BootOptions>]> = [
  ["immediate", {}, {}],
  ["queued", { queued: true }, {}],
  ["queued and shuffled", { queued: true, seed: 7 }, {}],
  ["memory in pages", {}, { dmaSegmentBytes: 4096 }],
  ["without EVENT_IDX and INDIRECT", { eventIndex: false, indirect: false, queued: true }, {}],
  ["blocks of 4096 bytes", { blockBytes: 4096 }, {}],
  ["a queue of 64", { queueSize: 64, maximumSegments: 62 }, {}],
];
for (const [name, device, options] of modes) {
  test(`writes, reads back and flushes: ${name}`, async () => {
    const { system, disk, host, client, buffer } = await boot(device, options);
    assert.equal(client.describe().capacitySectors, BigInt(sectors));
    for (const [sector, length] of [[0, 4096], [808, 65536], [2000, 131072]] as const) {
      const data = Uint8Array.from({ length }, (_, index) => (index * 13 + sector + (index >>> 9)) & 0xff);
      host.bytes.set(data, buffer);
      client.write({ sector: BigInt(sector), buffer: { address: buffer, length } });
      host.bytes.fill(0, buffer, buffer + length);
      client.read({ sector: BigInt(sector), buffer: { address: buffer, length } });
      assert.deepEqual(host.bytes.slice(buffer, buffer + length), data);
      assert.deepEqual(disk.bytes.slice(sector * 512, sector * 512 + length), data);
    }
    client.flush();
    assert.equal(disk.events.at(-1)!.kind, "flush");
    assert.equal(system.kernel.ports[0]!.dma.violations, 0);
    assert.equal(system.device!.common.misuses, 0, "no register was touched in a wrong way");
    system.close();
  });
}

test("a failed, a refused and an ignored request are told apart", async () => {
  const failing = await boot({ fault: ({ type }) => (type === 0 ? "fail" : "none") });
  assert.throws(() => failing.client.read({ sector: 0n, buffer: { address: failing.buffer, length: 4096 } }), /StatusError\(DeviceError\)|device reported an error/);
  assert.equal((await boot({ flush: "absent" })).client.describe().flags & 2, 0);
  const unflushable = await boot({ flush: "absent" });
  assert.throws(() => unflushable.client.flush(), /cannot flush/);
});

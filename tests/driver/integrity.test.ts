// The integrity run in short: over devices that split requests in every way, over a device that fails and lies, and over drivers broken on
// purpose, which it must find.
import assert from "node:assert/strict";
import { test } from "node:test";
import { brokenDrivers, brokenModule } from "./broken-drivers.ts";
import { editedDriver, randomFrom } from "./driver-system.ts";
import { integrityOnModel, resultOf } from "./integrity.ts";
import type { ModelOptions } from "../conformance/block-device/implementations.ts";

const operations = 10_000;
const cut: ModelOptions = { device: { queued: true, seed: 1, maximumSegments: 3, maximumDiscardSectors: 7, maximumWriteZeroesSectors: 5 }, dmaSegmentBytes: 4096 };
const devices: Array<[string, ModelOptions]> = [
  ["at the doorbell", {}],
  ["in a random order, memory in single pages, three segments, small discards", cut],
  ["a queue of 1024 without event index", { device: { queued: true, seed: 2, queueSize: 1024, eventIndex: false } }],
  ["blocks of 4096 without indirect descriptors", { device: { queued: true, seed: 3, blockBytes: 4096, indirect: false }, dmaSegmentBytes: 4096 }],
  ["a queue of 4, so that most requests wait", { device: { queued: true, seed: 5, queueSize: 4, maximumSegments: 2 }, dmaSegmentBytes: 4096 }],
  ["eight queues of 16 in a random order", { device: { queued: true, seed: 6, queueCount: 8, queueSize: 16, maximumSegments: 4 }, dmaSegmentBytes: 4096 }],
  ["three queues at the doorbell, blocks of 4096, on the memory bus", { device: { transport: "mmio", queueCount: 3, blockBytes: 4096 } }],
  ["physical blocks of 4096, short segments, small discards", { device: { queued: true, seed: 4, topology: { physicalExponent: 3, alignmentOffset: 0, minimumIoBlocks: 0, optimalIoBlocks: 0 }, maximumSegmentBytes: 2048, maximumSegments: 5, maximumDiscardSectors: 7, maximumWriteZeroesSectors: 5 } }],
];
for (const [name, options] of devices) {
  test(`${operations} operations, ${name}`, async () => {
    const result = resultOf(await integrityOnModel(42, operations, options));
    assert.ok(result.operations >= operations && result.reads > operations / 4 && result.writes > operations / 4 && result.erased > operations / 20 && result.flushes > operations / 100 && result.renewed > 0);
    assert.equal(result.errors, 0);
  });
}

for (const broken of brokenDrivers.filter(({ foundBy }) => foundBy.includes("integrity"))) {
  test(`a driver that ${broken.name} is found`, async () => {
    const driver = await brokenModule(broken, "integrity");
    await assert.rejects(async () => resultOf(await integrityOnModel(42, operations, { ...cut, driver })), assert.AssertionError);
  });
}

/** Ways to lie about one request after which the device serves on; none writes memory that the driver has given back. */
const lies = ["fail", "stall", "id-out-of-range", "id-huge", "id-not-outstanding", "length-too-long", "length-short", "index-jumps", "completed-twice", "completion-of-nothing", "status-out-of-range", "status-untouched", "stops-itself"] as const;
/** One request in 60 ends with a lie. */
function lying(seed: number): ModelOptions {
  const random = randomFrom(seed);
  return { ...cut, device: { ...cut.device!, fault: () => (random(60) === 0 ? lies[random(lies.length)]! : "none") } };
}
for (const seed of [1, 2, 3]) {
  test(`a device that lies: what is answered with Ok is true, seed ${seed}`, async () => {
    const { errors, operations: done } = resultOf(await integrityOnModel(seed, operations, lying(seed)));
    assert.ok(errors > done / 200, `${errors} errors`);
  });
}
test("a driver that believes a length too short hands out stale memory, and is found", async () => {
  const driver = await editedDriver("integrity-short", { "services/virtio-blk/request-engine.ts": (text) => text.replace("return usedLength < answer + 1 ? Status.DeviceError : Status.Ok;", "return Status.Ok;") });
  await assert.rejects(async () => resultOf(await integrityOnModel(1, operations, { ...lying(1), driver })), /other content/);
});

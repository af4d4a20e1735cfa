// The integrity run in short: over devices that split requests in every way, over a device that fails and lies, and over drivers broken on
// purpose, which it must find.
import assert from "node:assert/strict";
import { test } from "node:test";
import { brokenDrivers, brokenModule } from "./broken-drivers.ts";
import { integrityOnModel, resultOf } from "./integrity.ts";
import type { ModelOptions } from "../conformance/block-device/implementations.ts";

const operations = 10_000;
const cut: ModelOptions = { device: { queued: true, seed: 1, maximumSegments: 3, maximumDiscardSectors: 7, maximumWriteZeroesSectors: 5 }, dmaSegmentBytes: 4096 };
const devices: Array<[string, ModelOptions]> = [
  ["at the doorbell", {}],
  ["in a random order, memory in single pages, three segments, small discards", cut],
  ["a queue of 1024 without event index", { device: { queued: true, seed: 2, queueSize: 1024, eventIndex: false } }],
  ["blocks of 4096 without indirect descriptors", { device: { queued: true, seed: 3, blockBytes: 4096, indirect: false }, dmaSegmentBytes: 4096 }],
  ["a queue of 8", { device: { queued: true, seed: 6, queueSize: 8 } }],
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

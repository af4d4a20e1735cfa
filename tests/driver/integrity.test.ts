// The integrity test in short, over devices that split requests in every way, and over a driver that loses a sector.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { VirtioBlkOptions } from "../../host/devices/virtio-blk.ts";
import { editedDriver } from "./driver-system.ts";
import { checkIntegrity } from "./integrity.ts";

const operations = 3000;
const devices: Array<[string, VirtioBlkOptions, number?]> = [
  ["at the doorbell", {}],
  ["in a random order, memory in single pages, three segments", { queued: true, seed: 1, maximumSegments: 3 }, 4096],
  ["a queue of 4, so that most requests wait", { queued: true, seed: 5, queueSize: 4, maximumSegments: 2 }, 4096],
  ["8 queues of 16 in a random order", { queued: true, seed: 6, queueCount: 8, queueSize: 16, maximumSegments: 4 }, 4096],
  ["3 queues at the doorbell, blocks of 4096", { queueCount: 3, blockBytes: 4096 }],
  ["a queue of 1024 without event index", { queued: true, seed: 2, queueSize: 1024, eventIndex: false }],
  ["blocks of 4096 without indirect descriptors", { queued: true, seed: 3, blockBytes: 4096, indirect: false }, 4096],
  ["physical blocks of 4096, short segments, small discards", { queued: true, seed: 4, topology: { physicalExponent: 3, alignmentOffset: 0, minimumIoBlocks: 0, optimalIoBlocks: 0 }, maximumSegmentBytes: 2048, maximumSegments: 5, maximumDiscardSectors: 7, maximumWriteZeroesSectors: 5 }],
];
for (const [name, device, dmaSegmentBytes] of devices) {
  test(`${operations} operations, ${name}`, async () => {
    const { operations: done, reads, erased, comparedBytes } = await checkIntegrity(42, operations, device, dmaSegmentBytes);
    assert.ok(done >= operations && reads > operations / 4 && erased > operations / 20 && comparedBytes > reads * 512);
  });
}

const broken: Array<[string, string, string, string]> = [
  ["cuts a range one sector late", "services/virtio-blk/geometry.ts", "return beyond < limit ? limit - beyond : limit;", "return (beyond < limit ? limit - beyond : limit) + 1;"],
  ["starts the second piece a sector early", "services/virtio-blk/dispatcher.ts", "started / sectorBytes, lengthBytes", "max(started / sectorBytes, 1) - 1, lengthBytes"],
];
for (const [name, path, before, after] of broken) {
  test(`a driver that ${name} is found`, async () => {
    const module = await editedDriver("lossy", { [path]: (text) => text.replace(before, after) });
    await assert.rejects(checkIntegrity(42, operations, { queued: true, seed: 1, maximumSegments: 3, maximumDiscardSectors: 7, maximumWriteZeroesSectors: 5 }, 4096, module));
  });
}

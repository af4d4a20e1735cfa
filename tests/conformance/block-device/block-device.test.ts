// The conformance suite of the block-device interface on the hosted kernel: the in-memory fake, and the shipped driver over the device
// model with several queue sizes, block sizes and features; and drivers broken on purpose, each of which it must find. In QEMU:
// tests/qemu/block-device.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { brokenDrivers, brokenModule } from "../../driver/broken-drivers.ts";
import type { FakeDriverOptions } from "./fake-driver.ts";
import { failingWords, type ModelOptions, runOnFake, runOnModel } from "./implementations.ts";
import { mustConform } from "./verdict.ts";

const fakes: Array<[string, Partial<FakeDriverOptions>]> = [
  ["all features", {}],
  ["blocks of 4096", { blockBytes: 4096 }],
  ["read-only, no flush", { readOnly: true, canFlush: false, canDiscard: false }],
];
for (const [name, options] of fakes) test(`in memory, ${name}`, async () => { mustConform(await runOnFake("block-device-suite", failingWords, options)); });

const all = { discard: true, writeZeroes: true } as const;
const models: Array<[string, ModelOptions, RegExp]> = [
  ["as QEMU has it by default", { device: all }, /blocks of 512, flags 14, .* queue of 256 in 1 queues, /],
  ["served while the driver waits, in a random order", { device: { ...all, queued: true, seed: 3 } }, /flags 14/],
  ["a queue of 1024", { device: { ...all, queued: true, queueSize: 1024 } }, /queue of 1024/],
  ["a queue of 1024, no event index, no indirect descriptors", { device: { ...all, queued: true, queueSize: 1024, eventIndex: false, indirect: false } }, /flags 14/],
  ["a queue of 16, memory in single pages", { device: { ...all, queued: true, queueSize: 16, maximumSegments: 14 }, dmaSegmentBytes: 4096 }, /queue of 16/],
  ["two queues", { device: { ...all, queued: true, queueCount: 2 } }, /flags 14, .* in 2 queues/],
  ["eight queues of 4, no indirect descriptors, in a random order", { device: { ...all, queued: true, seed: 11, queueCount: 8, queueSize: 4, maximumSegments: 2, indirect: false } }, /in 8 queues/],
  ["five queues, blocks of 4096, no event index, memory in single pages", { device: { ...all, queued: true, seed: 12, queueCount: 5, queueSize: 1024, blockBytes: 4096, eventIndex: false, maximumSegments: 30 }, dmaSegmentBytes: 4096 }, /blocks of 4096, .* in 5 queues/],
  ["on the memory bus", { device: { ...all, transport: "mmio", queued: true } }, /flags 14/],
  ["on the memory bus, eight queues, no event index, in a random order", { device: { ...all, transport: "mmio", queued: true, seed: 13, queueCount: 8, queueSize: 16, maximumSegments: 14, eventIndex: false } }, /flags 14, .* in 8 queues/],
  ["a queue of 4", { device: { ...all, queueSize: 4, maximumSegments: 2 } }, /queue of 4 in /],
  ["blocks of 4096", { device: { ...all, blockBytes: 4096 } }, /blocks of 4096/],
  ["blocks of 4096 in a queue of 8, memory in single pages, in a random order", { device: { ...all, blockBytes: 4096, queued: true, seed: 5, queueSize: 8, maximumSegments: 6 }, dmaSegmentBytes: 4096 }, /queue of 8 in /],
  ["physical blocks of 4096 behind blocks of 512", { device: { ...all, queued: true, topology: { physicalExponent: 3, alignmentOffset: 1, minimumIoBlocks: 8, optimalIoBlocks: 128 }, maximumSegments: 3 }, dmaSegmentBytes: 4096 }, /blocks of 512, .* physical blocks of 4096/],
  ["short segments, small discards", { device: { ...all, maximumSegmentBytes: 1536, maximumSegments: 9, maximumDiscardSectors: 3, maximumWriteZeroesSectors: 1, mayUnmap: false } }, /discard 3, write-zeroes 1,/],
  ["a disk too large for its discards", { device: { ...all, maximumDiscardSectors: 1, maximumWriteZeroesSectors: 1 }, sectors: 70_000 }, /70000 sectors/],
  ["discard alone", { device: { discard: true } }, /flags 6,/],
  ["write-zeroes alone", { device: { writeZeroes: true } }, /flags 10,/],
  ["neither, and no flush", { device: { flush: "absent" } }, /flags 0,/],
  ["read-only", { device: { ...all, readOnly: true } }, /flags 15,/],
];
for (const [name, options, described] of models) {
  test(`virtio-blk, ${name}`, async () => { assert.match(mustConform(await runOnModel("block-device-suite", failingWords, options)), described); });
}

for (const broken of brokenDrivers.filter(({ foundBy }) => foundBy.includes("suite"))) {
  test(`a driver that ${broken.name} is found`, async () => {
    const driver = await brokenModule(broken, "suite");
    const device = { ...all, queued: true, seed: 3, queueSize: 64, maximumSegments: 6, maximumDiscardSectors: 7, maximumWriteZeroesSectors: 5 };
    await assert.rejects(async () => mustConform(await runOnModel("block-device-suite", failingWords, { device, driver, dmaSegmentBytes: 4096 })), assert.AssertionError);
  });
}

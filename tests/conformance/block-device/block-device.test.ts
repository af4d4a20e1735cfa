// The conformance suite of the block-device interface on what offers it here: the in-memory fake, and the shipped driver over
// the device model with several queue sizes, block sizes and features.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDisk } from "../../../host/devices/disk.ts";
import type { VirtioBlkOptions } from "../../../host/devices/virtio-blk.ts";
import { Fault } from "../../../host/kernel/abi.ts";
import { bootHosted } from "../../../host/kernel/system.ts";
import { bootDriver } from "../../driver/driver-system.ts";
import { systemManifest } from "../../modules/build.ts";
import { FakeDriver, type FakeDriverOptions } from "./fake-driver.ts";
import { cases, Device, grantsEnd } from "./suite.ts";

const sectors = 4096;

function bootFake(options: Partial<FakeDriverOptions>): Device {
  const manifest = systemManifest();
  const driver = manifest.domains.find(({ name }) => name === "virtio-blk")!;
  driver.capabilities = driver.capabilities.filter(({ kind }) => kind !== "device");
  const fake = new FakeDriver({ sectors, blockBytes: 512, readOnly: false, canFlush: true, canDiscard: true, canWriteZeroes: true, queueDepth: 256, ...options });
  const system = bootHosted({ manifest, modules: {}, only: [], replace: { "virtio-blk": fake, block: { notified: () => {} } }, disk: new MemoryDisk(8), log: () => {} });
  return new Device(system.client("host"));
}

const fakes: Array<[string, Partial<FakeDriverOptions>]> = [
  ["all features", {}],
  ["blocks of 4096", { blockBytes: 4096, queueDepth: 5 }],
  ["read-only, no flush", { readOnly: true, canFlush: false, canDiscard: false }],
];
for (const [name, options] of fakes) {
  for (const [sentence, run] of cases) test(`in memory, ${name}: ${sentence}`, () => run(bootFake(options)));
}

const all = { discard: true, writeZeroes: true } as const;
const devices: Array<[string, VirtioBlkOptions, number?]> = [
  ["as QEMU has it by default", all],
  ["served while the driver waits, in a random order", { ...all, queued: true, seed: 3 }],
  ["a queue of 1024", { ...all, queued: true, queueSize: 1024 }],
  ["a queue of 1024, no event index, no indirect descriptors", { ...all, queued: true, queueSize: 1024, eventIndex: false, indirect: false }],
  ["a queue of 16, memory in single pages", { ...all, queued: true, queueSize: 16, maximumSegments: 14 }, 4096],
  ["2 queues", { ...all, queued: true, queueCount: 2 }],
  ["8 queues of 4, no indirect descriptors, in a random order", { ...all, queued: true, seed: 11, queueCount: 8, queueSize: 4, maximumSegments: 2, indirect: false }],
  ["5 queues, blocks of 4096, no event index, memory in single pages", { ...all, queued: true, seed: 12, queueCount: 5, queueSize: 1024, blockBytes: 4096, eventIndex: false, maximumSegments: 30 }, 4096],
  ["on the memory bus", { ...all, transport: "mmio", queued: true }],
  ["on the memory bus, 8 queues, no event index, in a random order", { ...all, transport: "mmio", queued: true, seed: 13, queueCount: 8, queueSize: 16, maximumSegments: 14, eventIndex: false }],
  ["a queue of 4", { ...all, queueSize: 4, maximumSegments: 2 }],
  ["blocks of 4096", { ...all, blockBytes: 4096 }],
  ["blocks of 4096 in a queue of 8, memory in single pages, in a random order", { ...all, blockBytes: 4096, queued: true, seed: 5, queueSize: 8, maximumSegments: 6 }, 4096],
  ["physical blocks of 4096 behind blocks of 512", { ...all, queued: true, topology: { physicalExponent: 3, alignmentOffset: 1, minimumIoBlocks: 8, optimalIoBlocks: 128 }, maximumSegments: 3 }, 4096],
  ["short segments, small discards", { ...all, maximumSegmentBytes: 1536, maximumSegments: 9, maximumDiscardSectors: 3, maximumWriteZeroesSectors: 1, mayUnmap: false }],
  ["discard alone", { discard: true }],
  ["write-zeroes alone", { writeZeroes: true }],
  ["neither, and no flush", { flush: "absent" }],
  ["read-only", { ...all, readOnly: true }],
];
for (const [name, device, dmaSegmentBytes] of devices) {
  for (const [sentence, run] of cases) {
    test(`virtio-blk, ${name}: ${sentence}`, async () => {
      const driver = await bootDriver(device, { sectors, ...(dmaSegmentBytes === undefined ? {} : { dmaSegmentBytes }) });
      run(new Device(driver.client));
      // Whoever takes a grant back that is still attached stops the device and its driver (docs/supervision.md §3); nothing else ends.
      assert.deepEqual(driver.system.faults.map(({ code }) => code), run === grantsEnd ? [Fault.deviceReach] : []);
      assert.equal(driver.system.domain("virtio-blk").port!.dma.violations, 0, "accesses outside what was lent");
      assert.equal(driver.device.common.misuses, 0);
      assert.equal(driver.device.counters.errors, 0, "requests that the device had to refuse");
      driver.system.close();
    });
  }
}

// The integrity run in short in QEMU: on both machines, with several queues, behind VT-d, over a device that fails now and then, and with drivers
// broken on purpose. The long run: `npm run integrity:device -- qemu`.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { driverBundle } from "../conformance/block-device/implementations.ts";
import { brokenDrivers, brokenModule } from "../driver/broken-drivers.ts";
import { integrityInQemu, resultOf } from "../driver/integrity.ts";
import { randomFrom } from "../driver/driver-system.ts";
import { inFolder } from "../support/images.ts";
import type { InjectedError, MachineOptions } from "./machine.ts";

const operations = 20_000;
const machines: Array<[string, Partial<MachineOptions>]> = [
  ["q35", { drive: "discard=unmap" }],
  ["q35, four queues of 16, blocks of 4096", { device: "num-queues=4,queue-size=16,logical_block_size=4096,physical_block_size=4096" }],
  ["q35, one queue of 4 without event index", { device: "num-queues=1,queue-size=4,event_idx=off" }],
  ["q35 behind VT-d", { hasIommu: true }],
  ["microvm", { machine: "microvm", drive: "discard=unmap" }],
  ["microvm, four queues, no indirect descriptors", { machine: "microvm", device: "num-queues=4,indirect_desc=off" }],
];
for (const [name, options] of machines) {
  test(`${operations} operations, ${name}`, async () => {
    const result = resultOf(await integrityInQemu(7, operations, options));
    assert.ok(result.operations >= operations && result.reads > operations / 4 && result.flushes > operations / 100 && result.renewed > 0);
    assert.equal(result.errors, 0);
  });
}

/** At each of twenty sectors a read, a write of zeros and two writes, of which the first pass over the disk meets one; and five flushes. */
function manyErrors(seed: number): InjectedError[] {
  const random = randomFrom(seed);
  const at = Array.from({ length: 20 }, () => random(8192)).flatMap((sector) => (["read", "write", "write", "write-zeroes"] as const).map((iotype) => ({ iotype, sector, once: true })));
  return [...at, ...Array.from({ length: 5 }, () => ({ iotype: "flush" as const, once: true }))];
}
for (const machine of ["q35", "microvm"] as const) {
  test(`a device that fails now and then, ${machine}`, async () => {
    const { errors } = resultOf(await integrityInQemu(8, operations, { machine, errors: manyErrors(3) }));
    assert.ok(errors >= 40 && errors < 2000, `${errors} errors`);
  });
}

for (const name of ["takes the wrong sector for one request in five", "lets requests pass a barrier"]) {
  test(`a driver that ${name} is found`, async () => inFolder(async (folder) => {
    const driver = join(folder, "virtio-blk.wasm");
    writeFileSync(driver, await brokenModule(brokenDrivers.find((broken) => broken.name === name)!, "qemu"));
    const { output, status } = await integrityInQemu(7, operations, { bundle: await driverBundle("block-device-integrity", driver) });
    assert.equal(status, 1, output);
    assert.match(output, /other content|a flush ended before/);
  }));
}

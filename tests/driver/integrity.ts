// The integrity run: random operations against a model of the disk, both inside of tests/modules/block-device-integrity, on either kernel.
// `npm run integrity:device -- hosted|qemu [OPERATIONS] [SEED] [q35|microvm]` is the long run; tests/driver/integrity.test.ts and
// tests/qemu/block-device.test.ts have short ones.
import assert from "node:assert/strict";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { MemoryDisk } from "../../host/devices/disk.ts";
import { driverBundle, type ModelOptions, type Outcome, runInQemu, runOnModel } from "../conformance/block-device/implementations.ts";
import type { MachineOptions } from "../qemu/machine.ts";
import { inFolder } from "../support/images.ts";

/** A disk that forgets what is discarded. */
class ForgetfulDisk extends MemoryDisk {
  override discard(offsetBytes?: number, lengthBytes?: number): boolean {
    this.bytes.fill(0xdd, offsetBytes, offsetBytes! + lengthBytes!);
    return true;
  }
}
const sectors = 8192;
const program = "block-device-integrity";
const words = (seed: number, operations: number, mayFail: boolean): string => `integrity ${seed} ${operations} ${mayFail ? 1 : 0}`;

export interface Integrity { operations: number; reads: number; writes: number; flushes: number; erased: number; renewed: number; errors: number; differences: number }
/** The result line of a run that ended by itself. */
export function resultOf({ output, status, complaints }: Outcome): Integrity {
  const numbers = /^integrity: (\d+) operations, (\d+) reads, (\d+) writes, (\d+) flushes, (\d+) discards and write-zeroes, (\d+) grants renewed, \d+ MiB compared, (\d+) errors, (\d+) differences$/m.exec(output)?.slice(1).map(Number);
  assert.ok(numbers, `no result: ${output.slice(-1000)} ${complaints.join("; ")}`);
  const [operations, reads, writes, flushes, erased, renewed, errors, differences] = numbers as [number, number, number, number, number, number, number, number];
  assert.equal(differences, 0, output);
  assert.equal(status, 0, output);
  assert.deepEqual(complaints, []);
  return { operations, reads, writes, flushes, erased, renewed, errors, differences };
}

/** Over the device model; an injected `device.fault` is one that the run bears. */
export async function integrityOnModel(seed: number, operations: number, options: ModelOptions): Promise<Outcome> {
  const device = { discard: true, writeZeroes: true, fault: () => "none" as const, ...options.device };
  return runOnModel(program, words(seed, operations, options.device?.fault !== undefined), { disk: new ForgetfulDisk(sectors), ...options, device });
}
/** Over QEMU's device; injected errors are borne. */
export async function integrityInQemu(seed: number, operations: number, options: Partial<MachineOptions>, timeoutMs = 60_000): Promise<Outcome> {
  const bundle = await driverBundle(program);
  return inFolder((folder) => {
    const image = join(folder, "disk.img");
    writeFileSync(image, "");
    truncateSync(image, sectors * 512);
    return runInQemu(words(seed, operations, options.errors !== undefined), { image, bundle, ...options }, timeoutMs);
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [where, operations, seed, machine] = [process.argv[2], Number(process.argv[3] ?? 1_000_000), Number(process.argv[4] ?? 1), process.argv[5] ?? "q35"];
  if ((where !== "hosted" && where !== "qemu") || (machine !== "q35" && machine !== "microvm")) throw new Error("usage: integrity:device -- hosted|qemu [OPERATIONS] [SEED] [q35|microvm]");
  const start = Date.now();
  const outcome = where === "hosted"
    ? await integrityOnModel(seed, operations, { device: { queued: true, seed, queueCount: 4, queueSize: 16, maximumSegments: 6 }, dmaSegmentBytes: 4096 })
    : await integrityInQemu(seed, operations, { machine, device: "num-queues=4", drive: "discard=unmap" }, 3_600_000);
  console.log(outcome.output);
  resultOf(outcome);
  console.log(`no difference; ${Math.round((Date.now() - start) / 1000)} s`);
}

// Figures of the driver alone, under one client: `npx tsx tests/driver/benchmark.ts [hosted] [qemu] [-- QEMU OPTIONS]`.
// QEMU needs `node build-tools/build.mjs kernel` first.
import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { FileDisk } from "../../host/devices/file-disk.ts";
import { MemoryConsole } from "../../host/kernel/console.ts";
import { bootHosted } from "../../host/kernel/system.ts";
import { bundle, compileModule, driverManifest } from "../modules/build.ts";
import { bootAndRun } from "../qemu/machine.ts";

const words = process.argv.slice(2);
const split = words.indexOf("--");
const where = split < 0 ? words : words.slice(0, split);
const image = join(tmpdir(), `driver-benchmark-${process.pid}.img`);
writeFileSync(image, "");
truncateSync(image, 64 << 20);
try {
  const manifest = driverManifest("device-benchmark");
  const modules = {
    "virtio-blk": await compileModule("virtio-blk", "services/virtio-blk", manifest.domains[0]!.memoryPages),
    "device-benchmark": await compileModule("device-benchmark", "tests/modules/device-benchmark"),
  };
  if (where.length === 0 || where.includes("hosted")) {
    const console_ = new MemoryConsole("bench 1 300");
    const disk = new FileDisk(image);
    bootHosted({ manifest, modules: Object.fromEntries(Object.entries(modules).map(([name, path]) => [name, readFileSync(path)])), disk, console: console_, tolerateStartFailure: true });
    console.log(`hosted kernel, image file\n${console_.output}`);
  }
  if (where.length === 0 || where.includes("qemu")) {
    const { output } = await bootAndRun({ image, bundle: bundle("device-benchmark", manifest, modules), run: "bench 1 300", extra: split < 0 ? [] : words.slice(split + 1) });
    console.log(`microkernel in QEMU\n${output}`);
  }
} finally {
  rmSync(image, { force: true });
}

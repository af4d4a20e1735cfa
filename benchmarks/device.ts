// The driver beside fio on /dev/vda of a Linux guest: `npm run bench:device`, some five minutes. Wants `npm run build`. Both guests run in the same QEMU machine with the
// same disk, by turns: a round is one boot of each, and the figures are medians of the rounds and of the ratios within a round. Times are of emulation and of a
// machine that others may use: trust the ratios. Then instructions for each request, which nothing disturbs (device-instructions.ts).
import { randomFillSync } from "node:crypto";
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { qemuArguments } from "../host/cli/boot/qemu-arguments.ts";
import { kernelPath } from "../host/client/modules.ts";
import { inFolder } from "../tests/support/images.ts";
import { countInstructions } from "./device-instructions.ts";
import { deviceBundle, rowsOf, type Waiting } from "./device-system.ts";
import { type Job, runFio } from "./linux-fio.ts";
import { linuxVersion, runQemu } from "./linux-guest.ts";

/** So small that what is written to it is soon written again: the host's own writing back disturbs less. */
const imageBytes = 64 << 20;
const rounds = Number(process.argv[2] ?? 5);
const linuxMilliseconds = 500;
const ownMilliseconds = 250;

/** The rows, as fio is told and as tests/modules/device-benchmark names them, and what the first driver for this kernel, which trusted its device, did in the time of one of Linux. */
const jobs: Array<Job & { before: string }> = [
  { name: "random read 4 KiB, 1", pattern: "randread", bytes: 4096, depth: 1, before: "2.1 interrupts, 3.3 polled" },
  { name: "random read 4 KiB, 32", pattern: "randread", bytes: 4096, depth: 32, before: "9" },
  { name: "random write 4 KiB, 1", pattern: "randwrite", bytes: 4096, depth: 1, before: "–" },
  { name: "random write 4 KiB, 32", pattern: "randwrite", bytes: 4096, depth: 32, before: "–" },
  { name: "sequential read 1 MiB, 1", pattern: "read", bytes: 1 << 20, depth: 1, before: "4.4" },
  { name: "sequential read 1 MiB, 8", pattern: "read", bytes: 1 << 20, depth: 8, before: "3" },
  { name: "sequential write 1 MiB, 1", pattern: "write", bytes: 1 << 20, depth: 1, before: "4.2" },
  { name: "sequential write 1 MiB, 8", pattern: "write", bytes: 1 << 20, depth: 8, before: "3" },
  { name: "write 4 KiB and flush", pattern: "randwrite", bytes: 4096, depth: 1, durable: true, before: "2" },
];

const say = (text: string): void => console.error(`bench: ${text} …`);
const median = (values: number[]): number => [...values].sort((left, right) => left - right)[values.length >> 1]!;

/** An image without holes, in the host's page cache. */
function makeImage(path: string): void {
  const bytes = randomFillSync(Buffer.alloc(8 << 20)), file = openSync(path, "w");
  for (let at = 0; at < imageBytes; at += bytes.length) writeSync(file, bytes);
  closeSync(file);
}

/** What the last guest wrote reaches the host's disk before the next one is measured. */
function settle(path: string): void {
  const file = openSync(path, "r+");
  fdatasyncSync(file);
  closeSync(file);
}

/** Requests a second of each row, of one boot. */
async function runOwn(bundlePath: string, machine: (kernel: string, initrd: string, words: string) => string[], seed: number): Promise<Map<string, number>> {
  const { output } = await runQemu(machine(kernelPath, bundlePath, `run=${Buffer.from(`bench ${seed} ${ownMilliseconds}`).toString("hex")}`));
  return new Map([...rowsOf(output)].map(([name, { requests, nanoseconds }]) => [name, (requests * 1e9) / nanoseconds]));
}

const rate = (perSecond: number, bytes: number): string =>
  bytes === 4096 ? (perSecond >= 10_000 ? `${(perSecond / 1000).toFixed(1)} k` : perSecond.toFixed(0)) : `${((perSecond * bytes) / 1e9).toFixed(1)} GB/s`;

/** One table: Linux and our builds, by turns, on a disk with these further options. */
async function compare(title: string, image: string, bundles: ReadonlyMap<Waiting, string>, extra: readonly string[]): Promise<void> {
  const machine = (kernel: string, initrd: string, words: string): string[] =>
    qemuArguments({ kernelPath: kernel, bundlePath: initrd, machine: "q35", hasIommu: false, imagePath: image, memoryMegabytes: 1024, commandLine: words, accelerator: "tcg", extra });
  const linux: Array<Map<string, number>> = [], own = new Map([...bundles.keys()].map((waiting) => [waiting, [] as Array<Map<string, number>>]));
  for (let round = 1; round <= rounds; round++) {
    say(`${title}, round ${round} of ${rounds}`);
    settle(image);
    linux.push(await runFio(jobs, linuxMilliseconds, machine));
    for (const [waiting, bundlePath] of round % 2 === 1 ? bundles : [...bundles].reverse()) {
      settle(image);
      own.get(waiting)!.push(await runOwn(bundlePath, machine, round));
    }
  }
  console.log(`\n${title}\n\n| in the time of one of Linux | Linux + fio, per s | ${[...bundles.keys()].map((waiting) => `${waiting}, per s | ratio`).join(" | ")} | first driver's ratio |\n|---|---|${"---|---|".repeat(bundles.size)}---|`);
  for (const { name, bytes, before } of jobs) {
    const of = (rates: Array<Map<string, number>>): number[] => rates.map((found) => found.get(name)!);
    const cells = [...own.values()].flatMap((rates) => [rate(median(of(rates)), bytes), `${median(of(rates).map((perSecond, round) => perSecond / linux[round]!.get(name)!)).toFixed(1)} ×`]);
    console.log(`| ${name} | ${rate(median(of(linux)), bytes)} | ${cells.join(" | ")} | ${before} |`);
  }
}

async function instructions(image: string, folder: string): Promise<void> {
  say("instructions");
  const { call, polled, interrupt, batch } = await countInstructions(image, folder);
  const row = (what: string, count: number, goal = "–"): void => console.log(`| ${what} | ${count.toFixed(0)} | ${goal} |`);
  console.log("\n| instructions of the guest, per request of 4 KiB | | goal |\n|---|---|---|");
  row("a read of nothing: the client's call, the lease, the reply", call);
  row("a read over a lease, one at a time, polled, call and all", polled);
  row("the driver and its system calls in it", polled - call, "≤ 700");
  row("a read over a lease, one at a time, with an interrupt, call and all", interrupt);
  row("the driver, its system calls and the kernel's interrupt in it", interrupt - call, "≤ 950");
  row("a read in batches of 32, one interrupt for all: submit, wait, reap, client and all", batch);
}

await inFolder(async (folder) => {
  const image = join(folder, "disk.img");
  makeImage(image);
  const bundles = new Map<Waiting, string>();
  for (const waiting of ["as shipped", "interrupts", "polled"] as const) bundles.set(waiting, await deviceBundle(waiting));
  console.log(`Linux ${linuxVersion()}, fio with io_uring; medians of ${rounds} rounds`);
  await compare("The disk as `axiomfs boot` has it", image, bundles, []);
  await compare("The disk with `ioeventfd=off` and `aio=io_uring`", image, new Map([["as shipped", bundles.get("as shipped")!]]), ["-global", "virtio-blk-pci.ioeventfd=off", "-set", "drive.disk.aio=io_uring"]);
  await instructions(image, folder);
});

// Figures of the block service: `npm run bench:block -- [ROUNDS]`. Over memory in Node: transactions, their device requests, a cached read, mounts by size of the disk. In QEMU: a durable transaction beside a raw write and flush in the same boot, and
// beside ext4's write and fsync in a Linux guest on the same disk.
// Times are noisy on shared machines: medians of operations that take turns; trust ratios and counts.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { qemuArguments } from "../host/cli/boot/qemu-arguments.ts";
import { kernelPath } from "../host/client/modules.ts";
import { BlockBench, SparseDevice, blake3, blockBytes, pattern, statusOf } from "../tests/block/harness.ts";
import { bundle, compileModule, manifestWith } from "../tests/modules/build.ts";
import { inFolder } from "../tests/support/images.ts";
import { runFio } from "./linux-fio.ts";
import { runQemu } from "./linux-guest.ts";

const say = (text: string): void => console.log(text);
const median = (values: number[]): number => [...values].sort((left, right) => left - right)[values.length >> 1]!;
const row = (name: string, value: string): void => say(`${name.padEnd(66)} ${value}`);
const gib = 2 ** 30;
const rounds = Number(process.argv[2] ?? 3);

/** Seconds that `work` takes, median of five. */
function seconds(work: () => void): number {
  return median(Array.from({ length: 5 }, () => {
    const began = performance.now();
    work();
    return (performance.now() - began) / 1000;
  }));
}

function transactions(): void {
  say("\n## Over memory, in Node");
  const bench = new BlockBench(new SparseDevice(gib)), data = pattern(1, blockBytes), count = 640;
  bench.block.format({ blockCount: 0n, flags: 0 });
  const transact = (): void => { bench.store(data); bench.commit(Uint8Array.of(1)); };
  const relieve = (): void => { bench.block.checkpoint(); };
  const run = (group: number) => (): void => { for (let i = 1; i <= count; i++) { transact(); if (i % group === 0) bench.block.sync(); } relieve(); };
  for (let warm = 0; warm < 3; warm++) run(1)();
  for (const group of [1, 64]) {
    row(`4 KiB transactions a second, ${group} a sync`, Math.round(count / seconds(run(group))).toString());
    const before = bench.statistics();
    for (let i = 1; i <= count; i++) { transact(); if (i % group === 0) bench.block.sync(); }
    const after = bench.statistics(), each = (field: "deviceWrites" | "deviceFlushes" | "writtenBytes"): string => (Number(after[field] - before[field]) / count).toFixed(3);
    row(`  device writes, flushes, bytes a transaction`, `${each("deviceWrites")}, ${each("deviceFlushes")}, ${each("writtenBytes")}`);
    relieve();
  }
  const address = bench.store(data);
  bench.commit();
  bench.read(address, 1);
  const reads = 20_000, hits = bench.statistics().cacheHits;
  const took = seconds(() => { for (let i = 0; i < reads; i++) bench.block.read({ address, buffer: bench.lease(blockBytes) }); });
  row("4 KiB read from the cache, ns (call and copy included)", `${Math.round((took / reads) * 1e9)} (${bench.statistics().cacheHits - hits} hits of ${5 * reads})`);
  bench.close();
}

/** An image with work in far places, a checkpoint, and a log that a crash left with as much as may wait for a flush. */
function mounts(): void {
  say("\n## Mount, in Node, over a sparse disk in memory");
  for (const [name, size] of [["64 MiB", gib / 16], ["1 GiB", gib], ["64 GiB", 64 * gib], ["1 TiB", 1024 * gib], ["16 TiB", 16_384 * gib]] as const) {
    const device = new SparseDevice(size), bench = new BlockBench(device);
    if (statusOf(() => bench.block.format({ blockCount: 0n, flags: 0 }))) { row(name, "larger than this version takes"); continue; }
    const blocks = Number(bench.block.describe().blockCount), data = pattern(2, blockBytes);
    for (let i = 0; i < 50; i++) bench.store(data, BigInt(Math.floor((blocks / 50) * i)));
    bench.commit();
    bench.block.checkpoint();
    for (let i = 0; i < 7; i++) { bench.store(pattern(i, 1 << 20)); bench.commit(); }
    const image = device.snapshot();
    const times: number[] = [];
    let statistics = bench.statistics();
    for (let i = 0; i < 7; i++) {
      device.become(image);
      const began = performance.now();
      bench.mount();
      times.push(performance.now() - began);
      statistics = bench.statistics();
    }
    if (bench.block.describe().mountStatus) throw new Error(`${name}: mount answers ${bench.block.describe().mountStatus}`);
    row(name, `${median(times).toFixed(1)} ms, ${statistics.deviceReads} reads of ${(Number(statistics.readBytes) / 2 ** 20).toFixed(1)} MiB, ${statistics.extentsVerified} extents verified`);
    bench.close();
  }
}

/** Requests of one boot of ours; nanoseconds by kind: the time that a tenth of all stayed below, and the median. */
interface Boot { times: Map<string, [number, number]>; requests: string[]; cachedRead: string }

async function bootOurs(bundlePath: string, machine: (kernel: string, initrd: string, words: string) => string[]): Promise<Boot> {
  const zeros = blake3(new Uint8Array(blockBytes)), hash = new DataView(zeros.buffer, zeros.byteOffset);
  const words = `bench 1024 ${[0, 8, 16, 24].map((at) => hash.getBigUint64(at, true)).join(" ")}`;
  const { output } = await runQemu(machine(kernelPath, bundlePath, `run=${Buffer.from(words).toString("hex")}`));
  const lines = output.split("\n").map((line) => line.split("\t")), cachedRead = lines.find(([name]) => name === "cached read")?.[1];
  if (!cachedRead) throw new Error(`the benchmark ended with:\n${output.slice(-2000)}`);
  return {
    times: new Map(lines.filter(([word]) => word === "time").map(([, kind, quick, middle]) => [kind!, [Number(quick), Number(middle)]])),
    requests: lines.filter(([name]) => name === "fresh" || name === "in place").map((cells) => cells.join(", ")), cachedRead,
  };
}

async function inQemu(folder: string): Promise<void> {
  say(`\n## In QEMU (TCG): one of each in turns in one boot; ${rounds} boots, and as many of a Linux guest with ext4 between them`);
  const image = join(folder, "block.img"), bytes = new Uint8Array(256 << 20); // no holes: a flush must not pay for the host's allocation
  const bundlePath = bundle("block-benchmark", manifestWith("block-benchmark"), { "block-benchmark": await compileModule("block-benchmark", "tests/modules/block-benchmark") });
  const machine = (kernel: string, initrd: string, words: string): string[] =>
    qemuArguments({ kernelPath: kernel, bundlePath: initrd, machine: "q35", imagePath: image, memoryMegabytes: 1024, commandLine: words, accelerator: "tcg", extra: [] });
  const ours: Boot[] = [], ext4: number[] = [];
  for (let round = 0; round < rounds; round++) {
    writeFileSync(image, bytes);
    ours.push(await bootOurs(bundlePath, machine));
    writeFileSync(image, bytes);
    execFileSync("mke2fs", ["-q", "-F", "-t", "ext4", image]);
    ext4.push((await runFio([{ name: "write and fsync", pattern: "randwrite", bytes: blockBytes, depth: 1, durable: true }], 3000, machine, "ext4")).get("write and fsync")!);
  }
  const of = (kind: string, quickest: boolean, transactions = 1): number[] => ours.map(({ times }) => times.get(kind)![quickest ? 0 : 1] / transactions);
  const rates = (kind: string, transactions = 1): string => {
    const ratio = (quickest: boolean): string => median(of(kind, quickest, transactions).map((nanoseconds, round) => of("raw", quickest)[round]! / nanoseconds)).toFixed(2);
    const perSecond = of(kind, false, transactions).map((nanoseconds) => 1e9 / nanoseconds);
    return `${Math.round(median(perSecond))}; × raw ${ratio(false)}, of the quickest tenth ${ratio(true)}; × ext4 ${median(perSecond.map((rate, round) => rate / ext4[round]!)).toFixed(1)}`;
  };
  row("raw 4 KiB write + flush a second", rates("raw"));
  row("durable 4 KiB transactions a second, fresh data", rates("fresh"));
  row("durable 4 KiB transactions a second, in place", rates("in place"));
  row("4 KiB transactions a second, 64 a sync", rates("group", 64));
  row("ext4 in the Linux guest: 4 KiB write + fsync a second", String(Math.round(median(ext4))));
  for (const kind of [...ours[0]!.times.keys()].filter((name) => name.includes(": "))) {
    const microseconds = (quickest: boolean): string => (median(of(kind, quickest)) / 1000).toFixed(1);
    row(`  µs, of ${kind}`, `${microseconds(false)}; of the quickest tenth ${microseconds(true)}`);
  }
  for (const requests of ours[0]!.requests) row("  device writes, flushes, bytes of one", requests);
  row("4 KiB read from the cache, ns", median(ours.map(({ cachedRead }) => Number(cachedRead))).toString());
}

transactions();
mounts();
await inFolder(inQemu);

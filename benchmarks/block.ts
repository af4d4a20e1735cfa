// Figures of the block service: `npm run bench:block`. Over memory in Node: transactions, their device requests, a cached read, mounts by size of the disk. In QEMU: a durable transaction beside a raw write and flush in the same boot.
// Times are noisy on shared machines: medians of operations that take turns; trust ratios and counts.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BlockBench, SparseDevice, blake3, blockBytes, pattern, statusOf } from "../tests/block/harness.ts";
import { bundle, compileModule, manifestWith, root } from "../tests/modules/build.ts";
import { bootAndRun } from "../tests/qemu/machine.ts";
import { inFolder } from "../tests/support/images.ts";

const say = (text: string): void => console.log(text);
const median = (values: number[]): number => [...values].sort((left, right) => left - right)[values.length >> 1]!;
const row = (name: string, value: string): void => say(`${name.padEnd(66)} ${value}`);
const gib = 2 ** 30;

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

async function besideRaw(folder: string): Promise<void> {
  say("\n## In QEMU (TCG), one boot, one of each in turns");
  if (!existsSync(join(root, "build/kernel/kernel.elf"))) throw new Error("no kernel: node build-tools/build.mjs kernel");
  const image = join(folder, "block.img");
  writeFileSync(image, new Uint8Array(256 << 20)); // not sparse: a flush must not pay for the host's allocation
  const made = bundle("block-benchmark", manifestWith("block-benchmark"), { "block-benchmark": await compileModule("block-benchmark", "tests/modules/block-benchmark") });
  const zeros = blake3(new Uint8Array(blockBytes)), hash = new DataView(zeros.buffer, zeros.byteOffset);
  const { output, status } = await bootAndRun({ image, bundle: made, run: `bench 1024 ${[0, 8, 16, 24].map((at) => hash.getBigUint64(at, true)).join(" ")}` }, 300_000);
  if (status !== 0) throw new Error(`the benchmark failed:\n${output}`);
  const lines = output.split("\n").map((line) => line.split("\t"));
  /** Times of a kind: a tenth of all below, and the median; nanoseconds. */
  const times = (kind: string): number[] => lines.find(([word, name]) => word === "time" && name === kind)!.slice(2).map(Number);
  const raw = times("raw");
  const rates = (kind: string, transactions = 1): string => {
    const [quick, middle] = times(kind).map((nanoseconds) => nanoseconds / transactions) as [number, number];
    return `${Math.round(1e9 / middle)} (${(raw[1]! / middle).toFixed(2)} × raw; of the quickest tenth ${Math.round(1e9 / quick)}, ${(raw[0]! / quick).toFixed(2)} × raw)`;
  };
  row("raw 4 KiB write + flush a second, by the median", rates("raw"));
  row("durable 4 KiB transactions a second, fresh data", rates("fresh"));
  row("durable 4 KiB transactions a second, in place", rates("in place"));
  row("4 KiB transactions a second, 64 a sync", rates("group", 64));
  for (const [name, writes, flushes, bytes] of lines) if (name === "fresh" || name === "in place") row(`  device writes, flushes, bytes of one, ${name}`, `${writes}, ${flushes}, ${bytes}`);
  for (const [name, nanoseconds] of lines) if (name === "cached read") row("4 KiB read from the cache, ns", nanoseconds!);
}

transactions();
mounts();
await inFolder(besideRaw);

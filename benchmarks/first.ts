// The first figures of docs/performance.md, in one run: sizes, time to the prompt, import beside `cp -a`, and every layer on both kernels.
// `npm run bench`. Times are noisy on shared machines: medians of five where a run is short; trust ratios.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FileDisk } from "../host/devices/file-disk.ts";
import { bundle, compileModule, manifestWith, root } from "../tests/modules/build.ts";
import { bootAndRun, withMachine } from "../tests/qemu/machine.ts";
import { inFolder, mustRun } from "../tests/support/images.ts";
import { runProgram } from "../tests/support/program.ts";

const say = (text: string): void => console.log(text);
const median = (values: number[]): number => values.sort((left, right) => left - right)[values.length >> 1]!;
const milliseconds = async (work: () => Promise<unknown> | unknown): Promise<number> => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};

function sizes(): void {
  say("\n## Sizes, bytes");
  for (const path of ["build/kernel/kernel.elf", "build/kernel/bundle.bin", ...readdirSync(join(root, "build/modules")).filter((name) => name.endsWith(".wasm")).map((name) => `build/modules/${name}`)]) {
    say(`${path.padEnd(42)} ${String(statSync(join(root, path)).size).padStart(9)}`);
  }
}

async function timeToPrompt(folder: string): Promise<void> {
  const image = join(folder, "prompt.img");
  mustRun(["mkfs", image, "--size", "1G"]);
  const times: number[] = [];
  for (let round = 0; round < 5; round++) times.push(await milliseconds(() => withMachine({ image }, (machine) => machine.until(/> $/))));
  say(`\n## QEMU start to prompt, ms (five starts)\n${times.map((time) => time.toFixed(0)).sort().join(" ")}   median ${median(times).toFixed(0)}`);
}

async function importBesideCopy(folder: string): Promise<void> {
  const source = join(root, "node_modules");
  const bytes = Number(spawnSync("du", ["-sb", source], { encoding: "utf8" }).stdout.split("\t")[0]);
  const ours: number[] = [], again: number[] = [], copies: number[] = [];
  for (let round = 0; round < 3; round++) {
    const image = join(folder, `import${round}.img`), copy = join(folder, `copy${round}`);
    mustRun(["mkfs", image, "--size", "1G"]);
    ours.push(await milliseconds(() => mustRun(["import", image, source, "/a"])));
    again.push(await milliseconds(() => mustRun(["import", image, source, "/b"])));
    copies.push(await milliseconds(() => { spawnSync("cp", ["-a", source, copy]); spawnSync("sync", ["-f", copy]); }));
    rmSync(image);
    rmSync(copy, { recursive: true });
  }
  const rate = (times: number[]): string => `${(bytes / 1e3 / median(times)).toFixed(0)} MB/s`;
  say(`\n## Import of node_modules (${(bytes / 1e6).toFixed(0)} MB), median of three\nimport ${rate(ours)}, import again under another name ${rate(again)}, cp -a and sync ${rate(copies)}; import takes ${(median(ours) / median(copies)).toFixed(2)} × the time of cp`);
}

async function layers(folder: string): Promise<void> {
  const image = join(folder, "layers.img"), words = "bench 1 100";
  const blank = (): void => { writeFileSync(image, ""); truncateSync(image, 512 << 20); };
  blank();
  const disk = new FileDisk(image);
  const hosted = await runProgram("layer-benchmark", disk, words);
  disk.close();
  blank();
  const made = bundle("layer-benchmark", manifestWith("layer-benchmark"), { "layer-benchmark": await compileModule("layer-benchmark", "tests/modules/layer-benchmark") });
  const qemu = await bootAndRun({ image, bundle: made, run: words }, 300_000);
  for (const [name, { output, status }] of [["hosted kernel (Node)", hosted], ["microkernel in QEMU (TCG)", qemu]] as const) {
    if (status !== 0) throw new Error(`the layer benchmark failed on ${name}:\n${output}`);
    say(`\n## Layers on the ${name}: operation, count, ns each\n${output.trim()}`);
  }
}

await inFolder(async (folder) => {
  sizes();
  await timeToPrompt(folder);
  await importBesideCopy(folder);
  await layers(folder);
});

// The figures of the microkernel beside its goals, and a Linux guest in the same QEMU in the same run: `npm run bench:kernel`. Wants `npm run build`.
// Instructions are counted with -icount, where a nanosecond is an instruction: those figures repeat exactly. Times are of emulation, the best of three or five runs each, ours and the guest's alike: trust ratios.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import binaryen from "binaryen"; // comes with AssemblyScript
import { bundlePath, kernelPath } from "../host/client/modules.ts";
import { bundle, compileModule, type Domain, root } from "../tests/modules/build.ts";
import { bootAndRun, withMachine } from "../tests/qemu/machine.ts";
import { inFolder, mustRun } from "../tests/support/images.ts";
import { runLinuxGuest } from "./linux-guest.ts";

const icount = ["-icount", "shift=0,sleep=off"];
const memoryMiB = 512;
const ringAddress = 0x8000000;
const ringBytes = 16 << 20; // holds every record of a run: nobody drains it

const rows: Array<[what: string, figure: string, goal: string]> = [];
const row = (what: string, figure: string, goal = "–"): void => { rows.push([what, figure, goal]); };
const say = (text: string): void => console.error(`bench: ${text} …`);
/** Other work on the machine only makes a run longer, so the shortest says most. */
const best = (values: number[]): number => Math.min(...values);

/** The bundle of kernel/machine/tests/cost, which the tests of the kernel also run. */
function costBundle(folder: string): string {
  const source = join(root, "kernel/machine/tests/cost");
  const output = join(folder, "cost");
  mkdirSync(output);
  for (const file of readdirSync(source).filter((name) => name.endsWith(".wat"))) {
    const module = binaryen.parseText(readFileSync(join(source, file), "utf8"));
    module.setFeatures(binaryen.Features.All);
    writeFileSync(join(output, file.replace(".wat", ".wasm")), module.emitBinary());
    module.dispose();
  }
  const packed = join(output, "bundle.bin");
  execFileSync(join(root, "build/cargo/aot/release/axiom-aot"), ["--manifest", join(source, "system.json"), "--modules", output, "--out", packed], { stdio: ["ignore", "ignore", "inherit"] });
  return packed;
}

async function eventsBundle(): Promise<string> {
  const module = "benchmark-events";
  const domain = (name: string, peer: string, rank: number, more: Domain["capabilities"]): Domain => ({
    name, module, rank, memoryPages: 16, capabilities: [{ name: "peer", kind: "notification", domain: peer, bits: 1 }, { name: "clock", kind: "clock" }, ...more],
  });
  const domains = [domain("pong", "ping", 0, []), domain("ping", "pong", 1, [{ name: "console", kind: "console", bit: 3 }, { name: "power", kind: "power" }, { name: "timer", kind: "timer", bit: 1 }])];
  return bundle(module, { version: 1, domains }, { [module]: await compileModule(module, `tests/modules/${module}`, 16) });
}

/** Boots a benchmark; its lines `NAME NUMBER`. */
async function figures(image: string, packed: string, extra: string[], words: string[] = []): Promise<Map<string, number>> {
  const { output, status } = await bootAndRun({ image, bundle: packed, memoryMiB, extra, words });
  if (status !== 0) throw new Error(`the benchmark ended with ${status}:\n${output}`);
  return new Map([...output.matchAll(/^(?:(\w+) |(.{16}))(\d+)$/gm)].map(([, word, column, number]) => [word ?? column!.trimEnd(), Number(number)]));
}

function recording(folder: string): { extra: string[]; words: string[] } {
  const path = join(folder, "memory");
  return { extra: ["-object", `memory-backend-file,id=ram,size=${memoryMiB}M,mem-path=${path},share=on`, "-machine", "memory-backend=ram"], words: [`trace=${ringAddress.toString(16)},${ringBytes}`] };
}

/** Nanoseconds of a call and back, recording off. */
async function calls(folder: string, image: string): Promise<number> {
  const cost = costBundle(folder), { extra, words } = recording(folder);
  const counted = await figures(image, cost, icount);
  const countedRecording = await figures(image, cost, [...icount, ...extra], words);
  const timed: Array<Map<string, number>> = [], timedRecording: Array<Map<string, number>> = [];
  for (let round = 0; round < 5; round++) {
    timed.push(await figures(image, cost, []));
    timedRecording.push(await figures(image, cost, extra, words));
  }
  const nanoseconds = (name: string, of: Array<Map<string, number>>): number => best(of.map((found) => found.get(name)!));
  const both = (name: string): string => `${counted.get(name)} instructions, ${nanoseconds(name, timed)} ns`;
  const bothRecording = (name: string): string => `${countedRecording.get(name)} instructions, ${nanoseconds(name, timedRecording)} ns`;
  row("call and reply between two domains", both("call"), "≤ 400 instructions");
  row("the same, recorded in the trace ring", bothRecording("call"), "≤ 520 instructions");
  row("call that lends 4 KiB", both("call+lease"));
  row("call that lends 4 KiB, which the callee copies", both("lease_read 4 KiB"));
  row("the same, recorded", bothRecording("lease_read 4 KiB"));
  row("capability minted and dropped", both("mint+drop"));
  return nanoseconds("call", timed);
}

async function events(image: string): Promise<void> {
  const packed = await eventsBundle();
  const counted = await figures(image, packed, icount);
  const timed = [await figures(image, packed, []), await figures(image, packed, []), await figures(image, packed, [])];
  row("notification: from `notify` to the end of the other domain's handler", `${counted.get("notification")} instructions, ${best(timed.map((found) => found.get("notification")!))} ns`);
  row("interrupt to handler: a timer's, from an idle processor", `${counted.get("alarm")} instructions, ${best(timed.map((found) => found.get("alarm")!))} ns`);
}

async function boots(folder: string, linuxBootMs: number): Promise<void> {
  const image = join(folder, "prompt.img");
  mustRun(["mkfs", image, "--size", "1G"]);
  for (const machine of ["q35", "microvm"] as const) {
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      const began = performance.now();
      await withMachine({ image, machine }, (running) => running.until(/> $/));
      times.push(performance.now() - began);
    }
    row(`QEMU's start to the shell's prompt, ${machine}`, `${best(times).toFixed(0)} ms`, "≤ 500 ms");
  }
  row("the same to the first line of process 1 of a Linux guest", `${linuxBootMs.toFixed(0)} ms`);
  const resident = await withMachine({ image, words: ["debug"] }, async (machine) => {
    await machine.until(/resident \d+ KiB/);
    return Number(/resident (\d+) KiB/.exec(machine.output)?.[1]);
  });
  row("memory with contents at the prompt, kernel and bundle included", `${(resident / 1024).toFixed(1)} MiB`, "≤ 24 MiB");
}

/** Lines of the kernel's own Rust and assembly, without tests and what is generated. */
function kernelLines(): { all: number; code: number } {
  const files = execFileSync("git", ["ls-files", "kernel"], { cwd: root, encoding: "utf8" }).split("\n")
    .filter((path) => /\.(rs|s)$/.test(path) && /^kernel\/(portable|machine)\/src\//.test(path) && !path.endsWith("generated.rs"));
  const lines = files.flatMap((path) => readFileSync(join(root, path), "utf8").trimEnd().split("\n"));
  return { all: lines.length, code: lines.filter((line) => !/^\s*(\/\/|#|$)/.test(line)).length };
}

function sizes(folder: string): void {
  const stripped = join(folder, "kernel.elf");
  const { status } = spawnSync("strip", ["-o", stripped, kernelPath], { stdio: "inherit" });
  if (status !== 0) throw new Error("strip failed");
  row("kernel, stripped", `${(statSync(stripped).size / 1024).toFixed(0)} KiB`, "≤ 900 KiB");
  row("bundle of the services, compiled ahead of time", `${(statSync(bundlePath).size / 1024).toFixed(0)} KiB`);
  const { all, code } = kernelLines();
  row("the kernel's own code, with comments and blank lines / without", `${all} / ${code} lines`, "≤ 8,000 lines");
}

await inFolder(async (folder) => {
  const image = join(folder, "none.img");
  writeFileSync(image, new Uint8Array(1 << 20));
  say("Linux guest");
  const guests = [await runLinuxGuest(), await runLinuxGuest(), await runLinuxGuest()];
  const linux = { version: guests[0]!.version, bootMs: best(guests.map(({ bootMs }) => bootMs)), roundTripNanoseconds: best(guests.map(({ roundTripNanoseconds }) => roundTripNanoseconds)) };
  say("calls");
  const callNanoseconds = await calls(folder, image);
  row(`a byte to another process and back over two pipes, Linux ${linux.version}`, `${linux.roundTripNanoseconds} ns`);
  row("our calls in the time of one of these", `${(linux.roundTripNanoseconds / callNanoseconds).toFixed(0)}`, "≥ 20");
  say("events");
  await events(image);
  say("boots");
  await boots(folder, linux.bootMs);
  sizes(folder);
});
console.log("| | | goal |\n|---|---|---|");
for (const [what, figure, goal] of rows) console.log(`| ${what} | ${figure} | ${goal} |`);

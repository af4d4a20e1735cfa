// Instructions of the guest for one request of 4 KiB, counted one by one by a plugin of the emulator (instruction-counter/counter.c).
// With -icount the clock would count too, but all that the driver waits; a plugin sees which instructions ran, so the turns of waiting can be taken out:
// what is left is the same in every run but for a timer's tick now and then. Stays true: the first turn of waiting for each request is counted.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { qemuArguments } from "../host/cli/boot/qemu-arguments.ts";
import { kernelPath } from "../host/client/modules.ts";
import { root } from "../tests/modules/build.ts";
import { deviceBundle, type Row, rowsOf, type Waiting } from "./device-system.ts";
import { runQemu } from "./linux-guest.ts";

export interface Counts {
  /** Of a read of nothing: the client's call, the lease, the reply, the driver's look at the message. */
  call: number;
  /** Of a read of 4 KiB, call and all: polled, and with an interrupt. */
  polled: number;
  interrupt: number;
  /** Of each read in batches of 32, with one interrupt: submit, wait, reap, and the client's own filling in. */
  batch: number;
}

const requests = 1024;
/** A device that takes its time: polling makes many turns for each request, and who does not poll always sleeps. */
const slowDisk = ["-set", "drive.disk.throttling.iops-total=4000"];

function plugin(): string {
  const made = join(root, "build/instruction-counter.so");
  mkdirSync(join(root, "build"), { recursive: true });
  execFileSync("gcc", ["-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", made, join(root, "benchmarks/instruction-counter/counter.c")]);
  return made;
}

/** Addresses of two functions of the kernel: one that runs at each line that the module prints, one that runs at each turn of polling. */
function symbols(): { line: string; turn: string } {
  const names = execFileSync("nm", ["-C", kernelPath], { encoding: "utf8", maxBuffer: 1 << 28 });
  const address = (name: string): string => {
    const found = new RegExp(`^([0-9a-f]+) t <axiom_kernel::hardware::Hardware as .*>::${name}$`, "m").exec(names)?.[1];
    if (found === undefined) throw new Error(`the kernel has no function ${name}`);
    return found.replace(/^0+/, "");
  };
  return { line: address("console_write"), turn: address("relax") };
}

/** What ran between two lines: for each instruction how often. */
type Window = Map<string, number>;

/** Instructions a request, without the turns of polling behind the first. */
function perRequest(window: Window, turn: string, { requests }: Row): number {
  const turns = window.get(turn) ?? 0;
  let all = 0, turnInstructions = 0;
  // A turn's instructions are those that run about as often as turns are made, or a whole number of times that: a turn is made many times for each request.
  for (const count of window.values()) {
    all += count;
    turnInstructions += Math.round(count / turns);
  }
  if (turns <= requests) return all / requests;
  if (turns < requests * 4) throw new Error(`${turns} turns of polling for ${requests} requests are too few to tell them from the rest`);
  return (all - turnInstructions * (turns - requests)) / requests;
}

async function measure(waiting: Waiting, disk: readonly string[], image: string, folder: string): Promise<(name: string) => number> {
  const out = join(folder, "counts"), { line, turn } = symbols();
  const run = Buffer.from(`bench 1 60000 ${requests}`).toString("hex");
  const { output } = await runQemu(qemuArguments({ kernelPath, bundlePath: await deviceBundle(waiting), machine: "q35", hasIommu: false, imagePath: image, memoryMegabytes: 1024, commandLine: `run=${run}`, accelerator: "tcg",
    extra: [...disk, "-plugin", `${plugin()},mark=${line},out=${out}`] }));
  const rows = rowsOf(output);
  const windows = readFileSync(out, "utf8").split("\n\n").map((text): Window => new Map(text.split("\n").filter(Boolean).map((words) => { const [address, count] = words.split(" "); return [address!, Number(count)]; })));
  // The first line says how large the disk is, so the window of a row is the one after.
  return (name) => perRequest(windows[[...rows.keys()].indexOf(name) + 1]!, turn, rows.get(name)!);
}

/** Counts on an image of at least 16 MiB, which is written to; `folder` holds what the plugin writes. */
export async function countInstructions(image: string, folder: string): Promise<Counts> {
  const one = "random read 4 KiB, 1", batch = "batches of 32 reads of 4 KiB";
  const polled = await measure("polled", slowDisk, image, folder), interrupts = await measure("interrupts", slowDisk, image, folder);
  const batches = await measure("interrupts", [], image, folder);
  return { call: polled("call with a lease"), polled: polled(one), interrupt: interrupts(one), batch: batches(batch) };
}

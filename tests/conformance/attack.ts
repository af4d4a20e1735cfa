// The random attacker's system and its run on each kernel. By hand: node --import tsx tests/conformance/attack.ts [hosted|microkernel|both] [SEED] [CALLS]
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MemoryDisk } from "../../host/devices/disk.ts";
import { MemoryConsole } from "../../host/kernel/console.ts";
import { bootHosted } from "../../host/kernel/system.ts";
import { bundle, compileModule, type Domain, type Manifest, root } from "../modules/build.ts";
import { bootAndRun } from "../qemu/machine.ts";

const pages = 16;
const names = ["call", "call", "call", "capability_mint", "capability_mint (badge)", "capability_drop", "capability_revoke", "notify", "wait", "grant_create", "lease_read", "lease_read", "lease_write", "lease_write",
  "dma_segments (own)", "dma_segments (lent)", "device_parameters", "mmio_read", "interrupt_acknowledge", "clock_read", "timer_set", "entropy_read", "console_write", "console_read", "console_arguments", "trace_note",
  "control_list, control_kill", "fence, relax, memory.grow"];

/** Ranks: deep 1, server 2, bystander 2, attacker 4, judge 6. The order of capabilities is that of the modules' constants. */
export function attackManifest(): Manifest {
  const domain = (name: string, module: string, rank: number, capabilities: Domain["capabilities"]): Domain => ({ name, module, rank, memoryPages: pages, capabilities });
  const self = (name: string) => ({ name: "self", kind: "endpoint", domain: name, rights: 1023 });
  return { version: 1, domains: [
    domain("deep", "attacker-peer", 1, [self("deep")]),
    domain("server", "attacker-peer", 2, [self("server"), { name: "deep", kind: "endpoint", domain: "deep", badge: 3 }, { name: "up", kind: "notification", domain: "attacker", bits: 1 }]),
    domain("bystander", "attacker-peer", 2, [self("bystander")]),
    domain("attacker", "attacker", 4, [self("attacker"), { name: "server", kind: "endpoint", domain: "server", badge: 2 }, { name: "deep", kind: "endpoint", domain: "deep", badge: 2 },
      { name: "disk", kind: "device", device: "virtio-blk", bit: 20 }, { name: "down", kind: "notification", domain: "server", bits: 1 }, { name: "clock", kind: "clock" }, { name: "timer", kind: "timer", bit: 20 },
      { name: "entropy", kind: "entropy" }, { name: "console", kind: "console", bit: 20 }, { name: "trace", kind: "trace" }, { name: "control", kind: "control" }]),
    domain("judge", "attacker-peer", 6, [{ name: "attacker", kind: "endpoint", domain: "attacker", badge: 1 }, { name: "server", kind: "endpoint", domain: "server", badge: 1 }, { name: "deep", kind: "endpoint", domain: "deep", badge: 1 },
      { name: "bystander", kind: "endpoint", domain: "bystander", badge: 1 }, { name: "console", kind: "console", bit: 2 }, { name: "power", kind: "power" }, { name: "self", kind: "notification", domain: "judge", bits: 1 }, { name: "clock", kind: "clock" },
      { name: "gift", kind: "endpoint", domain: "deep", badge: 3 }]),
  ] };
}

export interface Attack { status: number; output: string; tried: number; succeeded: number; callsPerSecond: number; rows: Map<string, { tried: number; succeeded: number }> }

function readOutput(output: string, status: number): Attack {
  const rows = new Map<string, { tried: number; succeeded: number }>();
  for (const [, number, tried, succeeded] of output.matchAll(/^tally (\d+) (\d+) (\d+)$/gm)) {
    const row = rows.get(names[Number(number)]!) ?? { tried: 0, succeeded: 0 };
    rows.set(names[Number(number)]!, { tried: row.tried + Number(tried), succeeded: row.succeeded + Number(succeeded) });
  }
  const sum = (field: "tried" | "succeeded"): number => [...rows.values()].reduce((total, row) => total + row[field], 0);
  const microseconds = Number(/^elapsed (\d+) us$/m.exec(output)?.[1] ?? Number.NaN);
  return { status, output, tried: sum("tried"), succeeded: sum("succeeded"), callsPerSecond: sum("tried") / (microseconds / 1e6), rows };
}
const modules = async (): Promise<Record<string, string>> => ({
  attacker: await compileModule("attacker", "tests/modules/attacker", pages), "attacker-peer": await compileModule("attacker-peer", "tests/modules/attacker-peer", pages),
});

export async function attackHosted(seed: number, calls: number): Promise<Attack> {
  const bytes = Object.fromEntries(Object.entries(await modules()).map(([name, path]) => [name, readFileSync(path)]));
  const console = new MemoryConsole(`${seed} ${calls}`), faults: string[] = [];
  const system = bootHosted({ manifest: attackManifest(), modules: bytes, disk: new MemoryDisk(2048), console, log: (line) => faults.push(line) });
  while (system.powerOffStatus === null && faults.length === 0) system.turn();
  const status = system.powerOffStatus ?? -1;
  system.close();
  return readOutput(console.output + faults.join("\n"), status);
}

export async function attackMicrokernel(seed: number, calls: number, timeoutMs = 60_000): Promise<Attack> {
  const image = join(root, "build/test-modules/attack.img");
  const paths = await modules();
  if (!existsSync(image)) { writeFileSync(image, ""); truncateSync(image, 1 << 20); }
  const { output, status } = await bootAndRun({ image, bundle: bundle("attack", attackManifest(), paths), run: `${seed} ${calls}` }, timeoutMs);
  return readOutput(output, status);
}

export function table(kernel: string, { tried, succeeded, callsPerSecond, rows }: Attack): string {
  const line = (name: string, row: { tried: number; succeeded: number }): string => `${name.padEnd(28)} ${String(row.tried).padStart(8)} ${String(row.succeeded).padStart(8)} ${(100 * row.succeeded / Math.max(row.tried, 1)).toFixed(0).padStart(4)} %`;
  return [`${kernel}: ${Math.round(callsPerSecond).toLocaleString("en")} system calls a second`, ...[...rows].map(([name, row]) => line(name, row)), line("all", { tried, succeeded })].join("\n");
}

if (process.argv[1]?.endsWith("attack.ts")) {
  const [kernel = "both", seed = "1", calls = "1000000"] = process.argv.slice(2);
  let failed = 0;
  const answers: string[] = [];
  for (const [name, run] of [["hosted", attackHosted], ["microkernel", attackMicrokernel]] as const) {
    if (kernel !== "both" && kernel !== name) continue;
    const attack = await run(Number(seed), Number(calls), 600_000);
    console.log(`seed ${seed}\n${table(name, attack)}`);
    answers.push(JSON.stringify([...attack.rows]));
    if (attack.status !== 0 || attack.succeeded * 3 < attack.tried) { failed = 1; console.log(`FAILED: status ${attack.status}\n${attack.output.slice(-2000)}`); }
  }
  if (answers.some((each) => each !== answers[0])) { failed = 1; console.log("FAILED: the kernels answered differently"); }
  process.exit(failed);
}

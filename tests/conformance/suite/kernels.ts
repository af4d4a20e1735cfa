// Runs the suite on a kernel: builds the modules once, boots, and reads the lines that the conductor wrote.
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MemoryDisk } from "../../../host/devices/disk.ts";
import { MemoryConsole } from "../../../host/kernel/console.ts";
import { bootHosted } from "../../../host/kernel/system.ts";
import { bundle, compileModule, root } from "../../modules/build.ts";
import { bootAndRun } from "../../qemu/machine.ts";
import type { Case } from "./case.ts";
import { encodeProgram, withSegment } from "./program.ts";
import { conductor, manifest, pages, shippedService } from "./world.ts";

export interface Outcome { answers: number[]; complaint: string }
export interface Run { outcomes: Map<number, Outcome>; output: string; status: number; seconds: number }
const folder = join(root, "build/test-modules");

/** The two modules: the same code, a program with the conductor's mark or without. Paths by module name. */
export async function buildModules(cases: readonly Case[]): Promise<Record<string, string>> {
  const compiled = readFileSync(await compileModule("conformance", "tests/modules/conformance-actor", pages));
  const address = programAddress(compiled);
  const paths: Record<string, string> = { [shippedService]: join(root, `build/modules/${shippedService}.wasm`) };
  for (const name of ["conformance-actor", "conformance-conductor"]) {
    const bytes = withSegment(compiled, address, encodeProgram(cases, conductor, name === "conformance-conductor"));
    if (!WebAssembly.validate(bytes as BufferSource)) throw new Error(`${name} is no module any more`);
    paths[name] = join(folder, `${name}.wasm`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(paths[name]!, bytes);
  }
  return paths;
}
function programAddress(compiled: Uint8Array): number {
  const module = new WebAssembly.Module(compiled as BufferSource);
  const calls = Object.fromEntries(WebAssembly.Module.imports(module).map(({ name }) => [name, () => 0]));
  const { program } = new WebAssembly.Instance(module, { kernel: calls }).exports;
  return (program as WebAssembly.Global).value as number;
}

/** Lines `number name answers…`, and a complaint when something changed that must not. */
function readLines(output: string): Map<number, Outcome> {
  const outcomes = new Map<number, Outcome>();
  for (const line of output.split("\n")) {
    const match = /^(\d+) (\S+)((?: -?\d+)*)((?: [A-Z]+)*)$/.exec(line);
    if (match) outcomes.set(Number(match[1]), { answers: match[3]!.trim().split(" ").filter(Boolean).map(Number), complaint: match[4]!.trim() });
  }
  return outcomes;
}

export async function runHosted(cases: readonly Case[], log: (line: string) => void = () => {}): Promise<Run> {
  const paths = await buildModules(cases);
  const modules = Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, readFileSync(path)]));
  const console = new MemoryConsole("arguments"), started = Date.now();
  const system = bootHosted({ manifest: manifest(), modules, disk: new MemoryDisk(2048), console, log, tolerateStartFailure: true, watchdog: true });
  const limit = Date.now() + 60_000;
  while (system.powerOffStatus === null && Date.now() < limit) {
    system.turn();
    const wait = system.millisecondsToTimer();
    if (system.powerOffStatus === null && wait !== Infinity) await new Promise((resolve) => { setTimeout(resolve, wait); });
    else if (wait === Infinity) break;
  }
  const status = system.powerOffStatus ?? -1;
  system.close();
  return { outcomes: readLines(console.output), output: console.output, status, seconds: (Date.now() - started) / 1000 };
}

export async function runMicrokernel(cases: readonly Case[], words: string[] = []): Promise<Run> {
  const paths = await buildModules(cases);
  const image = join(folder, "conformance.img");
  if (!existsSync(image)) { writeFileSync(image, ""); truncateSync(image, 1 << 20); }
  const made = bundle("conformance", manifest(), paths), started = Date.now();
  const { output, status } = await bootAndRun({ image, bundle: made, run: "arguments", words }, 60_000);
  return { outcomes: readLines(output), output, status, seconds: (Date.now() - started) / 1000 };
}

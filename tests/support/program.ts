// Runs a test module (tests/modules/) in the shell's place on the hosted kernel.
import { readFileSync } from "node:fs";
import { loadManifest, loadModules } from "../../host/client/modules.ts";
import type { Disk } from "../../host/devices/disk.ts";
import { MemoryConsole } from "../../host/kernel/console.ts";
import { bootHosted, type BootOptions } from "../../host/kernel/system.ts";
import { compileModule, manifestWith } from "../modules/build.ts";

export async function runProgram(name: string, disk: Disk, words: string, options: Partial<BootOptions> = {}): Promise<{ output: string; status: number | null }> {
  const path = await compileModule(name, `tests/modules/${name}`);
  const shipped = loadManifest();
  const modules = { ...loadModules(shipped), [name]: new WebAssembly.Module(readFileSync(path)) };
  const console = new MemoryConsole(words);
  const system = bootHosted({ manifest: manifestWith(name), modules, disk, console, log: () => {}, ...options });
  const status = system.powerOffStatus;
  system.close();
  return { output: console.output, status };
}

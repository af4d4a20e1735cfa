// Where the parts of a system are on this machine: the manifest, the modules, the kernel. One place knows the layout of the project.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "./errors.ts";

/** The project: this file is two folders below it, and so is the bundle that it becomes a part of. */
export const projectPath: string = fileURLToPath(new URL("../../", import.meta.url));

export const kernelPath: string = join(projectPath, "build/kernel/kernel.elf");
export const bundlePath: string = join(projectPath, "build/kernel/bundle.bin");

export interface ServiceManifest { version: number; domains: Array<{ name: string; module: string | null; memoryPages: number }> }

export function loadManifest(): ServiceManifest {
  return JSON.parse(readFileSync(join(projectPath, "services/system.json"), "utf8")) as ServiceManifest;
}

/** Release modules of the domains named, or of all, compiled. */
export function loadModules(manifest: ServiceManifest, only?: readonly string[]): Record<string, WebAssembly.Module> {
  const modules: Record<string, WebAssembly.Module> = {};
  for (const domain of manifest.domains) {
    if (domain.module === null || (only !== undefined && !only.includes(domain.name))) continue;
    const path = join(projectPath, "build/modules", `${domain.module}.wasm`);
    if (!existsSync(path)) throw new CommandError(`${path}: the module is not built; run: npm run build`);
    modules[domain.module] = new WebAssembly.Module(readFileSync(path));
  }
  return modules;
}

// The few things of a boot that come from files, for Node: manifest, modules, trace. Everything else in this folder runs in
// a browser's worker as well, so nothing here may be imported by it.
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type Manifest, validateManifest } from "./manifest.ts";
import type { TraceSink } from "./trace-writer.ts";

export function readManifest(path: string): Manifest {
  return validateManifest(JSON.parse(readFileSync(path, "utf8")));
}

/** The modules of the manifest's hosted domains (or of those named), from FOLDER/NAME.wasm. */
export function readModules(folder: string, manifest: Manifest, only?: readonly string[]): Record<string, Uint8Array> {
  const modules: Record<string, Uint8Array> = {};
  for (const { name, module, kernels } of manifest.domains) {
    if (module === null || kernels?.includes("hosted") === false || only?.includes(name) === false) continue;
    modules[module] ??= readFileSync(join(folder, `${module}.wasm`));
  }
  return modules;
}

/** A trace sink that writes a file; `close` after `System.close`. */
export function openTraceFile(path: string): { sink: TraceSink; close(): void } {
  const file = openSync(path, "w");
  return {
    sink: (bytes) => {
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
    },
    close: () => closeSync(file),
  };
}

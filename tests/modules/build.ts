// Builds a test module (a program that takes the shell's place) and, for QEMU, a bundle of it with the shipped services.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { main } from "assemblyscript/asc";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const folder = join(root, "build/test-modules");

export interface Capability { name: string; kind: string; domain?: string; badge?: number; bits?: number; bit?: number; device?: string; timeOutMs?: number; rights?: number }
export interface Domain { name: string; module: string | null; rank: number; memoryPages: number; kernels?: string[]; capabilities: Capability[]; timeLimitMs?: number; restart?: { limit: number; windowMs: number; backoffMs: number }; onPeerRestart?: "recover" | "restart" }
export interface Manifest { version: number; domains: Domain[] }
export const systemManifest = (): Manifest => JSON.parse(readFileSync(join(root, "services/system.json"), "utf8"));

/** The system with `module` in the shell's place; it holds the shell's capabilities and then the device's and the content store's endpoints. */
export function manifestWith(module: string, memoryPages = 256): Manifest {
  const manifest = systemManifest();
  const shell = manifest.domains.find((domain) => domain.name === "shell")!;
  shell.module = module;
  shell.memoryPages = memoryPages;
  shell.capabilities.push({ name: "device", kind: "endpoint", domain: "virtio-blk" }, { name: "contentStore", kind: "endpoint", domain: "content-store" });
  return manifest;
}

/** The driver and a program in the shell's place, which has all the time it needs; endpoints to services that are not here lead to the driver, unused. */
export function driverManifest(module: string): Manifest {
  const { domains } = systemManifest();
  const driver = domains.find(({ name }) => name === "virtio-blk")!;
  const shell = domains.find(({ name }) => name === "shell")!;
  driver.capabilities.find(({ name }) => name === "completion")!.domain = "shell";
  shell.module = module;
  shell.memoryPages = 256;
  delete shell.timeLimitMs;
  delete shell.restart;
  shell.capabilities.find(({ kind }) => kind === "console")!.bit = 5; // bit 0 is the driver's
  shell.capabilities.push({ name: "device", kind: "endpoint", domain: "virtio-blk" }, { name: "contentStore", kind: "endpoint", domain: "virtio-blk" });
  for (const capability of shell.capabilities) if (capability.kind === "endpoint") capability.domain = "virtio-blk";
  return { version: 1, domains: [driver, shell] };
}

const newest = (path: string): number => (statSync(path).isDirectory() ? Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name)))) : statSync(path).mtimeMs);

/** Compile `source` (a folder with main.ts) unless the module there is newer; the path of the .wasm. `edit` may change the text of files on the way: a deliberately broken build. */
export async function compileModule(name: string, source: string, memoryPages = 256, edits?: Record<string, (text: string) => string>): Promise<string> {
  const output = join(folder, `${name}.wasm`);
  mkdirSync(folder, { recursive: true });
  const inputs = [join(root, source), join(root, "tests/modules/common"), join(root, "services/base"), join(root, "kernel-bindings/generated/assembly"), join(root, "kernel-bindings/assembly")];
  if (!edits && existsSync(output) && Math.max(...inputs.map(newest)) < statSync(output).mtimeMs) return output;
  const edited = new Set<string>();
  const base = root;
  const args = [`${source}/main.ts`, "--config", "asconfig.json", "--target", "release", "--baseDir", base, "-o", output.slice(root.length + 1), "--initialMemory", String(memoryPages), "--maximumMemory", String(memoryPages)];
  const messages: string[] = [];
  const sink = { write: (chunk: string | Uint8Array) => { messages.push(String(chunk)); return true; } };
  const { error } = await main(args, { stdout: sink, stderr: sink, ...(edits ? {
    readFile: (path: string, from: string) => {
      const full = join(from, path);
      if (!existsSync(full)) return null;
      const text = readFileSync(full, "utf8");
      const edit = edits[path];
      if (!edit) return text;
      const changed = edit(text);
      if (changed === text) throw new Error(`the edit of ${path} changes nothing`);
      edited.add(path);
      return changed;
    },
  } : {}) });
  if (error) throw new Error(`${name}: ${error.message}\n${messages.join("")}`);
  for (const path of Object.keys(edits ?? {})) if (!edited.has(path)) throw new Error(`${path} is not part of ${name}: nothing was broken`);
  return output;
}

/** A bundle for QEMU of this manifest: shipped modules, except those given by path. */
export function bundle(name: string, manifest: Manifest, replaced: Record<string, string>): string {
  const modules = join(folder, `${name}.modules`);
  rmSync(modules, { recursive: true, force: true });
  mkdirSync(modules, { recursive: true });
  for (const { module } of manifest.domains) if (module) cpSync(replaced[module] ?? join(root, "build/modules", `${module}.wasm`), join(modules, `${module}.wasm`));
  const manifestPath = join(folder, `${name}.json`);
  writeFileSync(manifestPath, JSON.stringify(manifest));
  const output = join(folder, `${name}.bundle`);
  execFileSync(join(root, "build/cargo/aot/release/axiom-aot"), ["--manifest", manifestPath, "--modules", modules, "--out", output], { stdio: ["ignore", "ignore", "inherit"] });
  return output;
}

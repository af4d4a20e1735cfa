// The shipped system on the hosted kernel over any disk, for tests: boot it, look at its tree, run the shell in it.
import { FileTree } from "../../host/client/file-tree.ts";
import { loadManifest, loadModules } from "../../host/client/modules.ts";
import { Snapshots } from "../../host/client/snapshots.ts";
import { walkTree } from "../../host/client/tree-walk.ts";
import type { Disk } from "../../host/devices/disk.ts";
import { DeterministicClock } from "../../host/kernel/clock.ts";
import { MemoryConsole } from "../../host/kernel/console.ts";
import { SeededEntropy } from "../../host/kernel/entropy.ts";
import { bootHosted, type BootOptions, type System } from "../../host/kernel/system.ts";

const manifest = loadManifest();
const modules = loadModules(manifest);
const services = manifest.domains.map((domain) => domain.name).filter((name) => name !== "shell");
const encoder = new TextEncoder();
const decoder = new TextDecoder();
export const bytes = (text: string): Uint8Array => encoder.encode(text);
export const hex = (hash: Uint8Array): string => Buffer.from(hash).toString("hex");

export interface Hosted { system: System; tree: FileTree; snapshots: Snapshots }

/** The services over a disk, deterministic: no shell, a counted clock, seeded entropy. */
export function bootServices(disk: Disk, options: Partial<BootOptions> = {}): Hosted {
  const system = bootHosted({ manifest, modules, only: services, disk, clock: new DeterministicClock(), entropy: new SeededEntropy(7), log: () => {}, ...options });
  const client = system.client("host");
  const tree = new FileTree(client);
  return { system, tree, snapshots: new Snapshots(client, tree) };
}

/** Path → what is there: `directory`, or a file's content hash, or a symlink's. */
export function treeState(tree: FileTree): Map<string, string> {
  const state = new Map<string, string>();
  for (const { path, attributes, leaving } of walkTree(tree, new Uint8Array(0), tree.lookup(new Uint8Array(0)))) {
    if (leaving || path.length === 0) continue;
    state.set(decoder.decode(path), attributes.kind === 2 ? "directory" : `${attributes.kind === 3 ? "link " : ""}${hex(attributes.content)}`);
  }
  return state;
}
export const sameState = (left: Map<string, string>, right: Map<string, string>): boolean => left.size === right.size && [...left].every(([path, value]) => right.get(path) === value);

export function writeFile(tree: FileTree, path: string, content: Uint8Array): void {
  const node = tree.open(bytes(path), 2 | 4 | 16);
  for (let at = 0; at < content.length; at += tree.buffer.length) {
    const part = content.subarray(at, at + tree.buffer.length);
    tree.buffer.set(part);
    tree.writeFrom(node, at, part.length);
  }
  tree.close(node);
}
export function readFile(tree: FileTree, path: string): Uint8Array {
  const node = tree.open(bytes(path), 1);
  const parts: Uint8Array[] = [];
  for (let at = 0; ;) {
    const length = tree.readInto(node, at);
    if (length === 0) break;
    parts.push(tree.buffer.slice(0, length));
    at += length;
  }
  tree.close(node);
  return Buffer.concat(parts);
}

/** The shell with `--run`: what it printed and its status. */
export function runShell(disk: Disk, commands: string, options: Partial<BootOptions> = {}): { output: string; status: number } {
  const console = new MemoryConsole(commands);
  const system = bootHosted({ manifest, modules, disk, console, log: () => {}, ...options });
  for (let turn = 0; system.powerOffStatus === null && turn < 1000; turn++) system.turn();
  const status = system.powerOffStatus;
  system.close();
  if (status === null) throw new Error(`the shell did not power off; it printed:\n${console.output}`);
  return { output: console.output.replaceAll("\r", ""), status };
}

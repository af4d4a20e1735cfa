// Packs small systems of WebAssembly text and boots them in QEMU, for the tests of the microkernel beside this file.
// Wants the kernel and the ahead-of-time compiler built (`npm run build kernel`). Modules and manifests: kernel/machine/tests.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import binaryen from "binaryen"; // comes with AssemblyScript

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const cargo = process.env.AXIOM_CARGO_OUTPUT ?? join(root, "build/cargo");
export const kernel = join(cargo, "machine/x86_64-unknown-linux-gnu/release/axiom-kernel");
export const compiler = join(cargo, "aot/release/axiom-aot");
export const folder = mkdtempSync(join(tmpdir(), "axiom-boot-"));
after(() => rmSync(folder, { recursive: true }));

/** Exit status of QEMU for power_off(status), docs/abi.md §8. */
export const exitOf = (status) => 2 * status + 3;
export const panicStatus = 126;

/** Assembles the modules of kernel/machine/tests/NAME and packs them with its manifest, or another; the path of the bundle. */
export function bundle(name, manifest) {
  const source = join(root, "kernel/machine/tests", name);
  const output = join(folder, name);
  mkdirSync(output, { recursive: true });
  for (const file of readdirSync(source).filter((file) => file.endsWith(".wat"))) {
    const module = binaryen.parseText(readFileSync(join(source, file), "utf8"));
    module.setFeatures(binaryen.Features.All);
    assert.ok(module.validate(), file);
    writeFileSync(join(output, file.replace(".wat", ".wasm")), module.emitBinary());
    module.dispose();
  }
  const packed = join(output, "bundle.bin");
  const path = join(output, "system.json");
  writeFileSync(path, manifest ? JSON.stringify(manifest) : readFileSync(join(source, "system.json")));
  execFileSync(compiler, ["--manifest", path, "--modules", output, "--kernel", kernel, "--out", packed]);
  return packed;
}

function machine(packed, { words = "", extra = [], memoryMiB = 512 } = {}) {
  return ["qemu-system-x86_64", "-machine", "q35", "-cpu", "max", "-m", String(memoryMiB), "-kernel", kernel, "-initrd", packed, "-append", words,
    "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", ...extra];
}

/** Boots until power-off, into a pipe from which nobody reads for `silenceSeconds`. */
export function bootIntoPipe(packed, silenceSeconds) {
  const { stdout, status } = spawnSync("bash", ["-o", "pipefail", "-c", `"$@" | { sleep ${silenceSeconds}; cat; }`, "bash", ...machine(packed)], { encoding: "utf8" });
  return { output: stdout, status };
}

/** Boots until power-off; `input` is typed, or called with the process, once the console shows `prompt`. */
export function boot(packed, { prompt, input, timeoutMs = 60_000, silenceMs = 0, ...options } = {}) {
  return new Promise((resolve) => {
    const [program, ...args] = machine(packed, options);
    const child = spawn(program, args);
    const deadline = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    let output = "";
    let isTyped = false;
    const show = (chunk) => {
      output += chunk;
      if (input !== undefined && !isTyped && output.includes(prompt)) {
        isTyped = true;
        if (typeof input === "string") child.stdin.write(input);
        else void input(child);
      }
    };
    setTimeout(() => child.stdout.on("data", show), silenceMs); // until then what comes fills the pipe
    let complaints = "";
    child.stderr.on("data", (chunk) => { complaints += chunk; });
    child.on("close", (status) => {
      clearTimeout(deadline);
      // QEMU's own words stand behind the console's, not among them.
      resolve({ output: output.replaceAll("\r\n", "\n") + complaints, status });
    });
  });
}

/** Reads the trace ring out of the file that is the guest's memory. */
export function readRing(memory, address) {
  const word = (offset) => memory.readUInt32LE(address + offset);
  const head = Number(memory.readBigUInt64LE(address + 32));
  const records = [];
  for (let number = Math.max(0, head - word(48)); number < head; number++) {
    const at = address + 4096 + (number % word(48)) * 32;
    records.push({ sequence: memory.readUInt32LE(at + 8), kind: memory[at + 12], depth: memory[at + 13], caller: memory[at + 14], callee: memory[at + 15],
      operation: memory.readUInt16LE(at + 18), status: memory.readUInt32LE(at + 20), request: memory.readUInt32LE(at + 24), argument: memory.readUInt32LE(at + 28) });
  }
  return { magic: memory.toString("latin1", address, address + 8), kernel: word(16), domains: word(20), lost: word(52), records };
}

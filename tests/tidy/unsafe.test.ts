// `unsafe` Rust stands only in the files named here, and each of them says why what it does is safe. Tests on Linux may use it freely.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** A new name in this list is a decision: first see whether a file that is here can do it. */
const allowed = new Set([
  // hardware
  "kernel/machine/src/backtrace.rs", "kernel/machine/src/block_device.rs", "kernel/machine/src/clock.rs", "kernel/machine/src/cpu.rs", "kernel/machine/src/descriptors.rs",
  "kernel/machine/src/hardware.rs", "kernel/machine/src/interrupts.rs", "kernel/machine/src/io_apic.rs", "kernel/machine/src/iommu.rs", "kernel/machine/src/libc.rs", "kernel/machine/src/linear_memory.rs", "kernel/machine/src/local_apic.rs",
  "kernel/machine/src/main.rs", "kernel/machine/src/memory.rs", "kernel/machine/src/mmio_block_device.rs", "kernel/machine/src/pci.rs", "kernel/machine/src/pvh.rs", "kernel/machine/src/self_test.rs", "kernel/machine/src/serial.rs",
  "kernel/machine/src/single.rs", "kernel/machine/src/watchdog.rs",
  // memory of domains and page tables
  "kernel/portable/src/address_space.rs", "kernel/portable/src/call.rs", "kernel/portable/src/device_table.rs", "kernel/portable/src/domain.rs", "kernel/portable/src/exclusive.rs", "kernel/portable/src/lending.rs", "kernel/portable/src/loader.rs",
  "kernel/portable/src/supervision.rs", "kernel/portable/src/trace.rs",
  // the build machine
  "kernel/aot/src/compile.rs", "kernel/portable/examples/preemption_cost.rs",
]);

/** Attributes like #[unsafe(no_mangle)] name a symbol and do nothing. */
const usesUnsafe = (text: string): boolean => /\bunsafe\b(?!\()/.test(text.replace(/\/\/.*$/gm, ""));
const sources = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.rs"], { cwd: root, encoding: "utf8" }).split("\n").filter((path) => path !== "" && !path.includes("/tests/"))
  .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") })).filter(({ text }) => usesUnsafe(text));

test("unsafe code stands only in the files that may hold it", () => {
  assert.deepEqual(sources.map(({ path }) => path).filter((path) => !allowed.has(path)), []);
});

test("the list names no file that has no need of it", () => {
  const found = new Set(sources.map(({ path }) => path));
  assert.deepEqual([...allowed].filter((path) => !found.has(path)), []);
});

test("every such file says why it is safe", () => {
  assert.deepEqual(sources.filter(({ text }) => !/\bSafety\b/.test(text)).map(({ path }) => path), []);
});

// Breaks the kernel's rules of memory on purpose and sees each breach reported: `node kernel/test-breaches.mjs`. And what the kernel's size and
// its own code may be.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { boot, bundle, exitOf, folder, kernel, panicStatus, root } from "./boot-system.mjs";

/** What `break=` names, and the error code of the page fault that it must end in (Intel SDM volume 3, §4.7): 2 write, 1 the page is there, 16 an instruction. */
const [write, present, instruction] = [2, 1, 16];
const pageFaults = [
  ["write-text", write | present], ["write-constants", write | present], ["write-module", write | present],
  ["execute-constants", instruction | present], ["execute-data", instruction | present], ["execute-heap", instruction | present],
  ["execute-stack", instruction | present], ["execute-low", instruction | present],
  ["null", write], ["unmapped", write], ["stack", write], ["interrupt-stack", write], ["fault-stack", write], ["emergency-stack", write],
];

for (const [what, error] of pageFaults) {
  test(`${what} ends as a page fault with registers and a back trace`, async () => {
    const { output, status } = await boot(bundle("boot"), { words: `break=${what}` });
    assert.equal(status, exitOf(panicStatus), output);
    const found = /^kernel fault: vector 14 error (0x[0-9a-f]+) address 0x[0-9a-f]+ at 0x[0-9a-f]+$/m.exec(output);
    assert.equal(Number(found?.[1]), error, output);
    assert.match(output, /^ {2}rsp [0-9a-f]{16} {2}rip [0-9a-f]{16} {2}rflags [0-9a-f]+$/m);
    assert.match(output, /^back trace:$/m);
    if (!what.endsWith("-stack") || what === "execute-stack") assert.match(output, /axiom_kernel::self_test::|kernel_main/, "a name of the kernel's own");
    assert.doesNotMatch(output, /nothing happened/);
  });
}

test("a panic ends with its words and a back trace", async () => {
  const { output, status } = await boot(bundle("boot"), { words: "break=panic" });
  assert.equal(status, exitOf(panicStatus));
  assert.match(output, /^kernel panic: [^]*as the command line says[^]*^back trace:[^]*kernel_main \+ 0x/m);
});

test("a breach that nobody knows is told, and is none", async () => {
  const { output, status } = await boot(bundle("boot"), { words: "break=dance" });
  assert.match(output, /names nothing that can be broken\nnothing happened/);
  assert.equal(status, exitOf(0));
});

// 8,000 lines were the goal before virtio-mmio and the IOMMU, which have 1,100 with their comments.
test("the stripped kernel has at most 900 KiB, its own code at most 8,500 lines, comments and blank lines included", () => {
  const stripped = join(folder, "stripped");
  execFileSync("strip", ["-o", stripped, kernel]);
  const bytes = statSync(stripped).size;
  const sources = ["kernel/machine/src", "kernel/portable/src"].flatMap((directory) => readdirSync(join(root, directory)).filter((file) => file !== "generated.rs").map((file) => join(root, directory, file)));
  const lines = sources.reduce((sum, path) => sum + readFileSync(path, "utf8").split("\n").length - 1, 0);
  console.log(`kernel: ${bytes} bytes stripped, ${lines} lines`);
  assert.ok(bytes <= 900 * 1024, `${bytes} bytes`);
  assert.ok(lines <= 8500, `${lines} lines`);
});

test("every function keeps the frame pointer, which the watchdog and back traces follow", () => {
  // Whoever writes RBP must take it from RSP or from the stack, except for the jump into a trap's handler and the first instructions of all.
  const text = execFileSync("objdump", ["-d", "--no-show-raw-insn", kernel], { encoding: "utf8", maxBuffer: 1 << 28 });
  const allowed = /wasmtime.*(raw5raise|handle_trap)|watchdog_stopped|long_start/;
  const wrong = [];
  let name = "";
  for (const line of text.split("\n")) {
    name = /^[0-9a-f]+ <(.*)>:$/.exec(line)?.[1] ?? name;
    const writes = /,%(rbp|ebp|bp|bpl)$/.test(line) && !/\t(cmp|test)[a-z]* |mov +%rsp,%rbp/.test(line);
    if (writes && !allowed.test(name)) wrong.push(`${name}: ${line}`);
  }
  assert.deepEqual(wrong, []);
});

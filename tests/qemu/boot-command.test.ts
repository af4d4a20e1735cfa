// `axiomfs boot` on the microkernel in QEMU: scripts, streams, a terminal, signals, traces, and exact bytes.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { axiomfs, output, program, start } from "../cli/program.ts";

const folder = mkdtempSync(join(tmpdir(), "axiomfs-boot-"));
after(() => rmSync(folder, { recursive: true }));
const image = join(folder, "disk.img");
before(() => {
  output("mkfs", image, "--size", "64M");
  axiomfs(["put", image, "/hello"], "hello\n");
});

test("--run prints what the commands print, the same as the hosted kernel, and ends with their status", () => {
  const commands = "ls -l /; stat /hello; hash -R /; snapshot list; mkdir /hello; cat hello none";
  const machine = axiomfs(["boot", image, "--run", commands]);
  const hosted = axiomfs(["boot", image, "--hosted", "--run", commands]);
  assert.equal(machine.stdout, hosted.stdout);
  assert.deepEqual([machine.status, machine.stderr], [1, ""]);
  assert.equal(axiomfs(["boot", image, "--run", "frob"]).status, 2);
  assert.equal(axiomfs(["boot", image, "--run", "ls"]).status, 0);
});

test("cat gives the bytes of a file, and put takes those of standard input", () => {
  const data = randomBytes(100_000);
  const path = join(folder, "bytes");
  writeFileSync(path, data);
  output("import", image, path, "/bytes");
  output("boot", image, "--run", "mv bytes same");
  assert.equal(axiomfs(["boot", image, "--run", "cat same"]).stdout, data.toString("utf8"));
  const text = "line\r\n".repeat(5000);
  assert.equal(axiomfs(["boot", image, "--run", "put text"], text).status, 0);
  assert.equal(output("cat", image, "/text"), text);
});

test("commands from standard input", () => {
  assert.deepEqual(axiomfs(["boot", image], "cat hello\nput new text\ncat none\ncat new"), { status: 1, stdout: "hello\ncat: none: no such file or directory\ntext\n", stderr: "" });
});

for (const [signal, status] of [["SIGTERM", 143], ["SIGINT", 130]] as const) for (const options of [[], ["--hosted"]]) {
  test(`${signal} powers off cleanly${options.map((option) => `, ${option}`).join()}: what was not synced is synced first`, async () => {
    const path = `/kept-${signal}${options.length}`;
    const machine = start(["boot", image, ...options]);
    machine.stdin!.write(`put ${path} content\ncat hello\n`);
    await new Promise((resolve) => machine.stdout!.once("data", resolve));
    const ended = new Promise((resolve) => machine.once("close", resolve));
    machine.kill(signal);
    assert.equal(await ended, status);
    assert.equal(output("cat", image, path), "content\n");
    assert.equal(axiomfs(["check", image]).status, 0);
  });
}

for (const options of [[], ["--hosted"]]) {
  test(`poweroff in the shell${options.map((option) => `, ${option}`).join()} syncs before the power goes`, () => {
    const trace = join(folder, "poweroff.trace");
    const { status } = axiomfs(["boot", image, ...options, "--trace", trace], "put /late words\npoweroff\nput /never x\n");
    assert.equal(status, 0);
    const lines = output("trace", "show", trace).split("\n");
    const last = (pattern: RegExp): number => lines.findLastIndex((line) => pattern.test(line));
    assert.ok(last(/shell ← filesystem {2}filesystem\.sync {2}Ok/) > last(/filesystem\.rename/), "the sync comes after the last change");
    assert.equal(output("cat", image, "/late"), "words\n");
    assert.equal(axiomfs(["cat", image, "/never"]).status, 1);
  });
}

test("--trace takes every message out of the machine, and leaves nothing behind", () => {
  const trace = join(folder, "trace");
  output("boot", image, "--run", "ls -R /; hash -R /", "--trace", trace);
  const text = output("trace", "show", trace);
  assert.match(text, /\(microkernel\)\n/);
  assert.doesNotMatch(text, /lost|breaks/);
  assert.match(text, /shell → filesystem {2}filesystem\.list/);
  assert.match(text, /shell ← filesystem {2}filesystem\.sync {2}Ok/);
  assert.deepEqual(readdirSync("/dev/shm").filter((name) => name.startsWith("axiomfs-")), []);
});

test("a QEMU that cannot start is a failure with its reason", () => {
  const { status, stdout, stderr } = axiomfs(["boot", image, "--run", "ls", "--qemu-arg", "-nonsense"]);
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(stderr, /^axiomfs boot: .*QEMU failed: .*nonsense: invalid option\n$/);
});

/** Types on a terminal of 80 columns, given by script(1), one step whenever the prompt has come. */
async function onTerminal(args: readonly string[], steps: readonly string[]): Promise<{ screen: string; status: number | null }> {
  const quoted = [process.execPath, program, ...args].map((word) => `'${word}'`).join(" ");
  const child = spawn("script", ["-qec", quoted, "/dev/null"], { stdio: ["pipe", "pipe", "pipe"] });
  let screen = "";
  let prompts = 0;
  child.stdout.on("data", (bytes: Buffer) => {
    screen += bytes.toString();
    const seen = screen.split("axiomfs> ").length - 1;
    if (seen > prompts && prompts < steps.length) child.stdin.write(steps[prompts]!);
    if (seen > prompts) prompts++;
  });
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { screen, status };
}

for (const [name, options] of [["in QEMU", []], ["hosted", ["--hosted"]]] as const) {
  test(`a person at a terminal, ${name}: editing, history, completion, power off`, async () => {
    const { screen, status } = await onTerminal(["boot", image, ...options], ["cat /hel\t\r", "frob\x03", "\x1b[A\r", "poweroff\r"]);
    assert.equal(status, 0, screen);
    assert.equal(screen.split("\r\nhello\r\n").length - 1, 2, JSON.stringify(screen));
    assert.ok(screen.includes("cat /hello "));
    assert.ok(screen.includes("frob^C"));
    assert.ok(!screen.includes("axiomfs;ready"));
  });
}

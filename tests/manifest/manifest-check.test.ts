// The manifest is checked when the system is built: each kind of mistake is made in one line of the project's own manifest, and must be refused with that line.
// The rules themselves, one by one, are in tests/conformance/manifest.test.ts.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { manifestProblem } from "../../build-tools/manifest-check.ts";
import { root } from "../modules/build.ts";
import { inFolder } from "../support/images.ts";

const original = readFileSync(join(root, "services/system.json"), "utf8");
const lines = original.split("\n");
const isBuilt = (module: string): boolean => existsSync(join(root, "services", module, "main.ts"));
/** Number of the first line, from that of `domain` on, that holds `text`. */
function lineWith(domain: string, text: string): number {
  const start = lines.findIndex((line) => line.includes(`{ "name": "${domain}", "module"`));
  const index = lines.findIndex((line, at) => at >= start && line.includes(text));
  assert.ok(start >= 0 && index >= 0, `${domain}: ${text}`);
  return index + 1;
}
/** The manifest with one line changed. */
function edited(line: number, from: string, to: string): string {
  assert.ok(lines[line - 1]!.includes(from), lines[line - 1]);
  return lines.map((text, index) => (index === line - 1 ? text.replace(from, to) : text)).join("\n");
}

const mistakes: ReadonlyArray<readonly [name: string, domain: string, from: string, to: string, expected: RegExp]> = [
  ["an unknown domain", "axiom", '"domain": "content-store"', '"domain": "contents"', /"axiom", capability "contentStore": unknown domain "contents"/],
  ["an unknown kind", "block", '"kind": "clock"', '"kind": "clocks"', /unknown kind "clocks"/],
  ["an unknown field of a capability", "block", '"kind": "clock"', '"kind": "clock", "bits": 1', /unknown field "bits"/],
  ["an unknown field of a domain", "filesystem", '"rank": 4', '"rank": 4, "nice": 4', /domains\[4\]: unknown field "nice"/],
  ["an unknown field of a policy", "shell", '"backoffMs"', '"pauseMs"', /unknown field "pauseMs"/],
  ["an unknown module", "shell", '"module": "shell"', '"module": "shall"', /domains\[7\] "shell": there is no services\/shall\/main\.ts/],
  ["an unknown kernel", "host", '"kernels": ["hosted"]', '"kernels": ["hasted"]', /unknown kernel "hasted"/],
  ["an upward call", "shell", '"domain": "snapshot-manager"', '"domain": "host"', /"shell", capability "snapshots": an upward call: "host" has rank 6, "shell" has rank 6/],
  ["a cycle, with its path", "content-store", '"domain": "block"', '"domain": "axiom"', /a cycle of calls: "content-store" → "axiom" → "content-store"/],
  ["a repeated domain", "axiom", '"name": "axiom"', '"name": "block"', /the name "block" is repeated/],
  ["a repeated capability", "host", '"name": "axiom"', '"name": "filesystem"', /"host", capability "filesystem": the name is repeated/],
  ["overcommitted memory", "filesystem", '"memoryPages": 2048', '"memoryPages": 20480', /"filesystem": memory is overcommitted: with 20480 pages here .* the limit is 7168/],
  ["a time limit out of range", "mailbox", '"timeLimitMs": 1000', '"timeLimitMs": 3600001', /timeLimitMs must be an integer from 0 to 3600000, not 3600001/],
  ["a time-out out of range", "virtio-blk", '"timeOutMs": 30000', '"timeOutMs": 600001', /"virtio-blk", capability "disk": timeOutMs must be an integer from 1 to 600000, not 600001/],
  ["a restart limit out of range", "mailbox", '"limit": 5', '"limit": 0', /limit must be an integer from 1 to 100, not 0/],
  ["a rank that is no number", "mailbox", '"rank": 0', '"rank": "0"', /rank must be an integer from 0 to 255/],
  ["a field that is missing", "filesystem", ', "bit": 0', "", /"timer": bit is missing/],
  ["restarting without a policy", "axiom", '"restart": { "limit": 5, "windowMs": 60000, "backoffMs": 100 }, ', "", /onPeerRestart is "restart", but the domain has no "restart"/],
  ["a field given twice", "shell", '"rank": 6', '"rank": 6, "rank": 5', /the field "rank" is given twice/],
  ["a comma too many", "shell", '"control" }', '"control" },', /not JSON: /],
  ["a comma too few", "shell", '"rank": 6,', '"rank": 6', /not JSON: comma expected/],
  ["a comment", "shell", '"rank": 6,', '"rank": 6, /* last */', /not JSON: invalid comment token/],
];

test("the project's manifest has no problem", () => assert.equal(manifestProblem(original, isBuilt), null));

for (const [name, domain, from, to, expected] of mistakes) {
  test(`refused with its line: ${name}`, () => {
    const line = lineWith(domain, from);
    const problem = manifestProblem(edited(line, from, to), isBuilt);
    assert.match(problem?.text ?? "no problem", expected);
    // A comma too many is seen where the next thing should be.
    assert.equal(problem!.line, name === "a comma too many" ? line + 1 : line);
  });
}

test("refused: nothing, half of it, and a list", () => {
  assert.deepEqual(manifestProblem("", isBuilt), { line: 1, text: "not JSON: value expected" });
  const half = original.slice(0, original.indexOf('"filesystem"'));
  assert.equal(manifestProblem(half, isBuilt)?.line, half.split("\n").length);
  assert.deepEqual(manifestProblem("\n[]", isBuilt), { line: 2, text: "manifest: must be an object" });
});

test("npm run build and its kernel step refuse, and say where", async () => inFolder((folder) => {
  cpSync(join(root, "build-tools"), join(folder, "build-tools"), { recursive: true });
  for (const part of ["host", "kernel", "kernel-bindings", "node_modules", "package.json", "asconfig.json"]) symlinkSync(join(root, part), join(folder, part));
  mkdirSync(join(folder, "services"));
  const line = lineWith("axiom", '"domain": "content-store"');
  writeFileSync(join(folder, "services/system.json"), edited(line, '"domain": "content-store"', '"domain": "filesystem"'));
  for (const what of ["all", "kernel"]) {
    const { status, stderr } = spawnSync(process.execPath, [join(folder, "build-tools/build.mjs"), what], { encoding: "utf8" });
    assert.equal(status, 1);
    assert.ok(stderr.includes(`build: services/system.json:${line}: domain "axiom", capability "contentStore": a cycle of calls: "axiom" → "filesystem" → "axiom"\n`), stderr);
    assert.equal(existsSync(join(folder, "build/kernel")), false);
    assert.equal(existsSync(join(folder, "build/modules")), false);
  }
}));

// Modules that would reach past what the manifest gives them are refused by both kernels before any of their code runs: by the hosted
// kernel when it boots, for the microkernel when the bundle is made.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bootHosted } from "../../host/kernel/system.ts";
import { root } from "../modules/build.ts";

const folder = mkdtempSync(join(tmpdir(), "axiomfs-modules-"));
after(() => rmSync(folder, { recursive: true }));

const manifest = { version: 1, domains: [{ name: "subject", module: "subject", rank: 0, memoryPages: 2, capabilities: [] }] };

/** A module of these sections: [id, contents]. */
const module = (...sections: Array<[number, number[]]>): Uint8Array =>
  new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flatMap(([id, contents]) => [id, contents.length, ...contents])]);
const type: [number, number[]] = [1, [1, 0x60, 0, 0]];
const functions: [number, number[]] = [3, [1, 0]];
const memory: [number, number[]] = [5, [1, 1, 2, 2]];
const code: [number, number[]] = [10, [1, 2, 0, 0x0b]];

/** Name, module, what both refusals say. */
const cases: Array<[string, Uint8Array, RegExp]> = [
  ["a start section", module(type, functions, memory, [8, [0]], code), /start section/],
  ["no memory", module(), /defines no memory/],
  ["memory that can grow", module([5, [1, 1, 2, 3]]), /memory .*2/],
  ["memory without a maximum", module([5, [1, 0, 2]]), /memory .*2/],
  ["less memory than the manifest says", module([5, [1, 1, 1, 1]]), /memory .*2/],
  ["more memory than the manifest says", module([5, [1, 1, 3, 3]]), /memory .*2/],
  ["shared memory", module([5, [1, 3, 2, 2]]), /memory .*2/],
  ["a table without a maximum", module([4, [1, 0x70, 0, 3]], memory), /one table/],
  ["a table that can grow", module([4, [1, 0x70, 1, 3, 4]], memory), /one table/],
  ["a table of 65,537 elements", module([4, [1, 0x70, 1, 0x81, 0x80, 4, 0x81, 0x80, 4]], memory), /one table/],
  ["two tables", module([4, [2, 0x70, 1, 1, 1, 0x70, 1, 1, 1]], memory), /one table/],
];

function refusedByHosted(bytes: Uint8Array): string {
  try {
    bootHosted({ manifest, modules: { subject: bytes }, log: () => {} }).close();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

function refusedByCompiler(bytes: Uint8Array): { status: number | null; text: string } {
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
  writeFileSync(join(folder, "subject.wasm"), bytes);
  const words = ["--manifest", join(folder, "manifest.json"), "--modules", folder, "--out", join(folder, "bundle.bin")];
  const { status, stderr } = spawnSync(join(root, "build/cargo/aot/release/axiom-aot"), words, { encoding: "utf8" });
  return { status, text: stderr };
}

for (const [name, bytes, expected] of cases) {
  test(`${name} is refused by both kernels`, () => {
    assert.match(refusedByHosted(bytes), expected);
    const { status, text } = refusedByCompiler(bytes);
    assert.match(text, expected);
    assert.equal(status, 1, "axiom-aot ends with 1");
  });
}

test("a module that wants to be told of the processor outside of its memory is refused", () => {
  const global = (...value: number[]): number[] => [0x7f, 0, 0x41, ...value, 0x0b];
  const named = (name: string, kind: number, index: number): number[] => [name.length, ...Buffer.from(name), kind, index];
  const exported = [...named("memory", 2, 0), ...named("messageIn", 3, 0), ...named("messageOut", 3, 1), ...named("processor", 3, 2), ...named("start", 0, 0), ...named("receive", 0, 0)];
  const at = (...address: number[]): Uint8Array => module(type, functions, memory, [6, [3, ...global(0x80, 8), ...global(0x80, 10), ...global(...address)]], [7, [6, ...exported]], code);
  assert.equal(refusedByHosted(at(0x80, 0x10)), "", "2048");
  assert.match(refusedByHosted(at(0x80, 0x80, 8)), /processor = 131072 is not an aligned buffer inside the memory/);
  assert.match(refusedByHosted(at(0x82, 0x10)), /processor = 2050 is not an aligned buffer inside the memory/);
});

test("the same module without the fault passes these rules: a table and the memory of the manifest", () => {
  const sound = module(type, functions, [4, [1, 0x70, 1, 3, 3]], memory, code);
  assert.match(refusedByHosted(sound), /exports no memory/, "what is missing next is an export");
  assert.deepEqual(refusedByCompiler(sound), { status: 0, text: "" }, "the compiler leaves exports to the loader");
});

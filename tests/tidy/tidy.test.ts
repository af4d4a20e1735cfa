// The house's rules as tests: generated files are fresh, imports go one way, files stay small and say what they own.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { stale } from "../../kernel-bindings/generator/main.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const tracked = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root, encoding: "utf8" }).split("\n").filter((path) => path && !path.includes("node_modules"));
const text = (path: string): string => { try { return readFileSync(join(root, path), "utf8"); } catch { return ""; } };
const isGenerated = (path: string): boolean => path.includes("/generated") || path.endsWith("generated.ts") || path.startsWith("docs/interfaces/");
const code = tracked.filter((path) => /\.(ts|mjs|rs)$/.test(path) && !isGenerated(path));

/** Room → rooms that it may import from; its own is always allowed. A service never imports another service. */
const arrows: Array<[RegExp, RegExp[]]> = [
  [/^kernel-bindings\/schema\//, []],
  [/^kernel-bindings\/generator\//, [/^kernel-bindings\/schema\//]],
  [/^kernel-bindings\/generated\/assembly\//, [/^kernel-bindings\/assembly\//]],
  [/^kernel-bindings\/generated\/host\//, [/^kernel-bindings\/host\//]],
  [/^kernel-bindings\/assembly\//, []],
  [/^kernel-bindings\/host\//, [/^kernel-bindings\/generated\/host\//]],
  [/^services\/base\//, [/^kernel-bindings\/(assembly|generated\/assembly)\//]],
  [/^services\/([a-z-]+)\//, [/^kernel-bindings\/(assembly|generated\/assembly)\//, /^services\/base\//]],
  [/^host\/(kernel|devices)\//, [/^host\/(kernel|devices)\//, /^kernel-bindings\/(host|generated\/host)\//]],
  [/^host\//, [/^host\//, /^kernel-bindings\/(host|generated\/host)\//]],
  [/^build-tools\//, [/^host\/kernel\/manifest\.ts$/]],
  [/^(tests|benchmarks)\//, [/^(tests|benchmarks|host)\//, /^kernel-bindings\//, /^services\/system\.json$/, /^build-tools\//]],
];
function roomOf(path: string): string {
  const parts = path.split("/");
  return (parts[0] === "services" && parts[1] === "base") || parts[0] === "kernel-bindings" ? parts.slice(0, parts[1] === "generated" ? 3 : 2).join("/") : parts.slice(0, 2).join("/");
}

test("generated files are what the schema says", () => assert.deepEqual(stale(), []));

test("imports go one way", () => {
  const wrong: string[] = [];
  for (const path of code.filter((path) => path.endsWith(".ts"))) {
    const rule = arrows.find(([room]) => room.test(path));
    if (!rule) continue;
    for (const match of text(path).matchAll(/^(?:import|export)\s[^;]*?from\s+"(\.[^"]+)"/gms)) {
      const target = normalize(join(dirname(path), match[1]!));
      if (path.startsWith("kernel-bindings/generator/") && !target.startsWith("kernel-bindings/")) continue; // text of a generated file
      if (roomOf(target) !== roomOf(path) && !rule[1].some((allowed) => allowed.test(target))) wrong.push(`${path} → ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("no file is longer than 500 lines", () => {
  assert.deepEqual(code.filter((path) => text(path).split("\n").length > 501).map((path) => `${path}: ${text(path).split("\n").length}`), []);
});

test("every file opens with a sentence that says what it owns", () => {
  assert.deepEqual(code.filter((path) => text(path) !== "" && !/^(#!.*\n)?(\/\/[/!]? |\/\*)/.test(text(path))), []);
});

test("files of TypeScript are kebab-case, of Rust snake_case", () => {
  const base = (path: string): string => path.split("/").at(-1)!;
  assert.deepEqual(code.filter((path) => !(path.endsWith(".rs") ? /^[a-z0-9_]+\.rs$/ : /^[a-z0-9.-]+\.(ts|mjs)$/).test(base(path))), []);
});

test("services have no top-level decorators", () => {
  assert.deepEqual(code.filter((path) => path.startsWith("services/") && /^@\w+/m.test(text(path))), []);
});

test("no path of a build machine stands in the project", () => {
  const words = [["/ro", "ot/"].join(""), ["/wo", "rk/"].join("")];
  assert.deepEqual(tracked.filter((path) => !path.endsWith("package-lock.json") && words.some((word) => text(path).includes(word))), []);
});

for (const project of ["tsconfig.json", "tsconfig.services.json"]) {
  test(`the type checker accepts ${project}`, () => {
    const { status, stdout } = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", project], { cwd: root, encoding: "utf8" });
    assert.equal(status, 0, stdout);
  });
}

// Refusals when a system is built: manifests (docs/abi.md §6) and modules (§1). Each names the entry that is wrong.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { main } from "assemblyscript/asc";
import { ManifestError, validateManifest } from "../../host/kernel/manifest.ts";
import { readManifest } from "../../host/kernel/node-files.ts";
import { bootHosted } from "../../host/kernel/system.ts";
import * as generated from "../../kernel-bindings/generated/host/capabilities.ts";
import { root } from "../modules/build.ts";

const small = () => ({
  version: 1,
  domains: [
    { name: "one", module: "one", rank: 1, memoryPages: 1, capabilities: [{ name: "disk", kind: "device", device: "virtio-blk", bit: 0 }] as object[] },
    { name: "two", module: "two", rank: 2, memoryPages: 1, capabilities: [{ name: "one", kind: "endpoint", domain: "one" }, { name: "self", kind: "endpoint", domain: "two", rights: 1023 }] as object[] },
  ] as Array<Record<string, unknown> & { capabilities: object[] }>,
});
type Small = ReturnType<typeof small>;

test("the system's own manifest is accepted, and so is the small one", () => {
  readManifest(join(root, "services/system.json"));
  validateManifest(small());
});

const policy = { limit: 3, windowMs: 60_000, backoffMs: 100 };

test("time limits, restart policies and the bound of memory are accepted", () => {
  const manifest = small();
  Object.assign(manifest, { memoryPages: 2 });
  Object.assign(manifest.domains[0]!, { timeLimitMs: 3_600_000, restart: { limit: 1, windowMs: 1, backoffMs: 0 }, onPeerRestart: "recover" });
  Object.assign(manifest.domains[1]!, { timeLimitMs: 0, restart: { limit: 100, windowMs: 3_600_000, backoffMs: 60_000 }, onPeerRestart: "restart" });
  validateManifest(manifest);
});

test("memory of domains that one kernel never runs together is not summed", () => {
  const manifest = small();
  Object.assign(manifest, { memoryPages: 3 });
  manifest.domains.push({ name: "three", module: "three", kernels: ["hosted"], rank: 3, memoryPages: 1, capabilities: [] }, { name: "four", module: "four", kernels: ["microkernel"], rank: 3, memoryPages: 1, capabilities: [] });
  validateManifest(manifest);
});

/** What is wrong, where (the path), and what is said. */
const refusedAt: Array<[string, (manifest: Small) => unknown, string, RegExp]> = [
  ["an unknown field of a policy", (m) => Object.assign(m.domains[1]!, { restart: { ...policy, times: 1 } }), "domains[1].restart.times", /unknown field "times"/],
  ["a policy that is no object", (m) => Object.assign(m.domains[1]!, { restart: true }), "domains[1].restart", /must be an object/],
  ["no limit", (m) => Object.assign(m.domains[1]!, { restart: { windowMs: 1, backoffMs: 1 } }), "domains[1].restart", /limit must be/],
  ["limit 0", (m) => Object.assign(m.domains[1]!, { restart: { ...policy, limit: 0 } }), "domains[1].restart.limit", /limit must be an integer from 1 to 100/],
  ["limit 101", (m) => Object.assign(m.domains[1]!, { restart: { ...policy, limit: 101 } }), "domains[1].restart.limit", /limit/],
  ["window 0", (m) => Object.assign(m.domains[1]!, { restart: { ...policy, windowMs: 0 } }), "domains[1].restart.windowMs", /windowMs/],
  ["a window too long", (m) => Object.assign(m.domains[1]!, { restart: { ...policy, windowMs: 3_600_001 } }), "domains[1].restart.windowMs", /windowMs/],
  ["a backoff too long", (m) => Object.assign(m.domains[1]!, { restart: { ...policy, backoffMs: 60_001 } }), "domains[1].restart.backoffMs", /backoffMs/],
  ["a negative time limit", (m) => Object.assign(m.domains[1]!, { timeLimitMs: -1 }), "domains[1].timeLimitMs", /timeLimitMs/],
  ["an unknown onPeerRestart", (m) => Object.assign(m.domains[1]!, { onPeerRestart: "panic" }), "domains[1].onPeerRestart", /"recover" or "restart"/],
  ["onPeerRestart without a policy", (m) => Object.assign(m.domains[1]!, { onPeerRestart: "restart" }), "domains[1].onPeerRestart", /no "restart"/],
  ["a policy for a client", (m) => Object.assign(m.domains[1]!, { module: null, restart: policy }), "domains[1].restart", /never ended/],
  ["overcommitted memory", (m) => Object.assign(m, { memoryPages: 1 }), "domains[1].memoryPages", /overcommitted.*needs 2, the limit is 1/],
  ["overcommitted memory without a bound", (m) => { m.domains[1]!.memoryPages = 7168; }, "domains[1].memoryPages", /needs 7169, the limit is 7168/],
  ["a bound of no memory", (m) => Object.assign(m, { memoryPages: 0 }), "memoryPages", /memoryPages must be/],
  ["a cycle", (m) => m.domains[0]!.capabilities.push({ name: "up", kind: "endpoint", domain: "two" }), "domains[0].capabilities[1].domain", /a cycle of calls: "one" → "two" → "one"/],
  ["an upward call without a way back", (m) => { m.domains[1]!.capabilities = []; m.domains[0]!.capabilities.push({ name: "up", kind: "endpoint", domain: "two" }); }, "domains[0].capabilities[1].domain", /an upward call: "two" has rank 2/],
  ["an unknown domain", (m) => m.domains[1]!.capabilities.push({ name: "x", kind: "endpoint", domain: "three" }), "domains[1].capabilities[2].domain", /unknown domain/],
  ["an endpoint to a domain that is not there", (m) => Object.assign(m.domains[0]!, { kernels: ["microkernel"] }), "domains[1].capabilities[0].domain", /the hosted kernel runs "two" and not "one"/],
  ["the same for the microkernel", (m) => Object.assign(m.domains[0]!, { kernels: ["hosted"] }), "domains[1].capabilities[0].domain", /the microkernel runs "two" and not "one"/],
  ["a repeated name", (m) => Object.assign(m.domains[1]!, { name: "one" }), "domains[1].name", /repeated/],
  ["an unknown field", (m) => Object.assign(m.domains[1]!.capabilities[0]!, { badges: 1 }), "domains[1].capabilities[0].badges", /unknown field/],
  ["an unknown kernel", (m) => Object.assign(m.domains[0]!, { kernels: ["hosted", "linux"] }), "domains[0].kernels[1]", /unknown kernel/],
  ["more handles than a table's part for the manifest", (m) => { for (let index = 0; index < 255; index++) m.domains[1]!.capabilities.push({ name: `c${index}`, kind: "clock" }); }, "domains[1].capabilities[256]", /at most 256 handles/],
];
for (const [name, spoil, path, message] of refusedAt) {
  test(`refused with its path: ${name}`, () => {
    const manifest = small();
    spoil(manifest);
    assert.throws(() => validateManifest(manifest), (error: unknown) => error instanceof ManifestError && error.path === path && message.test(error.message) || assert.fail(`${(error as ManifestError).path}: ${String(error)}`));
  });
}

const refusals: Array<[string, (manifest: Small) => unknown, RegExp]> = [
  ["another version", (m) => Object.assign(m, { version: 2 }), /version: must be 1/],
  ["no list", () => [], /must be an object/],
  ["no domains", (m) => Object.assign(m, { domains: [] }), /domains/],
  ["an unknown field", (m) => Object.assign(m, { extra: 1 }), /unknown field "extra"/],
  ["an unknown field of a domain", (m) => Object.assign(m.domains[1]!, { ranks: 1 }), /domains\[1\].*unknown field "ranks"/],
  ["a repeated domain", (m) => Object.assign(m.domains[1]!, { name: "one" }), /domains\[1\].*"one" is repeated/],
  ["a name too long for a trace", (m) => Object.assign(m.domains[0]!, { name: "x".repeat(25) }), /longer than 24 bytes/],
  ["a rank that is no number", (m) => Object.assign(m.domains[0]!, { rank: "0" }), /domains\[0\] "one".*rank/],
  ["no memory", (m) => Object.assign(m.domains[0]!, { memoryPages: 0 }), /memoryPages/],
  ["an unknown kernel", (m) => Object.assign(m.domains[0]!, { kernels: ["linux"] }), /unknown kernel "linux"/],
  ["a module that is no name", (m) => Object.assign(m.domains[0]!, { module: 5 }), /module/],
  ["a repeated capability", (m) => m.domains[1]!.capabilities.push({ name: "one", kind: "clock" }), /domain "two", capability "one": the name is repeated/],
  ["an unknown kind", (m) => m.domains[1]!.capabilities.push({ name: "x", kind: "file" }), /domain "two", capability "x": unknown kind "file"/],
  ["a kind that only the kernel makes", (m) => m.domains[1]!.capabilities.push({ name: "x", kind: "lease" }), /"lease" cannot be given/],
  ["an inherited name as kind", (m) => m.domains[1]!.capabilities.push({ name: "x", kind: "toString" }), /unknown kind/],
  ["an unknown domain", (m) => m.domains[1]!.capabilities.push({ name: "x", kind: "endpoint", domain: "three" }), /capability "x": unknown domain "three"/],
  ["an upward call", (m) => m.domains[0]!.capabilities.push({ name: "up", kind: "endpoint", domain: "two" }), /domain "one", capability "up": a cycle of calls/],
  ["a sideways call", (m) => { m.domains[1]!.rank = 1; }, /upward call/],
  ["a bit too high", (m) => m.domains[1]!.capabilities.push({ name: "t", kind: "timer", bit: 31 }), /bit must be an integer from 0 to 30/],
  ["bits too high", (m) => m.domains[0]!.capabilities.push({ name: "n", kind: "notification", domain: "two", bits: 2 ** 31 }), /bits/],
  ["no bits", (m) => m.domains[0]!.capabilities.push({ name: "n", kind: "notification", domain: "two", bits: 0 }), /bits/],
  ["a missing bit", (m) => m.domains[0]!.capabilities.push({ name: "t", kind: "timer" }), /bit is missing/],
  ["a missing domain", (m) => m.domains[1]!.capabilities.push({ name: "e", kind: "endpoint" }), /domain is missing/],
  ["a field of another kind", (m) => m.domains[1]!.capabilities.push({ name: "c", kind: "clock", bit: 1 }), /unknown field "bit"/],
  ["rights without meaning", (m) => m.domains[1]!.capabilities.push({ name: "e", kind: "endpoint", domain: "one", rights: 1024 }), /rights/],
  ["a badge too large", (m) => m.domains[1]!.capabilities.push({ name: "e", kind: "endpoint", domain: "one", badge: 2 ** 32 }), /badge/],
  ["an unknown device", (m) => m.domains[1]!.capabilities.push({ name: "d", kind: "device", device: "floppy", bit: 1 }), /unknown device "floppy"/],
  ["a device whose requests have no time", (m) => Object.assign(m.domains[0]!.capabilities[0]!, { timeOutMs: 0 }), /capability "disk": timeOutMs must be an integer from 1 to 600000, not 0/],
  ["a device whose requests have too long", (m) => Object.assign(m.domains[0]!.capabilities[0]!, { timeOutMs: 600_001 }), /capability "disk": timeOutMs/],
  ["a time-out of a timer", (m) => m.domains[1]!.capabilities.push({ name: "t", kind: "timer", bit: 1, timeOutMs: 1 }), /unknown field "timeOutMs"/],
  ["a device given twice", (m) => m.domains[1]!.capabilities.push({ name: "d", kind: "device", device: "virtio-blk", bit: 1 }), /belongs to "one" already/],
];
for (const [name, spoil, message] of refusals) {
  test(`refused: ${name}`, () => {
    const manifest = small();
    const spoiled = spoil(manifest);
    assert.throws(() => validateManifest(Array.isArray(spoiled) ? spoiled : manifest), message);
  });
}

test("upward notifications are allowed", () => {
  const manifest = small();
  manifest.domains[0]!.capabilities.push({ name: "n", kind: "notification", domain: "two", bits: 1 });
  validateManifest(manifest);
});

test("handles are the generated constants", () => {
  const manifest = readManifest(join(root, "services/system.json"));
  const replace = Object.fromEntries(manifest.domains.filter(({ module }) => module !== null).map(({ name }) => [name, { receive: () => 0 }]));
  const system = bootHosted({ manifest, modules: {}, replace });
  const pascal = (name: string): string => name.split("-").map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
  let compared = 0;
  for (const { name } of manifest.domains) {
    const constants = (generated as unknown as Record<string, Record<string, number>>)[`${pascal(name)}Capabilities`]!;
    for (const [capability, handle] of Object.entries(constants)) {
      if (capability.endsWith("Bit")) continue;
      const part = /^disk([A-Z].*)$/.exec(capability);
      const written = part === null ? capability : `disk.${part[1]!.toLowerCase()}`;
      assert.equal(system.context(name).handle(written), handle, `${name}.${capability}`);
      compared++;
    }
  }
  assert.ok(compared > 30);
});

async function compile(source: string, ...flags: string[]): Promise<Uint8Array> {
  let binary: Uint8Array = new Uint8Array();
  const { error, stderr } = await main(["input.ts", "-o", "output.wasm", "--runtime", "stub", "--use", "abort=", ...flags], {
    readFile: (name: string) => (name === "input.ts" ? source : null),
    writeFile: (name: string, contents: Uint8Array | string) => { if (name === "output.wasm") binary = contents as Uint8Array; },
    listFiles: () => [],
  });
  if (error) throw new Error(`${error.message} ${stderr.toString()}`);
  return binary;
}

const onePage = ["--initialMemory", "1", "--maximumMemory", "1"];
const body = `
export const messageIn: usize = memory.data(144, 16); export const messageOut: usize = memory.data(144, 16);
export function start(): u32 { return 0; } export function receive(badge: u32, rights: u32): u32 { return 0; }`;
const boot = (module: Uint8Array): void => {
  const manifest = small();
  manifest.domains[0]!.capabilities = [];
  bootHosted({ manifest, modules: { one: module }, only: ["one"] });
};

test("modules: accepted with what docs/abi.md §1 asks for", async () => boot(await compile(body, ...onePage)));

const badModules: Array<[string, string, string[], RegExp]> = [
  ["a memory that may grow", body, ["--initialMemory", "1", "--maximumMemory", "2"], /initial 1 and maximum 2 pages; the manifest wants both to be 1/],
  ["a memory without maximum", body, ["--initialMemory", "1"], /no maximum/],
  ["a memory of another size", body, ["--initialMemory", "2", "--maximumMemory", "2"], /manifest wants both to be 1/],
  ["an import that is no system call", `@external("kernel", "open") declare function open(a: u32): u32; export function other(): u32 { return open(1); } ${body}`, onePage, /imports kernel.open/],
  ["an inherited name as import", `@external("kernel", "toString") declare function open(a: u32): u32; export function other(): u32 { return open(1); } ${body}`, onePage, /imports kernel.toString/],
  ["an import from elsewhere", `@external("env", "call") declare function open(a: u32): u32; export function other(): u32 { return open(1); } ${body}`, onePage, /imports env.call/],
  ["no message buffers", "export function start(): u32 { return 0; } export function receive(a: u32, b: u32): u32 { return 0; }", onePage, /messageIn/],
  ["a buffer outside the memory", body.replace("messageIn: usize = memory.data(144, 16)", "messageIn: usize = 65520"), onePage, /messageIn = 65520/],
  ["a buffer that is not aligned", body.replace("messageIn: usize = memory.data(144, 16)", "messageIn: usize = 1032"), onePage, /messageIn = 1032/],
  ["overlapping buffers", body.replace("messageIn: usize = memory.data(144, 16)", "messageIn: usize = 4096").replace("messageOut: usize = memory.data(144, 16)", "messageOut: usize = 4224"), onePage, /overlap/],
  ["no receive", body.replace("export function receive", "function receive"), onePage, /exports no function receive/],
];
for (const [name, source, flags, message] of badModules) {
  test(`module refused: ${name}`, async () => {
    const module = await compile(source, ...flags);
    assert.throws(() => boot(module), message);
  });
}

test("top-level code runs once, before start", async () => {
  const module = await compile(`let order: u32 = 0; let seen: u32 = order + 1; order = seen * 10; export const messageIn: usize = memory.data(144, 16); export const messageOut: usize = memory.data(144, 16);
    export function start(): u32 { return order == 10 ? 0 : 14; } export function receive(a: u32, b: u32): u32 { return 0; }`, ...onePage, "--exportStart", "_start");
  boot(module);
});

test("nothing but node-files.ts and file-disk.ts needs Node", () => {
  for (const folder of ["host/kernel", "host/devices"]) {
    for (const file of new Set(readFolder(folder))) {
      if (file.endsWith("node-files.ts") || file.endsWith("file-disk.ts")) continue;
      assert.doesNotMatch(readFileSync(join(root, file), "utf8"), /from "node:|Buffer\.|process\.|require\(/, file);
    }
  }
});

function readFolder(folder: string): string[] {
  return readdirSync(join(root, folder)).filter((name) => name.endsWith(".ts")).map((name) => `${folder}/${name}`);
}

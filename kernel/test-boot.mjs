// Boots small systems in QEMU and checks what the kernel shows: `node kernel/test-boot.mjs`.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { boot, bundle, compiler, exitOf, folder, panicStatus, readRing, root } from "./boot-system.mjs";

test("calls, a lease, a trap that is contained, a wait, a timer, power off", async () => {
  for (const memoryMiB of [512, 1024, 3500]) {
    const { output, status } = await boot(bundle("boot"), { memoryMiB });
    assert.equal(output, "boot test: called\nboot test: trap contained\nboot test: timer\n", "and nothing else: the console is the client's");
    assert.equal(status, exitOf(42));
  }
});

test("boot arguments, and input that arrives while the machine sleeps", async () => {
  const { output, status } = await boot(bundle("boot"), { words: `run=${Buffer.from("type\n").toString("hex")}`, prompt: "type", input: "x" });
  assert.match(output, /boot test: timer\ntype\nboot test: input x$/);
  assert.equal(status, exitOf(43));
});

test("an idle machine does not burn the processor", async () => {
  let ticks = 0;
  // The client echoes a byte and switches off; until then it sleeps.
  const { status } = await boot(bundle("boot"), { words: "run=78", prompt: "timer", input: async ({ pid, stdin }) => {
    const used = () => { const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" "); return Number(fields[11]) + Number(fields[12]); };
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = used();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    ticks = used() - before;
    stdin.write("x");
  } });
  assert.equal(status, exitOf(43));
  assert.ok(ticks <= 20, `${ticks} ticks of 10 ms in 2 s`);
});

const alone = (module, capabilities = []) => bundle("boot", { version: 1, domains: [{ name: module, module, rank: 0, memoryPages: 1, capabilities }] });

test("a module that asks is told whether its vectors are emulated", async () => {
  const packed = alone("processor", [{ name: "console", kind: "console", bit: 0 }, { name: "power", kind: "power" }]);
  assert.deepEqual(await boot(packed), { output: "1", status: exitOf(0) });
  assert.deepEqual(await boot(packed, { extra: ["-cpu", "max,tcg-cpuid=off"] }), { output: "0", status: exitOf(0) });
  assert.deepEqual(await boot(packed, { extra: ["-cpu", "max,hypervisor=off"] }), { output: "0", status: exitOf(0) });
});

test("a module that wants to be told outside of its memory is refused", async () => {
  const { output, status } = await boot(alone("misplaced"));
  assert.match(output, /processor = 65536 is not an aligned buffer inside the memory/);
  assert.equal(status, exitOf(panicStatus));
});

test("a processor without what the modules were compiled for is refused by name", async () => {
  for (const [feature, said] of [["bmi1", "bmi1"], ["bmi2", "bmi2"], ["sse4.2", "sse42"], ["popcnt", "popcnt"]]) {
    const { output, status } = await boot(bundle("boot"), { extra: ["-cpu", `max,${feature}=off`] });
    assert.match(output, new RegExp(`^the system cannot be loaded: .*has_${said}`, "m"));
    assert.equal(status, exitOf(panicStatus));
  }
});

test("memory above 4 GiB is used, and linear memories lie there", async () => {
  const { output, status } = await boot(bundle("boot"), { memoryMiB: 6144, words: "debug" });
  assert.equal(status, exitOf(42), output);
  const freeKib = Number(/(\d+) KiB free, loaded/.exec(output)?.[1]);
  assert.ok(freeKib > 5.8 * 1024 * 1024, `${freeKib} KiB are free`); // runs are taken from the highest extent that fits
});

test("debug shows the fault on the serial line", async () => {
  const { output } = await boot(bundle("boot"), { words: "debug" });
  assert.match(output, /trapper: .*out of bounds/);
});

test("the trace ring outlives the machine", async () => {
  const file = join(folder, "memory");
  const [address, size, megabytes] = [0x8000000, 0x100000, 512];
  const shared = ["-object", `memory-backend-file,id=ram,size=${megabytes}M,mem-path=${file},share=on`, "-machine", "memory-backend=ram"];
  const { status } = await boot(bundle("boot"), { words: `trace=${address.toString(16)},${size}`, extra: shared });
  assert.equal(status, exitOf(42));
  const ring = readRing(readFileSync(file), address);
  assert.deepEqual([ring.magic, ring.kernel, ring.domains, ring.lost], ["AXTRACE1", 1, 4, 0]);
  ring.records.forEach((record, index) => assert.equal(record.sequence, index + 1));
  const calls = ring.records.filter(({ kind }) => kind === 1 || kind === 2).map(({ kind, caller, callee, status, argument }) => [kind, caller, callee, status, argument]);
  assert.deepEqual(calls, [[1, 2, 0, 0, 77], [2, 2, 0, 0, 18], [1, 2, 1, 0, 0], [2, 2, 1, 5, 0], [1, 2, 0, 0, 77], [2, 2, 0, 0, 0]]);
  assert.equal(ring.records.filter(({ kind }) => kind === 5).length, 1, "one trap");
  assert.equal(ring.records.filter(({ kind }) => kind === 6).length, 3, "three starts");
});

test("a trace ring outside of memory is refused, not written to", async () => {
  const { output, status } = await boot(bundle("boot"), { words: "trace=200000,100000" }); // where the kernel itself lies
  assert.match(output, /not in free memory/);
  assert.equal(status, exitOf(42));
});

test("what system calls cost, in instructions", async () => {
  // With this clock a nanosecond is an instruction: the figures are the same in every run. A call has its goals, without and
  // with the ring recording; the other limits are a tenth above the figures.
  const limits = { relax: 60, call: 400, "call+lease": 780, "lease_read 4 KiB": 1740, "lease_read 1 MiB": 182_000, "mint+drop": 680 };
  const recordedLimits = { call: 520, "call+lease": 940 };
  for (const [words, kind, expected] of [["", "", limits], ["trace=8000000,1048576", "recorded ", recordedLimits]]) {
    const { output, status } = await boot(bundle("cost"), { words, extra: ["-icount", "shift=0,sleep=off"] });
    assert.equal(status, exitOf(0), output);
    for (const [name, limit] of Object.entries(expected)) {
      const found = output.split("\n").find((line) => line.startsWith(name.padEnd(16)));
      assert.ok(found, name);
      const cost = Number(found.slice(16));
      console.log(`${kind}${name}: ${cost} instructions`);
      assert.ok(cost > 0 && cost <= limit, `${kind}${name}: ${cost} instructions, the limit is ${limit}`);
    }
  }
});

test("a manifest with more ranks than the kernel's stack has room for is refused", async () => {
  const domain = (rank) => ({ name: `rank ${rank}`, module: "server", rank, memoryPages: 1, capabilities: [] });
  for (const [count, reason] of [[13, null], [14, /the manifest has 14 ranks, and the kernel's stack has room for a chain of 13 calls/]]) {
    const { output, status } = await boot(bundle("boot", { version: 1, domains: Array.from({ length: count }, (_, rank) => domain(rank)) }), { timeoutMs: reason ? 60_000 : 1000 });
    if (reason) assert.match(output, reason);
    else assert.equal(output, "", "nobody switches the power off");
    assert.equal(status, reason ? exitOf(panicStatus) : null);
  }
});

test("a bundle that is cut short or of the wrong kind ends in a panic with its reason", async () => {
  const whole = readFileSync(bundle("boot"));
  const manifestAt = whole.readUInt32LE(16);
  const badManifest = Buffer.from(whole);
  badManifest[manifestAt] = 9;
  const badCode = Buffer.from(whole);
  badCode.fill(0, whole.readUInt32LE(32), whole.readUInt32LE(32) + 64);
  for (const [name, bytes, reason] of [["empty", Buffer.alloc(16), /not a bundle/], ["short", whole.subarray(0, 100), /cut short/], ["manifest", badManifest, /another version/], ["code", badCode, /module of server/]]) {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    const { output, status } = await boot(path);
    assert.match(output, reason);
    assert.equal(status, exitOf(panicStatus));
  }
});


test("the ahead-of-time compiler refuses bad systems with one line for each fault", () => {
  const source = JSON.parse(readFileSync(join(root, "kernel/machine/tests/boot/system.json"), "utf8"));
  const modules = dirname(bundle("boot"));
  /** Edits the manifest; the lines of standard error. */
  const refuse = (edit, text) => {
    const manifest = structuredClone(source);
    edit(manifest, manifest.domains[2]);
    const path = join(folder, "bad.json");
    writeFileSync(path, text ?? JSON.stringify(manifest));
    const out = join(folder, "bad.bundle");
    const { status, stderr } = spawnSync(compiler, ["--manifest", path, "--modules", modules, "--out", out], { encoding: "utf8" });
    assert.equal(status, 1);
    assert.ok(!existsSync(out), "nothing is written");
    return stderr.trimEnd().split("\n").map((line) => line.replace(/^axiom-aot: /, ""));
  };
  const client = "domain \"client\"";
  const cases = [
    [(manifest) => { manifest.version = 2; }, "manifest: version must be 1"],
    [(manifest) => { manifest.domains = []; }, "manifest: domains must be a list with at least one domain"],
    [(manifest) => { manifest.domains[3].name = "server"; }, "domain \"server\": the name is repeated"],
    [(_, domain) => { domain.name = "a name of more than 24 bytes"; }, "domain \"a name of more than 24 bytes\": a name has 1 to 24 bytes"],
    [(_, domain) => { domain.speed = 1; }, `${client}: unknown field "speed"`],
    [(_, domain) => { domain.memoryPages = 0; }, `${client}: memoryPages must be an integer from 1 to 32768`],
    [(_, domain) => { domain.rank = 256; }, `${client}: rank must be an integer from 0 to 255`],
    [(_, domain) => { domain.module = 7; }, `${client}: module must be a name or null`],
    [(_, domain) => { domain.module = "../client"; }, `${client}: "../client" is no name for a module`],
    [(_, domain) => { domain.kernels = ["mainframe"]; }, `${client}: kernels must list "microkernel", "hosted" or both`],
    [(_, domain) => { domain.capabilities[0].kind = "door"; }, `${client}, capability "server": unknown kind "door"`],
    [(_, domain) => { domain.capabilities[0].domain = "nobody"; }, `${client}, capability "server": unknown domain "nobody"`],
    [(_, domain) => { domain.rank = 0; domain.capabilities.splice(1, 1); }, `${client}, capability "server": an upward call: "server" has rank 0, its caller has rank 0`],
    [(_, domain) => { delete domain.capabilities[0].domain; }, `${client}, capability "server": domain is missing`],
    [(_, domain) => { domain.capabilities[0].rights = 1024; }, `${client}, capability "server": rights must be an integer from 0 to 1023`],
    [(_, domain) => { domain.capabilities[1].name = "server"; }, `${client}, capability "server": the name is missing or repeated`],
    [(_, domain) => { domain.capabilities[4].bit = 31; }, `${client}, capability "timer": bit must be an integer from 0 to 30`],
    [(_, domain) => { domain.capabilities[5].badge = 1; }, `${client}, capability "clock": unknown field "badge"`],
    [(_, domain) => { domain.capabilities.push({ name: "disk", kind: "device", device: "floppy", bit: 3 }); }, `${client}, capability "disk": unknown device "floppy"`],
    [(manifest) => { for (const { capabilities } of manifest.domains.slice(1, 3)) capabilities.push({ name: "disk", kind: "device", device: "virtio-blk", bit: 3 }); }, "a device belongs to two domains"],
    [(_, domain) => { domain.timeLimitMs = 3600001; }, `${client}: timeLimitMs must be an integer from 0 to 3600000`],
    [(_, domain) => { domain.restart = true; }, `${client}: restart must be an object`],
    [(_, domain) => { domain.restart = { limit: 0, windowMs: 1, backoffMs: 0 }; }, `${client}, restart: limit must be an integer from 1 to 100`],
    [(_, domain) => { domain.restart = { limit: 1, windowMs: 3600001, backoffMs: 0 }; }, `${client}, restart: windowMs must be an integer from 1 to 3600000`],
    [(_, domain) => { domain.restart = { limit: 1, windowMs: 1 }; }, `${client}, restart: backoffMs must be an integer from 0 to 60000`],
    [(_, domain) => { domain.restart = { limit: 1, windowMs: 1, backoffMs: 0, often: 1 }; }, `${client}, restart: unknown field "often"`],
    [(_, domain) => { domain.onPeerRestart = "ignore"; }, `${client}: onPeerRestart must be "recover" or "restart"`],
    [(_, domain) => { domain.onPeerRestart = "restart"; }, `${client}: onPeerRestart is "restart" and restart is missing`],
    [(manifest) => { manifest.memoryPages = 8; }, "manifest: memory is over-committed: 19 pages in all, the limit is 8"],
    [(manifest) => { manifest.domains[0].memoryPages = 7168; }, "manifest: memory is over-committed: 7186 pages in all, the limit is 7168"],
    [(manifest) => { manifest.domains[0].memoryPages = 2; }, "module server: memory must have initial = maximum = 2 pages, as the manifest says"],
  ];
  for (const [edit, line] of cases) assert.deepEqual(refuse(edit), [line]);
  assert.equal(refuse((_, domain) => { domain.speed = 1; domain.capabilities[0].domain = "nobody"; }).length, 2, "all faults in one run");
  assert.match(refuse((_, domain) => { domain.module = "missing"; })[0], /missing\.wasm: No such file/);
  assert.match(refuse(() => {}, "{")[0], /the manifest is not JSON/);
  writeFileSync(join(modules, "garbage.wasm"), "no module at all");
  assert.ok(refuse((_, domain) => { domain.module = "garbage"; }).every((line) => line.startsWith("module garbage: ")));
});

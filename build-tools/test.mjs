// `npm test`: sets up what the tests need, runs every stage, and ends with one plain line, `N passed, N failed`.
// `node build-tools/test.mjs unit tidy` runs only those stages. A stage that cannot run counts as a failure: nothing is skipped silently.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
process.chdir(root);
mkdirSync("build/test", { recursive: true });
const plain = (text) => text.replace(/\x1b\[[0-9;]*m/g, "");

/** Run a command, show its output as it comes, and return { status, output }. */
function run(command, args, environment = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, FORCE_COLOR: "0", ...environment } });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => { output += chunk; process.stdout.write(chunk); });
    child.on("error", (error) => resolve({ status: 127, output: output + error.message }));
    child.on("close", (status) => resolve({ status: status ?? 1, output: plain(output) }));
  });
}

const numberAfter = (text, pattern) => Number(pattern.exec(text)?.[1] ?? Number.NaN);
/** Totals of a stage; a runner that failed without saying how many counts as one failure. */
function totals(passed, failed, status) {
  if (!Number.isFinite(passed) || !Number.isFinite(failed)) return { passed: 0, failed: 1 };
  return { passed, failed: status !== 0 && failed === 0 ? 1 : failed };
}

/** node:test files below tests/ whose path matches, and `others`; two files at a time unless `serial`. */
async function nodeTests(name, match, serial = false, others = []) {
  const below = (folder) => readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? below(join(folder, entry.name)) : [join(folder, entry.name)]));
  const files = [...below("tests").filter((path) => path.endsWith(".test.ts") && match(path)).sort(), ...others];
  if (!files.length) return { passed: 0, failed: 1 };
  const tap = `build/test/${name}.tap`;
  const { status } = await run(process.execPath, ["--import", "tsx", "--test", `--test-concurrency=${serial ? 1 : 2}`, "--test-reporter=spec", "--test-reporter-destination=stdout", "--test-reporter=tap", `--test-reporter-destination=${tap}`, ...files]);
  const report = existsSync(tap) ? readFileSync(tap, "utf8") : "";
  const skipped = numberAfter(report, /^# skipped (\d+)/m) + numberAfter(report, /^# todo (\d+)/m);
  const result = totals(numberAfter(report, /^# pass (\d+)/m), numberAfter(report, /^# fail (\d+)/m) + numberAfter(report, /^# cancelled (\d+)/m), status);
  return { passed: result.passed, failed: result.failed + (skipped || 0) };
}

const isQemu = (path) => path.startsWith(join("tests", "qemu"));
const isTidy = (path) => path.startsWith(join("tests", "tidy"));
const stages = {
  tidy: async () => nodeTests("tidy", isTidy),
  unit: async () => {
    const { status, output } = await run("npx", ["asp"]);
    const passed = numberAfter(output, /\[Tests\]:\s*(\d+)\s*\//);
    const all = numberAfter(output, /\[Tests\]:\s*\d+\s*\/\s*(\d+)/);
    return totals(passed, all - passed, status);
  },
  kernel: async () => {
    const { status, output } = await run("cargo", ["nextest", "run", "--locked", "--manifest-path", "kernel/portable/Cargo.toml", "--no-fail-fast"], { CARGO_TARGET_DIR: join(root, "build/cargo/portable") });
    const passed = numberAfter(output, /(\d+) passed/);
    const failed = /(\d+) failed/.test(output) ? numberAfter(output, /(\d+) failed/) : 0;
    return totals(passed, failed, status);
  },
  hosted: async () => nodeTests("hosted", (path) => !isQemu(path) && !isTidy(path)),
  qemu: async () => nodeTests("qemu", isQemu, true, ["test-boot.mjs", "test-watchdog.mjs", "test-breaches.mjs"].map((name) => join("kernel", name))),
};

/** Dependencies, QEMU and everything built; the same steps as `npm start` takes. */
function setUp() {
  const setup = spawnSync(process.execPath, ["build-tools/setup.mjs"], { stdio: "inherit" });
  if (setup.status !== 0) {
    console.log("test: set-up failed\n0 passed, 1 failed");
    process.exit(1);
  }
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in stages));
if (unknown.length) {
  console.error(`test: no stage ${unknown.join(", ")}; stages: ${Object.keys(stages).join(" ")}`);
  process.exit(2);
}
setUp();
let passed = 0;
let failed = 0;
const rows = [];
for (const [name, stage] of Object.entries(stages)) {
  if (wanted.length && !wanted.includes(name)) continue;
  console.log(`\n==== ${name}`);
  const started = Date.now();
  const result = await stage();
  rows.push(`${name.padEnd(8)} ${String(result.passed).padStart(5)} passed ${String(result.failed).padStart(4)} failed ${((Date.now() - started) / 1000).toFixed(0).padStart(5)} s`);
  passed += result.passed;
  failed += result.failed;
}
console.log(`\n${rows.join("\n")}\n\n${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);

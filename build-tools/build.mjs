// Builds what changed: `node build-tools/build.mjs [modules|debug|host|kernel|all]`. A stamp in build/stamps holds the hash of each output's inputs,
// so that nothing is rebuilt whose inputs are the same. Uses only Node's own modules until a step needs a tool.
import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const at = (...parts) => join(root, ...parts);
const skipped = new Set(["node_modules", "target", "tests", "build"]);

/** Every file below a path, sorted; tests and build products left out. */
function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => !skipped.has(entry.name))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(path, entry.name)) : entry.isFile() ? [join(path, entry.name)] : []))
    .sort();
}

function hashOf(paths, extra = "") {
  const hash = createHash("sha256").update(extra);
  for (const path of paths.flatMap(filesBelow)) hash.update(path.slice(root.length)).update("\0").update(readFileSync(path)).update("\0");
  return hash.digest("hex");
}

/** Run `make` unless the stamp says that these inputs were built and the outputs are still there. */
async function step(name, inputs, outputs, extra, make) {
  const stamp = at("build/stamps", name.replaceAll("/", "-"));
  const wanted = hashOf(inputs, extra);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted && outputs.every((path) => existsSync(path))) return false;
  const started = Date.now();
  process.stderr.write(`build: ${name} …\n`);
  rmSync(stamp, { force: true });
  for (const output of outputs) mkdirSync(dirname(output), { recursive: true });
  await make();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
  process.stderr.write(`build: ${name} done in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  return true;
}

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"], cwd: root, ...options });
  if (result.error) throw new Error(`${command}: ${result.error.message}`);
  if (result.status !== 0) throw new Error(`${command} ${args.slice(0, 3).join(" ")} … ended with status ${result.status}`);
}

const manifest = () => JSON.parse(readFileSync(at("services/system.json"), "utf8"));
const moduleDomains = () => manifest().domains.filter((domain) => domain.module && existsSync(at("services", domain.module, "main.ts")));

/** Compile in a worker, so that both cores are used. */
const compileInWorker = (task) => new Promise((resolve, reject) => {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: task });
  worker.once("message", (failure) => (failure ? reject(new Error(failure)) : resolve()));
  worker.once("error", reject);
});

async function buildModules(target) {
  const folder = target === "debug" ? "build/modules/debug" : "build/modules";
  const waiting = moduleDomains();
  let built = false;
  const next = async () => {
    for (let domain = waiting.shift(); domain; domain = waiting.shift()) {
      const { module, memoryPages } = domain;
      const output = at(folder, `${module}.wasm`);
      const inputs = [at("services", module), at("services/base"), at("kernel-bindings/assembly"), at("kernel-bindings/generated/assembly"), at("asconfig.json")];
      built = (await step(`${target === "debug" ? "debug-" : ""}module ${module}`, inputs, [output], `${target} ${memoryPages}`, () => compileInWorker({ module, memoryPages, target, output }))) || built;
    }
  };
  await Promise.all([next(), next()]);
  return built;
}

async function compile({ module, memoryPages, target, output }) {
  const { main } = await import("assemblyscript/asc");
  const args = [`services/${module}/main.ts`, "--config", "asconfig.json", "--target", target, "--baseDir", root, "-o", output.slice(root.length + 1), "--initialMemory", String(memoryPages), "--maximumMemory", String(memoryPages)];
  const text = [];
  const sink = { write: (chunk) => (text.push(String(chunk)), true) };
  const { error } = await main(args, { stdout: sink, stderr: sink });
  return error ? `module ${module}: ${error.message}\n${text.join("")}` : null;
}

/**
 * The rules of the manifest are TypeScript (manifest-check.ts), bundled here as the host is. Nothing else is built from a manifest that is wrong.
 */
async function checkManifest() {
  const output = at("build/build-tools/manifest-check.mjs");
  await step("manifest check", [at("build-tools/manifest-check.ts"), at("host/kernel/manifest.ts"), at("host/kernel/abi.ts"), at("kernel-bindings/generated/host/tables.ts"), at("package.json")], [output], "", async () => {
    const { build } = await import("esbuild");
    await build({ entryPoints: [at("build-tools/manifest-check.ts")], outfile: output, bundle: true, platform: "node", target: "node20", format: "esm", mainFields: ["module", "main"], logLevel: "warning" });
  });
  const check = await import(pathToFileURL(output).href);
  check.checkManifest(root);
}

async function buildHost() {
  if (!existsSync(at("host/cli/main.ts"))) return false;
  return step("host", [at("host"), at("kernel-bindings/host"), at("kernel-bindings/generated/host"), at("package.json")], [at("build/host/axiomfs.mjs")], "", async () => {
    const { build } = await import("esbuild");
    await build({ entryPoints: [at("host/cli/main.ts")], outfile: at("build/host/axiomfs.mjs"), bundle: true, platform: "node", target: "node20", format: "esm", logLevel: "warning",
      banner: { js: "import { createRequire as axiomfsCreateRequire } from 'node:module'; const require = axiomfsCreateRequire(import.meta.url);" } });
  });
}

/** The kernel, its ahead-of-time compiler and the bundle of compiled modules. */
async function buildKernel() {
  const cargo = (crate, extra = []) => run("cargo", ["build", "--release", "--locked", "--manifest-path", at("kernel", crate, "Cargo.toml"), ...extra],
    { cwd: at("kernel", crate), env: { ...process.env, CARGO_TARGET_DIR: at("build/cargo", crate) } });
  await step("kernel", [at("kernel/portable"), at("kernel/machine")], [at("build/kernel/kernel.elf")], "", async () => {
    cargo("machine");
    const elf = at("build/cargo/machine/x86_64-unknown-linux-gnu/release/axiom-kernel");
    writeFileSync(at("build/kernel/kernel.elf"), readFileSync(elf));
  });
  await step("ahead-of-time compiler", [at("kernel/portable"), at("kernel/aot")], [at("build/cargo/aot/release/axiom-aot")], "", async () => cargo("aot"));
  return step("bundle", [at("services/system.json"), at("build/stamps/ahead-of-time compiler"), at("build/stamps/kernel")], [at("build/kernel/bundle.bin")],
    moduleDomains().map((domain) => hashOf([at("build/modules", `${domain.module}.wasm`)])).join(), async () => {
      run(at("build/cargo/aot/release/axiom-aot"), ["--manifest", at("services/system.json"), "--modules", at("build/modules"), "--kernel", at("build/kernel/kernel.elf"), "--out", at("build/kernel/bundle.bin")]);
    });
}

export async function build(what) {
  await checkManifest();
  if (what === "modules" || what === "all" || what === "kernel") await buildModules("release");
  if (what === "debug") await buildModules("debug");
  if (what === "host" || what === "all") await buildHost();
  if (what === "kernel" || what === "all") await buildKernel();
}

if (!isMainThread && workerData?.module) {
  parentPort.postMessage(await compile(workerData));
} else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const what = process.argv[2] ?? "all";
  if (!["modules", "debug", "host", "kernel", "all"].includes(what)) {
    console.error("usage: node build-tools/build.mjs [modules|debug|host|kernel|all]");
    process.exit(2);
  }
  try { await build(what); } catch (error) { console.error(`build: ${error.message}`); process.exit(1); }
}

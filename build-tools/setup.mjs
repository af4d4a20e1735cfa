// Sets up a machine that has only Node 20, Rust and apt: npm packages, QEMU, the modules, the host and the kernel. Shared by `npm start` and `npm test`.
// Only Node's own modules are used, since it runs before anything is installed. Every step says what it does; a step that is done already costs a look.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const say = (text) => process.stderr.write(`setup: ${text}\n`);
const finds = (command, args = ["--version"]) => spawnSync(command, args, { stdio: "ignore" }).status === 0;

function installPackages() {
  const lock = readFileSync(join(root, "package-lock.json"), "utf8");
  const stamp = join(root, "node_modules/.axiomfs-lock");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  say("installing npm packages (about 20 s) …");
  // Under `npm start` the path begins with node_modules/.bin, where as-pect's old npm lies: it cannot read our lock file, and would leave node_modules empty.
  const [command, ...first] = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ["npm"];
  const result = spawnSync(command, [...first, "ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  if (result.status !== 0) throw new Error("npm ci failed; check the network and run it again");
  writeFileSync(stamp, lock);
}

/** True when QEMU is there, or could be installed. */
function installQemu() {
  if (finds("qemu-system-x86_64")) return true;
  const command = "apt-get update && apt-get install -y --no-install-recommends qemu-system-x86";
  if (process.getuid?.() !== 0 || !finds("apt-get")) {
    say(`QEMU is missing. Install it with: sudo sh -c '${command}'`);
    return false;
  }
  say("installing QEMU with apt (about a minute) …");
  const result = spawnSync("sh", ["-c", `${command} >/dev/null`], { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  return result.status === 0 && finds("qemu-system-x86_64");
}

/** Do everything; the result says whether the system can boot in QEMU, and if not, why. */
export async function setUp() {
  if (Number(process.versions.node.split(".")[0]) < 20) throw new Error(`Node 20 or newer is needed; this is ${process.version}`);
  mkdirSync(join(root, "build"), { recursive: true });
  installPackages();
  const { build } = await import("./build.mjs");
  await build("modules");
  await build("host");
  if (!finds("cargo")) return { canBoot: false, reason: "Rust is missing (cargo was not found): install it from rustup.rs to build the kernel" };
  const hasQemu = installQemu();
  await build("kernel");
  return hasQemu ? { canBoot: true, reason: "" } : { canBoot: false, reason: "QEMU is missing" };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { canBoot, reason } = await setUp();
    if (!canBoot) throw new Error(reason);
  } catch (error) {
    say(error.message);
    process.exit(1);
  }
}

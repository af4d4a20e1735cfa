// `npm start`: everything from a fresh checkout to the shell's prompt. Sets up what is missing (setup.mjs), makes a disk image with a sample tree if there
// is none, and boots it: in QEMU, or where QEMU or Rust cannot be had, on the hosted kernel. Words after `--` go to `axiomfs boot`.
// Uses only Node's own modules. Stays true: an image that exists is never made again, and one that was not finished never stays.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setUp } from "./setup.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const program = join(root, "bin/axiomfs.mjs");
const image = join(root, "axiomfs.img");
const sample = join(root, "qemu-images/sample");
const imageSize = "1G";
const say = (text) => process.stderr.write(`start: ${text}\n`);

function axiomfs(...args) {
  const result = spawnSync(process.execPath, [program, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  if (result.status !== 0) throw new Error(`axiomfs ${args[0]} failed; its message is above`);
}

/** Under another name first, so that an interrupted start leaves no half image behind. */
function makeImage() {
  if (existsSync(image)) return;
  say(`making ${image} (${imageSize}, takes space only as it is filled) with a sample tree …`);
  const unfinished = `${image}.unfinished`;
  rmSync(unfinished, { force: true });
  try {
    axiomfs("mkfs", unfinished, "--size", imageSize);
    axiomfs("import", unfinished, sample);
    axiomfs("snapshot", "create", unfinished, "sample");
    renameSync(unfinished, image);
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/** The shell, with this terminal as its own; resolves to its exit status. */
function boot(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, "boot", image, ...args], { stdio: "inherit" });
    // ^C in a cooked terminal reaches both; boot decides what it means.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => { if (signal !== "SIGINT") child.kill(signal); });
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

try {
  const { canBoot, reason } = await setUp();
  makeImage();
  const args = process.argv.slice(2);
  if (!canBoot && !args.includes("--hosted")) {
    say(`${reason}; so the same shell runs on the hosted kernel, in this process`);
    args.push("--hosted");
  }
  say(`booting ${image} ${args.includes("--hosted") ? "on the hosted kernel" : "in QEMU"} …`);
  process.exitCode = await boot(args);
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}

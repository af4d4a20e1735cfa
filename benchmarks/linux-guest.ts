// A Linux guest for comparison: Debian's kernel for virtual machines, taken out of its package as apt gives it, and an initramfs with one static program
// (linux-guest/init.c). Made once, below build/linux-guest. Stays true: it boots in the same QEMU machine as our kernel, minus the disk, which it does not use.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../tests/modules/build.ts";

const folder = join(root, "build/linux-guest");
const source = join(root, "benchmarks/linux-guest/init.c");
const metaPackage = "linux-image-cloud-amd64";
/** Without mitigations, which only make Linux slower: they do nothing under emulation but cost. */
const kernelWords = "console=ttyS0 quiet mitigations=off panic=-1";

export interface LinuxFigures { bootMs: number; roundTripNanoseconds: number; version: string }

function run(command: string, args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28 });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** The kernel's path; fetched with apt when it is not there. */
function linuxKernel(): string {
  const boot = join(folder, "boot");
  const find = (): string | undefined => (existsSync(boot) ? readdirSync(boot).find((name) => name.startsWith("vmlinuz-")) : undefined);
  if (find() === undefined) {
    mkdirSync(folder, { recursive: true });
    const name = /Depends: (linux-image-\S+)/.exec(run("apt-cache", ["depends", metaPackage]))?.[1];
    if (name === undefined) throw new Error(`apt knows no ${metaPackage}; run: apt-get update`);
    run("apt-get", ["download", name]);
    const packed = readdirSync(folder).find((file) => file.startsWith(`${name}_`) && file.endsWith(".deb"))!;
    run("sh", ["-c", 'dpkg-deb --fsys-tarfile "$0" | tar -xf - ./boot', packed]);
    rmSync(join(folder, packed));
  }
  const found = find();
  if (found === undefined) throw new Error("the package holds no kernel");
  return join(boot, found);
}

/** One entry of a cpio archive, "new" format (cpio(5)): a header of hexadecimal numbers, the name, the bytes, each padded to 4. */
function cpioEntry(name: string, mode: number, bytes: Uint8Array, device: readonly [number, number] = [0, 0]): Buffer {
  const nameBytes = Buffer.from(`${name}\0`);
  const numbers = [0, mode, 0, 0, 1, 0, bytes.length, 0, 0, device[0], device[1], nameBytes.length, 0];
  const head = Buffer.concat([Buffer.from(`070701${numbers.map((number) => number.toString(16).padStart(8, "0")).join("")}`), nameBytes]);
  const padded = (part: Uint8Array): Buffer => Buffer.concat([part, Buffer.alloc(-part.length & 3)]);
  return Buffer.concat([padded(head), padded(bytes)]);
}

function initramfs(): string {
  const program = join(folder, "init"), archive = join(folder, "initramfs.cpio");
  if (existsSync(archive) && statSync(archive).mtimeMs > statSync(source).mtimeMs) return archive;
  run("gcc", ["-static", "-O2", "-Wall", "-Werror", "-o", program, source]);
  const none = new Uint8Array(0);
  writeFileSync(archive, Buffer.concat([
    cpioEntry("dev", 0o40755, none), cpioEntry("dev/console", 0o20600, none, [5, 1]), cpioEntry("init", 0o100755, readFileSync(program)), cpioEntry("TRAILER!!!", 0, none),
  ]));
  return archive;
}

/** Boots the guest once. */
export async function runLinuxGuest(timeoutMs = 120_000): Promise<LinuxFigures> {
  const kernel = linuxKernel();
  const args = ["-machine", "q35", "-cpu", "max", "-m", "1024", "-kernel", kernel, "-initrd", initramfs(), "-append", kernelWords,
    "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot"];
  const began = performance.now();
  let bootMs = 0, output = "";
  const child = spawn("qemu-system-x86_64", args, { stdio: ["ignore", "pipe", "inherit"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  child.stdout.on("data", (bytes: Buffer) => {
    output += bytes.toString();
    if (bootMs === 0 && output.includes("linux: up")) bootMs = performance.now() - began;
  });
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  const found = /linux: pipe round trip (\d+) ns/.exec(output);
  if (found === null) throw new Error(`the Linux guest ended with:\n${output.slice(-2000)}`);
  return { bootMs, roundTripNanoseconds: Number(found[1]), version: kernel.replace(/.*vmlinuz-/, "") };
}

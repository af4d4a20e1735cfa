// Linux guests for comparison: Debian's kernel for virtual machines, taken out of its package as apt gives it, and an initramfs whose process 1 is a static
// program of linux-guest/. Made once, below build/linux-guest. Stays true: they boot in the same QEMU machine as our kernel; one without a disk measures its
// processes (below), one with a disk runs fio (linux-fio.ts).
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../tests/modules/build.ts";

export const folder = join(root, "build/linux-guest");
export const sources = join(root, "benchmarks/linux-guest");
const metaPackage = "linux-image-cloud-amd64";
/** Without mitigations, which only make Linux slower: they do nothing under emulation but cost. */
export const kernelWords = "console=ttyS0 quiet mitigations=off panic=-1";

export interface LinuxFigures { bootMs: number; roundTripNanoseconds: number; version: string }

/** Runs a program in `folder`; what it printed. */
export function run(command: string, args: string[]): string {
  mkdirSync(folder, { recursive: true });
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28 });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** The kernel's path, and the folder of the modules of virtio; fetched with apt when they are not there. */
export function linuxKernel(): { kernel: string; modules: string } {
  const boot = join(folder, "boot"), modules = join(folder, "modules");
  const find = (): string | undefined => (existsSync(boot) && existsSync(modules) ? readdirSync(boot).find((name) => name.startsWith("vmlinuz-")) : undefined);
  if (find() === undefined) {
    const name = /Depends: (linux-image-\S+)/.exec(run("apt-cache", ["depends", metaPackage]))?.[1];
    if (name === undefined) throw new Error(`apt knows no ${metaPackage}; run: apt-get update`);
    run("apt-get", ["download", name]);
    const packed = readdirSync(folder).find((file) => file.startsWith(`${name}_`) && file.endsWith(".deb"))!;
    mkdirSync(modules, { recursive: true });
    run("sh", ["-c", 'dpkg-deb --fsys-tarfile "$0" | tar -xf - ./boot && dpkg-deb --fsys-tarfile "$0" | tar -xf - -C modules --wildcards --transform "s:.*/::" "*/virtio*.ko"', packed]);
    rmSync(join(folder, packed));
  }
  const found = find();
  if (found === undefined) throw new Error("the package holds no kernel");
  return { kernel: join(boot, found), modules };
}

/** Compiles a program of `sources` to run on its own; its path. */
export function staticProgram(name: string): string {
  const program = join(folder, name);
  run("gcc", ["-static", "-O2", "-Wall", "-Werror", "-o", program, join(sources, `${name}.c`)]);
  return program;
}

/** One entry of a cpio archive, "new" format (cpio(5)): a header of hexadecimal numbers, the name, the bytes, each padded to 4. */
export function cpioEntry(name: string, mode: number, bytes: Uint8Array, device: readonly [number, number] = [0, 0]): Buffer {
  const nameBytes = Buffer.from(`${name}\0`);
  const numbers = [0, mode, 0, 0, 1, 0, bytes.length, 0, 0, device[0], device[1], nameBytes.length, 0];
  const head = Buffer.concat([Buffer.from(`070701${numbers.map((number) => number.toString(16).padStart(8, "0")).join("")}`), nameBytes]);
  const padded = (part: Uint8Array): Buffer => Buffer.concat([part, Buffer.alloc(-part.length & 3)]);
  return Buffer.concat([padded(head), padded(bytes)]);
}

/** An initramfs with process 1, a console, and further entries. */
export function archiveOf(init: string, entries: Buffer[] = []): Buffer {
  const none = new Uint8Array(0);
  return Buffer.concat([
    cpioEntry("dev", 0o40755, none), cpioEntry("dev/console", 0o20600, none, [5, 1]), cpioEntry("init", 0o100755, readFileSync(init)), ...entries, cpioEntry("TRAILER!!!", 0, none),
  ]);
}

/** Is `made` younger than every one of these? */
export const isFresh = (made: string, inputs: string[]): boolean => existsSync(made) && inputs.every((input) => statSync(made).mtimeMs > statSync(input).mtimeMs);

/** Runs QEMU with these arguments until the machine switches off; what its console showed, and when `mark` came. */
export async function runQemu(args: readonly string[], mark = "", timeoutMs = 120_000): Promise<{ output: string; markMs: number }> {
  const began = performance.now();
  let markMs = 0, output = "";
  const child = spawn("qemu-system-x86_64", args, { stdio: ["ignore", "pipe", "inherit"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  child.stdout.on("data", (bytes: Buffer) => {
    output += bytes.toString().replaceAll("\r", "");
    if (markMs === 0 && output.includes(mark)) markMs = performance.now() - began;
  });
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  return { output, markMs };
}

/** Boots the guest that lets two processes pass a byte to and fro. */
export async function runLinuxGuest(): Promise<LinuxFigures> {
  const archive = join(folder, "initramfs.cpio");
  if (!isFresh(archive, [join(sources, "init.c")])) writeFileSync(archive, archiveOf(staticProgram("init")));
  const { output, markMs } = await runQemu(["-machine", "q35", "-cpu", "max", "-m", "1024", "-kernel", linuxKernel().kernel, "-initrd", archive, "-append", kernelWords,
    "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot"], "linux: up");
  const found = /linux: pipe round trip (\d+) ns/.exec(output);
  if (found === null) throw new Error(`the Linux guest ended with:\n${output.slice(-2000)}`);
  return { bootMs: markMs, roundTripNanoseconds: Number(found[1]), version: linuxVersion() };
}

export const linuxVersion = (): string => linuxKernel().kernel.replace(/.*vmlinuz-/, "");

// fio on /dev/vda of a Linux guest, in the same QEMU with the same disk as our kernel. fio and its libraries come from apt and are packed, with the modules of
// virtio and the static program linux-guest/fio-init.c, into an initramfs below build/linux-guest, once for each list of jobs.
// Stays true: direct I/O through io_uring with registered buffers and file, which costs the guest least; the clock is read as seldom as fio allows.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { archiveOf, cpioEntry, folder, isFresh, kernelWords, linuxKernel, run, runQemu, sources, staticProgram } from "./linux-guest.ts";

/** In the order in which they can be loaded. */
const modules = ["virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk"];

/** A row: its name, and what fio has to do. `durable`: every write is followed by a flush. */
export interface Job { name: string; pattern: "randread" | "randwrite" | "read" | "write"; bytes: number; depth: number; durable?: boolean }

const engine = ["ioengine=io_uring", "registerfiles=1", "fixedbufs=1"];

/** On the disk itself; or, as a program would, through the page cache to a file of an ext4 on it, which is laid out before. */
export type Place = "disk" | "ext4";
const places: Record<Place, string[]> = { disk: ["filename=/dev/vda", "direct=1", ...engine], ext4: ["filename=/mnt/file", "size=64M", "ioengine=psync"] };

function jobFile(jobs: readonly Job[], milliseconds: number, place: Place): string {
  const common = ["[global]", ...places[place], "thread=1", "time_based=1", `runtime=${milliseconds}ms`, "gtod_reduce=1", "norandommap=1", "randrepeat=0", "disk_util=0"];
  const job = ({ name, pattern, bytes, depth, durable }: Job): string =>
    [`[${name}]`, "stonewall", `rw=${pattern}`, `bs=${bytes}`, `iodepth=${depth}`, ...(durable ? [place === "disk" ? "fdatasync=1" : "fsync=1"] : [])].join("\n");
  return `${common.join("\n")}\n${jobs.map(job).join("\n")}\n`;
}

/** fio and every library that it needs, as entries of the archive. */
function fioEntries(): Buffer[] {
  const place = join(folder, "fio");
  rmSync(place, { recursive: true, force: true });
  mkdirSync(join(place, "root"), { recursive: true });
  const depends = run("apt-cache", ["depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances", "--no-pre-depends", "fio"]);
  const packages = new Set(depends.split("\n").filter((line) => /^(lib|zlib)/.test(line)));
  execFileSync("apt-get", ["download", "fio", ...packages], { cwd: place, stdio: ["ignore", "ignore", "ignore"] });
  execFileSync("sh", ["-c", "for packed in *.deb; do dpkg-deb --fsys-tarfile $packed | tar -x -C root; done"], { cwd: place });
  const root = join(place, "root"), loader = join(root, "lib64/ld-linux-x86-64.so.2"), program = join(root, "usr/bin/fio");
  const libraries = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/ceph"].map((path) => join(root, path)).join(":");
  const needed = execFileSync(loader, ["--library-path", libraries, "--list", program], { encoding: "utf8" });
  const files = [...needed.matchAll(/^\s*(\S+) => (\/\S+)/gm)].map(([, name, path]): [string, string] => [`lib/${name}`, path!]);
  const none = new Uint8Array(0);
  const entries = [cpioEntry("lib", 0o40755, none), cpioEntry("lib64", 0o40755, none), cpioEntry("lib64/ld-linux-x86-64.so.2", 0o100755, readFileSync(loader)), cpioEntry("fio", 0o100755, readFileSync(program)),
    ...files.filter(([name]) => !name.includes("ld-linux")).map(([name, path]) => cpioEntry(name, 0o100644, readFileSync(path)))];
  rmSync(place, { recursive: true });
  return entries;
}

function initramfs(jobs: string, place: Place): string {
  const archive = join(folder, "initramfs-fio.cpio"), kept = join(folder, "fio.jobs"), library = join(folder, "fio.cpio");
  const { modules: moduleFolder } = linuxKernel();
  if (!isFresh(library, [])) writeFileSync(library, Buffer.concat(fioEntries()));
  if (isFresh(archive, [library, join(sources, "fio-init.c")]) && isFresh(kept, []) && readFileSync(kept, "utf8") === jobs) return archive;
  const entries = modules.map((name, order) => cpioEntry(`modules/${order}-${name}.ko`, 0o100644, readFileSync(join(moduleFolder, `${name}.ko`))));
  writeFileSync(archive, archiveOf(staticProgram("fio-init"), [readFileSync(library), cpioEntry("modules", 0o40755, new Uint8Array(0)), ...(place === "ext4" ? [cpioEntry("mnt", 0o40755, new Uint8Array(0))] : []), ...entries, cpioEntry("jobs", 0o100644, Buffer.from(jobs))]));
  writeFileSync(kept, jobs);
  return archive;
}

/** Requests a second of each job, in one boot; `machine` makes QEMU's arguments of a kernel, an initramfs and the kernel's words. */
export async function runFio(jobs: readonly Job[], milliseconds: number, machine: (kernel: string, initramfs: string, words: string) => string[], place: Place = "disk"): Promise<Map<string, number>> {
  const { output } = await runQemu(machine(linuxKernel().kernel, initramfs(jobFile(jobs, milliseconds, place), place), kernelWords));
  const rates = new Map<string, number>();
  // fio(1), terse version 3: 3 the job's name, 5 its error, 8 reads a second, 49 writes a second (fields count from 1).
  for (const fields of output.split("\n").filter((line) => line.startsWith("3;fio-")).map((line) => line.split(";"))) {
    if (fields[4] !== "0") throw new Error(`fio: ${fields[2]} failed:\n${output.slice(-2000)}`);
    rates.set(fields[2]!, Math.max(Number(fields[7]), Number(fields[48])));
  }
  for (const { name } of jobs) if (!rates.get(name)) throw new Error(`fio did not do ${name}:\n${output.slice(-2000)}`);
  return rates;
}

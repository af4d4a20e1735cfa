// A QEMU machine under test: boots a bundle on an image, talks to its serial console, and can record the disk's writes or lose its power.
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../modules/build.ts";
import { logSectorBytes } from "./write-log.ts";

export type MachineKind = "q35" | "microvm";

/** The disk as each machine attaches it. QEMU 7.2 offers virtio-mmio as a legacy device unless it is told not to. */
const diskArguments: Record<MachineKind, (properties: string) => string[]> = {
  q35: (properties) => ["-device", `virtio-blk-pci,drive=disk,disable-legacy=on${properties}`],
  microvm: (properties) => ["-global", "virtio-mmio.force-legacy=false", "-device", `virtio-blk-device,drive=disk${properties}`],
};

/** VT-d, and what the disk must be told to go through it. */
const confinement = ["-device", "intel-iommu,intremap=off,aw-bits=39"], confined = ",iommu_platform=on";

/** An error that QEMU's blkdebug injects: at a sector, or at every one; once, or always. */
export interface InjectedError { iotype: "read" | "write" | "write-zeroes" | "discard" | "flush"; sector?: number; once: boolean }

export interface MachineOptions {
  image: string;
  /** q35 has the disk on PCI, microvm on virtio-mmio. q35 unless given. */
  machine?: MachineKind;
  /** VT-d before the disk of q35. */
  hasIommu?: boolean;
  /** A bundle other than the shipped one. */
  bundle?: string;
  /** Given to the shell (or the test module in its place) by console_arguments. */
  run?: string;
  /** The disk does no more requests than this in a second. */
  requestsPerSecond?: number;
  /** Log every write and flush of the disk to this file (blklogwrites). */
  writeLog?: string;
  /** Further properties of the disk's device: `num-queues=4,queue-size=16`. */
  device?: string;
  /** Further properties of the block nodes below it: `read-only=on`, `discard=unmap`. */
  drive?: string;
  errors?: readonly InjectedError[];
  /** Further words for the kernel's command line. */
  words?: string[];
  memoryMiB?: number;
  extra?: string[];
}

export class Machine {
  /** What the console showed. */
  output = "";
  /** What QEMU itself said. */
  complaints = "";
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly ended: Promise<number>;
  private listeners: Array<() => void> = [];

  constructor(options: MachineOptions) {
    const machine = options.machine ?? "q35";
    const words = [...(options.words ?? [])];
    if (options.run !== undefined) words.push(`run=${Buffer.from(options.run).toString("hex")}`);
    const nodes = options.drive ? `,${options.drive}` : "", below = options.errors ? "faulty" : "image", limit = options.requestsPerSecond;
    const disk = ["-blockdev", `node-name=image,driver=file,filename=${options.image},cache.direct=off${nodes}`];
    if (options.errors) disk.push("-blockdev", JSON.stringify({ "node-name": "faulty", driver: "blkdebug", image: "image", "inject-error": options.errors.map((error) => ({ event: "none", errno: 5, ...error })) }));
    if (limit !== undefined) disk.push("-object", `throttle-group,id=limit,x-iops-total=${limit}`, "-blockdev", `node-name=disk,driver=throttle,throttle-group=limit,file=${below}`);
    else if (options.writeLog) disk.push("-blockdev", `node-name=log,driver=file,filename=${options.writeLog}`, "-blockdev", `node-name=disk,driver=blklogwrites,file=${below},log=log,log-sector-size=${logSectorBytes}`);
    else disk.push("-blockdev", `node-name=disk,driver=raw,file=${below}${nodes}`);
    if (options.hasIommu) disk.push(...confinement);
    const properties = `${options.hasIommu ? confined : ""}${options.device ? `,${options.device}` : ""}`;
    this.child = spawn("qemu-system-x86_64", ["-machine", machine, "-cpu", "max", "-m", String(options.memoryMiB ?? 1024), "-kernel", join(root, "build/kernel/kernel.elf"), "-initrd", options.bundle ?? join(root, "build/kernel/bundle.bin"),
      "-append", words.join(" "), ...disk, ...diskArguments[machine](properties), "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot",
      "-device", "isa-debug-exit,iobase=0xf4,iosize=4", ...(options.extra ?? [])]);
    this.child.stdout.on("data", (chunk: Buffer) => { this.output += chunk.toString().replaceAll("\r", ""); this.wake(); });
    this.child.stderr.on("data", (chunk: Buffer) => { this.complaints += chunk.toString(); });
    this.ended = new Promise((resolve) => this.child.on("close", (code, signal) => { this.code = code ?? -1; if (signal) this.code = -2; resolve(this.code); this.wake(); }));
  }
  private code: number | undefined;
  private wake(): void { for (const listener of this.listeners.splice(0)) listener(); }

  /** Wait until the console has shown `pattern` past `from`; the position behind it. */
  async until(pattern: RegExp, from = 0, timeoutMs = 60_000): Promise<number> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const found = pattern.exec(this.output.slice(from));
      if (found) return from + found.index + found[0].length;
      if (this.code !== undefined || Date.now() > end) throw new Error(`the console never showed ${pattern}; it ended with:\n${this.lastWords()}`);
      await new Promise<void>((resolve) => { const timer = setTimeout(resolve, 250); this.listeners.push(() => { clearTimeout(timer); resolve(); }); });
    }
  }
  /** Processor time that QEMU has taken so far (proc(5): utime and stime, in hundredths of a second). */
  processorMs(): number {
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }
  private lastWords(): string { return `${this.output.slice(-2000)}\n${this.complaints.slice(-2000)}`; }
  send(text: string): void { this.child.stdin.write(text); }
  /** As if the plug were pulled; what the host's page cache holds stays, which is why only the write log proves anything. */
  async kill(): Promise<void> { this.child.kill("SIGKILL"); await this.ended; }
  /** The status given to power_off: QEMU ends with 2 × status + 3 (docs/abi.md §8). */
  async exitStatus(timeoutMs = 120_000): Promise<number> {
    const timer = setTimeout(() => this.child.kill("SIGKILL"), timeoutMs);
    const code = await this.ended;
    clearTimeout(timer);
    if (code < 3 || code % 2 === 0) throw new Error(`QEMU ended with ${code}; the console ended with:\n${this.lastWords()}`);
    return (code - 3) / 2;
  }
}

/** A machine for the time of `use`; its power is cut afterwards if it still runs. */
export async function withMachine<T>(options: MachineOptions, use: (machine: Machine) => Promise<T>): Promise<T> {
  const machine = new Machine(options);
  try { return await use(machine); } finally { await machine.kill(); }
}

/** Boot with `run`, wait for the end: what the console showed and the status. */
export async function bootAndRun(options: MachineOptions, timeoutMs?: number): Promise<{ output: string; complaints: string; status: number }> {
  return withMachine(options, async (machine) => ({ status: await machine.exitStatus(timeoutMs), output: machine.output, complaints: machine.complaints }));
}

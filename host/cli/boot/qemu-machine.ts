// QEMU machine: one boot of the kernel on an image, its console on this terminal, its trace into a file, its end as an exit status.
// Stays true: the image's lock is held by us and, through an inherited descriptor, by QEMU, until both are gone; guest memory never outlives the boot.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, statSync, writeSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { CommandError, Exit, hostReason } from "../../client/errors.ts";
import type { ImageLock } from "../../client/image-lock.ts";
import { bundlePath, kernelPath } from "../../client/modules.ts";
import { RingDrainer } from "../../trace/ring-drainer.ts";
import { tell } from "../output.ts";
import { type BootCommandOptions, endOfInputKeys, powerOffKeys, powerOffLimitMilliseconds, shellArguments, signalStatus } from "./boot-options.ts";
import { GuestMemory } from "./guest-memory.ts";
import { qemuArguments } from "./qemu-arguments.ts";
import { Terminal } from "./terminal.ts";

const drainMilliseconds = 10;
const panicStatus = 126;
export const qemuProgram = "qemu-system-x86_64";

export class QemuMachine {
  private readonly terminal = new Terminal();
  private child!: ChildProcess;
  private complaints = "";
  private signal: NodeJS.Signals | null = null;
  private isBroken = false;
  private memory: GuestMemory | null = null;
  private drainer: RingDrainer | null = null;
  private traceFile = -1;
  private drainTimer: NodeJS.Timeout | undefined;

  constructor(private readonly imagePath: string, private readonly lock: ImageLock, private readonly memoryMegabytes: number, private readonly options: BootCommandOptions) {}

  /** Runs the machine to its end; the exit status of this program. */
  async run(): Promise<number> {
    const onSignal = (signal: NodeJS.Signals): void => this.powerOff(signal);
    try {
      this.prepareTrace();
      this.start();
      process.on("SIGINT", onSignal).on("SIGTERM", onSignal).on("SIGHUP", onSignal);
      const code = await this.ended();
      return this.exitStatus(code);
    } finally {
      process.off("SIGINT", onSignal).off("SIGTERM", onSignal).off("SIGHUP", onSignal);
      this.terminal.close();
      this.finishTrace();
    }
  }

  private prepareTrace(): void {
    if (this.options.trace === undefined) return;
    try {
      this.traceFile = openSync(this.options.trace, "w");
    } catch (error) {
      throw new CommandError(`${this.options.trace}: cannot write the trace: ${hostReason(error)}`);
    }
    this.memory = new GuestMemory(this.memoryMegabytes, statSync(bundlePath).size);
  }

  private start(): void {
    const words = this.memory === null ? [] : [this.memory.word];
    const text = shellArguments(this.options, process.stdin.isTTY === true);
    if (text !== "") words.push(`run=${Buffer.from(text).toString("hex")}`);
    const args = qemuArguments({
      machine: this.options.machine === "microvm" ? "microvm" : "q35", kernelPath, bundlePath, imagePath: this.imagePath, memoryMegabytes: this.memoryMegabytes, commandLine: words.join(" "),
      accelerator: this.options.accel === "kvm" ? "kvm" : "tcg", hasIommu: this.options.iommu === true, memoryPath: this.memory?.path, extra: this.options.qemuArg ?? [],
    });
    // QEMU gets the locked descriptor too: should this program be killed, the image stays locked until QEMU is gone. In a session of its own, ^C at the
    // terminal reaches it only through us.
    this.child = spawn(qemuProgram, args, { stdio: ["pipe", "pipe", "pipe", this.lock.file], detached: true });
    const input = this.child.stdin as Writable;
    input.on("error", () => { /* the machine is gone; its exit tells */ });
    this.terminal.open({
      input: (bytes) => input.write(bytes),
      ended: () => input.write(endOfInputKeys),
      broken: () => this.break(),
    });
    (this.child.stdout as Readable).on("data", (bytes: Buffer) => this.terminal.write(bytes));
    (this.child.stderr as Readable).on("data", (bytes: Buffer) => { this.complaints += bytes.toString(); });
    if (this.memory !== null) this.drainTimer = setInterval(() => this.drain(), drainMilliseconds);
  }

  private ended(): Promise<number | null> {
    return new Promise((resolve, reject) => {
      this.child.on("error", (error) => reject(new CommandError(`${qemuProgram}: cannot be started: ${hostReason(error)}`)));
      this.child.on("close", (code) => resolve(code));
    });
  }

  private break(): void {
    this.isBroken = true;
    this.child.kill("SIGKILL");
  }

  /** The first signal asks the shell, the second does not ask. */
  private powerOff(signal: NodeJS.Signals): void {
    if (this.signal !== null) return this.break();
    this.signal = signal;
    tell(`\naxiomfs boot: ${signal}: powering off …`);
    (this.child.stdin as Writable).write(powerOffKeys);
    setTimeout(() => this.break(), powerOffLimitMilliseconds).unref();
  }

  /** QEMU ends with 2 × status + 3 when the guest powered off (docs/abi.md §8); anything else is a failure of QEMU. */
  private exitStatus(code: number | null): number {
    const complaint = this.complaints.trim();
    if (this.isBroken) {
      tell(`axiomfs boot: ${this.imagePath}: the machine was stopped at once; what was synced is safe`);
      return this.signal === null ? Exit.failed : signalStatus(this.signal);
    }
    if (code === null && complaint === "") throw new CommandError(`${this.imagePath}: QEMU was killed; what was synced is safe`);
    if (code === null || code < 3 || code % 2 === 0) {
      throw new CommandError(`${this.imagePath}: QEMU failed${complaint === "" ? ` (exit status ${code})` : `: ${complaint.split("\n").at(-1)}`}`);
    }
    if (complaint !== "") tell(complaint);
    const status = (code - 3) / 2;
    if (status === panicStatus) throw new CommandError(`${this.imagePath}: the kernel stopped because of a bug (its last words are above); what was synced is safe`);
    return this.signal === null ? status : signalStatus(this.signal);
  }

  private drain(): void {
    const memory = this.memory!;
    try {
      this.drainer ??= new RingDrainer(memory.path, memory.ringAddress, memory.ringBytes, (bytes) => this.record(bytes));
      while (this.drainer.poll() > 0);
    } catch (error) {
      // QEMU makes the file while it starts.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }

  private record(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) done += writeSync(this.traceFile, bytes, done, bytes.length - done);
  }

  /** What the ring still holds when QEMU is gone is taken too. */
  private finishTrace(): void {
    if (this.traceFile < 0) return;
    clearInterval(this.drainTimer);
    if (this.child !== undefined) this.drain();
    if (this.drainer?.hasBegun !== true) tell(`axiomfs boot: ${this.options.trace}: the kernel recorded nothing`);
    if (this.drainer?.problem) tell(`axiomfs boot: ${this.options.trace}: ${this.drainer.problem}; the trace ends early`);
    if (this.drainer !== null && this.drainer.lostCount > 0) tell(`axiomfs boot: ${this.options.trace}: ${this.drainer.lostCount} records were lost`);
    this.drainer?.close();
    closeSync(this.traceFile);
    this.memory?.remove();
  }
}

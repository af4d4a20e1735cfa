// Hosted machine: the same modules, shell included, on the hosted kernel in this process, with the console on this terminal. The kernel is synchronous, so
// it runs when input arrives or a timer is due, and in between this process sleeps.
import { closeSync, openSync, writeSync } from "node:fs";
import { CommandError, Exit, hostReason } from "../../client/errors.ts";
import { loadManifest, loadModules } from "../../client/modules.ts";
import { FileDisk } from "../../devices/file-disk.ts";
import type { HostConsole } from "../../kernel/console.ts";
import { DomainState } from "../../kernel/domain.ts";
import { bootHosted, type System } from "../../kernel/system.ts";
import { tell } from "../output.ts";
import { type BootCommandOptions, powerOffKeys, shellArguments, signalStatus } from "./boot-options.ts";
import { Terminal } from "./terminal.ts";

/** The longest that Node's timers can sleep. */
const timerLimitMilliseconds = 2 ** 31 - 1;

class TerminalConsole implements HostConsole {
  private input: Buffer[] = [];
  private isEnded = false;
  private isNews = false;

  readonly arguments: string;

  constructor(text: string, private readonly terminal: Terminal) {
    this.arguments = text;
  }

  push(bytes: Uint8Array): void {
    this.input.push(Buffer.from(bytes));
    this.isNews = true;
  }

  end(): void {
    this.isEnded = true;
    this.isNews = true;
  }

  write(bytes: Uint8Array): number {
    this.terminal.write(bytes);
    return bytes.length;
  }

  read(into: Uint8Array): number {
    const first = this.input[0];
    if (first === undefined) return this.isEnded ? -1 : 0;
    const count = Math.min(into.length, first.length);
    into.set(first.subarray(0, count));
    if (count === first.length) this.input.shift();
    else this.input[0] = first.subarray(count);
    return count;
  }

  hasInput(): boolean {
    const news = this.isNews;
    this.isNews = false;
    return news;
  }
}

export class HostedMachine {
  private readonly terminal = new Terminal();
  private readonly console: TerminalConsole;
  private system: System | null = null;
  private timer: NodeJS.Timeout | undefined;
  private signal: NodeJS.Signals | null = null;
  private end: (status: number) => void = () => {};

  constructor(private readonly imagePath: string, private readonly options: BootCommandOptions) {
    this.console = new TerminalConsole(shellArguments(options, process.stdin.isTTY === true), this.terminal);
  }

  /** Runs the system to its power-off; the exit status of this program. */
  async run(): Promise<number> {
    const onSignal = (signal: NodeJS.Signals): void => this.powerOff(signal);
    process.on("SIGINT", onSignal).on("SIGTERM", onSignal).on("SIGHUP", onSignal);
    const disk = new FileDisk(this.imagePath);
    const trace = this.openTrace();
    try {
      const done = new Promise<number>((resolve) => { this.end = resolve; });
      this.terminal.open({
        input: (bytes) => { this.console.push(bytes); this.turn(); },
        ended: () => { this.console.end(); this.turn(); },
        broken: () => this.end(Exit.failed),
      });
      const manifest = loadManifest();
      const only = manifest.domains.map(({ name }) => name);
      this.system = bootHosted({
        manifest, modules: loadModules(manifest, only), disk, console: this.console, timed: true, watchdog: true, trace: trace < 0 ? undefined : (bytes) => record(trace, bytes), log: (line) => tell(`axiomfs: ${line}`),
      });
      this.turn();
      return await done;
    } finally {
      clearTimeout(this.timer);
      process.off("SIGINT", onSignal).off("SIGTERM", onSignal).off("SIGHUP", onSignal);
      this.terminal.close();
      this.system?.close();
      disk.close();
      if (trace >= 0) closeSync(trace);
    }
  }

  private openTrace(): number {
    if (this.options.trace === undefined) return -1;
    try {
      return openSync(this.options.trace, "w");
    } catch (error) {
      throw new CommandError(`${this.options.trace}: cannot write the trace: ${hostReason(error)}`);
    }
  }

  /** Lets the system go on until it can do nothing without time or input. */
  private turn(): void {
    const system = this.system;
    if (system === null) return; // still starting
    clearTimeout(this.timer);
    if (system.powerOffStatus === null) system.turn();
    if (system.powerOffStatus !== null) return this.end(this.signal === null ? system.powerOffStatus : signalStatus(this.signal));
    const { state } = system.domain("shell");
    if (state === DomainState.Dead || state === DomainState.GivenUp) return this.end(Exit.failed); // what it died of has been logged
    const wait = system.millisecondsToTimer();
    if (wait !== Infinity) this.timer = setTimeout(() => this.turn(), Math.min(Math.ceil(wait), timerLimitMilliseconds));
  }

  private powerOff(signal: NodeJS.Signals): void {
    if (this.signal !== null) return this.end(Exit.failed);
    this.signal = signal;
    tell(`\naxiomfs boot: ${signal}: powering off …`);
    this.console.push(Buffer.from(powerOffKeys));
    this.turn();
  }
}

function record(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done);
}

// What `boot` was asked to do.
import type { CommonOptions } from "../session.ts";

export interface BootCommandOptions extends CommonOptions {
  /** Commands separated by `;`; without them the console is the terminal's. */
  run?: string;
  memory?: string;
  hosted?: boolean;
  /** What QEMU is to be: one of `machineKinds`. */
  machine?: string;
  accel?: string;
  iommu?: boolean;
  qemuArg?: string[];
}

/** What the shell is given to run: the commands, or where standard input is no terminal, that it takes them from there without prompt and echo. */
export function shellArguments(options: BootCommandOptions, isInteractive: boolean): string {
  if (options.run !== undefined) return options.run;
  return isInteractive ? "" : "read-commands";
}

/** Typed for a person who closed the window or sent a signal: give up the line or command, then go off. */
export const powerOffKeys = "\x03poweroff\r";
/** Ends the input of a `put`, a stream of commands, or both. */
export const endOfInputKeys = "\x04\x04";
/** How long a machine may take to go off after a signal. */
export const powerOffLimitMilliseconds = 10_000;
/** What a program that a signal ended is said to exit with. */
export const signalStatus = (signal: NodeJS.Signals): number => 128 + (signal === "SIGINT" ? 2 : signal === "SIGTERM" ? 15 : 1);

// How a domain ends. A DomainFault or a trap of the WebAssembly machine ends the domain that was running and nothing else;
// PowerOff ends the system; any other error is a bug of this kernel (or a failing test in a TypeScript domain) and is
// never taken for a domain's.
import { Fault } from "./abi.ts";

/** Thrown inside a system call: the domain that made it is at fault. */
export class DomainFault extends Error {
  constructor(readonly code: number, message: string) {
    super(message);
    this.name = "DomainFault";
  }
}

/** Thrown into a domain that has ended while it was on the stack: no instruction of it runs again. */
export class Unwinding extends Error {
  constructor(domain: string) {
    super(`${domain} has ended`);
    this.name = "Unwinding";
  }
}

/** Thrown by power_off; unwinds every domain. */
export class PowerOff extends Error {
  constructor(readonly status: number) {
    super(`power off with status ${status}`);
    this.name = "PowerOff";
  }
}

/** One death, for the log and for tests. */
export interface FaultReport {
  domain: string;
  code: number;
  text: string;
}

/** What ended a domain, or null when the error is not a domain's. */
export function classify(error: unknown): { code: number; text: string } | null {
  if (error instanceof DomainFault) return { code: error.code, text: error.message };
  if (error instanceof WebAssembly.RuntimeError) return { code: Fault.trap, text: describeTrap(error) };
  if (error instanceof RangeError && error.message.includes("call stack")) return { code: Fault.stackOverflow, text: "stack overflow" };
  return null;
}

const framesShown = 6;

/** The trap's message and the innermost functions of the module: by name in debug builds, else by number and offset. */
function describeTrap(error: Error): string {
  const frames: string[] = [];
  for (const line of (error.stack ?? "").split("\n")) {
    const match = /^\s*at (?:(.*) \()?wasm:\/\/.*:wasm-function\[(\d+)\]:(0x[0-9a-f]+)/.exec(line);
    if (match === null) continue;
    frames.push(match[1] ?? `function ${match[2]} at ${match[3]}`);
    if (frames.length === framesShown) break;
  }
  return frames.length === 0 ? error.message : `${error.message} in ${frames.join(" < ")}`;
}

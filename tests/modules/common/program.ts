// What the test modules share: text on the console, numbers from its arguments, a seeded generator, and the way out.
// They take the place of the shell in the manifest (tests/modules/build.ts), so these handles are the shell's and then the extra ones.
import { clockRead, consoleArguments, consoleWrite, powerOff } from "../../../kernel-bindings/assembly/kernel";
import { ShellCapabilities } from "../../../kernel-bindings/generated/assembly/capabilities";

export namespace Handles {
  export const filesystem: u32 = ShellCapabilities.filesystem;
  export const snapshots: u32 = ShellCapabilities.snapshots;
  export const block: u32 = ShellCapabilities.block;
  export const console: u32 = ShellCapabilities.console;
  export const power: u32 = ShellCapabilities.power;
  export const clock: u32 = ShellCapabilities.clock;
  export const trace: u32 = ShellCapabilities.trace;
  export const device: u32 = ShellCapabilities.control + 1; // control is the shell's last
  export const contentStore: u32 = ShellCapabilities.control + 2;
}

const line: usize = memory.data(4096);
const times: usize = memory.data(16, 8);
let used: u32 = 0;

/** Safety: writes stay below 4096 bytes of `line`; longer lines are cut. */
export function text(words: string): void {
  for (let i = 0; i < words.length && used < 4095; i++) store<u8>(line + used++, <u8>words.charCodeAt(i));
}
export function number(value: u64): void {
  let divisor: u64 = 1;
  while (value / divisor >= 10) divisor *= 10;
  for (; divisor && used < 4095; divisor /= 10) store<u8>(line + used++, <u8>(48 + (value / divisor) % 10));
}
export function endLine(): void {
  store<u8>(line + used++, 10);
  consoleWrite(Handles.console, line, used);
  used = 0;
}

/** Monotonic nanoseconds. */
export function now(): u64 {
  clockRead(Handles.clock, times);
  return load<u64>(times);
}

/** The word at `position` of the boot arguments as a number, or `otherwise`. */
export function argument(position: u32, otherwise: u64): u64 {
  const length = consoleArguments(Handles.console, line, 4095);
  let word: u32 = 0;
  for (let at: i32 = 0; at < length; at++) {
    if (load<u8>(line + at) == 32) { word++; continue; }
    if (word != position) continue;
    let value: u64 = 0;
    for (; at < length && load<u8>(line + at) >= 48 && load<u8>(line + at) <= 57; at++) value = value * 10 + (load<u8>(line + at) - 48);
    return value;
  }
  return otherwise;
}
let state: u64 = 88172645463325252;
export function seed(value: u64): void { state = value * 0x9e3779b97f4a7c15 | 1; }
/** xorshift64 (Marsaglia 2003): a number below `limit`. */
export function random(limit: u32): u32 {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return <u32>((state >> 20) % limit);
}

export function finish(failures: u32): void { powerOff(Handles.power, failures ? 1 : 0); }
/** Ends the run with a line if `status` (0 or −Status) is an error. */
export function must(what: string, status: i32): void {
  if (status >= 0) return;
  text("FAILED: "); text(what); text(" answered status "); number(-status); endLine();
  finish(1);
}

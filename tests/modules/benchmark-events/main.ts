// What events cost: two domains of this module tell each other in turn by notifications, and one of them sets its timer and sees how late it comes.
// `ping` (rank 1) has the console and reports; `pong` (rank 0) answers. Started by benchmarks/kernel.ts. With -icount a nanosecond is an instruction.
export { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";
import { clockRead, consoleWrite, notify, powerOff, timerSet } from "../../../kernel-bindings/assembly/kernel";
import { Status } from "../../../kernel-bindings/generated/assembly/status";

namespace Handles { // the manifest of benchmarks/kernel.ts has these first in both domains
  export const peer: u32 = 1;
  export const clock: u32 = 2;
  export const console: u32 = 3;
  export const power: u32 = 4;
  export const timer: u32 = 5;
}
const peerBit: u32 = 1;
const timerBit: u32 = 2;
const roundCount: u32 = 1000;
const alarmCount: u32 = 50;
const alarmMicroseconds: u32 = 2000;

const times: usize = memory.data(16, 8);
const line: usize = memory.data(64);
let used: u32 = 0;
let rounds: u32 = 0;
let alarms: u32 = 0;
let began: u64 = 0;
let lateNanoseconds: u64 = 0;

function now(): u64 {
  clockRead(Handles.clock, times);
  return load<u64>(times);
}

/** Safety: names are short and a number has at most 20 digits: together less than the line's 64 bytes. */
function report(name: string, value: u64): void {
  used = 0;
  for (let index = 0; index < name.length; index++) store<u8>(line + used++, <u8>name.charCodeAt(index));
  let divisor: u64 = 1;
  while (value / divisor >= 10) divisor *= 10;
  for (; divisor > 0; divisor /= 10) store<u8>(line + used++, <u8>(48 + (value / divisor) % 10));
  store<u8>(line + used++, 10);
  consoleWrite(Handles.console, line, used);
}

/** Only `ping` has a console, and it begins. */
export function start(): u32 {
  if (consoleWrite(Handles.console, line, 0) == 0) notify(Handles.peer, peerBit);
  return Status.Ok;
}
export function receive(_badge: u32, _rights: u32): u32 { return Status.Unsupported; }

export function notified(bits: u32): void {
  if ((bits & timerBit) != 0) return alarm();
  rounds++;
  if (rounds == roundCount) began = now(); // the first half warms up
  if (rounds < 2 * roundCount || consoleWrite(Handles.console, line, 0) != 0) {
    notify(Handles.peer, peerBit);
    return;
  }
  report("notification ", (now() - began) / (2 * roundCount));
  setAlarm();
}

function setAlarm(): void {
  began = now();
  timerSet(Handles.timer, alarmMicroseconds);
}

function alarm(): void {
  lateNanoseconds += now() - began - <u64>alarmMicroseconds * 1000;
  if (++alarms < alarmCount) return setAlarm();
  report("alarm ", lateNanoseconds / alarmCount);
  powerOff(Handles.power, 0);
}

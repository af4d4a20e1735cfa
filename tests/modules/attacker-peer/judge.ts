// The judge: has the attacker make its system calls in slices, looks after the others between them, and says at the end how it went.
import * as kernel from "../../../kernel-bindings/assembly/kernel";
import { patternIsIntact } from "./pattern";

/** Its handles, in the order of its manifest. */
const ATTACKER: u32 = 1;
const SERVER: u32 = 2;
const DEEP: u32 = 3;
const BYSTANDER: u32 = 4;
const CONSOLE: u32 = 5;
const POWER: u32 = 6;
const SELF: u32 = 7;
const CLOCK: u32 = 8;
/** An endpoint to the deeper server with a badge that is not the judge's: what the attacker is given. */
const GIFT: u32 = 9;
const SLICE: u32 = 500;
const SLICES_A_LOOK: u32 = 10;
const CALLS: u32 = 28;
const FIELDS: usize = 16;

const words: usize = memory.data(512);
const lent: usize = memory.data(8192, 4096);
const line: usize = memory.data(256);
let used: u32 = 0;
let out: usize = 0;
let slices: u32 = 0;
let made: u32 = 0;
let wanted: u32 = 0;
let seed: u32 = 0;
let began: u64 = 0;
let room: u32 = 0;
let serverRoom: u32 = 0;
let failures: u32 = 0;

function text(value: string): void { for (let i = 0; i < value.length && used < 255; i++) store<u8>(line + used++, <u8>value.charCodeAt(i)); }
function number(value: u64): void {
  let divisor: u64 = 1;
  while (value / divisor >= 10) divisor *= 10;
  for (; divisor && used < 255; divisor /= 10) store<u8>(line + used++, <u8>(48 + (value / divisor) % 10));
}
function endLine(): void {
  store<u8>(line + used++, 10);
  kernel.consoleWrite(CONSOLE, line, used);
  used = 0;
}
function now(): u64 { kernel.clockRead(CLOCK, words); return load<u64>(words); }

function ask(domain: u32, operation: u32, value: u32): i32 {
  store<u16>(out, 79);
  store<u16>(out, <u16>operation, 2);
  store<u32>(out + FIELDS, value);
  const status = kernel.call(domain);
  store<u32>(out, 0, 12);
  return status;
}
function answer(index: u32): u32 { return load<u32>(out + FIELDS + 4 * index); }
function expect(what: string, holds: bool): void {
  if (holds) return;
  failures++;
  text("FAILED after "); number(made); text(": "); text(what); endLine();
}

/** What a peer answers in field `index` must be what it was at the start. */
function expectCount(what: string, domain: u32, operation: u32, index: u32, before: u32): void {
  const status = ask(domain, operation, 0);
  if (status == 0 && answer(index) == before) return;
  expect(what, false);
  text("it was "); number(before); text(", now "); number(answer(index)); endLine();
}

/** Seed and number of calls, from the boot arguments. */
function readArguments(): void {
  const length = kernel.consoleArguments(CONSOLE, words, 64);
  let word: u32 = 0;
  for (let i = 0; i < min(length, 64); i++) {
    const byte = load<u8>(words + i);
    if (byte == 32) word++;
    else if (word == 0) seed = seed * 10 + byte - 48;
    else wanted = wanted * 10 + byte - 48;
  }
}

function begin(): void {
  readArguments();
  text("seed "); number(seed); text(", "); number(wanted); text(" system calls"); endLine();
  expect("the attacker answers", ask(ATTACKER, 4, 0) == 0);
  room = answer(0);
  expect("the server answers", ask(SERVER, 3, 0) == 0);
  serverRoom = answer(0);
  ask(ATTACKER, 1, seed);
  began = now();
}

function slice(): void {
  store<u32>(out + 64, 0);
  store<u32>(out + 68, <u32>lent);
  store<u32>(out + 72, 4096);
  store<u32>(out + 76, 1);
  store<u32>(out + 80, 0);
  store<u32>(out + 84, <u32>lent + 4096);
  store<u32>(out + 88, 4096);
  store<u32>(out + 92, 3);
  const handle = kernel.capabilityMint(GIFT, 256 | 3, 0);
  store<u32>(out + 128, handle);
  store<u32>(out, 2 | 1 << 8 | 1 << 16, 12);
  expect("the attacker lives", ask(ATTACKER, 2, min<u32>(SLICE, wanted - made)) == 0);
  kernel.capabilityDrop(handle);
  made += min<u32>(SLICE, wanted - made);
}

function look(): void {
  for (let domain: u32 = SERVER; domain <= BYSTANDER; domain++) {
    expect("a peer lives", ask(domain, 1, 0) == 0);
    expect("a peer's memory is its own", answer(0) == 0);
    expect("a server's invariants hold", answer(1) == 0);
  }
  expect("the judge's memory is its own", patternIsIntact());
  for (let i: u32 = 0; i < 4096; i += 8) if (load<u64>(lent + i)) { expect("what was lent to be read is unchanged", false); return; }
}

/** Handed everything back, all tables are as they were, and every badge that was given out was told of. */
function settle(): void {
  const elapsed = now() - began;
  ask(ATTACKER, 3, 0);
  for (let domain: u32 = SERVER; domain <= DEEP; domain++) expect("a peer drops what it kept", ask(domain, 2, 0) == 0);
  text("elapsed "); number(elapsed / 1000); text(" us"); endLine();
}
function finish(): void {
  expectCount("room in the attacker's table", ATTACKER, 4, 0, room);
  expectCount("room in the server's table", SERVER, 3, 0, serverRoom);
  look();
  expectCount("badges that were given out and have not ended", SERVER, 1, 2, 0);
  for (let which: u32 = 0; which < CALLS; which++) {
    ask(ATTACKER, 5, which);
    text("tally "); number(which); text(" "); number(answer(0)); text(" "); number(answer(1)); endLine();
  }
  text("failures "); number(failures); endLine();
  kernel.powerOff(POWER, failures ? 1 : 0);
}

/** One event: slices, or the end, between which the stack is empty so that what is pending is delivered. */
export function judge(messageOut: usize): void {
  out = messageOut;
  if (slices == 0) begin();
  if (slices++ == u32.MAX_VALUE) return;
  if (made < wanted) {
    for (let i: u32 = 0; i < SLICES_A_LOOK && made < wanted; i++) slice();
    look();
    if (made >= wanted) settle();
  } else { finish(); return; }
  kernel.notify(SELF, 1);
}

// Runs scripts: one step after the other, its operands looked up, its answer kept. A step is
//   u8 operation, u8 operand count, u8 mode (0 silent, 1 report, 2 report only whether it succeeded), u8 register for the answer (255: none)
// and two words an operand: kind and index, and what is added. One script runs another only by `repeat` and `until`, never itself.
import * as kernel from "../../../kernel-bindings/assembly/kernel";
import { systemCall } from "../common/system-call";
import { scriptAt } from "./program";
import { buffer, buffers, FIELDS, pattern, PATTERN_BYTES, registers, REGISTERS } from "./places";
import { badgeAt, badgeCount, bitCount, bitsAt, forget, setHandler } from "./handlers";
import { endBy } from "./endings";
import { writeNote } from "./notebook";

/** The request being served, and what its reply will carry. */
export namespace Request {
  export let messageIn: usize = 0;
  export let messageOut: usize = 0;
  export let badge: u32 = 0;
  export let rights: u32 = 0;
  export let status: u32 = 0;
  export let replyCapabilities: u32 = 0;
  export let replyMoves: u32 = 0;
  export const replySlots: usize = memory.data(16, 16);
  export let pauseMicroseconds: u32 = 0;
}

const REPORT_LIMIT: u32 = 128;
const report: usize = memory.data(512);
let reported: u32 = 0;
export function clearReport(): void { reported = 0; }
export function reportCount(): u32 { return reported; }
export function reportAt(index: u32): i32 { return load<i32>(report + 4 * index); }
/** Safety: the report has room for 128 words. */
function add(value: i32): void {
  if (reported < REPORT_LIMIT) store<i32>(report + 4 * reported++, value);
}

/** Handles that came to this domain, dropped when the case is over. */
const HANDLE_LIMIT: u32 = 256;
const handles: usize = memory.data(1024);
let handleCount: u32 = 0;
export function rememberHandle(handle: u32): void {
  if (handleCount < HANDLE_LIMIT && handle >> 16) store<u32>(handles + 4 * handleCount++, handle);
}

export function resetActor(): void {
  while (handleCount) kernel.capabilityDrop(load<u32>(handles + 4 * --handleCount));
  forget();
  memory.fill(registers, 0, 4 * REGISTERS);
  memory.fill(Request.messageOut, 0, 144);
  memory.fill(Request.replySlots, 0, 16);
  clearReport();
}

function mixed(offset: u32): u64 { return (u64(offset) + 1) * 0x9e3779b97f4a7c15; }
/** Safety of both: `pattern` has PATTERN_BYTES bytes. */
export function fillPattern(): void {
  for (let offset: u32 = 0; offset < PATTERN_BYTES; offset += 8) store<u64>(pattern + offset, mixed(offset));
}
export function patternIsIntact(): bool {
  for (let offset: u32 = 0; offset < PATTERN_BYTES; offset += 8) if (load<u64>(pattern + offset) != mixed(offset)) return false;
  return true;
}

/** Safety: a script names registers below 64, leases and slots below 4 and fields below 11; the suite checks that when it writes one. */
function base(kind: u32, index: u32): u32 {
  switch (kind) {
    case 1: return load<u32>(registers + 4 * index);
    case 2: return load<u32>(Request.messageIn + 64 + 16 * index);
    case 3: return load<u32>(Request.messageIn + 128 + 4 * index);
    case 4: return Request.badge;
    case 5: return Request.rights;
    case 6: return u32(memory.size()) << 16;
    case 7: return u32(Request.messageIn);
    case 8: return u32(Request.messageOut);
    case 9: return u32(buffer);
    case 10: return load<u32>(Request.messageIn + FIELDS + 4 + 4 * index);
    case 11: return load<u32>(Request.messageOut + 128 + 4 * index);
    case 12: return u32(buffers);
    case 13: return u32(pattern);
    default: return 0;
  }
}
const operands: usize = memory.data(32);

export function interpret(script: u32): void {
  let at = scriptAt(script);
  for (;;) {
    const header = load<u32>(at);
    if (!header) return;
    const count: u32 = (header >> 8) & 0xff;
    at += 4;
    for (let i: u32 = 0; i < count; i++, at += 8) {
      const word = load<u32>(at);
      store<u32>(operands + 4 * i, base(word & 0xff, word >> 8) + load<u32>(at, 4));
    }
    for (let i: u32 = count; i < 8; i++) store<u32>(operands + 4 * i, 0);
    const operation = header & 0xff;
    const answer = operation < 64 ? system(operation) : operation < 96 ? message(operation) : own(operation);
    const mode = (header >> 16) & 0xff, into = header >> 24;
    if (into < REGISTERS) store<i32>(registers + 4 * into, answer);
    if (mode == 1) add(answer);
    else if (mode == 2) add(min(answer, 0));
  }
}

function o(index: u32): u32 { return load<u32>(operands + 4 * index); }

const GRANT_CREATE: u32 = 4;
const CAPABILITY_MINT: u32 = 5;
function system(operation: u32): i32 {
  const answer = systemCall(operation, o(0), o(1), o(2), o(3), o(4), o(5), o(6));
  return operation == GRANT_CREATE || operation == CAPABILITY_MINT ? remembered(answer) : answer;
}
function remembered(handle: i32): i32 {
  if (handle > 0) rememberHandle(handle);
  return handle;
}

/** What goes into messageOut, or into the reply. */
function message(operation: u32): i32 {
  const out = Request.messageOut;
  const a = o(0), b = o(1);
  switch (operation) {
    case 64: return runElsewhere(a, b);
    case 65: // lend: number, source, address, length, rights
      for (let i: u32 = 0; i < 4; i++) store<u32>(out + 64 + 16 * a + 4 * i, o(1 + i));
      store<u8>(out, <u8>(a + 1), 12);
      return 0;
    case 66: // give: slot, handle
      store<u32>(out + 128 + 4 * a, b);
      store<u8>(out, <u8>(a + 1), 13);
      return 0;
    case 67: store<u16>(out, <u16>a, 14); return 0; // moves, with the byte behind it
    case 68: store<u8>(out, <u8>a, 12); store<u8>(out, <u8>b, 13); return 0; // counts
    case 69: store<u32>(out + FIELDS + 4 + 4 * a, b); return 0; // argument
    case 70: // reply: slot, handle
      store<u32>(Request.replySlots + 4 * a, b);
      Request.replyCapabilities = a + 1;
      return 0;
    case 71: Request.replyMoves = a; return 0;
    case 72: Request.status = a; return 0;
    case 73: Request.replyCapabilities = a; return 0;
    default: return -1000;
  }
}

/** Has the domain behind `endpoint` run a script; its answers join the report. The call's own answer is reported if it is not 0. */
function runElsewhere(endpoint: u32, script: u32): i32 {
  const out = Request.messageOut;
  store<u16>(out, 77);
  store<u16>(out, <u16>script, 2);
  store<u32>(out + FIELDS, 0);
  const status = kernel.call(endpoint);
  if (status) add(status);
  const count = min<u32>(load<u32>(out + FIELDS), 11);
  for (let i: u32 = 0; i < count; i++) add(load<i32>(out + FIELDS + 4 + 4 * i));
  const given: u32 = min<u32>(load<u8>(out, 13), 4);
  if (status == 0) for (let i: u32 = 0; i < given; i++) rememberHandle(load<u32>(out + 128 + 4 * i));
  store<u32>(out, 0);
  store<u32>(out, 0, 12);
  return status;
}

function repeat(script: u32, times: u32): i32 {
  const before = reported;
  let first: i32 = 0, differing: i32 = 0;
  for (let i: u32 = 0; i < times; i++) {
    reported = before;
    interpretNested(script);
    const last = reported > before ? reportAt(reported - 1) : 0;
    if (i == 0) first = last;
    else if (last != first) differing++;
  }
  return differing;
}
/** Runs a script until its last answer is a refusal; that, or 0 after `times`. */
function until(script: u32, times: u32): i32 {
  const before = reported;
  let last: i32 = 0;
  for (let i: u32 = 0; i < times && last >= 0; i++) {
    reported = before;
    interpretNested(script);
    last = reported > before ? reportAt(reported - 1) : 0;
  }
  reported = before;
  return last < 0 ? last : 0;
}
function interpretNested(script: u32): void { interpret(script); }

/** What a step does inside this domain alone. */
function own(operation: u32): i32 {
  const a = o(0), b = o(1), c = o(2);
  switch (operation) {
    case 96: return i32(a);
    case 97: return i32(a & b);
    case 98: return i32(a - b);
    case 99: return i32(a << b);
    case 100: return i32(a == b);
    case 101: store<u32>(a, b); return 0;
    case 102: return i32(load<u32>(a));
    case 103: memory.fill(a, <u8>b, c); return 0;
    case 104: for (let i: u32 = 0; i < c; i++) if (load<u8>(a + i) != <u8>b) return i32(i) + 1; return 0;
    case 105: return memory.grow(a);
    case 106: return endBy(a, b);
    case 107: return repeat(a, b);
    case 108: return until(a, b);
    case 109: setHandler(a, b); return 0;
    case 110: return i32(badgeCount);
    case 111: return i32(badgeAt(a));
    case 112: return i32(bitCount);
    case 113: return i32(bitsAt(a));
    case 114: resetActor(); return 0;
    case 115: forget(); memory.fill(registers, 0, 4 * REGISTERS); return 0;
    case 116: return i32(patternIsIntact());
    case 117: writeNote(a, b, c, o(3)); return 0;
    case 118: Request.pauseMicroseconds = a; return 0;
    case 120: return max(i32(a), i32(b));
    case 119: store<u8>(a, <u8>b); return 0;
    default: return -1000;
  }
}

// The one module of the conformance suite: every domain of its system runs it. It does nothing by itself but the steps of scripts, which
// tests/conformance/suite writes in TypeScript and puts into `program` as a data segment; the same bytes run on both kernels.
//   conductor  runs the cases one after the other, prints a line for each, and checks after each that nobody wrote into the bystander
//   others     run the script that a request names; what its steps answer goes back in the reply's fields
// What stays true: scripts name memory only by places of this module (operands), so they know no address.
import * as kernel from "../../../kernel-bindings/assembly/kernel";
import "../../../kernel-bindings/assembly/abort";
import { bytesOf, caseAct, caseActCount, caseCount, caseName, conductor, isConductor } from "./program";
import { Request, clearReport, interpret, patternIsIntact, reportAt, reportCount, resetActor, rememberHandle, fillPattern } from "./interpreter";
import { buffers, FIELDS } from "./places";
import { readNote } from "./notebook";
import { noteBadge, noteBits, backgroundScript, closedScript, notifiedScript, handlerResult } from "./handlers";

export { program } from "./program";
export const messageIn: usize = buffers + 4096 + 1024;
export const messageOut: usize = buffers + 8192 + 2048;

/** Interfaces of requests: a script; what to run in `start` (2) or `_start` (1), asked of the notebook by every other domain. */
const RUN: u32 = 77;
const ASK: u32 = 78;
/** Every domain's first capability is an endpoint to the notebook, or to itself in the notebook. */
const NOTEBOOK: u32 = 1;
const RESULTS_IN_REPLY: u32 = 11;

/** Asks the notebook what this domain is to do now; 0: nothing. At boot nobody answers, and there is nothing to do. */
function askNotebook(phase: u32): u32 {
  memory.fill(messageOut, 0, 144);
  store<u16>(messageOut, <u16>ASK);
  store<u16>(messageOut, <u16>phase, 2);
  const script = kernel.call(NOTEBOOK) == 0 ? load<u32>(messageOut + FIELDS) : 0;
  memory.fill(messageOut, 0, 144);
  return script;
}

let startStatus: u32 = 0;

function atTopLevel(): void {
  Request.messageIn = messageIn;
  Request.messageOut = messageOut;
  if (isConductor()) return;
  const script = askNotebook(0);
  if (script) interpret(script);
}
atTopLevel();

export function start(): u32 {
  fillPattern();
  if (isConductor()) return kernel.notify(conductor(0), 1) < 0 ? 3 : 0;
  const script = askNotebook(1);
  clearReport();
  if (script) { interpret(script); startStatus = Request.status; }
  return startStatus;
}

export function receive(badge: u32, rights: u32): u32 {
  if (load<u16>(messageIn) == ASK) {
    store<u32>(messageIn + FIELDS, readNote(badge, load<u16>(messageIn, 2)));
    return 0;
  }
  if (load<u16>(messageIn) != RUN) return 10;
  Request.badge = badge;
  Request.rights = rights;
  Request.status = 0;
  Request.replyCapabilities = 0;
  Request.replyMoves = 0;
  clearReport();
  const given: u32 = load<u8>(messageIn, 13);
  for (let i: u32 = 0; i < given; i++) rememberHandle(load<u32>(messageIn + 128 + 4 * i));
  interpret(load<u16>(messageIn, 2));
  assert(reportCount() <= RESULTS_IN_REPLY, "a script reports more than a reply carries");
  const count: u32 = reportCount();
  store<u32>(messageIn + FIELDS, count);
  for (let i: u32 = 0; i < count; i++) store<i32>(messageIn + FIELDS + 4 + 4 * i, reportAt(i));
  store<u8>(messageIn, <u8>Request.replyCapabilities, 13);
  store<u16>(messageIn, <u16>Request.replyMoves, 14);
  for (let i: u32 = 0; i < 4; i++) store<u32>(messageIn + 128 + 4 * i, load<u32>(Request.replySlots + 4 * i));
  return Request.status;
}

export function notified(bits: u32): void {
  if (isConductor()) { conduct(); return; }
  noteBits(bits);
  if (notifiedScript) interpret(notifiedScript);
}

export function closed(badge: u32): void {
  noteBadge(badge);
  if (closedScript) interpret(closedScript);
}

export function background(): u32 {
  if (!backgroundScript) return 0;
  interpret(backgroundScript);
  return handlerResult;
}

// ---- the conductor

let caseNumber: u32 = 0;
let act: u32 = 0;
const line: usize = memory.data(1024);
let lineLength: u32 = 0;

/** Safety: never past the 1,024 bytes of `line`. */
function put(byte: u32): void {
  if (lineLength < 1023) store<u8>(line + lineLength++, <u8>byte);
}
function putText(text: string): void {
  for (let i = 0; i < text.length; i++) put(text.charCodeAt(i));
}
function putNumber(value: i32): void {
  if (value < 0) put(45);
  const size = u64(abs(i64(value)));
  let divisor: u64 = 1;
  while (size / divisor >= 10) divisor *= 10;
  for (; divisor; divisor /= 10) put(48 + u32((size / divisor) % 10));
}

/** One act of the present case; between acts the stack is empty, so that what is pending is delivered. */
function conduct(): void {
  if (caseNumber == caseCount()) { kernel.powerOff(conductor(1), 0); return; }
  if (act == 0) clearReport();
  if (act < caseActCount(caseNumber)) {
    interpret(caseAct(caseNumber, act));
    act++;
    again();
    return;
  }
  if (act == caseActCount(caseNumber)) {
    endCase();
    interpret(conductor(3)); // everybody drops what the case left
  } else {
    interpret(conductor(4)); // and forgets what that delivered
    caseNumber++;
    act = -1;
  }
  act++;
  again();
}

/** `pause` steps arm the timer instead: then its bit brings the next act. */
function again(): void {
  if (Request.pauseMicroseconds) {
    kernel.timerSet(conductor(5), Request.pauseMicroseconds);
    Request.pauseMicroseconds = 0;
  } else kernel.notify(conductor(0), 1);
}

function endCase(): void {
  lineLength = 0;
  putNumber(caseNumber + 1);
  put(32);
  const name = caseName(caseNumber);
  for (let i: u32 = 0; i < bytesOf(name); i++) put(load<u8>(name + 4 + i));
  for (let i: u32 = 0; i < reportCount(); i++) { put(32); putNumber(reportAt(i)); }
  clearReport();
  interpret(conductor(6)); // the bystander's answer: 1 when its pattern is intact
  if (reportCount() != 1 || reportAt(0) != 1) putText(" BYSTANDER CHANGED");
  if (!patternIsIntact()) putText(" CONDUCTOR CHANGED");
  put(10);
  kernel.consoleWrite(conductor(2), line, lineLength);
  resetActor();
}

// Turns cases into the bytes that the actor module reads (the layout is drawn in tests/modules/conformance-actor/program.ts) and puts them
// into a compiled module as one more data segment.
import { isScript, type Operand, type Step } from "./language.ts";
import type { Case } from "./case.ts";

const headerBytes = 20 + 7 * 4;

/** Numbers that the conductor must know before it can run anything. */
export interface Conductor { notification: number; power: number; console: number; timer: number; drop: Step[]; forget: Step[]; verify: Step[] }

class Writer {
  private bytes = new Uint8Array(1 << 18);
  private readonly view = new DataView(this.bytes.buffer);
  length = 0;
  word(value: number): void { this.view.setUint32(this.length, value >>> 0, true); this.length += 4; }
  text(value: string): void {
    const encoded = new TextEncoder().encode(value);
    this.word(encoded.length);
    this.bytes.set(encoded, this.length);
    this.length = (this.length + encoded.length + 3) & ~3;
  }
  patch(offset: number, value: number): void { this.view.setUint32(offset, value >>> 0, true); }
  done(): Uint8Array { return this.bytes.slice(0, this.length); }
}

/** Numbers scripts, from 1; one that is nested in another comes after it. */
class Scripts {
  readonly all: Step[][] = [];
  private readonly known = new Map<Step[], number>();
  number(script: Step[]): number {
    if (script.length === 0) return this.number(nothing);
    const found = this.known.get(script);
    return found ?? this.add(script);
  }
  /** A script of its own number, even if it was met before: the acts of a case are numbered in a row. */
  add(script: Step[]): number {
    this.all.push(script);
    this.known.set(script, this.all.length);
    return this.all.length;
  }
}
const nothing: Step[] = [{ operation: 96, operands: [], mode: 0, into: 255 }];

export function encodeProgram(cases: readonly Case[], conductor: Conductor, isConductor: boolean): Uint8Array {
  const scripts = new Scripts(), writer = new Writer();
  for (let at = 0; at < headerBytes; at += 4) writer.word(0);
  const table = cases.map((one) => ({ one, first: one.acts.map((act) => scripts.add(act.length ? act : nothing))[0] ?? 1 }));
  const fixed = [conductor.notification, conductor.power, conductor.console, scripts.number(conductor.drop), scripts.number(conductor.forget), conductor.timer, scripts.number(conductor.verify)];
  const offsets: number[] = [];
  for (let number = 0; number < scripts.all.length; number++) {
    offsets.push(writer.length);
    for (const step of scripts.all[number]!) writeStep(writer, scripts, step);
    writer.word(0);
  }
  const scriptsOffset = writer.length;
  for (const offset of offsets) writer.word(offset);
  const names = table.map(({ one }) => { const offset = writer.length; writer.text(one.name.replaceAll(" ", "-")); return offset; });
  const casesOffset = writer.length;
  table.forEach(({ one, first }, index) => { writer.word(names[index]!); writer.word(one.acts.length); writer.word(first); });
  [isConductor ? 1 : 0, cases.length, scripts.all.length, casesOffset, scriptsOffset, ...fixed].forEach((word, index) => writer.patch(4 * index, word));
  return writer.done();
}

function writeStep(writer: Writer, scripts: Scripts, { operation, operands, mode, into }: Step): void {
  if (operation < 1 || operation > 255 || operands.length > 8) throw new Error(`a step of operation ${operation} with ${operands.length} operands`);
  writer.word(operation | operands.length << 8 | mode << 16 | into << 24);
  for (const operand of operands) {
    const { kind, index, plus } = resolve(scripts, operand);
    const limit = kind === 1 ? 64 : kind === 10 ? 10 : 4;
    if (index < 0 || index >= limit) throw new Error(`operand kind ${kind} has no index ${index}`);
    writer.word(kind | index << 8);
    writer.word(plus);
  }
}
function resolve(scripts: Scripts, operand: Operand | Step[]): { kind: number; index: number; plus: number } {
  if (isScript(operand)) return { kind: 0, index: 0, plus: scripts.number(operand) };
  return typeof operand === "number" ? { kind: 0, index: 0, plus: operand } : operand;
}

/** The module with `bytes` at `address`: a data segment behind those it has (WebAssembly 1.0 §5.5.14). */
export function withSegment(module: Uint8Array, address: number, bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [module.subarray(0, 8)];
  const segment = [0, 0x41, ...signed(address), 0x0b, ...unsigned(bytes.length)];
  let isPlaced = false;
  for (let at = 8; at < module.length;) {
    const id = module[at]!;
    const { value: size, next } = readUnsigned(module, at + 1);
    const body = module.subarray(next, next + size);
    if (id === 12) {
      const count = unsigned(readUnsigned(body, 0).value + 1);
      parts.push(Uint8Array.from([12, ...unsigned(count.length), ...count]));
    } else if (id === 11) {
      const { value: count, next: first } = readUnsigned(body, 0);
      const head = [...unsigned(count + 1)], rest = body.subarray(first);
      parts.push(Uint8Array.from([11, ...unsigned(head.length + rest.length + segment.length + bytes.length), ...head]), rest, Uint8Array.from(segment), bytes);
      isPlaced = true;
    } else parts.push(module.subarray(at, next + size));
    at = next + size;
  }
  if (!isPlaced) throw new Error("a module without a data section");
  return Buffer.concat(parts);
}
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = value & 0x7f;
    value >>>= 7;
    if (value === 0) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}
/** Signed LEB128 of a number that is not negative. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = value & 0x7f;
    value >>= 7;
    if (value === 0 && (low & 0x40) === 0) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}
function readUnsigned(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let shift = 0; ; shift += 7, at++) {
    value += (bytes[at]! & 0x7f) * 2 ** shift;
    if ((bytes[at]! & 0x80) === 0) return { value, next: at + 1 };
  }
}

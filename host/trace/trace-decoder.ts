// Trace decoder: records into events that say names instead of numbers, by the generated table of interfaces; calls are matched with their
// replies, and the pieces of a note are put together. Stays true: unknown numbers are shown as numbers, never refused.
import { faultNames, interfaceTable, statusNames, traceFormat, TraceKind } from "../../kernel-bindings/generated/host/tables.ts";
import type { TraceHeader, TraceRecord } from "./trace-file.ts";

export interface TraceEvent {
  kind: "call" | "reply" | "notification" | "interrupt" | "trap" | "start" | "note" | "notified" | "returned" | "closed" | "closedReturned" | "restart" | "givenUp" | "background" | "backgroundReturned" | "blocked" | "lost" | "unknown";
  timeNanoseconds: bigint;
  sequence: number;
  depth: number;
  caller: string;
  callee: string;
  /** interface.operation of calls and replies, else empty. */
  operation: string;
  /** Name of the status of a reply, else empty. */
  status: string;
  requestId: number;
  argument: number;
  /** Nanoseconds since the call, in replies and returns whose beginning is in the trace. */
  durationNanoseconds: bigint | null;
  /** Text of notes; reason of traps; what was blocked. */
  text: string;
}

const kindNames = new Map<number, TraceEvent["kind"]>([
  [TraceKind.call, "call"], [TraceKind.reply, "reply"], [TraceKind.notification, "notification"], [TraceKind.interrupt, "interrupt"], [TraceKind.trap, "trap"], [TraceKind.start, "start"],
  [TraceKind.note, "note"], [TraceKind.notified, "notified"], [TraceKind.notifiedReturn, "returned"],
  [TraceKind.closed, "closed"], [TraceKind.closedReturn, "closedReturned"], [TraceKind.restart, "restart"], [TraceKind.givenUp, "givenUp"],
  [TraceKind.background, "background"], [TraceKind.backgroundReturn, "backgroundReturned"], [TraceKind.blocked, "blocked"],
]);
const operationNames = new Map<number, string>(interfaceTable.flatMap((entry) => entry.operations.map((operation) => [(operation.number << 16) | entry.number, `${entry.name}.${operation.name}`] as const)));

function reason(kind: TraceEvent["kind"], record: TraceRecord): string {
  if (kind === "trap") return faultNames[record.argument] ?? `fault ${record.argument}`;
  if (kind !== "blocked") return "";
  return `${record.operation === 0 ? "read" : "write to"} 0x${(record.argument * 4096).toString(16)}`;
}

/** What is an activation of a domain has a beginning and, unless the domain ends in it, an end. */
const beginnings: ReadonlySet<TraceEvent["kind"]> = new Set(["call", "notified", "closed", "background"]);
const endings: ReadonlySet<TraceEvent["kind"]> = new Set(["reply", "returned", "closedReturned", "backgroundReturned"]);

/** The most text records that a note may have. */
const noteRecordLimit = 64;

export class TraceDecoder {
  private readonly openCalls: bigint[] = [];
  private expectedSequence = 0;
  private note: { event: TraceEvent; waiting: number; pieces: Uint8Array[] } | null = null;

  constructor(private readonly header: TraceHeader) {}

  *decode(records: Iterable<TraceRecord>): Generator<TraceEvent> {
    for (const record of records) {
      if (this.expectedSequence !== 0 && record.sequence !== this.expectedSequence) yield* this.gap(record);
      this.expectedSequence = (record.sequence + 1) >>> 0;
      if (record.kind === TraceKind.text) yield* this.text(record);
      else yield* this.event(record);
    }
    yield* this.endNote();
  }

  private *event(record: TraceRecord): Generator<TraceEvent> {
    yield* this.endNote();
    const event = this.describe(record);
    if (event.kind !== "note" || record.argument === 0) yield event;
    else this.note = { event, waiting: Math.min(record.argument, noteRecordLimit), pieces: [] };
  }

  private describe(record: TraceRecord): TraceEvent {
    const kind = kindNames.get(record.kind) ?? "unknown";
    const isCall = kind === "call" || kind === "reply";
    return {
      kind, timeNanoseconds: record.timeNanoseconds, sequence: record.sequence, depth: record.depth, caller: this.domain(record.caller), callee: this.domain(record.callee),
      operation: isCall ? operationNames.get((record.operation << 16) | record.interface) ?? `${record.interface}.${record.operation}` : "",
      status: kind === "reply" ? statusNames[record.status] ?? String(record.status) : "", requestId: record.requestId, argument: record.argument,
      durationNanoseconds: this.duration(kind, record), text: reason(kind, record),
    };
  }

  /** Calls and handlers nest by depth, so the last beginning at a depth is the one that ends there. */
  private duration(kind: TraceEvent["kind"], record: TraceRecord): bigint | null {
    if (beginnings.has(kind)) this.openCalls[record.depth] = record.timeNanoseconds;
    if (!endings.has(kind)) return null;
    const begin = this.openCalls[record.depth];
    delete this.openCalls[record.depth];
    return begin === undefined ? null : record.timeNanoseconds - begin;
  }

  private domain(id: number): string {
    return id === traceFormat.kernelDomain ? "kernel" : this.header.domains[id] ?? `domain ${id}`;
  }

  private *gap(record: TraceRecord): Generator<TraceEvent> {
    yield* this.endNote();
    const lost = record.sequence > this.expectedSequence ? record.sequence - this.expectedSequence : 0;
    this.openCalls.length = 0;
    yield { ...this.describe(record), kind: "lost", argument: lost, operation: "", status: "", durationNanoseconds: null, text: "" };
  }

  /** 16 bytes at offset 16, then 8 at offset 0. */
  private *text(record: TraceRecord): Generator<TraceEvent> {
    if (this.note === null) return;
    this.note.pieces.push(record.bytes.slice(16, 32), record.bytes.slice(0, 8));
    if (--this.note.waiting === 0) yield* this.endNote();
  }

  private *endNote(): Generator<TraceEvent> {
    if (this.note === null) return;
    const { event, pieces } = this.note;
    this.note = null;
    yield { ...event, text: Buffer.concat(pieces).toString("utf8").replace(/\0+$/, "") };
  }
}

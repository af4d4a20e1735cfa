// Trace text: one line an event, nested by call depth, and the choice of what is shown.
import { showName } from "../cli/format.ts";
import type { TraceEvent } from "./trace-decoder.ts";

export interface TraceFilter { service?: string; operation?: string; status?: string; request?: number }

/** Columns: time since the first record in microseconds, request id, then the event indented by its depth. */
export const textHeading = "      time µs  request  event";

export function matches(event: TraceEvent, filter: TraceFilter): boolean {
  if (filter.service !== undefined && event.caller !== filter.service && event.callee !== filter.service) return false;
  if (filter.operation !== undefined && event.operation !== filter.operation && event.operation.split(".")[1] !== filter.operation) return false;
  if (filter.status !== undefined && event.status !== filter.status) return false;
  return filter.request === undefined || event.requestId === filter.request;
}

export const microseconds = (nanoseconds: bigint): string => (Number(nanoseconds) / 1000).toFixed(1);

export function textLine(event: TraceEvent, firstNanoseconds: bigint): string {
  const time = microseconds(event.timeNanoseconds - firstNanoseconds).padStart(13);
  const request = (event.requestId === 0 ? "-" : String(event.requestId)).padStart(8);
  return `${time} ${request}  ${"  ".repeat(event.depth)}${describe(event)}`;
}

function describe(event: TraceEvent): string {
  const took = event.durationNanoseconds === null ? "" : ` ${microseconds(event.durationNanoseconds)} µs`;
  switch (event.kind) {
    case "call": return `${event.caller} → ${event.callee}  ${event.operation}${event.argument === 0 ? "" : `  badge ${event.argument}`}`;
    case "reply": return `${event.caller} ← ${event.callee}  ${event.operation}  ${event.status}${took}${event.argument === 0 ? "" : `, ${event.argument} bytes lent`}`;
    case "notification": return `${event.caller} ⇢ ${event.callee}  notification ${bits(event.argument)}`;
    case "interrupt": return `kernel ⇢ ${event.callee}  interrupt ${event.argument}`;
    case "trap": return `${event.callee}  ended: ${event.text}`;
    case "start": return `${event.callee}  start`;
    case "note": return `${event.caller}  note: ${showName(Buffer.from(event.text))}`;
    case "notified": return `kernel → ${event.callee}  notified ${bits(event.argument)}`;
    case "returned": return `kernel ← ${event.callee}  notified${took}`;
    case "closed": return `kernel → ${event.callee}  closed badge ${event.argument}`;
    case "closedReturned": return `kernel ← ${event.callee}  closed${took}`;
    case "restart": return `${event.callee}  restarts, for the ${ordinal(event.argument)} time`;
    case "givenUp": return `${event.callee}  given up after ${event.argument} restarts`;
    case "background": return `kernel → ${event.callee}  background`;
    case "backgroundReturned": return `kernel ← ${event.callee}  background, ${event.argument === 0 ? "nothing left" : "more to do"}${took}`;
    case "blocked": return `${event.callee}  its device tried to ${event.text}, and was blocked`;
    case "lost": return event.argument === 0 ? "… the sequence of records breaks here" : `… ${event.argument} records lost`;
    default: return `record of unknown kind, argument ${event.argument}`;
  }
}

/** 1st, 2nd, 3rd, 4th, … 11th, … 21st. */
function ordinal(value: number): string {
  const last = Math.floor(value / 10) % 10 === 1 ? 0 : value % 10;
  return `${value}${["th", "st", "nd", "rd"][last] ?? "th"}`;
}

const bits = (value: number): string => `0x${value.toString(16)}`;

/** For `--json`: what is empty is left out. */
export function eventJson(event: TraceEvent): Record<string, unknown> {
  const { kind, timeNanoseconds, sequence, depth, caller, callee, operation, status, requestId, argument, durationNanoseconds, text } = event;
  return {
    sequence, timeNanoseconds, kind, depth, caller, callee, ...(operation === "" ? {} : { operation }), ...(status === "" ? {} : { status }), requestId, argument,
    ...(durationNanoseconds === null ? {} : { durationNanoseconds }), ...(text === "" ? {} : { text }),
  };
}

// The numbers of the ABI under the names that the hosted kernel uses. All of them come from the generated tables; this
// file adds only what follows from them (layouts in 32-bit words) and the limits of docs/abi.md.
import { faultNames, Kind, messageLayout, Rights, Status, statusNames, TraceKind, traceFormat } from "../../kernel-bindings/generated/host/tables.ts";

export { defaultEndpointRights, deviceParts, Kind, Status, traceFormat } from "../../kernel-bindings/generated/host/tables.ts";

/** 1 at the number of every status of the schema: what a domain may return. */
export const knownStatuses: Uint8Array = new Uint8Array(256);
for (const number of Object.values(Status)) knownStatuses[number] = 1;

export function statusName(status: number): string {
  return statusNames[status] ?? `status ${status}`;
}

// Constants of modules rather than members of objects: the engine folds them into the call path.
export const kindEndpoint: number = Kind.endpoint;
export const kindNotification: number = Kind.notification;
export const kindLease: number = Kind.lease;
export const kindGrant: number = Kind.grant;
export const kindWindow: number = Kind.window;
export const kindInterrupt: number = Kind.interrupt;
export const kindDma: number = Kind.dma;
export const kindTimer: number = Kind.timer;
export const kindClock: number = Kind.clock;
export const kindEntropy: number = Kind.entropy;
export const kindConsole: number = Kind.console;
export const kindTrace: number = Kind.trace;
export const kindPower: number = Kind.power;
export const kindControl: number = Kind.control;

export const rightRead: number = Rights.read;
export const rightWrite: number = Rights.write;
export const rightSignal: number = Rights.signal;
export const rightTransfer: number = Rights.transfer;
export const rightMint: number = Rights.mint;
/** Bits 0–9: every right that has a meaning. */
export const allRights: number = 255 | Rights.transfer | Rights.mint;

export const traceCall: number = TraceKind.call;
export const traceReply: number = TraceKind.reply;
export const traceNotification: number = TraceKind.notification;
export const traceInterrupt: number = TraceKind.interrupt;
export const traceTrap: number = TraceKind.trap;
export const traceStart: number = TraceKind.start;
export const traceNote: number = TraceKind.note;
export const traceText: number = TraceKind.text;
export const traceNotified: number = TraceKind.notified;
export const traceNotifiedReturn: number = TraceKind.notifiedReturn;
export const traceClosed: number = TraceKind.closed;
export const traceClosedReturn: number = TraceKind.closedReturn;
export const traceRestart: number = TraceKind.restart;
export const traceGivenUp: number = TraceKind.givenUp;
export const traceBackground: number = TraceKind.background;
export const traceBackgroundReturn: number = TraceKind.backgroundReturn;

function faultNumber(name: string): number {
  for (const [number, known] of Object.entries(faultNames)) if (known === name) return Number(number);
  throw new Error(`the schema has no fault "${name}"`);
}
/** Why a domain ended. */
export const Fault = {
  trap: faultNumber("trap"),
  abort: faultNumber("abort"),
  misuse: faultNumber("misuse of a system call"),
  stackOverflow: faultNumber("stack overflow"),
  killed: faultNumber("killed"),
  timeLimit: faultNumber("time limit"),
  startRefused: faultNumber("start refused"),
  peerRestarted: faultNumber("what it stands on restarted"),
  deviceReach: faultNumber("a device could reach memory of a domain that ended"),
} as const;

/** The domain id of the kernel itself in traces. */
export const kernelDomain: number = traceFormat.kernelDomain;

// Message layout in 32-bit words: header 0–3, fields 4–15, leases 16–31, capability slots 32–35.
export const messageBytes: number = messageLayout.sizeBytes;
export const messageWords: number = messageLayout.sizeBytes / 4;
export const firstLeaseWord: number = messageLayout.leasesOffset / 4;
export const leaseWords: number = messageLayout.leaseBytes / 4;
export const leaseLimit: number = messageLayout.leaseCount;
export const firstCapabilityWord: number = messageLayout.capabilitiesOffset / 4;
export const capabilityLimit: number = messageLayout.capabilityCount;

export const pageBytes = 4096;
export const wasmPageBytes = 65536;
/** A notification bit is 0–30, so that a set of them is never a negative result. */
export const notificationBitCount = 31;

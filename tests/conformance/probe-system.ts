// Systems made of probes (probe/main.ts) for the tests of kernel rules: `low`, `middle` and `high` at ranks 1, 2, 3, each with
// endpoints to those below and to itself, and a host client above all. A test says which system call a probe makes.
import { readFileSync } from "node:fs";
import { type BootOptions, bootHosted, type System } from "../../host/kernel/system.ts";
import type { Client } from "../../host/kernel/typescript-domain.ts";
import { compileModule } from "../modules/build.ts";

/** Numbers of `step` in probe/main.ts. */
export const Step = {
  call: 1, leaseRead: 2, leaseWrite: 3, grantCreate: 4, mint: 5, drop: 6, revoke: 7, notify: 8, wait: 9, dmaSegments: 10,
  deviceParameters: 11, mmioRead8: 12, mmioRead16: 13, mmioRead32: 14, mmioWrite8: 15, mmioWrite16: 16, mmioWrite32: 17,
  interruptAcknowledge: 18, relax: 19, clockRead: 20, timerSet: 21, entropyRead: 22, consoleWrite: 23, consoleRead: 24,
  consoleArguments: 25, traceNote: 26, powerOff: 27, controlList: 28, fault: 29,
  trap: 66, recurse: 67, replyNext: 68, assertFailure: 70, setHandler: 71, load: 72, describe: 73, nothing: 74,
  spin: 75, spinStoring: 76, spinRelaxing: 77, spinMinting: 78, spinCalling: 79,
} as const;

export const Read = 1;
export const Write = 2;
export const Transfer = 256;
export const Mint = 512;

export interface OutgoingLease { source?: number; address: number; length: number; rights: number }
export interface StepMessage {
  leases?: OutgoingLease[];
  capabilities?: number[];
  /** For each argument: 0 itself, 1–4 the request's lease, 5–8 its capability. */
  stands?: number[];
  /** A request that only looks: the probe does not keep it as its last one. */
  isLook?: boolean;
}
export const lease = (index: number): number => 1 + index;
export const capability = (index: number): number => 5 + index;

/** A request to a probe as 144 bytes. */
export function stepMessage(step: number, arguments_: number[], options: StepMessage = {}): Uint8Array {
  const bytes = new Uint8Array(144);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, options.isLook === true ? 78 : 77, true);
  view.setUint16(2, step, true);
  view.setUint8(12, options.leases?.length ?? 0);
  view.setUint8(13, options.capabilities?.length ?? 0);
  arguments_.forEach((value, index) => view.setUint32(16 + 4 * index, value, true));
  let stands = 0;
  options.stands?.forEach((stand, index) => { stands |= stand << (4 * index); });
  view.setUint32(16 + 28, stands, true);
  options.leases?.slice(0, 4).forEach(({ source, address, length, rights }, index) => {
    [source ?? 0, address, length, rights].forEach((word, part) => view.setUint32(64 + 16 * index + 4 * part, word, true));
  });
  options.capabilities?.slice(0, 4).forEach((handle, index) => view.setUint32(128 + 4 * index, handle, true));
  return bytes;
}

export interface StepReply { status: number; result: number; badge: number; rights: number; capability: number; capabilityCount: number; requestId: number }

export function readReply(status: number, view: DataView): StepReply {
  return {
    status, result: view.getInt32(16, true), badge: view.getUint32(20, true), rights: view.getUint32(24, true),
    requestId: view.getUint32(8, true), capabilityCount: view.getUint8(13), capability: view.getUint32(128, true),
  };
}

/** One probe, reached from the host over one endpoint. */
export class Probe {
  readonly scratch: number;
  readonly messageIn: number;
  readonly messageOut: number;
  private readonly lastMessageAddress: number;
  private readonly recordAddress: number;

  constructor(private readonly host: Client, readonly endpoint: number, private readonly buffer: number) {
    this.scratch = this.step(Step.describe).result;
    const [messageIn, messageOut, last, record] = this.words(this.scratch, 4);
    this.messageIn = messageIn!;
    this.messageOut = messageOut!;
    this.lastMessageAddress = last!;
    this.recordAddress = record!;
  }

  /** Has the probe take a step; leases and capabilities are the host's. */
  step(step: number, arguments_: number[] = [], options: StepMessage = {}): StepReply {
    this.host.bytes.set(stepMessage(step, arguments_, options), this.host.messageOut.byteOffset);
    const status = -this.host.call(this.endpoint);
    return readReply(status === 0 ? 0 : status, this.host.messageOut);
  }

  /** The result alone; the request itself must succeed. */
  result(step: number, ...arguments_: number[]): number {
    const reply = this.step(step, arguments_);
    if (reply.status !== 0) throw new Error(`step ${step} was answered with status ${reply.status}`);
    return reply.result;
  }

  poke(address: number, bytes: Uint8Array): void {
    this.host.bytes.set(bytes, this.buffer);
    const reply = this.step(Step.leaseRead, [0, 0, address, bytes.length], { leases: [{ address: this.buffer, length: bytes.length, rights: Read }], stands: [lease(0)], isLook: true });
    if (reply.status !== 0 || reply.result !== 0) throw new Error(`poke failed: ${reply.status} ${reply.result}`);
  }

  peek(address: number, length: number): Uint8Array {
    const reply = this.step(Step.leaseWrite, [0, 0, address, length], { leases: [{ address: this.buffer, length, rights: Write }], stands: [lease(0)], isLook: true });
    if (reply.status !== 0 || reply.result !== 0) throw new Error(`peek failed: ${reply.status} ${reply.result}`);
    return this.host.bytes.slice(this.buffer, this.buffer + length);
  }

  words(address: number, count: number): number[] {
    const bytes = this.peek(address, count * 4);
    return [...new Uint32Array(bytes.buffer)];
  }

  /** Has the probe send `message` to `endpoint`: what a domain inside the system does. The reply is the callee's. */
  send(endpoint: number, message: Uint8Array): StepReply {
    this.poke(this.messageOut, message);
    const reply = this.step(Step.call, [endpoint]);
    if (reply.status !== 0) throw new Error(`the probe itself answered ${reply.status}`);
    const out = this.peek(this.messageOut, 144);
    return readReply(reply.result === 0 ? 0 : -reply.result, new DataView(out.buffer));
  }

  /** The last request that the probe served, looks aside. */
  lastMessage(): DataView {
    return new DataView(this.peek(this.lastMessageAddress, 144).buffer);
  }

  record(): { bits: number; notified: number; badge: number; closed: number; starts: number; handlerResult: number } {
    const [bits, notified, badge, closed, starts, handlerResult] = this.words(this.recordAddress, 6);
    return { bits: bits!, notified: notified!, badge: badge!, closed: closed!, starts: starts!, handlerResult: handlerResult! | 0 };
  }

  /** What the probe does when it is notified; step 0 is nothing. */
  setHandler(step: number, ...arguments_: number[]): void {
    const words = new Uint32Array(8);
    words.set([step, ...arguments_]);
    this.poke(this.scratch, new Uint8Array(words.buffer));
    this.step(Step.setHandler);
  }
}

const probePages = 16;
const self = (domain: string) => ({ name: "self", kind: "endpoint", domain, rights: 1023 });
const endpoint = (domain: string, more: object = {}) => ({ name: domain, kind: "endpoint", domain, ...more });
const world = [
  { name: "clock", kind: "clock" }, { name: "trace", kind: "trace" }, { name: "entropy", kind: "entropy" },
  { name: "console", kind: "console", bit: 9 }, { name: "power", kind: "power" }, { name: "control", kind: "control" },
  { name: "timer", kind: "timer", bit: 8 },
];

/** Handles follow the order of the capabilities here, from 1. */
export const probeManifest = () => ({
  version: 1,
  domains: [
    { name: "low", module: "probe", rank: 1, memoryPages: probePages, capabilities: [
      self("low"), { name: "toMiddle", kind: "notification", domain: "middle", bits: 3 }, { name: "disk", kind: "device", device: "virtio-blk", bit: 0 }, ...world] },
    { name: "middle", module: "probe", rank: 2, memoryPages: probePages, capabilities: [
      self("middle"), endpoint("low", { badge: 21 }), { name: "toHigh", kind: "notification", domain: "high", bits: 1 }, { name: "toLow", kind: "notification", domain: "low", bits: 4 }, ...world] },
    { name: "high", module: "probe", rank: 3, memoryPages: probePages, capabilities: [self("high"), endpoint("middle", { badge: 32 }), endpoint("low", { badge: 31, rights: 3 }), ...world] },
    { name: "host", module: null, rank: 6, memoryPages: 16, capabilities: [
      endpoint("low", { badge: 61 }), endpoint("middle", { badge: 62 }), endpoint("high", { badge: 63 }), { name: "clock", kind: "clock" }] },
  ],
});

export const LowHandles = { self: 1, toMiddle: 2, common: 3, notify: 4, isr: 5, configuration: 6, interrupt: 7, dma: 8, reserved: 9, clock: 10, trace: 11, entropy: 12, console: 13, power: 14, control: 15, timer: 16 } as const;
export const MiddleHandles = { self: 1, low: 2, toHigh: 3, toLow: 4, clock: 5, trace: 6, entropy: 7, console: 8, power: 9, control: 10, timer: 11 } as const;
export const HighHandles = { self: 1, middle: 2, low: 3, clock: 4, timer: 10 } as const;

export interface ProbeSystem { system: System; host: Client; low: Probe; middle: Probe; high: Probe }

export async function probeModule(): Promise<Uint8Array> {
  return readFileSync(await compileModule("probe", "tests/conformance/probe", probePages));
}

/** A system of probes over a small disk. Faults are expected here, so their lines go nowhere. */
export async function bootProbes(options: Partial<BootOptions> = {}): Promise<ProbeSystem> {
  const { MemoryDisk } = await import("../../host/devices/disk.ts");
  const system = bootHosted({ manifest: probeManifest(), modules: { probe: await probeModule() }, disk: new MemoryDisk(2048), log: () => {}, ...options });
  const host = system.client("host");
  const buffer = host.reserve(65536, 4096);
  return {
    system, host, low: new Probe(host, host.handle("low"), buffer), middle: new Probe(host, host.handle("middle"), buffer),
    high: new Probe(host, host.handle("high"), buffer),
  };
}

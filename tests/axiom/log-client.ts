// A client of Axiom for tests: makes batches in its own memory, reads the log back, and verifies the chain with another implementation of BLAKE3.
import { loadManifest, type ServiceManifest } from "../../host/client/modules.ts";
import type { System } from "../../host/kernel/system.ts";
import { AxiomClient, type Entry, readEntry } from "../../kernel-bindings/generated/host/axiom.ts";
import { StatusError } from "../../kernel-bindings/host/client-port.ts";

export interface LogEntry extends Entry { payload: Uint8Array; head: Uint8Array }
export interface NewProposal { type?: number; key?: bigint; payload?: Uint8Array; time?: bigint }

/** The manifest with room in these TypeScript domains for what they lend and are lent. */
export function roomyManifest(names: string[]): ServiceManifest {
  const manifest = loadManifest() as ServiceManifest & { domains: Array<{ memoryPages: number }> };
  for (const domain of manifest.domains) if (names.includes(domain.name)) domain.memoryPages = 256;
  return manifest;
}

const padded = (length: number): number => (length + 7) & ~7;
const bufferBytes = 1 << 20;

export class LogClient {
  readonly axiom: AxiomClient;
  private readonly client;
  private readonly buffer: number;

  constructor(system: System) {
    this.client = system.client("host");
    this.axiom = new AxiomClient(this.client, this.client.handle("axiom"));
    this.buffer = this.client.reserve(bufferBytes);
  }

  format(genesis = new Uint8Array([1, 2, 3]), flags = 0): void {
    this.client.bytes.set(genesis, this.buffer);
    this.axiom.format({ blockCount: 0n, flags, genesis: { address: this.buffer, length: genesis.length } });
  }

  propose(proposals: NewProposal[], durable = false, stateRoot = new Uint8Array(32).fill(7)): { height: bigint; flags: number } {
    let at = this.buffer;
    const { view, bytes } = this.client;
    for (const { type = 16, key = 0n, payload = new Uint8Array(0), time = 0n } of proposals) {
      bytes.fill(0, at, at + 32 + padded(payload.length));
      view.setUint16(at, type, true);
      view.setUint32(at + 4, payload.length, true);
      view.setBigUint64(at + 8, time, true);
      view.setBigUint64(at + 16, key, true);
      bytes.set(payload, at + 32);
      at += 32 + padded(payload.length);
    }
    return this.axiom.propose({ stateRoot, count: proposals.length, flags: durable ? 1 : 0, batch: { address: this.buffer, length: at - this.buffer } });
  }

  /** The status of a call: 0, or that of the StatusError it threw. */
  static status(call: () => unknown): number {
    try { call(); return 0; } catch (error) {
      if (error instanceof StatusError) return error.status;
      throw error;
    }
  }

  /** Fields of the last reply, also of one whose status was not Ok. */
  get lastReply(): { height: bigint; flags: number } {
    return { height: this.client.messageOut.getBigUint64(16, true), flags: this.client.messageOut.getUint32(24, true) };
  }

  /** Entries from `from` to the head, read through a buffer of `room` bytes. */
  read(from = 0n, room = bufferBytes): LogEntry[] {
    const entries: LogEntry[] = [];
    for (let height = from; ;) {
      const { nextHeight, count, lengthBytes } = this.axiom.read({ height, buffer: { address: this.buffer, length: room } });
      if (count === 0) return entries;
      for (let at = 0; at < lengthBytes;) {
        const entry = readEntry(this.client.view, this.buffer + at);
        const head = this.client.bytes.slice(this.buffer + at, this.buffer + at + 112);
        entries.push({ ...entry, head, payload: this.client.bytes.slice(this.buffer + at + 112, this.buffer + at + 112 + entry.payloadBytes) });
        at += 112 + padded(entry.payloadBytes);
      }
      height = nextHeight;
    }
  }
}

/** Throws at the first entry that does not follow the one before it. Returns the hash of the last. */
export function verifyChain(entries: LogEntry[], hash: (data: Uint8Array) => string): string {
  let previous = "00".repeat(32);
  entries.forEach((entry, index) => {
    if (entry.height !== BigInt(index)) throw new Error(`entry ${index} says height ${entry.height}`);
    if (Buffer.from(entry.previous).toString("hex") !== previous) throw new Error(`entry ${index} does not name the one before it`);
    if (Buffer.from(entry.payloadHash).toString("hex") !== hash(entry.payload)) throw new Error(`the payload of entry ${index} is another`);
    previous = hash(entry.head);
  });
  return previous;
}

// Domains written in TypeScript: fakes that stand in for a service in tests, and clients of the hosted kernel. They have a
// memory, message buffers and a capability table like any module and go through the same system calls; only their code
// runs outside WebAssembly.
//
//   memory:   256 messageIn (144 bytes)   512 messageOut (144 bytes)   4096 … free for the domain
import {
  capabilityLimit, firstCapabilityWord, firstLeaseWord, leaseWords, messageBytes, Status, wasmPageBytes,
} from "./abi.ts";
import type { Domain } from "./domain.ts";
import { PowerOff } from "./faults.ts";
import type { Kernel } from "./kernel.ts";
import type { SystemCalls } from "./system-calls.ts";

const messageInAddress = 256;
const messageOutAddress = 512;
const freeAddress = 4096;
const leaseCountOffset = 12;
const capabilityCountOffset = 13;

/** What a TypeScript domain does. A missing function is as a missing export of a module. */
export interface TypeScriptDomain {
  start?(context: DomainContext): number | void;
  /** Serves the request in `context.messageIn`; writes the reply's fields there; answers a Status. */
  receive?(badge: number, rights: number, context: DomainContext): number;
  notified?(bits: number, context: DomainContext): void;
  closed?(badge: number, context: DomainContext): void;
  /** One bounded step; 1 (or true) if there is more. */
  background?(context: DomainContext): number | boolean | void;
}

/** The world of one TypeScript domain: its memory, its messages and its system calls. After a restart the memory is another. */
export class DomainContext {
  bytes!: Uint8Array;
  /** The whole memory. */
  view!: DataView;
  messageIn!: DataView;
  /** The message that `call` sends, and then its reply. Valid until the next `begin`. */
  messageOut!: DataView;
  private nextFree = freeAddress;

  constructor(
    readonly name: string, protected readonly kernel: Kernel, protected readonly domain: Domain,
    /** The system calls of docs/abi.md §4; a result below 0 is −Status. */
    readonly calls: SystemCalls,
    private readonly handles: ReadonlyMap<string, number>,
    private readonly entry: TypeScriptDomain,
  ) {
    this.renew();
  }

  /** A fresh memory, as at boot and for a restart. */
  renew(): void {
    const { domain, entry } = this;
    const memory = new ArrayBuffer(domain.memoryPages * wasmPageBytes);
    this.nextFree = freeAddress;
    this.replyCapabilities = [];
    this.view = new DataView(memory);
    this.messageIn = new DataView(memory, messageInAddress, messageBytes);
    this.messageOut = new DataView(memory, messageOutAddress, messageBytes);
    domain.load({ buffer: memory }, messageInAddress, messageOutAddress, {
      start: () => entry.start?.(this) ?? Status.Ok,
      receive: (badge, rights) => this.serve(entry, badge, rights),
      notified: entry.notified === undefined ? null : (bits) => entry.notified!(bits, this),
      closed: entry.closed === undefined ? null : (badge) => entry.closed!(badge, this),
      background: entry.background === undefined ? null : () => Number(entry.background!(this) ?? 0),
    });
    this.bytes = domain.bytes;
  }

  /** The handle of a capability by its name in the manifest (a device's parts: "disk.common"). */
  handle(name: string): number {
    const handle = this.handles.get(name);
    if (handle === undefined) throw new Error(`domain "${this.name}" has no capability "${name}"`);
    return handle;
  }

  /** Sets `lengthBytes` of memory aside for good and answers its address. */
  reserve(lengthBytes: number, alignment = 16): number {
    const address = Math.ceil(this.nextFree / alignment) * alignment;
    if (lengthBytes > this.bytes.length - address) throw new RangeError(`domain "${this.name}" has no ${lengthBytes} bytes left`);
    this.nextFree = address + lengthBytes;
    return address;
  }

  // --- the outgoing message: begin, lend, pass; fields are written at offset 16 on through `messageOut`

  begin(interfaceNumber: number, operation: number): DataView {
    this.bytes.fill(0, messageOutAddress, messageOutAddress + messageBytes);
    this.messageOut.setUint16(0, interfaceNumber, true);
    this.messageOut.setUint16(2, operation, true);
    return this.messageOut;
  }

  /** Lends [address, address + length) of own memory. */
  lend(address: number, length: number, rights: number): this {
    return this.lendOn(0, address, length, rights);
  }

  /** Lends part of a lease or grant on. `begin` allows four of both kinds. */
  lendOn(source: number, offset: number, length: number, rights: number): this {
    const index = this.messageOut.getUint8(leaseCountOffset);
    const at = (firstLeaseWord + index * leaseWords) * 4;
    this.messageOut.setUint32(at, source, true);
    this.messageOut.setUint32(at + 4, offset, true);
    this.messageOut.setUint32(at + 8, length, true);
    this.messageOut.setUint32(at + 12, rights, true);
    this.messageOut.setUint8(leaseCountOffset, index + 1);
    return this;
  }

  /** Puts a capability into the next slot of the outgoing message. */
  pass(handle: number): this {
    const index = this.messageOut.getUint8(capabilityCountOffset);
    this.messageOut.setUint32((firstCapabilityWord + index) * 4, handle, true);
    this.messageOut.setUint8(capabilityCountOffset, index + 1);
    return this;
  }

  /** A capability that came with the reply. */
  receivedCapability(index: number): number {
    return this.messageOut.getUint32((firstCapabilityWord + index) * 4, true);
  }

  // --- the incoming message, while `receive` runs

  get operation(): number { return this.messageIn.getUint16(2, true); }
  get leaseCount(): number { return this.messageIn.getUint8(leaseCountOffset); }
  get capabilityCount(): number { return this.messageIn.getUint8(capabilityCountOffset); }

  lease(index: number): { handle: number; length: number; rights: number } {
    const at = (firstLeaseWord + index * leaseWords) * 4;
    return {
      handle: this.messageIn.getUint32(at, true), length: this.messageIn.getUint32(at + 8, true), rights: this.messageIn.getUint32(at + 12, true),
    };
  }

  capability(index: number): number {
    return this.messageIn.getUint32((firstCapabilityWord + index) * 4, true);
  }

  /** Puts capabilities into the reply; without this a reply carries none. */
  replyWith(...handles: number[]): void {
    this.replyCapabilities = handles.slice(0, capabilityLimit);
  }
  private replyCapabilities: number[] = [];

  private serve(entry: TypeScriptDomain, badge: number, rights: number): number {
    if (entry.receive === undefined) return Status.Unsupported;
    this.replyCapabilities = [];
    const status = entry.receive(badge, rights, this);
    this.messageIn.setUint8(capabilityCountOffset, this.replyCapabilities.length);
    this.replyCapabilities.forEach((handle, index) => {
      this.messageIn.setUint32((firstCapabilityWord + index) * 4, handle, true);
    });
    return status;
  }
}

/**
 * A client of the hosted kernel (`module: null` in the manifest): code outside all domains that calls in. Satisfies the
 * `ClientPort` of the generated clients. After each call the kernel delivers what is pending, so background work of the
 * services goes on as calls come in; between calls `System.turn` does it.
 */
export class Client extends DomainContext {
  constructor(name: string, kernel: Kernel, domain: Domain, calls: SystemCalls, handles: ReadonlyMap<string, number>) {
    super(name, kernel, domain, calls, handles, {});
  }

  /** Sends `messageOut`; 0 or −Status. The reply is in `messageOut`. Throws PowerOff once the system is off. */
  call(endpoint: number): number {
    const kernel = this.kernel;
    if (kernel.depth !== 0) throw new Error("a client cannot call from inside a domain");
    if (kernel.powerOffStatus !== null) throw new PowerOff(kernel.powerOffStatus);
    const result = this.callWatched(endpoint);
    if (kernel.attention.raised || kernel.timers.armedCount !== 0) kernel.deliver();
    return result;
  }

  private callWatched(endpoint: number): number {
    const { watchdog } = this.kernel;
    const callee = watchdog === null ? null : this.domain.table.peek(endpoint)?.target ?? null;
    if (watchdog === null || callee === null) return this.calls.call(endpoint);
    let result: number = -Status.PeerRestarted;
    if (watchdog.run(callee, () => { result = this.calls.call(endpoint); })) return result;
    this.kernel.deliver();
    return -Status.PeerRestarted;
  }

  /** Takes the notification bits that were set for this client. */
  takeNotifications(): number {
    const bits = this.domain.pending;
    this.domain.pending = 0;
    return bits;
  }
}

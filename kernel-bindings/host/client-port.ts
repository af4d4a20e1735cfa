// What the generated host clients stand on: a client domain's outgoing message and its call, and how leases and hashes are put into it.
import { statusNames, statusSentences } from "../generated/host/tables.ts";

/** A client domain of a kernel, as far as a generated client needs it. */
export interface ClientPort {
  /** 144 bytes: the outgoing message, and the reply after `call`. */
  readonly messageOut: DataView;
  /** Send the message; 0 or −Status. */
  call(endpoint: number): number;
}

/** Memory to lend for one call: a range of the client's own memory, or a part of a lease that it holds. */
export interface Lease { source?: number; address: number; length: number }

/** A call that ended with a status other than Ok. */
export class StatusError extends Error {
  constructor(readonly status: number, readonly operation: string) {
    super(`${operation}: ${statusSentences[status] ?? `status ${status}`}`);
    this.name = `StatusError(${statusNames[status] ?? status})`;
  }
}

export function writeLease(view: DataView, offset: number, lease: Lease, rights: number): void {
  view.setUint32(offset, lease.source ?? 0, true);
  view.setUint32(offset + 4, lease.address, true);
  view.setUint32(offset + 8, lease.length, true);
  view.setUint32(offset + 12, rights, true);
}

export function writeHash(view: DataView, offset: number, hash: Uint8Array): void {
  if (hash.length !== 32) throw new RangeError(`a hash has 32 bytes, not ${hash.length}`);
  new Uint8Array(view.buffer, view.byteOffset + offset, 32).set(hash);
}

export function copyHash(view: DataView, offset: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, 32).slice();
}

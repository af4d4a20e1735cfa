// System calls that move bytes between memories or lend memory for longer than a call: lease_read, lease_write,
// grant_create. What stays true: both ends of a copy are checked by `length > size - start`, never by a sum, and
// nothing is copied unless both are inside.
import {
  kindEndpoint, kindGrant, kindLease, pageBytes, rightRead, rightTransfer, rightWrite, Status,
} from "./abi.ts";
import type { Domain } from "./domain.ts";

/** Below this a loop beats the view that Uint8Array.set needs (tests/conformance/call-cost.ts). */
const loopCopyBytes = 48;

export function copyBytes(to: Uint8Array, toStart: number, from: Uint8Array, fromStart: number, length: number): void {
  if (length < loopCopyBytes && to !== from) {
    for (let index = 0; index < length; index++) to[toStart + index] = from[fromStart + index]!;
  } else {
    to.set(from.subarray(fromStart, fromStart + length), toStart);
  }
}

export function makeMemoryCalls(domain: Domain) {
  const table = domain.table;

  /** Copies between own memory and a lease or grant; `rights` says in which direction. */
  function transfer(source: number, offset: number, address: number, length: number, rights: number): number {
    offset >>>= 0;
    address >>>= 0;
    length >>>= 0;
    const slot = table.find(source);
    if (slot === null) return -Status.InvalidHandle;
    if (slot.kind !== kindLease && slot.kind !== kindGrant) return -Status.WrongKind;
    if ((slot.rights & rights) === 0) return -Status.Denied;
    if (length > slot.length || offset > slot.length - length) return -Status.OutOfRange;
    if (!domain.holds(address, length)) return -Status.InvalidArgument;
    const owner = slot.target!;
    if (rights === rightRead) copyBytes(domain.bytes, address, owner.bytes, slot.base + offset, length);
    else copyBytes(owner.bytes, slot.base + offset, domain.bytes, address, length);
    return 0;
  }

  return {
    lease_read: (source: number, offset: number, address: number, length: number): number =>
      transfer(source, offset, address, length, rightRead),

    lease_write: (source: number, offset: number, address: number, length: number): number =>
      transfer(source, offset, address, length, rightWrite),

    grant_create(endpoint: number, address: number, length: number, rights: number): number {
      address >>>= 0;
      length >>>= 0;
      const peer = table.find(endpoint);
      if (peer === null) return -Status.InvalidHandle;
      if (peer.kind !== kindEndpoint) return -Status.WrongKind;
      if (peer.target!.rank >= domain.rank) return -Status.Denied;
      if (rights === 0 || (rights & ~(rightRead | rightWrite)) !== 0) return -Status.InvalidArgument;
      if (length === 0 || length % pageBytes !== 0 || address % pageBytes !== 0) return -Status.InvalidArgument;
      if (!domain.holds(address, length) || domain.touchesMessage(address, length)) return -Status.InvalidArgument;
      const slot = table.take();
      if (slot === null) return -Status.OutOfMemory;
      slot.kind = kindGrant;
      slot.rights = rights | rightTransfer;
      slot.badge = 0;
      slot.target = domain;
      slot.base = address;
      slot.length = length;
      slot.grantee = peer.target!.id;
      return slot.handle;
    },
  };
}

// The capability table of one domain, and the derivation tree that runs through all tables.
//
//   index 0        never valid
//   1 … n          the manifest's capabilities, generation 0, for the life of the system: gone while their domain is dead
//   n+1 … n+4      leases of the request being served: a domain serves one request at a time, so four are enough
//   n+5 …          made at run time; a freed slot goes to the end of the queue, so that an index is reused as late as possible
//
// A handle is generation << 16 | index. What stays true: a free slot's `handle` is −1, which names index 65535, past every table; every
// handle belongs to one table, so even a generation that comes round again (after 32,767 uses of one slot) can only ever
// name what its own domain holds. The tree links each capability to what was derived from it, in whatever table that is:
// revoking walks it without recursion.
import { kindEndpoint, kindGrant, kindLease, leaseLimit, rightTransfer } from "./abi.ts";
import type { DevicePort, WindowPart } from "./device-port.ts";
import type { Domain } from "./domain.ts";
import type { Timer } from "./timers.ts";

const generationLimit = 0x7fff;
/** Capabilities a domain may hold at once, as on the microkernel; past it: OutOfMemory. */
const tableLimit = 4096;

export class Capability {
  /** −1 while the slot is free. */
  handle = -1;
  generation = 0;
  kind = 0;
  rights = 0;
  badge = 0;
  /** Endpoint: the server. Notification: who is told. Lease and grant: the owner of the memory. */
  target: Domain | null = null;
  /** Lease and grant: start in the owner's memory. Notification: the mask. Window: the size of the part. */
  base = 0;
  length = 0;
  /** Grant: the id of the only domain that may receive it. */
  grantee = 0;
  /** Which accesses of the device dma_segments has opened on this lease or grant: READ, WRITE. */
  deviceRights = 0;
  part: WindowPart | null = null;
  port: DevicePort | null = null;
  timer: Timer | null = null;
  /** Endpoint: how often the server had restarted when this was made. */
  epoch = 0;
  parent: Capability | null = null;
  firstChild: Capability | null = null;
  nextSibling: Capability | null = null;
  previousSibling: Capability | null = null;
  nextFree: Capability | null = null;
  readonly isLeaseSlot: boolean;
  /** `target` of a capability of the manifest, which comes back with its domain. */
  permanentTarget: Domain | null = null;

  constructor(readonly table: CapabilityTable, readonly index: number, isLeaseSlot: boolean) {
    this.isLeaseSlot = isLeaseSlot;
  }

  /** Gives the slot its next handle. Generation 0 is the manifest's, so numbers run 1 … 32,767. */
  arm(): void {
    this.generation = this.generation >= generationLimit ? 1 : this.generation + 1;
    this.handle = (this.generation << 16) | this.index;
  }

  /** Becomes a copy of `source` with `rights`, derived from it. */
  deriveFrom(source: Capability, rights: number, badge: number): void {
    this.kind = source.kind;
    this.rights = rights;
    this.badge = badge;
    this.target = source.target;
    this.base = source.base;
    this.length = source.length;
    this.grantee = source.grantee;
    this.part = source.part;
    this.port = source.port;
    this.timer = source.timer;
    this.epoch = source.epoch;
    this.linkUnder(source);
    if (this.countsForBadge) this.target!.holdBadge(badge);
  }

  /** Is this a copy of its badge that the server may still hear from? Those of an earlier epoch are not, save the manifest's. */
  get countsForBadge(): boolean {
    return this.kind === kindEndpoint && (this.generation === 0 || this.epoch === this.target!.restarts);
  }

  /** Takes the place of `giver` in the derivation tree and all that it is; the giver's slot is free afterwards. */
  takeOver(giver: Capability): void {
    // Linked in the microkernel's order, so that what is revoked frees its slots in the same order and both kernels give the same handles.
    this.deriveFrom(giver, giver.rights, giver.badge);
    this.unlink();
    if (giver.parent !== null) this.linkUnder(giver.parent);
    for (let child = giver.firstChild; child !== null; child = giver.firstChild) {
      child.unlink();
      child.linkUnder(this);
    }
    giver.unlink();
    giver.table.forget(giver);
  }

  linkUnder(parent: Capability): void {
    this.parent = parent;
    this.nextSibling = parent.firstChild;
    if (parent.firstChild !== null) parent.firstChild.previousSibling = this;
    parent.firstChild = this;
  }

  unlink(): void {
    if (this.previousSibling !== null) this.previousSibling.nextSibling = this.nextSibling;
    else if (this.parent !== null) this.parent.firstChild = this.nextSibling;
    if (this.nextSibling !== null) this.nextSibling.previousSibling = this.previousSibling;
    this.parent = null;
    this.nextSibling = null;
    this.previousSibling = null;
  }
}

export class CapabilityTable {
  /** Indexed by the low half of a handle. Grows, and is never replaced, so hot paths may keep a reference to it. */
  readonly slots: Capability[] = [];
  readonly leases: Capability[] = [];
  private firstFree: Capability | null = null;
  private lastFree: Capability | null = null;
  private freeCount = 0;
  private permanentCount = 0;

  constructor(readonly domain: Domain) {
    this.slots.push(new Capability(this, 0, false));
  }

  /** Adds the next capability of the manifest. All of them come before `seal`. */
  addPermanent(): Capability {
    const slot = new Capability(this, this.slots.length, false);
    slot.handle = slot.index;
    this.slots.push(slot);
    return slot;
  }

  /** Ends the manifest's part and makes the lease slots. A capability of no kind (a part of no device) leaves its index empty. */
  seal(): void {
    this.permanentCount = this.slots.length - 1;
    for (let index = 1; index <= this.permanentCount; index++) {
      const slot = this.slots[index]!;
      slot.permanentTarget = slot.target;
      if (slot.kind === 0) slot.handle = -1;
    }
    for (let index = 0; index < leaseLimit; index++) {
      const slot = new Capability(this, this.slots.length, true);
      this.slots.push(slot);
      this.leases.push(slot);
    }
  }

  /** The live capability that `handle` names, or null: then the use is counted. */
  find(handle: number): Capability | null {
    const slot = this.slots[handle & 0xffff];
    if (slot !== undefined && slot.handle === handle) return slot;
    this.domain.refusedHandles++;
    return null;
  }

  /** As `find`, for a look that is no use of the handle. */
  peek(handle: number): Capability | null {
    const slot = this.slots[handle & 0xffff];
    return slot !== undefined && slot.handle === handle ? slot : null;
  }

  /** The domain comes back: the manifest's capabilities under their handles, in the present epochs of their servers. */
  restorePermanent(): void {
    for (let index = 1; index <= this.permanentCount; index++) {
      const slot = this.slots[index]!;
      if (slot.kind === 0) continue;
      slot.handle = index;
      slot.target = slot.permanentTarget;
      if (slot.kind !== kindEndpoint) continue;
      slot.epoch = slot.target!.restarts;
      slot.target!.holdBadge(slot.badge);
    }
  }

  /** Servers that the manifest lets this domain call. */
  permanentServers(): Domain[] {
    return this.slots.slice(1, this.permanentCount + 1).filter(({ kind }) => kind === kindEndpoint).map((slot) => slot.permanentTarget!);
  }

  /** Calls made from now on have not missed a restart: the domain starts. */
  enterPresentEpochs(): void {
    for (let index = 1; index <= this.permanentCount; index++) {
      const slot = this.slots[index]!;
      if (slot.kind === kindEndpoint && slot.handle >= 0) slot.epoch = slot.target!.restarts;
    }
  }

  /** Counts the manifest's endpoints to a server that begins a new epoch. */
  holdPermanentBadges(server: Domain): void {
    for (let index = 1; index <= this.permanentCount; index++) {
      const slot = this.slots[index]!;
      if (slot.kind === kindEndpoint && slot.handle >= 0 && slot.target === server) server.holdBadge(slot.badge);
    }
  }

  /** A memory is gone: what was lent of it for a call goes, with everything made of it. Grants go with their owner's handles. */
  endLeasesOf(owner: Domain): void {
    for (const slot of this.leases) if (slot.target === owner) this.endLease(slot);
  }

  /** Can `count` more be held? */
  hasRoom(count: number): boolean {
    return count <= this.freeCount + (tableLimit - this.slots.length);
  }

  /** A slot with a fresh handle, or null when the table is full. */
  take(): Capability | null {
    let slot = this.firstFree;
    if (slot !== null && (this.slots.length >= tableLimit || this.freeCount > reuseDistance)) {
      this.firstFree = slot.nextFree;
      if (this.firstFree === null) this.lastFree = null;
      slot.nextFree = null;
      this.freeCount--;
    } else {
      if (this.slots.length >= tableLimit) return null;
      slot = new Capability(this, this.slots.length, false);
      this.slots.push(slot);
    }
    slot.arm();
    return slot;
  }

  /** Frees one slot. What was derived from it moves up to its parent and stays valid. */
  release(slot: Capability): void {
    let child = slot.firstChild;
    while (child !== null) {
      const next: Capability | null = child.nextSibling;
      child.unlink();
      if (slot.parent !== null) child.linkUnder(slot.parent);
      child = next;
    }
    this.clear(slot);
  }

  /**
   * Takes back everything derived from `root`, leaves first; `root` itself stays. Answers who held a grant of it that a device may be
   * using (a lease ends with the request, and its driver answers for that), or null.
   */
  revoke(root: Capability): Domain | null {
    let interrupted: Domain | null = null;
    let node: Capability = root;
    for (;;) {
      while (node.firstChild !== null) node = node.firstChild;
      if (node === root) return interrupted;
      const parent = node.parent!;
      if (node.kind === kindGrant && node.deviceRights !== 0) interrupted = node.table.domain;
      node.table.clear(node);
      node = parent;
    }
  }

  /** capability_drop: a grant of one's own takes back what was derived from it, and nothing outlives a lease. */
  drop(slot: Capability): Domain | null {
    const isRevoked = slot.kind === kindLease || (slot.kind === kindGrant && slot.target === this.domain);
    const interrupted = isRevoked ? this.revoke(slot) : null;
    this.release(slot);
    return interrupted;
  }

  /** Ends one lease of the request that was served, with anything minted from it. */
  endLease(slot: Capability): void {
    if (slot.handle < 0) return;
    if (slot.firstChild !== null) this.revoke(slot);
    this.clear(slot);
  }

  /** The domain died: all its handles go, and its grants with everything that stands on them. */
  releaseAll(): void {
    for (let index = 1; index < this.slots.length; index++) {
      const slot = this.slots[index]!;
      if (slot.handle >= 0) this.drop(slot);
    }
  }

  /** Forgets everything, whatever state it is in, without telling anybody; generations go on. */
  reset(): void {
    this.firstFree = null;
    this.lastFree = null;
    this.freeCount = 0;
    for (const slot of this.slots) {
      slot.handle = -1;
      slot.deviceRights = 0;
      slot.target = null;
      slot.parent = null;
      slot.firstChild = null;
      slot.nextSibling = null;
      slot.previousSibling = null;
      slot.nextFree = null;
      if (slot.index > this.permanentCount + leaseLimit) this.addFree(slot);
    }
  }

  private addFree(slot: Capability): void {
    if (this.lastFree === null) this.firstFree = slot;
    else this.lastFree.nextFree = slot;
    this.lastFree = slot;
    this.freeCount++;
  }

  private clear(slot: Capability): void {
    if (slot.parent !== null || slot.nextSibling !== null) slot.unlink();
    this.forget(slot);
  }

  /** Frees a slot that nothing in the tree names any more. */
  forget(slot: Capability): void {
    slot.handle = -1;
    if (slot.deviceRights !== 0) {
      slot.deviceRights = 0;
      this.domain.port?.dma.forget(slot);
    }
    if (slot.countsForBadge) slot.target!.releaseBadge(slot.badge);
    slot.target = null;
    if (slot.isLeaseSlot || slot.generation === 0) return;
    slot.part = null;
    slot.port = null;
    slot.timer = null;
    this.addFree(slot);
  }
}

/** Slots that must lie free before one is used again: keeps a stale handle stale for reuseDistance × 32,767 allocations. */
const reuseDistance = 64;

/** May `slot` be put into a capability slot of a message to the domain with this id? */
export function mayTransfer(slot: Capability, receiver: number): boolean {
  return (slot.rights & rightTransfer) !== 0 && (slot.kind !== kindGrant || slot.grantee === receiver);
}

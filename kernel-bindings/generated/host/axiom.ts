// Generated from kernel-bindings/schema/axiom.ts by `npm run generate`. The ordered, append-only, BLAKE3 hash-chained log of metadata changes.
import { type ClientPort, copyHash, type Lease, StatusError, writeHash, writeLease } from "../../host/client-port.ts";

export const INTERFACE = 4;
/** What an entry says. Payload layouts: docs/formats/axiom.md and docs/formats/filesystem.md. */
export const EntryType = { genesis: 1, stateRoot: 2, create: 16, setContent: 17, remove: 18, rename: 19, setAttributes: 20, snapshotCreate: 32, snapshotDelete: 33, rollback: 34 } as const;
/** How to commit. */
export const ProposeFlag = { durable: 1 } as const;

/** Head of a proposal in a batch; `payloadBytes` bytes of payload follow, padded to 8. */
export interface Proposal { type: number; flags: number; payloadBytes: number; timeNanoseconds: bigint; idempotencyKey: bigint; reserved: bigint }
export const proposalBytes = 32;
export function readProposal(view: DataView, offset: number): Proposal {
  return { type: view.getUint16(offset + 0, true), flags: view.getUint16(offset + 2, true), payloadBytes: view.getUint32(offset + 4, true), timeNanoseconds: view.getBigUint64(offset + 8, true), idempotencyKey: view.getBigUint64(offset + 16, true), reserved: view.getBigUint64(offset + 24, true) };
}

/** Head of an entry; its hash is BLAKE3 of these bytes. The payload follows, padded to 8. */
export interface Entry { height: bigint; previous: Uint8Array; payloadHash: Uint8Array; timeNanoseconds: bigint; idempotencyKey: bigint; type: number; flags: number; payloadBytes: number; reserved: bigint }
export const entryBytes = 112;
export function readEntry(view: DataView, offset: number): Entry {
  return { height: view.getBigUint64(offset + 0, true), previous: copyHash(view, offset + 8), payloadHash: copyHash(view, offset + 40), timeNanoseconds: view.getBigUint64(offset + 72, true), idempotencyKey: view.getBigUint64(offset + 80, true), type: view.getUint16(offset + 88, true), flags: view.getUint16(offset + 90, true), payloadBytes: view.getUint32(offset + 92, true), reserved: view.getBigUint64(offset + 96, true) };
}

export class AxiomClient {
  constructor(readonly client: ClientPort, readonly endpoint: number) {}
  /** Next height and hash of the last entry. */
  describe(): { head: Uint8Array; height: bigint; formatted: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 65540, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "axiom.describe");
    return { head: copyHash(view, 16), height: view.getBigUint64(48, true), formatted: view.getUint32(56, true) };
  }
  /** Format everything below and write the genesis entry, whose payload the caller gives. */
  format(request: { blockCount: bigint; flags: number; genesis: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 131076, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setBigUint64(16, request.blockCount, true);
    view.setUint32(24, request.flags, true);
    writeLease(view, 64, request.genesis, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "axiom.format");
  }
  /** Commit a batch of proposals that together lead to this state root, all or nothing. */
  propose(request: { stateRoot: Uint8Array; count: number; flags: number; batch: Lease }): { height: bigint; flags: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 196612, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    writeHash(view, 16, request.stateRoot);
    view.setUint32(48, request.count, true);
    view.setUint32(52, request.flags, true);
    writeLease(view, 64, request.batch, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "axiom.propose");
    return { height: view.getBigUint64(16, true), flags: view.getUint32(24, true) };
  }
  /** Every committed entry survives power loss when this returns. */
  sync(): { height: bigint } {
    const view = this.client.messageOut;
    view.setUint32(0, 262148, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "axiom.sync");
    return { height: view.getBigUint64(16, true) };
  }
  /** Whole entries from `height` on, as many as fit. */
  read(request: { height: bigint; buffer: Lease }): { nextHeight: bigint; count: number; lengthBytes: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 327684, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setBigUint64(16, request.height, true);
    writeLease(view, 64, request.buffer, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "axiom.read");
    return { nextHeight: view.getBigUint64(16, true), count: view.getUint32(24, true), lengthBytes: view.getUint32(28, true) };
  }
  /** Record that `state` (an object of the content store) holds the state at the present height; archive entries and checkpoint everything below. */
  checkpoint(request: { state: Uint8Array }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 393220, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    writeHash(view, 16, request.state);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "axiom.checkpoint");
  }
  /** The state object to start from and the height it stands for; found 0: replay from genesis. */
  lastCheckpoint(): { state: Uint8Array; height: bigint; found: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 458756, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "axiom.lastCheckpoint");
    return { state: copyHash(view, 16), height: view.getBigUint64(48, true), found: view.getUint32(56, true) };
  }
  /** During a collection: mark the objects that the log itself needs. */
  mark(): void {
    const view = this.client.messageOut;
    view.setUint32(0, 524292, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "axiom.mark");
  }
  /** Verify the chain from genesis to head. */
  check(): { checked: bigint; firstBroken: bigint; broken: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 589828, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "axiom.check");
    return { checked: view.getBigUint64(16, true), firstBroken: view.getBigUint64(24, true), broken: view.getUint32(32, true) };
  }
  /** The same in steps of up to `limit` segments; cursor 0 begins and ends, counts are since it began. Busy: the log was archived meanwhile, begin again. */
  checkSome(request: { cursor: bigint; limit: number }): { cursor: bigint; checked: bigint; firstBroken: bigint; broken: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 655364, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    view.setBigUint64(16, request.cursor, true);
    view.setUint32(24, request.limit, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "axiom.checkSome");
    return { cursor: view.getBigUint64(16, true), checked: view.getBigUint64(24, true), firstBroken: view.getBigUint64(32, true), broken: view.getUint32(40, true) };
  }
}

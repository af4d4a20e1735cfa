// Generated from kernel-bindings/schema/content-store.ts by `npm run generate`. Objects under the BLAKE3 hash of their content, stored once and verified at every read.
import { type ClientPort, copyHash, type Lease, StatusError, writeHash, writeLease } from "../../host/client-port.ts";

export const INTERFACE = 3;
/** essential: without it no checkpoint can be made, and no space comes back; it may have blocks of the reserve. */
export const StoreFlag = { essential: 1 } as const;

/** Counts. */
export interface StoreStatistics { objects: bigint; groups: bigint; interiors: bigint; storedBytes: bigint; duplicateObjects: bigint; duplicateGroups: bigint; usedBlocks: bigint; reserved: bigint }
export const storeStatisticsBytes = 64;
export function readStoreStatistics(view: DataView, offset: number): StoreStatistics {
  return { objects: view.getBigUint64(offset + 0, true), groups: view.getBigUint64(offset + 8, true), interiors: view.getBigUint64(offset + 16, true), storedBytes: view.getBigUint64(offset + 24, true), duplicateObjects: view.getBigUint64(offset + 32, true), duplicateGroups: view.getBigUint64(offset + 40, true), usedBlocks: view.getBigUint64(offset + 48, true), reserved: view.getBigUint64(offset + 56, true) };
}

export class ContentStoreClient {
  constructor(readonly client: ClientPort, readonly endpoint: number) {}
  /** Store the bytes as one object; `flags` are StoreFlag. */
  store(request: { flags: number; data: Lease }): { hash: Uint8Array; duplicate: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 65539, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setUint32(16, request.flags, true);
    writeLease(view, 64, request.data, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "content-store.store");
    return { hash: copyHash(view, 16), duplicate: view.getUint32(48, true) };
  }
  /** Verified bytes of an object from `offsetBytes`; short at its end. */
  get(request: { hash: Uint8Array; offsetBytes: bigint; buffer: Lease }): { lengthBytes: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 131075, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    writeHash(view, 16, request.hash);
    view.setBigUint64(48, request.offsetBytes, true);
    writeLease(view, 64, request.buffer, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "content-store.get");
    return { lengthBytes: view.getUint32(16, true) };
  }
  /** Length of an object and the blocks it occupies. */
  describe(request: { hash: Uint8Array }): { lengthBytes: bigint; blockCount: bigint } {
    const view = this.client.messageOut;
    view.setUint32(0, 196611, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    writeHash(view, 16, request.hash);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "content-store.describe");
    return { lengthBytes: view.getBigUint64(16, true), blockCount: view.getBigUint64(24, true) };
  }
  /** A writer for a new version of an object (the empty object's hash for a new one); the capability answers the writer operations. */
  openWriter(request: { base: Uint8Array }): { writer: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 262147, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    writeHash(view, 16, request.base);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "content-store.openWriter");
    return { writer: view.getUint8(13) > 0 ? view.getUint32(128, true) : 0 };
  }
  /** Put bytes at an offset; a gap before them reads as zeros. */
  writerWrite(request: { offsetBytes: bigint; data: Lease }): { lengthBytes: bigint } {
    const view = this.client.messageOut;
    view.setUint32(0, 327683, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setBigUint64(16, request.offsetBytes, true);
    writeLease(view, 64, request.data, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "content-store.writerWrite");
    return { lengthBytes: view.getBigUint64(16, true) };
  }
  /** Bytes as the writer has them. */
  writerRead(request: { offsetBytes: bigint; buffer: Lease }): { lengthBytes: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 393219, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setBigUint64(16, request.offsetBytes, true);
    writeLease(view, 64, request.buffer, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "content-store.writerRead");
    return { lengthBytes: view.getUint32(16, true) };
  }
  /** Cut or extend with zeros. */
  writerTruncate(request: { lengthBytes: bigint }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 458755, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    view.setBigUint64(16, request.lengthBytes, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "content-store.writerTruncate");
  }
  /** Store what the writer has as an object; the writer goes on from there. */
  writerFinish(): { hash: Uint8Array; lengthBytes: bigint } {
    const view = this.client.messageOut;
    view.setUint32(0, 524291, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "content-store.writerFinish");
    return { hash: copyHash(view, 16), lengthBytes: view.getBigUint64(48, true) };
  }
  /** Write out what is staged and attach the index changes to the open transaction. */
  prepare(): void {
    const view = this.client.messageOut;
    view.setUint32(0, 589827, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "content-store.prepare");
  }
  /** Prepare, write the index out and set the root for the block service's checkpoint. */
  checkpoint(): void {
    const view = this.client.messageOut;
    view.setUint32(0, 655363, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "content-store.checkpoint");
  }
  /** Format the block service below and start empty. */
  format(request: { blockCount: bigint; flags: number }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 720899, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    view.setBigUint64(16, request.blockCount, true);
    view.setUint32(24, request.flags, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "content-store.format");
  }
  /** Start marking: what is stored or matched from now on is kept. */
  collectBegin(): void {
    const view = this.client.messageOut;
    view.setUint32(0, 786435, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "content-store.collectBegin");
  }
  /** Keep these objects; fresh[i] becomes 1 where hash i was not marked before. */
  collectMark(request: { count: number; hashes: Lease; fresh: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 851971, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 2, true);
    view.setUint32(16, request.count, true);
    writeLease(view, 64, request.hashes, 1);
    writeLease(view, 80, request.fresh, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "content-store.collectMark");
  }
  /** Free up to `limit` unmarked objects; remaining 0 ends the collection. */
  collectSweep(request: { limit: number }): { freedBlocks: bigint; freedObjects: number; remaining: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 917507, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    view.setUint32(16, request.limit, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "content-store.collectSweep");
    return { freedBlocks: view.getBigUint64(16, true), freedObjects: view.getUint32(24, true), remaining: view.getUint32(28, true) };
  }
  /** Verify a bounded number of stored extents against their hashes; cursor 0 starts and ends. */
  check(request: { cursor: number; limit: number }): { firstDamaged: Uint8Array; cursor: number; checked: number; damaged: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 983043, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    view.setUint32(16, request.cursor, true);
    view.setUint32(20, request.limit, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "content-store.check");
    return { firstDamaged: copyHash(view, 16), cursor: view.getUint32(48, true), checked: view.getUint32(52, true), damaged: view.getUint32(56, true) };
  }
  /** Counts, a StoreStatistics. */
  statistics(request: { statistics: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 1048579, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    writeLease(view, 64, request.statistics, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "content-store.statistics");
  }
  /** Compare the index with the allocation: extents not allocated, extents that overlap, and the blocks the store owns. */
  recount(): { ownedBlocks: bigint; notAllocated: bigint; overlapping: bigint } {
    const view = this.client.messageOut;
    view.setUint32(0, 1114115, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "content-store.recount");
    return { ownedBlocks: view.getBigUint64(16, true), notAllocated: view.getBigUint64(24, true), overlapping: view.getBigUint64(32, true) };
  }
}

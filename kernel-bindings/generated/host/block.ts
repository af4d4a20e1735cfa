// Generated from kernel-bindings/schema/block.ts by `npm run generate`. Blocks of 4096 bytes in one sequence of transactions; a crash leaves a prefix of it.
import { type ClientPort, copyHash, type Lease, StatusError, writeLease } from "../../host/client-port.ts";

export const INTERFACE = 2;
/** State of the mounted image. checkpointWanted: make one when nobody wants anything; checkpointDue: before the next change. */
export const BlockFlag = { formatted: 1, readOnly: 2, cannotFlush: 4, fellBack: 8, checkpointWanted: 16, damaged: 32, droppedTail: 64, checkpointDue: 128 } as const;
/** Where a run may come from: also from the reserve, for what must be written so that something can be freed. */
export const AllocateFlag = { fromReserve: 1 } as const;
/** How to format. */
export const FormatFlag = { force: 1 } as const;
/** What a block that the service owns is for. */
export const StructureRole = { none: 0, superblock: 1, checkpoint: 2, table: 3, bitmapPage: 4, logRecord: 5, upperTable: 6 } as const;
/** How an extent's hash is computed: BLAKE3 of its bytes, or the chaining value of a group at its chunk counter. */
export const ExtentKind = { plain: 0, group: 1 } as const;

/** One extent inside a written run: first block relative to the run, bytes, kind in bit 0 of counterAndKind and chunk counter above it, value. */
export interface ExtentDescriptor { blockOffset: number; lengthBytes: number; counterAndKind: bigint; value: Uint8Array }
export const extentDescriptorBytes = 48;
export function readExtentDescriptor(view: DataView, offset: number): ExtentDescriptor {
  return { blockOffset: view.getUint32(offset + 0, true), lengthBytes: view.getUint32(offset + 4, true), counterAndKind: view.getBigUint64(offset + 8, true), value: copyHash(view, offset + 16) };
}

/** Counts since mount, and how things stand: redo images that wait to go home, blocks that were freed and are not reusable yet, free blocks of the reserve, nodes of the map that changed since the checkpoint. describe().freeBlocks + waitingBlocks + reserveBlocks are the bits that are 0 in readAllocation. */
export interface BlockStatistics { deviceReads: bigint; deviceWrites: bigint; deviceFlushes: bigint; readBytes: bigint; writtenBytes: bigint; commits: bigint; syncs: bigint; checkpoints: bigint; cacheHits: bigint; cacheMisses: bigint; replayedRecords: bigint; droppedRecords: bigint; logBlocks: bigint; logUsedBlocks: bigint; extentsVerified: bigint; discardedBlocks: bigint; waitingBlocks: bigint; reserveBlocks: bigint; changedMapNodes: bigint; cacheEvictions: bigint; readAheadBlocks: bigint; readAheadHits: bigint; waitingImages: bigint; redoPatches: bigint }
export const blockStatisticsBytes = 192;
export function readBlockStatistics(view: DataView, offset: number): BlockStatistics {
  return { deviceReads: view.getBigUint64(offset + 0, true), deviceWrites: view.getBigUint64(offset + 8, true), deviceFlushes: view.getBigUint64(offset + 16, true), readBytes: view.getBigUint64(offset + 24, true), writtenBytes: view.getBigUint64(offset + 32, true), commits: view.getBigUint64(offset + 40, true), syncs: view.getBigUint64(offset + 48, true), checkpoints: view.getBigUint64(offset + 56, true), cacheHits: view.getBigUint64(offset + 64, true), cacheMisses: view.getBigUint64(offset + 72, true), replayedRecords: view.getBigUint64(offset + 80, true), droppedRecords: view.getBigUint64(offset + 88, true), logBlocks: view.getBigUint64(offset + 96, true), logUsedBlocks: view.getBigUint64(offset + 104, true), extentsVerified: view.getBigUint64(offset + 112, true), discardedBlocks: view.getBigUint64(offset + 120, true), waitingBlocks: view.getBigUint64(offset + 128, true), reserveBlocks: view.getBigUint64(offset + 136, true), changedMapNodes: view.getBigUint64(offset + 144, true), cacheEvictions: view.getBigUint64(offset + 152, true), readAheadBlocks: view.getBigUint64(offset + 160, true), readAheadHits: view.getBigUint64(offset + 168, true), waitingImages: view.getBigUint64(offset + 176, true), redoPatches: view.getBigUint64(offset + 184, true) };
}

export class BlockClient {
  constructor(readonly client: ClientPort, readonly endpoint: number) {}
  /** Size and state of the image. */
  describe(): { blockCount: bigint; freeBlocks: bigint; sequence: bigint; generation: bigint; flags: number; version: number; mountStatus: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 65538, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.describe");
    return { blockCount: view.getBigUint64(16, true), freeBlocks: view.getBigUint64(24, true), sequence: view.getBigUint64(32, true), generation: view.getBigUint64(40, true), flags: view.getUint32(48, true), version: view.getUint32(52, true), mountStatus: view.getUint32(56, true) };
  }
  /** Make an empty image of the device; blockCount 0 takes all of it. Durable when it returns. */
  format(request: { blockCount: bigint; flags: number }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 131074, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    view.setBigUint64(16, request.blockCount, true);
    view.setUint32(24, request.flags, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.format");
  }
  /** A contiguous run of up to `count` free blocks, near `hint` (0: behind the last one), in the open transaction; the end of the image comes last; `flags` are AllocateFlag. Busy: not before a checkpoint. */
  allocate(request: { hint: bigint; count: number; flags: number }): { address: bigint; count: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 196610, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    view.setBigUint64(16, request.hint, true);
    view.setUint32(24, request.count, true);
    view.setUint32(28, request.flags, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.allocate");
    return { address: view.getBigUint64(16, true), count: view.getUint32(24, true) };
  }
  /** Give blocks back; they are reusable when nothing recoverable reaches them. Busy: not before a checkpoint. */
  free(request: { address: bigint; count: number }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 262146, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    view.setBigUint64(16, request.address, true);
    view.setUint32(24, request.count, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.free");
  }
  /** Read whole blocks into the buffer. */
  read(request: { address: bigint; buffer: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 327682, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setBigUint64(16, request.address, true);
    writeLease(view, 64, request.buffer, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.read");
  }
  /** Write a run of fresh blocks and bind its extents to the open transaction. The first run of up to 64 KiB goes to the device with the commit, which then answers DeviceError if it cannot be written. */
  writeExtents(request: { address: bigint; count: number; data: Lease; descriptors: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 393218, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 2, true);
    view.setBigUint64(16, request.address, true);
    view.setUint32(24, request.count, true);
    writeLease(view, 64, request.data, 1);
    writeLease(view, 80, request.descriptors, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.writeExtents");
  }
  /** Write blocks in place through the journal: redo images in the open transaction. */
  write(request: { address: bigint; data: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 458754, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setBigUint64(16, request.address, true);
    writeLease(view, 64, request.data, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.write");
  }
  /** Append a piece of the caller's payload to the open transaction. */
  attach(request: { payload: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 524290, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    writeLease(view, 64, request.payload, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.attach");
  }
  /** Close the open transaction with a last piece of payload; it is durable after the next sync. DeviceError: data that was kept back for it cannot be written, and the transaction is still open, to be abandoned or tried again; or the log cannot, and nothing is acknowledged any more. */
  commit(request: { payload: Lease }): { sequence: bigint; flags: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 589826, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    writeLease(view, 64, request.payload, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.commit");
    return { sequence: view.getBigUint64(16, true), flags: view.getUint32(24, true) };
  }
  /** Everything committed before this survives power loss when this returns. */
  sync(): { sequence: bigint } {
    const view = this.client.messageOut;
    view.setUint32(0, 655362, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.sync");
    return { sequence: view.getBigUint64(16, true) };
  }
  /** The caller's root for the next checkpoint: up to 1024 bytes, handed back by getRoot. */
  setRoot(request: { root: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 720898, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    writeLease(view, 64, request.root, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.setRoot");
  }
  /** The caller's root of the newest checkpoint. */
  getRoot(request: { root: Lease }): { lengthBytes: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 786434, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    writeLease(view, 64, request.root, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.getRoot");
    return { lengthBytes: view.getUint32(16, true) };
  }
  /** Make roots and allocation state durable and release the log before them. */
  checkpoint(): { generation: bigint } {
    const view = this.client.messageOut;
    view.setUint32(0, 851970, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.checkpoint");
    return { generation: view.getBigUint64(16, true) };
  }
  /** The caller's payload pieces committed after the newest checkpoint, flushed or not, in order; cursor 0 starts, count 0 ends. */
  replay(request: { cursor: bigint; payload: Lease }): { cursor: bigint; sequence: bigint; lengthBytes: number; found: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 917506, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setBigUint64(16, request.cursor, true);
    writeLease(view, 64, request.payload, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.replay");
    return { cursor: view.getBigUint64(16, true), sequence: view.getBigUint64(24, true), lengthBytes: view.getUint32(32, true), found: view.getUint32(36, true) };
  }
  /** Counts since mount, a BlockStatistics. */
  statistics(request: { statistics: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 983042, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    writeLease(view, 64, request.statistics, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.statistics");
  }
  /** Allocation bits (1: in use) from block `first`, rounded down to a multiple of 8. */
  readAllocation(request: { first: bigint; bits: Lease }): { blockCount: bigint } {
    const view = this.client.messageOut;
    view.setUint32(0, 1048578, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setBigUint64(16, request.first, true);
    writeLease(view, 64, request.bits, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.readAllocation");
    return { blockCount: view.getBigUint64(16, true) };
  }
  /** Check every structure that this service owns on the disk. */
  verify(): { checkedBlocks: bigint; damagedBlocks: bigint; firstDamaged: bigint; ownedBlocks: bigint; firstRole: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 1114114, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.verify");
    return { checkedBlocks: view.getBigUint64(16, true), damagedBlocks: view.getBigUint64(24, true), firstDamaged: view.getBigUint64(32, true), ownedBlocks: view.getBigUint64(40, true), firstRole: view.getUint32(48, true) };
  }
  /** Drop the open transaction. */
  abandon(): void {
    const view = this.client.messageOut;
    view.setUint32(0, 1179650, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.abandon");
  }
  /** Make the image larger where it lies; blockCount 0 takes all of the device. Durable when it returns. Busy: a transaction is open, or something was committed since the newest checkpoint, which the new generation would release. */
  grow(request: { blockCount: bigint }): { blockCount: bigint } {
    const view = this.client.messageOut;
    view.setUint32(0, 1245186, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    view.setBigUint64(16, request.blockCount, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.grow");
    return { blockCount: view.getBigUint64(16, true) };
  }
  /** The first block that the service found damaged since it began to mount, and what it is for: why nothing is served (mountStatus Corrupted), or what it did without. Role none: nothing was found. */
  damage(): { address: bigint; role: number; count: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 1310722, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.damage");
    return { address: view.getBigUint64(16, true), role: view.getUint32(24, true), count: view.getUint32(28, true) };
  }
  /** Write blocks in place in a transaction of its own: journaled, and surviving power loss when this returns. Busy: a transaction is open. NotDurable: done, on a device that cannot flush. */
  writeDurable(request: { address: bigint; data: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 1376258, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setBigUint64(16, request.address, true);
    writeLease(view, 64, request.data, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "block.writeDurable");
  }
}

// The open transaction: one record that grows as clients allocate, free, write and attach, until `commit` closes it. Shared by all clients.
// What stays true: whatever is in the record can be undone by `abandon` as long as it is not in the log; an extent is bound only to blocks that this transaction
// allocated and that nothing was written to yet, so no recoverable state is ever overwritten in place.
//
// Safety: descriptors are copied into `descriptors` before they are checked; the record grows only where `hasRoomFor` said so.
import { ExtentDescriptor } from "../../kernel-bindings/generated/assembly/block";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Allocator } from "./allocator";
import { BlockCache } from "./block-cache";
import { Leases } from "./disk";
import { BLOCK_BYTES, BLOCK_SHIFT, Geometry, MAXIMUM_RECORD_BYTES } from "./geometry";
import { EXTENT_BODY_BYTES, GROUP_BYTES, ItemType, LogRecord, MAXIMUM_EXTENT_BYTES, RUN_BODY_BYTES, RecordKind, itemsOf } from "./log-record";
import { makePatch } from "./patch";

const DESCRIPTORS_AT_ONCE: u32 = 64;

export class Transaction {
  readonly record: LogRecord = new LogRecord(heap.alloc(MAXIMUM_RECORD_BYTES), MAXIMUM_RECORD_BYTES);
  private patch: usize = heap.alloc(BLOCK_BYTES);
  /** Patches that were made since the mount. */
  patchCount: u64 = 0;
  private descriptors: usize = heap.alloc(DESCRIPTORS_AT_ONCE * ExtentDescriptor.SIZE);

  constructor(readonly geometry: Geometry, readonly allocator: Allocator, readonly cache: BlockCache, readonly leases: Leases) {}

  /** A bit for each badge below 32 that allocated, freed, bound or wrote; bit 0 stands for all others. */
  private makers: u32 = 0;

  begin(): void {
    this.record.begin(RecordKind.transaction);
    this.makers = 0;
  }
  /** The client with this badge takes part in what blocks are used for. */
  made(badge: u32): void { this.makers |= maskOf(badge); }
  /** Is the client with this badge, and no other, behind what blocks are used for? */
  isMadeBy(badge: u32): bool { return this.makers == maskOf(badge) && this.makers > 1; }
  get isEmpty(): bool { return this.record.itemCount == 0; }
  private hasRoomFor(bodyBytes: u32): bool {
    return bodyBytes <= MAXIMUM_RECORD_BYTES && this.record.hasRoomFor(LogRecord.itemBytes(bodyBytes), this.geometry.maximumRecordBytes);
  }

  /** A run of up to `count` blocks, in allocator.found*. */
  allocate(hint: u64, count: u32, fromReserve: bool): u32 {
    if (!count) return Status.InvalidArgument;
    if (!this.hasRoomFor(RUN_BODY_BYTES)) return Status.TooLarge;
    const status = this.allocator.allocate(hint, count, fromReserve);
    if (!status) this.record.appendRun(ItemType.allocation, this.allocator.foundAddress, this.allocator.foundCount);
    return status;
  }

  free(address: u64, count: u32): u32 {
    if (!count) return Status.InvalidArgument;
    if (!this.hasRoomFor(RUN_BODY_BYTES)) return Status.TooLarge;
    const status = this.allocator.free(address, count);
    if (!status) this.record.appendRun(ItemType.free, address, count);
    return status;
  }

  /** Whether a run may be written by writeExtents, and its descriptors would fit. */
  canBind(address: u64, blocks: u32, count: u32): u32 {
    if (!this.geometry.isForClients(address, blocks) || !this.allocator.isFresh(address, blocks)) return Status.InvalidArgument;
    if (!count || count > blocks) return Status.InvalidArgument;
    if (!this.record.hasRoomFor(count * LogRecord.itemBytes(EXTENT_BODY_BYTES), this.geometry.maximumRecordBytes)) return Status.TooLarge;
    return Status.Ok;
  }

  /** Append the extents of a run. They must cover its blocks in order and without gaps, so that a recovered transaction holds no byte that was not checked. `rewind` takes them back. */
  bind(address: u64, blocks: u32, count: u32, lease: u32): u32 {
    this.record.mark();
    let covered: u32 = 0;
    for (let done: u32 = 0; done < count; ) {
      const part = min(DESCRIPTORS_AT_ONCE, count - done);
      const status = this.leases.read(lease, done * ExtentDescriptor.SIZE, this.descriptors, part * ExtentDescriptor.SIZE);
      if (status) return this.refuse(status);
      for (let i: u32 = 0; i < part; i++) {
        const descriptor = this.descriptors + i * ExtentDescriptor.SIZE;
        const lengthBytes = ExtentDescriptor.lengthBytes(descriptor);
        const counterAndKind = ExtentDescriptor.counterAndKind(descriptor);
        if (!lengthBytes || lengthBytes > (counterAndKind & 1 ? GROUP_BYTES : MAXIMUM_EXTENT_BYTES)) return this.refuse(Status.InvalidArgument);
        const extentBlocks = (lengthBytes + BLOCK_BYTES - 1) >> BLOCK_SHIFT;
        if (ExtentDescriptor.blockOffset(descriptor) != covered || extentBlocks > blocks - covered) return this.refuse(Status.InvalidArgument);
        this.record.appendExtent(address + covered, lengthBytes, counterAndKind, ExtentDescriptor.value(descriptor));
        covered += extentBlocks;
      }
      done += part;
    }
    return covered == blocks ? Status.Ok : this.refuse(Status.InvalidArgument);
  }

  private refuse(status: u32): u32 {
    this.record.rewind();
    return status;
  }

  /** Redo images of a run of blocks that are in use; of one block, only what changes, if a record after this sequence has it. */
  write(address: u64, blocks: u32, lease: u32, since: u64): u32 {
    if (!blocks) return Status.InvalidArgument;
    const refused = this.allocator.requireInUse(address, blocks);
    if (refused) return refused;
    const bodyBytes = 8 + (blocks << BLOCK_SHIFT);
    if (blocks > this.cache.room || !this.hasRoomFor(bodyBytes)) return Status.TooLarge;
    this.record.mark();
    const body = this.record.append(ItemType.redo, 0, bodyBytes);
    store<u64>(body, address);
    const status = this.leases.read(lease, 0, body + 8, blocks << BLOCK_SHIFT);
    if (status) return this.refuse(status);
    const older = blocks == 1 ? this.cache.loggedAfter(address, since) : 0;
    const patchBytes = older ? makePatch(older, body + 8, this.patch) : 0;
    for (let i: u32 = 0; i < blocks; i++) this.cache.putOpen(address + i, body + 8 + (<usize>i << BLOCK_SHIFT));
    if (patchBytes) this.replaceByPatch(address, patchBytes);
    this.allocator.unfresh(address, blocks); // the image would cover what an extent wrote there afterwards
    return Status.Ok;
  }

  /** The item since the mark, a block, becomes the patch that was made of it. */
  private replaceByPatch(address: u64, patchBytes: u32): void {
    this.record.rewind();
    const body = this.record.append(ItemType.patch, 0, 8 + patchBytes);
    store<u64>(body, address);
    memory.copy(body + 8, this.patch, patchBytes);
    this.patchCount++;
  }

  /** A piece of a client's payload; `record.rewind` takes it back. */
  attach(badge: u32, lease: u32, lengthBytes: u32): u32 {
    this.record.mark();
    if (!lengthBytes) return Status.Ok;
    if (badge > 255) return Status.Denied;
    if (!this.hasRoomFor(lengthBytes)) return Status.TooLarge;
    const body = this.record.append(ItemType.payload, badge, lengthBytes);
    const status = this.leases.read(lease, 0, body, lengthBytes);
    return status ? this.refuse(status) : Status.Ok;
  }

  /** The record is in the log, as the one of this sequence: what was fresh is ordinary now, and a new transaction is open. */
  close(sequence: u64): void {
    this.allocator.fresh.empty();
    this.cache.commitOpen(sequence);
    this.begin();
  }

  /** Undo everything: frees first, because a block may have been allocated and freed in one transaction. */
  abandon(): void {
    let items = itemsOf(this.record);
    while (items.next()) if (items.type == ItemType.free) this.allocator.unfree(items.address, items.runCount);
    items = itemsOf(this.record);
    while (items.next()) if (items.type == ItemType.allocation) this.allocator.unallocate(items.address, items.runCount);
    this.allocator.fresh.empty();
    this.cache.abandonOpen();
    this.begin();
  }
}

function maskOf(badge: u32): u32 { return badge < 32 ? 1 << badge : 1; }

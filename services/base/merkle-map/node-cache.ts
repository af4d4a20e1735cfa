// Nodes in memory, of all maps of a domain: found by hash, bounded by an arena made at start.
//
// A node is *changed* (its hash is stale; its parent, changed too, names it by index), or *hashed*, and then *unstored* until the store has it. Hashed nodes are found through a table of hashes.
// Always: only nodes that the store has are evicted; a node touched since `begin` is not evicted, so that one operation of a map can hold indexes; a node that enters from the store was validated.
// `stamp(index)` changes whenever what the index stands for may have changed.
//
// Safety: records, buckets and scratch are allocated once; an index comes from this class or from a `Child` that it wrote; frames belong to the arena.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { FrameArena, ORDER_MAX } from "./frame-arena";
import { HASH_BYTES, NODE_BYTES_MAX, Node, isValidNode } from "./node";
import { NodeStore } from "./node-store";

/** A record: hash, frame, next of its bucket (or of the free list), operation that touched it last, stamp, order, flags. */
const RECORD_SHIFT: u32 = 6;
const FRAME: usize = 32;
const NEXT: usize = 36;
const TOUCHED: usize = 40;
const STAMP: usize = 44;
const ORDER: usize = 48;
const FLAGS: usize = 49;
const USED: u8 = 1;
const CHANGED: u8 = 2;
const UNSTORED: u8 = 4;
const RECENT: u8 = 8;

export class NodeCache {
  private records: usize;
  private buckets: usize;
  private bucketMask: u32;
  private scratch: usize;
  private freeList: u32 = 0;
  private hand: u32 = 0;
  private storeHand: u32 = 0;
  private operation: u32 = 1;
  private arena: FrameArena;
  /** Why `load` answered 0. */
  status: u32 = 0;
  /** Bytes of frames that hold what the store does not have yet. */
  unstoredBytes: u32 = 0;
  unstoredCount: u32 = 0;
  loadCount: u64 = 0;
  hashCount: u64 = 0;
  hashedBytes: u64 = 0;

  /** `recordCount` − 1 nodes at most, in `chunkCount` × 256 KiB. */
  constructor(readonly nodes: NodeStore, private recordCount: u32, chunkCount: u32) {
    assert(recordCount > 16 && popcnt(recordCount) == 1);
    this.arena = new FrameArena(chunkCount);
    this.records = heap.alloc(<usize>recordCount << RECORD_SHIFT);
    memory.fill(this.records, 0, <usize>recordCount << RECORD_SHIFT);
    this.buckets = heap.alloc(<usize>recordCount << 2);
    memory.fill(this.buckets, 0, <usize>recordCount << 2);
    this.bucketMask = recordCount - 1;
    this.scratch = heap.alloc(NODE_BYTES_MAX);
    for (let i = recordCount - 1; i > 0; i--) this.pushFree(i);
  }

  /** A new operation: what the last one touched may be evicted again. */
  begin(): void { this.operation++; }

  node(index: u32): usize { return <usize>load<u32>(this.record(index), FRAME); }
  hash(index: u32): usize { return this.record(index); }
  stamp(index: u32): u32 { return load<u32>(this.record(index), STAMP); }
  isChanged(index: u32): bool { return (this.flags(index) & CHANGED) != 0; }
  isUnstored(index: u32): bool { return (this.flags(index) & UNSTORED) != 0; }
  get capacityBytes(): u32 { return this.arena.capacityBytes; }
  get capacityCount(): u32 { return this.recordCount - 1; }

  touch(index: u32): void {
    const record = this.record(index);
    store<u32>(record, this.operation, TOUCHED);
    store<u8>(record, load<u8>(record, FLAGS) | RECENT, FLAGS);
  }

  /** The node in memory with this hash, or 0. */
  find(hash: usize): u32 {
    let index = load<u32>(this.bucket(hash));
    while (index != 0) {
      const record = this.record(index);
      if (sameHash(record, hash)) return index;
      index = load<u32>(record, NEXT);
    }
    return 0;
  }

  /** The node with this hash, from memory or the store; 0 and `status` if it cannot be had. */
  load(hash: usize): u32 {
    const found = this.find(hash);
    if (found != 0) {
      this.touch(found);
      return found;
    }
    const length = this.nodes.load(hash, this.scratch, NODE_BYTES_MAX);
    this.loadCount++;
    if (length < 0) {
      this.status = <u32>-length == Status.NotFound ? Status.Corrupted : <u32>-length;
      return 0;
    }
    if (!isValidNode(this.scratch, length)) {
      this.status = Status.Corrupted;
      return 0;
    }
    const index = this.create(length);
    if (index == 0) {
      this.status = Status.OutOfMemory;
      return 0;
    }
    const record = this.record(index);
    memory.copy(this.node(index), this.scratch, length);
    memory.copy(record, hash, HASH_BYTES);
    this.setUnstored(index, false);
    store<u8>(record, load<u8>(record, FLAGS) & ~CHANGED, FLAGS);
    this.link(index);
    return index;
  }

  /** A changed, unstored node with room for so many bytes, its content not set; 0 when memory is short. */
  create(lengthBytes: u32): u32 {
    const order = FrameArena.orderOf(lengthBytes);
    const frame = this.frame(order);
    if (frame == 0) return 0;
    if (this.freeList == 0 && !this.evictOne()) {
      this.arena.release(frame);
      return 0;
    }
    const index = this.freeList;
    const record = this.record(index);
    this.freeList = load<u32>(record, NEXT);
    store<u32>(record, <u32>frame, FRAME);
    store<u8>(record, <u8>order, ORDER);
    store<u8>(record, USED | CHANGED, FLAGS);
    this.bumpStamp(record);
    this.setUnstored(index, true);
    this.touch(index);
    return index;
  }

  /** Make room for a node of so many bytes in its place; false when memory is short. */
  reserve(index: u32, lengthBytes: u32): bool {
    const record = this.record(index);
    const order = FrameArena.orderOf(lengthBytes);
    if (order <= load<u8>(record, ORDER)) return true;
    this.touch(index);
    const frame = this.frame(order);
    if (frame == 0) return false;
    const old = this.node(index);
    memory.copy(frame, old, Node.lengthBytes(old));
    const wasUnstored = this.isUnstored(index);
    this.setUnstored(index, false);
    this.arena.release(old);
    store<u32>(record, <u32>frame, FRAME);
    store<u8>(record, <u8>order, ORDER);
    this.setUnstored(index, wasUnstored);
    this.bumpStamp(record);
    return true;
  }

  /** The node is about to change: it has no hash any more. */
  change(index: u32): void {
    const record = this.record(index);
    this.bumpStamp(record);
    if (this.isChanged(index)) return;
    this.unlink(index);
    store<u8>(record, load<u8>(record, FLAGS) | CHANGED, FLAGS);
    this.setUnstored(index, true);
  }

  /** A changed node has been hashed. Another with the same hash may be in memory (two empty maps); each keeps its own, so that a change of one leaves the other. */
  settle(index: u32, hash: usize): void {
    const record = this.record(index);
    this.hashCount++;
    this.hashedBytes += Node.lengthBytes(this.node(index));
    memory.copy(record, hash, HASH_BYTES);
    store<u8>(record, load<u8>(record, FLAGS) & ~CHANGED, FLAGS);
    this.link(index);
  }

  /** The node is in no map any more. */
  release(index: u32): void {
    const record = this.record(index);
    if (!this.isChanged(index)) this.unlink(index);
    this.setUnstored(index, false);
    this.arena.release(this.node(index));
    store<u8>(record, 0, FLAGS);
    this.bumpStamp(record);
    this.pushFree(index);
  }

  /** Store up to so many hashed nodes that the store lacks. */
  storeSome(limit: u32): u32 {
    let sent: u32 = 0;
    for (let step: u32 = 0; step < this.recordCount && this.unstoredCount > 0 && sent < limit; step++) {
      this.storeHand = (this.storeHand + 1) & this.bucketMask;
      const index = this.storeHand;
      if ((this.flags(index) & (USED | CHANGED | UNSTORED)) != (USED | UNSTORED)) continue;
      const node = this.node(index);
      const status = this.nodes.store(this.hash(index), node, Node.lengthBytes(node));
      if (status != Status.Ok) return status;
      sent++;
      this.setUnstored(index, false);
    }
    return Status.Ok;
  }

  /** The store has this hashed node already (or will never be asked for it). */
  forgetUnstored(index: u32): void { this.setUnstored(index, false); }

  /** Nothing in memory: as at start. */
  clear(): void {
    for (let index: u32 = 1; index < this.recordCount; index++) {
      if ((this.flags(index) & USED) != 0) this.release(index);
    }
  }

  private record(index: u32): usize { return this.records + (<usize>index << RECORD_SHIFT); }
  private flags(index: u32): u8 { return load<u8>(this.record(index), FLAGS); }
  private bucket(hash: usize): usize { return this.buckets + (<usize>(load<u32>(hash) & this.bucketMask) << 2); }
  private bumpStamp(record: usize): void { store<u32>(record, load<u32>(record, STAMP) + 1, STAMP); }

  private pushFree(index: u32): void {
    store<u32>(this.record(index), this.freeList, NEXT);
    this.freeList = index;
  }

  private setUnstored(index: u32, value: bool): void {
    if (value == this.isUnstored(index)) return;
    const record = this.record(index);
    const bytes = FrameArena.bytesOf(load<u8>(record, ORDER));
    store<u8>(record, load<u8>(record, FLAGS) ^ UNSTORED, FLAGS);
    this.unstoredBytes += value ? bytes : 0 - bytes;
    this.unstoredCount += value ? 1 : -1;
  }

  private link(index: u32): void {
    const record = this.record(index);
    const bucket = this.bucket(record);
    store<u32>(record, load<u32>(bucket), NEXT);
    store<u32>(bucket, index);
  }

  private unlink(index: u32): void {
    const record = this.record(index);
    let at = this.bucket(record);
    while (load<u32>(at) != index) at = this.record(load<u32>(at)) + NEXT;
    store<u32>(at, load<u32>(record, NEXT));
  }

  /** A frame, evicting until one can be made. */
  private frame(order: u32): usize {
    let frame = order <= ORDER_MAX ? this.arena.allocate(order) : 0;
    while (frame == 0 && order <= ORDER_MAX && this.evictOne()) frame = this.arena.allocate(order);
    return frame;
  }

  /** Clock: the first node past the hand that is stored, not of this operation, and not touched since the hand came by. At most two rounds. */
  private evictOne(): bool {
    for (let step: u32 = 0; step < this.recordCount << 1; step++) {
      this.hand = (this.hand + 1) & this.bucketMask;
      const record = this.record(this.hand);
      const flags = load<u8>(record, FLAGS);
      if ((flags & (USED | CHANGED | UNSTORED)) != USED || load<u32>(record, TOUCHED) == this.operation) continue;
      if ((flags & RECENT) != 0) {
        store<u8>(record, flags & ~RECENT, FLAGS);
        continue;
      }
      this.release(this.hand);
      return true;
    }
    return false;
  }
}

export function sameHash(left: usize, right: usize): bool {
  return load<u64>(left) == load<u64>(right) && load<u64>(left, 8) == load<u64>(right, 8)
    && load<u64>(left, 16) == load<u64>(right, 16) && load<u64>(left, 24) == load<u64>(right, 24);
}

// Which blocks are free: the map, less the blocks that were freed and wait. Takes, gives back, and undoes both.
//
//   in use    a bit of the map; `fresh` ⊂ in use: allocated in the open transaction and not written yet
//   waiting   free in the map, but a recoverable state still reaches it (waiting-blocks.ts)
//   available neither; all but the reserve can be had by everyone
//
// What stays true (docs/crash-contract.md rule 5): a freed block is handed out only after two checkpoints that do not contain it became durable. An operation that does not answer Ok has changed nothing.
//
// Memory: a node that changed, and a plane of bits for each page with fresh or waiting blocks, stay in the page frames. With at most 384 changed nodes a generation (map-tree.ts) that is at most 5 × 384 frames,
// also after a mount that fell back by one generation: changed 2, recent 2 and older 1, or after its first checkpoint changed 1, fresh 1, recent 1 and older 2; and one plane that `fresh` keeps.
//
// Safety: every run is checked against the image (Geometry.isForClients) before its pages are used as indexes.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { countBits } from "./bits";
import { EXTENT_BLOCKS, FreeSearch } from "./free-search";
import { Geometry, PAGE_BITS } from "./geometry";
import { CHANGED_NODES_LIMIT, MapTree } from "./map-tree";
import { FRAME_COUNT, FrameKind, PageFrames } from "./page-frames";
import { PageSet } from "./page-set";
import { WaitingBlocks } from "./waiting-blocks";

/** The longest run that can be freed at once: 16 GiB. */
export const MAXIMUM_RUN_BLOCKS: u64 = 1 << 22;

export class Allocator {
  readonly fresh: PageSet;
  readonly waiting: WaitingBlocks;
  private search: FreeSearch;
  private cursor: u64 = 0;

  constructor(readonly geometry: Geometry, readonly tree: MapTree, readonly frames: PageFrames) {
    const waiting = new WaitingBlocks(frames);
    this.fresh = new PageSet(frames, FrameKind.fresh);
    this.waiting = waiting;
    this.search = new FreeSearch(geometry, tree, waiting);
  }

  /** Start from the checkpoint in memory. */
  reset(): void {
    this.frames.reset();
    this.fresh.reset();
    this.waiting.reset();
    this.tree.reset();
    this.cursor = 0;
  }

  /** Blocks that can be handed out, the reserve included. */
  get freeCount(): u64 { return this.tree.freeCount - this.waiting.count; }
  /** Kept back for what must be written so that something can be freed: 1/64 of the image, 1 to 64 MiB. */
  get reserveCount(): u64 { return min<u64>(max<u64>(this.geometry.blockCount >> 6, 256), 16384); }
  /** Where the blocks begin that are handed out last. */
  private get reserveStart(): u64 { return this.geometry.blockCount - min(this.reserveCount, this.geometry.blockCount >> 2); }
  /** Blocks that ordinary clients can get. */
  get availableCount(): u64 { return this.freeCount > this.reserveCount ? this.freeCount - this.reserveCount : 0; }
  /** The run found by the last `allocate`. */
  get foundAddress(): u64 { return this.search.foundAddress; }
  get foundCount(): u32 { return this.search.foundCount; }
  /** Three eighths of what may change between two checkpoints have. */
  get isCheckpointWanted(): bool { return this.tree.changedCount >= CHANGED_NODES_LIMIT / 8 * 3; }
  /** Half has: the rest is for the commit on its way and for what the checkpoint allocates and frees. */
  get isCheckpointDue(): bool { return this.tree.changedCount >= CHANGED_NODES_LIMIT / 2; }

  /** Blocks of a run that lie in the page of its first one. */
  private partOf(address: u64, count: u64): u32 { return <u32>min<u64>(count, PAGE_BITS - address % PAGE_BITS); }

  /** May the pages of a run change, and each take a plane of `set`, if there is one? Busy: not before a checkpoint. `limit`: nodes that may be changed then. */
  private mayChange(address: u64, count: u64, limit: u32, set: PageSet | null): u32 {
    let nodes: u32 = 0, planes: u32 = 0;
    for (let at = address, end = address + count; at < end; at += this.partOf(at, end - at)) {
      const page = <u32>(at / PAGE_BITS);
      nodes += this.tree.cost(page, at != address);
      if (set && !set.plane(page)) planes++;
    }
    if (nodes && this.tree.changedCount + nodes > limit) return Status.Busy;
    return this.frames.hasRoomFor(nodes + planes) ? Status.Ok : Status.Busy;
  }

  /** Make the pages of a run ready to be changed: all or none, but for what stays in memory. */
  private openRun(address: u64, count: u64): u32 {
    for (let at = address, end = address + count; at < end; at += this.partOf(at, end - at)) {
      const status = this.tree.open(<u32>(at / PAGE_BITS));
      if (status) return status;
    }
    return Status.Ok;
  }

  /** Find and take a run of up to `count` blocks near `hint` (0: after the last one); into found*. Ordinary callers leave the reserve. */
  allocate(hint: u64, count: u32, fromReserve: bool): u32 {
    const kept = fromReserve ? 0 : this.reserveCount;
    if (this.freeCount <= kept) return Status.NoSpace;
    const wanted = <u32>min<u64>(count, this.freeCount - kept);
    let status = this.find(hint ? hint : this.cursor, wanted, fromReserve);
    if (!status) status = this.mayChange(this.foundAddress, this.foundCount, CHANGED_NODES_LIMIT, this.fresh);
    if (!status) status = this.openRun(this.foundAddress, this.foundCount);
    if (status) return status;
    const page = <u32>(this.foundAddress / PAGE_BITS), first = <u32>(this.foundAddress % PAGE_BITS);
    this.tree.change(page, first, this.foundCount, true);
    this.fresh.add(page, first, this.foundCount);
    if (this.foundAddress < this.reserveStart) this.cursor = this.foundAddress + this.foundCount;
    return Status.Ok;
  }

  /**
   * The end of the image is touched last: who may have the reserve finds long runs there when all other free space is in pieces, everybody else finds something there only if there is nothing elsewhere.
   * `start` is a place, or none of the image.
   */
  private find(start: u64, count: u32, fromReserve: bool): u32 {
    const reserve = this.reserveStart;
    this.search.begin();
    let status = this.search.find(0, start < reserve ? start : 0, reserve, count);
    const isShort = status == Status.NoSpace || (fromReserve && this.foundCount < min(count, EXTENT_BLOCKS));
    if (isShort) status = this.search.find(reserve, reserve, this.geometry.blockCount, count);
    return status;
  }

  /** Take back an allocation of the open transaction, whose frees were taken back before. */
  unallocate(address: u64, count: u64): void { this.changeRun(address, count, false); }

  /** Whether a run of the open transaction was allocated and not written. */
  isFresh(address: u64, count: u64): bool {
    for (let at = address, end = address + count; at < end; ) {
      const part = this.partOf(at, end - at);
      if (this.fresh.countIn(<u32>(at / PAGE_BITS), <u32>(at % PAGE_BITS), part) != part) return false;
      at += part;
    }
    return true;
  }
  /** A run is not fresh any more. */
  unfresh(address: u64, count: u64): void {
    for (let at = address, end = address + count; at < end; ) {
      const part = this.partOf(at, end - at);
      this.fresh.remove(<u32>(at / PAGE_BITS), <u32>(at % PAGE_BITS), part);
      at += part;
    }
  }

  /** Ok: every block of a client's run is in use. InvalidArgument: not so. */
  requireInUse(address: u64, count: u64): u32 {
    return this.geometry.isForClients(address, count) ? this.requireBits(address, count, true, Status.InvalidArgument) : <u32>Status.InvalidArgument;
  }
  /** `otherwise`, unless every bit of a run is 1, or 0. */
  private requireBits(address: u64, count: u64, used: bool, otherwise: u32): u32 {
    for (let at = address, end = address + count; at < end; ) {
      const part = this.partOf(at, end - at);
      const status = this.tree.loadPage(<u32>(at / PAGE_BITS));
      if (status) return status;
      if (countBits(this.tree.bits, <u32>(at % PAGE_BITS), part) != (used ? part : 0)) return otherwise;
      at += part;
    }
    return Status.Ok;
  }

  /** Set or clear a run whose pages are open. */
  private changeRun(address: u64, count: u64, used: bool): void {
    for (let at = address, end = address + count; at < end; ) {
      const part = this.partOf(at, end - at);
      this.tree.change(<u32>(at / PAGE_BITS), <u32>(at % PAGE_BITS), part, used);
      at += part;
    }
  }

  /** Free a run that is in use; it waits. Busy: not before a checkpoint. TooLarge: the run is longer than any. */
  free(address: u64, count: u64): u32 {
    if (this.geometry.isForClients(address, count) && count > MAXIMUM_RUN_BLOCKS) return Status.TooLarge;
    return this.freeUpTo(address, count, CHANGED_NODES_LIMIT);
  }

  private freeUpTo(address: u64, count: u64, limit: u32): u32 {
    let status = this.requireInUse(address, count);
    if (!status) status = this.mayChange(address, count, limit, this.waiting.recent);
    if (!status) status = this.openRun(address, count);
    if (status) return status;
    this.changeRun(address, count, false);
    for (let at = address, end = address + count; at < end; ) {
      const part = this.partOf(at, end - at);
      this.waiting.add(this.waiting.recent, <u32>(at / PAGE_BITS), <u32>(at % PAGE_BITS), part);
      at += part;
    }
    this.unfresh(address, count);
    return Status.Ok;
  }

  /** Take back a free of the open transaction. */
  unfree(address: u64, count: u64): void {
    for (let at = address, end = address + count; at < end; ) {
      const part = this.partOf(at, end - at);
      this.waiting.remove(this.waiting.recent, <u32>(at / PAGE_BITS), <u32>(at % PAGE_BITS), part);
      at += part;
    }
    this.changeRun(address, count, true);
  }

  /** Take a run that a replayed record allocated. It must be free, and not freed since the mounted generation. */
  replayAllocation(address: u64, count: u64): u32 {
    if (!this.geometry.isForClients(address, count)) return Status.Corrupted;
    let status = this.requireBits(address, count, false, Status.Corrupted);
    if (!status) status = this.judgeReplay(this.mayChange(address, count, FRAME_COUNT, null));
    if (!status) status = this.openRun(address, count);
    if (status) return status;
    for (let at = address, end = address + count; at < end; ) {
      const part = this.partOf(at, end - at);
      const page = <u32>(at / PAGE_BITS), first = <u32>(at % PAGE_BITS);
      if (this.waiting.recent.countIn(page, first, part)) return Status.Corrupted;
      // Freed before the mounted generation: such a block may have been handed out since.
      this.waiting.remove(this.waiting.older, page, first, part);
      at += part;
    }
    this.changeRun(address, count, true);
    return Status.Ok;
  }

  replayFree(address: u64, count: u64): u32 { return this.judgeReplay(this.freeUpTo(address, count, FRAME_COUNT)); }

  /**
   * Blocks that a replayed record says were written: in use, or freed since the mounted generation. Others could be handed out and written before the next one, and a later mount would lay what the record says over that.
   */
  replayWrite(address: u64, count: u64): u32 {
    for (let at = address, end = address + count; at < end; ) {
      const part = this.partOf(at, end - at);
      const page = <u32>(at / PAGE_BITS), first = <u32>(at % PAGE_BITS);
      const status = this.tree.loadPage(page);
      if (status) return status;
      if (countBits(this.tree.bits, first, part) + this.waiting.recent.countIn(page, first, part) != part) return Status.Corrupted;
      at += part;
    }
    return Status.Ok;
  }

  /** What a running service would have refused is in no sound record. */
  private judgeReplay(status: u32): u32 { return status == Status.InvalidArgument || status == Status.Busy ? <u32>Status.Corrupted : status; }

  /**
   * A run that was freed after the generation before the mounted one: that one may still be returned to, so it waits. Corrupted: not all of it is free, or some of it waits already, or there is more than ever waits;
   * a block is freed once between two generations, because it waits for both.
   */
  replayOlderFree(address: u64, count: u64): u32 {
    for (let at = address, end = address + count; at < end; ) {
      const part = this.partOf(at, end - at);
      const page = <u32>(at / PAGE_BITS), first = <u32>(at % PAGE_BITS);
      const status = this.tree.loadPage(page);
      if (status) return status;
      if (countBits(this.tree.bits, first, part) || this.waiting.older.countIn(page, first, part) || !this.waiting.older.hasRoomFor(page)) return Status.Corrupted;
      this.waiting.add(this.waiting.older, page, first, part);
      at += part;
    }
    return Status.Ok;
  }

  /** A checkpoint became durable: what was freed before the one before it is reusable now. */
  advance(): void {
    this.tree.settle();
    this.waiting.advance();
  }

  /** A generation with the content of the last one became durable: only what that one still protected is reusable. */
  releaseOlder(): void { this.waiting.releaseOlder(); }

  /** Blocks in use, owned ones included. */
  get usedCount(): u64 { return this.geometry.blockCount - this.tree.freeCount; }
}

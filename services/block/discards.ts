// Tells the device which blocks it may forget: those that were freed and have become reusable (docs/crash-contract.md rule 5), as far as they are still free when there is time for it.
// Nothing depends on it. What is noted lies in page frames that go first when others are needed, and is gone after a mount.
//
// What stays true: a block is discarded only if at that moment it is neither in use (the open transaction included) nor waiting; the device has answered before anybody can be given it.
//
// Safety: planes are PAGE_BITS_BYTES long; page numbers are below Geometry.pageCount.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Allocator } from "./allocator";
import { clearBits, countBits } from "./bits";
import { Disk } from "./disk";
import { PAGE_BITS, PAGE_BITS_BYTES } from "./geometry";
import { FrameKind } from "./page-frames";

/** Requests to the device in one step. */
const REQUESTS_A_STEP: u32 = 16;

export class Discards {
  private scratch: usize = heap.alloc(PAGE_BITS_BYTES);
  /** Something may be noted. */
  private hasWork: bool = false;
  /** Blocks that the device was told of since the mount. */
  discardedCount: u64 = 0;

  constructor(readonly disk: Disk, readonly allocator: Allocator) {}

  reset(): void {
    this.hasWork = false;
    this.discardedCount = 0;
  }

  /** Note what is about to become reusable. */
  takeOlder(): void {
    if (!this.disk.discardGranuleBlocks) return;
    const frames = this.allocator.frames;
    for (let frame = frames.after(0, FrameKind.older); frame; frame = frames.after(frame, FrameKind.older)) {
      if (!frames.count(frame)) continue;
      const page = frames.index(frame), present = frames.find(FrameKind.discard, page);
      const target = present ? present : frames.take(FrameKind.discard, page);
      const from = frames.address(frame), to = frames.address(target);
      if (!present) memory.fill(to, 0, PAGE_BITS_BYTES);
      for (let i: usize = 0; i < PAGE_BITS_BYTES; i += 8) store<u64>(to + i, load<u64>(to + i) | load<u64>(from + i));
      this.hasWork = true;
    }
  }

  /** One bounded step: a page's worth, or REQUESTS_A_STEP requests of it. True if there is more. */
  step(): bool {
    if (!this.hasWork) return false;
    const frames = this.allocator.frames;
    const frame = frames.after(0, FrameKind.discard);
    if (!frame) {
      this.hasWork = false;
      return false;
    }
    const page = frames.index(frame);
    // The plane is forgotten before anything is read, which may need its frame; what is not done of it now is noted again.
    memory.copy(this.scratch, frames.address(frame), PAGE_BITS_BYTES);
    frames.drop(frame);
    if (this.allocator.tree.loadPage(page)) return true;
    const left = this.discardPage(page);
    if (left < PAGE_BITS) this.noteAgain(page, left);
    return true;
  }

  /** Where in the page it stopped; PAGE_BITS: all of it was done. */
  private discardPage(page: u32): u32 {
    const granule = this.disk.discardGranuleBlocks, base = <u64>page * PAGE_BITS;
    if (!granule) return PAGE_BITS; // the device that came back with its driver takes none
    let requests: u32 = 0;
    // The first whole granule of the page.
    for (let at = <u32>((granule - base % granule) % granule); at < PAGE_BITS && granule <= PAGE_BITS - at; ) {
      const start = at;
      while (at < PAGE_BITS && granule <= PAGE_BITS - at && this.isWanted(page, at, granule)) at += granule;
      if (at == start) {
        at += granule;
        continue;
      }
      if (requests++ == REQUESTS_A_STEP) return start;
      if (this.disk.discard(base + start, at - start)) return PAGE_BITS;
      this.discardedCount += at - start;
    }
    return PAGE_BITS;
  }

  /** Whether a granule is all free and holds something to be discarded. */
  private isWanted(page: u32, first: u32, count: u32): bool {
    return countBits(this.scratch, first, count) != 0 && !countBits(this.allocator.tree.bits, first, count) && !this.allocator.waiting.countIn(page, first, count);
  }

  private noteAgain(page: u32, from: u32): void {
    const frames = this.allocator.frames;
    const frame = frames.take(FrameKind.discard, page);
    memory.copy(frames.address(frame), this.scratch, PAGE_BITS_BYTES);
    // What was done already is not wanted twice.
    clearBits(frames.address(frame), 0, from);
  }
}

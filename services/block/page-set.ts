// A set of blocks that is small beside the image: a plane of bits for each bitmap page that it touches, in frames that stay as long as the set wants them.
// Used for blocks that are fresh in the open transaction, that were freed and are not yet reusable, and that may be discarded.
//
// What stays true: `count` is the number of bits set; a plane may be empty, a block in no plane is not in the set.
//
// Safety: page numbers are below Geometry.pageCount and runs inside one page, because callers check addresses against the image first.
import { clearBits, countBits, setBits } from "./bits";
import { PAGE_BITS_BYTES } from "./geometry";
import { PageFrames } from "./page-frames";

export class PageSet {
  /** Bits set. */
  count: u64 = 0;
  private planeCount: u32 = 0;

  /** `kind`: FrameKind of its planes. */
  constructor(private frames: PageFrames, readonly kind: u32) {}

  /** For use with a reset of the frames. */
  reset(): void {
    this.count = 0;
    this.planeCount = 0;
  }

  /** Address of a page's bits; 0: none is set. */
  plane(page: u32): usize {
    if (!this.count) return 0;
    const frame = this.frames.find(this.kind, page);
    return frame ? this.frames.address(frame) : 0;
  }

  /** Has this page a plane, or is there room for one? */
  hasRoomFor(page: u32): bool { return this.frames.find(this.kind, page) != 0 || this.frames.hasRoomFor(1); }

  /** Blocks of one page in the set. */
  countOf(page: u32): u32 {
    if (!this.count) return 0;
    const frame = this.frames.find(this.kind, page);
    return frame ? this.frames.count(frame) : 0;
  }

  /** Add a run of one page; how many of it are new. The caller asked `hasRoomFor`. */
  add(page: u32, first: u32, count: u32): u32 {
    let frame = this.frames.find(this.kind, page);
    if (!frame) {
      frame = this.frames.take(this.kind, page);
      this.frames.pin(frame);
      this.planeCount++;
      memory.fill(this.frames.address(frame), 0, PAGE_BITS_BYTES);
    }
    const added = setBits(this.frames.address(frame), first, count);
    this.frames.setCount(frame, this.frames.count(frame) + added);
    this.count += added;
    return added;
  }

  /** Take a run of one page out; how many of it were in. */
  remove(page: u32, first: u32, count: u32): u32 {
    if (!this.count) return 0;
    const frame = this.frames.find(this.kind, page);
    if (!frame) return 0;
    const removed = clearBits(this.frames.address(frame), first, count);
    this.frames.setCount(frame, this.frames.count(frame) - removed);
    this.count -= removed;
    return removed;
  }

  /** How many of a run of one page are in the set. */
  countIn(page: u32, first: u32, count: u32): u32 {
    const plane = this.plane(page);
    return plane ? countBits(plane, first, count) : 0;
  }

  /** Empty the set. If nothing is in it and there is one plane, that stays, all zeros, for whatever comes next: not in a set that others take over. */
  empty(): void { if (this.count || this.planeCount != 1) this.clear(); }

  /** Empty the set and give its frames back. */
  clear(): void {
    for (let frame: u32 = 0; this.planeCount; this.planeCount--) {
      frame = this.frames.after(frame, this.kind);
      this.frames.drop(frame);
    }
    this.count = 0;
  }

  /** Take over all of another set; this one is empty. */
  takeOver(other: PageSet): void {
    for (let frame = this.frames.after(0, other.kind); frame; frame = this.frames.after(frame, other.kind)) this.frames.rename(frame, this.kind);
    this.count = other.count;
    this.planeCount = other.planeCount;
    other.reset();
  }
}

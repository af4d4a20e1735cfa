// The memory of the map: a fixed number of page frames, shared by nodes that were read from the disk and by small sets of blocks, whatever the size of the disk.
//
//   key (kind, index) ─► bucket ─► chain of frames         pinned: changed nodes, planes of a set; stay until somebody lets go
//                                                          others: a list from the latest used to the longest unused, which goes first
//
// What stays true: a frame is free, pinned or in the list, one of the three; no key twice. SPARE frames are never pinned, so that a path of nodes can always be read while others are kept.
//
// Safety: frame numbers are 1 … FRAME_COUNT and come from here; arrays are as long as that and made once.
import { BLOCK_BYTES } from "./geometry";

/** 8 MiB. */
export const FRAME_COUNT: u32 = 2048;
const SPARE: u32 = 64;
const BUCKETS: u32 = 4096;

/** What a frame holds: a node of the map by its level, or one page's bits of a set. */
export namespace FrameKind {
  export const nothing: u32 = 0;
  /** + Level */
  export const node: u32 = 1;
  export const fresh: u32 = 4;
  export const recent: u32 = 5;
  export const older: u32 = 6;
  export const discard: u32 = 7;
}

export class PageFrames {
  private pages: usize = heap.alloc(<usize>FRAME_COUNT * BLOCK_BYTES);
  private kinds: StaticArray<u8> = new StaticArray<u8>(FRAME_COUNT + 1);
  private indexes: StaticArray<u32> = new StaticArray<u32>(FRAME_COUNT + 1);
  private counts: StaticArray<u32> = new StaticArray<u32>(FRAME_COUNT + 1);
  private pins: StaticArray<u8> = new StaticArray<u8>(FRAME_COUNT + 1);
  private buckets: StaticArray<u16> = new StaticArray<u16>(BUCKETS);
  private chains: StaticArray<u16> = new StaticArray<u16>(FRAME_COUNT + 1);
  /** Entry 0 is the list's head and end: after it the latest used, before it the longest unused. */
  private nexts: StaticArray<u16> = new StaticArray<u16>(FRAME_COUNT + 1);
  private previouses: StaticArray<u16> = new StaticArray<u16>(FRAME_COUNT + 1);
  /** Frames from here on were never used since `reset`. */
  private unused: u32 = 1;
  private freed: u32 = 0;
  pinnedCount: u32 = 0;

  /** Forget everything. */
  reset(): void {
    for (let i: u32 = 0; i < BUCKETS; i++) this.buckets[i] = 0;
    for (let frame: u32 = 0; frame <= FRAME_COUNT; frame++) this.kinds[frame] = <u8>FrameKind.nothing;
    this.nexts[0] = 0;
    this.previouses[0] = 0;
    this.unused = 1;
    this.freed = 0;
    this.pinnedCount = 0;
  }

  /** Can so many more be pinned? */
  hasRoomFor(count: u32): bool { return this.pinnedCount + count <= FRAME_COUNT - SPARE; }

  address(frame: u32): usize { return this.pages + <usize>(frame - 1) * BLOCK_BYTES; }
  kind(frame: u32): u32 { return this.kinds[frame]; }
  index(frame: u32): u32 { return this.indexes[frame]; }
  isPinned(frame: u32): bool { return this.pins[frame] != 0; }
  /** A number that the owner of a frame keeps with it; 0 at first. */
  count(frame: u32): u32 { return this.counts[frame]; }
  setCount(frame: u32, count: u32): void { this.counts[frame] = count; }

  private bucket(kind: u32, index: u32): u32 { return (index * 8 + kind) * 0x9e37_79b1 >> 20; }

  /** The frame of a key, or 0. It is the latest used now. */
  find(kind: u32, index: u32): u32 {
    for (let frame: u32 = this.buckets[this.bucket(kind, index)]; frame; frame = this.chains[frame]) {
      if (this.kinds[frame] != kind || this.indexes[frame] != index) continue;
      if (!this.pins[frame]) {
        this.unlink(frame);
        this.link(frame);
      }
      return frame;
    }
    return 0;
  }

  /** A frame for a key that has none, not pinned; what was longest unused makes room. Its bytes are whatever they were. */
  take(kind: u32, index: u32): u32 {
    let frame = this.freed;
    if (frame) this.freed = this.chains[frame];
    else if (this.unused <= FRAME_COUNT) frame = this.unused++;
    else {
      frame = this.previouses[0];
      assert(frame != 0);
      this.unlink(frame);
      this.unhash(frame);
    }
    this.hash(frame, kind, index);
    this.counts[frame] = 0;
    this.pins[frame] = 0;
    this.link(frame);
    return frame;
  }

  /** Keep a frame until `unpin`. The caller asked `hasRoomFor`. */
  pin(frame: u32): void {
    if (this.pins[frame]) return;
    assert(this.pinnedCount < FRAME_COUNT - SPARE);
    this.unlink(frame);
    this.pins[frame] = 1;
    this.pinnedCount++;
  }
  unpin(frame: u32): void {
    assert(this.pins[frame] != 0);
    this.pins[frame] = 0;
    this.pinnedCount--;
    this.link(frame);
  }

  /** Forget one frame. */
  drop(frame: u32): void {
    if (this.pins[frame]) this.unpin(frame);
    this.unlink(frame);
    this.unhash(frame);
    this.kinds[frame] = <u8>FrameKind.nothing;
    this.chains[frame] = <u16>this.freed;
    this.freed = frame;
  }

  /** Call a frame by another key, which no frame has. */
  rename(frame: u32, kind: u32): void {
    this.unhash(frame);
    this.hash(frame, kind, this.indexes[frame]);
  }

  /** The first frame of a kind after `frame`, in no order; 0: none. Start with 0. */
  after(frame: u32, kind: u32): u32 {
    for (let next = frame + 1; next < this.unused; next++) if (this.kinds[next] == kind) return next;
    return 0;
  }

  private hash(frame: u32, kind: u32, index: u32): void {
    this.kinds[frame] = <u8>kind;
    this.indexes[frame] = index;
    const bucket = this.bucket(kind, index);
    this.chains[frame] = this.buckets[bucket];
    this.buckets[bucket] = <u16>frame;
  }
  private unhash(frame: u32): void {
    const bucket = this.bucket(this.kinds[frame], this.indexes[frame]);
    const behind = this.chains[frame];
    let at: u32 = this.buckets[bucket];
    if (at == frame) {
      this.buckets[bucket] = behind;
      return;
    }
    while (this.chains[at] != frame) at = this.chains[at];
    this.chains[at] = behind;
  }

  private link(frame: u32): void {
    const next = this.nexts[0];
    this.nexts[frame] = next;
    this.previouses[frame] = 0;
    this.previouses[next] = <u16>frame;
    this.nexts[0] = <u16>frame;
  }
  private unlink(frame: u32): void {
    const next = this.nexts[frame], previous = this.previouses[frame];
    this.nexts[previous] = next;
    this.previouses[next] = previous;
  }
}

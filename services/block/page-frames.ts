// The memory of the map: a fixed number of page frames, shared by nodes that were read from the disk and by small sets of blocks, whatever the size of the disk.
//
//   key (kind, index) ─► bucket ─► chain of frames         pinned: changed nodes, planes of a set; stay until somebody lets go
//                                                          others: a list from the latest used to the longest unused, which goes first
//
// What stays true: a frame is free, pinned or in the list, one of the three; no key twice. SPARE frames are never pinned, so that a path of nodes can always be read while others are kept.
//
// Safety: frame numbers are 1 … FRAME_COUNT, or 0 for none, and come from here; arrays and `keys` are as long as that and made once.
import { FixedArray } from "../base/fixed-array/index";
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
  export const kinds: u32 = 8;
}
const KIND_BITS: u32 = 3;
function keyOf(kind: u32, index: u32): u64 { return <u64>index << KIND_BITS | kind; }

export class PageFrames {
  private pages: usize = heap.alloc(<usize>FRAME_COUNT * BLOCK_BYTES);
  /** For each frame its key, as `keyOf` has it; 0: none. */
  private keys: usize = heap.alloc((FRAME_COUNT + 1) * 8);
  private counts: FixedArray<u32> = new FixedArray<u32>(FRAME_COUNT + 1);
  private pins: FixedArray<u8> = new FixedArray<u8>(FRAME_COUNT + 1);
  private buckets: FixedArray<u16> = new FixedArray<u16>(BUCKETS);
  private chains: FixedArray<u16> = new FixedArray<u16>(FRAME_COUNT + 1);
  /** Entry 0 is the list's head and end: after it the latest used, before it the longest unused. */
  private nexts: FixedArray<u16> = new FixedArray<u16>(FRAME_COUNT + 1);
  private previouses: FixedArray<u16> = new FixedArray<u16>(FRAME_COUNT + 1);
  /** For each kind, the frame that was found last: most keys are asked for again at once. It counts only if it still has the key. */
  private latest: FixedArray<u16> = new FixedArray<u16>(FrameKind.kinds);
  /** Frames from here on were never used since `reset`. */
  private unused: u32 = 1;
  private freed: u32 = 0;
  pinnedCount: u32 = 0;

  /** Forget everything. */
  reset(): void {
    for (let i: u32 = 0; i < BUCKETS; i++) this.buckets[i] = 0;
    for (let frame: u32 = 0; frame <= FRAME_COUNT; frame++) this.setKey(frame, 0);
    this.nexts[0] = 0;
    this.previouses[0] = 0;
    this.unused = 1;
    this.freed = 0;
    this.pinnedCount = 0;
  }

  /** Can so many more be pinned? */
  hasRoomFor(count: u32): bool { return this.pinnedCount + count <= FRAME_COUNT - SPARE; }

  address(frame: u32): usize { return this.pages + <usize>(frame - 1) * BLOCK_BYTES; }
  private key(frame: u32): u64 { return load<u64>(this.keys + (<usize>frame << 3)); }
  private setKey(frame: u32, key: u64): void { store<u64>(this.keys + (<usize>frame << 3), key); }
  kind(frame: u32): u32 { return <u32>this.key(frame) & (FrameKind.kinds - 1); }
  index(frame: u32): u32 { return <u32>(this.key(frame) >> KIND_BITS); }
  isPinned(frame: u32): bool { return this.pins[frame] != 0; }
  /** A number that the owner of a frame keeps with it; 0 at first. */
  count(frame: u32): u32 { return this.counts[frame]; }
  setCount(frame: u32, count: u32): void { this.counts[frame] = count; }

  private bucket(key: u64): u32 { return <u32>key * 0x9e37_79b1 >> 20; }

  /** The frame of a key, or 0. It is the latest used now. */
  find(kind: u32, index: u32): u32 {
    const key = keyOf(kind, index);
    let frame: u32 = this.latest[kind];
    if (this.key(frame) != key) {
      frame = this.buckets[this.bucket(key)];
      while (frame && this.key(frame) != key) frame = this.chains[frame];
      if (!frame) return 0;
      this.latest[kind] = <u16>frame;
    }
    if (!this.pins[frame] && this.nexts[0] != frame) {
      this.unlink(frame);
      this.link(frame);
    }
    return frame;
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
    this.hash(frame, keyOf(kind, index));
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
    this.setKey(frame, 0);
    this.chains[frame] = <u16>this.freed;
    this.freed = frame;
  }

  /** Call a frame by another key, which no frame has. */
  rename(frame: u32, kind: u32): void {
    const index = this.index(frame);
    this.unhash(frame);
    this.hash(frame, keyOf(kind, index));
  }

  /** The first frame of a kind after `frame`, in no order; 0: none. Start with 0. */
  after(frame: u32, kind: u32): u32 {
    for (let next = frame + 1; next < this.unused; next++) if (this.kind(next) == kind) return next;
    return 0;
  }

  private hash(frame: u32, key: u64): void {
    this.setKey(frame, key);
    const bucket = this.bucket(key);
    this.chains[frame] = this.buckets[bucket];
    this.buckets[bucket] = <u16>frame;
  }
  private unhash(frame: u32): void {
    const bucket = this.bucket(this.key(frame));
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

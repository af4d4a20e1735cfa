// The idempotency keys of the last proposals, so that a client that does not know whether its batch was committed can send it again without it happening twice.
//
//   ring:  oldest … newest, up to twice the window while a batch is being validated      table: the same keys, open addressing, 0 = empty
//
// A batch's keys are inserted one by one while it is validated (so a key twice in one batch is found too) and then kept or taken back as one. The window is the last
// `WINDOW` keys of *committed* proposals, whatever the segments look like: it is rebuilt exactly at mount, from the object that a checkpoint wrote (docs/formats/axiom.md §5)
// and the pieces after it.
//
// Keys are chosen by clients and may be meant to collide: a probe is bounded by the table's size, which is twice the most keys that it holds.
//
// Safety: ring and table are allocated once with the sizes below; every index is masked by a power of two.
import { Status } from "../../kernel-bindings/generated/assembly/status";

export const WINDOW: u32 = 2048;
const RING: u32 = 2 * WINDOW;
const SLOTS: u32 = 2 * RING;
const SLOT_SHIFT: u32 = 64 - 13; // SLOTS = 2¹³
const MAGIC: u32 = 0x4b525841; // "AXRK"
const VERSION: u16 = 1;
const HEAD_BYTES: u32 = 16;
/** The most that `encode` writes. */
export const RECENT_KEYS_BYTES_MAXIMUM: u32 = HEAD_BYTES + WINDOW * 8;

export class RecentKeys {
  private ring: usize = heap.alloc(<usize>RING << 3);
  private table: usize = heap.alloc(<usize>SLOTS << 3);
  /** Position of the oldest key in the ring; keys are at start … start + kept + pending. */
  private start: u32 = 0;
  private kept: u32 = 0;
  private pending: u32 = 0;

  constructor() { this.clear(); }

  clear(): void {
    memory.fill(this.table, 0, <usize>SLOTS << 3);
    this.start = 0;
    this.kept = 0;
    this.pending = 0;
  }

  /** Remember a key of the batch at hand; false if it is among the recent ones. 0 is no key. A batch has at most WINDOW keys. */
  insert(key: u64): bool {
    if (key == 0) return true;
    assert(this.pending < WINDOW);
    const slot = this.find(key);
    if (load<u64>(slot)) return false;
    store<u64>(slot, key);
    store<u64>(this.position(this.kept + this.pending), key);
    this.pending++;
    return true;
  }

  /** The batch was committed: its keys count, and the oldest beyond the window are forgotten. */
  keepBatch(): void {
    this.kept += this.pending;
    this.pending = 0;
    while (this.kept > WINDOW) {
      this.forget(load<u64>(this.position(0)));
      this.start = (this.start + 1) & (RING - 1);
      this.kept--;
    }
  }

  /** The batch failed: its keys were never seen. */
  dropBatch(): void {
    for (; this.pending; this.pending--) this.forget(load<u64>(this.position(this.kept + this.pending - 1)));
  }

  /** Write the object of a checkpoint to `out`; returns its bytes. */
  encode(out: usize): u32 {
    store<u32>(out, MAGIC);
    store<u32>(out, VERSION, 4);
    store<u32>(out, this.kept, 8);
    store<u32>(out, 0, 12);
    for (let i: u32 = 0; i < this.kept; i++) store<u64>(out + HEAD_BYTES + (<usize>i << 3), load<u64>(this.position(i)));
    return HEAD_BYTES + this.kept * 8;
  }

  /** Take the keys from the object of a checkpoint. */
  decode(p: usize, lengthBytes: u32): u32 {
    this.clear();
    if (lengthBytes < HEAD_BYTES || load<u32>(p) != MAGIC) return Status.Corrupted;
    if (load<u16>(p, 4) != VERSION) return Status.UnsupportedVersion;
    const count = load<u32>(p, 8);
    if (load<u16>(p, 6) || load<u32>(p, 12) || count > WINDOW || lengthBytes != HEAD_BYTES + count * 8) return Status.Corrupted;
    for (let i: u32 = 0; i < count; i++) {
      const key = load<u64>(p + HEAD_BYTES + (<usize>i << 3));
      if (key == 0 || !this.insert(key)) return Status.Corrupted;
    }
    this.keepBatch();
    return Status.Ok;
  }

  private position(index: u32): usize { return this.ring + (<usize>((this.start + index) & (RING - 1)) << 3); }

  /** Fibonacci hashing: the product's high bits depend on all bits of the key. */
  private home(key: u64): u32 { return <u32>((key * 0x9e3779b97f4a7c15) >> SLOT_SHIFT); }

  /** The slot that holds the key, or the empty one where it belongs. Ends because half of the slots are empty. */
  private find(key: u64): usize {
    let index = this.home(key);
    while (true) {
      const slot = this.table + (<usize>index << 3);
      const held = load<u64>(slot);
      if (held == key || held == 0) return slot;
      index = (index + 1) & (SLOTS - 1);
    }
  }

  /** Remove a key and close the gap, so that later probes still find what lies behind it (Knuth 6.4, algorithm R). */
  private forget(key: u64): void {
    let hole = <u32>((this.find(key) - this.table) >> 3);
    let index = hole;
    while (true) {
      index = (index + 1) & (SLOTS - 1);
      const held = load<u64>(this.table + (<usize>index << 3));
      if (held == 0) break;
      // A key may move into the hole unless its home lies cyclically after the hole and not after its place.
      const home = this.home(held);
      if (((index - home) & (SLOTS - 1)) >= ((index - hole) & (SLOTS - 1))) {
        store<u64>(this.table + (<usize>hole << 3), held);
        hole = index;
      }
    }
    store<u64>(this.table + (<usize>hole << 3), 0);
  }
}

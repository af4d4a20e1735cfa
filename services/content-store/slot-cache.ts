// Slots of equal size for extents in memory, found by key: verified content that may be dropped at any time, and content that somebody works on.
//
//   state     bound to a key    may be dropped
//   free      no                –
//   clean     yes               yes: it can be read and verified again
//   busy      perhaps           no, until its owner sets another state
//
// Slots are given out by a clock hand, so that what is asked for in a row lies side by side in memory: sixteen groups of a file written from start to end are one
// device write without a copy. A slot found since the hand last passed gets a second chance.
//
// Safety: `base` is slotCount × slotBytes, aligned to a block; the tables are as long as their index arithmetic below reaches.
import { sameValue } from "./limits";

export namespace SlotState {
  export const free: u32 = 0;
  export const clean: u32 = 1;
  export const busy: u32 = 2;
}
const NONE: u32 = 0xffff;
/** Table entry of a slot: 32 bytes value, u8 kind, u8 state, u8 referenced, u8 –, u16 next in the bucket, u16 –. */
const ROW_BYTES: usize = 40;

export class SlotCache {
  private rows: usize;
  private buckets: usize;
  private bucketMask: u32;
  private hand: u32 = 0;
  hits: u64 = 0;
  misses: u64 = 0;

  constructor(private base: usize, readonly slotBytes: u32, readonly slotCount: u32) {
    assert(slotCount > 0 && slotCount < NONE);
    this.bucketMask = (1 << (32 - clz<u32>(slotCount))) - 1;
    this.rows = heap.alloc(<usize>slotCount * ROW_BYTES);
    this.buckets = heap.alloc((this.bucketMask + 1) << 1);
    this.reset();
  }

  reset(): void {
    memory.fill(this.rows, 0, <usize>this.slotCount * ROW_BYTES);
    memory.fill(this.buckets, 0xff, (this.bucketMask + 1) << 1);
    this.hand = 0;
  }

  address(slot: u32): usize { return this.base + <usize>slot * this.slotBytes; }
  state(slot: u32): u32 { return load<u8>(this.row(slot), 33); }
  kind(slot: u32): u32 { return load<u8>(this.row(slot), 32); }
  value(slot: u32): usize { return this.row(slot); }

  /** The slot bound to this key, or −1. */
  find(kind: u32, value: usize): i32 {
    let slot = <u32>load<u16>(this.bucket(value));
    while (slot != NONE) {
      const row = this.row(slot);
      if (load<u8>(row, 32) == kind && sameValue(row, value)) {
        store<u8>(row, 1, 34);
        this.hits++;
        return slot;
      }
      slot = load<u16>(row, 36);
    }
    this.misses++;
    return -1;
  }

  /** A busy slot bound to nothing, or −1 if every slot is busy. */
  take(): i32 {
    for (let step: u32 = 0; step < 2 * this.slotCount; step++) {
      const slot = this.hand;
      const row = this.row(slot);
      this.hand = slot + 1 == this.slotCount ? 0 : slot + 1;
      const state = <u32>load<u8>(row, 33);
      if (state == SlotState.busy) continue;
      if (state == SlotState.clean && load<u8>(row, 34)) {
        store<u8>(row, 0, 34);
        continue;
      }
      this.unbind(slot);
      store<u8>(row, <u8>SlotState.busy, 33);
      return slot;
    }
    return -1;
  }

  /** Gives a slot its key and state; a key is bound to one slot at most. */
  bind(slot: u32, kind: u32, value: usize, state: u32): void {
    this.unbind(slot);
    const row = this.row(slot);
    memory.copy(row, value, 32);
    store<u8>(row, <u8>kind, 32);
    store<u8>(row, <u8>state, 33);
    store<u8>(row, 0, 34);
    const bucket = this.bucket(value);
    store<u16>(row, load<u16>(bucket), 36);
    store<u16>(bucket, <u16>slot);
  }

  /** From busy to clean, or back. */
  setState(slot: u32, state: u32): void { store<u8>(this.row(slot), <u8>state, 33); }
  /** A second chance at the hand's next pass. */
  touch(slot: u32): void { store<u8>(this.row(slot), 1, 34); }
  /** Was the slot used since the last call? */
  takeReference(slot: u32): bool {
    const was = load<u8>(this.row(slot), 34) != 0;
    store<u8>(this.row(slot), 0, 34);
    return was;
  }

  /** Binds the slot to nothing; its state stays. */
  unbind(slot: u32): void {
    const row = this.row(slot);
    if (!load<u8>(row, 32)) return;
    let link = this.bucket(row);
    while (<u32>load<u16>(link) != slot) link = this.row(load<u16>(link)) + 36;
    store<u16>(link, load<u16>(row, 36));
    store<u8>(row, 0, 32);
  }

  release(slot: u32): void {
    this.unbind(slot);
    this.setState(slot, SlotState.free);
  }

  /** Forget what is bound to this key, unless somebody works on it. */
  drop(kind: u32, value: usize): void {
    const slot = this.find(kind, value);
    if (slot >= 0 && this.state(slot) == SlotState.clean) this.release(slot);
  }

  private row(slot: u32): usize { return this.rows + <usize>slot * ROW_BYTES; }
  private bucket(value: usize): usize { return this.buckets + ((load<u32>(value, 8) & this.bucketMask) << 1); }
}

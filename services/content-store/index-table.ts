// The index in memory: an open-addressed table that is also sorted.
//
//   home(key) = (top 32 bits of the key's first word × slotCount) >> 32, which grows with the key
//
//   ┌──────┬──────┬──────┬──────┬───     ──┬──────┬── spill ──┬───────┐
//   │ key1 │ key2 │ free │ key3 │ …        │ keyN │  …        │ free  │       keys ascend from slot to slot;
//   └──────┴──────┴──────┴──────┴───     ──┴──────┴───────────┴───────┘       none lies before its home, none has a free slot between home and itself
//
// Sorted, so that a run for the disk is one walk without sorting, and a walk can be resumed from a key whatever was inserted meanwhile. Keys are hash values, so they
// spread evenly; a client who searched for contents with near values would only make its own inserts slower, and is refused when the spill is full.
// Order: by the value's four little-endian u64 words, then by kind.
//
// Safety: `base` is slotCount + SPILL_SLOTS entries of zeroed memory, of which the last stays free; entry addresses handed out are valid until the next insert or remove.
import { Entry } from "./entry";

const SPILL_SLOTS: u32 = 1024;
const REGION_SHIFT: u32 = 8;

export class IndexTable {
  count: u32 = 0;
  /** One byte for each 256 slots: an entry there may be new since the last checkpoint. */
  private regions: usize;
  private countMax: u32;

  /** Slots that `bytes` of memory hold. */
  static slotsIn(bytes: usize): u32 { return <u32>(bytes / Entry.BYTES) - SPILL_SLOTS; }
  static bytesFor(slotCount: u32): usize { return <usize>(slotCount + SPILL_SLOTS) * Entry.BYTES; }

  constructor(private base: usize, readonly slotCount: u32) {
    this.regions = heap.alloc(this.regionCount);
    memory.fill(this.regions, 0, this.regionCount);
    // Beyond seven eighths an insert moves more than a few dozen entries.
    this.countMax = slotCount - slotCount / 8;
  }

  /** All slots, the spill included. */
  get slotLimit(): u32 { return this.slotCount + SPILL_SLOTS; }
  get isFull(): bool { return this.count >= this.countMax; }
  private get regionCount(): u32 { return (this.slotLimit >> REGION_SHIFT) + 1; }

  entry(slot: u32): usize { return this.base + <usize>slot * Entry.BYTES; }
  slotOf(entry: usize): u32 { return <u32>((entry - this.base) / Entry.BYTES); }

  reset(): void {
    if (this.count) memory.fill(this.base, 0, IndexTable.bytesFor(this.slotCount));
    memory.fill(this.regions, 0, this.regionCount);
    this.count = 0;
  }

  /** First slot at or behind which a key with these top 32 bits can lie. */
  homeOf(prefix: u32): u32 { return <u32>((<u64>prefix * this.slotCount) >> 32); }
  prefixOf(entry: usize): u32 { return load<u32>(entry, 4); }

  /** The entry of this key, or 0. */
  find(kind: u32, value: usize): usize {
    const at = this.place(kind, value);
    return Entry.kind(at) != 0 && compare(at, value, kind) == 0 ? at : 0;
  }

  /** A new entry, zero but for its key, or 0 if the table is full. The key is not in the table. */
  insert(kind: u32, value: usize): usize {
    if (this.isFull) return 0;
    const at = this.place(kind, value);
    let free = at;
    while (Entry.kind(free) != 0) free += Entry.BYTES;
    if (this.slotOf(free) == this.slotLimit - 1) return 0;
    if (free != at) memory.copy(at + Entry.BYTES, at, free - at);
    Entry.fill(at, kind, value, 0, 0, 0, 0);
    this.touch(this.slotOf(at), this.slotOf(free));
    this.count++;
    return at;
  }

  /** Takes the entry out; those behind it that lie past their homes move up, so `entry` may then be the next one. */
  remove(entry: usize): void {
    let end = entry + Entry.BYTES;
    let slot = this.slotOf(end);
    while (Entry.kind(end) != 0 && this.homeOf(this.prefixOf(end)) < slot) {
      end += Entry.BYTES;
      slot++;
    }
    memory.copy(entry, entry + Entry.BYTES, end - entry - Entry.BYTES);
    memory.fill(end - Entry.BYTES, 0, Entry.BYTES);
    this.touch(this.slotOf(entry), slot);
    this.count--;
  }

  /** The next slot from `slot` on that holds an entry, or slotLimit. */
  nextUsed(slot: u32): u32 {
    let at = slot;
    while (at < this.slotLimit && Entry.kind(this.entry(at)) == 0) at++;
    return at;
  }

  /** Like nextUsed, but passes over regions without entries that are new since clearNew. */
  nextPerhapsNew(slot: u32): u32 {
    let at = slot;
    while (at < this.slotLimit) {
      if (!load<u8>(this.regions + (at >> REGION_SHIFT))) at = ((at >> REGION_SHIFT) + 1) << REGION_SHIFT;
      else if (Entry.kind(this.entry(at)) == 0) at++;
      else return at;
    }
    return this.slotLimit;
  }

  clearNew(): void { memory.fill(this.regions, 0, this.regionCount); }

  private touch(firstSlot: u32, lastSlot: u32): void {
    for (let region = firstSlot >> REGION_SHIFT; region <= lastSlot >> REGION_SHIFT; region++) store<u8>(this.regions + region, 1);
  }

  /** Where the key is or would go: the first slot from its home on that is free or holds a key not below it. */
  private place(kind: u32, value: usize): usize {
    const word = load<u64>(value);
    let at = this.entry(this.homeOf(<u32>(word >> 32)));
    while (Entry.kind(at) != 0) {
      const other = load<u64>(at);
      if (other > word || (other == word && compare(at, value, kind) >= 0)) break;
      at += Entry.BYTES;
    }
    return at;
  }
}

/** Negative, 0 or positive as the entry's key lies before, at or behind (value, kind). */
function compare(entry: usize, value: usize, kind: u32): i32 {
  for (let word: usize = 0; word < 32; word += 8) {
    const a = load<u64>(entry + word), b = load<u64>(value + word);
    if (a != b) return a < b ? -1 : 1;
  }
  return <i32>Entry.kind(entry) - <i32>kind;
}

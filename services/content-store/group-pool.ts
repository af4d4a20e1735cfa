// The 64 KiB slots: verified groups, dirty groups of writers, and full groups that wait to be written from where they lie.
//
//   free / clean ── takeDirty ──► dirty ── settled ──► staged ── flushed ──► clean        (dirty and staged are both `busy` for the clock hand)
//                                   └───── dropped ──► free
//
// `owner` names the writer and the level-1 page (or none, for a small object) that points at the slot; exactly one points at each dirty slot.
//
// Safety: OWNER_BYTES for each slot, index below slotCount.
import { SlotCache, SlotState } from "./slot-cache";
import { GROUP_BYTES } from "./limits";

/** Of a slot: u16 writer, u16 page, u32 group, u32 filled bytes, u8 use, 3 –. */
const OWNER_BYTES: usize = 16;
const NO_USE: u8 = 0;
const DIRTY: u8 = 1;
const STAGED: u8 = 2;

export class GroupPool extends SlotCache {
  private owners: usize;
  private settleHand: u32 = 0;
  dirtyCount: u32 = 0;
  stagedCount: u32 = 0;

  constructor(base: usize, slotCount: u32, readonly dirtyMax: u32) {
    super(base, GROUP_BYTES, slotCount);
    this.owners = heap.alloc(<usize>slotCount * OWNER_BYTES);
    this.resetOwners();
  }

  resetOwners(): void {
    memory.fill(this.owners, 0, <usize>this.slotCount * OWNER_BYTES);
    this.dirtyCount = 0;
    this.stagedCount = 0;
    this.settleHand = 0;
  }

  isDirty(slot: u32): bool { return load<u8>(this.owner(slot), 12) == DIRTY; }
  isStaged(slot: u32): bool { return load<u8>(this.owner(slot), 12) == STAGED; }
  writer(slot: u32): u32 { return load<u16>(this.owner(slot)); }
  page(slot: u32): u32 { return load<u16>(this.owner(slot), 2); }
  group(slot: u32): u32 { return load<u32>(this.owner(slot), 4); }
  /** Bytes from the slot's start that hold content; what follows up to the group's length reads as zeros. */
  filled(slot: u32): u32 { return load<u32>(this.owner(slot), 8); }
  setFilled(slot: u32, filledBytes: u32): void { store<u32>(this.owner(slot), filledBytes, 8); }
  setOwner(slot: u32, writer: u32, page: u32, group: u32): void {
    const owner = this.owner(slot);
    store<u16>(owner, <u16>writer);
    store<u16>(owner, <u16>page, 2);
    store<u32>(owner, group, 4);
  }

  /** Makes a taken or clean slot the dirty group of a writer. */
  makeDirty(slot: u32, writer: u32, page: u32, group: u32, filledBytes: u32): void {
    this.unbind(slot);
    this.setState(slot, SlotState.busy);
    this.setOwner(slot, writer, page, group);
    this.setFilled(slot, filledBytes);
    store<u8>(this.owner(slot), DIRTY, 12);
    this.touch(slot);
    this.dirtyCount++;
  }

  /** Zeros up to `lengthBytes`, so that the slot can be hashed or written to beyond what is filled. */
  fillTo(slot: u32, lengthBytes: u32): void {
    const filledBytes = this.filled(slot);
    if (filledBytes >= lengthBytes) return;
    memory.fill(this.address(slot) + filledBytes, 0, lengthBytes - filledBytes);
    this.setFilled(slot, lengthBytes);
  }

  /** A dirty slot's content is stored or gone. */
  dropDirty(slot: u32): void {
    this.endDirty(slot);
    this.release(slot);
  }

  /** A dirty slot's content is stored elsewhere, or known to be there: keep it as verified content of this key. */
  dirtyToClean(slot: u32, kind: u32, value: usize): void {
    this.endDirty(slot);
    this.drop(kind, value);
    if (this.find(kind, value) < 0) this.bind(slot, kind, value, SlotState.clean);
    else this.release(slot);
  }

  /** A full group that waits to be written. */
  dirtyToStaged(slot: u32, kind: u32, value: usize): void {
    this.endDirty(slot);
    this.drop(kind, value);
    this.bind(slot, kind, value, SlotState.busy);
    store<u8>(this.owner(slot), STAGED, 12);
    this.stagedCount++;
  }

  stagedToClean(slot: u32): void {
    assert(this.isStaged(slot));
    store<u8>(this.owner(slot), NO_USE, 12);
    this.setState(slot, SlotState.clean);
    this.stagedCount--;
  }

  /** A dirty slot that was not used of late, or −1; in slot order, so that neighbours are settled together. */
  nextToSettle(): i32 {
    for (let step: u32 = 0; step < 2 * this.slotCount; step++) {
      const slot = this.settleHand;
      this.settleHand = slot + 1 == this.slotCount ? 0 : slot + 1;
      if (this.isDirty(slot) && !this.takeReference(slot)) return slot;
    }
    return -1;
  }

  private endDirty(slot: u32): void {
    assert(this.isDirty(slot));
    store<u8>(this.owner(slot), NO_USE, 12);
    this.dirtyCount--;
  }

  private owner(slot: u32): usize { return this.owners + <usize>slot * OWNER_BYTES; }
}

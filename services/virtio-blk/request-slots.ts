// The driver's private record of every request that a chain can stand for. The device cannot reach it, so it is what
// used entries are checked against.
// What stays true: a slot is free, prepared (composed, not yet published) or in flight; only one that is in flight can finish.
import { FixedArray } from "../base/fixed-array/index";
import { slotLimit } from "./queue-memory";

namespace SlotState {
  export const free: u8 = 0;
  export const prepared: u8 = 1;
  export const inFlight: u8 = 2;
}

export class RequestSlots {
  /** Slots of the present queue. */
  count: u32 = 0;
  inFlightCount: u32 = 0;
  preparedCount: u32 = 0;
  private freeCount: u32 = 0;
  private freeSlots: FixedArray<u16> = new FixedArray<u16>(slotLimit);
  /** The prepared slots, in the order of their offers. */
  private preparedSlots: FixedArray<u16> = new FixedArray<u16>(slotLimit);
  private states: FixedArray<u8> = new FixedArray<u8>(slotLimit);
  private operations: FixedArray<u32> = new FixedArray<u32>(slotLimit);
  private dataBytes: FixedArray<u32> = new FixedArray<u32>(slotLimit);
  /** Bytes that the device has to write besides the status byte: `dataBytes` of a read, else 0. */
  private answerBytes: FixedArray<u32> = new FixedArray<u32>(slotLimit);
  /** When the request was first seen waiting; 0 before. */
  private seenAt: FixedArray<u64> = new FixedArray<u64>(slotLimit);

  /** All slots free; nothing may be in flight. */
  clear(count: u32): void {
    assert(count <= slotLimit, "too many slots");
    this.count = count;
    this.inFlightCount = 0;
    this.preparedCount = 0;
    this.freeCount = 0;
    for (let slot = count; slot > 0; slot--) this.release(slot - 1);
  }

  /** The slot that `prepare` would take; `slotLimit` when none is free. */
  peekFree(): u32 { return this.freeCount ? u32(this.freeSlots[this.freeCount - 1]) : slotLimit; }

  prepare(operation: u32, dataBytes: u32, deviceWrites: bool): void {
    assert(this.freeCount != 0, "no free slot");
    const slot = this.freeSlots[--this.freeCount];
    this.states[slot] = SlotState.prepared;
    this.operations[slot] = operation;
    this.dataBytes[slot] = dataBytes;
    this.answerBytes[slot] = deviceWrites ? dataBytes : 0;
    this.seenAt[slot] = 0;
    this.preparedSlots[this.preparedCount++] = slot;
  }

  /** The request of a prepared slot grows by so much data. */
  extend(slot: u32, dataBytes: u32, deviceWrites: bool): void {
    assert(this.states[slot] == SlotState.prepared, "only what is not published can grow");
    this.dataBytes[slot] += dataBytes;
    if (deviceWrites) this.answerBytes[slot] += dataBytes;
  }

  /** Everything prepared is in flight from now on. */
  launch(): void {
    for (let index: u32 = 0; index < this.preparedCount; index++) this.states[this.preparedSlots[index]] = SlotState.inFlight;
    this.inFlightCount += this.preparedCount;
    this.preparedCount = 0;
  }

  /** The slot is free again. */
  land(slot: u32): void {
    assert(this.states[slot] == SlotState.inFlight, "a request that is not in flight ended");
    this.inFlightCount--;
    this.release(slot);
  }

  isInFlight(slot: u32): bool { return slot < this.count && this.states[slot] == SlotState.inFlight; }

  isFree(slot: u32): bool { return this.states[slot] == SlotState.free; }

  operation(slot: u32): u32 { return this.operations[slot]; }

  data(slot: u32): u32 { return this.dataBytes[slot]; }

  answer(slot: u32): u32 { return this.answerBytes[slot]; }

  /** Stamp what is seen in flight for the first time; true when something has been so for longer than `limit`. */
  overdue(now: u64, limit: u64): bool {
    let found = false;
    for (let slot: u32 = 0; slot < this.count; slot++) {
      if (this.states[slot] != SlotState.inFlight) continue;
      if (this.seenAt[slot] == 0) this.seenAt[slot] = max(now, 1);
      else if (now > this.seenAt[slot] && now - this.seenAt[slot] > limit) found = true;
    }
    return found;
  }

  private release(slot: u32): void {
    this.states[slot] = SlotState.free;
    this.freeSlots[this.freeCount++] = <u16>slot;
  }
}

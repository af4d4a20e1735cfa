// The driver's private record of every request that a chain can stand for. The device cannot reach it, so it is what
// used entries are checked against. Slots are shared out to queues as in queue-set.ts, and here it is decided which queue the
// next request goes to: all that is prepared together goes to one as long as that has room, so that it takes one doorbell.
// What stays true: a slot is free, prepared (composed, not yet published) or in flight; only one that is in flight can finish.
import { FixedArray } from "../base/fixed-array/index";
import { slotLimit } from "./queue-memory";
import { queueLimit } from "./virtio";

namespace SlotState {
  export const free: u8 = 0;
  export const prepared: u8 = 1;
  export const inFlight: u8 = 2;
}

/** What is known of a slot, 24 bytes. */
namespace SlotRecord {
  export const bytes: u32 = 24;
  /** u64: when the request was first seen waiting; 0 before. */
  export const seenAt: usize = 0;
  export const operation: usize = 8;
  export const dataBytes: usize = 12;
  /** Bytes that the device has to write besides the status byte: `dataBytes` of a read, else 0. */
  export const answerBytes: usize = 16;
  /** u8: a SlotState. */
  export const state: usize = 20;
}

export class RequestSlots {
  /** Slots of all queues lie below this. */
  limit: u32 = 0;
  inFlightCount: u32 = 0;
  preparedCount: u32 = 0;
  /** Queues with something in flight, as a set of bits. */
  busyQueues: u32 = 0;
  private queueCount: u32 = 1;
  private shift: u32 = 0;
  /** The queue of the next request, and whether it is that of background requests. */
  private queue: u32 = 0;
  private isBackground: bool = false;
  /** Of each queue. */
  private freeCounts: FixedArray<u32> = new FixedArray<u32>(queueLimit);
  private inFlightCounts: FixedArray<u32> = new FixedArray<u32>(queueLimit);
  /** Each queue's free slots are the first of its part. */
  private freeSlots: FixedArray<u16> = new FixedArray<u16>(slotLimit);
  /** The prepared slots, in the order of their offers. */
  private preparedSlots: FixedArray<u16> = new FixedArray<u16>(slotLimit);
  private records: usize = heap.alloc(slotLimit * SlotRecord.bytes);

  /** All slots free, `count` in each of `queueCount` queues, 1 << `shift` apart; nothing may be in flight. */
  clear(queueCount: u32, shift: u32, count: u32): void {
    assert(queueCount <= queueLimit && count <= 1 << shift && queueCount << shift <= slotLimit, "too many slots");
    this.queueCount = queueCount;
    this.shift = shift;
    this.limit = queueCount << shift;
    this.inFlightCount = 0;
    this.preparedCount = 0;
    this.busyQueues = 0;
    this.queue = 0;
    this.isBackground = false;
    for (let queue: u32 = 0; queue < queueCount; queue++) {
      this.freeCounts[queue] = 0;
      this.inFlightCounts[queue] = 0;
      for (let slot = (queue << shift) + count; slot > queue << shift; slot--) this.release(slot - 1);
    }
  }

  /** Where there are several queues, the last is for background requests and the others are for the rest, as long as they have room. */
  turnTo(isBackground: bool): void {
    if (isBackground == this.isBackground || this.queueCount == 1) return;
    this.isBackground = isBackground;
    this.chooseQueue();
  }

  /** The slot that `prepare` would take; `slotLimit` when none is free. */
  peekFree(): u32 {
    if (this.freeCounts[this.queue] == 0) this.chooseQueue();
    const freeCount = this.freeCounts[this.queue];
    return freeCount ? u32(this.freeSlots[(this.queue << this.shift) + freeCount - 1]) : slotLimit;
  }

  /** Take the slot that `peekFree` answered. */
  prepare(operation: u32, dataBytes: u32, deviceWrites: bool): void {
    const freeCount = this.freeCounts[this.queue];
    assert(freeCount != 0, "no free slot");
    this.freeCounts[this.queue] = freeCount - 1;
    const slot = this.freeSlots[(this.queue << this.shift) + freeCount - 1];
    const record = this.record(slot);
    store<u64>(record, 0, SlotRecord.seenAt);
    store<u32>(record, operation, SlotRecord.operation);
    store<u32>(record, dataBytes, SlotRecord.dataBytes);
    store<u32>(record, deviceWrites ? dataBytes : 0, SlotRecord.answerBytes);
    store<u8>(record, SlotState.prepared, SlotRecord.state);
    this.preparedSlots[this.preparedCount++] = slot;
  }

  /** The request of a prepared slot grows by so much data. */
  extend(slot: u32, dataBytes: u32, deviceWrites: bool): void {
    const record = this.record(slot);
    assert(load<u8>(record, SlotRecord.state) == SlotState.prepared, "only what is not published can grow");
    store<u32>(record, load<u32>(record, SlotRecord.dataBytes) + dataBytes, SlotRecord.dataBytes);
    if (deviceWrites) store<u32>(record, load<u32>(record, SlotRecord.answerBytes) + dataBytes, SlotRecord.answerBytes);
  }

  /** Everything prepared is in flight from now on; what comes next is no background request unless `turnTo` says so. */
  launch(): void {
    for (let index: u32 = 0; index < this.preparedCount; index++) {
      const slot = u32(this.preparedSlots[index]), queue = slot >> this.shift;
      store<u8>(this.record(slot), SlotState.inFlight, SlotRecord.state);
      this.inFlightCounts[queue]++;
      this.busyQueues |= 1 << queue;
    }
    this.inFlightCount += this.preparedCount;
    this.preparedCount = 0;
    this.isBackground = false;
    if (this.queueCount != 1) this.chooseQueue();
  }

  /** The slot is free again. */
  land(slot: u32): void {
    assert(this.stateOf(slot) == SlotState.inFlight, "a request that is not in flight ended");
    const queue = slot >> this.shift;
    this.inFlightCount--;
    if (--this.inFlightCounts[queue] == 0) this.busyQueues &= ~(1 << queue);
    this.release(slot);
  }

  isInFlight(slot: u32): bool { return slot < this.limit && this.stateOf(slot) == SlotState.inFlight; }

  inFlightIn(queue: u32): u32 { return this.inFlightCounts[queue]; }

  isFree(slot: u32): bool { return this.stateOf(slot) == SlotState.free; }

  operation(slot: u32): u32 { return load<u32>(this.record(slot), SlotRecord.operation); }

  data(slot: u32): u32 { return load<u32>(this.record(slot), SlotRecord.dataBytes); }

  answer(slot: u32): u32 { return load<u32>(this.record(slot), SlotRecord.answerBytes); }

  /** Stamp what is seen in flight for the first time; true when something has been so for longer than `limit`. */
  overdue(now: u64, limit: u64): bool {
    let found = false;
    // Slots are taken lowest first when all are free, so those in flight are soon seen.
    for (let slot: u32 = 0, left = this.inFlightCount; left != 0; slot++) {
      const record = this.record(slot);
      if (load<u8>(record, SlotRecord.state) != SlotState.inFlight) continue;
      left--;
      const seenAt = load<u64>(record, SlotRecord.seenAt);
      if (seenAt == 0) store<u64>(record, max(now, 1), SlotRecord.seenAt);
      else if (now > seenAt && now - seenAt > limit) found = true;
    }
    return found;
  }

  /** The least loaded queue of the class; when all of them are full, of the other class. */
  private chooseQueue(): void {
    const last = this.queueCount - 1;
    let best: u32 = 0;
    for (let queue: u32 = 1; queue < last; queue++) if (this.freeCounts[queue] > this.freeCounts[best]) best = queue;
    if (this.isBackground ? this.freeCounts[last] != 0 : this.freeCounts[best] == 0) best = last;
    this.queue = best;
  }

  private release(slot: u32): void {
    const queue = slot >> this.shift;
    store<u8>(this.record(slot), SlotState.free, SlotRecord.state);
    this.freeSlots[(queue << this.shift) + this.freeCounts[queue]++] = <u16>slot;
  }

  private stateOf(slot: u32): u8 { return load<u8>(this.record(slot), SlotRecord.state); }

  /** Safety: inside `records`, by the test; every access above is inside one record. */
  private record(slot: u32): usize {
    if (slot >= slotLimit) unreachable();
    return this.records + slot * SlotRecord.bytes;
  }
}

// The requests of one class that wait for room in a queue, in the order in which they are to start: by sector from where the
// last one started up to the end of the disk, then from its beginning again (C-LOOK), so that neighbours come one after the
// other. Once 64 that came later have started before the one that has waited longest, that one is next.
// What stays true: no request is overtaken by more than `overtakeLimit` others of its class. It is enough to watch the one
// that has waited longest: whoever overtakes another overtakes it too.
//
//   heap by (sweep, sector, arrival): a request below the place of the last start belongs to the next sweep
//   list by arrival: oldest ⇄ … ⇄ newest
//
// Entries are operations (operation-table.ts). Adding and taking cost O(log n) of at most 1,024, looking O(1).
import { FixedArray } from "../base/fixed-array/index";
import { batchOperationLimit, noOperation } from "./operation-table";

/** So many requests of its class may start before one that came before them. */
export const overtakeLimit: u32 = 64;

export class Elevator {
  count: u32 = 0;
  /** Starts before one that had waited longer, and starts out of turn because of them. */
  overtakes: u64 = 0;
  overdue: u64 = 0;
  private heap: FixedArray<u16> = new FixedArray<u16>(batchOperationLimit);
  private places: FixedArray<u16> = new FixedArray<u16>(batchOperationLimit);
  private sectors: FixedArray<u64> = new FixedArray<u64>(batchOperationLimit);
  private sweeps: FixedArray<u32> = new FixedArray<u32>(batchOperationLimit);
  /** How many had come before. Those that have started are all of them once this one has waited longest, and those that overtook it. */
  private arrivals: FixedArray<u32> = new FixedArray<u32>(batchOperationLimit);
  private newer: FixedArray<u16> = new FixedArray<u16>(batchOperationLimit);
  private older: FixedArray<u16> = new FixedArray<u16>(batchOperationLimit);
  private oldest: u32 = noOperation;
  private newest: u32 = noOperation;
  /** All counts from here on are modulo 2^32 and only compared by their differences, which are small. */
  private sweep: u32 = 0;
  private position: u64 = 0;
  private arrived: u32 = 0;
  private started: u32 = 0;

  add(operation: u32, sector: u64): void {
    this.sectors[operation] = sector;
    this.sweeps[operation] = sector >= this.position ? this.sweep : this.sweep + 1;
    this.arrivals[operation] = this.arrived++;
    this.older[operation] = <u16>this.newest;
    this.newer[operation] = <u16>noOperation;
    if (this.newest != noOperation) this.newer[this.newest] = <u16>operation;
    else this.oldest = operation;
    this.newest = operation;
    this.rise(this.count++, operation);
  }

  /** Take the one that is to start now; there must be one. */
  next(): u32 {
    const first = u32(this.heap[0]);
    const isOverdue = this.oldest != first && this.oldestIsOverdue();
    const operation = isOverdue ? this.oldest : first;
    if (isOverdue) this.overdue++; // an excursion: the sweep goes on from where it was
    else {
      this.position = this.sectors[operation];
      this.sweep = this.sweeps[operation];
    }
    this.take(operation);
    return operation;
  }

  /** The one that begins at `sector`, if it is the next of the sweep and may start now; else `noOperation`. It is still waiting. */
  at(sector: u64): u32 {
    if (this.count == 0) return noOperation;
    const first = u32(this.heap[0]);
    if (this.sectors[first] != sector) return noOperation;
    return first == this.oldest || !this.oldestIsOverdue() ? first : noOperation;
  }

  private oldestIsOverdue(): bool { return <i32>(this.started - this.arrivals[this.oldest]) >= <i32>overtakeLimit; }

  private take(operation: u32): void {
    if (operation != this.oldest) this.overtakes++;
    const older = u32(this.older[operation]), newer = u32(this.newer[operation]);
    if (older != noOperation) this.newer[older] = <u16>newer;
    else this.oldest = newer;
    if (newer != noOperation) this.older[newer] = <u16>older;
    else this.newest = older;
    this.started++;
    const place = u32(this.places[operation]);
    const last = u32(this.heap[--this.count]);
    if (last == operation) return;
    if (place != 0 && this.isBefore(last, u32(this.heap[place - 1 >> 1]))) this.rise(place, last);
    else this.sink(place, last);
  }

  private rise(place: u32, operation: u32): void {
    while (place != 0) {
      const above = place - 1 >> 1, other = u32(this.heap[above]);
      if (!this.isBefore(operation, other)) break;
      this.put(place, other);
      place = above;
    }
    this.put(place, operation);
  }

  private sink(place: u32, operation: u32): void {
    for (let below = (place << 1) + 1; below < this.count; below = (place << 1) + 1) {
      if (below + 1 < this.count && this.isBefore(u32(this.heap[below + 1]), u32(this.heap[below]))) below++;
      const other = u32(this.heap[below]);
      if (!this.isBefore(other, operation)) break;
      this.put(place, other);
      place = below;
    }
    this.put(place, operation);
  }

  private put(place: u32, operation: u32): void {
    this.heap[place] = <u16>operation;
    this.places[operation] = <u16>place;
  }

  private isBefore(one: u32, other: u32): bool {
    if (this.sweeps[one] != this.sweeps[other]) return <i32>(this.sweeps[one] - this.sweeps[other]) < 0;
    if (this.sectors[one] != this.sectors[other]) return this.sectors[one] < this.sectors[other];
    return <i32>(this.arrivals[one] - this.arrivals[other]) < 0;
  }
}

// The queues of the device (VIRTIO 1.2 §5.2.2) seen as one: slot numbers are global, so whoever makes requests need not know
// which queue they go to. Queue q has the slots [q << slotShift, (q + 1) << slotShift), of which the first `slotCount` are used.
// What stays true: all queues have the same size, so a chain and its limits are the same in each; only queues with something
// new are published. A single queue is the usual case, and costs no look at others.
import { FixedArray } from "../base/fixed-array/index";
import { Platform } from "./platform";
import { pageBytes, pageQueueSize, QueueMemory, slotLimit, tablePageCount } from "./queue-memory";
import { queueLimit } from "./virtio";
import { Virtqueue } from "./virtqueue";

export class QueueSet {
  /** Queues in use. */
  count: u32 = 1;
  slotShift: u32 = 0;
  private queues: StaticArray<Virtqueue> = new StaticArray<Virtqueue>(queueLimit);
  private tableAddresses: FixedArray<u64> = new FixedArray<u64>(tablePageCount);
  private hasTables: bool = false;
  /** What was located last: memory does not move, so a reset need not ask again. */
  private locatedCount: u32 = 0;
  private locatedLimit: u32 = 0;
  private one: usize = memory.data(16, 8);
  /** Queues that were offered something since the last `takeOffered`, as a set of bits. */
  private offered: u32 = 0;

  constructor(private platform: Platform) {
    for (let index: u32 = 0; index < queueLimit; index++) this.queues[index] = new Virtqueue(platform, this.tableAddresses);
  }

  /** Requests that can be in flight in one queue. */
  get slotCount(): u32 { return this.at(0).slotCount; }
  /** Data segments that fit one chain. */
  get segmentLimit(): u32 { return this.at(0).segmentLimit; }
  get size(): u32 { return this.at(0).size; }

  /**
   * Share the memory out to `count` queues of up to `sizeLimit` (a power of two) and find its device addresses; false when the kernel
   * gives none or a page is not in one piece. The device must not be live.
   */
  locate(count: u32, sizeLimit: u32): bool {
    assert(count != 0 && count <= queueLimit, "more queues than there are");
    this.count = count;
    if (count == this.locatedCount && sizeLimit == this.locatedLimit) return true;
    this.locatedCount = 0;
    const size = min(sizeLimit, slotLimit / sharesOf(count));
    // Memory in single pages still carries queues whose areas are a page each.
    if (!this.locateTables() || !this.locateQueues(count, size) && !this.locateQueues(count, min(size, pageQueueSize))) return false;
    this.locatedCount = count;
    this.locatedLimit = sizeLimit;
    return true;
  }

  /** Empty rings in all queues that were located; false when no request fits. */
  configure(indirect: bool, eventIndex: bool, deviceSegmentLimit: u32): bool {
    QueueMemory.clear();
    this.offered = 0;
    const slotsInAll = sharesOf(this.count) * this.size;
    for (let index: u32 = 0; index < this.count; index++) {
      if (!this.at(index).configure(slotsInAll, indirect, eventIndex, deviceSegmentLimit)) return false;
    }
    return true;
  }

  /** Safety: below `queueLimit`, since callers stay below `count` or go through bits of queues. */
  at(index: u32): Virtqueue { return unchecked(this.queues[index]); }

  /** The queue of a slot. Safety: slots come from RequestSlots, whose last one is in the last queue. */
  of(slot: u32): Virtqueue { return unchecked(this.queues[slot >> this.slotShift]); }

  segmentsPlace(slot: u32): usize { return this.of(slot).segmentsPlace(slot); }

  compose(slot: u32, type: u32, sector: u64, segmentCount: u32, deviceWrites: bool): void { this.of(slot).compose(slot, type, sector, segmentCount, deviceWrites); }

  composeRange(slot: u32, type: u32, sector: u64, sectorCount: u32, flags: u32): void { this.of(slot).composeRange(slot, type, sector, sectorCount, flags); }

  offer(slot: u32): void {
    this.offered |= 1 << (slot >> this.slotShift);
    this.of(slot).offer(slot);
  }

  extend(slot: u32, before: u32, added: u32, deviceWrites: bool): void { this.of(slot).extend(slot, before, added, deviceWrites); }

  /** The queues, as bits, that have offers which were not published. */
  takeOffered(): u32 {
    const offered = this.offered;
    this.offered = 0;
    return offered;
  }

  /** No interrupts until the next `arm`. */
  disarm(): void { for (let index: u32 = 0; index < this.count; index++) this.at(index).disarm(); }

  private locateQueues(count: u32, size: u32): bool {
    this.slotShift = ctz(size);
    for (let index: u32 = 0; index < count; index++) if (!this.at(index).locate(index * size, size)) return false;
    return true;
  }

  private locateTables(): bool {
    for (let page: u32 = 0; page < tablePageCount && !this.hasTables; page++) {
      if (this.platform.segments(0, <u32>QueueMemory.tables() + page * pageBytes, pageBytes, false, this.one, 1) != 1) return false;
      this.tableAddresses[page] = load<u64>(this.one);
    }
    if (!this.hasTables && this.platform.segments(0, <u32>QueueMemory.identity(), pageBytes, true, this.one, 1) != 1) return false;
    this.hasTables = true;
    return true;
  }
}

/** The parts that memory is cut into for `count` queues: a power of two. */
function sharesOf(count: u32): u32 { return 1 << (32 - clz(count - 1)); }

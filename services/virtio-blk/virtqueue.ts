// One split virtqueue, VIRTIO 1.2 §2.7: writes chains, offers them, and reads what the device says it has used.
//
// Slot s is one request and owns fixed places: header s, range s, status byte s, and its chain. A queue of `size` n has the slots
// from `firstSlot`, a multiple of n. With indirect descriptors the chain of its slot number i is table s (§2.7.5.3) behind ring
// descriptor i; without, ring descriptors [i × stride, (i + 1) × stride).
//   chain: header (device reads) → data segments → status byte (device writes), §5.2.6
//
// What stays true: nothing that the device can write is read back but the used ring, the event index and the status
// bytes, and none of these is believed here: the caller (request-engine.ts) checks each against its private records.
// Safety: all addresses are of QueueMemory, with indexes below `size` behind `firstSlot`, which `locate`, `configure` and the callers ensure.
import { FixedArray } from "../base/fixed-array/index";
import { Platform } from "./platform";
import { availableSlotBytes, chainLimit, pageBytes, QueueMemory, slotLimit, tableEntryCount, usedSlotBytes } from "./queue-memory";
import { DescriptorFlag, descriptorBytes, rangeBytes, requestHeaderBytes, RequestStatus } from "./virtio";

/** Longest chain without indirect descriptors: 16 requests of up to 14 segments in a queue of 256. */
const directChainLimit: u32 = 16;
/** VIRTQ_AVAIL_F_NO_INTERRUPT and VIRTQ_USED_F_NO_NOTIFY, §2.7.6, §2.7.8. */
const suppress: u16 = 1;

export class Virtqueue {
  size: u32 = 0;
  firstSlot: u32 = 0;
  /** How many requests can be in flight here. */
  slotCount: u32 = 0;
  /** Data segments that fit one chain. */
  segmentLimit: u32 = 0;
  descriptorsAddress: u64 = 0;
  availableAddress: u64 = 0;
  usedAddress: u64 = 0;
  private descriptors: usize = 0;
  private available: usize = 0;
  private used: usize = 0;
  private headersAddress: u64 = 0;
  private statusesAddress: u64 = 0;
  private rangesAddress: u64 = 0;
  private tableEntries: u32 = chainLimit;
  private one: usize = memory.data(16, 8);
  private stride: u32 = 1;
  private indirect: bool = false;
  private eventIndex: bool = false;
  /** Without the event index: may the device interrupt now (§2.7.7)? */
  private interruptsOn: bool = true;
  /** Where the next chain is offered, what the device was told of, and what has been taken back; all count modulo 2^16. */
  private offered: u16 = 0;
  private published: u16 = 0;
  private taken: u16 = 0;

  /** `tableAddresses`: what the device calls the pages of the indirect tables. */
  constructor(private platform: Platform, private tableAddresses: FixedArray<u64>) {}

  /**
   * Take the memory of slots [firstSlot, firstSlot + size), `size` a power of two that divides `firstSlot`; false when the kernel gives no device
   * addresses or an area is not in one piece.
   */
  locate(firstSlot: u32, size: u32): bool {
    assert(size != 0 && (size & (size - 1)) == 0 && firstSlot % size == 0 && firstSlot <= slotLimit - size, "a queue larger than its memory");
    this.firstSlot = firstSlot;
    this.size = size;
    this.descriptors = QueueMemory.descriptors() + firstSlot * descriptorBytes;
    this.available = QueueMemory.available() + firstSlot * availableSlotBytes;
    this.used = QueueMemory.used() + firstSlot * usedSlotBytes;
    this.descriptorsAddress = this.addressOf(this.descriptors, size * descriptorBytes, false);
    this.availableAddress = this.addressOf(this.available, 6 + (size << 1), false);
    this.usedAddress = this.addressOf(this.used, 6 + (size << 3), true);
    this.headersAddress = this.addressOf(QueueMemory.headers() + firstSlot * requestHeaderBytes, size * requestHeaderBytes, false);
    this.rangesAddress = this.addressOf(QueueMemory.ranges() + firstSlot * rangeBytes, size * rangeBytes, false);
    this.statusesAddress = this.addressOf(QueueMemory.statuses() + firstSlot, size, true);
    const hasRings = this.descriptorsAddress != 0 && this.availableAddress != 0 && this.usedAddress != 0;
    return hasRings && this.headersAddress != 0 && this.rangesAddress != 0 && this.statusesAddress != 0;
  }

  /** Empty rings in memory that was cleared, one of those for `slotsInAll`; false when no request fits. The device must not be live. */
  configure(slotsInAll: u32, indirect: bool, eventIndex: bool, deviceSegmentLimit: u32): bool {
    const size = this.size;
    this.interruptsOn = true;
    this.offered = 0; this.published = 0; this.taken = 0;
    this.indirect = indirect;
    this.eventIndex = eventIndex;
    // §2.7.5.2, §2.7.5.3.1: no chain is longer than the queue, be it in a table or not.
    this.tableEntries = min(chainLimit, tableEntryCount / slotsInAll);
    const longest = min(size, indirect ? this.tableEntries : directChainLimit);
    if (longest < 3) return false;
    this.segmentLimit = min(max(deviceSegmentLimit, 1), longest - 2);
    this.stride = indirect ? 1 : this.segmentLimit + 2;
    this.slotCount = size / this.stride;
    return this.slotCount != 0;
  }

  /** Where the data segments of a slot's chain go: `segmentLimit` entries in the layout that `Platform.segments` writes. */
  segmentsPlace(slot: u32): usize { return this.chain(slot) + descriptorBytes; }

  /** The chain of a request whose data is one range of sectors (§5.2.6: DISCARD, WRITE_ZEROES), which is kept beside its header. */
  composeRange(slot: u32, type: u32, sector: u64, sectorCount: u32, flags: u32): void {
    const range = QueueMemory.ranges() + slot * rangeBytes;
    store<u64>(range, sector);
    store<u32>(range, sectorCount, 8);
    store<u32>(range, flags, 12);
    const place = this.segmentsPlace(slot);
    store<u64>(place, this.rangesAddress + (slot - this.firstSlot) * rangeBytes);
    store<u64>(place, rangeBytes, 8);
    this.compose(slot, type, 0, 1, false);
  }

  /** Complete a slot's chain around `segmentCount` segments that are in place. */
  compose(slot: u32, type: u32, sector: u64, segmentCount: u32, deviceWrites: bool): void {
    const header = QueueMemory.headers() + slot * requestHeaderBytes;
    store<u32>(header, type);
    store<u32>(header, 0, 4);
    store<u64>(header, sector, 8);
    store<u8>(QueueMemory.statuses() + slot, <u8>RequestStatus.untouched);
    const index = slot - this.firstSlot;
    this.describe(this.chain(slot), this.headersAddress + index * requestHeaderBytes, requestHeaderBytes, DescriptorFlag.next, (this.indirect ? 0 : index * this.stride) + 1);
    this.extend(slot, 0, segmentCount, deviceWrites);
  }

  /** Link `added` segments, which are in place behind `before` others, into a slot's chain that is not published, and put its end behind them. */
  extend(slot: u32, before: u32, added: u32, deviceWrites: bool): void {
    const chain = this.chain(slot), index = slot - this.firstSlot, segmentCount = before + added;
    const first = this.indirect ? 0 : index * this.stride;
    const flags = DescriptorFlag.next | (deviceWrites ? DescriptorFlag.deviceWrites : 0);
    for (let segment = before + 1; segment <= segmentCount; segment++) {
      // The segment's address and length stay as the kernel wrote them; only flags and link are ours.
      store<u32>(chain + segment * descriptorBytes, flags | (first + segment + 1) << 16, 12);
    }
    this.describe(chain + (segmentCount + 1) * descriptorBytes, this.statusesAddress + index, 1, DescriptorFlag.deviceWrites, 0);
    if (this.indirect) {
      this.describe(this.descriptors + index * descriptorBytes, this.tableAddress(slot), (segmentCount + 2) * descriptorBytes, DescriptorFlag.indirect, 0);
    }
  }

  /** Put a slot into the available ring; the device learns of it by `publish`. */
  offer(slot: u32): void {
    store<u16>(this.available + 4 + ((u32(this.offered) & (this.size - 1)) << 1), <u16>((slot - this.firstSlot) * this.stride));
    this.offered++;
  }

  /** Make all offers known; true when the device wants its doorbell rung (§2.7.13.3, §2.7.13.4). */
  publish(): bool {
    const before = this.published;
    if (before == this.offered) return false;
    if (!this.eventIndex && this.interruptsOn) this.disarm();
    // x86 keeps stores in order, and the compilers do not reorder stores: chains and ring entries are out before the index.
    store<u16>(this.available, this.offered, 2);
    this.published = this.offered;
    this.platform.fence(); // the index goes out before the device's wish is read
    if (!this.eventIndex) return !(load<u16>(this.used) & suppress);
    const wanted = load<u16>(this.used + 4 + (this.size << 3));
    return <u16>(this.published - wanted - 1) < <u16>(this.published - before);
  }

  /** How many chains the device claims to have used since the last look. Call it in a loop only with a host call between. */
  usedCount(): u32 { return u32(<u16>(load<u16>(this.used, 2) - this.taken)); }

  /** The slot that the oldest used entry names, perhaps one that is not in flight; `slotLimit` for what is the head of no chain of this queue. */
  usedSlot(): u32 {
    const head = load<u32>(this.usedEntry());
    const index = head / this.stride;
    return index < this.slotCount && index * this.stride == head ? this.firstSlot + index : slotLimit;
  }

  usedLength(): u32 { return load<u32>(this.usedEntry(), 4); }

  take(): void { this.taken++; }

  statusByte(slot: u32): u32 { return load<u8>(QueueMemory.statuses() + slot); }

  /**
   * Ask for an interrupt when `count` (at least 1) more entries are used; afterwards the ring must be looked at once more,
   * because an entry that came before the device saw the wish raises none (§2.7.7, §2.7.10); between, a fence. Without the event index the
   * first entry interrupts, whatever the count.
   */
  arm(count: u32 = 1): void {
    if (this.eventIndex) store<u16>(this.available + 4 + (this.size << 1), <u16>(u32(this.taken) + count - 1));
    else if (!this.interruptsOn) {
      this.interruptsOn = true;
      store<u16>(this.available, 0);
    }
  }

  /** No interrupts until the next `arm`. With the event index there is nothing to do: one wish is one interrupt. */
  disarm(): void {
    if (this.eventIndex) return;
    this.interruptsOn = false;
    store<u16>(this.available, suppress);
  }

  private usedEntry(): usize { return this.used + 4 + ((u32(this.taken) & (this.size - 1)) << 3); }

  private tableAddress(slot: u32): u64 {
    const offset = slot * this.tableEntries * descriptorBytes;
    return this.tableAddresses[offset / pageBytes] + offset % pageBytes;
  }

  private chain(slot: u32): usize {
    return this.indirect ? QueueMemory.tables() + slot * this.tableEntries * descriptorBytes : this.descriptors + (slot - this.firstSlot) * this.stride * descriptorBytes;
  }

  private describe(entry: usize, address: u64, length: u32, flags: u32, next: u32): void {
    store<u64>(entry, address);
    store<u32>(entry, length, 8);
    store<u32>(entry, flags | next << 16, 12);
  }

  private addressOf(area: usize, lengthBytes: u32, deviceWrites: bool): u64 {
    if (this.platform.segments(0, <u32>area, lengthBytes, deviceWrites, this.one, 1) != 1) return 0;
    return load<u64>(this.one);
  }
}

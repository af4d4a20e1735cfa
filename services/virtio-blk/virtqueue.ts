// One split virtqueue, VIRTIO 1.2 §2.7: writes chains, offers them, and reads what the device says it has used.
//
// Slot s is one request and owns fixed places: header s, range s, status byte s, and its chain. With indirect descriptors the
// chain is table s (§2.7.5.3) behind ring descriptor s; without, ring descriptors [s × stride, (s + 1) × stride).
//   chain: header (device reads) → data segments → status byte (device writes), §5.2.6
//
// What stays true: nothing that the device can write is read back but the used ring, the event index and the status
// bytes, and none of these is believed here: the caller (request-engine.ts) checks each against its private records.
// Safety: all addresses are of QueueMemory, with indexes below `size`, at most `slotLimit`, which `configure` and the callers ensure.
import { FixedArray } from "../base/fixed-array/index";
import { Platform } from "./platform";
import { chainLimit, pageBytes, pageQueueSize, QueueMemory, slotLimit, tablePageCount } from "./queue-memory";
import { DescriptorFlag, descriptorBytes, rangeBytes, requestHeaderBytes, RequestStatus } from "./virtio";

/** Longest chain without indirect descriptors: 16 requests of up to 14 segments in a queue of 256. */
const directChainLimit: u32 = 16;
/** VIRTQ_AVAIL_F_NO_INTERRUPT and VIRTQ_USED_F_NO_NOTIFY, §2.7.6, §2.7.8. */
const suppress: u16 = 1;

export class Virtqueue {
  size: u32 = 0;
  /** The largest size whose areas lie in one piece each, as the device sees them. */
  sizeLimit: u32 = slotLimit;
  /** How many requests can be in flight. */
  slotCount: u32 = 0;
  /** Data segments that fit one chain. */
  segmentLimit: u32 = 0;
  descriptorsAddress: u64 = 0;
  availableAddress: u64 = 0;
  usedAddress: u64 = 0;
  identityAddress: u64 = 0;
  private headersAddress: u64 = 0;
  private statusesAddress: u64 = 0;
  private rangesAddress: u64 = 0;
  private tableAddresses: FixedArray<u64> = new FixedArray<u64>(tablePageCount);
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

  constructor(private platform: Platform) {}

  /** Learn the device addresses of all queue memory; false when the kernel gives none or a page is not in one piece. */
  locate(): bool {
    this.sizeLimit = slotLimit;
    if (!this.locateRings()) {
      // Memory in single pages still carries a queue whose areas are a page each.
      this.sizeLimit = pageQueueSize;
      if (!this.locateRings()) return false;
    }
    for (let page: u32 = 0; page < tablePageCount; page++) {
      const address = this.addressOf(QueueMemory.tables() + page * pageBytes, pageBytes, false);
      if (!address) return false;
      this.tableAddresses[page] = address;
    }
    return true;
  }

  private locateRings(): bool {
    const size = this.sizeLimit;
    this.descriptorsAddress = this.addressOf(QueueMemory.descriptors(), size * descriptorBytes, false);
    this.availableAddress = this.addressOf(QueueMemory.available(), 6 + (size << 1), false);
    this.usedAddress = this.addressOf(QueueMemory.used(), 6 + (size << 3), true);
    this.headersAddress = this.addressOf(QueueMemory.headers(), size * requestHeaderBytes, false);
    this.rangesAddress = this.addressOf(QueueMemory.ranges(), size * rangeBytes, false);
    this.statusesAddress = this.addressOf(QueueMemory.statuses(), size, true);
    this.identityAddress = this.addressOf(QueueMemory.identity(), pageBytes, true);
    const hasRings = this.descriptorsAddress != 0 && this.availableAddress != 0 && this.usedAddress != 0;
    return hasRings && this.headersAddress != 0 && this.rangesAddress != 0 && this.statusesAddress != 0 && this.identityAddress != 0;
  }

  /** Empty rings of `size` (a power of two, at most `sizeLimit`); false when no request fits. The device must not be live. */
  configure(size: u32, indirect: bool, eventIndex: bool, deviceSegmentLimit: u32): bool {
    assert(size <= this.sizeLimit, "a queue larger than its memory");
    QueueMemory.clear();
    this.interruptsOn = true;
    this.offered = 0; this.published = 0; this.taken = 0;
    this.size = size;
    this.indirect = indirect;
    this.eventIndex = eventIndex;
    // §2.7.5.2, §2.7.5.3.1: no chain is longer than the queue, be it in a table or not.
    this.tableEntries = min(chainLimit, tablePageCount * (pageBytes / descriptorBytes) / size);
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
    store<u64>(place, this.rangesAddress + slot * rangeBytes);
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
    this.describe(this.chain(slot), this.headersAddress + slot * requestHeaderBytes, requestHeaderBytes, DescriptorFlag.next, (this.indirect ? 0 : slot * this.stride) + 1);
    this.extend(slot, 0, segmentCount, deviceWrites);
  }

  /** Link `added` segments, which are in place behind `before` others, into a slot's chain that is not published, and put its end behind them. */
  extend(slot: u32, before: u32, added: u32, deviceWrites: bool): void {
    const chain = this.chain(slot), segmentCount = before + added;
    const first = this.indirect ? 0 : slot * this.stride;
    const flags = DescriptorFlag.next | (deviceWrites ? DescriptorFlag.deviceWrites : 0);
    for (let index = before + 1; index <= segmentCount; index++) {
      // The segment's address and length stay as the kernel wrote them; only flags and link are ours.
      store<u32>(chain + index * descriptorBytes, flags | (first + index + 1) << 16, 12);
    }
    this.describe(chain + (segmentCount + 1) * descriptorBytes, this.statusesAddress + slot, 1, DescriptorFlag.deviceWrites, 0);
    if (this.indirect) {
      this.describe(QueueMemory.descriptors() + slot * descriptorBytes, this.tableAddress(slot), (segmentCount + 2) * descriptorBytes, DescriptorFlag.indirect, 0);
    }
  }

  /** Put a slot into the available ring; the device learns of it by `publish`. */
  offer(slot: u32): void {
    store<u16>(QueueMemory.available() + 4 + ((u32(this.offered) & (this.size - 1)) << 1), <u16>(slot * this.stride));
    this.offered++;
  }

  /** Make all offers known; true when the device wants its doorbell rung (§2.7.13.3, §2.7.13.4). */
  publish(): bool {
    const before = this.published;
    if (before == this.offered) return false;
    if (!this.eventIndex && this.interruptsOn) this.disarm();
    // x86 keeps stores in order, and the compilers do not reorder stores: chains and ring entries are out before the index.
    store<u16>(QueueMemory.available(), this.offered, 2);
    this.published = this.offered;
    this.platform.fence(); // the index goes out before the device's wish is read
    if (!this.eventIndex) return !(load<u16>(QueueMemory.used()) & suppress);
    const wanted = load<u16>(QueueMemory.used() + 4 + (this.size << 3));
    return <u16>(this.published - wanted - 1) < <u16>(this.published - before);
  }

  /** How many chains the device claims to have used since the last look. Call it in a loop only with a host call between. */
  usedCount(): u32 { return u32(<u16>(load<u16>(QueueMemory.used(), 2) - this.taken)); }

  /** The slot that the oldest used entry names. Any number can come back; one that is the head of no chain as `slotLimit` or more. */
  usedSlot(): u32 {
    const head = load<u32>(this.usedEntry());
    return head % this.stride == 0 ? head / this.stride : slotLimit;
  }

  usedLength(): u32 { return load<u32>(this.usedEntry(), 4); }

  take(): void { this.taken++; }

  statusByte(slot: u32): u32 { return load<u8>(QueueMemory.statuses() + slot); }

  /**
   * Ask for an interrupt when `count` (at least 1) more entries are used; afterwards the ring must be looked at once more,
   * because an entry that came before the device saw the wish raises none (§2.7.7, §2.7.10). Without the event index the
   * first entry interrupts, whatever the count.
   */
  arm(count: u32 = 1): void {
    if (this.eventIndex) store<u16>(QueueMemory.available() + 4 + (this.size << 1), <u16>(u32(this.taken) + count - 1));
    else if (!this.interruptsOn) {
      this.interruptsOn = true;
      store<u16>(QueueMemory.available(), 0);
    }
    this.platform.fence();
  }

  /** No interrupts until the next `arm`. With the event index there is nothing to do: one wish is one interrupt. */
  disarm(): void {
    if (this.eventIndex) return;
    this.interruptsOn = false;
    store<u16>(QueueMemory.available(), suppress);
  }

  private usedEntry(): usize { return QueueMemory.used() + 4 + ((u32(this.taken) & (this.size - 1)) << 3); }

  private tableAddress(slot: u32): u64 {
    const offset = slot * this.tableEntries * descriptorBytes;
    return this.tableAddresses[offset / pageBytes] + offset % pageBytes;
  }

  private chain(slot: u32): usize {
    return this.indirect ? QueueMemory.tables() + slot * this.tableEntries * descriptorBytes : QueueMemory.descriptors() + slot * this.stride * descriptorBytes;
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

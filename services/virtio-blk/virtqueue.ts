// One split virtqueue, VIRTIO 1.2 §2.7: writes chains, offers them, and reads what the device says it has used.
//
// Slot s is one request and owns fixed places: header s, status byte s, and its chain. With indirect descriptors the
// chain is table s (§2.7.5.3) behind ring descriptor s; without, ring descriptors [s × stride, (s + 1) × stride).
//   chain: header (device reads) → data segments → status byte (device writes), §5.2.6
//
// What stays true: nothing that the device can write is read back but the used ring, the event index and the status
// bytes, and none of these is believed here: the caller (request-engine.ts) checks each against its private records.
// Safety: all addresses are of QueueMemory, with indexes below `slotLimit`, which `configure` and the callers ensure.
import { Platform } from "./platform";
import { pageBytes, QueueMemory, slotLimit } from "./queue-memory";
import { DescriptorFlag, descriptorBytes, requestHeaderBytes, RequestStatus } from "./virtio";

/** Longest chain without indirect descriptors: 16 requests of up to 14 segments in a queue of 256. */
const directChainLimit: u32 = 16;
/** VIRTQ_AVAIL_F_NO_INTERRUPT and VIRTQ_USED_F_NO_NOTIFY, §2.7.6, §2.7.8. */
const suppress: u16 = 1;

export class Virtqueue {
  size: u32 = 0;
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
  private tableAddresses: StaticArray<u64> = new StaticArray<u64>(slotLimit);
  private one: usize = memory.data(16, 8);
  private stride: u32 = 1;
  private indirect: bool = false;
  private eventIndex: bool = false;
  /** Where the next chain is offered, what the device was told of, and what has been taken back; all count modulo 2^16. */
  private offered: u16 = 0;
  private published: u16 = 0;
  private taken: u16 = 0;

  constructor(private platform: Platform) {}

  /** Learn the device addresses of all queue memory; false when the kernel gives none or a page is not in one piece. */
  locate(): bool {
    this.descriptorsAddress = this.addressOf(QueueMemory.descriptors(), false);
    this.availableAddress = this.addressOf(QueueMemory.available(), false);
    this.usedAddress = this.addressOf(QueueMemory.used(), true);
    this.headersAddress = this.addressOf(QueueMemory.headers(), false);
    this.statusesAddress = this.addressOf(QueueMemory.statuses(), true);
    this.identityAddress = this.addressOf(QueueMemory.identity(), true);
    let complete = this.descriptorsAddress && this.availableAddress && this.usedAddress && this.headersAddress && this.statusesAddress && this.identityAddress;
    for (let slot: u32 = 0; slot < slotLimit; slot++) {
      const address = this.addressOf(QueueMemory.table(slot), false);
      this.tableAddresses[slot] = address;
      if (!address) complete = 0;
    }
    return complete != 0;
  }

  /** Empty rings of `size` (a power of two, at most `slotLimit`); false when no request fits. The device must not be live. */
  configure(size: u32, indirect: bool, eventIndex: bool, deviceSegmentLimit: u32): bool {
    memory.fill(QueueMemory.start(), 0, QueueMemory.bytes);
    this.offered = 0; this.published = 0; this.taken = 0;
    this.size = size;
    this.indirect = indirect;
    this.eventIndex = eventIndex;
    // §2.7.5.2, §2.7.5.3.1: no chain is longer than the queue, be it in a table or not.
    const longest = min(size, indirect ? slotLimit : directChainLimit);
    if (longest < 3) return false;
    this.segmentLimit = min(max(deviceSegmentLimit, 1), longest - 2);
    this.stride = indirect ? 1 : this.segmentLimit + 2;
    this.slotCount = size / this.stride;
    return this.slotCount != 0;
  }

  /** Where the data segments of a slot's chain go: `segmentLimit` entries in the layout that `Platform.segments` writes. */
  segmentsPlace(slot: u32): usize { return this.chain(slot) + descriptorBytes; }

  /** Complete a slot's chain around `segmentCount` segments that are in place. */
  compose(slot: u32, type: u32, sector: u64, segmentCount: u32, deviceWrites: bool): void {
    const chain = this.chain(slot);
    const first = this.indirect ? 0 : slot * this.stride;
    const header = QueueMemory.headers() + slot * requestHeaderBytes;
    store<u32>(header, type);
    store<u32>(header, 0, 4);
    store<u64>(header, sector, 8);
    store<u8>(QueueMemory.statuses() + slot, <u8>RequestStatus.untouched);
    this.describe(chain, this.headersAddress + slot * requestHeaderBytes, requestHeaderBytes, DescriptorFlag.next, first + 1);
    const flags = DescriptorFlag.next | (deviceWrites ? DescriptorFlag.deviceWrites : 0);
    for (let index: u32 = 1; index <= segmentCount; index++) {
      // The segment's address and length stay as the kernel wrote them; only flags and link are ours.
      store<u32>(chain + index * descriptorBytes, flags | (first + index + 1) << 16, 12);
    }
    this.describe(chain + (segmentCount + 1) * descriptorBytes, this.statusesAddress + slot, 1, DescriptorFlag.deviceWrites, 0);
    if (this.indirect) {
      this.describe(QueueMemory.descriptors() + slot * descriptorBytes, this.tableAddresses[slot], (segmentCount + 2) * descriptorBytes, DescriptorFlag.indirect, 0);
    }
  }

  /** Put a slot into the available ring; the device learns of it by `publish`. */
  offer(slot: u32): void {
    store<u16>(QueueMemory.available() + 4 + ((u32(this.offered) & (this.size - 1)) << 1), <u16>(slot * this.stride));
    this.offered++;
  }

  /** Take the last offer back, which `publish` has not made known. */
  withdraw(): void {
    assert(this.offered != this.published, "nothing to withdraw");
    this.offered--;
  }

  /** Make all offers known; true when the device wants its doorbell rung (§2.7.13.3, §2.7.13.4). */
  publish(): bool {
    const before = this.published;
    if (before == this.offered) return false;
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
   * Ask for an interrupt at the next used entry; afterwards the ring must be looked at once more, because an entry that
   * came before the device saw the wish raises none (§2.7.7, §2.7.10). Without the event index interrupts are never off.
   */
  arm(): void {
    if (this.eventIndex) store<u16>(QueueMemory.available() + 4 + (this.size << 1), this.taken);
    this.platform.fence();
  }

  private usedEntry(): usize { return QueueMemory.used() + 4 + ((u32(this.taken) & (this.size - 1)) << 3); }

  private chain(slot: u32): usize {
    return this.indirect ? QueueMemory.table(slot) : QueueMemory.descriptors() + slot * this.stride * descriptorBytes;
  }

  private describe(entry: usize, address: u64, length: u32, flags: u32, next: u32): void {
    store<u64>(entry, address);
    store<u32>(entry, length, 8);
    store<u32>(entry, flags | next << 16, 12);
  }

  private addressOf(page: usize, deviceWrites: bool): u64 {
    if (this.platform.segments(0, <u32>page, pageBytes, deviceWrites, this.one, 1) != 1) return 0;
    return load<u64>(this.one);
  }
}

// The device's side of one split virtqueue (VIRTIO 1.2 §2.7). Rings and descriptors are the driver's memory and hostile:
// every access goes through the bus's address checker, every index is checked before it is used, every walk is bounded.
// Nothing here throws: `Chain.load` says what is wrong, and the device decides what to answer.
//
//   descriptor  0 u64 address  8 u32 length  12 u16 flags (NEXT 1, WRITE 2, INDIRECT 4)  14 u16 next
//   available   0 u16 flags (NO_INTERRUPT 1)  2 u16 index  4 u16 ring[size]  then u16 used_event
//   used        0 u16 flags  2 u16 index  4 { u32 id, u32 length } ring[size]  then u16 avail_event
import { type DeviceBus, noBus } from "../kernel/device-port.ts";

export const descriptorBytes = 16;
const flagNext = 1;
const flagWrite = 2;
const flagIndirect = 4;
const noInterrupt = 1;

/** A 64-bit address as two unsigned halves. */
export class DeviceAddress {
  low = 0;
  high = 0;
  clear(): void { this.low = 0; this.high = 0; }
  isAligned(alignment: number): boolean { return this.low % alignment === 0; }
}

/** One request's buffers in order, read from its descriptors. Reused for every request. */
export class Chain {
  count = 0;
  /** Buffers that the device may read come first (§2.7.4.2); this is their number. */
  readableCount = 0;
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  readonly length: Uint32Array;

  constructor(readonly limit: number) {
    this.low = new Uint32Array(limit);
    this.high = new Uint32Array(limit);
    this.length = new Uint32Array(limit);
  }
}

export class Virtqueue {
  size: number;
  /** Requests that were fetched and have not run: the device's own count. */
  outstandingCount = 0;
  isEnabled = false;
  readonly descriptors = new DeviceAddress();
  readonly available = new DeviceAddress();
  readonly used = new DeviceAddress();
  vector = 0xffff;
  /** Requests fetched from the available ring so far, and put into the used ring so far, modulo 2^16. */
  private fetched = 0;
  private finished = 0;
  /** `finished` when the driver was last considered for an interrupt. */
  private signalled = 0;

  bus: DeviceBus = noBus;

  constructor(readonly index: number, public maximumSize: number) {
    this.size = maximumSize;
  }

  reset(): void {
    this.size = this.maximumSize;
    this.isEnabled = false;
    this.descriptors.clear();
    this.available.clear();
    this.used.clear();
    this.vector = 0xffff;
    this.fetched = 0;
    this.finished = 0;
    this.signalled = 0;
    this.outstandingCount = 0;
  }

  /** Enables the queue if its three areas are aligned (§2.7) and open to the device. */
  enable(): boolean {
    if (!this.descriptors.isAligned(16) || !this.available.isAligned(2) || !this.used.isAligned(4)) return false;
    const isOpen = this.reach(this.descriptors, 0, descriptorBytes * this.size, false)
      && this.reach(this.available, 0, 6 + 2 * this.size, false)
      && this.reach(this.used, 0, 6 + 8 * this.size, true);
    this.isEnabled = isOpen;
    return isOpen;
  }

  /** Requests that the driver says wait, perhaps more than there can be; −1 when the ring is not open. */
  waiting(): number {
    if (!this.reach(this.available, 2, 2, false)) return -1;
    return (this.readHalf(0) - this.fetched) & 0xffff;
  }

  /** Takes the head of the next waiting request, whatever it is; −1 when the ring is not open. */
  fetch(): number {
    if (!this.reach(this.available, 4 + 2 * (this.fetched & (this.size - 1)), 2, false)) return -1;
    const head = this.readHalf(0);
    this.fetched = (this.fetched + 1) & 0xffff;
    return head;
  }

  /** Reads the chain that starts at `head`. False when its shape is broken: loop, range, flags, memory not open. */
  load(head: number, chain: Chain, allowsIndirect: boolean): boolean {
    chain.count = 0;
    chain.readableCount = 0;
    let table = this.descriptors;
    let tableCount = this.size;
    let index = head;
    for (;;) {
      // Longer than the table means that it goes round in a circle.
      if (chain.count >= Math.min(tableCount, chain.limit)) return false;
      if (index >= tableCount || !this.reach(table, index * descriptorBytes, descriptorBytes, false)) return false;
      const low = this.readWord(0);
      const high = this.readWord(4);
      const length = this.readWord(8);
      const flags = this.readHalf(12);
      const next = this.readHalf(14);
      if ((flags & flagIndirect) !== 0) {
        // §2.7.5.3.1: only as the whole chain, never nested, never with NEXT.
        if (!allowsIndirect || table === indirectTable || chain.count !== 0 || (flags & flagNext) !== 0) return false;
        if (length === 0 || length % descriptorBytes !== 0) return false;
        indirectTable.low = low;
        indirectTable.high = high;
        table = indirectTable;
        tableCount = length / descriptorBytes;
        index = 0;
        continue;
      }
      if (!this.append(chain, low, high, length, (flags & flagWrite) !== 0)) return false;
      if ((flags & flagNext) === 0) return true;
      index = next;
    }
  }

  /** Puts a finished request into the used ring; false when the ring is not open any more. */
  finish(head: number, writtenBytes: number): boolean {
    if (!this.reach(this.used, 4 + 8 * (this.finished & (this.size - 1)), 8, true)) return false;
    this.writeWord(0, head);
    this.writeWord(4, writtenBytes);
    this.finished = (this.finished + 1) & 0xffff;
    if (!this.reach(this.used, 2, 2, true)) return false;
    this.writeHalf(0, this.finished);
    return true;
  }

  get finishedCount(): number {
    return this.finished;
  }

  /** Moves the used index without an entry: only a device that lies does it. */
  skip(count: number): void {
    this.finished = (this.finished + count) & 0xffff;
    if (this.reach(this.used, 2, 2, true)) this.writeHalf(0, this.finished);
  }

  /** Asks, with EVENT_IDX, to be told of the next request (§2.7.10). */
  askForNotification(): void {
    if (this.reach(this.used, 4 + 8 * this.size, 2, true)) this.writeHalf(0, this.fetched);
  }

  /** Does the driver want an interrupt for what finished since the last time (§2.7.7)? */
  wantsInterrupt(usesEventIndex: boolean): boolean {
    const before = this.signalled;
    this.signalled = this.finished;
    if (before === this.finished) return false;
    if (!usesEventIndex) return this.reach(this.available, 0, 2, false) && (this.readHalf(0) & noInterrupt) === 0;
    if (!this.reach(this.available, 4 + 2 * this.size, 2, false)) return false;
    const event = this.readHalf(0);
    return ((this.finished - event - 1) & 0xffff) < ((this.finished - before) & 0xffff);
  }

  private append(chain: Chain, low: number, high: number, length: number, isWritable: boolean): boolean {
    if (!isWritable) {
      if (chain.readableCount !== chain.count) return false;
      chain.readableCount++;
    }
    const at = chain.count++;
    chain.low[at] = low;
    chain.high[at] = high;
    chain.length[at] = length;
    return true;
  }

  private reach(base: DeviceAddress, offset: number, length: number, deviceWrites: boolean): boolean {
    return this.bus.reach(base.low + offset, base.high, length, deviceWrites);
  }

  // Little-endian accesses at the place that `reach` found.
  private readHalf(offset: number): number {
    const { bytes } = this.bus;
    const at = this.bus.offset + offset;
    return bytes[at]! | (bytes[at + 1]! << 8);
  }

  private readWord(offset: number): number {
    return (this.readHalf(offset) | (this.readHalf(offset + 2) << 16)) >>> 0;
  }

  private writeHalf(offset: number, value: number): void {
    const { bytes } = this.bus;
    const at = this.bus.offset + offset;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
  }

  private writeWord(offset: number, value: number): void {
    this.writeHalf(offset, value & 0xffff);
    this.writeHalf(offset + 2, value >>> 16);
  }
}

/** The indirect table being read; one device runs at a time. */
const indirectTable = new DeviceAddress();

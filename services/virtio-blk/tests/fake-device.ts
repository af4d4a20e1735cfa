// A virtio block device in the test's own memory, device addresses being plain addresses. It follows VIRTIO 1.2 from the
// device's side, reads everything from the rings, and breaks one rule at a time when told to (`Hostility`).
import { Registers, Window } from "../registers";

/** When requests are served. */
export namespace Serving {
  export const atDoorbell: u32 = 0;
  export const whilePolling: u32 = 1;
  export const whileAsleep: u32 = 2;
  export const never: u32 = 3;
}

/** What the device does wrong at the next completions. */
export namespace Hostility {
  export const none: u32 = 0;
  export const idBeyondQueue: u32 = 1;
  export const idNotInFlight: u32 = 2;
  export const sameIdTwice: u32 = 3;
  export const longLength: u32 = 4;
  export const shortLength: u32 = 5;
  export const indexJump: u32 = 6;
  export const badStatus: u32 = 7;
  export const untouchedStatus: u32 = 8;
  export const ioError: u32 = 9;
  export const unsupported: u32 = 10;
  export const stopsItself: u32 = 11;
  export const enormousId: u32 = 12;
}

export const diskSectors: u32 = 8192;
export const logLimit: u32 = 4096;

export class FakeDevice extends Registers {
  offered: u64 = 1 << 2 | 1 << 6 | 1 << 9 | 1 << 28 | 1 << 29 | 1 << 32;
  queueLimit: u32 = 256;
  queueCount: u32 = 1;
  segmentMaximum: u32 = 254;
  blockSize: u32 = 512;
  capacity: u64 = diskSectors;
  segmentBytesMaximum: u32 = 4096;
  topology: u32 = 0;
  optimalIo: u32 = 0;
  discardSectors: u32 = 1 << 20;
  discardAlignment: u32 = 1;
  writeZeroesSectors: u32 = 1 << 20;
  mayUnmap: u32 = 1;
  notifyOffset: u32 = 1;
  vectorAnswer: u32 = 0xffff_ffff;
  serving: u32 = Serving.atDoorbell;
  hostility: u32 = Hostility.none;
  /** The device never reports a reset as done, or its features as agreed. */
  resetHangs: bool = false;
  refusesFeatures: bool = false;
  generationMoves: bool = false;
  absent: bool = false;

  content: StaticArray<u8> = new StaticArray<u8>(diskSectors * 512);
  status: u32 = 0;
  accepted: u64 = 0;
  size: u32 = 0;
  enabled: bool = false;
  doorbells: u32 = 0;
  interrupts: u32 = 0;
  flushes: u32 = 0;
  served: u32 = 0;
  /** Type, sector and data bytes of each request served, in order, up to `logLimit`. */
  types: StaticArray<u32> = new StaticArray<u32>(logLimit);
  sectors: StaticArray<u32> = new StaticArray<u32>(logLimit);
  lengths: StaticArray<u32> = new StaticArray<u32>(logLimit);
  /** The longest chain seen, in descriptors, and the data segments of the last. */
  longestChain: u32 = 0;
  longestSegment: u32 = 0;
  violations: u32 = 0;
  interruptPending: bool = false;
  /** Pieces that end neither on a physical block nor at `transferEnd`. */
  oddEnds: u32 = 0;
  /** DISCARD and WRITE_ZEROES requests, and the last one's range. */
  ranges: u32 = 0;
  rangeSector: u64 = 0;
  rangeSectors: u32 = 0;
  rangeFlags: u32 = 0;
  generation: u32 = 0;
  configurationVector: u32 = 0xffff;
  private featureSelect: u32 = 0;
  private acceptSelect: u32 = 0;
  private vector: u32 = 0xffff;
  private descriptors: u64 = 0;
  private available: u64 = 0;
  private used: u64 = 0;
  private fetched: u16 = 0;
  private usedIndex: u16 = 0;

  read8(window: u32, offset: u32): u32 {
    if (window != Window.common) return 0;
    if (offset == 0x15) return this.generationMoves ? this.generation++ & 0xff : this.generation & 0xff;
    return this.absent ? 0xff : this.status;
  }
  read16(_window: u32, offset: u32): u32 {
    if (offset == 0x12) return this.queueCount;
    if (offset == 0x18) return this.queueLimit;
    if (offset == 0x1a) return this.vectorAnswer == 0xffff_ffff ? this.vector : this.vectorAnswer;
    return offset == 0x1e ? this.notifyOffset : 0;
  }
  read32(window: u32, offset: u32): u32 {
    if (window == Window.configuration) {
      switch (offset) {
        case 0: return u32(this.capacity);
        case 4: return u32(this.capacity >> 32);
        case 8: return this.segmentBytesMaximum;
        case 12: return this.segmentMaximum;
        case 20: return this.blockSize;
        case 24: return this.topology;
        case 28: return this.optimalIo;
        case 36: return this.discardSectors;
        case 44: return this.discardAlignment;
        case 48: return this.writeZeroesSectors;
        case 56: return this.mayUnmap;
      }
      return 0;
    }
    return u32(this.offered >> (this.featureSelect ? 32 : 0));
  }
  write8(_window: u32, _offset: u32, value: u32): void {
    if (value == 0) {
      if (this.resetHangs) return;
      this.status = 0; this.enabled = false; this.fetched = 0; this.usedIndex = 0; this.interruptPending = false;
      return;
    }
    if (this.refusesFeatures) value &= ~8;
    this.status |= value;
  }
  write16(window: u32, offset: u32, value: u32): void {
    if (window == Window.notify) {
      if (offset != this.notifyOffset * 4 || value != 0) this.violations++;
      this.doorbells++;
      if (this.serving == Serving.atDoorbell) this.serve();
    } else if (offset == 0x10) this.configurationVector = value;
    else if (offset == 0x18) this.size = value;
    else if (offset == 0x1a) this.vector = value;
    else if (offset == 0x1c) this.enabled = value == 1;
  }
  write32(_window: u32, offset: u32, value: u32): void {
    if (offset == 0x00) this.featureSelect = value;
    else if (offset == 0x08) this.acceptSelect = value;
    else if (offset == 0x0c) this.accepted = this.acceptSelect ? (this.accepted & 0xffff_ffff) | u64(value) << 32 : (this.accepted >> 32 << 32) | u64(value);
    else if (offset == 0x20) this.descriptors = value;
    else if (offset == 0x28) this.available = value;
    else if (offset == 0x30) this.used = value;
  }

  /** Serve everything that is offered, or the oldest `count` of it. */
  serve(count: u32 = 0xffff_ffff): void {
    if (!this.enabled || this.status != 15) return;
    const ring = <usize>this.available;
    for (; count != 0 && this.fetched != load<u16>(ring, 2); count--) {
      const head = u32(load<u16>(ring + 4 + ((u32(this.fetched) % this.size) << 1)));
      this.fetched++;
      this.run(head);
      if (!this.enabled) return;
    }
    // The wish to hear of the next offer, §2.7.10.
    store<u16>(<usize>this.used + 4 + this.size * 8, this.fetched);
  }

  private run(head: u32): void {
    if (head >= this.size) { this.violations++; return; }
    let table = <usize>this.descriptors, limit = this.size, index = head;
    const first = table + head * 16;
    if (load<u16>(first, 12) & 4) {
      limit = load<u32>(first, 8) / 16;
      table = <usize>load<u64>(first);
      index = 0;
    }
    const header = <usize>load<u64>(table + index * 16);
    const type = load<u32>(header);
    const start = load<u64>(header, 8) * 512;
    let position = start, written: u32 = 0, failed = false, length: u32 = 1;
    while (load<u16>(table + index * 16, 12) & 1) {
      index = u32(load<u16>(table + index * 16, 14));
      if (++length > limit || index >= limit) { this.violations++; return; }
      const entry = table + index * 16;
      const bytes = load<u32>(entry, 8);
      if (!(load<u16>(entry, 12) & 1)) break; // the status byte
      const isWritable = (load<u16>(entry, 12) & 2) != 0;
      if (isWritable != (type == 0 || type == 8)) this.violations++;
      if (!this.move(type, position, <usize>load<u64>(entry), bytes)) failed = true;
      else if (isWritable) written += bytes;
      position += bytes;
      this.longestSegment = max(this.longestSegment, bytes);
    }
    this.longestChain = max(this.longestChain, length);
    const entry = table + index * 16;
    if (!(load<u16>(entry, 12) & 2) || load<u32>(entry, 8) != 1) { this.violations++; return; }
    if (type == 4) this.flushes++;
    if (type <= 1) this.noteEnd(u32(position / 512));
    if (this.served < logLimit) {
      this.types[this.served] = type;
      this.sectors[this.served] = u32(start / 512);
      this.lengths[this.served] = u32(position - start);
    }
    this.served++;
    this.finish(head, <usize>load<u64>(entry), written, failed);
  }

  /** The disk's end in a test, and the only place where a piece may end inside a physical block. */
  transferEnd: u32 = 0;
  private noteEnd(end: u32): void {
    const blockSectors = this.blockSize / 512, physical = blockSectors << (this.topology & 0xff), offset = (this.topology >> 8 & 0xff) * blockSectors;
    if (physical && end != this.transferEnd && (end + physical - offset) % physical != 0) this.oddEnds++;
  }

  private move(type: u32, position: u64, address: usize, bytes: u32): bool {
    if (type == 8) {
      memory.fill(address, 0, bytes);
      for (let index: u32 = 0; index < min<u32>(bytes, 7); index++) store<u8>(address + index, <u8>(65 + index));
      return true;
    }
    if (type == 11 || type == 13) {
      this.ranges++;
      this.rangeSector = load<u64>(address);
      this.rangeSectors = load<u32>(address, 8);
      this.rangeFlags = load<u32>(address, 12);
      if (bytes != 16) this.violations++;
      const limit = type == 11 ? this.discardSectors : this.writeZeroesSectors;
      if (this.rangeSectors > limit || this.rangeSector + this.rangeSectors > diskSectors) return false;
      memory.fill(changetype<usize>(this.content) + <usize>this.rangeSector * 512, type == 11 ? 0xdd : 0, this.rangeSectors * 512);
      return true;
    }
    if (position > u64(diskSectors) * 512 || u64(bytes) > u64(diskSectors) * 512 - position) return false;
    const content = changetype<usize>(this.content) + <usize>position;
    if (type == 0) memory.copy(address, content, bytes);
    else if (type == 1) memory.copy(content, address, bytes);
    return true;
  }

  private finish(head: u32, statusAddress: usize, written: u32, failed: bool): void {
    const hostility = this.hostility;
    if (hostility == Hostility.stopsItself) { this.status |= 64; this.enabled = false; return; }
    let byte: u32 = failed ? 1 : 0, id = head, length = written + 1;
    if (hostility == Hostility.badStatus) byte = 7;
    else if (hostility == Hostility.ioError) byte = 1;
    else if (hostility == Hostility.unsupported) byte = 2;
    if (hostility != Hostility.untouchedStatus) store<u8>(statusAddress, <u8>byte);
    if (hostility == Hostility.idBeyondQueue) id = this.size;
    else if (hostility == Hostility.enormousId) id = 0x8000_0000 | head;
    else if (hostility == Hostility.idNotInFlight) id = (head + 1) % this.size;
    else if (hostility == Hostility.longLength) length += 1;
    else if (hostility == Hostility.shortLength) length -= 1;
    this.put(id, length);
    if (hostility == Hostility.sameIdTwice) this.put(id, length);
    else if (hostility == Hostility.indexJump) this.advanceIndex(300);
  }

  private put(id: u32, length: u32): void {
    const entry = <usize>this.used + 4 + ((u32(this.usedIndex) % this.size) << 3);
    store<u32>(entry, id);
    store<u32>(entry, length, 4);
    this.advanceIndex(1);
  }

  private advanceIndex(count: u16): void {
    const before = this.usedIndex;
    this.usedIndex = before + count;
    store<u16>(<usize>this.used, this.usedIndex, 2);
    const hasEventIndex = (this.accepted & 1 << 29) != 0;
    const wanted = load<u16>(<usize>this.available + 4 + this.size * 2);
    if (hasEventIndex ? <u16>(this.usedIndex - wanted - 1) < <u16>(this.usedIndex - before) : !(load<u16>(<usize>this.available) & 1)) {
      this.interrupts++;
      this.interruptPending = true;
    }
  }
}

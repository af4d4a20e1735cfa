// The smallest driver of the block device model: lays descriptors into its own memory and pokes registers, so that a test
// can also write what no honest driver would.
import { type DeviceBus } from "../../host/kernel/device-port.ts";
import { type Disk } from "../../host/devices/disk.ts";
import { VirtioBlk, type VirtioBlkOptions } from "../../host/devices/virtio-blk.ts";

export const Next = 1;
export const WriteFlag = 2;
export const Indirect = 4;
/** Address half that the test bus accepts; anything else is a violation. */
export const memoryHigh = 1;
/** Behind the 256 descriptors there is room for some that the device must never read. */
export const layout = { descriptors: 0x1000, available: 0x2800, used: 0x3000, header: 0x4000, status: 0x5000, indirect: 0x6000, data: 0x10000 } as const;
const memoryBytes = 1 << 21;

export interface Buffer { low: number; high?: number; length: number; flags?: number; next?: number }

/** Memory that the device may reach from 0x1000 on; everything below and above is closed. */
export class TestBus implements DeviceBus {
  bytes = new Uint8Array(memoryBytes);
  offset = 0;
  interrupts = 0;
  violations = 0;
  /** Last byte that is open. */
  openEnd = memoryBytes;

  reach(low: number, high: number, length: number, _deviceWrites: boolean): boolean {
    if (high !== memoryHigh || low < 0x1000 || low + length > this.openEnd) {
      this.violations++;
      return false;
    }
    this.offset = low;
    return true;
  }

  raiseInterrupt(): void {
    this.interrupts++;
  }
}

export class TestDriver {
  readonly bus = new TestBus();
  readonly view = new DataView(this.bus.bytes.buffer);
  readonly device: VirtioBlk;
  size = 256;
  private submitted = 0;
  private reaped = 0;
  private nextDescriptor = 0;

  constructor(disk: Disk, options: VirtioBlkOptions = {}) {
    this.device = new VirtioBlk(disk, options);
    this.device.connect(this.bus);
  }

  get status(): number { return this.device.common.read(0x14, 1); }
  get needsReset(): boolean { return (this.status & 64) !== 0; }

  offered(): [number, number] {
    const word = (select: number): number => {
      this.device.common.write(0, 4, select);
      return this.device.common.read(4, 4);
    };
    return [word(0), word(1)];
  }

  accept(low: number, high: number): boolean {
    const { common } = this.device;
    common.write(0x14, 1, 0);
    common.write(0x14, 1, 3);
    common.write(8, 4, 0);
    common.write(0xc, 4, low >>> 0);
    common.write(8, 4, 1);
    common.write(0xc, 4, high);
    common.write(0x14, 1, 11);
    return (this.status & 8) !== 0;
  }

  setQueue(areas: { descriptors?: number; available?: number; used?: number; size?: number } = {}): boolean {
    const { common } = this.device;
    this.size = areas.size ?? 256;
    common.write(0x18, 2, this.size);
    common.write(0x1a, 2, 1);
    const write64 = (offset: number, low: number): void => {
      common.write(offset, 4, low);
      common.write(offset + 4, 4, memoryHigh);
    };
    write64(0x20, areas.descriptors ?? layout.descriptors);
    write64(0x28, areas.available ?? layout.available);
    write64(0x30, areas.used ?? layout.used);
    common.write(0x1c, 2, 1);
    return common.read(0x1c, 2) === 1;
  }

  /** Reset to running; without EVENT_IDX unless `low` says otherwise. */
  start(low = this.offered()[0] & ~(1 << 29)): this {
    if (!this.accept(low, 1)) throw new Error("features refused");
    if (!this.setQueue()) throw new Error("queue refused");
    this.device.common.write(0x14, 1, 15);
    this.submitted = 0;
    this.reaped = 0;
    this.nextDescriptor = 0;
    this.bus.bytes.fill(0, 0x1000, 0x7000);
    return this;
  }

  writeDescriptor(table: number, index: number, { low, high, length, flags, next }: Buffer): void {
    const at = table + 16 * index;
    this.view.setUint32(at, low, true);
    this.view.setUint32(at + 4, high ?? memoryHigh, true);
    this.view.setUint32(at + 8, length, true);
    this.view.setUint16(at + 12, flags ?? 0, true);
    this.view.setUint16(at + 14, next ?? 0, true);
  }

  /** Puts a chain of buffers into the table, linked in order, and its head into the available ring. */
  submit(buffers: Buffer[]): number {
    const head = this.nextDescriptor;
    buffers.forEach((buffer, position) => {
      const index = (head + position) % this.size;
      const isLast = position === buffers.length - 1;
      this.writeDescriptor(layout.descriptors, index, { next: (index + 1) % this.size, ...buffer, flags: (buffer.flags ?? 0) | (isLast ? 0 : Next) });
    });
    this.nextDescriptor = (head + buffers.length) % this.size;
    this.publish(head);
    return head;
  }

  publish(head: number): void {
    this.view.setUint16(layout.available + 4 + 2 * (this.submitted % this.size), head, true);
    this.submitted++;
    this.view.setUint16(layout.available + 2, this.submitted & 0xffff, true);
  }

  ring(): void {
    this.device.notify.write(this.device.common.read(0x1e, 2) * this.device.notifyMultiplier, 2, 0);
  }

  header(type: number, sector: number, at: number = layout.header): Buffer {
    this.view.setUint32(at, type, true);
    this.view.setUint32(at + 4, 0, true);
    this.view.setUint32(at + 8, sector % 2 ** 32, true);
    this.view.setUint32(at + 12, Math.floor(sector / 2 ** 32), true);
    return { low: at, length: 16 };
  }

  /** Finished requests since the last look. */
  used(): Array<{ head: number; length: number }> {
    const end = this.view.getUint16(layout.used + 2, true);
    const all: Array<{ head: number; length: number }> = [];
    for (; (this.reaped & 0xffff) !== end; this.reaped++) {
      const at = layout.used + 4 + 8 * (this.reaped % this.size);
      all.push({ head: this.view.getUint32(at, true), length: this.view.getUint32(at + 4, true) });
    }
    return all;
  }

  /** One request from start to end: its status byte, or −1 when the device did not finish it. */
  request(type: number, sector: number, data: Buffer[], statusAddress: number = layout.status): number {
    this.bus.bytes[statusAddress] = 0xff;
    this.submit([this.header(type, sector), ...data, { low: statusAddress, length: 1, flags: WriteFlag }]);
    this.ring();
    while (this.device.advance());
    return this.used().length === 1 ? this.bus.bytes[statusAddress]! : -1;
  }

  read(sector: number, length: number, at: number = layout.data): number {
    return this.request(0, sector, [{ low: at, length, flags: WriteFlag }]);
  }

  write(sector: number, length: number, at: number = layout.data): number {
    return this.request(1, sector, [{ low: at, length }]);
  }

  flush(): number {
    return this.request(4, 0, []);
  }
}

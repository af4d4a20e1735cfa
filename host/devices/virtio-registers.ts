// The registers of a virtio PCI device: common configuration (VIRTIO 1.2 §4.1.4.3), doorbell (§4.1.4.4) and
// interrupt status (§4.1.4.5). Owns device status and feature negotiation. The driver is hostile: a write of a wrong
// width, to a wrong place or at a wrong time changes nothing.
import type { WindowPart } from "../kernel/device-port.ts";
import type { DeviceAddress, Virtqueue } from "./virtqueue.ts";

/** Device status (§2.1). */
export const DeviceStatus = { Acknowledge: 1, Driver: 2, DriverOk: 4, FeaturesOk: 8, NeedsReset: 64, Failed: 128 } as const;
export const noVector = 0xffff;
export const queueVector = 1;
const vectorCount = 2;
export const notifyMultiplier = 4;
/** Of queue 0; the others follow. Not 0, so that a driver that forgets to multiply is noticed. */
const firstNotifyOffset = 1;
const interruptQueue = 1;
const interruptConfiguration = 2;

/** Feature words that must be agreed: VERSION_1 is bit 0 of word 1. */
export const featureVersion1 = 1;

export interface RegisterEvents {
  onReset(): void;
  onNotify(queue: number): void;
  /** The driver has set DRIVER_OK. */
  onDriverOk(): void;
  configurationGeneration(): number;
}

export class CommonConfiguration implements WindowPart {
  readonly sizeBytes = 64;
  status = 0;
  /** What the driver accepted, as two words. */
  readonly accepted = new Uint32Array(2);
  configurationVector = noVector;
  /** Register accesses that a correct driver does not make. */
  misuses = 0;
  private deviceFeatureSelect = 0;
  private driverFeatureSelect = 0;
  private queueSelect = 0;

  constructor(readonly offered: readonly [number, number], private readonly queues: readonly Virtqueue[], private readonly events: RegisterEvents) {}

  get isRunning(): boolean {
    return (this.status & (DeviceStatus.DriverOk | DeviceStatus.NeedsReset)) === DeviceStatus.DriverOk;
  }

  hasFeature(bit: number): boolean {
    return ((this.accepted[bit >>> 5]! >>> (bit & 31)) & 1) !== 0;
  }

  reset(): void {
    this.status = 0;
    this.accepted.fill(0);
    this.configurationVector = noVector;
    this.deviceFeatureSelect = 0;
    this.driverFeatureSelect = 0;
    this.queueSelect = 0;
  }

  read(offset: number, width: number): number {
    const queue = this.queues[this.queueSelect];
    switch (offset * 8 + width) {
      case key(0x00, 4): return this.deviceFeatureSelect;
      case key(0x04, 4): return this.offered[this.deviceFeatureSelect] ?? 0;
      case key(0x08, 4): return this.driverFeatureSelect;
      case key(0x0c, 4): return this.accepted[this.driverFeatureSelect] ?? 0;
      case key(0x10, 2): return this.configurationVector;
      case key(0x12, 2): return this.queues.length; // num_queues
      case key(0x14, 1): return this.status;
      case key(0x15, 1): return this.events.configurationGeneration();
      case key(0x16, 2): return this.queueSelect;
      case key(0x18, 2): return queue?.size ?? 0;
      case key(0x1a, 2): return queue?.vector ?? noVector;
      case key(0x1c, 2): return queue?.isEnabled === true ? 1 : 0;
      case key(0x1e, 2): return firstNotifyOffset + this.queueSelect;
      case key(0x20, 4): return queue?.descriptors.low ?? 0;
      case key(0x24, 4): return queue?.descriptors.high ?? 0;
      case key(0x28, 4): return queue?.available.low ?? 0;
      case key(0x2c, 4): return queue?.available.high ?? 0;
      case key(0x30, 4): return queue?.used.low ?? 0;
      case key(0x34, 4): return queue?.used.high ?? 0;
    }
    this.misuses++;
    return 0;
  }

  write(offset: number, width: number, value: number): void {
    switch (offset * 8 + width) {
      case key(0x00, 4): this.deviceFeatureSelect = value; return;
      case key(0x08, 4): this.driverFeatureSelect = value; return;
      case key(0x0c, 4): this.accept(value); return;
      case key(0x10, 2): this.configurationVector = value < vectorCount ? value : noVector; return;
      case key(0x14, 1): this.writeStatus(value); return;
      case key(0x16, 2): this.queueSelect = value; return;
    }
    const queue = this.queues[this.queueSelect];
    if (queue === undefined || queue.isEnabled || !this.writeQueue(queue, offset * 8 + width, value)) this.misuses++;
  }

  /** Registers of the selected queue, which can change only before it is enabled. False: no such register. */
  private writeQueue(queue: Virtqueue, register: number, value: number): boolean {
    switch (register) {
      case key(0x18, 2): return setSize(queue, value);
      case key(0x1a, 2): queue.vector = value < vectorCount ? value : noVector; return true;
      case key(0x1c, 2): return value === 1 && queue.enable();
      case key(0x20, 4): return setLow(queue.descriptors, value);
      case key(0x24, 4): return setHigh(queue.descriptors, value);
      case key(0x28, 4): return setLow(queue.available, value);
      case key(0x2c, 4): return setHigh(queue.available, value);
      case key(0x30, 4): return setLow(queue.used, value);
      case key(0x34, 4): return setHigh(queue.used, value);
    }
    return false;
  }

  private accept(value: number): void {
    if (this.driverFeatureSelect > 1 || (this.status & DeviceStatus.FeaturesOk) !== 0) this.misuses++;
    else this.accepted[this.driverFeatureSelect] = value;
  }

  private writeStatus(value: number): void {
    if (value === 0) {
      this.events.onReset();
      return;
    }
    // Bits once set stay until reset (§2.1.1); NEEDS_RESET is the device's own.
    let next = this.status | (value & ~DeviceStatus.NeedsReset);
    const isNew = (bit: number): boolean => (next & bit) !== 0 && (this.status & bit) === 0;
    if (isNew(DeviceStatus.FeaturesOk) && !this.agrees()) next &= ~DeviceStatus.FeaturesOk;
    if (isNew(DeviceStatus.DriverOk) && (next & DeviceStatus.FeaturesOk) === 0) next &= ~DeviceStatus.DriverOk;
    const isStarting = (next & DeviceStatus.DriverOk) !== 0 && (this.status & DeviceStatus.DriverOk) === 0;
    this.status = next;
    if (isStarting) this.events.onDriverOk();
  }

  /** Only what was offered, and never without VERSION_1: this is no legacy device. */
  private agrees(): boolean {
    return (this.accepted[0]! & ~this.offered[0]) === 0 && (this.accepted[1]! & ~this.offered[1]) === 0
      && (this.accepted[1]! & featureVersion1) !== 0;
  }
}

/** The doorbells, one for each queue (§4.1.4.4). */
export class NotifyWindow implements WindowPart {
  readonly sizeBytes: number;
  count = 0;
  constructor(queueCount: number, private readonly events: RegisterEvents) {
    this.sizeBytes = notifyMultiplier * (firstNotifyOffset + queueCount);
  }

  read(): number {
    return 0;
  }

  write(offset: number, width: number, value: number): void {
    // The queue's index is written (§4.1.5.2), at the queue's own place.
    if (offset !== (firstNotifyOffset + value) * notifyMultiplier || width !== 2) return;
    this.count++;
    this.events.onNotify(value);
  }
}

/** Interrupt status: reading clears it (§4.1.4.5). */
export class InterruptStatus implements WindowPart {
  readonly sizeBytes = 1;
  private bits = 0;

  read(): number {
    const { bits } = this;
    this.bits = 0;
    return bits;
  }

  write(): void {}

  /** MMIO looks without clearing, and clears by InterruptACK (§4.2.2). */
  peek(): number { return this.bits; }
  acknowledge(bits: number): void { this.bits &= ~bits; }

  setQueue(): void { this.bits |= interruptQueue; }
  setConfiguration(): void { this.bits |= interruptConfiguration; }
  reset(): void { this.bits = 0; }
}

/** A register by offset and width. */
function key(offset: number, width: number): number {
  return offset * 8 + width;
}

/** A queue size is a power of two (§2.7). */
function setSize(queue: Virtqueue, value: number): boolean {
  if (value === 0 || value > queue.maximumSize || (value & (value - 1)) !== 0) return false;
  queue.size = value;
  return true;
}

function setLow(address: DeviceAddress, value: number): boolean {
  address.low = value;
  return true;
}

function setHigh(address: DeviceAddress, value: number): boolean {
  address.high = value;
  return true;
}

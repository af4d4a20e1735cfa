// What a device model is to the kernel, and the address checker between the two.
//
// A device address is (domain id + 1) << 32 | offset in that domain's memory; address 0 is therefore never valid.
// What stays true: the device reaches a byte only while it is in the driver's own memory and dma_segments was asked for
// it, or in a lease or grant that the driver holds at this moment and was opened in that direction. Everything else is
// counted as a violation and refused, as an IOMMU would.
import { rightRead, rightWrite } from "./abi.ts";
import type { Capability } from "./capability-table.ts";
import { Domain } from "./domain.ts";

/** One register window of a device. Offsets are checked and aligned before it is called; values are unsigned. */
export interface WindowPart {
  readonly sizeBytes: number;
  read(offset: number, width: number): number;
  write(offset: number, width: number, value: number): void;
}

/** What a device model may ask of the kernel. */
export interface DeviceBus {
  /**
   * Opens `length` bytes at a device address; false is a violation. On success `bytes` and `offset` say where. The low half
   * may have grown past 2^32 by an offset: it does not wrap, and nothing is open there.
   */
  reach(addressLow: number, addressHigh: number, length: number, deviceWrites: boolean): boolean;
  bytes: Uint8Array;
  offset: number;
  /** The interrupt of the device's only queue. */
  raiseInterrupt(): void;
}

/** The bus of a device that is not connected: every access is refused. */
export const noBus: DeviceBus = {
  bytes: new Uint8Array(0), offset: 0, reach: () => false, raiseInterrupt: () => {},
};

/** A device model. It never throws, whatever the driver does. */
export interface DeviceModel {
  /** PCI: four windows. MMIO: `common` is everything, the others have no length. */
  readonly transport: "pci" | "mmio";
  readonly common: WindowPart;
  readonly notify: WindowPart;
  readonly isr: WindowPart;
  readonly configuration: WindowPart;
  readonly configurationBytes: number;
  /** Bytes between two queues' doorbells. */
  readonly notifyMultiplier: number;
  readonly queueVector: number;
  connect(bus: DeviceBus): void;
  /** A device with an interrupt line in place of messages: is it up? */
  isLineUp?(): boolean;
  /** Does one piece of outstanding work; false when there is none. */
  advance(): boolean;
}

/** `device_status` of the common configuration (§4.1.4.3), and Status on the memory bus (§4.2.2): offset and width. */
const statusRegisters = { pci: [0x14, 1], mmio: [0x70, 4] } as const;

interface OwnRange { start: number; end: number; rights: number }
const ownRangeLimit = 4096;

/** The memory that one driver has opened to its device. */
export class DmaMap {
  violations = 0;
  private readonly own: OwnRange[] = [];
  private readonly lent: Capability[] = [];

  constructor(private readonly driver: Domain) {}

  /** Opens a part of the driver's own memory, for the life of the driver; false when too many parts are open. */
  openOwn(start: number, length: number, rights: number): boolean {
    let end = start + length;
    // Ranges of equal rights that touch become one, so that an access may span what was opened in pieces.
    for (let index = this.own.length - 1; index >= 0; index--) {
      const range = this.own[index]!;
      if (range.rights !== rights || start > range.end || end < range.start) continue;
      start = Math.min(start, range.start);
      end = Math.max(end, range.end);
      this.own.splice(index, 1);
    }
    if (this.own.length >= ownRangeLimit) return false;
    this.own.push({ start, end, rights });
    return true;
  }

  /** Opens a lease or grant until it ends. */
  openLent(slot: Capability, rights: number): void {
    if (slot.deviceRights === 0) this.lent.push(slot);
    slot.deviceRights |= rights;
  }

  forget(slot: Capability): void {
    const position = this.lent.indexOf(slot);
    if (position < 0) return;
    this.lent[position] = this.lent[this.lent.length - 1]!;
    this.lent.pop();
  }

  /** May the device use [offset, offset + length) of the domain with this id? Answers its owner or null. */
  check(domainId: number, offset: number, length: number, rights: number): Domain | null {
    if (domainId === this.driver.id) {
      for (const range of this.own) {
        if ((range.rights & rights) !== 0 && offset >= range.start && length <= range.end - offset) return this.driver;
      }
    }
    for (const slot of this.lent) {
      const owner = slot.target!;
      if (owner.id === domainId && (slot.deviceRights & rights) !== 0
        && offset >= slot.base && length <= slot.base + slot.length - offset) return owner;
    }
    this.violations++;
    return null;
  }

  close(): void {
    this.own.length = 0;
    this.lent.length = 0;
  }
}

/** A device with its driver domain and what the driver has opened to it. */
export class DevicePort implements DeviceBus {
  readonly dma: DmaMap;
  bytes: Uint8Array = new Uint8Array(0);
  offset = 0;
  interruptCount = 0;
  /** Domains whose memory the device was given addresses of since its last confirmed reset. The driver's own is not among them. */
  readonly exposed = new Set<Domain>();
  /** A line that was up holds its further interrupts back until the driver acknowledges; before it ever did, so does every line. */
  private isHeldBack = true;
  /** Did the device say that it was reset when its driver ended? */
  isResetConfirmed = true;

  constructor(
    readonly model: DeviceModel, readonly driver: Domain, private readonly interruptBit: number, readonly timeOutMs: number,
    private readonly onInterrupt: (port: DevicePort) => void,
  ) {
    this.dma = new DmaMap(driver);
    model.connect(this);
  }

  reach(addressLow: number, addressHigh: number, length: number, deviceWrites: boolean): boolean {
    const owner = this.dma.check(addressHigh - 1, addressLow, length, deviceWrites ? rightWrite : rightRead);
    if (owner === null) return false;
    if (owner.bytes.length === 0) owner.view();
    this.bytes = owner.bytes;
    this.offset = addressLow;
    return true;
  }

  raiseInterrupt(): void {
    if (this.model.isLineUp !== undefined) {
      if (this.isHeldBack) return;
      this.isHeldBack = true;
    }
    this.interruptCount++;
    this.driver.signal(1 << this.interruptBit);
    this.onInterrupt(this);
  }

  /** The driver has seen to the interrupt: if the line is still up, it comes again. */
  acknowledgeInterrupt(): void {
    this.isHeldBack = false;
    if (this.model.isLineUp?.() === true) this.raiseInterrupt();
  }

  /** The driver ended: its device is reset before anything else may run (VIRTIO 1.2 §2.1: status 0 is written, then read). */
  close(): void {
    this.dma.close();
    const [offset, width] = statusRegisters[this.model.transport];
    this.model.common.write(offset, width, 0);
    this.isResetConfirmed = this.model.common.read(offset, width) === 0;
    if (this.isResetConfirmed) this.exposed.clear();
  }
}

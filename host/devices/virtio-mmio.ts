// The block device model on the memory bus (VIRTIO 1.2 §4.2, version 2): one block of 32-bit registers in front of a device that has its
// state behind PCI's. What only this transport has is here: identity, QueueReady, the interrupt line that stays up until it is acknowledged.
// The driver is hostile: an access of a wrong width or to a register that is not there changes nothing and is counted.
import type { DeviceBus, DeviceModel, WindowPart } from "../kernel/device-port.ts";
import type { VirtioBlk } from "./virtio-blk.ts";
import { queueVector } from "./virtio-registers.ts";

const magic = 0x74726976; // "virt"
const version = 2;
const blockDevice = 2;
const vendor = 0x78_61; // nobody's
const configurationOffset = 0x100;

/** Registers that are PCI's under another name (§4.2.2, §4.1.4.3): their offset and width there. */
const same = new Map<number, readonly [offset: number, width: number]>([
  [0x014, [0x00, 4]], [0x010, [0x04, 4]], [0x024, [0x08, 4]], [0x020, [0x0c, 4]], [0x030, [0x16, 2]], [0x038, [0x18, 2]], [0x070, [0x14, 1]],
  [0x080, [0x20, 4]], [0x084, [0x24, 4]], [0x090, [0x28, 4]], [0x094, [0x2c, 4]], [0x0a0, [0x30, 4]], [0x0a4, [0x34, 4]],
]);
const writeOnly = new Set([0x014, 0x024, 0x020, 0x030, 0x038, 0x080, 0x084, 0x090, 0x094, 0x0a0, 0x0a4]);
const readOnly = new Set([0x010]);
const Register = {
  Magic: 0x000, Version: 0x004, DeviceId: 0x008, Vendor: 0x00c, QueueSizeLimit: 0x034, QueueReady: 0x044, QueueNotify: 0x050,
  InterruptStatus: 0x060, InterruptAcknowledge: 0x064, ConfigurationGeneration: 0x0fc,
} as const;
/** Of PCI's common configuration. */
const Pci = { ConfigurationVector: 0x10, QueueCount: 0x12, Generation: 0x15, QueueSelect: 0x16, QueueSize: 0x18, QueueVector: 0x1a, QueueEnable: 0x1c } as const;

/** Ways to misbehave that only this transport has. Seen when the device is next brought up; the last one at the next interrupt. */
export const mmioMisbehaviours = ["magic-wrong", "device-id-other", "version-legacy", "version-wild", "queue-ready-already", "queue-ready-never", "line-stays-up"] as const;
export type MmioMisbehaviour = (typeof mmioMisbehaviours)[number];

class MmioRegisters implements WindowPart {
  readonly sizeBytes: number;
  misbehaviour: MmioMisbehaviour | null = null;
  /** Accesses that a correct driver does not make. */
  misuses = 0;

  constructor(private readonly device: VirtioBlk) {
    this.sizeBytes = configurationOffset + device.configuration.sizeBytes;
  }

  read(offset: number, width: number): number {
    const { device, misbehaviour } = this;
    if (offset >= configurationOffset) return device.configuration.read(offset - configurationOffset, width);
    const register = same.get(offset);
    if (width === 4 && register !== undefined && !writeOnly.has(offset)) return device.common.read(...register);
    if (width === 4) switch (offset) {
      case Register.Magic: return misbehaviour === "magic-wrong" ? magic + 1 : magic;
      case Register.Version: return misbehaviour === "version-legacy" ? 1 : misbehaviour === "version-wild" ? 0xffff_ffff : version;
      case Register.DeviceId: return misbehaviour === "device-id-other" ? 1 : blockDevice;
      case Register.Vendor: return vendor;
      case Register.QueueSizeLimit: return this.selectsQueue() ? device.common.read(Pci.QueueSize, 2) : 0;
      case Register.QueueReady:
        if (misbehaviour === "queue-ready-already") return 1;
        return misbehaviour === "queue-ready-never" ? 0 : device.common.read(Pci.QueueEnable, 2);
      case Register.InterruptStatus: return device.isr.peek();
      case Register.ConfigurationGeneration: return device.common.read(Pci.Generation, 1);
    }
    this.misuses++;
    return 0;
  }

  write(offset: number, width: number, value: number): void {
    const { device } = this;
    const register = same.get(offset);
    if (width === 4 && register !== undefined && !readOnly.has(offset)) return device.common.write(...register, value);
    if (width === 4) switch (offset) {
      case Register.QueueReady:
        // The one line stands for the vector of everything.
        device.common.write(Pci.ConfigurationVector, 2, queueVector);
        device.common.write(Pci.QueueVector, 2, queueVector);
        return device.common.write(Pci.QueueEnable, 2, value);
      case Register.QueueNotify: return device.onNotify(value);
      case Register.InterruptAcknowledge:
        if (this.misbehaviour !== "line-stays-up") device.isr.acknowledge(value);
        return;
    }
    this.misuses++;
  }

  private selectsQueue(): boolean {
    return this.device.common.read(Pci.QueueSelect, 2) < this.device.common.read(Pci.QueueCount, 2);
  }
}

/** A window that is not there. */
const none: WindowPart = { sizeBytes: 0, read: () => 0, write: () => {} };

export class MmioAttachment implements DeviceModel {
  readonly transport = "mmio";
  readonly common: MmioRegisters;
  readonly notify = none;
  readonly isr = none;
  readonly configuration = none;
  readonly configurationBytes: number;
  readonly notifyMultiplier = 0;
  readonly queueVector = 0;

  constructor(private readonly device: VirtioBlk) {
    this.common = new MmioRegisters(device);
    this.configurationBytes = device.configuration.sizeBytes;
  }

  connect(bus: DeviceBus): void {
    this.device.connect(bus);
  }

  advance(): boolean {
    return this.device.advance();
  }

  /** §4.2.2: up while InterruptStatus is not 0. */
  isLineUp(): boolean {
    return this.device.isr.peek() !== 0;
  }
}

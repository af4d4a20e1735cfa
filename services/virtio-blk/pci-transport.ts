// A virtio device behind PCI capabilities, VIRTIO 1.2 §4.1.4: the kernel found the four structures and lent them as windows.
// The MSI-X table stays with the kernel; the driver only says which vector the queues use.
import { FixedArray } from "../base/fixed-array/index";
import { Registers, Window } from "./registers";
import { Transport } from "./transport";
import { queueLimit } from "./virtio";

/** Offsets in the common configuration structure, §4.1.4.3. */
namespace Common {
  export const deviceFeatureSelect: u32 = 0x00;
  export const deviceFeature: u32 = 0x04;
  export const driverFeatureSelect: u32 = 0x08;
  export const driverFeature: u32 = 0x0c;
  export const configurationVector: u32 = 0x10;
  export const queueCount: u32 = 0x12;
  export const deviceStatus: u32 = 0x14;
  export const configurationGeneration: u32 = 0x15;
  export const queueSelect: u32 = 0x16;
  export const queueSize: u32 = 0x18;
  export const queueVector: u32 = 0x1a;
  export const queueEnable: u32 = 0x1c;
  export const queueNotifyOffset: u32 = 0x1e;
  export const queueDescriptors: u32 = 0x20;
  export const queueDriver: u32 = 0x28;
  export const queueDevice: u32 = 0x30;
}
/** VIRTIO_MSI_NO_VECTOR, §4.1.5.1.2. */
const noVector: u32 = 0xffff;

export class PciTransport extends Transport {
  private doorbellOffsets: FixedArray<u32> = new FixedArray<u32>(queueLimit);

  /** The sizes are those of the windows: a doorbell outside is refused, and configuration outside reads 0. */
  constructor(
    private registers: Registers, private notifyMultiplier: u32, private queueVector: u32, private notifyBytes: u32, private configurationBytes: u32,
  ) { super(); }

  /** The kernel has found the device by its ids in configuration space, which the driver does not see. */
  refusal(): string { return ""; }

  status(): u32 { return this.registers.read8(Window.common, Common.deviceStatus); }

  setStatus(value: u32): void { this.registers.write8(Window.common, Common.deviceStatus, value); }

  offeredFeatures(): u64 {
    const registers = this.registers;
    registers.write32(Window.common, Common.deviceFeatureSelect, 0);
    const low = registers.read32(Window.common, Common.deviceFeature);
    registers.write32(Window.common, Common.deviceFeatureSelect, 1);
    return u64(low) | u64(registers.read32(Window.common, Common.deviceFeature)) << 32;
  }

  acceptFeatures(features: u64): void {
    const registers = this.registers;
    registers.write32(Window.common, Common.driverFeatureSelect, 0);
    registers.write32(Window.common, Common.driverFeature, u32(features));
    registers.write32(Window.common, Common.driverFeatureSelect, 1);
    registers.write32(Window.common, Common.driverFeature, u32(features >> 32));
  }

  configurationGeneration(): u32 { return this.registers.read8(Window.common, Common.configurationGeneration); }

  configuration32(offset: u32): u32 {
    if (this.configurationBytes < 4 || offset > this.configurationBytes - 4) return 0;
    return this.registers.read32(Window.configuration, offset);
  }

  queueSizeLimit(queue: u32): u32 {
    if (this.registers.read16(Window.common, Common.queueCount) <= queue) return 0;
    this.registers.write16(Window.common, Common.queueSelect, queue);
    return this.registers.read16(Window.common, Common.queueSize);
  }

  enableQueue(queue: u32, size: u32, descriptors: u64, available: u64, used: u64): bool {
    const registers = this.registers;
    // Changes of the configuration use the same vector (§4.1.5.1.2 allows it): an interrupt that brings no completion is one.
    // If the device cannot map it, the driver learns of changes when it looks.
    registers.write16(Window.common, Common.configurationVector, this.queueVector);
    registers.write16(Window.common, Common.queueSelect, queue);
    registers.write16(Window.common, Common.queueSize, size);
    registers.write16(Window.common, Common.queueVector, this.queueVector);
    // The device answers NO_VECTOR when it cannot map the vector (§4.1.5.1.2).
    if (registers.read16(Window.common, Common.queueVector) != this.queueVector) return false;
    this.write64(Common.queueDescriptors, descriptors);
    this.write64(Common.queueDriver, available);
    this.write64(Common.queueDevice, used);
    const offset = u64(registers.read16(Window.common, Common.queueNotifyOffset)) * u64(this.notifyMultiplier);
    if (offset & 1 || this.notifyBytes < 2 || offset > u64(this.notifyBytes - 2)) return false;
    this.doorbellOffsets[queue] = u32(offset);
    registers.write16(Window.common, Common.queueEnable, 1);
    return true;
  }

  ring(queue: u32): void { this.registers.write16(Window.notify, this.doorbellOffsets[queue], queue); } // §4.1.5.2: the queue's index

  acknowledgeInterrupt(): void {
    // Reading the ISR takes the line down (§4.1.4.5); with MSI-X there is no line.
    if (this.queueVector == noVector) this.registers.read8(Window.isr, 0);
  }

  /** A 64-bit field is two 32-bit ones (§4.1.3.1). */
  private write64(offset: u32, value: u64): void {
    this.registers.write32(Window.common, offset, u32(value));
    this.registers.write32(Window.common, offset + 4, u32(value >> 32));
  }
}

// A virtio device on the memory bus, VIRTIO 1.2 §4.2, version 2: one block of registers, which the kernel found and lent as
// the window `common`. Every control register is 32 bits wide (§4.2.2.2).
import { Registers, Window } from "./registers";
import { Transport } from "./transport";

/** Offsets of registers, §4.2.2. */
namespace Register {
  export const magicValue: u32 = 0x000;
  export const version: u32 = 0x004;
  export const deviceId: u32 = 0x008;
  export const deviceFeatures: u32 = 0x010;
  export const deviceFeaturesSelect: u32 = 0x014;
  export const driverFeatures: u32 = 0x020;
  export const driverFeaturesSelect: u32 = 0x024;
  export const queueSelect: u32 = 0x030;
  export const queueSizeLimit: u32 = 0x034;
  export const queueSize: u32 = 0x038;
  export const queueReady: u32 = 0x044;
  export const queueNotify: u32 = 0x050;
  export const interruptAcknowledge: u32 = 0x064;
  export const status: u32 = 0x070;
  export const queueDescriptors: u32 = 0x080;
  export const queueDriver: u32 = 0x090;
  export const queueDevice: u32 = 0x0a0;
  export const configurationGeneration: u32 = 0x0fc;
  export const configuration: u32 = 0x100;
}
/** "virt" */
const magic: u32 = 0x7472_6976;
const legacyVersion: u32 = 1;
const modernVersion: u32 = 2;
/** §5 */
const blockDevice: u32 = 2;
/** Used buffers, and a change of the configuration: all reasons of an interrupt (§4.2.2). */
const allInterrupts: u32 = 3;

export class MmioTransport extends Transport {
  /** `configurationBytes`: what the window has beyond 0x100; configuration outside reads 0. */
  constructor(private registers: Registers, private configurationBytes: u32) { super(); }

  refusal(): string {
    if (this.read(Register.magicValue) != magic) return "there is no virtio device";
    if (this.read(Register.deviceId) != blockDevice) return "the device is no block device";
    const version = this.read(Register.version);
    if (version == legacyVersion) return "a legacy device; start QEMU with -global virtio-mmio.force-legacy=false";
    return version == modernVersion ? "" : "the device is of no version of virtio-mmio";
  }

  status(): u32 { return this.read(Register.status); }

  setStatus(value: u32): void { this.write(Register.status, value); }

  offeredFeatures(): u64 {
    this.write(Register.deviceFeaturesSelect, 0);
    const low = this.read(Register.deviceFeatures);
    this.write(Register.deviceFeaturesSelect, 1);
    return u64(low) | u64(this.read(Register.deviceFeatures)) << 32;
  }

  acceptFeatures(features: u64): void {
    this.write(Register.driverFeaturesSelect, 0);
    this.write(Register.driverFeatures, u32(features));
    this.write(Register.driverFeaturesSelect, 1);
    this.write(Register.driverFeatures, u32(features >> 32));
  }

  configurationGeneration(): u32 { return this.read(Register.configurationGeneration); }

  configuration32(offset: u32): u32 {
    if (this.configurationBytes < 4 || offset > this.configurationBytes - 4) return 0;
    return this.read(Register.configuration + offset);
  }

  queueSizeLimit(queue: u32): u32 {
    this.write(Register.queueSelect, queue);
    return this.read(Register.queueSizeLimit);
  }

  enableQueue(queue: u32, size: u32, descriptors: u64, available: u64, used: u64): bool {
    this.write(Register.queueSelect, queue);
    // A queue that is in use already may have any addresses (§4.2.3.2).
    if (this.read(Register.queueReady) != 0) return false;
    this.write(Register.queueSize, size);
    this.write64(Register.queueDescriptors, descriptors);
    this.write64(Register.queueDriver, available);
    this.write64(Register.queueDevice, used);
    this.write(Register.queueReady, 1);
    return this.read(Register.queueReady) == 1; // what was written last (§4.2.2)
  }

  ring(queue: u32): void { this.write(Register.queueNotify, queue); }

  /**
   * The device takes its line down when no reason is left. Both go at once, without a look at InterruptStatus: rings are looked
   * at after this, and the configuration if they bring nothing.
   */
  acknowledgeInterrupt(): void { this.write(Register.interruptAcknowledge, allInterrupts); }

  private read(offset: u32): u32 { return this.registers.read32(Window.common, offset); }
  private write(offset: u32, value: u32): void { this.registers.write32(Window.common, offset, value); }

  /** An address is written in two halves (§4.2.2). */
  private write64(offset: u32, value: u64): void {
    this.write(offset, u32(value));
    this.write(offset + 4, u32(value >> 32));
  }
}

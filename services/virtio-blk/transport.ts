// What the driver needs of the way a virtio device is attached: PCI (pci-transport.ts, §4.1) or the memory bus (mmio-transport.ts,
// §4.2). Whatever a method returns was said by the device and is not to be trusted.

export abstract class Transport {
  /** Why this is no device that the driver can have, or "": looked at before anything is done to it. */
  abstract refusal(): string;
  abstract status(): u32;
  /** Writing 0 asks for a reset, which is done when `status` reads 0 (§2.4, §4.1.4.3.2). */
  abstract setStatus(value: u32): void;
  abstract offeredFeatures(): u64;
  abstract acceptFeatures(features: u64): void;
  /** Changes whenever the configuration did (§2.5.2). */
  abstract configurationGeneration(): u32;
  /** Configuration that the device does not have reads 0. */
  abstract configuration32(offset: u32): u32;
  /** Largest size of a queue (0 … queueLimit - 1); 0 when there is no such queue. */
  abstract queueSizeLimit(queue: u32): u32;
  /** Hand a queue to the device; false when it refuses the interrupt vector or names a doorbell that we may not ring. */
  abstract enableQueue(queue: u32, size: u32, descriptors: u64, available: u64, used: u64): bool;
  /** Ring the doorbell of a queue that was enabled. */
  abstract ring(queue: u32): void;
  /** Take the device's interrupt line down, where it has one; to be done before the used ring is looked at. */
  abstract acknowledgeInterrupt(): void;
}

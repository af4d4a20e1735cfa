// The transport of a machine without a usable disk: every look at it gives what a device that was pulled out gives. So the
// driver starts, answers DeviceGone, and what stands on it can say so.
import { Transport } from "./transport";
import { DeviceStatus } from "./virtio";

export class AbsentTransport extends Transport {
  refusal(): string { return "there is no device"; }
  status(): u32 { return DeviceStatus.absent; }
  setStatus(_value: u32): void {}
  offeredFeatures(): u64 { return 0; }
  acceptFeatures(_features: u64): void {}
  configurationGeneration(): u32 { return 0; }
  configuration32(_offset: u32): u32 { return 0; }
  queueSizeLimit(_queue: u32): u32 { return 0; }
  enableQueue(_queue: u32, _size: u32, _descriptors: u64, _available: u64, _used: u64): bool { return false; }
  ring(_queue: u32): void {}
  acknowledgeInterrupt(): void {}
}

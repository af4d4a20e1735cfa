// The virtio-blk driver: wires the kernel, the transport and the service together. `start` asks the kernel what the device
// is, because capabilities may not be used before.
import { AbsentTransport } from "./absent-transport";
import { DeviceParameters, KernelPlatform, KernelRegisters } from "./kernel-platform";
import { MmioTransport } from "./mmio-transport";
import { PciTransport } from "./pci-transport";
import { VirtioBlkService } from "./service";
import { Transport } from "./transport";

export { messageIn, messageOut } from "../../kernel-bindings/assembly/message";

// The only allocations are made here and in `start`.
const platform = new KernelPlatform();
let service: VirtioBlkService | null = null;

function transportOf(device: DeviceParameters): Transport {
  if (device.isMmio) return new MmioTransport(new KernelRegisters(), device.configurationBytes);
  if (!device.isPci) return new AbsentTransport();
  return new PciTransport(new KernelRegisters(), device.notifyMultiplier, device.queueVector, device.notifyBytes, device.configurationBytes);
}

export function start(): u32 {
  const device = new DeviceParameters();
  const made = new VirtioBlkService(platform, transportOf(device), device.isConfined, device.timeOutMs);
  service = made;
  return made.start();
}

export function receive(badge: u32, rights: u32): u32 { return service!.dispatch(badge, rights); }

export function notified(_bits: u32): void { service!.notified(); }

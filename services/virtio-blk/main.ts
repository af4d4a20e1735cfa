// The virtio-blk driver: wires the kernel, the PCI transport and the service together. `start` asks the kernel what the
// device is, because capabilities may not be used before.
import { DeviceParameters, KernelPlatform, KernelRegisters } from "./kernel-platform";
import { PciTransport } from "./pci-transport";
import { VirtioBlkService } from "./service";

export { messageIn, messageOut } from "../../kernel-bindings/assembly/message";

// The only allocations are made here and in `start`.
const platform = new KernelPlatform();
const registers = new KernelRegisters();
let service: VirtioBlkService | null = null;

export function start(): u32 {
  const parameters = new DeviceParameters();
  assert(parameters.isPci, "only the PCI transport is built");
  const transport = new PciTransport(registers, parameters.notifyMultiplier, parameters.notifyBytes, parameters.queueVector);
  const made = new VirtioBlkService(platform, transport, parameters.isConfined);
  service = made;
  return made.start();
}

export function receive(badge: u32, rights: u32): u32 { return service!.dispatch(badge, rights); }

export function notified(_bits: u32): void { service!.notified(); }

// The block service's wiring: one service over the device in its capabilities.
import { DeviceDisk, KernelEntropy, KernelLeases } from "./device-disk";
import { BlockService } from "./block-service";
export { messageIn, messageOut } from "../../kernel-bindings/assembly/message";

const service = new BlockService(new DeviceDisk(), new KernelLeases(), new KernelEntropy());

export function start(): u32 { return service.start(); }
export function receive(badge: u32, rights: u32): u32 { return service.dispatch(badge, rights); }

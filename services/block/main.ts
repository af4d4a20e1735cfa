// The block service's wiring: one service over the device in its capabilities.
import { BlockService } from "./block-service";
import { DeviceDisk } from "./device-disk";
import { KernelDriver } from "./driver";
import { KernelEntropy, KernelLeases, KernelTimer } from "./kernel-world";
export { messageIn, messageOut } from "../../kernel-bindings/assembly/message";
export { processor } from "../base/blake3";

const service = new BlockService(new DeviceDisk(new KernelDriver()), new KernelLeases(), new KernelEntropy(), new KernelTimer());

export function start(): u32 { return service.start(); }
export function receive(badge: u32, rights: u32): u32 { return service.receive(badge, rights); }
export function notified(bits: u32): void { service.notified(bits); }
export function closed(badge: u32): void { service.closed(badge); }
export function background(): u32 { return service.background(); }

// The filesystem: wires the service to the layers below it. The sizes here fit the 2048 pages that services/system.json gives: 80 MiB of map nodes in at most 65,535 places, and tables.
export { messageIn, messageOut } from "../../kernel-bindings/assembly/message";
export { processor } from "../base/blake3";
import { Core, Sizes } from "./core";
import { AxiomLog, BlockFigures, KernelPlatform, StoreContents } from "./kernel-lower";
import { FilesystemService } from "./service";

const NODE_COUNT: u32 = 65536;
const NODE_CHUNKS: u32 = 320;

const service = new FilesystemService(new Core(new Sizes(NODE_COUNT, NODE_CHUNKS), new AxiomLog(), new StoreContents(), new BlockFigures(), new KernelPlatform()));

export function start(): u32 { return service.start(); }
export function receive(badge: u32, rights: u32): u32 { return service.receive(badge, rights); }
export function notified(bits: u32): void { service.notified(bits); }
export function closed(badge: u32): void { service.closed(badge); }
export function background(): u32 { return service.background(); }

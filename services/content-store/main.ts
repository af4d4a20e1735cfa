// The content store: wires it to the block service. The sizes fit the 2048 pages (128 MiB) that services/system.json gives: 78 MiB of index for 1.48 million entries,
// 32 MiB of groups of which a quarter may be dirty, 4 MiB of cached pages, 4 MiB of pages of writers.
export { messageIn, messageOut } from "../../kernel-bindings/assembly/message";
export { processor } from "../base/blake3";
import { ContentStoreService } from "./content-store-service";
import { BlockService, KernelTransfer } from "./kernel-lower";
import { ContentStore, Sizes } from "./store";

const transfer = new KernelTransfer();
const service = new ContentStoreService(new ContentStore(new BlockService(), transfer, new Sizes(1700000, 512, 128, 1024, 1024)), transfer);

export function start(): u32 { return service.start(); }
export function receive(badge: u32, rights: u32): u32 { return service.receive(badge, rights); }
export function closed(badge: u32): void { service.closed(badge); }

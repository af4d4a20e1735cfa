// Axiom: wires the log to the services below it. The sizes here fit the 256 pages that services/system.json gives: 9.5 MiB of arena, its table of entries, and the largest batch.
export { messageIn, messageOut } from "../../kernel-bindings/assembly/message";
export { processor } from "../base/blake3";
import { Arena } from "./arena";
import { AxiomService } from "./axiom-service";
import { Batch, BATCH_BYTES_MAXIMUM } from "./batch";
import { BlockJournal, KernelClock, StoreObjects } from "./kernel-lower";
import { Log } from "./log";
import { FilesystemTypes } from "./policy";

/** Half of it takes the largest batch with its entry heads: 4.25 MiB + 2048 × 80 bytes. */
const ARENA_BYTES: u32 = (9 << 20) + (512 << 10);
const ARENA_ENTRIES: u32 = 65536;

const log = new Log(new BlockJournal(), new StoreObjects(), new KernelClock(), new FilesystemTypes(), new Arena(ARENA_BYTES, ARENA_ENTRIES), new Batch(BATCH_BYTES_MAXIMUM));
const service = new AxiomService(log);

export function start(): u32 { return service.start(); }
export function receive(badge: u32, rights: u32): u32 { return service.receive(badge, rights); }

// The release module of the content store on the hosted kernel, over the real block service, driver and device model, for the tests beside this file.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MemoryDisk } from "../../host/devices/disk.ts";
import { DeterministicClock } from "../../host/kernel/clock.ts";
import { SeededEntropy } from "../../host/kernel/entropy.ts";
import { bootHosted, type System } from "../../host/kernel/system.ts";
import type { Client } from "../../host/kernel/typescript-domain.ts";
import type { TraceSink } from "../../host/kernel/trace-writer.ts";
import { BlockClient, type BlockStatistics, blockStatisticsBytes, readBlockStatistics } from "../../kernel-bindings/generated/host/block.ts";
import { ContentStoreClient, type StoreStatistics, readStoreStatistics, storeStatisticsBytes } from "../../kernel-bindings/generated/host/content-store.ts";
import { compileModule, root, systemManifest } from "../modules/build.ts";
import { loadBlake3 } from "../support/blake3.ts";

export const blake3 = await loadBlake3();
export const hex = (hash: Uint8Array): string => Buffer.from(hash).toString("hex");
export const emptyHash = Buffer.from(blake3(new Uint8Array(0)), "hex");
export const blockBytes = 4096;
export const groupBytes = 65536;

const manifest = systemManifest();
/** A client with the content store, and the block service as Axiom and as the content store itself have it. */
const tester = {
  name: "store-tester", module: null, rank: 6, memoryPages: 512, kernels: ["hosted"],
  capabilities: [{ name: "contentStore", kind: "endpoint", domain: "content-store" }, { name: "block", kind: "endpoint", domain: "block", badge: 2 }],
};
const services = ["virtio-blk", "block", "content-store"];
const compiled = new Map<string, WebAssembly.Module>();
function shipped(name: string): WebAssembly.Module {
  let module = compiled.get(name);
  if (!module) compiled.set(name, module = new WebAssembly.Module(readFileSync(join(root, `build/modules/${name}.wasm`))));
  return module;
}

/** The store with other sizes: small pools make everything that can be put away be put away. */
export async function storeWithSizes(name: string, sizes: string): Promise<WebAssembly.Module> {
  const edits = { "services/content-store/main.ts": (text: string) => text.replace(/new Sizes\([^)]*\)/, `new Sizes(${sizes})`) };
  return new WebAssembly.Module(readFileSync(await compileModule(`content-store-${name}`, "services/content-store", 2048, edits)));
}

export class StoreBench {
  readonly system: System;
  readonly client: Client;
  readonly store: ContentStoreClient;
  readonly block: BlockClient;
  readonly buffer: number;
  readonly bufferBytes = 24 << 20;

  constructor(readonly disk: MemoryDisk, options: { module?: WebAssembly.Module; trace?: TraceSink } = {}) {
    const modules = { "virtio-blk": shipped("virtio-blk"), block: shipped("block"), "content-store": options.module ?? shipped("content-store") };
    this.system = bootHosted({
      manifest, modules, only: services, disk, extraDomains: [tester], clock: new DeterministicClock(), entropy: new SeededEntropy(7),
      log: (line) => console.error(line), ...(options.trace ? { trace: options.trace } : {}),
    });
    this.client = this.system.client("store-tester");
    this.store = new ContentStoreClient(this.client, this.client.handle("contentStore"));
    this.block = new BlockClient(this.client, this.client.handle("block"));
    this.buffer = this.client.reserve(this.bufferBytes, 4096);
  }

  static formatted(megabytes: number, options: { module?: WebAssembly.Module } = {}): StoreBench {
    const bench = new StoreBench(new MemoryDisk(megabytes * 2048), options);
    bench.store.format({ blockCount: 0n, flags: 0 });
    return bench;
  }
  /** The same disk after a power cut: what was not written is gone. */
  restart(options: { module?: WebAssembly.Module } = {}): StoreBench {
    this.system.close();
    return new StoreBench(this.disk, options);
  }
  /** Another system on a copy of the disk as it is. */
  restartCopy(): StoreBench { return new StoreBench(new MemoryDisk(this.disk.bytes.slice())); }
  close(): void { this.system.close(); }

  lease(length: number, at = 0): { address: number; length: number } { return { address: this.buffer + at, length }; }
  put(data: Uint8Array): { address: number; length: number } {
    this.client.bytes.set(data, this.buffer);
    return this.lease(data.length);
  }
  bytes(length: number): Uint8Array { return this.client.bytes.slice(this.buffer, this.buffer + length); }

  storeBytes(data: Uint8Array): Uint8Array { return this.store.store({ flags: 0, data: this.put(data) }).hash; }
  get(hash: Uint8Array, offset: number, length: number): Uint8Array {
    return this.bytes(this.store.get({ hash, offsetBytes: BigInt(offset), buffer: this.lease(length) }).lengthBytes);
  }
  writer(base: Uint8Array = emptyHash): WriterBench {
    const { writer } = this.store.openWriter({ base });
    return new WriterBench(this, writer, new ContentStoreClient(this.client, writer));
  }
  /** What Axiom does for a commit. */
  commit(durable = true): void {
    this.store.prepare();
    this.block.commit({ payload: this.lease(0) });
    if (durable) this.block.sync();
  }
  /** What Axiom does for a checkpoint. */
  checkpoint(): void {
    this.store.checkpoint();
    this.block.commit({ payload: this.lease(0) });
    this.block.checkpoint();
  }
  statistics(): StoreStatistics {
    this.store.statistics({ statistics: this.lease(storeStatisticsBytes) });
    return readStoreStatistics(this.client.view, this.buffer);
  }
  blockStatistics(): BlockStatistics {
    this.block.statistics({ statistics: this.lease(blockStatisticsBytes) });
    return readBlockStatistics(this.client.view, this.buffer);
  }
  /** Marks these objects; which of them were fresh. */
  mark(hashes: Uint8Array[]): boolean[] {
    hashes.forEach((hash, index) => this.client.bytes.set(hash, this.buffer + index * 32));
    const at = hashes.length * 32;
    this.store.collectMark({ count: hashes.length, hashes: this.lease(at), fresh: this.lease(hashes.length, at) });
    return hashes.map((_, index) => this.client.bytes[this.buffer + at + index] === 1);
  }
  /** A whole collection that keeps these objects: blocks freed. */
  collect(kept: Uint8Array[]): number {
    this.store.collectBegin();
    for (let at = 0; at < kept.length; at += 1000) this.mark(kept.slice(at, at + 1000));
    let freed = 0;
    for (let remaining = 1; remaining;) {
      const step = this.store.collectSweep({ limit: 100 });
      freed += Number(step.freedBlocks);
      remaining = step.remaining;
    }
    return freed;
  }
  /** Runs the scrub to its end. */
  check(): { checked: number; damaged: number; firstDamaged: string } {
    let cursor = 0, checked = 0, damaged = 0, firstDamaged = "";
    do {
      const step = this.store.check({ cursor, limit: 50 });
      checked += step.checked;
      if (step.damaged && !damaged) firstDamaged = hex(step.firstDamaged);
      damaged += step.damaged;
      cursor = step.cursor;
    } while (cursor);
    return { checked, damaged, firstDamaged };
  }
}

export class WriterBench {
  constructor(private bench: StoreBench, readonly handle: number, private client: ContentStoreClient) {}
  write(offset: number, data: Uint8Array): void { this.client.writerWrite({ offsetBytes: BigInt(offset), data: this.bench.put(data) }); }
  read(offset: number, length: number): Uint8Array {
    return this.bench.bytes(this.client.writerRead({ offsetBytes: BigInt(offset), buffer: this.bench.lease(length) }).lengthBytes);
  }
  truncate(length: number): void { this.client.writerTruncate({ lengthBytes: BigInt(length) }); }
  finish(): Uint8Array { return this.client.writerFinish().hash; }
  close(): void { this.bench.client.calls.capability_drop(this.handle); }
}

/** The status of a call that has to fail. */
export function statusOf(call: () => unknown): number {
  try { call(); } catch (error) {
    if (typeof (error as { status?: unknown }).status === "number") return (error as { status: number }).status;
    throw error;
  }
  return 0;
}

/** xorshift32, so that every run is the same. */
export class Random {
  constructor(private state: number) {}
  next(limit: number): number {
    this.state ^= this.state << 13; this.state ^= this.state >>> 17; this.state ^= this.state << 5;
    return (this.state >>> 0) % limit;
  }
  bytes(length: number): Uint8Array {
    const words = new Uint32Array(Math.ceil(length / 4));
    for (let index = 0; index < words.length; index++) words[index] = this.next(0xffffffff);
    return new Uint8Array(words.buffer, 0, length);
  }
}

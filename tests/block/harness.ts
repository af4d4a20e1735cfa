// The release module of the block service on the hosted kernel over a fake driver, for the tests beside this file.
// The fake serves the block-device interface from memory, records what reaches the device, and can fail, forget flushes or refuse writes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadBlake3 } from "../support/blake3.ts";
import { compileModule, root, systemManifest } from "../modules/build.ts";
import { DeterministicClock } from "../../host/kernel/clock.ts";
import { SeededEntropy } from "../../host/kernel/entropy.ts";
import { bootHosted, type System } from "../../host/kernel/system.ts";
import type { Client, DomainContext, TypeScriptDomain } from "../../host/kernel/typescript-domain.ts";
import { BlockClient, type BlockStatistics, blockStatisticsBytes, readBlockStatistics } from "../../kernel-bindings/generated/host/block.ts";

export const blockBytes = 4096;
export const sectorBytes = 512;
export const minimumImageBytes = 64 << 20;
/** The device of tests that let an image of the smallest size grow: past the end of its first bitmap page, so that its map grows too. */
export const grownBytes = 160 << 20;
export const DeviceFlags = { readOnly: 1, flush: 2, discard: 4 } as const;
const Status = { Ok: 0, Unsupported: 10, DeviceError: 32, OutOfRange: 4, ReadOnly: 34 } as const;
const blake3Hex = await loadBlake3();
export const blake3 = (data: Uint8Array): Uint8Array => Buffer.from(blake3Hex(data), "hex");

/** How often the service issues a write that the device fails (docs/crash-contract.md rule 9). */
export const writeAttempts = 3;
const zeroBlock = new Uint8Array(blockBytes);

export type DeviceEvent = { kind: "write"; offset: number; data: Uint8Array } | { kind: "flush" };

/** A disk in memory behind the block-device interface. */
export class FakeDevice implements TypeScriptDomain {
  flags: number = DeviceFlags.flush;
  writes = 0;
  /** Calls that brought two writes. */
  pairs = 0;
  flushes = 0;
  reads = 0;
  /** What reached the device since recording was switched on. */
  events: DeviceEvent[] | null = null;
  /** Old content of what was written since `mark`, newest last. */
  private undo: Array<{ offset: number; data: Uint8Array }> | null = null;
  /** Answer DeviceError to the n-th write or flush from now (0: the next one); to a write also when it is issued again. */
  failWriteIn = -1;
  failFlushIn = -1;
  /** The same for a write, once: it succeeds when it is issued again. */
  failOnceIn = -1;
  /** What fails so is on the disk all the same. */
  failsInWord = false;
  private failsLeft = 0;
  /** Where that write goes. */
  private failsAt = -1;
  /** Blocks that were discarded, one entry a request; they hold noise from then on. */
  readonly discards: Array<{ block: number; count: number }> = [];
  /** What a discard request should begin at and be a multiple of. */
  discardAlignmentSectors = 8;
  /** Called once at the next flush, before anything of it is done: to kill the driver. */
  dieAtFlush: (() => void) | null = null;
  /** Byte ranges that cannot be read. */
  unreadable: Array<{ start: number; end: number }> = [];
  /** What the device says of its size; default: the truth. */
  claimedSectors = -1;
  protected buffer = 0;
  private static readonly bufferBytes = 1 << 20;

  constructor(readonly bytes: Uint8Array) {}

  mark(): void { this.undo = []; }
  /** Return to what was there at `mark`. */
  rollBack(): void {
    for (let entry = this.undo!.pop(); entry; entry = this.undo!.pop()) this.bytes.set(entry.data, entry.offset);
    this.undo = null;
  }
  get sizeBytes(): number { return this.bytes.length; }
  peek(offset: number, length: number): Uint8Array { return this.bytes.subarray(offset, offset + length); }
  put(offset: number, data: Uint8Array): void {
    this.undo?.push({ offset, data: this.bytes.slice(offset, offset + data.length) });
    this.bytes.set(data, offset);
  }

  start(context: DomainContext): void { this.buffer = context.reserve(FakeDevice.bufferBytes, 4096); }
  /** Put what a read answers into this domain's memory; its address. */
  protected load(context: DomainContext, offset: number, length: number): number {
    context.bytes.set(this.peek(offset, length), this.buffer);
    return this.buffer;
  }

  receive(_badge: number, _rights: number, context: DomainContext): number {
    switch (context.operation) {
      case 1: return this.describe(context);
      case 2: return this.transfer(context, false);
      case 3: return this.flags & DeviceFlags.readOnly ? Status.ReadOnly : this.transfer(context, true);
      case 4: return this.flush();
      case 5: return this.discard(Number(context.messageIn.getBigUint64(16, true)), Number(context.messageIn.getBigUint64(24, true)));
      case 18: return this.flags & DeviceFlags.readOnly ? Status.ReadOnly : this.writeTogether(context);
      case 14: return this.limits(context);
      default: return Status.Unsupported;
    }
  }
  private describe(context: DomainContext): number {
    const reply = context.messageIn;
    reply.setBigUint64(16, BigInt(this.claimedSectors < 0 ? this.sizeBytes / sectorBytes : this.claimedSectors), true);
    reply.setUint32(24, 512, true);
    reply.setUint32(28, this.flags, true);
    reply.setUint32(32, FakeDevice.bufferBytes, true);
    reply.setUint32(36, 254, true);
    reply.setUint32(40, 128, true);
    return Status.Ok;
  }
  private limits(context: DomainContext): number {
    const reply = context.messageIn;
    for (let offset = 16; offset < 64; offset += 4) reply.setUint32(offset, 0, true);
    reply.setUint32(32, this.flags & DeviceFlags.discard ? 1 << 16 : 0, true);
    reply.setUint32(36, this.discardAlignmentSectors, true);
    return Status.Ok;
  }
  /** A device that forgets at once: a discard is a write of noise, which power loss may cut like any other. */
  private discard(sector: number, sectorCount: number): number {
    if (!(this.flags & DeviceFlags.discard)) return Status.Unsupported;
    if (sector + sectorCount > this.sizeBytes / sectorBytes) return Status.OutOfRange;
    const offset = sector * sectorBytes, data = pattern(this.discards.length + 77_777, sectorCount * sectorBytes);
    this.discards.push({ block: offset / blockBytes, count: data.length / blockBytes });
    this.events?.push({ kind: "write", offset, data });
    this.put(offset, data);
    return Status.Ok;
  }
  private transfer(context: DomainContext, isWrite: boolean): number {
    const offset = Number(context.messageIn.getBigUint64(16, true)) * sectorBytes;
    const { handle, length } = context.lease(0);
    if (length > FakeDevice.bufferBytes || length > this.sizeBytes - offset) return Status.OutOfRange;
    if (!isWrite) {
      this.reads++;
      if (this.unreadable.some(({ start, end }) => offset < end && start < offset + length)) return Status.DeviceError;
      return -context.calls.lease_write(handle, 0, this.load(context, offset, length), length);
    }
    return this.write(context, offset, handle, length, writeAttempts);
  }
  /** `attempts`: how often a write that fails will come again, this time included. */
  private write(context: DomainContext, offset: number, handle: number, length: number, attempts: number): number {
    if (this.failWriteIn >= 0 && this.failWriteIn-- === 0) {
      this.failsLeft = attempts;
      this.failsAt = offset;
    }
    if (this.failOnceIn >= 0 && this.failOnceIn-- === 0) return Status.DeviceError;
    const fails = this.failsLeft > 0 && offset === this.failsAt;
    if (fails) this.failsLeft--;
    if (fails && !this.failsInWord) return Status.DeviceError;
    this.writes++;
    const result = context.calls.lease_read(handle, 0, this.buffer, length);
    if (result < 0) return -result;
    const data = context.bytes.slice(this.buffer, this.buffer + length);
    this.events?.push({ kind: "write", offset, data });
    this.put(offset, data);
    return fails ? Status.DeviceError : Status.Ok;
  }
  /** Both are done, also if one fails. */
  private writeTogether(context: DomainContext): number {
    this.pairs++;
    const statuses = [0, 1].map((index) => {
      const offset = Number(context.messageIn.getBigUint64(16 + 8 * index, true)) * sectorBytes, { handle, length } = context.lease(index);
      return length > FakeDevice.bufferBytes || length > this.sizeBytes - offset ? Status.OutOfRange : this.write(context, offset, handle, length, 1 + writeAttempts);
    });
    return statuses.find((status) => status !== Status.Ok) ?? Status.Ok;
  }
  private flush(): number {
    const die = this.dieAtFlush;
    if (die !== null) {
      this.dieAtFlush = null;
      die();
      return Status.Ok; // nobody hears it
    }
    if (this.failFlushIn >= 0 && this.failFlushIn-- === 0) return Status.DeviceError;
    this.flushes++;
    this.events?.push({ kind: "flush" });
    return Status.Ok;
  }
}

/** A disk of any size of which only what was written takes memory. Blocks are replaced, never changed, so what is marked or laid over another image costs references and no copies. */
export class SparseDevice extends FakeDevice {
  private blocks: Map<number, Uint8Array>;
  /** For each mark, what stood where since then, newest last. */
  private readonly marks: Array<Array<{ block: number; data: Uint8Array | undefined }>> = [];
  private zeros = 0;
  private static readonly zeroBytes = 1 << 16;

  /** `blocks`: an image to start from, which stays as it is. */
  constructor(private readonly size: number, blocks?: ReadonlyMap<number, Uint8Array>) {
    super(new Uint8Array(0));
    this.blocks = new Map(blocks);
  }
  override start(context: DomainContext): void {
    super.start(context);
    this.zeros = context.reserve(SparseDevice.zeroBytes, 4096);
  }
  override get sizeBytes(): number { return this.size; }
  get storedBytes(): number { return this.blocks.size * blockBytes; }
  /** The image as it stands. */
  snapshot(): Map<number, Uint8Array> { return new Map(this.blocks); }
  /** The block as it stands; not to be changed. */
  block(number: number): Uint8Array { return this.blocks.get(number) ?? zeroBlock; }

  /** Another image instead; no marks. */
  become(blocks: ReadonlyMap<number, Uint8Array>): void {
    this.blocks = new Map(blocks);
    this.marks.length = 0;
  }
  /** What was done since the last mark stays, and the mark is gone. */
  unmark(): void {
    const undo = this.marks.pop()!;
    this.marks.at(-1)?.push(...undo);
  }
  /** Marks nest: each `rollBack` returns to the last. */
  override mark(): void { this.marks.push([]); }
  override rollBack(): void {
    const undo = this.marks.pop()!;
    for (let entry = undo.pop(); entry; entry = undo.pop()) if (entry.data) this.blocks.set(entry.block, entry.data); else this.blocks.delete(entry.block);
  }
  /** Are there other bytes on the disk than at the last mark? Redo images may have been written home again, to the same effect. */
  get isChanged(): boolean {
    const first = new Map<number, Uint8Array>();
    for (const { block, data } of this.marks.at(-1)!) if (!first.has(block)) first.set(block, data ?? zeroBlock);
    return [...first].some(([block, data]) => Buffer.compare(this.block(block), data) !== 0);
  }

  protected override load(context: DomainContext, offset: number, length: number): number {
    const first = Math.floor(offset / blockBytes), count = Math.ceil((offset + length) / blockBytes) - first;
    if (offset % blockBytes || length % blockBytes) return super.load(context, offset, length);
    let stored = 0;
    for (let at = 0; at < count; at++) if (this.blocks.has(first + at)) stored++;
    if (!stored && length <= SparseDevice.zeroBytes) return this.zeros;
    if (stored < count) context.bytes.fill(0, this.buffer, this.buffer + length);
    for (let at = 0; stored && at < count; at++) {
      const data = this.blocks.get(first + at);
      if (!data) continue;
      context.bytes.set(data, this.buffer + at * blockBytes);
      stored--;
    }
    return this.buffer;
  }
  override peek(offset: number, length: number): Uint8Array {
    const first = Math.floor(offset / blockBytes), within = offset % blockBytes;
    if (within + length <= blockBytes) return this.block(first).subarray(within, within + length);
    const found = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const from = (offset + at) % blockBytes, part = Math.min(blockBytes - from, length - at);
      const data = this.blocks.get(Math.floor((offset + at) / blockBytes));
      if (data) found.set(data.subarray(from, from + part), at);
      at += part;
    }
    return found;
  }
  override put(offset: number, data: Uint8Array): void {
    for (let at = 0; at < data.length;) {
      const block = Math.floor((offset + at) / blockBytes), from = (offset + at) % blockBytes, part = Math.min(blockBytes - from, data.length - at);
      let whole = data.subarray(at, at + part);
      if (part < blockBytes) {
        const patched = this.block(block).slice();
        patched.set(whole, from);
        whole = patched;
      }
      this.marks.at(-1)?.push({ block, data: this.blocks.get(block) });
      this.blocks.set(block, whole);
      at += part;
    }
  }
}

const manifest = systemManifest();
const tester = { name: "block-tester", module: null, rank: 6, memoryPages: 256, kernels: ["hosted"], capabilities: [1, 2, 3, 4, 5].map((badge) => ({ name: `block${badge}`, kind: "endpoint", domain: "block", badge })) };
const modules = new Map<string, WebAssembly.Module>();

/** A service broken on purpose: file → edit of its text. */
export interface Broken { name: string; edits: Record<string, (text: string) => string> }

/** Where the shipped module (or the one that BLOCK_MODULE names) lies, or a broken one. */
export async function blockModulePath(broken?: Broken): Promise<string> {
  const pages = manifest.domains.find((domain) => domain.name === "block")!.memoryPages;
  return broken ? compileModule(`block-${broken.name}`, "services/block", pages, broken.edits) : process.env.BLOCK_MODULE ?? join(root, "build/modules/block.wasm");
}
export async function blockModule(broken?: Broken): Promise<WebAssembly.Module> {
  const name = broken?.name ?? "";
  let module = modules.get(name);
  if (!module) {
    module = new WebAssembly.Module(readFileSync(await blockModulePath(broken)));
    modules.set(name, module);
  }
  return module;
}
const shipped = await blockModule();

export interface Extent { address: bigint; data: Uint8Array; counterAndKind?: bigint; value?: Uint8Array }

/** A booted block service with clients of badges 1 to 5 that share one memory. */
export class BlockBench {
  readonly system: System;
  readonly client: Client;
  readonly clock = new DeterministicClock();
  private readonly clients: BlockClient[];
  readonly buffer: number;
  readonly bufferBytes = 9 << 20;
  private readonly descriptors: number;

  constructor(readonly device: FakeDevice, module: WebAssembly.Module = shipped, seed = 7) {
    this.system = bootHosted({
      manifest, modules: { block: module }, only: ["block"], replace: { "virtio-blk": device }, extraDomains: [tester],
      clock: this.clock, entropy: new SeededEntropy(seed), log: (line) => console.error(line),
    });
    this.client = this.system.client("block-tester");
    this.clients = [1, 2, 3, 4, 5].map((badge) => new BlockClient(this.client, this.client.handle(`block${badge}`)));
    this.buffer = this.client.reserve(this.bufferBytes, 4096);
    this.descriptors = this.client.reserve(48 * 4096);
  }

  /** The interface as the client with this badge. */
  as(badge: number): BlockClient { return this.clients[badge - 1]!; }
  get block(): BlockClient { return this.as(1); }
  close(): void { this.system.close(); }
  /** Run the service's start once more, as after a restart: a hundred times faster than another boot. */
  mount(): void {
    const domain = this.system.domain("block");
    this.system.kernel.initialize(domain, () => { domain.start(); });
  }

  /** Nobody asks for anything, for so many seconds. */
  idle(seconds: number): void {
    this.system.turn();
    this.clock.advance(seconds * 1e9);
    this.system.turn();
  }

  put(data: Uint8Array, at = 0): { address: number; length: number } {
    this.client.bytes.set(data, this.buffer + at);
    return { address: this.buffer + at, length: data.length };
  }
  lease(length: number, at = 0): { address: number; length: number } { return { address: this.buffer + at, length }; }
  bytes(length: number, at = 0): Uint8Array { return this.client.bytes.slice(this.buffer + at, this.buffer + at + length); }

  /** Write adjacent extents as one run; each is padded to whole blocks. */
  writeExtents(extents: Extent[]): void {
    let blocks = 0;
    extents.forEach(({ data, counterAndKind, value }, index) => {
      const at = this.descriptors + index * 48;
      this.client.view.setUint32(at, blocks, true);
      this.client.view.setUint32(at + 4, data.length, true);
      this.client.view.setBigUint64(at + 8, counterAndKind ?? 0n, true);
      this.client.bytes.set(value ?? blake3(data), at + 16);
      this.client.bytes.set(data, this.buffer + blocks * blockBytes);
      blocks += Math.ceil(data.length / blockBytes);
    });
    this.block.writeExtents({ address: extents[0]!.address, count: extents.length, data: this.lease(blocks * blockBytes), descriptors: { address: this.descriptors, length: extents.length * 48 } });
  }
  /** Allocate and write one extent; its address. */
  store(data: Uint8Array, hint = 0n): bigint {
    const blocks = Math.ceil(data.length / blockBytes);
    const { address, count } = this.block.allocate({ hint, count: blocks, flags: 0 });
    if (count !== blocks) throw new Error(`asked for ${blocks} blocks, got ${count}`);
    this.writeExtents([{ address, data }]);
    return address;
  }
  read(address: bigint, blocks: number): Uint8Array {
    this.block.read({ address, buffer: this.lease(blocks * blockBytes) });
    return this.bytes(blocks * blockBytes);
  }
  write(address: bigint, data: Uint8Array): void { this.block.write({ address, data: this.put(data) }); }
  writeDurable(address: bigint, data: Uint8Array): void { this.block.writeDurable({ address, data: this.put(data) }); }
  commit(payload: Uint8Array = new Uint8Array(0), badge = 1): { sequence: bigint; flags: number } { return this.as(badge).commit({ payload: this.put(payload) }); }
  attach(payload: Uint8Array, badge = 1): void { this.as(badge).attach({ payload: this.put(payload) }); }
  setRoot(root: Uint8Array, badge = 1): void { this.as(badge).setRoot({ root: this.put(root) }); }
  getRoot(badge = 1): Uint8Array { return this.bytes(this.as(badge).getRoot({ root: this.lease(1024) }).lengthBytes); }

  /** Every piece of a client since the checkpoint. */
  pieces(badge = 1): Uint8Array[] {
    const found: Uint8Array[] = [];
    for (let cursor = 0n; ;) {
      const reply = this.as(badge).replay({ cursor, payload: this.lease(this.bufferBytes) });
      if (!reply.found) return found;
      found.push(this.bytes(reply.lengthBytes));
      cursor = reply.cursor;
    }
  }
  statistics(): BlockStatistics {
    this.block.statistics({ statistics: this.lease(blockStatisticsBytes) });
    return readBlockStatistics(this.client.view, this.buffer);
  }
  /** One number a block of the image: 1 in use. */
  allocation(): Uint8Array {
    const { blockCount } = this.block.describe();
    const length = Math.ceil(Number(blockCount) / 8), reply = this.block.readAllocation({ first: 0n, bits: this.lease(length) });
    const bits = this.bytes(length);
    return Uint8Array.from({ length: Number(reply.blockCount) }, (_, block) => (bits[block >> 3]! >> (block & 7)) & 1);
  }
}

/** The status of a call that has to fail. */
export function statusOf(call: () => unknown): number {
  try { call(); } catch (error) {
    if (typeof (error as { status?: unknown }).status === "number") return (error as { status: number }).status;
    throw error;
  }
  return 0;
}

/** A small seeded generator (xorshift32), so that every run is the same. */
export class Random {
  constructor(private state: number) {}
  next(limit: number): number {
    this.state ^= this.state << 13; this.state ^= this.state >>> 17; this.state ^= this.state << 5;
    return (this.state >>> 0) % limit;
  }
}
export function pattern(seed: number, length: number): Uint8Array {
  const random = new Random(seed * 2654435761 | 1), bytes = new Uint8Array(length), view = new DataView(bytes.buffer);
  for (let at = 0; at + 4 <= length; at += 4) view.setUint32(at, random.next(0x7fffffff), true);
  return bytes;
}

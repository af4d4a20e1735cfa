// The question to a forged image: does the service refuse it with a reason, or serve it and keep its promises? (docs/formats/block.md, docs/crash-contract.md)
//
//   refused   Corrupted names a block and what it is for; nothing was written
//   served    counts agree with the bits; a second mount finds the same; nothing of the service's own is handed out or written but by the rules; what is committed from now on is there after every mount
//
// Either way: no trap, no access outside the device, bounded work.
import type { DomainContext } from "../../host/kernel/typescript-domain.ts";
import { BlockFlag } from "../../kernel-bindings/generated/host/block.ts";
import type { Base } from "./forge-bases.ts";
import { ForgeWork } from "./forge-work.ts";
import { BlockBench, SparseDevice, blockBytes, sectorBytes, statusOf } from "./harness.ts";
import { ImageMap, type OwnedRun, pageBits } from "./image-map.ts";

export class Violation extends Error {}
/** A later mount needs a page of the map that was found damaged before, and that no generation has whole: it may refuse the image, with the page's name (docs/crash-contract.md, the promise). */
class Refused extends Error {}
const Status = { Ok: 0, OutOfMemory: 11, NotFormatted: 35, UnsupportedVersion: 36, Corrupted: 37, TooLarge: 41, Truncated: 43 } as const;
const refusals: number[] = [Status.OutOfMemory, Status.NotFormatted, Status.UnsupportedVersion, Status.Corrupted, Status.TooLarge, Status.Truncated];
const pageBytes = pageBits / 8;
const bitCounts = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);

/** A device that remembers what was asked of it, and whether any of that was outside it. */
export class WatchedDevice extends SparseDevice {
  requests = 0;
  blocksRead = 0;
  outside = "";
  readonly written: Array<{ block: number; count: number }> = [];

  watch(): void {
    this.requests = this.blocksRead = 0;
    this.written.length = 0;
  }
  override receive(badge: number, rights: number, context: DomainContext): number {
    const operation: number = context.operation;
    // A read, a write, and two writes at the same time.
    for (let buffer = 0; buffer < (operation === 18 ? 2 : operation === 2 || operation === 3 ? 1 : 0); buffer++) {
      const sector = Number(context.messageIn.getBigUint64(16 + 8 * buffer, true)), { length } = context.lease(buffer);
      this.requests++;
      if (sector * sectorBytes + length > this.sizeBytes) this.outside ||= `${length} bytes at sector ${sector} are outside the device`;
      if (operation === 2) this.blocksRead += length / blockBytes;
      else this.written.push({ block: sector * sectorBytes / blockBytes, count: length / blockBytes });
    }
    return super.receive(badge, rights, context);
  }
}

/** What is mounted, as far as a client can see it. */
export interface View { generation: number; blockCount: number; owned: OwnedRun[]; pieces: string[]; roots: string[]; /** By page; null: Corrupted. */ pages: Map<number, Uint8Array | null>; free: bigint; isReadOnly: boolean; /** Did this mount change what is on the disk? */ isChanged?: boolean }

/** Images of one base, one after another. */
export class ForgeJudge {
  readonly device: WatchedDevice;
  readonly bench: BlockBench;
  private readonly map: ImageMap;
  /** Clients whose pieces are read: the one that works with the image, and another. */
  private badges = [1, 5];
  /** Images that were served for reading alone. */
  readOnly = 0;
  /** The most that one mount did. */
  readonly most = { requests: 0, blocksRead: 0, milliseconds: 0 };

  constructor(readonly base: Base, readonly module?: WebAssembly.Module) {
    this.device = new WatchedDevice(base.deviceBytes, base.blocks);
    this.bench = new BlockBench(this.device, module);
    this.device.become(base.blocks); // the boot's mount has written to it
    this.map = new ImageMap(this.device);
  }

  fail(about: string): never { throw new Violation(about); }

  /** The status of the mount. Throws a Violation. */
  judge(blocks: Iterable<[number, Uint8Array]>, seed: number): number {
    const { device } = this;
    device.mark();
    for (const [block, data] of blocks) device.put(block * blockBytes, data);
    device.mark();
    try {
      const status = this.mount();
      if (status) this.judgeRefusal(status);
      else this.judgeService(seed);
      this.checkLife();
      return status;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.checkLife();
      return Status.Corrupted;
    } finally {
      device.rollBack();
      device.rollBack();
    }
  }

  checkLife(): void {
    if (this.bench.system.faults.length) this.fail(`the service died: ${JSON.stringify(this.bench.system.faults[0])}`);
    if (this.device.outside) this.fail(this.device.outside);
  }

  /** Mount, within bounds; the status. */
  mount(): number {
    const { device, most } = this, started = performance.now();
    device.watch();
    this.bench.mount();
    this.checkLife();
    const milliseconds = performance.now() - started;
    most.requests = Math.max(most.requests, device.requests);
    most.blocksRead = Math.max(most.blocksRead, device.blocksRead);
    most.milliseconds = Math.max(most.milliseconds, milliseconds);
    if (device.blocksRead > this.readLimit || device.requests > this.readLimit) this.fail(`a mount made ${device.requests} requests and read ${device.blocksRead} blocks`);
    if (milliseconds > 20_000) this.fail(`a mount took ${Math.round(milliseconds)} ms`);
    return this.bench.block.describe().mountStatus;
  }
  /** Blocks that a mount may read: the log some times over, as many nodes as may change (docs/formats/block.md §5) in four generations, data that was not flushed, and a block for each patch. */
  private get readLimit(): number { return 8 * this.base.logBlocks + 4 * 2 * 2048 + 16384 + this.base.logBlocks * (blockBytes / 24) * 2; }

  private judgeRefusal(status: number): void {
    const { address, role } = this.bench.block.damage(), { flags } = this.bench.block.describe();
    if (!refusals.includes(status)) this.fail(`mount answers ${status}`);
    if (this.device.written.length) this.fail(`mount answers ${status} and has written block ${this.device.written[0]!.block}`);
    if (status !== Status.Corrupted) return;
    if (!(flags & BlockFlag.damaged)) this.fail("Corrupted without the flag");
    if (role < 1 || role > 6) this.fail("Corrupted, and no block is named");
    if (address * BigInt(blockBytes) >= BigInt(this.base.deviceBytes)) this.fail(`block ${address} is named, which is outside the device`);
  }

  /** Everything that a client can see. `pages`: which pages' bits. */
  view(pages: Iterable<number> | null): View {
    const { block } = this.bench, { generation, blockCount, flags, freeBlocks } = block.describe(), size = Number(blockCount);
    const { waitingBlocks, reserveBlocks } = this.bench.statistics();
    const found: View = {
      generation: Number(generation), blockCount: size, owned: this.map.ownedRuns(Number(generation)), pieces: this.pieces(), roots: [1, 2, 3, 4].map((badge) => Buffer.from(this.bench.getRoot(badge)).toString("hex")),
      pages: new Map(), free: freeBlocks + waitingBlocks + reserveBlocks, isReadOnly: (flags & BlockFlag.readOnly) !== 0,
    };
    for (const page of pages ?? Array.from({ length: Math.ceil(size / pageBits) }, (_, number) => number)) found.pages.set(page, this.page(page));
    if (pages === null) this.recount(found);
    return found;
  }
  private page(number: number): Uint8Array | null {
    let blocks = 0n;
    const status = statusOf(() => { blocks = this.bench.block.readAllocation({ first: BigInt(number * pageBits), bits: this.bench.lease(pageBytes) }).blockCount; });
    if (status === 0) return this.bench.bytes(pageBytes).fill(255, Math.ceil(Number(blocks) / 8)); // nothing is told of what is past the end
    if (status !== Status.Corrupted) this.fail(`readAllocation answers ${status}`);
    if (!this.bench.block.damage().role) this.fail("readAllocation answers Corrupted, and no block is named");
    return null;
  }

  /** Counts are those of the bits, and what the service owns is in use. */
  private recount({ pages, free, owned }: View): void {
    let zeros = 0, isWhole = true;
    for (const [number, bits] of pages) {
      if (!bits) { isWhole = false; continue; }
      for (let at = 0; at < pageBytes; at++) zeros += 8 - bitCounts[bits[at]!]!;
      for (const { first, count } of owned) for (let at = Math.max(first, number * pageBits); at < Math.min(first + count, (number + 1) * pageBits); at++) {
        const bit = at - number * pageBits;
        if (!(bits[bit >> 3]! >> (bit & 7) & 1)) this.fail(`block ${at} is the service's own and free`);
      }
    }
    if (isWhole && BigInt(zeros) !== free) this.fail(`${free} blocks are free by the counts and ${zeros} by the bits`);
  }

  /** Of every client; the end must come. */
  private pieces(): string[] {
    const found: string[] = [], { bufferBytes } = this.bench;
    for (const badge of this.badges) for (let cursor = 0n, left = this.base.logBlocks * blockBytes / 8; ; left--) {
      const reply = this.bench.as(badge).replay({ cursor, payload: this.bench.lease(bufferBytes) });
      if (!reply.found) break;
      if (!left) this.fail("a replay does not end");
      found.push(`${badge} ${reply.sequence} ${reply.lengthBytes} ${Buffer.from(this.bench.bytes(Math.min(reply.lengthBytes, 16))).toString("hex")}`);
      cursor = reply.cursor;
    }
    return found;
  }

  /** Pages of which every bit is counted. */
  get isSmall(): boolean { return this.base.blockCount < 100 * pageBits; }

  private judgeService(seed: number): void {
    this.badges = [1 + (seed & 3), 5];
    const first = this.view(this.isSmall || seed % 64 === 0 ? null : [0, 1]);
    for (const { block, count } of this.device.written) this.checkMountWrite(first, block, count);
    if (first.isReadOnly && this.device.written.length) this.fail("a mount that serves reading alone has written");
    // A superblock that is valid and does not fit may make the second publish once more, but not a third.
    let last = this.mountAgain(first, "a second mount");
    if (last.isChanged && (last = this.mountAgain(first, "a third mount")).isChanged) this.fail("a third mount has changed the disk");
    if (first.isReadOnly) this.readOnly++;
    new ForgeWork(this, seed, last).run();
  }
  /** A mount writes an epoch record, a checkpoint and a superblock, and images to clients' blocks. */
  private checkMountWrite({ owned, blockCount }: View, block: number, count: number): void {
    for (const run of owned) if (run.what === "map" && block < run.first + run.count && run.first < block + count) this.fail(`a mount wrote block ${block} of the map`);
    if (block + count > blockCount) this.fail(`a mount wrote block ${block}, past the end`);
  }

  /** Another mount finds what there is, and changes nothing. */
  mountAgain(before: View, about: string): View {
    this.device.mark();
    const status = this.mount();
    if (status) {
      this.device.unmark();
      this.judgeRefusal(status);
      if (status === Status.Corrupted && [...before.pages.values()].includes(null)) throw new Refused();
      this.fail(`${about}: answers ${status}`);
    }
    const now = this.view(before.pages.keys());
    for (const key of ["pieces", "roots", "free", "blockCount"] as const) if (String(now[key]) !== String(before[key])) this.fail(`${about}: ${key} were ${String(before[key]).slice(0, 400)} and are ${String(now[key]).slice(0, 400)}`);
    for (const [number, bits] of now.pages) if (String(bits === null) !== String(before.pages.get(number) === null) || (bits && Buffer.compare(bits, before.pages.get(number)!) !== 0)) this.fail(`${about}: bits of page ${number} are others`);
    now.isChanged = this.device.isChanged;
    this.device.unmark();
    return now;
  }
}

// The question that docs/crash-contract.md asks of a crash image: is what mounts exactly one of the committed states, no older than the last flush? And after another mount, and after crashes of the mount itself?
import { BlockBench, type DeviceEvent, Random, SparseDevice, blockBytes, grownBytes, sectorBytes } from "./harness.ts";
import { type ImageKind, type Thoroughness, crashImages } from "./crash-images.ts";
import { type Recording, type State, allocationBytes, numberOf } from "./crash-workload.ts";
import { ImageMap } from "./image-map.ts";

/** A crash image that breaks the contract; the text names it. */
export class Violation extends Error {}

const bitCounts = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);

/** How many images were mounted and judged, by kind. `again`: second mounts of the same images, which are not counted as images. */
export type Counts = Record<ImageKind | "fallback" | "recovery1" | "recovery2" | "recovery3" | "again", number>;
export const noCounts = (): Counts => ({ prefix: 0, subset: 0, sampledSubset: 0, tear: 0, sampledTear: 0, fallback: 0, recovery1: 0, recovery2: 0, recovery3: 0, again: 0 });
export const imagesOf = (counts: Counts): number => Object.entries(counts).reduce((sum, [kind, count]) => (kind === "again" ? sum : sum + count), 0);

/** One in `every` images of a depth is crashed again in its recovery, as thoroughly as `images` says. */
export interface RecoveryLevel { every: number; images: Thoroughness }
export interface Enumeration {
  seed: number;
  images: Thoroughness;
  /** Does a flush keep what was written before it? */
  honourFlush: boolean;
  /** Crashes of the recovery, of the recovery from those, … */
  recovery: RecoveryLevel[];
  /** One in so many images is mounted with its newest superblock, or that one's checkpoint, damaged besides; 0: none. */
  fallbackEvery: number;
}

const recoveryKinds = ["recovery1", "recovery2", "recovery3"] as const;

/** Lays crash images of one recording on a device, mounts them in one running service and judges what it finds. */
export class CrashJudge {
  readonly device: SparseDevice;
  readonly bench: BlockBench;
  readonly counts = noCounts();
  private readonly examined = [0, 0, 0, 0];
  private judged = 0;
  /** Sizes in blocks that the image on the device may have. */
  private size = { least: 0, most: grownBytes / blockBytes };

  constructor(readonly recording: Recording, readonly module?: WebAssembly.Module) {
    this.device = new SparseDevice(recording.deviceBytes ?? grownBytes, recording.base);
    this.bench = new BlockBench(this.device, module);
    this.device.become(recording.base); // the boot's mount has written to it
  }

  /** What is mounted has to be a committed state between `oldest` and `newest`; its number. */
  judge(oldest: number, newest: number, about: string): number {
    this.bench.mount();
    const { mountStatus } = this.bench.block.describe();
    if (mountStatus) throw new Violation(`${about}: mount answers ${mountStatus}`);
    const root = numberOf(this.bench.getRoot());
    const pieces = this.bench.pieces().map(numberOf);
    pieces.forEach((piece, index) => { if (piece !== root + index + 1) throw new Violation(`${about}: transaction ${piece} follows ${root + index}`); });
    const found = root + pieces.length;
    if (found < oldest) throw new Violation(`${about}: ${found} transactions survive, ${oldest} were flushed`);
    if (found > newest) throw new Violation(`${about}: ${found} transactions survive, ${newest} were begun`);
    const state = this.recording.states[found]!;
    if (Buffer.compare(allocationBytes(this.bench), state.allocation) !== 0) throw new Violation(`${about}: allocation is not that of transaction ${found}`);
    // Every image of a workload that grows, and a sample of the others: it costs a third as much as all the rest.
    if (this.recording.sizes || this.judged++ % 8 === 0) this.recount(state, about);
    for (const [address, list] of state.live) {
      const blocks = this.bench.read(address, list.length);
      list.forEach((data, at) => {
        if (Buffer.compare(blocks.subarray(at * blockBytes, (at + 1) * blockBytes), data) !== 0) throw new Violation(`${about}: block ${address} + ${at} is not that of transaction ${found}`);
      });
    }
    return found;
  }

  /** In use is what the service owns and what the state has, all over the image, and `describe` says so. */
  private recount(state: State, about: string): void {
    const { blockCount, freeBlocks, generation } = this.bench.block.describe(), size = Number(blockCount);
    if (size < this.size.least || size > this.size.most) throw new Violation(`${about}: the image has ${size} blocks, and not ${this.size.least} to ${this.size.most}`);
    this.bench.block.readAllocation({ first: 0n, bits: this.bench.lease(Math.ceil(size / 8)) });
    const bits = this.bench.bytes(Math.ceil(size / 8));
    let used = 0, live = 0;
    for (let block = 0; block < size; block += 8) used += bitCounts[bits[block >> 3]! & (size - block < 8 ? (1 << (size - block)) - 1 : 255)]!;
    for (const [address, { length }] of state.live) {
      live += length;
      for (let at = Number(address); at < Number(address) + length; at++) if (!(bits[at >> 3]! >> (at & 7) & 1)) throw new Violation(`${about}: block ${at} is not in use`);
    }
    const owned = new ImageMap(this.device).ownedBlocks(Number(generation));
    if (used !== owned + live) throw new Violation(`${about}: ${used} blocks are in use, and not ${owned} + ${live}`);
    const { waitingBlocks, reserveBlocks } = this.bench.statistics();
    if (freeBlocks + waitingBlocks + reserveBlocks !== BigInt(size - used)) throw new Violation(`${about}: ${freeBlocks} free + ${waitingBlocks} + ${reserveBlocks} of ${size - used}`);
  }

  /** Judge what is laid on the device; mount again (nothing may change). What the device did in the first mount, and the transaction that was found. The image is as before. */
  private judgeTwice(oldest: number, newest: number, about: string): { found: number; events: DeviceEvent[] } {
    const events: DeviceEvent[] = [];
    this.device.mark();
    this.device.events = events;
    const found = this.judge(oldest, newest, about);
    this.device.events = null;
    this.device.mark();
    this.bench.mount();
    this.counts.again++;
    if (this.device.isChanged) throw new Violation(`${about}: a second mount changes the disk`);
    if (this.bench.pieces().length + numberOf(this.bench.getRoot()) !== found) throw new Violation(`${about}: a second mount finds something else`);
    this.device.rollBack();
    this.device.rollBack();
    return { found, events };
  }

  /** The newest superblock, or its checkpoint, is damaged besides: the generation before it and its log must lead to the same promise. */
  private judgeFallback(isCheckpoint: boolean, oldest: number, newest: number, about: string): void {
    const slots = new ImageMap(this.device).slots();
    if (slots.length < 2) throw new Violation(`${about}: there is one generation`);
    const address = isCheckpoint ? Number(slots[0]!.view.getBigUint64(168, true)) : slots[0]!.address;
    this.device.mark();
    this.device.put(address * blockBytes, new Uint8Array(sectorBytes).fill(0x5a));
    this.judge(oldest, newest, `${about}, newest ${isCheckpoint ? "checkpoint" : "superblock"} damaged`);
    this.counts.fallback++;
    this.device.rollBack();
  }

  /** One crash image of the recording (depth 0) or of a recovery (depth 1 …), and the crashes of its own recovery. */
  private examine(depth: number, kind: keyof Counts, oldest: number, newest: number, about: string, options: Enumeration): void {
    const { found, events } = this.judgeTwice(oldest, newest, about);
    this.counts[kind]++;
    const number = this.examined[depth]!++;
    const level = options.recovery[depth];
    if (level && number % level.every === 0) {
      for (const image of crashImages(this.device, events, new Random(options.seed * 31 + number + 7), level.images)) {
        this.examine(depth + 1, recoveryKinds[depth]!, found, found, `${about}; recovery: ${image.about}`, options);
      }
    }
    if (!depth && options.fallbackEvery && number % options.fallbackEvery === 0) this.judgeFallback(this.counts.fallback % 2 === 1, oldest, newest, about);
  }

  /** Every crash image of the recording. Throws a Violation at the first that breaks the contract. */
  enumerate(options: Enumeration): void {
    const { events, begun, committed, oldest } = this.recording;
    let durable = oldest, flushes = 0;
    for (const image of crashImages(this.device, events, new Random(options.seed * 31 + 5), options.images, options.honourFlush)) {
      for (; flushes < image.length; flushes++) if (events[flushes]!.kind === "flush") durable = committed[flushes]!;
      if (this.recording.sizes) this.size = this.recording.sizes[image.length - 1]!;
      this.examine(0, image.kind, durable, begun[image.length - 1]!, `seed ${options.seed}: ${image.about}`, options);
    }
  }
}

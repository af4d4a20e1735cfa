// A seeded workload of the block service with a model of every committed state: what the crash tests record and compare with.
import { BlockBench, DeviceFlags, type DeviceEvent, Random, SparseDevice, blockBytes, grownBytes, minimumImageBytes, pattern, statusOf } from "./harness.ts";

/** What a client can see after transaction `number`: its runs by address, block by block, and the allocation. */
export interface State { number: number; live: Map<bigint, Uint8Array[]>; allocation: Uint8Array }
export interface Recording {
  /** The image before the first event, by block. */
  base: ReadonlyMap<number, Uint8Array>;
  events: DeviceEvent[];
  /** states[n]: after n transactions. */
  states: State[];
  /** Transactions whose commit call had begun, and that had returned, when event i reached the device. */
  begun: number[];
  committed: number[];
  /** Transactions that were durable when recording began. */
  oldest: number;
  /** Of a workload that grows: bytes of its device, and the sizes in blocks that the image may have when event i has reached it. */
  deviceBytes?: number;
  sizes?: Array<{ least: number; most: number }>;
}
/** `warmUp`: blocks of log to use up first, so that records wrap around its end. `from`: a recovered image to go on from. `space`: the image grows now and then, and the device is told what it may forget. */
export interface WorkloadOptions { seed: number; steps: number; module?: WebAssembly.Module; warmUp?: number; space?: boolean; from?: { image: ReadonlyMap<number, Uint8Array>; state: State } }

export const number32 = (value: number): Uint8Array => Uint8Array.of(value, value >> 8, value >> 16, value >> 24);
export const numberOf = (bytes: Uint8Array): number => bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);

export function allocationBytes(bench: BlockBench): Uint8Array {
  bench.block.readAllocation({ first: 0n, bits: bench.lease(2048) });
  return bench.bytes(2048);
}

/** Random transactions, syncs and checkpoints, recorded. Content is never repeated, so that no stale block passes for a new one. */
export class Workload {
  readonly device: SparseDevice;
  readonly bench: BlockBench;
  private readonly random: Random;
  private readonly live: Map<bigint, Uint8Array[]>;
  /** Where blocks were freed: the likeliest place for a block that is reused too early. */
  private readonly freed: bigint[] = [];
  private readonly states: State[] = [];
  private readonly begun: number[] = [];
  private readonly committed: number[] = [];
  /** Where a block was written in place last. */
  private rewritten: bigint | undefined;
  private transactions: number;
  private contents = 0;
  private readonly base: Recording["base"];
  private readonly oldest: number;
  private readonly sizes: NonNullable<Recording["sizes"]> = [];
  private size = { least: minimumImageBytes / blockBytes, most: minimumImageBytes / blockBytes };

  constructor(private readonly options: WorkloadOptions) {
    const { from } = options;
    this.random = new Random(options.seed * 7919 + 1);
    this.device = new SparseDevice(options.space ? grownBytes : minimumImageBytes, from?.image);
    if (options.space) this.device.flags |= DeviceFlags.discard;
    this.live = new Map(from?.state.live);
    this.transactions = from?.state.number ?? 0;
    for (let number = 0; number < this.transactions; number++) this.states.push(from!.state); // never reached: they were durable
    this.bench = new BlockBench(this.device, options.module, options.seed);
    if (!from) {
      this.bench.block.format({ blockCount: BigInt(this.size.most), flags: 0 });
      this.useUpLog(options.warmUp ?? 0);
      this.bench.block.sync();
    }
    this.base = this.device.snapshot();
    this.oldest = this.transactions;
    this.device.events = [];
    this.note();
  }

  private useUpLog(blocks: number): void {
    const start = this.bench.statistics().logUsedBlocks;
    for (let used = Number(start); used < blocks; used += 32) {
      this.bench.commit(this.content(32).subarray(0, 32 * blockBytes - 200), 3);
      if (used % 256 < 32) this.bench.block.checkpoint();
    }
    if (blocks) this.bench.block.checkpoint();
  }

  private note(): void { this.states.push({ number: this.transactions, live: new Map(this.live), allocation: allocationBytes(this.bench) }); }
  /** Label the events that came since the last call. */
  private label(begun: number): void {
    while (this.begun.length < this.device.events!.length) { this.begun.push(begun); this.committed.push(this.transactions); this.sizes.push(this.size); }
  }
  private content(blocks: number): Uint8Array { return pattern(++this.contents * 131 + this.options.seed, blocks * blockBytes); }

  run(): Recording {
    for (let step = 0; step < this.options.steps; step++) {
      if (this.options.space && this.random.next(4) === 0) this.useSpace();
      const choice = this.random.next(100);
      if (choice < 62) this.transact();
      else if (choice < 70) this.abandon();
      else if (choice < 90) { this.bench.block.sync(); this.label(this.transactions); }
      else this.checkpoint();
    }
    this.bench.close();
    return { base: this.base, events: this.device.events!, states: this.states, begun: this.begun, committed: this.committed, oldest: this.oldest, ...(this.options.space ? { deviceBytes: grownBytes, sizes: this.sizes } : {}) };
  }

  private change(): void {
    for (let i = this.random.next(3); i > 0; i--) {
      const blocks = 1 + this.random.next(3), data = this.content(blocks);
      const address = this.storeSomewhere(data);
      this.live.set(address, Array.from({ length: blocks }, (_, at) => data.subarray(at * blockBytes, (at + 1) * blockBytes)));
    }
    const addresses = [...this.live.keys()];
    if (addresses.length > 12 || (addresses.length && this.random.next(3) === 0)) {
      const address = addresses[this.random.next(addresses.length)]!;
      this.bench.block.free({ address, count: this.live.get(address)!.length });
      this.live.delete(address);
      this.freed.push(address);
    }
    if (this.live.size && this.random.next(3) === 0) this.rewrite();
  }
  /** A block in place: whole, or parts of it; mostly the one that was written last, which the log has already. */
  private rewrite(): void {
    const last = this.rewritten !== undefined && this.live.has(this.rewritten) && this.random.next(3) ? this.rewritten : undefined;
    const address = last ?? [...this.live.keys()][this.random.next(this.live.size)]!, list = this.live.get(address)!;
    this.rewritten = address;
    for (let writes = 1 + this.random.next(3); writes > 0; writes--) {
      const at = this.random.next(list.length), fresh = this.content(1), now = this.live.get(address)!;
      const data = this.random.next(3) ? now[at]!.slice() : fresh;
      for (let parts = data === fresh ? 0 : 1 + this.random.next(4); parts > 0; parts--) {
        const from = this.random.next(blockBytes);
        data.set(fresh.subarray(from, from + 1 + this.random.next(700)), from);
      }
      this.bench.write(address + BigInt(at), data);
      this.live.set(address, now.with(at, data));
    }
  }
  /** Near a block that was freed, in as many runs as it takes; only the first is kept track of if it is whole. */
  private storeSomewhere(data: Uint8Array): bigint {
    const blocks = data.length / blockBytes;
    const hint = this.freed.length && this.random.next(2) ? this.freed[this.random.next(this.freed.length)]! : 0n;
    const { address, count } = this.bench.block.allocate({ hint, count: blocks, flags: 0 });
    if (count !== blocks) throw new Error(`a nearly empty image gave ${count} of ${blocks} blocks`);
    this.bench.writeExtents([{ address, data }]);
    return address;
  }
  private transact(): void {
    this.change();
    if (this.random.next(2)) this.bench.attach(this.content(2).subarray(0, this.random.next(8) ? this.random.next(600) : this.random.next(8000)), 2);
    this.label(this.transactions);
    this.bench.commit(number32(this.transactions + 1), 1);
    this.label(this.transactions + 1);
    this.transactions++;
    this.note();
  }
  private abandon(): void {
    const before = [...this.live];
    this.change();
    this.bench.block.abandon();
    this.live.clear();
    for (const [address, list] of before) this.live.set(address, list);
    this.label(this.transactions);
  }
  /** Grow, or leave the service time to send images home and to discard. */
  private useSpace(): void {
    if (this.random.next(3)) {
      // Images that wait are due every other time.
      this.bench.idle(2.6);
      this.label(this.transactions);
      return;
    }
    const { least } = this.size, most = Math.min(least + 1 + this.random.next(9000), grownBytes / blockBytes);
    this.checkpoint();
    this.size = { least, most };
    const status = statusOf(() => this.bench.block.grow({ blockCount: BigInt(most) }));
    this.label(this.transactions);
    // NoSpace: what would be added does not hold its own map.
    if (status && status !== 40) throw new Error(`grow answers ${status}`);
    this.size = status ? { least, most: least } : { least: most, most };
    // A block of the new space, that everything from now on must keep.
    if (!status) this.freed.push(BigInt(least + 10));
  }
  private checkpoint(): void {
    this.bench.setRoot(number32(this.transactions));
    this.bench.block.checkpoint();
    this.label(this.transactions);
  }
}

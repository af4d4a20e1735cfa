// The allocator of the release module against a model, through the block interface: random allocations, frees, commits, abandoned transactions, checkpoints, mounts and growth of a disk much larger than what
// the service keeps of its map in memory; after every step the count of free blocks, and now and then every bit of what was touched.
//
//   npm run allocator-model -- [OPERATIONS] [SEED]        prints what was done; throws at the first difference
//
// Pages of the map are used in a few clusters and some far-away ones, so that runs meet, tables fill, and pages are evicted and read again.
import { pathToFileURL } from "node:url";
import { BlockBench, Random, SparseDevice, blockBytes, statusOf } from "./harness.ts";

const Status = { Ok: 0, Busy: 13, InvalidArgument: 3, NoSpace: 40 } as const;
const pageBits = 32512;
const tableBlocks = 84 * pageBits;
/** 256 GiB at first, up to 1 TiB. */
const startBlocks = 2 ** 26, deviceBlocks = 2 ** 28;
interface Run { address: number; count: number }
const BlockState = { free: 0, used: 1, waiting: 2 } as const;

export interface Counts { operations: number; allocations: number; frees: number; commits: number; abandons: number; checkpoints: number; mounts: number; grows: number; busy: number; compared: number; reads: number }

class Model {
  readonly device = new SparseDevice(deviceBlocks * blockBytes);
  readonly bench: BlockBench;
  readonly counts: Counts = { operations: 0, allocations: 0, frees: 0, commits: 0, abandons: 0, checkpoints: 0, mounts: 0, grows: 0, busy: 0, compared: 0, reads: 0 };
  private readonly random: Random;
  /** BlockState of every block; what the service owns counts as free here. */
  private readonly states = new Uint8Array(deviceBlocks);
  /** Runs in use, in no order, and runs that wait. */
  private readonly runs: Run[] = [];
  private recent: Run[] = [];
  private older: Run[] = [];
  /** How to undo the open transaction, newest last. */
  private readonly undo: Array<() => void> = [];
  private readonly touched = new Set<number>();
  private size = startBlocks;
  /** Blocks for clients of an image as large as now. */
  private clients: number;
  private used = 0;
  private waiting = 0;

  constructor(seed: number, module?: WebAssembly.Module) {
    this.random = new Random(seed * 2 + 1);
    this.bench = new BlockBench(this.device, module);
    this.bench.block.format({ blockCount: BigInt(startBlocks), flags: 0 });
    this.clients = Number(this.bench.block.describe().freeBlocks) + 16384;
    this.compareCount();
  }

  private fail(about: string): never { throw new Error(`operation ${this.counts.operations}: ${about}`); }

  private compareCount(): void {
    const free = Math.max(this.clients - this.used - this.waiting - 16384, 0), { freeBlocks } = this.bench.block.describe();
    if (freeBlocks !== BigInt(free)) this.fail(`${freeBlocks} blocks are free, and not ${free}`);
  }

  /** A place in one of some clusters of pages, or anywhere. */
  private hint(): number {
    const cluster = this.random.next(20);
    if (cluster === 0) return 1 + this.random.next(this.size - 1);
    return Math.min(cluster * 2 * tableBlocks + this.random.next(160) * pageBits + this.random.next(6) * 5419, this.size - 1);
  }

  private allocate(): void {
    const count = 1 + this.random.next(this.random.next(10) ? 12 : 5000), hint = this.hint();
    let got = { address: 0n, count: 0 };
    const status = statusOf(() => { got = this.bench.block.allocate({ hint: BigInt(hint), count, flags: 0 }); });
    if (status === Status.Busy) return this.makeRoom();
    if (status) this.fail(`allocate answers ${status}`);
    const run = { address: Number(got.address), count: got.count };
    if (!run.count || run.count > count || run.address + run.count > this.size) this.fail(`allocate gives ${run.count} of ${count} at ${run.address}`);
    for (let at = run.address; at < run.address + run.count; at++) if (this.states[at]) this.fail(`allocate gives block ${at}, which is in state ${this.states[at]}`);
    this.set(run, BlockState.used);
    this.used += run.count;
    this.runs.push(run);
    this.undo.push(() => {
      this.set(run, BlockState.free);
      this.used -= run.count;
      this.runs.splice(this.runs.lastIndexOf(run), 1);
    });
    this.counts.allocations++;
  }

  private set({ address, count }: Run, state: number): void {
    this.states.fill(state, address, address + count);
    for (let page = Math.floor(address / pageBits); page * pageBits < address + count; page++) this.touched.add(page);
  }

  /** Free all or a part of a run. */
  private free(): void {
    if (!this.runs.length) return;
    const at = this.random.next(this.runs.length), run = this.runs[at]!;
    const first = this.random.next(3) ? 0 : this.random.next(run.count), count = this.random.next(3) ? run.count - first : 1 + this.random.next(run.count - first);
    const part = { address: run.address + first, count };
    const status = statusOf(() => this.bench.block.free({ address: BigInt(part.address), count }));
    if (status === Status.Busy) return this.makeRoom();
    if (status) this.fail(`free answers ${status}`);
    const left = [{ address: run.address, count: first }, { address: part.address + count, count: run.count - first - count }].filter((piece) => piece.count > 0);
    this.runs[at] = this.runs.at(-1)!;
    this.runs.pop();
    this.runs.push(...left);
    this.set(part, BlockState.waiting);
    this.recent.push(part);
    this.used -= count;
    this.waiting += count;
    this.undo.push(() => {
      for (const piece of left) this.runs.splice(this.runs.lastIndexOf(piece), 1);
      this.runs.push(run);
      this.set(part, BlockState.used);
      this.recent.pop();
      this.used += count;
      this.waiting -= count;
    });
    if (this.random.next(8) === 0 && statusOf(() => this.bench.block.free({ address: BigInt(part.address), count: 1 })) !== Status.InvalidArgument) this.fail("a block was freed twice");
    this.counts.frees++;
  }

  private commit(): void {
    this.bench.commit();
    this.undo.length = 0;
    this.counts.commits++;
  }
  private abandon(): void {
    this.bench.block.abandon();
    for (let undo = this.undo.pop(); undo; undo = this.undo.pop()) undo();
    this.counts.abandons++;
  }

  /** What a client does when it is told Busy: keep or drop what is open, and a checkpoint. */
  private makeRoom(): void {
    this.counts.busy++;
    if (this.random.next(2)) this.commit(); else this.abandon();
    this.checkpoint();
  }
  private checkpoint(): void {
    this.bench.block.checkpoint();
    this.advance();
    this.counts.checkpoints++;
  }
  /** A generation became durable. */
  private advance(): void {
    for (const run of this.older) {
      this.set(run, BlockState.free);
      this.waiting -= run.count;
    }
    this.older = this.recent;
    this.recent = [];
  }

  private mount(): void {
    this.commit();
    this.bench.mount();
    if (this.bench.block.describe().mountStatus) this.fail(`mount answers ${this.bench.block.describe().mountStatus}`);
    this.counts.mounts++;
  }

  private grow(): void {
    this.commit();
    this.checkpoint();
    const most = Math.min(this.size + 1 + this.random.next(2 ** 26), deviceBlocks);
    const status = statusOf(() => this.bench.block.grow({ blockCount: BigInt(most) }));
    if (status || most === this.size) return; // no segment is left, or no room for one; or nothing was to be done
    this.counts.grows++;
    this.advance();
    this.size = most;
    this.clients = most - Number(this.bench.block.verify().ownedBlocks);
  }

  /** Every bit of the pages that were ever touched, and nothing else in them but what the service owns. */
  compareBits(): void {
    for (const page of this.touched) {
      const first = page * pageBits, { blockCount } = this.bench.block.readAllocation({ first: BigInt(first), bits: this.bench.lease(pageBits / 8) });
      const bits = this.bench.bytes(pageBits / 8);
      for (let at = 0; at < Math.min(Number(blockCount), pageBits); at++) {
        const inUse = (bits[at >> 3]! >> (at & 7) & 1) === 1;
        if (inUse !== (this.states[first + at] === BlockState.used) && !(inUse && this.isOwned(first + at))) this.fail(`block ${first + at} is ${inUse ? "in use" : "free"}`);
      }
      this.counts.compared++;
    }
  }
  /** Owned blocks are those that can never be freed and that nobody was given. */
  private isOwned(block: number): boolean { return statusOf(() => this.bench.block.free({ address: BigInt(block), count: 1 })) === Status.InvalidArgument; }

  run(operations: number): Counts {
    for (; this.counts.operations < operations; this.counts.operations++) {
      // Mostly more, then mostly less, so that the map fills and empties.
      const choice = this.random.next(10_000), grows = Math.floor(this.counts.operations / 4000) % 2 === 0;
      if (choice < 9700) { if (this.random.next(100) < (grows ? 60 : 40)) this.allocate(); else this.free(); }
      else if (choice < 9870) this.commit();
      else if (choice < 9970) this.abandon();
      else if (choice < 9985) { this.commit(); this.checkpoint(); }
      else if (choice < 9999 || this.random.next(3)) this.mount();
      else this.grow();
      this.compareCount();
      if (this.counts.operations % Math.ceil(operations / 8) === 0) this.compareBits();
    }
    this.commit();
    this.compareBits();
    if (this.bench.block.verify().damagedBlocks) this.fail("verify finds damage");
    this.counts.reads = this.device.reads;
    if (this.bench.system.faults.length) this.fail("the service died");
    this.bench.close();
    return this.counts;
  }
}

export function runAllocatorModel(operations: number, seed: number, module?: WebAssembly.Module): Counts { return new Model(seed, module).run(operations); }

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [operations = "1000000", seed = "1"] = process.argv.slice(2);
  const started = performance.now();
  console.log(JSON.stringify(runAllocatorModel(Number(operations), Number(seed))));
  console.log(`${operations} operations, seed ${seed}: no difference; ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

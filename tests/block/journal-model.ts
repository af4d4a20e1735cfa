// The journal of the release module against a model, through the block interface: random allocations, extents, writes in place (whole, in part, durable at once), frees, payload, commits, abandoned transactions, syncs, checkpoints,
// background work, mounts, and power cuts that leave any part of what was not flushed. What is read must be what the model says; what mounts after a cut must be one of its transactions, no older than the last sync.
//
//   npm run journal-model -- [OPERATIONS] [SEED]        prints what was done; throws at the first difference
//
// What is in use is counted again, bit by bit, after every mount and now and then.
import { pathToFileURL } from "node:url";
import { number32, numberOf } from "./crash-workload.ts";
import { BlockBench, type DeviceEvent, Random, SparseDevice, blockBytes, minimumImageBytes, pattern, statusOf } from "./harness.ts";

/** Blocks in use by the model's client at most; enough for runs of every length, few enough to compare often. */
const liveLimit = 300;
const checkpointWanted = 16;
const busy = 13;

export interface Counts { operations: number; stores: number; rewrites: number; durableWrites: number; frees: number; commits: number; abandons: number; syncs: number; checkpoints: number; mounts: number; cuts: number; lostTransactions: number; reads: number; recounts: number }
type Undo = () => void;

class JournalModel {
  readonly device = new SparseDevice(minimumImageBytes);
  readonly bench: BlockBench;
  readonly counts: Counts = { operations: 0, stores: 0, rewrites: 0, durableWrites: 0, frees: 0, commits: 0, abandons: 0, syncs: 0, checkpoints: 0, mounts: 0, cuts: 0, lostTransactions: 0, reads: 0, recounts: 0 };
  private readonly random: Random;
  /** Content of every block in use, and the runs that they were stored in. */
  private readonly live = new Map<number, Uint8Array>();
  private readonly runs: Array<{ address: number; count: number }> = [];
  private open: Undo[] = [];
  /** How to undo the commits since the last one that was synced, newest last. */
  private unsynced: Undo[][] = [];
  private transactions = 0;
  private contents = 0;
  private readonly owned: number;

  constructor(private readonly seed: number, module?: WebAssembly.Module) {
    this.random = new Random(seed * 2 + 1);
    this.bench = new BlockBench(this.device, module, seed);
    this.bench.block.format({ blockCount: 0n, flags: 0 });
    this.owned = Number(this.bench.block.verify().ownedBlocks);
    this.device.mark();
    this.device.events = [];
  }

  private fail(about: string): never { throw new Error(`operation ${this.counts.operations}, seed ${this.seed}: ${about}`); }
  private content(blocks: number): Uint8Array { return pattern(++this.contents * 131 + this.seed, blocks * blockBytes); }

  private set(block: number, data: Uint8Array | undefined): void {
    const before = this.live.get(block);
    if (data) this.live.set(block, data); else this.live.delete(block);
    this.open.push(() => { if (before) this.live.set(block, before); else this.live.delete(block); });
  }

  private store(): void {
    const wanted = 1 + this.random.next(3);
    const got = this.bench.block.allocate({ hint: BigInt(this.random.next(minimumImageBytes / blockBytes)), count: wanted, flags: 0 }), address = Number(got.address);
    const data = this.content(got.count);
    this.bench.writeExtents([{ address: got.address, data }]);
    for (let at = 0; at < got.count; at++) {
      if (this.live.has(address + at)) this.fail(`allocate gives block ${address + at}, which is in use`);
      this.set(address + at, data.subarray(at * blockBytes, (at + 1) * blockBytes));
    }
    const run = { address, count: got.count };
    this.runs.push(run);
    this.open.push(() => { this.runs.splice(this.runs.lastIndexOf(run), 1); });
    this.counts.stores++;
  }

  /** A block in place: another content, or parts of it. */
  private rewrite(): void {
    const run = this.runs[this.random.next(this.runs.length)];
    if (!run) return;
    const block = run.address + this.random.next(run.count), fresh = this.content(1);
    let data = fresh;
    if (this.random.next(3)) {
      data = this.live.get(block)!.slice();
      for (let parts = 1 + this.random.next(3); parts > 0; parts--) {
        const from = this.random.next(blockBytes);
        data.set(fresh.subarray(from, from + 1 + this.random.next(300)), from);
      }
    }
    this.bench.write(BigInt(block), data);
    this.set(block, data);
    this.counts.rewrites++;
  }

  /** A block in a transaction of its own, which is durable at once, and all before it. Refused while anything is open. */
  private rewriteDurably(): void {
    const run = this.runs[this.random.next(this.runs.length)];
    if (!run) return;
    const block = run.address + this.random.next(run.count), data = this.content(1);
    if (this.open.length) {
      if (statusOf(() => this.bench.writeDurable(BigInt(block), data)) !== busy) this.fail("a durable write beside an open transaction is not refused");
      return;
    }
    this.bench.writeDurable(BigInt(block), data);
    this.live.set(block, data);
    this.unsynced = [];
    this.counts.durableWrites++;
  }

  private free(): void {
    const at = this.random.next(this.runs.length), run = this.runs[at];
    if (!run) return;
    this.bench.block.free({ address: BigInt(run.address), count: run.count });
    for (let block = run.address; block < run.address + run.count; block++) this.set(block, undefined);
    this.runs[at] = this.runs.at(-1)!;
    this.runs.pop();
    this.open.push(() => { this.runs.push(run); });
    this.counts.frees++;
  }

  /** Payload of another client: part of the transaction, and of nothing that this client reads. */
  private attach(): void {
    this.bench.attach(this.content(1).subarray(0, this.random.next(4000)), 2);
    this.open.push(() => {});
  }

  private undo(changes: Undo[]): void { for (let change = changes.pop(); change; change = changes.pop()) change(); }

  private commit(): void {
    const { flags } = this.bench.commit(number32(this.transactions + 1), 1);
    this.transactions++;
    this.unsynced.push(this.open);
    this.open = [];
    this.counts.commits++;
    if (flags & checkpointWanted) this.checkpoint();
  }
  private abandon(): void {
    this.bench.block.abandon();
    this.undo(this.open);
    this.counts.abandons++;
  }
  private sync(): void {
    this.bench.block.sync();
    this.unsynced = [];
    this.counts.syncs++;
  }
  private checkpoint(): void {
    if (this.open.length) this.abandon();
    this.bench.setRoot(number32(this.transactions));
    this.bench.block.checkpoint();
    this.unsynced = [];
    this.counts.checkpoints++;
  }

  /** Writes behind the device's last flush stay undoable, all before it do not. */
  private settle(): void {
    const events = this.device.events!, flush = events.findLastIndex(({ kind }) => kind === "flush");
    if (flush < 0) return;
    this.device.rollBack();
    this.apply(events.slice(0, flush));
    this.device.mark();
    this.apply(events.slice(flush));
    this.device.events = events.slice(flush + 1);
  }
  private apply(events: readonly DeviceEvent[]): void {
    for (const event of events) if (event.kind === "write") this.device.put(event.offset, event.data);
  }

  /** The service starts again, after a power cut with any part of what was not flushed. */
  private mount(isCut: boolean): void {
    if (isCut) {
      const pending = this.device.events!, kept = this.random.next(3);
      const length = this.random.next(pending.length + 1);
      this.device.rollBack();
      this.device.mark();
      // A prefix, any subset, or nothing.
      this.device.events = kept === 0 ? pending.slice(0, length) : kept === 1 ? pending.filter(() => this.random.next(2)) : [];
      this.apply(this.device.events);
      this.counts.cuts++;
    }
    this.bench.mount();
    const { mountStatus } = this.bench.block.describe();
    if (mountStatus) this.fail(`mount answers ${mountStatus}`);
    this.undo(this.open);
    const root = numberOf(this.bench.getRoot()), pieces = this.bench.pieces().map(numberOf), found = root + pieces.length;
    pieces.forEach((piece, index) => { if (piece !== root + index + 1) this.fail(`transaction ${piece} follows ${root + index}`); });
    const lost = this.transactions - found;
    if (lost < 0 || lost > (isCut ? this.unsynced.length : 0)) this.fail(`${found} of ${this.transactions} transactions are there, ${this.unsynced.length} were not synced`);
    for (let count = 0; count < lost; count++) this.undo(this.unsynced.pop()!);
    this.transactions = found;
    this.counts.lostTransactions += lost;
    this.counts.mounts++;
    this.recount();
    for (const run of this.runs) this.compare(run.address, run.count);
  }

  /** Blocks in use are those of the model and those that the service owns. */
  private recount(): void {
    const used = this.bench.allocation().reduce((sum, bit) => sum + bit, 0);
    if (used !== this.owned + this.live.size) this.fail(`${used} blocks are in use, and not ${this.owned} and ${this.live.size}`);
    this.counts.recounts++;
  }
  private compare(address: number, count: number): void {
    const data = this.bench.read(BigInt(address), count);
    for (let at = 0; at < count; at++) {
      if (Buffer.compare(data.subarray(at * blockBytes, (at + 1) * blockBytes), this.live.get(address + at)!) !== 0) this.fail(`block ${address + at} is not what was written`);
    }
    this.counts.reads++;
  }

  run(operations: number): Counts {
    for (; this.counts.operations < operations; this.counts.operations++) {
      const choice = this.random.next(1000);
      if (choice < 180) { if (this.live.size < liveLimit) this.store(); else this.free(); }
      else if (choice < 380) this.rewrite();
      else if (choice < 470) this.free();
      else if (choice < 480) this.rewriteDurably();
      else if (choice < 500) this.attach();
      else if (choice < 700) this.commit();
      else if (choice < 730) this.abandon();
      else if (choice < 780) this.sync();
      else if (choice < 784) this.checkpoint();
      else if (choice < 786) this.mount(this.random.next(2) === 0);
      else if (choice < 810) this.bench.idle(this.random.next(4));
      else {
        const run = this.runs[this.random.next(this.runs.length)];
        if (run) this.compare(run.address, run.count);
      }
      this.settle();
    }
    this.mount(false);
    if (this.bench.block.verify().damagedBlocks) this.fail("verify finds damage");
    if (this.bench.system.faults.length) this.fail("the service died");
    this.bench.close();
    return this.counts;
  }
}

export function runJournalModel(operations: number, seed: number, module?: WebAssembly.Module): Counts { return new JournalModel(seed, module).run(operations); }

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [operations = "1000000", seed = "1"] = process.argv.slice(2);
  const started = performance.now();
  console.log(JSON.stringify(runJournalModel(Number(operations), Number(seed))));
  console.log(`${operations} operations, seed ${seed}: no difference; ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

// Crash enumeration for the block service: a seeded workload with a model of every committed state, the crash images that its device writes allow,
// and the question that docs/crash-contract.md asks of each: is what mounts exactly one of the committed states, no older than the last flush?
import { BlockBench, FakeDevice, Random, blockBytes, minimumImageBytes, pattern, sectorBytes } from "./harness.ts";

/** What a client can see after transaction `number`: its runs by address, block by block, and the allocation. */
export interface State { number: number; live: Map<bigint, Uint8Array[]>; allocation: Uint8Array }
export interface Recording {
  base: Uint8Array;
  events: FakeDevice["events"] & object;
  /** states[n]: after n transactions. */
  states: State[];
  /** Transactions whose commit call had begun, and that had returned, when event i reached the device. */
  begun: number[];
  committed: number[];
  /** Transactions that were durable when recording began. */
  oldest: number;
}
/** `warmUp`: blocks of log to use up first, so that records wrap around its end. `from`: a recovered image to go on from. */
export interface WorkloadOptions { seed: number; steps: number; module?: WebAssembly.Module; warmUp?: number; from?: { image: Uint8Array; state: State } }

const number32 = (value: number): Uint8Array => Uint8Array.of(value, value >> 8, value >> 16, value >> 24);
export const numberOf = (bytes: Uint8Array): number => bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);

function allocationBytes(bench: BlockBench): Uint8Array {
  bench.block.readAllocation({ first: 0n, bits: bench.lease(2048) });
  return bench.bytes(2048);
}

/** Random transactions, syncs and checkpoints, recorded. Content is never repeated, so that no stale block passes for a new one. */
export class Workload {
  readonly device: FakeDevice;
  readonly bench: BlockBench;
  private readonly random: Random;
  private readonly live: Map<bigint, Uint8Array[]>;
  /** Where blocks were freed: the likeliest place for a block that is reused too early. */
  private readonly freed: bigint[] = [];
  private readonly states: State[] = [];
  private readonly begun: number[] = [];
  private readonly committed: number[] = [];
  private transactions: number;
  private contents = 0;
  private readonly base: Uint8Array;
  private readonly oldest: number;

  constructor(private readonly options: WorkloadOptions) {
    const { from } = options;
    this.random = new Random(options.seed * 7919 + 1);
    this.device = new FakeDevice(from ? from.image.slice() : new Uint8Array(minimumImageBytes));
    this.live = new Map(from?.state.live);
    this.transactions = from?.state.number ?? 0;
    for (let number = 0; number < this.transactions; number++) this.states.push(from!.state); // never reached: they were durable
    this.bench = new BlockBench(this.device, options.module, options.seed);
    if (!from) {
      this.bench.block.format({ blockCount: 0n, flags: 0 });
      this.useUpLog(options.warmUp ?? 0);
      this.bench.block.sync();
    }
    this.base = this.device.bytes.slice();
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
    while (this.begun.length < this.device.events!.length) { this.begun.push(begun); this.committed.push(this.transactions); }
  }
  private content(blocks: number): Uint8Array { return pattern(++this.contents * 131 + this.options.seed, blocks * blockBytes); }

  run(): Recording {
    for (let step = 0; step < this.options.steps; step++) {
      const choice = this.random.next(100);
      if (choice < 62) this.transact();
      else if (choice < 70) this.abandon();
      else if (choice < 90) { this.bench.block.sync(); this.label(this.transactions); }
      else this.checkpoint();
    }
    this.bench.close();
    return { base: this.base, events: this.device.events!, states: this.states, begun: this.begun, committed: this.committed, oldest: this.oldest };
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
    if (this.live.size && this.random.next(3) === 0) {
      const [address, list] = [...this.live][this.random.next(this.live.size)]!;
      const at = this.random.next(list.length), data = this.content(1);
      this.bench.write(address + BigInt(at), data);
      this.live.set(address, list.with(at, data));
    }
  }
  /** Near a block that was freed, in as many runs as it takes; only the first is kept track of if it is whole. */
  private storeSomewhere(data: Uint8Array): bigint {
    const blocks = data.length / blockBytes;
    const hint = this.freed.length && this.random.next(2) ? this.freed[this.random.next(this.freed.length)]! : 0n;
    const { address, count } = this.bench.block.allocate({ hint, count: blocks });
    if (count !== blocks) throw new Error(`a nearly empty image gave ${count} of ${blocks} blocks`);
    this.bench.writeExtents([{ address, data }]);
    return address;
  }
  private transact(): void {
    this.change();
    if (this.random.next(2)) this.bench.attach(this.content(1).subarray(0, this.random.next(5000) % 4096), 2);
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
  private checkpoint(): void {
    this.bench.setRoot(number32(this.transactions));
    this.bench.block.checkpoint();
    this.label(this.transactions);
  }
}

export class Violation extends Error {}

/** Lays crash images of one recording on a device, mounts them in one running service and judges what it finds. */
export class CrashJudge {
  readonly device: FakeDevice;
  readonly bench: BlockBench;
  images = 0;
  recoveries = 0;
  fallbacks = 0;

  constructor(readonly recording: Recording, readonly module?: WebAssembly.Module) {
    this.device = new FakeDevice(recording.base.slice());
    this.bench = new BlockBench(this.device, module);
  }

  /** What is mounted has to be a committed state between `oldest` and `newest`; its number. */
  judge(oldest: number, newest: number, about: string): number {
    this.bench.mount();
    this.images++;
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
    for (const [address, list] of state.live) {
      const blocks = this.bench.read(address, list.length);
      list.forEach((data, at) => {
        if (Buffer.compare(blocks.subarray(at * blockBytes, (at + 1) * blockBytes), data) !== 0) throw new Violation(`${about}: block ${address} + ${at} is not that of transaction ${found}`);
      });
    }
    return found;
  }

  /** Judge, mount again (nothing may change), and now and then crash the recovery itself. */
  judgeTwice(oldest: number, newest: number, about: string, crashRecovery: boolean): void {
    this.device.events = [];
    this.device.mark();
    const found = this.judge(oldest, newest, about);
    const mountEvents = this.device.events;
    if (this.device.changes(() => this.bench.mount())) throw new Violation(`${about}: a second mount changes the disk`);
    if (this.bench.pieces().length + numberOf(this.bench.getRoot()) !== found) throw new Violation(`${about}: a second mount finds something else`);
    this.device.rollBack();
    this.device.events = null;
    if (crashRecovery) this.crashRecovery(found, mountEvents, about);
  }

  /** The newest superblock is damaged besides: the generation before it and its log must lead to the same promise. */
  judgeFallback(oldest: number, newest: number, about: string): void {
    const slots = [0, 1, 2, 3].map((slot) => slot * 4096 * blockBytes).filter((at) => this.device.bytes[at] === 0x41);
    if (slots.length < 2) return;
    const view = new DataView(this.device.bytes.buffer);
    const top = slots.reduce((best, at) => (view.getBigUint64(at + 56, true) > view.getBigUint64(best + 56, true) ? at : best));
    this.device.mark();
    this.device.put(top, new Uint8Array(sectorBytes).fill(0x5a));
    this.judge(oldest, newest, `${about}, newest superblock damaged`);
    this.fallbacks++;
    this.device.rollBack();
  }

  private crashRecovery(found: number, events: Recording["events"], about: string): void {
    for (let length = 1; length < events.length; length++) {
      this.device.mark();
      for (const event of events.slice(0, length)) if (event.kind === "write") this.device.put(event.offset, event.data);
      this.judge(found, found, `${about}, recovery cut after ${length} of ${events.length}`);
      this.recoveries++;
      this.device.rollBack();
    }
  }
}

export interface Enumeration { seed: number; sampled: number; torn: number; honourFlush: boolean; recoverEvery: number }

/** Every prefix of the device's events, subsets of what was not flushed (all for up to 8 writes), and writes torn at sectors. Throws a Violation at the first wrong image. */
export function enumerateCrashes(judge: CrashJudge, options: Enumeration): void {
  const { events, begun, committed } = judge.recording;
  const random = new Random(options.seed * 31 + 5);
  let pending: number[] = [];
  let durable = judge.recording.oldest;
  let count = 0;
  const apply = (index: number): void => { const event = events[index]!; if (event.kind === "write") judge.device.put(event.offset, event.data); };
  const tear = (index: number): void => {
    const event = events[index]!;
    if (event.kind !== "write") return;
    for (let at = 0; at < event.data.length; at += sectorBytes) if (random.next(2)) judge.device.put(event.offset + at, event.data.subarray(at, at + sectorBytes));
  };
  const image = (length: number, about: string, lay: () => void): void => {
    judge.device.mark();
    lay();
    const laid = judge.device.detach();
    const where = `seed ${options.seed}, after ${length} events, ${about}`;
    judge.judgeTwice(durable, begun[length - 1]!, where, count % options.recoverEvery === 0);
    if (count++ % 3 === 0) judge.judgeFallback(durable, begun[length - 1]!, where);
    judge.device.attach(laid);
    judge.device.rollBack();
  };
  for (let index = 0; index < events.length; index++) {
    if (events[index]!.kind === "flush") {
      durable = committed[index]!;
      if (options.honourFlush) {
        for (const write of pending) apply(write);
        pending = [];
      }
      continue;
    }
    pending.push(index);
    const last = pending.length - 1;
    const subsets = last <= 7 ? 1 << last : options.sampled;
    // Subsets without the newest write were images of a shorter prefix.
    for (let subset = 0; subset < subsets; subset++) {
      const kept = pending.filter((_, at) => at === last || (last <= 7 ? subset >> at & 1 : subset === 0 || random.next(2)));
      image(index + 1, `kept ${kept.join()}`, () => kept.forEach(apply));
    }
    for (let torn = 0; torn < options.torn; torn++) {
      const victim = pending[random.next(pending.length)]!;
      image(index + 1, `torn ${victim}`, () => pending.forEach((write) => (write === victim ? tear(write) : torn % 2 && random.next(4) === 0 ? undefined : apply(write))));
    }
  }
}

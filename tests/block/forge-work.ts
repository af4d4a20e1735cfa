// What a client does with a forged image that is served, beside a model: allocate, write, free, commit, checkpoint, mount. The model begins with the bits that the service shows, so it need not know what was forged.
import { type ForgeJudge, type View, Violation } from "./forge-judge.ts";
import { Random, blockBytes, pattern, statusOf } from "./harness.ts";
import { pageBits, slotAddresses } from "./image-map.ts";

const Status = { Ok: 0, InvalidArgument: 3, Busy: 13, ReadOnly: 34, Corrupted: 37, NoSpace: 40, TooLarge: 41 } as const;
const checkpointWanted = 16;
interface Run { address: number; count: number }

export class ForgeWork {
  private readonly random: Random;
  /** Blocks that this client was given, and what it wrote there; null: nothing yet. */
  private readonly mine = new Map<number, Uint8Array | null>();
  private readonly runs: Run[] = [];
  /** Blocks that it gave to writeExtents in the open transaction: some of them are written with the commit, or with a flush before it. */
  private readonly bound = new Set<number>();
  /** Blocks that it was ever given: an image of one that was freed may still go home. */
  private readonly given = new Set<number>();
  private readonly undo: Array<() => void> = [];
  private commits: string[] = [];
  private roots: string[];
  private openRoot: string | null = null;
  private free: bigint;
  private contents = 0;

  constructor(private readonly judge: ForgeJudge, seed: number, private view: View) {
    this.random = new Random(Math.imul(seed + 77, 0x85ebca6b) | 1);
    for (let skip = 0; skip < 8; skip++) this.random.next(2);
    this.commits = view.pieces.slice();
    this.roots = view.roots.slice();
    this.free = view.free;
  }

  private fail(about: string): never { throw new Violation(about); }
  private get bench(): ForgeJudge["bench"] { return this.judge.bench; }
  private status(call: () => unknown, allowed: number[], about: string): number {
    const status = statusOf(call);
    if (status && !allowed.includes(status)) this.fail(`${about} answers ${status}`);
    return status;
  }

  /** A little work; with every third image much, another mount, and the loss of a superblock. */
  run(): void {
    const isThorough = this.random.next(3) === 0;
    for (let step = isThorough ? 4 + this.random.next(16) : 3; step > 0 && !this.view.isReadOnly; step--) this.step();
    if (!isThorough) return;
    if (!this.view.isReadOnly) {
      this.commit();
      this.mount("a mount after work");
    }
    // A count that is about to run out may end the writing at any mount.
    if (this.view.isReadOnly) this.readOnly();
    else this.survive();
  }

  /** Reads go on, and nothing is changed. */
  private readOnly(): void {
    this.judge.device.watch();
    this.status(() => this.bench.block.allocate({ hint: 0n, count: 1, flags: 0 }), [Status.ReadOnly], "allocate");
    this.status(() => this.bench.commit(Uint8Array.of(1)), [Status.ReadOnly], "commit");
    this.status(() => this.bench.block.checkpoint(), [Status.ReadOnly], "checkpoint");
    this.bench.system.turn();
    if (this.judge.device.written.length) this.fail("something was written to what is served for reading alone");
    this.bench.read(1n, 1);
    this.bench.block.verify();
  }

  private step(): void {
    const choice = this.random.next(20);
    if (choice < 6) this.allocate();
    else if (choice < 8) this.rewrite();
    else if (choice < 11) this.release();
    else if (choice < 12) this.wrong();
    else if (choice < 15) this.commit();
    else if (choice < 16) this.abandon();
    else if (choice < 17) this.checkpoint();
    else if (choice < 18) this.bench.block.sync();
    else if (choice < 19) { this.commit(); this.mount("a mount between"); }
    else this.bench.system.turn();
    this.count();
  }

  private count(): void {
    const { freeBlocks } = this.bench.block.describe(), { waitingBlocks, reserveBlocks } = this.bench.statistics();
    if (freeBlocks + waitingBlocks + reserveBlocks !== this.free) this.fail(`${freeBlocks} + ${waitingBlocks} + ${reserveBlocks} blocks are free, and not ${this.free}`);
  }

  private isUsed(block: number): boolean | null {
    const bits = this.view.pages.get(Math.floor(block / pageBits)), at = block % pageBits;
    return bits ? (bits[at >> 3]! >> (at & 7) & 1) === 1 : null;
  }
  private setUsed(block: number, used: boolean): void {
    const bits = this.view.pages.get(Math.floor(block / pageBits)), at = block % pageBits;
    if (bits) bits[at >> 3] = used ? bits[at >> 3]! | 1 << (at & 7) : bits[at >> 3]! & ~(1 << (at & 7));
  }
  private isOwned(block: number): boolean { return this.view.owned.some(({ first, count }) => block >= first && block < first + count); }

  private allocate(): void {
    const { blockCount } = this.view, hint = this.random.next(3) ? this.random.next(Math.min(blockCount, 2 ** 31)) : 0, wanted = 1 + this.random.next(this.random.next(12) ? 6 : 5000);
    let got = { address: 0n, count: 0 };
    const status = this.status(() => { got = this.bench.block.allocate({ hint: BigInt(hint), count: wanted, flags: this.random.next(2) }); }, [Status.NoSpace, Status.Busy, Status.Corrupted, Status.TooLarge], "allocate");
    if (status === Status.Busy) return this.makeRoom();
    if (status) return;
    const run = { address: Number(got.address), count: got.count };
    if (!run.count || run.count > wanted || run.address + run.count > blockCount) this.fail(`allocate gives ${run.count} blocks at ${run.address}`);
    for (let block = run.address; block < run.address + run.count; block++) {
      if (this.isOwned(block)) this.fail(`allocate gives block ${block}, which is the service's own`);
      if (this.isUsed(block) || this.mine.has(block)) this.fail(`allocate gives block ${block}, which is in use`);
      this.setUsed(block, true);
      this.mine.set(block, null);
      this.given.add(block);
    }
    this.free -= BigInt(run.count);
    this.runs.push(run);
    this.undo.push(() => {
      for (let block = run.address; block < run.address + run.count; block++) { this.setUsed(block, false); this.mine.delete(block); }
      this.free += BigInt(run.count);
      this.runs.splice(this.runs.lastIndexOf(run), 1);
    });
    this.fill(run);
  }
  private fill({ address, count }: Run): void {
    const blocks = Math.min(count, 1 + this.random.next(8)), data = pattern(++this.contents, blocks * blockBytes);
    this.judge.device.watch();
    if (this.status(() => this.bench.writeExtents([{ address: BigInt(address), data }]), [Status.TooLarge], "writeExtents")) return;
    for (let block = address; block < address + blocks; block++) this.bound.add(block);
    this.checkWrites((block) => this.bound.has(block));
    for (let at = 0; at < blocks; at++) this.keep(address + at, data.subarray(at * blockBytes, (at + 1) * blockBytes));
  }
  private keep(block: number, data: Uint8Array): void {
    const before = this.mine.get(block)!;
    this.mine.set(block, data);
    this.undo.push(() => { this.mine.set(block, before); });
  }
  /** Writes to clients' blocks are where they may be. */
  private checkWrites(mayBe: (block: number) => boolean): void {
    for (const { block, count } of this.judge.device.written) for (let at = block; at < block + count; at++) if (!this.isOwned(at) && !mayBe(at)) this.fail(`block ${at} was written, which is somebody else's`);
  }

  private rewrite(): void {
    const run = this.runs[this.random.next(this.runs.length)];
    if (!run) return;
    const block = run.address + this.random.next(Math.min(run.count, 8)), data = this.mine.get(block)?.slice() ?? pattern(++this.contents, blockBytes);
    data.fill(this.contents++, 100, 200);
    if (!this.status(() => this.bench.write(BigInt(block), data), [Status.TooLarge, Status.Busy], "write")) this.keep(block, data);
  }

  /** One's own run, or anything that is in use. */
  private release(): void {
    const at = this.random.next(this.runs.length), own = this.runs[at];
    if (own && this.random.next(2)) {
      const status = this.status(() => this.bench.block.free(toFree(own)), [Status.Busy, Status.Corrupted], "free");
      if (status === Status.Busy) return this.makeRoom();
      if (status) return;
      this.runs.splice(at, 1);
      const contents = Array.from({ length: own.count }, (_, number) => this.mine.get(own.address + number)!);
      this.undo.push(() => { this.runs.push(own); contents.forEach((data, number) => this.mine.set(own.address + number, data)); });
      for (let number = 0; number < own.count; number++) this.mine.delete(own.address + number);
      this.freed(own);
      return;
    }
    const block = 1 + this.random.next(80);
    if (this.isUsed(block) !== true || this.mine.has(block) || this.isOwned(block)) return;
    const status = this.status(() => this.bench.block.free(toFree({ address: block, count: 1 })), [Status.Busy, Status.Corrupted], "free");
    if (!status) this.freed({ address: block, count: 1 });
  }
  private freed({ address, count }: Run): void {
    for (let block = address; block < address + count; block++) this.setUsed(block, false);
    this.free += BigInt(count);
    this.undo.push(() => {
      for (let block = address; block < address + count; block++) this.setUsed(block, true);
      this.free -= BigInt(count);
    });
  }

  /** What must be refused. */
  private wrong(): void {
    const { owned, blockCount } = this.view, run = owned[this.random.next(owned.length)]!;
    const places = [run.first, run.first + run.count - 1, blockCount, blockCount + 5, slotAddresses[1]!];
    for (let block = 1; block < 200; block++) if (this.isUsed(block) === false) { places.push(block); break; }
    for (const block of places) {
      if (!statusOf(() => this.bench.block.free(toFree({ address: block, count: 1 })))) this.fail(`block ${block} was freed`);
      if (!statusOf(() => this.bench.write(BigInt(block), pattern(1, blockBytes)))) this.fail(`block ${block} was written in place`);
      if (!statusOf(() => this.bench.writeExtents([{ address: BigInt(block), data: pattern(1, blockBytes) }]))) this.fail(`an extent was written at ${block}`);
    }
  }

  private commit(): void {
    const payload = Uint8Array.of(++this.contents, this.contents >> 8, 7, 7);
    this.judge.device.watch();
    let reply = { sequence: 0n, flags: 0 };
    const status = this.status(() => { reply = this.bench.commit(payload, 5); }, [Status.Busy, Status.TooLarge], "commit");
    if (status) return this.makeRoom();
    this.checkWrites((block) => this.bound.has(block));
    this.bound.clear();
    this.undo.length = 0;
    this.commits.push(`5 ${reply.sequence} 4 ${Buffer.from(payload).toString("hex")}`);
    if (reply.flags & checkpointWanted && this.random.next(2)) this.checkpoint();
  }
  private abandon(): void {
    this.bench.block.abandon();
    this.bound.clear();
    for (let undo = this.undo.pop(); undo; undo = this.undo.pop()) undo();
  }
  private makeRoom(): void {
    this.abandon();
    this.checkpoint();
  }
  private checkpoint(): void {
    if (this.undo.length) this.abandon();
    this.judge.device.watch();
    this.openRoot = String(++this.contents % 10).repeat(4);
    this.bench.setRoot(Buffer.from(this.openRoot, "hex"), 4);
    const status = statusOf(() => this.bench.block.checkpoint());
    if (status) this.fail(`checkpoint answers ${status}`);
    this.checkWrites((block) => this.given.has(block));
    this.roots[3] = this.openRoot;
    this.commits = [];
  }

  /** The service starts again; what was committed is there. */
  private mount(about: string): void {
    if (this.undo.length) this.abandon();
    const expected = { ...this.view, pieces: this.commits, roots: this.roots, free: this.free };
    this.view = this.judge.mountAgain(expected, about);
    this.readBack(about);
  }
  private readBack(about: string): void {
    for (const [block, data] of this.mine) if (data && Buffer.compare(this.bench.read(BigInt(block), 1), data) !== 0) this.fail(`${about}: block ${block} is not what was written`);
  }

  /** Two checkpoints of the service's own, and the newest superblock lost: nothing is missing. */
  private survive(): void {
    for (let generation = 0; generation < 2; generation++) {
      this.commit();
      this.checkpoint();
    }
    this.commit();
    const { device } = this.judge, { generation } = this.bench.block.describe(), { damagedBlocks, firstRole } = this.bench.block.verify();
    // Two slots of the image as it was are left.
    if (this.judge.isSmall && (damagedBlocks > 2n || (damagedBlocks && firstRole !== 1)) && ![...this.view.pages.values()].includes(null)) this.fail(`${damagedBlocks} blocks are damaged after two checkpoints`);
    this.bench.block.sync();
    const slot = Number(generation % 4n) * 4096;
    device.put(slot * blockBytes, device.block(slot).map((byte, at) => (at === 300 ? byte ^ 1 : byte)));
    const status = this.judge.mount();
    if (status) this.fail(`without the newest superblock a mount answers ${status}`);
    this.count();
    this.readBack("without the newest superblock");
  }
}
const toFree = ({ address, count }: Run): { address: bigint; count: number } => ({ address: BigInt(address), count });

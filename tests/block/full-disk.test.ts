// A disk that is full to its last block, the reserve included: what is deleted and synced can be written again, 1,000 times over, and never a block more or less than there is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AllocateFlag } from "../../kernel-bindings/generated/host/block.ts";
import { BlockBench, Random, SparseDevice, blockBytes, minimumImageBytes, pattern, statusOf } from "./harness.ts";

const noSpace = 40;
const rounds = 1000;

interface Run { address: bigint; count: number; /** Of its content; 0: never written. */ seed: number }

class FullDisk {
  readonly bench = new BlockBench(new SparseDevice(minimumImageBytes));
  readonly runs: Run[] = [];
  private contents = 0;
  private readonly random = new Random(77);

  constructor() { this.bench.block.format({ blockCount: 0n, flags: 0 }); }

  /** Allocate, and write if `isWritten`, until nothing is left; blocks. */
  fill(runBlocks: number, isWritten: boolean): number {
    let total = 0;
    for (;;) {
      let found = { address: 0n, count: 0 };
      const status = statusOf(() => { found = this.bench.block.allocate({ hint: 0n, count: runBlocks, flags: AllocateFlag.fromReserve }); });
      if (status === noSpace) break;
      assert.equal(status, 0);
      const seed = isWritten ? ++this.contents : 0;
      if (isWritten) this.bench.writeExtents([{ address: found.address, data: pattern(seed, found.count * blockBytes) }]);
      this.runs.push({ address: found.address, count: found.count, seed });
      total += found.count;
    }
    this.commit();
    return total;
  }
  /** Free a few runs; blocks. */
  delete(runs: number): number {
    let total = 0;
    for (let i = 0; i < runs; i++) {
      const [run] = this.runs.splice(this.random.next(this.runs.length), 1);
      this.bench.block.free({ address: run!.address, count: run!.count });
      total += run!.count;
    }
    this.commit();
    return total;
  }
  private commit(): void {
    this.bench.commit(Uint8Array.of(1));
    this.bench.block.sync();
  }
  /** Content of the newest runs and of a random one, and the number of blocks in use by a recount. */
  check(about: string): void {
    for (const run of [...this.runs.slice(-3), this.runs[this.random.next(this.runs.length)]!]) {
      if (run.seed) assert.deepEqual(this.bench.read(run.address, run.count), pattern(run.seed, run.count * blockBytes), about);
    }
    const used = this.bench.allocation().reduce((sum, bit) => sum + bit, 0), { ownedBlocks, damagedBlocks } = this.bench.block.verify();
    assert.equal(used, Number(ownedBlocks) + this.runs.reduce((sum, { count }) => sum + count, 0), about);
    assert.equal(damagedBlocks, 0n, about);
  }
}

test(`fill to the last block, delete, sync, write again: ${rounds} rounds`, (context) => {
  const disk = new FullDisk(), { bench } = disk;
  const total = Number(bench.block.describe().blockCount) - Number(bench.block.verify().ownedBlocks);
  assert.equal(disk.fill(97, false), total, "to the last block");
  const started = performance.now();
  for (let round = 0; round < rounds; round++) {
    assert.equal(bench.block.describe().freeBlocks, 0n);
    const freed = disk.delete(1 + (round % 5));
    assert.equal(statusOf(() => bench.block.allocate({ hint: 0n, count: 1, flags: AllocateFlag.fromReserve })), noSpace, "nothing recoverable may be overwritten yet");
    bench.block.checkpoint();
    bench.block.checkpoint();
    assert.equal(disk.fill(1 + (round % 40), true), freed, `round ${round}: what was deleted, to the last block`);
    if (round % 100 !== 99) continue;
    disk.check(`round ${round}`);
    bench.mount();
    assert.equal(bench.block.describe().mountStatus, 0);
    disk.check(`round ${round}, mounted anew`);
  }
  context.diagnostic(`${rounds} rounds in ${((performance.now() - started) / 1000).toFixed(1)} s, ${disk.runs.length} runs at the end`);
  bench.close();
});

// A client of the block service that does one thing at a time, with a model of every committed state: for tests that choose the moment at which something fails.
import assert from "node:assert/strict";
import { type State, allocationBytes, number32 } from "./crash-workload.ts";
import { type BlockBench, blockBytes, pattern } from "./harness.ts";

/** A client and its model: numbered transactions, and what the blocks of each hold. */
export class Hand {
  readonly states: State[] = [];
  number = 0;
  /** Transactions whose durability was acknowledged. */
  durable = 0;
  private contents = 0;
  private live = new Map<bigint, Uint8Array[]>();

  constructor(readonly bench: BlockBench) {}

  /** Start from a state that is mounted. */
  goOn(states: readonly State[]): this {
    this.states.splice(0, Infinity, ...states);
    this.number = this.durable = states.length - 1;
    this.live = new Map(states.at(-1)!.live);
    return this;
  }
  note(): void { this.states[this.number] = { number: this.number, live: new Map(this.live), allocation: allocationBytes(this.bench) }; }
  content(blocks: number): Uint8Array { return pattern(++this.contents * 7 + this.number * 1000, blocks * blockBytes); }
  block(address: bigint): Uint8Array[] { return this.live.get(address)!; }
  addresses(): bigint[] { return [...this.live.keys()]; }
  keep(address: bigint, data: Uint8Array): void { this.live.set(address, Array.from({ length: data.length / blockBytes }, (_, at) => data.subarray(at * blockBytes, (at + 1) * blockBytes))); }

  /** Read the first blocks of an extent: what the model says, or an error. */
  read(address: bigint, blocks: number): void {
    assert.deepEqual(this.bench.read(address, blocks), new Uint8Array(Buffer.concat(this.block(address).slice(0, blocks))));
  }
  extent(blocks: number): void {
    const data = this.content(blocks), { address } = this.bench.block.allocate({ hint: 0n, count: blocks, flags: 0 });
    this.bench.writeExtents([{ address, data }]);
    this.keep(address, data);
  }
  redo(address: bigint, at: number): void {
    const data = this.content(1);
    this.bench.write(address + BigInt(at), data);
    this.live.set(address, this.live.get(address)!.with(at, data));
  }
  free(address: bigint): void {
    this.bench.block.free({ address, count: this.live.get(address)!.length });
    this.live.delete(address);
  }
  commit(): void {
    this.bench.commit(number32(this.number + 1));
    this.number++;
    this.note();
  }
  sync(): void {
    const { number } = this;
    this.bench.block.sync();
    this.durable = number;
  }
  grow(bytes: number): void {
    this.bench.block.grow({ blockCount: BigInt(bytes / blockBytes) });
  }
  checkpoint(): void {
    this.bench.setRoot(number32(this.number));
    this.bench.block.checkpoint();
    this.durable = this.number;
  }
}

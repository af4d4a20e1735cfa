// The plain durable write: whatever power loss or a failing device leaves, the blocks hold what they held after some of the writes, in order, and after every write that was acknowledged.
import assert from "node:assert/strict";
import { test } from "node:test";
import { crashImages, everything } from "./crash-images.ts";
import { modes } from "./fault-images.ts";
import { FaultyDevice } from "./faulty-device.ts";
import { BlockBench, Random, SparseDevice, blockBytes, minimumImageBytes, pattern, statusOf } from "./harness.ts";

const Status = { Ok: 0, DeviceError: 32, Lost: 38 } as const;
const blocks = 3;

class Client {
  /** The blocks after each write; 0: before the first. */
  readonly states: Uint8Array[] = [new Uint8Array(pattern(99, blocks * blockBytes))];
  readonly address: bigint;

  constructor(readonly bench: BlockBench) {
    bench.block.format({ blockCount: BigInt(minimumImageBytes / blockBytes), flags: 0 });
    this.address = bench.store(this.states[0]!);
    bench.commit();
    bench.block.checkpoint();
  }
  /** Write `count` blocks from `at` on: one is mostly a patch, more are not. */
  write(at: number, count: number): number {
    const next = this.states.at(-1)!.slice();
    for (let block = at; block < at + count; block++) next.set(pattern(this.states.length * 10 + block, 900), block * blockBytes + 700 * (block + 1));
    this.states.push(next);
    return statusOf(() => this.bench.writeDurable(this.address + BigInt(at), next.subarray(at * blockBytes, (at + count) * blockBytes)));
  }
  /** Which write the blocks stand after on this device; −1: none. */
  find(bench: BlockBench): number {
    bench.mount();
    assert.equal(bench.block.describe().mountStatus, 0);
    const found = bench.read(this.address, blocks);
    return this.states.findLastIndex((state) => Buffer.compare(state, found) === 0);
  }
}

test("power loss at every device write of durable writes: a prefix of them, no shorter than what was acknowledged", (context) => {
  const client = new Client(new BlockBench(new SparseDevice(minimumImageBytes))), device = client.bench.device as SparseDevice;
  const base = device.snapshot(), events: NonNullable<typeof device.events> = device.events = [], acknowledged: number[] = [];
  for (let i = 1; i <= 7; i++) {
    if (i === 4) client.bench.block.checkpoint();
    assert.equal(client.write(i % blocks, i === 6 ? 1 : Math.min(1 + (i % 2), blocks - (i % blocks))), Status.Ok);
    while (acknowledged.length < events.length) acknowledged.push(i - 1);
  }
  const crashed = new SparseDevice(minimumImageBytes, base), bench = new BlockBench(crashed);
  crashed.become(base);
  let images = 0;
  for (const { length, about } of crashImages(crashed, events, new Random(3), everything)) {
    crashed.mark();
    const found = client.find(bench);
    // A flush ends its write, but for those of the checkpoint.
    const flushed = events.slice(0, length).findLastIndex(({ kind }) => kind === "flush");
    const least = flushed < 0 ? 0 : acknowledged[flushed]!, most = acknowledged[length - 1]! + 1;
    assert.ok(found >= least && found <= most, `${about}: the state after write ${found}, and not after ${least} to ${most}`);
    crashed.rollBack();
    images++;
  }
  context.diagnostic(`${images} crash images of ${events.length} events`);
  assert.ok(images > 100);
  bench.close();
  client.bench.close();
});

test("each request of a durable write fails: what is acknowledged is there, with power and without; what is not is there or is not", () => {
  const device = new FaultyDevice(), client = new Client(new BlockBench(device)), other = new BlockBench(new SparseDevice(minimumImageBytes));
  client.write(0, 1);
  const image = device.snapshot(), before = client.states.length - 1;
  const seen = { told: 0, hidden: 0 };
  for (const [mode, plan] of modes) for (let nth = 0; ; nth++) {
    const about = `request ${nth} fails ${mode}`;
    device.become(image);
    client.bench.mount();
    client.states.length = before + 1;
    device.failRequests(plan(nth));
    const status = client.write(0, 2);
    if (!device.failed) break;
    device.failRequests(null);
    assert.ok([Status.Ok, Status.DeviceError, Status.Lost].includes(status as 0), `${about}: status ${status}`);
    seen[status ? "told" : "hidden"]++;
    for (const left of [device.snapshot(), device.afterPowerLoss()]) {
      (other.device as SparseDevice).become(left);
      const found = client.find(other);
      assert.ok(found === before + 1 || (status !== 0 && found === before), `${about}: status ${status}, the state after write ${found}`);
    }
    assert.deepEqual(client.bench.system.faults, []);
  }
  assert.ok(seen.told >= 4 && seen.hidden >= 1, JSON.stringify(seen));
  other.close();
  client.bench.close();
});

// How long an image waits to go home while nobody asks for anything, and what that costs the device: the release module with the kernel's timer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockBench, SparseDevice, blockBytes, minimumImageBytes, pattern } from "./harness.ts";

function freshBench(): { device: SparseDevice; bench: BlockBench; address: bigint } {
  const device = new SparseDevice(minimumImageBytes), bench = new BlockBench(device);
  bench.block.format({ blockCount: 0n, flags: 0 });
  const { address } = bench.block.allocate({ hint: 0n, count: 64, flags: 0 });
  bench.commit();
  bench.block.sync();
  bench.idle(60);
  return { device, bench, address };
}
const home = (device: SparseDevice, address: bigint): Uint8Array => device.peek(Number(address) * blockBytes, blockBytes);
/** What reaches the device: a flush, a write of one of the 64 blocks by number, or of another: the log. */
function during(device: SparseDevice, address: bigint, action: () => void): string[] {
  device.events = [];
  action();
  const seen = device.events.map((event) => {
    const at = event.kind === "flush" ? 0 : event.offset / blockBytes - Number(address);
    return event.kind === "flush" ? "flush" : at >= 0 && at < 64 ? `block ${at}` : "log";
  });
  device.events = null;
  return seen;
}

test("a lone small write goes home after five seconds: a seal, a flush, one write, and nothing after it", () => {
  const { device, bench, address } = freshBench(), data = pattern(3, blockBytes);
  assert.equal(bench.system.millisecondsToTimer(), Infinity, "nothing waits, and no timer is set");
  assert.deepEqual(during(device, address, () => bench.writeDurable(address, data)), ["log", "flush"]);
  assert.deepEqual(during(device, address, () => bench.idle(4.5)), ["log"], "the seal");
  assert.notDeepEqual(home(device, address), data);
  assert.deepEqual(during(device, address, () => bench.idle(0.6)), ["flush", "block 0"]);
  assert.deepEqual(home(device, address), data);
  assert.equal(bench.statistics().waitingImages, 0n);
  assert.equal(bench.system.millisecondsToTimer(), Infinity);
  const { deviceReads } = bench.statistics();
  assert.deepEqual(during(device, address, () => { bench.idle(600); bench.block.sync(); bench.idle(600); }), []);
  assert.equal(bench.statistics().deviceReads, deviceReads);
  bench.close();
});

test("writes that go on for longer than that wait no longer for it", () => {
  const { device, bench, address } = freshBench();
  const written = new Map<number, number>();
  let longest = 0;
  for (let second = 0; second < 60; second++) {
    const at = second % 40, seen = during(device, address, () => { bench.writeDurable(address + BigInt(at), pattern(second, blockBytes)); bench.idle(1); });
    if (!written.has(at)) written.set(at, second);
    for (const event of seen) if (event.startsWith("block")) {
      const block = Number(event.slice(6));
      longest = Math.max(longest, second + 1 - written.get(block)!);
      written.delete(block);
    }
  }
  assert.equal(longest, 5);
  bench.idle(6);
  assert.equal(bench.statistics().waitingImages, 0n);
  bench.close();
});

test("many that wait go home in bounded steps when the timer has fired, as soon as their client leaves time for it", () => {
  const { device, bench, address } = freshBench();
  for (let at = 0; at < 60; at++) bench.write(address + BigInt(at), pattern(at, blockBytes));
  bench.commit();
  bench.clock.advance(5e9);
  // The client calls: it hears its answers, and the images wait until nobody wants the processor.
  assert.deepEqual(during(device, address, () => { bench.block.describe(); bench.block.describe(); }), []);
  const seen = during(device, address, () => bench.idle(0));
  assert.deepEqual(seen.slice(0, 3), ["flush", "log", "flush"]);
  assert.deepEqual(seen.slice(3), Array.from({ length: 60 }, (_, at) => `block ${at}`), "the oldest first");
  bench.close();
});

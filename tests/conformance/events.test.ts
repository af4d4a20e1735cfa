// Notifications, waiting and timers (docs/abi.md §4, §5): bits stay pending while the stack is not empty, `wait` lets only
// devices and timers advance, and always times out.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Status } from "../../host/kernel/abi.ts";
import { DeterministicClock } from "../../host/kernel/clock.ts";
import { MemoryConsole } from "../../host/kernel/console.ts";
import { bootHosted } from "../../host/kernel/system.ts";
import { bootProbes, HighHandles, LowHandles, MiddleHandles, probeManifest, Step, stepMessage } from "./probe-system.ts";

test("bits are limited to the mask, gathered, and delivered once the stack is empty", async () => {
  const { low, middle } = await bootProbes();
  assert.equal(low.result(Step.notify, LowHandles.toMiddle, 0xff), 0);
  const { bits, notified } = middle.record();
  assert.deepEqual([bits, notified], [3, 1]);
  assert.equal(low.result(Step.notify, LowHandles.toMiddle, 4), 0);
  assert.equal(middle.record().notified, 1, "a bit outside the mask is no event");
});

test("a busy domain is not entered: it is told after its own activity", async () => {
  const { low, middle } = await bootProbes();
  // Middle calls low, which notifies middle while middle is on the stack.
  const reply = middle.send(MiddleHandles.low, stepMessage(Step.notify, [LowHandles.toMiddle, 2]));
  assert.deepEqual([reply.status, reply.result], [Status.Ok, 0]);
  assert.deepEqual([middle.record().bits, middle.record().notified], [2, 1]);
  assert.ok(low);
});

test("the lowest rank is told first, and each hears all its bits at once", () => {
  const order: string[] = [];
  const listener = (name: string) => ({
    receive: () => 0,
    notified: (bits: number): void => { order.push(`${name} ${bits}`); },
  });
  const system = bootHosted({ manifest: probeManifest(), modules: {}, only: [], replace: { low: listener("low"), middle: {
    receive: (_badge: number, _rights: number, context): number => {
      context.calls.notify(context.handle("toHigh"), 1);
      context.calls.notify(context.handle("toLow"), 4);
      context.calls.notify(context.handle("toLow"), 4);
      assert.deepEqual(order, [], "nothing is delivered while the stack is not empty");
      return 0;
    },
  }, high: listener("high") } });
  const host = system.client("host");
  assert.equal(host.call(host.handle("middle")), 0);
  assert.deepEqual(order, ["low 4", "high 1"]);
});

test("notify needs a notification with SIGNAL; a dead target answers PeerDead", async () => {
  const { low, middle } = await bootProbes();
  assert.equal(low.result(Step.notify, LowHandles.clock, 1), -Status.WrongKind);
  assert.equal(low.result(Step.notify, 0, 1), -Status.InvalidHandle);
  const mute = low.result(Step.mint, LowHandles.toMiddle, 0, 0);
  assert.equal(low.result(Step.notify, mute, 1), -Status.Denied);
  middle.step(Step.trap);
  assert.equal(low.result(Step.notify, LowHandles.toMiddle, 1), -Status.PeerDead);
});

test("wait takes only what it names and leaves the rest pending", async () => {
  const { low, middle } = await bootProbes({ clock: new DeterministicClock() });
  // Low's bits come to middle while middle is on the stack; its next step waits for one of them.
  middle.setHandler(Step.wait, 1, 0);
  low.result(Step.notify, LowHandles.toMiddle, 3);
  const { bits, handlerResult } = middle.record();
  assert.deepEqual([bits, handlerResult], [3, 0], "notified has consumed them, so wait times out");
  let results: number[] = [];
  const system = bootHosted({ manifest: probeManifest(), modules: {}, only: [], clock: new DeterministicClock(), replace: {
    low: { receive: (_b, _r, context) => context.calls.notify(context.handle("toMiddle"), 3) },
    middle: { receive: (_b, _r, context) => {
      context.begin(1, 1);
      context.calls.call(context.handle("low"));
      results = [context.calls.wait(1, 0), context.calls.wait(1, 0), context.calls.wait(2, 0)];
      return 0;
    } },
  } });
  const host = system.client("host");
  assert.equal(host.call(host.handle("middle")), 0);
  assert.deepEqual(results, [1, 0, 2]);
});

test("wait refuses bits that can never come: none at all, unknown ones, and those of a higher rank", async () => {
  const { low, middle, high } = await bootProbes();
  assert.equal(middle.result(Step.wait, 0, 10), -Status.InvalidArgument);
  assert.equal(middle.result(Step.wait, 1 << 5, 10), -Status.InvalidArgument);
  assert.equal(middle.result(Step.wait, 1 | (1 << 5), 10), -Status.InvalidArgument);
  assert.equal(low.result(Step.wait, 4, 10), -Status.InvalidArgument, "bit 2 comes from middle, above low");
  assert.equal(middle.result(Step.wait, 3, 1), 0);
  assert.equal(high.result(Step.wait, 1 << 31, 10), -Status.InvalidArgument);
});

test("bits become waitable when a lower domain is given the notification", () => {
  const results: number[] = [];
  const top = { name: "top", module: "top", rank: 5, memoryPages: 1, capabilities: [
    { name: "self", kind: "notification", domain: "top", bits: 64 }, { name: "low", kind: "endpoint", domain: "low" }] };
  const system = bootHosted({ manifest: probeManifest(), modules: {}, only: [], clock: new DeterministicClock(), extraDomains: [
    top, { name: "above", module: null, rank: 7, memoryPages: 1, capabilities: [{ name: "top", kind: "endpoint", domain: "top" }] }], replace: {
    low: { receive: (_b, _r, context) => context.calls.notify(context.capability(0), 64) },
    top: { receive: (_b, _r, context) => {
      results.push(context.calls.wait(64, 1));
      context.begin(1, 1);
      context.pass(context.handle("self"));
      results.push(context.calls.call(context.handle("low")), context.calls.wait(64, 1));
      return 0;
    } },
  } });
  const above = system.client("above");
  assert.equal(above.call(above.handle("top")), 0);
  assert.deepEqual(results, [-Status.InvalidArgument, 0, 64]);
});

test("wait times out, by the clock, and not before", async () => {
  const clock = new DeterministicClock(0, 1);
  const { low } = await bootProbes({ clock });
  const before = clock.traceNanoseconds();
  assert.equal(low.result(Step.wait, 1, 5000), 0);
  const passed = clock.traceNanoseconds() - before;
  assert.ok(passed >= 5_000_000 && passed < 5_001_000, `${passed}`);
  const real = await bootProbes();
  const start = performance.now();
  assert.equal(real.low.result(Step.wait, 1, 20_000), 0);
  assert.ok(performance.now() - start >= 19);
});

test("a timer sets its bit once; wait sees it, or notified does", async () => {
  const clock = new DeterministicClock();
  const { system, low, high } = await bootProbes({ clock });
  assert.equal(low.result(Step.timerSet, LowHandles.timer, 1000), 0);
  assert.equal(low.result(Step.wait, 1 << 8, 1_000_000), 1 << 8);
  assert.equal(low.result(Step.wait, 1 << 8, 10_000), 0, "one shot");
  assert.equal(high.result(Step.timerSet, HighHandles.timer, 2000), 0);
  assert.equal(high.record().notified, 0);
  clock.advance(3_000_000);
  system.turn();
  assert.deepEqual([high.record().bits, high.record().notified], [1 << 8, 1]);
  assert.equal(high.result(Step.timerSet, HighHandles.timer, 2000), 0);
  assert.equal(high.result(Step.timerSet, HighHandles.timer, 0), 0, "0 disarms");
  clock.advance(5_000_000);
  system.turn();
  assert.equal(high.record().notified, 1);
  assert.equal(system.millisecondsToTimer(), Infinity);
  assert.equal(high.result(Step.timerSet, HighHandles.clock, 5), -Status.WrongKind);
});

test("a timer that is due is delivered after the next call as well", async () => {
  const clock = new DeterministicClock();
  const { low, high } = await bootProbes({ clock });
  high.result(Step.timerSet, HighHandles.timer, 1000);
  clock.advance(2_000_000);
  low.step(Step.nothing);
  assert.equal(high.record().notified, 1);
});

test("console input sets its bit in every domain that has the console", async () => {
  const console_ = new MemoryConsole();
  const { system, high } = await bootProbes({ console: console_ });
  console_.push("hello");
  system.turn();
  assert.equal(high.record().bits, 1 << 9);
  system.turn();
  assert.equal(high.record().notified, 1);
});

test("a handler may call down, and what it causes is delivered too", async () => {
  const { low, middle, high } = await bootProbes();
  middle.poke(middle.messageOut, stepMessage(Step.nothing, [4, 5]));
  middle.setHandler(Step.call, MiddleHandles.low);
  high.setHandler(Step.nothing);
  low.result(Step.notify, LowHandles.toMiddle, 1);
  assert.equal(middle.record().handlerResult, 0);
  middle.setHandler(Step.notify, MiddleHandles.toHigh, 1);
  low.result(Step.notify, LowHandles.toMiddle, 1);
  assert.deepEqual([high.record().bits, high.record().notified], [1, 1]);
});

test("two domains that notify each other for ever do not hold the host up", async () => {
  const system = bootHosted({ manifest: probeManifest(), modules: {}, only: [], replace: {
    low: { receive: (_b, _r, context) => context.calls.notify(context.handle("toMiddle"), 1), notified: (_bits, context) => { context.calls.notify(context.handle("toMiddle"), 1); } },
    middle: { receive: () => 0, notified: (_bits, context) => { context.calls.notify(context.handle("toLow"), 4); } },
  } });
  const host = system.client("host");
  assert.equal(host.call(host.handle("low")), 0);
});

// Time limits on the hosted kernel (docs/supervision.md §5): a module that runs for ever ends, with everybody on the stack,
// and the system goes on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Status } from "../../host/kernel/abi.ts";
import { MemoryConsole } from "../../host/kernel/console.ts";
import type { BootOptions } from "../../host/kernel/system.ts";
import { State } from "./fake-system.ts";
import { bootProbes, HighHandles, LowHandles, MiddleHandles, probeManifest, Read, Step, stepMessage } from "./probe-system.ts";

const limitMs = 40;
const restart = { limit: 5, windowMs: 60_000, backoffMs: 0 };

/** Probes with limits (all but those named) and a watchdog. */
async function bootWatched(unlimited: string[] = [], options: Partial<BootOptions> = {}) {
  const manifest = probeManifest();
  for (const domain of manifest.domains) {
    if (domain.module === null) continue;
    Object.assign(domain, { restart });
    if (!unlimited.includes(domain.name)) Object.assign(domain, { timeLimitMs: limitMs });
  }
  return bootProbes({ manifest, watchdog: true, ...options });
}

const spins: Array<[string, number, number[]]> = [
  ["an empty loop", Step.spin, []], ["a loop that stores", Step.spinStoring, []], ["a loop of relax", Step.spinRelaxing, []],
  ["a loop that mints and drops", Step.spinMinting, [LowHandles.self, 511, 0]], ["a loop of calls that are refused", Step.spinCalling, [LowHandles.self]],
];
for (const [name, step, parameters] of spins) {
  test(`${name} is stopped in its time, and its domain comes back`, async () => {
    const { system, low, middle } = await bootWatched();
    const bystander = system.domain("high").bytes.slice();
    const started = performance.now();
    assert.equal(low.step(step, parameters).status, Status.PeerRestarted);
    const took = performance.now() - started;
    assert.ok(took >= limitMs - 1 && took < 1000, `${took} ms`);
    assert.deepEqual(system.faults.map(({ domain, code }) => [domain, code]), [["low", 6]]);
    assert.deepEqual([system.domain("low").state, system.domain("low").restarts, system.kernel.depth, system.kernel.requestId], [State.ready, 1, 0, 0]);
    const states = system.domain("low").table.slots.filter(({ handle }) => handle > 0xffff).length;
    assert.equal(states, 0);
    middle.step(Step.nothing);
    assert.deepEqual(system.domain("high").bytes, bystander);
  });
}

test("everybody on the stack ends: the top with fault 6, the others with 8; the rest goes on", async () => {
  for (const step of [Step.spin, Step.spinRelaxing]) {
    const { system, low, middle, high } = await bootWatched();
    middle.poke(middle.messageOut, stepMessage(step, []));
    high.poke(high.messageOut, stepMessage(Step.call, [MiddleHandles.low], { leases: [{ address: high.scratch, length: 64, rights: Read }] }));
    assert.equal(high.step(Step.call, [HighHandles.middle]).status, Status.PeerRestarted);
    assert.deepEqual(system.faults.map(({ domain, code }) => [domain, code]).sort(), [["high", 8], ["low", 6], ["middle", 8]]);
    assert.deepEqual(["low", "middle", "high"].map((name) => system.domain(name).state), [State.ready, State.ready, State.ready]);
    for (const name of ["low", "middle", "high"]) assert.ok(system.domain(name).table.leases.every(({ handle }) => handle < 0), `${name} holds no lease`);
    for (const probe of [low, middle, high]) {
      probe.step(Step.nothing);
      assert.equal(probe.step(Step.nothing).status, Status.Ok);
    }
  }
});

test("a handler that loops, with nobody waiting for it", async () => {
  const { system, low, middle } = await bootWatched();
  middle.setHandler(Step.spin);
  assert.equal(low.result(Step.notify, LowHandles.toMiddle, 1), 0);
  assert.deepEqual(system.faults.map(({ domain, code }) => [domain, code]), [["middle", 6]]);
  assert.equal(middle.step(Step.nothing).status, Status.PeerRestarted);
  assert.equal(middle.step(Step.nothing).status, Status.Ok);
  assert.equal(low.step(Step.nothing).status, Status.Ok);
});

test("V8 strikes in the kernel's own work: the tables are made anew, everybody starts over, and the system works", async () => {
  const { system, host, low, middle } = await bootWatched();
  const minted = host.calls.capability_mint(host.handle("low"), 511, 0);
  const own = middle.result(Step.grantCreate, MiddleHandles.low, middle.scratch + 8192, 4096, Read);
  middle.result(Step.timerSet, MiddleHandles.timer, 4_000_000);
  // A system call that never comes back, half-way through linking a capability.
  const { table } = system.domain("low");
  const take = table.take.bind(table);
  table.take = () => {
    const slot = take()!;
    slot.parent = table.slots[1]!;
    for (;;) { /* for ever */ }
  };
  assert.equal(low.step(Step.mint, [LowHandles.self, 511, 0]).status, Status.PeerRestarted);
  table.take = take;
  assert.deepEqual(system.faults.map(({ domain, code }) => [domain, code]), [["low", 6], ["middle", 8], ["high", 8]]);
  assert.deepEqual(["low", "middle", "high"].map((name) => system.domain(name).state), [State.ready, State.ready, State.ready]);
  assert.equal(host.calls.capability_drop(minted), -Status.InvalidHandle);
  assert.equal(middle.step(Step.drop, [own]).status, Status.PeerRestarted);
  assert.equal(middle.result(Step.drop, own), -Status.InvalidHandle);
  assert.deepEqual([system.kernel.timers.armedCount, system.millisecondsToTimer()], [0, Infinity]);
  low.step(Step.nothing);
  const again = host.calls.capability_mint(host.handle("low"), 511, 0);
  assert.equal(host.call(again), 0);
  assert.equal(host.calls.capability_drop(again), 0);
  assert.ok(low.result(Step.mint, LowHandles.self, 511, 7) > 0);
  assert.equal(low.record().closed, 0, "the badges of the manifest are counted again");
});

test("a domain that was dying on the stack when V8 struck is stopped, with the fault that it died of", async () => {
  const console = new MemoryConsole();
  const { system, middle } = await bootWatched([], { console });
  console.write = (bytes) => { system.kill("middle", "by a hook"); return bytes.length; };
  // Low writes to the console, which kills middle beneath it, and then never returns.
  middle.poke(middle.messageOut, stepMessage(Step.spin, []));
  system.kernel.domains[0]!.receive = (() => {
    const inner = system.kernel.domains[0]!.receive;
    return (badge: number, rights: number) => { system.kill("middle", "by a hook"); return inner(badge, rights); };
  })();
  assert.equal(middle.step(Step.call, [MiddleHandles.low]).status, Status.PeerRestarted);
  assert.deepEqual(system.faults.map(({ domain, code }) => [domain, code]), [["middle", 5], ["low", 6]]);
  assert.deepEqual([system.kernel.supervisor.dyingCount, system.domain("middle").state, system.domain("low").state], [0, State.ready, State.ready]);
});

test("the limit of an activity is the greatest sum of limits along a chain of calls; without one everywhere there is none", async () => {
  const { system } = await bootWatched();
  const { watchdog } = system.kernel;
  assert.deepEqual(["low", "middle", "high"].map((name) => watchdog!.limitOf(system.domain(name))), [limitMs, 2 * limitMs, 3 * limitMs]);
  const open = await bootWatched(["low"]);
  assert.deepEqual(["low", "middle", "high"].map((name) => open.system.kernel.watchdog!.limitOf(open.system.domain(name))), [0, 0, 0]);
});

test("nothing is stopped that stays in its time, and without limits nothing is watched", async () => {
  const { system, low, middle } = await bootWatched([], { timed: true });
  for (let index = 0; index < 200; index++) assert.equal(middle.result(Step.call, MiddleHandles.low), 0);
  assert.equal(low.result(Step.wait, 1, 5000), 0);
  assert.deepEqual(system.faults, []);
  const busy = ["low", "middle", "high"].map((name) => system.domain(name).busyNanoseconds);
  assert.ok(busy[0]! > 5e6 && busy[1]! > 0 && busy[1]! < busy[0]!, `${busy}`);
});

// How domains end (docs/supervision.md §§2-3): at once what they hold, later the activation, and nothing else with them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Status } from "../../host/kernel/abi.ts";
import type { DomainContext } from "../../host/kernel/typescript-domain.ts";
import { bootFakes, callFrom, type Fake, idOf, State, trap } from "./fake-system.ts";
import { bootProbes, lease, LowHandles, MiddleHandles, Read, Step, stepMessage, Write } from "./probe-system.ts";

const kill = (context: DomainContext, id: number): number => context.calls.control_kill(context.handle("control"), id);
const states = (context: DomainContext, out: number): number[] => {
  const count = context.calls.control_list(context.handle("control"), out, 16);
  return [...Array(count).keys()].map((index) => context.view.getUint32(out + 64 * index + 24, true));
};
const low = 0;
const middle = 1;

/** high → middle → low, and low does something to middle while it is on the stack. */
function threeDeep(inLow: (context: DomainContext) => void, inMiddle: Partial<Fake> = {}) {
  const ran: string[] = [];
  const fakes = bootFakes({
    low: { rank: 1, receive: (_b, _r, context) => { inLow(context); ran.push("low"); return 0; } },
    middle: { rank: 2, calls: ["low"], ...inMiddle, receive: (_b, _r, context) => {
      const address = context.reserve(64);
      context.bytes.fill(7, address, address + 64);
      context.begin(1, 1);
      context.lend(address, 64, Read | Write);
      context.calls.call(context.handle("low"));
      ran.push("middle");
      return 0;
    } },
    high: { rank: 3, calls: ["middle"], receive: (_b, _r, context) => callFrom(context, "middle") },
  });
  return { ...fakes, ran };
}

test("a domain that ends below a callee: the callee goes on without its memory, then it is unwound and its caller told", () => {
  const seen: Record<string, unknown> = {};
  const { call, ran, state, faults } = threeDeep((context) => {
    const { handle } = context.lease(0);
    seen.before = context.calls.lease_read(handle, 0, 8192, 64);
    seen.kill = kill(context, middle);
    seen.after = context.calls.lease_read(handle, 0, 8192, 64);
    seen.write = context.calls.lease_write(handle, 0, 8192, 64);
    seen.states = states(context, 8192);
    seen.again = kill(context, middle);
  });
  assert.equal(call("high"), Status.PeerRestarted);
  assert.deepEqual(seen, { before: 0, kill: 0, after: -Status.InvalidHandle, write: -Status.InvalidHandle, states: [State.ready, State.dying, State.ready, State.ready], again: -Status.PeerDead });
  assert.deepEqual(ran, ["low"], "no instruction of the middle ran again");
  assert.deepEqual([state("low"), state("middle"), state("high")], [State.ready, State.dead, State.ready]);
  assert.deepEqual(faults(), [["middle", 5]]);
  assert.equal(call("high"), Status.PeerDead);
  assert.equal(call("low"), Status.Ok);
});

test("wait above a dying domain answers Cancelled and consumes nothing; its arguments are checked first", () => {
  const got: number[] = [];
  const { call, clock } = threeDeep((context) => {
    if (context.leaseCount === 0) return void got.push(context.calls.wait(1 << 8, 0));
    context.calls.timer_set(context.handle("timer"), 1);
    clock.advance(5000);
    kill(context, middle);
    const before = clock.traceNanoseconds();
    got.push(context.calls.wait(1 << 8, 1_000_000), context.calls.wait(1 << 9, 0));
    assert.ok(clock.traceNanoseconds() - before < 1_000_000, "at once");
  });
  call("high");
  call("low");
  assert.deepEqual(got, [-Status.Cancelled, -Status.InvalidArgument, 1 << 8], "the bit is there afterwards");
});

test("a death further down the stack waits for every callee above it", () => {
  const ran: string[] = [];
  const { call, state } = bootFakes({
    low: { rank: 1, receive: (_b, _r, context) => kill(context, 2) === 0 ? 0 : 1 },
    middle: { rank: 2, calls: ["low"], receive: (_b, _r, context) => { ran.push(`low ${callFrom(context, "low")}`); return 0; } },
    high: { rank: 3, calls: ["middle"], receive: (_b, _r, context) => { callFrom(context, "middle"); ran.push("high"); return 0; } },
    top: { rank: 4, calls: ["high"], receive: (_b, _r, context) => { ran.push(`high ${callFrom(context, "high")}`); return 0; } },
  });
  assert.equal(call("top"), 0);
  assert.deepEqual(ran, ["low 0", `high ${Status.PeerRestarted}`]);
  assert.equal(state("high"), State.dead);
});

test("the dying domain gets no reply: no bytes, no capabilities", () => {
  const { call, system } = bootFakes({
    low: { rank: 1, receive: (_b, _r, context) => {
      kill(context, middle);
      context.replyWith(context.handle("self"));
      context.messageIn.setUint32(16, 0xdead, true);
      return 0;
    } },
    middle: { rank: 2, calls: ["low"], receive: (_b, _r, context) => { callFrom(context, "low"); return 0; } },
  });
  assert.equal(call("middle"), Status.PeerRestarted);
  const { table, outWords } = system.domain("middle");
  assert.ok(table.slots.every(({ handle }) => handle < 0), "a dead domain holds nothing");
  assert.notEqual(outWords[4], 0xdead);
});

test("a domain that kills itself is unwound at once, and so is one that a hook kills in the middle of a system call", () => {
  const ran: string[] = [];
  const self = bootFakes({ low: { rank: 1, receive: (_b, _r, context) => { kill(context, low); ran.push("after"); return 0; } } });
  assert.equal(self.call("low"), Status.PeerRestarted);
  assert.deepEqual([ran, self.faults()], [[], [["low", 5]]]);
  const hooked = bootFakes({ low: { rank: 1, more: [{ name: "console", kind: "console", bit: 1 }], receive: (_b, _r, context) => {
    context.calls.console_write(context.handle("console"), 4096, 1);
    ran.push("after");
    return 0;
  } } }, { console: { write: (bytes) => { hooked.system.kill("low"); return bytes.length; }, read: () => 0, arguments: "", hasInput: () => false } });
  assert.equal(hooked.call("low"), Status.PeerRestarted);
  assert.deepEqual([ran, hooked.state("low")], [[], State.dead]);
});

test("System.kill from inside another activity takes effect like control_kill", () => {
  const { call, faults, system } = threeDeep(() => system.kill("middle", "by a hook"));
  assert.equal(call("high"), Status.PeerRestarted);
  assert.deepEqual(faults(), [["middle", 5]]);
  assert.equal(system.faults[0]!.text, "by a hook");
});

test("control_kill: rights, ids, stopped domains, and clients, which are no domains to end", () => {
  const answers: number[] = [];
  const { call, host, state, system } = bootFakes({
    low: { rank: 1 },
    middle: { rank: 2, receive: (_b, _r, context) => {
      const { calls } = context;
      const control = context.handle("control");
      const listOnly = calls.capability_mint(control, Read, 0);
      const killOnly = calls.capability_mint(control, Write, 0);
      answers.push(calls.control_kill(listOnly, low), calls.control_list(killOnly, 8192, 1), calls.control_list(listOnly, 8192, 1), calls.control_kill(context.handle("self"), low), calls.control_kill(77, low),
        calls.control_kill(control, 3), calls.control_kill(control, -1), calls.control_kill(control, 2), calls.control_kill(killOnly, low), calls.control_kill(control, low));
      return 0;
    } },
  });
  assert.equal(call("middle"), 0);
  const { Denied, InvalidArgument, InvalidHandle, PeerDead, WrongKind } = Status;
  assert.deepEqual(answers, [-Denied, -Denied, 1, -WrongKind, -InvalidHandle, -InvalidArgument, -InvalidArgument, -InvalidArgument, 0, -PeerDead]);
  assert.equal(host.calls.control_kill(host.handle("control"), 2), -InvalidArgument, "the client is 2");
  system.kill("host");
  assert.deepEqual([state("host"), call("middle")], [State.ready, 0]);
});

test("control_list: state, restarts, memory, calls, resident memory, last fault, refused handles, rank", () => {
  const { call, host } = bootFakes({
    low: { rank: 1, receive: (_b, _r, context) => { for (let index = 0; index < 5; index++) context.calls.lease_read(12345, 0, 0, 0); return 0; } },
    middle: { rank: 2, receive: trap },
  });
  call("low");
  call("low");
  call("middle");
  assert.equal(host.calls.control_list(host.handle("control"), 8192, 9), 3);
  const words = (index: number): number[] => [24, 28, 32, 36, 48, 52, 56, 60].map((offset) => host.view.getUint32(8192 + 64 * index + offset, true));
  assert.deepEqual(words(0), [State.ready, 0, 1, 2, 64, 0, 10, 1]);
  assert.deepEqual(words(1), [State.dead, 0, 1, 1, 0, 1, 0, 2]);
});

test("leases and grants of a dead memory are gone from every table, with what was made of them", async () => {
  const { system, low: lowest, middle: between, high, host } = await bootProbes();
  const page = 4096;
  const address = high.scratch + 2 * page;
  const own = high.result(Step.grantCreate, 2, address, page, Read | Write); // for middle
  assert.equal(high.send(2, stepMessage(Step.nothing, [], { capabilities: [own] })).status, Status.Ok);
  const given = between.lastMessage().getUint32(128, true);
  const minted = between.result(Step.mint, given, Read, 0);
  assert.equal(between.result(Step.leaseRead, minted, 0, between.scratch, 16), 0);
  // Middle lends part of it to low, who sees it go: the grant's owner dies while middle and low are on the stack.
  let during = 0;
  const realWait = system.kernel.parts.console;
  realWait.write = () => { system.kill("high"); return 1; };
  between.poke(between.messageOut, stepMessage(Step.consoleWrite, [LowHandles.console, lowest.scratch, 1], { leases: [{ source: minted, address: 0, length: 16, rights: Read }] }));
  assert.equal(between.result(Step.call, MiddleHandles.low), 0);
  during = system.domain("low").table.leases.filter(({ handle }) => handle >= 0).length;
  assert.equal(during, 0);
  for (const handle of [given, minted]) assert.equal(between.result(Step.leaseRead, handle, 0, between.scratch, 16), -Status.InvalidHandle);
  assert.equal(host.calls.lease_read(given, 0, 0, 1), -Status.InvalidHandle);
});

test("timers, bits and badges of a dead domain are gone; notify answers PeerDead, also while it is dying", () => {
  const notified: number[] = [];
  const answers: number[] = [];
  const { call, clock, system, host } = bootFakes({
    low: { rank: 1, more: [{ name: "toMiddle", kind: "notification", domain: "middle", bits: 1 }], receive: (_b, _r, context) => {
      answers.push(context.calls.notify(context.handle("toMiddle"), 1));
      kill(context, middle);
      answers.push(context.calls.notify(context.handle("toMiddle"), 1));
      return 0;
    } },
    middle: { rank: 2, calls: ["low"], notified: (bits) => notified.push(bits), closed: (badge) => notified.push(badge), receive: (_b, _r, context) => {
      context.calls.timer_set(context.handle("timer"), 1000);
      return callFrom(context, "low");
    } },
  });
  const minted = host.calls.capability_mint(host.handle("middle"), 1, 0);
  assert.equal(call("middle"), Status.PeerRestarted);
  assert.equal(system.millisecondsToTimer(), Infinity, "the timer is disarmed");
  host.calls.capability_drop(minted);
  clock.advance(1e9);
  system.turn();
  call("low");
  assert.deepEqual(answers, [0, -Status.PeerDead, -Status.PeerDead, -Status.PeerDead]);
  assert.deepEqual(notified, []);
});

test("closed of a dead client's badge reaches the server that lives", () => {
  const closed: number[] = [];
  const { call } = bootFakes({ low: { rank: 1, closed: (badge) => closed.push(badge) }, middle: { rank: 2, calls: ["low"], receive: trap } });
  call("middle");
  assert.deepEqual(closed, [2]);
});

test("what stands on a dead domain ends with it, also when that has no restart policy; the others go on", () => {
  const restart = { limit: 3, windowMs: 1000, backoffMs: 1 };
  const { call, faults, state, log } = bootFakes({
    base: { rank: 1, receive: trap },
    recovers: { rank: 2, calls: ["base"], receive: () => 0, restart },
    stands: { rank: 2, calls: ["base"], receive: () => 0, restart, onPeerRestart: "restart" },
    onTop: { rank: 3, calls: ["stands"], receive: () => 0, restart, onPeerRestart: "restart" },
    besides: { rank: 3, receive: () => 0, restart, onPeerRestart: "restart" },
  });
  assert.equal(call("base"), Status.PeerRestarted);
  assert.deepEqual(faults(), [["base", 1], ["stands", 8], ["onTop", 8]]);
  assert.deepEqual(["base", "recovers", "stands", "onTop", "besides"].map(state), [State.dead, State.ready, State.givenUp, State.givenUp, State.ready]);
  assert.equal(log.filter((line) => /given up/.test(line)).length, 2, log.join("\n"));
});

test("a domain whose memory the device can reach takes the driver with it; one that it cannot reach does not", async () => {
  const page = 4096;
  for (const isGiven of [false, true]) {
    const { system, low: driver, middle: owner } = await bootProbes();
    driver.result(Step.mmioWrite8, LowHandles.common, 0x14, 1);
    const own = owner.result(Step.grantCreate, MiddleHandles.low, owner.scratch + 2 * page, page, Read | Write);
    owner.send(MiddleHandles.low, stepMessage(Step.nothing, [], { capabilities: [own] }));
    const given = driver.lastMessage().getUint32(128, true);
    if (isGiven) assert.equal(driver.result(Step.dmaSegments, LowHandles.dma, given, 0, page, 1, driver.scratch, 1), 1);
    // Own memory is not somebody else's.
    assert.equal(driver.result(Step.dmaSegments, LowHandles.dma, 0, driver.scratch, page, 1, driver.scratch, 1), 1);
    driver.result(Step.drop, given);
    owner.result(Step.drop, own);
    system.kill("middle");
    assert.deepEqual(system.faults.map(({ domain, code }) => [domain, code]), isGiven ? [["middle", 5], ["low", 9]] : [["middle", 5]], "also after the grant has ended: the device may have kept the address");
    assert.equal(system.device!.common.status, isGiven ? 0 : 1);
  }
});

test("a lease counts as much as a grant, and the driver's own end clears the account", async () => {
  const { system, low: driver, middle: owner } = await bootProbes();
  const dma = stepMessage(Step.dmaSegments, [LowHandles.dma, 0, 0, 64, 1, driver.scratch, 1], { leases: [{ address: owner.scratch, length: 64, rights: Write }], stands: [0, lease(0)] });
  assert.equal(owner.send(MiddleHandles.low, dma).result, 1);
  const { exposed } = system.kernel.ports[0]!;
  assert.deepEqual([...exposed].map(({ name }) => name), ["middle"]);
  system.kill("low");
  assert.equal(exposed.size, 0);
  system.kill("middle");
  assert.deepEqual(system.faults.map(({ domain }) => domain), ["low", "middle"]);
});

test("a device that does not confirm its reset: owners of memory that it knows end as well, and the driver is given up", async () => {
  const lines: string[] = [];
  const { probeManifest } = await import("./probe-system.ts");
  const manifest = probeManifest();
  for (const domain of manifest.domains.slice(0, 3)) Object.assign(domain, { restart: { limit: 5, windowMs: 1000, backoffMs: 1 } });
  const { system, low: driver, middle: owner } = await bootProbes({ manifest, log: (line) => lines.push(line) });
  const dma = stepMessage(Step.dmaSegments, [LowHandles.dma, 0, 0, 64, 1, driver.scratch, 1], { leases: [{ address: owner.scratch, length: 64, rights: Write }], stands: [0, lease(0)] });
  assert.equal(owner.send(MiddleHandles.low, dma).result, 1);
  const memory = system.domain("middle").bytes;
  system.device!.common.read = () => 1; // stuck
  system.kill("low");
  assert.deepEqual(system.faults.map(({ domain, code }) => [domain, code]), [["low", 5], ["middle", 9]]);
  assert.deepEqual([system.domain("low").state, system.domain("middle").state, system.domain("high").state], [State.givenUp, State.ready, State.ready]);
  assert.notEqual(system.domain("middle").bytes, memory, "another memory");
  assert.ok(lines.some((line) => /low: given up.*could not be reset/.test(line)), lines.join("\n"));
});

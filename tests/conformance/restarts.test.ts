// How domains come back (docs/supervision.md §4): when, in which order, as what, and who is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Status } from "../../host/kernel/abi.ts";
import type { DomainContext } from "../../host/kernel/typescript-domain.ts";
import { bootFakes, callFrom, type Fake, idOf, policy, State, trap } from "./fake-system.ts";
import { bootProbes, LowHandles, MiddleHandles, probeManifest, Step } from "./probe-system.ts";

const Operation = { trap: 1, mint: 2, killMiddle: 3 } as const;

/** A server that traps on demand, hands out minted endpoints and counts what reaches it. */
function server(more: Partial<Fake> = {}): Fake & { served: number; starts: number; closedBadges: number[] } {
  const self = {
    rank: 1, restart: policy, served: 0, starts: 0, closedBadges: [] as number[],
    start: () => { self.starts++; return 0; },
    closed: (badge: number) => { self.closedBadges.push(badge); },
    receive: (_badge: number, _rights: number, context: DomainContext) => {
      self.served++;
      if (context.operation === Operation.trap) trap();
      if (context.operation === Operation.mint) context.replyWith(context.calls.capability_mint(context.handle("self"), 511, 5));
      return 0;
    },
    ...more,
  };
  return self;
}

test("after a trap the server is back before the call returns; its caller has been told by that call", () => {
  const low = server();
  const { call, state, system } = bootFakes({ low });
  const memory = system.domain("low").bytes;
  memory[9000] = 77;
  assert.equal(call("low", Operation.trap), Status.PeerRestarted);
  assert.deepEqual([state("low"), system.domain("low").restarts, low.starts], [State.ready, 1, 2]);
  assert.notEqual(system.domain("low").bytes, memory);
  assert.equal(system.domain("low").bytes[9000], 0, "fresh memory");
  assert.equal(call("low"), 0, "told once");
  assert.equal(low.served, 2);
});

test("others are told by their first call, without entering the server, once for each endpoint of the manifest", () => {
  const low = server();
  const answers: number[] = [];
  const { call } = bootFakes({
    low,
    middle: { rank: 2, calls: ["low"], more: [{ name: "again", kind: "endpoint", domain: "low", badge: 20 }], receive: (_b, _r, context) => {
      answers.push(callFrom(context, "low"), callFrom(context, "low"), callFrom(context, "again"), callFrom(context, "again"));
      return 0;
    } },
  });
  call("low", Operation.trap);
  low.served = 0;
  call("middle");
  assert.deepEqual(answers, [Status.PeerRestarted, 0, Status.PeerRestarted, 0]);
  assert.equal(low.served, 2);
  call("middle");
  assert.deepEqual(answers.slice(4), [0, 0, 0, 0]);
});

test("an endpoint made at run time answers PeerRestarted until it is dropped, and so does what is made of it", () => {
  const low = server();
  const { call, host } = bootFakes({ low });
  const before = host.calls.capability_mint(host.handle("low"), 511, 0);
  call("low", Operation.mint);
  const minted = host.receivedCapability(0);
  host.begin(1, 0);
  assert.deepEqual([host.call(before), host.call(minted)], [0, 0]);
  call("low", Operation.trap);
  low.served = 0;
  for (let times = 0; times < 3; times++) {
    host.begin(1, 0);
    assert.deepEqual([host.call(before), host.call(minted)], [-Status.PeerRestarted, -Status.PeerRestarted]);
  }
  const copy = host.calls.capability_mint(minted, 511, 0);
  assert.equal(host.call(copy), -Status.PeerRestarted, "a copy of it is no newer");
  assert.equal(host.calls.capability_drop(minted), 0);
  assert.equal(host.call(minted), -Status.InvalidHandle);
  assert.equal(low.served, 0);
  const fresh = host.calls.capability_mint(host.handle("low"), 511, 0);
  assert.equal(host.call(fresh), 0, "the manifest's endpoint is in the new epoch, told by the trap");
});

test("a badge of an earlier epoch counts for nothing: the server hears only of what it knows", () => {
  const low = server();
  const { call, host } = bootFakes({ low });
  call("low", Operation.mint);
  const old = host.receivedCapability(0);
  call("low", Operation.trap);
  low.closedBadges.length = 0;
  call("low", Operation.mint);
  const young = host.receivedCapability(0);
  assert.equal(host.calls.capability_drop(old), 0);
  assert.deepEqual(low.closedBadges, [], "badge 5 of the first life");
  host.calls.capability_drop(young);
  call("low", Operation.mint);
  assert.equal(host.calls.capability_drop(host.receivedCapability(0)), 0);
  const copies = low.closedBadges.length;
  assert.equal(copies, 0, "the server holds a copy of each");
  const seen = server({ receive: (_b, _r, context) => { context.messageIn.setUint8(14, 1); context.replyWith(context.calls.capability_mint(context.handle("self"), 511, 5)); return 0; } });
  const second = bootFakes({ low: seen });
  second.call("low");
  const first = second.host.receivedCapability(0);
  second.system.kill("low");
  second.call("low");
  second.call("low");
  const other = second.host.receivedCapability(0);
  second.host.calls.capability_drop(first);
  assert.deepEqual(seen.closedBadges, []);
  second.host.calls.capability_drop(other);
  assert.deepEqual(seen.closedBadges, [5]);
});

test("who restarts itself starts in the present epochs", () => {
  const answers: number[] = [];
  const { call, system } = bootFakes({
    low: server(),
    middle: { rank: 2, calls: ["low"], restart: policy, receive: (_b, _r, context) => { answers.push(callFrom(context, "low")); return 0; } },
  });
  system.kill("low");
  system.kill("middle");
  call("middle");
  assert.equal(call("middle"), 0);
  assert.deepEqual(answers, [0]);
});

test("a domain of the stack comes back only when it is off it, and not over a live activation of lower rank", () => {
  const order: string[] = [];
  const note = (name: string) => () => { order.push(`start ${name}`); return 0; };
  let armed = false;
  const { call, state, system } = bootFakes({
    low: { rank: 1, restart: policy, start: note("low"), receive: (_b, _r, context) => {
      if (!armed) return 0;
      armed = false;
      context.calls.control_kill(context.handle("control"), idOf(system, "middle"));
      context.calls.control_kill(context.handle("control"), idOf(system, "side"));
      order.push(`low ${state("middle")} ${state("side")}`);
      return 0;
    } },
    middle: { rank: 2, calls: ["low"], restart: policy, start: note("middle"), receive: (_b, _r, context) => { callFrom(context, "low"); order.push("never"); return 0; } },
    high: { rank: 3, calls: ["middle"], receive: (_b, _r, context) => { order.push(`high ${callFrom(context, "middle")} ${state("middle")} ${state("side")}`); return 0; } },
    side: { rank: 3, restart: policy, start: note("side") },
    top: { rank: 4, calls: ["high"], receive: (_b, _r, context) => { callFrom(context, "high"); order.push(`top ${state("side")}`); return 0; } },
  });
  order.length = 0;
  armed = true;
  assert.equal(call("top"), 0);
  assert.deepEqual(order, [
    `low ${State.dying} ${State.restarting}`, "start middle", `high ${Status.PeerRestarted} ${State.ready} ${State.restarting}`, "start side", `top ${State.ready}`,
  ]);
});

test("a domain above restarts one below at once, and finds it running", () => {
  const seen: number[] = [];
  const { call, state, system } = bootFakes({
    low: server(),
    middle: { rank: 2, calls: ["low"], receive: (_b, _r, context) => {
      seen.push(context.calls.control_kill(context.handle("control"), 0), state("low"), callFrom(context, "low"), callFrom(context, "low"));
      return 0;
    } },
  });
  assert.equal(call("middle"), 0);
  assert.deepEqual(seen, [0, State.ready, Status.PeerRestarted, 0]);
  assert.equal(system.domain("low").restarts, 1);
});

test("what stands on it restarts with it: in order of rank, then of the manifest, the lowest first", () => {
  const order: string[] = [];
  const part = (name: string, rank: number, calls: string[], onPeerRestart: "restart" | "recover" = "restart"): Fake => ({
    rank, calls, restart: policy, onPeerRestart, start: (context) => { order.push(`${name} ${calls.map((below) => callFrom(context, below)).join(" ")}`.trim()); return 0; },
    receive: (_b, _r, context) => (context.operation === Operation.trap ? trap() : 0),
  });
  const { call, faults, system } = bootFakes({
    top: part("top", 5, ["left"]), right: part("right", 3, ["base"]), left: part("left", 3, ["base"]), base: part("base", 2, []), client: part("client", 6, ["top"], "recover"),
  }, { tolerateStartFailure: true });
  order.length = 0;
  assert.equal(call("base", Operation.trap), Status.PeerRestarted);
  assert.deepEqual(faults(), [["base", 1], ["right", 8], ["left", 8], ["top", 8]]);
  assert.deepEqual(order, ["base", "right 0", "left 0", "top 0"], "each finds what it stands on");
  assert.deepEqual(["base", "right", "left", "top", "client"].map((name) => system.domain(name).restarts), [1, 1, 1, 1, 0]);
});

test("propagation through the stack: those on it are unwound, the first live caller is told", () => {
  const ran: string[] = [];
  const { call, system } = bootFakes({
    base: server(),
    middle: { rank: 2, calls: ["base"], restart: policy, onPeerRestart: "restart", receive: (_b, _r, context) => { callFrom(context, "base", Operation.trap); ran.push("middle"); return 0; } },
    high: { rank: 3, calls: ["middle"], restart: policy, onPeerRestart: "restart", receive: (_b, _r, context) => { callFrom(context, "middle"); ran.push("high"); return 0; } },
    client: { rank: 4, calls: ["high"], receive: (_b, _r, context) => { ran.push(`client ${callFrom(context, "high")} ${callFrom(context, "high")}`); return 0; } },
  });
  assert.equal(call("client"), 0);
  assert.deepEqual(ran, [`client ${Status.PeerRestarted} ${Status.PeerRestarted}`], "the second call traps the base again");
  assert.deepEqual(["base", "middle", "high"].map((name) => system.domain(name).restarts), [1, 1, 1], "the second death backs off");
  assert.deepEqual(["base", "middle", "high", "client"].map((name) => system.domain(name).state), [State.restarting, State.restarting, State.restarting, State.ready]);
});

test("backoff: the first at once, the n-th after backoffMs · 2^(n−2) by the kernel's clock, then given up, loudly", () => {
  const { call, clock, state, system, log } = bootFakes({ low: server(), other: server({ rank: 1 }) });
  const waits: number[] = [];
  for (let death = 1; death <= 3; death++) {
    assert.equal(call("low", Operation.trap), Status.PeerRestarted);
    waits.push(Math.round(system.millisecondsToTimer()));
    if (death === 1) continue;
    assert.deepEqual([state("low"), call("low"), call("other")], [State.restarting, Status.PeerDead, 0]);
    clock.advance((waits.at(-1)! - 1) * 1e6);
    system.turn();
    assert.equal(state("low"), State.restarting);
    clock.advance(2e6);
    if (death === 2) system.turn();
    else assert.equal(call("other"), 0, "the next call is enough");
    assert.equal(state("low"), State.ready);
    if (death === 3) assert.equal(call("low"), 0, "the call in flight has told the death");
  }
  assert.deepEqual(waits, [Infinity, 100, 200]);
  assert.equal(call("low", Operation.trap), Status.PeerRestarted);
  assert.deepEqual([state("low"), call("low"), system.millisecondsToTimer()], [State.givenUp, Status.PeerDead, Infinity]);
  assert.equal(log.filter((line) => /low: given up after 3 restarts: it ended too often/.test(line)).length, 1);
});

test("only the first restart of a window happens while somebody waits for it, however short the backoff", () => {
  const seen: number[] = [];
  const { call, state } = bootFakes({
    low: server({ restart: { limit: 5, windowMs: 60_000, backoffMs: 0 } }),
    middle: { rank: 2, calls: ["low"], receive: (_b, _r, context) => {
      for (let times = 0; times < 2; times++) seen.push(callFrom(context, "low", Operation.trap), state("low"));
      seen.push(callFrom(context, "low"));
      return 0;
    } },
  });
  assert.equal(call("middle"), 0);
  assert.deepEqual(seen, [Status.PeerRestarted, State.ready, Status.PeerRestarted, State.restarting, Status.PeerDead]);
  assert.equal(state("low"), State.ready);
});

test("the window moves: deaths that are long past do not count", () => {
  const { call, clock, state, system } = bootFakes({ low: server({ restart: { limit: 1, windowMs: 1000, backoffMs: 10 } }) });
  for (let death = 0; death < 5; death++) {
    call("low", Operation.trap);
    assert.equal(state("low"), State.ready);
    clock.advance(1001e6);
    system.turn();
  }
  call("low", Operation.trap);
  call("low", Operation.trap);
  assert.equal(state("low"), State.givenUp);
});

test("given up with what it stands on, also while waiting; deaths of others do not count as its own", () => {
  const upper: Fake = { rank: 2, calls: ["low"], restart: { limit: 1, windowMs: 60_000, backoffMs: 100 }, onPeerRestart: "restart" };
  const { call, clock, state, system } = bootFakes({ low: server({ restart: { limit: 2, windowMs: 60_000, backoffMs: 100 } }), upper });
  call("low", Operation.trap);
  assert.equal(state("upper"), State.ready, "its first");
  call("low", Operation.trap);
  assert.deepEqual([state("low"), state("upper")], [State.restarting, State.restarting]);
  clock.advance(101e6);
  system.turn();
  assert.deepEqual([state("low"), state("upper"), system.domain("upper").restarts], [State.ready, State.ready, 2], "its second, which is none of its own");
  system.kill("upper");
  assert.equal(state("upper"), State.ready);
  call("low", Operation.trap);
  assert.deepEqual([state("low"), state("upper")], [State.givenUp, State.givenUp]);
});

test("a start that refuses or traps is a death of its own (7), and counts", () => {
  for (const [refuse, fault] of [[() => Status.NoSpace, 7], [trap, 1]] as const) {
    let lives = 0;
    const low = server({ start: () => (++lives === 2 ? refuse() : 0) });
    const { call, faults, state, clock, system } = bootFakes({ low });
    assert.equal(call("low", Operation.trap), Status.PeerRestarted);
    assert.deepEqual(faults(), [["low", 1], ["low", fault]]);
    assert.equal(state("low"), State.restarting, "the second of its window backs off");
    clock.advance(101e6);
    system.turn();
    assert.deepEqual([state("low"), lives, call("low"), call("low")], [State.ready, 3, Status.PeerRestarted, 0], "two epochs later the caller hears of the second");
  }
});

test("at boot a start that fails once comes back, and who starts later finds it running", () => {
  let lives = 0;
  const answers: number[] = [];
  const { state, system } = bootFakes({
    low: server({ start: () => (++lives === 1 ? Status.DeviceError : 0) }),
    middle: { rank: 2, calls: ["low"], start: (context) => { answers.push(callFrom(context, "low")); return 0; } },
  });
  assert.deepEqual([state("low"), answers, system.refused.size, lives], [State.ready, [0], 0, 2]);
});

test("closed badges reach living servers before the domain comes back", () => {
  const order: string[] = [];
  const { call } = bootFakes({
    low: { rank: 1, closed: (badge) => { order.push(`closed ${badge}`); } },
    middle: { rank: 2, calls: ["low"], restart: policy, start: () => { order.push("start"); return 0; }, receive: trap },
  });
  order.length = 0;
  call("middle");
  assert.deepEqual(order, ["closed 2", "start"]);
});

test("badges of the manifest are counted in the new epoch as well: closed comes with the last copy", () => {
  const low = server();
  const shared = { name: "shared", kind: "endpoint", domain: "low", badge: 40 };
  const { call, system } = bootFakes({ low, left: { rank: 2, more: [shared], receive: trap }, right: { rank: 2, more: [shared], receive: trap } });
  system.kill("low");
  call("left");
  assert.deepEqual(low.closedBadges, [], "right has one");
  call("right");
  assert.deepEqual(low.closedBadges, [40]);
});

test("bits that were sent before it was ready again are lost", () => {
  const notified: number[] = [];
  const { call, clock, system } = bootFakes({
    low: server({ more: [{ name: "console", kind: "console", bit: 3 }], notified: (bits: number) => notified.push(bits) } as Partial<Fake>),
  }, { console: { write: () => 0, read: () => 0, arguments: "", hasInput: () => system?.domain("low").state === State.restarting } });
  call("low", Operation.trap);
  call("low", Operation.trap);
  system.turn();
  clock.advance(101e6);
  system.turn();
  assert.deepEqual([notified, call("low")], [[], 0]);
});

test("a module restarts with fresh memory, handles unchanged, its device and its timers in order", async () => {
  const manifest = probeManifest();
  for (const domain of manifest.domains.slice(0, 3)) Object.assign(domain, { restart: policy });
  const { system, low, middle } = await bootProbes({ manifest });
  low.poke(low.scratch, Uint8Array.from([9]));
  assert.equal(low.result(Step.mmioRead16, LowHandles.common, 0x12), 1);
  assert.equal(low.step(Step.trap).status, Status.PeerRestarted);
  assert.deepEqual([...low.peek(low.scratch, 1)], [0]);
  assert.equal(low.record().starts, 1, "the count is in the memory");
  assert.equal(low.result(Step.mmioRead16, LowHandles.common, 0x12), 1, "the window");
  assert.equal(low.result(Step.timerSet, LowHandles.timer, 20_000), 0);
  assert.equal(low.result(Step.wait, 1 << 8, 1_000_000), 1 << 8, "the timer");
  assert.equal(middle.result(Step.call, MiddleHandles.low), -Status.PeerRestarted);
  assert.equal(middle.result(Step.call, MiddleHandles.low), 0);
  assert.equal(system.domain("low").restarts, 1);
});

test("power-off in a start during a restart ends everything", async () => {
  let lives = 0;
  const { call, system, host } = bootFakes({
    low: server({ more: [{ name: "power", kind: "power" }], start: (context: DomainContext) => {
      if (++lives === 2) context.calls.power_off(context.handle("power"), 3);
      return 0;
    } } as Partial<Fake>),
  });
  assert.throws(() => { call("low", Operation.trap); host.call(host.handle("low")); }, /power off/);
  assert.equal(system.powerOffStatus, 3);
});

// Deaths at a chosen message (docs/supervision.md §8) and from hooks, background work (§7), and how the trace shows all that.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Status } from "../../host/kernel/abi.ts";
import { MemoryDisk } from "../../host/devices/disk.ts";
import type { BootOptions } from "../../host/kernel/system.ts";
import { TraceDecoder } from "../../host/trace/trace-decoder.ts";
import { TraceReader } from "../../host/trace/trace-file.ts";
import { textLine } from "../../host/trace/trace-text.ts";
import { bootDriver } from "./boot-driver.ts";
import { bootFakes, callFrom, type Fake, policy, State, trap } from "./fake-system.ts";

/** host → top → middle → low, where middle gives low a capability and gets one back. */
function chain(options: Partial<BootOptions> = {}) {
  const ran: string[] = [];
  let starts = 0;
  const part = (name: string, rank: number, below: string | null): Fake => ({
    rank, calls: below === null ? [] : [below], restart: policy, start: () => { starts++; return 0; },
    receive: (_b, _r, context) => {
      const seen = context.capabilityCount;
      if (below === null) {
        ran.push(`${name} ${seen}`);
        context.replyWith(context.calls.capability_mint(context.handle("self"), 511, 500));
        return 0;
      }
      context.begin(1, 1);
      if (name === "middle") context.pass(context.calls.capability_mint(context.handle("self"), 511, 600));
      const status = 0 - context.calls.call(context.handle(below));
      ran.push(`${name} ${status}`);
      return 0;
    },
  });
  const fakes = bootFakes({ low: part("low", 1, null), middle: part("middle", 2, "low"), top: part("top", 3, "middle") }, options);
  const held = (name: string): number => fakes.system.domain(name).table.slots.filter(({ handle }) => handle > 0xffff).length;
  return { ...fakes, ran, held, starts: () => starts };
}

test("messages are counted from 1 once all have started: calls and replies, with who sends to whom", () => {
  const seen: number[][] = [];
  const { call, system } = chain({ onMessage: (...parameters) => { seen.push(parameters); } });
  assert.equal(call("top"), 0);
  assert.deepEqual(seen, [[1, 3, 2], [2, 2, 1], [3, 1, 0], [4, 0, 1], [5, 1, 2], [6, 2, 3]]);
  assert.equal(system.messageCount, 6);
});

const PR = Status.PeerRestarted;
/** [victim, message]: what ran, what the host got, what it gets afterwards. */
const injections: Array<[string, number, string[], number, number]> = [
  ["top", 1, [], PR, 0], ["middle", 1, [`top ${PR}`], 0, 0], ["low", 1, [`middle ${PR}`, "top 0"], 0, 0],
  ["top", 2, [], PR, 0], ["middle", 2, [`top ${PR}`], 0, 0], ["low", 2, [`middle ${PR}`, "top 0"], 0, 0],
  ["top", 3, ["low 1", "middle 0"], PR, 0], ["middle", 3, [`top ${PR}`], 0, 0], ["low", 3, [`middle ${PR}`, "top 0"], 0, 0],
  ["top", 4, ["low 1", "middle 0"], PR, 0], ["middle", 4, ["low 1", `top ${PR}`], 0, 0], ["low", 4, ["low 1", `middle ${PR}`, "top 0"], 0, 0],
  ["top", 5, ["low 1", "middle 0"], PR, 0], ["middle", 5, ["low 1", "middle 0", `top ${PR}`], 0, 0], ["low", 5, ["low 1", "middle 0", "top 0"], 0, 0],
  ["top", 6, ["low 1", "middle 0", "top 0"], PR, 0], ["middle", 6, ["low 1", "middle 0", "top 0"], 0, 0], ["low", 6, ["low 1", "middle 0", "top 0"], 0, 0],
  ["low", 7, ["low 1", "middle 0", "top 0"], 0, 0],
];
for (const [domain, message, expected, answer, later] of injections) {
  test(`${domain} killed at message ${message}`, () => {
    const { call, ran, state, held, faults, starts } = chain({ inject: { domain, message } });
    assert.equal(call("top"), answer);
    assert.deepEqual(ran, expected);
    if (message === 7) return assert.deepEqual(faults(), []);
    assert.deepEqual(faults(), [[domain, 5]]);
    assert.deepEqual(["low", "middle", "top"].map(state), [State.ready, State.ready, State.ready]);
    assert.equal(starts(), 4);
    const before = held("low");
    assert.ok(before <= 2, `low holds ${before}: what a request that was never received brought is not its`);
    call("top");
    assert.equal(call("top"), later, "at most one more call is told");
  });
}

test("what an injected death kept from its receiver is not left in its table", () => {
  const { held } = (() => { const world = chain({ inject: { domain: "middle", message: 3 } }); world.call("top"); return world; })();
  assert.equal(held("low"), 0);
});

test("an unknown victim is refused", () => {
  assert.throws(() => chain({ inject: { domain: "nobody", message: 1 } }), /no domain "nobody"/);
});

test("a hook may kill at a message, like an injection", () => {
  const world = chain({ onMessage: (index) => { if (index === 3) world.system.kill("middle"); } });
  assert.equal(world.call("top"), 0);
  assert.deepEqual(world.ran, [`top ${PR}`]);
  const outermost = chain({ onMessage: (index) => { if (index === 1) outermost.system.kill("low"); } });
  assert.equal(outermost.call("top"), 0);
  assert.deepEqual(outermost.ran, [`middle ${PR}`, "top 0"]);
});

test("the driver ended by whoever made the disk, in the middle of a request, immediate or queued: it comes back and works", async () => {
  for (const queued of [false, true]) {
    const disk = new MemoryDisk(4096);
    let isArmed = false;
    const read = disk.read.bind(disk);
    const { system, client, buffer } = await bootDriver({ disk, device: { queued }, restart: policy });
    disk.read = (...parameters) => {
      if (isArmed) system.kill("virtio-blk", "by the disk");
      isArmed = false;
      return read(...parameters);
    };
    client.read({ sector: 0n, buffer: { address: buffer, length: 4096 } });
    isArmed = true;
    assert.throws(() => client.read({ sector: 0n, buffer: { address: buffer, length: 4096 } }), /PeerRestarted|restarted/);
    client.read({ sector: 0n, buffer: { address: buffer, length: 4096 } });
    client.flush();
    assert.deepEqual(system.faults.map(({ domain, code, text }) => [domain, code, text]), [["virtio-blk", 5, "by the disk"]]);
    assert.equal(system.device!.common.misuses, 0);
    system.close();
  }
});

test("background: one step at a time, with an empty stack and nothing pending, lowest rank first, until there is no more", () => {
  const order: string[] = [];
  let left = 0;
  const worker = (name: string, rank: number): Fake => ({
    rank, receive: () => { left = 2; return 0; }, notified: (bits) => { order.push(`notified ${name} ${bits}`); },
    background: (context) => {
      order.push(`step ${name}`);
      if (name === "low" && left === 2) context.calls.notify(context.handle("toHigh"), 1);
      return name === "low" ? --left > 0 : 0;
    },
    ...(name === "low" ? { more: [{ name: "toHigh", kind: "notification", domain: "high", bits: 1 }] } : {}),
  });
  const { call, system } = bootFakes({ high: worker("high", 2), low: worker("low", 1) });
  system.turn();
  order.length = 0;
  system.turn();
  assert.deepEqual(order, [], "nothing to do, and not entered since");
  assert.equal(call("low"), 0);
  assert.deepEqual(order, [], "not while its client goes on");
  system.turn();
  assert.deepEqual(order, ["step low", "notified high 1", "step low", "step high"]);
});

test("background work that ends its domain or never ends", () => {
  let steps = 0;
  const { call, faults, state, system } = bootFakes({ low: { rank: 1, restart: policy, background: trap }, busy: { rank: 2, receive: () => 0, background: () => { steps++; return 1; } } });
  system.turn();
  assert.deepEqual([faults()[0], state("low")], [["low", 1], State.restarting]);
  assert.ok(steps > 0 && steps <= 100_000, `${steps}: turn comes back`);
  assert.equal(call("busy"), 0);
});

test("the trace tells of closed badges, restarts, giving up and background, as text too", () => {
  const parts: Uint8Array[] = [];
  let isBroken = false;
  const { call, host, system } = bootFakes({
    low: { rank: 1, restart: { limit: 1, windowMs: 1000, backoffMs: 1 }, closed: () => {}, background: () => 0, receive: (_b, _r, context) => {
      if (isBroken) trap();
      context.replyWith(context.calls.capability_mint(context.handle("self"), 511, 500));
      context.messageIn.setUint8(14, 1);
      return 0;
    } },
  }, { trace: (bytes) => parts.push(bytes.slice()) });
  call("low");
  host.calls.capability_drop(host.receivedCapability(0));
  system.turn();
  isBroken = true;
  call("low");
  call("low");
  system.close();
  const folder = mkdtempSync(join(tmpdir(), "axiomfs-trace-"));
  const path = join(folder, "trace");
  writeFileSync(path, Buffer.concat(parts));
  assert.ok(readFileSync(path).length > 64);
  const reader = new TraceReader(path);
  const events = [...new TraceDecoder(reader.header).decode(reader.records())];
  const lines = events.map((event) => textLine(event, 0n).replace(/^\s*[\d.]+\s+\S+\s+/, "").replace(/ [\d.]+ µs/, " … µs"));
  reader.close();
  rmSync(folder, { recursive: true });
  const wanted = [
    "kernel → low  closed badge 500", "kernel ← low  closed … µs", "kernel → low  background", "kernel ← low  background, nothing left … µs",
    "low  restarts, for the 1st time", "low  start", "low  given up after 1 restarts",
  ];
  let at = -1;
  for (const line of wanted) {
    const next = lines.indexOf(line, at + 1);
    assert.ok(next > at, `"${line}" behind line ${at} of\n${lines.join("\n")}`);
    at = next;
  }
  const reply = events.findIndex(({ kind, status }) => kind === "reply" && status === "PeerRestarted");
  assert.equal(events[reply + 1]?.kind, "restart", "behind the record of the reply");
});

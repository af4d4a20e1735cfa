// Calls and replies: who may call whom, what arrives, what comes back, and what happens when the callee dies (docs/abi.md §2, §4, §5).
import assert from "node:assert/strict";
import { test } from "node:test";
import { Status } from "../../host/kernel/abi.ts";
import { bootProbes, capability, HighHandles, LowHandles, MiddleHandles, Step, stepMessage } from "./probe-system.ts";

test("a call brings the message, badge and rights, and takes the reply back", async () => {
  const { low, high } = await bootProbes();
  const direct = low.step(Step.nothing, [1, 2, 3]);
  assert.deepEqual([direct.status, direct.badge, direct.rights], [Status.Ok, 61, 511]);
  const nested = high.send(HighHandles.low, stepMessage(Step.nothing, [7, 8, 9]));
  assert.deepEqual([nested.status, nested.badge, nested.rights], [Status.Ok, 31, 3], "badge and rights of the manifest");
  const seen = low.lastMessage();
  assert.deepEqual([seen.getUint16(0, true), seen.getUint16(2, true), seen.getUint32(16, true), seen.getUint32(24, true)], [77, Step.nothing, 7, 9]);
});

test("the kernel writes status and request id, whatever the sender put there; calls below inherit the id", async () => {
  const { low, middle } = await bootProbes();
  const message = stepMessage(Step.nothing, []);
  new DataView(message.buffer).setUint32(4, 99, true);
  new DataView(message.buffer).setUint32(8, 12345, true);
  middle.poke(middle.messageOut, message);
  const outer = middle.step(Step.call, [MiddleHandles.low]);
  const seen = low.lastMessage();
  assert.equal(seen.getUint32(4, true), 0);
  assert.equal(seen.getUint32(8, true), outer.requestId);
  assert.ok(low.step(Step.nothing).requestId > outer.requestId, "each outermost call has its own");
});

test("a reply's status reaches the caller, with the reply's fields; an unknown one becomes ProtocolBreach", async () => {
  const { low, middle } = await bootProbes();
  for (const [answered, seen] of [[Status.NotFound, Status.NotFound], [50, Status.ProtocolBreach], [256, Status.ProtocolBreach], [0xffff_ffff, Status.ProtocolBreach]] as const) {
    low.step(Step.replyNext, [answered, 0]);
    assert.equal(low.step(Step.nothing, [5]).status, seen);
    low.step(Step.replyNext, [answered, 0]);
    const nested = middle.send(MiddleHandles.low, stepMessage(Step.load, [low.scratch + 4096]));
    assert.deepEqual([nested.status, nested.badge], [seen, 21]);
  }
});

test("only downward: not to oneself, not upward, not sideways", async () => {
  const { system, host, low, middle } = await bootProbes();
  const before = system.domain("middle").calls;
  assert.equal(low.result(Step.call, LowHandles.self), -Status.Denied);
  // Give low an endpoint to middle; holding it is no right to call upward.
  const reply = low.step(Step.call, [0], { capabilities: [host.handle("middle")], stands: [capability(0)] });
  assert.equal(reply.result, -Status.Denied);
  assert.equal(system.domain("middle").calls, before);
  assert.equal(middle.step(Step.nothing).status, Status.Ok);
});

test("a call needs an endpoint", async () => {
  const { low, middle } = await bootProbes();
  assert.equal(low.result(Step.call, 0), -Status.InvalidHandle);
  assert.equal(low.result(Step.call, 999), -Status.InvalidHandle);
  assert.equal(low.result(Step.call, 0x8000_0001), -Status.InvalidHandle, "never negative");
  assert.equal(low.result(Step.call, (1 << 16) | LowHandles.self), -Status.InvalidHandle, "another generation");
  assert.equal(low.result(Step.call, 0xffff), -Status.InvalidHandle);
  assert.equal(middle.result(Step.call, MiddleHandles.clock), -Status.WrongKind);
});

test("a message with impossible counts is refused and does not arrive", async () => {
  const { low, middle } = await bootProbes();
  for (const [offset, value] of [[12, 5], [13, 5], [14, 1], [15, 128]] as const) {
    const message = stepMessage(Step.nothing, []);
    message[offset] = value;
    assert.equal(middle.send(MiddleHandles.low, message).status, Status.InvalidArgument, `byte ${offset}`);
  }
  // A fifth lease would be read from the capability slots: make it a good one, so that only the count is wrong.
  const fifth = stepMessage(Step.nothing, [], { leases: [1, 2, 3, 4].map(() => ({ address: middle.scratch, length: 1, rights: 1 })) });
  fifth[12] = 5;
  new Uint32Array(fifth.buffer, 128, 4).set([0, middle.scratch, 1, 1]);
  assert.equal(middle.send(MiddleHandles.low, fifth).status, Status.InvalidArgument);
  assert.equal(low.lastMessage().getUint16(2, true), Step.describe);
});

test("a trap ends the callee alone: PeerRestarted for the call in flight, PeerDead afterwards", async () => {
  const { system, low, middle, high } = await bootProbes();
  middle.poke(middle.messageOut, stepMessage(Step.trap, []));
  const outer = middle.step(Step.call, [MiddleHandles.low]);
  assert.deepEqual([outer.status, outer.result], [Status.Ok, -Status.PeerRestarted]);
  assert.equal(middle.result(Step.call, MiddleHandles.low), -Status.PeerDead);
  assert.equal(low.step(Step.nothing).status, Status.PeerDead);
  assert.equal(high.step(Step.nothing).status, Status.Ok);
  assert.deepEqual(system.faults.map(({ domain, code }) => [domain, code]), [["low", 1]]);
  assert.match(system.faults[0]!.text, /unreachable/);
});

test("each way to die has its fault code and text", async () => {
  const deaths: Array<[number, number[], number, RegExp]> = [
    [Step.trap, [], 1, /^unreachable in function \d+ at 0x[0-9a-f]+/],
    [Step.load, [0xffff_fff0], 1, /out of bounds/],
    [Step.assertFailure, [0], 2, /the probe was told to fail \(line \d+, column \d+\)/],
    [Step.mmioRead32, [LowHandles.clock, 0], 3, /mmio_read32/],
    [Step.recurse, [], 4, /stack overflow/],
  ];
  for (const [step, arguments_, code, text] of deaths) {
    const lines: string[] = [];
    const { system, low, middle } = await bootProbes({ log: (line) => lines.push(line) });
    assert.equal(low.step(step, arguments_).status, Status.PeerRestarted);
    assert.equal(system.faults[0]!.code, code);
    assert.match(system.faults[0]!.text, text);
    assert.match(lines[0]!, /^low: /);
    assert.equal(middle.step(Step.nothing).status, Status.Ok);
  }
});

test("a trap in notified is contained too", async () => {
  const { system, low, middle, host } = await bootProbes();
  middle.setHandler(Step.trap);
  low.result(Step.notify, LowHandles.toMiddle, 1);
  assert.equal(middle.step(Step.nothing).status, Status.PeerDead);
  assert.equal(low.step(Step.nothing).status, Status.Ok);
  assert.equal(system.faults.length, 1);
  assert.equal(host.call(host.handle("high")), 0);
});

test("a domain that ends itself in start or in closed is contained too", async () => {
  const { bootHosted } = await import("../../host/kernel/system.ts");
  const { probeManifest } = await import("./probe-system.ts");
  const system = bootHosted({ manifest: probeManifest(), modules: {}, only: [], log: () => {}, tolerateStartFailure: true, replace: {
    low: { start: ({ calls }) => calls.fault(0, 0, 1, 2) },
    middle: {
      receive: (_b, _r, { calls }) => calls.capability_drop(calls.capability_mint(MiddleHandles.self, 255, 9)),
      closed: (_badge, { calls }) => { calls.fault(0, 0, 3, 4); },
    },
    high: { receive: () => 0 },
  } });
  assert.deepEqual([...system.refused.keys()], ["low"]);
  const host = system.client("host");
  assert.equal(host.call(host.handle("middle")), 0, "closed comes after the call");
  assert.equal(host.call(host.handle("middle")), -Status.PeerDead);
  assert.equal(host.call(host.handle("high")), 0);
  assert.deepEqual(system.faults.map(({ domain, code }) => [domain, code]), [["low", 2], ["middle", 2]]);
});

test("kill ends a domain from outside", async () => {
  const { system, low, high } = await bootProbes();
  system.kill("low");
  assert.equal(low.step(Step.nothing).status, Status.PeerDead);
  assert.equal(high.step(Step.nothing).status, Status.Ok);
  assert.equal(system.faults[0]!.code, 5);
});

test("domains that this boot leaves out are PeerDead, and starts run once in order", async () => {
  const { bootHosted } = await import("../../host/kernel/system.ts");
  const { probeManifest, probeModule } = await import("./probe-system.ts");
  const started: string[] = [];
  const noting = (name: string) => ({ start: (): void => { started.push(name); }, receive: () => 0 });
  const system = bootHosted({
    manifest: probeManifest(), modules: { probe: await probeModule() }, only: ["high"], replace: { low: noting("low"), middle: noting("middle") },
  });
  assert.deepEqual(started, ["low", "middle"]);
  const host = system.client("host");
  assert.equal(host.call(host.handle("low")), 0);
  const smaller = bootHosted({ manifest: probeManifest(), modules: { probe: await probeModule() }, only: ["high"] });
  const client = smaller.client("host");
  client.begin(77, Step.nothing);
  assert.equal(client.call(client.handle("low")), -Status.PeerDead);
  assert.equal(client.call(client.handle("high")), 0);
});

test("a start that fails stops the boot, unless that is tolerated", async () => {
  const { bootHosted } = await import("../../host/kernel/system.ts");
  const { probeManifest } = await import("./probe-system.ts");
  const options = { manifest: probeManifest(), modules: {}, only: [], log: () => {}, replace: { low: { start: () => Status.NotFound } } };
  assert.throws(() => bootHosted(options), /did not start: low: start answered NotFound/);
  const system = bootHosted({ ...options, tolerateStartFailure: true });
  assert.deepEqual([...system.refused], [["low", Status.NotFound]]);
  const host = system.client("host");
  assert.equal(host.call(host.handle("low")), -Status.PeerDead);
});

test("a chain of calls that is too deep ends in StackExhausted, not in a crash", async () => {
  const { bootHosted } = await import("../../host/kernel/system.ts");
  const names = Array.from({ length: 100 }, (_, rank) => `d${rank}`);
  const domains = names.map((name, rank) => ({
    name, module: name, rank, memoryPages: 1, capabilities: rank === 0 ? [] : [{ name: "next", kind: "endpoint", domain: names[rank - 1]! }],
  }));
  let deepest = 0;
  const link = { receive: (_b: number, _r: number, { calls }: { calls: { call(handle: number): number } }): number => {
    deepest++;
    return -calls.call(1);
  } };
  const system = bootHosted({
    manifest: { version: 1, domains: [...domains, { name: "host", module: null, rank: 200, memoryPages: 1, capabilities: [{ name: "top", kind: "endpoint", domain: "d99" }] }] },
    modules: {}, replace: Object.fromEntries(names.map((name) => [name, link])),
  });
  const host = system.client("host");
  assert.equal(host.call(host.handle("top")), -Status.StackExhausted);
  assert.equal(deepest, 64);
});

test("an error that is not the domain's is not contained: a failing fake fails the test", async () => {
  const { bootHosted } = await import("../../host/kernel/system.ts");
  const { probeManifest } = await import("./probe-system.ts");
  let fails = true;
  const system = bootHosted({ manifest: probeManifest(), modules: {}, only: [], replace: { low: { receive: () => { assert.equal(fails, false); return 0; } } } });
  const host = system.client("host");
  assert.throws(() => host.call(host.handle("low")), { name: "AssertionError" });
  fails = false;
  assert.equal(host.call(host.handle("low")), 0, "the kernel's own state is whole afterwards");
});

// Capabilities: passed, minted, narrowed, dropped, revoked; stale and forged handles; closed(badge) (docs/abi.md §2–§4).
import assert from "node:assert/strict";
import { test } from "node:test";
import { Status } from "../../host/kernel/abi.ts";
import { bootHosted } from "../../host/kernel/system.ts";
import { bootProbes, capability, LowHandles, Mint, MiddleHandles, type Probe, probeManifest, type ProbeSystem, Step, stepMessage, Transfer } from "./probe-system.ts";

/** Has `server` mint a badge on its own endpoint and hand it to the host; answers the server's and the host's handle. */
function open(server: Probe, self: number, badge: number, rights = 255 | Transfer): { minted: number; held: number } {
  const minted = server.result(Step.mint, self, rights, badge);
  assert.ok(minted > 0, `mint: ${minted}`);
  server.step(Step.replyNext, [0, minted]);
  const reply = server.step(Step.nothing);
  assert.deepEqual([reply.status, reply.capabilityCount], [Status.Ok, 1]);
  return { minted, held: reply.capability };
}
const knock = ({ host }: ProbeSystem, handle: number): { result: number; badge: number; rights: number } => {
  host.begin(77, Step.nothing);
  const result = host.call(handle);
  return { result, badge: host.messageOut.getUint32(20, true), rights: host.messageOut.getUint32(24, true) };
};

test("a server mints a badge, hands it out in a reply, and is called with badge and rights", async () => {
  const probes = await bootProbes();
  const { minted, held } = open(probes.low, LowHandles.self, 1234, 5 | Transfer);
  assert.ok(held >>> 16 >= 1 && minted >>> 16 >= 1, "generation at least 1");
  assert.deepEqual(knock(probes, held), { result: 0, badge: 1234, rights: 5 | Transfer });
  assert.deepEqual(knock(probes, probes.host.handle("low")), { result: 0, badge: 61, rights: 511 });
});

test("badges need the own endpoint and MINT; rights only shrink", async () => {
  const probes = await bootProbes();
  const { middle, low, host } = probes;
  assert.equal(middle.result(Step.mint, MiddleHandles.low, 255, 5), -Status.Denied, "a badge on another's endpoint");
  assert.ok(middle.result(Step.mint, MiddleHandles.low, 255, 0) > 0);
  assert.equal(middle.result(Step.mint, MiddleHandles.low, 255 | Mint, 0), -Status.Denied, "MINT was not held");
  const { held } = open(low, LowHandles.self, 4, 255 | Mint | Transfer);
  assert.equal(host.calls.capability_mint(held, 255, 5), -Status.Denied, "a badge on another's endpoint, even with MINT");
  const plain = low.result(Step.mint, LowHandles.self, 255, 0);
  assert.equal(low.result(Step.mint, plain, 1, 9), -Status.Denied, "MINT was given up");
  assert.equal(low.result(Step.mint, plain, 256, 0), -Status.Denied);
  assert.equal(low.result(Step.mint, 0x7777_7777, 1, 0), -Status.InvalidHandle);
  const narrowed = host.calls.capability_mint(host.handle("low"), 1 | Transfer, 0);
  assert.deepEqual(knock(probes, narrowed), { result: 0, badge: 61, rights: 1 | Transfer }, "the badge stays");
  assert.equal(host.calls.capability_mint(narrowed, 2, 0), -Status.Denied);
});

test("TRANSFER is needed to pass a capability on", async () => {
  const { host, low } = await bootProbes();
  const fixed = host.calls.capability_mint(host.handle("middle"), 255, 0);
  assert.equal(low.step(Step.nothing, [], { capabilities: [fixed] }).status, Status.Denied);
  assert.equal(low.step(Step.nothing, [], { capabilities: [host.handle("clock")] }).status, Status.Denied);
  assert.equal(low.step(Step.nothing, [], { capabilities: [0] }).status, Status.InvalidHandle);
  assert.equal(low.step(Step.nothing, [], { capabilities: [host.handle("middle"), 0x10001] }).status, Status.InvalidHandle);
});

test("four capabilities arrive as the receiver's own handles; the giver keeps its own", async () => {
  const probes = await bootProbes();
  const { host, high, middle } = probes;
  const given = [host.handle("low"), host.handle("middle"), host.handle("low"), host.handle("low")];
  assert.equal(high.step(Step.nothing, [], { capabilities: given }).status, Status.Ok);
  const seen = high.lastMessage();
  const received = [0, 1, 2, 3].map((index) => seen.getUint32(128 + 4 * index, true));
  assert.equal(new Set(received).size, 4);
  const viaFirst = high.send(received[0]!, stepMessage(Step.nothing, []));
  assert.deepEqual([viaFirst.status, viaFirst.badge], [Status.Ok, 61], "with the giver's badge");
  assert.equal(high.send(received[1]!, stepMessage(Step.nothing, [])).badge, 62);
  assert.equal(knock(probes, host.handle("low")).result, 0);
  assert.equal(middle.result(Step.call, received[0]!), -Status.InvalidHandle, "a handle means nothing in another domain");
});

test("revoke takes back everything derived, in every table, and keeps the handle itself", async () => {
  const probes = await bootProbes();
  const { low, high, host } = probes;
  const { minted, held } = open(low, LowHandles.self, 50);
  const copy = host.calls.capability_mint(held, 1 | Transfer, 0);
  high.step(Step.nothing, [], { capabilities: [copy] });
  const passedOn = high.lastMessage().getUint32(128, true);
  assert.equal(high.send(passedOn, stepMessage(Step.nothing, [])).badge, 50);
  assert.equal(low.result(Step.revoke, minted), 0);
  assert.equal(knock(probes, held).result, -Status.InvalidHandle);
  assert.equal(knock(probes, copy).result, -Status.InvalidHandle);
  assert.equal(high.result(Step.call, passedOn), -Status.InvalidHandle);
  assert.ok(low.result(Step.mint, minted, 1, 0) > 0, "the handle itself stays");
  assert.equal(low.result(Step.revoke, 0x20002), -Status.InvalidHandle);
});

test("drop gives up one handle; copies that were given away stay", async () => {
  const probes = await bootProbes();
  const { low, host } = probes;
  const { minted, held } = open(low, LowHandles.self, 51);
  const copy = host.calls.capability_mint(held, 255, 0);
  assert.equal(host.calls.capability_drop(held), 0);
  assert.equal(host.calls.capability_drop(held), -Status.InvalidHandle);
  assert.equal(knock(probes, held).result, -Status.InvalidHandle);
  assert.equal(knock(probes, copy).badge, 51);
  low.result(Step.revoke, minted);
  assert.equal(knock(probes, copy).result, -Status.InvalidHandle, "what the dropped one passed on still hangs below its source");
  assert.equal(host.calls.capability_drop(host.handle("low")), -Status.Denied, "the manifest's are for the life of the system");
});

test("a slot that is reused 1000 times never revives a stale handle", async () => {
  const probes = await bootProbes();
  const { host } = probes;
  const seen = new Set<number>();
  for (let round = 0; round < 1000; round++) {
    const handle = host.calls.capability_mint(host.handle("low"), 255, 0);
    assert.equal(seen.has(handle), false);
    assert.ok(handle > 0);
    seen.add(handle);
    assert.equal(host.calls.capability_drop(handle), 0);
  }
  const indexes = new Set([...seen].map((handle) => handle & 0xffff));
  assert.ok(indexes.size < 100, `slots are reused, not piled up: ${indexes.size}`);
  const fresh = host.calls.capability_mint(host.handle("low"), 255, 0);
  for (const handle of seen) assert.equal(knock(probes, handle).result, -Status.InvalidHandle);
  assert.equal(knock(probes, fresh).result, 0);
});

test("forged handles: every index with other generations, and random numbers", async () => {
  const { low } = await bootProbes();
  for (let index = 0; index <= 24; index++) {
    for (const generation of [1, 2, 0x7fff]) {
      assert.equal(low.result(Step.revoke, ((generation << 16) | index) >>> 0), -Status.InvalidHandle);
    }
  }
  for (const handle of [0, 0xffff_ffff, 0x8000_0000, 0x8000_0001, 0xffff, 0x1_0000]) assert.equal(low.result(Step.revoke, handle), -Status.InvalidHandle);
});

test("closed(badge) comes once, when the last copy is dropped", async () => {
  const { low, host } = await bootProbes();
  const { minted, held } = open(low, LowHandles.self, 70);
  const copy = host.calls.capability_mint(held, 255, 0);
  low.result(Step.drop, minted);
  host.calls.capability_drop(held);
  assert.deepEqual([low.record().badge, low.record().closed], [0, 0]);
  host.calls.capability_drop(copy);
  low.step(Step.nothing);
  const { badge, closed } = low.record();
  assert.deepEqual([badge, closed], [70, 1]);
  low.step(Step.nothing);
  assert.equal(low.record().closed, 1);
});

test("closed(badge) comes when the holder dies, and when the copies are revoked", async () => {
  const { low, middle, high, host } = await bootProbes();
  const { minted, held } = open(low, LowHandles.self, 71);
  middle.step(Step.nothing, [], { capabilities: [held] });
  host.calls.capability_drop(held);
  low.result(Step.drop, minted);
  assert.equal(low.record().closed, 0, "middle holds it");
  middle.step(Step.trap);
  low.step(Step.nothing);
  assert.ok(low.record().closed >= 1);
  assert.ok([71, 21].includes(low.record().badge), "its own badge of the manifest, 21, went as well");
  const second = open(low, LowHandles.self, 72);
  const before = low.record().closed;
  low.result(Step.revoke, LowHandles.self);
  low.step(Step.nothing);
  const after = low.record();
  assert.deepEqual([after.badge, after.closed], [72, before + 1]);
  assert.equal(low.result(Step.drop, second.minted), -Status.InvalidHandle);
  assert.equal(high.step(Step.nothing).status, Status.Ok);
});

test("a badge that is minted again before its end is told counts as alive", () => {
  const closed: number[] = [];
  let held = 0;
  const system = bootHosted({ manifest: probeManifest(), modules: {}, only: [], replace: { low: {
    receive: (_badge, _rights, { calls, operation }) => {
      const self = LowHandles.self;
      if (operation === 1) {
        calls.capability_drop(calls.capability_mint(self, 255, 73));
        held = calls.capability_mint(self, 255, 73);
      } else {
        calls.capability_drop(held);
      }
      return 0;
    },
    closed: (badge) => { closed.push(badge); },
  } } });
  const host = system.client("host");
  host.begin(77, 1);
  assert.equal(host.call(host.handle("low")), 0);
  assert.deepEqual(closed, []);
  host.begin(77, 2);
  assert.equal(host.call(host.handle("low")), 0);
  assert.deepEqual(closed, [73]);
});

test("what a reply carries must be the server's to give; the request's slots do not count", async () => {
  const { low, host } = await bootProbes();
  low.step(Step.replyNext, [0, LowHandles.clock]);
  assert.equal(low.step(Step.nothing).status, Status.ProtocolBreach, "no TRANSFER");
  low.step(Step.replyNext, [0, 0x50005]);
  const reply = low.step(Step.nothing);
  assert.deepEqual([reply.status, reply.capabilityCount], [Status.ProtocolBreach, 0], "no such handle");
  low.step(Step.replyNext, [Status.NotFound, LowHandles.self]);
  const failed = low.step(Step.nothing);
  assert.deepEqual([failed.status, failed.capabilityCount], [Status.NotFound, 1], "a failing reply may carry one too");
  assert.equal(host.call(failed.capability), 0);
});

test("a full table answers OutOfMemory and nothing is half done", async () => {
  const { low, host } = await bootProbes();
  const handles: number[] = [];
  for (;;) {
    const handle = host.calls.capability_mint(host.handle("low"), 511, 0);
    if (handle < 0) {
      assert.equal(handle, -Status.OutOfMemory);
      break;
    }
    handles.push(handle);
  }
  assert.equal(handles.length, 4096 - 1 - 4 - 4, "a table has 4096 slots: none, the manifest's, the leases'");
  low.step(Step.replyNext, [0, LowHandles.self]);
  assert.equal(low.step(Step.nothing).status, Status.OutOfMemory);
  for (const handle of handles) assert.equal(host.calls.capability_drop(handle), 0);
  assert.ok(host.calls.capability_mint(host.handle("low"), 511, 0) > 0);
});

test("a received capability in a stand-in works inside the call that brought it", async () => {
  const { host, high } = await bootProbes();
  const reply = high.step(Step.call, [0], { capabilities: [host.handle("low")], stands: [capability(0)] });
  assert.deepEqual([reply.status, reply.result], [Status.Ok, 0]);
});

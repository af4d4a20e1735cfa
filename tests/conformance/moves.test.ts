// Capabilities that change hands (docs/supervision.md §6): moved ones, and when a server hears that the last copy has gone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Status } from "../../host/kernel/abi.ts";
import type { DomainContext } from "../../host/kernel/typescript-domain.ts";
import { bootFakes, callFrom, type Fake, trap } from "./fake-system.ts";

const movesOffset = 14;

/** A store that keeps what it is given and gives it away again: operation 1 keeps, 2 moves it into the reply, 3 copies it there, 4 drops it. */
function keeper(more: Partial<Fake> = {}): Fake & { kept: number[]; movesSeen: number[] } {
  const self = {
    rank: 1, kept: [] as number[], movesSeen: [] as number[],
    receive: (_b: number, _r: number, context: DomainContext): number => {
      self.movesSeen.push(context.messageIn.getUint16(movesOffset, true));
      if (context.operation === 1) self.kept = [...Array(context.capabilityCount).keys()].map((index) => context.capability(index));
      if (context.operation === 2 || context.operation === 3) context.replyWith(...self.kept);
      if (context.operation === 2) context.messageIn.setUint8(movesOffset, (1 << self.kept.length) - 1);
      if (context.operation === 4) return 0 - context.calls.capability_drop(self.kept[0]!);
      return 0;
    },
    ...more,
  };
  return self;
}

/** The host mints from its endpoint to `file` and gives what it minted to `low`. */
function world() {
  const low = keeper();
  const closed: number[] = [];
  const file: Fake = { rank: 2, closed: (badge) => { closed.push(badge); }, receive: (_b, _r, context) => {
    if (context.operation === 9) context.messageIn.setUint8(movesOffset, 1);
    if (context.operation >= 8) context.replyWith(context.calls.capability_mint(context.handle("self"), 511, 500));
    return 0;
  } };
  const fakes = bootFakes({ low, file });
  const { host } = fakes;
  const open = (): number => {
    assert.equal(fakes.call("file", 9), 0);
    return host.receivedCapability(0);
  };
  const give = (handles: number[], moves: number, operation = 1): number => {
    host.begin(1, operation);
    for (const handle of handles) host.pass(handle);
    host.messageOut.setUint8(movesOffset, moves);
    return 0 - host.call(host.handle("low"));
  };
  return { ...fakes, low, closed, open, give };
}

test("a moved capability is the receiver's and no longer the giver's; the badge has as many copies as before", () => {
  const { host, open, give, low, closed, system } = world();
  const handle = open();
  assert.equal(give([handle], 1), 0);
  assert.deepEqual(low.movesSeen, [0], "the receiver finds byte 14 zero");
  assert.equal(host.call(handle), -Status.InvalidHandle);
  assert.deepEqual(closed, []);
  assert.ok(system.domain("low").table.find(low.kept[0]!) !== null);
  assert.equal(give([], 0, 4), 0);
  system.turn();
  assert.deepEqual(closed, [500]);
});

test("back in a reply: moved, or copied", () => {
  for (const [operation, isKept] of [[2, false], [3, true]] as const) {
    const { host, open, give, low, closed, system } = world();
    give([open()], 1);
    assert.equal(give([], 0, operation), 0);
    assert.equal(host.messageOut.getUint16(movesOffset, true), 0);
    const returned = host.receivedCapability(0);
    host.begin(1, 1);
    assert.equal(host.call(returned), 0);
    assert.equal(system.domain("low").table.find(low.kept[0]!) !== null, isKept);
    host.calls.capability_drop(returned);
    assert.deepEqual(closed, isKept ? [] : [500]);
  }
});

test("the receiver takes the giver's place in the tree: revoking above takes it, what was made of it follows it", () => {
  const { host, give, low, system } = world();
  const root = host.calls.capability_mint(host.handle("file"), 511, 0);
  const before = host.calls.capability_mint(root, 511, 0);
  const moved = host.calls.capability_mint(root, 511, 0);
  const after = host.calls.capability_mint(root, 511, 0);
  const child = host.calls.capability_mint(moved, 511, 0);
  const second = host.calls.capability_mint(moved, 511, 0);
  assert.equal(give([moved], 1), 0);
  const { table } = system.domain("low");
  const kept = table.find(low.kept[0]!)!;
  assert.deepEqual(kept.parent?.handle, root);
  assert.equal(host.calls.capability_drop(second), 0);
  table.revoke(kept);
  assert.equal(host.calls.capability_drop(child), -Status.InvalidHandle, "it was made of what moved");
  assert.equal(host.calls.capability_revoke(root), 0);
  assert.equal(table.find(low.kept[0]!), null);
  for (const handle of [before, after]) assert.equal(host.calls.capability_drop(handle), -Status.InvalidHandle);
  assert.equal(host.calls.capability_drop(root), 0);
});

test("refused, and then nothing has happened", () => {
  const { host, open, give, low } = world();
  const first = open();
  const second = open();
  const { Denied, InvalidArgument, InvalidHandle } = Status;
  const refusals: Array<[number[], number, number]> = [
    [[first], 2, InvalidArgument], [[first], 0x80, InvalidArgument], [[], 1, InvalidArgument], [[first, second], 4, InvalidArgument],
    [[host.handle("file")], 1, Denied], [[first, host.handle("file")], 3, Denied], [[first, first], 1, InvalidArgument], [[first, first], 2, InvalidArgument],
    [[first, 0x1234_0009], 3, InvalidHandle],
  ];
  for (const [handles, moves, status] of refusals) assert.equal(give(handles, moves), status, `${handles} ${moves}`);
  host.begin(1, 1);
  host.pass(first);
  host.messageOut.setUint8(15, 1);
  assert.equal(host.call(host.handle("low")), -InvalidArgument, "byte 15");
  assert.deepEqual(low.movesSeen, []);
  host.begin(1, 1);
  assert.deepEqual([host.call(first), host.call(second)], [0, 0], "all are still there");
  assert.equal(give([first, second], 2), 0, "one copied, one moved");
  assert.deepEqual([host.calls.capability_drop(first), host.calls.capability_drop(second)], [0, -InvalidHandle]);
});

test("a grant of one's own memory cannot be moved; the right to transfer is needed", () => {
  const { host, open, give } = world();
  const grant = host.calls.grant_create(host.handle("low"), 65536, 4096, 1);
  assert.ok(grant > 0);
  assert.equal(give([grant], 1), Status.Denied);
  const bound = host.calls.capability_mint(open(), 255, 0);
  assert.equal(give([bound], 1), Status.Denied);
  assert.equal(give([grant], 0), 0);
});

test("a reply that moves what it must not is the callee's breach, and moves nothing", () => {
  const bad: Array<(context: DomainContext) => void> = [
    (context) => { context.replyWith(context.handle("self")); context.messageIn.setUint8(movesOffset, 1); },
    (context) => { context.messageIn.setUint8(movesOffset, 1); },
    (context) => { context.messageIn.setUint8(15, 1); },
    (context) => { context.replyWith(context.handle("self")); context.messageIn.setUint8(movesOffset, 2); },
    (context) => { const minted = context.calls.capability_mint(context.handle("self"), 511, 7); context.replyWith(minted, minted); context.messageIn.setUint8(movesOffset, 1); },
  ];
  for (const [index, spoil] of bad.entries()) {
    const { call, host } = bootFakes({ low: { rank: 1, receive: (_b, _r, context) => { spoil(context); return 0; } } });
    assert.equal(call("low"), Status.ProtocolBreach, `reply ${index}`);
    assert.equal(host.messageOut.getUint8(13), 0);
    assert.equal(host.receivedCapability(0), 0);
  }
});

test("closed at once when a higher domain drops or revokes the last copy; a lower one's drop waits for the empty stack", () => {
  const order: string[] = [];
  const file: Fake = { rank: 2, closed: (badge) => { order.push(`closed ${badge}`); }, receive: (_b, _r, context) => {
    context.replyWith(context.calls.capability_mint(context.handle("self"), 511, 500), context.calls.capability_mint(context.handle("self"), 511, 501));
    context.messageIn.setUint8(movesOffset, 3);
    return 0;
  } };
  const low = keeper();
  const { call } = bootFakes({ low, file, high: { rank: 3, calls: ["file", "low"], receive: (_b, _r, context) => {
    callFrom(context, "file");
    const [first, second] = [context.receivedCapability(0), context.receivedCapability(1)];
    context.calls.capability_drop(first);
    order.push("dropped");
    const child = context.calls.capability_mint(second, 511, 0);
    context.calls.capability_revoke(second);
    assert.equal(context.calls.capability_drop(child), -Status.InvalidHandle);
    order.push("revoked a copy");
    context.begin(1, 1);
    context.pass(second);
    context.messageOut.setUint8(movesOffset, 1);
    assert.equal(context.calls.call(context.handle("low")), 0);
    assert.equal(callFrom(context, "low", 4), 0);
    order.push("low has dropped");
    return 0;
  } } });
  assert.equal(call("high"), 0);
  assert.deepEqual(order, ["closed 500", "dropped", "revoked a copy", "low has dropped", "closed 501"]);
});

test("a badge that ends twice before it is told of is told of once", () => {
  const closed: number[] = [];
  const { call } = bootFakes({ low: { rank: 1, closed: (badge) => { closed.push(badge); }, receive: (_b, _r, context) => {
    for (let times = 0; times < 2; times++) context.calls.capability_drop(context.calls.capability_mint(context.handle("self"), 511, 5));
    return 0;
  } } });
  assert.equal(call("low"), 0);
  assert.deepEqual(closed, [5]);
});

test("a server that traps in closed: who dropped goes on, unless it stands on it", () => {
  for (const onPeerRestart of ["recover", "restart"] as const) {
    const ran: string[] = [];
    const file: Fake = { rank: 2, restart: { limit: 3, windowMs: 1000, backoffMs: 1 }, closed: trap, receive: (_b, _r, context) => {
      context.replyWith(context.calls.capability_mint(context.handle("self"), 511, 500));
      context.messageIn.setUint8(movesOffset, 1);
      return 0;
    } };
    const { call, system } = bootFakes({ file, high: { rank: 3, calls: ["file"], restart: { limit: 3, windowMs: 1000, backoffMs: 1 }, onPeerRestart, receive: (_b, _r, context) => {
      callFrom(context, "file");
      ran.push(`dropped ${context.calls.capability_drop(context.receivedCapability(0))} ${system.domain("file").restarts} ${callFrom(context, "file")}`);
      return 0;
    } } });
    assert.equal(call("high"), onPeerRestart === "recover" ? 0 : Status.PeerRestarted);
    assert.deepEqual(ran, onPeerRestart === "recover" ? [`dropped 0 1 ${Status.PeerRestarted}`] : []);
  }
});

test("a dropped lease takes with it what was minted from it, and what was minted from that", () => {
  const answers: number[] = [];
  const { host } = bootFakes({ low: { rank: 1, receive: (_b, _r, context) => {
    const { calls } = context;
    const { handle } = context.lease(0);
    const minted = calls.capability_mint(handle, 1, 0);
    const again = calls.capability_mint(minted, 1, 0);
    const third = calls.capability_mint(handle, 1, 0);
    const read = (source: number): number => calls.lease_read(source, 0, 8192, 16);
    answers.push(read(again), calls.capability_drop(minted), read(again), read(third), calls.capability_drop(handle), read(third), read(handle), calls.capability_drop(handle));
    return 0;
  } } });
  host.begin(1, 1);
  host.lend(8192, 16, 1);
  assert.equal(host.call(host.handle("low")), 0);
  const { InvalidHandle } = Status;
  assert.deepEqual(answers, [0, 0, -InvalidHandle, 0, 0, -InvalidHandle, -InvalidHandle, -InvalidHandle]);
});

// The release module of the mailbox on the hosted kernel: two clients hand each other capabilities of a third domain. What a kernel does (badges, moving,
// closed) and what the mailbox does with it are seen together here; its own bounds are in services/mailbox/tests.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MailboxClient } from "../../kernel-bindings/generated/host/mailbox.ts";
import { StatusError } from "../../kernel-bindings/host/client-port.ts";
import { Status as S } from "../../host/kernel/abi.ts";
import { bootHosted, type System } from "../../host/kernel/system.ts";
import type { Client, DomainContext } from "../../host/kernel/typescript-domain.ts";
import { root, systemManifest } from "../modules/build.ts";

const shellBadge = 1;
const hostBadge = 2;
const peerBadge = 9;
const rightTransfer = 256;
const rightMint = 512;
const module = new WebAssembly.Module(readFileSync(join(root, "build/modules/mailbox.wasm")));

/** A server that gives an endpoint with badge 40 (operation 1; with 2 it drops its own copy), and notes who called and which badges closed. */
class Giver {
  readonly callers: number[] = [];
  readonly closedBadges: number[] = [];
  private minted = 0;
  receive = (badge: number, _rights: number, context: DomainContext): number => {
    this.callers.push(badge);
    if (badge !== 0) return S.Ok;
    if (context.operation === 2) return -context.calls.capability_drop(this.minted) >>> 0;
    this.minted = context.calls.capability_mint(context.handle("self"), 1 | rightTransfer, 40);
    context.replyWith(this.minted);
    return S.Ok;
  };
  closed = (badge: number): void => { this.closedBadges.push(badge); };
}

interface World { system: System; giver: Giver; host: Client; peer: Client; hostMail: MailboxClient; peerMail: MailboxClient }

function boot(): World {
  const giver = new Giver();
  const system = bootHosted({
    manifest: systemManifest(), modules: { mailbox: module }, only: ["mailbox"], log: () => {}, replace: { filesystem: giver, shell: {} },
    extraDomains: [{ name: "peer", module: null, rank: 6, memoryPages: 1, capabilities: [{ name: "mailbox", kind: "endpoint", domain: "mailbox", badge: peerBadge }] }],
  });
  const host = system.client("host");
  const peer = system.client("peer");
  return { system, giver, host, peer, hostMail: new MailboxClient(host, host.handle("mailbox")), peerMail: new MailboxClient(peer, peer.handle("mailbox")) };
}

/** The endpoint with badge 40 that the giver mints for the host. */
function obtain({ host }: World): number {
  assert.equal(callOver(host, host.handle("filesystem"), 1), S.Ok);
  const handle = host.receivedCapability(0);
  assert.equal(callOver(host, host.handle("filesystem"), 2), S.Ok);
  return handle;
}
function callOver(client: Client, endpoint: number, operation = 1): number {
  client.begin(1, operation);
  return 0 - client.call(endpoint);
}
const refused = (status: number) => (error: unknown): boolean => error instanceof StatusError && error.status === status;

test("a client takes what another left for it, and holds it alone", () => {
  const world = boot();
  const given = obtain(world);
  world.hostMail.leave({ tag: 5n, recipient: peerBadge, capability: given });
  assert.throws(() => world.hostMail.take({ tag: 5n }), refused(S.NotFound), "the sender is not the recipient");
  const { sender, capability } = world.peerMail.take({ tag: 5n });
  assert.equal(sender, hostBadge);
  assert.throws(() => world.peerMail.take({ tag: 5n }), refused(S.NotFound), "once");
  assert.equal(callOver(world.peer, capability), S.Ok);
  assert.equal(world.giver.callers.at(-1), 40);
  // It moved: when both clients have dropped theirs nothing is left in the mailbox, and the server is told.
  assert.equal(world.host.calls.capability_drop(given), 0);
  world.system.turn();
  assert.deepEqual(world.giver.closedBadges, []);
  assert.equal(world.peer.calls.capability_drop(capability), 0);
  world.system.turn();
  assert.deepEqual(world.giver.closedBadges, [40]);
});

test("the sender can revoke what it left, before and after it was taken", () => {
  const world = boot();
  const given = obtain(world);
  world.hostMail.leave({ tag: 1n, recipient: peerBadge, capability: given });
  world.hostMail.leave({ tag: 2n, recipient: peerBadge, capability: given });
  const { capability } = world.peerMail.take({ tag: 1n });
  assert.equal(world.host.calls.capability_revoke(given), 0);
  assert.equal(callOver(world.peer, capability), S.InvalidHandle);
  assert.throws(() => world.peerMail.take({ tag: 2n }), refused(S.NotFound));
  assert.equal(callOver(world.host, given), S.Ok, "its own is not revoked");
});

test("a grant cannot be left", () => {
  const { host, hostMail } = boot();
  const grant = host.calls.grant_create(host.handle("mailbox"), host.reserve(4096, 4096), 4096, 3);
  assert.ok(grant > 0);
  assert.throws(() => hostMail.leave({ tag: 1n, recipient: peerBadge, capability: grant }), refused(S.Denied));
});

test("nobody in particular has no mail, and a letter needs somebody to go to", () => {
  const world = boot();
  const given = obtain(world);
  assert.throws(() => world.hostMail.leave({ tag: 1n, recipient: 0, capability: given }), refused(S.InvalidArgument));
  assert.equal(world.host.calls.capability_drop(given), 0);
  world.system.turn();
  assert.deepEqual(world.giver.closedBadges, [40], "the refused copy was not kept");
});

test("what a client that died was to get is dropped", () => {
  const world = boot();
  const given = obtain(world);
  world.hostMail.leave({ tag: 1n, recipient: shellBadge, capability: given });
  assert.equal(world.host.calls.capability_drop(given), 0);
  world.system.turn();
  assert.deepEqual(world.giver.closedBadges, [], "the mailbox keeps it alive");
  world.system.kill("shell");
  world.system.turn();
  assert.deepEqual(world.giver.closedBadges, [40]);
  world.hostMail.leave({ tag: 1n, recipient: shellBadge, capability: obtain(world) }); // and its place is free
});

test("a taker without room for it finds its letter again", () => {
  const world = boot();
  world.hostMail.leave({ tag: 1n, recipient: peerBadge, capability: obtain(world) });
  const own = world.peer.handle("mailbox");
  const filler: number[] = [];
  for (;;) {
    const handle = world.peer.calls.capability_mint(own, rightTransfer, 0);
    if (handle < 0) break;
    filler.push(handle);
  }
  assert.throws(() => world.peerMail.take({ tag: 1n }), refused(S.OutOfMemory));
  assert.equal(world.peer.calls.capability_drop(filler[0]!), 0);
  const { sender, capability } = world.peerMail.take({ tag: 1n });
  assert.equal(sender, hostBadge);
  assert.equal(callOver(world.peer, capability), S.Ok);
});

test("rights travel as they were given, and a right to mint is nobody's to gain", () => {
  const world = boot();
  const given = obtain(world);
  const narrow = world.host.calls.capability_mint(given, rightTransfer, 0);
  world.hostMail.leave({ tag: 1n, recipient: peerBadge, capability: narrow });
  const { capability } = world.peerMail.take({ tag: 1n });
  assert.equal(world.peer.calls.capability_mint(capability, rightTransfer | 1, 0), -S.Denied);
  assert.equal(world.peer.calls.capability_mint(capability, rightMint, 0), -S.Denied);
});

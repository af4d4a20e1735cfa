// Axiom's release module over layers that fail on demand: what it answers, and that it stands where the journal stands.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { loadModules } from "../../host/client/modules.ts";
import { bootHosted, type System } from "../../host/kernel/system.ts";
import { BlockFlag } from "../../kernel-bindings/generated/host/block.ts";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";
import { loadBlake3 } from "../support/blake3.ts";
import { FakeLayers } from "./fake-layers.ts";
import { LogClient, roomyManifest, verifyChain } from "./log-client.ts";

const MiB = 1 << 20;
const manifest = roomyManifest(["host", "block", "content-store"]);
const modules = loadModules(manifest, ["axiom"]);
let hash: (data: Uint8Array) => string;
before(async () => { hash = await loadBlake3(); });

function boot(layers: FakeLayers): { system: System; log: LogClient } {
  const system = bootHosted({ manifest, modules, only: ["axiom"], replace: { block: layers.block, "content-store": layers.contentStore }, log: () => {} });
  return { system, log: new LogClient(system) };
}
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("a batch over the wire: entries, chain, reply, and the same after a boot", () => {
  const layers = new FakeLayers(hash);
  let { log } = boot(layers);
  assert.equal(log.axiom.describe().formatted, 0);
  assert.equal(LogClient.status(() => log.propose([{}])), Status.NotFormatted);
  log.format();
  assert.equal(log.propose([{ key: 1n, payload: bytes("a") }, { key: 2n, payload: bytes("bc"), type: 33 }]).height, 4n);
  log.propose([{ key: 3n, payload: new Uint8Array(61440).fill(5) }], true);
  const entries = log.read();
  assert.deepEqual(entries.map(({ type }) => type), [1, 16, 33, 2, 16, 2]);
  const head = verifyChain(entries, hash);
  assert.equal(Buffer.from(log.axiom.describe().head).toString("hex"), head);
  ({ log } = boot(layers));
  assert.equal(verifyChain(log.read(0n, 64 << 10), hash), head);
  log.axiom.checkpoint({ state: new Uint8Array(32).fill(9) });
  log.propose([{ key: 4n }]);
  ({ log } = boot(layers));
  assert.deepEqual({ ...log.axiom.lastCheckpoint(), state: undefined }, { state: undefined, height: 6n, found: 1 });
  assert.equal(log.read().length, 8);
  verifyChain(log.read(), hash);
  assert.deepEqual(log.axiom.check(), { checked: 8n, firstBroken: 0n, broken: 0 });
});

test("a rejected batch names its reason and proposal, and changes nothing", () => {
  const layers = new FakeLayers(hash);
  const { log } = boot(layers);
  log.format();
  log.propose([{ key: 1n }]);
  const cases: Array<[number, bigint, () => void]> = [
    [2, 1n, () => log.propose([{ key: 9n }, { key: 1n }])],
    [3, 0n, () => log.propose([{ type: 1 }])],
    [3, 1n, () => log.propose([{}, { type: 2, payload: new Uint8Array(32) }])],
    [1, 2n, () => log.propose([{}, {}, { payload: new Uint8Array(61441) }])],
  ];
  for (const [reason, index, propose] of cases) {
    assert.equal(LogClient.status(propose), Status.Rejected);
    assert.deepEqual([(log.lastReply.flags >> 16) & 255, log.lastReply.height], [reason, index]);
  }
  assert.equal(log.axiom.describe().height, 3n);
  assert.equal(log.propose([{ key: 9n }]).height, 5n);
});

test("a commit that fails leaves the log at the last committed entry, and the reply says so", () => {
  const layers = new FakeLayers(hash);
  const { log } = boot(layers);
  log.format();
  log.propose([{ key: 1n }]);
  for (const [operation, status] of [["commit", Status.DeviceError], ["commit", Status.NoSpace], ["commit", Status.TooLarge], ["prepare", Status.NoSpace]] as const) {
    layers.failures[operation] = status;
    assert.equal(LogClient.status(() => log.propose([{ key: 2n }])), status);
    assert.equal(log.lastReply.height, 3n);
  }
  assert.equal(log.propose([{ key: 2n }]).height, 5n);
  verifyChain(log.read(), hash);
});

test("Lost takes the log back to the last durable entry", () => {
  const layers = new FakeLayers(hash);
  const { log } = boot(layers);
  log.format();
  log.propose([{ key: 1n }], true);
  log.propose([{ key: 2n }]);
  layers.failures.sync = Status.Lost;
  assert.equal(LogClient.status(() => log.axiom.sync()), Status.Lost);
  assert.equal(log.lastReply.height, 3n);
  log.propose([{ key: 2n }]);
  layers.failures.sync = Status.Lost;
  assert.equal(LogClient.status(() => log.propose([{ key: 3n }], true)), Status.Lost);
  assert.equal(log.axiom.describe().height, 3n);
  verifyChain(log.read(), hash);
});

test("a device that cannot flush: NotDurable is handed up, and what was written stays", () => {
  const layers = new FakeLayers(hash);
  let { log } = boot(layers);
  layers.failures.sync = Status.NotDurable;
  assert.equal(LogClient.status(() => log.format()), Status.NotDurable);
  layers.failures.sync = Status.NotDurable;
  assert.equal(LogClient.status(() => log.propose([{ key: 1n }], true)), Status.NotDurable);
  assert.equal(log.lastReply.height, 3n);
  layers.failures.checkpoint = Status.NotDurable;
  assert.equal(LogClient.status(() => log.axiom.checkpoint({ state: new Uint8Array(32) })), Status.NotDurable);
  assert.equal(log.axiom.lastCheckpoint().height, 3n);
  ({ log } = boot(layers));
  assert.equal(log.read().length, 3);
});

test("a checkpoint that fails changes nothing, and the next one succeeds", () => {
  const layers = new FakeLayers(hash);
  let { log } = boot(layers);
  log.format();
  for (let key = 1n; key < 40n; key++) log.propose([{ key, payload: new Uint8Array(5000) }]);
  for (const [operation, status] of [["store", Status.NoSpace], ["commit", Status.DeviceError], ["checkpoint", Status.DeviceError]] as const) {
    layers.failures[operation] = status;
    assert.equal(LogClient.status(() => log.axiom.checkpoint({ state: new Uint8Array(32) })), status);
    assert.equal(log.axiom.lastCheckpoint().found, 0);
    verifyChain(log.read(), hash);
  }
  log.axiom.checkpoint({ state: new Uint8Array(32) });
  ({ log } = boot(layers));
  assert.equal(log.read().length, 79);
  assert.equal(log.axiom.check().checked, 79n);
});

test("an arena that fills up asks for a checkpoint before it refuses", () => {
  const layers = new FakeLayers(hash);
  const { log } = boot(layers);
  log.format();
  const payload = new Uint8Array(60000);
  let key = 1n, bytesWritten = 0, wanted = 0, due = 0;
  for (; ; key++) {
    const status = LogClient.status(() => log.propose(Array.from({ length: 8 }, () => ({ payload }))));
    if (status !== 0) { assert.equal(status, Status.OutOfMemory); break; }
    bytesWritten += 8 * 60112;
    if (wanted === 0 && log.lastReply.flags & BlockFlag.checkpointWanted) wanted = bytesWritten;
    if (due === 0 && log.lastReply.flags & BlockFlag.checkpointDue) due = bytesWritten;
  }
  assert.ok(wanted > 3.5 * MiB && wanted < 4.1 * MiB, `wanted after ${wanted} bytes`);
  assert.ok(due > 4.7 * MiB && due < 5.3 * MiB, `due after ${due} bytes`);
  assert.ok(bytesWritten > 9 << 20);
  log.axiom.checkpoint({ state: new Uint8Array(32) });
  log.propose([{ payload }]);
  assert.equal(log.axiom.check().broken, 0);
});

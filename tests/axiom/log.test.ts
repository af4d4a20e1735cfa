// Axiom over the real services and a disk: the log survives remounts and checkpoints, duplicates stay refused, and a changed byte on the disk is found.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { loadModules } from "../../host/client/modules.ts";
import { type Disk, MemoryDisk } from "../../host/devices/disk.ts";
import { bootHosted, type System } from "../../host/kernel/system.ts";
import { ContentStoreClient } from "../../kernel-bindings/generated/host/content-store.ts";
import { Status } from "../../kernel-bindings/generated/host/tables.ts";
import { loadBlake3 } from "../support/blake3.ts";
import { OverlayDisk } from "../support/overlay-disk.ts";
import { LogClient, roomyManifest, verifyChain } from "./log-client.ts";

const manifest = roomyManifest(["host"]);
const only = ["virtio-blk", "block", "content-store", "axiom"];
const modules = loadModules(manifest, only);
let hash: (data: Uint8Array) => string;
before(async () => { hash = await loadBlake3(); });

const sectors = 131072; // 64 MiB, the smallest image

function boot(disk: Disk): { system: System; log: LogClient; store: ContentStoreClient } {
  const system = bootHosted({ manifest, modules, only, disk, log: () => {} });
  const client = system.client("host");
  return { system, log: new LogClient(system), store: new ContentStoreClient(client, client.handle("contentStore")) };
}
const random = (seed: number) => () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
/** An object that stands for a state. */
function storeState(system: System, store: ContentStoreClient, number: number): Uint8Array {
  const client = system.client("host");
  const address = client.reserve(64);
  client.view.setUint32(address, number, true);
  return store.store({ flags: 0, data: { address, length: 64 } }).hash;
}

test("the log survives remounts, with and without checkpoints, and refuses old keys after each", () => {
  const disk = new MemoryDisk(sectors);
  let { system, log, store } = boot(disk);
  log.format();
  const next = random(7);
  let key = 1n, head = "", checkpointed = 0n;
  for (let round = 0; round < 12; round++) {
    for (let batch = 0; batch < 5; batch++) {
      const proposals = Array.from({ length: 1 + Math.floor(next() * 20) }, () => ({ key: key++, payload: new Uint8Array(Math.floor(next() * 400)).fill(round) }));
      log.propose(proposals, batch % 2 === 0);
    }
    if (round % 3 !== 0) {
      log.axiom.checkpoint({ state: storeState(system, store, round) });
      checkpointed = log.axiom.describe().height;
    }
    log.axiom.sync();
    head = Buffer.from(log.axiom.describe().head).toString("hex");
    const { height } = log.axiom.describe();
    system.close();
    ({ system, log, store } = boot(disk));
    assert.equal(Buffer.from(log.axiom.describe().head).toString("hex"), head);
    assert.equal(log.axiom.describe().height, height);
    assert.equal(log.axiom.lastCheckpoint().height, checkpointed);
    assert.equal(LogClient.status(() => log.propose([{ key: key - 1n }])), Status.Rejected);
    assert.equal(LogClient.status(() => log.propose([{ key: 1n }])), Status.Rejected);
  }
  const entries = log.read();
  assert.equal(verifyChain(entries, hash), head);
  assert.deepEqual(log.axiom.check(), { checked: BigInt(entries.length), firstBroken: 0n, broken: 0 });
  system.close();
});

test("a hundred checkpoints and more: any height is read, with a full tile on the way", () => {
  const disk = new MemoryDisk(sectors);
  let { system, log, store } = boot(disk);
  log.format();
  const state = storeState(system, store, 1);
  for (let round = 0n; round < 130n; round++) {
    log.propose([{ key: round + 1n, payload: new Uint8Array(Number(round)) }]);
    log.axiom.checkpoint({ state });
  }
  system.close();
  ({ system, log, store } = boot(disk));
  const entries = log.read();
  assert.equal(entries.length, 261);
  verifyChain(entries, hash);
  for (const height of [0, 1, 2, 99, 100, 198, 199, 200, 201, 202, 260]) assert.equal(log.read(BigInt(height), 4096)[0]!.height, BigInt(height));
  assert.equal(LogClient.status(() => log.axiom.read({ height: 262n, buffer: { address: 4096, length: 4096 } })), Status.NotFound);
  assert.equal(LogClient.status(() => log.axiom.read({ height: 3n, buffer: { address: 4096, length: 100 } })), Status.TooLarge);
  assert.equal(log.axiom.check().checked, 261n);
  system.close();
});

test("format is refused on a formatted image, and begins a new log when forced", () => {
  const disk = new MemoryDisk(sectors);
  const { log } = boot(disk);
  log.format();
  log.propose([{ key: 1n }]);
  const { head } = log.axiom.describe();
  assert.equal(LogClient.status(() => log.format()), Status.AlreadyFormatted);
  assert.deepEqual(log.axiom.describe().head, head, "a refused format leaves the log as it was");
  log.propose([{ key: 2n }], true);
  log.format(new Uint8Array([9]), 1);
  assert.equal(log.axiom.describe().height, 1n);
  assert.equal(log.propose([{ key: 1n }]).height, 3n);
});

test("a collection frees the tiles and keys of older checkpoints and keeps what the log needs", () => {
  const disk = new MemoryDisk(sectors);
  let { system, log, store } = boot(disk);
  log.format();
  const state = storeState(system, store, 1);
  for (let round = 0n; round < 110n; round++) {
    log.propose([{ key: round + 1n }]);
    log.axiom.checkpoint({ state });
  }
  store.collectBegin();
  const address = system.client("host").reserve(64);
  system.client("host").bytes.set(state, address);
  store.collectMark({ count: 1, hashes: { address, length: 32 }, fresh: { address: address + 32, length: 1 } });
  log.axiom.mark();
  let freed = 0;
  for (let remaining = 1; remaining > 0;) {
    const reply = store.collectSweep({ limit: 50 });
    freed += reply.freedObjects;
    remaining = reply.remaining;
  }
  // One tile and one object of keys for each checkpoint but the last.
  assert.ok(freed >= 200 && freed <= 220, `${freed} objects were freed`);
  log.axiom.checkpoint({ state });
  log.axiom.checkpoint({ state });
  system.close();
  ({ system, log, store } = boot(disk));
  verifyChain(log.read(), hash);
  assert.deepEqual(log.axiom.check(), { checked: 221n, firstBroken: 0n, broken: 0 });
  assert.equal(LogClient.status(() => log.propose([{ key: 5n }])), Status.Rejected);
  system.close();
});

/** Every place where these bytes begin. */
function places(image: Uint8Array, text: string): number[] {
  const found: number[] = [];
  const buffer = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  for (let at = buffer.indexOf(text); at >= 0; at = buffer.indexOf(text, at + 1)) found.push(at);
  return found;
}

test("a changed byte of a segment, a tile, the keys or a journal record on the disk is found", () => {
  const disk = new MemoryDisk(sectors);
  let { system, log, store } = boot(disk);
  log.format();
  for (let round = 0; round < 3; round++) {
    log.propose(Array.from({ length: 6 }, (_, index) => ({ key: BigInt(round * 10 + index + 1), payload: new Uint8Array(50).fill(round) })));
    log.axiom.checkpoint({ state: storeState(system, store, round) });
  }
  log.propose([{ key: 100n, payload: new Uint8Array(30).fill(4) }], true);
  log.propose([{ key: 101n, payload: new Uint8Array(30).fill(5) }], true);
  log.axiom.sync(); // idle: leaves a seal
  const { height } = log.axiom.describe();
  system.close();
  const segments = places(disk.bytes, "AXSG");
  assert.equal(segments.length, 3);
  const targets: Array<[string, number, number]> = segments.map((at) => ["segment", at, 128 + Buffer.from(disk.bytes.buffer).readUInt32LE(at + 28)]);
  targets.push(["tile", places(disk.bytes, "AXTL").at(-1)!, 64 + 3 * 40], ["keys", places(disk.bytes, "AXRK").at(-1)!, 16 + 18 * 8]);
  for (const at of places(disk.bytes, "AXPC").slice(-2)) targets.push(["record", at, 64 + 144 + 144]);
  const next = random(3);
  for (const [what, start, length] of targets) {
    for (let sample = 0; sample < 8; sample++) {
      const at = start + (sample === 0 ? 0 : sample === 1 ? length - 1 : Math.floor(next() * length));
      const bit = 1 << Math.floor(next() * 8);
      disk.bytes[at]! ^= bit;
      let found: string;
      try {
        ({ system, log } = boot(new OverlayDisk(disk.bytes)));
        found = LogClient.status(() => log.axiom.describe()) !== 0 ? "mount" : log.axiom.check().broken > 0 ? "check" : "";
        // A record past the highest sequence that the journal knows to be flushed is taken for a torn tail and cut off.
        if (found === "" && log.axiom.describe().height < height) found = "cut";
        system.close();
      } catch (error) { found = String(error); }
      assert.notEqual(found, "", `byte ${at - start} of a ${what} was changed and nothing said so`);
      disk.bytes[at]! ^= bit;
    }
  }
});

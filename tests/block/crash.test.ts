// Power loss at every device write of random transactions (docs/crash-contract.md): honest devices never break the contract, and a service or a device that is broken on purpose does.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BlockBench, FakeDevice, blockBytes, blockModule, minimumImageBytes, pattern, statusOf } from "./harness.ts";
import { root } from "../modules/build.ts";
import { CrashJudge, type Enumeration, Violation } from "./crash-model.ts";
import { crashLives } from "./crash-jobs.ts";
import { ImageMap } from "./image-map.ts";
import { type Recording, Workload } from "./crash-workload.ts";

const images = { window: 8, sampledSubsets: 16, sampledTears: 4, tears: true };
const thorough = { images, honourFlush: true, recovery: [{ every: 41, images }], fallbackEvery: 3 };

function enumerate(recording: Recording, seed: number, module?: WebAssembly.Module, options: Omit<Enumeration, "seed"> = thorough): void {
  const judge = new CrashJudge(recording, module);
  try { judge.enumerate({ seed, ...options }); } finally { judge.bench.close(); }
}

test("an image that crashes, recovers and goes on many times never shows a dead life", () => { crashLives(14, 11); });

test("a device that ignores flush breaks the contract, and the enumeration sees it", () => {
  const recording = new Workload({ seed: 1, steps: 60 }).run();
  assert.throws(() => enumerate(recording, 1, undefined, { ...thorough, honourFlush: false }), Violation);
});

/** Rule 6: data written straight to blocks that a committed state holds, and then a crash. */
function overwrite(module: WebAssembly.Module): void {
  const bench = freshBench(module);
  const address = bench.store(pattern(1, blockBytes));
  bench.commit();
  bench.block.sync();
  bench.store(pattern(3, blockBytes)); // kept back until the commit; what comes next is not
  statusOf(() => bench.writeExtents([{ address, data: pattern(2, blockBytes) }]));
  bench.mount();
  if (Buffer.compare(bench.read(address, 1), pattern(1, blockBytes)) !== 0) throw new Violation("a synced block was overwritten by a transaction that was never committed");
}
/** Rule 7: every record that was flushed and sealed, damaged in turn. */
function damageRecords(module: WebAssembly.Module): void {
  const bench = freshBench(module);
  for (let i = 0; i < 5; i++) bench.commit(Uint8Array.of(i));
  bench.block.sync();
  bench.block.sync();
  const records = new ImageMap(bench.device).log();
  if (records.length < 7) throw new Error(`the log has ${records.length} records`);
  for (const { address } of records.slice(0, 6)) {
    bench.device.mark();
    bench.device.put(address * blockBytes + 100, Uint8Array.of(0x77));
    bench.mount();
    if (bench.block.describe().mountStatus === 0 && bench.pieces().length < 5) throw new Violation("flushed transactions were cut off as a torn tail");
    bench.device.rollBack();
  }
}
/** Rule 9: a device that drops what it could not flush, and says so once. */
function dropAtFlush(module: WebAssembly.Module): void {
  const bench = freshBench(module);
  bench.device.mark();
  bench.commit(Uint8Array.of(1));
  bench.device.failFlushIn = 0;
  statusOf(() => bench.block.sync());
  bench.device.rollBack();
  const acknowledged = statusOf(() => bench.block.sync()) === 0;
  bench.mount();
  if (acknowledged && (bench.block.describe().mountStatus !== 0 || bench.pieces().length === 0)) throw new Violation("a sync after the failed one acknowledged what the device had dropped");
}
/** Rule 10: a driver that dies at a flush, before the device has done it. */
function dieAtFlush(module: WebAssembly.Module): void {
  const bench = freshBench(module);
  bench.commit(Uint8Array.of(1));
  const { flushes } = bench.device;
  bench.device.dieAtFlush = () => bench.system.kill("virtio-blk");
  if (statusOf(() => bench.block.sync()) === 0 && bench.device.flushes === flushes) throw new Violation("a flush that nobody answered was taken for done");
  bench.close();
}
/** Rule 2: a block whose last bytes no extent binds; they were in the device's cache when the service read them, and the crash takes them. */
function patchUnbound(module: WebAssembly.Module): void {
  const bench = freshBench(module);
  const address = bench.store(pattern(1, 100));
  bench.commit();
  const data = bench.read(address, 1);
  data.set(pattern(2, 50), 2000);
  data.set(pattern(3, 40), 4000);
  bench.write(address, data);
  bench.commit();
  bench.device.put(Number(address) * blockBytes + 1024, new Uint8Array(512).fill(0x66));
  bench.mount();
  if (Buffer.compare(bench.read(address, 1), data) !== 0) throw new Violation("a block that was written as a whole has bytes that nobody wrote");
}
/** Rule 2: the same for a block that is home and was only then changed a little, twice; the newest home write is torn, and the place is damaged besides. */
function patchTorn(module: WebAssembly.Module): void {
  const bench = freshBench(module);
  const address = bench.store(pattern(1, blockBytes)), data = pattern(4, blockBytes);
  bench.write(address, data);
  bench.commit();
  bench.block.checkpoint();
  for (const at of [100, 3000]) {
    data.set(pattern(at, 30), at);
    bench.write(address, data);
    bench.commit();
    bench.block.sync();
  }
  bench.device.put(Number(address) * blockBytes + 1024, new Uint8Array(512).fill(0x66));
  bench.mount();
  if (Buffer.compare(bench.read(address, 1), data) !== 0) throw new Violation("a home write that was torn was not made whole from the log");
}
/** Rule 8: after a crash that lost a transaction and kept its successor, the same transaction once more, byte for byte. */
function repeatLife(module: WebAssembly.Module): void {
  const bench = freshBench(module);
  bench.device.mark();
  bench.commit(Uint8Array.of(1));
  bench.device.rollBack();
  bench.commit(Uint8Array.of(2));
  bench.mount();
  if (bench.pieces().length !== 0) throw new Violation("a transaction counts although the one before it is lost");
  bench.commit(Uint8Array.of(1));
  bench.block.sync();
  bench.mount();
  if (bench.pieces().length !== 1) throw new Violation("a dead transaction came back behind a repeated one");
}
function freshBench(module: WebAssembly.Module): BlockBench {
  const bench = new BlockBench(new FakeDevice(new Uint8Array(minimumImageBytes)), module);
  bench.block.format({ blockCount: 0n, flags: 0 });
  return bench;
}
const work = (module: WebAssembly.Module): void => { enumerate(new Workload({ seed: 1, steps: 90, module }).run(), 1, module); };
/** With turns for the background in between, where images go home; `impatient` lets them do so at the first. */
const workInBackground = (module: WebAssembly.Module): void => { enumerate(new Workload({ seed: 3, steps: 60, space: true, module }).run(), 3, module); };
const impatient = { "services/block/block-cache.ts": (text: string) => text.replace("const WAITING_RECORDS: u64 = 64;", "const WAITING_RECORDS: u64 = 0;") };
const live = (module: WebAssembly.Module): void => { crashLives(14, 11, module); };

/** A rule of the contract taken out of the service: file, text, what stands there instead, and what has to notice. */
interface Break { rule: number; name: string; file: string; from: string; to: string; notices: (module: WebAssembly.Module) => void }
const broken: Break[] = [
  { rule: 1, name: "sync acknowledges without a flush", file: "volume.ts", notices: work,
    from: "if (this.log.durable < this.log.committed) return this.flush();", to: "if (this.log.durable < this.log.committed) { this.log.noteFlushed(); return Status.Ok; }" },
  { rule: 2, name: "extents past the last flush are believed", file: "mount.ts", notices: work, from: "if (!status && record.sequence > this.flushed) {", to: "if (false) {" },
  { rule: 2, name: "a patch changes what only the disk has", file: "block-cache.ts", notices: patchUnbound, from: "entry >= 0 && load<u64>(this.at(entry), 16) > sequence ?", to: "entry >= 0 ?" },
  { rule: 2, name: "a patch changes what only the log before the checkpoint has", file: "volume.ts", notices: patchTorn, from: "this.transaction.write(address, blocks, lease, this.log.checkpointSequence)", to: "this.transaction.write(address, blocks, lease, 0)" },
  { rule: 2, name: "a mount leaves patches out", file: "redo-replay.ts", notices: work, from: "else if (items.type == ItemType.patch) status = this.patch(items);", to: "" },
  { rule: 3, name: "the superblock is written before its pages are flushed", file: "volume.ts", notices: work, from: "const status = this.flush();\n    return status ? status : this.publish();", to: "return this.publish();" },
  { rule: 3, name: "a page is rewritten in place", file: "map-tree.ts", notices: work, from: "const copy = this.frames.count(frame) % COPY_COUNT;", to: "const copy = max(this.frames.count(frame), 1) - 1;" },
  { rule: 4, name: "redo images go home before their record is flushed", file: "volume.ts", notices: work,
    from: "let status = this.sealCommitted();", to: "let status: u32 = Status.Ok;" },
  { rule: 4, name: "images go home in the background before their record is flushed", file: "background.ts", notices: workInBackground, from: "if (cache.oldestSequence > log.sealed &&", to: "if (false &&" },
  { rule: 5, name: "freed blocks are reused after one checkpoint", file: "waiting-blocks.ts", notices: work, from: "this.older.takeOver(this.recent);", to: "this.older.takeOver(this.recent); this.releaseOlder();" },
  { rule: 5, name: "a mount forgets what the generation before protects", file: "mount.ts", notices: live, from: "status = this.protectGenerationBefore();", to: "status = Status.Ok;" },
  { rule: 6, name: "extents are written over blocks in use", file: "transaction.ts", notices: overwrite, from: "|| !this.allocator.isFresh(address, blocks)", to: "" },
  { rule: 7, name: "damage is taken for a torn tail", file: "dead-records.ts", notices: damageRecords, from: "if (head.flushed > log.sequence) this.isProofOfDamage = true;", to: "" },
  { rule: 8, name: "records of other epochs and chains are believed", file: "log.ts", notices: live,
    from: "if (record.sequence != this.sequence + 1 || record.flushed > this.sequence) return false;", to: "return record.sequence == this.sequence + 1;" },
  { rule: 8, name: "dead records do not start a new epoch", file: "mount.ts", notices: repeatLife, from: "this.dead.areWhole || volume.droppedCount", to: "volume.droppedCount" },
  { rule: 9, name: "a failed flush is forgotten", file: "volume.ts", notices: dropAtFlush, from: "this.failure = status;\n    return status;", to: "return status;" },
  { rule: 9, name: "a failed flush is issued again", file: "device-disk.ts", notices: dropAtFlush, from: "status = this.driver.flush();\n", to: "status = this.driver.flush();\n      if (status == Status.DeviceError) status = this.driver.flush();\n" },
  { rule: 10, name: "a flush whose driver died is taken for done", file: "device-disk.ts", notices: dieAtFlush, from: "status = this.driver.flush();\n      if (!status)", to: "status = this.driver.flush();\n      if (!status || status == Status.PeerRestarted)" },
];
for (const { rule, name, file, from, to, notices } of broken) {
  test(`rule ${rule}, broken on purpose and noticed: ${name}`, async () => {
    const module = await blockModule({ name: `without-rule-${rule}-${file.slice(0, -3)}`, edits: { ...(notices === workInBackground ? impatient : {}), [`services/block/${file}`]: (text) => text.replace(from, to) } });
    assert.throws(() => notices(module), Violation);
  });
}

test("the shipped service keeps the rules that the small probes look at", async () => {
  const module = await blockModule();
  for (const notices of [overwrite, patchUnbound, patchTorn, damageRecords, repeatLife, dropAtFlush, dieAtFlush]) notices(module);
});

test("images that go home at the first opportunity change nothing", async () => {
  workInBackground(await blockModule({ name: "impatient", edits: impatient }));
});

test("every rule of docs/crash-contract.md has a build that breaks it", () => {
  const contract = readFileSync(join(root, "docs/crash-contract.md"), "utf8");
  const rules = [...contract.slice(contract.indexOf("### The rules"), contract.indexOf("### Why")).matchAll(/^(\d+)\. \*\*/gm)].map((match) => Number(match[1]));
  assert.ok(rules.length >= 9, "the rules were found");
  assert.deepEqual([...new Set(broken.map(({ rule }) => rule))].sort((left, right) => left - right), rules);
});

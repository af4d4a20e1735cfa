// Power loss at every device write of random transactions (docs/crash-contract.md): honest devices never break the contract, and a service or a device that is broken on purpose does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { blockModule, Random } from "./harness.ts";
import { CrashJudge, type Recording, Violation, Workload, type WorkloadOptions, enumerateCrashes } from "./crash-model.ts";

const thorough = { sampled: 16, torn: 4, honourFlush: true, recoverEvery: 41 };

function enumerate(recording: Recording, seed: number, module?: WebAssembly.Module, options = thorough): CrashJudge {
  const judge = new CrashJudge(recording, module);
  try { enumerateCrashes(judge, { seed, ...options }); } finally { judge.bench.close(); }
  return judge;
}

test("every crash image mounts to a committed state, no older than the last flush; a second mount changes nothing", (context) => {
  const started = performance.now();
  const sum = { images: 0, recoveries: 0, fallbacks: 0, events: 0 };
  for (const options of [{ seed: 1, steps: 90 }, { seed: 2, steps: 90 }, { seed: 3, steps: 70, warmUp: 1000 }]) {
    const recording = new Workload(options).run();
    const judge = enumerate(recording, options.seed);
    sum.images += judge.images;
    sum.recoveries += judge.recoveries;
    sum.fallbacks += judge.fallbacks;
    sum.events += recording.events.length;
  }
  const seconds = (performance.now() - started) / 1000;
  context.diagnostic(`${sum.images} crash images (${sum.recoveries} crashes of a recovery, ${sum.fallbacks} with the newest superblock damaged) of ${sum.events} device events in ${seconds.toFixed(1)} s: ${Math.round(sum.images / seconds)} images/s`);
  assert.ok(sum.images >= 5000, `${sum.images} images`);
});

/** Lives of one image: work, crash somewhere, recover, go on. Dead records of earlier lives must never come back. */
function lives(count: number, seed: number, module?: WebAssembly.Module): number {
  const random = new Random(seed);
  let from: WorkloadOptions["from"];
  let images = 0;
  for (let life = 0; life < count; life++) {
    const recording = new Workload({ seed: seed * 100 + life, steps: 12, module, from }).run();
    const judge = enumerate(recording, life, module, { sampled: 6, torn: 1, honourFlush: true, recoverEvery: 1000 });
    images += judge.images;
    from = crashOnce(recording, random, module);
  }
  return images;
}

/** One crash image in which unflushed writes are kept at random, recovered. */
function crashOnce(recording: Recording, random: Random, module?: WebAssembly.Module): NonNullable<WorkloadOptions["from"]> {
  const judge = new CrashJudge(recording, module);
  const length = 1 + random.next(recording.events.length);
  const lastFlush = recording.events.slice(0, length).findLastIndex((event) => event.kind === "flush");
  recording.events.slice(0, length).forEach((event, index) => {
    if (event.kind === "write" && (index < lastFlush || random.next(3))) judge.device.put(event.offset, event.data);
  });
  const found = judge.judge(lastFlush < 0 ? recording.oldest : recording.committed[lastFlush]!, recording.begun[length - 1]!, "between two lives");
  judge.bench.close();
  return { image: judge.device.bytes, state: recording.states[found]! };
}

test("an image that crashes, recovers and goes on many times never shows a dead life", (context) => {
  const images = lives(14, 11);
  context.diagnostic(`${images} crash images over 14 lives`);
});

test("a device that ignores flush breaks the contract, and the enumeration sees it", () => {
  const recording = new Workload({ seed: 1, steps: 60 }).run();
  assert.throws(() => enumerate(recording, 1, undefined, { ...thorough, honourFlush: false }), Violation);
});

/** Each rule of the contract taken out of the service: the same enumeration has to notice. */
const broken: Array<[string, string, string, string, ("lives" | "one")?]> = [
  ["sync acknowledges without a flush", "volume.ts", "if (this.log.durable < this.log.committed) return this.flush();", "if (this.log.durable < this.log.committed) { this.log.noteFlushed(); return Status.Ok; }"],
  ["the superblock is written before its pages are flushed", "volume.ts", "const status = this.flush();\n    return status ? status : this.publish();", "return this.publish();"],
  ["extents past the last flush are believed", "mount.ts", "if (record.sequence > this.flushed) {", "if (false) {"],
  ["redo images go home before their record is flushed", "volume.ts", "let status = this.flush();\n    // A device", "let status: u32 = Status.Ok;\n    this.cache.clear(); if (this.redo.sendHome(this.disk)) return Status.DeviceError;\n    // A device"],
  ["freed blocks are reused after one checkpoint", "allocator.ts", "this.release(this.older);\n    const emptied", "this.release(this.older); this.release(this.recent);\n    const emptied"],
  ["a page is rewritten in place", "checkpoint.ts", "(<u32>(pointerTarget(pointer) - first) + 1) % COPY_COUNT", "<u32>(pointerTarget(pointer) - first)"],
  ["records of other epochs and chains are believed", "log.ts", "if (record.sequence != this.sequence + 1 || record.flushed > this.sequence) return false;", "return record.sequence == this.sequence + 1;", "lives"],
  ["a mount forgets what the generation before protects", "mount.ts", "if (!status) status = this.protectGenerationBefore();", "", "lives"],
];
for (const [name, file, from, to, where] of broken) {
  test(`broken on purpose, noticed: ${name}`, async () => {
    const module = await blockModule({ name: file.slice(0, 3) + Buffer.from(name).reduce((sum, byte) => (sum * 31 + byte) % 1e6, 7), edits: { [`services/block/${file}`]: (text) => text.replace(from, to) } });
    assert.throws(() => {
      if (where === "lives") lives(14, 11, module);
      else enumerate(new Workload({ seed: 1, steps: 90, module }).run(), 1, module);
    }, Violation);
  });
}

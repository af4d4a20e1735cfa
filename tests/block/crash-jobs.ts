// The pieces of the crash campaign: each is a workload of its own seed with everything that power loss can do to it, and runs alone, in a worker or in a test.
import { Random } from "./harness.ts";
import { type Thoroughness, everything } from "./crash-images.ts";
import { CrashJudge, type Counts, noCounts } from "./crash-model.ts";
import { type Recording, Workload, type WorkloadOptions } from "./crash-workload.ts";

/**
 * `work`: a workload, crashed everywhere; every eighth on a log that wraps around, every third one that grows and discards. `recovery`: a small one, whose recoveries crash everywhere, two deep, and three deep now and then.
 * `lives`: an image that crashes, recovers and goes on, so that dead records of earlier lives lie about.
 */
export interface Job { kind: "work" | "recovery" | "lives"; seed: number }

const few: Thoroughness = { window: 6, sampledSubsets: 6, sampledTears: 1, tears: false };

/** What was judged, by kind. Throws a Violation. */
export function runJob({ kind, seed }: Job, module?: WebAssembly.Module): Counts {
  switch (kind) {
    case "work": return crashEverywhere(seed, module);
    case "recovery": return crashRecoveries(seed, module);
    case "lives": return crashLives(6, seed, module);
  }
}

function crashEverywhere(seed: number, module?: WebAssembly.Module): Counts {
  const recording = new Workload({ seed, steps: 40, warmUp: seed % 8 === 7 ? 1000 : 0, space: seed % 3 === 1, module }).run();
  return closing(new CrashJudge(recording, module), (judge) => judge.enumerate({ seed, images: everything, honourFlush: true, recovery: [{ every: 41, images: everything }], fallbackEvery: 7 }));
}

function crashRecoveries(seed: number, module?: WebAssembly.Module): Counts {
  const recording = new Workload({ seed, steps: 4, module }).run();
  const levels = [{ every: 1, images: everything }, { every: 1, images: everything }, { every: 997, images: few }];
  return closing(new CrashJudge(recording, module), (judge) => judge.enumerate({ seed, images: everything, honourFlush: true, recovery: levels, fallbackEvery: 0 }));
}

/** Lives of one image: work, crash somewhere, recover, go on. Dead records of earlier lives must never come back. */
export function crashLives(count: number, seed: number, module?: WebAssembly.Module): Counts {
  const random = new Random(seed);
  const sum = noCounts();
  let from: WorkloadOptions["from"];
  for (let life = 0; life < count; life++) {
    const recording = new Workload({ seed: seed * 100 + life, steps: 12, module, from }).run();
    const judge = new CrashJudge(recording, module);
    const counts = closing(judge, () => judge.enumerate({ seed: life, images: few, honourFlush: true, recovery: [], fallbackEvery: 3 }));
    for (const kind of Object.keys(sum) as Array<keyof Counts>) sum[kind] += counts[kind];
    from = crashOnce(recording, random, module);
  }
  return sum;
}

/** One crash image in which unflushed writes are kept at random, recovered. */
function crashOnce(recording: Recording, random: Random, module?: WebAssembly.Module): NonNullable<WorkloadOptions["from"]> {
  const judge = new CrashJudge(recording, module);
  const length = 1 + random.next(recording.events.length);
  const lastFlush = recording.events.slice(0, length).findLastIndex((event) => event.kind === "flush");
  recording.events.slice(0, length).forEach((event, index) => {
    if (event.kind === "write" && (index < lastFlush || random.next(3))) judge.device.put(event.offset, event.data);
  });
  let found = 0;
  closing(judge, () => { found = judge.judge(lastFlush < 0 ? recording.oldest : recording.committed[lastFlush]!, recording.begun[length - 1]!, "between two lives"); });
  return { image: judge.device.snapshot(), state: recording.states[found]! };
}

function closing(judge: CrashJudge, run: (judge: CrashJudge) => void): Counts {
  try { run(judge); } finally { judge.bench.close(); }
  return judge.counts;
}

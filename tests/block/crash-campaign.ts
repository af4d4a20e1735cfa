// `npm run crash-campaign -- [IMAGES] [SEED]`: crash images of the block service by the million, on all processors (docs/testing.md). Prints what was judged, by kind, and the seed; the first violation ends it with status 1.
// One job after another is handed to whichever worker is free; a job's seed is its number, so that it can be run again alone.
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { Counts } from "./crash-model.ts";
import type { Job } from "./crash-jobs.ts";

export interface Outcome { counts: Counts; images: number; seconds: number; violation: string | null }
/** What a worker answers to a job. */
export interface Verdict { counts: Counts | null; images: number; violation: string | null }

/** Of ten jobs: four whose recoveries crash, one of many lives. */
function jobAt(number: number, seed: number): Job {
  return { kind: [1, 4, 6, 8].includes(number % 10) ? "recovery" : number % 10 === 3 ? "lives" : "work", seed: seed + number };
}

/** Judge at least `images` crash images. `modulePath`: a block service instead of the shipped one. */
export async function runCampaign(images: number, seed: number, log: (line: string) => void, modulePath: string | null = null, jobs = jobAt): Promise<Outcome> {
  const started = performance.now();
  const outcome: Outcome = { counts: {} as Counts, images: 0, seconds: 0, violation: null };
  let next = 0;
  const workers: Worker[] = [];
  const serve = (): Promise<void> => new Promise((resolve, reject) => {
    const worker = new Worker(new URL("crash-worker.mjs", import.meta.url), { workerData: { modulePath } });
    workers.push(worker);
    // The largest jobs take minutes: who is still at one when there are enough images is not waited for, and it does not count.
    const give = (): void => {
      if (outcome.images >= images || outcome.violation) for (const each of workers) void each.terminate();
      else worker.postMessage(jobs(next++, seed));
    };
    worker.on("exit", () => { resolve(); });
    worker.on("error", reject);
    worker.on("message", ({ counts, images: judged, violation }: Verdict) => {
      for (const [kind, count] of Object.entries(counts ?? {}) as Array<[keyof Counts, number]>) outcome.counts[kind] = (outcome.counts[kind] ?? 0) + count;
      outcome.images += judged;
      outcome.violation ??= violation;
      outcome.seconds = (performance.now() - started) / 1000;
      log(`${outcome.images} images, job ${next}, seed ${seed}, ${Math.round(outcome.images / outcome.seconds)} images/s`);
      give();
    });
    give();
  });
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, serve));
  return outcome;
}

/** The counts as lines of text. */
export function report({ counts, images, seconds }: Outcome): string {
  const rows = Object.entries(counts).map(([kind, count]) => `  ${kind.padEnd(14)} ${String(count).padStart(9)}`);
  return `${rows.join("\n")}\n${images} crash images in ${seconds.toFixed(1)} s: ${Math.round(images / seconds)} images/s`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [images = 1_000_000, seed = 1] = process.argv.slice(2).map(Number);
  const outcome = await runCampaign(images, seed, (line) => console.log(line));
  console.log(report(outcome));
  if (outcome.violation) console.log(`VIOLATION: ${outcome.violation}`);
  process.exit(outcome.violation ? 1 : 0);
}

// `npm run fuzz:image -- [IMAGES] [SEED]`: forged images of the block service by the hundred thousand, on all processors (docs/testing.md). Prints progress and what was found; the first violation ends it with status 1.
// An image is its seed and its number: `runImages({ seed, first, count: 1 })` makes it again, alone.
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { FuzzCounts, Images } from "./image-fuzz-run.ts";

export interface Outcome { images: number; seconds: number; counts: FuzzCounts; violation: string | null }
const batch = 500;

/** Judge `images` forged images, from number 0 of the seed on. `modulePath`: a block service instead of the shipped one. */
export async function fuzzImages(images: number, seed: number, log: (line: string) => void, modulePath: string | null = null): Promise<Outcome> {
  const started = performance.now(), outcome: Outcome = { images: 0, seconds: 0, counts: { readOnly: 0, statuses: {}, most: { requests: 0, blocksRead: 0, milliseconds: 0 } }, violation: null };
  let next = 0;
  /** What each worker is at: its first image, and since when. */
  const atWork = new Map<Worker, { first: number; since: number }>();
  const slow = setInterval(() => {
    for (const { first, since } of atWork.values()) if (performance.now() - since > 60_000) log(`images ${first} to ${first + batch - 1} of seed ${seed} have taken ${Math.round((performance.now() - since) / 1000)} s`);
  }, 60_000);
  const serve = (): Promise<void> => new Promise((resolve, reject) => {
    const worker = new Worker(new URL("image-fuzz-worker.mjs", import.meta.url), { workerData: { modulePath } });
    const give = (): void => {
      if (next >= images || outcome.violation) { atWork.delete(worker); void worker.terminate().then(() => resolve()); return; }
      const count = Math.min(batch, images - next);
      atWork.set(worker, { first: next, since: performance.now() });
      worker.postMessage({ seed, first: next, count } satisfies Images);
      next += count;
    };
    worker.on("error", reject);
    worker.on("message", ({ counts, images: judged, violation }: { counts: FuzzCounts; images: number; violation: string | null }) => {
      outcome.images += judged;
      outcome.violation ??= violation;
      outcome.seconds = (performance.now() - started) / 1000;
      outcome.counts.readOnly += counts.readOnly;
      for (const [status, count] of Object.entries(counts.statuses)) outcome.counts.statuses[status] = (outcome.counts.statuses[status] ?? 0) + count;
      for (const key of ["requests", "blocksRead", "milliseconds"] as const) outcome.counts.most[key] = Math.max(outcome.counts.most[key], counts.most[key]);
      if (outcome.images % (20 * batch) === 0) log(`${outcome.images} images of seed ${seed}, ${Math.round(outcome.images / outcome.seconds)} a second`);
      give();
    });
    give();
  });
  try { await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, serve)); } finally { clearInterval(slow); }
  return outcome;
}

export function report({ images, seconds, counts: { readOnly, statuses, most } }: Outcome): string {
  const kinds = Object.entries(statuses).map(([status, count]) => `${count} ${status === "0" ? `served (${readOnly} for reading alone)` : `answered ${status}`}`).join(", ");
  return `${images} forged images in ${seconds.toFixed(1)} s, ${Math.round(images / seconds)} a second: ${kinds}; the most that a mount did: ${most.requests} requests, ${most.blocksRead} blocks read, ${Math.round(most.milliseconds)} ms`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [images = 300_000, seed = 1] = process.argv.slice(2).map(Number);
  const outcome = await fuzzImages(images, seed, (line) => console.log(line));
  console.log(report(outcome));
  console.log(outcome.violation ? `VIOLATION: ${outcome.violation}` : "no violation");
  process.exit(outcome.violation ? 1 : 0);
}

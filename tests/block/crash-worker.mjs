// A worker of the crash campaign: takes jobs, answers what it judged. JavaScript, because a worker does not get the loader of TypeScript from its parent.
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

register();
const { runJob } = await import("./crash-jobs.ts");
const { Violation, imagesOf } = await import("./crash-model.ts");
const module = workerData.modulePath ? new WebAssembly.Module(readFileSync(workerData.modulePath)) : undefined;

parentPort.on("message", (job) => {
  try {
    const counts = runJob(job, module);
    parentPort.postMessage({ counts, images: imagesOf(counts), violation: null });
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    parentPort.postMessage({ counts: null, images: 0, violation: `${job.kind} job of seed ${job.seed}: ${error.message}` });
  }
});

// A worker of the image fuzzer: takes batches, answers what it judged. JavaScript, because a worker does not get the loader of TypeScript from its parent.
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

register();
Error.stackTraceLimit = 0; // half of all calls are refused, and a stack costs more than a call
const { runImages } = await import("./image-fuzz-run.ts");
const { Violation } = await import("./forge-judge.ts");
const module = workerData.modulePath ? new WebAssembly.Module(readFileSync(workerData.modulePath)) : undefined;
const nothing = { readOnly: 0, statuses: {}, most: { requests: 0, blocksRead: 0, milliseconds: 0 } };

parentPort.on("message", (images) => {
  try {
    parentPort.postMessage({ counts: runImages(images, module), images: images.count, violation: null });
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    parentPort.postMessage({ counts: nothing, images: 0, violation: error.message });
  }
});

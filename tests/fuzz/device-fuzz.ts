// `npm run fuzz:device -- [MUTATIONS] [SEED]`: the long run of device-fuzzer.ts, ten million mutated completions unless told otherwise,
// half of them of a device with one queue, half with four.
import { fuzzDevice } from "./device-fuzzer.ts";

const mutations = Number(process.argv[2] ?? 10_000_000);
const seed = Number(process.argv[3] ?? 1);
for (const queueCount of [1, 4]) {
  const start = Date.now(), seconds = (): number => Math.round((Date.now() - start) / 1000);
  const result = await fuzzDevice(seed, Math.ceil(mutations / 2), queueCount, undefined, (done) => console.log(`${done} after ${seconds()} s`));
  console.log(`seed ${seed}, queues: ${queueCount}: ${result.mutated} mutated completions of ${result.completions}, ${result.requests} requests, ${result.okay} ended well, ${result.resets} resets, ${result.breaches} breaches, ${result.timeOuts} time-outs, ${seconds()} s`);
  console.log(result.failure === null ? "no trap, no accepted lie" : `FAILED: ${result.failure}`);
  if (result.failure !== null) process.exitCode = 1;
}

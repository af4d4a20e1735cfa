// `npm run fuzz:device -- [MUTATIONS] [SEED]`: the long run of device-fuzzer.ts, ten million mutated completions unless told otherwise.
import { fuzzDevice } from "./device-fuzzer.ts";

const mutations = Number(process.argv[2] ?? 10_000_000);
const seed = Number(process.argv[3] ?? 1);
const start = Date.now();
const result = await fuzzDevice(seed, mutations, undefined, (done) => console.log(`${done} after ${Math.round((Date.now() - start) / 1000)} s`));
console.log(`seed ${seed}: ${result.mutated} mutated completions of ${result.completions}, ${result.requests} requests, ${result.okay} ended well, ${result.resets} resets, ${result.breaches} breaches, ${result.timeOuts} time-outs, ${Math.round((Date.now() - start) / 1000)} s`);
console.log(result.failure === null ? "no trap, no accepted lie" : `FAILED: ${result.failure}`);
process.exitCode = result.failure === null ? 0 : 1;

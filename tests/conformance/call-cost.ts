// What a call costs on the hosted kernel: `npx tsx tests/conformance/call-cost.ts`. Module to module, with the message
// copied both ways; then with a lease, with a lease that is read, and with the trace on.
import { readFileSync } from "node:fs";
import { bootHosted, type BootOptions } from "../../host/kernel/system.ts";
import { compileModule } from "../modules/build.ts";

const pages = 4;
const manifest = {
  version: 1,
  domains: [
    { name: "callee", module: "call-cost", rank: 1, memoryPages: pages, capabilities: [{ name: "self", kind: "endpoint", domain: "callee" }] },
    { name: "caller", module: "call-cost", rank: 2, memoryPages: pages, capabilities: [
      { name: "self", kind: "endpoint", domain: "caller" }, { name: "callee", kind: "endpoint", domain: "callee" }] },
    { name: "host", module: null, rank: 6, memoryPages: 1, capabilities: [{ name: "caller", kind: "endpoint", domain: "caller" }] },
  ],
};

async function measure(name: string, count: number, lentBytes: number, mode: number, options: Partial<BootOptions> = {}): Promise<void> {
  const module = readFileSync(await compileModule("call-cost", "tests/conformance/call-cost", pages));
  const system = bootHosted({ manifest, modules: { "call-cost": module }, ...options });
  const host = system.client("host");
  const run = (calls: number): number => {
    host.begin(1, 1);
    host.messageOut.setUint32(16, calls, true);
    host.messageOut.setUint32(20, lentBytes, true);
    host.messageOut.setUint32(24, mode, true);
    const started = performance.now();
    if (host.call(host.handle("caller")) !== 0) throw new Error("the call failed");
    return ((performance.now() - started) * 1e6) / calls;
  };
  run(count); // the engine compiles
  const times = Array.from({ length: 9 }, () => run(count)).sort((a, b) => a - b);
  console.log(`${name.padEnd(34)} ${times[4]!.toFixed(0).padStart(6)} ns  (best ${times[0]!.toFixed(0)}, worst ${times[8]!.toFixed(0)})`);
  system.close();
}

await measure("call and reply", 1_000_000, 0, 0);
await measure("with a lease", 500_000, 64, 0);
await measure("with a lease of 64 B, read", 500_000, 64, 1);
await measure("with a lease of 4 KiB, read", 300_000, 4096, 1);
await measure("with a lease of 64 KiB, read", 30_000, 65536, 1);
await measure("call and reply, traced", 500_000, 0, 0, { trace: () => {} });

// The driver under the module device-benchmark, alone on our kernel, in builds that wait in one way only; and what that module prints.
import { bundle, compileModule, driverManifest } from "../tests/modules/build.ts";

/** How the driver waits for the device: as it ships, which it chooses by what has paid off; never by polling; never by sleeping (but for a flush). */
export type Waiting = "as shipped" | "interrupts" | "polled";

const engine = "services/virtio-blk/request-engine.ts";
const pollAtMost = (turns: number, otherwise: number) => (text: string): string =>
  text.replace(/(const pollsMost: u32 = )\d+/, `$1${turns}`).replace(/(const pollsLeast: u32 = )\d+/, `$1${otherwise}`);
const edits = { "as shipped": undefined, interrupts: { [engine]: pollAtMost(0, 0) }, polled: { [engine]: pollAtMost(1 << 24, 1 << 24) } };

/** The bundle to boot. */
export async function deviceBundle(waiting: Waiting): Promise<string> {
  const manifest = driverManifest("device-benchmark"), name = `device-benchmark-${waiting.replace(" ", "-")}`;
  const driver = await compileModule(`virtio-blk-${waiting.replace(" ", "-")}`, "services/virtio-blk", manifest.domains[0]!.memoryPages, edits[waiting]);
  return bundle(name, manifest, { "virtio-blk": driver, "device-benchmark": await compileModule("device-benchmark", "tests/modules/device-benchmark") });
}

export interface Row { requests: number; nanoseconds: number; interrupts: number }

/** The rows that the module printed, in order; it must have come to its end. */
export function rowsOf(output: string): Map<string, Row> {
  const rows = [...output.matchAll(/^(.+): (\d+) requests in (\d+) ns; doorbells \d+ interrupts (\d+)$/gm)];
  if (rows.at(-1)?.[1] !== "write 4 KiB and flush") throw new Error(`the benchmark of the device ended with:\n${output.slice(-2000)}`);
  return new Map(rows.map(([, name, requests, nanoseconds, interrupts]) => [name!, { requests: Number(requests), nanoseconds: Number(nanoseconds), interrupts: Number(interrupts) }]));
}

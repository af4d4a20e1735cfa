// The images that tests of failing requests start from, and the ways in which requests fail.
import type { State } from "./crash-workload.ts";
import { FaultyDevice } from "./faulty-device.ts";
import { Hand } from "./hand.ts";
import { BlockBench, blockBytes, minimumImageBytes, sectorBytes, writeAttempts } from "./harness.ts";
import { ImageMap } from "./image-map.ts";

export type Blocks = ReadonlyMap<number, Uint8Array>;

/** Generations, redo images on their way, frees, a sealed log: something for every operation to meet. */
function makeImages(): { rich: Blocks; torn: Blocks; damaged: Blocks; states: State[] } {
  const device = new FaultyDevice(), bench = new BlockBench(device), hand = new Hand(bench);
  bench.block.format({ blockCount: BigInt(minimumImageBytes / blockBytes), flags: 0 });
  hand.note();
  for (let i = 0; i < 3; i++) { hand.extent(3); hand.extent(2); hand.commit(); hand.checkpoint(); }
  hand.free(hand.addresses()[0]!);
  hand.redo(hand.addresses()[1]!, 1);
  hand.extent(4);
  hand.commit();
  hand.sync();
  hand.redo(hand.addresses()[1]!, 0);
  hand.commit();
  hand.sync();
  const rich = device.snapshot(), states = [...hand.states];
  // Two more transactions, of which the crash kept the second, and the first's record without its data.
  device.mark();
  const events: NonNullable<typeof device.events> = device.events = [];
  hand.extent(2); hand.commit(); hand.extent(1); hand.redo(hand.addresses()[1]!, 1); hand.commit();
  device.events = null;
  device.rollBack();
  device.mark();
  for (const event of events.slice(1)) if (event.kind === "write") device.put(event.offset, event.data);
  const torn = device.snapshot();
  device.rollBack();
  device.put(new ImageMap(device).slots()[0]!.address * blockBytes, new Uint8Array(sectorBytes).fill(0x5a));
  bench.close();
  return { rich, torn, damaged: device.snapshot(), states };
}
export const images = makeImages();

/** Which requests fail, counted from 0, when the Nth is the first. */
export const modes: Array<[string, (nth: number) => (request: number) => boolean]> = [
  ["from it on", (nth) => (request) => request >= nth],
  ["at every attempt", (nth) => (request) => request >= nth && request < nth + writeAttempts],
  ["once", (nth) => (request) => request === nth],
];

// The sound images that forged ones start from: every shape that the format has, each made by the shipped service.
import { Hand } from "./hand.ts";
import { BlockBench, SparseDevice, blockBytes, grownBytes, minimumImageBytes } from "./harness.ts";
import { ImageMap, type Item, type OwnedRun, type Structure, itemsOf } from "./image-map.ts";

const mebibyte = 1 << 20;

/** An image and where everything of it lies. */
export interface Base {
  name: string;
  deviceBytes: number;
  /** Of the image, which may be smaller than the device. */
  blockCount: number;
  blocks: ReadonlyMap<number, Uint8Array>;
  structures: Structure[];
  /** The maps of the last two generations. */
  generations: Structure[][];
  /** Records from the generation before the newest on. */
  records: Structure[];
  items: Item[][];
  owned: OwnedRun[];
  logBlocks: number;
}

function closed(name: string, device: SparseDevice, bench: BlockBench): Base {
  bench.close();
  const map = new ImageMap(device), slots = map.slots(), records = map.log(), owned = map.ownedRuns(slots[0]!.generation);
  const items = records.map(({ address, lengthBytes }) => itemsOf(device.peek(address * blockBytes, lengthBytes)));
  return {
    name, deviceBytes: device.sizeBytes, blocks: device.snapshot(), structures: map.structures(), generations: map.generations(), records, items, owned,
    blockCount: Number(slots[0]!.view.getBigUint64(72, true)), logBlocks: owned.find(({ what }) => what === "log")!.count,
  };
}

function make(name: string, deviceBytes: number, work: (hand: Hand, bench: BlockBench, device: SparseDevice) => void, imageBytes = deviceBytes): Base {
  const device = new SparseDevice(deviceBytes), bench = new BlockBench(device), hand = new Hand(bench);
  bench.block.format({ blockCount: BigInt(imageBytes / blockBytes), flags: 0 });
  work(hand, bench, device);
  return closed(name, device, bench);
}

/** One of everything that a record can hold. */
function mixed(hand: Hand, bench: BlockBench, count: number): void {
  for (let at = 0; at < count; at++) {
    hand.extent(1 + at % 4);
    const [address] = hand.addresses();
    hand.redo(address!, 0);
    const patched = hand.block(address!)[0]!.slice();
    patched.fill(at + 1, 100, 108 + at * 8);
    patched.fill(at + 1, 3000, 3020);
    bench.write(address!, patched);
    hand.keep(address!, new Uint8Array(Buffer.concat([patched, ...hand.block(address!).slice(1)])));
    bench.attach(hand.content(1).subarray(0, 40 + at), 2);
    if (at % 3 === 2) hand.free(hand.addresses()[1]!);
    hand.commit();
    if (at % 2) hand.sync();
  }
}

function generations(hand: Hand, count: number): void {
  for (let at = 0; at < count; at++) {
    hand.extent(3);
    hand.extent(2);
    hand.commit();
    if (at % 2) { hand.free(hand.addresses()[0]!); hand.commit(); }
    hand.checkpoint();
  }
}

/** Commits of 100 blocks until the log has gone around, with checkpoints as they are wanted. */
function goAround(hand: Hand, bench: BlockBench, laps: number): void {
  const { logBlocks } = bench.statistics();
  for (let used = 0; used < laps * Number(logBlocks); used += 101) {
    bench.attach(hand.content(100), 2);
    hand.commit();
    if (bench.statistics().logUsedBlocks > logBlocks / 2n) hand.checkpoint();
  }
}

/** Shipped with the service that the tests use; some 100 ms in all. */
export function makeBases(): Base[] {
  return [
    make("fresh", minimumImageBytes, () => {}),
    make("young", minimumImageBytes, (hand, bench) => { generations(hand, 5); mixed(hand, bench, 6); hand.sync(); hand.sync(); }),
    make("never synced", minimumImageBytes, (hand, bench) => { generations(hand, 3); mixed(hand, bench, 1); hand.extent(20); hand.commit(); hand.extent(3); hand.commit(); }),
    make("of many lives", minimumImageBytes, (hand, bench, device) => {
      generations(hand, 3);
      for (let life = 0; life < 4; life++) {
        mixed(hand, bench, 2);
        hand.sync();
        const before = hand.states.at(-1)!;
        const kept = hand.states.slice();
        hand.extent(2);
        const lost = hand.addresses().at(-1)!;
        hand.commit();
        hand.extent(1);
        hand.commit();
        device.put(Number(lost) * blockBytes, new Uint8Array(blockBytes)); // a mount cuts both off
        bench.mount();
        hand.goOn(kept);
        hand.number = before.number;
      }
    }),
    make("wrapped", minimumImageBytes, (hand, bench) => { goAround(hand, bench, 2.4); generations(hand, 2); mixed(hand, bench, 4); bench.attach(hand.content(9), 3); hand.commit(); hand.sync(); hand.sync(); }),
    make("a long log", minimumImageBytes, (hand, bench) => { generations(hand, 4); mixed(hand, bench, 30); for (let at = 0; at < 2; at++) { bench.attach(hand.content(20), 2); hand.commit(); } mixed(hand, bench, 10); hand.sync(); }),
    make("grown", 400 * mebibyte, (hand, bench) => {
      generations(hand, 2);
      hand.grow(grownBytes);
      generations(hand, 2);
      hand.grow(300 * mebibyte);
      generations(hand, 1);
      bench.store(hand.content(5), 40_000n);
      bench.store(hand.content(5), 70_000n);
      hand.commit();
      hand.checkpoint();
      mixed(hand, bench, 3);
      hand.sync();
      hand.sync();
    }, minimumImageBytes),
    make("almost full", minimumImageBytes, (hand, bench) => {
      generations(hand, 2);
      for (let left = Number(bench.block.describe().freeBlocks) - 30; left > 0;) left -= bench.block.allocate({ hint: 0n, count: left, flags: 0 }).count;
      hand.commit();
      hand.checkpoint();
      mixed(hand, bench, 3);
      hand.sync();
    }),
    make("large", 2 ** 40, (hand, bench) => {
      for (const hint of [1n, 10_000_000n, 230_000_000n, 2n ** 28n - 40n]) bench.store(hand.content(3), hint);
      hand.commit();
      hand.checkpoint();
      bench.store(hand.content(4), 77_777_777n);
      hand.commit();
      hand.checkpoint();
      bench.store(hand.content(4), 99_999_999n);
      bench.attach(hand.content(1));
      hand.commit();
      hand.sync();
      hand.sync();
    }),
  ];
}

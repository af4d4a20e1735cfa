// The Nth request to the device fails: for every N, in every operation of the interface and in recovery (what is done in the background: background-faults.test.ts); once, at every attempt, and from N on. The operation says so or it did all of its work, no state is there but the old and the new one,
// nothing that was acknowledged is missing, with power or without, and the service goes on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { block as blockInterface } from "../../kernel-bindings/schema/block.ts";
import { CrashJudge } from "./crash-model.ts";
import { type Recording, type State, allocationBytes, number32 } from "./crash-workload.ts";
import { type Blocks, images, modes } from "./fault-images.ts";
import { FaultyDevice } from "./faulty-device.ts";
import { Hand } from "./hand.ts";
import { BlockBench, blockBytes, grownBytes, minimumImageBytes, statusOf } from "./harness.ts";

const Status = { ReadOnly: 34, DeviceError: 32, NotFormatted: 35, Lost: 38 } as const;

/** `before` runs without faults, `run` meets one, `finish` makes a durable transaction of it. `run` may answer a status instead of throwing it. */
interface Scenario { operation: string; name?: string; image?: Blocks; before?(hand: Hand): void; run(hand: Hand): number | void; finish?(hand: Hand): void }
const commitAndSync = (hand: Hand): void => { hand.commit(); hand.sync(); };
const mounts = (hand: Hand): number => { hand.bench.mount(); return hand.bench.block.describe().mountStatus; };
let address = 0n, data: Uint8Array = new Uint8Array(0);
const place = (blocks: number) => (hand: Hand): void => { data = hand.content(blocks); ({ address } = hand.bench.block.allocate({ hint: 0n, count: blocks, flags: 0 })); };
/** The first blocks of the last extent, in place. */
function overwrite(hand: Hand, blocks: number): void {
  const large = hand.addresses().at(-1)!, content = hand.content(blocks);
  hand.bench.write(large, content);
  hand.keep(large, Buffer.concat([content, ...hand.block(large).slice(blocks)]));
}
/** Until the next record needs the log that only the generation before the newest needs. */
function fillLog(hand: Hand): void {
  const { logBlocks } = hand.bench.statistics();
  const record = (blocks: number): void => { hand.bench.attach(hand.content(blocks), 2); hand.commit(); };
  while (hand.bench.statistics().logUsedBlocks < logBlocks / 2n) record(100);
  hand.checkpoint();
  while (logBlocks - hand.bench.statistics().logUsedBlocks > 200n) record(60);
  hand.bench.attach(hand.content(200), 2);
}
const scenarios: Scenario[] = [
  { operation: "describe", run: ({ bench }) => { bench.block.describe(); } },
  { operation: "allocate", run: ({ bench }) => { bench.block.allocate({ hint: 0n, count: 5, flags: 0 }); }, finish: (hand) => { hand.bench.block.abandon(); } },
  { operation: "free", run: (hand) => { hand.free(hand.addresses()[2]!); } },
  { operation: "read", name: "one block", run: (hand) => { hand.read(hand.addresses()[2]!, 1); } },
  { operation: "read", name: "many blocks", run: (hand) => { hand.read(hand.addresses().at(-1)!, 4); } },
  { operation: "writeExtents", before: place(4), run: (hand) => { hand.bench.writeExtents([{ address, data }]); hand.keep(address, data); } },
  { operation: "writeExtents", name: "past the bound of unflushed data", before: (hand) => { for (let i = 0; i < 8; i++) hand.extent(255); place(64)(hand); }, run: (hand) => { hand.bench.writeExtents([{ address, data }]); hand.keep(address, data); } },
  { operation: "write", run: (hand) => { hand.redo(hand.addresses()[1]!, 0); } },
  { operation: "write", name: "with no room for another image", before: (hand) => { hand.extent(250); hand.commit(); overwrite(hand, 250); hand.commit(); }, run: (hand) => { overwrite(hand, 100); } },
  { operation: "attach", before: (hand) => { hand.extent(1); }, run: ({ bench }) => { bench.attach(new Uint8Array(3000).fill(7), 2); } },
  { operation: "commit", before: (hand) => { hand.extent(3); hand.redo(hand.addresses()[2]!, 0); }, run: (hand) => { hand.commit(); }, finish: (hand) => { hand.sync(); } },
  { operation: "commit", name: "on a log that is nearly full", before: fillLog, run: (hand) => { hand.commit(); }, finish: (hand) => { hand.sync(); } },
  { operation: "sync", before: (hand) => { hand.extent(3); hand.commit(); }, run: (hand) => { hand.sync(); }, finish: (hand) => { hand.sync(); } },
  { operation: "sync", name: "idle, which leaves a seal", before: (hand) => { hand.extent(3); hand.commit(); hand.sync(); }, run: (hand) => { hand.sync(); } },
  { operation: "setRoot", run: ({ bench }) => { bench.setRoot(Uint8Array.of(1), 3); }, finish: (hand) => { hand.bench.block.abandon(); } },
  { operation: "getRoot", run: ({ bench }) => { bench.getRoot(); } },
  { operation: "checkpoint", before: (hand) => { hand.extent(2); hand.commit(); }, run: (hand) => { hand.checkpoint(); } },
  { operation: "checkpoint", name: "with redo images on their way", before: (hand) => { hand.extent(2); hand.redo(hand.addresses()[1]!, 1); hand.commit(); hand.redo(hand.addresses()[2]!, 0); hand.commit(); }, run: (hand) => { hand.checkpoint(); } },
  { operation: "grow", before: (hand) => { hand.extent(2); hand.commit(); hand.checkpoint(); }, run: (hand) => { hand.grow(grownBytes); } },
  { operation: "grow", name: "with freed blocks waiting", before: (hand) => { hand.free(hand.addresses()[2]!); hand.commit(); hand.checkpoint(); }, run: (hand) => { hand.grow(grownBytes - (1 << 20)); } },
  { operation: "replay", run: ({ bench }) => { bench.pieces(); } },
  { operation: "statistics", run: ({ bench }) => { bench.statistics(); } },
  { operation: "readAllocation", run: ({ bench }) => { allocationBytes(bench); } },
  { operation: "verify", run: ({ bench }) => (bench.block.verify().damagedBlocks ? Status.DeviceError : 0) },
  { operation: "abandon", before: (hand) => { place(3)(hand); hand.bench.writeExtents([{ address, data }]); }, run: ({ bench }) => { bench.block.abandon(); } },
  { operation: "damage", run: ({ bench }) => { bench.block.damage(); } },
  // The bytes that are there: it has no number in the client's sequence, so the state must be one that has.
  { operation: "writeDurable", run: (hand) => { const at = hand.addresses()[2]!; hand.bench.writeDurable(at, hand.block(at)[0]!); } },
  { operation: "mount", name: "of a sound image", run: mounts },
  { operation: "mount", name: "of a torn image", image: images.torn, run: mounts },
  { operation: "mount", name: "of an image without its newest superblock", image: images.damaged, run: mounts },
];

/** The scenario without a fault: requests that `run` made, and all states. */
function refer(device: FaultyDevice, bench: BlockBench, scenario: Scenario): { requests: number; states: State[] } {
  const hand = prepare(device, bench, scenario);
  let requests = 0;
  device.failRequests((request) => { requests = request + 1; return false; });
  assert.equal(scenario.run(hand) ?? 0, 0);
  device.failRequests(null);
  (scenario.finish ?? commitAndSync)(hand);
  return { requests, states: hand.states };
}
function prepare(device: FaultyDevice, bench: BlockBench, scenario: Scenario): Hand {
  device.become(scenario.image ?? images.rich);
  bench.mount();
  assert.equal(bench.block.describe().mountStatus, 0);
  const hand = new Hand(bench).goOn(images.states);
  scenario.before?.(hand);
  if (scenario.operation === "mount") device.become(scenario.image ?? images.rich);
  return hand;
}

test("every operation of the interface is here", () => {
  const covered = new Set([...scenarios.map(({ operation }) => operation), "format"]);
  assert.deepEqual(blockInterface.operations.map(({ name }) => name).filter((name) => !covered.has(name)), []);
});

for (const scenario of scenarios) test(`${scenario.operation}${scenario.name ? ` ${scenario.name}` : ""}: each request to the device fails`, (context) => {
  // Another service tells what to expect: this one must not have the answers in its memory.
  const soundDevice = new FaultyDevice(), sound = new BlockBench(soundDevice);
  const { requests, states } = refer(soundDevice, sound, scenario);
  sound.close();
  const device = new FaultyDevice(), bench = new BlockBench(device);
  const judge = new CrashJudge({ base: images.rich, events: [], states, begun: [], committed: [], oldest: 0 } satisfies Recording);
  const seen = { hidden: 0, passing: 0, final: 0 };
  for (const [mode, plan] of modes) for (let nth = 0; nth < requests; nth++) {
    const about = `${scenario.operation}, request ${nth} of ${requests} fails ${mode}`;
    const hand = prepare(device, bench, scenario);
    const endings = bench.system.faults.length;
    device.failRequests(plan(nth));
    let status = 0;
    const thrown = statusOf(() => { status = scenario.run(hand) ?? 0; }) || status;
    assert.ok(device.failed > 0, `${about}: it was reached`);
    device.failRequests(null);
    assert.equal(bench.system.faults.length, endings, `${about}: the service lives`);
    assert.ok([0, Status.DeviceError, Status.Lost].includes(thrown as 0), `${about}: status ${thrown}`);
    // What a client does: the same once more, then the rest; or, if there is no way on, it waits for the next mount.
    const again = thrown ? statusOf(() => { status = scenario.run(hand) ?? 0; }) || status : 0;
    const rest = again || statusOf(() => (scenario.finish ?? commitAndSync)(hand));
    assert.ok([0, Status.DeviceError, Status.Lost, Status.ReadOnly].includes(rest as 0), `${about}: then status ${rest}`);
    seen[rest ? "final" : thrown ? "passing" : "hidden"]++;
    const newest = rest ? states.length - 1 : hand.number;
    const oldest = rest ? hand.durable : hand.number;
    for (const [image, when] of [[device.snapshot(), ""], [device.afterPowerLoss(), ", and then the power"]] as const) {
      judge.device.become(image);
      judge.judge(oldest, newest, about + when);
    }
    device.failRequests(null);
    bench.mount();
    assert.equal(bench.block.describe().mountStatus, 0, `${about}: mounted anew`);
    bench.commit(number32(1), 4);
    bench.block.sync();
  }
  judge.bench.close();
  bench.close();
  context.diagnostic(`${requests} requests: ${JSON.stringify(seen)}`);
});

test("format: each request to the device fails, and leaves the old image, none, or the new one", () => {
  // Another seed: the new image must not get the id of the old one.
  const device = new FaultyDevice(), bench = new BlockBench(device, undefined, 8), judge = new CrashJudge({ base: images.rich, events: [], states: images.states, begun: [], committed: [], oldest: 0 });
  let cases = 0;
  for (const [mode, plan] of modes) for (let nth = 0; ; nth++, cases++) {
    device.become(images.rich);
    bench.mount();
    device.failRequests(plan(nth));
    const status = statusOf(() => bench.block.format({ blockCount: BigInt(minimumImageBytes / blockBytes), flags: 1 }));
    if (!device.failed) break;
    const about = `format, request ${nth} fails ${mode}`;
    assert.ok([0, Status.DeviceError, Status.Lost].includes(status as 0), `${about}: status ${status}`);
    for (const image of [device.snapshot(), device.afterPowerLoss()]) {
      judge.device.become(image);
      judge.bench.mount();
      if (status && judge.bench.block.describe().mountStatus === Status.NotFormatted) continue;
      const found = judge.judge(0, status ? images.states.length - 1 : 0, about);
      assert.ok(found === 0 || found === images.states.length - 1, `${about}: ${found}`);
    }
    bench.block.format({ blockCount: BigInt(minimumImageBytes / blockBytes), flags: 1 });
    bench.commit(number32(1));
    bench.block.sync();
    assert.equal(bench.system.faults.length, 0);
  }
  assert.ok(cases > 20, `${cases} cases`);
  judge.bench.close();
  bench.close();
});

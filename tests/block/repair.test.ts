// Redundant metadata: whatever happened last to an image, it has two generations, and damage to the superblock or the checkpoint of one of them loses nothing; a place that went bad is written again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockFlag } from "../../kernel-bindings/generated/host/block.ts";
import { BlockBench, SparseDevice, blockBytes, grownBytes, minimumImageBytes, pattern, sectorBytes } from "./harness.ts";
import { ImageMap, type Structure } from "./image-map.ts";
import type { DomainContext } from "../../host/kernel/typescript-domain.ts";

/** Sectors that cannot be read until they are written again, as those of a real disk. */
class WornDevice extends SparseDevice {
  constructor(blocks?: ReadonlyMap<number, Uint8Array>) { super(grownBytes, blocks); }
  override receive(badge: number, rights: number, context: DomainContext): number {
    const isWrite = context.operation === 3, offset = Number(context.messageIn.getBigUint64(16, true)) * sectorBytes;
    const status = super.receive(badge, rights, context);
    if (isWrite && !status) this.unreadable = this.unreadable.filter(({ start, end }) => start < offset || end > offset + context.lease(0).length);
    return status;
  }
}

interface Client { bench: BlockBench; kept: Array<{ address: bigint; data: Uint8Array }> }
const redundant = ({ role }: Structure): boolean => role === "superblock" || role === "checkpoint";

function work({ bench, kept }: Client, transactions: number): void {
  for (let i = 0; i < transactions; i++) {
    const data = pattern(kept.length + 1, 2 * blockBytes);
    kept.push({ address: bench.store(data), data });
    bench.commit(Uint8Array.of(i));
    bench.block.sync();
  }
}
const checkpoints = (count: number) => (client: Client): void => { for (let i = 0; i < count; i++) { work(client, 1); client.bench.block.checkpoint(); } };
/** Until a commit needs the log that only the generation before needs. */
function fillLog(client: Client): void {
  const { bench } = client;
  const { logBlocks } = bench.statistics();
  const used = (): bigint => bench.statistics().logUsedBlocks;
  for (let i = 0; used() < logBlocks - 250n; i++) {
    bench.commit(pattern(i, 100 * blockBytes));
    if (i === 4) bench.block.checkpoint();
  }
  work(client, 1); // so that the map in memory is not the one that is published again
  const { generation } = bench.block.describe();
  while (bench.block.describe().generation === generation) bench.commit(pattern(1, 100 * blockBytes));
}
/** Of those after the newest, up to `end`; then a mount. */
function loseSuperblocks(client: Client, end: number): void {
  const { bench } = client;
  checkpoints(6)(client);
  for (const { address } of new ImageMap(bench.device).slots().slice(1, end)) bench.device.put(address * blockBytes, new Uint8Array(sectorBytes));
  bench.mount();
  work(client, 1);
}

/** What is there, and everything that the client stored. */
function check({ bench, kept }: Client, about: string): void {
  assert.equal(bench.block.describe().mountStatus, 0, about);
  for (const { address, data } of kept) assert.deepEqual(bench.read(address, 2), data, about);
}

const pasts: Array<[string, (client: Client) => void]> = [
  ["that was just formatted", (client) => work(client, 3)],
  ["with one checkpoint", (client) => { checkpoints(1)(client); work(client, 2); }],
  ["with many checkpoints", (client) => { checkpoints(6)(client); work(client, 2); }],
  ["that has just grown", (client) => { checkpoints(2)(client); client.bench.block.grow({ blockCount: BigInt(grownBytes / blockBytes) }); work(client, 2); }],
  ["whose log was nearly full", (client) => { checkpoints(2)(client); fillLog(client); work(client, 1); }],
  ["that lost all superblocks but the newest", (client) => loseSuperblocks(client, 4)],
  ["that lost the superblock before the newest", (client) => loseSuperblocks(client, 2)],
];

for (const [name, past] of pasts) test(`an image ${name}: any superblock or checkpoint may rot or become unreadable, nothing is lost, and it is whole again after the next checkpoints`, () => {
  const device = new WornDevice(), client: Client = { bench: new BlockBench(device), kept: [] };
  client.bench.block.format({ blockCount: BigInt(minimumImageBytes / blockBytes), flags: 0 });
  past(client);
  const image = device.snapshot(), { kept } = client, { bench } = client;
  const structures = new ImageMap(device).structures().filter(redundant);
  assert.ok(structures.filter(({ role }) => role === "checkpoint").length === 2 && structures.length >= 4, structures.map(({ about }) => about).join());
  const [newest, before] = new ImageMap(device).slots();
  assert.equal(newest!.generation, before!.generation + 1, "one after the other");
  for (const structure of structures) for (const isUnreadable of [false, true]) {
    const about = `${structure.about}, ${isUnreadable ? "unreadable" : "rotten"}`, offset = structure.address * blockBytes;
    device.become(image);
    if (isUnreadable) device.unreadable = [{ start: offset, end: offset + structure.lengthBytes }];
    else device.put(offset + 100, Uint8Array.of(device.peek(offset + 100, 1)[0]! ^ 4));
    bench.mount();
    check({ bench, kept }, about);
    if (structure.isReached) assert.ok(bench.block.describe().flags & BlockFlag.fellBack, `${about}: told of`);
    if (structure.role === "superblock" && !isUnreadable) {
      assert.equal(bench.block.verify().damagedBlocks, 0n, `${about}: done away with`);
      bench.mount();
      check({ bench, kept }, about);
      assert.equal(bench.block.describe().flags & BlockFlag.fellBack, 0, `${about}: told of once`);
    }
    const after: Client = { bench, kept: [...kept] };
    checkpoints(4)(after);
    assert.deepEqual(device.unreadable, [], `${about}: written again`);
    assert.equal(bench.block.verify().damagedBlocks, 0n, `${about}: repaired`);
    // And now another one.
    const whole = device.snapshot();
    for (const next of new ImageMap(device).structures().filter(redundant)) {
      device.become(whole);
      device.put(next.address * blockBytes + 100, Uint8Array.of(device.peek(next.address * blockBytes + 100, 1)[0]! ^ 4));
      bench.mount();
      check(after, `${about}; then ${next.about}`);
    }
  }
  assert.deepEqual(bench.system.faults, []);
  bench.close();
});

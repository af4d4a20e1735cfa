// Faults that nobody notices when they happen: a bit of the disk changes, a write is lost, goes to another place, or an older version comes back, in every block that the service owns, one at a time. Each is done without,
// or refused with the block and its role named; none is believed. Past the last seal a fault cannot be told from a torn write: there the commit before is served, and the cut is told of.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockFlag } from "../../kernel-bindings/generated/host/block.ts";
import { CrashJudge } from "./crash-model.ts";
import type { State } from "./crash-workload.ts";
import { FaultyDevice } from "./faulty-device.ts";
import { Hand } from "./hand.ts";
import { BlockBench, Random, blockBytes, grownBytes, minimumImageBytes, pattern, statusOf } from "./harness.ts";
import { ImageMap, type Role, type Structure } from "./image-map.ts";

const corrupted = 37;
const roles: Record<Role, number> = { superblock: 1, checkpoint: 2, table: 3, "upper table": 6, "bitmap page": 4, "log record": 5 };

/** An image, what it holds, and every version that each of its blocks ever had, oldest first. */
interface Past { blocks: ReadonlyMap<number, Uint8Array>; states: State[]; versions: Map<number, Uint8Array[]>; /** When each was written last. */ lastWrites: Map<number, number> }

/** `laps`: how often the log has gone around. `isSealed`: does a record say that the last commit was flushed? */
function makePast(laps: number, isSealed: boolean): Past {
  const device = new FaultyDevice(), bench = new BlockBench(device), hand = new Hand(bench);
  const events: NonNullable<typeof device.events> = device.events = [];
  bench.block.format({ blockCount: BigInt(minimumImageBytes / blockBytes), flags: 0 });
  hand.note();
  const { logBlocks } = bench.statistics();
  for (let used = 0; used < laps * Number(logBlocks); used += 101) {
    bench.attach(hand.content(100), 2);
    hand.commit();
    if (bench.statistics().logUsedBlocks > logBlocks / 2n) hand.checkpoint();
  }
  for (let i = 0; i < 6; i++) { hand.extent(3); hand.extent(2); hand.commit(); hand.checkpoint(); }
  for (let i = 0; i < 4; i++) { hand.free(hand.addresses()[0]!); hand.redo(hand.addresses()[1]!, 1); hand.extent(1 + i); hand.commit(); hand.sync(); }
  if (isSealed) hand.sync();
  bench.close();
  const versions = new Map<number, Uint8Array[]>(), lastWrites = new Map<number, number>();
  for (const [index, event] of events.entries()) if (event.kind === "write") for (let at = 0; at < event.data.length; at += blockBytes) {
    const block = (event.offset + at) / blockBytes;
    if (!versions.has(block)) versions.set(block, [new Uint8Array(blockBytes)]);
    lastWrites.set(block, index);
    versions.get(block)!.push(event.data.subarray(at, at + blockBytes));
  }
  return { blocks: device.snapshot(), states: hand.states, versions, lastWrites };
}

interface Fault { about: string; structure: Structure; /** Changed blocks. */ blocks: Map<number, Uint8Array>; /** Of the structure that has to be reported, if it is needed: the victim of a misdirected write is another. */ isCertain: boolean }

function* bitFlips(past: Past, structure: Structure, random: Random): Generator<Fault> {
  for (const field of structure.fields) for (let sample = 0; sample < (field.length > 8 ? 6 : 3) && field.length > 0; sample++) {
    const at = field.offset + random.next(field.length), bit = random.next(8), block = structure.address + Math.floor(at / blockBytes);
    const data = past.blocks.get(block)!.slice();
    data[at % blockBytes]! ^= 1 << bit;
    yield { about: `bit ${bit} of byte ${at} (${field.name})`, structure, blocks: new Map([[block, data]]), isCertain: true };
  }
}
const differs = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) !== 0;
/** The last write to one of its blocks, or to all of them, never happened: the version before is there, or an older one. */
function* staleBlocks(past: Past, structure: Structure): Generator<Fault> {
  for (let block = structure.address; block < structure.address + structure.blocks; block++) {
    const versions = past.versions.get(block)!, now = versions.at(-1)!;
    const older = versions.slice(0, -1).reverse().filter((version, index, list) => differs(version, now) && list.findIndex((other) => !differs(other, version)) === index);
    for (const [index, version] of older.slice(0, 4).entries()) yield { about: `block ${block} is ${index ? "an older version" : "without its last write"}`, structure, blocks: new Map([[block, version]]), isCertain: true };
  }
}
/** The last write of a block went to the place of another structure, whose own was before: a later one would have repaired it. */
function* misdirected(past: Past, structure: Structure, others: readonly Structure[]): Generator<Fault> {
  const versions = past.versions.get(structure.address)!;
  for (const other of others) {
    if (past.lastWrites.get(other.address)! >= past.lastWrites.get(structure.address)!) continue;
    yield { about: `block ${structure.address} was written to ${other.address} (${other.about})`, structure, blocks: new Map([[structure.address, versions.at(-2)!], [other.address, versions.at(-1)!]]), isCertain: false };
  }
}
function* faultsOf(past: Past, structures: readonly Structure[], random: Random): Generator<Fault> {
  for (const [index, structure] of structures.entries()) {
    yield* bitFlips(past, structure, random);
    yield* staleBlocks(past, structure);
    yield* misdirected(past, structure, [structures[(index + 1) % structures.length]!, structures[random.next(structures.length)]!, ...structures.filter(({ role }) => role === structure.role).slice(0, 3)]);
  }
}

class Examiner {
  readonly judge: CrashJudge;
  readonly seen = { faults: 0, served: 0, reported: 0, refused: 0 };
  readonly structures: Structure[];
  private readonly last: number;

  constructor(readonly past: Past) {
    this.judge = new CrashJudge({ base: past.blocks, events: [], states: past.states, begun: [], committed: [], oldest: 0 });
    this.structures = new ImageMap(this.judge.device).structures();
    this.last = past.states.length - 1;
  }

  examine(fault: Fault): void {
    const { device, bench } = this.judge, { structure } = fault;
    const about = `${structure.about}: ${fault.about}`;
    device.mark();
    for (const [block, data] of fault.blocks) device.put(block * blockBytes, data);
    device.mark();
    const { writes } = device;
    bench.mount();
    const { mountStatus } = bench.block.describe(), damage = bench.block.damage();
    this.seen.faults++;
    if (mountStatus) {
      assert.equal(mountStatus, corrupted, about);
      assert.equal(device.writes, writes, `${about}: nothing is written`);
      this.assertNamed(damage.role, damage.address, fault, about);
      this.seen.refused++;
    } else {
      const verified = bench.block.verify();
      const isReported = damage.role !== 0 || verified.damagedBlocks > 0n;
      if (damage.role) this.assertNamed(damage.role, damage.address, fault, about);
      else if (isReported) this.assertNamed(verified.firstRole, verified.firstDamaged, fault, about);
      this.judge.judge(this.last, this.last, about);
      this.seen[isReported ? "reported" : "served"]++;
      if (isReported) this.assertRepaired(about);
      else if (structure.isReached && fault.isCertain) assert.ok(this.isHarmless(fault), `${about}: not noticed`);
    }
    device.rollBack();
    device.rollBack();
  }

  /** The block is one that the fault changed, or a structure's that lies over it, and the role is what it is for. */
  private assertNamed(role: number, address: bigint, fault: Fault, about: string): void {
    const named = this.structures.filter((structure) => [...fault.blocks.keys()].some((block) => block >= structure.address && block < structure.address + structure.blocks));
    assert.ok(named.some((structure) => BigInt(structure.address) === address && roles[structure.role] === role), `${about}: role ${role} at ${address} is named`);
  }

  /** After work and checkpoints nothing damaged is left. */
  private assertRepaired(about: string): void {
    const { bench } = this.judge;
    for (let generation = 0; generation < 4; generation++) {
      bench.block.allocate({ hint: 0n, count: 1, flags: 0 });
      bench.commit(Uint8Array.of(1), 4);
      bench.block.checkpoint();
    }
    assert.equal(bench.block.verify().damagedBlocks, 0n, `${about}: repaired`);
  }

  /** A superblock that is lost is as if its generation had never been written, and so is a seal; bytes that no table names are ignored. */
  private isHarmless({ structure, about }: Fault): boolean {
    const isLost = about.includes("version") || about.includes("without");
    return (structure.role === "superblock" && isLost) || structure.about.includes("seal") || structure.about.includes("epoch");
  }
}

for (const [name, laps] of [["a young image", 0], ["an image whose log has gone around twice", 2]] as const) {
  test(`${name}: every single fault in a block that the service owns is done without or refused, and named`, (context) => {
    const examiner = new Examiner(makePast(laps, true)), random = new Random(91 + laps);
    for (const fault of faultsOf(examiner.past, examiner.structures, random)) examiner.examine(fault);
    examiner.judge.bench.close();
    context.diagnostic(`${examiner.structures.length} structures: ${JSON.stringify(examiner.seen)}`);
    assert.ok(examiner.seen.faults > 800 && examiner.seen.reported > 100 && examiner.seen.refused > 100, JSON.stringify(examiner.seen));
  });
}

test("a page of the map that neither the log nor its neighbours need costs what it describes: data is read, its blocks are neither given out nor freed, the rest works, and it is named", () => {
  const device = new FaultyDevice(), bench = new BlockBench(device), far = 33_000n, data = pattern(5, 2 * blockBytes);
  bench.block.format({ blockCount: BigInt(grownBytes / blockBytes), flags: 0 });
  const versions: Uint8Array[] = [], page = (): Structure => new ImageMap(device).structures().find(({ about }) => about === "bitmap page 1")!;
  const kept = bench.store(data, far);
  for (let i = 0; i < 3; i++) {
    bench.store(pattern(i, blockBytes), far);
    bench.commit();
    bench.block.checkpoint();
    versions.push(device.peek(page().address * blockBytes, blockBytes).slice());
  }
  // Both generations lead to the same page.
  for (let i = 0; i < 2; i++) { bench.store(pattern(i + 10, blockBytes)); bench.commit(); bench.block.checkpoint(); }
  const image = device.snapshot(), structure = page(), random = new Random(3);
  const faults = [...bitFlips({ blocks: image, states: [], versions: new Map(), lastWrites: new Map() }, structure, random)].map(({ about, blocks }) => ({ about, bytes: blocks.get(structure.address)! }));
  for (const [index, bytes] of [new Uint8Array(blockBytes), ...versions.slice(0, 2)].entries()) faults.push({ about: `version ${index}`, bytes });
  for (const { about, bytes } of faults) {
    device.become(image);
    device.put(structure.address * blockBytes, bytes);
    bench.mount();
    assert.equal(bench.block.describe().mountStatus, 0, about);
    assert.deepEqual(bench.read(kept, 2), data, about);
    assert.equal(statusOf(() => bench.block.readAllocation({ first: 32512n, bits: bench.lease(512) })), corrupted, about);
    assert.equal(statusOf(() => bench.block.free({ address: kept, count: 2 })), corrupted, about);
    const near = bench.store(data, far);
    assert.ok(near < 32512n, `${about}: ${near} is given`);
    bench.commit(Uint8Array.of(1));
    bench.block.sync();
    assert.deepEqual(bench.block.damage(), { address: BigInt(structure.address), role: roles["bitmap page"], count: bench.block.damage().count }, about);
    const { damagedBlocks, firstDamaged, firstRole } = bench.block.verify();
    assert.deepEqual({ damagedBlocks, firstDamaged, firstRole }, { damagedBlocks: 1n, firstDamaged: BigInt(structure.address), firstRole: roles["bitmap page"] }, about);
    bench.block.checkpoint();
    bench.mount();
    assert.deepEqual([bench.read(near, 2), bench.read(kept, 2)], [data, data], about);
  }
  assert.ok(faults.length > 15, `${faults.length} faults`);
  assert.deepEqual(bench.system.faults, []);
  bench.close();
});

test("past the last seal a fault costs the last commit at most, and a cut that can be seen is told of", () => {
  const past = makePast(0, false), last = past.states.length - 1;
  const judge = new CrashJudge({ base: past.blocks, events: [], states: past.states, begun: [], committed: [], oldest: 0 });
  const record = new ImageMap(judge.device).log().at(-1)!, random = new Random(5);
  assert.match(record.about, /transaction/);
  let cuts = 0;
  for (const fault of [...bitFlips(past, record, random), ...staleBlocks(past, record)]) {
    judge.device.mark();
    for (const [block, data] of fault.blocks) judge.device.put(block * blockBytes, data);
    const found = judge.judge(last - 1, last, fault.about);
    assert.equal(found, last - 1, `${fault.about}: a record that does not verify is not believed`);
    if (fault.about.includes("(items)")) assert.ok(judge.bench.block.describe().flags & BlockFlag.droppedTail, `${fault.about}: told of`);
    cuts++;
    judge.device.rollBack();
  }
  assert.ok(cuts > 30);
  judge.bench.close();
});

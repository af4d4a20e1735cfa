// When checkpoints are made, on the shipped modules: with idle time in the background, so that no request pays for one; without it by the commit that finds one due, in time for nobody to meet a full log.
// And what a power cut at any device write of one in the background leaves.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockClient, BlockFlag, blockStatisticsBytes, readBlockStatistics } from "../../kernel-bindings/generated/host/block.ts";
import { SeededRandom } from "../../host/kernel/entropy.ts";
import { RecordingDisk } from "../../host/devices/recording-disk.ts";
import { sectorBytes } from "../../host/devices/disk.ts";
import { bytes, sameState, treeState, writeFile } from "../support/hosted.ts";
import { OverlayDisk } from "../support/overlay-disk.ts";
import { FilesystemBench, MiB, statusOf } from "./bench.ts";

interface Figures { writes: number; flushes: number; checkpoints: number; usedBlocks: number; logBlocks: number; flags: number }

/** What the block service says of itself. */
class Gauge {
  private readonly block: BlockClient;
  private readonly at: number;
  constructor(private readonly bench: FilesystemBench) {
    this.block = new BlockClient(bench.host, bench.host.handle("block"));
    this.at = bench.host.reserve(blockStatisticsBytes);
  }
  read(): Figures {
    this.block.statistics({ statistics: { address: this.at, length: blockStatisticsBytes } });
    const { deviceWrites, deviceFlushes, checkpoints, logUsedBlocks, logBlocks } = readBlockStatistics(this.bench.host.view, this.at);
    return {
      writes: Number(deviceWrites), flushes: Number(deviceFlushes), checkpoints: Number(checkpoints), usedBlocks: Number(logUsedBlocks), logBlocks: Number(logBlocks), flags: this.block.describe().flags,
    };
  }
}

const commits = 2500;

test("a client that never rests: only commits that find a checkpoint due make one, and nobody meets a full log", (context) => {
  const bench = FilesystemBench.formatted(64), gauge = new Gauge(bench);
  let last = gauge.read(), made = 0, wanted = 0;
  for (let index = 0; index < commits; index++) {
    writeFile(bench.tree, `f${index % 700}`, bytes(`content ${index}`));
    bench.tree.sync();
    const now = gauge.read();
    if (now.checkpoints > last.checkpoints) {
      made++;
      assert.equal(now.checkpoints, last.checkpoints + 1, "one");
      assert.ok(last.flags & BlockFlag.checkpointWanted, "wanted before");
      assert.ok(last.usedBlocks + 2 >= (last.logBlocks * 3) / 8, `${last.usedBlocks} of ${last.logBlocks} blocks were in use`);
      assert.ok(made === 1 || last.usedBlocks + 2 >= (last.logBlocks * 3) / 4, `${last.usedBlocks} of ${last.logBlocks} blocks were in use`);
    } else {
      assert.ok(now.writes - last.writes <= 2 && now.flushes - last.flushes <= 1, `${now.writes - last.writes} writes, ${now.flushes - last.flushes} flushes`);
      assert.equal(now.flags & BlockFlag.checkpointDue, 0, "what is due is made at once");
      if (now.flags & BlockFlag.checkpointWanted) wanted++;
    }
    last = now;
  }
  context.diagnostic(`${commits} commits, ${made} checkpoints, wanted for ${wanted} commits`);
  assert.ok(made >= 4 && made <= 7, `${made} checkpoints`);
  assert.ok(wanted > 400, "a wanted checkpoint waits for idle time");
  assert.deepEqual([bench.check().text, bench.hosted.system.faults.length], ["", 0]);
  bench.close();
});

test("a client that rests now and then: every checkpoint is made in the background, and no request writes more than its own two blocks", (context) => {
  const bench = FilesystemBench.formatted(64), gauge = new Gauge(bench);
  let made = 0, most = 0;
  for (let index = 0; index < commits; index++) {
    const before = gauge.read();
    writeFile(bench.tree, `f${index % 700}`, bytes(`content ${index}`));
    bench.tree.sync();
    const after = gauge.read();
    assert.equal(after.checkpoints, before.checkpoints, "by a request");
    assert.ok(after.flushes - before.flushes <= 1);
    most = Math.max(most, after.writes - before.writes);
    if (index % 20 === 0) {
      bench.hosted.system.turn();
      const rested = gauge.read();
      made += rested.checkpoints - after.checkpoints;
      assert.equal(rested.checkpoints > after.checkpoints, (after.flags & BlockFlag.checkpointWanted) !== 0, "whenever one is wanted, else never");
      assert.equal(rested.flags & BlockFlag.checkpointDue, 0);
      bench.hosted.system.turn();
      assert.equal(gauge.read().writes, rested.writes, "an idle system is idle");
    }
  }
  context.diagnostic(`${commits} commits, ${made} checkpoints in the background, at most ${most} device writes a request`);
  assert.ok(made >= 8 && made <= 24, `${made} checkpoints`);
  assert.equal(most, 2);
  assert.deepEqual([bench.check().text, bench.hosted.system.faults.length], ["", 0]);
  bench.close();
});

test("a device that cannot flush, and one that does not answer: one attempt, and no other before something is committed", () => {
  const wearDown = (bench: FilesystemBench, gauge: Gauge): void => {
    for (let index = 0; (gauge.read().flags & BlockFlag.checkpointWanted) === 0; index++) {
      writeFile(bench.tree, `f${index % 100}`, bytes(`content ${index}`));
      statusOf(() => bench.tree.sync());
    }
  };
  const unsafe = new FilesystemBench(new OverlayDisk(new Uint8Array(64 * MiB)), { device: { flush: "absent" } });
  statusOf(() => unsafe.tree.client.format({ blockCount: 0n, flags: 0 }));
  const first = new Gauge(unsafe);
  wearDown(unsafe, first);
  const before = first.read().checkpoints;
  for (let turn = 0; turn < 4; turn++) unsafe.hosted.system.turn();
  assert.equal(first.read().checkpoints, before + 1);
  unsafe.close();

  const bench = new FilesystemBench(new OverlayDisk(new Uint8Array(64 * MiB)), { onMessage: () => {} }), { system } = bench.hosted;
  bench.tree.client.format({ blockCount: 0n, flags: 0 });
  const gauge = new Gauge(bench);
  /** Messages of a look and of the idle time after it. */
  const look = (): number => {
    const before = system.messageCount;
    bench.tree.lookup(bytes(""));
    system.turn(5);
    return system.messageCount - before;
  };
  system.turn();
  const atRest = look();
  wearDown(bench, gauge);
  const made = gauge.read().checkpoints;
  system.kill("virtio-blk");
  system.kill("virtio-blk"); // the second within the window backs off: DeviceGone
  assert.ok(look() > atRest, "one attempt");
  assert.deepEqual([look(), look(), look()], [atRest, atRest, atRest], "and no other");
  system.kernel.parts.clock.sleep(1e9);
  system.turn();
  writeFile(bench.tree, "after", bytes("x"));
  bench.tree.sync();
  assert.equal(gauge.read().checkpoints, made);
  system.turn();
  assert.equal(gauge.read().checkpoints, made + 1);
  assert.deepEqual([bench.check().text, system.domain("filesystem").restarts], ["", 0]);
  bench.close();
});

test("on a full disk changes are collected before there is no room for a checkpoint, which the background then makes", () => {
  const bench = FilesystemBench.formatted(64), gauge = new Gauge(bench), { system } = bench.hosted;
  const name = (index: number): Uint8Array => bytes(`${index}`.padStart(200, "n"));
  for (let index = 0; index < 2500; index++) bench.tree.close(bench.tree.open(name(index), 2 | 4 | 8));
  const node = bench.tree.open(bytes("large"), 2 | 4);
  for (let at = 0, status = 0; status === 0; at += bench.tree.buffer.length) {
    bench.tree.buffer.fill(at >> 16);
    new DataView(bench.tree.buffer.buffer, bench.tree.buffer.byteOffset).setFloat64(0, at);
    status = statusOf(() => bench.tree.writeFrom(node, at, bench.tree.buffer.length));
  }
  bench.tree.close(node);
  bench.client.collect();
  /** Until a checkpoint is wanted; then more nodes change than there is room for. */
  const wearDown = (mode: number): Figures => {
    do {
      bench.tree.setAttributes(name(0), { mode });
      bench.tree.sync();
    } while ((gauge.read().flags & BlockFlag.checkpointWanted) === 0);
    for (let index = 0; index < 1600; index++) bench.tree.setAttributes(name(index), { mode });
    bench.tree.sync();
    return gauge.read();
  };
  for (const makesRoom of [false, true]) {
    if (makesRoom) {
      bench.tree.remove(bytes("large"));
      bench.tree.sync();
      bench.client.collect();
    }
    const worn = wearDown(makesRoom ? 0o640 : 0o600);
    system.turn();
    system.turn();
    assert.deepEqual([gauge.read().checkpoints, gauge.read().flags & BlockFlag.checkpointWanted], [worn.checkpoints + 1, 0], `${makesRoom}`);
  }
  assert.deepEqual([bench.check().text, system.faults.length], ["", 0]);
  bench.close();
});

/** A state of the tree: device events when it was reached, and the newest state that a sync had made durable then. */
interface Moment { events: number; state: Map<string, string>; synced: number }

/** To remove each tenth of 5,000 files with long names touches some 300 nodes: a checkpoint of three steps. Requests come between any two, and changes wait when it begins. */
function recordBackground(disk: RecordingDisk): { start: number; moments: Moment[]; steps: number } {
  const bench = new FilesystemBench(disk), { tree } = bench, { system } = bench.hosted, gauge = new Gauge(bench);
  tree.client.format({ blockCount: 0n, flags: 0 });
  const name = (index: number): Uint8Array => bytes(`${index}`.padStart(200, "n"));
  for (let index = 0; index < 5000; index++) tree.close(tree.open(name(index), 2 | 4 | 8));
  bench.client.checkpoint();
  for (let index = 0; index < 5000; index += 10) tree.remove(name(index));
  tree.sync();
  for (let index = 0; (gauge.read().flags & BlockFlag.checkpointWanted) === 0; index++) {
    writeFile(tree, "worn", bytes(`content ${index}`));
    tree.sync();
  }
  const start = disk.events.length, made = gauge.read().checkpoints;
  const moments: Moment[] = [{ events: start, state: treeState(tree), synced: 0 }];
  const take = (isSynced = false): void => {
    const synced = isSynced ? moments.length : moments.at(-1)!.synced;
    moments.push({ events: disk.events.length, state: treeState(tree), synced });
  };
  tree.makeDirectory(bytes("waits"));
  take();
  let steps = 0;
  for (; gauge.read().checkpoints === made; steps++) {
    assert.ok(steps < 20, "it comes to an end");
    system.turn(2); // the block service first, then a step here
    writeFile(tree, `between-${steps}`, bytes(`x${steps}`));
    take();
    tree.rename(bytes(`between-${steps}`), bytes(`waits/${steps}`));
    take();
    if (steps % 2 === 0) {
      tree.sync();
      take(true);
    }
  }
  tree.sync();
  take(true);
  system.turn();
  take(true);
  bench.close();
  return { start, moments, steps };
}

test("power cut at every device write of a checkpoint in the background: what mounts is a state that was there, none older than the last sync", (context) => {
  const disk = new RecordingDisk((64 * MiB) / sectorBytes);
  const { start, moments, steps } = recordBackground(disk);
  assert.ok(steps >= 3, `${steps} steps`);
  const random = new SeededRandom(9), durable = new OverlayDisk(disk.image(start));
  let images = 0, pending: number[] = [];
  for (let events = start; events <= disk.events.length; events++) {
    const event = events > start ? disk.events[events - 1]! : null;
    if (event?.kind === "write") pending.push(events - 1);
    if (event?.kind === "flush") {
      for (const index of pending) durable.apply(disk.events[index]!);
      pending = [];
    }
    const { synced } = moments.filter((moment) => moment.events <= events).at(-1)!;
    const next = moments.findIndex((moment) => moment.events > events);
    const allowed = moments.slice(synced, next < 0 ? undefined : next + 1);
    for (const keep of [() => true, () => false, () => random.below(2) === 0]) {
      const image = durable.fork();
      for (const index of pending) if (keep()) image.apply(disk.events[index]!);
      const bench = new FilesystemBench(image), what = `after event ${events - start} of ${disk.events.length - start}`;
      assert.equal(bench.client.describe().mountStatus, 0, `${what}: mount`);
      const state = treeState(bench.tree);
      assert.ok(allowed.some((moment) => sameState(moment.state, state)), `${what}: none of the states ${synced} to ${synced + allowed.length - 1}`);
      if (images % 7 === 0) assert.equal(bench.check().text, "", what);
      bench.close();
      images++;
      if (pending.length === 0) break;
    }
  }
  context.diagnostic(`${steps} steps, ${disk.events.length - start} device events, ${images} crash images`);
  assert.ok(images > 40);
});

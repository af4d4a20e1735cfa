// Criterion 3, *transactional metadata*, in Node: power is cut at every device write of a workload of creates, renames, deletes and truncates.
// After remount each operation is there whole or not at all, in order, and everything before the last sync is there (docs/crash-contract.md).
import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordingDisk } from "../../host/devices/recording-disk.ts";
import { SeededRandom } from "../../host/kernel/entropy.ts";
import { bootServices, bytes, sameState, treeState, writeFile, type Hosted } from "../support/hosted.ts";
import { OverlayDisk } from "../support/overlay-disk.ts";

interface Moment { events: number; state: Map<string, string>; synced: number }

/** Runs the workload; the moments after each operation, with the device events so far and the last operation that a sync had made durable. */
function record(hosted: Hosted, disk: RecordingDisk, operations: number, seed: number): Moment[] {
  const random = new SeededRandom(seed);
  const { tree } = hosted;
  const files: string[] = [];
  const moments: Moment[] = [{ events: disk.events.length, state: treeState(tree), synced: 0 }];
  let synced = 0;
  const content = (): Uint8Array => Uint8Array.from({ length: 1 + random.below(random.below(4) ? 6000 : 150_000) }, () => random.next() & 0xff);
  for (let index = 1; index <= operations; index++) {
    const choice = random.below(10);
    const some = files[random.below(files.length || 1)];
    if (choice < 4 || !some) {
      const name = `f${index}`;
      const directory = random.below(3) === 0 ? `d${index}` : "";
      if (directory) {
        tree.makeDirectory(bytes(directory));
        moments.push({ events: disk.events.length, state: treeState(tree), synced });
      }
      const path = directory ? `${directory}/${name}` : name;
      // Creating and filling a file are two operations; the empty file is a state of its own.
      const node = tree.open(bytes(path), 2 | 4 | 8);
      moments.push({ events: disk.events.length, state: treeState(tree), synced });
      tree.close(node);
      writeFile(tree, path, content());
      files.push(path);
    } else if (choice < 6) {
      const to = random.below(2) && files.length > 1 ? files[random.below(files.length)]! : `r${index}`;
      tree.rename(bytes(some), bytes(to));
      files.splice(files.indexOf(some), 1);
      if (!files.includes(to)) files.push(to);
    } else if (choice < 8) {
      tree.remove(bytes(some));
      files.splice(files.indexOf(some), 1);
    } else {
      const node = tree.open(bytes(some), 2);
      tree.truncate(node, random.below(3000));
      tree.close(node);
    }
    moments.push({ events: disk.events.length, state: treeState(tree), synced });
    if (random.below(4) === 0) {
      tree.sync();
      synced = moments.length - 1;
      moments.push({ events: disk.events.length, state: moments[synced]!.state, synced });
    }
  }
  tree.sync();
  moments.push({ events: disk.events.length, state: treeState(tree), synced: moments.length - 1 });
  return moments;
}

/** Mounts a crash image and finds which moment it shows; throws when it shows none that the contract allows. */
function verify(disk: OverlayDisk, moments: Moment[], events: number, what: string): void {
  const { system, tree } = bootServices(disk);
  assert.equal(tree.client.describe().mountStatus, 0, `${what}: mount`);
  const state = treeState(tree);
  system.close();
  // Issued: operations whose first event may be among these; synced: those a completed sync covers.
  const synced = moments.filter((moment) => moment.events <= events).at(-1)?.synced ?? 0;
  const issued = moments.findIndex((moment) => moment.events > events);
  const allowed = moments.slice(synced, issued < 0 ? undefined : issued + 1);
  assert.ok(allowed.some((moment) => sameState(moment.state, state)), `${what}: the tree is none of the states from operation ${synced} to ${synced + allowed.length - 1}: ${JSON.stringify([...state])}`);
}

function campaign(seed: number, operations: number, ignoreFlush = false): number {
  const disk = new RecordingDisk(131072);
  const hosted = bootServices(disk, ignoreFlush ? { device: { flush: "ignored" as const } } : {});
  hosted.tree.client.format({ blockCount: 0n, flags: 0 });
  const start = disk.events.length;
  const base = disk.image(start);
  const moments = record(hosted, disk, operations, seed);
  hosted.system.close();
  const random = new SeededRandom(seed + 1);
  let images = 0;
  const durable = new OverlayDisk(base);
  let pending: number[] = [];
  for (let events = start; events <= disk.events.length; events++) {
    if (events > start) {
      const event = disk.events[events - 1]!;
      if (event.kind === "write") pending.push(events - 1);
      else {
        for (const index of pending) durable.apply(disk.events[index]!);
        pending = [];
      }
    }
    for (const keep of [() => true, () => false, () => random.below(2) === 0]) {
      const image = durable.fork();
      for (const index of pending) if (keep()) image.apply(disk.events[index]!);
      verify(image, moments, events, `seed ${seed}, power cut after event ${events - start} of ${disk.events.length - start}`);
      images++;
      if (pending.length === 0) break;
    }
  }
  return images;
}

for (const seed of [11, 12]) {
  test(`transactional metadata: power cut at every device write, seed ${seed}`, (context) => {
    const images = campaign(seed, 40);
    context.diagnostic(`${images} crash images`);
    assert.ok(images > 40);
  });
}

test("transactional metadata: a device that lies about flush is found out", () => {
  assert.throws(() => campaign(11, 40, true), /the tree is none of the states|mount/);
});

// Criterion 2, *deduplication*, in Node: the same content stored twice takes blocks once, counted on the device.
import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordingDisk } from "../../host/devices/recording-disk.ts";
import { bootServices, writeFile } from "../support/hosted.ts";
import { SeededRandom } from "../../host/kernel/entropy.ts";

const blockBytes = 4096;

/** Blocks among the device's writes whose 4096 bytes are a block of `content`. */
function contentBlocks(disk: RecordingDisk, content: Uint8Array): number {
  const wanted = new Set<string>();
  for (let at = 0; at < content.length; at += blockBytes) wanted.add(Buffer.from(content.subarray(at, at + blockBytes)).toString("latin1"));
  let count = 0;
  for (const event of disk.events) {
    if (event.kind !== "write") continue;
    for (let at = 0; at + blockBytes <= event.data.length; at += blockBytes) if (wanted.has(Buffer.from(event.data.subarray(at, at + blockBytes)).toString("latin1"))) count++;
  }
  return count;
}

for (const [what, length] of [["a small file", 3 * blockBytes], ["a file of many groups", 3 * 65536 + blockBytes]] as const) {
  test(`deduplication: ${what} stored twice takes its blocks once`, () => {
    const disk = new RecordingDisk(262144);
    const { system, tree } = bootServices(disk);
    tree.client.format({ blockCount: 0n, flags: 0 });
    const random = new SeededRandom(3);
    const content = Uint8Array.from({ length }, () => random.next() & 0xff);
    writeFile(tree, "first", content);
    tree.sync();
    const once = contentBlocks(disk, content);
    const freeAfterOnce = tree.statistics().freeBlocks;
    assert.equal(once, length / blockBytes, "the first copy is written, each block once");
    writeFile(tree, "second", content);
    tree.sync();
    assert.equal(contentBlocks(disk, content), once, "the second copy writes none of its blocks");
    assert.ok(freeAfterOnce - tree.statistics().freeBlocks <= 1n, "and takes no space for content");
    content[5]! ^= 1;
    writeFile(tree, "third", content);
    tree.sync();
    const changed = contentBlocks(disk, content) - (once - 1);
    assert.ok(changed >= 1, "content that differs is written: the count is able to see it");
    system.close();
  });
}

// The whole system over a device that misbehaves while files are written and read: nobody is ended by it, services that do not
// need the disk answer meanwhile, what is read is what was written or an error, and what was synced is there after a reboot.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDisk } from "../../host/devices/disk.ts";
import { type Misbehaviour, misbehaviours } from "../../host/devices/misbehaviour.ts";
import { MailboxClient } from "../../kernel-bindings/generated/host/mailbox.ts";
import { bootServices, bytes, type Hosted, readFile, writeFile } from "../support/hosted.ts";
import { statusOf } from "./driver-system.ts";

/** Their outcome is an error of the device for ever, which is shown in misbehaviour.test.ts. */
const final = new Set<Misbehaviour>(["queue-size-zero", "queue-size-odd", "block-size-changes", "capacity-shrinks"]);

const content = (seed: number): Uint8Array => Uint8Array.from({ length: 40_000 }, (_, index) => (index * 7 + seed * 31 + (index >>> 8)) & 0xff);

function isAlive(hosted: Hosted): void {
  const client = hosted.system.client("host");
  assert.equal(statusOf(() => new MailboxClient(client, client.handle("mailbox")).withdraw({ tag: 1n, recipient: 1 })), "NotFound");
  assert.deepEqual(hosted.system.faults.filter(({ domain }) => domain === "virtio-blk" || domain === "mailbox"), []);
}

for (const kind of misbehaviours.filter((name) => !final.has(name))) {
  test(`${kind}: the system bears it`, () => {
    const disk = new MemoryDisk(131072);
    const hosted = bootServices(disk);
    hosted.tree.client.format({ blockCount: 0n, flags: 0 });
    const { hostile, configuration } = hosted.system.device!;
    writeFile(hosted.tree, "before", content(1));
    hosted.tree.client.sync();
    for (let turn = 0; turn < 6; turn++) {
      hostile.arm(kind, turn % 3);
      statusOf(() => {
        writeFile(hosted.tree, `file${turn}`, content(turn));
        hosted.tree.client.sync();
      });
      hostile.isMute = false;
      configuration.onRead = null;
      isAlive(hosted);
      // Anything but a Status goes through.
      statusOf(() => assert.equal(Buffer.compare(readFile(hosted.tree, "before"), content(1)), 0));
    }
    assert.ok(hostile.count >= 1, "nothing was done wrong");
    hosted.system.close();
    const again = bootServices(disk);
    assert.equal(Buffer.compare(readFile(again.tree, "before"), content(1)), 0, "what was synced is gone");
    again.system.close();
  });
}

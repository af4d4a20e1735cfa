// The conformance suite of the block-device interface on the driver in QEMU: the bytes that the hosted kernel runs, on each machine, over
// QEMU's own device with every property that the driver has to do with; with errors that blkdebug injects; and what is refused.
import assert from "node:assert/strict";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { driverBundle, failing, failingWords, runInQemu } from "../conformance/block-device/implementations.ts";
import { casesOf, mustConform } from "../conformance/block-device/verdict.ts";
import { inFolder } from "../support/images.ts";
import type { MachineKind, MachineOptions } from "./machine.ts";

let bundle = "";
before(async () => { bundle = await driverBundle("block-device-suite"); });

function run(options: Partial<MachineOptions>, words = "cases"): Promise<{ output: string; status: number; complaints: string[] }> {
  return inFolder(async (folder) => {
    const image = join(folder, "disk.img");
    writeFileSync(image, "");
    truncateSync(image, 64 << 20);
    return runInQemu(words, { image, bundle, ...options });
  });
}

/** What the device is told to be, and how the driver must see it. */
const devices: Array<[string, Partial<MachineOptions>, RegExp]> = [
  ["as it is by default", {}, /131072 sectors, blocks of 512, flags 14, .* queue of 256 in 1 queues, /],
  ["one queue of 4", { device: "num-queues=1,queue-size=4" }, /queue of 4 in 1 /],
  ["one queue of 1024", { device: "num-queues=1,queue-size=1024" }, /queue of 1024/],
  ["two queues of 128", { device: "num-queues=2,queue-size=128" }, /queue of 256 in 2 /],
  ["four queues of 16", { device: "num-queues=4,queue-size=16" }, /queue of 64 in 4 /],
  ["four queues of 1024", { device: "num-queues=4,queue-size=1024" }, /queue of 1024 in 4 /],
  ["blocks of 4096", { device: "logical_block_size=4096,physical_block_size=4096" }, /blocks of 4096, .* physical blocks of 4096/],
  ["blocks of 4096, four queues of 16", { device: "logical_block_size=4096,physical_block_size=4096,num-queues=4,queue-size=16" }, /blocks of 4096/],
  ["physical blocks of 4096", { device: "physical_block_size=4096,discard_granularity=4096" }, /blocks of 512, .* physical blocks of 4096/],
  ["no discard", { device: "discard=off" }, /flags 10,.* discard 0,/],
  ["no write-zeroes", { device: "write-zeroes=off" }, /flags 6,.* write-zeroes 0,/],
  ["no discard, no write-zeroes, no flush", { device: "discard=off,write-zeroes=off,write-cache=off,config-wce=off" }, /flags 0,/],
  ["discards and zeros that give the space back", { drive: "discard=unmap" }, /flags 14/],
  ["discards and zeros of one sector", { device: "max-discard-sectors=1,max-write-zeroes-sectors=1" }, /discard 1, write-zeroes 1,/],
  ["read-only", { drive: "read-only=on" }, /flags 15/],
  ["read-only, blocks of 4096", { drive: "read-only=on", device: "logical_block_size=4096,physical_block_size=4096" }, /blocks of 4096, flags 15/],
  ["no event index", { device: "event_idx=off" }, /flags 14/],
  ["no indirect descriptors", { device: "indirect_desc=off" }, /flags 14/],
  ["neither, and a queue of 16", { device: "event_idx=off,indirect_desc=off,num-queues=1,queue-size=16" }, /flags 14/],
  ["the packed ring offered, and not taken", { device: "packed=on" }, /flags 14/],
  ["requests not merged by QEMU", { device: "request-merging=off" }, /flags 14/],
  ["a serial number", { device: "serial=disk-0123456789" }, /identity disk-0123456789$/],
];

const machines: MachineKind[] = ["q35", "microvm"];
for (const machine of machines) {
  for (const [name, options, described] of devices) {
    test(`${machine}, ${name}`, async (context) => {
      const outcome = await run({ machine, ...options });
      // QEMU's virtio-mmio takes a queue of any size up to 1,024, whatever `queue-size` says.
      assert.match(mustConform(outcome), machine === "q35" ? described : new RegExp(described.source.replace(/queue of \d+/, "queue of 1024")));
      assert.match(outcome.output, /^health: 0 breaches, 0 resets, 0 time-outs$/m);
      context.diagnostic(`${casesOf(outcome.output)} cases`);
    });
  }

  for (const [name, device] of [["", ""], ["with four queues of 16", "num-queues=4,queue-size=16"], ["with blocks of 4096", "logical_block_size=4096,physical_block_size=4096"]] as const) {
    test(`${machine}, a read, a write and a flush fail once ${name}`, async () => {
      const errors = [{ iotype: "read", sector: failing.read, once: true }, { iotype: "write", sector: failing.write, once: true }, { iotype: "flush", once: true }] as const;
      mustConform(await run({ machine, device, errors }, failingWords));
    });
  }
}

test("a suite that is told of errors which do not come fails", async () => {
  const { output, status } = await run({}, failingWords);
  assert.equal(status, 1, output);
  for (const what of ["read", "write"]) assert.match(output, new RegExp(`^FAILED an error of a ${what} is that of the request that met it$`, "m"));
  assert.match(output, /^FAILED an error of a flush is told once$/m);
});

test("a legacy device is refused with a reason, and every operation says that the device is gone", async () => {
  const outcome = await run({ device: "disable-legacy=off,disable-modern=on" });
  assert.match(outcome.output, /not a modern virtio device/);
  assert.equal(mustConform(outcome), "device: none");
});

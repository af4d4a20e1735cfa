// Batches on the hosted kernel: random batches over a grant against a model, completion notification, backpressure,
// grants that are revoked, and a synchronous call in between.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Transfer } from "../../kernel-bindings/generated/host/block-device.ts";
import { type BatchEntry, bootDriver, randomFrom, rightRead, sectorBytes, statusNumber, statusOf } from "./driver-system.ts";

const grantBytes = 1 << 20;
const entry = (transfer: number, tag: number, sector: number, slot: number, offsetBytes: number, lengthBytes: number): BatchEntry =>
  ({ transfer, tag, sector: BigInt(sector), slot, offsetBytes, lengthBytes });

for (const [name, options] of [
  ["at the doorbell", {}], ["later, in a random order", { queued: true, seed: 5 }], ["later, without the event index", { queued: true, eventIndex: false }],
  ["in a queue of sixteen", { queued: true, seed: 6, queueSize: 16, maximumSegments: 14 }],
] as const) {
  test(`random batches against a model, served ${name}`, async () => {
    const driver = await bootDriver(options, { dmaSegmentBytes: 4096 });
    const random = randomFrom(99);
    const { address, slot } = driver.attach(grantBytes);
    const model = driver.content.slice();
    for (let round = 0; round < 60; round++) {
      // Disjoint stretches of disk and grant, so that the order does not matter.
      const count = 1 + random(32);
      const stretchSectors = 8192 / 32, placeBytes = grantBytes / 32;
      const entries = Array.from({ length: count }, (_, index) => {
        const sectors = 1 + random(60);
        const offset = index * placeBytes + random(placeBytes - sectors * sectorBytes + 1);
        return entry(random(2) === 0 ? Transfer.read : Transfer.write, round * 64 + index, index * stretchSectors + random(stretchSectors - sectors + 1), slot, offset, sectors * sectorBytes);
      });
      for (const { transfer, sector, offsetBytes, lengthBytes } of entries) {
        const part = driver.client.bytes.subarray(address + offsetBytes, address + offsetBytes + lengthBytes);
        part.fill(random(256));
        if (transfer === Transfer.write) model.set(part, Number(sector) * sectorBytes);
      }
      const tags = new Set(entries.map(({ tag }) => tag));
      for (let sent = 0; tags.size > 0;) {
        if (sent < count) sent += driver.submit(entries.slice(sent));
        for (const { tag, status, lengthBytes } of driver.reapAll()) {
          assert.equal(status, 0);
          assert.ok(tags.delete(tag), `tag ${tag} came once`);
          assert.equal(lengthBytes, entries.find((candidate) => candidate.tag === tag)!.lengthBytes);
        }
      }
      for (const { transfer, sector, offsetBytes, lengthBytes } of entries) {
        if (transfer !== Transfer.read) continue;
        const start = Number(sector) * sectorBytes;
        assert.ok(Buffer.compare(driver.client.bytes.subarray(address + offsetBytes, address + offsetBytes + lengthBytes), model.subarray(start, start + lengthBytes)) === 0, `round ${round}: sector ${sector}`);
      }
    }
    assert.ok(Buffer.compare(driver.content, model) === 0, "the disk holds what the model holds");
    assert.equal(driver.system.domain("virtio-blk").port!.dma.violations, 0);
    assert.equal(driver.statistics().errors, 0n);
    driver.disk.detach({ slot });
  });
}

test("submit returns before the device has done anything; a notification tells of the end, each time", async () => {
  const driver = await bootDriver({ queued: true });
  const { slot } = driver.attach(grantBytes);
  for (let round = 0; round < 3; round++) {
    driver.notifications = 0;
    const accepted = driver.submit(Array.from({ length: 40 }, (_, index) => entry(Transfer.write, index, index * 2, slot, index * 512, 512)));
    assert.equal(accepted, 40);
    assert.equal(driver.device.counters.writes, round * 40);
    assert.equal(driver.notifications, 0);
    assert.equal(statusOf(() => driver.disk.detach({ slot })), "Busy");
    assert.deepEqual(driver.reap(), { completions: [], inFlight: 40 });
    driver.system.turn();
    assert.equal(driver.device.counters.writes, round * 40 + 40);
    assert.ok(driver.notifications >= 1, `no notification in round ${round}`);
    const { completions, inFlight } = driver.reap();
    assert.equal(inFlight, 0);
    assert.deepEqual(completions.map(({ tag }) => tag), Array.from({ length: 40 }, (_, index) => index));
  }
  driver.disk.detach({ slot });
  assert.equal(statusOf(() => driver.disk.detach({ slot })), "InvalidArgument");
});

test("1,024 requests are accepted, whatever the queue holds, then nothing, and again after reaping", async () => {
  const driver = await bootDriver({ queued: true });
  const { slot } = driver.attach(grantBytes);
  const entries = (first: number, count: number): BatchEntry[] => Array.from({ length: count }, (_, index) => entry(Transfer.read, first + index, 0, slot, 0, 512));
  assert.equal(driver.submit(entries(0, 700)), 700);
  assert.equal(driver.scheduling().waiting, 700n - 256n);
  assert.equal(driver.submit(entries(700, 700)), 324);
  assert.equal(statusOf(() => driver.submit(entries(1024, 1))), "Busy");
  assert.equal(new Set(driver.reapAll().map(({ tag }) => tag)).size, 1024);
  assert.equal(driver.scheduling().waiting, 0n);
  assert.equal(driver.submit(entries(1024, 1)), 1);
  assert.deepEqual(driver.reapAll().map(({ tag }) => tag), [1024]);
});

test("wrong requests are answered by their completions", async () => {
  const driver = await bootDriver();
  const { slot } = driver.attach(8192);
  const readable = driver.attach(4096, rightRead);
  const wanted: Array<[BatchEntry, string]> = [
    [entry(9, 1, 0, slot, 0, 512), "InvalidArgument"],
    [entry(Transfer.read, 2, 0, 55, 0, 512), "InvalidArgument"],
    [entry(Transfer.read, 3, 0, slot, 0, 100), "InvalidArgument"],
    [entry(Transfer.read, 4, 8192, slot, 0, 512), "OutOfRange"],
    [entry(Transfer.read, 5, 0, slot, 8192 - 511, 512), "OutOfRange"],
    [entry(Transfer.read, 6, 0, readable.slot, 0, 512), "Denied"],
    [entry(Transfer.write, 7, 0, readable.slot, 0, 512), "Ok"],
    [entry(Transfer.flush, 8, 0, 0, 0, 0), "Ok"],
  ];
  assert.equal(driver.submit(wanted.map(([request]) => request)), wanted.length);
  const byTag = new Map(driver.reapAll().map((completion) => [completion.tag, completion.status]));
  for (const [{ tag }, status] of wanted) assert.equal(byTag.get(tag), statusNumber(status), `tag ${tag}`);
});

test("a grant that its owner takes back while the driver has device addresses for it: the device is reset, and the driver starts anew", async () => {
  const driver = await bootDriver();
  const { slot, grant } = driver.attach(4096);
  driver.submit([entry(Transfer.read, 1, 0, slot, 0, 512)]);
  driver.reapAll();
  driver.client.calls.capability_drop(grant);
  assert.equal(statusOf(() => driver.submit([entry(Transfer.read, 2, 0, slot, 0, 512)])), "PeerRestarted");
  assert.equal(driver.system.domain("virtio-blk").restarts, 1);
  const again = driver.attach(4096).slot;
  driver.submit([entry(Transfer.read, 3, 0, again, 0, 512)]);
  assert.deepEqual(driver.reapAll().map(({ status }) => status), [statusNumber("Ok")]);
});

test("a grant that was detached may be taken back: the driver goes on, and its slot is free again", async () => {
  const driver = await bootDriver();
  const { slot, grant } = driver.attach(4096);
  driver.submit([entry(Transfer.read, 1, 0, slot, 0, 512)]);
  driver.reapAll();
  driver.disk.detach({ slot });
  assert.equal(driver.client.calls.capability_drop(grant), 0);
  assert.equal(driver.system.domain("virtio-blk").restarts, 0);
  assert.equal(driver.attach(4096).slot, slot);
});

test("a grant longer than it is, or no grant at all, is not attached", async () => {
  const driver = await bootDriver();
  const { client, disk } = driver;
  const address = client.reserve(8192, 4096);
  const grant = client.calls.grant_create(client.handle("device"), address, 4096, 3);
  assert.equal(statusOf(() => disk.attach({ lengthBytes: 8192, grant })), "OutOfRange");
  assert.equal(statusOf(() => disk.attach({ lengthBytes: 0, grant })), "InvalidArgument");
  assert.equal(statusOf(() => disk.attach({ lengthBytes: 4096, grant: client.handle("block") })), "WrongKind");
  assert.deepEqual(driver.system.faults, []);
});

test("a synchronous read passes while a batch is in flight, and the batch's end is still told", async () => {
  const driver = await bootDriver({ queued: true });
  const { slot } = driver.attach(grantBytes);
  const buffer = { address: driver.client.reserve(4096), length: 4096 };
  driver.submit(Array.from({ length: 256 }, (_, index) => entry(Transfer.read, index, index * 2, slot, index * 512, 512)));
  driver.disk.read({ sector: 100n, buffer });
  driver.system.turn();
  assert.ok(driver.notifications >= 1, "the end of the batch was not told");
  assert.equal(driver.reap().completions.length, 256);
});

test("awaitCompletions waits for no more than was asked for", async () => {
  const driver = await bootDriver({ queued: true });
  const { slot } = driver.attach(grantBytes);
  driver.submit(Array.from({ length: 64 }, (_, index) => entry(Transfer.read, index, index * 2, slot, index * 512, 512)));
  const first = driver.disk.awaitCompletions({ count: 8 });
  assert.ok(first.ready >= 8 && first.inFlight > 0, `${first.ready} ready, ${first.inFlight} in flight`);
  assert.deepEqual(driver.disk.awaitCompletions({ count: 1000 }), { ready: 64, inFlight: 0 });
  assert.deepEqual(driver.disk.awaitCompletions({ count: 1000 }), { ready: 64, inFlight: 0 });
});

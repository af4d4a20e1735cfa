// From a device request to what it was for: the notes in the trace name the slot, the sector and the id of the request whose
// message brought it, also when it started and ended in other activations than that one.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { TraceDecoder, type TraceEvent } from "../../host/trace/trace-decoder.ts";
import { TraceReader } from "../../host/trace/trace-file.ts";
import { Transfer } from "../../kernel-bindings/generated/host/block-device.ts";
import { bootDriver, type DriverSystem } from "./driver-system.ts";

async function traced(act: (driver: DriverSystem) => void, options = {}): Promise<TraceEvent[]> {
  const parts: Uint8Array[] = [];
  const driver = await bootDriver({ queued: true, queueSize: 4, maximumSegments: 2, ...options }, { trace: (bytes) => parts.push(bytes.slice()), logNotes: false });
  act(driver);
  driver.system.close();
  const folder = mkdtempSync(join(tmpdir(), "axiomfs-trace-"));
  writeFileSync(join(folder, "trace"), Buffer.concat(parts));
  const reader = new TraceReader(join(folder, "trace"));
  const events = [...new TraceDecoder(reader.header).decode(reader.records())];
  reader.close();
  rmSync(folder, { recursive: true });
  return events;
}

test("each device request leads to the call that asked for it", async () => {
  const ids: number[] = [];
  const events = await traced((driver) => {
    const { slot } = driver.attach(65536);
    for (let batch = 0; batch < 3; batch++) {
      driver.submit(Array.from({ length: 10 }, (_, index) => ({ transfer: Transfer.read, tag: batch * 100 + index, sector: BigInt(batch * 100 + index * 2), slot, offsetBytes: index * 512, lengthBytes: 512 })));
    }
    while (driver.device.advance()) driver.system.turn();
    assert.equal(driver.reapAll().length, 30);
    driver.disk.read({ sector: 5000n, buffer: { address: driver.client.reserve(512), length: 512 } });
  });
  for (const { kind, operation, requestId } of events) if (kind === "call" && operation === "block-device.submit") ids.push(requestId);
  assert.equal(ids.length, 3);
  const inSlots = new Map<number, string>();
  const started = new Map<number, { request: number; noteOf: number }>();
  for (const { kind, text, requestId } of events) {
    if (kind !== "note") continue;
    const begins = /^slot (\d+) (read|joined) sector (\d+) bytes 512(?: tag (\d+) for request (\d+))?$/.exec(text);
    const ends = /^slot (\d+) ended, status 0$/.exec(text);
    if (begins) {
      const [, slot, word, sector, tag, request] = begins;
      if (word === "read") {
        assert.ok(!inSlots.has(Number(slot)), `slot ${slot} is taken`);
        inSlots.set(Number(slot), text);
      } else assert.ok(inSlots.has(Number(slot)));
      started.set(Number(sector), { request: Number(request ?? requestId), noteOf: requestId });
      if (tag !== undefined) assert.equal(Number(sector), Math.floor(Number(tag) / 100) * 100 + (Number(tag) % 100) * 2);
    } else if (ends) assert.ok(inSlots.delete(Number(ends[1])), text);
  }
  assert.equal(inSlots.size, 0);
  assert.equal(started.size, 31);
  let elsewhere = 0;
  for (const [sector, { request, noteOf }] of started) {
    if (sector === 5000) {
      const call = events.find(({ kind, requestId }) => kind === "call" && requestId === request)!;
      assert.equal(call.operation, "block-device.read");
      continue;
    }
    assert.equal(request, ids[Math.floor(sector / 100)], `sector ${sector}`);
    if (noteOf !== request) elsewhere++;
  }
  assert.ok(elsewhere >= 20, `${elsewhere} started in another activation than the one that brought them`);
});

test("without a trace the driver makes no note of a request", async () => {
  const driver = await bootDriver({}, { logNotes: true });
  const before = driver.notes.length;
  driver.disk.read({ sector: 0n, buffer: { address: driver.client.reserve(512), length: 512 } });
  assert.equal(driver.notes.length, before);
});

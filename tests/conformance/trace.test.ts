// The trace file (docs/abi.md §7), byte by byte.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Status } from "../../host/kernel/abi.ts";
import { DeterministicClock } from "../../host/kernel/clock.ts";
import { openTraceFile } from "../../host/kernel/node-files.ts";
import { TraceWriter } from "../../host/kernel/trace-writer.ts";
import { bootProbes, LowHandles, MiddleHandles, Read, Step, stepMessage } from "./probe-system.ts";

interface TraceRecord { time: number; sequence: number; kind: number; depth: number; caller: number; callee: number; interfaceNumber: number; operation: number; status: number; requestId: number; argument: number; bytes: Uint8Array }

function parse(file: Uint8Array): { names: string[]; records: TraceRecord[] } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const count = view.getUint32(20, true);
  const names = [...Array(count).keys()].map((index) => new TextDecoder().decode(file.subarray(64 + 24 * index, 88 + 24 * index)).replace(/\0+$/, ""));
  const records: TraceRecord[] = [];
  for (let at = 64 + 24 * count; at < file.length; at += 32) {
    records.push({
      time: Number(view.getBigUint64(at, true)), sequence: view.getUint32(at + 8, true), kind: view.getUint8(at + 12), depth: view.getUint8(at + 13),
      caller: view.getUint8(at + 14), callee: view.getUint8(at + 15), interfaceNumber: view.getUint16(at + 16, true), operation: view.getUint16(at + 18, true),
      status: view.getUint32(at + 20, true), requestId: view.getUint32(at + 24, true), argument: view.getUint32(at + 28, true), bytes: file.slice(at, at + 32),
    });
  }
  return { names, records };
}

/** Everything that `act` leaves in the trace, after the boot. */
async function traced(act: (probes: Awaited<ReturnType<typeof bootProbes>>) => void, traceCapacity?: number): Promise<{ file: Uint8Array; records: TraceRecord[] }> {
  const parts: Uint8Array[] = [];
  const probes = await bootProbes({ trace: (bytes) => parts.push(bytes.slice()), clock: new DeterministicClock(), traceCapacity });
  probes.system.kernel.trace!.flush();
  const before = parts.length;
  act(probes);
  probes.system.close();
  return { file: Uint8Array.from(Buffer.concat(parts)), records: parse(Uint8Array.from(Buffer.concat([parts[0]!, ...parts.slice(before)]))).records };
}

test("header: magic, version, record size, kernel, names; sequence without gaps from 1", async () => {
  const { file } = await traced(({ low }) => { low.step(Step.nothing); });
  const view = new DataView(file.buffer);
  assert.equal(new TextDecoder().decode(file.subarray(0, 8)), "AXTRACE1");
  assert.deepEqual([8, 12, 16, 20].map((offset) => view.getUint32(offset, true)), [1, 32, 2, 4]);
  assert.ok(file.subarray(24, 64).every((byte) => byte === 0));
  const { names, records } = parse(file);
  assert.deepEqual(names, ["low", "middle", "high", "host"]);
  assert.deepEqual(records.map(({ sequence }) => sequence), records.map((_, index) => index + 1));
  assert.deepEqual(records.slice(0, 4).map(({ kind, caller, callee }) => [kind, caller, callee]), [0, 1, 2, 3].map((id) => [6, 255, id]), "starts");
  for (let index = 1; index < records.length; index++) if (records[index]!.kind !== 8) assert.ok(records[index]!.time >= records[index - 1]!.time);
});

test("a nested call: call and reply records with depth, domains, badge, status and lent bytes", async () => {
  const { records } = await traced(({ middle, low }) => {
    middle.poke(middle.messageOut, stepMessage(Step.replyNext, [Status.NotFound, 0], { leases: [{ address: low.scratch, length: 40, rights: Read }, { address: low.scratch, length: 2, rights: Read }] }));
    middle.step(Step.call, [MiddleHandles.low]);
    middle.step(Step.call, [MiddleHandles.low]);
  });
  const shown = records.slice(2).map(({ kind, depth, caller, callee, interfaceNumber, operation, status, argument }) => ({ kind, depth, caller, callee, interfaceNumber, operation, status, argument }));
  const outer = { depth: 0, caller: 3, callee: 1, interfaceNumber: 77, operation: Step.call };
  const inner = { depth: 1, caller: 1, callee: 0, interfaceNumber: 77 };
  assert.deepEqual(shown, [
    { kind: 1, ...outer, status: 0, argument: 62 },
    { kind: 1, ...inner, operation: Step.replyNext, status: 0, argument: 21 },
    { kind: 2, ...inner, operation: Step.replyNext, status: 0, argument: 42 },
    { kind: 2, ...outer, status: 0, argument: 0 },
    { kind: 1, ...outer, status: 0, argument: 62 },
    // The reply stands in messageOut: same operation, no leases any more.
    { kind: 1, ...inner, operation: Step.replyNext, status: 0, argument: 21 },
    { kind: 2, ...inner, operation: Step.replyNext, status: Status.NotFound, argument: 0 },
    { kind: 2, ...outer, status: 0, argument: 0 },
  ]);
  assert.equal(new Set(records.slice(2, 6).map(({ requestId }) => requestId)).size, 1, "one request id from top to bottom");
});

test("notification, delivery and its return", async () => {
  const { records } = await traced(({ low }) => { low.result(Step.notify, LowHandles.toMiddle, 3); });
  assert.deepEqual(records.map(({ kind, depth, caller, callee, argument }) => [kind, depth, caller, callee, argument]), [
    [1, 0, 3, 0, 61], [3, 1, 0, 1, 3], [2, 0, 3, 0, 0], [9, 0, 255, 1, 3], [10, 0, 255, 1, 0],
  ]);
});

test("a trap, with its text as a note", async () => {
  const { records } = await traced(({ low }) => { low.step(Step.assertFailure, [0]); });
  assert.deepEqual(records.slice(0, 3).map(({ kind, caller, callee, status, argument }) => [kind, caller, callee, status, argument]), [
    [1, 3, 0, 0, 61], [5, 255, 0, 0, 2], [7, 0, 255, 0, records.filter(({ kind }) => kind === 8).length],
  ]);
  assert.deepEqual([records.at(-1)!.kind, records.at(-1)!.status], [2, Status.PeerRestarted]);
  const text = records.filter(({ kind }) => kind === 8).map(({ bytes }) => Buffer.concat([bytes.subarray(16, 32), bytes.subarray(0, 8)]).toString()).join("");
  assert.match(text, /^fault: the probe was told to fail \(line \d+, column \d+\)\0*$/);
});

test("trace_note: UTF-8 in pieces of 24 bytes, 16 of them at offset 16 and 8 at offset 0", async () => {
  const note = "0123456789abcdefABCDEFGH-and ü";
  const length = new TextEncoder().encode(note).length;
  const { records } = await traced(({ low }) => {
    low.poke(low.scratch, new TextEncoder().encode(note));
    assert.equal(low.result(Step.traceNote, LowHandles.trace, low.scratch, length), 1);
    assert.equal(low.result(Step.traceNote, LowHandles.trace, low.scratch, 0), 1);
  });
  const notes = records.filter(({ kind }) => kind === 7);
  assert.deepEqual(notes.map(({ caller, callee, argument }) => [caller, callee, argument]), [[0, 255, 2], [0, 255, 0]]);
  const [first, second] = records.filter(({ kind }) => kind === 8);
  assert.equal(Buffer.from(first!.bytes.subarray(16, 32)).toString(), "0123456789abcdef");
  assert.equal(Buffer.from(first!.bytes.subarray(0, 8)).toString(), "ABCDEFGH");
  assert.equal(Buffer.from(second!.bytes.subarray(16, 16 + length - 24)).toString(), "-and ü");
  assert.equal(second!.sequence, first!.sequence + 1);
});

test("a ring that fills up many times loses and repeats nothing", async () => {
  const { file } = await traced(({ low }) => { for (let index = 0; index < 500; index++) low.step(Step.nothing); }, 7);
  const { records } = parse(file);
  assert.ok(records.length > 1000);
  assert.deepEqual(records.map(({ sequence }) => sequence), records.map((_, index) => index + 1));
});

test("two runs with the same clock write the same bytes", async () => {
  const run = async (): Promise<Uint8Array> => (await traced(({ low, middle }) => {
    middle.send(MiddleHandles.low, stepMessage(Step.nothing, [1]));
    low.result(Step.notify, LowHandles.toMiddle, 1);
  })).file;
  assert.deepEqual(await run(), await run());
});

test("a trace file on disk, times past 2^32 ns", () => {
  const folder = mkdtempSync(join(tmpdir(), "axiomfs-trace-"));
  try {
    const path = join(folder, "trace");
    const { sink, close } = openTraceFile(path);
    const writer = new TraceWriter(sink, () => 5 * 2 ** 32 + 7, ["one"], 4);
    for (let index = 0; index < 9; index++) writer.record(1, 0, 0, 0, 0x0002_0001, 0, 1, 0xffff_ffff);
    writer.flush();
    close();
    const { records } = parse(Uint8Array.from(readFileSync(path)));
    assert.equal(records.length, 9);
    assert.deepEqual([records[8]!.time, records[8]!.interfaceNumber, records[8]!.operation, records[8]!.argument], [5 * 2 ** 32 + 7, 1, 2, 0xffff_ffff]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

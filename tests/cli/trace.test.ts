// Traces: the file's reader, the decoder, the text, and the drainer of QEMU's ring against a ring written by hand.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { projectPath } from "../../host/client/modules.ts";
import { traceFileHeader, TraceWriter } from "../../host/kernel/trace-writer.ts";
import { RingDrainer } from "../../host/trace/ring-drainer.ts";
import { TraceDecoder } from "../../host/trace/trace-decoder.ts";
import { TraceReader } from "../../host/trace/trace-file.ts";
import { textLine } from "../../host/trace/trace-text.ts";
import { Status, TraceKind } from "../../kernel-bindings/generated/host/tables.ts";

const folder = mkdtempSync(join(tmpdir(), "axiomfs-trace-"));
after(() => rmSync(folder, { recursive: true }));
const domains = ["virtio-blk", "block", "filesystem", "shell"];
const lookup = 5 | (3 << 16);
const blockRead = 2 | (5 << 16);

/** A trace as the hosted kernel would write it. */
function write(record: (writer: TraceWriter) => void, name = "trace"): string {
  const pieces: Buffer[] = [];
  let now = 1_000_000;
  const writer = new TraceWriter((bytes) => pieces.push(Buffer.from(bytes)), () => (now += 1500), domains);
  record(writer);
  writer.flush();
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat(pieces));
  return path;
}

function lines(path: string): string[] {
  const reader = new TraceReader(path);
  const events = [...new TraceDecoder(reader.header).decode(reader.records())];
  reader.close();
  return events.map((event) => textLine(event, events[0]!.timeNanoseconds));
}

const nested = (writer: TraceWriter): void => {
  writer.record(TraceKind.start, 0, 255, 3, 0, 0, 0, 0);
  writer.record(TraceKind.call, 0, 3, 2, lookup, 0, 7, 0);
  writer.record(TraceKind.call, 1, 2, 1, blockRead, 0, 7, 3);
  writer.note(2, 1, 7, Buffer.from("a note of more than twenty-four bytes, with \x1b in it"));
  writer.record(TraceKind.reply, 1, 2, 1, blockRead, Status.Corrupted, 7, 4096);
  writer.record(TraceKind.reply, 0, 3, 2, lookup, Status.Ok, 7, 0);
  writer.record(TraceKind.interrupt, 0, 255, 0, 0, 0, 0, 1);
  writer.record(TraceKind.notified, 0, 255, 0, 0, 0, 8, 1);
  writer.record(TraceKind.notification, 1, 0, 1, 0, 0, 8, 1);
  writer.record(TraceKind.notifiedReturn, 0, 255, 0, 0, 0, 8, 0);
  writer.record(TraceKind.trap, 0, 255, 1, 0, 0, 8, 2);
};

test("a trace is printed nested, with names, durations and notes", () => {
  assert.deepEqual(lines(write(nested)), [
    "          0.0        -  shell  start",
    "          1.5        7  shell → filesystem  filesystem.lookup",
    "          3.0        7    filesystem → block  block.read  badge 3",
    "          4.5        7      block  note: a note of more than twenty-four bytes, with \\x1b in it",
    "         10.5        7    filesystem ← block  block.read  Corrupted 7.5 µs, 4096 bytes lent",
    "         12.0        7  shell ← filesystem  filesystem.lookup  Ok 10.5 µs",
    "         13.5        -  kernel ⇢ virtio-blk  interrupt 1",
    "         15.0        8  kernel → virtio-blk  notified 0x1",
    "         16.5        8    virtio-blk ⇢ block  notification 0x1",
    "         18.0        8  kernel ← virtio-blk  notified 3.0 µs",
    "         19.5        8  block  ended: abort",
  ]);
});

test("a gap in the sequence is told, a cut record left out, unknown numbers shown", () => {
  const path = write((writer) => {
    for (let index = 0; index < 5; index++) writer.record(TraceKind.call, 0, 3, 99, 0x630063, 0, index, 0);
    writer.record(TraceKind.reply, 0, 3, 99, 0x630063, 999, 4, 0);
  });
  const whole = readFileSync(path);
  const start = 64 + domains.length * 24;
  writeFileSync(path, Buffer.concat([whole.subarray(0, start + 32), whole.subarray(start + 96, whole.length - 1)]));
  assert.deepEqual(lines(path).map((line) => line.slice(24)), ["shell → domain 99  99.99", "… 2 records lost", "shell → domain 99  99.99", "shell → domain 99  99.99"]);
});

test("trace show: filters, JSON, and what is no trace", () => {
  const program = join(projectPath, "bin/axiomfs.mjs");
  const path = write(nested);
  const show = (...args: string[]): string[] => execFileSync(process.execPath, [program, "trace", "show", path, ...args], { encoding: "utf8" }).trim().split("\n");
  assert.equal(show().length, 12);
  assert.equal(show("--service", "block").length, 1 + 5);
  assert.equal(show("--operation", "lookup").length, 1 + 2);
  assert.equal(show("--operation", "block.read", "--status", "Corrupted").length, 1 + 1);
  assert.equal(show("--request", "7").length, 1 + 5);
  assert.deepEqual(JSON.parse(show("--json", "--status", "Corrupted")[0]!), {
    sequence: 8, timeNanoseconds: 1013500 - 1500, kind: "reply", depth: 1, caller: "filesystem", callee: "block", operation: "block.read", status: "Corrupted", requestId: 7, argument: 4096, durationNanoseconds: 7500,
  });
  const failing = (...args: string[]): [number | null, string] => {
    const { status, stderr } = spawnSync(process.execPath, [program, "trace", "show", ...args], { encoding: "utf8" });
    return [status, stderr];
  };
  assert.equal(failing(path, "--service", "nobody")[0], 2);
  assert.equal(failing(path, "--operation", "nothing")[0], 2);
  assert.equal(failing(path, "--status", "Fine")[0], 2);
  const other = join(folder, "other");
  for (const [bytes, reason] of [["", "AXTRACE1"], ["AXTRACE1", "AXTRACE1"], ["x".repeat(100), "AXTRACE1"]] as const) {
    writeFileSync(other, bytes);
    const [status, text] = failing(other);
    assert.equal(status, 1);
    assert.match(text, new RegExp(`^axiomfs trace show: .*not a trace.*${reason}.*\n$`));
  }
  const header = Buffer.from(traceFileHeader(domains));
  writeFileSync(other, header.subarray(0, 100));
  assert.match(failing(other)[1], /ends inside its header/);
  header.writeUInt32LE(9, 8);
  writeFileSync(other, header);
  assert.match(failing(other)[1], /version 9/);
  assert.match(failing(join(folder, "absent"))[1], /no such file/);
});

/** A ring in a file, as the kernel keeps it in guest memory. */
class Ring {
  readonly path = join(folder, "ram");
  readonly memory: Buffer;
  head = 0n;
  constructor(readonly address: number, readonly capacity: number) {
    this.memory = Buffer.alloc(address + 4096 + capacity * 32);
    this.save();
  }
  announce(): void {
    const page = this.memory.subarray(this.address);
    page.write("AXTRACE1");
    [1, 32, 1, domains.length].forEach((value, index) => page.writeUInt32LE(value, 8 + 4 * index));
    page.writeUInt32LE(this.capacity, 48);
    domains.forEach((name, index) => page.write(name, 64 + 24 * index));
  }
  publish(count: number): void {
    for (let index = 0; index < count; index++) {
      this.memory.writeUInt32LE(Number(this.head) + 1, this.address + 4096 + Number(this.head % BigInt(this.capacity)) * 32 + 8);
      this.head++;
    }
    this.memory.writeBigUInt64LE(this.head, this.address + 32);
  }
  /** The host's tail is in the file; the guest never writes it. */
  save(): void {
    if (this.head > 0n) readFileSync(this.path).copy(this.memory, this.address + 40, this.address + 40, this.address + 48);
    writeFileSync(this.path, this.memory);
  }
  get tail(): bigint {
    return readFileSync(this.path).readBigUInt64LE(this.address + 40);
  }
}

test("the drainer takes records as they come, over the ring's end, and tells how far it is", () => {
  const ring = new Ring(8192, 10);
  const pieces: Buffer[] = [];
  const drainer = new RingDrainer(ring.path, ring.address, 4096 + 10 * 32, (bytes) => pieces.push(Buffer.from(bytes)));
  assert.equal(drainer.poll(), 0, "nothing is announced yet");
  ring.announce();
  for (const count of [0, 7, 10, 1, 9]) {
    ring.publish(count);
    ring.save();
    assert.equal(drainer.poll(), count);
    assert.equal(ring.tail, ring.head);
  }
  drainer.close();
  const bytes = Buffer.concat(pieces);
  const start = 64 + domains.length * 24;
  assert.equal(bytes.length, start + 27 * 32);
  for (let index = 0; index < 27; index++) assert.equal(bytes.readUInt32LE(start + index * 32 + 8), index + 1);
  writeFileSync(join(folder, "drained"), bytes);
  assert.deepEqual(new TraceReader(join(folder, "drained")).header, { kernel: "microkernel", domains });
});

test("the drainer trusts nothing in the ring's header", () => {
  const broken = (change: (page: Buffer) => void): RingDrainer => {
    const ring = new Ring(4096, 10);
    ring.announce();
    ring.publish(3);
    change(ring.memory.subarray(4096));
    writeFileSync(ring.path, ring.memory);
    const drainer = new RingDrainer(ring.path, 4096, 4096 + 10 * 32, () => {});
    drainer.poll();
    drainer.close();
    return drainer;
  };
  assert.equal(broken(() => {}).recordCount, 3);
  for (const change of [
    (page: Buffer) => page.writeUInt32LE(11, 48), (page: Buffer) => page.writeUInt32LE(0, 48), (page: Buffer) => page.writeUInt32LE(1000, 20), (page: Buffer) => page.writeUInt32LE(2, 8),
    (page: Buffer) => page.writeUInt32LE(64, 12), (page: Buffer) => page.writeBigUInt64LE(11n, 32), (page: Buffer) => page.writeBigUInt64LE(2n ** 64n - 1n, 32),
  ]) {
    const drainer = broken(change);
    assert.notEqual(drainer.problem, null, change.toString());
    assert.equal(drainer.recordCount, 0);
  }
});

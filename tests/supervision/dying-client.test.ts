// A client that dies in the middle of its own write, at every message of it: an error of that request and nothing else. Each byte of the file is old or new, what is visible is what a sync makes durable, and nobody else hears of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DomainContext, TypeScriptDomain } from "../../host/kernel/typescript-domain.ts";
import { FilesystemClient } from "../../kernel-bindings/generated/host/filesystem.ts";
import { FilesystemBench, statusOf } from "../filesystem/bench.ts";
import { readFile, writeFile } from "../support/hosted.ts";
import type { OverlayDisk } from "../support/overlay-disk.ts";
import { sampleDisk } from "./survivor.ts";

const fileBytes = 300_000;
const oldByte = 0x6f, newByte = 0x6e;
const entry = {
  name: "victim", module: null, rank: 6, memoryPages: 32, kernels: ["hosted"],
  capabilities: [{ name: "filesystem", kind: "endpoint", domain: "filesystem" }, { name: "timer", kind: "timer", bit: 0 }],
};

/** Opens the file and overwrites it, or writes `held` bytes of it, when its timer fires. */
class Victim implements TypeScriptDomain {
  isActive = false;
  status = -1;
  constructor(private readonly offset: number, private readonly lengthBytes: number) {}
  start(context: DomainContext): void { context.calls.timer_set(context.handle("timer"), 1_000_000); }
  notified(_bits: number, context: DomainContext): void {
    const port = Object.assign(Object.create(context) as DomainContext, { call: (endpoint: number) => context.calls.call(endpoint) });
    const path = context.reserve(16), data = context.reserve(fileBytes);
    context.bytes.set(Buffer.from("f"), path);
    context.bytes.fill(newByte, data, data + this.lengthBytes);
    this.isActive = true;
    const { node } = new FilesystemClient(port, context.handle("filesystem")).open({ flags: 2, mode: 0, owner: 0, group: 0, path: { address: path, length: 1 }, attributes: { address: 0, length: 0 } });
    this.status = statusOf(() => new FilesystemClient(port, node).write({ offsetBytes: BigInt(this.offset), flags: 0, data: { address: data, length: this.lengthBytes } }));
    this.isActive = false;
  }
}

/** A disk with the file, which no service has in its memory yet. */
const prepared = ((): OverlayDisk => {
  const disk = sampleDisk(), bench = new FilesystemBench(disk);
  writeFile(bench.tree, "f", Buffer.alloc(fileBytes, oldByte));
  bench.tree.sync();
  bench.close();
  return disk;
})();

/** The client dies at its `moment`-th message; false when it has done its work before. */
function dieAt(moment: number, offset: number, lengthBytes: number): boolean {
  const disk = prepared.fork(), victim = new Victim(offset, lengthBytes);
  let seen = 0, kill: () => void = () => {};
  const bench = new FilesystemBench(disk, {
    log: () => {}, extraDomains: [entry], replace: { victim }, onMessage: () => { if (victim.isActive && ++seen === moment) kill(); },
  });
  const { system } = bench.hosted;
  kill = () => system.kill("victim");
  const held = bench.tree.open(Buffer.from("f"), 1 | 2); // so that what the dead wrote outlives it
  system.kernel.parts.clock.sleep(2e9);
  system.turn();
  const isDead = seen >= moment;
  const visible = readFile(bench.tree, "f");
  assert.equal(visible.length, fileBytes);
  visible.forEach((byte, at) => { if (byte !== oldByte && !(byte === newByte && at >= offset && at < offset + lengthBytes)) assert.fail(`byte ${at} is ${byte} when the client dies at message ${moment}`); });
  if (!isDead) assert.ok(visible.subarray(offset, offset + lengthBytes).every((byte) => byte === newByte), "the write went well");
  bench.tree.sync();
  bench.tree.close(held);
  assert.equal(bench.check().text, "");
  assert.ok(system.kernel.domains.every(({ name, restarts }) => restarts === 0 || name === "virtio-blk"), "nobody restarts with a client");
  bench.close();
  const later = new FilesystemBench(disk);
  assert.ok(Buffer.compare(readFile(later.tree, "f"), visible) === 0, `what was visible was not made durable when the client dies at message ${moment}`);
  later.close();
  return isDead;
}

for (const [name, offset, lengthBytes] of [["all of a file", 0, fileBytes], ["a part in the middle", 100_000, 80_000], ["a whole group", 65_536, 65_536]] as const) {
  test(`a client dies while it overwrites ${name}`, () => {
    let moment = 1;
    while (dieAt(moment, offset, lengthBytes)) moment++;
    assert.ok(moment > 6, `${moment} messages`);
  });
}

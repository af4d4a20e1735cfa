// A short run of the device fuzzer on the shipped driver, and on drivers that were broken on purpose: the fuzzer must find each.
import assert from "node:assert/strict";
import { test } from "node:test";
import { editedDriver } from "../driver/driver-system.ts";
import { fuzzDevice } from "./device-fuzzer.ts";

const engine = "services/virtio-blk/request-engine.ts";
const mutations = 60_000;

for (const queueCount of [1, 4]) test(`the shipped driver believes no lie and bears every completion, queues: ${queueCount}`, async () => {
  const result = await fuzzDevice(2026, mutations, queueCount);
  assert.equal(result.failure, null);
  assert.ok(result.mutated >= mutations && result.okay > mutations / 10, JSON.stringify(result));
  assert.ok(result.kinds.slice(0, 20).every((count) => count > 0), `a kind of mutation was never tried: ${result.kinds.join(" ")}`);
  assert.ok(result.resets > 0 && result.breaches > 0, "nothing of it was noticed");
});

const broken: Array<[string, string, string, string, string, RegExp]> = [
  ["believes a status byte that was never written", "byte == RequestStatus.untouched", "byte == 0xfff", "byte != RequestStatus.ok || usedLength", "usedLength", /believed a lie|stale memory/],
  ["believes a success with less data than asked for", "", "", "return usedLength < answer + 1 ? Status.DeviceError : Status.Ok", "return Status.Ok", /believed a lie/],
  ["believes any length", "", "", "usedLength > answer + 1) {", "usedLength == 0xffff_ffff) {", /believed a lie/],
  ["ends whatever request the device names", "", "", "if (!this.slots.isInFlight(slot)) {", "if (slot >= this.slots.limit) {", /the driver (ended|answers)/],
];
for (const [name, first, firstAfter, before, after, expected] of broken) {
  test(`a driver that ${name} is found`, async () => {
    const module = await editedDriver("broken", { [engine]: (text) => text.replace(first, firstAfter).replace(before, after) });
    const { failure } = await fuzzDevice(2026, mutations, 1, module);
    assert.match(failure ?? "nothing was found", expected);
  });
}

// The system calls that reach the world (docs/abi.md §4): console, clock, entropy, power, list of domains. Each needs its own
// capability and its own memory.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Status } from "../../host/kernel/abi.ts";
import { DeterministicClock } from "../../host/kernel/clock.ts";
import { MemoryConsole } from "../../host/kernel/console.ts";
import { SeededEntropy } from "../../host/kernel/entropy.ts";
import { PowerOff } from "../../host/kernel/faults.ts";
import { bootProbes, LowHandles, Step } from "./probe-system.ts";

const memoryBytes = 16 * 65536;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

test("console: write, read in pieces, none waiting, end of file, arguments", async () => {
  const console_ = new MemoryConsole("ls /");
  const { low } = await bootProbes({ console: console_ });
  low.poke(low.scratch, text("grüße\n"));
  assert.equal(low.result(Step.consoleWrite, LowHandles.console, low.scratch, 8), 8);
  assert.equal(console_.output, "grüße\n");
  assert.equal(low.result(Step.consoleRead, LowHandles.console, low.scratch, 16), 0);
  console_.push("abcdef");
  assert.equal(low.result(Step.consoleRead, LowHandles.console, low.scratch, 4), 4);
  assert.equal(low.result(Step.consoleRead, LowHandles.console, low.scratch + 4, 4), 2);
  assert.equal(new TextDecoder().decode(low.peek(low.scratch, 6)), "abcdef");
  console_.end();
  assert.equal(low.result(Step.consoleRead, LowHandles.console, low.scratch, 4), -Status.EndOfFile);
  assert.equal(low.result(Step.consoleArguments, LowHandles.console, low.scratch, 2), 4, "the whole length, though two bytes fit");
  assert.equal(new TextDecoder().decode(low.peek(low.scratch, 3)), "lsc");
});

test("clock: two u64, both exact", async () => {
  const clock = new DeterministicClock(1_763_000_000_123_456, 1);
  clock.advance(7_000_000_000_123);
  const { low } = await bootProbes({ clock });
  assert.equal(low.result(Step.clockRead, LowHandles.clock, low.scratch), 0);
  const bytes = new DataView(low.peek(low.scratch, 16).buffer);
  assert.ok(bytes.getBigUint64(0, true) >= 7_000_000_000_123n && bytes.getBigUint64(0, true) < 7_000_000_001_000n);
  assert.equal(bytes.getBigUint64(8, true) / 1_000_000n, 1_763_000_000_123_456n / 1000n + 7_000_000n);
  const real = await bootProbes();
  real.low.result(Step.clockRead, LowHandles.clock, real.low.scratch);
  const unix = Number(new DataView(real.low.peek(real.low.scratch, 16).buffer).getBigUint64(8, true) / 1_000_000n);
  assert.ok(Math.abs(unix - Date.now()) < 2000);
});

test("entropy: seeded runs repeat, the system's do not, and exactly the bytes asked for change", async () => {
  const draw = async (seed?: number): Promise<string> => {
    const { low } = await bootProbes(seed === undefined ? {} : { entropy: new SeededEntropy(seed) });
    assert.equal(low.result(Step.entropyRead, LowHandles.entropy, low.scratch + 1, 32), 0);
    const bytes = low.peek(low.scratch, 34);
    assert.deepEqual([bytes[0], bytes[33]], [0, 0]);
    return bytes.join();
  };
  assert.equal(await draw(5), await draw(5));
  assert.notEqual(await draw(5), await draw(6));
  assert.notEqual(await draw(), await draw());
  const { low } = await bootProbes();
  assert.equal(low.result(Step.entropyRead, LowHandles.entropy, 65536 * 2, 200_000), 0, "more than crypto gives at once");
});

test("each call checks its handle and its memory", async () => {
  const { system, low } = await bootProbes();
  const calls: Array<[number, number, number]> = [
    [Step.consoleWrite, LowHandles.console, 2], [Step.consoleRead, LowHandles.console, 2], [Step.consoleArguments, LowHandles.console, 2],
    [Step.entropyRead, LowHandles.entropy, 2], [Step.traceNote, LowHandles.trace, 2], [Step.controlList, LowHandles.control, 1],
  ];
  for (const [step, handle, length] of calls) {
    assert.equal(low.result(step, LowHandles.self, 0, length), -Status.WrongKind, `step ${step}`);
    assert.equal(low.result(step, 0, 0, length), -Status.InvalidHandle);
    assert.equal(low.result(step, handle, memoryBytes - 1, length), -Status.InvalidArgument);
    assert.equal(low.result(step, handle, 0xffff_ffff, length), -Status.InvalidArgument);
  }
  assert.equal(low.result(Step.clockRead, LowHandles.clock, memoryBytes - 15), -Status.InvalidArgument);
  assert.equal(low.result(Step.clockRead, LowHandles.trace, 0), -Status.WrongKind);
  assert.equal(low.step(Step.powerOff, [LowHandles.trace, 0]).status, Status.PeerRestarted, "it never returns");
  assert.equal(system.powerOffStatus, null);
  assert.deepEqual(system.faults.map(({ domain, code }) => [domain, code]), [["low", 3]]);
});

test("control_list: one record of 64 bytes a domain", async () => {
  const { low, high } = await bootProbes();
  high.step(Step.trap);
  const calls = 10;
  for (let index = 0; index < calls; index++) low.step(Step.nothing);
  assert.equal(low.result(Step.controlList, LowHandles.control, low.scratch, 2), 2);
  assert.equal(low.result(Step.controlList, LowHandles.control, low.scratch, 99), 4);
  const view = new DataView(low.peek(low.scratch, 256).buffer);
  const name = (index: number): string => new TextDecoder().decode(new Uint8Array(view.buffer, index * 64, 24)).replace(/\0+$/, "");
  assert.deepEqual([0, 1, 2, 3].map(name), ["low", "middle", "high", "host"]);
  assert.deepEqual([0, 2].map((index) => view.getUint32(index * 64 + 24, true)), [2, 3], "running, dead");
  assert.equal(view.getUint32(32, true), 16);
  assert.ok(view.getUint32(36, true) >= calls);
});

test("power_off unwinds everything and stays", async () => {
  const { system, low } = await bootProbes();
  assert.throws(() => low.step(Step.powerOff, [LowHandles.power, 130]), (error) => error instanceof PowerOff && error.status === 126, "127 and above are the machine's own");
  assert.equal(system.powerOffStatus, 126);
  assert.deepEqual(system.faults, [], "a power-off is no fault");
  assert.throws(() => low.step(Step.nothing), PowerOff);
  system.turn();
});

test("power_off from a handler ends the delivery quietly", async () => {
  const { system, low, middle } = await bootProbes();
  middle.setHandler(Step.powerOff, 9, 3);
  assert.equal(low.result(Step.notify, LowHandles.toMiddle, 1), 0);
  assert.equal(system.powerOffStatus, 3);
});

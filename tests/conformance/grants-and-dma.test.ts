// Grants, register windows and device addresses (docs/abi.md §4): who may reach which memory, and for how long.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Status } from "../../host/kernel/abi.ts";
import { bootProbes, lease, LowHandles, MiddleHandles, type Probe, Read, Step, stepMessage, Write } from "./probe-system.ts";

const page = 4096;
/** Page-aligned memory of a probe that its message buffers do not touch. */
const pageOf = (probe: Probe): number => probe.scratch + 2 * page;

/** Middle grants `pages` to low and passes it; answers both handles. */
function grant(middle: Probe, low: Probe, pages = 1, rights = Read | Write): { own: number; given: number } {
  const own = middle.result(Step.grantCreate, MiddleHandles.low, pageOf(middle), pages * page, rights);
  assert.ok(own > 0, `grant_create: ${own}`);
  assert.equal(middle.send(MiddleHandles.low, stepMessage(Step.nothing, [], { capabilities: [own] })).status, Status.Ok);
  return { own, given: low.lastMessage().getUint32(128, true) };
}

test("a grant is readable and writable by its domain across calls, to the byte", async () => {
  const { low, middle } = await bootProbes();
  middle.poke(pageOf(middle), Uint8Array.from([1, 2, 3]));
  const { given } = grant(middle, low, 2);
  assert.equal(low.result(Step.leaseRead, given, 0, low.scratch, 2 * page), 0);
  assert.deepEqual([...low.peek(low.scratch, 3)], [1, 2, 3]);
  assert.equal(low.result(Step.leaseRead, given, 1, low.scratch, 2 * page), -Status.OutOfRange);
  assert.equal(low.result(Step.leaseRead, given, 0xffff_ffff, low.scratch, 1), -Status.OutOfRange);
  low.poke(low.scratch, Uint8Array.from([9]));
  assert.equal(low.result(Step.leaseWrite, given, 2 * page - 1, low.scratch, 1), 0);
  assert.deepEqual([...middle.peek(pageOf(middle) + 2 * page - 2, 2)], [0, 9]);
});

test("a grant has its direction, and is page-aligned own memory for a lower domain", async () => {
  const { low, middle } = await bootProbes();
  const { given } = grant(middle, low, 1, Read);
  assert.equal(low.result(Step.leaseWrite, given, 0, low.scratch, 1), -Status.Denied);
  const create = (address: number, length: number, rights = Read, endpoint: number = MiddleHandles.low): number => middle.result(Step.grantCreate, endpoint, address, length, rights);
  const start = pageOf(middle);
  assert.equal(create(start + 1, page), -Status.InvalidArgument);
  assert.equal(create(start, page + 1), -Status.InvalidArgument);
  assert.equal(create(start, 0), -Status.InvalidArgument);
  assert.equal(create(start, page, 0), -Status.InvalidArgument);
  assert.equal(create(start, page, 4), -Status.InvalidArgument);
  assert.equal(create(16 * 65536, page), -Status.InvalidArgument, "past the memory");
  assert.equal(create(0xffff_f000, page), -Status.InvalidArgument);
  assert.equal(create(0xffff_f000, 2 * page), -Status.InvalidArgument, "wraps");
  const buffers = Math.floor(middle.messageIn / page) * page;
  assert.equal(create(buffers, page), -Status.InvalidArgument, "message buffers");
  assert.equal(create(start, page, Read, MiddleHandles.self), -Status.Denied);
  assert.equal(create(start, page, Read, MiddleHandles.clock), -Status.WrongKind);
});

test("a grant goes to its domain and no other", async () => {
  const { middle, high, low } = await bootProbes();
  const own = high.result(Step.grantCreate, 2, pageOf(high), page, Read); // for middle
  assert.equal(high.send(3, stepMessage(Step.nothing, [], { capabilities: [own] })).status, Status.Denied, "not to low");
  assert.equal(high.send(2, stepMessage(Step.nothing, [], { capabilities: [own] })).status, Status.Ok);
  const given = middle.lastMessage().getUint32(128, true);
  assert.equal(middle.send(MiddleHandles.low, stepMessage(Step.nothing, [], { capabilities: [given] })).status, Status.Denied, "not passed on");
  const onward = middle.send(MiddleHandles.low, stepMessage(Step.leaseRead, [0, 0, low.scratch, 16], { leases: [{ source: given, address: 16, length: 16, rights: Read }], stands: [lease(0)] }));
  assert.deepEqual([onward.status, onward.result], [Status.Ok, 0], "but lent on for a call");
});

test("a grant ends when its owner drops it, when it is revoked, and when its owner dies", async () => {
  for (const end of ["drop", "revoke", "death"]) {
    const { low, middle } = await bootProbes();
    const { own, given } = grant(middle, low);
    assert.equal(low.result(Step.leaseRead, given, 0, low.scratch, 1), 0);
    if (end === "drop") middle.result(Step.drop, own);
    else if (end === "revoke") middle.result(Step.revoke, own);
    else middle.step(Step.trap);
    assert.equal(low.result(Step.leaseRead, given, 0, low.scratch, 1), -Status.InvalidHandle, end);
    assert.equal(low.result(Step.dmaSegments, LowHandles.dma, given, 0, 16, 0, low.scratch, 1), -Status.InvalidHandle, end);
  }
});

/** Segments at the probe's scratch. */
function segments(low: Probe, count: number): Array<{ low: number; high: number; length: number }> {
  const words = low.words(low.scratch, 4 * count);
  return [...Array(count).keys()].map((index) => ({ low: words[4 * index]!, high: words[4 * index + 1]!, length: words[4 * index + 2]! }));
}

test("dma_segments: own memory, leases and grants, cut into pieces as asked", async () => {
  const { system, low, middle } = await bootProbes({ dmaSegmentBytes: page });
  const port = system.kernel.ports[0]!;
  const dma = (source: number, offset: number, length: number, writes: number, max: number): number => low.result(Step.dmaSegments, LowHandles.dma, source, offset, length, writes, low.scratch, max);
  assert.equal(dma(0, 0x8000 + 100, 2 * page, 0, 8), 3);
  const pieces = segments(low, 3);
  assert.deepEqual(pieces.map(({ length }) => length), [page - 100, page, 100]);
  assert.deepEqual(pieces.map((piece) => piece.low), [0x8064, 0x9000, 0xa000]);
  assert.equal(dma(0, 0x8000 + 100, 2 * page, 0, 2), -Status.TooLarge);
  assert.equal(dma(0, 0x8000, 0, 0, 0), 0);
  assert.equal(dma(0, 16 * 65536 - 1, 2, 0, 1), -Status.InvalidArgument);
  const open = (offset: number, length: number, writes: boolean): boolean => port.reach(offset, pieces[0]!.high, length, writes);
  assert.equal(open(0x8064, 2 * page, false), true);
  assert.equal(open(0x8063, 1, false), false, "one byte before");
  assert.equal(open(0x8064, 2 * page + 1, false), false, "one byte after");
  assert.equal(open(0x8064, 1, true), false, "opened for reading");
  assert.equal(port.dma.violations, 3);
  const { given } = grant(middle, low, 1, Read);
  assert.equal(dma(given, 0, page, 1, 1), -Status.Denied);
  assert.equal(dma(given, 1, page, 0, 1), -Status.OutOfRange);
  assert.equal(dma(given, 0, page, 0, 1), 1);
  const [piece] = segments(low, 1);
  assert.equal(piece!.low, pageOf(middle));
  assert.equal(port.reach(piece!.low, piece!.high, page, false), true);
  assert.equal(port.bytes, system.domain("middle").bytes);
  assert.equal(port.reach(piece!.low, piece!.high, 1, true), false);
});

test("device access to a lease ends with the call, to a grant with the grant, to anything with the driver", async () => {
  const { system, low, middle } = await bootProbes();
  const port = system.kernel.ports[0]!;
  const dma = (stand: number): Uint8Array => stepMessage(Step.dmaSegments, [LowHandles.dma, 0, 0, 64, 1, low.scratch, 1], { leases: [{ address: pageOf(middle), length: 64, rights: Write }], stands: [0, stand] });
  assert.equal(middle.send(MiddleHandles.low, dma(lease(0))).result, 1);
  const [first] = segments(low, 1);
  assert.equal(port.reach(first!.low, first!.high, 1, true), false, "after the return");
  const { own, given } = grant(middle, low);
  low.result(Step.dmaSegments, LowHandles.dma, given, 0, page, 1, low.scratch, 1);
  const [second] = segments(low, 1);
  assert.equal(port.reach(second!.low, second!.high, page, true), true);
  low.result(Step.drop, given);
  assert.equal(port.reach(second!.low, second!.high, 1, true), false);
  assert.equal(middle.result(Step.drop, own), Status.Ok);
  low.result(Step.dmaSegments, LowHandles.dma, 0, low.scratch, page, 1, low.scratch, 1);
  const [third] = segments(low, 1);
  assert.equal(port.reach(third!.low, third!.high, page, true), true);
  low.step(Step.trap);
  assert.equal(port.reach(third!.low, third!.high, 1, true), false);
});

test("device_parameters and registers", async () => {
  const { low, middle } = await bootProbes();
  assert.equal(low.result(Step.deviceParameters, LowHandles.dma, low.scratch, 9), 7);
  assert.deepEqual(low.words(low.scratch, 7), [1, 4, 1, 1, 8, 64, 30000]);
  assert.equal(low.result(Step.mmioRead16, LowHandles.common, 0x12), 1, "num_queues");
  assert.equal(low.result(Step.mmioRead32, LowHandles.configuration, 0), 2048, "capacity in sectors");
  low.result(Step.mmioWrite8, LowHandles.common, 0x14, 1);
  assert.equal(low.result(Step.mmioRead8, LowHandles.common, 0x14), 1);
  assert.equal(low.result(Step.interruptAcknowledge, LowHandles.interrupt), 0);
  assert.equal(low.result(Step.interruptAcknowledge, LowHandles.dma), -Status.WrongKind);
  assert.equal(middle.step(Step.nothing).status, Status.Ok);
});

test("misuse of a register ends the driver, and the device with it", async () => {
  const misuses: Array<[number, number[]]> = [
    [Step.mmioRead32, [LowHandles.common, 0x12]], // not aligned
    [Step.mmioRead16, [LowHandles.common, 64]], // past the window
    [Step.mmioRead8, [LowHandles.isr, 1]],
    [Step.mmioRead32, [LowHandles.isr, 0]], // wider than the window
    [Step.mmioWrite32, [LowHandles.common, 0xffff_fffc, 0]],
    [Step.mmioRead8, [LowHandles.dma, 0]], // another kind
    [Step.mmioRead8, [LowHandles.reserved, 0]],
    [Step.mmioWrite8, [0x4444_4444, 0, 0]],
  ];
  for (const [step, arguments_] of misuses) {
    const { system, low } = await bootProbes();
    low.result(Step.mmioWrite8, LowHandles.common, 0x14, 1);
    assert.equal(low.step(step, arguments_).status, Status.PeerRestarted);
    assert.equal(system.faults[0]!.code, 3);
    assert.equal(system.device!.common.status, 0, "the device was reset");
  }
});

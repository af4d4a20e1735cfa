// Leases: a range of the caller's memory for one call, bounded to the byte, in the direction that was lent (docs/abi.md §2, §4).
import assert from "node:assert/strict";
import { test } from "node:test";
import { Status } from "../../host/kernel/abi.ts";
import { bootProbes, HighHandles, lease, LowHandles, MiddleHandles, type OutgoingLease, type Probe, Read, Step, stepMessage, Write } from "./probe-system.ts";

/** Middle lends `range` to low, which makes one step with it. */
function lent(middle: Probe, range: OutgoingLease, step: number, arguments_: number[]): { status: number; result: number } {
  const { status, result } = middle.send(MiddleHandles.low, stepMessage(step, arguments_, { leases: [range], stands: [lease(0)] }));
  return { status, result };
}
const ok = (result: number) => ({ status: Status.Ok, result });
const at = (probe: Probe, offset = 4096): number => probe.scratch + offset;

test("read and write move exactly the bytes of the range", async () => {
  const { low, middle } = await bootProbes();
  middle.poke(at(middle) - 1, Uint8Array.from([9, 1, 2, 3, 4, 9]));
  assert.deepEqual(lent(middle, { address: at(middle), length: 4, rights: Read }, Step.leaseRead, [0, 0, at(low), 4]), ok(0));
  assert.deepEqual([...low.peek(at(low), 5)], [1, 2, 3, 4, 0]);
  low.poke(at(low), Uint8Array.from([5, 6, 7, 8, 8]));
  assert.deepEqual(lent(middle, { address: at(middle), length: 4, rights: Write }, Step.leaseWrite, [0, 1, at(low), 3]), ok(0));
  assert.deepEqual([...middle.peek(at(middle) - 1, 6)], [9, 1, 5, 6, 7, 9]);
});

test("copies of every length from 0 to 300 and a large one are exact", async () => {
  const { low, middle } = await bootProbes();
  const pattern = Uint8Array.from({ length: 40000 }, (_, index) => (index * 37 + 11) & 0xff);
  middle.poke(at(middle, 1), pattern);
  for (const length of [...Array(301).keys(), 40000]) {
    low.poke(at(low), new Uint8Array(length + 1));
    assert.deepEqual(lent(middle, { address: at(middle, 1), length, rights: Read }, Step.leaseRead, [0, 0, at(low), length]), ok(0));
    assert.deepEqual(low.peek(at(low), length + 1), Uint8Array.from([...pattern.subarray(0, length), 0]));
  }
});

test("the bounds hold to the byte at both ends, and offset + length cannot wrap round 2^32", async () => {
  const { low, middle } = await bootProbes();
  const range = { address: at(middle), length: 100, rights: Read | Write };
  const outOfRange = ok(-Status.OutOfRange);
  for (const step of [Step.leaseRead, Step.leaseWrite]) {
    const access = (offset: number, length: number) => lent(middle, range, step, [0, offset, at(low), length]);
    assert.deepEqual(access(0, 100), ok(0));
    assert.deepEqual(access(0, 101), outOfRange);
    assert.deepEqual(access(1, 100), outOfRange);
    assert.deepEqual(access(99, 1), ok(0));
    assert.deepEqual(access(100, 0), ok(0));
    assert.deepEqual(access(100, 1), outOfRange);
    assert.deepEqual(access(101, 0), outOfRange);
    assert.deepEqual(access(0xffff_ffff, 1), outOfRange, "−1: one byte before");
    assert.deepEqual(access(0xffff_ff9c, 100), outOfRange, "−100");
    assert.deepEqual(access(0xffff_ffff, 2), outOfRange);
    assert.deepEqual(access(1, 0xffff_ffff), outOfRange);
    assert.deepEqual(access(0x8000_0000, 0x8000_0000), outOfRange);
  }
});

test("the far end of a copy must be the caller's own memory", async () => {
  const { low, middle } = await bootProbes();
  const memoryBytes = 16 * 65536;
  const range = { address: at(middle), length: 64, rights: Read };
  for (const address of [memoryBytes - 63, memoryBytes, 0xffff_ffff, 0xffff_ffc0]) {
    assert.deepEqual(lent(middle, range, Step.leaseRead, [0, 0, address, 64]), ok(-Status.InvalidArgument), `address ${address}`);
  }
  assert.deepEqual(lent(middle, range, Step.leaseRead, [0, 0, memoryBytes - 64, 64]), ok(0));
  assert.deepEqual(lent(middle, { ...range, rights: Write }, Step.leaseWrite, [0, 0, memoryBytes - 63, 64]), ok(-Status.InvalidArgument));
  assert.ok(low);
});

test("a lease has its direction", async () => {
  const { low, middle } = await bootProbes();
  middle.poke(at(middle), Uint8Array.from([1, 2, 3, 4]));
  assert.deepEqual(lent(middle, { address: at(middle), length: 4, rights: Read }, Step.leaseWrite, [0, 0, at(low), 4]), ok(-Status.Denied));
  assert.deepEqual(lent(middle, { address: at(middle), length: 4, rights: Write }, Step.leaseRead, [0, 0, at(low), 4]), ok(-Status.Denied));
  assert.deepEqual([...middle.peek(at(middle), 4)], [1, 2, 3, 4]);
});

test("descriptors: memory that is not the lender's, unknown rights and message buffers are refused", async () => {
  const { low, middle } = await bootProbes();
  const memoryBytes = 16 * 65536;
  const refused = (range: OutgoingLease): number => lent(middle, range, Step.nothing, []).status;
  assert.equal(refused({ address: memoryBytes - 10, length: 11, rights: Read }), Status.InvalidArgument);
  assert.equal(refused({ address: 0xffff_fff0, length: 32, rights: Read }), Status.InvalidArgument, "wraps");
  assert.equal(refused({ address: memoryBytes, length: 0, rights: Read }), Status.Ok, "length 0 is allowed");
  assert.equal(refused({ address: at(middle), length: 4, rights: 0 }), Status.InvalidArgument);
  assert.equal(refused({ address: at(middle), length: 4, rights: 4 }), Status.InvalidArgument);
  for (const buffer of [middle.messageIn, middle.messageOut]) {
    assert.equal(refused({ address: buffer + 143, length: 1, rights: Read }), Status.InvalidArgument);
    assert.equal(refused({ address: buffer - 8, length: 9, rights: Read }), Status.InvalidArgument);
    assert.equal(refused({ address: buffer + 8, length: 0, rights: Read }), Status.Ok);
  }
  const first = Math.min(middle.messageIn, middle.messageOut);
  assert.equal(refused({ address: first - 8, length: 8, rights: Read }), Status.Ok, "up to the buffer is fine");
  assert.equal(refused({ source: MiddleHandles.low, address: 0, length: 4, rights: Read }), Status.WrongKind);
  assert.equal(refused({ source: 0x12345, address: 0, length: 4, rights: Read }), Status.InvalidHandle);
  assert.ok(low);
});

test("four leases arrive in order with address 0 and the rights lent", async () => {
  const { low, middle } = await bootProbes();
  const leases = [1, 2, 3, 4].map((index) => ({ address: at(middle, 4096 * index), length: index * 10, rights: index % 2 === 0 ? Read : Read | Write }));
  assert.equal(middle.send(MiddleHandles.low, stepMessage(Step.nothing, [], { leases })).status, Status.Ok);
  const seen = low.lastMessage();
  const handles = leases.map((_, index) => seen.getUint32(64 + 16 * index, true));
  assert.equal(new Set(handles).size, 4);
  leases.forEach(({ length, rights }, index) => {
    assert.deepEqual([1, 2, 3].map((word) => seen.getUint32(64 + 16 * index + 4 * word, true)), [0, length, rights]);
    assert.ok(handles[index]! >>> 16 >= 1, "made at run time: generation at least 1");
  });
});

test("a lease is gone after the return, for every use, and through 1000 reuses of its slot", async () => {
  const { low, middle } = await bootProbes();
  const stale = new Set<number>();
  for (let round = 0; round < 1000; round++) {
    middle.send(MiddleHandles.low, stepMessage(Step.nothing, [], { leases: [{ address: at(middle), length: 8, rights: Read | Write }] }));
    const handle = low.lastMessage().getUint32(64, true);
    assert.equal(stale.has(handle), false, "a handle is not used twice");
    stale.add(handle);
  }
  for (const handle of [...stale].slice(-3)) {
    assert.equal(low.result(Step.leaseRead, handle, 0, at(low), 8), -Status.InvalidHandle);
    assert.equal(low.result(Step.leaseWrite, handle, 0, at(low), 8), -Status.InvalidHandle);
    assert.equal(low.result(Step.drop, handle), -Status.InvalidHandle);
    assert.equal(low.result(Step.dmaSegments, LowHandles.dma, handle, 0, 8, 0, at(low), 1), -Status.InvalidHandle);
  }
});

test("a lease can be lent on in part, and never with more than was held", async () => {
  const { low, middle, high } = await bootProbes();
  high.poke(at(high), Uint8Array.from({ length: 32 }, (_, index) => index));
  // High lends 32 bytes to middle; middle's own outgoing message to low was prepared with a placeholder source.
  const onward = (address: number, length: number, held: number, passed: number, step: number, offset: number, count: number): { outer: number; inner: number } => {
    // The handle that middle will get is foreseeable: its lease slot's next generation.
    high.send(HighHandles.middle, stepMessage(Step.nothing, [], { leases: [{ address: at(high), length: 32, rights: held }] }));
    const previous = middle.lastMessage().getUint32(64, true);
    const prepared = stepMessage(step, [0, offset, at(low), count], { leases: [{ source: previous + 3 * 0x10000, address, length, rights: passed }], stands: [lease(0)] });
    middle.poke(middle.messageOut, prepared); // takes two of the slot's generations, as the look above did one
    const reply = high.send(HighHandles.middle, stepMessage(Step.call, [MiddleHandles.low], { leases: [{ address: at(high), length: 32, rights: held }] }));
    const back = new DataView(middle.peek(middle.messageOut, 144).buffer);
    return { outer: reply.result === 0 ? 0 : reply.result, inner: back.getInt32(16, true) };
  };
  assert.deepEqual(onward(8, 8, Read, Read, Step.leaseRead, 0, 8), { outer: 0, inner: 0 });
  assert.deepEqual([...low.peek(at(low), 8)], [8, 9, 10, 11, 12, 13, 14, 15]);
  assert.equal(onward(8, 8, Read, Read, Step.leaseRead, 1, 8).inner, -Status.OutOfRange);
  assert.equal(onward(24, 9, Read, Read, Step.leaseRead, 0, 8).outer, -Status.OutOfRange);
  assert.equal(onward(0xffff_fff8, 16, Read, Read, Step.leaseRead, 0, 8).outer, -Status.OutOfRange, "wraps");
  assert.equal(onward(0, 8, Read, Read | Write, Step.leaseRead, 0, 8).outer, -Status.Denied);
  assert.equal(onward(0, 8, Read | Write, Write, Step.leaseRead, 0, 8).inner, -Status.Denied);
  low.poke(at(low), Uint8Array.from([77]));
  assert.deepEqual(onward(31, 1, Read | Write, Write, Step.leaseWrite, 0, 1), { outer: 0, inner: 0 });
  assert.deepEqual([...high.peek(at(high) + 30, 2)], [30, 77], "written into the memory of the first lender");
});

test("a lease cannot be put into a capability slot, and what is minted from it ends with it", async () => {
  const { system, low, middle, host } = await bootProbes();
  const message = (step: number, arguments_: number[]) => stepMessage(step, arguments_, { leases: [{ address: at(middle), length: 8, rights: Read | Write }], stands: [lease(0)] });
  const minted = middle.send(MiddleHandles.low, message(Step.mint, [0, Read, 0])).result;
  assert.ok(minted > 0);
  assert.equal(low.result(Step.leaseRead, minted, 0, at(low), 8), -Status.InvalidHandle);
  const { calls } = system.context("host");
  assert.equal(calls.lease_read(minted, 0, 4096, 1), -Status.InvalidHandle);
  assert.equal(middle.send(MiddleHandles.low, message(Step.drop, [0])).result, 0, "it may be given up early");
  low.step(Step.replyNext, [0, 0]);
  assert.ok(host);
  // Low answers with the lease it was lent as a capability: its breach.
  const breach = middle.send(MiddleHandles.low, stepMessage(Step.replyNext, [0, 0], { leases: [{ address: at(middle), length: 8, rights: Read }], stands: [0, lease(0)] }));
  assert.equal(breach.status, Status.Ok);
  assert.equal(low.step(Step.nothing).status, Status.ProtocolBreach, "the stale lease handle in the next reply");
});

// Cases of batches: submit, awaitCompletions, reap.
import * as device from "../../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Handles } from "../common/program";
import * as batch from "./batch";
import {
  answers, at, attach, blockBytes, blocks, buffer, check, equal, fill, has, holds, isAll, isFilled, lastGrant, memoryBytes, plant, release, sectors, transferBytes, wipe, writable,
} from "./device";

const readType = device.Transfer.read, writeType = device.Transfer.write, flushType = device.Transfer.flush, discardType = device.Transfer.discard, zeroType = device.Transfer.writeZeroes;

/** `count` blocks written in a scattered order and read in another, in batches. */
function scattered(count: u32): void {
  const slot = attach(), grant = lastGrant;
  if (writable() == Status.Ok) {
    batch.begin();
    for (let i: u32 = 0; i < count; i++) {
      const place = i * 7 % count;
      fill(place * blockBytes, blockBytes, 300 + place);
      batch.add(writeType, i, at(place), slot, place * blockBytes, blockBytes);
    }
    batch.finish();
    batch.allWell();
  }
  wipe();
  batch.begin();
  for (let i: u32 = 0; i < count; i++) batch.add(readType, i + 500, at(i * 11 % count), slot, (i * 11 % count) * blockBytes, blockBytes);
  batch.finish();
  batch.allWell();
  if (writable() == Status.Ok) for (let place: u32 = 0; place < count; place++) check(isFilled(place * blockBytes, blockBytes, 300 + place), "what the batch wrote");
  check(isAll(count * blockBytes, memoryBytes - count * blockBytes, 0xee), "nothing beside the requests is touched");
  release(slot, grant);
}
export function eachRequestIsAnsweredOnce(): void {
  scattered(1); // 7 and 11 divide none of these
  scattered(5);
  scattered(100);
}
export function neighboursInABatch(): void {
  // In the order of the disk and against it, where a driver may make one request of many.
  const slot = attach(), grant = lastGrant, count: u32 = 64;
  for (let backwards: u32 = 0; backwards < 2; backwards++) {
    if (writable() == Status.Ok) {
      batch.begin();
      for (let i: u32 = 0; i < count; i++) {
        const place = backwards ? count - 1 - i : i;
        fill(i * blockBytes, blockBytes, 400 + place);
        batch.add(writeType, i, at(10 + place), slot, i * blockBytes, blockBytes);
      }
      batch.finish();
      batch.allWell();
    }
    wipe();
    batch.begin();
    for (let i: u32 = 0; i < count; i++) batch.add(readType, i, at(10 + (backwards ? i : count - 1 - i)), slot, (count - 1 - i) * blockBytes, blockBytes);
    batch.finish();
    batch.allWell();
    if (writable() == Status.Ok) for (let i: u32 = 0; i < count; i++) check(isFilled((count - 1 - i) * blockBytes, blockBytes, 400 + (backwards ? i : count - 1 - i)), "each has its own block");
  }
  release(slot, grant);
}
export function anyAlignmentInABatch(): void {
  const slot = attach(), grant = lastGrant, stretch: u32 = 65536;
  batch.begin();
  for (let i: u32 = 0; i < 16; i++) {
    const offset = i * stretch + (1 << i % 12) - 1;
    fill(offset, (1 + i % 6) * blockBytes, 500 + i);
    if (writable() == Status.Ok) batch.add(writeType, i, at(8 * i), slot, offset, (1 + i % 6) * blockBytes);
  }
  batch.finish();
  wipe();
  batch.begin();
  for (let i: u32 = 0; i < 16; i++) batch.add(readType, i, at(8 * i), slot, i * stretch + (1 << i % 12) - 1, (1 + i % 6) * blockBytes);
  batch.finish();
  batch.allWell();
  for (let i: u32 = 0; i < 16; i++) {
    const offset = i * stretch + (1 << i % 12) - 1, end = offset + (1 + i % 6) * blockBytes;
    if (writable() == Status.Ok) check(isFilled(offset, end - offset, 500 + i), "what was written is read");
    check(isAll(i * stretch, offset - i * stretch, 0xee) && isAll(end, 64, 0xee), "nothing beside the request is touched");
  }
  release(slot, grant);
}
export function theLongestRequest(): void {
  const slot = attach(), grant = lastGrant;
  fill(1, transferBytes, 600);
  batch.begin();
  if (writable() == Status.Ok) batch.add(writeType, 1, at(1), slot, 1, transferBytes);
  batch.finish();
  batch.allWell();
  wipe();
  batch.begin();
  batch.add(readType, 2, at(1), slot, 1, transferBytes);
  batch.add(readType, 3, 0, slot, 0, transferBytes + blockBytes);
  batch.finish();
  equal(batch.statusOf(2), Status.Ok, "a request of maximumTransferBytes");
  equal(batch.statusOf(3), Status.InvalidArgument, "a block more");
  if (writable() == Status.Ok) check(isFilled(1, transferBytes, 600), "what was written is read");
  release(slot, grant);
}

/** Everything that can be wrong, among requests that are right. */
export function wrongRequestsAmongRightOnes(): void {
  const slot = attach(), grant = lastGrant, readable = attach(0, memoryBytes, 1), readableGrant = lastGrant, writableOnly = attach(0, memoryBytes, 2), writableGrant = lastGrant;
  const zeroes = writable() != Status.Ok ? writable() : has(device.DeviceFlag.writeZeroes) ? Status.Ok : Status.Unsupported;
  const forgets = writable() != Status.Ok ? writable() : has(device.DeviceFlag.discard) ? Status.Ok : Status.Unsupported;
  batch.begin();
  batch.add(readType, 50, at(30), slot, 0, blockBytes);
  batch.add(0, 1, 0, slot, 0, blockBytes);
  batch.add(9, 2, 0, slot, 0, blockBytes);
  batch.add(readType, 3, 0, 63, 0, blockBytes);
  batch.add(readType, 4, 0, 0xffff_ffff, 0, blockBytes);
  batch.add(readType, 5, 0, slot, 0, blockBytes - 1);
  batch.add(readType, 6, 0, slot, 0, 0);
  batch.add(readType, 7, 0, slot, 0, blockBytes, 1);
  batch.add(zeroType, 9, 0, 0, 0, blockBytes, 0x8000_0000);
  batch.add(discardType, 10, 0, 0, 0, blockBytes, 1);
  batch.add(discardType, 11, 0, 0, 0, 0);
  batch.add(zeroType, 12, 0, 0, 0, blockBytes - 1);
  batch.add(readType, 20, sectors, slot, 0, blockBytes);
  batch.add(readType, 21, u64.MAX_VALUE - at(1) + 1, slot, 0, blockBytes);
  batch.add(readType, 22, 0, slot, memoryBytes - blockBytes + 1, blockBytes);
  batch.add(readType, 23, 0, slot, 0xffff_ffff, blockBytes);
  batch.add(readType, 19, 0, slot, 0, 0 - blockBytes);
  batch.add(readType, 24, 0, readable, 0, blockBytes);
  batch.add(writeType, 25, at(31), writableOnly, 0, blockBytes);
  batch.add(readType, 51, at(33), writableOnly, memoryBytes - blockBytes, blockBytes);
  batch.add(writeType, 26, at(35), readable, 4096, blockBytes);
  batch.add(zeroType, 27, at(37), 99, 77, blockBytes, device.RequestFlag.unmap);
  batch.add(discardType, 28, at(39), 99, 77, blockBytes);
  batch.add(zeroType, 29, sectors, 0, 0, blockBytes);
  batch.add(flushType, 30, 12345, 99, 7, 0);
  batch.add(readType, 52, at(41), slot, 8192, blockBytes);
  batch.finish();
  for (let tag: u32 = 1; tag <= 7; tag++) equal(batch.statusOf(tag), Status.InvalidArgument, "a request that is none");
  check(batch.statusOf(9) != Status.Ok && batch.statusOf(10) != Status.Ok && batch.statusOf(11) != Status.Ok && batch.statusOf(12) != Status.Ok, "a range that is none is refused");
  for (let tag: u32 = 19; tag <= 23; tag++) equal(batch.statusOf(tag), Status.OutOfRange, "a place that is not there");
  equal(batch.statusOf(24), Status.Denied, "reading into memory lent for reading");
  equal(batch.statusOf(25), writable() == Status.Ok ? Status.Denied : writable(), "writing from memory lent for writing");
  equal(batch.statusOf(26), writable(), "writing from memory lent for reading");
  equal(batch.statusOf(27), zeroes, "write-zeroes");
  equal(batch.statusOf(28), forgets, "discard");
  equal(batch.statusOf(29), zeroes == Status.Ok ? Status.OutOfRange : zeroes, "write-zeroes behind the end");
  equal(batch.statusOf(30), has(device.DeviceFlag.flush) ? Status.Ok : Status.NotDurable, "flush");
  for (let tag: u32 = 50; tag <= 52; tag++) equal(batch.statusOf(tag), Status.Ok, "a right request among wrong ones");
  release(writableOnly, writableGrant);
  release(readable, readableGrant);
  release(slot, grant);
}

export function everyKindInOneBatch(): void {
  if (writable() != Status.Ok) return;
  const slot = attach(), grant = lastGrant;
  for (let i: u32 = 0; i < 5; i++) plant(at(100 + 10 * i), 4 * blockBytes, 700 + i);
  fill(0, 4 * blockBytes, 710);
  batch.begin();
  batch.add(readType, 0, at(100), slot, 65536, 4 * blockBytes);
  batch.add(writeType, 1, at(110), slot, 0, 4 * blockBytes);
  if (has(device.DeviceFlag.writeZeroes)) batch.add(zeroType, 2, at(121), 0, 0, 2 * blockBytes);
  if (has(device.DeviceFlag.discard)) batch.add(discardType, 3, at(131), 0, 0, 2 * blockBytes);
  if (has(device.DeviceFlag.flush)) batch.add(flushType, 4, 0, 0, 0, 0);
  batch.add(readType, 5, at(140), slot, 131072, 4 * blockBytes);
  batch.finish();
  batch.allWell();
  check(isFilled(65536, 4 * blockBytes, 700) && isFilled(131072, 4 * blockBytes, 704), "what was read");
  check(holds(at(110), 4 * blockBytes, 710), "what was written");
  check(holds(at(120), blockBytes, 702), "the block before the zeros");
  if (has(device.DeviceFlag.writeZeroes)) {
    holds(at(121), 2 * blockBytes, 0);
    check(isAll(0, 2 * blockBytes, 0), "zeros");
  }
  release(slot, grant);
}

export function submitTakesWhatIsABatch(): void {
  batch.begin();
  answers(batch.submit(), Status.Ok, "an empty batch");
  answers(device.callSubmit(Handles.device, 1025, 0, buffer, 32 * 1025), Status.InvalidArgument, "a batch too long");
  answers(device.callSubmit(Handles.device, 0xffff_ffff, 0, buffer, 32), Status.InvalidArgument, "a count that wraps");
  answers(device.callSubmit(Handles.device, 2, 0, buffer, 63), Status.InvalidArgument, "a lease shorter than the batch");
  answers(device.callSubmit(Handles.device, 1, 0, buffer, 0), Status.InvalidArgument, "an empty lease");
  answers(device.callSubmit(Handles.device, 0, 0, buffer, 0), Status.Ok, "nothing in nothing");
  equal(device.SubmitReply.accepted(), 0, "accepted of nothing");
}

/** 1,500 requests, never more than 1,024 of them unreaped: then it is Busy, and reaping makes room. */
export function fullMeansBusy(): void {
  const slot = attach(), grant = lastGrant;
  batch.begin();
  for (let i: u32 = 0; i < 1500; i++) batch.add(readType, i, at(i * 37 % blocks()), slot, i % 64 * blockBytes, blockBytes);
  answers(batch.submit(), Status.Ok, "submit");
  equal(batch.sent, 1024, "accepted without reaping");
  answers(batch.submit(), Status.Busy, "one more");
  answers(device.callAwaitCompletions(Handles.device, 2000), Status.Ok, "await");
  equal(device.AwaitCompletionsReply.inFlight(), 0, "in flight when all has ended");
  equal(device.AwaitCompletionsReply.ready(), 1024, "ready when all has ended");
  equal(batch.reap(10), 10, "reaped");
  answers(batch.submit(), Status.Ok, "there is room again");
  check(batch.sent > 1024 && batch.sent <= 1034, "as much room as was made");
  batch.finish();
  batch.allWell();
  release(slot, grant);
}

export function reapingInParts(): void {
  const slot = attach(), grant = lastGrant;
  batch.begin();
  for (let i: u32 = 0; i < 10; i++) batch.add(readType, i, at(2 * i), slot, i * blockBytes, blockBytes);
  answers(batch.submit(), Status.Ok, "submit");
  equal(batch.sent, 10, "accepted");
  answers(device.callAwaitCompletions(Handles.device, 1024), Status.Ok, "await");
  equal(batch.reap(0), 0, "with no room");
  answers(device.callReap(Handles.device, 0, buffer, 15), Status.Ok, "reap");
  equal(device.ReapReply.count(), 0, "with too little room");
  equal(batch.reap(1), 1, "with room for one");
  answers(device.callAwaitCompletions(Handles.device, 1), Status.Ok, "await");
  equal(device.AwaitCompletionsReply.ready(), 9, "the others stay ready");
  answers(device.callAwaitCompletions(Handles.device, 0), Status.Ok, "await nothing");
  equal(batch.reap(4), 4, "with room for four");
  equal(batch.reap(100), 5, "with room for more");
  equal(batch.reap(100), 0, "when there is nothing");
  answers(device.callAwaitCompletions(Handles.device, 1), Status.Ok, "await when nothing is in flight");
  equal(device.AwaitCompletionsReply.ready(), 0, "ready of nothing");
  batch.allWell();
  release(slot, grant);
}

/** Synchronous calls go on while a batch is in flight or unreaped. */
export function callsBesideABatch(): void {
  const slot = attach(0, 1 << 20), grant = lastGrant;
  batch.begin();
  for (let i: u32 = 0; i < 40; i++) batch.add(readType, i, at(i), slot, i * blockBytes, blockBytes);
  for (let turn: u32 = 0; batch.ended < batch.count && turn < 4000; turn++) {
    if (batch.sent < batch.count) batch.submit();
    answers(device.callRead(Handles.device, at(turn % 40), 0, buffer + (1 << 20), blockBytes), Status.Ok, "a read beside the batch");
    answers(batch.flush(), has(device.DeviceFlag.flush) ? Status.Ok : Status.NotDurable, "a flush beside the batch");
    batch.reap(3);
  }
  batch.finish();
  batch.allWell();
  check(memory.compare(buffer, buffer + 39 * blockBytes, blockBytes) == 0 || writable() == Status.Ok, "blocks of zeros are alike");
  release(slot, grant);
}

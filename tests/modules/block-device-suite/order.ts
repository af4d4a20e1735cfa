// Cases of the order of batches: flushes, barriers, classes, and what is counted of it (docs/decisions/0005-io-scheduling.md).
import * as device from "../../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Handles } from "../common/program";
import * as batch from "./batch";
import { answers, at, attach, blockBytes, buffer, check, equal, fill, has, holds, isFilled, lastGrant, plant, record, release, wipe, writable } from "./device";

const readType = device.Transfer.read, writeType = device.Transfer.write, flushType = device.Transfer.flush, discardType = device.Transfer.discard, zeroType = device.Transfer.writeZeroes;
const background = device.RequestFlag.background, barrier = device.RequestFlag.barrier, unmap = device.RequestFlag.unmap;
function canOrder(): bool { return writable() == Status.Ok && has(device.DeviceFlag.flush); }

export function flagsOfEachKind(): void {
  const slot = attach(), grant = lastGrant;
  batch.begin();
  batch.add(readType, 0, 0, slot, 0, blockBytes, background);
  batch.add(writeType, 1, at(1), slot, 4096, blockBytes, background);
  batch.add(flushType, 2, 0, 0, 0, 0, background);
  batch.add(flushType, 3, 0, 0, 0, 0, barrier);
  batch.add(flushType, 4, 0, 0, 0, 0, barrier | background);
  batch.add(zeroType, 5, at(2), 0, 0, blockBytes, background | unmap);
  batch.add(discardType, 6, at(3), 0, 0, blockBytes, background);
  batch.add(readType, 10, 0, slot, 0, blockBytes, barrier);
  batch.add(writeType, 11, at(1), slot, 0, blockBytes, barrier);
  batch.add(readType, 12, 0, slot, 0, blockBytes, unmap);
  batch.add(flushType, 13, 0, 0, 0, 0, unmap);
  batch.add(flushType, 14, 0, 0, 0, 0, 8);
  batch.add(readType, 15, 0, slot, 0, blockBytes, 0x8000_0000);
  batch.finish();
  const flushed = has(device.DeviceFlag.flush) ? Status.Ok : Status.NotDurable;
  equal(batch.statusOf(0), Status.Ok, "a read in the background");
  equal(batch.statusOf(1), writable(), "a write in the background");
  for (let tag: u32 = 2; tag <= 4; tag++) equal(batch.statusOf(tag), flushed, "a flush with flags");
  equal(batch.statusOf(5), writable() != Status.Ok ? writable() : has(device.DeviceFlag.writeZeroes) ? Status.Ok : Status.Unsupported, "write-zeroes in the background");
  equal(batch.statusOf(6), writable() != Status.Ok ? writable() : has(device.DeviceFlag.discard) ? Status.Ok : Status.Unsupported, "discard in the background");
  for (let tag: u32 = 10; tag <= 15; tag++) equal(batch.statusOf(tag), Status.InvalidArgument, "a flag of another kind of request");
  release(slot, grant);
}

export function aFlushEndsBehindTheChangesBeforeIt(): void {
  if (!canOrder()) return;
  const slot = attach(), grant = lastGrant, changes: u32 = 50;
  batch.begin();
  for (let i: u32 = 0; i < changes; i++) {
    const place = i * 29 % changes;
    if (i % 5 == 3 && has(device.DeviceFlag.writeZeroes)) batch.add(zeroType, i, at(2 * place), 0, 0, blockBytes, i & 1 ? background : 0);
    else if (i % 5 == 4 && has(device.DeviceFlag.discard)) batch.add(discardType, i, at(2 * place), 0, 0, blockBytes);
    else batch.add(writeType, i, at(2 * place), slot, i * blockBytes, blockBytes, i & 1 ? background : 0);
    if (i == 24) batch.add(flushType, 100, 0, 0, 0, 0);
    if (i % 3 == 0) batch.add(readType, 200 + i, at(200 + i), slot, 65536 * 8 + i * blockBytes, blockBytes);
  }
  batch.add(flushType, 101, 0, 0, 0, 0, background);
  batch.finish();
  batch.allWell();
  for (let i: u32 = 0; i < changes; i++) {
    check(i > 24 || batch.placeOf(i) < batch.placeOf(100), "the first flush ends behind the changes before it");
    check(batch.placeOf(i) < batch.placeOf(101), "the second flush ends behind all changes");
  }
  release(slot, grant);
}

/** The same sectors again and again in one batch, with a barrier between: the last write is what stays, and each read sees the one before it. */
export function aBarrierOrdersWhatIsAroundIt(): void {
  if (!canOrder()) return;
  const slot = attach(), grant = lastGrant, rounds: u32 = 6, places: u32 = 12;
  wipe();
  batch.begin();
  for (let round: u32 = 0; round < rounds; round++) {
    for (let place: u32 = 0; place < places; place++) {
      const k = round * places + place;
      fill(k * blockBytes, blockBytes, 1000 + k);
      batch.add(writeType, 10 * k, at(3 * place), slot, k * blockBytes, blockBytes, k % 3 ? 0 : background);
    }
    batch.add(flushType, 10 * round + 1, 0, 0, 0, 0, barrier);
  }
  for (let place: u32 = 0; place < places; place++) batch.add(readType, 10 * place + 2, at(3 * place), slot, (1 << 20) + place * blockBytes, blockBytes);
  batch.finish();
  batch.allWell();
  for (let place: u32 = 0; place < places; place++) {
    memory.copy(buffer, buffer + (1 << 20) + place * blockBytes, blockBytes);
    check(isFilled(0, blockBytes, 1000 + (rounds - 1) * places + place), "a read behind the barriers sees the last write");
  }
  for (let place: u32 = 0; place < places; place++) check(holds(at(3 * place), blockBytes, 1000 + (rounds - 1) * places + place), "the last write stays");
  for (let round: u32 = 0; round < rounds; round++) for (let place: u32 = 0; place < places; place++) {
    const tag = 10 * (round * places + place);
    check(batch.placeOf(tag) < batch.placeOf(10 * round + 1), "a barrier ends behind the writes before it");
    check(round == 0 || batch.placeOf(tag) > batch.placeOf(10 * round - 9), "what was accepted behind a barrier ends behind it");
  }
  release(slot, grant);
}

/** A thousand requests and a barrier in the middle of them are accepted and end. */
export function barriersWhenMuchWaits(): void {
  if (!canOrder()) return;
  const slot = attach(), grant = lastGrant, half: u32 = 500;
  plant(at(5), blockBytes, 1);
  fill(0, blockBytes, 2);
  batch.begin();
  for (let i: u32 = 0; i < half; i++) batch.add(readType, i, at(20 + i * 37 % 100), slot, (1 + i % 100) * blockBytes, blockBytes, i % 4 ? background : 0);
  batch.add(writeType, 1500, at(5), slot, 0, blockBytes, background);
  batch.add(flushType, 1501, 0, 0, 0, 0, barrier);
  for (let i: u32 = 0; i < half; i++) batch.add(readType, 600 + i, at(i % 6 == 0 ? 5 : 20 + i * 41 % 100), slot, (101 + i % 100) * blockBytes, blockBytes, i % 4 ? 0 : background);
  answers(batch.submit(), Status.Ok, "submit");
  equal(batch.sent, batch.count, "accepted of 1,002");
  batch.finish();
  batch.allWell();
  for (let i: u32 = 0; i < half; i++) check(batch.placeOf(600 + i) > batch.placeOf(1501), "behind the barrier");
  check(holds(at(5), blockBytes, 2), "what the write before the barrier left");
  release(slot, grant);
}

export function schedulingCounts(): void {
  answers(device.callScheduling(Handles.device, 0, record, device.SchedulingStatistics.SIZE), Status.Ok, "scheduling");
  equal(device.SchedulingStatistics.waiting(record), 0, "waiting when all is done");
  const waited = device.SchedulingStatistics.waited(record), merged = device.SchedulingStatistics.merged(record);
  const slot = attach(), grant = lastGrant;
  batch.begin();
  for (let i: u32 = 0; i < 1024; i++) batch.add(readType, i, at(i * 31 % 200), slot, i % 128 * blockBytes, blockBytes);
  batch.finish();
  batch.allWell();
  answers(device.callScheduling(Handles.device, 0, record, device.SchedulingStatistics.SIZE), Status.Ok, "scheduling");
  equal(device.SchedulingStatistics.waiting(record), 0, "waiting when all is done again");
  check(device.SchedulingStatistics.waited(record) - waited <= 1024 && device.SchedulingStatistics.merged(record) - merged <= 1024, "no more than there were");
  answers(device.callScheduling(Handles.device, 0, record, device.SchedulingStatistics.SIZE - 1), Status.InvalidArgument, "a record too short");
  release(slot, grant);
}

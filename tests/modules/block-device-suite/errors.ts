// Cases of a device that fails: the run's arguments say which sector's first read and first write will, and whether the first flush will.
// Each error is answered to the request that met it, to no other, and is over with it.
import * as device from "../../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { argument, Handles } from "../common/program";
import * as batch from "./batch";
import { answers, at, attach, blockBytes, blocks, blockSectors, check, equal, fill, has, holds, isAll, lastGrant, plant, read, record, release, wipe, writable } from "./device";

/** Sectors, 0 for none; the program's arguments `cases READ WRITE FLUSH`. */
let readFails: u32 = 0;
let writeFails: u32 = 0;
let flushFails: bool = false;
export function learnErrors(): void {
  readFails = <u32>argument(1, 0);
  writeFails = <u32>argument(2, 0);
  flushFails = argument(3, 0) != 0;
}

/** Tags of requests whose blocks are apart, so that none is made one with a neighbour; the one in the middle meets the error. */
const few: u32 = 9, middle: u32 = 4;
function apart(transfer: u32, failing: u32, slot: u32): void {
  const block = failing / blockSectors;
  batch.begin();
  for (let i: u32 = 0; i < few; i++) batch.add(transfer, i, at(block + 8 * i - 8 * middle), slot, i * 65536, 2 * blockBytes);
  batch.finish();
  for (let i: u32 = 0; i < few; i++) {
    equal(batch.statusOf(i), i == middle ? Status.DeviceError : Status.Ok, i == middle ? "the request at the bad sector" : "a request elsewhere");
    equal(batch.lengthOf(i), i == middle ? 0 : 2 * blockBytes, "what it moved");
  }
}
function errors(): u64 {
  answers(device.callStatistics(Handles.device, 0, record, 64), Status.Ok, "statistics");
  return device.DeviceStatistics.errors(record);
}

export function aReadFails(): void {
  if (!readFails) return;
  const slot = attach(), grant = lastGrant, before = errors();
  wipe();
  apart(device.Transfer.read, readFails, slot);
  check(isAll((few - 1) * 65536, 2 * blockBytes, 0), "what the others read");
  check(errors() > before, "the error is counted");
  answers(read(readFails, 2 * blockBytes), Status.Ok, "the next read of that sector");
  release(slot, grant);
}
export function aWriteFails(): void {
  if (!writeFails || writable() != Status.Ok) return;
  const slot = attach(), grant = lastGrant;
  for (let i: u32 = 0; i < few; i++) fill(i * 65536, 2 * blockBytes, 60 + i);
  apart(device.Transfer.write, writeFails, slot);
  for (let i: u32 = 0; i < few; i++) if (i != middle) check(holds(writeFails + at(8 * i) - at(8 * middle), 2 * blockBytes, 60 + i), "what the others wrote");
  plant(writeFails, 2 * blockBytes, 70);
  check(holds(writeFails, 2 * blockBytes, 70), "the next write of that sector");
  release(slot, grant);
}
export function aFlushFails(): void {
  if (!flushFails || !has(device.DeviceFlag.flush)) return;
  if (writable() == Status.Ok) plant(at(blocks() - 4), blockBytes, 71);
  answers(batch.flush(), Status.DeviceError, "the flush that fails");
  answers(batch.flush(), Status.Ok, "the next flush");
  if (writable() == Status.Ok) check(holds(at(blocks() - 4), blockBytes, 71), "a failed flush loses nothing that can be read");
}

/** A device that cannot be used: every operation says so. */
export function allAreGone(): void {
  answers(device.callDescribe(Handles.device), Status.DeviceGone, "describe");
  answers(device.callLimits(Handles.device), Status.DeviceGone, "limits");
  answers(read(0, 512), Status.DeviceGone, "read");
  answers(device.callWrite(Handles.device, 0, 0, record, 0), Status.DeviceGone, "write");
  answers(device.callWriteTogether(Handles.device, 0, 8, 0, record, 0, 0, record, 0), Status.DeviceGone, "two writes");
  answers(batch.flush(), Status.DeviceGone, "flush");
  answers(device.callDiscard(Handles.device, 0, 8), Status.DeviceGone, "discard");
  answers(device.callWriteZeroes(Handles.device, 0, 8), Status.DeviceGone, "write-zeroes");
  answers(device.callWriteZeroesWith(Handles.device, 0, 8, 1), Status.DeviceGone, "write-zeroes with a flag");
  answers(device.callIdentify(Handles.device, 0, record, 20), Status.DeviceGone, "identify");
  batch.begin();
  batch.add(device.Transfer.flush, 1, 0, 0, 0, 0);
  answers(batch.submit(), Status.DeviceGone, "submit");
  equal(batch.reap(1), 0, "completions");
  equal(errors(), 0, "errors");
}

// Cases of discard and write-zeroes, and of what is counted.
import * as device from "../../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Handles } from "../common/program";
import * as batch from "./batch";
import {
  answers, at, blockBytes, blockSectors, buffer, check, discardSectors, equal, has, holds, isAll, isFilled, plant, read, record, sectors, writable, writeZeroesSectors,
} from "./device";

/** The three ways to erase. */
const discard: u32 = 0, zero: u32 = 1, zeroAndUnmap: u32 = 2;
function erase(how: u32, sector: u64, sectorCount: u64): i32 {
  if (how == discard) return device.callDiscard(Handles.device, sector, sectorCount);
  if (how == zero) return device.callWriteZeroes(Handles.device, sector, sectorCount);
  return device.callWriteZeroesWith(Handles.device, sector, sectorCount, device.RequestFlag.unmap);
}
function limitOf(how: u32): u32 { return how == discard ? discardSectors : writeZeroesSectors; }
/** What is answered when nothing else is wrong. */
function offered(how: u32): u32 {
  return writable() != Status.Ok ? writable() : has(how == discard ? device.DeviceFlag.discard : device.DeviceFlag.writeZeroes) ? Status.Ok : Status.Unsupported;
}

/** Erases `count` blocks at block `first`, between two blocks that must stay. */
function eraseBetween(how: u32, first: u32, count: u32): void {
  const length = (count + 2) * blockBytes;
  if (writable() == Status.Ok) plant(at(first - 1), length, first + how);
  answers(erase(how, at(first), at(count)), offered(how), "erase");
  if (writable() != Status.Ok) return;
  if (offered(how) != Status.Ok) {
    check(holds(at(first - 1), length, first + how), "what cannot be erased stays");
    return;
  }
  answers(read(at(first - 1), length), Status.Ok, "read");
  check(isFilled(0, blockBytes, first + how), "the block before stays");
  if (how != discard) check(isAll(blockBytes, count * blockBytes, 0), "zeros");
  plant(at(first), count * blockBytes, 200 + how);
  check(holds(at(first), count * blockBytes, 200 + how), "what was erased can be written again");
}
export function erases(): void {
  for (let how = discard; how <= zeroAndUnmap; how++) {
    eraseBetween(how, 20, 1);
    eraseBetween(how, 31, 2);
    eraseBetween(how, 40, 7);
  }
}
export function erasesKeepWhatIsBehind(): void {
  if (writable() != Status.Ok) return;
  for (let how = discard; how <= zeroAndUnmap; how++) {
    if (offered(how) != Status.Ok) continue;
    plant(at(70), blockBytes, 1);
    plant(at(73), blockBytes, 2);
    answers(erase(how, at(71), at(2)), Status.Ok, "erase");
    check(holds(at(70), blockBytes, 1) && holds(at(73), blockBytes, 2), "the blocks around stay");
  }
}

/** More than one request to the device may take: in small limits many, else the whole disk. */
export function longErases(): void {
  for (let how = discard; how <= zeroAndUnmap; how++) {
    if (offered(how) != Status.Ok) continue;
    eraseBetween(how, 80, 170);
    const whole = erase(how, 0, sectors);
    answers(whole, sectors / limitOf(how) >= 1 << 16 ? Status.TooLarge : Status.Ok, "the whole disk at once");
    if (how == discard || whole < 0) continue;
    for (let sector: u64 = 0; sector < sectors; sector += sectors / 16 & ~<u64>(blockSectors - 1)) {
      answers(read(sector, blockBytes), Status.Ok, "read");
      check(isAll(0, blockBytes, 0), "zeros all over the disk");
    }
  }
}

export function refusesWrongRanges(): void {
  const last = u64.MAX_VALUE - blockSectors + 1;
  for (let how = discard; how <= zeroAndUnmap; how++) {
    answers(erase(how, at(1), 0), offered(how), "nothing");
    if (offered(how) != Status.Ok) {
      answers(erase(how, sectors, at(1)), offered(how), "behind the end of a disk that cannot");
      continue;
    }
    answers(erase(how, sectors, at(1)), Status.OutOfRange, "behind the end");
    answers(erase(how, sectors - at(1), at(2)), Status.OutOfRange, "half behind the end");
    answers(erase(how, last, at(1)), Status.OutOfRange, "the last sector number");
    answers(erase(how, at(1), last), Status.OutOfRange, "an end that wraps");
    answers(erase(how, sectors - at(1), at(1)), Status.Ok, "the last block");
    if (blockSectors == 1) continue;
    answers(erase(how, 1, at(1)), Status.InvalidArgument, "inside a block");
    answers(erase(how, 0, 1), Status.InvalidArgument, "a part of a block");
  }
  answers(device.callWriteZeroesWith(Handles.device, 0, at(1), 2), Status.InvalidArgument, "an unknown flag");
  answers(device.callWriteZeroesWith(Handles.device, 0, at(1), 0), offered(zero), "no flag");
}

function takeStatistics(): void { answers(device.callStatistics(Handles.device, 0, record, 64), Status.Ok, "statistics"); }
function takeHealth(): void { answers(device.callHealth(Handles.device, 0, record, 64), Status.Ok, "health"); }

export function statisticsCount(): void {
  takeStatistics();
  const reads = device.DeviceStatistics.reads(record), readBytes = device.DeviceStatistics.readBytes(record), writes = device.DeviceStatistics.writes(record);
  const writtenBytes = device.DeviceStatistics.writtenBytes(record), flushes = device.DeviceStatistics.flushes(record), errors = device.DeviceStatistics.errors(record);
  const doorbells = device.DeviceStatistics.doorbells(record);
  answers(read(0, 2 * blockBytes), Status.Ok, "read");
  if (writable() == Status.Ok) plant(0, 3 * blockBytes, 4);
  batch.flush();
  takeStatistics();
  equal(device.DeviceStatistics.reads(record) - reads, 1, "reads");
  equal(device.DeviceStatistics.readBytes(record) - readBytes, 2 * blockBytes, "bytes read");
  equal(device.DeviceStatistics.writes(record) - writes, writable() == Status.Ok ? 1 : 0, "writes");
  equal(device.DeviceStatistics.writtenBytes(record) - writtenBytes, writable() == Status.Ok ? 3 * blockBytes : 0, "bytes written");
  equal(device.DeviceStatistics.flushes(record) - flushes, has(device.DeviceFlag.flush) ? 1 : 0, "flushes");
  equal(device.DeviceStatistics.errors(record), errors, "errors");
  check(device.DeviceStatistics.doorbells(record) - doorbells <= 3 * 8, "a doorbell for what begins together");
  answers(device.callStatistics(Handles.device, 0, record, 63), Status.InvalidArgument, "a record too short");
  answers(device.callStatistics(Handles.device, 0, buffer, 1000), Status.Ok, "room to spare");
}
export function healthCounts(): void {
  takeHealth();
  const discards = device.DeviceHealth.discards(record), writeZeroes = device.DeviceHealth.writeZeroes(record);
  const breaches = device.DeviceHealth.breaches(record), resets = device.DeviceHealth.resets(record), timeOuts = device.DeviceHealth.timeOuts(record);
  for (let how = discard; how <= zeroAndUnmap; how++) answers(erase(how, at(5), at(1)), offered(how), "erase");
  takeHealth();
  equal(device.DeviceHealth.discards(record) - discards, offered(discard) == Status.Ok ? 1 : 0, "discards");
  equal(device.DeviceHealth.writeZeroes(record) - writeZeroes, offered(zero) == Status.Ok ? 2 : 0, "write-zeroes");
  equal(device.DeviceHealth.breaches(record), breaches, "breaches");
  equal(device.DeviceHealth.resets(record), resets, "resets");
  equal(device.DeviceHealth.timeOuts(record), timeOuts, "time-outs");
  answers(device.callHealth(Handles.device, 0, record, 63), Status.InvalidArgument, "a record too short");
}
export function readsChangeNothing(): void {
  answers(read(at(2), 4 * blockBytes), Status.Ok, "read");
  memory.copy(buffer + 65536 * 8, buffer, 4 * blockBytes);
  for (let turn: u32 = 0; turn < 20; turn++) answers(read(at(2 + turn % 4), blockBytes, turn), Status.Ok, "read");
  answers(read(at(2), 4 * blockBytes), Status.Ok, "read");
  check(memory.compare(buffer, buffer + 65536 * 8, 4 * blockBytes) == 0, "the same content");
}

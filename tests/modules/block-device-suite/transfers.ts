// Cases of synchronous reads and writes, flush and identity.
import { call } from "../../../kernel-bindings/assembly/kernel";
import { messageOut } from "../../../kernel-bindings/assembly/message";
import * as device from "../../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Handles } from "../common/program";
import * as batch from "./batch";
import {
  answers, at, blockBytes, blocks, blockSectors, buffer, check, equal, fill, has, holds, isAll, isFilled, memoryBytes, plant, read, sectorBytes, sectors, wipe, writable, write,
} from "./device";

/** Writes and reads back; on a disk that takes no writes, reads the same content twice. */
function thereAndBack(sector: u64, lengthBytes: u32, offset: u32): void {
  const seed = <u32>sector + offset;
  fill(offset, lengthBytes, seed);
  answers(write(sector, lengthBytes, offset), writable(), "write");
  wipe();
  answers(read(sector, lengthBytes, offset), Status.Ok, "read");
  if (writable() == Status.Ok) check(isFilled(offset, lengthBytes, seed), "what was written is read");
  check(isAll(0, offset, 0xee), "bytes before the lease are untouched");
  check(isAll(offset + lengthBytes, 4096, 0xee), "bytes behind the lease are untouched");
}

export function writesAndReadsBack(): void {
  thereAndBack(0, blockBytes, 0);
  thereAndBack(at(1), 3 * blockBytes, 4096);
  thereAndBack(sectors - blockSectors, blockBytes, 0);
  thereAndBack(sectors - 64 * blockSectors, 64 * blockBytes, 4096 - 1);
}

export function anyAlignment(): void {
  for (let shift: u32 = 0; shift < 12; shift++) {
    const offset: u32 = (1 << shift) - 1;
    thereAndBack(at(2 + shift), (1 + shift) * blockBytes, offset);
    thereAndBack(at(3 * shift), 5 * blockBytes, 4096 - offset);
  }
}

export function longTransfers(): void {
  // A disk of 2 MiB holds these.
  thereAndBack(0, 1 << 20, 0);
  thereAndBack(at(1), (1 << 20) + 7 * blockBytes, 3);
  thereAndBack(sectors - (3 << 19) / sectorBytes, 3 << 19, 511);
}

export function neighboursAreKept(): void {
  if (writable() != Status.Ok) return;
  plant(at(8), 16 * blockBytes, 5);
  for (let block: u32 = 1; block < 15; block += 2) {
    fill(memoryBytes / 2, blockBytes, 100 + block);
    answers(write(at(8 + block), blockBytes, memoryBytes / 2), Status.Ok, "write");
  }
  fill(0, 16 * blockBytes, 5);
  for (let block: u32 = 1; block < 15; block += 2) fill(block * blockBytes, blockBytes, 100 + block);
  memory.copy(buffer + memoryBytes / 2, buffer, 16 * blockBytes);
  answers(read(at(8), 16 * blockBytes), Status.Ok, "read");
  check(memory.compare(buffer, buffer + memoryBytes / 2, 16 * blockBytes) == 0, "each write changed its own blocks and no others");
}

function writeBoth(sector: u64, lengthBytes: u32, offset: u32, otherSector: u64, otherLengthBytes: u32, otherOffset: u32): i32 {
  return device.callWriteTogether(Handles.device, sector, otherSector, 0, buffer + offset, lengthBytes, 0, buffer + otherOffset, otherLengthBytes);
}
function bothArrive(sector: u64, lengthBytes: u32, offset: u32, otherSector: u64, otherLengthBytes: u32, otherOffset: u32): void {
  fill(offset, lengthBytes, 40);
  fill(otherOffset, otherLengthBytes, 41);
  answers(writeBoth(sector, lengthBytes, offset, otherSector, otherLengthBytes, otherOffset), writable(), "two writes");
  if (writable() != Status.Ok) return;
  check(holds(sector, lengthBytes, 40), "the one buffer is at its place");
  check(holds(otherSector, otherLengthBytes, 41), "and the other at its own");
}

export function writesTogether(): void {
  bothArrive(at(3), blockBytes, 0, at(20), blockBytes, memoryBytes / 2);
  bothArrive(at(21), 2 * blockBytes, 1, at(19), 2 * blockBytes, memoryBytes / 2 + 3);
  bothArrive(0, 40 * blockBytes, 4095, sectors - 3 * blockSectors, 3 * blockBytes, memoryBytes / 2);
  bothArrive(at(64), blockBytes, memoryBytes / 2 + 1, at(1), 60 * blockBytes, 0);
  bothArrive(at(5), 0, 0, at(6), blockBytes, 4096);
  bothArrive(at(7), blockBytes, 0, at(6), 0, 4096);
  answers(writeBoth(at(5), 0, 0, at(6), 0, 0), writable(), "twice nothing");
  if (writable() != Status.Ok) return;
  // Neither is done if one is refused.
  plant(at(30), blockBytes, 50);
  plant(sectors - blockSectors, blockBytes, 51);
  fill(0, 4 * blockBytes, 52);
  for (let turn: u32 = 0; turn < 2; turn++) {
    answers(turn ? writeBoth(at(30), blockBytes, 0, sectors, blockBytes, 0) : writeBoth(sectors, blockBytes, 0, at(30), blockBytes, 0), Status.OutOfRange, "one behind the end");
    answers(turn ? writeBoth(at(30), blockBytes, 0, sectors - blockSectors, 2 * blockBytes, 0) : writeBoth(sectors - blockSectors, 2 * blockBytes, 0, at(30), blockBytes, 0), Status.OutOfRange, "one half behind the end");
    answers(turn ? writeBoth(at(30), blockBytes, 0, 0, blockBytes - 1, 0) : writeBoth(0, blockBytes - 1, 0, at(30), blockBytes, 0), Status.InvalidArgument, "one that is no block");
  }
  check(holds(at(30), blockBytes, 50), "what was right is not written");
  check(holds(sectors - blockSectors, blockBytes, 51), "nor what was wrong");
}

export function refusesWhatIsNotThere(): void {
  const last = u64.MAX_VALUE - blockSectors + 1;
  if (writable() == Status.Ok) plant(sectors - blockSectors, blockBytes, 9);
  fill(0, 2 * blockBytes, 10);
  for (let writes: u32 = 0; writes < 2; writes++) {
    answers(transfer(writes, sectors, blockBytes), Status.OutOfRange, "a block behind the end");
    answers(transfer(writes, sectors - blockSectors, 2 * blockBytes), Status.OutOfRange, "half behind the end");
    answers(transfer(writes, last, blockBytes), Status.OutOfRange, "the last sector number");
    answers(transfer(writes, last, 2 * blockBytes), Status.OutOfRange, "an end that wraps");
    answers(transfer(writes, 1 << 55, blockBytes), Status.OutOfRange, "a place whose bytes do not fit 64 bits");
    answers(transfer(writes, 0, blockBytes - 1), Status.InvalidArgument, "a byte short of a block");
    answers(transfer(writes, 0, blockBytes + 1), Status.InvalidArgument, "a byte beyond a block");
    answers(transfer(writes, 0, 0), writes ? writable() : Status.Ok, "nothing");
    answers(transfer(writes, sectors, 0), writes ? writable() : Status.Ok, "nothing, at the end");
    answers(transfer(writes, sectors + blockSectors, 0), Status.OutOfRange, "nothing, behind the end");
    if (blockSectors == 1) continue;
    answers(transfer(writes, 1, blockBytes), Status.InvalidArgument, "inside a block");
    answers(transfer(writes, 0, sectorBytes), Status.InvalidArgument, "a part of a block");
  }
  if (writable() == Status.Ok) check(holds(sectors - blockSectors, blockBytes, 9), "a refused write changes nothing");
}
function transfer(writes: u32, sector: u64, lengthBytes: u32): i32 { return writes ? write(sector, lengthBytes) : read(sector, lengthBytes); }

export function flushes(): void {
  const status = has(device.DeviceFlag.flush) ? Status.Ok : Status.NotDurable;
  answers(batch.flush(), status, "flush");
  if (writable() == Status.Ok) plant(at(3), blockBytes, 77);
  answers(batch.flush(), status, "flush after a write");
}

export function identifies(): void {
  wipe();
  answers(device.callIdentify(Handles.device, 0, buffer, 64), Status.Ok, "identify");
  const length = device.IdentifyReply.lengthBytes();
  check(length <= 20, "at most 20 bytes");
  check(isAll(length, 64, 0xee), "bytes behind the identity are untouched");
  memory.copy(buffer + 100, buffer, 20);
  answers(device.callIdentify(Handles.device, 0, buffer + 200, 3), Status.Ok, "identify in short");
  equal(device.IdentifyReply.lengthBytes(), min(length, 3), "length in short");
  check(memory.compare(buffer + 100, buffer + 200, min(length, 3)) == 0, "the beginning of the identity");
  check(isAll(203, 64, 0xee), "bytes behind the lease are untouched");
  answers(device.callIdentify(Handles.device, 0, buffer, 0), Status.Ok, "identify with no room");
}

/** A message that no client of the generated bindings sends. Safety: the message buffer is ours. */
function raw(operation: u32, leases: u32, rights: u32): i32 {
  store<u32>(messageOut, operation << 16 | device.INTERFACE);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, leases, 12);
  memory.fill(messageOut + 16, 0, 48);
  store<u32>(messageOut, 0, 64); store<u32>(messageOut, <u32>buffer, 68); store<u32>(messageOut, blockBytes, 72); store<u32>(messageOut, rights, 76);
  return call(Handles.device);
}
export function messagesOfAnotherShape(): void {
  answers(raw(2, 1, 1), Status.ProtocolBreach, "read into memory lent for reading");
  answers(raw(3, 1, 2), Status.ProtocolBreach, "write from memory lent for writing");
  answers(raw(2, 0, 2), Status.ProtocolBreach, "read without a lease");
  answers(raw(4, 1, 1), Status.ProtocolBreach, "flush with a lease");
  answers(raw(8, 0, 0), Status.ProtocolBreach, "attach without a grant");
  check(raw(0, 0, 0) < 0, "operation 0 is refused");
  check(raw(999, 0, 0) < 0, "an unknown operation is refused");
  answers(read(0, blockBytes), Status.Ok, "a read afterwards");
}

export function limitsFit(): void {
  answers(device.callLimits(Handles.device), Status.Ok, "limits");
  const physical = device.LimitsReply.physicalBlockBytes(), alignment = device.LimitsReply.alignmentBytes();
  check(blockBytes >= 512 && blockBytes <= 65536 && (blockBytes & (blockBytes - 1)) == 0, "blocks of a power of two");
  check(physical >= blockBytes && physical % blockBytes == 0, "physical blocks of whole blocks");
  check(alignment < physical && alignment % blockBytes == 0, "the alignment is within a physical block");
  check(device.LimitsReply.minimumIoBytes() % blockBytes == 0 && device.LimitsReply.optimalIoBytes() % blockBytes == 0, "sizes of I/O are whole blocks");
  check((device.LimitsReply.discardSectors() != 0) == has(device.DeviceFlag.discard), "discard is offered with a limit");
  check((device.LimitsReply.writeZeroesSectors() != 0) == has(device.DeviceFlag.writeZeroes), "write-zeroes is offered with a limit");
  check(device.LimitsReply.discardSectors() % blockSectors == 0 && device.LimitsReply.writeZeroesSectors() % blockSectors == 0, "limits are whole blocks");
  check(device.LimitsReply.discardAlignmentSectors() % blockSectors == 0, "the discard alignment is whole blocks");
  answers(device.callDescribe(Handles.device), Status.Ok, "describe");
  check(device.DescribeReply.queues() >= 1 && device.DescribeReply.queueDepth() >= device.DescribeReply.queues() && device.DescribeReply.maximumSegments() >= 1, "a request fits");
  const longest = device.DescribeReply.maximumTransferBytes();
  check(longest >= blockBytes && longest % blockBytes == 0, "a request of a batch is whole blocks");
  equal(sectors % blockSectors, 0, "the disk ends with a block");
  equal(blocks() * blockSectors, device.DescribeReply.capacitySectors(), "the capacity does not change by itself");
}

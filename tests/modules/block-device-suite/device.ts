// What the cases stand on: the device as it describes itself, memory to lend, and statements about what it answered. A statement that does
// not hold is a line on the console; the case goes on.
import { capabilityDrop, grantCreate } from "../../../kernel-bindings/assembly/kernel";
import * as device from "../../../kernel-bindings/generated/assembly/block-device";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { endLine, Handles, number, text } from "../common/program";

export const sectorBytes: u32 = 512;
export const pageBytes: u32 = 4096;
/** The memory that cases lend: `memoryBytes` from a page on, and a page behind it. */
export const memoryBytes: u32 = 2 << 20;
const room: usize = memory.data((2 << 20) + 3 * 4096, 16);
export const buffer: usize = (room + 4095) & ~4095;
/** A record of statistics or health. */
export const record: usize = memory.data(64, 8);

export let sectors: u64 = 0;
export let blockBytes: u32 = 0;
export let blockSectors: u32 = 0;
export let flags: u32 = 0;
export let transferBytes: u32 = 0;
export let segmentLimit: u32 = 0;
export let queueDepth: u32 = 0;
export let queues: u32 = 0;
export let discardSectors: u32 = 0;
export let writeZeroesSectors: u32 = 0;

/** Learn what the device is; the status of `describe` or `limits`. */
export function learn(): u32 {
  const described = device.callDescribe(Handles.device);
  if (described < 0) return <u32>-described;
  sectors = device.DescribeReply.capacitySectors();
  blockBytes = device.DescribeReply.blockBytes();
  blockSectors = blockBytes / sectorBytes;
  flags = device.DescribeReply.flags();
  transferBytes = device.DescribeReply.maximumTransferBytes();
  segmentLimit = device.DescribeReply.maximumSegments();
  queueDepth = device.DescribeReply.queueDepth();
  queues = device.DescribeReply.queues();
  const limits = device.callLimits(Handles.device);
  discardSectors = device.LimitsReply.discardSectors();
  writeZeroesSectors = device.LimitsReply.writeZeroesSectors();
  return <u32>-limits;
}
export function has(flag: u32): bool { return (flags & flag) != 0; }
/** What a write answers, if nothing else is wrong with it. */
export function writable(): u32 { return has(device.DeviceFlag.readOnly) ? Status.ReadOnly : Status.Ok; }
/** The first sector of a block. */
export function at(block: u64): u64 { return block * blockSectors; }
/** The number of blocks of the disk. */
export function blocks(): u64 { return sectors / blockSectors; }

const linesPerCase: u32 = 6;
let caseFailures: u32 = 0;
let failures: u32 = 0;
export function beginCase(): void { caseFailures = 0; }
export function endCase(name: string): void {
  text(caseFailures ? "FAILED " : "ok "); text(name); endLine();
  if (caseFailures) failures++;
}
export function failedCases(): u32 { return failures; }

/** The statement `what` holds. */
export function check(holds: bool, what: string): void {
  if (holds || caseFailures++ >= linesPerCase) return;
  text("  not so: "); text(what); endLine();
}
export function equal(actual: u64, expected: u64, what: string): void {
  if (actual == expected || caseFailures++ >= linesPerCase) return;
  text("  "); text(what); text(": "); number(actual); text(", expected "); number(expected); endLine();
}
/** `result` of a call (0 or −Status) is this status. */
export function answers(result: i32, status: u32, what: string): void { equal(<u64>-<i64>result, status, what); }

/** A pattern that tells places and seeds apart. Safety: inside `buffer` and the page behind it. */
export function fill(offset: u32, lengthBytes: u32, seed: u32): void {
  for (let i: u32 = 0; i < lengthBytes; i++) store<u8>(buffer + offset + i, <u8>(i * 13 + seed * 7 + (i >>> 9)));
}
export function isFilled(offset: u32, lengthBytes: u32, seed: u32): bool {
  for (let i: u32 = 0; i < lengthBytes; i++) if (load<u8>(buffer + offset + i) != <u8>(i * 13 + seed * 7 + (i >>> 9))) return false;
  return true;
}
export function isAll(offset: u32, lengthBytes: u32, byte: u8): bool {
  for (let i: u32 = 0; i < lengthBytes; i++) if (load<u8>(buffer + offset + i) != byte) return false;
  return true;
}
/** No byte of `buffer` is left over from before. */
export function wipe(): void { memory.fill(buffer, 0xee, memoryBytes + pageBytes); }

export function read(sector: u64, lengthBytes: u32, offset: u32 = 0): i32 { return device.callRead(Handles.device, sector, 0, buffer + offset, lengthBytes); }
export function write(sector: u64, lengthBytes: u32, offset: u32 = 0): i32 { return device.callWrite(Handles.device, sector, 0, buffer + offset, lengthBytes); }
/** Puts the pattern of `seed` on the disk. */
export function plant(sector: u64, lengthBytes: u32, seed: u32): void {
  fill(0, lengthBytes, seed);
  answers(write(sector, lengthBytes), Status.Ok, "write");
}
/** Is the pattern of `seed` there? */
export function holds(sector: u64, lengthBytes: u32, seed: u32): bool {
  memory.fill(buffer, 0xee, lengthBytes);
  answers(read(sector, lengthBytes), Status.Ok, "read");
  return isFilled(0, lengthBytes, seed);
}

/** Lends `lengthBytes` at `offset` to the driver; the grant's handle is in `lastGrant`, the slot is returned. */
export let lastGrant: u32 = 0;
export function attach(offset: u32 = 0, lengthBytes: u32 = memoryBytes, rights: u32 = 3): u32 {
  const grant = grantCreate(Handles.device, buffer + offset, lengthBytes, rights);
  check(grant > 0, "memory can be granted");
  lastGrant = <u32>grant;
  answers(device.callAttach(Handles.device, lengthBytes, lastGrant), Status.Ok, "attach");
  return device.AttachReply.slot();
}
/** Detaches, and ends the grant. */
export function release(slot: u32, grant: u32): void {
  answers(device.callDetach(Handles.device, slot), Status.Ok, "detach");
  capabilityDrop(grant);
}

// Generated from kernel-bindings/schema/block-device.ts by `npm run generate`. Sectors of a disk: synchronous transfers over leases, asynchronous batches over grants.
import * as kernel from "../../assembly/kernel";
import { messageIn, messageOut } from "../../assembly/message";
import { Status } from "./status";

export const INTERFACE: u16 = 1;

/** What the device can do. */
export namespace DeviceFlag {
  export const readOnly: u32 = 1;
  export const flush: u32 = 2;
  export const discard: u32 = 4;
  export const writeZeroes: u32 = 8;
}

/** Operation of a batch request. Discard and writeZeroes name sectors only: `lengthBytes` of them, no memory. */
export namespace Transfer {
  export const read: u32 = 1;
  export const write: u32 = 2;
  export const flush: u32 = 3;
  export const discard: u32 = 4;
  export const writeZeroes: u32 = 5;
}

/** How a request is done. `unmap` (writeZeroes): the device may give the space back. `background`: it yields to requests without it. `barrier` (flush of a batch): whatever batches accept after it waits for its end. */
export namespace RequestFlag {
  export const unmap: u32 = 1;
  export const background: u32 = 2;
  export const barrier: u32 = 4;
}

/** One request of a batch; `slot` and `offsetBytes` name the place in an attached grant; `flags` are RequestFlag. A flush starts when every write, discard and writeZeroes that was accepted before it has ended; otherwise requests that are accepted and not ended have no order. */
export namespace BatchRequest {
  export const SIZE: u32 = 32;
  export function transfer(p: usize): u32 { return load<u32>(p); }
  export function setTransfer(p: usize, value: u32): void { store<u32>(p, value); }
  export function tag(p: usize): u32 { return load<u32>(p, 4); }
  export function setTag(p: usize, value: u32): void { store<u32>(p, value, 4); }
  export function sector(p: usize): u64 { return load<u64>(p, 8); }
  export function setSector(p: usize, value: u64): void { store<u64>(p, value, 8); }
  export function slot(p: usize): u32 { return load<u32>(p, 16); }
  export function setSlot(p: usize, value: u32): void { store<u32>(p, value, 16); }
  export function offsetBytes(p: usize): u32 { return load<u32>(p, 20); }
  export function setOffsetBytes(p: usize, value: u32): void { store<u32>(p, value, 20); }
  export function lengthBytes(p: usize): u32 { return load<u32>(p, 24); }
  export function setLengthBytes(p: usize, value: u32): void { store<u32>(p, value, 24); }
  export function flags(p: usize): u32 { return load<u32>(p, 28); }
  export function setFlags(p: usize, value: u32): void { store<u32>(p, value, 28); }
}

/** One finished request. */
export namespace Completion {
  export const SIZE: u32 = 16;
  export function tag(p: usize): u32 { return load<u32>(p); }
  export function setTag(p: usize, value: u32): void { store<u32>(p, value); }
  export function status(p: usize): u32 { return load<u32>(p, 4); }
  export function setStatus(p: usize, value: u32): void { store<u32>(p, value, 4); }
  export function lengthBytes(p: usize): u32 { return load<u32>(p, 8); }
  export function setLengthBytes(p: usize, value: u32): void { store<u32>(p, value, 8); }
  export function reserved(p: usize): u32 { return load<u32>(p, 12); }
  export function setReserved(p: usize, value: u32): void { store<u32>(p, value, 12); }
}

/** Counts since the driver started. */
export namespace DeviceStatistics {
  export const SIZE: u32 = 64;
  export function reads(p: usize): u64 { return load<u64>(p); }
  export function setReads(p: usize, value: u64): void { store<u64>(p, value); }
  export function writes(p: usize): u64 { return load<u64>(p, 8); }
  export function setWrites(p: usize, value: u64): void { store<u64>(p, value, 8); }
  export function flushes(p: usize): u64 { return load<u64>(p, 16); }
  export function setFlushes(p: usize, value: u64): void { store<u64>(p, value, 16); }
  export function readBytes(p: usize): u64 { return load<u64>(p, 24); }
  export function setReadBytes(p: usize, value: u64): void { store<u64>(p, value, 24); }
  export function writtenBytes(p: usize): u64 { return load<u64>(p, 32); }
  export function setWrittenBytes(p: usize, value: u64): void { store<u64>(p, value, 32); }
  export function doorbells(p: usize): u64 { return load<u64>(p, 40); }
  export function setDoorbells(p: usize, value: u64): void { store<u64>(p, value, 40); }
  export function interrupts(p: usize): u64 { return load<u64>(p, 48); }
  export function setInterrupts(p: usize, value: u64): void { store<u64>(p, value, 48); }
  export function errors(p: usize): u64 { return load<u64>(p, 56); }
  export function setErrors(p: usize, value: u64): void { store<u64>(p, value, 56); }
}

/** What the device did besides its work, and what it was given, since the driver started. A breach is an answer that breaks the rules of the device's standard. */
export namespace DeviceHealth {
  export const SIZE: u32 = 64;
  export function breaches(p: usize): u64 { return load<u64>(p); }
  export function setBreaches(p: usize, value: u64): void { store<u64>(p, value); }
  export function resets(p: usize): u64 { return load<u64>(p, 8); }
  export function setResets(p: usize, value: u64): void { store<u64>(p, value, 8); }
  export function configurationChanges(p: usize): u64 { return load<u64>(p, 16); }
  export function setConfigurationChanges(p: usize, value: u64): void { store<u64>(p, value, 16); }
  export function idleInterrupts(p: usize): u64 { return load<u64>(p, 24); }
  export function setIdleInterrupts(p: usize, value: u64): void { store<u64>(p, value, 24); }
  export function timeOuts(p: usize): u64 { return load<u64>(p, 32); }
  export function setTimeOuts(p: usize, value: u64): void { store<u64>(p, value, 32); }
  export function discards(p: usize): u64 { return load<u64>(p, 40); }
  export function setDiscards(p: usize, value: u64): void { store<u64>(p, value, 40); }
  export function writeZeroes(p: usize): u64 { return load<u64>(p, 48); }
  export function setWriteZeroes(p: usize, value: u64): void { store<u64>(p, value, 48); }
  export function descriptors(p: usize): u64 { return load<u64>(p, 56); }
  export function setDescriptors(p: usize, value: u64): void { store<u64>(p, value, 56); }
}

/** What became of the order of batches since the driver started: requests that joined the one before them on the disk, that had to wait in the driver, that started before one of their class that had waited longer, and that started out of turn because 64 had done so; and how many wait now. */
export namespace SchedulingStatistics {
  export const SIZE: u32 = 40;
  export function merged(p: usize): u64 { return load<u64>(p); }
  export function setMerged(p: usize, value: u64): void { store<u64>(p, value); }
  export function waited(p: usize): u64 { return load<u64>(p, 8); }
  export function setWaited(p: usize, value: u64): void { store<u64>(p, value, 8); }
  export function overtakes(p: usize): u64 { return load<u64>(p, 16); }
  export function setOvertakes(p: usize, value: u64): void { store<u64>(p, value, 16); }
  export function overdue(p: usize): u64 { return load<u64>(p, 24); }
  export function setOverdue(p: usize, value: u64): void { store<u64>(p, value, 24); }
  export function waiting(p: usize): u64 { return load<u64>(p, 32); }
  export function setWaiting(p: usize, value: u64): void { store<u64>(p, value, 32); }
}

/** Capacity and limits of the device; `queueDepth` requests fit it at once, in all its `queues` together. 0 or −Status. */
export function callDescribe(endpoint: u32): i32 {
  store<u32>(messageOut, 65537);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}
/** Reply of describe: getters for the caller, setters for the server. */
export namespace DescribeReply {
  export function capacitySectors(): u64 { return load<u64>(messageOut, 16); }
  export function setCapacitySectors(value: u64): void { store<u64>(messageIn, value, 16); }
  export function blockBytes(): u32 { return load<u32>(messageOut, 24); }
  export function setBlockBytes(value: u32): void { store<u32>(messageIn, value, 24); }
  export function flags(): u32 { return load<u32>(messageOut, 28); }
  export function setFlags(value: u32): void { store<u32>(messageIn, value, 28); }
  export function maximumTransferBytes(): u32 { return load<u32>(messageOut, 32); }
  export function setMaximumTransferBytes(value: u32): void { store<u32>(messageIn, value, 32); }
  export function maximumSegments(): u32 { return load<u32>(messageOut, 36); }
  export function setMaximumSegments(value: u32): void { store<u32>(messageIn, value, 36); }
  export function queueDepth(): u32 { return load<u32>(messageOut, 40); }
  export function setQueueDepth(value: u32): void { store<u32>(messageIn, value, 40); }
  export function queues(): u32 { return load<u32>(messageOut, 44); }
  export function setQueues(value: u32): void { store<u32>(messageIn, value, 44); }
}

/** Read sectors into the buffer; done when this returns. Place and length are whole blocks of the device (`describe`), here and in every operation. 0 or −Status. */
export function callRead(endpoint: u32, sector: u64, bufferSource: u32, bufferAddress: usize, bufferLength: u32): i32 {
  store<u32>(messageOut, 131073);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u64>(messageOut, sector, 16);
  store<u32>(messageOut, bufferSource, 64); store<u32>(messageOut, <u32>bufferAddress, 68); store<u32>(messageOut, bufferLength, 72); store<u32>(messageOut, 2, 76);
  return kernel.call(endpoint);
}

/** Write the buffer; the device has it, perhaps not durably, when this returns. 0 or −Status. */
export function callWrite(endpoint: u32, sector: u64, bufferSource: u32, bufferAddress: usize, bufferLength: u32): i32 {
  store<u32>(messageOut, 196609);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u64>(messageOut, sector, 16);
  store<u32>(messageOut, bufferSource, 64); store<u32>(messageOut, <u32>bufferAddress, 68); store<u32>(messageOut, bufferLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}

/** Every write completed before this survives power loss when this returns. 0 or −Status. */
export function callFlush(endpoint: u32): i32 {
  store<u32>(messageOut, 262145);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}

/** The device may forget these sectors. 0 or −Status. */
export function callDiscard(endpoint: u32, sector: u64, sectorCount: u64): i32 {
  store<u32>(messageOut, 327681);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  store<u64>(messageOut, sector, 16);
  store<u64>(messageOut, sectorCount, 24);
  return kernel.call(endpoint);
}

/** These sectors read as zeros from now on; they stay allocated. 0 or −Status. */
export function callWriteZeroes(endpoint: u32, sector: u64, sectorCount: u64): i32 {
  store<u32>(messageOut, 393217);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  store<u64>(messageOut, sector, 16);
  store<u64>(messageOut, sectorCount, 24);
  return kernel.call(endpoint);
}

/** The device's own identity, up to 20 bytes. 0 or −Status. */
export function callIdentify(endpoint: u32, identitySource: u32, identityAddress: usize, identityLength: u32): i32 {
  store<u32>(messageOut, 458753);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, identitySource, 64); store<u32>(messageOut, <u32>identityAddress, 68); store<u32>(messageOut, identityLength, 72); store<u32>(messageOut, 2, 76);
  return kernel.call(endpoint);
}
/** Reply of identify: getters for the caller, setters for the server. */
export namespace IdentifyReply {
  export function lengthBytes(): u32 { return load<u32>(messageOut, 16); }
  export function setLengthBytes(value: u32): void { store<u32>(messageIn, value, 16); }
}

/** Register a grant for batches. 0 or −Status. */
export function callAttach(endpoint: u32, lengthBytes: u32, grant: u32): i32 {
  store<u32>(messageOut, 524289);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 256, 12);
  store<u32>(messageOut, lengthBytes, 16);
  store<u32>(messageOut, grant, 128);
  return kernel.call(endpoint);
}
/** Reply of attach: getters for the caller, setters for the server. */
export namespace AttachReply {
  export function slot(): u32 { return load<u32>(messageOut, 16); }
  export function setSlot(value: u32): void { store<u32>(messageIn, value, 16); }
}

/** Forget a grant, once nothing of it is in flight. 0 or −Status. */
export function callDetach(endpoint: u32, slot: u32): i32 {
  store<u32>(messageOut, 589825);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  store<u32>(messageOut, slot, 16);
  return kernel.call(endpoint);
}

/** Accept a batch of BatchRequest and return; those that the device has no room for wait in the driver, at most 1024 are accepted and not reaped, and completion sets the client's notification bit. 0 or −Status. */
export function callSubmit(endpoint: u32, count: u32, batchSource: u32, batchAddress: usize, batchLength: u32): i32 {
  store<u32>(messageOut, 655361);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, count, 16);
  store<u32>(messageOut, batchSource, 64); store<u32>(messageOut, <u32>batchAddress, 68); store<u32>(messageOut, batchLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}
/** Reply of submit: getters for the caller, setters for the server. */
export namespace SubmitReply {
  export function accepted(): u32 { return load<u32>(messageOut, 16); }
  export function setAccepted(value: u32): void { store<u32>(messageIn, value, 16); }
}

/** Collect Completion records. 0 or −Status. */
export function callReap(endpoint: u32, completionsSource: u32, completionsAddress: usize, completionsLength: u32): i32 {
  store<u32>(messageOut, 720897);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, completionsSource, 64); store<u32>(messageOut, <u32>completionsAddress, 68); store<u32>(messageOut, completionsLength, 72); store<u32>(messageOut, 2, 76);
  return kernel.call(endpoint);
}
/** Reply of reap: getters for the caller, setters for the server. */
export namespace ReapReply {
  export function count(): u32 { return load<u32>(messageOut, 16); }
  export function setCount(value: u32): void { store<u32>(messageIn, value, 16); }
  export function inFlight(): u32 { return load<u32>(messageOut, 20); }
  export function setInFlight(value: u32): void { store<u32>(messageIn, value, 20); }
}

/** Counts since start, a DeviceStatistics. 0 or −Status. */
export function callStatistics(endpoint: u32, statisticsSource: u32, statisticsAddress: usize, statisticsLength: u32): i32 {
  store<u32>(messageOut, 786433);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, statisticsSource, 64); store<u32>(messageOut, <u32>statisticsAddress, 68); store<u32>(messageOut, statisticsLength, 72); store<u32>(messageOut, 2, 76);
  return kernel.call(endpoint);
}

/** Wait until `count` completions can be reaped or nothing is in flight; for a client that cannot return to be notified. 0 or −Status. */
export function callAwaitCompletions(endpoint: u32, count: u32): i32 {
  store<u32>(messageOut, 851969);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  store<u32>(messageOut, count, 16);
  return kernel.call(endpoint);
}
/** Reply of awaitCompletions: getters for the caller, setters for the server. */
export namespace AwaitCompletionsReply {
  export function ready(): u32 { return load<u32>(messageOut, 16); }
  export function setReady(value: u32): void { store<u32>(messageIn, value, 16); }
  export function inFlight(): u32 { return load<u32>(messageOut, 20); }
  export function setInFlight(value: u32): void { store<u32>(messageIn, value, 20); }
}

/** How the device likes its requests: block sizes, alignment (bytes from sector 0 to the first physical block's start), sizes of I/O, and what one discard or writeZeroes request may cover (0: not offered). `changes` counts changes of the configuration that the driver has seen, this look included. 0 or −Status. */
export function callLimits(endpoint: u32): i32 {
  store<u32>(messageOut, 917505);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}
/** Reply of limits: getters for the caller, setters for the server. */
export namespace LimitsReply {
  export function physicalBlockBytes(): u32 { return load<u32>(messageOut, 16); }
  export function setPhysicalBlockBytes(value: u32): void { store<u32>(messageIn, value, 16); }
  export function alignmentBytes(): u32 { return load<u32>(messageOut, 20); }
  export function setAlignmentBytes(value: u32): void { store<u32>(messageIn, value, 20); }
  export function minimumIoBytes(): u32 { return load<u32>(messageOut, 24); }
  export function setMinimumIoBytes(value: u32): void { store<u32>(messageIn, value, 24); }
  export function optimalIoBytes(): u32 { return load<u32>(messageOut, 28); }
  export function setOptimalIoBytes(value: u32): void { store<u32>(messageIn, value, 28); }
  export function discardSectors(): u32 { return load<u32>(messageOut, 32); }
  export function setDiscardSectors(value: u32): void { store<u32>(messageIn, value, 32); }
  export function discardAlignmentSectors(): u32 { return load<u32>(messageOut, 36); }
  export function setDiscardAlignmentSectors(value: u32): void { store<u32>(messageIn, value, 36); }
  export function writeZeroesSectors(): u32 { return load<u32>(messageOut, 40); }
  export function setWriteZeroesSectors(value: u32): void { store<u32>(messageIn, value, 40); }
  export function changes(): u32 { return load<u32>(messageOut, 44); }
  export function setChanges(value: u32): void { store<u32>(messageIn, value, 44); }
}

/** As writeZeroes, with RequestFlag: `unmap` lets the device give the space back; a device that cannot ignores it. 0 or −Status. */
export function callWriteZeroesWith(endpoint: u32, sector: u64, sectorCount: u64, flags: u32): i32 {
  store<u32>(messageOut, 983041);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  store<u64>(messageOut, sector, 16);
  store<u64>(messageOut, sectorCount, 24);
  store<u32>(messageOut, flags, 32);
  return kernel.call(endpoint);
}

/** A DeviceHealth. 0 or −Status. */
export function callHealth(endpoint: u32, healthSource: u32, healthAddress: usize, healthLength: u32): i32 {
  store<u32>(messageOut, 1048577);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, healthSource, 64); store<u32>(messageOut, <u32>healthAddress, 68); store<u32>(messageOut, healthLength, 72); store<u32>(messageOut, 2, 76);
  return kernel.call(endpoint);
}

/** A SchedulingStatistics. 0 or −Status. */
export function callScheduling(endpoint: u32, schedulingSource: u32, schedulingAddress: usize, schedulingLength: u32): i32 {
  store<u32>(messageOut, 1114113);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, schedulingSource, 64); store<u32>(messageOut, <u32>schedulingAddress, 68); store<u32>(messageOut, schedulingLength, 72); store<u32>(messageOut, 2, 76);
  return kernel.call(endpoint);
}

/** Write two buffers, each to its own place, at the same time; the device has both, perhaps not durably, when this returns. After an error any part of either may be there. 0 or −Status. */
export function callWriteTogether(endpoint: u32, sector: u64, otherSector: u64, bufferSource: u32, bufferAddress: usize, bufferLength: u32, otherSource: u32, otherAddress: usize, otherLength: u32): i32 {
  store<u32>(messageOut, 1179649);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 2, 12);
  store<u64>(messageOut, sector, 16);
  store<u64>(messageOut, otherSector, 24);
  store<u32>(messageOut, bufferSource, 64); store<u32>(messageOut, <u32>bufferAddress, 68); store<u32>(messageOut, bufferLength, 72); store<u32>(messageOut, 1, 76);
  store<u32>(messageOut, otherSource, 80); store<u32>(messageOut, <u32>otherAddress, 84); store<u32>(messageOut, otherLength, 88); store<u32>(messageOut, 1, 92);
  return kernel.call(endpoint);
}

/** What a service of this interface extends; an operation it does not override answers Unsupported. */
export abstract class Server {
  /** Capacity and limits of the device; `queueDepth` requests fit it at once, in all its `queues` together. */
  describe(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** Read sectors into the buffer; done when this returns. Place and length are whole blocks of the device (`describe`), here and in every operation. */
  read(badge: u32, rights: u32, sector: u64, buffer: u32, bufferLength: u32): u32 { return Status.Unsupported; }
  /** Write the buffer; the device has it, perhaps not durably, when this returns. */
  write(badge: u32, rights: u32, sector: u64, buffer: u32, bufferLength: u32): u32 { return Status.Unsupported; }
  /** Every write completed before this survives power loss when this returns. */
  flush(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** The device may forget these sectors. */
  discard(badge: u32, rights: u32, sector: u64, sectorCount: u64): u32 { return Status.Unsupported; }
  /** These sectors read as zeros from now on; they stay allocated. */
  writeZeroes(badge: u32, rights: u32, sector: u64, sectorCount: u64): u32 { return Status.Unsupported; }
  /** The device's own identity, up to 20 bytes. */
  identify(badge: u32, rights: u32, identity: u32, identityLength: u32): u32 { return Status.Unsupported; }
  /** Register a grant for batches. */
  attach(badge: u32, rights: u32, lengthBytes: u32, grant: u32): u32 { return Status.Unsupported; }
  /** Forget a grant, once nothing of it is in flight. */
  detach(badge: u32, rights: u32, slot: u32): u32 { return Status.Unsupported; }
  /** Accept a batch of BatchRequest and return; those that the device has no room for wait in the driver, at most 1024 are accepted and not reaped, and completion sets the client's notification bit. */
  submit(badge: u32, rights: u32, count: u32, batch: u32, batchLength: u32): u32 { return Status.Unsupported; }
  /** Collect Completion records. */
  reap(badge: u32, rights: u32, completions: u32, completionsLength: u32): u32 { return Status.Unsupported; }
  /** Counts since start, a DeviceStatistics. */
  statistics(badge: u32, rights: u32, statistics: u32, statisticsLength: u32): u32 { return Status.Unsupported; }
  /** Wait until `count` completions can be reaped or nothing is in flight; for a client that cannot return to be notified. */
  awaitCompletions(badge: u32, rights: u32, count: u32): u32 { return Status.Unsupported; }
  /** How the device likes its requests: block sizes, alignment (bytes from sector 0 to the first physical block's start), sizes of I/O, and what one discard or writeZeroes request may cover (0: not offered). `changes` counts changes of the configuration that the driver has seen, this look included. */
  limits(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** As writeZeroes, with RequestFlag: `unmap` lets the device give the space back; a device that cannot ignores it. */
  writeZeroesWith(badge: u32, rights: u32, sector: u64, sectorCount: u64, flags: u32): u32 { return Status.Unsupported; }
  /** A DeviceHealth. */
  health(badge: u32, rights: u32, health: u32, healthLength: u32): u32 { return Status.Unsupported; }
  /** A SchedulingStatistics. */
  scheduling(badge: u32, rights: u32, scheduling: u32, schedulingLength: u32): u32 { return Status.Unsupported; }
  /** Write two buffers, each to its own place, at the same time; the device has both, perhaps not durably, when this returns. After an error any part of either may be there. */
  writeTogether(badge: u32, rights: u32, sector: u64, otherSector: u64, buffer: u32, bufferLength: u32, other: u32, otherLength: u32): u32 { return Status.Unsupported; }

  /** Decode `messageIn`, refuse what is not of the interface's shape, and run the operation. */
  dispatch(badge: u32, rights: u32): u32 {
    if (load<u16>(messageIn) != INTERFACE) return Status.ProtocolBreach;
    const counts = load<u16>(messageIn, 12);
    switch (load<u16>(messageIn, 2)) {
      case 1:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.describe(badge, rights);
      case 2:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.read(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 3:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.write(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 4:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.flush(badge, rights);
      case 5:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.discard(badge, rights, load<u64>(messageIn, 16), load<u64>(messageIn, 24));
      case 6:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.writeZeroes(badge, rights, load<u64>(messageIn, 16), load<u64>(messageIn, 24));
      case 7:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.identify(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 8:
        if (counts != 256) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.attach(badge, rights, load<u32>(messageIn, 16), load<u32>(messageIn, 128));
      case 9:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.detach(badge, rights, load<u32>(messageIn, 16));
      case 10:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.submit(badge, rights, load<u32>(messageIn, 16), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 11:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.reap(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 12:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.statistics(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 13:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.awaitCompletions(badge, rights, load<u32>(messageIn, 16));
      case 14:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.limits(badge, rights);
      case 15:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.writeZeroesWith(badge, rights, load<u64>(messageIn, 16), load<u64>(messageIn, 24), load<u32>(messageIn, 32));
      case 16:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.health(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 17:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.scheduling(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 18:
        if (counts != 2 || !(load<u32>(messageIn, 76) & 1) || !(load<u32>(messageIn, 92) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.writeTogether(badge, rights, load<u64>(messageIn, 16), load<u64>(messageIn, 24), load<u32>(messageIn, 64), load<u32>(messageIn, 72), load<u32>(messageIn, 80), load<u32>(messageIn, 88));
      default: return Status.Unsupported;
    }
  }
}

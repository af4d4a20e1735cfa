// Generated from kernel-bindings/schema/block.ts by `npm run generate`. Blocks of 4096 bytes in one sequence of transactions; a crash leaves a prefix of it.
import * as kernel from "../../assembly/kernel";
import { messageIn, messageOut } from "../../assembly/message";
import { Status } from "./status";

export const INTERFACE: u16 = 2;

/** State of the mounted image. checkpointWanted: make one when nobody wants anything; checkpointDue: before the next change. */
export namespace BlockFlag {
  export const formatted: u32 = 1;
  export const readOnly: u32 = 2;
  export const cannotFlush: u32 = 4;
  export const fellBack: u32 = 8;
  export const checkpointWanted: u32 = 16;
  export const damaged: u32 = 32;
  export const droppedTail: u32 = 64;
  export const checkpointDue: u32 = 128;
}

/** Where a run may come from: also from the reserve, for what must be written so that something can be freed. */
export namespace AllocateFlag {
  export const fromReserve: u32 = 1;
}

/** How to format. */
export namespace FormatFlag {
  export const force: u32 = 1;
}

/** What a block that the service owns is for. */
export namespace StructureRole {
  export const none: u32 = 0;
  export const superblock: u32 = 1;
  export const checkpoint: u32 = 2;
  export const table: u32 = 3;
  export const bitmapPage: u32 = 4;
  export const logRecord: u32 = 5;
  export const upperTable: u32 = 6;
}

/** How an extent's hash is computed: BLAKE3 of its bytes, or the chaining value of a group at its chunk counter. */
export namespace ExtentKind {
  export const plain: u32 = 0;
  export const group: u32 = 1;
}

/** One extent inside a written run: first block relative to the run, bytes, kind in bit 0 of counterAndKind and chunk counter above it, value. */
export namespace ExtentDescriptor {
  export const SIZE: u32 = 48;
  export function blockOffset(p: usize): u32 { return load<u32>(p); }
  export function setBlockOffset(p: usize, value: u32): void { store<u32>(p, value); }
  export function lengthBytes(p: usize): u32 { return load<u32>(p, 4); }
  export function setLengthBytes(p: usize, value: u32): void { store<u32>(p, value, 4); }
  export function counterAndKind(p: usize): u64 { return load<u64>(p, 8); }
  export function setCounterAndKind(p: usize, value: u64): void { store<u64>(p, value, 8); }
  export function value(p: usize): usize { return p + 16; }
  export function setValue(p: usize, value: usize): void { memory.copy(p + 16, value, 32); }
}

/** Counts since mount, and how things stand: redo images that wait to go home, blocks that were freed and are not reusable yet, free blocks of the reserve, nodes of the map that changed since the checkpoint. describe().freeBlocks + waitingBlocks + reserveBlocks are the bits that are 0 in readAllocation. */
export namespace BlockStatistics {
  export const SIZE: u32 = 192;
  export function deviceReads(p: usize): u64 { return load<u64>(p); }
  export function setDeviceReads(p: usize, value: u64): void { store<u64>(p, value); }
  export function deviceWrites(p: usize): u64 { return load<u64>(p, 8); }
  export function setDeviceWrites(p: usize, value: u64): void { store<u64>(p, value, 8); }
  export function deviceFlushes(p: usize): u64 { return load<u64>(p, 16); }
  export function setDeviceFlushes(p: usize, value: u64): void { store<u64>(p, value, 16); }
  export function readBytes(p: usize): u64 { return load<u64>(p, 24); }
  export function setReadBytes(p: usize, value: u64): void { store<u64>(p, value, 24); }
  export function writtenBytes(p: usize): u64 { return load<u64>(p, 32); }
  export function setWrittenBytes(p: usize, value: u64): void { store<u64>(p, value, 32); }
  export function commits(p: usize): u64 { return load<u64>(p, 40); }
  export function setCommits(p: usize, value: u64): void { store<u64>(p, value, 40); }
  export function syncs(p: usize): u64 { return load<u64>(p, 48); }
  export function setSyncs(p: usize, value: u64): void { store<u64>(p, value, 48); }
  export function checkpoints(p: usize): u64 { return load<u64>(p, 56); }
  export function setCheckpoints(p: usize, value: u64): void { store<u64>(p, value, 56); }
  export function cacheHits(p: usize): u64 { return load<u64>(p, 64); }
  export function setCacheHits(p: usize, value: u64): void { store<u64>(p, value, 64); }
  export function cacheMisses(p: usize): u64 { return load<u64>(p, 72); }
  export function setCacheMisses(p: usize, value: u64): void { store<u64>(p, value, 72); }
  export function replayedRecords(p: usize): u64 { return load<u64>(p, 80); }
  export function setReplayedRecords(p: usize, value: u64): void { store<u64>(p, value, 80); }
  export function droppedRecords(p: usize): u64 { return load<u64>(p, 88); }
  export function setDroppedRecords(p: usize, value: u64): void { store<u64>(p, value, 88); }
  export function logBlocks(p: usize): u64 { return load<u64>(p, 96); }
  export function setLogBlocks(p: usize, value: u64): void { store<u64>(p, value, 96); }
  export function logUsedBlocks(p: usize): u64 { return load<u64>(p, 104); }
  export function setLogUsedBlocks(p: usize, value: u64): void { store<u64>(p, value, 104); }
  export function extentsVerified(p: usize): u64 { return load<u64>(p, 112); }
  export function setExtentsVerified(p: usize, value: u64): void { store<u64>(p, value, 112); }
  export function discardedBlocks(p: usize): u64 { return load<u64>(p, 120); }
  export function setDiscardedBlocks(p: usize, value: u64): void { store<u64>(p, value, 120); }
  export function waitingBlocks(p: usize): u64 { return load<u64>(p, 128); }
  export function setWaitingBlocks(p: usize, value: u64): void { store<u64>(p, value, 128); }
  export function reserveBlocks(p: usize): u64 { return load<u64>(p, 136); }
  export function setReserveBlocks(p: usize, value: u64): void { store<u64>(p, value, 136); }
  export function changedMapNodes(p: usize): u64 { return load<u64>(p, 144); }
  export function setChangedMapNodes(p: usize, value: u64): void { store<u64>(p, value, 144); }
  export function cacheEvictions(p: usize): u64 { return load<u64>(p, 152); }
  export function setCacheEvictions(p: usize, value: u64): void { store<u64>(p, value, 152); }
  export function readAheadBlocks(p: usize): u64 { return load<u64>(p, 160); }
  export function setReadAheadBlocks(p: usize, value: u64): void { store<u64>(p, value, 160); }
  export function readAheadHits(p: usize): u64 { return load<u64>(p, 168); }
  export function setReadAheadHits(p: usize, value: u64): void { store<u64>(p, value, 168); }
  export function waitingImages(p: usize): u64 { return load<u64>(p, 176); }
  export function setWaitingImages(p: usize, value: u64): void { store<u64>(p, value, 176); }
  export function redoPatches(p: usize): u64 { return load<u64>(p, 184); }
  export function setRedoPatches(p: usize, value: u64): void { store<u64>(p, value, 184); }
}

/** Size and state of the image. 0 or −Status. */
export function callDescribe(endpoint: u32): i32 {
  store<u32>(messageOut, 65538);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}
/** Reply of describe: getters for the caller, setters for the server. */
export namespace DescribeReply {
  export function blockCount(): u64 { return load<u64>(messageOut, 16); }
  export function setBlockCount(value: u64): void { store<u64>(messageIn, value, 16); }
  export function freeBlocks(): u64 { return load<u64>(messageOut, 24); }
  export function setFreeBlocks(value: u64): void { store<u64>(messageIn, value, 24); }
  export function sequence(): u64 { return load<u64>(messageOut, 32); }
  export function setSequence(value: u64): void { store<u64>(messageIn, value, 32); }
  export function generation(): u64 { return load<u64>(messageOut, 40); }
  export function setGeneration(value: u64): void { store<u64>(messageIn, value, 40); }
  export function flags(): u32 { return load<u32>(messageOut, 48); }
  export function setFlags(value: u32): void { store<u32>(messageIn, value, 48); }
  export function version(): u32 { return load<u32>(messageOut, 52); }
  export function setVersion(value: u32): void { store<u32>(messageIn, value, 52); }
  export function mountStatus(): u32 { return load<u32>(messageOut, 56); }
  export function setMountStatus(value: u32): void { store<u32>(messageIn, value, 56); }
}

/** Make an empty image of the device; blockCount 0 takes all of it. Durable when it returns. 0 or −Status. */
export function callFormat(endpoint: u32, blockCount: u64, flags: u32): i32 {
  store<u32>(messageOut, 131074);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  store<u64>(messageOut, blockCount, 16);
  store<u32>(messageOut, flags, 24);
  return kernel.call(endpoint);
}

/** A contiguous run of up to `count` free blocks, near `hint` (0: behind the last one), in the open transaction; the end of the image comes last; `flags` are AllocateFlag. Busy: not before a checkpoint. 0 or −Status. */
export function callAllocate(endpoint: u32, hint: u64, count: u32, flags: u32): i32 {
  store<u32>(messageOut, 196610);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  store<u64>(messageOut, hint, 16);
  store<u32>(messageOut, count, 24);
  store<u32>(messageOut, flags, 28);
  return kernel.call(endpoint);
}
/** Reply of allocate: getters for the caller, setters for the server. */
export namespace AllocateReply {
  export function address(): u64 { return load<u64>(messageOut, 16); }
  export function setAddress(value: u64): void { store<u64>(messageIn, value, 16); }
  export function count(): u32 { return load<u32>(messageOut, 24); }
  export function setCount(value: u32): void { store<u32>(messageIn, value, 24); }
}

/** Give blocks back; they are reusable when nothing recoverable reaches them. Busy: not before a checkpoint. 0 or −Status. */
export function callFree(endpoint: u32, address: u64, count: u32): i32 {
  store<u32>(messageOut, 262146);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  store<u64>(messageOut, address, 16);
  store<u32>(messageOut, count, 24);
  return kernel.call(endpoint);
}

/** Read whole blocks into the buffer. 0 or −Status. */
export function callRead(endpoint: u32, address: u64, bufferSource: u32, bufferAddress: usize, bufferLength: u32): i32 {
  store<u32>(messageOut, 327682);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u64>(messageOut, address, 16);
  store<u32>(messageOut, bufferSource, 64); store<u32>(messageOut, <u32>bufferAddress, 68); store<u32>(messageOut, bufferLength, 72); store<u32>(messageOut, 2, 76);
  return kernel.call(endpoint);
}

/** Write a run of fresh blocks and bind its extents to the open transaction. The first run of up to 64 KiB goes to the device with the commit, which then answers DeviceError if it cannot be written. 0 or −Status. */
export function callWriteExtents(endpoint: u32, address: u64, count: u32, dataSource: u32, dataAddress: usize, dataLength: u32, descriptorsSource: u32, descriptorsAddress: usize, descriptorsLength: u32): i32 {
  store<u32>(messageOut, 393218);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 2, 12);
  store<u64>(messageOut, address, 16);
  store<u32>(messageOut, count, 24);
  store<u32>(messageOut, dataSource, 64); store<u32>(messageOut, <u32>dataAddress, 68); store<u32>(messageOut, dataLength, 72); store<u32>(messageOut, 1, 76);
  store<u32>(messageOut, descriptorsSource, 80); store<u32>(messageOut, <u32>descriptorsAddress, 84); store<u32>(messageOut, descriptorsLength, 88); store<u32>(messageOut, 1, 92);
  return kernel.call(endpoint);
}

/** Write blocks in place through the journal: redo images in the open transaction. 0 or −Status. */
export function callWrite(endpoint: u32, address: u64, dataSource: u32, dataAddress: usize, dataLength: u32): i32 {
  store<u32>(messageOut, 458754);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u64>(messageOut, address, 16);
  store<u32>(messageOut, dataSource, 64); store<u32>(messageOut, <u32>dataAddress, 68); store<u32>(messageOut, dataLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}

/** Append a piece of the caller's payload to the open transaction. 0 or −Status. */
export function callAttach(endpoint: u32, payloadSource: u32, payloadAddress: usize, payloadLength: u32): i32 {
  store<u32>(messageOut, 524290);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, payloadSource, 64); store<u32>(messageOut, <u32>payloadAddress, 68); store<u32>(messageOut, payloadLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}

/** Close the open transaction with a last piece of payload; it is durable after the next sync. DeviceError: data that was kept back for it cannot be written, and the transaction is still open, to be abandoned or tried again; or the log cannot, and nothing is acknowledged any more. 0 or −Status. */
export function callCommit(endpoint: u32, payloadSource: u32, payloadAddress: usize, payloadLength: u32): i32 {
  store<u32>(messageOut, 589826);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, payloadSource, 64); store<u32>(messageOut, <u32>payloadAddress, 68); store<u32>(messageOut, payloadLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}
/** Reply of commit: getters for the caller, setters for the server. */
export namespace CommitReply {
  export function sequence(): u64 { return load<u64>(messageOut, 16); }
  export function setSequence(value: u64): void { store<u64>(messageIn, value, 16); }
  export function flags(): u32 { return load<u32>(messageOut, 24); }
  export function setFlags(value: u32): void { store<u32>(messageIn, value, 24); }
}

/** Everything committed before this survives power loss when this returns. 0 or −Status. */
export function callSync(endpoint: u32): i32 {
  store<u32>(messageOut, 655362);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}
/** Reply of sync: getters for the caller, setters for the server. */
export namespace SyncReply {
  export function sequence(): u64 { return load<u64>(messageOut, 16); }
  export function setSequence(value: u64): void { store<u64>(messageIn, value, 16); }
}

/** The caller's root for the next checkpoint: up to 1024 bytes, handed back by getRoot. 0 or −Status. */
export function callSetRoot(endpoint: u32, rootSource: u32, rootAddress: usize, rootLength: u32): i32 {
  store<u32>(messageOut, 720898);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, rootSource, 64); store<u32>(messageOut, <u32>rootAddress, 68); store<u32>(messageOut, rootLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}

/** The caller's root of the newest checkpoint. 0 or −Status. */
export function callGetRoot(endpoint: u32, rootSource: u32, rootAddress: usize, rootLength: u32): i32 {
  store<u32>(messageOut, 786434);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, rootSource, 64); store<u32>(messageOut, <u32>rootAddress, 68); store<u32>(messageOut, rootLength, 72); store<u32>(messageOut, 2, 76);
  return kernel.call(endpoint);
}
/** Reply of getRoot: getters for the caller, setters for the server. */
export namespace GetRootReply {
  export function lengthBytes(): u32 { return load<u32>(messageOut, 16); }
  export function setLengthBytes(value: u32): void { store<u32>(messageIn, value, 16); }
}

/** Make roots and allocation state durable and release the log before them. 0 or −Status. */
export function callCheckpoint(endpoint: u32): i32 {
  store<u32>(messageOut, 851970);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}
/** Reply of checkpoint: getters for the caller, setters for the server. */
export namespace CheckpointReply {
  export function generation(): u64 { return load<u64>(messageOut, 16); }
  export function setGeneration(value: u64): void { store<u64>(messageIn, value, 16); }
}

/** The caller's payload pieces committed after the newest checkpoint, flushed or not, in order; cursor 0 starts, count 0 ends. 0 or −Status. */
export function callReplay(endpoint: u32, cursor: u64, payloadSource: u32, payloadAddress: usize, payloadLength: u32): i32 {
  store<u32>(messageOut, 917506);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u64>(messageOut, cursor, 16);
  store<u32>(messageOut, payloadSource, 64); store<u32>(messageOut, <u32>payloadAddress, 68); store<u32>(messageOut, payloadLength, 72); store<u32>(messageOut, 2, 76);
  return kernel.call(endpoint);
}
/** Reply of replay: getters for the caller, setters for the server. */
export namespace ReplayReply {
  export function cursor(): u64 { return load<u64>(messageOut, 16); }
  export function setCursor(value: u64): void { store<u64>(messageIn, value, 16); }
  export function sequence(): u64 { return load<u64>(messageOut, 24); }
  export function setSequence(value: u64): void { store<u64>(messageIn, value, 24); }
  export function lengthBytes(): u32 { return load<u32>(messageOut, 32); }
  export function setLengthBytes(value: u32): void { store<u32>(messageIn, value, 32); }
  export function found(): u32 { return load<u32>(messageOut, 36); }
  export function setFound(value: u32): void { store<u32>(messageIn, value, 36); }
}

/** Counts since mount, a BlockStatistics. 0 or −Status. */
export function callStatistics(endpoint: u32, statisticsSource: u32, statisticsAddress: usize, statisticsLength: u32): i32 {
  store<u32>(messageOut, 983042);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, statisticsSource, 64); store<u32>(messageOut, <u32>statisticsAddress, 68); store<u32>(messageOut, statisticsLength, 72); store<u32>(messageOut, 2, 76);
  return kernel.call(endpoint);
}

/** Allocation bits (1: in use) from block `first`, rounded down to a multiple of 8. 0 or −Status. */
export function callReadAllocation(endpoint: u32, first: u64, bitsSource: u32, bitsAddress: usize, bitsLength: u32): i32 {
  store<u32>(messageOut, 1048578);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u64>(messageOut, first, 16);
  store<u32>(messageOut, bitsSource, 64); store<u32>(messageOut, <u32>bitsAddress, 68); store<u32>(messageOut, bitsLength, 72); store<u32>(messageOut, 2, 76);
  return kernel.call(endpoint);
}
/** Reply of readAllocation: getters for the caller, setters for the server. */
export namespace ReadAllocationReply {
  export function blockCount(): u64 { return load<u64>(messageOut, 16); }
  export function setBlockCount(value: u64): void { store<u64>(messageIn, value, 16); }
}

/** Check every structure that this service owns on the disk. 0 or −Status. */
export function callVerify(endpoint: u32): i32 {
  store<u32>(messageOut, 1114114);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}
/** Reply of verify: getters for the caller, setters for the server. */
export namespace VerifyReply {
  export function checkedBlocks(): u64 { return load<u64>(messageOut, 16); }
  export function setCheckedBlocks(value: u64): void { store<u64>(messageIn, value, 16); }
  export function damagedBlocks(): u64 { return load<u64>(messageOut, 24); }
  export function setDamagedBlocks(value: u64): void { store<u64>(messageIn, value, 24); }
  export function firstDamaged(): u64 { return load<u64>(messageOut, 32); }
  export function setFirstDamaged(value: u64): void { store<u64>(messageIn, value, 32); }
  export function ownedBlocks(): u64 { return load<u64>(messageOut, 40); }
  export function setOwnedBlocks(value: u64): void { store<u64>(messageIn, value, 40); }
  export function firstRole(): u32 { return load<u32>(messageOut, 48); }
  export function setFirstRole(value: u32): void { store<u32>(messageIn, value, 48); }
}

/** Drop the open transaction. 0 or −Status. */
export function callAbandon(endpoint: u32): i32 {
  store<u32>(messageOut, 1179650);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}

/** Make the image larger where it lies; blockCount 0 takes all of the device. Durable when it returns. Busy: a transaction is open, or something was committed since the newest checkpoint, which the new generation would release. 0 or −Status. */
export function callGrow(endpoint: u32, blockCount: u64): i32 {
  store<u32>(messageOut, 1245186);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  store<u64>(messageOut, blockCount, 16);
  return kernel.call(endpoint);
}
/** Reply of grow: getters for the caller, setters for the server. */
export namespace GrowReply {
  export function blockCount(): u64 { return load<u64>(messageOut, 16); }
  export function setBlockCount(value: u64): void { store<u64>(messageIn, value, 16); }
}

/** The first block that the service found damaged since it began to mount, and what it is for: why nothing is served (mountStatus Corrupted), or what it did without. Role none: nothing was found. 0 or −Status. */
export function callDamage(endpoint: u32): i32 {
  store<u32>(messageOut, 1310722);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}
/** Reply of damage: getters for the caller, setters for the server. */
export namespace DamageReply {
  export function address(): u64 { return load<u64>(messageOut, 16); }
  export function setAddress(value: u64): void { store<u64>(messageIn, value, 16); }
  export function role(): u32 { return load<u32>(messageOut, 24); }
  export function setRole(value: u32): void { store<u32>(messageIn, value, 24); }
  export function count(): u32 { return load<u32>(messageOut, 28); }
  export function setCount(value: u32): void { store<u32>(messageIn, value, 28); }
}

/** Write blocks in place in a transaction of its own: journaled, and surviving power loss when this returns. Busy: a transaction is open. NotDurable: done, on a device that cannot flush. 0 or −Status. */
export function callWriteDurable(endpoint: u32, address: u64, dataSource: u32, dataAddress: usize, dataLength: u32): i32 {
  store<u32>(messageOut, 1376258);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u64>(messageOut, address, 16);
  store<u32>(messageOut, dataSource, 64); store<u32>(messageOut, <u32>dataAddress, 68); store<u32>(messageOut, dataLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}

/** What a service of this interface extends; an operation it does not override answers Unsupported. */
export abstract class Server {
  /** Size and state of the image. */
  describe(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** Make an empty image of the device; blockCount 0 takes all of it. Durable when it returns. */
  format(badge: u32, rights: u32, blockCount: u64, flags: u32): u32 { return Status.Unsupported; }
  /** A contiguous run of up to `count` free blocks, near `hint` (0: behind the last one), in the open transaction; the end of the image comes last; `flags` are AllocateFlag. Busy: not before a checkpoint. */
  allocate(badge: u32, rights: u32, hint: u64, count: u32, flags: u32): u32 { return Status.Unsupported; }
  /** Give blocks back; they are reusable when nothing recoverable reaches them. Busy: not before a checkpoint. */
  free(badge: u32, rights: u32, address: u64, count: u32): u32 { return Status.Unsupported; }
  /** Read whole blocks into the buffer. */
  read(badge: u32, rights: u32, address: u64, buffer: u32, bufferLength: u32): u32 { return Status.Unsupported; }
  /** Write a run of fresh blocks and bind its extents to the open transaction. The first run of up to 64 KiB goes to the device with the commit, which then answers DeviceError if it cannot be written. */
  writeExtents(badge: u32, rights: u32, address: u64, count: u32, data: u32, dataLength: u32, descriptors: u32, descriptorsLength: u32): u32 { return Status.Unsupported; }
  /** Write blocks in place through the journal: redo images in the open transaction. */
  write(badge: u32, rights: u32, address: u64, data: u32, dataLength: u32): u32 { return Status.Unsupported; }
  /** Append a piece of the caller's payload to the open transaction. */
  attach(badge: u32, rights: u32, payload: u32, payloadLength: u32): u32 { return Status.Unsupported; }
  /** Close the open transaction with a last piece of payload; it is durable after the next sync. DeviceError: data that was kept back for it cannot be written, and the transaction is still open, to be abandoned or tried again; or the log cannot, and nothing is acknowledged any more. */
  commit(badge: u32, rights: u32, payload: u32, payloadLength: u32): u32 { return Status.Unsupported; }
  /** Everything committed before this survives power loss when this returns. */
  sync(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** The caller's root for the next checkpoint: up to 1024 bytes, handed back by getRoot. */
  setRoot(badge: u32, rights: u32, root: u32, rootLength: u32): u32 { return Status.Unsupported; }
  /** The caller's root of the newest checkpoint. */
  getRoot(badge: u32, rights: u32, root: u32, rootLength: u32): u32 { return Status.Unsupported; }
  /** Make roots and allocation state durable and release the log before them. */
  checkpoint(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** The caller's payload pieces committed after the newest checkpoint, flushed or not, in order; cursor 0 starts, count 0 ends. */
  replay(badge: u32, rights: u32, cursor: u64, payload: u32, payloadLength: u32): u32 { return Status.Unsupported; }
  /** Counts since mount, a BlockStatistics. */
  statistics(badge: u32, rights: u32, statistics: u32, statisticsLength: u32): u32 { return Status.Unsupported; }
  /** Allocation bits (1: in use) from block `first`, rounded down to a multiple of 8. */
  readAllocation(badge: u32, rights: u32, first: u64, bits: u32, bitsLength: u32): u32 { return Status.Unsupported; }
  /** Check every structure that this service owns on the disk. */
  verify(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** Drop the open transaction. */
  abandon(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** Make the image larger where it lies; blockCount 0 takes all of the device. Durable when it returns. Busy: a transaction is open, or something was committed since the newest checkpoint, which the new generation would release. */
  grow(badge: u32, rights: u32, blockCount: u64): u32 { return Status.Unsupported; }
  /** The first block that the service found damaged since it began to mount, and what it is for: why nothing is served (mountStatus Corrupted), or what it did without. Role none: nothing was found. */
  damage(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** Write blocks in place in a transaction of its own: journaled, and surviving power loss when this returns. Busy: a transaction is open. NotDurable: done, on a device that cannot flush. */
  writeDurable(badge: u32, rights: u32, address: u64, data: u32, dataLength: u32): u32 { return Status.Unsupported; }

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
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.format(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 24));
      case 3:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.allocate(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 24), load<u32>(messageIn, 28));
      case 4:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.free(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 24));
      case 5:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.read(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 6:
        if (counts != 2 || !(load<u32>(messageIn, 76) & 1) || !(load<u32>(messageIn, 92) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.writeExtents(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 24), load<u32>(messageIn, 64), load<u32>(messageIn, 72), load<u32>(messageIn, 80), load<u32>(messageIn, 88));
      case 7:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.write(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 8:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.attach(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 9:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.commit(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 10:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.sync(badge, rights);
      case 11:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.setRoot(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 12:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.getRoot(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 13:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.checkpoint(badge, rights);
      case 14:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.replay(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 15:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.statistics(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 16:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.readAllocation(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 17:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.verify(badge, rights);
      case 18:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.abandon(badge, rights);
      case 19:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.grow(badge, rights, load<u64>(messageIn, 16));
      case 20:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.damage(badge, rights);
      case 21:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.writeDurable(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      default: return Status.Unsupported;
    }
  }
}

// Generated from kernel-bindings/schema/filesystem.ts by `npm run generate`. Directories, files and their metadata; a directory capability reaches what is below it and nothing else.
import * as kernel from "../../assembly/kernel";
import { messageIn, messageOut } from "../../assembly/message";
import { Status } from "./status";

export const INTERFACE: u16 = 5;

/** Rights of a directory or file capability. */
export namespace Right {
  export const read: u32 = 1;
  export const write: u32 = 2;
  export const administer: u32 = 4;
}

/** Kind of an inode. */
export namespace FileKind {
  export const file: u32 = 1;
  export const directory: u32 = 2;
  export const symlink: u32 = 3;
}

/** How to open. */
export namespace OpenFlag {
  export const read: u32 = 1;
  export const write: u32 = 2;
  export const create: u32 = 4;
  export const exclusive: u32 = 8;
  export const truncate: u32 = 16;
  export const directory: u32 = 32;
}

/** How to write. */
export namespace WriteFlag {
  export const append: u32 = 1;
}

/** What to remove. */
export namespace RemoveFlag {
  export const directory: u32 = 1;
}

/** How to rename. */
export namespace RenameFlag {
  export const noReplace: u32 = 1;
}

/** Which attributes to set. */
export namespace AttributeMask {
  export const mode: u32 = 1;
  export const owner: u32 = 2;
  export const group: u32 = 4;
  export const modified: u32 = 8;
}

/** What stat shows. `content` is the BLAKE3 hash of a file's bytes or a symlink's target; for a directory `size` counts its entries. */
export namespace Attributes {
  export const SIZE: u32 = 128;
  export function inode(p: usize): u64 { return load<u64>(p); }
  export function setInode(p: usize, value: u64): void { store<u64>(p, value); }
  export function kind(p: usize): u32 { return load<u32>(p, 8); }
  export function setKind(p: usize, value: u32): void { store<u32>(p, value, 8); }
  export function mode(p: usize): u32 { return load<u32>(p, 12); }
  export function setMode(p: usize, value: u32): void { store<u32>(p, value, 12); }
  export function owner(p: usize): u32 { return load<u32>(p, 16); }
  export function setOwner(p: usize, value: u32): void { store<u32>(p, value, 16); }
  export function group(p: usize): u32 { return load<u32>(p, 20); }
  export function setGroup(p: usize, value: u32): void { store<u32>(p, value, 20); }
  export function links(p: usize): u32 { return load<u32>(p, 24); }
  export function setLinks(p: usize, value: u32): void { store<u32>(p, value, 24); }
  export function flags(p: usize): u32 { return load<u32>(p, 28); }
  export function setFlags(p: usize, value: u32): void { store<u32>(p, value, 28); }
  export function size(p: usize): u64 { return load<u64>(p, 32); }
  export function setSize(p: usize, value: u64): void { store<u64>(p, value, 32); }
  export function modifiedNanoseconds(p: usize): u64 { return load<u64>(p, 40); }
  export function setModifiedNanoseconds(p: usize, value: u64): void { store<u64>(p, value, 40); }
  export function changedNanoseconds(p: usize): u64 { return load<u64>(p, 48); }
  export function setChangedNanoseconds(p: usize, value: u64): void { store<u64>(p, value, 48); }
  export function createdNanoseconds(p: usize): u64 { return load<u64>(p, 56); }
  export function setCreatedNanoseconds(p: usize, value: u64): void { store<u64>(p, value, 56); }
  export function content(p: usize): usize { return p + 64; }
  export function setContent(p: usize, value: usize): void { memory.copy(p + 64, value, 32); }
  export function parent(p: usize): u64 { return load<u64>(p, 96); }
  export function setParent(p: usize, value: u64): void { store<u64>(p, value, 96); }
  export function blocks(p: usize): u64 { return load<u64>(p, 104); }
  export function setBlocks(p: usize, value: u64): void { store<u64>(p, value, 104); }
}

/** Head of an entry of a listing: the record's length with name and padding to 8, the name's length, the Attributes; then the name. */
export namespace DirectoryRecord {
  export const SIZE: u32 = 136;
  export function recordBytes(p: usize): u32 { return load<u32>(p); }
  export function setRecordBytes(p: usize, value: u32): void { store<u32>(p, value); }
  export function nameBytes(p: usize): u32 { return load<u32>(p, 4); }
  export function setNameBytes(p: usize, value: u32): void { store<u32>(p, value, 4); }
}

/** Head of an entry of a snapshot list; then the name. */
export namespace SnapshotRecord {
  export const SIZE: u32 = 56;
  export function recordBytes(p: usize): u32 { return load<u32>(p); }
  export function setRecordBytes(p: usize, value: u32): void { store<u32>(p, value); }
  export function nameBytes(p: usize): u32 { return load<u32>(p, 4); }
  export function setNameBytes(p: usize, value: u32): void { store<u32>(p, value, 4); }
  export function height(p: usize): u64 { return load<u64>(p, 8); }
  export function setHeight(p: usize, value: u64): void { store<u64>(p, value, 8); }
  export function timeNanoseconds(p: usize): u64 { return load<u64>(p, 16); }
  export function setTimeNanoseconds(p: usize, value: u64): void { store<u64>(p, value, 16); }
  export function tree(p: usize): usize { return p + 24; }
  export function setTree(p: usize, value: usize): void { memory.copy(p + 24, value, 32); }
}

/** What df shows. */
export namespace FilesystemStatistics {
  export const SIZE: u32 = 128;
  export function blockCount(p: usize): u64 { return load<u64>(p); }
  export function setBlockCount(p: usize, value: u64): void { store<u64>(p, value); }
  export function freeBlocks(p: usize): u64 { return load<u64>(p, 8); }
  export function setFreeBlocks(p: usize, value: u64): void { store<u64>(p, value, 8); }
  export function reservedBlocks(p: usize): u64 { return load<u64>(p, 16); }
  export function setReservedBlocks(p: usize, value: u64): void { store<u64>(p, value, 16); }
  export function files(p: usize): u64 { return load<u64>(p, 24); }
  export function setFiles(p: usize, value: u64): void { store<u64>(p, value, 24); }
  export function directories(p: usize): u64 { return load<u64>(p, 32); }
  export function setDirectories(p: usize, value: u64): void { store<u64>(p, value, 32); }
  export function logicalBytes(p: usize): u64 { return load<u64>(p, 40); }
  export function setLogicalBytes(p: usize, value: u64): void { store<u64>(p, value, 40); }
  export function height(p: usize): u64 { return load<u64>(p, 48); }
  export function setHeight(p: usize, value: u64): void { store<u64>(p, value, 48); }
  export function snapshots(p: usize): u64 { return load<u64>(p, 56); }
  export function setSnapshots(p: usize, value: u64): void { store<u64>(p, value, 56); }
  export function storedBytes(p: usize): u64 { return load<u64>(p, 64); }
  export function setStoredBytes(p: usize, value: u64): void { store<u64>(p, value, 64); }
  export function objects(p: usize): u64 { return load<u64>(p, 72); }
  export function setObjects(p: usize, value: u64): void { store<u64>(p, value, 72); }
  export function duplicateObjects(p: usize): u64 { return load<u64>(p, 80); }
  export function setDuplicateObjects(p: usize, value: u64): void { store<u64>(p, value, 80); }
  export function flags(p: usize): u32 { return load<u32>(p, 88); }
  export function setFlags(p: usize, value: u32): void { store<u32>(p, value, 88); }
  export function blockBytes(p: usize): u32 { return load<u32>(p, 92); }
  export function setBlockBytes(p: usize, value: u32): void { store<u32>(p, value, 92); }
}

/** What check found: `problems` is the sum; a line of text for each is in the report lease. */
export namespace CheckReport {
  export const SIZE: u32 = 128;
  export function problems(p: usize): u64 { return load<u64>(p); }
  export function setProblems(p: usize, value: u64): void { store<u64>(p, value); }
  export function files(p: usize): u64 { return load<u64>(p, 8); }
  export function setFiles(p: usize, value: u64): void { store<u64>(p, value, 8); }
  export function directories(p: usize): u64 { return load<u64>(p, 16); }
  export function setDirectories(p: usize, value: u64): void { store<u64>(p, value, 16); }
  export function entries(p: usize): u64 { return load<u64>(p, 24); }
  export function setEntries(p: usize, value: u64): void { store<u64>(p, value, 24); }
  export function extents(p: usize): u64 { return load<u64>(p, 32); }
  export function setExtents(p: usize, value: u64): void { store<u64>(p, value, 32); }
  export function checkedBlocks(p: usize): u64 { return load<u64>(p, 40); }
  export function setCheckedBlocks(p: usize, value: u64): void { store<u64>(p, value, 40); }
  export function leakedBlocks(p: usize): u64 { return load<u64>(p, 48); }
  export function setLeakedBlocks(p: usize, value: u64): void { store<u64>(p, value, 48); }
  export function reportBytes(p: usize): u32 { return load<u32>(p, 56); }
  export function setReportBytes(p: usize, value: u32): void { store<u32>(p, value, 56); }
  export function reserved(p: usize): u32 { return load<u32>(p, 60); }
  export function setReserved(p: usize, value: u32): void { store<u32>(p, value, 60); }
}

/** Make an empty file system. 0 or −Status. */
export function callFormat(endpoint: u32, blockCount: u64, flags: u32): i32 {
  store<u32>(messageOut, 65541);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  store<u64>(messageOut, blockCount, 16);
  store<u32>(messageOut, flags, 24);
  return kernel.call(endpoint);
}

/** Mounted state: a Status, the height and the state root. 0 or −Status. */
export function callDescribe(endpoint: u32): i32 {
  store<u32>(messageOut, 131077);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}
/** Reply of describe: getters for the caller, setters for the server. */
export namespace DescribeReply {
  export function stateRoot(): usize { return messageOut + 16; }
  export function setStateRoot(value: usize): void { memory.copy(messageIn + 16, value, 32); }
  export function height(): u64 { return load<u64>(messageOut, 48); }
  export function setHeight(value: u64): void { store<u64>(messageIn, value, 48); }
  export function mountStatus(): u32 { return load<u32>(messageOut, 56); }
  export function setMountStatus(value: u32): void { store<u32>(messageIn, value, 56); }
  export function flags(): u32 { return load<u32>(messageOut, 60); }
  export function setFlags(value: u32): void { store<u32>(messageIn, value, 60); }
}

/** Attributes of a path; symlinks are not followed at its end. 0 or −Status. */
export function callLookup(endpoint: u32, pathSource: u32, pathAddress: usize, pathLength: u32, attributesSource: u32, attributesAddress: usize, attributesLength: u32): i32 {
  store<u32>(messageOut, 196613);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 2, 12);
  store<u32>(messageOut, pathSource, 64); store<u32>(messageOut, <u32>pathAddress, 68); store<u32>(messageOut, pathLength, 72); store<u32>(messageOut, 1, 76);
  store<u32>(messageOut, attributesSource, 80); store<u32>(messageOut, <u32>attributesAddress, 84); store<u32>(messageOut, attributesLength, 88); store<u32>(messageOut, 2, 92);
  return kernel.call(endpoint);
}

/** A capability for a file or directory, made first if asked. 0 or −Status. */
export function callOpen(endpoint: u32, flags: u32, mode: u32, owner: u32, group: u32, pathSource: u32, pathAddress: usize, pathLength: u32, attributesSource: u32, attributesAddress: usize, attributesLength: u32): i32 {
  store<u32>(messageOut, 262149);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 2, 12);
  store<u32>(messageOut, flags, 16);
  store<u32>(messageOut, mode, 20);
  store<u32>(messageOut, owner, 24);
  store<u32>(messageOut, group, 28);
  store<u32>(messageOut, pathSource, 64); store<u32>(messageOut, <u32>pathAddress, 68); store<u32>(messageOut, pathLength, 72); store<u32>(messageOut, 1, 76);
  store<u32>(messageOut, attributesSource, 80); store<u32>(messageOut, <u32>attributesAddress, 84); store<u32>(messageOut, attributesLength, 88); store<u32>(messageOut, 2, 92);
  return kernel.call(endpoint);
}
/** Reply of open: getters for the caller, setters for the server. */
export namespace OpenReply {
  export function node(): u32 { return load<u8>(messageOut, 13) > 0 ? load<u32>(messageOut, 128) : 0; }
  export function setNode(value: u32): void { store<u32>(messageIn, value, 128); store<u8>(messageIn, 1, 13); }
}

/** Verified bytes of an open file. 0 or −Status. */
export function callRead(endpoint: u32, offsetBytes: u64, bufferSource: u32, bufferAddress: usize, bufferLength: u32): i32 {
  store<u32>(messageOut, 327685);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u64>(messageOut, offsetBytes, 16);
  store<u32>(messageOut, bufferSource, 64); store<u32>(messageOut, <u32>bufferAddress, 68); store<u32>(messageOut, bufferLength, 72); store<u32>(messageOut, 2, 76);
  return kernel.call(endpoint);
}
/** Reply of read: getters for the caller, setters for the server. */
export namespace ReadReply {
  export function lengthBytes(): u32 { return load<u32>(messageOut, 16); }
  export function setLengthBytes(value: u32): void { store<u32>(messageIn, value, 16); }
}

/** Bytes into an open file. 0 or −Status. */
export function callWrite(endpoint: u32, offsetBytes: u64, flags: u32, dataSource: u32, dataAddress: usize, dataLength: u32): i32 {
  store<u32>(messageOut, 393221);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u64>(messageOut, offsetBytes, 16);
  store<u32>(messageOut, flags, 24);
  store<u32>(messageOut, dataSource, 64); store<u32>(messageOut, <u32>dataAddress, 68); store<u32>(messageOut, dataLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}
/** Reply of write: getters for the caller, setters for the server. */
export namespace WriteReply {
  export function size(): u64 { return load<u64>(messageOut, 16); }
  export function setSize(value: u64): void { store<u64>(messageIn, value, 16); }
  export function lengthBytes(): u32 { return load<u32>(messageOut, 24); }
  export function setLengthBytes(value: u32): void { store<u32>(messageIn, value, 24); }
}

/** Cut or extend an open file. 0 or −Status. */
export function callTruncate(endpoint: u32, size: u64): i32 {
  store<u32>(messageOut, 458757);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  store<u64>(messageOut, size, 16);
  return kernel.call(endpoint);
}

/** DirectoryRecords of an open directory, in name order, after the given name (empty: from the start). 0 or −Status. */
export function callList(endpoint: u32, afterSource: u32, afterAddress: usize, afterLength: u32, bufferSource: u32, bufferAddress: usize, bufferLength: u32): i32 {
  store<u32>(messageOut, 524293);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 2, 12);
  store<u32>(messageOut, afterSource, 64); store<u32>(messageOut, <u32>afterAddress, 68); store<u32>(messageOut, afterLength, 72); store<u32>(messageOut, 1, 76);
  store<u32>(messageOut, bufferSource, 80); store<u32>(messageOut, <u32>bufferAddress, 84); store<u32>(messageOut, bufferLength, 88); store<u32>(messageOut, 2, 92);
  return kernel.call(endpoint);
}
/** Reply of list: getters for the caller, setters for the server. */
export namespace ListReply {
  export function count(): u32 { return load<u32>(messageOut, 16); }
  export function setCount(value: u32): void { store<u32>(messageIn, value, 16); }
  export function lengthBytes(): u32 { return load<u32>(messageOut, 20); }
  export function setLengthBytes(value: u32): void { store<u32>(messageIn, value, 20); }
  export function more(): u32 { return load<u32>(messageOut, 24); }
  export function setMore(value: u32): void { store<u32>(messageIn, value, 24); }
}

/** Make a directory. 0 or −Status. */
export function callMakeDirectory(endpoint: u32, mode: u32, owner: u32, group: u32, pathSource: u32, pathAddress: usize, pathLength: u32): i32 {
  store<u32>(messageOut, 589829);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, mode, 16);
  store<u32>(messageOut, owner, 20);
  store<u32>(messageOut, group, 24);
  store<u32>(messageOut, pathSource, 64); store<u32>(messageOut, <u32>pathAddress, 68); store<u32>(messageOut, pathLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}

/** Remove a file, or an empty directory. 0 or −Status. */
export function callRemove(endpoint: u32, flags: u32, pathSource: u32, pathAddress: usize, pathLength: u32): i32 {
  store<u32>(messageOut, 655365);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, flags, 16);
  store<u32>(messageOut, pathSource, 64); store<u32>(messageOut, <u32>pathAddress, 68); store<u32>(messageOut, pathLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}

/** Rename, replacing what is there, atomically. 0 or −Status. */
export function callRename(endpoint: u32, flags: u32, fromSource: u32, fromAddress: usize, fromLength: u32, toSource: u32, toAddress: usize, toLength: u32): i32 {
  store<u32>(messageOut, 720901);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 2, 12);
  store<u32>(messageOut, flags, 16);
  store<u32>(messageOut, fromSource, 64); store<u32>(messageOut, <u32>fromAddress, 68); store<u32>(messageOut, fromLength, 72); store<u32>(messageOut, 1, 76);
  store<u32>(messageOut, toSource, 80); store<u32>(messageOut, <u32>toAddress, 84); store<u32>(messageOut, toLength, 88); store<u32>(messageOut, 1, 92);
  return kernel.call(endpoint);
}

/** Make a symbolic link. 0 or −Status. */
export function callSymlink(endpoint: u32, owner: u32, group: u32, targetSource: u32, targetAddress: usize, targetLength: u32, pathSource: u32, pathAddress: usize, pathLength: u32): i32 {
  store<u32>(messageOut, 786437);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 2, 12);
  store<u32>(messageOut, owner, 16);
  store<u32>(messageOut, group, 20);
  store<u32>(messageOut, targetSource, 64); store<u32>(messageOut, <u32>targetAddress, 68); store<u32>(messageOut, targetLength, 72); store<u32>(messageOut, 1, 76);
  store<u32>(messageOut, pathSource, 80); store<u32>(messageOut, <u32>pathAddress, 84); store<u32>(messageOut, pathLength, 88); store<u32>(messageOut, 1, 92);
  return kernel.call(endpoint);
}

/** The target of a symbolic link. 0 or −Status. */
export function callReadLink(endpoint: u32, pathSource: u32, pathAddress: usize, pathLength: u32, bufferSource: u32, bufferAddress: usize, bufferLength: u32): i32 {
  store<u32>(messageOut, 851973);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 2, 12);
  store<u32>(messageOut, pathSource, 64); store<u32>(messageOut, <u32>pathAddress, 68); store<u32>(messageOut, pathLength, 72); store<u32>(messageOut, 1, 76);
  store<u32>(messageOut, bufferSource, 80); store<u32>(messageOut, <u32>bufferAddress, 84); store<u32>(messageOut, bufferLength, 88); store<u32>(messageOut, 2, 92);
  return kernel.call(endpoint);
}
/** Reply of readLink: getters for the caller, setters for the server. */
export namespace ReadLinkReply {
  export function lengthBytes(): u32 { return load<u32>(messageOut, 16); }
  export function setLengthBytes(value: u32): void { store<u32>(messageIn, value, 16); }
}

/** Change mode, owner, group or modification time. 0 or −Status. */
export function callSetAttributes(endpoint: u32, modifiedNanoseconds: u64, mask: u32, mode: u32, owner: u32, group: u32, pathSource: u32, pathAddress: usize, pathLength: u32): i32 {
  store<u32>(messageOut, 917509);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u64>(messageOut, modifiedNanoseconds, 16);
  store<u32>(messageOut, mask, 24);
  store<u32>(messageOut, mode, 28);
  store<u32>(messageOut, owner, 32);
  store<u32>(messageOut, group, 36);
  store<u32>(messageOut, pathSource, 64); store<u32>(messageOut, <u32>pathAddress, 68); store<u32>(messageOut, pathLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}

/** A second name for a file. 0 or −Status. */
export function callLink(endpoint: u32, fromSource: u32, fromAddress: usize, fromLength: u32, toSource: u32, toAddress: usize, toLength: u32): i32 {
  store<u32>(messageOut, 983045);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 2, 12);
  store<u32>(messageOut, fromSource, 64); store<u32>(messageOut, <u32>fromAddress, 68); store<u32>(messageOut, fromLength, 72); store<u32>(messageOut, 1, 76);
  store<u32>(messageOut, toSource, 80); store<u32>(messageOut, <u32>toAddress, 84); store<u32>(messageOut, toLength, 88); store<u32>(messageOut, 1, 92);
  return kernel.call(endpoint);
}

/** Everything done before this survives power loss when this returns. 0 or −Status. */
export function callSync(endpoint: u32): i32 {
  store<u32>(messageOut, 1048581);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}
/** Reply of sync: getters for the caller, setters for the server. */
export namespace SyncReply {
  export function height(): u64 { return load<u64>(messageOut, 16); }
  export function setHeight(value: u64): void { store<u64>(messageIn, value, 16); }
}

/** A FilesystemStatistics. 0 or −Status. */
export function callStatistics(endpoint: u32, statisticsSource: u32, statisticsAddress: usize, statisticsLength: u32): i32 {
  store<u32>(messageOut, 1114117);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, statisticsSource, 64); store<u32>(messageOut, <u32>statisticsAddress, 68); store<u32>(messageOut, statisticsLength, 72); store<u32>(messageOut, 2, 76);
  return kernel.call(endpoint);
}

/** Name the present state. 0 or −Status. */
export function callSnapshotCreate(endpoint: u32, nameSource: u32, nameAddress: usize, nameLength: u32): i32 {
  store<u32>(messageOut, 1179653);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, nameSource, 64); store<u32>(messageOut, <u32>nameAddress, 68); store<u32>(messageOut, nameLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}
/** Reply of snapshotCreate: getters for the caller, setters for the server. */
export namespace SnapshotCreateReply {
  export function height(): u64 { return load<u64>(messageOut, 16); }
  export function setHeight(value: u64): void { store<u64>(messageIn, value, 16); }
}

/** Forget a snapshot; what only it held becomes free. 0 or −Status. */
export function callSnapshotDelete(endpoint: u32, nameSource: u32, nameAddress: usize, nameLength: u32): i32 {
  store<u32>(messageOut, 1245189);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 1, 12);
  store<u32>(messageOut, nameSource, 64); store<u32>(messageOut, <u32>nameAddress, 68); store<u32>(messageOut, nameLength, 72); store<u32>(messageOut, 1, 76);
  return kernel.call(endpoint);
}
/** Reply of snapshotDelete: getters for the caller, setters for the server. */
export namespace SnapshotDeleteReply {
  export function freedBlocks(): u64 { return load<u64>(messageOut, 16); }
  export function setFreedBlocks(value: u64): void { store<u64>(messageIn, value, 16); }
}

/** Make the tree what the snapshot holds; the tree it replaces is first kept as a snapshot, whose name is returned. 0 or −Status. */
export function callRollback(endpoint: u32, nameSource: u32, nameAddress: usize, nameLength: u32, savedSource: u32, savedAddress: usize, savedLength: u32): i32 {
  store<u32>(messageOut, 1310725);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 2, 12);
  store<u32>(messageOut, nameSource, 64); store<u32>(messageOut, <u32>nameAddress, 68); store<u32>(messageOut, nameLength, 72); store<u32>(messageOut, 1, 76);
  store<u32>(messageOut, savedSource, 80); store<u32>(messageOut, <u32>savedAddress, 84); store<u32>(messageOut, savedLength, 88); store<u32>(messageOut, 2, 92);
  return kernel.call(endpoint);
}
/** Reply of rollback: getters for the caller, setters for the server. */
export namespace RollbackReply {
  export function height(): u64 { return load<u64>(messageOut, 16); }
  export function setHeight(value: u64): void { store<u64>(messageIn, value, 16); }
  export function savedBytes(): u32 { return load<u32>(messageOut, 24); }
  export function setSavedBytes(value: u32): void { store<u32>(messageIn, value, 24); }
}

/** SnapshotRecords in name order, after the given name. 0 or −Status. */
export function callSnapshotList(endpoint: u32, afterSource: u32, afterAddress: usize, afterLength: u32, bufferSource: u32, bufferAddress: usize, bufferLength: u32): i32 {
  store<u32>(messageOut, 1376261);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 2, 12);
  store<u32>(messageOut, afterSource, 64); store<u32>(messageOut, <u32>afterAddress, 68); store<u32>(messageOut, afterLength, 72); store<u32>(messageOut, 1, 76);
  store<u32>(messageOut, bufferSource, 80); store<u32>(messageOut, <u32>bufferAddress, 84); store<u32>(messageOut, bufferLength, 88); store<u32>(messageOut, 2, 92);
  return kernel.call(endpoint);
}
/** Reply of snapshotList: getters for the caller, setters for the server. */
export namespace SnapshotListReply {
  export function count(): u32 { return load<u32>(messageOut, 16); }
  export function setCount(value: u32): void { store<u32>(messageIn, value, 16); }
  export function lengthBytes(): u32 { return load<u32>(messageOut, 20); }
  export function setLengthBytes(value: u32): void { store<u32>(messageIn, value, 20); }
  export function more(): u32 { return load<u32>(messageOut, 24); }
  export function setMore(value: u32): void { store<u32>(messageIn, value, 24); }
}

/** Root of the live tree, its nodes readable in the content store. 0 or −Status. */
export function callTreeRoot(endpoint: u32): i32 {
  store<u32>(messageOut, 1441797);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}
/** Reply of treeRoot: getters for the caller, setters for the server. */
export namespace TreeRootReply {
  export function tree(): usize { return messageOut + 16; }
  export function setTree(value: usize): void { memory.copy(messageIn + 16, value, 32); }
}

/** Free what no tree and no open file reaches. 0 or −Status. */
export function callCollect(endpoint: u32): i32 {
  store<u32>(messageOut, 1507333);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}
/** Reply of collect: getters for the caller, setters for the server. */
export namespace CollectReply {
  export function freedBlocks(): u64 { return load<u64>(messageOut, 16); }
  export function setFreedBlocks(value: u64): void { store<u64>(messageIn, value, 16); }
  export function freedObjects(): u64 { return load<u64>(messageOut, 24); }
  export function setFreedObjects(value: u64): void { store<u64>(messageIn, value, 24); }
}

/** Verify everything: tree, contents, log, allocation. A CheckReport and lines of text. 0 or −Status. */
export function callCheck(endpoint: u32, summarySource: u32, summaryAddress: usize, summaryLength: u32, reportSource: u32, reportAddress: usize, reportLength: u32): i32 {
  store<u32>(messageOut, 1572869);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 2, 12);
  store<u32>(messageOut, summarySource, 64); store<u32>(messageOut, <u32>summaryAddress, 68); store<u32>(messageOut, summaryLength, 72); store<u32>(messageOut, 2, 76);
  store<u32>(messageOut, reportSource, 80); store<u32>(messageOut, <u32>reportAddress, 84); store<u32>(messageOut, reportLength, 88); store<u32>(messageOut, 2, 92);
  return kernel.call(endpoint);
}

/** Write the state out, so that mount need not replay. 0 or −Status. */
export function callCheckpoint(endpoint: u32): i32 {
  store<u32>(messageOut, 1638405);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 0, 12);
  return kernel.call(endpoint);
}

/** An extended attribute. 0 or −Status. */
export function callGetExtendedAttribute(endpoint: u32, pathSource: u32, pathAddress: usize, pathLength: u32, nameSource: u32, nameAddress: usize, nameLength: u32, valueSource: u32, valueAddress: usize, valueLength: u32): i32 {
  store<u32>(messageOut, 1703941);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 3, 12);
  store<u32>(messageOut, pathSource, 64); store<u32>(messageOut, <u32>pathAddress, 68); store<u32>(messageOut, pathLength, 72); store<u32>(messageOut, 1, 76);
  store<u32>(messageOut, nameSource, 80); store<u32>(messageOut, <u32>nameAddress, 84); store<u32>(messageOut, nameLength, 88); store<u32>(messageOut, 1, 92);
  store<u32>(messageOut, valueSource, 96); store<u32>(messageOut, <u32>valueAddress, 100); store<u32>(messageOut, valueLength, 104); store<u32>(messageOut, 2, 108);
  return kernel.call(endpoint);
}
/** Reply of getExtendedAttribute: getters for the caller, setters for the server. */
export namespace GetExtendedAttributeReply {
  export function lengthBytes(): u32 { return load<u32>(messageOut, 16); }
  export function setLengthBytes(value: u32): void { store<u32>(messageIn, value, 16); }
}

/** Set an extended attribute. 0 or −Status. */
export function callSetExtendedAttribute(endpoint: u32, pathSource: u32, pathAddress: usize, pathLength: u32, nameSource: u32, nameAddress: usize, nameLength: u32, valueSource: u32, valueAddress: usize, valueLength: u32): i32 {
  store<u32>(messageOut, 1769477);
  store<u64>(messageOut, 0, 4);
  store<u32>(messageOut, 3, 12);
  store<u32>(messageOut, pathSource, 64); store<u32>(messageOut, <u32>pathAddress, 68); store<u32>(messageOut, pathLength, 72); store<u32>(messageOut, 1, 76);
  store<u32>(messageOut, nameSource, 80); store<u32>(messageOut, <u32>nameAddress, 84); store<u32>(messageOut, nameLength, 88); store<u32>(messageOut, 1, 92);
  store<u32>(messageOut, valueSource, 96); store<u32>(messageOut, <u32>valueAddress, 100); store<u32>(messageOut, valueLength, 104); store<u32>(messageOut, 1, 108);
  return kernel.call(endpoint);
}

/** What a service of this interface extends; an operation it does not override answers Unsupported. */
export abstract class Server {
  /** Make an empty file system. */
  format(badge: u32, rights: u32, blockCount: u64, flags: u32): u32 { return Status.Unsupported; }
  /** Mounted state: a Status, the height and the state root. */
  describe(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** Attributes of a path; symlinks are not followed at its end. */
  lookup(badge: u32, rights: u32, path: u32, pathLength: u32, attributes: u32, attributesLength: u32): u32 { return Status.Unsupported; }
  /** A capability for a file or directory, made first if asked. */
  open(badge: u32, rights: u32, flags: u32, mode: u32, owner: u32, group: u32, path: u32, pathLength: u32, attributes: u32, attributesLength: u32): u32 { return Status.Unsupported; }
  /** Verified bytes of an open file. */
  read(badge: u32, rights: u32, offsetBytes: u64, buffer: u32, bufferLength: u32): u32 { return Status.Unsupported; }
  /** Bytes into an open file. */
  write(badge: u32, rights: u32, offsetBytes: u64, flags: u32, data: u32, dataLength: u32): u32 { return Status.Unsupported; }
  /** Cut or extend an open file. */
  truncate(badge: u32, rights: u32, size: u64): u32 { return Status.Unsupported; }
  /** DirectoryRecords of an open directory, in name order, after the given name (empty: from the start). */
  list(badge: u32, rights: u32, after: u32, afterLength: u32, buffer: u32, bufferLength: u32): u32 { return Status.Unsupported; }
  /** Make a directory. */
  makeDirectory(badge: u32, rights: u32, mode: u32, owner: u32, group: u32, path: u32, pathLength: u32): u32 { return Status.Unsupported; }
  /** Remove a file, or an empty directory. */
  remove(badge: u32, rights: u32, flags: u32, path: u32, pathLength: u32): u32 { return Status.Unsupported; }
  /** Rename, replacing what is there, atomically. */
  rename(badge: u32, rights: u32, flags: u32, from: u32, fromLength: u32, to: u32, toLength: u32): u32 { return Status.Unsupported; }
  /** Make a symbolic link. */
  symlink(badge: u32, rights: u32, owner: u32, group: u32, target: u32, targetLength: u32, path: u32, pathLength: u32): u32 { return Status.Unsupported; }
  /** The target of a symbolic link. */
  readLink(badge: u32, rights: u32, path: u32, pathLength: u32, buffer: u32, bufferLength: u32): u32 { return Status.Unsupported; }
  /** Change mode, owner, group or modification time. */
  setAttributes(badge: u32, rights: u32, modifiedNanoseconds: u64, mask: u32, mode: u32, owner: u32, group: u32, path: u32, pathLength: u32): u32 { return Status.Unsupported; }
  /** A second name for a file. */
  link(badge: u32, rights: u32, from: u32, fromLength: u32, to: u32, toLength: u32): u32 { return Status.Unsupported; }
  /** Everything done before this survives power loss when this returns. */
  sync(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** A FilesystemStatistics. */
  statistics(badge: u32, rights: u32, statistics: u32, statisticsLength: u32): u32 { return Status.Unsupported; }
  /** Name the present state. */
  snapshotCreate(badge: u32, rights: u32, name: u32, nameLength: u32): u32 { return Status.Unsupported; }
  /** Forget a snapshot; what only it held becomes free. */
  snapshotDelete(badge: u32, rights: u32, name: u32, nameLength: u32): u32 { return Status.Unsupported; }
  /** Make the tree what the snapshot holds; the tree it replaces is first kept as a snapshot, whose name is returned. */
  rollback(badge: u32, rights: u32, name: u32, nameLength: u32, saved: u32, savedLength: u32): u32 { return Status.Unsupported; }
  /** SnapshotRecords in name order, after the given name. */
  snapshotList(badge: u32, rights: u32, after: u32, afterLength: u32, buffer: u32, bufferLength: u32): u32 { return Status.Unsupported; }
  /** Root of the live tree, its nodes readable in the content store. */
  treeRoot(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** Free what no tree and no open file reaches. */
  collect(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** Verify everything: tree, contents, log, allocation. A CheckReport and lines of text. */
  check(badge: u32, rights: u32, summary: u32, summaryLength: u32, report: u32, reportLength: u32): u32 { return Status.Unsupported; }
  /** Write the state out, so that mount need not replay. */
  checkpoint(badge: u32, rights: u32): u32 { return Status.Unsupported; }
  /** An extended attribute. */
  getExtendedAttribute(badge: u32, rights: u32, path: u32, pathLength: u32, name: u32, nameLength: u32, value: u32, valueLength: u32): u32 { return Status.Unsupported; }
  /** Set an extended attribute. */
  setExtendedAttribute(badge: u32, rights: u32, path: u32, pathLength: u32, name: u32, nameLength: u32, value: u32, valueLength: u32): u32 { return Status.Unsupported; }

  /** Decode `messageIn`, refuse what is not of the interface's shape, and run the operation. */
  dispatch(badge: u32, rights: u32): u32 {
    if (load<u16>(messageIn) != INTERFACE) return Status.ProtocolBreach;
    const counts = load<u16>(messageIn, 12);
    switch (load<u16>(messageIn, 2)) {
      case 1:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.format(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 24));
      case 2:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.describe(badge, rights);
      case 3:
        if (counts != 2 || !(load<u32>(messageIn, 76) & 1) || !(load<u32>(messageIn, 92) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.lookup(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72), load<u32>(messageIn, 80), load<u32>(messageIn, 88));
      case 4:
        if (counts != 2 || !(load<u32>(messageIn, 76) & 1) || !(load<u32>(messageIn, 92) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.open(badge, rights, load<u32>(messageIn, 16), load<u32>(messageIn, 20), load<u32>(messageIn, 24), load<u32>(messageIn, 28), load<u32>(messageIn, 64), load<u32>(messageIn, 72), load<u32>(messageIn, 80), load<u32>(messageIn, 88));
      case 5:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.read(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 6:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.write(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 24), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 7:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.truncate(badge, rights, load<u64>(messageIn, 16));
      case 8:
        if (counts != 2 || !(load<u32>(messageIn, 76) & 1) || !(load<u32>(messageIn, 92) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.list(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72), load<u32>(messageIn, 80), load<u32>(messageIn, 88));
      case 9:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.makeDirectory(badge, rights, load<u32>(messageIn, 16), load<u32>(messageIn, 20), load<u32>(messageIn, 24), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 10:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.remove(badge, rights, load<u32>(messageIn, 16), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 11:
        if (counts != 2 || !(load<u32>(messageIn, 76) & 1) || !(load<u32>(messageIn, 92) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.rename(badge, rights, load<u32>(messageIn, 16), load<u32>(messageIn, 64), load<u32>(messageIn, 72), load<u32>(messageIn, 80), load<u32>(messageIn, 88));
      case 12:
        if (counts != 2 || !(load<u32>(messageIn, 76) & 1) || !(load<u32>(messageIn, 92) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.symlink(badge, rights, load<u32>(messageIn, 16), load<u32>(messageIn, 20), load<u32>(messageIn, 64), load<u32>(messageIn, 72), load<u32>(messageIn, 80), load<u32>(messageIn, 88));
      case 13:
        if (counts != 2 || !(load<u32>(messageIn, 76) & 1) || !(load<u32>(messageIn, 92) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.readLink(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72), load<u32>(messageIn, 80), load<u32>(messageIn, 88));
      case 14:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.setAttributes(badge, rights, load<u64>(messageIn, 16), load<u32>(messageIn, 24), load<u32>(messageIn, 28), load<u32>(messageIn, 32), load<u32>(messageIn, 36), load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 15:
        if (counts != 2 || !(load<u32>(messageIn, 76) & 1) || !(load<u32>(messageIn, 92) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.link(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72), load<u32>(messageIn, 80), load<u32>(messageIn, 88));
      case 16:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.sync(badge, rights);
      case 17:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.statistics(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 18:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.snapshotCreate(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 19:
        if (counts != 1 || !(load<u32>(messageIn, 76) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.snapshotDelete(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72));
      case 20:
        if (counts != 2 || !(load<u32>(messageIn, 76) & 1) || !(load<u32>(messageIn, 92) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.rollback(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72), load<u32>(messageIn, 80), load<u32>(messageIn, 88));
      case 21:
        if (counts != 2 || !(load<u32>(messageIn, 76) & 1) || !(load<u32>(messageIn, 92) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.snapshotList(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72), load<u32>(messageIn, 80), load<u32>(messageIn, 88));
      case 22:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.treeRoot(badge, rights);
      case 23:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.collect(badge, rights);
      case 24:
        if (counts != 2 || !(load<u32>(messageIn, 76) & 2) || !(load<u32>(messageIn, 92) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.check(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72), load<u32>(messageIn, 80), load<u32>(messageIn, 88));
      case 25:
        if (counts != 0) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.checkpoint(badge, rights);
      case 26:
        if (counts != 3 || !(load<u32>(messageIn, 76) & 1) || !(load<u32>(messageIn, 92) & 1) || !(load<u32>(messageIn, 108) & 2)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.getExtendedAttribute(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72), load<u32>(messageIn, 80), load<u32>(messageIn, 88), load<u32>(messageIn, 96), load<u32>(messageIn, 104));
      case 27:
        if (counts != 3 || !(load<u32>(messageIn, 76) & 1) || !(load<u32>(messageIn, 92) & 1) || !(load<u32>(messageIn, 108) & 1)) return Status.ProtocolBreach;
        store<u32>(messageIn, 0, 12);
        return this.setExtendedAttribute(badge, rights, load<u32>(messageIn, 64), load<u32>(messageIn, 72), load<u32>(messageIn, 80), load<u32>(messageIn, 88), load<u32>(messageIn, 96), load<u32>(messageIn, 104));
      default: return Status.Unsupported;
    }
  }
}

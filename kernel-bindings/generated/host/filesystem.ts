// Generated from kernel-bindings/schema/filesystem.ts by `npm run generate`. Directories, files and their metadata; a directory capability reaches what is below it and nothing else.
import { type ClientPort, copyHash, type Lease, StatusError, writeLease } from "../../host/client-port.ts";

export const INTERFACE = 5;
/** Rights of a directory or file capability. */
export const Right = { read: 1, write: 2, administer: 4 } as const;
/** Kind of an inode. */
export const FileKind = { file: 1, directory: 2, symlink: 3 } as const;
/** How to open. */
export const OpenFlag = { read: 1, write: 2, create: 4, exclusive: 8, truncate: 16, directory: 32 } as const;
/** How to write. */
export const WriteFlag = { append: 1 } as const;
/** What to remove. */
export const RemoveFlag = { directory: 1 } as const;
/** How to rename. */
export const RenameFlag = { noReplace: 1 } as const;
/** Which attributes to set. */
export const AttributeMask = { mode: 1, owner: 2, group: 4, modified: 8 } as const;

/** What stat shows. `content` is the BLAKE3 hash of a file's bytes or a symlink's target; for a directory `size` counts its entries. */
export interface Attributes { inode: bigint; kind: number; mode: number; owner: number; group: number; links: number; flags: number; size: bigint; modifiedNanoseconds: bigint; changedNanoseconds: bigint; createdNanoseconds: bigint; content: Uint8Array; parent: bigint; blocks: bigint }
export const attributesBytes = 128;
export function readAttributes(view: DataView, offset: number): Attributes {
  return { inode: view.getBigUint64(offset + 0, true), kind: view.getUint32(offset + 8, true), mode: view.getUint32(offset + 12, true), owner: view.getUint32(offset + 16, true), group: view.getUint32(offset + 20, true), links: view.getUint32(offset + 24, true), flags: view.getUint32(offset + 28, true), size: view.getBigUint64(offset + 32, true), modifiedNanoseconds: view.getBigUint64(offset + 40, true), changedNanoseconds: view.getBigUint64(offset + 48, true), createdNanoseconds: view.getBigUint64(offset + 56, true), content: copyHash(view, offset + 64), parent: view.getBigUint64(offset + 96, true), blocks: view.getBigUint64(offset + 104, true) };
}

/** Head of an entry of a listing: the record's length with name and padding to 8, the name's length, the Attributes; then the name. */
export interface DirectoryRecord { recordBytes: number; nameBytes: number }
export const directoryRecordBytes = 136;
export function readDirectoryRecord(view: DataView, offset: number): DirectoryRecord {
  return { recordBytes: view.getUint32(offset + 0, true), nameBytes: view.getUint32(offset + 4, true) };
}

/** Head of an entry of a snapshot list; then the name. */
export interface SnapshotRecord { recordBytes: number; nameBytes: number; height: bigint; timeNanoseconds: bigint; tree: Uint8Array }
export const snapshotRecordBytes = 56;
export function readSnapshotRecord(view: DataView, offset: number): SnapshotRecord {
  return { recordBytes: view.getUint32(offset + 0, true), nameBytes: view.getUint32(offset + 4, true), height: view.getBigUint64(offset + 8, true), timeNanoseconds: view.getBigUint64(offset + 16, true), tree: copyHash(view, offset + 24) };
}

/** What df shows. */
export interface FilesystemStatistics { blockCount: bigint; freeBlocks: bigint; reservedBlocks: bigint; files: bigint; directories: bigint; logicalBytes: bigint; height: bigint; snapshots: bigint; storedBytes: bigint; objects: bigint; duplicateObjects: bigint; flags: number; blockBytes: number }
export const filesystemStatisticsBytes = 128;
export function readFilesystemStatistics(view: DataView, offset: number): FilesystemStatistics {
  return { blockCount: view.getBigUint64(offset + 0, true), freeBlocks: view.getBigUint64(offset + 8, true), reservedBlocks: view.getBigUint64(offset + 16, true), files: view.getBigUint64(offset + 24, true), directories: view.getBigUint64(offset + 32, true), logicalBytes: view.getBigUint64(offset + 40, true), height: view.getBigUint64(offset + 48, true), snapshots: view.getBigUint64(offset + 56, true), storedBytes: view.getBigUint64(offset + 64, true), objects: view.getBigUint64(offset + 72, true), duplicateObjects: view.getBigUint64(offset + 80, true), flags: view.getUint32(offset + 88, true), blockBytes: view.getUint32(offset + 92, true) };
}

/** What check found: `problems` is the sum; a line of text for each is in the report lease. */
export interface CheckReport { problems: bigint; files: bigint; directories: bigint; entries: bigint; extents: bigint; checkedBlocks: bigint; leakedBlocks: bigint; reportBytes: number; reserved: number }
export const checkReportBytes = 128;
export function readCheckReport(view: DataView, offset: number): CheckReport {
  return { problems: view.getBigUint64(offset + 0, true), files: view.getBigUint64(offset + 8, true), directories: view.getBigUint64(offset + 16, true), entries: view.getBigUint64(offset + 24, true), extents: view.getBigUint64(offset + 32, true), checkedBlocks: view.getBigUint64(offset + 40, true), leakedBlocks: view.getBigUint64(offset + 48, true), reportBytes: view.getUint32(offset + 56, true), reserved: view.getUint32(offset + 60, true) };
}

export class FilesystemClient {
  constructor(readonly client: ClientPort, readonly endpoint: number) {}
  /** Make an empty file system. */
  format(request: { blockCount: bigint; flags: number }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 65541, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    view.setBigUint64(16, request.blockCount, true);
    view.setUint32(24, request.flags, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.format");
  }
  /** Mounted state: a Status, the height and the state root. */
  describe(): { stateRoot: Uint8Array; height: bigint; mountStatus: number; flags: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 131077, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.describe");
    return { stateRoot: copyHash(view, 16), height: view.getBigUint64(48, true), mountStatus: view.getUint32(56, true), flags: view.getUint32(60, true) };
  }
  /** Attributes of a path; symlinks are not followed at its end. */
  lookup(request: { path: Lease; attributes: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 196613, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 2, true);
    writeLease(view, 64, request.path, 1);
    writeLease(view, 80, request.attributes, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.lookup");
  }
  /** A capability for a file or directory, made first if asked. */
  open(request: { flags: number; mode: number; owner: number; group: number; path: Lease; attributes: Lease }): { node: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 262149, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 2, true);
    view.setUint32(16, request.flags, true);
    view.setUint32(20, request.mode, true);
    view.setUint32(24, request.owner, true);
    view.setUint32(28, request.group, true);
    writeLease(view, 64, request.path, 1);
    writeLease(view, 80, request.attributes, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.open");
    return { node: view.getUint8(13) > 0 ? view.getUint32(128, true) : 0 };
  }
  /** Verified bytes of an open file. */
  read(request: { offsetBytes: bigint; buffer: Lease }): { lengthBytes: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 327685, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setBigUint64(16, request.offsetBytes, true);
    writeLease(view, 64, request.buffer, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.read");
    return { lengthBytes: view.getUint32(16, true) };
  }
  /** Bytes into an open file. */
  write(request: { offsetBytes: bigint; flags: number; data: Lease }): { size: bigint; lengthBytes: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 393221, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setBigUint64(16, request.offsetBytes, true);
    view.setUint32(24, request.flags, true);
    writeLease(view, 64, request.data, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.write");
    return { size: view.getBigUint64(16, true), lengthBytes: view.getUint32(24, true) };
  }
  /** Cut or extend an open file. */
  truncate(request: { size: bigint }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 458757, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    view.setBigUint64(16, request.size, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.truncate");
  }
  /** DirectoryRecords of an open directory, in name order, after the given name (empty: from the start). */
  list(request: { after: Lease; buffer: Lease }): { count: number; lengthBytes: number; more: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 524293, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 2, true);
    writeLease(view, 64, request.after, 1);
    writeLease(view, 80, request.buffer, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.list");
    return { count: view.getUint32(16, true), lengthBytes: view.getUint32(20, true), more: view.getUint32(24, true) };
  }
  /** Make a directory. */
  makeDirectory(request: { mode: number; owner: number; group: number; path: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 589829, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setUint32(16, request.mode, true);
    view.setUint32(20, request.owner, true);
    view.setUint32(24, request.group, true);
    writeLease(view, 64, request.path, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.makeDirectory");
  }
  /** Remove a file, or an empty directory. */
  remove(request: { flags: number; path: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 655365, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setUint32(16, request.flags, true);
    writeLease(view, 64, request.path, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.remove");
  }
  /** Rename, replacing what is there, atomically. */
  rename(request: { flags: number; from: Lease; to: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 720901, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 2, true);
    view.setUint32(16, request.flags, true);
    writeLease(view, 64, request.from, 1);
    writeLease(view, 80, request.to, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.rename");
  }
  /** Make a symbolic link. */
  symlink(request: { owner: number; group: number; target: Lease; path: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 786437, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 2, true);
    view.setUint32(16, request.owner, true);
    view.setUint32(20, request.group, true);
    writeLease(view, 64, request.target, 1);
    writeLease(view, 80, request.path, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.symlink");
  }
  /** The target of a symbolic link. */
  readLink(request: { path: Lease; buffer: Lease }): { lengthBytes: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 851973, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 2, true);
    writeLease(view, 64, request.path, 1);
    writeLease(view, 80, request.buffer, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.readLink");
    return { lengthBytes: view.getUint32(16, true) };
  }
  /** Change mode, owner, group or modification time. */
  setAttributes(request: { modifiedNanoseconds: bigint; mask: number; mode: number; owner: number; group: number; path: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 917509, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    view.setBigUint64(16, request.modifiedNanoseconds, true);
    view.setUint32(24, request.mask, true);
    view.setUint32(28, request.mode, true);
    view.setUint32(32, request.owner, true);
    view.setUint32(36, request.group, true);
    writeLease(view, 64, request.path, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.setAttributes");
  }
  /** A second name for a file. */
  link(request: { from: Lease; to: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 983045, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 2, true);
    writeLease(view, 64, request.from, 1);
    writeLease(view, 80, request.to, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.link");
  }
  /** Everything done before this survives power loss when this returns. */
  sync(): { height: bigint } {
    const view = this.client.messageOut;
    view.setUint32(0, 1048581, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.sync");
    return { height: view.getBigUint64(16, true) };
  }
  /** A FilesystemStatistics. */
  statistics(request: { statistics: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 1114117, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    writeLease(view, 64, request.statistics, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.statistics");
  }
  /** Name the present state. */
  snapshotCreate(request: { name: Lease }): { height: bigint } {
    const view = this.client.messageOut;
    view.setUint32(0, 1179653, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    writeLease(view, 64, request.name, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.snapshotCreate");
    return { height: view.getBigUint64(16, true) };
  }
  /** Forget a snapshot; what only it held becomes free. */
  snapshotDelete(request: { name: Lease }): { freedBlocks: bigint } {
    const view = this.client.messageOut;
    view.setUint32(0, 1245189, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 1, true);
    writeLease(view, 64, request.name, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.snapshotDelete");
    return { freedBlocks: view.getBigUint64(16, true) };
  }
  /** Make the tree what the snapshot holds; the tree it replaces is first kept as a snapshot, whose name is returned. */
  rollback(request: { name: Lease; saved: Lease }): { height: bigint; savedBytes: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 1310725, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 2, true);
    writeLease(view, 64, request.name, 1);
    writeLease(view, 80, request.saved, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.rollback");
    return { height: view.getBigUint64(16, true), savedBytes: view.getUint32(24, true) };
  }
  /** SnapshotRecords in name order, after the given name. */
  snapshotList(request: { after: Lease; buffer: Lease }): { count: number; lengthBytes: number; more: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 1376261, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 2, true);
    writeLease(view, 64, request.after, 1);
    writeLease(view, 80, request.buffer, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.snapshotList");
    return { count: view.getUint32(16, true), lengthBytes: view.getUint32(20, true), more: view.getUint32(24, true) };
  }
  /** Root of the live tree, its nodes readable in the content store. */
  treeRoot(): { tree: Uint8Array } {
    const view = this.client.messageOut;
    view.setUint32(0, 1441797, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.treeRoot");
    return { tree: copyHash(view, 16) };
  }
  /** Free what no tree and no open file reaches. */
  collect(): { freedBlocks: bigint; freedObjects: bigint } {
    const view = this.client.messageOut;
    view.setUint32(0, 1507333, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.collect");
    return { freedBlocks: view.getBigUint64(16, true), freedObjects: view.getBigUint64(24, true) };
  }
  /** Verify everything: tree, contents, log, allocation. A CheckReport and lines of text. */
  check(request: { summary: Lease; report: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 1572869, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 2, true);
    writeLease(view, 64, request.summary, 2);
    writeLease(view, 80, request.report, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.check");
  }
  /** Write the state out, so that mount need not replay. */
  checkpoint(): void {
    const view = this.client.messageOut;
    view.setUint32(0, 1638405, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 0, true);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.checkpoint");
  }
  /** An extended attribute. */
  getExtendedAttribute(request: { path: Lease; name: Lease; value: Lease }): { lengthBytes: number } {
    const view = this.client.messageOut;
    view.setUint32(0, 1703941, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 3, true);
    writeLease(view, 64, request.path, 1);
    writeLease(view, 80, request.name, 1);
    writeLease(view, 96, request.value, 2);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.getExtendedAttribute");
    return { lengthBytes: view.getUint32(16, true) };
  }
  /** Set an extended attribute. */
  setExtendedAttribute(request: { path: Lease; name: Lease; value: Lease }): void {
    const view = this.client.messageOut;
    view.setUint32(0, 1769477, true); view.setUint32(4, 0, true); view.setUint32(8, 0, true); view.setUint32(12, 3, true);
    writeLease(view, 64, request.path, 1);
    writeLease(view, 80, request.name, 1);
    writeLease(view, 96, request.value, 1);
    const status = -this.client.call(this.endpoint);
    if (status !== 0) throw new StatusError(status, "filesystem.setExtendedAttribute");
  }
}

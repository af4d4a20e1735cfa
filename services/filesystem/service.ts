// The filesystem as a service: requests of interface 5 to operations of the core. Here rights are checked, badges become inodes, and results become replies; nothing else.
//
// Safety: `summary` holds the largest structure that is sent; reply fields are set after the operation, when nothing of the request is needed any more.
import {
  CheckReport, CollectReply, DescribeReply, FilesystemStatistics, ListReply, OpenReply, ReadLinkReply, ReadReply, Right, RollbackReply, Server, SnapshotCreateReply, SnapshotDeleteReply, SnapshotListReply,
  SyncReply, TreeRootReply, WriteReply,
} from "../../kernel-bindings/generated/assembly/filesystem";
import { StoreStatistics } from "../../kernel-bindings/generated/assembly/content-store";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { AttributesWriter } from "./attributes";
import { Checker } from "./checker";
import { Core } from "./core";
import { FileOperations } from "./file-operations";
import { Mounter } from "./mount";
import { NameOperations } from "./name-operations";
import { SnapshotOperations } from "./snapshot-operations";
import { HASH_BYTES } from "./tree-format";

const SUMMARY_BYTES: u32 = 128;
const BLOCK_BYTES: u32 = 4096;

export class FilesystemService extends Server {
  private names: NameOperations;
  private files: FileOperations;
  private snapshots: SnapshotOperations;
  private mounter: Mounter;
  private checker: Checker;
  private summary: usize = heap.alloc(SUMMARY_BYTES);
  private hash: usize = heap.alloc(HASH_BYTES);

  constructor(readonly core: Core) {
    super();
    const names = new NameOperations(core);
    this.names = names;
    this.files = new FileOperations(core, names, new AttributesWriter(core));
    this.snapshots = new SnapshotOperations(core);
    this.mounter = new Mounter(core);
    this.checker = new Checker(core);
  }

  /** Mount. An image that cannot be mounted is no reason not to start: operations answer why. */
  start(): u32 {
    this.mounter.mount();
    return Status.Ok;
  }

  /** One request. A mount that failed because something below did not answer is tried again: it may answer now. */
  receive(badge: u32, rights: u32): u32 {
    this.files.dropMinted();
    const status = this.core.mountStatus;
    if (status == Status.DeviceGone || status == Status.Cancelled) this.mounter.mount();
    return this.dispatch(badge, rights);
  }

  notified(bits: u32): void { if (this.core.mountStatus == Status.Ok) this.core.committer.tick(); }
  closed(badge: u32): void { this.files.closed(badge); }

  /**
   * Nobody wants the processor: one step of the checkpoint that is wanted; 1 if there is more. When memory and disk may differ there is no way on but a start from the log: this domain ends, the kernel starts it
   * anew, and each client is told by its next call (docs/supervision.md §4). Until then everything that changes has answered Lost.
   */
  background(): u32 {
    const hasMore = this.core.rest();
    assert(!this.core.journal.isLost || !this.core.committer.hasSynced, "changes were lost: starting anew from the log");
    return hasMore ? 1 : 0;
  }

  format(badge: u32, rights: u32, blockCount: u64, flags: u32): u32 {
    return (rights & Right.administer) == 0 ? <u32>Status.Denied : this.mounter.format(blockCount, flags);
  }

  describe(badge: u32, rights: u32): u32 {
    const core = this.core;
    if ((rights & Right.read) == 0) return Status.Denied;
    const isMounted = core.mountStatus == Status.Ok;
    if (isMounted) memory.copy(this.hash, core.state.root(), HASH_BYTES);
    else memory.fill(this.hash, 0, HASH_BYTES);
    DescribeReply.setStateRoot(this.hash);
    DescribeReply.setHeight(isMounted ? core.journal.baseHeight : 0);
    DescribeReply.setMountStatus(core.mountStatus == Status.Ok && core.journal.isLost ? Status.Lost : core.mountStatus);
    DescribeReply.setFlags(core.committer.hasChanges ? 1 : 0);
    return Status.Ok;
  }

  lookup(badge: u32, rights: u32, path: u32, pathLength: u32, attributes: u32, attributesLength: u32): u32 {
    const status = this.admit(badge, rights, Right.read);
    return status == Status.Ok ? this.files.lookup(this.inode, this.file, path, pathLength, attributes, attributesLength) : status;
  }

  open(badge: u32, rights: u32, flags: u32, mode: u32, owner: u32, group: u32, path: u32, pathLength: u32, attributes: u32, attributesLength: u32): u32 {
    let status = this.admit(badge, rights, 0);
    if (status == Status.Ok) status = this.files.open(this.inode, this.file, rights, flags, mode, owner, group, path, pathLength, attributes, attributesLength);
    if (status == Status.Ok) OpenReply.setNode(this.files.node);
    return status;
  }

  read(badge: u32, rights: u32, offsetBytes: u64, buffer: u32, bufferLength: u32): u32 {
    let status = this.admit(badge, rights, Right.read);
    if (status != Status.Ok) return status;
    if (this.file == 0) return Status.IsDirectory;
    status = this.core.files.read(this.file, offsetBytes, buffer, bufferLength);
    ReadReply.setLengthBytes(this.core.files.lengthBytes);
    return status;
  }

  write(badge: u32, rights: u32, offsetBytes: u64, flags: u32, data: u32, dataLength: u32): u32 {
    let status = this.admit(badge, rights, Right.write);
    if (status == Status.Ok) status = this.files.write(this.file, offsetBytes, flags, data, dataLength);
    if (status != Status.Ok) return status;
    WriteReply.setSize(this.core.files.size);
    WriteReply.setLengthBytes(this.core.files.lengthBytes);
    return Status.Ok;
  }

  truncate(badge: u32, rights: u32, size: u64): u32 {
    const status = this.admit(badge, rights, Right.write);
    return status == Status.Ok ? this.files.truncate(this.file, size) : status;
  }

  list(badge: u32, rights: u32, after: u32, afterLength: u32, buffer: u32, bufferLength: u32): u32 {
    let status = this.admit(badge, rights, Right.read);
    if (status == Status.Ok) status = this.file != 0 ? <u32>Status.NotDirectory : this.files.list(this.inode, after, afterLength, buffer, bufferLength);
    if (status != Status.Ok) return status;
    ListReply.setCount(this.files.count);
    ListReply.setLengthBytes(this.files.lengthBytes);
    ListReply.setMore(this.files.more);
    return Status.Ok;
  }

  makeDirectory(badge: u32, rights: u32, mode: u32, owner: u32, group: u32, path: u32, pathLength: u32): u32 {
    const status = this.admit(badge, rights, Right.write);
    return status == Status.Ok ? this.names.makeDirectory(this.inode, mode, owner, group, path, pathLength) : status;
  }

  remove(badge: u32, rights: u32, flags: u32, path: u32, pathLength: u32): u32 {
    const status = this.admit(badge, rights, Right.write);
    return status == Status.Ok ? this.names.remove(this.inode, flags, path, pathLength) : status;
  }

  rename(badge: u32, rights: u32, flags: u32, from: u32, fromLength: u32, to: u32, toLength: u32): u32 {
    const status = this.admit(badge, rights, Right.write);
    return status == Status.Ok ? this.names.rename(this.inode, flags, from, fromLength, to, toLength) : status;
  }

  symlink(badge: u32, rights: u32, owner: u32, group: u32, target: u32, targetLength: u32, path: u32, pathLength: u32): u32 {
    const status = this.admit(badge, rights, Right.write);
    return status == Status.Ok ? this.names.symlink(this.inode, owner, group, target, targetLength, path, pathLength) : status;
  }

  readLink(badge: u32, rights: u32, path: u32, pathLength: u32, buffer: u32, bufferLength: u32): u32 {
    let status = this.admit(badge, rights, Right.read);
    if (status == Status.Ok) status = this.names.readLink(this.inode, path, pathLength, buffer, bufferLength);
    if (status == Status.Ok) ReadLinkReply.setLengthBytes(this.names.lengthBytes);
    return status;
  }

  setAttributes(badge: u32, rights: u32, modifiedNanoseconds: u64, mask: u32, mode: u32, owner: u32, group: u32, path: u32, pathLength: u32): u32 {
    const status = this.admit(badge, rights, Right.write);
    return status == Status.Ok ? this.names.setAttributes(this.inode, this.file, modifiedNanoseconds, mask, mode, owner, group, path, pathLength) : status;
  }

  sync(badge: u32, rights: u32): u32 {
    let status = this.admit(badge, rights, Right.write);
    if (status != Status.Ok) return status;
    status = this.core.committer.sync();
    if (this.core.mayRetry(status)) status = this.core.committer.sync();
    SyncReply.setHeight(this.core.journal.baseHeight);
    return status;
  }

  checkpoint(badge: u32, rights: u32): u32 {
    const status = this.admit(badge, rights, Right.administer);
    return status == Status.Ok ? this.core.committer.checkpoint() : status;
  }

  statistics(badge: u32, rights: u32, statistics: u32, statisticsLength: u32): u32 {
    const core = this.core;
    let status = this.admit(badge, rights, Right.read);
    if (status != Status.Ok) return status;
    if (statisticsLength < FilesystemStatistics.SIZE) return Status.InvalidArgument;
    status = core.space.refresh();
    if (status != Status.Ok) return status;
    const out = this.summary;
    memory.fill(out, 0, FilesystemStatistics.SIZE);
    FilesystemStatistics.setBlockCount(out, core.space.blockCount);
    FilesystemStatistics.setFreeBlocks(out, core.space.freeBlocks);
    FilesystemStatistics.setReservedBlocks(out, core.space.reservedBlocks);
    FilesystemStatistics.setFiles(out, core.state.files);
    FilesystemStatistics.setDirectories(out, core.state.directories);
    FilesystemStatistics.setLogicalBytes(out, core.state.logicalBytes);
    FilesystemStatistics.setHeight(out, core.journal.baseHeight);
    FilesystemStatistics.setSnapshots(out, core.state.snapshots.count);
    FilesystemStatistics.setStoredBytes(out, StoreStatistics.storedBytes(core.space.statistics));
    FilesystemStatistics.setObjects(out, StoreStatistics.objects(core.space.statistics));
    FilesystemStatistics.setDuplicateObjects(out, StoreStatistics.duplicateObjects(core.space.statistics));
    FilesystemStatistics.setFlags(out, core.blocks.flags);
    FilesystemStatistics.setBlockBytes(out, BLOCK_BYTES);
    return core.platform.writeLease(statistics, 0, out, FilesystemStatistics.SIZE);
  }

  snapshotCreate(badge: u32, rights: u32, name: u32, nameLength: u32): u32 {
    let status = this.admit(badge, rights, Right.administer);
    if (status == Status.Ok) status = this.snapshots.create(name, nameLength);
    if (status == Status.Ok) SnapshotCreateReply.setHeight(this.snapshots.height);
    return status;
  }

  snapshotDelete(badge: u32, rights: u32, name: u32, nameLength: u32): u32 {
    let status = this.admit(badge, rights, Right.administer);
    if (status == Status.Ok) status = this.snapshots.remove(name, nameLength);
    if (status == Status.Ok) SnapshotDeleteReply.setFreedBlocks(this.snapshots.freedBlocks);
    return status;
  }

  rollback(badge: u32, rights: u32, name: u32, nameLength: u32, saved: u32, savedLength: u32): u32 {
    let status = this.admit(badge, rights, Right.administer);
    if (status == Status.Ok) status = this.snapshots.rollback(name, nameLength, saved, savedLength);
    if (status != Status.Ok) return status;
    RollbackReply.setHeight(this.snapshots.height);
    RollbackReply.setSavedBytes(this.snapshots.savedBytes);
    return Status.Ok;
  }

  snapshotList(badge: u32, rights: u32, after: u32, afterLength: u32, buffer: u32, bufferLength: u32): u32 {
    let status = this.admit(badge, rights, Right.read);
    if (status == Status.Ok) status = this.snapshots.list(after, afterLength, buffer, bufferLength);
    if (status != Status.Ok) return status;
    SnapshotListReply.setCount(this.snapshots.count);
    SnapshotListReply.setLengthBytes(this.snapshots.lengthBytes);
    SnapshotListReply.setMore(this.snapshots.more);
    return Status.Ok;
  }

  treeRoot(badge: u32, rights: u32): u32 {
    let status = this.admit(badge, rights, Right.read);
    if (status == Status.Ok) status = this.snapshots.treeRoot(this.hash);
    if (status == Status.Ok) TreeRootReply.setTree(this.hash);
    return status;
  }

  collect(badge: u32, rights: u32): u32 {
    let status = this.admit(badge, rights, Right.administer);
    if (status == Status.Ok) status = this.core.journal.isLost ? <u32>Status.Lost : this.core.collector.collect();
    if (status != Status.Ok) return status;
    CollectReply.setFreedBlocks(this.core.collector.freedBlocks);
    CollectReply.setFreedObjects(this.core.collector.freedObjects);
    return Status.Ok;
  }

  check(badge: u32, rights: u32, summary: u32, summaryLength: u32, report: u32, reportLength: u32): u32 {
    let status = this.admit(badge, rights, Right.administer);
    if (status != Status.Ok) return status;
    if (summaryLength < CheckReport.SIZE) return Status.InvalidArgument;
    status = this.checker.run();
    if (status != Status.Ok) return status;
    const text = this.checker.report;
    text.lengthBytes = min(text.lengthBytes, reportLength);
    this.checker.fill(this.summary);
    status = this.core.platform.writeLease(summary, 0, this.summary, CheckReport.SIZE);
    return status == Status.Ok && text.lengthBytes > 0 ? this.core.platform.writeLease(report, 0, text.buffer, text.lengthBytes) : status;
  }

  /** Of admit: what the badge stands for. */
  private inode: u64 = 0;
  private file: u32 = 0;

  /** Whether this capability may do it; then `inode` and `file` say what it stands for. */
  private admit(badge: u32, rights: u32, needed: u32): u32 {
    this.inode = this.core.handles.inode(badge);
    this.file = this.core.handles.file(badge);
    if (this.inode == 0) return Status.InvalidHandle;
    return this.core.admit(rights, needed);
  }
}

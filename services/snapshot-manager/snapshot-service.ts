// The snapshot manager as a service: requests of interface 6. Names for states are kept by the filesystem, whose proposals they are: those requests are handed on with their leases. Comparing is done here.
//
// A comparison's result is kept until the next one. A cursor carries the number of its comparison, so that a client whose result was replaced by another's is told (Busy) and not given a mixture.
//
// Safety: names are copied to buffers of 256 bytes after their length was checked; replies of the filesystem are read before this service's own are set in the other buffer.
import * as filesystem from "../../kernel-bindings/generated/assembly/filesystem";
import { SnapshotManagerCapabilities } from "../../kernel-bindings/generated/assembly/capabilities";
import {
  ChangeRecord, CreateReply, DiffBeginReply, DiffNextReply, ListReply, RemoveReply, RollbackReply, Server,
} from "../../kernel-bindings/generated/assembly/snapshots";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { leaseRead, leaseWrite } from "../../kernel-bindings/assembly/kernel";
import { HASH_BYTES } from "../base/merkle-map";
import { NAME_BYTES_MAXIMUM } from "./inode-record";
import { Trees } from "./lower";
import { TreeDifference } from "./tree-difference";

const RIGHT_READ: u32 = 1;
const RIGHT_WRITE: u32 = 2;
/** A cursor: number of the comparison (1 … 255) above, index of the next change below. */
const CURSOR_SHIFT: u32 = 24;
const INDEX_MASK: u32 = (1 << CURSOR_SHIFT) - 1;

export class SnapshotService extends Server {
  private name: usize = heap.alloc(256);
  private fromRoot: usize = heap.alloc(HASH_BYTES);
  private toRoot: usize = heap.alloc(HASH_BYTES);
  private hasResult: bool = false;
  private comparison: u32 = 0;

  constructor(private trees: Trees, private difference: TreeDifference) {
    super();
    assert(difference.changes.capacityCount <= INDEX_MASK);
  }

  create(badge: u32, rights: u32, name: u32, nameLength: u32): u32 {
    if (!(rights & RIGHT_WRITE)) return Status.Denied;
    const status = filesystem.callSnapshotCreate(SnapshotManagerCapabilities.filesystem, name, 0, nameLength);
    CreateReply.setHeight(filesystem.SnapshotCreateReply.height());
    return -status;
  }

  list(badge: u32, rights: u32, after: u32, afterLength: u32, buffer: u32, bufferLength: u32): u32 {
    if (!(rights & RIGHT_READ)) return Status.Denied;
    const status = filesystem.callSnapshotList(SnapshotManagerCapabilities.filesystem, after, 0, afterLength, buffer, 0, bufferLength);
    ListReply.setCount(filesystem.SnapshotListReply.count());
    ListReply.setLengthBytes(filesystem.SnapshotListReply.lengthBytes());
    ListReply.setMore(filesystem.SnapshotListReply.more());
    return -status;
  }

  rollback(badge: u32, rights: u32, name: u32, nameLength: u32, saved: u32, savedLength: u32): u32 {
    if (!(rights & RIGHT_WRITE)) return Status.Denied;
    const status = filesystem.callRollback(SnapshotManagerCapabilities.filesystem, name, 0, nameLength, saved, 0, savedLength);
    RollbackReply.setHeight(filesystem.RollbackReply.height());
    RollbackReply.setSavedBytes(filesystem.RollbackReply.savedBytes());
    return -status;
  }

  remove(badge: u32, rights: u32, name: u32, nameLength: u32): u32 {
    if (!(rights & RIGHT_WRITE)) return Status.Denied;
    const status = filesystem.callSnapshotDelete(SnapshotManagerCapabilities.filesystem, name, 0, nameLength);
    RemoveReply.setFreedBlocks(filesystem.SnapshotDeleteReply.freedBlocks());
    return -status;
  }

  diffBegin(badge: u32, rights: u32, from: u32, fromLength: u32, to: u32, toLength: u32): u32 {
    if (!(rights & RIGHT_READ)) return Status.Denied;
    if (fromLength == 0) return Status.NotFound;
    let status = this.findRoot(from, fromLength, this.fromRoot);
    if (status == Status.Ok) status = this.findRoot(to, toLength, this.toRoot);
    if (status != Status.Ok) return status;
    this.hasResult = false;
    status = this.difference.run(this.fromRoot, this.toRoot);
    DiffBeginReply.setCount(this.difference.changes.count);
    DiffBeginReply.setNodesRead(this.difference.nodesRead);
    if (status != Status.Ok) return status;
    this.hasResult = true;
    this.comparison = this.comparison % 255 + 1;
    return Status.Ok;
  }

  diffNext(badge: u32, rights: u32, cursor: u32, buffer: u32, bufferLength: u32): u32 {
    if (!(rights & RIGHT_READ)) return Status.Denied;
    if (!this.hasResult || (cursor != 0 && cursor >> CURSOR_SHIFT != this.comparison)) return Status.Busy;
    const changes = this.difference.changes;
    let index = cursor & INDEX_MASK;
    if (index > changes.count) return Status.InvalidArgument;
    let count: u32 = 0;
    let written: u32 = 0;
    for (; index < changes.count; index++) {
      const record = changes.record(index);
      const recordBytes = ChangeRecord.recordBytes(record);
      if (recordBytes > bufferLength - written) break;
      const copied = leaseWrite(buffer, written, record, recordBytes);
      if (copied < 0) return -copied;
      written += recordBytes;
      count++;
    }
    if (count == 0 && index < changes.count) return Status.TooLarge;
    DiffNextReply.setCount(count);
    DiffNextReply.setLengthBytes(written);
    DiffNextReply.setCursor(this.comparison << CURSOR_SHIFT | index);
    DiffNextReply.setMore(index < changes.count ? 1 : 0);
    return Status.Ok;
  }

  /** The root of the snapshot named in a lease, or of the live tree if the name is empty. */
  private findRoot(lease: u32, nameLength: u32, out: usize): u32 {
    if (nameLength == 0) return this.trees.liveRoot(out);
    if (nameLength > NAME_BYTES_MAXIMUM) return Status.NameTooLong;
    const copied = leaseRead(lease, 0, this.name, nameLength);
    return copied < 0 ? -copied : this.trees.snapshotRoot(this.name, nameLength, out);
  }
}

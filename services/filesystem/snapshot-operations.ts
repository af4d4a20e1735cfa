// Snapshots for clients: create, delete, list, roll back, and the root of the live tree.
//
// A snapshot names a tree that others read from the content store, so its nodes are stored by the same commit. Rollback and snapshots commit what was pending first: their entry's height is then known.
//
// Safety: names are copied out of leases into buffers of the longest name before anything looks at them.
import { EntryType } from "../../kernel-bindings/generated/assembly/axiom";
import { SnapshotRecord } from "../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { MapCursor } from "../base/merkle-map";
import { Core } from "./core";
import { Rollback, SnapshotCreate } from "./proposal-format";
import { HASH_BYTES, NAME_BYTES_MAX, SnapshotValue, isValidName } from "./tree-format";

const LIST_BYTES: u32 = 32768;
const SNAPSHOT_COST_BYTES: u64 = 4096;
const PREFIX: usize = memory.data<u8>([0x62, 0x65, 0x66, 0x6f, 0x72, 0x65, 0x2d], 1); // "before-"
const PREFIX_BYTES: u32 = 7;
const DIGITS_MAX: u32 = 20;

export class SnapshotOperations {
  height: u64 = 0;
  freedBlocks: u64 = 0;
  savedBytes: u32 = 0;
  count: u32 = 0;
  lengthBytes: u32 = 0;
  more: u32 = 0;
  private name: usize = heap.alloc(NAME_BYTES_MAX + 2);
  private saved: usize = heap.alloc(NAME_BYTES_MAX + 64);
  private buffer: usize = heap.alloc(LIST_BYTES);
  private cursor: MapCursor = new MapCursor();

  constructor(private core: Core) {}

  create(name: u32, nameBytes: u32): u32 {
    let status = this.takeName(name, nameBytes);
    if (status == Status.Ok) status = this.settle(SNAPSHOT_COST_BYTES);
    if (status != Status.Ok) return status;
    const journal = this.core.journal;
    this.height = journal.nextHeight;
    const payload = journal.payload;
    store<u64>(payload, this.height);
    memory.copy(SnapshotCreate.name(payload), this.name, nameBytes);
    status = journal.propose(EntryType.snapshotCreate, SnapshotCreate.HEAD_BYTES + nameBytes);
    if (status != Status.Ok) return status;
    status = this.core.committer.checkpoint();
    // Without room for a checkpoint the snapshot is still committed, with the nodes that the commit before it stored.
    return status == Status.NoSpace ? this.core.committer.sync() : status;
  }

  /** Forget it, and collect: what only it held becomes free. */
  remove(name: u32, nameBytes: u32): u32 {
    this.freedBlocks = 0;
    let status = this.takeName(name, nameBytes);
    if (status == Status.Ok) status = this.core.beginRemoval();
    if (status != Status.Ok) return status;
    memory.copy(this.core.journal.payload, this.name, nameBytes);
    status = this.core.journal.propose(EntryType.snapshotDelete, nameBytes);
    if (status != Status.Ok) return status;
    this.core.journal.releaseCount++;
    status = this.core.collector.collect();
    this.freedBlocks = this.core.collector.freedBlocks;
    return status;
  }

  rollback(name: u32, nameBytes: u32, saved: u32, savedCapacity: u32): u32 {
    const core = this.core;
    let status = this.takeName(name, nameBytes);
    if (status == Status.Ok) status = core.state.getSnapshot(this.name, nameBytes);
    if (status == Status.Ok) status = this.settle(SNAPSHOT_COST_BYTES);
    if (status != Status.Ok) return status;
    // A file without a name has no place in the tree that comes; and open ones are read from that tree, not from what they wrote.
    if (core.files.files.unlinkedCount > 0) return Status.Busy;
    core.files.closeIdleWriters();
    this.height = core.journal.nextHeight;
    this.makeSavedName(nameBytes);
    if (this.savedBytes > savedCapacity) return Status.InvalidArgument;
    const payload = core.journal.payload;
    Rollback.set(payload, this.height, nameBytes);
    memory.copy(Rollback.name(payload), this.name, nameBytes);
    memory.copy(Rollback.saved(payload), this.saved, this.savedBytes);
    status = core.journal.propose(EntryType.rollback, Rollback.HEAD_BYTES + nameBytes + this.savedBytes);
    if (status == Status.Ok) status = core.committer.sync();
    return status == Status.Ok ? core.platform.writeLease(saved, 0, this.saved, this.savedBytes) : status;
  }

  list(after: u32, afterLength: u32, lease: u32, capacityBytes: u32): u32 {
    this.count = 0;
    this.lengthBytes = 0;
    this.more = 0;
    if (afterLength > NAME_BYTES_MAX) return Status.NameTooLong;
    let status = this.core.platform.readLease(after, 0, this.name, afterLength);
    if (status != Status.Ok) return status;
    // Names have no zero byte: this key is after the given name and before the next.
    store<u8>(this.name + afterLength, afterLength == 0 ? 1 : 0);
    status = this.cursor.seek(this.core.state.snapshots, this.name, afterLength + 1);
    const room = min(capacityBytes, LIST_BYTES);
    while (status == Status.Ok && this.cursor.isAtEntry) {
      const recordBytes = (SnapshotRecord.SIZE + this.cursor.keyBytes + 7) & ~7;
      if (recordBytes > room - this.lengthBytes) {
        this.more = 1;
        break;
      }
      if (this.cursor.valueBytes != SnapshotValue.BYTES) return Status.Corrupted;
      this.makeRecord(this.buffer + this.lengthBytes, recordBytes);
      this.lengthBytes += recordBytes;
      this.count++;
      status = this.cursor.next();
    }
    if (status == Status.Ok && this.count == 0 && this.more != 0) return Status.InvalidArgument;
    return status == Status.Ok && this.lengthBytes > 0 ? this.core.platform.writeLease(lease, 0, this.buffer, this.lengthBytes) : status;
  }

  /** The live tree's root to `out`, with its nodes in the store. Open files are saved first: what was written belongs to the tree, whether or not it was synced. */
  treeRoot(out: usize): u32 {
    let status = this.core.secure();
    if (status == Status.Ok) status = this.core.committer.storeNodes();
    if (status == Status.Ok) memory.copy(out, this.core.state.tree.root, HASH_BYTES);
    return status;
  }

  private makeRecord(at: usize, recordBytes: u32): void {
    const value = this.cursor.value;
    memory.fill(at + recordBytes - 8, 0, 8);
    SnapshotRecord.setRecordBytes(at, recordBytes);
    SnapshotRecord.setNameBytes(at, this.cursor.keyBytes);
    SnapshotRecord.setHeight(at, SnapshotValue.height(value));
    SnapshotRecord.setTimeNanoseconds(at, SnapshotValue.time(value));
    SnapshotRecord.setTree(at, SnapshotValue.tree(value));
    memory.copy(at + SnapshotRecord.SIZE, this.cursor.key, this.cursor.keyBytes);
  }

  private takeName(lease: u32, nameBytes: u32): u32 {
    if (nameBytes == 0 || nameBytes > NAME_BYTES_MAX) return Status.InvalidName;
    const status = this.core.platform.readLease(lease, 0, this.name, nameBytes);
    if (status != Status.Ok) return status;
    return isValidName(this.name, nameBytes) ? <u32>Status.Ok : <u32>Status.InvalidName;
  }

  /** Everything before is committed and the tree's nodes are in the store. */
  private settle(bytes: u64): u32 {
    let status = this.core.beginAddition(bytes);
    if (status == Status.Ok) status = this.core.secure();
    return status == Status.Ok ? this.core.committer.storeNodes() : status;
  }

  /** before-NAME-HEIGHT, the name cut so that it stays a name. */
  private makeSavedName(nameBytes: u32): void {
    const kept = min(nameBytes, NAME_BYTES_MAX - PREFIX_BYTES - 1 - DIGITS_MAX);
    memory.copy(this.saved, PREFIX, PREFIX_BYTES);
    memory.copy(this.saved + PREFIX_BYTES, this.name, kept);
    let at = PREFIX_BYTES + kept;
    store<u8>(this.saved + at, 0x2d);
    at++;
    let digits: u32 = 1;
    for (let rest = this.height / 10; rest != 0; rest /= 10) digits++;
    let value = this.height;
    for (let i = digits; i > 0; i--) {
      store<u8>(this.saved + at + i - 1, <u8>(0x30 + value % 10));
      value /= 10;
    }
    this.savedBytes = at + digits;
  }
}

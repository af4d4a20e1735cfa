// The reducer: given the state and a proposal, it refuses or applies. One library for live operations and for replay at mount, so that both give the same roots, bit for bit.
//
// Deterministic: it knows no clock, no handles, no store; time, inode numbers and heights come in the proposal. Every rule is checked before the first change. A failure after that
// (an unreadable node, no memory) leaves a state that is neither old nor new: `isTorn`, and the caller must not go on with it.
//
// Safety: payload lengths are checked against the layout before fields are read; names are copied into map keys by the state; buffers hold whole records.
import { EntryType } from "../../kernel-bindings/generated/assembly/axiom";
import { AttributeMask, FileKind } from "../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { sameHash } from "../base/merkle-map";
import { discount, corruptedIfMissing, readDirectory, writeDirectory } from "./inode-changes";
import { Create, Genesis, Remove, SetAttributes, SetContent } from "./proposal-format";
import { RenameReducer } from "./reduce-rename";
import { SnapshotReducer } from "./reduce-snapshots";
import { State } from "./state";
import { EMPTY_CONTENT, INODE_LIMIT, InodeRecord, MODE_MASK, TARGET_BYTES_MAX, ZERO_HASH, isValidName } from "./tree-format";

const ATTRIBUTE_MASK: u32 = AttributeMask.mode | AttributeMask.owner | AttributeMask.group | AttributeMask.modified;

export class Reducer {
  /** The last `apply` failed between its first and last change. */
  isTorn: bool = false;
  private renames: RenameReducer;
  private snapshots: SnapshotReducer;
  private record: usize = heap.alloc(InodeRecord.BYTES_MAX);
  private parent: usize = heap.alloc(InodeRecord.BYTES_MAX);

  constructor(readonly state: State) {
    this.renames = new RenameReducer(state);
    this.snapshots = new SnapshotReducer(state);
  }

  /** The genesis entry: the state before any proposal. */
  begin(payload: usize, payloadBytes: u32): u32 {
    if (payloadBytes != Genesis.BYTES || Genesis.zero(payload) != 0) return Status.Corrupted;
    if (Genesis.version(payload) != Genesis.VERSION) return Status.UnsupportedVersion;
    return this.state.initialize(Genesis.salt(payload), Genesis.time(payload));
  }

  /** A Status: Ok, or why the state refuses the proposal. */
  apply(type: u32, time: u64, height: u64, payload: usize, payloadBytes: u32): u32 {
    this.isTorn = false;
    switch (type) {
      case EntryType.create: return this.create(time, payload, payloadBytes);
      case EntryType.setContent: return this.setContent(time, payload, payloadBytes);
      case EntryType.remove: return this.remove(time, payload, payloadBytes);
      case EntryType.setAttributes: return this.setAttributes(time, payload, payloadBytes);
      case EntryType.rename: {
        const status = this.renames.apply(time, payload, payloadBytes);
        this.isTorn = this.renames.isTorn;
        return status;
      }
      case EntryType.snapshotCreate:
      case EntryType.snapshotDelete:
      case EntryType.rollback: {
        const status = this.snapshots.apply(type, time, height, payload, payloadBytes);
        this.isTorn = this.snapshots.isTorn;
        return status;
      }
      default: return Status.Unsupported;
    }
  }

  private create(time: u64, payload: usize, payloadBytes: u32): u32 {
    const state = this.state;
    if (payloadBytes <= Create.HEAD_BYTES) return Status.InvalidName;
    const name = Create.name(payload);
    const nameBytes = payloadBytes - Create.HEAD_BYTES;
    if (!isValidName(name, nameBytes)) return Status.InvalidName;
    if (!hasContentOfKind(payload)) return Status.InvalidArgument;
    if (Create.inode(payload) != state.nextInode || state.nextInode >= INODE_LIMIT - 1) return Status.InvalidArgument;
    const parentInode = Create.parent(payload);
    let status = readDirectory(state, parentInode, this.parent);
    if (status != Status.Ok) return status;
    const parentBytes = state.valueBytes;
    status = state.findEntry(parentInode, name, nameBytes);
    if (status != Status.NotFound) return status == Status.Ok ? Status.Exists : status;

    const kind = Create.kind(payload);
    const record = this.record;
    memory.fill(record, 0, InodeRecord.HEAD_BYTES);
    InodeRecord.setKind(record, kind);
    InodeRecord.setMode(record, Create.mode(payload) & MODE_MASK);
    InodeRecord.setOwner(record, Create.owner(payload));
    InodeRecord.setGroup(record, Create.group(payload));
    InodeRecord.setLinks(record, 1);
    InodeRecord.setSize(record, Create.size(payload));
    InodeRecord.setModified(record, time);
    InodeRecord.setChanged(record, time);
    InodeRecord.setCreated(record, time);
    InodeRecord.setContent(record, Create.content(payload));
    InodeRecord.setParent(record, parentInode);
    memory.copy(InodeRecord.name(record), name, nameBytes);

    status = state.putEntry(parentInode, name, nameBytes, state.nextInode, kind);
    if (status != Status.Ok) return status;
    this.isTorn = true;
    status = state.writeInode(state.nextInode, record, InodeRecord.HEAD_BYTES + nameBytes);
    if (status == Status.Ok) status = writeDirectory(state, parentInode, this.parent, parentBytes, 1, time);
    if (status != Status.Ok) return status;
    state.nextInode++;
    if (kind == FileKind.directory) state.directories++;
    else state.files++;
    state.logicalBytes += Create.size(payload);
    this.isTorn = false;
    return Status.Ok;
  }

  private setContent(time: u64, payload: usize, payloadBytes: u32): u32 {
    if (payloadBytes != SetContent.BYTES) return Status.InvalidArgument;
    const state = this.state;
    const record = this.record;
    const inode = SetContent.inode(payload);
    const size = SetContent.size(payload);
    const status = state.readInode(inode, record);
    if (status != Status.Ok) return status;
    if (InodeRecord.kind(record) != FileKind.file) return Status.IsDirectory;
    if ((size == 0) != sameHash(SetContent.content(payload), EMPTY_CONTENT)) return Status.InvalidArgument;
    const before = InodeRecord.size(record);
    InodeRecord.setSize(record, size);
    InodeRecord.setContent(record, SetContent.content(payload));
    InodeRecord.setModified(record, time);
    InodeRecord.setChanged(record, time);
    const written = state.writeInode(inode, record, state.valueBytes);
    if (written == Status.Ok) state.logicalBytes += size - before;
    return written;
  }

  private remove(time: u64, payload: usize, payloadBytes: u32): u32 {
    const state = this.state;
    if (payloadBytes <= Remove.HEAD_BYTES) return Status.InvalidName;
    const name = Remove.name(payload);
    const nameBytes = payloadBytes - Remove.HEAD_BYTES;
    const parentInode = Remove.parent(payload);
    let status = readDirectory(state, parentInode, this.parent);
    if (status != Status.Ok) return status;
    const parentBytes = state.valueBytes;
    status = state.findEntry(parentInode, name, nameBytes);
    if (status != Status.Ok) return status;
    const inode = state.entryInode;
    if (inode != Remove.inode(payload)) return Status.NotFound;
    status = state.readInode(inode, this.record);
    if (status != Status.Ok) return corruptedIfMissing(status);
    const isDirectory = InodeRecord.kind(this.record) == FileKind.directory;
    if (isDirectory && InodeRecord.size(this.record) != 0) return Status.NotEmpty;
    status = state.removeEntry(parentInode, name, nameBytes);
    if (status != Status.Ok) return status;
    this.isTorn = true;
    status = state.removeInode(inode);
    if (status == Status.Ok) status = writeDirectory(state, parentInode, this.parent, parentBytes, <u64>-1, time);
    if (status != Status.Ok) return status;
    discount(state, this.record);
    this.isTorn = false;
    return Status.Ok;
  }

  private setAttributes(time: u64, payload: usize, payloadBytes: u32): u32 {
    if (payloadBytes != SetAttributes.BYTES) return Status.InvalidArgument;
    const mask = SetAttributes.mask(payload);
    if ((mask & ~ATTRIBUTE_MASK) != 0 || mask == 0) return Status.InvalidArgument;
    const record = this.record;
    const inode = SetAttributes.inode(payload);
    const status = this.state.readInode(inode, record);
    if (status != Status.Ok) return status;
    if (mask & AttributeMask.mode) InodeRecord.setMode(record, SetAttributes.mode(payload) & MODE_MASK);
    if (mask & AttributeMask.owner) InodeRecord.setOwner(record, SetAttributes.owner(payload));
    if (mask & AttributeMask.group) InodeRecord.setGroup(record, SetAttributes.group(payload));
    if (mask & AttributeMask.modified) InodeRecord.setModified(record, SetAttributes.modified(payload));
    InodeRecord.setChanged(record, time);
    return this.state.writeInode(inode, record, this.state.valueBytes);
  }
}

/** What a new inode of each kind begins with: a file empty, a directory with nothing, a symlink with its target. */
function hasContentOfKind(payload: usize): bool {
  const size = Create.size(payload);
  const content = Create.content(payload);
  switch (Create.kind(payload)) {
    case FileKind.file: return (size == 0) == sameHash(content, EMPTY_CONTENT);
    case FileKind.directory: return size == 0 && sameHash(content, ZERO_HASH);
    case FileKind.symlink: return size > 0 && size <= TARGET_BYTES_MAX;
    default: return false;
  }
}

// Operations on names: create, remove, rename, link, look up. Each resolves its paths, checks what the reducer cannot know, and makes one proposal.
//
// Where both may refuse, the reducer's answer counts: it is the one that replay gives.
//
// Safety: payloads are written at `journal.payload`, within PAYLOAD_BYTES_MAX; names are copies in the path walk or in `fromName`.
import { EntryType } from "../../kernel-bindings/generated/assembly/axiom";
import { AttributeMask, FileKind, RemoveFlag, RenameFlag } from "../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Core } from "./core";
import { Create, Remove, Rename, SetAttributes } from "./proposal-format";
import { HASH_BYTES, InodeRecord, MODE_MASK, NAME_BYTES_MAX, TARGET_BYTES_MAX, ZERO_HASH } from "./tree-format";

/** What a new name takes, roughly: record, entry, proposal. */
const NAME_COST_BYTES: u64 = 4096;

export class NameOperations {
  /** Of readLink. */
  lengthBytes: u32 = 0;
  private content: usize = heap.alloc(HASH_BYTES);
  private fromName: usize = heap.alloc(NAME_BYTES_MAX + 1);
  private replacedRecord: usize = heap.alloc(InodeRecord.BYTES_MAX);

  constructor(private core: Core) {}

  /** Make what the walk found missing. Afterwards the walk stands at it. */
  create(kind: u32, mode: u32, owner: u32, group: u32, content: usize, size: u64): u32 {
    const core = this.core;
    const path = core.path;
    let status = core.beginAddition(NAME_COST_BYTES);
    if (status != Status.Ok) return status;
    const payload = core.journal.payload;
    Create.set(payload, path.directory, core.state.nextInode, kind, mode, owner, group, content, size);
    memory.copy(Create.name(payload), path.name, path.nameBytes);
    const inode = core.state.nextInode;
    status = core.journal.propose(EntryType.create, Create.HEAD_BYTES + path.nameBytes);
    if (status != Status.Ok) return status;
    path.inode = inode;
    path.isFound = true;
    status = core.state.readInode(inode, path.record);
    path.recordBytes = core.state.valueBytes;
    return status;
  }

  makeDirectory(base: u64, mode: u32, owner: u32, group: u32, path: u32, pathLength: u32): u32 {
    const status = this.core.path.walk(base, path, pathLength);
    if (status != Status.Ok) return status;
    if (this.core.path.isFound) return Status.Exists;
    return this.create(FileKind.directory, mode, owner, group, ZERO_HASH, 0);
  }

  symlink(base: u64, owner: u32, group: u32, target: u32, targetLength: u32, path: u32, pathLength: u32): u32 {
    if (targetLength == 0) return Status.InvalidArgument;
    if (targetLength > TARGET_BYTES_MAX) return Status.NameTooLong;
    let status = this.core.path.walk(base, path, pathLength);
    if (status != Status.Ok) return status;
    if (this.core.path.isFound) return Status.Exists;
    if (this.core.path.wantsDirectory) return Status.NotFound;
    status = this.core.beginAddition(NAME_COST_BYTES + targetLength);
    if (status == Status.Ok) status = this.core.contents.store(target, 0, targetLength, this.content);
    return status == Status.Ok ? this.create(FileKind.symlink, 0o777, owner, group, this.content, targetLength) : status;
  }

  readLink(base: u64, path: u32, pathLength: u32, buffer: u32, bufferLength: u32): u32 {
    const walk = this.core.path;
    let status = walk.walk(base, path, pathLength);
    if (status != Status.Ok) return status;
    if (!walk.isFound) return Status.NotFound;
    if (InodeRecord.kind(walk.record) != FileKind.symlink) return Status.InvalidArgument;
    const size = InodeRecord.size(walk.record);
    const wanted = <u32>min<u64>(size, bufferLength);
    status = this.core.contents.get(InodeRecord.content(walk.record), 0, buffer, 0, wanted);
    if (status != Status.Ok) return status == Status.NotFound ? <u32>Status.Corrupted : status;
    this.lengthBytes = wanted;
    return Status.Ok;
  }

  remove(base: u64, flags: u32, path: u32, pathLength: u32): u32 {
    const core = this.core;
    const walk = core.path;
    if ((flags & ~RemoveFlag.directory) != 0) return Status.InvalidArgument;
    let status = walk.walk(base, path, pathLength);
    if (status != Status.Ok) return status;
    if (walk.isNode) return Status.InvalidArgument;
    if (!walk.isFound) return Status.NotFound;
    const isDirectory = InodeRecord.kind(walk.record) == FileKind.directory;
    if (isDirectory && (flags & RemoveFlag.directory) == 0) return Status.IsDirectory;
    if (!isDirectory && (flags & RemoveFlag.directory) != 0) return Status.NotDirectory;
    status = core.beginRemoval();
    if (status != Status.Ok) return status;
    // A commit in between may have saved the file: the record kept for those who have it open must be the last.
    status = core.state.readInode(walk.inode, walk.record);
    if (status != Status.Ok) return status;
    const payload = core.journal.payload;
    Remove.set(payload, walk.directory, walk.inode);
    memory.copy(Remove.name(payload), walk.name, walk.nameBytes);
    status = core.journal.propose(EntryType.remove, Remove.HEAD_BYTES + walk.nameBytes);
    if (status == Status.Ok) this.letGo(walk.inode, walk.record);
    return status;
  }

  rename(base: u64, flags: u32, from: u32, fromLength: u32, to: u32, toLength: u32): u32 {
    const core = this.core;
    const walk = core.path;
    if ((flags & ~RenameFlag.noReplace) != 0) return Status.InvalidArgument;
    let status = walk.walk(base, from, fromLength);
    if (status != Status.Ok) return status;
    if (walk.isNode) return Status.InvalidArgument;
    if (!walk.isFound) return Status.NotFound;
    const inode = walk.inode;
    const fromDirectory = walk.directory;
    const fromNameBytes = walk.nameBytes;
    const isDirectory = InodeRecord.kind(walk.record) == FileKind.directory;
    memory.copy(this.fromName, walk.name, fromNameBytes);
    status = walk.walk(base, to, toLength);
    if (status != Status.Ok) return status;
    if (walk.isNode) return isDirectory ? Status.NotEmpty : Status.IsDirectory;
    if (walk.wantsDirectory && !isDirectory) return Status.NotDirectory;
    if (walk.isFound && (flags & RenameFlag.noReplace) != 0) return Status.Exists;
    if (walk.isFound && walk.inode == inode) return Status.Ok; // two names of one file, or one name: POSIX says nothing happens
    const replaced = walk.isFound ? walk.inode : 0;
    status = replaced != 0 ? core.beginRemoval() : core.beginChange();
    if (status == Status.Ok && replaced != 0) status = core.state.readInode(replaced, this.replacedRecord);
    if (status != Status.Ok) return status;
    const payload = core.journal.payload;
    Rename.set(payload, fromDirectory, walk.directory, inode, replaced, fromNameBytes);
    memory.copy(Rename.fromName(payload), this.fromName, fromNameBytes);
    memory.copy(Rename.fromName(payload) + fromNameBytes, walk.name, walk.nameBytes);
    status = core.journal.propose(EntryType.rename, Rename.HEAD_BYTES + fromNameBytes + walk.nameBytes);
    if (status == Status.Ok && replaced != 0) this.letGo(replaced, this.replacedRecord);
    return status;
  }

  setAttributes(base: u64, file: u32, modified: u64, mask: u32, mode: u32, owner: u32, group: u32, path: u32, pathLength: u32): u32 {
    const core = this.core;
    if (pathLength == 0 && file != 0 && core.files.files.isUnlinked(file)) return this.setUnlinked(file, modified, mask, mode, owner, group);
    let status = core.path.walk(base, path, pathLength);
    if (status != Status.Ok) return status;
    if (!core.path.isFound) return Status.NotFound;
    if (mask == 0) return Status.Ok;
    status = core.beginChange();
    // The time of a write that is still unsaved must not come after the time that is set here.
    const open = core.files.files.find(core.path.inode);
    if (status == Status.Ok && open != 0 && (mask & AttributeMask.modified) != 0) status = core.files.save(open);
    if (status != Status.Ok) return status;
    SetAttributes.set(core.journal.payload, core.path.inode, modified, mask, mode, owner, group);
    return core.journal.propose(EntryType.setAttributes, SetAttributes.BYTES);
  }

  /** Attributes of a file without a name live as long as it is open, in memory. */
  private setUnlinked(file: u32, modified: u64, mask: u32, mode: u32, owner: u32, group: u32): u32 {
    const record = this.core.files.files.record(file);
    if (mask & AttributeMask.mode) InodeRecord.setMode(record, mode & MODE_MASK);
    if (mask & AttributeMask.owner) InodeRecord.setOwner(record, owner);
    if (mask & AttributeMask.group) InodeRecord.setGroup(record, group);
    if (mask & AttributeMask.modified) InodeRecord.setModified(record, modified);
    return Status.Ok;
  }

  /** The inode has no name any more. Its content is let go, or kept while it is open. */
  private letGo(inode: u64, record: usize): void {
    this.core.journal.release(InodeRecord.content(record));
    this.core.files.unlink(inode, record);
  }
}


// Operations on open nodes: open and close, read, write, truncate, list.
//
//   open ─► path walk ─► (create) ─► a place among the handles ─► a capability for it, with no more rights than the opener's
//
// Safety: `buffer` is LIST_BYTES; records are made in it within what was checked, and copied out by lease.
import { DirectoryRecord, FileKind, OpenFlag, Right, WriteFlag } from "../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { MapCursor } from "../base/merkle-map";
import { AttributesWriter } from "./attributes";
import { Core } from "./core";
import { NameOperations } from "./name-operations";
import { EMPTY_CONTENT, EntryValue, INODE_KEY_BYTES, InodeRecord, NAME_BYTES_MAX, TreeKey, entryKey } from "./tree-format";

const LIST_BYTES: u32 = 65536;
const OPEN_FLAGS: u32 = OpenFlag.read | OpenFlag.write | OpenFlag.create | OpenFlag.exclusive | OpenFlag.truncate | OpenFlag.directory;
/** After a name in byte order, and before every longer or greater one. */
const ZERO_BYTE: usize = memory.data<u8>([0], 1);

export class FileOperations {
  /** Of open: the capability. */
  node: u32 = 0;
  /** Of list. */
  count: u32 = 0;
  lengthBytes: u32 = 0;
  more: u32 = 0;
  private buffer: usize = heap.alloc(LIST_BYTES);
  private name: usize = heap.alloc(NAME_BYTES_MAX + 1);
  private record: usize = heap.alloc(InodeRecord.BYTES_MAX);
  private cursor: MapCursor = new MapCursor();

  constructor(private core: Core, private names: NameOperations, private attributes: AttributesWriter) {}

  open(base: u64, file: u32, rights: u32, flags: u32, mode: u32, owner: u32, group: u32, path: u32, pathLength: u32, out: u32, outLength: u32): u32 {
    const core = this.core;
    const wanted = grantedRights(flags);
    const needed = (flags & (OpenFlag.create | OpenFlag.truncate)) != 0 ? wanted | Right.write : wanted;
    if ((flags & ~OPEN_FLAGS) != 0 || wanted == 0) return Status.InvalidArgument;
    if ((rights & needed) != needed) return Status.Denied;
    if (core.handles.isFull || core.files.files.isFull) return Status.OutOfMemory;
    if (pathLength == 0 && file != 0) return this.openAgain(base, file, wanted, flags, out, outLength);
    let status = core.path.walk(base, path, pathLength);
    if (status != Status.Ok) return status;
    if (!core.path.isFound) {
      if ((flags & OpenFlag.create) == 0) return Status.NotFound;
      if (core.path.wantsDirectory && (flags & OpenFlag.directory) == 0) return Status.IsDirectory;
      status = (flags & OpenFlag.directory) != 0 ? Status.InvalidArgument : this.names.create(FileKind.file, mode, owner, group, EMPTY_CONTENT, 0);
      if (status != Status.Ok) return status;
    } else if ((flags & OpenFlag.create) != 0 && (flags & OpenFlag.exclusive) != 0) return Status.Exists;
    const kind = InodeRecord.kind(core.path.record);
    if (kind == FileKind.symlink) return Status.Loop;
    if (kind == FileKind.directory && (flags & (OpenFlag.truncate | OpenFlag.create)) != 0) return Status.IsDirectory;
    if (kind != FileKind.directory && (flags & OpenFlag.directory) != 0) return Status.NotDirectory;
    let opened: u32 = 0;
    if (kind == FileKind.file) {
      opened = core.files.files.open(core.path.inode);
      if (opened == 0) return Status.OutOfMemory;
      if ((flags & OpenFlag.truncate) != 0) status = this.truncate(opened, 0);
    }
    if (status == Status.Ok) status = core.state.readInode(core.path.inode, core.path.record);
    if (status == Status.Ok) status = this.attributes.send(out, outLength, core.path.inode, core.path.record);
    if (status == Status.Ok) status = this.mint(core.path.inode, opened, wanted);
    if (status != Status.Ok && opened != 0) core.files.close(opened);
    return status;
  }

  /** Another capability for an open file, which may have no name any more. */
  private openAgain(inode: u64, file: u32, wanted: u32, flags: u32, out: u32, outLength: u32): u32 {
    const core = this.core;
    if ((flags & OpenFlag.directory) != 0) return Status.NotDirectory;
    let status: u32 = Status.Ok;
    core.files.files.open(inode); // it is in the table: one reference more
    if ((flags & OpenFlag.truncate) != 0) status = this.truncate(file, 0);
    if (status == Status.Ok) status = this.readRecord(inode, file);
    if (status == Status.Ok) status = this.attributes.send(out, outLength, inode, this.record);
    if (status == Status.Ok) status = this.mint(inode, file, wanted);
    if (status != Status.Ok) core.files.close(file);
    return status;
  }

  /** Attributes of a path, or of the open node itself. */
  lookup(base: u64, file: u32, path: u32, pathLength: u32, out: u32, outLength: u32): u32 {
    let status: u32;
    if (pathLength == 0) {
      status = this.readRecord(base, file);
      return status == Status.Ok ? this.attributes.send(out, outLength, base, this.record) : status;
    }
    const walk = this.core.path;
    status = walk.walk(base, path, pathLength);
    if (status != Status.Ok) return status;
    return walk.isFound ? this.attributes.send(out, outLength, walk.inode, walk.record) : <u32>Status.NotFound;
  }

  /** The last capability of a badge is gone. */
  closed(badge: u32): void {
    const core = this.core;
    if (!core.handles.isHeld(badge)) return;
    const file = core.handles.file(badge);
    core.handles.close(badge);
    if (file != 0) core.files.close(file);
  }

  write(file: u32, offsetBytes: u64, flags: u32, lease: u32, lengthBytes: u32): u32 {
    if ((flags & ~WriteFlag.append) != 0) return Status.InvalidArgument;
    if (file == 0) return Status.IsDirectory;
    let status = this.core.beginAddition(<u64>lengthBytes + 1);
    if (status != Status.Ok) return status;
    const isAppend = (flags & WriteFlag.append) != 0;
    status = this.core.files.write(file, offsetBytes, isAppend, lease, lengthBytes);
    if (this.core.mayRetry(status)) status = this.core.files.write(file, offsetBytes, isAppend, lease, lengthBytes);
    return status;
  }

  truncate(file: u32, size: u64): u32 {
    if (file == 0) return Status.IsDirectory;
    const status = this.core.beginRemoval();
    return status == Status.Ok ? this.core.files.truncate(file, size) : status;
  }

  /** Records of a directory after a name, as many as fit into the lease. */
  list(directory: u64, after: u32, afterLength: u32, lease: u32, capacityBytes: u32): u32 {
    const core = this.core;
    this.count = 0;
    this.lengthBytes = 0;
    this.more = 0;
    if (afterLength > NAME_BYTES_MAX) return Status.NameTooLong;
    let status = core.platform.readLease(after, 0, this.name, afterLength);
    if (status == Status.Ok) status = core.state.readInode(directory, this.record);
    if (status != Status.Ok) return status;
    if (InodeRecord.kind(this.record) != FileKind.directory) return Status.NotDirectory;
    // The smallest name after the given one is that with a zero byte behind it, which is no name.
    memory.copy(this.name + afterLength, ZERO_BYTE, afterLength == 0 ? 0 : 1);
    const keyNameBytes = afterLength == 0 ? 0 : min(afterLength + 1, NAME_BYTES_MAX);
    status = this.cursor.seek(core.state.tree, entryKey(directory, this.name, keyNameBytes), INODE_KEY_BYTES + keyNameBytes);
    if (status == Status.Ok && afterLength == NAME_BYTES_MAX && this.isAtEntryOf(directory) && this.cursor.keyBytes == INODE_KEY_BYTES + afterLength
      && memory.compare(this.cursor.key + INODE_KEY_BYTES, this.name, afterLength) == 0) status = this.cursor.next();
    return status == Status.Ok ? this.sendEntries(directory, lease, capacityBytes) : status;
  }

  private sendEntries(directory: u64, lease: u32, capacityBytes: u32): u32 {
    let filled: u32 = 0;
    let status: u32 = Status.Ok;
    while (this.isAtEntryOf(directory)) {
      const nameBytes = this.cursor.keyBytes - INODE_KEY_BYTES;
      const recordBytes = (DirectoryRecord.SIZE + nameBytes + 7) & ~7;
      if (recordBytes > capacityBytes - this.lengthBytes - filled) {
        this.more = 1;
        break;
      }
      if (recordBytes > LIST_BYTES - filled) {
        status = this.core.platform.writeLease(lease, this.lengthBytes, this.buffer, filled);
        if (status != Status.Ok) return status;
        this.lengthBytes += filled;
        filled = 0;
      }
      status = this.makeRecord(this.buffer + filled, recordBytes, nameBytes);
      if (status == Status.Ok) status = this.cursor.next();
      if (status != Status.Ok) return status;
      filled += recordBytes;
      this.count++;
    }
    if (filled > 0) status = this.core.platform.writeLease(lease, this.lengthBytes, this.buffer, filled);
    this.lengthBytes += filled;
    return status == Status.Ok && this.count == 0 && this.more != 0 ? <u32>Status.InvalidArgument : status;
  }

  /** The record of the entry at the cursor. Its name is copied first: reading the inode moves what the cursor points to. */
  private makeRecord(at: usize, recordBytes: u32, nameBytes: u32): u32 {
    if (this.cursor.valueBytes != EntryValue.BYTES) return Status.Corrupted;
    const inode = EntryValue.inode(this.cursor.value);
    memory.fill(at + recordBytes - 8, 0, 8);
    memory.copy(at + DirectoryRecord.SIZE, this.cursor.key + INODE_KEY_BYTES, nameBytes);
    DirectoryRecord.setRecordBytes(at, recordBytes);
    DirectoryRecord.setNameBytes(at, nameBytes);
    const status = this.core.state.readInode(inode, this.record);
    if (status != Status.Ok) return status == Status.NotFound ? <u32>Status.Corrupted : status;
    this.attributes.fill(at + 8, inode, this.record);
    return Status.Ok;
  }

  private isAtEntryOf(directory: u64): bool {
    return this.cursor.isAtEntry && TreeKey.isEntry(this.cursor.key, this.cursor.keyBytes) && TreeKey.inode(this.cursor.key) == directory;
  }

  private readRecord(inode: u64, file: u32): u32 {
    const files = this.core.files.files;
    if (file == 0 || !files.isUnlinked(file)) return this.core.state.readInode(inode, this.record);
    memory.copy(this.record, files.record(file), InodeRecord.HEAD_BYTES);
    InodeRecord.setLinks(this.record, 0);
    if (files.writer(file) != 0) InodeRecord.setSize(this.record, files.size(file));
    return Status.Ok;
  }

  /** Give up this service's own handle of the last capability handed out: its reader has a copy by now. Without this `closed` would never come. */
  dropMinted(): void {
    if (this.node == 0) return;
    this.core.platform.drop(this.node);
    this.node = 0;
  }

  private mint(inode: u64, file: u32, rights: u32): u32 {
    this.dropMinted();
    const badge = this.core.handles.open(inode, file);
    const node = this.core.platform.mint(rights, badge);
    if (node < 0) {
      this.core.handles.close(badge);
      return -node;
    }
    this.node = node;
    return Status.Ok;
  }
}

/** What a capability opened with these flags may do. */
function grantedRights(flags: u32): u32 {
  let rights: u32 = 0;
  if (flags & OpenFlag.read) rights |= Right.read;
  if (flags & OpenFlag.write) rights |= Right.write;
  return rights;
}

// Renaming, the proposal with the most rules (POSIX rename): a file may replace a file, a directory an empty directory; nothing moves into itself.
//
// Safety: as reducer.ts; three record buffers, because up to three inodes and two parents change at once.
import { FileKind } from "../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { corruptedIfMissing, discount, readDirectory, writeDirectory } from "./inode-changes";
import { Rename } from "./proposal-format";
import { State } from "./state";
import { InodeRecord, ROOT_INODE, isValidName } from "./tree-format";

export class RenameReducer {
  isTorn: bool = false;
  private fromParent: usize = heap.alloc(InodeRecord.BYTES_MAX);
  private toParent: usize = heap.alloc(InodeRecord.BYTES_MAX);
  private moved: usize = heap.alloc(InodeRecord.BYTES_MAX);
  private replaced: usize = heap.alloc(InodeRecord.BYTES_MAX);
  private fromParentBytes: u32 = 0;
  private toParentBytes: u32 = 0;

  constructor(private state: State) {}

  apply(time: u64, payload: usize, payloadBytes: u32): u32 {
    this.isTorn = false;
    if (payloadBytes <= Rename.HEAD_BYTES || Rename.zero(payload) != 0) return Status.InvalidArgument;
    const fromNameBytes = Rename.fromNameBytes(payload);
    if (fromNameBytes >= payloadBytes - Rename.HEAD_BYTES) return Status.InvalidName;
    const toName = Rename.fromName(payload) + fromNameBytes;
    const toNameBytes = payloadBytes - Rename.HEAD_BYTES - fromNameBytes;
    if (!isValidName(toName, toNameBytes)) return Status.InvalidName;
    const status = this.check(payload, fromNameBytes, toName, toNameBytes);
    return status == Status.Ok ? this.change(time, payload, fromNameBytes, toName, toNameBytes) : status;
  }

  private check(payload: usize, fromNameBytes: u32, toName: usize, toNameBytes: u32): u32 {
    const state = this.state;
    let status = readDirectory(state, Rename.fromParent(payload), this.fromParent);
    if (status != Status.Ok) return status;
    this.fromParentBytes = state.valueBytes;
    status = readDirectory(state, Rename.toParent(payload), this.toParent);
    if (status != Status.Ok) return status;
    this.toParentBytes = state.valueBytes;
    status = state.findEntry(Rename.fromParent(payload), Rename.fromName(payload), fromNameBytes);
    if (status != Status.Ok) return status;
    const inode = Rename.inode(payload);
    if (state.entryInode != inode) return Status.NotFound;
    status = state.readInode(inode, this.moved);
    if (status != Status.Ok) return corruptedIfMissing(status);
    const isDirectory = InodeRecord.kind(this.moved) == FileKind.directory;
    if (isDirectory) {
      status = this.checkAncestors(inode, Rename.toParent(payload));
      if (status != Status.Ok) return status;
    }
    status = state.findEntry(Rename.toParent(payload), toName, toNameBytes);
    const replaced = Rename.replaced(payload);
    if (status == Status.NotFound) return replaced == 0 ? Status.Ok : Status.NotFound;
    if (status != Status.Ok) return status;
    if (state.entryInode != replaced || replaced == inode) return Status.Exists;
    status = state.readInode(replaced, this.replaced);
    if (status != Status.Ok) return corruptedIfMissing(status);
    const replacesDirectory = InodeRecord.kind(this.replaced) == FileKind.directory;
    if (isDirectory != replacesDirectory) return isDirectory ? Status.NotDirectory : Status.IsDirectory;
    return replacesDirectory && InodeRecord.size(this.replaced) != 0 ? Status.NotEmpty : Status.Ok;
  }

  /** IntoItself if `inode` is `directory` or above it. The way up ends at the root; on a hostile image it might not, so it is bounded by the number of directories. */
  private checkAncestors(inode: u64, directory: u64): u32 {
    let at = directory;
    for (let step: u64 = 0; step <= this.state.directories; step++) {
      if (at == inode) return Status.IntoItself;
      if (at == ROOT_INODE) return Status.Ok;
      const status = this.state.readInode(at, this.replaced);
      if (status != Status.Ok) return corruptedIfMissing(status);
      at = InodeRecord.parent(this.replaced);
    }
    return Status.Corrupted;
  }

  private change(time: u64, payload: usize, fromNameBytes: u32, toName: usize, toNameBytes: u32): u32 {
    const state = this.state;
    const fromParent = Rename.fromParent(payload);
    const toParent = Rename.toParent(payload);
    const inode = Rename.inode(payload);
    const replaced = Rename.replaced(payload);
    let status = state.removeEntry(fromParent, Rename.fromName(payload), fromNameBytes);
    if (status != Status.Ok) return status;
    this.isTorn = true;
    status = state.putEntry(toParent, toName, toNameBytes, inode, InodeRecord.kind(this.moved));
    if (status == Status.Ok && replaced != 0) status = state.removeInode(replaced);
    if (status != Status.Ok) return status;
    InodeRecord.setParent(this.moved, toParent);
    InodeRecord.setChanged(this.moved, time);
    memory.copy(InodeRecord.name(this.moved), toName, toNameBytes);
    status = state.writeInode(inode, this.moved, InodeRecord.HEAD_BYTES + toNameBytes);
    const gained: u64 = replaced != 0 ? 0 : 1;
    if (status == Status.Ok && fromParent == toParent) status = writeDirectory(state, toParent, this.toParent, this.toParentBytes, gained - 1, time);
    else {
      if (status == Status.Ok) status = writeDirectory(state, fromParent, this.fromParent, this.fromParentBytes, <u64>-1, time);
      if (status == Status.Ok) status = writeDirectory(state, toParent, this.toParent, this.toParentBytes, gained, time);
    }
    if (status != Status.Ok) return status;
    if (replaced != 0) discount(state, this.replaced);
    this.isTorn = false;
    return Status.Ok;
  }
}

// Small changes of inode records that several proposals share.
//
// Safety: buffers hold InodeRecord.BYTES_MAX bytes and records that the state has read.
import { FileKind } from "../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { State } from "./state";
import { InodeRecord } from "./tree-format";

/** A directory's record into a buffer. */
export function readDirectory(state: State, inode: u64, buffer: usize): u32 {
  const status = state.readInode(inode, buffer);
  if (status != Status.Ok) return status;
  return InodeRecord.kind(buffer) == FileKind.directory ? Status.Ok : Status.NotDirectory;
}

/** The directory has `change` entries more, and was changed now. */
export function writeDirectory(state: State, inode: u64, record: usize, lengthBytes: u32, change: u64, time: u64): u32 {
  InodeRecord.setSize(record, InodeRecord.size(record) + change);
  InodeRecord.setModified(record, time);
  InodeRecord.setChanged(record, time);
  return state.writeInode(inode, record, lengthBytes);
}

/** The inode of this record is gone. */
export function discount(state: State, record: usize): void {
  if (InodeRecord.kind(record) == FileKind.directory) {
    state.directories--;
    return;
  }
  state.files--;
  state.logicalBytes -= InodeRecord.size(record);
}

/** An entry without its inode is damage, not absence. */
export function corruptedIfMissing(status: u32): u32 { return status == Status.NotFound ? Status.Corrupted : status; }

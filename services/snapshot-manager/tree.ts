// One side of a comparison: look-ups in a tree map, and the path of an inode from the chain of parents and names in its records.
//
//   buffer:  ………………………………… [ a/b/c ]        filled from its end, one name at a time, up to the root or to a directory whose path is remembered
//
// A hostile image can make parents a loop or endless: a loop is found by Brent's method, and the length of the path bounds all else.
//
// Safety: `buffer` and `prefix` have PATH_BYTES_MAXIMUM bytes, and room is checked before each name; `record` has room for the longest valid record.
import { FileKind } from "../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { KEY_BYTES_MAX, MerkleMap } from "../base/merkle-map";
import { InodeRecord, isValidRecord, ROOT_INODE, TreeKey } from "./inode-record";

/** Longer than any path of the file system's interface (4096), because renaming directories can make longer ones. */
export const PATH_BYTES_MAXIMUM: u32 = 16384;

export class Tree {
  /** A copy of the record that `find` found. */
  readonly record: usize = heap.alloc(InodeRecord.BYTES_MAXIMUM);
  recordBytes: u32 = 0;
  /** Of `findEntry`. */
  entryInode: u64 = 0;
  /** Of `makePath`. */
  path: usize = 0;
  pathBytes: u32 = 0;

  private step: usize = heap.alloc(InodeRecord.BYTES_MAXIMUM);
  private buffer: usize = heap.alloc(PATH_BYTES_MAXIMUM);
  private key: usize = heap.alloc(KEY_BYTES_MAX);
  /** Path of the directory that the last path was made through; entries of one directory come one after the other. */
  private prefix: usize = heap.alloc(PATH_BYTES_MAXIMUM);
  private prefixBytes: u32 = 0;
  private prefixInode: u64 = ROOT_INODE;

  constructor(readonly map: MerkleMap) {}

  /** Another tree is compared: nothing remembered is true of it. */
  forget(): void {
    this.prefixInode = ROOT_INODE;
    this.prefixBytes = 0;
  }

  /** Copy an inode's record to `record`; NotFound if there is none. */
  find(inode: u64): u32 {
    this.recordBytes = 0;
    const status = this.load(inode, this.record);
    if (status == Status.Ok) this.recordBytes = this.map.valueBytes;
    return status;
  }

  /** Which inode does a directory hold under this name? */
  findEntry(directory: u64, name: usize, nameBytes: u32): u32 {
    const status = this.map.get(this.key, TreeKey.makeEntry(this.key, directory, name, nameBytes));
    if (status != Status.Ok) return status;
    if (this.map.valueBytes < 8) return Status.Corrupted;
    this.entryInode = load<u64>(this.map.valueAddress);
    return Status.Ok;
  }

  /** The path of the inode whose valid record this is; empty for the root. */
  makePath(record: usize, recordBytes: u32): u32 {
    const parent = InodeRecord.parent(record);
    this.path = this.buffer + PATH_BYTES_MAXIMUM;
    this.pathBytes = 0;
    if (recordBytes == InodeRecord.SIZE) return Status.Ok;
    let status = this.prepend(InodeRecord.name(record), recordBytes - InodeRecord.SIZE);
    if (status == Status.Ok) status = this.prependDirectories(parent);
    if (status != Status.Ok || parent == this.prefixInode || parent == ROOT_INODE) return status;
    // Everything before the last name and its slash is the parent's path.
    this.prefixInode = parent;
    this.prefixBytes = this.pathBytes - (recordBytes - InodeRecord.SIZE) - 1;
    memory.copy(this.prefix, this.path, this.prefixBytes);
    return Status.Ok;
  }

  /** Put the names from `directory` up to the root before what the buffer holds. */
  private prependDirectories(directory: u64): u32 {
    let inode = directory;
    let marked: u64 = 0;
    let stride: u32 = 1;
    let untilMark: u32 = 1;
    while (inode != ROOT_INODE && inode != this.prefixInode) {
      if (inode == marked) return Status.Corrupted;
      if (--untilMark == 0) {
        marked = inode;
        stride <<= 1;
        untilMark = stride;
      }
      let status = this.load(inode, this.step);
      if (status == Status.NotFound) return Status.Corrupted;
      if (status != Status.Ok) return status;
      if (InodeRecord.kind(this.step) != FileKind.directory) return Status.Corrupted;
      status = this.prependWithSlash(InodeRecord.name(this.step), this.map.valueBytes - InodeRecord.SIZE);
      if (status != Status.Ok) return status;
      inode = InodeRecord.parent(this.step);
    }
    return inode == ROOT_INODE ? <u32>Status.Ok : this.prependWithSlash(this.prefix, this.prefixBytes);
  }

  private prependWithSlash(text: usize, textBytes: u32): u32 {
    if (this.path == this.buffer) return Status.TooLarge;
    store<u8>(--this.path, 0x2f);
    this.pathBytes++;
    return this.prepend(text, textBytes);
  }

  private prepend(text: usize, textBytes: u32): u32 {
    if (textBytes > <u32>(this.path - this.buffer)) return Status.TooLarge;
    this.path -= textBytes;
    this.pathBytes += textBytes;
    memory.copy(this.path, text, textBytes);
    return Status.Ok;
  }

  private load(inode: u64, out: usize): u32 {
    const status = this.map.get(this.key, TreeKey.makeInode(this.key, inode));
    if (status != Status.Ok) return status;
    if (!isValidRecord(this.map.valueAddress, this.map.valueBytes, inode)) return Status.Corrupted;
    memory.copy(out, this.map.valueAddress, this.map.valueBytes);
    return Status.Ok;
  }
}

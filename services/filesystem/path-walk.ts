// Paths: from a capability's directory to the place that a path names. Whatever the path or a symbolic link says, the walk never leaves that directory.
//
//   text ─► [ …rest of the path… ]     a link in the middle puts its target before the rest and walks on from the directory that holds the link
//
// Links in the middle are followed, at most 40; one at the end is not: the result is the link itself. `..` goes up, but not above the capability's directory: Denied. A link to an absolute
// path starts again at the capability's directory, which is all of the world that its holder has.
//
// Safety: `text` holds the longest path and the longest target before it; `name` and `record` are copies that stay until the next walk.
import { FileKind } from "../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Contents, Platform } from "./lower";
import { State } from "./state";
import { InodeRecord, NAME_BYTES_MAX, ROOT_INODE, TARGET_BYTES_MAX, isValidName } from "./tree-format";

export const PATH_BYTES_MAX: u32 = 4096;
const LINKS_MAX: u32 = 40;
const TEXT_BYTES: u32 = PATH_BYTES_MAX + TARGET_BYTES_MAX + 8;
const SLASH: u8 = 0x2f;
const DOT: u8 = 0x2e;

export class PathWalk {
  /** The directory that holds the last name, the name, and whether it is there. */
  directory: u64 = 0;
  readonly name: usize = heap.alloc(NAME_BYTES_MAX + 1);
  nameBytes: u32 = 0;
  isFound: bool = false;
  /** The path names the capability's own node, or a directory by `.` or `..`: there is no name. */
  isNode: bool = false;
  /** The path ended with a slash: what it names must be a directory. */
  wantsDirectory: bool = false;
  /** Of what was found: inode, record, its length. */
  inode: u64 = 0;
  readonly record: usize = heap.alloc(InodeRecord.BYTES_MAX);
  recordBytes: u32 = 0;

  private text: usize = heap.alloc(TEXT_BYTES);
  private start: u32 = 0;
  private end: u32 = 0;
  private top: u64 = 0;
  private links: u32 = 0;

  constructor(private state: State, private contents: Contents, private platform: Platform) {}

  /** Walk the path in a lease from the node `inode`. NotFound only if a directory on the way is missing; a missing last name is `isFound` false. */
  walk(inode: u64, lease: u32, lengthBytes: u32): u32 {
    if (lengthBytes > PATH_BYTES_MAX) return Status.NameTooLong;
    this.start = TARGET_BYTES_MAX;
    this.end = TARGET_BYTES_MAX + lengthBytes;
    const copied = this.platform.readLease(lease, 0, this.text + this.start, lengthBytes);
    if (copied != Status.Ok) return copied;
    this.top = inode;
    this.links = 0;
    this.wantsDirectory = false;
    const status = this.enter(inode);
    if (status != Status.Ok || this.start == this.end) return status;
    return this.steps();
  }

  /** The walk stands at the node `inode`. */
  private enter(inode: u64): u32 {
    this.isNode = true;
    this.isFound = true;
    this.nameBytes = 0;
    this.inode = inode;
    const status = this.state.readInode(inode, this.record);
    this.recordBytes = this.state.valueBytes;
    return status;
  }

  /** One name after the other. Ends because each turn consumes a name, and links add text at most LINKS_MAX times. */
  private steps(): u32 {
    while (true) {
      this.skipSlashes();
      if (this.start == this.end) {
        this.wantsDirectory = true; // only slashes and dots were left
        return InodeRecord.kind(this.record) == FileKind.directory ? Status.Ok : Status.NotDirectory;
      }
      if (InodeRecord.kind(this.record) != FileKind.directory) return Status.NotDirectory;
      const from = this.text + this.start;
      const nameBytes = this.nextName();
      if (nameBytes > NAME_BYTES_MAX) return Status.NameTooLong;
      let status: u32 = Status.Ok;
      if (nameBytes == 1 && load<u8>(from) == DOT) continue;
      if (nameBytes == 2 && load<u16>(from) == 0x2e2e) status = this.goUp();
      else {
        if (!isValidName(from, nameBytes)) return Status.InvalidName;
        status = this.goDown(from, nameBytes);
        if (status != Status.Ok) return status;
        if (this.isLast) return this.isFound && this.wantsDirectory && InodeRecord.kind(this.record) != FileKind.directory ? Status.NotDirectory : Status.Ok;
        if (!this.isFound) return Status.NotFound;
        if (InodeRecord.kind(this.record) == FileKind.symlink) status = this.followLink();
        else this.isNode = true;
      }
      if (status != Status.Ok) return status;
    }
  }

  /** Nothing but slashes is left; some mean that a directory is wanted. */
  private get isLast(): bool {
    const before = this.start;
    this.skipSlashes();
    this.wantsDirectory = this.start != before;
    const isLast = this.start == this.end;
    if (!isLast) this.start = before;
    return isLast;
  }

  private skipSlashes(): void { while (this.start < this.end && load<u8>(this.text + this.start) == SLASH) this.start++; }

  /** Move past the next name; its length. */
  private nextName(): u32 {
    const before = this.start;
    while (this.start < this.end && load<u8>(this.text + this.start) != SLASH) this.start++;
    return this.start - before;
  }

  private goUp(): u32 {
    if (this.inode == this.top || this.inode == ROOT_INODE) return Status.Denied;
    const status = this.enter(InodeRecord.parent(this.record));
    return status == Status.NotFound ? <u32>Status.Corrupted : status;
  }

  /** Look the name up in the directory where the walk stands. */
  private goDown(name: usize, nameBytes: u32): u32 {
    this.directory = this.inode;
    memory.copy(this.name, name, nameBytes);
    this.nameBytes = nameBytes;
    this.isNode = false;
    const status = this.state.findEntry(this.directory, this.name, nameBytes);
    this.isFound = status == Status.Ok;
    if (status != Status.Ok) return status == Status.NotFound ? <u32>Status.Ok : status;
    this.inode = this.state.entryInode;
    const read = this.state.readInode(this.inode, this.record);
    this.recordBytes = this.state.valueBytes;
    return read == Status.NotFound ? <u32>Status.Corrupted : read;
  }

  /** The walk stands at a link with a path behind it: put the target before the rest and go back to the link's directory. */
  private followLink(): u32 {
    this.links++;
    const size = InodeRecord.size(this.record);
    if (this.links > LINKS_MAX) return Status.Loop;
    if (size == 0 || size > TARGET_BYTES_MAX) return Status.Corrupted;
    const targetBytes = <u32>size;
    const restBytes = this.end - this.start;
    if (restBytes > PATH_BYTES_MAX) return Status.NameTooLong;
    memory.copy(this.text + TARGET_BYTES_MAX, this.text + this.start, restBytes);
    this.start = TARGET_BYTES_MAX - targetBytes;
    this.end = TARGET_BYTES_MAX + restBytes;
    const status = this.contents.get(InodeRecord.content(this.record), 0, 0, this.text + this.start, targetBytes);
    if (status != Status.Ok) return status == Status.NotFound ? <u32>Status.Corrupted : status;
    if (this.contents.lengthBytes != targetBytes) return Status.Corrupted;
    return this.enter(load<u8>(this.text + this.start) == SLASH ? this.top : this.directory);
  }
}

// Check of the live tree: every inode is where its record says, every directory counts right, every content is there with its size, every map node begins where the format wants it.
//
// The walk goes down by entries and back up by the records' parents, so it needs no stack however deep the tree is. It goes down only into an inode whose record names exactly this entry: so each
// inode is entered at most once, whatever a damaged image says, and the walk ends. What it did not reach is counted at the end.
//
// Safety: buffers hold records and names as their names say; the cursor's addresses are copied before the map is used again.
import { FileKind } from "../../kernel-bindings/generated/assembly/filesystem";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { MapCursor, Node, keyLevel } from "../base/merkle-map";
import { Core } from "./core";
import { Report } from "./report";
import { EntryValue, INODE_KEY_BYTES, InodeRecord, NAME_BYTES_MAX, ROOT_INODE, TreeKey, entryKey } from "./tree-format";
import { TreeVisitor } from "./tree-walk";

const READ_BYTES: u32 = 262144;

export class TreeCheck extends TreeVisitor {
  files: u64 = 0;
  directories: u64 = 0;
  entries: u64 = 0;
  logicalBytes: u64 = 0;
  /** Read every content to its end, because the store reported damage: so that the files are named. */
  readsContents: bool = false;
  private cursor: MapCursor = new MapCursor();
  private name: usize = heap.alloc(NAME_BYTES_MAX + 1);
  private nameBytes: u32 = 0;
  private directory: usize = heap.alloc(InodeRecord.BYTES_MAX);
  private record: usize = heap.alloc(InodeRecord.BYTES_MAX);
  private buffer: usize = heap.alloc(READ_BYTES);
  private directoryBytes: u32 = 0;
  private recordBytes: u32 = 0;
  private entryInode: u64 = 0;
  private entryKind: u32 = 0;
  private parent: u64 = 0;
  private counted: u64 = 0;

  constructor(private core: Core, private report: Report) { super(); }

  run(): u32 {
    this.files = 0;
    this.directories = 1;
    this.entries = 0;
    this.logicalBytes = 0;
    let inode = ROOT_INODE;
    let found: u64 = 0;
    this.nameBytes = 0;
    let status = this.core.state.readInode(inode, this.directory);
    // Each turn consumes an entry or leaves a directory: bounded by the entries of the map.
    while (status == Status.Ok) {
      status = this.nextEntry(inode);
      if (status == Status.EndOfFile) {
        const size = InodeRecord.size(this.directory);
        // Counted anew, because the walk has come back from below and does not remember.
        status = this.countEntries(inode);
        if (status != Status.Ok) return status;
        if (this.counted != size) this.report.text("directory ").number(inode).text(" says it has ").number(size).text(" entries and has ").number(this.counted).end();
        if (inode == ROOT_INODE) break;
        status = this.leave();
        inode = this.parent;
        continue;
      }
      if (status != Status.Ok) return status;
      found++;
      const isDescended = this.judgeEntry(inode);
      if (isDescended) {
        inode = this.entryInode;
        memory.copy(this.directory, this.record, this.recordBytes);
        this.directoryBytes = this.recordBytes;
        this.nameBytes = 0;
      }
    }
    if (status != Status.Ok) return status;
    this.entries = found;
    this.compareTotals();
    return this.core.walk.run(this.core.state.tree, false, this);
  }

  /** Shape of a node: only boundaries begin one (docs/formats/filesystem.md §1.2). */
  visitNode(hash: usize, index: u32): u32 {
    const node = this.core.state.cache.node(index);
    const count = Node.entryCount(node);
    const level = Node.level(node);
    const salt = this.core.state.tree.salt;
    for (let i: u32 = 0; i < count; i++) {
      if (Node.keyBytes(node, i) == 0) continue;
      const own = keyLevel(salt, Node.key(node, i), Node.keyBytes(node, i));
      // Inside a node stand keys of its level (a leaf: any below 1); at its start a higher one, or the first key of all.
      if (own < level || (i > 0 && own > level)) {
        this.report.text("map node ").hash(hash).text(" is not where its keys want it").end();
        break;
      }
    }
    return Status.Ok;
  }

  visitInode(inode: u64, record: usize): u32 { return Status.Ok; }

  /** The entry after `name` in the directory, its name to `name`; EndOfFile when there is none. */
  private nextEntry(inode: u64): u32 {
    store<u8>(this.name + this.nameBytes, 0);
    const after = this.nameBytes == 0 ? 0 : min(this.nameBytes + 1, NAME_BYTES_MAX);
    let status = this.cursor.seek(this.core.state.tree, entryKey(inode, this.name, after), INODE_KEY_BYTES + after);
    if (status == Status.Ok && this.nameBytes == NAME_BYTES_MAX && this.isAtEntryOf(inode) && memory.compare(this.cursor.key + INODE_KEY_BYTES, this.name, NAME_BYTES_MAX) == 0) status = this.cursor.next();
    if (status != Status.Ok) return status;
    if (!this.isAtEntryOf(inode)) return Status.EndOfFile;
    this.nameBytes = this.cursor.keyBytes - INODE_KEY_BYTES;
    memory.copy(this.name, this.cursor.key + INODE_KEY_BYTES, this.nameBytes);
    if (this.cursor.valueBytes != EntryValue.BYTES) return Status.Corrupted;
    this.entryInode = EntryValue.inode(this.cursor.value);
    this.entryKind = EntryValue.kind(this.cursor.value);
    return Status.Ok;
  }

  private isAtEntryOf(inode: u64): bool {
    return this.cursor.isAtEntry && TreeKey.isEntry(this.cursor.key, this.cursor.keyBytes) && TreeKey.inode(this.cursor.key) == inode;
  }

  private countEntries(inode: u64): u32 {
    this.counted = 0;
    let status = this.cursor.seek(this.core.state.tree, entryKey(inode, this.name, 0), INODE_KEY_BYTES);
    while (status == Status.Ok && this.isAtEntryOf(inode)) {
      this.counted++;
      status = this.cursor.next();
    }
    return status;
  }

  /** One entry against its inode's record. True: a directory to go down into; its record is in `record`. */
  private judgeEntry(directory: u64): bool {
    const report = this.report;
    const status = this.core.state.readInode(this.entryInode, this.record);
    if (status != Status.Ok) {
      report.text("directory ").number(directory).text(", name ").bytes(this.name, this.nameBytes).text(": inode ").number(this.entryInode).text(" cannot be read").end();
      return false;
    }
    this.recordBytes = this.core.state.valueBytes;
    const ownNameBytes = this.recordBytes - InodeRecord.HEAD_BYTES;
    const kind = InodeRecord.kind(this.record);
    if (InodeRecord.parent(this.record) != directory || ownNameBytes != this.nameBytes || memory.compare(InodeRecord.name(this.record), this.name, this.nameBytes) != 0 || kind != this.entryKind) {
      report.text("inode ").number(this.entryInode).text(" does not know its name ").bytes(this.name, this.nameBytes).text(" in directory ").number(directory).end();
      return false;
    }
    if (kind == FileKind.directory) {
      this.directories++;
      return true;
    }
    this.files++;
    this.logicalBytes += InodeRecord.size(this.record);
    this.judgeContent(this.entryInode, this.record);
    return false;
  }

  private judgeContent(inode: u64, record: usize): void {
    const size = InodeRecord.size(record);
    const contents = this.core.contents;
    let status = contents.describe(InodeRecord.content(record));
    if (status != Status.Ok) {
      this.tell(inode).text("its content ").hash(InodeRecord.content(record)).text(" is missing").end();
      return;
    }
    if (contents.lengthBytes != size) this.tell(inode).text("its size is ").number(size).text(" and its content has ").number(contents.lengthBytes).text(" bytes").end();
    for (let at: u64 = 0; this.readsContents && at < size && status == Status.Ok; at += READ_BYTES) status = contents.get(InodeRecord.content(record), at, 0, this.buffer, READ_BYTES);
    if (status != Status.Ok) this.tell(inode).text("its content is damaged").end();
  }

  private tell(inode: u64): Report { return this.report.text("file ").bytes(this.name, this.nameBytes).text(" (inode ").number(inode).text("): "); }

  /** Up from a directory that is done: its parent's record, and its own name there as the place to go on from. */
  private leave(): u32 {
    this.parent = InodeRecord.parent(this.directory);
    this.nameBytes = this.directoryBytes - InodeRecord.HEAD_BYTES;
    memory.copy(this.name, InodeRecord.name(this.directory), this.nameBytes);
    const status = this.core.state.readInode(this.parent, this.directory);
    this.directoryBytes = this.core.state.valueBytes;
    return status;
  }

  private compareTotals(): void {
    const state = this.core.state;
    const inodes = this.files + this.directories;
    // Every entry of the map is a record or a directory's entry.
    if (state.tree.count != inodes + this.entries) this.report.number(state.tree.count - inodes - this.entries).text(" records of the tree are reached by no name").end();
    if (state.files != this.files) this.report.text("the state counts ").number(state.files).text(" files and there are ").number(this.files).end();
    if (state.directories != this.directories) this.report.text("the state counts ").number(state.directories).text(" directories and there are ").number(this.directories).end();
    if (state.logicalBytes != this.logicalBytes) this.report.text("the state counts ").number(state.logicalBytes).text(" bytes and there are ").number(this.logicalBytes).end();
  }
}

// What happened to paths between two trees: the differing entries of their maps, read as changes.
//
// An inode's record names its parent and its own name, so the records alone tell what was added, removed, moved and modified; entries of directories say the same again and are passed over. Children of
// a renamed directory keep their records and are not listed.
// A file that was written anew under its old name (removed or replaced, and made again) has another inode; to its user it is the same path: it is listed as modified if it differs, else not at all.
//
// Safety: differing values live in the cache only until the next look-up, so they are copied to `before` and `after` first, which have room for the longest valid record.
import { Change } from "../../kernel-bindings/generated/assembly/snapshots";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { MerkleMap, NodeCache } from "../base/merkle-map";
import { ChangeList } from "./change-list";
import { differs, INODE_KEY_BYTES, InodeRecord, isMoved, isValidRecord, Tag, TreeKey } from "./inode-record";
import { MapDifference } from "./map-difference";
import { PATH_BYTES_MAXIMUM, Tree } from "./tree";

export class TreeDifference {
  private from: Tree;
  private to: Tree;
  private maps: MapDifference;
  private before: usize = heap.alloc(InodeRecord.BYTES_MAXIMUM);
  private beforeBytes: u32 = 0;
  private after: usize = heap.alloc(InodeRecord.BYTES_MAXIMUM);
  private afterBytes: u32 = 0;
  private oldPath: usize = heap.alloc(PATH_BYTES_MAXIMUM);
  /** The inode dealt with last, and whether its lines say already that it changed. */
  private inode: u64 = 0;
  private isListed: bool = false;
  private loadsBefore: u64 = 0;

  constructor(private cache: NodeCache, readonly changes: ChangeList) {
    const from = new Tree(new MerkleMap(cache));
    const to = new Tree(new MerkleMap(cache));
    this.from = from;
    this.to = to;
    this.maps = new MapDifference(from.map, to.map);
  }

  /** Nodes that the last comparison read from the store. */
  get nodesRead(): u32 { return <u32>(this.cache.loadCount - this.loadsBefore); }

  /** Compare the trees with these roots; `changes` holds the result if it is Ok, and nothing else. */
  run(fromRoot: usize, toRoot: usize): u32 {
    this.loadsBefore = this.cache.loadCount;
    this.changes.clear();
    this.from.forget();
    this.to.forget();
    this.inode = 0;
    this.isListed = false;
    let status = this.maps.start(fromRoot, toRoot);
    while (status == Status.Ok && this.maps.next()) status = this.take();
    if (status == Status.Ok) status = this.maps.status;
    if (status == Status.Ok) this.changes.sort(); else this.changes.clear();
    return status;
  }

  /** One key of the tree maps that differs. */
  private take(): u32 {
    const maps = this.maps;
    if (maps.keyBytes < INODE_KEY_BYTES) return Status.Corrupted;
    const inode = TreeKey.inode(maps.key);
    const tag = TreeKey.tag(maps.key);
    if (tag == Tag.attribute) return this.attributeChanged(inode);
    if (tag != Tag.inode) return Status.Ok;
    if (maps.keyBytes != INODE_KEY_BYTES) return Status.Corrupted;
    if (maps.leftValue && !isValidRecord(maps.leftValue, maps.leftBytes, inode)) return Status.Corrupted;
    if (maps.rightValue && !isValidRecord(maps.rightValue, maps.rightBytes, inode)) return Status.Corrupted;
    this.beforeBytes = maps.leftValue ? maps.leftBytes : 0;
    this.afterBytes = maps.rightValue ? maps.rightBytes : 0;
    memory.copy(this.before, maps.leftValue, this.beforeBytes);
    memory.copy(this.after, maps.rightValue, this.afterBytes);
    this.inode = inode;
    this.isListed = this.beforeBytes == 0 || this.afterBytes == 0;
    if (this.beforeBytes == 0) return this.added();
    if (this.afterBytes == 0) return this.removed();
    return this.changed();
  }

  private added(): u32 {
    // What was at this place before, and is it gone?
    let status = this.from.findEntry(InodeRecord.parent(this.after), InodeRecord.name(this.after), this.afterBytes - InodeRecord.SIZE);
    if (status == Status.NotFound) return this.list(Change.added, this.to, this.after, this.afterBytes);
    if (status != Status.Ok) return status;
    const replaced = this.from.entryInode;
    status = this.to.find(replaced);
    if (status == Status.Ok) return this.list(Change.added, this.to, this.after, this.afterBytes);
    if (status != Status.NotFound) return status;
    status = this.from.find(replaced);
    if (status == Status.NotFound) return Status.Corrupted;
    if (status != Status.Ok) return status;
    return differs(this.from.record, this.after) ? this.list(Change.modified, this.to, this.after, this.afterBytes) : <u32>Status.Ok;
  }

  private removed(): u32 {
    let status = this.to.findEntry(InodeRecord.parent(this.before), InodeRecord.name(this.before), this.beforeBytes - InodeRecord.SIZE);
    if (status == Status.Ok) {
      status = this.from.find(this.to.entryInode);
      // Replaced by something new: `added` deals with it.
      if (status == Status.NotFound) return Status.Ok;
      if (status != Status.Ok) return status;
    } else if (status != Status.NotFound) return status;
    return this.list(Change.removed, this.from, this.before, this.beforeBytes);
  }

  private changed(): u32 {
    let status: u32 = Status.Ok;
    if (isMoved(this.before, this.beforeBytes, this.after, this.afterBytes)) status = this.listRename();
    if (status != Status.Ok || !differs(this.before, this.after)) return status;
    this.isListed = true;
    return this.list(Change.modified, this.to, this.after, this.afterBytes);
  }

  /** An extended attribute of an inode that is in both trees: it is modified, once. */
  private attributeChanged(inode: u64): u32 {
    if (inode == this.inode && this.isListed) return Status.Ok;
    this.inode = inode;
    this.isListed = true;
    const status = this.to.find(inode);
    if (status != Status.Ok) return status == Status.NotFound ? <u32>Status.Corrupted : status;
    return this.list(Change.modified, this.to, this.to.record, this.to.recordBytes);
  }

  private list(change: u32, tree: Tree, record: usize, recordBytes: u32): u32 {
    const status = tree.makePath(record, recordBytes);
    if (status != Status.Ok) return status;
    return this.changes.add(change, InodeRecord.kind(record), tree.path, tree.pathBytes, 0, 0) ? <u32>Status.Ok : <u32>Status.TooLarge;
  }

  private listRename(): u32 {
    let status = this.from.makePath(this.before, this.beforeBytes);
    if (status != Status.Ok) return status;
    const oldBytes = this.from.pathBytes;
    memory.copy(this.oldPath, this.from.path, oldBytes);
    status = this.to.makePath(this.after, this.afterBytes);
    if (status != Status.Ok) return status;
    const isRoom = this.changes.add(Change.renamed, InodeRecord.kind(this.after), this.oldPath, oldBytes, this.to.path, this.to.pathBytes);
    return isRoom ? <u32>Status.Ok : <u32>Status.TooLarge;
  }
}

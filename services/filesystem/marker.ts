// Marking for a collection: hands the content store every hash that a tree reaches, in batches: map nodes, and the contents that inode records name.
// Nodes that only memory has are walked but not marked: no disk state needs them.
//
// Safety: `hashes` holds MARK_MAX hashes and is handed on when full.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { MerkleMap, sameHash } from "../base/merkle-map";
import { Contents } from "./lower";
import { State } from "./state";
import { EMPTY_CONTENT, HASH_BYTES, InodeRecord, ZERO_HASH } from "./tree-format";
import { TreeVisitor, TreeWalk } from "./tree-walk";
import { Visited } from "./visited";

const MARK_MAX: u32 = 256;

export class Marker extends TreeVisitor {
  private hashes: usize = heap.alloc(MARK_MAX * HASH_BYTES);
  private count: u32 = 0;

  constructor(private state: State, private contents: Contents, private walk: TreeWalk, private visited: Visited) { super(); }

  begin(): void {
    this.visited.clear();
    this.count = 0;
  }

  /** Keep a map and, if it is a tree of inodes, their contents. Its changes were hashed. */
  addMap(map: MerkleMap, isTree: bool): u32 { return this.walk.run(map, isTree, this); }

  visitNode(hash: usize, index: u32): u32 { return this.state.cache.isUnstored(index) ? <u32>Status.Ok : this.add(hash); }
  visitInode(inode: u64, record: usize): u32 { return this.add(InodeRecord.content(record)); }

  /** Keep one object. */
  add(hash: usize): u32 {
    if (sameHash(hash, EMPTY_CONTENT) || sameHash(hash, ZERO_HASH)) return Status.Ok;
    memory.copy(this.hashes + this.count * HASH_BYTES, hash, HASH_BYTES);
    this.count++;
    return this.count == MARK_MAX ? this.flush() : <u32>Status.Ok;
  }

  flush(): u32 {
    if (this.count == 0) return Status.Ok;
    const status = this.contents.collectMark(this.hashes, this.count);
    this.count = 0;
    // Something reachable is not there: freeing now would make it worse.
    return status == Status.NotFound ? <u32>Status.Corrupted : status;
  }
}

// A walk over the nodes of a map, each once, and over the inode records in its leaves: for collections and for checks.
//
// It keeps one node of each level by its hash and a position, not by its place in memory, so that it never holds more than one node and the cache may evict what it likes.
// A node that was walked before (visited.ts) is not descended into: what snapshots share is walked once.
//
// Safety: `levels` holds a child (40 bytes), a position and a level for each depth; the depth is bounded because levels fall by one.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Child, CHILD_BYTES, LEVEL_MAX, MerkleMap, Node, NodeCache } from "../base/merkle-map";
import { isInodeRecord } from "./state";
import { TreeKey } from "./tree-format";
import { Visited } from "./visited";

const DEPTH_BYTES: u32 = CHILD_BYTES + 8;

/** Told of what is met. What is not Ok ends the walk. Addresses hold until the next use of a map. */
export abstract class TreeVisitor {
  /** A node, under its hash, at this place of the cache. */
  abstract visitNode(hash: usize, index: u32): u32;
  abstract visitInode(inode: u64, record: usize): u32;
}

export class TreeWalk {
  private levels: usize = heap.alloc((LEVEL_MAX + 1) * DEPTH_BYTES);

  constructor(private cache: NodeCache, private visited: Visited) {}

  /** All of a map whose changes were hashed; the records of inodes too if it is a tree. */
  run(map: MerkleMap, isTree: bool, visitor: TreeVisitor): u32 {
    if (!this.visited.add(map.root)) return Status.Ok;
    memory.copy(this.levels, map.root, CHILD_BYTES);
    let depth: i32 = 0;
    let status = this.enter(0, isTree, visitor);
    while (status == Status.Ok && depth >= 0) {
      const place = this.levels + <usize>depth * DEPTH_BYTES;
      const index = this.load(place);
      if (index == 0) return this.cache.status;
      const node = this.cache.node(index);
      const position = load<u32>(place, CHILD_BYTES);
      if (Node.level(node) == 0 || position >= Node.entryCount(node)) {
        depth--;
        continue;
      }
      store<u32>(place, position + 1, CHILD_BYTES);
      const below = place + DEPTH_BYTES;
      if (<u32>depth >= LEVEL_MAX) return Status.Corrupted;
      memory.copy(below, Node.value(node, position), CHILD_BYTES);
      if (!this.visited.add(below)) continue;
      depth++;
      status = this.enter(depth, isTree, visitor);
    }
    return status;
  }

  private load(place: usize): u32 {
    this.cache.begin();
    return this.cache.load(place);
  }

  /** Begin with the node named at a depth. */
  private enter(depth: i32, isTree: bool, visitor: TreeVisitor): u32 {
    const place = this.levels + <usize>depth * DEPTH_BYTES;
    const index = this.load(place);
    if (index == 0) return this.cache.status;
    const node = this.cache.node(index);
    const level = Node.level(node);
    store<u32>(place, 0, CHILD_BYTES);
    store<u32>(place, level, CHILD_BYTES + 4);
    if (depth > 0 && level + 1 != load<u32>(place - DEPTH_BYTES, CHILD_BYTES + 4)) return Status.Corrupted;
    if (Node.subtreeCount(node) != Child.count(place)) return Status.Corrupted;
    let status = visitor.visitNode(place, index);
    if (!isTree || level > 0) return status;
    const count = Node.entryCount(node);
    for (let i: u32 = 0; i < count && status == Status.Ok; i++) {
      const key = Node.key(node, i);
      if (!TreeKey.isRecord(key, Node.keyBytes(node, i))) continue;
      const record = Node.value(node, i);
      if (!isInodeRecord(record, Node.valueBytes(node, i))) return Status.Corrupted;
      status = visitor.visitInode(TreeKey.inode(key), record);
    }
    return status;
  }
}

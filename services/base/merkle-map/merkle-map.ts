// The history-independent Merkle map: the same keys and values have the same root (docs/formats/filesystem.md, part 1). Reads and paths are here; changes in map-change.ts, hashing in map-commit.ts.
//
// The map names its root like a parent names a child. A path is the nodes from the root to a leaf, by level, with a position in each. Everything that comes from the store
// is validated alone (node-cache.ts) and against its parent (here) before it is used: a hostile image gets `Corrupted`, never a wrong access.
//
// Safety: `root`, `path` and `salt` are allocated once; addresses handed out point into cached nodes and hold until the next call of any map on the same cache.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { compareKeys } from "./key";
import { CHILD_BYTES, Child, HASH_BYTES, KEY_BYTES_MAX, LEVEL_MAX, NODE_HEAD_BYTES, Node } from "./node";
import { NodeCache } from "./node-cache";

/** A path: for each level the index of the node in the cache and the position in it. */
export class Path {
  private slots: usize = heap.alloc((LEVEL_MAX + 1) * 8);
  node(level: u32): u32 { return load<u32>(this.slots + (<usize>level << 3)); }
  position(level: u32): u32 { return load<u32>(this.slots + (<usize>level << 3), 4); }
  set(level: u32, node: u32, position: u32): void {
    store<u32>(this.slots + (<usize>level << 3), node);
    store<u32>(this.slots + (<usize>level << 3), position, 4);
  }
}

export class MerkleMap {
  /** How the map names its root: a `Child`. */
  readonly root: usize = heap.alloc(CHILD_BYTES);
  readonly salt: usize = heap.alloc(HASH_BYTES);
  readonly path: Path = new Path();
  /** Level of the root, of the last path. */
  height: u32 = 0;
  /** Whether the last path ended at the key itself. */
  found: bool = false;
  /** Of `get`. */
  valueAddress: usize = 0;
  valueBytes: u32 = 0;

  constructor(readonly cache: NodeCache) {
    memory.fill(this.salt, 0, HASH_BYTES);
    memory.fill(this.root, 0, CHILD_BYTES);
  }

  setSalt(salt: usize): void { memory.copy(this.salt, salt, HASH_BYTES); }

  /** Name no root: for a cache that is about to be cleared. */
  forget(): void { memory.fill(this.root, 0, CHILD_BYTES); }

  /** An empty map, its root still to be hashed. Lets go of what it held. */
  reset(): u32 {
    this.discard();
    this.cache.begin();
    const index = this.cache.create(NODE_HEAD_BYTES);
    if (index == 0) return Status.OutOfMemory;
    Node.initialize(this.cache.node(index), 0);
    Child.setChanged(this.root, index, 0);
    return Status.Ok;
  }

  /** The stored map with this root. Loads its root node only. */
  open(hash: usize): u32 {
    this.discard();
    this.cache.begin();
    const index = this.cache.load(hash);
    if (index == 0) return this.cache.status;
    Child.setHash(this.root, hash, Node.subtreeCount(this.cache.node(index)));
    return Status.Ok;
  }

  /** Number of entries. */
  get count(): u64 { return Child.count(this.root); }

  /** The value of a key, in `valueAddress` and `valueBytes` until the next call. */
  get(key: usize, keyBytes: u32): u32 {
    const status = this.descend(key, keyBytes);
    if (status != Status.Ok) return status;
    if (!this.found) return Status.NotFound;
    const leaf = this.cache.node(this.path.node(0));
    this.valueAddress = Node.value(leaf, this.path.position(0));
    this.valueBytes = Node.valueBytes(leaf, this.path.position(0));
    return Status.Ok;
  }

  /** Make the path to where the key is or would be. */
  descend(key: usize, keyBytes: u32): u32 {
    assert(keyBytes > 0 && keyBytes <= KEY_BYTES_MAX);
    this.cache.begin();
    let index = this.resolve(this.root, 0, 0);
    if (index == 0) return this.cache.status;
    let node = this.cache.node(index);
    this.height = Node.level(node);
    for (let level = this.height; level > 0; level--) {
      const position = Node.childIndex(node, key, keyBytes);
      this.path.set(level, index, position);
      index = this.resolve(Node.value(node, position), node, position);
      if (index == 0) return this.cache.status;
      node = this.cache.node(index);
    }
    const position = Node.lowerBound(node, key, keyBytes);
    this.found = Node.hasKeyAt(node, position, key, keyBytes);
    this.path.set(0, index, position);
    return Status.Ok;
  }

  /** The node that a child names, checked against the parent's entry (parent 0: the root). 0 and the cache's `status` if it cannot be had. */
  resolve(child: usize, parent: usize, position: u32): u32 {
    if (Child.isChanged(child)) {
      this.cache.touch(Child.index(child));
      return Child.index(child);
    }
    const index = this.cache.load(child);
    if (index == 0) return 0;
    const node = this.cache.node(index);
    if (Node.subtreeCount(node) == Child.count(child) && (parent == 0 || isChildOf(node, parent, position))) return index;
    this.cache.status = Status.Corrupted;
    return 0;
  }

  /** Let go of changed and unstored nodes of this map: nobody will ask for them again, or the store has them. Clean ones stay cached. */
  discard(): void {
    const stack = this.path;
    let index = this.resident(this.root);
    if (index == 0) return;
    let level = Node.level(this.cache.node(index));
    const top = level;
    stack.set(level, index, 0);
    while (true) {
      index = stack.node(level);
      const node = this.cache.node(index);
      const position = stack.position(level);
      if (level > 0 && position < Node.entryCount(node)) {
        stack.set(level, index, position + 1);
        const child = this.resident(Node.value(node, position));
        if (child != 0) stack.set(--level, child, 0);
        continue;
      }
      if (this.cache.isChanged(index)) this.cache.release(index);
      else this.cache.forgetUnstored(index);
      if (level == top) break;
      level++;
    }
    this.forget();
  }

  /** A child in memory that the store may not have, or 0. */
  private resident(child: usize): u32 {
    if (Child.isChanged(child)) return Child.index(child);
    const index = this.cache.find(child);
    return index != 0 && this.cache.isUnstored(index) ? index : 0;
  }
}

/** The rules between a node and the entry that names it (§1.4), except the count. */
function isChildOf(node: usize, parent: usize, position: u32): bool {
  if (Node.level(node) + 1 != Node.level(parent)) return false;
  const count = Node.entryCount(node);
  const keyBytes = Node.keyBytes(parent, position);
  if (keyBytes > 0) {
    if (count == 0 || !Node.hasKeyAt(node, 0, Node.key(parent, position), keyBytes)) return false;
  } else if (Node.level(node) > 0 && Node.keyBytes(node, 0) > 0) return false;
  if (count == 0 || position + 1 == Node.entryCount(parent)) return true;
  return compareKeys(Node.key(node, count - 1), Node.keyBytes(node, count - 1), Node.key(parent, position + 1), Node.keyBytes(parent, position + 1)) < 0;
}

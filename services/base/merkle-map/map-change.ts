// Changes of a Merkle map: one key put or removed, with the boundaries that come and go with it.
//
//   put of a boundary of level l: the nodes of levels 0 … l − 1 on its path are split before it, and level l gets an entry for the right half
//   removal of one: the nodes of levels 0 … l − 1 that begin with it are appended to their left neighbours, and level l loses its entry
//
// Always: everything that can fail (loading, memory, bounds) is done before the first byte changes, so that a refused change leaves the map as it was.
//
// Safety: indexes come from paths made in this operation, so none of them is evicted; frames were reserved for the lengths that the edits give.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { keyLevel } from "./key";
import { MerkleMap, Path } from "./merkle-map";
import { CHILD_BYTES, Child, KEY_BYTES_MAX, LEVEL_MAX, NODE_BYTES_MAX, NODE_HEAD_BYTES, Node, VALUE_BYTES_MAX } from "./node";
import { appendEntries, cutEntries, entryBytes, entryBytesAt, insertEntry, removeEntry, resizeValue, tailBytes } from "./node-edit";

export class MapEditor {
  /** The path left of a boundary that goes: the last entries below the entry before it. */
  private left: Path = new Path();
  /** Right halves of a put, and new roots, by level. */
  private fresh: Path = new Path();

  /** The key gets this value. The value must not lie in a node of the map. */
  put(map: MerkleMap, key: usize, keyBytes: u32, value: usize, valueBytes: u32): u32 {
    assert(keyBytes > 0 && keyBytes <= KEY_BYTES_MAX && valueBytes <= VALUE_BYTES_MAX);
    const status = map.descend(key, keyBytes);
    if (status != Status.Ok) return status;
    return map.found ? this.replace(map, value, valueBytes) : this.insert(map, key, keyBytes, value, valueBytes);
  }

  /** The key goes; NotFound if it was not there. */
  remove(map: MerkleMap, key: usize, keyBytes: u32): u32 {
    let status = map.descend(key, keyBytes);
    if (status != Status.Ok) return status;
    if (!map.found) return Status.NotFound;
    const level = keyLevel(map.salt, key, keyBytes);
    if (!beginsNodes(map, level)) return Status.Corrupted;
    if (level > 0) {
      status = this.joinLeft(map, level);
      if (status != Status.Ok) return status;
    } else markChanged(map, 0);
    const path = map.path;
    const cache = map.cache;
    removeEntry(cache.node(path.node(level)), path.position(level));
    if (level > 0) path.set(level, path.node(level), path.position(level) - 1);
    addToCounts(map, level, <u64>-1);
    this.collapse(map);
    return Status.Ok;
  }

  private replace(map: MerkleMap, value: usize, valueBytes: u32): u32 {
    const cache = map.cache;
    const index = map.path.node(0);
    const position = map.path.position(0);
    const leaf = cache.node(index);
    const oldBytes = Node.valueBytes(leaf, position);
    if (oldBytes == valueBytes && memory.compare(Node.value(leaf, position), value, valueBytes) == 0) return Status.Ok;
    const lengthBytes = Node.lengthBytes(leaf) - oldBytes + valueBytes;
    if (lengthBytes > NODE_BYTES_MAX) return Status.TooLarge;
    if (!cache.reserve(index, lengthBytes)) return Status.OutOfMemory;
    markChanged(map, 0);
    memory.copy(resizeValue(cache.node(index), position, valueBytes), value, valueBytes);
    return Status.Ok;
  }

  private insert(map: MerkleMap, key: usize, keyBytes: u32, value: usize, valueBytes: u32): u32 {
    const cache = map.cache;
    const path = map.path;
    const level = keyLevel(map.salt, key, keyBytes);
    const status = this.prepareInsert(map, level, keyBytes, valueBytes);
    if (status != Status.Ok) return status;
    markChanged(map, 0);
    for (let raised = map.height + 1; raised <= level; raised++) this.raise(map, raised);
    for (let below: u32 = 0; below < level; below++) {
      const right = cache.node(this.fresh.node(below));
      const node = cache.node(path.node(below));
      const from = path.position(below) + (below > 0 ? 1 : 0);
      Node.initialize(right, below);
      this.fillEntry(map, right, 0, below, key, keyBytes, value, valueBytes);
      appendEntries(right, node, from);
      cutEntries(node, from);
      recount(right);
      recount(node);
      if (below > 0) this.countChild(map, below - 1);
    }
    const target = cache.node(path.node(level));
    this.fillEntry(map, target, path.position(level) + (level > 0 ? 1 : 0), level, key, keyBytes, value, valueBytes);
    if (level > 0) this.countChild(map, level - 1);
    addToCounts(map, level, 1);
    return Status.Ok;
  }

  /** Bounds and memory for an insertion: right halves below `level`, room at `level`, roots above the present one. */
  private prepareInsert(map: MerkleMap, level: u32, keyBytes: u32, valueBytes: u32): u32 {
    const cache = map.cache;
    const path = map.path;
    let status = Status.Ok;
    let made: u32 = 0;
    for (; made < level && status == Status.Ok; made++) {
      let lengthBytes = NODE_HEAD_BYTES + entryBytes(keyBytes, made == 0 ? valueBytes : CHILD_BYTES);
      if (made <= map.height) lengthBytes += tailBytes(cache.node(path.node(made)), path.position(made) + (made > 0 ? 1 : 0));
      const index = lengthBytes > NODE_BYTES_MAX ? 0 : cache.create(lengthBytes);
      if (index == 0) {
        status = lengthBytes > NODE_BYTES_MAX ? Status.TooLarge : Status.OutOfMemory;
        break;
      }
      this.fresh.set(made, index, 0);
    }
    let raised = map.height + 1;
    for (; status == Status.Ok && raised <= level; raised++) {
      const index = cache.create(NODE_HEAD_BYTES + entryBytes(0, CHILD_BYTES) + entryBytes(keyBytes, CHILD_BYTES));
      if (index == 0) {
        status = Status.OutOfMemory;
        break;
      }
      path.set(raised, index, 0);
    }
    if (status == Status.Ok && level <= map.height) {
      const lengthBytes = Node.lengthBytes(cache.node(path.node(level))) + entryBytes(keyBytes, level == 0 ? valueBytes : CHILD_BYTES);
      if (lengthBytes > NODE_BYTES_MAX) status = Status.TooLarge;
      else if (!cache.reserve(path.node(level), lengthBytes)) status = Status.OutOfMemory;
    }
    if (status == Status.Ok) return status;
    while (made > 0) cache.release(this.fresh.node(--made));
    while (raised > map.height + 1) cache.release(path.node(--raised));
    return status;
  }

  /** An entry for the key: its value at level 0, above it the right half of the level below. */
  private fillEntry(map: MerkleMap, node: usize, index: u32, level: u32, key: usize, keyBytes: u32, value: usize, valueBytes: u32): void {
    if (level == 0) {
      memory.copy(insertEntry(node, index, key, keyBytes, valueBytes), value, valueBytes);
      return;
    }
    const right = this.fresh.node(level - 1);
    Child.setChanged(insertEntry(node, index, key, keyBytes, CHILD_BYTES), right, Node.subtreeCount(map.cache.node(right)));
  }

  /** After a split at `level`, the entry of the path that names the left half says its new count. */
  private countChild(map: MerkleMap, level: u32): void {
    const parent = map.cache.node(map.path.node(level + 1));
    Child.setCount(Node.value(parent, map.path.position(level + 1)), Node.subtreeCount(map.cache.node(map.path.node(level))));
    recount(parent);
  }

  /** A root above the present one, with it as its only child. Its node was made by prepareInsert. */
  private raise(map: MerkleMap, level: u32): void {
    const index = map.path.node(level);
    const node = map.cache.node(index);
    const count = map.count;
    Node.initialize(node, level);
    memory.copy(insertEntry(node, 0, 0, 0, CHILD_BYTES), map.root, CHILD_BYTES);
    Node.setSubtreeCount(node, count);
    Child.setChanged(map.root, index, count);
    map.height = level;
  }

  /** Append the nodes below `level` that begin with the removed boundary to their left neighbours. The removed key itself is dropped on the way. */
  private joinLeft(map: MerkleMap, level: u32): u32 {
    const cache = map.cache;
    const path = map.path;
    let parent = path.node(level);
    let position = path.position(level) - 1;
    for (let below = level; below > 0; ) {
      const node = cache.node(parent);
      const index = map.resolve(Node.value(node, position), node, position);
      if (index == 0) return cache.status;
      below--;
      const count = Node.entryCount(cache.node(index));
      position = count == 0 ? 0 : count - 1;
      this.left.set(below, index, position);
      parent = index;
    }
    for (let below: u32 = 0; below < level; below++) {
      const right = cache.node(path.node(below));
      const lengthBytes = Node.lengthBytes(cache.node(this.left.node(below))) + Node.lengthBytes(right) - NODE_HEAD_BYTES - entryBytesAt(right, 0);
      if (lengthBytes > NODE_BYTES_MAX) return Status.TooLarge;
      if (!cache.reserve(this.left.node(below), lengthBytes)) return Status.OutOfMemory;
    }
    markChanged(map, level);
    parent = path.node(level);
    position = path.position(level) - 1;
    for (let below = level; below > 0; ) {
      below--;
      const left = this.left.node(below);
      const right = cache.node(path.node(below));
      const leftNode = cache.node(left);
      const count = Node.subtreeCount(leftNode) + Node.subtreeCount(right) - 1;
      cache.change(left);
      Child.setChanged(Node.value(cache.node(parent), position), left, count);
      appendEntries(leftNode, right, 1);
      Node.setSubtreeCount(leftNode, count);
      cache.release(path.node(below));
      parent = left;
      position = this.left.position(below);
    }
    return Status.Ok;
  }

  /** While the root is an interior node with one entry, its child is the root. */
  private collapse(map: MerkleMap): void {
    const cache = map.cache;
    for (let step: u32 = 0; step < LEVEL_MAX; step++) {
      if (!Child.isChanged(map.root)) return;
      const index = Child.index(map.root);
      const node = cache.node(index);
      if (Node.level(node) == 0 || Node.entryCount(node) > 1) return;
      memory.copy(map.root, Node.value(node, 0), CHILD_BYTES);
      cache.release(index);
    }
  }
}

/** Whether a key of this level stands where the format wants it: first in every node below its level, and in no node of its own. A hostile image may say otherwise. */
function beginsNodes(map: MerkleMap, level: u32): bool {
  if (level > map.height) return false;
  for (let below: u32 = 0; below < level; below++) if (map.path.position(below) != 0) return false;
  if (level > 0) return map.path.position(level) > 0;
  if (map.path.position(0) > 0 || map.height == 0) return true;
  return Node.keyBytes(map.cache.node(map.path.node(1)), map.path.position(1)) == 0;
}

/** The nodes of the path from the root down to `lowest` change. */
function markChanged(map: MerkleMap, lowest: u32): void {
  const cache = map.cache;
  let child = map.root;
  for (let level = map.height; ; level--) {
    const index = map.path.node(level);
    cache.change(index);
    const node = cache.node(index);
    Child.setChanged(child, index, Node.subtreeCount(node));
    if (level == lowest) return;
    child = Node.value(node, map.path.position(level));
  }
}

/** The node of the path at `level` has one entry more or less below it; so have those above, and the children that name them. */
function addToCounts(map: MerkleMap, level: u32, change: u64): void {
  const cache = map.cache;
  let below = recount(cache.node(map.path.node(level)));
  for (let above = level + 1; above <= map.height; above++) {
    const node = cache.node(map.path.node(above));
    Child.setCount(Node.value(node, map.path.position(above)), below);
    below = Node.subtreeCount(node) + change;
    Node.setSubtreeCount(node, below);
  }
  Child.setCount(map.root, below);
}

/** Set the node's count from its entries. */
function recount(node: usize): u64 {
  const count = Node.entryCount(node);
  let total: u64 = count;
  if (Node.level(node) > 0) {
    total = 0;
    for (let i: u32 = 0; i < count; i++) total += Child.count(Node.value(node, i));
  }
  Node.setSubtreeCount(node, total);
  return total;
}

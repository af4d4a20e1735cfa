// A place in a stored map that is a whole subtree or one entry: what a comparison of two maps steps over without reading it, or steps into.
//
//   level 2   [ … │ entry ►│ … ]      the path: one node for each level, with a position in each
//   level 1        [ … │ entry ►│ … ] ◄ the item is the entry at `level`: at level 0 a key with its value,
//   level 0                             above that the subtree that begins at the key
//
// The nodes of the path live in a cache that other look-ups use too, so that each is found again, or read again by its hash, before it is used (`hold`).
//
// Everything comes from a disk: nodes are validated alone by the cache and against their parent by the map, and here keys must rise from item to item. So no node is visited twice, whatever a
// hostile image names, and the work is bounded by the size of the image.
//
// Safety: `frames` has one frame for each level up to LEVEL_MAX; `key` and `value` point into a cached node and hold until the next use of the cache.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { compareKeys, HASH_BYTES, KEY_BYTES_MAX, LEVEL_MAX, MerkleMap, Node } from "../base/merkle-map";

/** hash 32 │ u32 index in the cache │ u32 its stamp │ u32 position │ u32 entryCount */
const FRAME_BYTES: u32 = 48;
const INDEX: usize = 32;
const STAMP: usize = 36;
const POSITION: usize = 40;
const COUNT: usize = 44;

export class TreeCursor {
  private frames: usize = heap.alloc((LEVEL_MAX + 1) * FRAME_BYTES);
  private last: usize = heap.alloc(KEY_BYTES_MAX);
  private lastBytes: u32 = 0;
  private hasLast: bool = false;
  private hasMoved: bool = false;
  private top: u32 = 0;
  /** Nodes of this map stepped into. */
  nodesEntered: u32 = 0;
  /** Of the item; 0 is an entry of a leaf. */
  level: u32 = 0;
  isDone: bool = true;
  /** Of `hold`. */
  key: usize = 0;
  keyBytes: u32 = 0;
  value: usize = 0;
  valueBytes: u32 = 0;

  constructor(private map: MerkleMap) {}

  /** To the first item of the map with this root; the map is open at it. */
  start(root: usize): u32 {
    this.isDone = true;
    this.hasLast = false;
    this.nodesEntered = 1;
    const cache = this.map.cache;
    cache.begin();
    const index = cache.load(root);
    if (index == 0) return cache.status;
    this.top = Node.level(cache.node(index));
    this.enter(this.top, root, index);
    this.isDone = Node.entryCount(cache.node(index)) == 0;
    return Status.Ok;
  }

  /** Make sure that the item's node is in memory, and set `key` and `value`. */
  hold(): u32 {
    const node = this.holdNode(this.level);
    if (node == 0) return this.map.cache.status;
    const position = load<u32>(this.frame(this.level), POSITION);
    this.key = Node.key(node, position);
    this.keyBytes = Node.keyBytes(node, position);
    this.value = Node.value(node, position);
    this.valueBytes = Node.valueBytes(node, position);
    if (!this.hasMoved) return Status.Ok;
    if (this.hasLast && compareKeys(this.key, this.keyBytes, this.last, this.lastBytes) <= 0) return Status.Corrupted;
    memory.copy(this.last, this.key, this.keyBytes);
    this.lastBytes = this.keyBytes;
    this.hasLast = true;
    this.hasMoved = false;
    return Status.Ok;
  }

  /** From the subtree that the item is to its first item. `hold` was called since the last move. */
  descend(): u32 {
    assert(this.level > 0 && !this.isDone);
    const node = this.holdNode(this.level);
    if (node == 0) return this.map.cache.status;
    const position = load<u32>(this.frame(this.level), POSITION);
    const child = Node.value(node, position);
    const index = this.map.resolve(child, node, position);
    if (index == 0) return this.map.cache.status;
    this.nodesEntered++;
    this.enter(this.level - 1, child, index);
    // The first key below is the item's own, or rises above the empty key: the same place, so it need not be above the last one.
    this.hasLast = false;
    if (load<u32>(this.frame(this.level), COUNT) == 0) this.advance(); // an empty first leaf
    return Status.Ok;
  }

  /** Past the item. */
  advance(): void {
    assert(!this.isDone);
    this.hasMoved = true;
    while (true) {
      const frame = this.frame(this.level);
      const position = load<u32>(frame, POSITION) + 1;
      store<u32>(frame, position, POSITION);
      if (position < load<u32>(frame, COUNT)) return;
      if (this.level == this.top) break;
      this.level++;
    }
    this.isDone = true;
  }

  private enter(level: u32, hash: usize, index: u32): void {
    const frame = this.frame(level);
    const cache = this.map.cache;
    memory.copy(frame, hash, HASH_BYTES);
    store<u32>(frame, index, INDEX);
    store<u32>(frame, cache.stamp(index), STAMP);
    store<u32>(frame, 0, POSITION);
    store<u32>(frame, Node.entryCount(cache.node(index)), COUNT);
    this.level = level;
    this.hasMoved = true;
  }

  /** The node of the path at a level, read again if it was evicted; 0 and the cache's status if it cannot be had. */
  private holdNode(level: u32): usize {
    const frame = this.frame(level);
    const cache = this.map.cache;
    let index = load<u32>(frame, INDEX);
    if (cache.stamp(index) == load<u32>(frame, STAMP)) {
      cache.touch(index);
      return cache.node(index);
    }
    index = cache.load(frame);
    if (index == 0) return 0;
    store<u32>(frame, index, INDEX);
    store<u32>(frame, cache.stamp(index), STAMP);
    return cache.node(index);
  }

  private frame(level: u32): usize {
    assert(level <= LEVEL_MAX);
    return this.frames + level * FRAME_BYTES;
  }
}

// A place in a map, for walks in key order: listings, checks, searches. It survives other use of the map: where its leaf was evicted or changed it finds its place again by its last key.
//
// Safety: `key` and `value` point into a cached leaf and hold until the next call of any map on the same cache; `last` and `boundary` hold the longest key and one byte more.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { compareKeys } from "./key";
import { MerkleMap } from "./merkle-map";
import { KEY_BYTES_MAX, LEVEL_MAX, Node } from "./node";

export class MapCursor {
  private last: usize = heap.alloc(KEY_BYTES_MAX + 8);
  private lastBytes: u32 = 0;
  private leaf: u32 = 0;
  private stamp: u32 = 0;
  private position: u32 = 0;
  private map: MerkleMap | null = null;
  /** Whether there is an entry here; not past the end. */
  isAtEntry: bool = false;
  key: usize = 0;
  keyBytes: u32 = 0;
  value: usize = 0;
  valueBytes: u32 = 0;

  /** To the first entry whose key is not below the given one. */
  seek(map: MerkleMap, key: usize, keyBytes: u32): u32 {
    this.map = map;
    this.isAtEntry = false;
    let status = map.descend(key, keyBytes);
    if (status != Status.Ok) return status;
    if (map.path.position(0) >= Node.entryCount(map.cache.node(map.path.node(0)))) {
      status = this.nextLeaf(map);
      if (status != Status.Ok || map.path.node(0) == 0) return status;
    }
    this.leaf = map.path.node(0);
    this.position = map.path.position(0);
    this.take(map);
    return Status.Ok;
  }

  /** To the entry after this one. */
  next(): u32 {
    const map = this.map;
    if (map === null || !this.isAtEntry) return Status.Ok;
    if (map.cache.stamp(this.leaf) != this.stamp || this.position + 1 >= Node.entryCount(map.cache.node(this.leaf))) {
      // The smallest key above the last one is the last one with a zero byte behind it; a key of the greatest length has the same prefix as no other key above it.
      store<u8>(this.last + this.lastBytes, 0);
      if (this.lastBytes < KEY_BYTES_MAX) return this.seek(map, this.last, this.lastBytes + 1);
      return this.seekPast(map);
    }
    map.cache.touch(this.leaf);
    this.position++;
    this.take(map);
    return Status.Ok;
  }

  /** For a last key of the greatest length, which has no room for a byte more. */
  private seekPast(map: MerkleMap): u32 {
    const status = this.seek(map, this.last, this.lastBytes);
    if (status != Status.Ok || !this.isAtEntry || compareKeys(this.key, this.keyBytes, this.last, this.lastBytes) != 0) return status;
    if (this.position + 1 < Node.entryCount(map.cache.node(this.leaf))) {
      this.position++;
      this.take(map);
      return Status.Ok;
    }
    this.isAtEntry = false;
    const moved = this.nextLeaf(map);
    if (moved != Status.Ok || map.path.node(0) == 0) return moved;
    this.leaf = map.path.node(0);
    this.position = map.path.position(0);
    this.take(map);
    return Status.Ok;
  }

  private take(map: MerkleMap): void {
    const node = map.cache.node(this.leaf);
    this.stamp = map.cache.stamp(this.leaf);
    this.key = Node.key(node, this.position);
    this.keyBytes = Node.keyBytes(node, this.position);
    this.value = Node.value(node, this.position);
    this.valueBytes = Node.valueBytes(node, this.position);
    this.lastBytes = this.keyBytes;
    memory.copy(this.last, this.key, this.keyBytes);
    this.isAtEntry = true;
  }

  /** Turn the map's path to the first entry of the leaf after it; node 0 at level 0 when there is none. */
  private nextLeaf(map: MerkleMap): u32 {
    const path = map.path;
    const cache = map.cache;
    let level: u32 = 1;
    while (level <= map.height && path.position(level) + 1 >= Node.entryCount(cache.node(path.node(level)))) level++;
    if (level > map.height || level > LEVEL_MAX) {
      path.set(0, 0, 0);
      return Status.Ok;
    }
    path.set(level, path.node(level), path.position(level) + 1);
    while (level > 0) {
      const parent = cache.node(path.node(level));
      const index = map.resolve(Node.value(parent, path.position(level)), parent, path.position(level));
      if (index == 0) return cache.status;
      path.set(--level, index, 0);
    }
    // A leaf after the first begins with its boundary; resolve has checked that it is there.
    return Status.Ok;
  }
}

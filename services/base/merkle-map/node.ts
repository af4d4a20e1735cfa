// One encoded node of the Merkle map: where its parts are, how a key is found in it, and whether bytes from a disk are one.
// docs/formats/filesystem.md §1.3 is the layout; a node has it in memory too, so that hashing needs no encoding.
//
//   0 u32 magic   4 u16 entryCount   6 u8 level   7 u8 zero   8 u64 subtreeCount   16 u32 end[entryCount]   then the entries: u16 keyBytes, key, value
//
// In memory alone, a child that was changed since it was last hashed is named by its place in the cache: see `Child`.
//
// Safety: `node` is a node that `isValidNode` accepted or that node-edit.ts made, and an index is below its entryCount; isValidNode itself reads only the bytes it is given.
import { compareKeys } from "./key";

export const NODE_MAGIC: u32 = 0x314e4d41;
export const NODE_HEAD_BYTES: u32 = 16;
export const NODE_BYTES_MAX: u32 = 262144;
export const KEY_BYTES_MAX: u32 = 264;
export const VALUE_BYTES_MAX: u32 = 1024;
export const LEVEL_MAX: u32 = 7;
/** Value of an interior entry: child hash and count. */
export const CHILD_BYTES: u32 = 40;
/** What an entry costs beyond its key and value: its end and its keyBytes. */
export const ENTRY_HEAD_BYTES: u32 = 6;
export const HASH_BYTES: u32 = 32;
/** No node holds more entries than fit with the shortest keys. */
const COUNT_LIMIT: u64 = 1 << 48;

export namespace Node {
  export function entryCount(node: usize): u32 { return load<u16>(node, 4); }
  export function setEntryCount(node: usize, value: u32): void { store<u16>(node, <u16>value, 4); }
  export function level(node: usize): u32 { return load<u8>(node, 6); }
  export function subtreeCount(node: usize): u64 { return load<u64>(node, 8); }
  export function setSubtreeCount(node: usize, value: u64): void { store<u64>(node, value, 8); }

  /** Where the entries begin. */
  export function area(node: usize): usize { return node + NODE_HEAD_BYTES + (<usize>entryCount(node) << 2); }
  /** End of entry `index − 1`, which is where entry `index` starts, relative to the area. */
  export function start(node: usize, index: u32): u32 { return index == 0 ? 0 : load<u32>(node + NODE_HEAD_BYTES + (<usize>index << 2) - 4); }
  export function setEnd(node: usize, index: u32, value: u32): void { store<u32>(node + NODE_HEAD_BYTES + (<usize>index << 2), value); }
  export function entry(node: usize, index: u32): usize { return area(node) + start(node, index); }
  export function lengthBytes(node: usize): u32 { return NODE_HEAD_BYTES + (entryCount(node) << 2) + start(node, entryCount(node)); }

  export function keyBytes(node: usize, index: u32): u32 { return load<u16>(entry(node, index)); }
  export function key(node: usize, index: u32): usize { return entry(node, index) + 2; }
  export function value(node: usize, index: u32): usize { return key(node, index) + keyBytes(node, index); }
  export function valueBytes(node: usize, index: u32): u32 { return start(node, index + 1) - start(node, index) - 2 - keyBytes(node, index); }

  /** First entry whose key is not below the given one; entryCount if there is none. */
  export function lowerBound(node: usize, key: usize, keyBytes: u32): u32 {
    let low: u32 = 0;
    let high = entryCount(node);
    const base = area(node);
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = base + start(node, middle);
      if (compareKeys(at + 2, load<u16>(at), key, keyBytes) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  export function hasKeyAt(node: usize, index: u32, key: usize, keyBytes: u32): bool {
    if (index >= entryCount(node)) return false;
    const at = entry(node, index);
    return compareKeys(at + 2, load<u16>(at), key, keyBytes) == 0;
  }

  /** The entry of an interior node below which the key belongs: the last that is not above it. The first entry of a path's nodes is never above it. */
  export function childIndex(node: usize, key: usize, keyBytes: u32): u32 {
    const index = lowerBound(node, key, keyBytes);
    return hasKeyAt(node, index, key, keyBytes) || index == 0 ? index : index - 1;
  }

  /** An empty node. */
  export function initialize(node: usize, level: u32): void {
    store<u32>(node, NODE_MAGIC);
    store<u32>(node, level << 16, 4);
    store<u64>(node, 0, 8);
  }
}

/**
 * The 40 bytes by which a parent (or the map, for its root) names a child: hash and count of entries. A child that was changed since has no hash:
 * bit 63 of the count is set, and the first four bytes are its index in the cache. Counts from a disk are below 2^48, so none of them looks like that.
 */
export namespace Child {
  const CHANGED: u64 = 1 << 63;
  export function isChanged(child: usize): bool { return (load<u64>(child, 32) & CHANGED) != 0; }
  export function index(child: usize): u32 { return load<u32>(child); }
  export function count(child: usize): u64 { return load<u64>(child, 32) & ~CHANGED; }
  export function setCount(child: usize, count: u64): void { store<u64>(child, (load<u64>(child, 32) & CHANGED) | count, 32); }
  export function setChanged(child: usize, index: u32, count: u64): void {
    memory.fill(child, 0, HASH_BYTES);
    store<u32>(child, index);
    store<u64>(child, count | CHANGED, 32);
  }
  export function setHash(child: usize, hash: usize, count: u64): void {
    memory.copy(child, hash, HASH_BYTES);
    store<u64>(child, count, 32);
  }
}

/** Whether these bytes, whoever wrote them, are a node by every rule that needs no other node (§1.4). */
export function isValidNode(node: usize, lengthBytes: u32): bool {
  if (lengthBytes < NODE_HEAD_BYTES || lengthBytes > NODE_BYTES_MAX || load<u32>(node) != NODE_MAGIC) return false;
  const count = Node.entryCount(node);
  const level = Node.level(node);
  if (level > LEVEL_MAX || load<u8>(node, 7) != 0 || (level > 0 && count == 0)) return false;
  if (count > (lengthBytes - NODE_HEAD_BYTES) >> 2) return false;
  const areaBytes = lengthBytes - NODE_HEAD_BYTES - (count << 2);
  const base = Node.area(node);
  let from: u32 = 0;
  let total: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const end = Node.start(node, i + 1);
    if (end > areaBytes || end < from || end - from < 2) return false;
    const keyBytes: u32 = load<u16>(base + from);
    if (keyBytes > KEY_BYTES_MAX || keyBytes > end - from - 2) return false;
    const valueBytes = end - from - 2 - keyBytes;
    if (level == 0 ? keyBytes == 0 || valueBytes > VALUE_BYTES_MAX : valueBytes != CHILD_BYTES || (keyBytes == 0 && i > 0)) return false;
    if (i > 0) {
      const before = Node.entry(node, i - 1);
      if (compareKeys(before + 2, load<u16>(before), base + from + 2, keyBytes) >= 0) return false;
    }
    if (level > 0) {
      const childCount = load<u64>(base + from + 2 + keyBytes, HASH_BYTES);
      if (childCount >= COUNT_LIMIT) return false;
      total += childCount;
    }
    from = end;
  }
  return from == areaBytes && Node.subtreeCount(node) == (level == 0 ? count : total);
}

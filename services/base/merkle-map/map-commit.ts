// Hashing a map: every changed node, children first, so that the map's root has a hash again. Work is proportional to the paths changed since the last commit.
//
// Safety: the path's indexes are changed nodes, which are never evicted; nothing is loaded here.
import { hash } from "../blake3";
import { MerkleMap } from "./merkle-map";
import { Child, Node } from "./node";

const hashed: usize = memory.data(32, 16);

/** Hash what changed; the address of the root hash, which holds until the next change. */
export function commitMap(map: MerkleMap): usize {
  if (!Child.isChanged(map.root)) return map.root;
  const cache = map.cache;
  const path = map.path;
  const top = Node.level(cache.node(Child.index(map.root)));
  let level = top;
  path.set(level, Child.index(map.root), 0);
  while (true) {
    const index = path.node(level);
    const node = cache.node(index);
    const position = level > 0 ? nextChanged(node, path.position(level)) : 0;
    if (level > 0 && position < Node.entryCount(node)) {
      path.set(level, index, position);
      path.set(--level, Child.index(Node.value(node, position)), 0);
      continue;
    }
    hash(node, Node.lengthBytes(node), hashed);
    const count = Node.subtreeCount(node);
    cache.settle(index, hashed);
    if (level == top) {
      Child.setHash(map.root, hashed, count);
      return map.root;
    }
    level++;
    Child.setHash(Node.value(cache.node(path.node(level)), path.position(level)), hashed, count);
  }
}

/** First entry from `from` on whose child is changed; entryCount if none. */
function nextChanged(node: usize, from: u32): u32 {
  const count = Node.entryCount(node);
  let index = from;
  while (index < count && !Child.isChanged(Node.value(node, index))) index++;
  return index;
}

// The history-independent Merkle map of the filesystem and the snapshot manager (docs/formats/filesystem.md, part 1).
export { compareKeys, keyLevel } from "./key";
export { Child, CHILD_BYTES, HASH_BYTES, KEY_BYTES_MAX, LEVEL_MAX, NODE_BYTES_MAX, NODE_HEAD_BYTES, NODE_MAGIC, Node, VALUE_BYTES_MAX, isValidNode } from "./node";
export { NodeCache, sameHash } from "./node-cache";
export { NodeStore } from "./node-store";
export { MerkleMap, Path } from "./merkle-map";
export { MapEditor } from "./map-change";
export { commitMap } from "./map-commit";
export { MapCursor } from "./map-cursor";

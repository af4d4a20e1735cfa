// The entries that differ between two stored maps, in key order, reading only nodes that differ.
//
// Two cursors move in key order. The one that is behind steps forward, into subtrees too; where both are at the same key, the one at the higher level steps down, and at the same level equal hashes
// let both step over the subtree without reading it. Node boundaries of the two maps need not agree (docs/formats/filesystem.md §1.5): only keys are compared.
//
// Safety: keys and values handed out point into cached nodes and hold until the next use of the cache.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { compareKeys, MerkleMap, sameHash } from "../base/merkle-map";
import { TreeCursor } from "./tree-cursor";

export class MapDifference {
  private left: TreeCursor;
  private right: TreeCursor;
  private passLeft: bool = false;
  private passRight: bool = false;

  /** Of `next`: Ok, or why it ended early. */
  status: u32 = 0;
  /** Of `next`: the key, and where it is; a value's address is 0 on the side that lacks the key. */
  key: usize = 0;
  keyBytes: u32 = 0;
  leftValue: usize = 0;
  leftBytes: u32 = 0;
  rightValue: usize = 0;
  rightBytes: u32 = 0;

  constructor(private leftMap: MerkleMap, private rightMap: MerkleMap) {
    assert(leftMap.cache === rightMap.cache);
    this.left = new TreeCursor(leftMap);
    this.right = new TreeCursor(rightMap);
  }

  /** Nodes stepped into on both sides. */
  get nodesEntered(): u32 { return this.left.nodesEntered + this.right.nodesEntered; }

  /** Compare the maps with these roots. Nothing is read when they are equal. */
  start(leftRoot: usize, rightRoot: usize): u32 {
    this.passLeft = false;
    this.passRight = false;
    this.status = Status.Ok;
    this.left.isDone = true;
    this.right.isDone = true;
    this.left.nodesEntered = 0;
    this.right.nodesEntered = 0;
    if (sameHash(leftRoot, rightRoot)) return Status.Ok;
    this.status = this.leftMap.open(leftRoot);
    if (this.status == Status.Ok) this.status = this.rightMap.open(rightRoot);
    if (this.status == Status.Ok) this.status = this.left.start(leftRoot);
    if (this.status == Status.Ok) this.status = this.right.start(rightRoot);
    return this.status;
  }

  /** To the next key that differs; false at the end, or when `status` is not Ok. */
  next(): bool {
    if (this.status != Status.Ok) return false;
    if (this.passLeft) this.left.advance();
    if (this.passRight) this.right.advance();
    this.passLeft = false;
    this.passRight = false;
    // Each turn moves a cursor forward or down a level, and keys rise: bounded by the two maps.
    while (!this.left.isDone || !this.right.isDone) {
      if (!this.hold()) return false;
      const order = this.left.isDone ? 1 : this.right.isDone ? -1 : compareKeys(this.left.key, this.left.keyBytes, this.right.key, this.right.keyBytes);
      if (order == 0) {
        if (this.together()) return true;
      } else if (this.alone(order < 0)) return true;
      if (this.status != Status.Ok) return false;
    }
    return false;
  }

  /** Both cursors' nodes in memory at once. */
  private hold(): bool {
    this.leftMap.cache.begin();
    if (!this.left.isDone) this.status = this.left.hold();
    if (this.status == Status.Ok && !this.right.isDone) this.status = this.right.hold();
    return this.status == Status.Ok;
  }

  /** Both are at the same key. True: it is an entry that differs. */
  private together(): bool {
    const left = this.left;
    const right = this.right;
    if (left.level > right.level) { this.status = left.descend(); return false; }
    if (left.level < right.level) { this.status = right.descend(); return false; }
    const isEntry = left.level == 0;
    const isEqual = isEntry
      ? left.valueBytes == right.valueBytes && memory.compare(left.value, right.value, left.valueBytes) == 0
      : sameHash(left.value, right.value);
    if (isEqual) {
      left.advance();
      right.advance();
      return false;
    }
    if (!isEntry) {
      this.status = left.descend();
      if (this.status == Status.Ok) this.status = right.descend();
      return false;
    }
    this.show(left, true, true);
    return true;
  }

  /** One cursor is behind: its item, or all below it, is on its side only up to where the other is. */
  private alone(isLeft: bool): bool {
    const cursor = isLeft ? this.left : this.right;
    if (cursor.level > 0) { this.status = cursor.descend(); return false; }
    this.show(cursor, isLeft, !isLeft);
    return true;
  }

  private show(cursor: TreeCursor, onLeft: bool, onRight: bool): void {
    this.key = cursor.key;
    this.keyBytes = cursor.keyBytes;
    this.leftValue = onLeft ? this.left.value : 0;
    this.leftBytes = onLeft ? this.left.valueBytes : 0;
    this.rightValue = onRight ? this.right.value : 0;
    this.rightBytes = onRight ? this.right.valueBytes : 0;
    this.passLeft = onLeft;
    this.passRight = onRight;
  }
}

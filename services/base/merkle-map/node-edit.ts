// Changes of one node in place: entries put in, taken out, moved to a neighbour. Counts of subtrees are the caller's (change.ts).
//
// Safety: the caller has made sure that the node's frame has room for the result (at most NODE_BYTES_MAX) and that indexes are in bounds;
// keys and values given do not lie in a node that is being changed.
import { ENTRY_HEAD_BYTES, NODE_HEAD_BYTES, Node } from "./node";

/** What an entry takes. */
export function entryBytes(keyBytes: u32, valueBytes: u32): u32 { return ENTRY_HEAD_BYTES + keyBytes + valueBytes; }

/** What entry `index` takes, its end included. */
export function entryBytesAt(node: usize, index: u32): u32 { return Node.start(node, index + 1) - Node.start(node, index) + 4; }

/** What entries `from` to the last take. */
export function tailBytes(node: usize, from: u32): u32 {
  const count = Node.entryCount(node);
  return Node.start(node, count) - Node.start(node, from) + ((count - from) << 2);
}

/** Put an entry in before entry `index`; the address of its value, which the caller fills. */
export function insertEntry(node: usize, index: u32, key: usize, keyBytes: u32, valueBytes: u32): usize {
  const count = Node.entryCount(node);
  const bytes = 2 + keyBytes + valueBytes;
  const at = Node.start(node, index);
  const total = Node.start(node, count);
  const area = Node.area(node);
  memory.copy(area + 4 + at + bytes, area + at, total - at);
  memory.copy(area + 4, area, at);
  for (let i = count; i > index; i--) Node.setEnd(node, i, Node.start(node, i) + bytes);
  Node.setEnd(node, index, at + bytes);
  Node.setEntryCount(node, count + 1);
  const entry = area + 4 + at;
  store<u16>(entry, <u16>keyBytes);
  memory.copy(entry + 2, key, keyBytes);
  return entry + 2 + keyBytes;
}

export function removeEntry(node: usize, index: u32): void {
  const count = Node.entryCount(node);
  const at = Node.start(node, index);
  const next = Node.start(node, index + 1);
  const total = Node.start(node, count);
  const area = Node.area(node);
  for (let i = index + 1; i < count; i++) Node.setEnd(node, i - 1, Node.start(node, i + 1) - (next - at));
  Node.setEntryCount(node, count - 1);
  memory.copy(area - 4, area, at);
  memory.copy(area - 4 + at, area + next, total - next);
}

/** Give entry `index` a value of another length; the address of the value, which the caller fills. */
export function resizeValue(node: usize, index: u32, valueBytes: u32): usize {
  const count = Node.entryCount(node);
  const value = Node.value(node, index);
  const next = Node.start(node, index + 1);
  const change = valueBytes - Node.valueBytes(node, index); // modulo 2^32
  memory.copy(Node.area(node) + (next + change), Node.area(node) + next, Node.start(node, count) - next);
  for (let i = index; i < count; i++) Node.setEnd(node, i, Node.start(node, i + 1) + change);
  return value;
}

/** Append entries `from` to the last of `source`. */
export function appendEntries(node: usize, source: usize, from: u32): void {
  const count = Node.entryCount(node);
  const moved = Node.entryCount(source) - from;
  const total = Node.start(node, count);
  const sourceStart = Node.start(source, from);
  const area = Node.area(node);
  memory.copy(area + (<usize>moved << 2), area, total);
  for (let i: u32 = 0; i < moved; i++) Node.setEnd(node, count + i, total + Node.start(source, from + i + 1) - sourceStart);
  Node.setEntryCount(node, count + moved);
  memory.copy(Node.area(node) + total, Node.area(source) + sourceStart, tailBytes(source, from) - (moved << 2));
}

/** Forget entries `from` to the last. */
export function cutEntries(node: usize, from: u32): void {
  const kept = Node.start(node, from);
  const area = Node.area(node);
  Node.setEntryCount(node, from);
  memory.copy(node + NODE_HEAD_BYTES + (<usize>from << 2), area, kept);
}

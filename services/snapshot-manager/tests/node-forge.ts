// Nodes made by hand, for what no honest map holds: any keys, values and children, under the hash of their bytes.
import { hash } from "../../base/blake3";
import { HASH_BYTES, NODE_HEAD_BYTES, NODE_MAGIC } from "../../base/merkle-map";
import { TreeKey } from "../inode-record";
import { Bytes, MemoryNodes } from "./memory-nodes";

const node: usize = heap.alloc(65536);
const key: usize = heap.alloc(300);
const value: usize = heap.alloc(64);

function bytesOf(address: usize, lengthBytes: u32): Bytes {
  const bytes = new StaticArray<u8>(lengthBytes);
  memory.copy(changetype<usize>(bytes), address, lengthBytes);
  return bytes;
}

export class NodeForge {
  private keys: Bytes[] = [];
  private values: Bytes[] = [];
  private count: u64 = 0;

  constructor(private nodes: MemoryNodes, private level: u32) {}

  /** A leaf's entry. */
  add(key: usize, keyBytes: u32, value: usize, valueBytes: u32): NodeForge {
    this.keys.push(bytesOf(key, keyBytes));
    this.values.push(bytesOf(value, valueBytes));
    this.count++;
    return this;
  }

  /** A directory entry of this inode for the inode of the same number: differs from nothing that a comparison lists. */
  entry(inode: u64): NodeForge {
    store<u64>(value, inode);
    store<u32>(value, 1, 8);
    return this.add(key, TreeKey.makeEntry(key, inode, value, 1), value, 12);
  }

  /** A child that begins at the entry of this inode, or at the empty key if it is 0. */
  child(inode: u64, hash: usize, count: u64): NodeForge {
    memory.copy(value, hash, HASH_BYTES);
    store<u64>(value, count, HASH_BYTES);
    const named: usize = value + 48;
    store<u64>(named, inode);
    this.add(key, inode ? TreeKey.makeEntry(key, inode, named, 1) : 0, value, HASH_BYTES + 8);
    this.count += count - 1;
    return this;
  }

  /** Store it; its hash goes to `out`. */
  put(out: usize): void {
    const entries = this.keys.length;
    store<u32>(node, NODE_MAGIC);
    store<u32>(node, entries | this.level << 16, 4);
    store<u64>(node, this.count, 8);
    const area = node + NODE_HEAD_BYTES + (entries << 2);
    let at = area;
    for (let i = 0; i < entries; i++) {
      const keyBytes = this.keys[i].length;
      const valueBytes = this.values[i].length;
      store<u16>(at, <u16>keyBytes);
      memory.copy(at + 2, changetype<usize>(this.keys[i]), keyBytes);
      memory.copy(at + 2 + keyBytes, changetype<usize>(this.values[i]), valueBytes);
      at += 2 + keyBytes + valueBytes;
      store<u32>(node + NODE_HEAD_BYTES + (i << 2), <u32>(at - area));
    }
    hash(node, at - node, out);
    this.nodes.put(out, node, <u32>(at - node));
  }
}

// A content store for specs: nodes by hash, which a spec may replace by anything.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { HASH_BYTES, NodeStore } from "../../base/merkle-map";

export function hex(address: usize): string {
  let text = "";
  for (let i: u32 = 0; i < HASH_BYTES; i++) {
    const byte = load<u8>(address + i);
    text += "0123456789abcdef".charAt(byte >> 4) + "0123456789abcdef".charAt(byte & 15);
  }
  return text;
}

export type Bytes = StaticArray<u8>;

export class MemoryNodes extends NodeStore {
  nodes: Map<string, StaticArray<u8>> = new Map();
  loads: u32 = 0;

  load(hash: usize, buffer: usize, capacityBytes: u32): i32 {
    this.loads++;
    const name = hex(hash);
    if (!this.nodes.has(name)) return -<i32>Status.NotFound;
    const bytes = this.nodes.get(name);
    assert(<u32>bytes.length <= capacityBytes);
    memory.copy(buffer, changetype<usize>(bytes), bytes.length);
    return bytes.length;
  }

  store(hash: usize, node: usize, lengthBytes: u32): u32 {
    this.put(hash, node, lengthBytes);
    return Status.Ok;
  }

  put(hash: usize, node: usize, lengthBytes: u32): void {
    const bytes = new StaticArray<u8>(lengthBytes);
    memory.copy(changetype<usize>(bytes), node, lengthBytes);
    this.nodes.set(hex(hash), bytes);
  }
}

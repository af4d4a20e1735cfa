// A node store in memory, for specs: an array of nodes, found by hash.
import { hash } from "../../blake3";
import { NodeStore, sameHash, NODE_HEAD_BYTES, Node } from "../index";
import { Status } from "../../../../kernel-bindings/generated/assembly/status";

export class MemoryNodeStore extends NodeStore {
  private places: Map<u64, usize> = new Map<u64, usize>();
  /** 1: nothing is found; 2: every node answers as an empty leaf. */
  damage: i32 = 0;
  loads: u32 = 0;

  get count(): i32 { return this.places.size; }

  load(hash: usize, buffer: usize, capacityBytes: u32): i32 {
    this.loads++;
    const first = load<u64>(hash);
    if (this.damage == 1 || !this.places.has(first)) return -<i32>Status.NotFound;
    if (this.damage == 2) {
      Node.initialize(buffer, 0);
      return NODE_HEAD_BYTES;
    }
    const place = this.places.get(first);
    const length = load<u32>(place);
    assert(sameHash(place + 4, hash) && length <= capacityBytes);
    memory.copy(buffer, place + 36, length);
    return length;
  }

  store(nodeHash: usize, node: usize, lengthBytes: u32): u32 {
    const place = heap.alloc(lengthBytes + 36);
    store<u32>(place, lengthBytes);
    hash(node, lengthBytes, place + 4);
    assert(sameHash(place + 4, nodeHash), "stored under another hash");
    memory.copy(place + 36, node, lengthBytes);
    this.places.set(load<u64>(nodeHash), place);
    return Status.Ok;
  }
}

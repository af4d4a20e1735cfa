// A node store in memory, for specs.
import { NodeStore, sameHash } from "../../base/merkle-map";
import { Status } from "../../../kernel-bindings/generated/assembly/status";

export class MemoryNodes extends NodeStore {
  private places: Map<u64, usize> = new Map<u64, usize>();

  load(hash: usize, buffer: usize, capacityBytes: u32): i32 {
    const first = load<u64>(hash);
    if (!this.places.has(first)) return -<i32>Status.NotFound;
    const place = this.places.get(first);
    assert(sameHash(place + 4, hash));
    memory.copy(buffer, place + 36, load<u32>(place));
    return load<u32>(place);
  }

  store(hash: usize, node: usize, lengthBytes: u32): u32 {
    const place = heap.alloc(lengthBytes + 36);
    store<u32>(place, lengthBytes);
    memory.copy(place + 4, hash, 32);
    memory.copy(place + 36, node, lengthBytes);
    this.places.set(load<u64>(hash), place);
    return Status.Ok;
  }
}

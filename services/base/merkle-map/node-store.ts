// Where nodes live when they are not in memory. The content store in a service, an array in a spec.

export abstract class NodeStore {
  /** Bytes of the object with this hash, verified by the store; its length, or −Status. An object longer than the buffer is no node: −Corrupted. */
  abstract load(hash: usize, buffer: usize, capacityBytes: u32): i32;
  /** Keep a node, whose hash the map has computed; a Status. */
  abstract store(hash: usize, node: usize, lengthBytes: u32): u32;
}

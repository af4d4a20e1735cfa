// The world below and around the store, as the store needs it: blocks, and the bytes a client lends. kernel-lower.ts makes them of the real ones, specs of arrays.
// Every operation answers a Status; what else it answers is in the fields, until the next call.

/** The block service (kernel-bindings/schema/block.ts). Addresses and counts are of 4096-byte blocks. */
export abstract class BlockLayer {
  /** Of allocate: what was given. */
  address: u64 = 0;
  count: u32 = 0;
  /** Of describe. */
  blockCount: u64 = 0;
  freeBlocks: u64 = 0;
  mountStatus: u32 = 0;
  isCheckpointDue: bool = false;
  /** Of getRoot and replay. */
  lengthBytes: u32 = 0;
  /** Of replay: is there a piece, and where is the next. */
  found: bool = false;
  cursor: u64 = 0;

  abstract describe(): u32;
  abstract format(blockCount: u64, flags: u32): u32;
  /** `fromReserve`: for what must be written so that space can be freed. */
  abstract allocate(hint: u64, count: u32, fromReserve: bool): u32;
  /** Busy: not before a checkpoint. */
  abstract free(address: u64, count: u32): u32;
  abstract read(address: u64, memory: usize, lengthBytes: u32): u32;
  abstract writeExtents(address: u64, extentCount: u32, memory: usize, lengthBytes: u32, descriptors: usize): u32;
  abstract attach(payload: usize, lengthBytes: u32): u32;
  abstract setRoot(root: usize, lengthBytes: u32): u32;
  abstract getRoot(root: usize, capacityBytes: u32): u32;
  abstract replay(cursor: u64, payload: usize, capacityBytes: u32): u32;
  /** Allocation bits from block `first`, a multiple of 8. */
  abstract readAllocation(first: u64, bits: usize, lengthBytes: u32): u32;
}

/** Copies between own memory and a lease of the request being served. */
export abstract class Transfer {
  abstract read(source: u32, offsetBytes: u32, memory: usize, lengthBytes: u32): u32;
  abstract write(source: u32, offsetBytes: u32, memory: usize, lengthBytes: u32): u32;
}

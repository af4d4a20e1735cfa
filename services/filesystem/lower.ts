// The world of the filesystem, as it needs it: the log, the content store, the blocks below, and the kernel. kernel-lower.ts makes them of the real services, specs of arrays.
// Every operation answers a Status; what else it answers is in the fields, until the next call. A `source` is 0 for own memory, or a lease of the request being served.

/** Axiom (kernel-bindings/schema/axiom.ts). */
export abstract class Log {
  /** Of describe: the height of the entry that comes next. */
  height: u64 = 0;
  isFormatted: bool = false;
  /** Of propose: BlockFlags. */
  flags: u32 = 0;
  /** Of read: entries read, their bytes, and the height after them. */
  count: u32 = 0;
  lengthBytes: u32 = 0;
  nextHeight: u64 = 0;
  /** Of lastCheckpoint. */
  found: bool = false;
  /** Of check. */
  checked: u64 = 0;
  firstBroken: u64 = 0;
  isBroken: bool = false;

  abstract describe(): u32;
  abstract format(blockCount: u64, flags: u32, genesis: usize, lengthBytes: u32): u32;
  /** The batch is committed, not yet durable, when this answers Ok. */
  abstract propose(stateRoot: usize, count: u32, batch: usize, lengthBytes: u32): u32;
  abstract sync(): u32;
  abstract read(height: u64, buffer: usize, capacityBytes: u32): u32;
  abstract checkpoint(state: usize): u32;
  /** The state object goes to `stateOut`, its height to `height`. */
  abstract lastCheckpoint(stateOut: usize): u32;
  abstract mark(): u32;
  abstract check(): u32;
}

/** The content store (kernel-bindings/schema/content-store.ts). */
export abstract class Contents {
  /** Of get, describe, writerRead, writerFinish. */
  lengthBytes: u64 = 0;
  /** Of openWriter: a handle, to be given back with closeWriter. */
  writer: u32 = 0;
  /** Of collectSweep. */
  freedBlocks: u64 = 0;
  freedObjects: u32 = 0;
  remaining: u64 = 0;
  /** Of check. */
  cursor: u32 = 0;
  checked: u32 = 0;
  damaged: u32 = 0;
  /** Of recount. */
  ownedBlocks: u64 = 0;
  notAllocated: u64 = 0;
  overlapping: u64 = 0;

  /** At most 64 KiB from a lease, or if `source` is 0 from our own memory: then it is the filesystem's own, which may have blocks of the reserve. Its hash goes to `hashOut`. */
  abstract store(source: u32, address: usize, lengthBytes: u32, hashOut: usize): u32;
  abstract get(hash: usize, offsetBytes: u64, source: u32, address: usize, lengthBytes: u32): u32;
  abstract describe(hash: usize): u32;
  abstract openWriter(base: usize): u32;
  abstract writerWrite(writer: u32, offsetBytes: u64, source: u32, address: usize, lengthBytes: u32): u32;
  abstract writerRead(writer: u32, offsetBytes: u64, source: u32, address: usize, lengthBytes: u32): u32;
  abstract writerTruncate(writer: u32, lengthBytes: u64): u32;
  /** The hash goes to `hashOut`, the length to `lengthBytes`. */
  abstract writerFinish(writer: u32, hashOut: usize): u32;
  abstract closeWriter(writer: u32): void;
  abstract collectBegin(): u32;
  /** At most 256 hashes, one after the other. */
  abstract collectMark(hashes: usize, count: u32): u32;
  abstract collectSweep(limit: u32): u32;
  /** `damagedOut`: the first damaged hash. */
  abstract check(cursor: u32, limit: u32, damagedOut: usize): u32;
  abstract recount(): u32;
  /** A StoreStatistics at `out`. */
  abstract statistics(out: usize): u32;
}

/** The block service, as a reader of its figures. */
export abstract class Blocks {
  blockCount: u64 = 0;
  freeBlocks: u64 = 0;
  flags: u32 = 0;
  /** Of verify. */
  checkedBlocks: u64 = 0;
  damagedBlocks: u64 = 0;
  firstDamaged: u64 = 0;
  ownedBlocks: u64 = 0;
  /** Of readLimits: what one transaction may carry into the journal. */
  recordBytes: u32 = 0;
  /** Of countAllocated: blocks in use, the service's own included. */
  allocatedBlocks: u64 = 0;

  abstract describe(): u32;
  abstract verify(): u32;
  abstract countAllocated(): u32;
  abstract readLimits(): u32;
}

/** What the kernel gives this domain. */
export abstract class Platform {
  /** Unix time in nanoseconds, advisory. */
  abstract now(): u64;
  abstract random(out: usize, lengthBytes: u32): u32;
  /** One `notified` after so many microseconds; 0: none. */
  abstract setTimer(microseconds: u32): void;
  /** A new capability for this service; a handle or −Status. */
  abstract mint(rights: u32, badge: u32): i32;
  /** A line for who debugs, in the kernel's trace: what happened, and a status. */
  abstract note(words: string, status: u32): void;
  /** Give a handle up. */
  abstract drop(handle: u32): void;
  abstract readLease(source: u32, offsetBytes: u32, address: usize, lengthBytes: u32): u32;
  abstract writeLease(source: u32, offsetBytes: u32, address: usize, lengthBytes: u32): u32;
}

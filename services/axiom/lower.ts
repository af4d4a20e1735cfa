// The world below Axiom, as it needs it: a journal, an object store and a clock. kernel-lower.ts makes them of the real services, specs of arrays.
// Every operation answers a Status; what else it answers is in the fields, until the next call.

/** The block service's journal, which is the only commit point, and the root it keeps for Axiom. */
export abstract class Journal {
  /** Of describe: why the image cannot be used, or Ok. */
  mountStatus: u32 = 0;
  /** BlockFlags of the last describe or commit. */
  flags: u32 = 0;
  /** Of getRoot and replay. */
  lengthBytes: u32 = 0;
  /** Of replay: is there a piece, and where is the next. */
  found: bool = false;
  cursor: u64 = 0;

  abstract describe(): u32;
  abstract getRoot(address: usize, capacityBytes: u32): u32;
  abstract setRoot(address: usize, lengthBytes: u32): u32;
  abstract replay(cursor: u64, address: usize, capacityBytes: u32): u32;
  abstract commit(address: usize, lengthBytes: u32): u32;
  abstract sync(): u32;
  abstract checkpoint(): u32;
}

/** The content store: objects up to 64 KiB under their hashes, and its part in commits, checkpoints and collections. */
export abstract class Objects {
  /** Of get. */
  lengthBytes: u32 = 0;

  abstract format(blockCount: u64, flags: u32): u32;
  abstract prepare(): u32;
  abstract checkpoint(): u32;
  /** Store one object; its hash goes to `hashOut`. */
  abstract store(address: usize, lengthBytes: u32, hashOut: usize): u32;
  /** The first `capacityBytes` bytes of an object, verified. */
  abstract get(hash: usize, address: usize, capacityBytes: u32): u32;
  /** Keep `count` objects whose hashes lie one after the other. */
  abstract mark(hashes: usize, count: u32): u32;
}

export abstract class Clock {
  /** Unix time in nanoseconds. */
  abstract now(): u64;
}

// The world below Axiom, of arrays: a journal that can fail, lose and hand back what was tampered with, and an object store that believes what it is told to hold.
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { hash } from "../../base/blake3";
import { Clock, Journal, Objects } from "../lower";

export type Bytes = StaticArray<u8>;

export function bytesOf(address: usize, lengthBytes: u32): Bytes {
  const bytes = new StaticArray<u8>(lengthBytes);
  memory.copy(changetype<usize>(bytes), address, lengthBytes);
  return bytes;
}

export function hex(address: usize, lengthBytes: u32 = 32): string {
  let text = "";
  for (let i: u32 = 0; i < lengthBytes; i++) {
    const byte = load<u8>(address + i);
    text += "0123456789abcdef".charAt(byte >> 4) + "0123456789abcdef".charAt(byte & 15);
  }
  return text;
}

export class FakeJournal extends Journal {
  pieces: Bytes[] = [];
  durable: i32 = 0;
  root: Bytes = new StaticArray<u8>(0);
  private pendingRoot: Bytes = new StaticArray<u8>(0);
  /** Each is answered by the next call of its operation, then forgotten. */
  failCommit: u32 = 0;
  failSync: u32 = 0;
  failCheckpoint: u32 = 0;

  describe(): u32 { return Status.Ok; }

  getRoot(address: usize, capacityBytes: u32): u32 {
    this.lengthBytes = this.root.length;
    memory.copy(address, changetype<usize>(this.root), min(this.lengthBytes, capacityBytes));
    return Status.Ok;
  }

  setRoot(address: usize, lengthBytes: u32): u32 {
    this.pendingRoot = bytesOf(address, lengthBytes);
    return Status.Ok;
  }

  replay(cursor: u64, address: usize, capacityBytes: u32): u32 {
    this.found = <i32>cursor < this.pieces.length;
    if (!this.found) return Status.Ok;
    const piece = this.pieces[<i32>cursor];
    if (<u32>piece.length > capacityBytes) return Status.TooLarge;
    memory.copy(address, changetype<usize>(piece), piece.length);
    this.lengthBytes = piece.length;
    this.cursor = cursor + 1;
    return Status.Ok;
  }

  commit(address: usize, lengthBytes: u32): u32 {
    const status = this.failCommit;
    this.failCommit = 0;
    if (status == Status.Lost) this.lose();
    if (status) return status;
    this.pieces.push(bytesOf(address, lengthBytes));
    return Status.Ok;
  }

  sync(): u32 {
    const status = this.failSync;
    this.failSync = 0;
    if (status == Status.Lost) this.lose();
    if (status) return status;
    this.durable = this.pieces.length;
    return Status.Ok;
  }

  checkpoint(): u32 {
    const status = this.failCheckpoint;
    this.failCheckpoint = 0;
    if (status == Status.Lost) this.lose();
    if (status) return status;
    this.root = this.pendingRoot;
    this.pieces = [];
    this.durable = 0;
    return Status.Ok;
  }

  private lose(): void { while (this.pieces.length > this.durable) this.pieces.pop(); }
}

export class FakeObjects extends Objects {
  objects: Map<string, Bytes> = new Map();
  marked: Set<string> = new Set();
  failStore: u32 = 0;
  failPrepare: u32 = 0;
  gets: u32 = 0;
  private out: usize = heap.alloc(32);

  constructor(private journal: FakeJournal) { super(); }

  format(blockCount: u64, flags: u32): u32 {
    this.objects.clear();
    this.journal.pieces = [];
    this.journal.root = new StaticArray<u8>(0);
    return Status.Ok;
  }
  prepare(): u32 { const status = this.failPrepare; this.failPrepare = 0; return status; }
  checkpoint(): u32 { return Status.Ok; }

  store(address: usize, lengthBytes: u32, hashOut: usize): u32 {
    if (this.failStore) return this.failStore;
    hash(address, lengthBytes, hashOut);
    this.objects.set(hex(hashOut), bytesOf(address, lengthBytes));
    return Status.Ok;
  }

  get(key: usize, address: usize, capacityBytes: u32): u32 {
    this.gets++;
    const name = hex(key);
    if (!this.objects.has(name)) return Status.NotFound;
    const bytes = this.objects.get(name);
    this.lengthBytes = min(bytes.length, capacityBytes);
    memory.copy(address, changetype<usize>(bytes), this.lengthBytes);
    return Status.Ok;
  }

  mark(hashes: usize, count: u32): u32 {
    for (let i: u32 = 0; i < count; i++) {
      const name = hex(hashes + i * 32);
      if (!this.objects.has(name)) return Status.NotFound;
      this.marked.add(name);
    }
    return Status.Ok;
  }

  /** Do the bytes of every object still have its hash? Names of those that a caller may tamper with. */
  names(): string[] { return this.objects.keys(); }
}

export class FakeClock extends Clock {
  private time: u64 = 1000;
  now(): u64 { return ++this.time; }
}

/** Change one bit of a byte; the same again changes it back. */
export function flip(bytes: Bytes, index: i32): void { bytes[index] = bytes[index] ^ (<u8>1 << <u8>(index & 7)); }

// A content store over a fake block layer, for the specs: leases are addresses of own memory, and a generator gives the same bytes every time.
import { hash } from "../../base/blake3/index";
import { Status } from "../../../kernel-bindings/generated/assembly/status";
import { Transfer } from "../lower";
import { IndexTable } from "../index-table";
import { ContentStore, Sizes } from "../store";
import { FakeBlock } from "./fake-block";

/** A lease handle is the address itself. */
export class MemoryTransfer extends Transfer {
  /** Whoever lent the memory dies after so many accesses; −1: never. */
  aliveFor: i32 = -1;

  private isGone(): bool { return this.aliveFor == 0 || (this.aliveFor > 0 && this.aliveFor-- == 0); }
  read(source: u32, offsetBytes: u32, address: usize, lengthBytes: u32): u32 {
    if (this.isGone()) return Status.InvalidHandle;
    memory.copy(address, <usize>source + offsetBytes, lengthBytes);
    return 0;
  }
  write(source: u32, offsetBytes: u32, address: usize, lengthBytes: u32): u32 {
    if (this.isGone()) return Status.InvalidHandle;
    memory.copy(<usize>source + offsetBytes, address, lengthBytes);
    return 0;
  }
}

export const INDEX_SLOTS: u32 = 20000;
/** Small pools, so that everything that has to make room does. */
export function tightSizes(): Sizes { return new Sizes(INDEX_SLOTS, 48, 4, 8, 12); }
export function roomySizes(): Sizes { return new Sizes(INDEX_SLOTS, 128, 64, 64, 64); }

/** The store takes fresh memory to be zero, as a domain's is; memory of this test runner may have been used. */
export function makeStore(block: FakeBlock, sizes: Sizes, transfer: MemoryTransfer = new MemoryTransfer()): ContentStore {
  const store = new ContentStore(block, transfer, sizes);
  memory.fill(store.index.entry(0), 0, IndexTable.bytesFor(sizes.indexSlots));
  store.mount();
  return store;
}

let state: u32 = 0x9e3779b9;
/** xorshift32. */
export function random(limit: u32): u32 {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state % limit;
}
export function seed(value: u32): void { state = value | 1; }

export function fillRandom(at: usize, lengthBytes: u32): void {
  for (let i: u32 = 0; i + 4 <= lengthBytes; i += 4) store<u32>(at + i, random(0xffffffff));
  for (let i = lengthBytes & ~3; i < lengthBytes; i++) store<u8>(at + i, <u8>random(256));
}

const out: usize = memory.data(32, 16);
export function hex(address: usize): string {
  let text = "";
  for (let i: usize = 0; i < 32; i++) {
    const byte = load<u8>(address + i);
    text += "0123456789abcdef".charAt(byte >> 4) + "0123456789abcdef".charAt(byte & 15);
  }
  return text;
}
export function hashHex(address: usize, lengthBytes: u32): string {
  hash(address, lengthBytes, out);
  return hex(out);
}

// One entry of the index: what is stored under a key, and where. The same 48 bytes in memory, in the journal and in the runs on disk.
//
//    0  32 bytes value: object hash, or chaining value of a group or of a subtree
//   32  u48 address of the first block; staged: place in the staging memory (staging.ts)
//   38  u8 kind (0: free slot)                    39  u8 flags, in memory; in a journal piece the change (piece.ts); 0 in a run
//   40  u40 length in bytes (of the object, of the group, of the interior page)      45  u24 first group of a group or an interior page
//
// Safety: every function takes the address of 48 bytes that the caller owns.
import { GROUP_BYTES, Kind, blocksOf } from "./limits";
import { topPageBytes } from "./tree-shape";

export namespace EntryFlag {
  /** Reached from a root that the running collection was given. */
  export const reached: u32 = 1;
  /** Stored, matched or held since the running collection began. */
  export const kept: u32 = 2;
  /** Not on the device yet. */
  export const staged: u32 = 4;
  /** Number of the run on disk that holds it; RUN_NONE before its first checkpoint. */
  export const runShift: u32 = 4;
}
export const RUN_NONE: u32 = 15;

export namespace Entry {
  export const BYTES: u32 = 48;
  export function address(p: usize): u64 { return load<u64>(p, 32) & 0xffffffffffff; }
  export function setAddress(p: usize, address: u64): void {
    store<u32>(p, <u32>address, 32);
    store<u16>(p, <u16>(address >> 32), 36);
  }
  export function kind(p: usize): u32 { return load<u8>(p, 38); }
  export function setKind(p: usize, kind: u32): void { store<u8>(p, <u8>kind, 38); }
  export function flags(p: usize): u32 { return load<u8>(p, 39); }
  export function setFlags(p: usize, flags: u32): void { store<u8>(p, <u8>flags, 39); }
  export function lengthBytes(p: usize): u64 { return load<u64>(p, 40) & 0xffffffffff; }
  export function firstGroup(p: usize): u32 { return <u32>(load<u64>(p, 40) >> 40); }
  export function setLength(p: usize, lengthBytes: u64, firstGroup: u32): void { store<u64>(p, lengthBytes | <u64>firstGroup << 40, 40); }
  export function run(p: usize): u32 { return <u32>load<u8>(p, 39) >> EntryFlag.runShift; }
  export function setRun(p: usize, run: u32): void { store<u8>(p, <u8>(load<u8>(p, 39) & 15 | run << EntryFlag.runShift), 39); }

  /** An object that is a tree: its extent is the top page. */
  export function isTree(p: usize): bool { return kind(p) == Kind.object && lengthBytes(p) > GROUP_BYTES; }
  /** Bytes of the extent. */
  export function extentBytes(p: usize): u32 { return isTree(p) ? topPageBytes(lengthBytes(p)) : <u32>lengthBytes(p); }
  export function blockCount(p: usize): u32 { return blocksOf(extentBytes(p)); }

  /** Fills a whole entry; `value` is an address. */
  export function fill(p: usize, kind: u32, value: usize, lengthBytes: u64, firstGroup: u32, address: u64, flags: u32): void {
    if (p != value) memory.copy(p, value, 32);
    store<u64>(p, address, 32);
    setKind(p, kind);
    setFlags(p, flags);
    setLength(p, lengthBytes, firstGroup);
  }
}

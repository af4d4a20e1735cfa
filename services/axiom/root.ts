// The root: what the block service keeps for Axiom with each checkpoint (docs/formats/axiom.md §6).
//
// Safety: a root in memory has ROOT_BYTES_MAXIMUM bytes; `verifyRoot` bounds levelCount before any level is read.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { HASH_BYTES, isZero } from "./entry";
import { CHILDREN_MAXIMUM, LEVELS_MAXIMUM } from "./tile";

const HEAD_BYTES: u32 = 160;
const LEVEL_BYTES: u32 = 48;
const MAGIC: u32 = 0x54525841; // "AXRT"
const VERSION: u16 = 1;
export const ROOT_BYTES_MAXIMUM: u32 = HEAD_BYTES + LEVELS_MAXIMUM * LEVEL_BYTES;

export namespace Root {
  export function levelCount(p: usize): u32 { return load<u16>(p, 6); }
  export function bytes(p: usize): u32 { return HEAD_BYTES + Root.levelCount(p) * LEVEL_BYTES; }
  export function nextHeight(p: usize): u64 { return load<u64>(p, 8); }
  export function segmentCount(p: usize): u64 { return load<u64>(p, 16); }
  export function head(p: usize): usize { return p + 32; }
  export function state(p: usize): usize { return p + 64; }
  export function lastSegment(p: usize): usize { return p + 96; }
  export function recentKeys(p: usize): usize { return p + 128; }
  export function tileHeight(p: usize, level: u32): u64 { return load<u64>(p + HEAD_BYTES + level * LEVEL_BYTES); }
  export function tileCount(p: usize, level: u32): u32 { return load<u32>(p + HEAD_BYTES + level * LEVEL_BYTES, 8); }
  export function tileHash(p: usize, level: u32): usize { return p + HEAD_BYTES + level * LEVEL_BYTES + 16; }

  export function clear(p: usize, levelCount: u32): void {
    memory.fill(p, 0, ROOT_BYTES_MAXIMUM);
    store<u32>(p, MAGIC);
    store<u16>(p, VERSION, 4);
    store<u16>(p, <u16>levelCount, 6);
  }
  export function setNextHeight(p: usize, value: u64): void { store<u64>(p, value, 8); }
  export function setSegmentCount(p: usize, value: u64): void { store<u64>(p, value, 16); }
  export function setHash(place: usize, hash: usize): void { memory.copy(place, hash, HASH_BYTES); }
  /** `hash` is that of the stored tile, or 0 for a level without one. */
  export function setTile(p: usize, level: u32, firstHeight: u64, count: u32, hash: usize): void {
    const place = p + HEAD_BYTES + level * LEVEL_BYTES;
    store<u64>(place, firstHeight);
    store<u32>(place, count, 8);
    store<u32>(place, 0, 12);
    if (hash) memory.copy(place + 16, hash, HASH_BYTES); else memory.fill(place + 16, 0, HASH_BYTES);
  }
}

/** Is the root of `lengthBytes` bytes at `p` one that this version wrote? */
export function verifyRoot(p: usize, lengthBytes: u32): u32 {
  if (lengthBytes < HEAD_BYTES || load<u32>(p) != MAGIC) return Status.Corrupted;
  if (load<u16>(p, 4) != VERSION) return Status.UnsupportedVersion;
  const levelCount = Root.levelCount(p);
  if (levelCount == 0 || levelCount > LEVELS_MAXIMUM || lengthBytes != Root.bytes(p) || load<u64>(p, 24)) return Status.Corrupted;
  let segments: u64 = 0;
  let span: u64 = 1;
  for (let level: u32 = 0; level < levelCount; level++) {
    const count = Root.tileCount(p, level);
    if (count >= CHILDREN_MAXIMUM || load<u32>(p + HEAD_BYTES + level * LEVEL_BYTES, 12)) return Status.Corrupted;
    if (count == 0 && (Root.tileHeight(p, level) || !isZero(Root.tileHash(p, level), Root.tileHash(p, level) + HASH_BYTES))) return Status.Corrupted;
    segments += count * span;
    span *= CHILDREN_MAXIMUM;
  }
  // Genesis is in a segment, and no segment is empty.
  return segments && segments == Root.segmentCount(p) && segments <= Root.nextHeight(p) ? Status.Ok : Status.Corrupted;
}

// A tile: up to 100 children, segments or tiles, with the height of each one's first entry (docs/formats/axiom.md §4).
//
// Safety: a tile's address always has TILE_ROOM bytes; `loadTile` bounds what it read before any child is looked at, and children are indexed below `count`.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { HASH_BYTES, isZero } from "./entry";
import { Objects } from "./lower";

export const CHILDREN_MAXIMUM: u32 = 100;
/** 100⁶ segments of at least one entry: more than can ever be written. */
export const LEVELS_MAXIMUM: u32 = 6;
/** What a tile in memory takes: more than its 4064 bytes, so that a longer object shows. */
export const TILE_ROOM: u32 = 4096;
const HEAD_BYTES: u32 = 64;
const CHILD_BYTES: u32 = 40;
const MAGIC: u32 = 0x4c545841; // "AXTL"
const VERSION: u16 = 1;

export namespace Tile {
  export function level(p: usize): u32 { return load<u16>(p, 6); }
  export function firstHeight(p: usize): u64 { return load<u64>(p, 8); }
  export function count(p: usize): u32 { return load<u32>(p, 16); }
  export function bytes(p: usize): u32 { return HEAD_BYTES + Tile.count(p) * CHILD_BYTES; }
  export function childHeight(p: usize, index: u32): u64 { return load<u64>(p + HEAD_BYTES + index * CHILD_BYTES); }
  export function childHash(p: usize, index: u32): usize { return p + HEAD_BYTES + index * CHILD_BYTES + 8; }

  /** An empty tile, not yet fit to be stored. */
  export function clear(p: usize, level: u32): void {
    memory.fill(p, 0, HEAD_BYTES);
    store<u32>(p, MAGIC);
    store<u16>(p, VERSION, 4);
    store<u16>(p, <u16>level, 6);
  }

  export function append(p: usize, firstHeight: u64, hash: usize): void {
    const count = Tile.count(p);
    assert(count < CHILDREN_MAXIMUM);
    if (count == 0) store<u64>(p, firstHeight, 8);
    store<u32>(p, count + 1, 16);
    store<u64>(p + HEAD_BYTES + count * CHILD_BYTES, firstHeight);
    memory.copy(Tile.childHash(p, count), hash, HASH_BYTES);
  }

  /** The last child whose first height is not above `height`; the tile's own first height is not above it. */
  export function childFor(p: usize, height: u64): u32 {
    let low: u32 = 0;
    let high = Tile.count(p);
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (Tile.childHeight(p, middle) <= height) low = middle; else high = middle;
    }
    return low;
  }
}

/** Read the tile with this hash to `p`, and check that it is one of this level that starts at this height and has this many children. */
export function loadTile(objects: Objects, hash: usize, p: usize, level: u32, firstHeight: u64, count: u32): u32 {
  const status = objects.get(hash, p, TILE_ROOM);
  if (status == Status.NotFound) return Status.Corrupted;
  if (status != Status.Ok) return status;
  const lengthBytes = objects.lengthBytes;
  if (lengthBytes < HEAD_BYTES || load<u32>(p) != MAGIC) return Status.Corrupted;
  if (load<u16>(p, 4) != VERSION) return Status.UnsupportedVersion;
  if (count == 0 || count > CHILDREN_MAXIMUM || Tile.count(p) != count) return Status.Corrupted;
  if (lengthBytes != Tile.bytes(p) || Tile.level(p) != level || !isZero(p + 20, p + HEAD_BYTES)) return Status.Corrupted;
  if (Tile.firstHeight(p) != firstHeight || Tile.childHeight(p, 0) != firstHeight) return Status.Corrupted;
  for (let i: u32 = 1; i < count; i++) if (Tile.childHeight(p, i) <= Tile.childHeight(p, i - 1)) return Status.Corrupted;
  return Status.Ok;
}

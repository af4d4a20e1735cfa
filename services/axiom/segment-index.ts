// Which segment holds a height: a tree of tiles that grows at its right end (docs/formats/axiom.md §4).
//
//   level 1   [ full tile, full tile, … ]            ◄ open tile of level 1, in memory, partial
//   level 0                      [ segment, segment ] ◄ open tile of level 0
//
// The open tile of each level is in memory (6 × 4 KiB); full ones are objects. An append fills the open tile of level 0; a full tile is stored and becomes one child above. Open tiles
// are changed only between `begin` and `keep`; `undo` takes back a checkpoint that failed.
//
// Safety: `open`, `saved` and `path` have LEVELS_MAXIMUM × TILE_ROOM bytes each, and levels are below LEVELS_MAXIMUM.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { HASH_BYTES } from "./entry";
import { Objects } from "./lower";
import { Root } from "./root";
import { CHILDREN_MAXIMUM, LEVELS_MAXIMUM, loadTile, TILE_ROOM, Tile } from "./tile";

const TILES_BYTES: u32 = LEVELS_MAXIMUM * TILE_ROOM;

export class SegmentIndex {
  private open: usize = heap.alloc(TILES_BYTES);
  private saved: usize = heap.alloc(TILES_BYTES);
  private path: usize = heap.alloc(TILES_BYTES);
  private stored: usize = heap.alloc(HASH_BYTES);
  private savedCount: u64 = 0;
  segmentCount: u64 = 0;
  /** Of `find`: address of the segment's hash, until the next call. */
  found: usize = 0;

  constructor(private objects: Objects) { this.clear(); }

  clear(): void {
    for (let level: u32 = 0; level < LEVELS_MAXIMUM; level++) Tile.clear(this.openTile(level), level);
    this.segmentCount = 0;
  }

  /** The open tile of a level; it may be empty. */
  openTile(level: u32): usize { return this.open + level * TILE_ROOM; }

  /** Levels up to the highest with an open tile that is not empty; at least 1. */
  get levelCount(): u32 {
    let count = LEVELS_MAXIMUM;
    while (count > 1 && Tile.count(this.openTile(count - 1)) == 0) count--;
    return count;
  }

  begin(): void {
    memory.copy(this.saved, this.open, TILES_BYTES);
    this.savedCount = this.segmentCount;
  }

  undo(): void {
    memory.copy(this.open, this.saved, TILES_BYTES);
    this.segmentCount = this.savedCount;
  }

  /** Add the segment after the last one. */
  append(firstHeight: u64, hash: usize): u32 {
    Tile.append(this.openTile(0), firstHeight, hash);
    this.segmentCount++;
    for (let level: u32 = 0; level < LEVELS_MAXIMUM && Tile.count(this.openTile(level)) == CHILDREN_MAXIMUM; level++) {
      if (level + 1 == LEVELS_MAXIMUM) return Status.TooLarge;
      const tile = this.openTile(level);
      const status = this.objects.store(tile, Tile.bytes(tile), this.stored);
      if (status != Status.Ok) return status;
      Tile.append(this.openTile(level + 1), Tile.firstHeight(tile), this.stored);
      Tile.clear(tile, level);
    }
    return Status.Ok;
  }

  /** Store the open tiles and name them in the root, whose levelCount is this one's. */
  storeOpen(root: usize): u32 {
    for (let level: u32 = 0; level < Root.levelCount(root); level++) {
      const tile = this.openTile(level);
      const count = Tile.count(tile);
      if (count == 0) { Root.setTile(root, level, 0, 0, 0); continue; }
      const status = this.objects.store(tile, Tile.bytes(tile), this.stored);
      if (status != Status.Ok) return status;
      Root.setTile(root, level, Tile.firstHeight(tile), count, this.stored);
    }
    return Status.Ok;
  }

  /** Take the open tiles from a root that was verified. */
  load(root: usize): u32 {
    this.clear();
    this.segmentCount = Root.segmentCount(root);
    let expected: u64 = 0; // The highest level comes first in the log.
    for (let level: i32 = Root.levelCount(root) - 1; level >= 0; level--) {
      const count = Root.tileCount(root, level);
      if (count == 0) continue;
      const first = Root.tileHeight(root, level);
      if (expected == 0 ? first != 0 : first < expected) return Status.Corrupted;
      const status = loadTile(this.objects, Root.tileHash(root, level), this.openTile(level), level, first, count);
      if (status != Status.Ok) return status;
      expected = Tile.childHeight(this.openTile(level), count - 1) + 1;
    }
    return expected <= Root.nextHeight(root) ? Status.Ok : Status.Corrupted;
  }

  /** Find the segment that holds `height`, which is below the root's next height; at most one tile is read for each level. */
  find(height: u64): u32 {
    for (let level: u32 = 0; level < LEVELS_MAXIMUM; level++) {
      const tile = this.openTile(level);
      if (Tile.count(tile) && Tile.firstHeight(tile) <= height) return this.descend(tile, level, height);
    }
    return Status.NotFound;
  }

  private descend(from: usize, fromLevel: u32, height: u64): u32 {
    let tile = from;
    let child = Tile.childFor(tile, height);
    for (let level = fromLevel; level > 0; level--) {
      const below = this.path + (level - 1) * TILE_ROOM;
      const status = loadTile(this.objects, Tile.childHash(tile, child), below, level - 1, Tile.childHeight(tile, child), CHILDREN_MAXIMUM);
      if (status != Status.Ok) return status;
      tile = below;
      child = Tile.childFor(tile, height);
    }
    this.found = Tile.childHash(tile, child);
    return Status.Ok;
  }
}

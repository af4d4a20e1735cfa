// A walk over everything that the tree of tiles names, oldest first: what `mark` keeps and `check` verifies.
//
// One tile of each level is in memory at a time, so the walk is bounded in memory by 6 × 4 KiB and in work by the number of segments.
//
// Safety: `frames` has LEVELS_MAXIMUM × TILE_ROOM bytes; a frame is read only after loadTile verified it or it was copied from an open tile.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Objects } from "./lower";
import { SegmentIndex } from "./segment-index";
import { CHILDREN_MAXIMUM, LEVELS_MAXIMUM, loadTile, TILE_ROOM, Tile } from "./tile";

export class SegmentWalk {
  private frames: usize = heap.alloc(LEVELS_MAXIMUM * TILE_ROOM);
  private positions: StaticArray<u32> = new StaticArray<u32>(LEVELS_MAXIMUM);
  private ends: StaticArray<u64> = new StaticArray<u64>(LEVELS_MAXIMUM);
  private openEnds: StaticArray<u64> = new StaticArray<u64>(LEVELS_MAXIMUM);
  /** Level of the open tile whose descendants are being visited; −1: done. */
  private openLevel: i32 = -1;
  /** Level of the frame to go on with. */
  private level: i32 = 0;

  /** Of `next`: is it a tile, its hash, its heights from `first` to `end` (not included), and for a tile whether it could be read. */
  isTile: bool = false;
  hash: usize = 0;
  first: u64 = 0;
  end: u64 = 0;
  status: u32 = 0;

  constructor(private index: SegmentIndex, private objects: Objects) {}

  /** Start at genesis; the last segment ends at `nextHeight`. */
  start(nextHeight: u64): void {
    let end = nextHeight;
    for (let level: u32 = 0; level < LEVELS_MAXIMUM; level++) {
      const tile = this.index.openTile(level);
      this.openEnds[level] = end;
      if (Tile.count(tile)) end = Tile.firstHeight(tile);
    }
    this.enterOpen(LEVELS_MAXIMUM - 1);
  }

  /** The next tile or segment; false at the end. A tile that cannot be read is reported with its status and its descendants are left out. */
  next(): bool {
    while (this.openLevel >= 0) {
      const frame = this.frame(this.level);
      const position = this.positions[this.level];
      if (position == Tile.count(frame)) {
        if (this.level == this.openLevel) this.enterOpen(this.openLevel - 1); else this.level++;
        continue;
      }
      this.positions[this.level] = position + 1;
      this.visit(frame, position);
      return true;
    }
    return false;
  }

  private visit(frame: usize, position: u32): void {
    const level = this.level;
    this.isTile = level > 0;
    this.hash = Tile.childHash(frame, position);
    this.first = Tile.childHeight(frame, position);
    this.end = position + 1 < Tile.count(frame) ? Tile.childHeight(frame, position + 1) : this.ends[level];
    this.status = Status.Ok;
    if (!this.isTile) return;
    this.status = loadTile(this.objects, this.hash, this.frame(level - 1), level - 1, this.first, CHILDREN_MAXIMUM);
    if (this.status != Status.Ok) return;
    this.level = level - 1;
    this.positions[level - 1] = 0;
    this.ends[level - 1] = this.end;
  }

  private enterOpen(level: i32): void {
    this.openLevel = level;
    if (level < 0) return;
    this.level = level;
    this.positions[level] = 0;
    this.ends[level] = this.openEnds[level];
    memory.copy(this.frame(level), this.index.openTile(level), TILE_ROOM);
  }

  private frame(level: u32): usize { return this.frames + level * TILE_ROOM; }
}

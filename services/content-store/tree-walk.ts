// Goes through the pages of an object or of a subtree without recursion: `next` gives child after child, `descend` goes below the one given last.
//
// Safety: the stack holds LEVELS pages of 4096 bytes; a page of level k is at most at depth LEVELS − k.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { ExtentReader } from "./extent-reader";
import { FANOUT_SHIFT, Kind, PAGE_BYTES, VALUE_BYTES } from "./limits";
import { childCountOf, groupsBelow, levelOf } from "./tree-shape";

const LEVELS: u32 = 4;

export class TreeWalk {
  /** Why the walk ended: Ok at its end. */
  status: u32 = 0;
  /** Of next: the child's entry, or 0 if it is a hole; its level, 0 for a group. A page without an entry ends the walk with Corrupted. */
  entry: usize = 0;
  level: u32 = 0;
  private value: usize = 0;
  private first: u32 = 0;
  private below: u32 = 0;
  private depth: i32 = -1;
  private stack: usize = heap.alloc(LEVELS * PAGE_BYTES);
  private levels: StaticArray<u32> = new StaticArray<u32>(LEVELS);
  private firsts: StaticArray<u32> = new StaticArray<u32>(LEVELS);
  private belows: StaticArray<u32> = new StaticArray<u32>(LEVELS);
  private nexts: StaticArray<u32> = new StaticArray<u32>(LEVELS);

  constructor(private extents: ExtentReader) {}

  /** Starts at a page of `level` over `below` groups from group `first` on. */
  start(kind: u32, value: usize, level: u32, first: u32, below: u32): void {
    this.depth = -1;
    this.push(kind, value, level, first, below);
  }

  /** The next child in order. False: the walk has ended, see status. */
  next(): bool {
    while (this.status == Status.Ok && this.depth >= 0) {
      const depth = this.depth;
      const pageLevel = this.levels[depth];
      const child = this.nexts[depth];
      if (child == childCountOf(pageLevel, this.belows[depth])) {
        this.depth--;
        continue;
      }
      this.nexts[depth] = child + 1;
      this.first = this.firsts[depth] + (child << (FANOUT_SHIFT * (pageLevel - 1)));
      this.below = groupsBelow(pageLevel - 1, this.first, this.firsts[depth] + this.belows[depth]);
      this.level = levelOf(this.below);
      this.value = this.stack + depth * PAGE_BYTES + <usize>child * VALUE_BYTES;
      this.entry = this.extents.index.find(this.level ? Kind.interior : Kind.group, this.value);
      if (this.entry || !this.level) return true;
      this.status = Status.Corrupted;
    }
    return false;
  }

  /** Goes on below the child, a page, that `next` gave. */
  descend(): void { this.push(Kind.interior, this.value, this.level, this.first, this.below); }

  private push(kind: u32, value: usize, level: u32, first: u32, below: u32): void {
    const lengthBytes = childCountOf(level, below) * VALUE_BYTES;
    this.status = this.extents.content(kind, kind == Kind.object, value, lengthBytes, first);
    if (this.status != Status.Ok) return;
    this.depth++;
    memory.copy(this.stack + this.depth * PAGE_BYTES, this.extents.address, lengthBytes);
    this.levels[this.depth] = level;
    this.firsts[this.depth] = first;
    this.belows[this.depth] = below;
    this.nexts[this.depth] = 0;
  }
}

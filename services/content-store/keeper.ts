// Protects what a running collection must not free: sets a flag on an object, group or subtree and on everything below it.
//
// Invariant: during a collection, whatever carries `reached` or `kept` has everything below it protected too. So a walk stops where it meets a flag, and storing what is
// there already costs one look. A walk that cannot read a page cannot know what lies below it: it fails, and with it the collection, which then frees nothing.
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Entry, EntryFlag } from "./entry";
import { IndexTable } from "./index-table";
import { Kind } from "./limits";
import { groupCountOf, levelOf } from "./tree-shape";
import { TreeWalk } from "./tree-walk";

const PROTECTED: u32 = EntryFlag.reached | EntryFlag.kept;

export class Keeper {
  /** A collection is between its begin and its end. */
  isCollecting: bool = false;
  /** Not Ok: something below a flag may be unprotected, and the collection must end without freeing anything. */
  failure: u32 = Status.Ok;
  /** Of keep: the entry was not reached before. */
  isFresh: bool = false;
  constructor(private index: IndexTable, private walk: TreeWalk) {}

  begin(): void {
    this.isCollecting = true;
    this.failure = Status.Ok;
  }

  /** Flags an entry, and what lies below it if a collection runs. */
  keep(entry: usize, flag: u32): u32 {
    const flags = Entry.flags(entry);
    this.isFresh = !(flags & flag);
    Entry.setFlags(entry, flags | flag);
    if (!this.isCollecting || flags & PROTECTED) return Status.Ok;
    if (Entry.isTree(entry)) {
      const groupCount = groupCountOf(Entry.lengthBytes(entry));
      return this.keepBelow(Kind.object, entry, levelOf(groupCount), 0, groupCount);
    }
    if (Entry.kind(entry) != Kind.interior) return Status.Ok;
    // An interior page's level and reach are not in its entry: whoever meets one knows them and calls keepSubtree.
    assert(false);
    return Status.Ok;
  }

  /** Flags the subtree of `level`'s parent slot: `below` groups from group `first` on, whose value is at `value`. */
  keepSubtree(value: usize, first: u32, below: u32): u32 {
    const level = levelOf(below);
    const entry = this.index.find(level ? Kind.interior : Kind.group, value);
    // A group without an entry is a hole; a page without one is damage.
    if (!entry) {
      if (level) this.failure = Status.Corrupted;
      return level ? Status.Corrupted : Status.Ok;
    }
    const flags = Entry.flags(entry);
    Entry.setFlags(entry, flags | EntryFlag.kept);
    if (!level || !this.isCollecting || flags & PROTECTED) return Status.Ok;
    return this.keepBelow(Kind.interior, entry, level, first, below);
  }

  /** Flags everything below a page, without recursion: one page of each level on the stack. */
  private keepBelow(kind: u32, value: usize, level: u32, first: u32, below: u32): u32 {
    const walk = this.walk;
    walk.start(kind, value, level, first, below);
    while (walk.next()) {
      if (!walk.entry) continue;
      const flags = Entry.flags(walk.entry);
      if (flags & PROTECTED) continue;
      Entry.setFlags(walk.entry, flags | EntryFlag.kept);
      if (walk.level) walk.descend();
    }
    if (walk.status != Status.Ok) this.failure = walk.status;
    return walk.status;
  }
}

// Capabilities that were handed out: a badge is a place in this table, and says which inode it stands for. Badge 0 is the root directory and has no place.
// The kernel reports when the last copy of a badge is gone, so a place is never used again while somebody holds its badge.
//
// Safety: the table is allocated once; a badge from the kernel is one that `open` gave, and is checked all the same.
import { ROOT_INODE } from "./tree-format";

const HANDLE_COUNT: u32 = 8192;
/** Instead of an inode, which is below 2^63. */
const INVALID: u64 = u64.MAX_VALUE;
/** u64 inode, u32 open file (0: a directory), u32 next free. */
const SHIFT: u32 = 4;

export class Handles {
  private table: usize = heap.alloc(<usize>HANDLE_COUNT << SHIFT);
  private freeList: u32 = 0;

  constructor() {
    memory.fill(this.table, 0, <usize>HANDLE_COUNT << SHIFT);
    for (let badge = HANDLE_COUNT - 1; badge > 0; badge--) this.pushFree(badge);
  }

  get isFull(): bool { return this.freeList == 0; }

  /** A badge for the inode; 0 when the table is full. */
  open(inode: u64, file: u32): u32 {
    const badge = this.freeList;
    if (badge == 0) return 0;
    this.freeList = load<u32>(this.at(badge), 12);
    store<u64>(this.at(badge), inode);
    store<u32>(this.at(badge), file, 8);
    return badge;
  }

  /** The inode a badge stands for; 0 for one that was never given, is closed, or was given for another image. */
  inode(badge: u32): u64 {
    if (badge == 0) return ROOT_INODE;
    const inode = badge < HANDLE_COUNT ? load<u64>(this.at(badge)) : 0;
    return inode == INVALID ? 0 : inode;
  }
  /** Somebody has a capability with this badge, whether or not it is still good for anything. */
  isHeld(badge: u32): bool { return badge != 0 && badge < HANDLE_COUNT && load<u64>(this.at(badge)) != 0; }
  /** The open file of a badge; 0 for a directory. */
  file(badge: u32): u32 { return badge == 0 || badge >= HANDLE_COUNT ? 0 : load<u32>(this.at(badge), 8); }

  close(badge: u32): void {
    store<u64>(this.at(badge), 0);
    store<u32>(this.at(badge), 0, 8);
    this.pushFree(badge);
  }

  /** The image is another one now: no badge that is held stands for anything in it. Their places come back as they are closed. */
  invalidate(): void {
    for (let badge: u32 = 1; badge < HANDLE_COUNT; badge++) {
      if (!this.isHeld(badge)) continue;
      store<u64>(this.at(badge), INVALID);
      store<u32>(this.at(badge), 0, 8);
    }
  }

  private at(badge: u32): usize { return this.table + (<usize>badge << SHIFT); }
  private pushFree(badge: u32): void {
    store<u32>(this.at(badge), this.freeList, 12);
    this.freeList = badge;
  }
}

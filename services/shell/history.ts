// History: the last lines entered, in a ring of fixed slots, walked with up and down.
// Stays true: the line being written when the walk began is kept and comes back below the newest entry.

export const LINE_BYTES: u32 = 4096;
const SLOT_COUNT: u32 = 100;

export class History {
  private readonly slots: usize = heap.alloc(SLOT_COUNT * LINE_BYTES);
  private readonly lengths: StaticArray<u32> = new StaticArray<u32>(SLOT_COUNT);
  private readonly draft: usize = heap.alloc(LINE_BYTES);
  private draftBytes: u32 = 0;
  /** Lines ever added; the newest is in slot (total − 1) mod SLOT_COUNT. */
  private total: u32 = 0;
  /** How far back the walk is: 0 is the draft. */
  private back: u32 = 0;

  /** What `older` and `newer` found. */
  foundAddress: usize = 0;
  foundBytes: u32 = 0;

  /** Remember a line, unless it is blank or repeats the newest one. Safety: slots hold LINE_BYTES and longer lines are refused. */
  add(address: usize, lengthBytes: u32): void {
    this.back = 0;
    if (lengthBytes > LINE_BYTES || isBlank(address, lengthBytes)) return;
    if (this.total > 0) {
      const newest = (this.total - 1) % SLOT_COUNT;
      if (this.lengths[newest] == lengthBytes && memory.compare(this.slots + newest * LINE_BYTES, address, lengthBytes) == 0) return;
    }
    const slot = this.total % SLOT_COUNT;
    memory.copy(this.slots + slot * LINE_BYTES, address, lengthBytes);
    this.lengths[slot] = lengthBytes;
    this.total++;
  }

  /** One step up; the line being edited is given so that it can come back. False at the oldest. */
  older(address: usize, lengthBytes: u32): bool {
    const kept = this.total < SLOT_COUNT ? this.total : SLOT_COUNT;
    if (this.back == kept) return false;
    if (this.back == 0) {
      memory.copy(this.draft, address, lengthBytes);
      this.draftBytes = lengthBytes;
    }
    this.back++;
    this.find();
    return true;
  }

  /** One step down. False at the line being written. */
  newer(): bool {
    if (this.back == 0) return false;
    this.back--;
    this.find();
    return true;
  }

  /** Forget the walk, not the lines. */
  rewind(): void {
    this.back = 0;
  }

  private find(): void {
    if (this.back == 0) {
      this.foundAddress = this.draft;
      this.foundBytes = this.draftBytes;
      return;
    }
    const slot = (this.total - this.back) % SLOT_COUNT;
    this.foundAddress = this.slots + slot * LINE_BYTES;
    this.foundBytes = this.lengths[slot];
  }
}

function isBlank(address: usize, lengthBytes: u32): bool {
  for (let index: u32 = 0; index < lengthBytes; index++) {
    if (load<u8>(address + index) > 0x20) return false;
  }
  return true;
}

// The arena: the pieces since the last checkpoint, in memory, with the place of each entry.
//
//   base ─► [ piece head │ entry entry … │ piece head │ entry … │ room of the next piece … ]      offsets: u32 for each entry
//
// Always holds exactly what the journal holds of Axiom since the checkpoint, byte for byte; a piece is built or read in at `tail` and becomes part of the log with `adopt` alone,
// so that a batch that fails leaves nothing to undo.
//
// Safety: `base` has capacityBytes and `offsets` has capacityEntries × 4 bytes, allocated once; adopted entries were bounded by verifyPiece or written by Chain.seal.
import { Entry } from "../../kernel-bindings/generated/assembly/axiom";
import { padded } from "./entry";
import { PIECE_HEAD_BYTES, pieceEntryCount } from "./piece";

export class Arena {
  private base: usize;
  private offsets: usize;
  private usedBytes: u32 = 0;
  /** Entries held. */
  count: u32 = 0;
  /** Height of the first entry held. */
  first: u64 = 0;

  constructor(readonly capacityBytes: u32, readonly capacityEntries: u32) {
    this.base = heap.alloc(capacityBytes);
    this.offsets = heap.alloc(<usize>capacityEntries << 2);
  }

  /** Hold nothing; the next entry has height `first`. */
  reset(first: u64): void {
    this.usedBytes = 0;
    this.count = 0;
    this.first = first;
  }

  /** Where the next piece is made. */
  get tail(): usize { return this.base + this.usedBytes; }
  get freeBytes(): u32 { return this.capacityBytes - this.usedBytes; }
  get freeEntries(): u32 { return this.capacityEntries - this.count; }
  /** Full by so many eighths, of bytes or of entries. */
  isFilled(eighths: u32): bool { return this.usedBytes >= (this.capacityBytes >> 3) * eighths || this.count >= (this.capacityEntries >> 3) * eighths; }

  /** Make the verified piece at `tail` part of the log. The caller has seen that its bytes and entries fit. */
  adopt(lengthBytes: u32): void {
    const entryCount = pieceEntryCount(this.tail);
    assert(lengthBytes <= this.freeBytes && entryCount <= this.freeEntries);
    let offset = this.usedBytes + PIECE_HEAD_BYTES;
    for (let i: u32 = 0; i < entryCount; i++) {
      store<u32>(this.offsets + (<usize>this.count << 2), offset);
      this.count++;
      offset += this.bytesAt(offset);
    }
    this.usedBytes += lengthBytes;
  }

  /** Address of entry number `index` of those held. */
  entry(index: u32): usize {
    assert(index < this.count);
    return this.base + load<u32>(this.offsets + (<usize>index << 2));
  }

  entryBytes(index: u32): u32 { return this.bytesAt(<u32>(this.entry(index) - this.base)); }

  /** How many entries from `index` on follow each other without a gap (a piece's head is one) and fit into `room` bytes. */
  runCount(index: u32, room: u32): u32 {
    let total: u32 = 0;
    let count: u32 = 0;
    const start = this.entry(index);
    for (let i = index; i < this.count; i++) {
      const bytes = this.entryBytes(i);
      if (this.entry(i) != start + total || bytes > room - total) break;
      total += bytes;
      count++;
    }
    return count;
  }

  /** Address of the piece that starts `offset` bytes into the log held, or 0 at its end. */
  pieceAt(offset: u32): usize { return offset < this.usedBytes ? this.base + offset : 0; }

  private bytesAt(offset: u32): u32 { return Entry.SIZE + padded(Entry.payloadBytes(this.base + offset)); }
}

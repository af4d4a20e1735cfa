// A segment: archived entries in one object of the content store (docs/formats/axiom.md §3).
//
// `SegmentReader` holds one segment at a time with the place of each of its entries; the places are computed and checked when it is loaded, never read from the disk.
//
// Safety: the buffer has room for a segment and 8 bytes more (so that a longer object shows); entries are bounded by measureEntry.
import { Entry } from "../../kernel-bindings/generated/assembly/axiom";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { HASH_BYTES, measureEntry } from "./entry";
import { Objects } from "./lower";

export const SEGMENT_BYTES_MAXIMUM: u32 = 65536;
/** One block: there is room for it however the free space is scattered. A larger entry has a segment of its own. */
export const SEGMENT_BYTES_WRITTEN: u32 = 4096;
export const SEGMENT_HEAD_BYTES: u32 = 128;
const ENTRIES_MAXIMUM: u32 = (SEGMENT_BYTES_MAXIMUM - SEGMENT_HEAD_BYTES) / Entry.SIZE;
const MAGIC: u32 = 0x47535841; // "AXSG"
const VERSION: u16 = 1;

/** Fields of a segment's head. */
export namespace Segment {
  export function ordinal(p: usize): u64 { return load<u64>(p, 8); }
  export function firstHeight(p: usize): u64 { return load<u64>(p, 16); }
  export function entryCount(p: usize): u32 { return load<u32>(p, 24); }
  export function entryBytes(p: usize): u32 { return load<u32>(p, 28); }
  export function previousSegment(p: usize): usize { return p + 32; }
  export function previousEntry(p: usize): usize { return p + 64; }
  export function lastEntry(p: usize): usize { return p + 96; }
}

/** Write a segment's head; the hash of its last entry is set by the caller. */
export function writeSegmentHead(p: usize, ordinal: u64, firstEntry: usize, entryCount: u32, entryBytes: u32, previousSegment: usize): void {
  store<u32>(p, MAGIC);
  store<u32>(p, VERSION, 4);
  store<u64>(p, ordinal, 8);
  store<u64>(p, Entry.height(firstEntry), 16);
  store<u32>(p, entryCount, 24);
  store<u32>(p, entryBytes, 28);
  memory.copy(p + 32, previousSegment, HASH_BYTES);
  memory.copy(p + 64, Entry.previous(firstEntry), HASH_BYTES);
}

export class SegmentReader {
  readonly buffer: usize = heap.alloc(SEGMENT_BYTES_MAXIMUM + 8);
  private offsets: usize = heap.alloc(<usize>ENTRIES_MAXIMUM << 2);
  private loadedHash: usize = heap.alloc(HASH_BYTES);
  private isLoaded: bool = false;

  constructor(private objects: Objects) {}

  /** Forget what is held: the next load asks the content store. */
  drop(): void { this.isLoaded = false; }

  get first(): u64 { return Segment.firstHeight(this.buffer); }
  get count(): u32 { return Segment.entryCount(this.buffer); }
  entry(index: u32): usize { return this.buffer + this.offset(index); }
  /** Entries lie one after the other, so the bytes of `from` … `to` (not included) are one run. */
  runBytes(from: u32, to: u32): u32 { return this.offset(to) - this.offset(from); }

  /** Hold the segment with this hash; nothing is done if it is held already. */
  load(hash: usize): u32 {
    if (this.isLoaded && memory.compare(hash, this.loadedHash, HASH_BYTES) == 0) return Status.Ok;
    this.isLoaded = false;
    let status = this.objects.get(hash, this.buffer, SEGMENT_BYTES_MAXIMUM + 8);
    // A segment that the log names and the store does not have is damage.
    if (status == Status.NotFound) return Status.Corrupted;
    if (status == Status.Ok) status = this.parse(this.objects.lengthBytes);
    if (status != Status.Ok) return status;
    memory.copy(this.loadedHash, hash, HASH_BYTES);
    this.isLoaded = true;
    return Status.Ok;
  }

  private parse(lengthBytes: u32): u32 {
    const p = this.buffer;
    if (lengthBytes < SEGMENT_HEAD_BYTES || lengthBytes > SEGMENT_BYTES_MAXIMUM || load<u32>(p) != MAGIC) return Status.Corrupted;
    if (load<u16>(p, 4) != VERSION) return Status.UnsupportedVersion;
    const count = Segment.entryCount(p);
    if (load<u16>(p, 6) || Segment.entryBytes(p) != lengthBytes - SEGMENT_HEAD_BYTES || count == 0 || count > ENTRIES_MAXIMUM) return Status.Corrupted;
    let offset = SEGMENT_HEAD_BYTES;
    for (let i: u32 = 0; i < count; i++) {
      const bytes = measureEntry(p + offset, lengthBytes - offset);
      if (bytes == 0 || Entry.height(p + offset) != Segment.firstHeight(p) + i) return Status.Corrupted;
      store<u32>(this.offsets + (<usize>i << 2), offset);
      offset += bytes;
    }
    return offset == lengthBytes ? Status.Ok : Status.Corrupted;
  }

  private offset(index: u32): u32 {
    assert(index <= this.count);
    return index == this.count ? SEGMENT_HEAD_BYTES + Segment.entryBytes(this.buffer) : load<u32>(this.offsets + (<usize>index << 2));
  }
}

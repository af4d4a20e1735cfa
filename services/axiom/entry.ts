// An entry of the log: its encoding, and the hash chain that orders it. The layout is drawn in docs/formats/axiom.md §1.
//
// Entries come back from a disk that anyone may have edited, so nothing in one is used before `measureEntry` has bounded it, and nothing in one is
// believed before `Chain.accept` has tied it to the entry before it.
//
// Safety: every access is at an address whose room the caller states and `measureEntry` checks first.
import { Entry, EntryType } from "../../kernel-bindings/generated/assembly/axiom";
import { hash } from "../base/blake3";

/** Largest payload: an entry with its head then fits into a segment of 64 KiB. */
export const PAYLOAD_BYTES_MAXIMUM: u32 = 61440;
export const HASH_BYTES: u32 = 32;
/** A state root entry with its payload. */
export const STATE_ROOT_ENTRY_BYTES: u32 = Entry.SIZE + HASH_BYTES;

/** The next multiple of 8; for lengths below 2³² − 8. */
export function padded(lengthBytes: u32): u32 { return (lengthBytes + 7) & ~7; }

export function equalHashes(a: usize, b: usize): bool { return memory.compare(a, b, HASH_BYTES) == 0; }

/** Are all bytes from `from` to `to` zero? */
export function isZero(from: usize, to: usize): bool {
  for (let p = from; p < to; p++) if (load<u8>(p)) return false;
  return true;
}

/** Bytes of the entry at `p`, payload and padding included; 0 if `room` bytes do not hold one of the only valid shape. */
export function measureEntry(p: usize, room: u32): u32 {
  if (room < Entry.SIZE) return 0;
  const payloadBytes = Entry.payloadBytes(p);
  if (payloadBytes > PAYLOAD_BYTES_MAXIMUM) return 0;
  const bytes = Entry.SIZE + padded(payloadBytes);
  if (bytes > room) return 0;
  if (Entry.reserved(p) || load<u64>(p, 104)) return 0;
  if (!isZero(p + Entry.SIZE + payloadBytes, p + bytes)) return 0;
  const type: u32 = Entry.type(p);
  if ((type == EntryType.genesis) != (Entry.height(p) == 0)) return 0;
  if (type == EntryType.stateRoot && payloadBytes != HASH_BYTES) return 0;
  return bytes;
}

/** The end of a log while it is written or verified: the height that comes next and the hash of the entry before it. */
export class Chain {
  next: u64 = 0;
  /** Address of 32 bytes. */
  readonly head: usize = heap.alloc(HASH_BYTES);
  private payloadHash: usize = heap.alloc(HASH_BYTES);

  constructor() { this.set(0, 0); }

  /** Go on after the entry whose hash is at `head` (0: none). */
  set(next: u64, head: usize): void {
    this.next = next;
    if (head) memory.copy(this.head, head, HASH_BYTES); else memory.fill(this.head, 0, HASH_BYTES);
  }

  copyFrom(other: Chain): void { this.set(other.next, other.head); }

  /** Give the entry at `p`, whose type, flags, time, key and payload are in place, its height and its hashes, and go on after it. Returns its bytes. */
  seal(p: usize): u32 {
    const payloadBytes = Entry.payloadBytes(p);
    const bytes = Entry.SIZE + padded(payloadBytes);
    memory.fill(p + Entry.SIZE + payloadBytes, 0, bytes - Entry.SIZE - payloadBytes);
    Entry.setHeight(p, this.next);
    Entry.setPrevious(p, this.head);
    hash(p + Entry.SIZE, payloadBytes, Entry.payloadHash(p));
    Entry.setReserved(p, 0);
    store<u64>(p, 0, 104);
    this.advance(p);
    return bytes;
  }

  /** Bytes of the entry at `p` if it is the one that follows, with the payload that its head names; then go on after it. 0 otherwise. */
  accept(p: usize, room: u32): u32 {
    const bytes = measureEntry(p, room);
    if (bytes == 0 || Entry.height(p) != this.next || !equalHashes(Entry.previous(p), this.head)) return 0;
    hash(p + Entry.SIZE, Entry.payloadBytes(p), this.payloadHash);
    if (!equalHashes(Entry.payloadHash(p), this.payloadHash)) return 0;
    this.advance(p);
    return bytes;
  }

  private advance(p: usize): void {
    hash(p, Entry.SIZE, this.head);
    this.next++;
  }
}

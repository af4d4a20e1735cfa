// A piece: the entries of one batch, as the journal of the block service carries them (docs/formats/axiom.md §2).
//
// A piece is all or nothing: its last entry is the state root that the batch leads to, so a log never ends inside a batch.
//
// Safety: accesses are inside `lengthBytes` of the piece, which the caller states.
import { Entry, EntryType } from "../../kernel-bindings/generated/assembly/axiom";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Chain, equalHashes, HASH_BYTES } from "./entry";

export const PIECE_HEAD_BYTES: u32 = 64;
const MAGIC: u32 = 0x43505841; // "AXPC"
const VERSION: u16 = 1;

/** Write the head of a piece of `entryCount` entries, which follow it; `lastEntry` is the hash of the last. */
export function writePieceHead(p: usize, firstHeight: u64, entryCount: u32, entryBytes: u32, lastEntry: usize): void {
  store<u32>(p, MAGIC);
  store<u16>(p, VERSION, 4);
  store<u16>(p, 0, 6);
  store<u64>(p, firstHeight, 8);
  store<u32>(p, entryCount, 16);
  store<u32>(p, entryBytes, 20);
  store<u64>(p, 0, 24);
  memory.copy(p + 32, lastEntry, HASH_BYTES);
}

export function pieceEntryCount(p: usize): u32 { return load<u32>(p, 16); }
export function pieceBytes(p: usize): u32 { return PIECE_HEAD_BYTES + load<u32>(p, 20); }

/** Does the piece at `p` continue `chain`? Ok moves the chain to its end; after anything else the chain is of no use. */
export function verifyPiece(p: usize, lengthBytes: u32, chain: Chain): u32 {
  if (lengthBytes < PIECE_HEAD_BYTES || load<u32>(p) != MAGIC) return Status.Corrupted;
  if (load<u16>(p, 4) != VERSION) return Status.UnsupportedVersion;
  const entryBytes = load<u32>(p, 20);
  if (load<u16>(p, 6) || load<u64>(p, 24) || load<u64>(p, 8) != chain.next || entryBytes != lengthBytes - PIECE_HEAD_BYTES) return Status.Corrupted;
  const isFirst = chain.next == 0;
  const entryCount = pieceEntryCount(p);
  if (entryCount == 0 || (isFirst && entryCount != 1)) return Status.Corrupted;
  let offset = PIECE_HEAD_BYTES;
  // Bounded by lengthBytes: each turn takes an entry of at least 112 bytes or ends.
  for (let i: u32 = 0; i < entryCount; i++) {
    const bytes = chain.accept(p + offset, lengthBytes - offset);
    if (bytes == 0) return Status.Corrupted;
    const closes = <u32>Entry.type(p + offset) == EntryType.stateRoot;
    if (!isFirst && closes != (i + 1 == entryCount)) return Status.Corrupted;
    offset += bytes;
  }
  // Nothing later names the last entry's head yet: this does.
  return offset == lengthBytes && equalHashes(p + 32, chain.head) ? Status.Ok : Status.Corrupted;
}

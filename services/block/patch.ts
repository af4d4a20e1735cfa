// The difference between two images of a block, as the log holds it (docs/formats/block.md §4, item 6).
//
//   u64 address │ piece piece … │      piece: u16 offset │ u16 length │ bytes
//
// What stays true: pieces are in order, do not overlap and lie inside the block; `applyPatch` is given what `isPatchSound` accepted.
//
// Safety: images are BLOCK_BYTES long, `out` holds BLOCK_BYTES; every length is compared with what is left.
import { BLOCK_BYTES } from "./geometry";

const ADDRESS_BYTES: u32 = 8;
const PIECE_BYTES: u32 = 4;
const WORD_BYTES: u32 = 8;

/** The pieces that make `after` of `before`, by words, into `out`; their bytes, or 0 if they would not be fewer than the block's. Equal blocks give one piece. */
export function makePatch(before: usize, after: usize, out: usize): u32 {
  let bytes: u32 = 0;
  for (let at: u32 = 0; at < BLOCK_BYTES; ) {
    if (load<u64>(before + at) == load<u64>(after + at) && (bytes || at < BLOCK_BYTES - WORD_BYTES)) { at += WORD_BYTES; continue; }
    let end = at + WORD_BYTES;
    while (end < BLOCK_BYTES && load<u64>(before + end) != load<u64>(after + end)) end += WORD_BYTES;
    const length = end - at;
    if (length + PIECE_BYTES >= BLOCK_BYTES - bytes) return 0;
    store<u16>(out + bytes, <u16>at);
    store<u16>(out + bytes, <u16>length, 2);
    memory.copy(out + bytes + PIECE_BYTES, after + at, length);
    bytes += PIECE_BYTES + length;
    at = end;
  }
  return bytes;
}

/** Whether a body has at least one piece and nothing else. */
export function isPatchSound(body: usize, bodyBytes: u32): bool {
  if (bodyBytes <= ADDRESS_BYTES) return false;
  let covered: u32 = 0;
  for (let at = ADDRESS_BYTES; at < bodyBytes; ) {
    if (bodyBytes - at < PIECE_BYTES) return false;
    const offset: u32 = load<u16>(body + at), length: u32 = load<u16>(body + at, 2);
    at += PIECE_BYTES;
    if (!length || offset < covered || offset >= BLOCK_BYTES || length > BLOCK_BYTES - offset || length > bodyBytes - at) return false;
    covered = offset + length;
    at += length;
  }
  return true;
}

/** Lay the pieces of a body over an image. */
export function applyPatch(body: usize, bodyBytes: u32, image: usize): void {
  for (let at = ADDRESS_BYTES; at < bodyBytes; ) {
    const length: u32 = load<u16>(body + at, 2);
    memory.copy(image + load<u16>(body + at), body + at + PIECE_BYTES, length);
    at += PIECE_BYTES + length;
  }
}

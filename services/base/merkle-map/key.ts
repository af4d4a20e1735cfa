// Keys of the Merkle map: their order, and the level that decides where nodes begin (docs/formats/filesystem.md §1.1).
// The level depends on the key and the image's salt alone, never on what else the map holds: that makes the tree's shape independent of its history.
//
// Safety: addresses and lengths are the caller's; `scratch` holds the longest key behind the salt.
import { hash } from "../blake3";

const SALT_BYTES: u32 = 32;
/** One key in 2^LEVEL_BITS is of the next level. */
const LEVEL_BITS: u32 = 5;
const HIGHEST: u32 = 7;
const LONGEST: u32 = 264;
const scratch: usize = memory.data(32 + 264, 16);
const hashed: usize = memory.data(32, 16);

/** < 0, 0 or > 0: bytes compared as unsigned, a key before its extensions. */
export function compareKeys(left: usize, leftBytes: u32, right: usize, rightBytes: u32): i32 {
  const shared = min(leftBytes, rightBytes);
  let at: u32 = 0;
  for (; at + 8 <= shared; at += 8) {
    const a = load<u64>(left + at);
    const b = load<u64>(right + at);
    if (a != b) return bswap(a) < bswap(b) ? -1 : 1;
  }
  for (; at < shared; at++) {
    const difference = <i32>load<u8>(left + at) - <i32>load<u8>(right + at);
    if (difference != 0) return difference;
  }
  return <i32>leftBytes - <i32>rightBytes;
}

/** 0 for 31 keys of 32, at least 1 for one in 32, at least 2 for one in 1024, … */
export function keyLevel(salt: usize, key: usize, keyBytes: u32): u32 {
  assert(keyBytes <= LONGEST);
  memory.copy(scratch, salt, SALT_BYTES);
  memory.copy(scratch + SALT_BYTES, key, keyBytes);
  hash(scratch, SALT_BYTES + keyBytes, hashed);
  const zeros = <u32>ctz<u64>(load<u64>(hashed));
  return min(zeros / LEVEL_BITS, HIGHEST);
}

// Runs of bits in one bitmap of a page, lowest bit of the lowest byte first, a word of 64 at a time.
//
// Safety: `bits` is PAGE_BITS_BYTES of this service's memory, a whole number of words; callers keep first + count ≤ PAGE_BITS.

/** The bits of the word at `at` that belong to [at, end). */
function maskOf(at: u32, end: u32): u64 {
  const offset = at & 63;
  const count = min(64 - offset, end - at);
  return (count == 64 ? u64.MAX_VALUE : ((<u64>1 << count) - 1)) << offset;
}
function wordOf(bits: usize, at: u32): usize { return bits + <usize>(at >> 6) * 8; }

/** Set a run; how many of its bits were 0. */
export function setBits(bits: usize, first: u32, count: u32): u32 {
  let changed: u32 = 0;
  for (let at = first, end = first + count; at < end; at = (at | 63) + 1) {
    const mask = maskOf(at, end), word = load<u64>(wordOf(bits, at));
    changed += <u32>popcnt<u64>(mask & ~word);
    store<u64>(wordOf(bits, at), word | mask);
  }
  return changed;
}

/** Clear a run; how many of its bits were 1. */
export function clearBits(bits: usize, first: u32, count: u32): u32 {
  let changed: u32 = 0;
  for (let at = first, end = first + count; at < end; at = (at | 63) + 1) {
    const mask = maskOf(at, end), word = load<u64>(wordOf(bits, at));
    changed += <u32>popcnt<u64>(mask & word);
    store<u64>(wordOf(bits, at), word & ~mask);
  }
  return changed;
}

/** How many bits of a run are 1. */
export function countBits(bits: usize, first: u32, count: u32): u32 {
  let found: u32 = 0;
  for (let at = first, end = first + count; at < end; at = (at | 63) + 1) found += <u32>popcnt<u64>(load<u64>(wordOf(bits, at)) & maskOf(at, end));
  return found;
}

// Where the attacker's numbers come from: one seeded generator, boundary values, noise.

let state: u64 = 88172645463325252;
export function seed(value: u32): void { state = (u64(value) + 1) * 0x9e3779b97f4a7c15 | 1; }
function next(): u64 {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}
/** xorshift64 (Marsaglia 2003): below `limit`, which is not 0. */
export function random(limit: u32): u32 { return u32((next() >> 20) % limit); }
export function chance(percent: u32): bool { return random(100) < percent; }
/** Any word, small ones and those with few bits more often. */
export function noise(): u32 {
  const word = u32(next() >> 16);
  const shape = random(4);
  return shape == 0 ? word : shape == 1 ? word & 0xff : shape == 2 ? 1 << (word & 31) : ~(word & 0xff);
}
/** A value at or beside an edge: of `size`, of 0, of 2^31, of 2^32. */
export function boundary(size: u32): u32 {
  const shape = random(4);
  const edge: u32 = shape == 0 ? 0 : shape == 1 ? size : shape == 2 ? 0x80000000 : 0x10000;
  return edge + random(5) - 2;
}
/** An address at or past the memory's end: one inside would be the attacker's own undoing. */
export function badAddress(): u32 {
  const shape = random(3);
  return shape == 0 ? (u32(memory.size()) << 16) + random(5) : shape == 1 ? 0x80000000 + random(5) : 0 - 1 - random(16);
}

// Compresses one block: the state lies in four rows, one vector each.
//
// Safety: reads 32 bytes at `value` and 64 at `block`, writes 32 at `out`.
import { BLOCK_BYTES, CHUNK_START, INITIAL_VALUE } from "./constants";
import { Lanes } from "./lanes";

/** Compresses one block into the chaining value at `value`; `out` may be `value`. */
export function compressOne(value: usize, block: usize, lengthBytes: u32, counter: u64, flags: u32, out: usize): void {
  let r0 = v128.load(value), r1 = v128.load(value, 16), r2 = v128.load(INITIAL_VALUE);
  let r3 = i32x4(<i32>counter, <i32>(counter >> 32), lengthBytes, flags);
  const b0 = v128.load(block), b1 = v128.load(block, 16), b2 = v128.load(block, 32), b3 = v128.load(block, 48);
  // The diagonal message words are kept rotated one lane, matching the rotation of row 0 below.
  let m0 = i32x4.shuffle(b0, b1, 0, 2, 4, 6);
  let m1 = i32x4.shuffle(b0, b1, 1, 3, 5, 7);
  let m2 = i32x4.shuffle(b2, b3, 6, 0, 2, 4);
  let m3 = i32x4.shuffle(b2, b3, 7, 1, 3, 5);
  for (let round = 0; ; round++) {
    r0 = Lanes.add3(r0, m0, r1); r3 = Lanes.rotateRight16(v128.xor(r3, r0)); r2 = i32x4.add(r2, r3); r1 = Lanes.rotateRight12(v128.xor(r1, r2));
    r0 = Lanes.add3(r0, m1, r1); r3 = Lanes.rotateRight8(v128.xor(r3, r0)); r2 = i32x4.add(r2, r3); r1 = Lanes.rotateRight7(v128.xor(r1, r2));
    r0 = i32x4.shuffle(r0, r0, 3, 0, 1, 2); r3 = i32x4.shuffle(r3, r3, 2, 3, 0, 1); r2 = i32x4.shuffle(r2, r2, 1, 2, 3, 0);
    r0 = Lanes.add3(r0, m2, r1); r3 = Lanes.rotateRight16(v128.xor(r3, r0)); r2 = i32x4.add(r2, r3); r1 = Lanes.rotateRight12(v128.xor(r1, r2));
    r0 = Lanes.add3(r0, m3, r1); r3 = Lanes.rotateRight8(v128.xor(r3, r0)); r2 = i32x4.add(r2, r3); r1 = Lanes.rotateRight7(v128.xor(r1, r2));
    r0 = i32x4.shuffle(r0, r0, 1, 2, 3, 0); r3 = i32x4.shuffle(r3, r3, 2, 3, 0, 1); r2 = i32x4.shuffle(r2, r2, 3, 0, 1, 2);
    if (round == 6) break;
    // Permute the message in place: every step is one two-operand shuffle.
    let t0 = i32x4.shuffle(m0, m1, 2, 1, 5, 7); t0 = i32x4.shuffle(t0, t0, 1, 2, 3, 0);
    const t1 = i32x4.shuffle(i32x4.shuffle(m0, m0, 3, 3, 0, 0), i32x4.shuffle(m2, m3, 2, 2, 7, 7), 0, 5, 2, 7);
    let t2 = i32x4.shuffle(i64x2.shuffle(m3, m1, 0, 2), m2, 0, 1, 2, 7); t2 = i32x4.shuffle(t2, t2, 0, 2, 3, 1);
    let t3 = i32x4.shuffle(m2, i32x4.shuffle(m1, m3, 2, 6, 3, 7), 0, 4, 1, 5); t3 = i32x4.shuffle(t3, t3, 2, 3, 1, 0);
    m0 = t0; m1 = t1; m2 = t2; m3 = t3;
  }
  v128.store(out, v128.xor(r0, r2));
  v128.store(out, v128.xor(r1, r3), 16);
}

/** Compresses `count` whole blocks of one chunk, the first being block `from` of it, into the value at `value`. */
export function compressBlocks(value: usize, input: usize, from: u32, count: u32, counter: u64, lastFlag: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const flags = (from + i == 0 ? CHUNK_START : 0) | (i + 1 == count ? lastFlag : 0);
    compressOne(value, input + <usize>i * BLOCK_BYTES, <u32>BLOCK_BYTES, counter, flags, value);
  }
}

// Small SIMD steps shared by the two compressors. Static methods, because the compiler warns of exported functions
// that exchange vectors; undecorated, because -O3 inlines them all.
//
// Rotations by whole bytes use i8x16.swizzle with a constant mask: V8 turns it into one vpshufb with the mask
// held in a register, while a constant i8x16.shuffle has its mask rebuilt from two immediates at every use.
//
// Safety: loads and stores reach exactly the 16 (or 4 × 16) bytes that the parameter's comment names.

export class Lanes {
  static rotateRight16(x: v128): v128 {
    return i8x16.swizzle(x, i8x16(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
  }

  static rotateRight12(x: v128): v128 {
    return v128.or(i32x4.shr_u(x, 12), i32x4.shl(x, 20));
  }

  static rotateRight8(x: v128): v128 {
    return i8x16.swizzle(x, i8x16(1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12));
  }

  static rotateRight7(x: v128): v128 {
    return v128.or(i32x4.shr_u(x, 7), i32x4.shl(x, 25));
  }

  static add3(a: v128, m: v128, b: v128): v128 {
    return i32x4.add(i32x4.add(a, m), b);
  }

  /** Transposes 16 bytes of each of four inputs into four message words (64 bytes) at `out`. */
  static transposeWords(in0: usize, in1: usize, in2: usize, in3: usize, out: usize): void {
    const r0 = v128.load(in0), r1 = v128.load(in1), r2 = v128.load(in2), r3 = v128.load(in3);
    const a = i32x4.shuffle(r0, r1, 0, 4, 1, 5), b = i32x4.shuffle(r0, r1, 2, 6, 3, 7);
    const c = i32x4.shuffle(r2, r3, 0, 4, 1, 5), d = i32x4.shuffle(r2, r3, 2, 6, 3, 7);
    v128.store(out, i64x2.shuffle(a, c, 0, 2), 0);
    v128.store(out, i64x2.shuffle(a, c, 1, 3), 16);
    v128.store(out, i64x2.shuffle(b, d, 0, 2), 32);
    v128.store(out, i64x2.shuffle(b, d, 1, 3), 48);
  }

  /** Writes four words of four chaining values: lane i of x0..x3 to `out` + 32 i. */
  static storeValues(out: usize, x0: v128, x1: v128, x2: v128, x3: v128): void {
    const a = i32x4.shuffle(x0, x1, 0, 4, 1, 5), b = i32x4.shuffle(x0, x1, 2, 6, 3, 7);
    const c = i32x4.shuffle(x2, x3, 0, 4, 1, 5), d = i32x4.shuffle(x2, x3, 2, 6, 3, 7);
    v128.store(out, i64x2.shuffle(a, c, 0, 2), 0);
    v128.store(out, i64x2.shuffle(a, c, 1, 3), 32);
    v128.store(out, i64x2.shuffle(b, d, 0, 2), 64);
    v128.store(out, i64x2.shuffle(b, d, 1, 3), 96);
  }
}

// The ways in which a module can end or fail to end: each kind of trap, exhausted stack, endless loops.
import * as kernel from "../../../kernel-bindings/assembly/kernel";

const spot: usize = memory.data(64, 16);

/** Hides a number from the optimizer. */
function opaque(value: u32): u32 {
  store<u32>(spot, value);
  return load<u32>(spot);
}

function recurse(depth: u32): u32 {
  return depth == 0xffffffff ? 0 : recurse(depth + 1) + depth;
}

/** A frame of some hundred bytes: sixteen vectors live across the call. */
function recurseDeeply(depth: u32): v128 {
  const a = v128.load(spot), b = v128.load(spot, 16), c = v128.load(spot, 32), d = v128.load(spot, 48);
  const e = i32x4.add(a, i32x4.splat(depth)), f = i32x4.add(b, i32x4.splat(depth * 3)), g = i32x4.add(c, i32x4.splat(depth * 5)), h = i32x4.add(d, i32x4.splat(depth * 7));
  const i = i32x4.mul(e, f), j = i32x4.mul(f, g), k = i32x4.mul(g, h), l = i32x4.mul(h, e), m = i32x4.sub(a, i), n = i32x4.sub(b, j), o = i32x4.sub(c, k), p = i32x4.sub(d, l);
  const below = depth == 0xffffffff ? i32x4.splat(0) : recurseDeeply(depth + 1);
  const first = v128.xor(v128.xor(v128.xor(a, b), v128.xor(c, d)), v128.xor(v128.xor(e, f), v128.xor(g, h)));
  const second = v128.xor(v128.xor(v128.xor(i, j), v128.xor(k, l)), v128.xor(v128.xor(m, n), v128.xor(o, p)));
  return v128.xor(below, v128.xor(first, second));
}

function takesFloat(value: f64): f64 { return value * 2; }

/** Ends the domain in the given way. Those that return were not stopped, which is a finding. */
export function endBy(way: u32, argument: u32): i32 {
  switch (way) {
    case 0: unreachable(); return 0;
    case 1: return i32(opaque(7)) / i32(opaque(0));
    case 2: return i32(opaque(0x80000000)) / i32(opaque(0xffffffff));
    case 3: return i32(opaque(7) % opaque(0));
    case 4: return i32(load<u32>(opaque(0xfffffff0)));
    case 5: store<u32>(opaque(u32(memory.size()) << 16), 1); return 0;
    case 6: return i32(load<u32>(opaque((u32(memory.size()) << 16) - 3)));
    case 7: return call_indirect<i32>(opaque(0xffff), 1);
    case 8: return call_indirect<i32>(load<u32>(changetype<usize>(takesFloat)), 1);
    case 9: memory.fill(opaque((u32(memory.size()) << 16) - 16), 1, opaque(17)); return 0;
    case 10: memory.copy(spot, opaque(0xffffff00), opaque(256)); return 0;
    case 11: return i32(v128.extract_lane<u32>(v128.load(opaque(0xfffffff8)), 0));
    case 12: assert(opaque(0) != 0, "the actor was told to give up"); return 0;
    case 13: kernel.fault(0, 0, 0, 0); return 0;
    case 14: kernel.fault(0xfffffff0, 0xffffffff, 1, 1); return 0;
    case 15: return i32(recurse(0));
    case 16: return i32(v128.extract_lane<u32>(recurseDeeply(0), 0));
    default: return runAway(way, argument);
  }
}

function runAway(way: u32, argument: u32): i32 {
  switch (way) {
    case 32: for (;;) {}
    case 33: for (;;) if (load<u32>(spot) == 0x12345678) return 1;
    case 34: for (let i: u32 = 0; ; i++) store<u32>(spot, i | 1);
    case 35: for (;;) kernel.relax();
    case 36: for (;;) kernel.fence();
    case 37: for (;;) kernel.capabilityDrop(0);
    case 38: for (;;) kernel.wait(0, 0);
    case 39: for (;;) { if (kernel.capabilityMint(argument, 0, 0) == 1) return 1; kernel.call(argument); }
    case 40: for (let i: u32 = 1; ; i++) { if (i == 0) i = opaque(1); else i = opaque(i) | 2; if (i == 0xffffffff) return 1; }
    default: return -1;
  }
}

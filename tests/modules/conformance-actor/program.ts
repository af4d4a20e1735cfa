// The program that the suite puts here (tests/conformance/suite/program.ts writes it):
//
//   0 u32 1 in the conductor's copy   4 u32 case count   8 u32 script count   12 u32 offset of the cases   16 u32 offset of the scripts' offsets
//  20 seven u32 for the conductor: its notification to itself, power, console; scripts that drop, that forget; its timer; the script that asks the bystander
//  cases: { u32 offset of the name, u32 act count, u32 first script of the acts, which are numbered in a row }
//  a name: u32 length, bytes
//  a script: steps to the first whose header is 0
export const program: usize = memory.data(262144, 16);

/** Safety of this file: the suite wrote the program and checked that every offset lies inside it. */
export function isConductor(): bool { return load<u32>(program) == 1; }
export function caseCount(): u32 { return load<u32>(program, 4); }
export function conductor(index: u32): u32 { return load<u32>(program + 20 + 4 * index); }
function caseAt(number: u32): usize { return program + load<u32>(program, 12) + 12 * number; }
export function caseName(number: u32): usize { return program + load<u32>(caseAt(number)); }
export function bytesOf(name: usize): u32 { return load<u32>(name); }
export function caseActCount(number: u32): u32 { return load<u32>(caseAt(number), 4); }
export function caseAct(number: u32, act: u32): u32 { return load<u32>(caseAt(number), 8) + act; }
/** Address of a script's first step; script numbers start at 1. */
export function scriptAt(script: u32): usize {
  assert(script >= 1 && script <= load<u32>(program, 8), "no such script");
  return program + load<u32>(program + load<u32>(program, 16) + 4 * (script - 1));
}

// One case of the suite, and the ways to write its expected answers.
import type { Step } from "./language.ts";

export interface Case {
  /** The rule, in a few words; the report counts cases by it. */
  rule: string;
  name: string;
  /** Scripts of the conductor; between two of them the stack is empty and what is pending is delivered. */
  acts: Step[][];
  expect: readonly number[] | Difference;
}
/** The kernels may differ only with a reason. */
export interface Difference { microkernel: readonly number[]; hosted: readonly number[]; why: string }

/** Statuses as system calls answer them. */
export const Ok = 0, InvalidHandle = -1, Denied = -2, InvalidArgument = -3, OutOfRange = -4, PeerRestarted = -5, PeerDead = -6, Cancelled = -7, StackExhausted = -8,
  OutOfMemory = -9, Unsupported = -10, WrongKind = -12, ProtocolBreach = -15, TooLarge = -41;

/** All cases of a rule: name, steps of the conductor, answers. */
export function rule(words: string, rows: Array<[name: string, act: Step[] | Step[][], expect: readonly number[] | Difference]>): Case[] {
  return rows.map(([name, act, expect]) => ({ rule: words, name, acts: isActs(act) ? act : [act], expect }));
}
const isActs = (act: Step[] | Step[][]): act is Step[][] => Array.isArray(act[0]);
export const expected = (one: Case, kernel: "microkernel" | "hosted"): readonly number[] => ("why" in one.expect ? one.expect[kernel] : one.expect);

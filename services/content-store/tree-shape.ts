// The shape of an object larger than one group. Groups are numbered from 0; a page of level k has up to 128 children, each standing for 128^(k-1) groups.
// The level of a subtree is the smallest that holds its groups, so a subtree of one group is that group's value itself and a page always has two children or more.
import { FANOUT_SHIFT, GROUP_BYTES, GROUP_SHIFT } from "./limits";

export function groupCountOf(lengthBytes: u64): u32 { return <u32>((lengthBytes + (GROUP_BYTES - 1)) >> GROUP_SHIFT); }

/** Bytes of group `group` in an object of `lengthBytes`; the group exists. */
export function groupBytesOf(lengthBytes: u64, group: u32): u32 {
  const start = <u64>group << GROUP_SHIFT;
  return <u32>min<u64>(GROUP_BYTES, lengthBytes - start);
}

/** 0 for one group, 1 for up to 128, 2 for up to 16,384, and so on. */
export function levelOf(groupCount: u32): u32 {
  let level: u32 = 0;
  while (level < 4 && groupCount > 1 << (FANOUT_SHIFT * level)) level++;
  return level;
}

/** Groups under one page of `level`. */
export function spanOf(level: u32): u32 { return 1 << (FANOUT_SHIFT * level); }

/** Children of a page of `level` over `groupCount` groups. */
export function childCountOf(level: u32, groupCount: u32): u32 {
  const shift = FANOUT_SHIFT * (level - 1);
  return (groupCount + (1 << shift) - 1) >> shift;
}

/** Groups of the page of `level` that starts at group `first`, in an object of `groupCount` groups. */
export function groupsBelow(level: u32, first: u32, groupCount: u32): u32 { return min<u32>(spanOf(level), groupCount - first); }

/** Bytes of the top page of an object of `lengthBytes`, more than one group. */
export function topPageBytes(lengthBytes: u64): u32 {
  const groupCount = groupCountOf(lengthBytes);
  return childCountOf(levelOf(groupCount), groupCount) << 5;
}

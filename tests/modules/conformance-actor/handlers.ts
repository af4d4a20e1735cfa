// What was delivered to this domain without its asking, and what it is to do then.

export let notifiedScript: u32 = 0;
export let closedScript: u32 = 0;
export let backgroundScript: u32 = 0;
/** What `background` answers after its script: 1, there is more. */
export let handlerResult: u32 = 0;

const LIMIT: u32 = 64;
const badges: usize = memory.data(256);
const bits: usize = memory.data(256);
export let badgeCount: u32 = 0;
export let bitCount: u32 = 0;

export function setHandler(which: u32, script: u32): void {
  if (which == 0) notifiedScript = script;
  else if (which == 1) closedScript = script;
  else if (which == 2) backgroundScript = script;
  else handlerResult = script;
}

/** Safety: no more than LIMIT words are kept; the count goes on. */
export function noteBadge(badge: u32): void {
  if (badgeCount < LIMIT) store<u32>(badges + 4 * badgeCount, badge);
  badgeCount++;
}
export function noteBits(value: u32): void {
  if (bitCount < LIMIT) store<u32>(bits + 4 * bitCount, value);
  bitCount++;
}
/** 0 for what was not delivered. */
export function badgeAt(index: u32): u32 { return index < min(badgeCount, LIMIT) ? load<u32>(badges + 4 * index) : 0; }
export function bitsAt(index: u32): u32 { return index < min(bitCount, LIMIT) ? load<u32>(bits + 4 * index) : 0; }

export function forget(): void {
  notifiedScript = 0;
  closedScript = 0;
  backgroundScript = 0;
  handlerResult = 0;
  badgeCount = 0;
  bitCount = 0;
}

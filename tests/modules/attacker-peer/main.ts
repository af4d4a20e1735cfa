// Those around the random attacker: its judge, the server and the deeper server that it calls, and the bystander that it has no capability to.
// One module; the badge of a request says who asks, the manifest (tests/conformance/attack.ts) who is who.
import "../../../kernel-bindings/assembly/abort";
import * as kernel from "../../../kernel-bindings/assembly/kernel";
import { judge } from "./judge";
import { patternIsIntact, writePattern } from "./pattern";
import { countOfOpenBadges, dropKept, serve, told, violations } from "./server";

const buffers: usize = memory.data(512, 16);
export const messageIn: usize = buffers;
export const messageOut: usize = buffers + 256;

/** Badges: whom the judge calls, and the attacker's. */
const JUDGE: u32 = 1;
const VERIFY: u32 = 1;
const DROP: u32 = 2;
const FILL: u32 = 3;
const FIELDS: usize = 16;
let isJudge: bool = false;

export function start(): u32 {
  writePattern();
  // Only the judge has a capability at this index that is a notification to itself.
  isJudge = kernel.notify(7, 1) == 0 && kernel.consoleWrite(5, 0, 0) == 0;
  return 0;
}

export function receive(badge: u32, rights: u32): u32 {
  if (badge != JUDGE) return serve(messageIn, messageOut, badge, rights);
  const operation: u32 = load<u16>(messageIn, 2);
  if (operation == VERIFY) {
    store<u32>(messageIn + FIELDS, patternIsIntact() ? 0 : 1);
    store<u32>(messageIn + FIELDS + 4, violations);
    store<u32>(messageIn + FIELDS + 8, countOfOpenBadges());
  } else if (operation == DROP) dropKept();
  else if (operation == FILL) {
    let count: u32 = 0;
    while (kernel.capabilityMint(1, 0, 0) > 0) count++;
    kernel.capabilityRevoke(1);
    store<u32>(messageIn + FIELDS, count);
  } else return 10;
  return 0;
}
export function notified(bits: u32): void { if (isJudge) judge(messageOut); }
export function closed(badge: u32): void { told(badge); }

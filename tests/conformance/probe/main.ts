// The probe: one module that makes any system call on request, so that every rule of docs/abi.md is tried from inside a
// real domain. A request's operation is a number of `Step` in probe-system.ts, its arguments are fields 0–6; field 7 says,
// four bits an argument, what stands in for it: 1–4 the request's lease, 5–8 its capability. Field 0 of the reply is the result.
// The module also keeps what was delivered to it (bits, badges, the last message) for a later `inspect`.
import * as kernel from "../../../kernel-bindings/assembly/kernel";
import { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";
import { systemCall } from "../../modules/common/system-call";
export { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";

const FIELDS: usize = 16;
/** Free memory of the probe: 64 KiB for tests to write into and lend. */
export const scratch: usize = memory.data(65536, 4096);
/** Interface of requests that only look (peek and poke of the tests): not kept as the last one. */
const LOOK: u32 = 78;
/** The last request as it arrived. */
const lastMessage: usize = memory.data(144, 16);
/** { u32 bits delivered, u32 notified count, u32 last badge closed, u32 closed count, u32 start count, u32 result of the handler's step }. */
const record: usize = memory.data(32, 16);
/** What `notified` does: operation and 7 arguments; operation 0 is nothing. */
const handlerStep: usize = memory.data(32, 16);
/** What `receive` answers to the next request: a status instead of Ok, and a capability. */
let replyStatus: u32 = 0;
let replyCapability: u32 = 0;

function bump(offset: usize): void {
  store<u32>(record + offset, load<u32>(record + offset) + 1);
}

export function start(): u32 {
  bump(16);
  return 0;
}

function argument(index: u32): u32 {
  const stand: u32 = (load<u32>(messageIn + FIELDS + 28) >> (4 * index)) & 15;
  if (stand >= 5) return load<u32>(messageIn + 128 + 4 * (stand - 5));
  if (stand >= 1) return load<u32>(messageIn + 64 + 16 * (stand - 1));
  return load<u32>(messageIn + FIELDS + 4 * index);
}

function recurse(depth: u32): u32 {
  return depth == 0xffffffff ? 0 : recurse(depth + 1) + depth;
}

function step(operation: u32, a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32): i32 {
  if (operation < 64) return systemCall(operation, a, b, c, d, e, f, g);
  switch (operation) { // what a service does, not a system call
    case 66: unreachable(); return 0;
    case 67: return recurse(0);
    case 68: replyStatus = a; replyCapability = b; return 0;
    case 70: assert(a != 0, "the probe was told to fail"); return 0;
    case 71: memory.copy(handlerStep, scratch, 32); return 0;
    case 72: return i32(load<u32>(a));
    case 73: // describe: addresses, for the host
      store<u32>(scratch, messageIn as u32);
      store<u32>(scratch + 4, messageOut as u32);
      store<u32>(scratch + 8, lastMessage as u32);
      store<u32>(scratch + 12, record as u32);
      return i32(scratch);
    case 75: for (;;) {} // no load, store or call
    case 76: for (let value: u32 = 0; ; value++) store<u32>(scratch, value);
    case 77: for (;;) kernel.relax();
    case 78: for (;;) kernel.capabilityDrop(u32(kernel.capabilityMint(a, b, c)));
    case 79: for (;;) kernel.call(a);
    default: return 0; // 74 and unknown ones: nothing, so that only the message is looked at
  }
}

export function receive(badge: u32, rights: u32): u32 {
  if (load<u16>(messageIn) != LOOK) memory.copy(lastMessage, messageIn, 144);
  const status = replyStatus;
  const capability = replyCapability;
  replyStatus = 0;
  replyCapability = 0;
  const result = step(load<u16>(messageIn + 2), argument(0), argument(1), argument(2), argument(3), argument(4), argument(5), argument(6));
  store<i32>(messageIn + FIELDS, result);
  store<u32>(messageIn + FIELDS + 4, badge);
  store<u32>(messageIn + FIELDS + 8, rights);
  store<u8>(messageIn + 13, u8(capability != 0));
  store<u32>(messageIn + 128, capability);
  return status;
}

export function notified(bits: u32): void {
  store<u32>(record, load<u32>(record) | bits);
  bump(4);
  const operation = load<u32>(handlerStep);
  if (operation == 0) return;
  const at = handlerStep + 4;
  store<i32>(record + 20, step(operation, load<u32>(at), load<u32>(at + 4), load<u32>(at + 8), load<u32>(at + 12), load<u32>(at + 16), load<u32>(at + 20), load<u32>(at + 24)));
}

export function closed(badge: u32): void {
  store<u32>(record + 8, badge);
  bump(12);
}

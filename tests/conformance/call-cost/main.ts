// A module for measuring: called with a count in field 0, it calls endpoint 2 that often with an otherwise empty message,
// lending field 1 bytes each time when that is not 0. As a callee with count 0 it returns at once.
import * as kernel from "../../../kernel-bindings/assembly/kernel";
import { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";
export { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";

const buffer: usize = memory.data(65536, 4096);

export function start(): u32 {
  return 0;
}

export function receive(badge: u32, rights: u32): u32 {
  const count = load<u32>(messageIn + 16);
  const lent = load<u32>(messageIn + 20);
  const mode = load<u32>(messageIn + 24);
  if (count == 0) {
    if (mode == 1) kernel.leaseRead(load<u32>(messageIn + 64), 0, buffer, load<u32>(messageIn + 72));
    return 0;
  }
  for (let index: u32 = 0; index < count; index++) {
    store<u32>(messageOut, 1 | (1 << 16));
    store<u32>(messageOut + 12, lent == 0 ? 0 : 1);
    store<u32>(messageOut + 16, 0);
    store<u32>(messageOut + 24, mode);
    if (lent != 0) {
      store<u32>(messageOut + 64, 0);
      store<u32>(messageOut + 68, buffer as u32);
      store<u32>(messageOut + 72, lent);
      store<u32>(messageOut + 76, 3);
    }
    if (kernel.call(2) != 0) return 13;
  }
  return 0;
}

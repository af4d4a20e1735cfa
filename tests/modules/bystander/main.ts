// A domain that has nothing to do with anybody: it fills a part of its memory, and tells whoever asks (operation 1) whether all of it is as it was; then it
// fills it again.
export { messageIn, messageOut } from "../../../kernel-bindings/assembly/message";

const length: u32 = 1 << 20;
const pattern: u8 = 0x42;
const area: usize = memory.data(1 << 20, 4096);
const ok: u32 = 0, corrupted: u32 = 37;

export function start(): u32 {
  memory.fill(area, pattern, length);
  return ok;
}

export function receive(badge: u32, rights: u32): u32 {
  let isWhole = true;
  for (let at: u32 = 0; at < length; at++) isWhole = isWhole && load<u8>(area + at) == pattern;
  memory.fill(area, pattern, length);
  return isWhole ? ok : corrupted;
}

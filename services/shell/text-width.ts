// Text width: how many terminal columns UTF-8 text takes, so that the cursor can be put where the person sees it.
// Approximate on purpose: East Asian wide ranges and emoji count two, combining accents none, everything else one.

/** Bytes of the character at `offset`: up to the next byte that is not a continuation. */
export function characterBytes(address: usize, offset: u32, lengthBytes: u32): u32 {
  let end = offset + 1;
  while (end < lengthBytes && (load<u8>(address + end) & 0xc0) == 0x80) end++;
  return end - offset;
}

/** Start of the character before `offset`. */
export function previousCharacter(address: usize, offset: u32): u32 {
  if (offset == 0) return 0;
  offset--;
  while (offset > 0 && (load<u8>(address + offset) & 0xc0) == 0x80) offset--;
  return offset;
}

export function textColumns(address: usize, lengthBytes: u32): u32 {
  let columns: u32 = 0;
  let offset: u32 = 0;
  while (offset < lengthBytes) {
    const size = characterBytes(address, offset, lengthBytes);
    columns += characterColumns(codePoint(address + offset, size));
    offset += size;
  }
  return columns;
}

/** Safety: reads `size` bytes, all inside the text that the caller measured. */
function codePoint(address: usize, size: u32): u32 {
  const first: u32 = load<u8>(address);
  if (size == 1 || first < 0xc0) return first;
  let value: u32 = size == 2 ? first & 0x1f : size == 3 ? first & 0x0f : first & 0x07;
  for (let index: u32 = 1; index < size; index++) value = (value << 6) | (load<u8>(address + index) & 0x3f);
  return value;
}

function characterColumns(point: u32): u32 {
  if (point < 0x300) return 1;
  if (point <= 0x36f || point == 0x200d || (point >= 0xfe00 && point <= 0xfe0f)) return 0;
  if (point < 0x1100) return 1;
  if (point <= 0x115f || (point >= 0x2e80 && point <= 0xa4cf) || (point >= 0xac00 && point <= 0xd7a3)) return 2;
  if ((point >= 0xf900 && point <= 0xfaff) || (point >= 0xfe30 && point <= 0xfe6f) || (point >= 0xff00 && point <= 0xff60)) return 2;
  if ((point >= 0x1f300 && point <= 0x1f64f) || (point >= 0x1f900 && point <= 0x1f9ff) || (point >= 0x20000 && point <= 0x3fffd)) return 2;
  return 1;
}

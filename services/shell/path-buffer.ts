// Path buffer: a path below the root directory, as the filesystem takes it: components joined by single slashes, none at either
// end; the root is empty. Stays true: `length` ≤ PATH_BYTES, and a push that does not fit changes nothing.

export const PATH_BYTES: u32 = 4096;
const SLASH: u8 = 0x2f;

export class PathBuffer {
  readonly address: usize = heap.alloc(PATH_BYTES);
  length: u32 = 0;

  clear(): void {
    this.length = 0;
  }

  copyFrom(other: PathBuffer): void {
    memory.copy(this.address, other.address, other.length);
    this.length = other.length;
  }

  /** Add a component. Safety: the room for it and a slash is checked first. */
  push(name: usize, lengthBytes: u32): bool {
    const separator: u32 = this.length > 0 ? 1 : 0;
    if (lengthBytes + separator > PATH_BYTES - this.length) return false;
    if (separator) store<u8>(this.address + this.length, SLASH);
    memory.copy(this.address + this.length + separator, name, lengthBytes);
    this.length += lengthBytes + separator;
    return true;
  }

  /** Take the last component off; its bytes stay where they were until the next push. */
  pop(): void {
    this.length = this.parentLength();
  }

  /** Length of the path without its last component. */
  parentLength(): u32 {
    let end = this.length;
    while (end > 0 && load<u8>(this.address + end - 1) != SLASH) end--;
    return end > 0 ? end - 1 : 0;
  }

  /** Offset of the last component. */
  nameOffset(): u32 {
    const parent = this.parentLength();
    return parent > 0 ? parent + 1 : 0;
  }

  /** The typed text with doubled slashes and `.` taken out, no leading slash; `..` stays. False if it is too long. */
  normalize(text: usize, lengthBytes: u32): bool {
    this.clear();
    let offset: u32 = 0;
    while (offset < lengthBytes) {
      const size = componentBytes(text, offset, lengthBytes);
      if (size > 0 && !isDot(text + offset, size) && !this.push(text + offset, size)) return false;
      offset += size + 1;
    }
    return true;
  }
}

/** Bytes up to the next slash or the end. */
export function componentBytes(text: usize, offset: u32, lengthBytes: u32): u32 {
  let end = offset;
  while (end < lengthBytes && load<u8>(text + end) != SLASH) end++;
  return end - offset;
}

export function isDot(name: usize, lengthBytes: u32): bool {
  return lengthBytes == 1 && load<u8>(name) == 0x2e;
}

export function isDotDot(name: usize, lengthBytes: u32): bool {
  return lengthBytes == 2 && load<u16>(name) == 0x2e2e;
}

/** Does any component of the text say `..`? */
export function hasDotDot(text: usize, lengthBytes: u32): bool {
  let offset: u32 = 0;
  while (offset < lengthBytes) {
    const size = componentBytes(text, offset, lengthBytes);
    if (isDotDot(text + offset, size)) return true;
    offset += size + 1;
  }
  return false;
}

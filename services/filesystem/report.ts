// Text of a check: one line for each problem, cut off where the buffer ends, counted all the same.
//
// Safety: `buffer` is REPORT_BYTES; every byte goes through `byte`, which stops at its end.
const REPORT_BYTES: u32 = 65536;
const NEWLINE: u8 = 0x0a;

export class Report {
  readonly buffer: usize = heap.alloc(REPORT_BYTES);
  lengthBytes: u32 = 0;
  problems: u64 = 0;

  clear(): void {
    this.lengthBytes = 0;
    this.problems = 0;
  }

  text(words: string): Report {
    for (let i = 0; i < words.length; i++) this.byte(<u8>words.charCodeAt(i));
    return this;
  }

  bytes(address: usize, count: u32): Report {
    for (let i: u32 = 0; i < count; i++) {
      const byte = load<u8>(address + i);
      this.byte(byte < 0x20 || byte == 0x7f ? 0x3f : byte); // a name must not end the line or move the cursor
    }
    return this;
  }

  number(value: u64): Report {
    let divisor: u64 = 1;
    while (value / divisor >= 10) divisor *= 10;
    for (; divisor > 0; divisor /= 10) this.byte(<u8>(0x30 + (value / divisor) % 10));
    return this;
  }

  /** The first eight bytes of a hash, in hexadecimal. */
  hash(address: usize): Report {
    for (let i: u32 = 0; i < 8; i++) {
      const byte = load<u8>(address + i);
      this.digit(byte >> 4);
      this.digit(byte & 15);
    }
    return this;
  }

  /** The line is one problem. */
  end(): void {
    this.byte(NEWLINE);
    this.problems++;
  }

  private digit(value: u8): void { this.byte(value < 10 ? 0x30 + value : 0x57 + value); }

  private byte(value: u8): void {
    if (this.lengthBytes == REPORT_BYTES) return;
    store<u8>(this.buffer + this.lengthBytes, value);
    this.lengthBytes++;
  }
}

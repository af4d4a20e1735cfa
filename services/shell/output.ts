// Output: text on its way to the console, gathered in one fixed buffer so that a line costs one system call.
// Stays true: nothing is lost or reordered; what is buffered appears at the latest at `flush`, which the shell calls before it waits.

/** Where bytes go: the console, or a recorder in tests. */
export abstract class Terminal {
  abstract write(address: usize, lengthBytes: u32): void;
}

const BUFFER_BYTES: u32 = 4096;

export class Output {
  private readonly buffer: usize = heap.alloc(BUFFER_BYTES);
  private used: u32 = 0;

  constructor(private readonly terminal: Terminal) {}

  /** Safety: every store below is at buffer + used, and used < BUFFER_BYTES before it. */
  byte(value: u8): void {
    if (this.used == BUFFER_BYTES) this.flush();
    store<u8>(this.buffer + this.used, value);
    this.used++;
  }

  /** ASCII text of a literal; a newline also hands the line over when the buffer is more than half full. */
  text(value: string): void {
    const length = value.length;
    for (let index = 0; index < length; index++) this.byte(<u8>value.charCodeAt(index));
  }

  bytes(address: usize, lengthBytes: u32): void {
    if (lengthBytes > BUFFER_BYTES - this.used) this.flush();
    if (lengthBytes > BUFFER_BYTES) {
      this.terminal.write(address, lengthBytes);
      return;
    }
    memory.copy(this.buffer + this.used, address, lengthBytes);
    this.used += lengthBytes;
  }

  spaces(count: u32): void {
    for (let index: u32 = 0; index < count; index++) this.byte(0x20);
  }

  decimal(value: u64): void {
    this.paddedDecimal(value, 1, 0x20);
  }

  /** Decimal digits, filled up on the left to `width` characters. */
  paddedDecimal(value: u64, width: u32, fill: u8): void {
    let divisor: u64 = 1;
    let digits: u32 = 1;
    while (value / divisor >= 10) {
      divisor *= 10;
      digits++;
    }
    for (; digits < width; width--) this.byte(fill);
    while (divisor > 0) {
      this.byte(0x30 + <u8>((value / divisor) % 10));
      divisor /= 10;
    }
  }

  hexByte(value: u8): void {
    this.byte(hexDigit(value >> 4));
    this.byte(hexDigit(value & 15));
  }

  /** Lower-case hexadecimal of `lengthBytes` bytes. */
  hex(address: usize, lengthBytes: u32): void {
    for (let index: u32 = 0; index < lengthBytes; index++) this.hexByte(load<u8>(address + index));
  }

  flush(): void {
    if (this.used == 0) return;
    this.terminal.write(this.buffer, this.used);
    this.used = 0;
  }
}

function hexDigit(value: u8): u8 {
  return value < 10 ? 0x30 + value : 0x57 + value;
}

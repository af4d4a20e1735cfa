// What the shell's specs share: a recording terminal and text in memory.
import { Output, Terminal } from "../output";

const RECORD_BYTES: u32 = 65536;

export class Recorder extends Terminal {
  readonly address: usize = heap.alloc(RECORD_BYTES);
  length: u32 = 0;

  write(address: usize, lengthBytes: u32): void {
    assert(lengthBytes <= RECORD_BYTES - this.length);
    memory.copy(this.address + this.length, address, lengthBytes);
    this.length += lengthBytes;
  }

  text(output: Output): string {
    output.flush();
    return textAt(this.address, this.length);
  }

  /** Forget what was written so far. */
  clear(output: Output): void {
    output.flush();
    this.length = 0;
  }
}

export function textAt(address: usize, lengthBytes: u32): string {
  return String.UTF8.decodeUnsafe(address, lengthBytes);
}

/** A text in memory of its own. */
export class Bytes {
  readonly address: usize;
  readonly length: u32;

  constructor(text: string) {
    const buffer = String.UTF8.encode(text);
    this.length = <u32>buffer.byteLength;
    this.address = heap.alloc(this.length + 1);
    memory.copy(this.address, changetype<usize>(buffer), this.length);
  }
}

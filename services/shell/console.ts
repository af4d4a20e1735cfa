// Console: the shell's bytes in and out. Input waits in a small ring until the shell takes it, so that a long command can look for
// ^C without losing what was typed ahead. Stays true: output is written whole, or the console is gone and the rest is dropped.
import { consoleRead, consoleWrite, relax } from "../../kernel-bindings/assembly/kernel";
import { ShellCapabilities } from "../../kernel-bindings/generated/assembly/capabilities";
import { Status } from "../../kernel-bindings/generated/assembly/status";
import { Terminal } from "./output";

const RING_BYTES: u32 = 8192;
const CHUNK_BYTES: u32 = 512;
const CONTROL_C: u8 = 0x03;
/** How often a write that moves nothing is tried again before the console counts as gone. */
const WRITE_ATTEMPTS: u32 = 1000000;

export class Console extends Terminal {
  private readonly ring: usize = heap.alloc(RING_BYTES);
  private readonly chunk: usize = heap.alloc(CHUNK_BYTES);
  /** Bytes ever put in and taken out. */
  private head: u32 = 0;
  private tail: u32 = 0;
  /** No byte will come after those in the ring. */
  private ended: bool = false;

  write(address: usize, lengthBytes: u32): void {
    let attempts: u32 = 0;
    while (lengthBytes > 0 && attempts < WRITE_ATTEMPTS) {
      const written = consoleWrite(ShellCapabilities.console, address, lengthBytes);
      if (written < 0 || <u32>written > lengthBytes) return;
      if (written == 0) {
        attempts++;
        relax();
      } else {
        attempts = 0;
        address += written;
        lengthBytes -= written;
      }
    }
  }

  /** Take what the kernel has, as far as there is room. Safety: the ring offset stays below RING_BYTES. */
  fill(): void {
    while (!this.ended) {
      const room = RING_BYTES - (this.head - this.tail);
      if (room == 0) return;
      const count = consoleRead(ShellCapabilities.console, this.chunk, min(room, CHUNK_BYTES));
      if (count == -<i32>Status.EndOfFile) this.ended = true;
      if (count <= 0 || <u32>count > CHUNK_BYTES) return;
      for (let index: u32 = 0; index < <u32>count; index++) {
        store<u8>(this.ring + (this.head % RING_BYTES), load<u8>(this.chunk + index));
        this.head++;
      }
    }
  }

  hasByte(): bool {
    return this.head != this.tail;
  }

  /** Nothing is waiting and nothing will come. */
  hasEnded(): bool {
    return this.ended && this.head == this.tail;
  }

  take(): u8 {
    const byte = load<u8>(this.ring + (this.tail % RING_BYTES));
    this.tail++;
    return byte;
  }

  /** Was ^C typed? It and everything typed before it are gone then. */
  wasInterrupted(): bool {
    this.fill();
    for (let position = this.tail; position != this.head; position++) {
      if (load<u8>(this.ring + (position % RING_BYTES)) == CONTROL_C) {
        this.tail = position + 1;
        return true;
      }
    }
    return false;
  }
}

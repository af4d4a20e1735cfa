// The kernel as the driver sees it. An abstract class, so that unit tests put a fake kernel and a fake device in its place
// and run the very files that ship.

export abstract class Platform {
  /** Device addresses of own memory (source 0) or of a lease or grant, written at `out` as { u64 address, u32 length, u32 0 }; their count or −Status. */
  abstract segments(source: u32, offsetBytes: u32, lengthBytes: u32, deviceWrites: bool, out: usize, maximum: u32): i32;
  abstract leaseRead(source: u32, offsetBytes: u32, address: usize, lengthBytes: u32): i32;
  abstract leaseWrite(source: u32, offsetBytes: u32, address: usize, lengthBytes: u32): i32;
  abstract drop(handle: u32): void;
  /** Order everything before against everything after, as the device sees it. Also stops the compiler from merging loads. */
  abstract fence(): void;
  /** A turn of a polling loop. */
  abstract relax(): void;
  /** Sleep until the device's interrupt: above 0; 0 on time-out; −Cancelled, without any sleep, while a domain that waits for this one is dying. */
  abstract wait(timeoutMicroseconds: u32): i32;
  /** Let the interrupt fire again. */
  abstract acknowledgeInterrupt(): void;
  /** Monotonic nanoseconds. */
  abstract now(): u64;
  /** Tell the client of the batches that completions wait for it. */
  abstract announce(): void;
  /** A line for the trace. */
  abstract note(text: string): void;
  /** The same from memory: ASCII. True when a trace is recorded, from the domain's start to its end. */
  abstract record(address: usize, lengthBytes: u32): bool;
}

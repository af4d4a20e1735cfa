// Random bytes for domains. Injected: a seeded source makes a run repeatable and is not for keys.

export interface Entropy {
  fill(bytes: Uint8Array): void;
}

const systemCallBytes = 65536; // crypto.getRandomValues refuses more at once

export class SystemEntropy implements Entropy {
  fill(bytes: Uint8Array): void {
    // Into a buffer of our own: crypto refuses views of some WebAssembly memories.
    for (let start = 0; start < bytes.length; start += systemCallBytes) {
      const part = new Uint8Array(Math.min(systemCallBytes, bytes.length - start));
      crypto.getRandomValues(part);
      bytes.set(part, start);
    }
  }
}

/** A small generator (mulberry32) for seeded runs, shared by entropy and device reordering. */
export class SeededRandom {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** An unsigned 32-bit number. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** A number in [0, limit). */
  below(limit: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * limit);
  }
}

export class SeededEntropy implements Entropy {
  private readonly random: SeededRandom;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  fill(bytes: Uint8Array): void {
    for (let index = 0; index < bytes.length; index++) bytes[index] = this.random.next() & 0xff;
  }
}

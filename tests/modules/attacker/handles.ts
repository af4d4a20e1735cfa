// The attacker's handles, in the order of its manifest (tests/conformance/attack.ts).
export namespace Attacker {
  export const self: u32 = 1;
  export const server: u32 = 2;
  export const deep: u32 = 3;
  export const common: u32 = 4;
  export const interrupt: u32 = 8;
  export const dma: u32 = 9;
  export const down: u32 = 11;
  export const clock: u32 = 12;
  export const timer: u32 = 13;
  export const entropy: u32 = 14;
  export const console: u32 = 15;
  export const trace: u32 = 16;
  export const control: u32 = 17;
  /** Entries of the pool that are the manifest's. */
  export const count: u32 = 11;
}

// Numbers of BLAKE3 (specification §2) and the static scratch of this directory.
// Static scratch is sound because a domain does one thing at a time and nothing here calls out.

export const CHUNK_BYTES: usize = 1024;
export const BLOCK_BYTES: usize = 64;
/** Bytes of a hash and of a chaining value. */
export const VALUE_BYTES: usize = 32;
/** Chunks of a group; the widest subtree that is hashed in one go. */
export const GROUP_CHUNKS: usize = 64;
/** Bytes of a group: what `chainingValue` takes at most. */
export const GROUP_BYTES: usize = GROUP_CHUNKS * CHUNK_BYTES;

export const CHUNK_START: u32 = 1;
export const CHUNK_END: u32 = 2;
export const PARENT: u32 = 4;
export const ROOT: u32 = 8;

export const IV0: u32 = 0x6a09e667;
export const IV1: u32 = 0xbb67ae85;
export const IV2: u32 = 0x3c6ef372;
export const IV3: u32 = 0xa54ff53a;
export const IV4: u32 = 0x510e527f;
export const IV5: u32 = 0x9b05688c;
export const IV6: u32 = 0x1f83d9ab;
export const IV7: u32 = 0x5be0cd19;
/** Address of the eight words of the initial value. */
export const INITIAL_VALUE: usize = memory.data<u32>([IV0, IV1, IV2, IV3, IV4, IV5, IV6, IV7], 16);

/** Chaining values of one subtree: 64 × 32 bytes. */
export const subtreeValues: usize = memory.data(2048, 16);
/** Chaining values that `mergeValues` works on: 128 × 32 bytes. */
export const mergeScratch: usize = memory.data(4096, 16);
/** One message block that is put together from parts. */
export const blockScratch: usize = memory.data(64, 16);
/** The transposed message words of four blocks. */
export const transposedWords: usize = memory.data(256, 16);
/** The kernel's word about the processor (docs/abi.md §1); 0 where there is none. A module that exports it as `processor` is told. */
export const processor: usize = memory.data(16, 16);

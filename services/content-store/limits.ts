// Sizes that the format fixes (docs/formats/content-store.md) and statements that follow from them.
export const BLOCK_BYTES: u32 = 4096;
/** Bytes of a group, of the largest object that is one extent, and of the largest extent. */
export const GROUP_BYTES: u32 = 65536;
export const GROUP_SHIFT: u32 = 16;
/** BLAKE3 chunks in a group: a group's chunk counter is its index times this. */
export const GROUP_CHUNKS: u64 = 64;
export const EXTENT_BLOCKS_MAX: u32 = GROUP_BYTES / BLOCK_BYTES;
/** Child values in an interior page, as a shift and as a count. */
export const FANOUT_SHIFT: u32 = 7;
export const FANOUT: u32 = 1 << FANOUT_SHIFT;
export const VALUE_BYTES: u32 = 32;
/** Bytes of a full interior page. */
export const PAGE_BYTES: u32 = FANOUT * VALUE_BYTES;
/** The largest object, 16 GiB: hashing one that is all hole stays within one call's time. */
export const OBJECT_BYTES_MAX: u64 = 1 << 34;

export function blocksOf(lengthBytes: u32): u32 { return (lengthBytes + (BLOCK_BYTES - 1)) / BLOCK_BYTES; }

/** What an index entry stands for; 0 marks a free slot of the table. */
export namespace Kind {
  export const object: u32 = 1;
  export const group: u32 = 2;
  export const interior: u32 = 3;
}

/** The hash of no bytes. This object always exists and is never stored. */
export const EMPTY_HASH: usize = memory.data<u8>([
  0xaf, 0x13, 0x49, 0xb9, 0xf5, 0xf9, 0xa1, 0xa6, 0xa0, 0x40, 0x4d, 0xea, 0x36, 0xdc, 0xc9, 0x49,
  0x9b, 0xcb, 0x25, 0xc9, 0xad, 0xc1, 0x12, 0xb7, 0xcc, 0x9a, 0x93, 0xca, 0xe4, 0x1f, 0x32, 0x62,
], 16);

/** Safety: both are the addresses of 32 readable bytes. */
export function sameValue(a: usize, b: usize): bool {
  return load<u64>(a) == load<u64>(b) && load<u64>(a, 8) == load<u64>(b, 8) && load<u64>(a, 16) == load<u64>(b, 16) && load<u64>(a, 24) == load<u64>(b, 24);
}

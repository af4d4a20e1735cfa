// Memory of the actor that scripts name: nothing here has an address that a script knows.

/** Four pages: free, messageIn inside, messageOut inside, free; so that ranges can touch each buffer at each side by one byte. */
export const buffers: usize = memory.data(16384, 4096);
/** 64 KiB, page-aligned, for scripts to write, lend and grant. */
export const buffer: usize = memory.data(65536, 4096);
/** What must never change: filled by `fillPattern`. */
export const PATTERN_BYTES: u32 = 524288;
export const pattern: usize = memory.data(524288, 4096);
/** Variables of scripts. */
export const REGISTERS: u32 = 64;
export const registers: usize = memory.data(256);

export const FIELDS: usize = 16;

// BLAKE3 in its default mode with 32-byte output, for bytes already in linear memory.
// Nothing here allocates after start and nothing traps on any input that is in bounds; whole chunks and tree parents go four at a time through SIMD lanes.
export { GROUP_BYTES, VALUE_BYTES, processor } from "./constants";
export { Blake3, hash } from "./hasher";
export { MERGE_COUNT_MAX, chainingValue, mergeValues, parentValue } from "./tree";

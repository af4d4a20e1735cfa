// The content store: bytes under their BLAKE3 hash, stored once, verified at every read.
import type { Interface } from "./types.ts";
export const contentStore: Interface = {
  name: "content-store", number: 3,
  sentence: "Objects under the BLAKE3 hash of their content, stored once and verified at every read.",
  constants: [
    { name: "StoreFlag", sentence: "essential: without it no checkpoint can be made, and no space comes back; it may have blocks of the reserve.", values: { essential: 1 } },
  ],
  structures: [
    { name: "StoreStatistics", bytes: 64, sentence: "Counts.", fields: { objects: "u64", groups: "u64", interiors: "u64", storedBytes: "u64", duplicateObjects: "u64", duplicateGroups: "u64", usedBlocks: "u64", reserved: "u64" } },
  ],
  operations: [
    { number: 1, name: "store", sentence: "Store the bytes as one object; `flags` are StoreFlag.", request: { flags: "u32" }, leases: [{ name: "data", access: "read" }], reply: { hash: "hash", duplicate: "u32" }, errors: ["NoSpace", "TooLarge", "NotFormatted"] },
    { number: 2, name: "get", sentence: "Verified bytes of an object from `offsetBytes`; short at its end.", request: { hash: "hash", offsetBytes: "u64" }, leases: [{ name: "buffer", access: "write" }],
      reply: { lengthBytes: "u32" }, errors: ["NotFound", "Corrupted", "DeviceError"] },
    { number: 3, name: "describe", sentence: "Length of an object and the blocks it occupies.", request: { hash: "hash" }, reply: { lengthBytes: "u64", blockCount: "u64" }, errors: ["NotFound"] },
    { number: 4, name: "openWriter", sentence: "A writer for a new version of an object (the empty object's hash for a new one); the capability answers the writer operations.",
      request: { base: "hash" }, capabilities: [{ name: "writer", direction: "out", kind: "endpoint" }], errors: ["NotFound", "OutOfMemory"] },
    { number: 5, name: "writerWrite", sentence: "Put bytes at an offset; a gap before them reads as zeros.", request: { offsetBytes: "u64" }, leases: [{ name: "data", access: "read" }], reply: { lengthBytes: "u64" }, errors: ["NoSpace", "TooLarge"] },
    { number: 6, name: "writerRead", sentence: "Bytes as the writer has them.", request: { offsetBytes: "u64" }, leases: [{ name: "buffer", access: "write" }], reply: { lengthBytes: "u32" }, errors: ["Corrupted", "DeviceError"] },
    { number: 7, name: "writerTruncate", sentence: "Cut or extend with zeros.", request: { lengthBytes: "u64" }, errors: ["TooLarge"] },
    { number: 8, name: "writerFinish", sentence: "Store what the writer has as an object; the writer goes on from there.", reply: { hash: "hash", lengthBytes: "u64" }, errors: ["NoSpace"] },
    { number: 9, name: "prepare", sentence: "Write out what is staged and attach the index changes to the open transaction.", errors: ["NoSpace", "DeviceError"] },
    { number: 10, name: "checkpoint", sentence: "Prepare, write the index out and set the root for the block service's checkpoint.", errors: ["NoSpace", "DeviceError"] },
    { number: 11, name: "format", sentence: "Format the block service below and start empty.", request: { blockCount: "u64", flags: "u32" }, errors: ["AlreadyFormatted", "NoSpace"] },
    { number: 12, name: "collectBegin", sentence: "Start marking: what is stored or matched from now on is kept." },
    { number: 13, name: "collectMark", sentence: "Keep these objects; fresh[i] becomes 1 where hash i was not marked before.", request: { count: "u32" },
      leases: [{ name: "hashes", access: "read" }, { name: "fresh", access: "write" }], errors: ["NotFound"] },
    { number: 14, name: "collectSweep", sentence: "Free up to `limit` unmarked objects; remaining 0 ends the collection.", request: { limit: "u32" }, reply: { freedBlocks: "u64", freedObjects: "u32", remaining: "u32" } },
    { number: 15, name: "check", sentence: "Verify a bounded number of stored extents against their hashes; cursor 0 starts and ends.", request: { cursor: "u32", limit: "u32" },
      reply: { firstDamaged: "hash", cursor: "u32", checked: "u32", damaged: "u32" } },
    { number: 16, name: "statistics", sentence: "Counts, a StoreStatistics.", leases: [{ name: "statistics", access: "write" }] },
    { number: 17, name: "recount", sentence: "Compare the index with the allocation: extents not allocated, extents that overlap, and the blocks the store owns.",
      reply: { ownedBlocks: "u64", notAllocated: "u64", overlapping: "u64" } },
  ],
};

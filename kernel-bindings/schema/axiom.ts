// Axiom: the ordered, append-only, hash-chained log of all metadata changes.
import type { Interface } from "./types.ts";
export const axiom: Interface = {
  name: "axiom", number: 4,
  sentence: "The ordered, append-only, BLAKE3 hash-chained log of metadata changes.",
  constants: [
    { name: "EntryType", sentence: "What an entry says. Payload layouts: docs/formats/axiom.md and docs/formats/filesystem.md.",
      values: { genesis: 1, stateRoot: 2, create: 16, setContent: 17, remove: 18, rename: 19, setAttributes: 20, snapshotCreate: 32, snapshotDelete: 33, rollback: 34 } },
    { name: "ProposeFlag", sentence: "How to commit.", values: { durable: 1 } },
  ],
  structures: [
    { name: "Proposal", bytes: 32, sentence: "Head of a proposal in a batch; `payloadBytes` bytes of payload follow, padded to 8.",
      fields: { type: "u16", flags: "u16", payloadBytes: "u32", timeNanoseconds: "u64", idempotencyKey: "u64", reserved: "u64" } },
    { name: "Entry", bytes: 112, sentence: "Head of an entry; its hash is BLAKE3 of these bytes. The payload follows, padded to 8.",
      fields: { height: "u64", previous: "hash", payloadHash: "hash", timeNanoseconds: "u64", idempotencyKey: "u64", type: "u16", flags: "u16", payloadBytes: "u32", reserved: "u64" } },
  ],
  operations: [
    { number: 1, name: "describe", sentence: "Next height and hash of the last entry.", reply: { head: "hash", height: "u64", formatted: "u32" } },
    { number: 2, name: "format", sentence: "Format everything below and write the genesis entry, whose payload the caller gives.", request: { blockCount: "u64", flags: "u32" }, leases: [{ name: "genesis", access: "read" }], errors: ["AlreadyFormatted", "NoSpace"] },
    { number: 3, name: "propose", sentence: "Commit a batch of proposals that together lead to this state root, all or nothing.", request: { stateRoot: "hash", count: "u32", flags: "u32" },
      leases: [{ name: "batch", access: "read" }], reply: { height: "u64", flags: "u32" }, errors: ["Rejected", "NoSpace", "Lost", "TooLarge", "DeviceGone"] },
    { number: 4, name: "sync", sentence: "Every committed entry survives power loss when this returns.", reply: { height: "u64" }, errors: ["Lost", "NotDurable", "DeviceGone"] },
    { number: 5, name: "read", sentence: "Whole entries from `height` on, as many as fit.", request: { height: "u64" }, leases: [{ name: "buffer", access: "write" }],
      reply: { nextHeight: "u64", count: "u32", lengthBytes: "u32" }, errors: ["NotFound", "TooLarge", "Corrupted"] },
    { number: 6, name: "checkpoint", sentence: "Record that `state` (an object of the content store) holds the state at the present height; archive entries and checkpoint everything below.", request: { state: "hash" }, errors: ["NoSpace", "Lost"] },
    { number: 7, name: "lastCheckpoint", sentence: "The state object to start from and the height it stands for; found 0: replay from genesis.", reply: { state: "hash", height: "u64", found: "u32" } },
    { number: 8, name: "mark", sentence: "During a collection: mark the objects that the log itself needs.", errors: ["Corrupted"] },
    { number: 9, name: "check", sentence: "Verify the chain from genesis to head.", reply: { checked: "u64", firstBroken: "u64", broken: "u32" } },
    { number: 10, name: "checkSome", sentence: "The same in steps of up to `limit` segments; cursor 0 begins and ends, counts are since it began. Busy: the log was archived meanwhile, begin again.",
      request: { cursor: "u64", limit: "u32" }, reply: { cursor: "u64", checked: "u64", firstBroken: "u64", broken: "u32" }, errors: ["Busy"] },
  ],
};

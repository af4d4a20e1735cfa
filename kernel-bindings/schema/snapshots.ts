// The snapshot manager: names for states, and what changed between two of them.
import type { Interface } from "./types.ts";
export const snapshots: Interface = {
  name: "snapshots", number: 6,
  sentence: "Snapshots: create, list, compare, roll back, delete.",
  constants: [{ name: "Change", sentence: "What happened to a path.", values: { added: 1, removed: 2, modified: 3, renamed: 4 } }],
  structures: [
    { name: "ChangeRecord", bytes: 16, sentence: "Head of a change; the path (or the old path) and, for a rename, the new path follow; padded to 8.",
      fields: { recordBytes: "u32", change: "u16", kind: "u16", pathBytes: "u32", newPathBytes: "u32" } },
  ],
  operations: [
    { number: 1, name: "create", sentence: "Name the present state.", leases: [{ name: "name", access: "read" }], reply: { height: "u64" }, errors: ["Exists", "InvalidName"] },
    { number: 2, name: "list", sentence: "SnapshotRecords (interface filesystem) after the given name.", leases: [{ name: "after", access: "read" }, { name: "buffer", access: "write" }], reply: { count: "u32", lengthBytes: "u32", more: "u32" } },
    { number: 3, name: "rollback", sentence: "Make the tree what the snapshot holds, keeping the present one under a name that is returned.", leases: [{ name: "name", access: "read" }, { name: "saved", access: "write" }], reply: { height: "u64", savedBytes: "u32" }, errors: ["NotFound", "Busy"] },
    { number: 4, name: "remove", sentence: "Delete a snapshot.", leases: [{ name: "name", access: "read" }], reply: { freedBlocks: "u64" }, errors: ["NotFound"] },
    { number: 5, name: "diffBegin", sentence: "Compare a snapshot with another, or with the live tree when `to` is empty.", leases: [{ name: "from", access: "read" }, { name: "to", access: "read" }], reply: { count: "u32", nodesRead: "u32" }, errors: ["NotFound", "TooLarge", "Corrupted"] },
    { number: 6, name: "diffNext", sentence: "ChangeRecords of the last diffBegin, in path order, from `cursor`; more 0 ends.", request: { cursor: "u32" }, leases: [{ name: "buffer", access: "write" }], reply: { count: "u32", lengthBytes: "u32", cursor: "u32", more: "u32" }, errors: ["Busy"] },
  ],
};

// The mailbox: where one client leaves a capability for another. The kernel moves handles only along calls, which go downward; two
// clients of equal rank meet here.
import type { Interface } from "./types.ts";
export const mailbox: Interface = {
  name: "mailbox", number: 7,
  sentence: "Keeps capabilities that one client leaves for another; who is who is told by the badges of the manifest.",
  operations: [
    { number: 1, name: "leave", sentence: "Leave a copy of a capability for the client with badge `recipient`, under a tag of the sender's choice. At most 8 wait from one sender.",
      request: { tag: "u64", recipient: "u32" }, capabilities: [{ name: "capability", direction: "in", kind: "any" }], errors: ["OutOfMemory", "Exists", "Denied", "InvalidArgument"] },
    { number: 2, name: "take", sentence: "Take the oldest capability with this tag that was left for the caller; it moves.",
      request: { tag: "u64" }, reply: { sender: "u32" }, capabilities: [{ name: "capability", direction: "out", kind: "any", moves: true }], errors: ["NotFound"] },
    { number: 3, name: "withdraw", sentence: "Forget what the caller left under this tag for this recipient and nobody took.",
      request: { tag: "u64", recipient: "u32" }, errors: ["NotFound"] },
  ],
};

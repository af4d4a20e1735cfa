// The block-device class: what every driver of a disk offers. Sectors are 512 bytes whatever the device's own block size.
import type { Interface } from "./types.ts";
export const blockDevice: Interface = {
  name: "block-device", number: 1,
  sentence: "Sectors of a disk: synchronous transfers over leases, asynchronous batches over grants.",
  constants: [
    { name: "DeviceFlag", sentence: "What the device can do.", values: { readOnly: 1, flush: 2, discard: 4, writeZeroes: 8 } },
    { name: "Transfer", sentence: "Operation of a batch request.", values: { read: 1, write: 2, flush: 3 } },
  ],
  structures: [
    { name: "BatchRequest", bytes: 32, sentence: "One request of a batch; `slot` and `offsetBytes` name the place in an attached grant.",
      fields: { transfer: "u32", tag: "u32", sector: "u64", slot: "u32", offsetBytes: "u32", lengthBytes: "u32", reserved: "u32" } },
    { name: "Completion", bytes: 16, sentence: "One finished request.", fields: { tag: "u32", status: "u32", lengthBytes: "u32", reserved: "u32" } },
    { name: "DeviceStatistics", bytes: 64, sentence: "Counts since the driver started.",
      fields: { reads: "u64", writes: "u64", flushes: "u64", readBytes: "u64", writtenBytes: "u64", doorbells: "u64", interrupts: "u64", errors: "u64" } },
  ],
  operations: [
    { number: 1, name: "describe", sentence: "Capacity and limits of the device.",
      reply: { capacitySectors: "u64", blockBytes: "u32", flags: "u32", maximumTransferBytes: "u32", maximumSegments: "u32", queueDepth: "u32" } },
    { number: 2, name: "read", sentence: "Read sectors into the buffer; done when this returns.", request: { sector: "u64" },
      leases: [{ name: "buffer", access: "write" }], errors: ["DeviceError", "DeviceGone", "TimedOut", "InvalidArgument", "OutOfRange"] },
    { number: 3, name: "write", sentence: "Write the buffer; the device has it, perhaps not durably, when this returns.", request: { sector: "u64" },
      leases: [{ name: "buffer", access: "read" }], errors: ["DeviceError", "DeviceGone", "TimedOut", "InvalidArgument", "OutOfRange", "ReadOnly"] },
    { number: 4, name: "flush", sentence: "Every write completed before this survives power loss when this returns.",
      errors: ["DeviceError", "DeviceGone", "TimedOut", "NotDurable"] },
    { number: 5, name: "discard", sentence: "The device may forget these sectors.", request: { sector: "u64", sectorCount: "u64" }, errors: ["Unsupported", "DeviceError"] },
    { number: 6, name: "writeZeroes", sentence: "These sectors read as zeros from now on.", request: { sector: "u64", sectorCount: "u64" }, errors: ["Unsupported", "DeviceError"] },
    { number: 7, name: "identify", sentence: "The device's own identity, up to 20 bytes.", leases: [{ name: "identity", access: "write" }], reply: { lengthBytes: "u32" }, errors: ["Unsupported", "DeviceError"] },
    { number: 8, name: "attach", sentence: "Register a grant for batches.", capabilities: [{ name: "grant", direction: "in", kind: "grant" }], request: { lengthBytes: "u32" }, reply: { slot: "u32" } },
    { number: 9, name: "detach", sentence: "Forget a grant, once nothing of it is in flight.", request: { slot: "u32" }, errors: ["Busy"] },
    { number: 10, name: "submit", sentence: "Start a batch of BatchRequest and return; completion sets the client's notification bit.", request: { count: "u32" },
      leases: [{ name: "batch", access: "read" }], reply: { accepted: "u32" }, errors: ["Busy", "InvalidArgument"] },
    { number: 11, name: "reap", sentence: "Collect Completion records.", leases: [{ name: "completions", access: "write" }], reply: { count: "u32", inFlight: "u32" } },
    { number: 12, name: "statistics", sentence: "Counts since start, a DeviceStatistics.", leases: [{ name: "statistics", access: "write" }] },
    { number: 13, name: "awaitCompletions", sentence: "Wait until `count` completions can be reaped or nothing is in flight; for a client that cannot return to be notified.",
      request: { count: "u32" }, reply: { ready: "u32", inFlight: "u32" }, errors: ["DeviceGone"] },
  ],
};

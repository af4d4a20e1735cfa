// Generated from kernel-bindings/schema/ by `npm run generate`: numbers and names for the hosted kernel, the clients and the trace viewer.
export const Status = {
  Ok: 0,
  InvalidHandle: 1,
  Denied: 2,
  InvalidArgument: 3,
  OutOfRange: 4,
  PeerRestarted: 5,
  PeerDead: 6,
  Cancelled: 7,
  StackExhausted: 8,
  OutOfMemory: 9,
  Unsupported: 10,
  TimedOut: 11,
  WrongKind: 12,
  Busy: 13,
  EndOfFile: 14,
  ProtocolBreach: 15,
  DeviceError: 32,
  DeviceGone: 33,
  ReadOnly: 34,
  NotFormatted: 35,
  UnsupportedVersion: 36,
  Corrupted: 37,
  Lost: 38,
  NotDurable: 39,
  NoSpace: 40,
  TooLarge: 41,
  AlreadyFormatted: 42,
  Truncated: 43,
  NotFound: 64,
  Exists: 65,
  NotDirectory: 66,
  IsDirectory: 67,
  NotEmpty: 68,
  NameTooLong: 69,
  InvalidName: 70,
  Loop: 71,
  IntoItself: 72,
  Rejected: 73,
} as const;
export const statusNames: Record<number, string> = {
  0: "Ok",
  1: "InvalidHandle",
  2: "Denied",
  3: "InvalidArgument",
  4: "OutOfRange",
  5: "PeerRestarted",
  6: "PeerDead",
  7: "Cancelled",
  8: "StackExhausted",
  9: "OutOfMemory",
  10: "Unsupported",
  11: "TimedOut",
  12: "WrongKind",
  13: "Busy",
  14: "EndOfFile",
  15: "ProtocolBreach",
  32: "DeviceError",
  33: "DeviceGone",
  34: "ReadOnly",
  35: "NotFormatted",
  36: "UnsupportedVersion",
  37: "Corrupted",
  38: "Lost",
  39: "NotDurable",
  40: "NoSpace",
  41: "TooLarge",
  42: "AlreadyFormatted",
  43: "Truncated",
  64: "NotFound",
  65: "Exists",
  66: "NotDirectory",
  67: "IsDirectory",
  68: "NotEmpty",
  69: "NameTooLong",
  70: "InvalidName",
  71: "Loop",
  72: "IntoItself",
  73: "Rejected",
};
export const statusSentences: Record<number, string> = {
  0: "done",
  1: "the capability does not exist or is stale",
  2: "the capability does not carry the right that this needs",
  3: "an argument is outside what the operation takes",
  4: "an access reaches past the end of what was lent",
  5: "the service restarted; what was not synced may be lost",
  6: "the service has stopped and is not running",
  7: "the request was cancelled",
  8: "the chain of calls is too deep",
  9: "a fixed table or pool of the service is full",
  10: "the operation is not supported",
  11: "the time limit passed before the request was complete",
  12: "the capability is of another kind",
  13: "the service cannot do this now",
  14: "there is no more input",
  15: "a message breaks the rules of its interface",
  32: "the device reported an error",
  33: "the device does not answer",
  34: "the device or image cannot be written",
  35: "this is not an axiomfs image",
  36: "the image needs a newer version of axiomfs",
  37: "stored data does not match its hash",
  38: "changes since the last sync were lost",
  39: "the device cannot flush, so nothing can be promised to survive power loss",
  40: "the image is full",
  41: "this is larger than the format or the service allows",
  42: "the image already holds an axiomfs file system",
  43: "the image is shorter than its superblock says",
  64: "no such file or directory",
  65: "it exists already",
  66: "a part of the path is not a directory",
  67: "it is a directory",
  68: "the directory is not empty",
  69: "a name is longer than 255 bytes or a path longer than 4096",
  70: "a name is empty, or holds a zero byte or a slash, or is . or ..",
  71: "the path goes through a symbolic link where none is followed",
  72: "a directory cannot move into itself",
  73: "the log refused the proposal",
};
export const Kind = { endpoint: 1, notification: 2, lease: 3, grant: 4, window: 5, interrupt: 6, dma: 7, timer: 8, clock: 9, entropy: 10, console: 11, trace: 12, power: 13, control: 14 } as const;
export const Rights = {"read":1,"write":2,"signal":1,"transfer":256,"mint":512} as const;
export const defaultEndpointRights = 511;
export const TraceKind = { call: 1, reply: 2, notification: 3, interrupt: 4, trap: 5, start: 6, note: 7, text: 8, notified: 9, notifiedReturn: 10, closed: 11, closedReturn: 12, restart: 13, givenUp: 14, background: 15, backgroundReturn: 16, blocked: 17 } as const;
export const DomainState = { absent: 0, loaded: 1, ready: 2, dead: 3, restarting: 4, givenUp: 5, dying: 6 } as const;
export const faultNames: Record<number, string> = { 1: "trap", 2: "abort", 3: "misuse of a system call", 4: "stack overflow", 5: "killed", 6: "time limit", 7: "start refused", 8: "what it stands on restarted", 9: "a device could reach memory of a domain that ended", 10: "its device reached for memory that is not its own" };
export const messageLayout = {"sizeBytes":144,"fieldsOffset":16,"fieldsBytes":48,"leasesOffset":64,"leaseCount":4,"leaseBytes":16,"capabilitiesOffset":128,"capabilityCount":4,"movesOffset":14} as const;
export const traceFormat = {"magic":"AXTRACE1","version":1,"recordBytes":32,"kernelDomain":255,"microkernel":1,"hosted":2} as const;
export const deviceParts = ["common","notify","isr","configuration","interrupt","dma","reserved"] as const;
export interface TableField { name: string; type: "u8" | "u16" | "u32" | "u64" | "hash"; offset: number }
export interface TableOperation { number: number; name: string; sentence: string; request: TableField[]; reply: TableField[]; leases: string[]; capabilities: { name: string; direction: string; kind: string; moves?: boolean }[] }
export interface TableInterface { number: number; name: string; operations: TableOperation[]; constants: { name: string; sentence: string; values: Record<string, number> }[] }
export const interfaceTable: TableInterface[] = [
 {
  "number": 1,
  "name": "block-device",
  "operations": [
   {
    "number": 1,
    "name": "describe",
    "sentence": "Capacity and limits of the device; `queueDepth` requests fit it at once, in all its `queues` together.",
    "request": [],
    "reply": [
     {
      "name": "capacitySectors",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "blockBytes",
      "type": "u32",
      "offset": 8
     },
     {
      "name": "flags",
      "type": "u32",
      "offset": 12
     },
     {
      "name": "maximumTransferBytes",
      "type": "u32",
      "offset": 16
     },
     {
      "name": "maximumSegments",
      "type": "u32",
      "offset": 20
     },
     {
      "name": "queueDepth",
      "type": "u32",
      "offset": 24
     },
     {
      "name": "queues",
      "type": "u32",
      "offset": 28
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 2,
    "name": "read",
    "sentence": "Read sectors into the buffer; done when this returns. Place and length are whole blocks of the device (`describe`), here and in every operation.",
    "request": [
     {
      "name": "sector",
      "type": "u64",
      "offset": 0
     }
    ],
    "reply": [],
    "leases": [
     "buffer"
    ],
    "capabilities": []
   },
   {
    "number": 3,
    "name": "write",
    "sentence": "Write the buffer; the device has it, perhaps not durably, when this returns.",
    "request": [
     {
      "name": "sector",
      "type": "u64",
      "offset": 0
     }
    ],
    "reply": [],
    "leases": [
     "buffer"
    ],
    "capabilities": []
   },
   {
    "number": 4,
    "name": "flush",
    "sentence": "Every write completed before this survives power loss when this returns.",
    "request": [],
    "reply": [],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 5,
    "name": "discard",
    "sentence": "The device may forget these sectors.",
    "request": [
     {
      "name": "sector",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "sectorCount",
      "type": "u64",
      "offset": 8
     }
    ],
    "reply": [],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 6,
    "name": "writeZeroes",
    "sentence": "These sectors read as zeros from now on; they stay allocated.",
    "request": [
     {
      "name": "sector",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "sectorCount",
      "type": "u64",
      "offset": 8
     }
    ],
    "reply": [],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 7,
    "name": "identify",
    "sentence": "The device's own identity, up to 20 bytes.",
    "request": [],
    "reply": [
     {
      "name": "lengthBytes",
      "type": "u32",
      "offset": 0
     }
    ],
    "leases": [
     "identity"
    ],
    "capabilities": []
   },
   {
    "number": 8,
    "name": "attach",
    "sentence": "Register a grant for batches.",
    "request": [
     {
      "name": "lengthBytes",
      "type": "u32",
      "offset": 0
     }
    ],
    "reply": [
     {
      "name": "slot",
      "type": "u32",
      "offset": 0
     }
    ],
    "leases": [],
    "capabilities": [
     {
      "name": "grant",
      "direction": "in",
      "kind": "grant"
     }
    ]
   },
   {
    "number": 9,
    "name": "detach",
    "sentence": "Forget a grant, once nothing of it is in flight.",
    "request": [
     {
      "name": "slot",
      "type": "u32",
      "offset": 0
     }
    ],
    "reply": [],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 10,
    "name": "submit",
    "sentence": "Accept a batch of BatchRequest and return; those that the device has no room for wait in the driver, at most 1024 are accepted and not reaped, and completion sets the client's notification bit.",
    "request": [
     {
      "name": "count",
      "type": "u32",
      "offset": 0
     }
    ],
    "reply": [
     {
      "name": "accepted",
      "type": "u32",
      "offset": 0
     }
    ],
    "leases": [
     "batch"
    ],
    "capabilities": []
   },
   {
    "number": 11,
    "name": "reap",
    "sentence": "Collect Completion records.",
    "request": [],
    "reply": [
     {
      "name": "count",
      "type": "u32",
      "offset": 0
     },
     {
      "name": "inFlight",
      "type": "u32",
      "offset": 4
     }
    ],
    "leases": [
     "completions"
    ],
    "capabilities": []
   },
   {
    "number": 12,
    "name": "statistics",
    "sentence": "Counts since start, a DeviceStatistics.",
    "request": [],
    "reply": [],
    "leases": [
     "statistics"
    ],
    "capabilities": []
   },
   {
    "number": 13,
    "name": "awaitCompletions",
    "sentence": "Wait until `count` completions can be reaped or nothing is in flight; for a client that cannot return to be notified.",
    "request": [
     {
      "name": "count",
      "type": "u32",
      "offset": 0
     }
    ],
    "reply": [
     {
      "name": "ready",
      "type": "u32",
      "offset": 0
     },
     {
      "name": "inFlight",
      "type": "u32",
      "offset": 4
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 14,
    "name": "limits",
    "sentence": "How the device likes its requests: block sizes, alignment (bytes from sector 0 to the first physical block's start), sizes of I/O, and what one discard or writeZeroes request may cover (0: not offered). `changes` counts changes of the configuration that the driver has seen, this look included.",
    "request": [],
    "reply": [
     {
      "name": "physicalBlockBytes",
      "type": "u32",
      "offset": 0
     },
     {
      "name": "alignmentBytes",
      "type": "u32",
      "offset": 4
     },
     {
      "name": "minimumIoBytes",
      "type": "u32",
      "offset": 8
     },
     {
      "name": "optimalIoBytes",
      "type": "u32",
      "offset": 12
     },
     {
      "name": "discardSectors",
      "type": "u32",
      "offset": 16
     },
     {
      "name": "discardAlignmentSectors",
      "type": "u32",
      "offset": 20
     },
     {
      "name": "writeZeroesSectors",
      "type": "u32",
      "offset": 24
     },
     {
      "name": "changes",
      "type": "u32",
      "offset": 28
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 15,
    "name": "writeZeroesWith",
    "sentence": "As writeZeroes, with RequestFlag: `unmap` lets the device give the space back; a device that cannot ignores it.",
    "request": [
     {
      "name": "sector",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "sectorCount",
      "type": "u64",
      "offset": 8
     },
     {
      "name": "flags",
      "type": "u32",
      "offset": 16
     }
    ],
    "reply": [],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 16,
    "name": "health",
    "sentence": "A DeviceHealth.",
    "request": [],
    "reply": [],
    "leases": [
     "health"
    ],
    "capabilities": []
   },
   {
    "number": 17,
    "name": "scheduling",
    "sentence": "A SchedulingStatistics.",
    "request": [],
    "reply": [],
    "leases": [
     "scheduling"
    ],
    "capabilities": []
   },
   {
    "number": 18,
    "name": "writeTogether",
    "sentence": "Write two buffers, each to its own place, at the same time; the device has both, perhaps not durably, when this returns. After an error any part of either may be there.",
    "request": [
     {
      "name": "sector",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "otherSector",
      "type": "u64",
      "offset": 8
     }
    ],
    "reply": [],
    "leases": [
     "buffer",
     "other"
    ],
    "capabilities": []
   }
  ],
  "constants": [
   {
    "name": "DeviceFlag",
    "sentence": "What the device can do.",
    "values": {
     "readOnly": 1,
     "flush": 2,
     "discard": 4,
     "writeZeroes": 8
    }
   },
   {
    "name": "Transfer",
    "sentence": "Operation of a batch request. Discard and writeZeroes name sectors only: `lengthBytes` of them, no memory.",
    "values": {
     "read": 1,
     "write": 2,
     "flush": 3,
     "discard": 4,
     "writeZeroes": 5
    }
   },
   {
    "name": "RequestFlag",
    "sentence": "How a request is done. `unmap` (writeZeroes): the device may give the space back. `background`: it yields to requests without it. `barrier` (flush of a batch): whatever batches accept after it waits for its end.",
    "values": {
     "unmap": 1,
     "background": 2,
     "barrier": 4
    }
   }
  ]
 },
 {
  "number": 2,
  "name": "block",
  "operations": [
   {
    "number": 1,
    "name": "describe",
    "sentence": "Size and state of the image.",
    "request": [],
    "reply": [
     {
      "name": "blockCount",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "freeBlocks",
      "type": "u64",
      "offset": 8
     },
     {
      "name": "sequence",
      "type": "u64",
      "offset": 16
     },
     {
      "name": "generation",
      "type": "u64",
      "offset": 24
     },
     {
      "name": "flags",
      "type": "u32",
      "offset": 32
     },
     {
      "name": "version",
      "type": "u32",
      "offset": 36
     },
     {
      "name": "mountStatus",
      "type": "u32",
      "offset": 40
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 2,
    "name": "format",
    "sentence": "Make an empty image of the device; blockCount 0 takes all of it. Durable when it returns.",
    "request": [
     {
      "name": "blockCount",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "flags",
      "type": "u32",
      "offset": 8
     }
    ],
    "reply": [],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 3,
    "name": "allocate",
    "sentence": "A contiguous run of up to `count` free blocks, near `hint` (0: behind the last one), in the open transaction; the end of the image comes last; `flags` are AllocateFlag. Busy: not before a checkpoint.",
    "request": [
     {
      "name": "hint",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "count",
      "type": "u32",
      "offset": 8
     },
     {
      "name": "flags",
      "type": "u32",
      "offset": 12
     }
    ],
    "reply": [
     {
      "name": "address",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "count",
      "type": "u32",
      "offset": 8
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 4,
    "name": "free",
    "sentence": "Give blocks back; they are reusable when nothing recoverable reaches them. Busy: not before a checkpoint.",
    "request": [
     {
      "name": "address",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "count",
      "type": "u32",
      "offset": 8
     }
    ],
    "reply": [],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 5,
    "name": "read",
    "sentence": "Read whole blocks into the buffer.",
    "request": [
     {
      "name": "address",
      "type": "u64",
      "offset": 0
     }
    ],
    "reply": [],
    "leases": [
     "buffer"
    ],
    "capabilities": []
   },
   {
    "number": 6,
    "name": "writeExtents",
    "sentence": "Write a run of fresh blocks and bind its extents to the open transaction. The first run of up to 64 KiB goes to the device with the commit, which then answers DeviceError if it cannot be written.",
    "request": [
     {
      "name": "address",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "count",
      "type": "u32",
      "offset": 8
     }
    ],
    "reply": [],
    "leases": [
     "data",
     "descriptors"
    ],
    "capabilities": []
   },
   {
    "number": 7,
    "name": "write",
    "sentence": "Write blocks in place through the journal: redo images in the open transaction.",
    "request": [
     {
      "name": "address",
      "type": "u64",
      "offset": 0
     }
    ],
    "reply": [],
    "leases": [
     "data"
    ],
    "capabilities": []
   },
   {
    "number": 8,
    "name": "attach",
    "sentence": "Append a piece of the caller's payload to the open transaction.",
    "request": [],
    "reply": [],
    "leases": [
     "payload"
    ],
    "capabilities": []
   },
   {
    "number": 9,
    "name": "commit",
    "sentence": "Close the open transaction with a last piece of payload; it is durable after the next sync. DeviceError: data that was kept back for it cannot be written, and the transaction is still open, to be abandoned or tried again; or the log cannot, and nothing is acknowledged any more.",
    "request": [],
    "reply": [
     {
      "name": "sequence",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "flags",
      "type": "u32",
      "offset": 8
     }
    ],
    "leases": [
     "payload"
    ],
    "capabilities": []
   },
   {
    "number": 10,
    "name": "sync",
    "sentence": "Everything committed before this survives power loss when this returns.",
    "request": [],
    "reply": [
     {
      "name": "sequence",
      "type": "u64",
      "offset": 0
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 11,
    "name": "setRoot",
    "sentence": "The caller's root for the next checkpoint: up to 1024 bytes, handed back by getRoot.",
    "request": [],
    "reply": [],
    "leases": [
     "root"
    ],
    "capabilities": []
   },
   {
    "number": 12,
    "name": "getRoot",
    "sentence": "The caller's root of the newest checkpoint.",
    "request": [],
    "reply": [
     {
      "name": "lengthBytes",
      "type": "u32",
      "offset": 0
     }
    ],
    "leases": [
     "root"
    ],
    "capabilities": []
   },
   {
    "number": 13,
    "name": "checkpoint",
    "sentence": "Make roots and allocation state durable and release the log before them.",
    "request": [],
    "reply": [
     {
      "name": "generation",
      "type": "u64",
      "offset": 0
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 14,
    "name": "replay",
    "sentence": "The caller's payload pieces committed after the newest checkpoint, flushed or not, in order; cursor 0 starts, count 0 ends.",
    "request": [
     {
      "name": "cursor",
      "type": "u64",
      "offset": 0
     }
    ],
    "reply": [
     {
      "name": "cursor",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "sequence",
      "type": "u64",
      "offset": 8
     },
     {
      "name": "lengthBytes",
      "type": "u32",
      "offset": 16
     },
     {
      "name": "found",
      "type": "u32",
      "offset": 20
     }
    ],
    "leases": [
     "payload"
    ],
    "capabilities": []
   },
   {
    "number": 15,
    "name": "statistics",
    "sentence": "Counts since mount, a BlockStatistics.",
    "request": [],
    "reply": [],
    "leases": [
     "statistics"
    ],
    "capabilities": []
   },
   {
    "number": 16,
    "name": "readAllocation",
    "sentence": "Allocation bits (1: in use) from block `first`, rounded down to a multiple of 8.",
    "request": [
     {
      "name": "first",
      "type": "u64",
      "offset": 0
     }
    ],
    "reply": [
     {
      "name": "blockCount",
      "type": "u64",
      "offset": 0
     }
    ],
    "leases": [
     "bits"
    ],
    "capabilities": []
   },
   {
    "number": 17,
    "name": "verify",
    "sentence": "Check every structure that this service owns on the disk.",
    "request": [],
    "reply": [
     {
      "name": "checkedBlocks",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "damagedBlocks",
      "type": "u64",
      "offset": 8
     },
     {
      "name": "firstDamaged",
      "type": "u64",
      "offset": 16
     },
     {
      "name": "ownedBlocks",
      "type": "u64",
      "offset": 24
     },
     {
      "name": "firstRole",
      "type": "u32",
      "offset": 32
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 18,
    "name": "abandon",
    "sentence": "Drop the open transaction.",
    "request": [],
    "reply": [],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 19,
    "name": "grow",
    "sentence": "Make the image larger where it lies; blockCount 0 takes all of the device. Durable when it returns. Busy: a transaction is open, or something was committed since the newest checkpoint, which the new generation would release.",
    "request": [
     {
      "name": "blockCount",
      "type": "u64",
      "offset": 0
     }
    ],
    "reply": [
     {
      "name": "blockCount",
      "type": "u64",
      "offset": 0
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 20,
    "name": "damage",
    "sentence": "The first block that the service found damaged since it began to mount, and what it is for: why nothing is served (mountStatus Corrupted), or what it did without. Role none: nothing was found.",
    "request": [],
    "reply": [
     {
      "name": "address",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "role",
      "type": "u32",
      "offset": 8
     },
     {
      "name": "count",
      "type": "u32",
      "offset": 12
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 21,
    "name": "writeDurable",
    "sentence": "Write blocks in place in a transaction of its own: journaled, and surviving power loss when this returns. Busy: a transaction is open. NotDurable: done, on a device that cannot flush.",
    "request": [
     {
      "name": "address",
      "type": "u64",
      "offset": 0
     }
    ],
    "reply": [],
    "leases": [
     "data"
    ],
    "capabilities": []
   }
  ],
  "constants": [
   {
    "name": "BlockFlag",
    "sentence": "State of the mounted image. checkpointWanted: make one when nobody wants anything; checkpointDue: before the next change.",
    "values": {
     "formatted": 1,
     "readOnly": 2,
     "cannotFlush": 4,
     "fellBack": 8,
     "checkpointWanted": 16,
     "damaged": 32,
     "droppedTail": 64,
     "checkpointDue": 128
    }
   },
   {
    "name": "AllocateFlag",
    "sentence": "Where a run may come from: also from the reserve, for what must be written so that something can be freed.",
    "values": {
     "fromReserve": 1
    }
   },
   {
    "name": "FormatFlag",
    "sentence": "How to format.",
    "values": {
     "force": 1
    }
   },
   {
    "name": "StructureRole",
    "sentence": "What a block that the service owns is for.",
    "values": {
     "none": 0,
     "superblock": 1,
     "checkpoint": 2,
     "table": 3,
     "bitmapPage": 4,
     "logRecord": 5,
     "upperTable": 6
    }
   },
   {
    "name": "ExtentKind",
    "sentence": "How an extent's hash is computed: BLAKE3 of its bytes, or the chaining value of a group at its chunk counter.",
    "values": {
     "plain": 0,
     "group": 1
    }
   }
  ]
 },
 {
  "number": 3,
  "name": "content-store",
  "operations": [
   {
    "number": 1,
    "name": "store",
    "sentence": "Store the bytes as one object; `flags` are StoreFlag.",
    "request": [
     {
      "name": "flags",
      "type": "u32",
      "offset": 0
     }
    ],
    "reply": [
     {
      "name": "hash",
      "type": "hash",
      "offset": 0
     },
     {
      "name": "duplicate",
      "type": "u32",
      "offset": 32
     }
    ],
    "leases": [
     "data"
    ],
    "capabilities": []
   },
   {
    "number": 2,
    "name": "get",
    "sentence": "Verified bytes of an object from `offsetBytes`; short at its end.",
    "request": [
     {
      "name": "hash",
      "type": "hash",
      "offset": 0
     },
     {
      "name": "offsetBytes",
      "type": "u64",
      "offset": 32
     }
    ],
    "reply": [
     {
      "name": "lengthBytes",
      "type": "u32",
      "offset": 0
     }
    ],
    "leases": [
     "buffer"
    ],
    "capabilities": []
   },
   {
    "number": 3,
    "name": "describe",
    "sentence": "Length of an object and the blocks it occupies.",
    "request": [
     {
      "name": "hash",
      "type": "hash",
      "offset": 0
     }
    ],
    "reply": [
     {
      "name": "lengthBytes",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "blockCount",
      "type": "u64",
      "offset": 8
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 4,
    "name": "openWriter",
    "sentence": "A writer for a new version of an object (the empty object's hash for a new one); the capability answers the writer operations.",
    "request": [
     {
      "name": "base",
      "type": "hash",
      "offset": 0
     }
    ],
    "reply": [],
    "leases": [],
    "capabilities": [
     {
      "name": "writer",
      "direction": "out",
      "kind": "endpoint"
     }
    ]
   },
   {
    "number": 5,
    "name": "writerWrite",
    "sentence": "Put bytes at an offset; a gap before them reads as zeros.",
    "request": [
     {
      "name": "offsetBytes",
      "type": "u64",
      "offset": 0
     }
    ],
    "reply": [
     {
      "name": "lengthBytes",
      "type": "u64",
      "offset": 0
     }
    ],
    "leases": [
     "data"
    ],
    "capabilities": []
   },
   {
    "number": 6,
    "name": "writerRead",
    "sentence": "Bytes as the writer has them.",
    "request": [
     {
      "name": "offsetBytes",
      "type": "u64",
      "offset": 0
     }
    ],
    "reply": [
     {
      "name": "lengthBytes",
      "type": "u32",
      "offset": 0
     }
    ],
    "leases": [
     "buffer"
    ],
    "capabilities": []
   },
   {
    "number": 7,
    "name": "writerTruncate",
    "sentence": "Cut or extend with zeros.",
    "request": [
     {
      "name": "lengthBytes",
      "type": "u64",
      "offset": 0
     }
    ],
    "reply": [],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 8,
    "name": "writerFinish",
    "sentence": "Store what the writer has as an object; the writer goes on from there.",
    "request": [],
    "reply": [
     {
      "name": "hash",
      "type": "hash",
      "offset": 0
     },
     {
      "name": "lengthBytes",
      "type": "u64",
      "offset": 32
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 9,
    "name": "prepare",
    "sentence": "Write out what is staged and attach the index changes to the open transaction.",
    "request": [],
    "reply": [],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 10,
    "name": "checkpoint",
    "sentence": "Prepare, write the index out and set the root for the block service's checkpoint.",
    "request": [],
    "reply": [],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 11,
    "name": "format",
    "sentence": "Format the block service below and start empty.",
    "request": [
     {
      "name": "blockCount",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "flags",
      "type": "u32",
      "offset": 8
     }
    ],
    "reply": [],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 12,
    "name": "collectBegin",
    "sentence": "Start marking: what is stored or matched from now on is kept.",
    "request": [],
    "reply": [],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 13,
    "name": "collectMark",
    "sentence": "Keep these objects; fresh[i] becomes 1 where hash i was not marked before.",
    "request": [
     {
      "name": "count",
      "type": "u32",
      "offset": 0
     }
    ],
    "reply": [],
    "leases": [
     "hashes",
     "fresh"
    ],
    "capabilities": []
   },
   {
    "number": 14,
    "name": "collectSweep",
    "sentence": "Free up to `limit` unmarked objects; remaining 0 ends the collection.",
    "request": [
     {
      "name": "limit",
      "type": "u32",
      "offset": 0
     }
    ],
    "reply": [
     {
      "name": "freedBlocks",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "freedObjects",
      "type": "u32",
      "offset": 8
     },
     {
      "name": "remaining",
      "type": "u32",
      "offset": 12
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 15,
    "name": "check",
    "sentence": "Verify a bounded number of stored extents against their hashes; cursor 0 starts and ends.",
    "request": [
     {
      "name": "cursor",
      "type": "u32",
      "offset": 0
     },
     {
      "name": "limit",
      "type": "u32",
      "offset": 4
     }
    ],
    "reply": [
     {
      "name": "firstDamaged",
      "type": "hash",
      "offset": 0
     },
     {
      "name": "cursor",
      "type": "u32",
      "offset": 32
     },
     {
      "name": "checked",
      "type": "u32",
      "offset": 36
     },
     {
      "name": "damaged",
      "type": "u32",
      "offset": 40
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 16,
    "name": "statistics",
    "sentence": "Counts, a StoreStatistics.",
    "request": [],
    "reply": [],
    "leases": [
     "statistics"
    ],
    "capabilities": []
   },
   {
    "number": 17,
    "name": "recount",
    "sentence": "Compare the index with the allocation: extents not allocated, extents that overlap, and the blocks the store owns.",
    "request": [],
    "reply": [
     {
      "name": "ownedBlocks",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "notAllocated",
      "type": "u64",
      "offset": 8
     },
     {
      "name": "overlapping",
      "type": "u64",
      "offset": 16
     }
    ],
    "leases": [],
    "capabilities": []
   }
  ],
  "constants": [
   {
    "name": "StoreFlag",
    "sentence": "essential: without it no checkpoint can be made, and no space comes back; it may have blocks of the reserve.",
    "values": {
     "essential": 1
    }
   }
  ]
 },
 {
  "number": 4,
  "name": "axiom",
  "operations": [
   {
    "number": 1,
    "name": "describe",
    "sentence": "Next height and hash of the last entry.",
    "request": [],
    "reply": [
     {
      "name": "head",
      "type": "hash",
      "offset": 0
     },
     {
      "name": "height",
      "type": "u64",
      "offset": 32
     },
     {
      "name": "formatted",
      "type": "u32",
      "offset": 40
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 2,
    "name": "format",
    "sentence": "Format everything below and write the genesis entry, whose payload the caller gives.",
    "request": [
     {
      "name": "blockCount",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "flags",
      "type": "u32",
      "offset": 8
     }
    ],
    "reply": [],
    "leases": [
     "genesis"
    ],
    "capabilities": []
   },
   {
    "number": 3,
    "name": "propose",
    "sentence": "Commit a batch of proposals that together lead to this state root, all or nothing.",
    "request": [
     {
      "name": "stateRoot",
      "type": "hash",
      "offset": 0
     },
     {
      "name": "count",
      "type": "u32",
      "offset": 32
     },
     {
      "name": "flags",
      "type": "u32",
      "offset": 36
     }
    ],
    "reply": [
     {
      "name": "height",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "flags",
      "type": "u32",
      "offset": 8
     }
    ],
    "leases": [
     "batch"
    ],
    "capabilities": []
   },
   {
    "number": 4,
    "name": "sync",
    "sentence": "Every committed entry survives power loss when this returns.",
    "request": [],
    "reply": [
     {
      "name": "height",
      "type": "u64",
      "offset": 0
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 5,
    "name": "read",
    "sentence": "Whole entries from `height` on, as many as fit.",
    "request": [
     {
      "name": "height",
      "type": "u64",
      "offset": 0
     }
    ],
    "reply": [
     {
      "name": "nextHeight",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "count",
      "type": "u32",
      "offset": 8
     },
     {
      "name": "lengthBytes",
      "type": "u32",
      "offset": 12
     }
    ],
    "leases": [
     "buffer"
    ],
    "capabilities": []
   },
   {
    "number": 6,
    "name": "checkpoint",
    "sentence": "Record that `state` (an object of the content store) holds the state at the present height; archive entries and checkpoint everything below.",
    "request": [
     {
      "name": "state",
      "type": "hash",
      "offset": 0
     }
    ],
    "reply": [],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 7,
    "name": "lastCheckpoint",
    "sentence": "The state object to start from and the height it stands for; found 0: replay from genesis.",
    "request": [],
    "reply": [
     {
      "name": "state",
      "type": "hash",
      "offset": 0
     },
     {
      "name": "height",
      "type": "u64",
      "offset": 32
     },
     {
      "name": "found",
      "type": "u32",
      "offset": 40
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 8,
    "name": "mark",
    "sentence": "During a collection: mark the objects that the log itself needs.",
    "request": [],
    "reply": [],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 9,
    "name": "check",
    "sentence": "Verify the chain from genesis to head.",
    "request": [],
    "reply": [
     {
      "name": "checked",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "firstBroken",
      "type": "u64",
      "offset": 8
     },
     {
      "name": "broken",
      "type": "u32",
      "offset": 16
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 10,
    "name": "checkSome",
    "sentence": "The same in steps of up to `limit` segments; cursor 0 begins and ends, counts are since it began. Busy: the log was archived meanwhile, begin again.",
    "request": [
     {
      "name": "cursor",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "limit",
      "type": "u32",
      "offset": 8
     }
    ],
    "reply": [
     {
      "name": "cursor",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "checked",
      "type": "u64",
      "offset": 8
     },
     {
      "name": "firstBroken",
      "type": "u64",
      "offset": 16
     },
     {
      "name": "broken",
      "type": "u32",
      "offset": 24
     }
    ],
    "leases": [],
    "capabilities": []
   }
  ],
  "constants": [
   {
    "name": "EntryType",
    "sentence": "What an entry says. Payload layouts: docs/formats/axiom.md and docs/formats/filesystem.md.",
    "values": {
     "genesis": 1,
     "stateRoot": 2,
     "create": 16,
     "setContent": 17,
     "remove": 18,
     "rename": 19,
     "setAttributes": 20,
     "snapshotCreate": 32,
     "snapshotDelete": 33,
     "rollback": 34
    }
   },
   {
    "name": "ProposeFlag",
    "sentence": "How to commit.",
    "values": {
     "durable": 1
    }
   }
  ]
 },
 {
  "number": 5,
  "name": "filesystem",
  "operations": [
   {
    "number": 1,
    "name": "format",
    "sentence": "Make an empty file system.",
    "request": [
     {
      "name": "blockCount",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "flags",
      "type": "u32",
      "offset": 8
     }
    ],
    "reply": [],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 2,
    "name": "describe",
    "sentence": "Mounted state: a Status, the height and the state root.",
    "request": [],
    "reply": [
     {
      "name": "stateRoot",
      "type": "hash",
      "offset": 0
     },
     {
      "name": "height",
      "type": "u64",
      "offset": 32
     },
     {
      "name": "mountStatus",
      "type": "u32",
      "offset": 40
     },
     {
      "name": "flags",
      "type": "u32",
      "offset": 44
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 3,
    "name": "lookup",
    "sentence": "Attributes of a path; symlinks are not followed at its end.",
    "request": [],
    "reply": [],
    "leases": [
     "path",
     "attributes"
    ],
    "capabilities": []
   },
   {
    "number": 4,
    "name": "open",
    "sentence": "A capability for a file or directory, made first if asked.",
    "request": [
     {
      "name": "flags",
      "type": "u32",
      "offset": 0
     },
     {
      "name": "mode",
      "type": "u32",
      "offset": 4
     },
     {
      "name": "owner",
      "type": "u32",
      "offset": 8
     },
     {
      "name": "group",
      "type": "u32",
      "offset": 12
     }
    ],
    "reply": [],
    "leases": [
     "path",
     "attributes"
    ],
    "capabilities": [
     {
      "name": "node",
      "direction": "out",
      "kind": "endpoint"
     }
    ]
   },
   {
    "number": 5,
    "name": "read",
    "sentence": "Verified bytes of an open file.",
    "request": [
     {
      "name": "offsetBytes",
      "type": "u64",
      "offset": 0
     }
    ],
    "reply": [
     {
      "name": "lengthBytes",
      "type": "u32",
      "offset": 0
     }
    ],
    "leases": [
     "buffer"
    ],
    "capabilities": []
   },
   {
    "number": 6,
    "name": "write",
    "sentence": "Bytes into an open file.",
    "request": [
     {
      "name": "offsetBytes",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "flags",
      "type": "u32",
      "offset": 8
     }
    ],
    "reply": [
     {
      "name": "size",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "lengthBytes",
      "type": "u32",
      "offset": 8
     }
    ],
    "leases": [
     "data"
    ],
    "capabilities": []
   },
   {
    "number": 7,
    "name": "truncate",
    "sentence": "Cut or extend an open file.",
    "request": [
     {
      "name": "size",
      "type": "u64",
      "offset": 0
     }
    ],
    "reply": [],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 8,
    "name": "list",
    "sentence": "DirectoryRecords of an open directory, in name order, after the given name (empty: from the start).",
    "request": [],
    "reply": [
     {
      "name": "count",
      "type": "u32",
      "offset": 0
     },
     {
      "name": "lengthBytes",
      "type": "u32",
      "offset": 4
     },
     {
      "name": "more",
      "type": "u32",
      "offset": 8
     }
    ],
    "leases": [
     "after",
     "buffer"
    ],
    "capabilities": []
   },
   {
    "number": 9,
    "name": "makeDirectory",
    "sentence": "Make a directory.",
    "request": [
     {
      "name": "mode",
      "type": "u32",
      "offset": 0
     },
     {
      "name": "owner",
      "type": "u32",
      "offset": 4
     },
     {
      "name": "group",
      "type": "u32",
      "offset": 8
     }
    ],
    "reply": [],
    "leases": [
     "path"
    ],
    "capabilities": []
   },
   {
    "number": 10,
    "name": "remove",
    "sentence": "Remove a file, or an empty directory.",
    "request": [
     {
      "name": "flags",
      "type": "u32",
      "offset": 0
     }
    ],
    "reply": [],
    "leases": [
     "path"
    ],
    "capabilities": []
   },
   {
    "number": 11,
    "name": "rename",
    "sentence": "Rename, replacing what is there, atomically.",
    "request": [
     {
      "name": "flags",
      "type": "u32",
      "offset": 0
     }
    ],
    "reply": [],
    "leases": [
     "from",
     "to"
    ],
    "capabilities": []
   },
   {
    "number": 12,
    "name": "symlink",
    "sentence": "Make a symbolic link.",
    "request": [
     {
      "name": "owner",
      "type": "u32",
      "offset": 0
     },
     {
      "name": "group",
      "type": "u32",
      "offset": 4
     }
    ],
    "reply": [],
    "leases": [
     "target",
     "path"
    ],
    "capabilities": []
   },
   {
    "number": 13,
    "name": "readLink",
    "sentence": "The target of a symbolic link.",
    "request": [],
    "reply": [
     {
      "name": "lengthBytes",
      "type": "u32",
      "offset": 0
     }
    ],
    "leases": [
     "path",
     "buffer"
    ],
    "capabilities": []
   },
   {
    "number": 14,
    "name": "setAttributes",
    "sentence": "Change mode, owner, group or modification time.",
    "request": [
     {
      "name": "modifiedNanoseconds",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "mask",
      "type": "u32",
      "offset": 8
     },
     {
      "name": "mode",
      "type": "u32",
      "offset": 12
     },
     {
      "name": "owner",
      "type": "u32",
      "offset": 16
     },
     {
      "name": "group",
      "type": "u32",
      "offset": 20
     }
    ],
    "reply": [],
    "leases": [
     "path"
    ],
    "capabilities": []
   },
   {
    "number": 15,
    "name": "link",
    "sentence": "A second name for a file.",
    "request": [],
    "reply": [],
    "leases": [
     "from",
     "to"
    ],
    "capabilities": []
   },
   {
    "number": 16,
    "name": "sync",
    "sentence": "Everything done before this survives power loss when this returns.",
    "request": [],
    "reply": [
     {
      "name": "height",
      "type": "u64",
      "offset": 0
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 17,
    "name": "statistics",
    "sentence": "A FilesystemStatistics.",
    "request": [],
    "reply": [],
    "leases": [
     "statistics"
    ],
    "capabilities": []
   },
   {
    "number": 18,
    "name": "snapshotCreate",
    "sentence": "Name the present state.",
    "request": [],
    "reply": [
     {
      "name": "height",
      "type": "u64",
      "offset": 0
     }
    ],
    "leases": [
     "name"
    ],
    "capabilities": []
   },
   {
    "number": 19,
    "name": "snapshotDelete",
    "sentence": "Forget a snapshot; what only it held becomes free.",
    "request": [],
    "reply": [
     {
      "name": "freedBlocks",
      "type": "u64",
      "offset": 0
     }
    ],
    "leases": [
     "name"
    ],
    "capabilities": []
   },
   {
    "number": 20,
    "name": "rollback",
    "sentence": "Make the tree what the snapshot holds; the tree it replaces is first kept as a snapshot, whose name is returned.",
    "request": [],
    "reply": [
     {
      "name": "height",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "savedBytes",
      "type": "u32",
      "offset": 8
     }
    ],
    "leases": [
     "name",
     "saved"
    ],
    "capabilities": []
   },
   {
    "number": 21,
    "name": "snapshotList",
    "sentence": "SnapshotRecords in name order, after the given name.",
    "request": [],
    "reply": [
     {
      "name": "count",
      "type": "u32",
      "offset": 0
     },
     {
      "name": "lengthBytes",
      "type": "u32",
      "offset": 4
     },
     {
      "name": "more",
      "type": "u32",
      "offset": 8
     }
    ],
    "leases": [
     "after",
     "buffer"
    ],
    "capabilities": []
   },
   {
    "number": 22,
    "name": "treeRoot",
    "sentence": "Root of the live tree, its nodes readable in the content store.",
    "request": [],
    "reply": [
     {
      "name": "tree",
      "type": "hash",
      "offset": 0
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 23,
    "name": "collect",
    "sentence": "Free what no tree and no open file reaches.",
    "request": [],
    "reply": [
     {
      "name": "freedBlocks",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "freedObjects",
      "type": "u64",
      "offset": 8
     }
    ],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 24,
    "name": "check",
    "sentence": "Verify everything: tree, contents, log, allocation. A CheckReport and lines of text.",
    "request": [],
    "reply": [],
    "leases": [
     "summary",
     "report"
    ],
    "capabilities": []
   },
   {
    "number": 25,
    "name": "checkpoint",
    "sentence": "Write the state out, so that mount need not replay.",
    "request": [],
    "reply": [],
    "leases": [],
    "capabilities": []
   },
   {
    "number": 26,
    "name": "getExtendedAttribute",
    "sentence": "An extended attribute.",
    "request": [],
    "reply": [
     {
      "name": "lengthBytes",
      "type": "u32",
      "offset": 0
     }
    ],
    "leases": [
     "path",
     "name",
     "value"
    ],
    "capabilities": []
   },
   {
    "number": 27,
    "name": "setExtendedAttribute",
    "sentence": "Set an extended attribute.",
    "request": [],
    "reply": [],
    "leases": [
     "path",
     "name",
     "value"
    ],
    "capabilities": []
   }
  ],
  "constants": [
   {
    "name": "Right",
    "sentence": "Rights of a directory or file capability.",
    "values": {
     "read": 1,
     "write": 2,
     "administer": 4
    }
   },
   {
    "name": "FileKind",
    "sentence": "Kind of an inode.",
    "values": {
     "file": 1,
     "directory": 2,
     "symlink": 3
    }
   },
   {
    "name": "OpenFlag",
    "sentence": "How to open.",
    "values": {
     "read": 1,
     "write": 2,
     "create": 4,
     "exclusive": 8,
     "truncate": 16,
     "directory": 32
    }
   },
   {
    "name": "WriteFlag",
    "sentence": "How to write.",
    "values": {
     "append": 1
    }
   },
   {
    "name": "RemoveFlag",
    "sentence": "What to remove.",
    "values": {
     "directory": 1
    }
   },
   {
    "name": "RenameFlag",
    "sentence": "How to rename.",
    "values": {
     "noReplace": 1
    }
   },
   {
    "name": "AttributeMask",
    "sentence": "Which attributes to set.",
    "values": {
     "mode": 1,
     "owner": 2,
     "group": 4,
     "modified": 8
    }
   }
  ]
 },
 {
  "number": 6,
  "name": "snapshots",
  "operations": [
   {
    "number": 1,
    "name": "create",
    "sentence": "Name the present state.",
    "request": [],
    "reply": [
     {
      "name": "height",
      "type": "u64",
      "offset": 0
     }
    ],
    "leases": [
     "name"
    ],
    "capabilities": []
   },
   {
    "number": 2,
    "name": "list",
    "sentence": "SnapshotRecords (interface filesystem) after the given name.",
    "request": [],
    "reply": [
     {
      "name": "count",
      "type": "u32",
      "offset": 0
     },
     {
      "name": "lengthBytes",
      "type": "u32",
      "offset": 4
     },
     {
      "name": "more",
      "type": "u32",
      "offset": 8
     }
    ],
    "leases": [
     "after",
     "buffer"
    ],
    "capabilities": []
   },
   {
    "number": 3,
    "name": "rollback",
    "sentence": "Make the tree what the snapshot holds, keeping the present one under a name that is returned.",
    "request": [],
    "reply": [
     {
      "name": "height",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "savedBytes",
      "type": "u32",
      "offset": 8
     }
    ],
    "leases": [
     "name",
     "saved"
    ],
    "capabilities": []
   },
   {
    "number": 4,
    "name": "remove",
    "sentence": "Delete a snapshot.",
    "request": [],
    "reply": [
     {
      "name": "freedBlocks",
      "type": "u64",
      "offset": 0
     }
    ],
    "leases": [
     "name"
    ],
    "capabilities": []
   },
   {
    "number": 5,
    "name": "diffBegin",
    "sentence": "Compare a snapshot with another, or with the live tree when `to` is empty.",
    "request": [],
    "reply": [
     {
      "name": "count",
      "type": "u32",
      "offset": 0
     },
     {
      "name": "nodesRead",
      "type": "u32",
      "offset": 4
     }
    ],
    "leases": [
     "from",
     "to"
    ],
    "capabilities": []
   },
   {
    "number": 6,
    "name": "diffNext",
    "sentence": "ChangeRecords of the last diffBegin, in path order, from `cursor`; more 0 ends.",
    "request": [
     {
      "name": "cursor",
      "type": "u32",
      "offset": 0
     }
    ],
    "reply": [
     {
      "name": "count",
      "type": "u32",
      "offset": 0
     },
     {
      "name": "lengthBytes",
      "type": "u32",
      "offset": 4
     },
     {
      "name": "cursor",
      "type": "u32",
      "offset": 8
     },
     {
      "name": "more",
      "type": "u32",
      "offset": 12
     }
    ],
    "leases": [
     "buffer"
    ],
    "capabilities": []
   }
  ],
  "constants": [
   {
    "name": "Change",
    "sentence": "What happened to a path.",
    "values": {
     "added": 1,
     "removed": 2,
     "modified": 3,
     "renamed": 4
    }
   }
  ]
 },
 {
  "number": 7,
  "name": "mailbox",
  "operations": [
   {
    "number": 1,
    "name": "leave",
    "sentence": "Leave a copy of a capability for the client with badge `recipient`, under a tag of the sender's choice. At most 8 wait from one sender.",
    "request": [
     {
      "name": "tag",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "recipient",
      "type": "u32",
      "offset": 8
     }
    ],
    "reply": [],
    "leases": [],
    "capabilities": [
     {
      "name": "capability",
      "direction": "in",
      "kind": "any"
     }
    ]
   },
   {
    "number": 2,
    "name": "take",
    "sentence": "Take the oldest capability with this tag that was left for the caller; it moves.",
    "request": [
     {
      "name": "tag",
      "type": "u64",
      "offset": 0
     }
    ],
    "reply": [
     {
      "name": "sender",
      "type": "u32",
      "offset": 0
     }
    ],
    "leases": [],
    "capabilities": [
     {
      "name": "capability",
      "direction": "out",
      "kind": "any",
      "moves": true
     }
    ]
   },
   {
    "number": 3,
    "name": "withdraw",
    "sentence": "Forget what the caller left under this tag for this recipient and nobody took.",
    "request": [
     {
      "name": "tag",
      "type": "u64",
      "offset": 0
     },
     {
      "name": "recipient",
      "type": "u32",
      "offset": 8
     }
    ],
    "reply": [],
    "leases": [],
    "capabilities": []
   }
  ],
  "constants": []
 }
];

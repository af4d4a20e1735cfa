// Numbers shared by both kernels and every module: statuses, kinds, rights, trace records.
// Explicit, never reused; a number that is retired stays listed. docs/abi.md says what they mean.

/** [number, name, sentence shown to people]. 1–31 kernel, 32–63 storage, 64–95 names and files. */
export const statuses: ReadonlyArray<readonly [number, string, string]> = [
  [0, "Ok", "done"],
  [1, "InvalidHandle", "the capability does not exist or is stale"],
  [2, "Denied", "the capability does not carry the right that this needs"],
  [3, "InvalidArgument", "an argument is outside what the operation takes"],
  [4, "OutOfRange", "an access reaches past the end of what was lent"],
  [5, "PeerRestarted", "the service restarted; what was not synced may be lost"],
  [6, "PeerDead", "the service has stopped and is not running"],
  [7, "Cancelled", "the request was cancelled"],
  [8, "StackExhausted", "the chain of calls is too deep"],
  [9, "OutOfMemory", "a fixed table or pool of the service is full"],
  [10, "Unsupported", "the operation is not supported"],
  [11, "TimedOut", "the time limit passed before the request was complete"],
  [12, "WrongKind", "the capability is of another kind"],
  [13, "Busy", "the service cannot do this now"],
  [14, "EndOfFile", "there is no more input"],
  [15, "ProtocolBreach", "a message breaks the rules of its interface"],
  [32, "DeviceError", "the device reported an error"],
  [33, "DeviceGone", "the device does not answer"],
  [34, "ReadOnly", "the device or image cannot be written"],
  [35, "NotFormatted", "this is not an axiomfs image"],
  [36, "UnsupportedVersion", "the image needs a newer version of axiomfs"],
  [37, "Corrupted", "stored data does not match its hash"],
  [38, "Lost", "changes since the last sync were lost"],
  [39, "NotDurable", "the device cannot flush, so nothing can be promised to survive power loss"],
  [40, "NoSpace", "the image is full"],
  [41, "TooLarge", "this is larger than the format or the service allows"],
  [42, "AlreadyFormatted", "the image already holds an axiomfs file system"],
  [43, "Truncated", "the image is shorter than its superblock says"],
  [64, "NotFound", "no such file or directory"],
  [65, "Exists", "it exists already"],
  [66, "NotDirectory", "a part of the path is not a directory"],
  [67, "IsDirectory", "it is a directory"],
  [68, "NotEmpty", "the directory is not empty"],
  [69, "NameTooLong", "a name is longer than 255 bytes or a path longer than 4096"],
  [70, "InvalidName", "a name is empty, or holds a zero byte or a slash, or is . or .."],
  [71, "Loop", "the path goes through a symbolic link where none is followed"],
  [72, "IntoItself", "a directory cannot move into itself"],
  [73, "Rejected", "the log refused the proposal"],
];

/** Kinds of capability. */
export const kinds: ReadonlyArray<readonly [number, string]> = [
  [1, "endpoint"], [2, "notification"], [3, "lease"], [4, "grant"], [5, "window"], [6, "interrupt"], [7, "dma"],
  [8, "timer"], [9, "clock"], [10, "entropy"], [11, "console"], [12, "trace"], [13, "power"], [14, "control"],
];

export const rights = { read: 1, write: 2, signal: 1, transfer: 256, mint: 512 } as const;
/** What an endpoint of the manifest carries when it names no rights. */
export const defaultEndpointRights = 255 | rights.transfer;

/** What the kernel says of the processor, as bits (docs/abi.md §1). */
export const processor = { vectorsAreEmulated: 1 } as const;

export const message = {
  sizeBytes: 144, fieldsOffset: 16, fieldsBytes: 48, leasesOffset: 64, leaseCount: 4, leaseBytes: 16, capabilitiesOffset: 128, capabilityCount: 4, movesOffset: 14,
} as const;

export const traceKinds: ReadonlyArray<readonly [number, string]> = [
  [1, "call"], [2, "reply"], [3, "notification"], [4, "interrupt"], [5, "trap"], [6, "start"], [7, "note"], [8, "text"], [9, "notified"], [10, "notifiedReturn"],
  [11, "closed"], [12, "closedReturn"], [13, "restart"], [14, "givenUp"], [15, "background"], [16, "backgroundReturn"], [17, "blocked"],
];
export const trace = { magic: "AXTRACE1", version: 1, recordBytes: 32, kernelDomain: 255, microkernel: 1, hosted: 2 } as const;

/** Why a domain ended (argument of a trap record). */
export const faults: ReadonlyArray<readonly [number, string]> = [
  [1, "trap"], [2, "abort"], [3, "misuse of a system call"], [4, "stack overflow"], [5, "killed"], [6, "time limit"],
  [7, "start refused"], [8, "what it stands on restarted"], [9, "a device could reach memory of a domain that ended"], [10, "its device reached for memory that is not its own"],
];

/** Parts of a `device` capability, in handle order. */
export const deviceParts = ["common", "notify", "isr", "configuration", "interrupt", "dma", "reserved"] as const;

/** State of a domain (docs/supervision.md §2). */
export const domainStates: ReadonlyArray<readonly [number, string]> = [
  [0, "absent"], [1, "loaded"], [2, "ready"], [3, "dead"], [4, "restarting"], [5, "givenUp"], [6, "dying"],
];

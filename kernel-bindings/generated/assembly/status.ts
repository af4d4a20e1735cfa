// Generated from kernel-bindings/schema/abi.ts by `npm run generate`.
/** Every status that a call can end with. */
export namespace Status {
  /** done */
  export const Ok: u32 = 0;
  /** the capability does not exist or is stale */
  export const InvalidHandle: u32 = 1;
  /** the capability does not carry the right that this needs */
  export const Denied: u32 = 2;
  /** an argument is outside what the operation takes */
  export const InvalidArgument: u32 = 3;
  /** an access reaches past the end of what was lent */
  export const OutOfRange: u32 = 4;
  /** the service restarted; what was not synced may be lost */
  export const PeerRestarted: u32 = 5;
  /** the service has stopped and is not running */
  export const PeerDead: u32 = 6;
  /** the request was cancelled */
  export const Cancelled: u32 = 7;
  /** the chain of calls is too deep */
  export const StackExhausted: u32 = 8;
  /** a fixed table or pool of the service is full */
  export const OutOfMemory: u32 = 9;
  /** the operation is not supported */
  export const Unsupported: u32 = 10;
  /** the time limit passed before the request was complete */
  export const TimedOut: u32 = 11;
  /** the capability is of another kind */
  export const WrongKind: u32 = 12;
  /** the service cannot do this now */
  export const Busy: u32 = 13;
  /** there is no more input */
  export const EndOfFile: u32 = 14;
  /** a message breaks the rules of its interface */
  export const ProtocolBreach: u32 = 15;
  /** the device reported an error */
  export const DeviceError: u32 = 32;
  /** the device does not answer */
  export const DeviceGone: u32 = 33;
  /** the device or image cannot be written */
  export const ReadOnly: u32 = 34;
  /** this is not an axiomfs image */
  export const NotFormatted: u32 = 35;
  /** the image needs a newer version of axiomfs */
  export const UnsupportedVersion: u32 = 36;
  /** stored data does not match its hash */
  export const Corrupted: u32 = 37;
  /** changes since the last sync were lost */
  export const Lost: u32 = 38;
  /** the device cannot flush, so nothing can be promised to survive power loss */
  export const NotDurable: u32 = 39;
  /** the image is full */
  export const NoSpace: u32 = 40;
  /** this is larger than the format or the service allows */
  export const TooLarge: u32 = 41;
  /** the image already holds an axiomfs file system */
  export const AlreadyFormatted: u32 = 42;
  /** the image is shorter than its superblock says */
  export const Truncated: u32 = 43;
  /** no such file or directory */
  export const NotFound: u32 = 64;
  /** it exists already */
  export const Exists: u32 = 65;
  /** a part of the path is not a directory */
  export const NotDirectory: u32 = 66;
  /** it is a directory */
  export const IsDirectory: u32 = 67;
  /** the directory is not empty */
  export const NotEmpty: u32 = 68;
  /** a name is longer than 255 bytes or a path longer than 4096 */
  export const NameTooLong: u32 = 69;
  /** a name is empty, or holds a zero byte or a slash, or is . or .. */
  export const InvalidName: u32 = 70;
  /** the path goes through a symbolic link where none is followed */
  export const Loop: u32 = 71;
  /** a directory cannot move into itself */
  export const IntoItself: u32 = 72;
  /** the log refused the proposal */
  export const Rejected: u32 = 73;
}
/** Kinds of capability. */
export namespace Kind {
  export const endpoint: u32 = 1;
  export const notification: u32 = 2;
  export const lease: u32 = 3;
  export const grant: u32 = 4;
  export const window: u32 = 5;
  export const interrupt: u32 = 6;
  export const dma: u32 = 7;
  export const timer: u32 = 8;
  export const clock: u32 = 9;
  export const entropy: u32 = 10;
  export const console: u32 = 11;
  export const trace: u32 = 12;
  export const power: u32 = 13;
  export const control: u32 = 14;
}
/** Rights of leases, grants, notifications and of every handle. */
export namespace Rights {
  export const read: u32 = 1;
  export const write: u32 = 2;
  export const signal: u32 = 1;
  export const transfer: u32 = 256;
  export const mint: u32 = 512;
}

/** Bits of the word at a module's `processor` (docs/abi.md §1). */
export namespace Processor {
  export const vectorsAreEmulated: u32 = 1;
}

/** The sentence shown to people for a status. */
export function statusSentence(status: u32): string {
  switch (status) {
    case 0: return "done";
    case 1: return "the capability does not exist or is stale";
    case 2: return "the capability does not carry the right that this needs";
    case 3: return "an argument is outside what the operation takes";
    case 4: return "an access reaches past the end of what was lent";
    case 5: return "the service restarted; what was not synced may be lost";
    case 6: return "the service has stopped and is not running";
    case 7: return "the request was cancelled";
    case 8: return "the chain of calls is too deep";
    case 9: return "a fixed table or pool of the service is full";
    case 10: return "the operation is not supported";
    case 11: return "the time limit passed before the request was complete";
    case 12: return "the capability is of another kind";
    case 13: return "the service cannot do this now";
    case 14: return "there is no more input";
    case 15: return "a message breaks the rules of its interface";
    case 32: return "the device reported an error";
    case 33: return "the device does not answer";
    case 34: return "the device or image cannot be written";
    case 35: return "this is not an axiomfs image";
    case 36: return "the image needs a newer version of axiomfs";
    case 37: return "stored data does not match its hash";
    case 38: return "changes since the last sync were lost";
    case 39: return "the device cannot flush, so nothing can be promised to survive power loss";
    case 40: return "the image is full";
    case 41: return "this is larger than the format or the service allows";
    case 42: return "the image already holds an axiomfs file system";
    case 43: return "the image is shorter than its superblock says";
    case 64: return "no such file or directory";
    case 65: return "it exists already";
    case 66: return "a part of the path is not a directory";
    case 67: return "it is a directory";
    case 68: return "the directory is not empty";
    case 69: return "a name is longer than 255 bytes or a path longer than 4096";
    case 70: return "a name is empty, or holds a zero byte or a slash, or is . or ..";
    case 71: return "the path goes through a symbolic link where none is followed";
    case 72: return "a directory cannot move into itself";
    case 73: return "the log refused the proposal";
    default: return "an unknown status";
  }
}

/** States of a domain (docs/supervision.md §2). */
export namespace DomainState {
  export const absent: u32 = 0;
  export const loaded: u32 = 1;
  export const ready: u32 = 2;
  export const dead: u32 = 3;
  export const restarting: u32 = 4;
  export const givenUp: u32 = 5;
  export const dying: u32 = 6;
}
export function domainStateName(state: u32): string {
  switch (state) {
    case 0: return "absent";
    case 1: return "loaded";
    case 2: return "ready";
    case 3: return "dead";
    case 4: return "restarting";
    case 5: return "given up";
    case 6: return "dying";
    default: return "unknown";
  }
}

/** Why domains end. */
export namespace Fault {
  /** trap */
  export const trap: u32 = 1;
  /** abort */
  export const abort: u32 = 2;
  /** misuse of a system call */
  export const misuseOfASystemCall: u32 = 3;
  /** stack overflow */
  export const stackOverflow: u32 = 4;
  /** killed */
  export const killed: u32 = 5;
  /** time limit */
  export const timeLimit: u32 = 6;
  /** start refused */
  export const startRefused: u32 = 7;
  /** what it stands on restarted */
  export const whatItStandsOnRestarted: u32 = 8;
  /** a device could reach memory of a domain that ended */
  export const aDeviceCouldReachMemoryOfADomainThatEnded: u32 = 9;
  /** its device reached for memory that is not its own */
  export const itsDeviceReachedForMemoryThatIsNotItsOwn: u32 = 10;
}
export function faultName(fault: u32): string {
  switch (fault) {
    case 1: return "trap";
    case 2: return "abort";
    case 3: return "misuse of a system call";
    case 4: return "stack overflow";
    case 5: return "killed";
    case 6: return "time limit";
    case 7: return "start refused";
    case 8: return "what it stands on restarted";
    case 9: return "a device could reach memory of a domain that ended";
    case 10: return "its device reached for memory that is not its own";
    default: return "an unknown fault";
  }
}

//! Generated from kernel-bindings/schema/abi.ts by `npm run generate`. Numbers shared with the modules and the hosted kernel.

/// Every status that a call can end with.
pub mod status {
    pub const OK: u32 = 0;
    pub const INVALID_HANDLE: u32 = 1;
    pub const DENIED: u32 = 2;
    pub const INVALID_ARGUMENT: u32 = 3;
    pub const OUT_OF_RANGE: u32 = 4;
    pub const PEER_RESTARTED: u32 = 5;
    pub const PEER_DEAD: u32 = 6;
    pub const CANCELLED: u32 = 7;
    pub const STACK_EXHAUSTED: u32 = 8;
    pub const OUT_OF_MEMORY: u32 = 9;
    pub const UNSUPPORTED: u32 = 10;
    pub const TIMED_OUT: u32 = 11;
    pub const WRONG_KIND: u32 = 12;
    pub const BUSY: u32 = 13;
    pub const END_OF_FILE: u32 = 14;
    pub const PROTOCOL_BREACH: u32 = 15;
    pub const DEVICE_ERROR: u32 = 32;
    pub const DEVICE_GONE: u32 = 33;
    pub const READ_ONLY: u32 = 34;
    pub const NOT_FORMATTED: u32 = 35;
    pub const UNSUPPORTED_VERSION: u32 = 36;
    pub const CORRUPTED: u32 = 37;
    pub const LOST: u32 = 38;
    pub const NOT_DURABLE: u32 = 39;
    pub const NO_SPACE: u32 = 40;
    pub const TOO_LARGE: u32 = 41;
    pub const ALREADY_FORMATTED: u32 = 42;
    pub const TRUNCATED: u32 = 43;
    pub const NOT_FOUND: u32 = 64;
    pub const EXISTS: u32 = 65;
    pub const NOT_DIRECTORY: u32 = 66;
    pub const IS_DIRECTORY: u32 = 67;
    pub const NOT_EMPTY: u32 = 68;
    pub const NAME_TOO_LONG: u32 = 69;
    pub const INVALID_NAME: u32 = 70;
    pub const LOOP: u32 = 71;
    pub const INTO_ITSELF: u32 = 72;
    pub const REJECTED: u32 = 73;
}

/// Name of a status, for logs.
pub fn status_name(status: u32) -> &'static str {
    match status {
        0 => "Ok",
        1 => "InvalidHandle",
        2 => "Denied",
        3 => "InvalidArgument",
        4 => "OutOfRange",
        5 => "PeerRestarted",
        6 => "PeerDead",
        7 => "Cancelled",
        8 => "StackExhausted",
        9 => "OutOfMemory",
        10 => "Unsupported",
        11 => "TimedOut",
        12 => "WrongKind",
        13 => "Busy",
        14 => "EndOfFile",
        15 => "ProtocolBreach",
        32 => "DeviceError",
        33 => "DeviceGone",
        34 => "ReadOnly",
        35 => "NotFormatted",
        36 => "UnsupportedVersion",
        37 => "Corrupted",
        38 => "Lost",
        39 => "NotDurable",
        40 => "NoSpace",
        41 => "TooLarge",
        42 => "AlreadyFormatted",
        43 => "Truncated",
        64 => "NotFound",
        65 => "Exists",
        66 => "NotDirectory",
        67 => "IsDirectory",
        68 => "NotEmpty",
        69 => "NameTooLong",
        70 => "InvalidName",
        71 => "Loop",
        72 => "IntoItself",
        73 => "Rejected",
        _ => "unknown",
    }
}
/// True for a status that the schema knows.
pub fn is_status(status: u32) -> bool {
    matches!(status, 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 32 | 33 | 34 | 35 | 36 | 37 | 38 | 39 | 40 | 41 | 42 | 43 | 64 | 65 | 66 | 67 | 68 | 69 | 70 | 71 | 72 | 73)
}
/// Kinds of capability.
pub mod kind {
    pub const ENDPOINT: u32 = 1;
    pub const NOTIFICATION: u32 = 2;
    pub const LEASE: u32 = 3;
    pub const GRANT: u32 = 4;
    pub const WINDOW: u32 = 5;
    pub const INTERRUPT: u32 = 6;
    pub const DMA: u32 = 7;
    pub const TIMER: u32 = 8;
    pub const CLOCK: u32 = 9;
    pub const ENTROPY: u32 = 10;
    pub const CONSOLE: u32 = 11;
    pub const TRACE: u32 = 12;
    pub const POWER: u32 = 13;
    pub const CONTROL: u32 = 14;
}

/// Rights of a handle.
pub mod right {
    pub const READ: u32 = 1;
    pub const WRITE: u32 = 2;
    pub const SIGNAL: u32 = 1;
    pub const TRANSFER: u32 = 256;
    pub const MINT: u32 = 512;
}

/// What modules are told of the processor.
pub mod processor {
    pub const VECTORS_ARE_EMULATED: u32 = 1;
}

/// Rights of an endpoint of the manifest that names none.
pub const DEFAULT_ENDPOINT_RIGHTS: u32 = 511;
/// Kinds of trace record.
pub mod trace_kind {
    pub const CALL: u8 = 1;
    pub const REPLY: u8 = 2;
    pub const NOTIFICATION: u8 = 3;
    pub const INTERRUPT: u8 = 4;
    pub const TRAP: u8 = 5;
    pub const START: u8 = 6;
    pub const NOTE: u8 = 7;
    pub const TEXT: u8 = 8;
    pub const NOTIFIED: u8 = 9;
    pub const NOTIFIED_RETURN: u8 = 10;
    pub const CLOSED: u8 = 11;
    pub const CLOSED_RETURN: u8 = 12;
    pub const RESTART: u8 = 13;
    pub const GIVEN_UP: u8 = 14;
    pub const BACKGROUND: u8 = 15;
    pub const BACKGROUND_RETURN: u8 = 16;
    pub const BLOCKED: u8 = 17;
}

/// Why a domain ended.
pub mod fault {
    pub const TRAP: u32 = 1;
    pub const ABORT: u32 = 2;
    pub const MISUSE: u32 = 3;
    pub const STACK_OVERFLOW: u32 = 4;
    pub const KILLED: u32 = 5;
    pub const TIME_LIMIT: u32 = 6;
    pub const START_REFUSED: u32 = 7;
    pub const PEER_RESTARTED: u32 = 8;
    pub const DEVICE_REACH: u32 = 9;
    pub const DEVICE_BLOCKED: u32 = 10;
}

/// States of a domain.
pub mod state {
    pub const ABSENT: u32 = 0;
    pub const LOADED: u32 = 1;
    pub const READY: u32 = 2;
    pub const DEAD: u32 = 3;
    pub const RESTARTING: u32 = 4;
    pub const GIVEN_UP: u32 = 5;
    pub const DYING: u32 = 6;
}

/// Layout of a message, in bytes.
pub mod message {
    pub const SIZE_BYTES: usize = 144;
    pub const FIELDS_OFFSET: usize = 16;
    pub const FIELDS_BYTES: usize = 48;
    pub const LEASES_OFFSET: usize = 64;
    pub const LEASE_COUNT: usize = 4;
    pub const LEASE_BYTES: usize = 16;
    pub const CAPABILITIES_OFFSET: usize = 128;
    pub const CAPABILITY_COUNT: usize = 4;
    pub const MOVES_OFFSET: usize = 14;
}

// The two message buffers of a domain: requests arrive, and replies to them leave, in `messageIn`; calls go out and their replies come back in `messageOut`.
//
//   0 u16 interface   2 u16 operation   4 u32 status   8 u32 requestId   12 u8 leaseCount   13 u8 capabilityCount   14 u8 capabilityMoves   15 zero
//  16 48 bytes of fields      64 4 × { u32 source, u32 address, u32 length, u32 rights }      128 4 × u32 capability     (docs/abi.md §2)
import "./abort"; // so that every module has it: asc --use abort=… needs it in the program

export const messageIn: usize = memory.data(144, 16);
export const messageOut: usize = memory.data(144, 16);

/** Of the request that is being served; calls made below it inherit it (docs/abi.md §2). Safety: a field of the buffer. */
export function requestId(): u32 { return load<u32>(messageIn, 8); }

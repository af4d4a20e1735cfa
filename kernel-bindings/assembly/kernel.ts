// The system calls of docs/abi.md §4, as a module sees them. A result < 0 is −Status.
// The one file with top-level decorators: they give the imports their names in the ABI. Every register is 32 bits: a 64-bit one would be a BigInt on the hosted kernel and five times slower.

/** Send `messageOut` and run the callee; its reply is in `messageOut` afterwards. 0 or −Status. */
// @ts-ignore: decorator
@external("kernel", "call") export declare function call(endpoint: u32): i32;
/** Copy from a lease or grant into own memory. */
// @ts-ignore: decorator
@external("kernel", "lease_read") export declare function leaseRead(source: u32, offsetBytes: u32, address: usize, lengthBytes: u32): i32;
/** Copy from own memory into a lease or grant. */
// @ts-ignore: decorator
@external("kernel", "lease_write") export declare function leaseWrite(source: u32, offsetBytes: u32, address: usize, lengthBytes: u32): i32;
/** Lend page-aligned memory until dropped; a handle to pass in a capability slot, or −Status. */
// @ts-ignore: decorator
@external("kernel", "grant_create") export declare function grantCreate(endpoint: u32, address: usize, lengthBytes: u32, rights: u32): i32;
/** A new handle with fewer or equal rights, and a badge on an own endpoint. */
// @ts-ignore: decorator
@external("kernel", "capability_mint") export declare function capabilityMint(handle: u32, rights: u32, badge: u32): i32;
// @ts-ignore: decorator
@external("kernel", "capability_drop") export declare function capabilityDrop(handle: u32): i32;
// @ts-ignore: decorator
@external("kernel", "capability_revoke") export declare function capabilityRevoke(handle: u32): i32;
/** Set bits of a notification capability's target. */
// @ts-ignore: decorator
@external("kernel", "notify") export declare function notify(notification: u32, bits: u32): i32;
/** Consume and return pending bits of `mask`; 0 on time-out. */
// @ts-ignore: decorator
@external("kernel", "wait") export declare function wait(mask: u32, timeoutMicroseconds: u32): i32;
/** Device addresses of own memory (source 0) or of a lease or grant, as { u64 address, u32 length, u32 0 }; their count. */
// @ts-ignore: decorator
@external("kernel", "dma_segments") export declare function dmaSegments(dma: u32, source: u32, offset: u32, lengthBytes: u32, deviceWrites: u32, out: usize, maximum: u32): i32;
// @ts-ignore: decorator
@external("kernel", "device_parameters") export declare function deviceParameters(dma: u32, out: usize, count: u32): i32;
// @ts-ignore: decorator
@external("kernel", "mmio_read8") export declare function mmioRead8(window: u32, offset: u32): u32;
// @ts-ignore: decorator
@external("kernel", "mmio_read16") export declare function mmioRead16(window: u32, offset: u32): u32;
// @ts-ignore: decorator
@external("kernel", "mmio_read32") export declare function mmioRead32(window: u32, offset: u32): u32;
// @ts-ignore: decorator
@external("kernel", "mmio_write8") export declare function mmioWrite8(window: u32, offset: u32, value: u32): void;
// @ts-ignore: decorator
@external("kernel", "mmio_write16") export declare function mmioWrite16(window: u32, offset: u32, value: u32): void;
// @ts-ignore: decorator
@external("kernel", "mmio_write32") export declare function mmioWrite32(window: u32, offset: u32, value: u32): void;
// @ts-ignore: decorator
@external("kernel", "interrupt_acknowledge") export declare function interruptAcknowledge(interrupt: u32): i32;
/** Full memory barrier against the device. */
// @ts-ignore: decorator
@external("kernel", "fence") export declare function fence(): void;
/** A turn of a polling loop; must be in every one, or the compiler may merge its loads. */
// @ts-ignore: decorator
@external("kernel", "relax") export declare function relax(): void;
/** Two u64 at `out`: monotonic nanoseconds, Unix time in nanoseconds. */
// @ts-ignore: decorator
@external("kernel", "clock_read") export declare function clockRead(clock: u32, out: usize): i32;
// @ts-ignore: decorator
@external("kernel", "timer_set") export declare function timerSet(timer: u32, microseconds: u32): i32;
// @ts-ignore: decorator
@external("kernel", "entropy_read") export declare function entropyRead(entropy: u32, address: usize, lengthBytes: u32): i32;
// @ts-ignore: decorator
@external("kernel", "console_write") export declare function consoleWrite(console: u32, address: usize, lengthBytes: u32): i32;
/** Bytes read, 0 when none are waiting, −EndOfFile after the last. */
// @ts-ignore: decorator
@external("kernel", "console_read") export declare function consoleRead(console: u32, address: usize, lengthBytes: u32): i32;
/** The text given at boot for this console; its whole length, of which as much as fits is at `address`. */
// @ts-ignore: decorator
@external("kernel", "console_arguments") export declare function consoleArguments(console: u32, address: usize, lengthBytes: u32): i32;
// @ts-ignore: decorator
@external("kernel", "trace_note") export declare function traceNote(trace: u32, address: usize, lengthBytes: u32): i32;
/** Does not return. */
// @ts-ignore: decorator
@external("kernel", "power_off") export declare function powerOff(power: u32, status: u32): void;
/** 64-byte records of the domains; their count. */
// @ts-ignore: decorator
@external("kernel", "control_list") export declare function controlList(control: u32, out: usize, maximum: u32): i32;
/** Ends a domain, by its number in the manifest, as if it had trapped; ending oneself does not return. */
// @ts-ignore: decorator
@external("kernel", "control_kill") export declare function controlKill(control: u32, domain: u32): i32;
/** Does not return. */
// @ts-ignore: decorator
@external("kernel", "fault") export declare function fault(message: usize, lengthUnits: u32, line: u32, column: u32): void;

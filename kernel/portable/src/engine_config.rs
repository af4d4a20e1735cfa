//! The one place where settings that change compiled code are made.
//!
//! The ahead-of-time compiler includes this file by path and the kernel links it: Wasmtime refuses a module that was
//! compiled with other settings than the engine that loads it.
use wasmtime::Config;

/// Bytes of stack that one activation of a domain may use. Each domain's store counts from its own entry, so a chain of
/// calls needs this much for every domain in it; the kernel checks what is left before it enters one.
pub const ACTIVATION_STACK_BYTES: usize = 256 << 10;
/// Address space set aside for one linear memory: every 32-bit address, so that no access needs a comparison.
pub const MEMORY_RESERVATION_BYTES: u64 = 4 << 30;
/// Unmapped bytes behind it, which catch an address plus a small static offset.
pub const MEMORY_GUARD_BYTES: u64 = 32 << 20;
/// Elements of a module's table, which lies outside of its linear memory, where no limit of the manifest counts it.
pub const TABLE_LIMIT: u32 = 65536;
/// Instructions beyond x86-64 that compiled modules may use: x86-64-v2 without cmpxchg16b, and of v3 what works on the general
/// registers: rotations that leave the flags alone make BLAKE3 in plain words twice as fast under emulation
/// (docs/decisions/0007). Any machine since 2015 has them, and QEMU's `-cpu max`, or `host` with KVM.
pub const CPU_FEATURES: [&str; 7] = ["has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_popcnt", "has_bmi1", "has_bmi2"];

/// Settings shared by both sides. Out-of-bounds accesses are page faults (1.4 times faster than comparisons on loops of
/// loads), and there is neither fuel nor an epoch (up to twice slower in tight loops).
pub fn shared_config() -> Config {
    let mut config = Config::new();
    config
        .signals_based_traps(true)
        .memory_reservation(MEMORY_RESERVATION_BYTES)
        .memory_guard_size(MEMORY_GUARD_BYTES)
        .guard_before_linear_memory(false)
        .memory_may_move(false)
        .memory_reservation_for_growth(0)
        .memory_init_cow(false)
        .epoch_interruption(false)
        .consume_fuel(false)
        // Nobody reads back traces, and one that starts where a watchdog stopped a module (in a prologue, say) has no
        // true frame to start from.
        .wasm_backtrace_max_frames(None)
        .max_wasm_stack(ACTIVATION_STACK_BYTES);
    config
}

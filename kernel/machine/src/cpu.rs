//! Single instructions: ports, model-specific registers, features, random numbers, stopping.
use crate::serial;
use core::arch::asm;
use core::arch::x86_64::{__cpuid, _rdtsc};

// Safety of the port and register accesses: callers name registers of devices that this kernel alone drives; none of them
// changes memory that Rust knows of.
pub unsafe fn out8(port: u16, value: u8) {
    unsafe { asm!("out dx, al", in("dx") port, in("al") value, options(nomem, nostack, preserves_flags)) }
}
pub unsafe fn in8(port: u16) -> u8 {
    let value;
    unsafe { asm!("in al, dx", in("dx") port, out("al") value, options(nomem, nostack, preserves_flags)) };
    value
}
pub unsafe fn out32(port: u16, value: u32) {
    unsafe { asm!("out dx, eax", in("dx") port, in("eax") value, options(nomem, nostack, preserves_flags)) }
}
pub unsafe fn in32(port: u16) -> u32 {
    let value;
    unsafe { asm!("in eax, dx", in("dx") port, out("eax") value, options(nomem, nostack, preserves_flags)) };
    value
}
pub unsafe fn read_msr(register: u32) -> u64 {
    let (low, high): (u32, u32);
    unsafe { asm!("rdmsr", in("ecx") register, out("eax") low, out("edx") high, options(nomem, nostack)) };
    u64::from(high) << 32 | u64::from(low)
}
pub unsafe fn write_msr(register: u32, value: u64) {
    unsafe { asm!("wrmsr", in("ecx") register, in("eax") value as u32, in("edx") (value >> 32) as u32, options(nomem, nostack)) }
}

#[inline]
pub fn time_stamp() -> u64 {
    // Safety: every x86-64 CPU has the instruction.
    unsafe { _rdtsc() }
}

/// Address of the table that the CPU translates with.
pub fn page_table_root() -> u64 {
    let root: u64;
    // Safety: reading CR3 changes nothing.
    unsafe { asm!("mov {}, cr3", out(reg) root, options(nomem, nostack, preserves_flags)) };
    root & !0xfff
}

pub fn interrupts_off() {
    // Safety: not `nomem`: what an interrupt handler changes must be read after this.
    unsafe { asm!("cli", options(nostack)) }
}
pub fn interrupts_on() {
    // Safety: all vectors have handlers (`interrupts::init` comes before the first call).
    unsafe { asm!("sti", options(nostack)) }
}
/// Opens interrupts and sleeps; `sti` takes effect only after `hlt` has begun, so nothing is missed between the two.
pub fn sleep() {
    // Safety: as above.
    unsafe { asm!("sti", "hlt", options(nostack)) }
}

/// CPU features under the names that Wasmtime asks for. The compiled modules use no others (`engine_config.rs`).
pub fn has_feature(name: &str) -> Option<bool> {
    const EXTENDED_FEATURES: u32 = 7;
    let (general, extended) = (__cpuid(1).ecx, if __cpuid(0).eax >= EXTENDED_FEATURES { __cpuid(EXTENDED_FEATURES).ebx } else { 0 });
    let (bits, bit) = match name {
        "sse3" => (general, 0),
        "ssse3" => (general, 9),
        "cmpxchg16b" => (general, 13),
        "sse4.1" => (general, 19),
        "sse4.2" => (general, 20),
        "popcnt" => (general, 23),
        "bmi1" => (extended, 3),
        "bmi2" => (extended, 8),
        _ => return None,
    };
    Some(bits >> bit & 1 != 0)
}

/// Does QEMU translate the instructions? It says so where a hypervisor says who it is (its `tcg-cpuid` property).
pub fn is_emulated() -> bool {
    const HYPERVISOR: u32 = 0x4000_0000;
    let signature = __cpuid(HYPERVISOR);
    let letters = [signature.ebx, signature.ecx, signature.edx].map(u32::to_le_bytes);
    __cpuid(1).ecx >> 31 & 1 != 0 && letters.as_flattened() == b"TCGTCGTCGTCG"
}

/// A random number from the CPU, if it can.
fn hardware_random() -> Option<u64> {
    if __cpuid(1).ecx >> 30 & 1 == 0 {
        return None;
    }
    for _ in 0..16 {
        let (value, ok): (u64, u8);
        // Safety: the CPU has the instruction; it changes registers only.
        unsafe { asm!("rdrand {}", "setc {}", out(reg) value, out(reg_byte) ok, options(nomem, nostack)) };
        if ok != 0 {
            return Some(value);
        }
    }
    None
}

/// A random number: from the CPU, else from the jitter of the time-stamp counter, which is good enough to tell images
/// apart and not for keys.
pub fn random() -> u64 {
    hardware_random().unwrap_or_else(|| {
        let mut mixed = 0u64;
        for _ in 0..64 {
            mixed = (mixed ^ time_stamp()).wrapping_mul(0xff51_afd7_ed55_8ccd).rotate_left(31);
            core::hint::spin_loop();
        }
        mixed
    })
}

/// Ends the machine. QEMU's isa-debug-exit turns the value v into exit status 2 v + 1, and QEMU's own failures are status 1, so
/// v is the status + 1 (docs/abi.md §8). It ends at once, so the console goes first. A machine without the device stops here.
pub fn power_off(status: u8) -> ! {
    const DEBUG_EXIT: u16 = 0xf4;
    serial::drain();
    unsafe {
        out8(DEBUG_EXIT, status.wrapping_add(1));
        loop {
            asm!("cli", "hlt", options(nomem, nostack));
        }
    }
}

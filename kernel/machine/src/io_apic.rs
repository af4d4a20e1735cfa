//! The controllers through which interrupt lines reach the CPU (82093AA data sheet). A PC has one; QEMU's microvm has a second
//! one for its virtio devices.
//!
//! What stays true: a register is written in two steps, by mainline code only with interrupts off, because a handler does it too.
use crate::local_apic;
use axiom_kernel_portable::mmio_device::CONTROLLER_LINES;

const BASES: [u64; 2] = [0xfec0_0000, 0xfec1_0000];
const DATA: u64 = 0x10;
const VERSION: u32 = 1;
const REDIRECTION: u32 = 0x10;
const LEVEL: u32 = 1 << 15;
const MASKED: u32 = 1 << 16;

// Safety of both: the pages of the controllers are mapped (where there is none, reads give ones and writes do nothing); each has
// an index and a data register.
fn read(base: u64, register: u32) -> u32 {
    unsafe {
        (base as *mut u32).write_volatile(register);
        ((base + DATA) as *const u32).read_volatile()
    }
}
fn write(line: u32, half: u32, value: u32) {
    let base = BASES[(line / CONTROLLER_LINES) as usize % BASES.len()];
    unsafe {
        (base as *mut u32).write_volatile(REDIRECTION + 2 * (line % CONTROLLER_LINES) + half);
        ((base + DATA) as *mut u32).write_volatile(value);
    }
}

/// Does [start, end) touch their registers?
pub fn touches(start: u64, end: u64) -> bool {
    BASES.iter().any(|&base| start < base + 4096 && end > base)
}

/// Lines of all controllers. The second counts if it has as many as the first has on every PC.
pub fn line_count() -> u32 {
    let is_second_there = read(BASES[1], VERSION) >> 16 & 0xff == CONTROLLER_LINES - 1;
    if is_second_there { 2 * CONTROLLER_LINES } else { CONTROLLER_LINES }
}

/// Sends an edge-triggered line, active high, to a vector of this CPU. Interrupts are off.
pub fn route_edge(line: u32, vector: u8) {
    write(line, 1, local_apic::id() << 24);
    write(line, 0, u32::from(vector));
}

/// Sends a level-triggered line, active high, to a vector of this CPU, but not yet: it is masked. Interrupts are off.
pub fn route_level(line: u32, vector: u8) {
    write(line, 1, local_apic::id() << 24);
    mask_level(line, vector);
}

/// Holds a line's interrupts back. Interrupts are off.
pub fn mask_level(line: u32, vector: u8) {
    write(line, 0, MASKED | LEVEL | u32::from(vector));
}

/// Lets them through again; one comes at once if the line is still up. Interrupts are off.
pub fn unmask_level(line: u32, vector: u8) {
    write(line, 0, LEVEL | u32::from(vector));
}

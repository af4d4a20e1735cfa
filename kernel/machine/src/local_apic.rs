//! The CPU's interrupt controller and its timer (Intel SDM volume 3, §11).
use crate::clock;
use crate::cpu::{out8, read_msr, write_msr};
use crate::interrupts::TIMER_VECTOR;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

const BASE_MSR: u32 = 0x1b;
const ENABLE: u64 = 0x800;
const ID: u64 = 0x20;
const END_OF_INTERRUPT: u64 = 0xb0;
const SPURIOUS: u64 = 0xf0;
const TIMER: u64 = 0x320;
const INITIAL_COUNT: u64 = 0x380;
const CURRENT_COUNT: u64 = 0x390;
const DIVIDE: u64 = 0x3e0;
const DIVIDE_BY_16: u32 = 3;
const MASKED: u32 = 1 << 16;
const LONGEST_NANOSECONDS: u64 = 1_000_000_000;

static BASE: AtomicU64 = AtomicU64::new(0);
/// Ticks of the timer in 2^32 nanoseconds.
static TICKS_SCALED: AtomicU64 = AtomicU64::new(0);
/// When the timer will fire; `u64::MAX` while it is stopped.
static ARMED: AtomicU64 = AtomicU64::new(u64::MAX);

// Safety of the register accesses: the page of the controller is mapped, and registers are 32 bits at multiples of 16.
fn write(register: u64, value: u32) {
    unsafe { ((BASE.load(Relaxed) + register) as *mut u32).write_volatile(value) }
}
fn read(register: u64) -> u32 {
    unsafe { ((BASE.load(Relaxed) + register) as *const u32).read_volatile() }
}

pub fn init() {
    // Safety: see `cpu.rs`. Both old controllers are masked: everything comes through the APICs.
    unsafe {
        out8(0x21, 0xff);
        out8(0xa1, 0xff);
        let base = read_msr(BASE_MSR);
        write_msr(BASE_MSR, base | ENABLE);
        BASE.store(base & 0xf_ffff_f000, Relaxed);
    }
    write(SPURIOUS, 0x1ff);
    write(DIVIDE, DIVIDE_BY_16);
    write(TIMER, MASKED | u32::from(TIMER_VECTOR));
}

/// Starts the timer from its largest count, to measure it.
pub fn start_measuring() {
    write(INITIAL_COUNT, u32::MAX);
}
pub fn measured_ticks() -> u32 {
    u32::MAX - read(CURRENT_COUNT)
}
pub fn set_frequency(ticks_per_second: u64) {
    write(INITIAL_COUNT, 0);
    write(TIMER, u32::from(TIMER_VECTOR)); // one shot
    TICKS_SCALED.store(((u128::from(ticks_per_second) << 32) / 1_000_000_000) as u64, Relaxed);
}

/// Makes the timer fire no later than the deadline. Interrupts are off. A timer that fires sooner is left alone: whoever
/// sleeps wakes, looks, and comes back here; so a series of waits with long time-outs costs one arming a second.
pub fn wake_at(deadline: u64) {
    if ARMED.load(Relaxed) <= deadline {
        return;
    }
    let now = clock::monotonic_nanoseconds();
    let wait = deadline.saturating_sub(now).min(LONGEST_NANOSECONDS);
    let ticks = (u128::from(wait) * u128::from(TICKS_SCALED.load(Relaxed))) >> 32;
    ARMED.store(now + wait, Relaxed);
    write(INITIAL_COUNT, (ticks as u32).max(1));
}

pub fn timer_fired() {
    ARMED.store(u64::MAX, Relaxed);
}

#[inline]
pub fn end_of_interrupt() {
    write(END_OF_INTERRUPT, 0);
}

/// Does [start, end) touch its registers?
pub fn touches(start: u64, end: u64) -> bool {
    let base = BASE.load(Relaxed);
    start < base + 4096 && end > base
}

/// Address and data of a message that raises a vector on this CPU (Intel SDM volume 3, §11.11).
pub fn message(vector: u8) -> (u32, u32) {
    (0xfee0_0000 | id() << 12, u32::from(vector))
}

/// By which other controllers name this CPU.
pub fn id() -> u32 {
    read(ID) >> 24
}

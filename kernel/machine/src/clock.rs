//! Time: nanoseconds since boot from the time-stamp counter, and Unix time from the battery-backed clock.
use crate::cpu::{in8, out8, time_stamp};
use crate::local_apic;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

const PIT_HERTZ: u64 = 1_193_182;
/// 2 ms of the interval timer.
const WINDOW_TICKS: u64 = 2386;
const WINDOWS: usize = 5;

static START: AtomicU64 = AtomicU64::new(0);
/// Nanoseconds in 2^32 ticks of the counter.
static SCALE: AtomicU64 = AtomicU64::new(0);
static UNIX_AT_BOOT: AtomicU64 = AtomicU64::new(0);

#[inline]
pub fn monotonic_nanoseconds() -> u64 {
    let ticks = time_stamp().wrapping_sub(START.load(Relaxed));
    ((u128::from(ticks) * u128::from(SCALE.load(Relaxed))) >> 32) as u64
}

pub fn unix_nanoseconds() -> u64 {
    UNIX_AT_BOOT.load(Relaxed) + monotonic_nanoseconds()
}

/// Does anything tell the date, or does Unix time count from the boot?
pub fn knows_date() -> bool {
    UNIX_AT_BOOT.load(Relaxed) != 0
}

/// Measures the counter and the local APIC's timer, and fixes when the system's time began.
pub fn init(unix_nanoseconds: Option<u64>) {
    let (counter_hertz, timer_hertz) = measure();
    SCALE.store(((1_000_000_000u128 << 32) / u128::from(counter_hertz.max(1))) as u64, Relaxed);
    START.store(time_stamp(), Relaxed);
    local_apic::set_frequency(timer_hertz);
    UNIX_AT_BOOT.store(unix_nanoseconds.unwrap_or_else(|| battery_clock_seconds() * 1_000_000_000), Relaxed);
}

/// Both frequencies, against the interval timer (channel 0, mode 2). The median of several windows: under emulation the
/// CPU may be away for longer than the interval timer's whole period, which makes a single window arbitrarily wrong.
fn measure() -> (u64, u64) {
    // Safety: see `cpu.rs`; nothing else uses the interval timer.
    unsafe {
        out8(0x43, 0x34);
        out8(0x40, 0);
        out8(0x40, 0);
    }
    let mut windows = [(0, 0); WINDOWS];
    let mut count = 0;
    let attempts = if has_interval_timer() { 100 } else { 0 };
    for _ in 0..attempts {
        if let Some(window) = measure_window() {
            windows[count] = window;
            count += 1;
            if count == WINDOWS {
                break;
            }
        }
    }
    if count > 0 {
        windows[..count].sort_unstable();
        return windows[count / 2];
    }
    // No usable interval timer: take the emulator's timer of 1 GHz, divided by 16, as the reference.
    local_apic::start_measuring();
    let start = time_stamp();
    while local_apic::measured_ticks() < 1_000_000 {}
    ((time_stamp() - start) * 1000 / 16, 1_000_000_000 / 16)
}

/// Does it count? It would in less time than one look takes, if it were there (QEMU: `microvm,pit=off`).
fn has_interval_timer() -> bool {
    const LOOKS: u32 = 1000;
    let first = interval_timer();
    (0..LOOKS).any(|_| interval_timer() != first)
}

fn interval_timer() -> u16 {
    // Safety: see `cpu.rs`. Latches the count and reads it.
    unsafe {
        out8(0x43, 0);
        u16::from(in8(0x40)) | u16::from(in8(0x40)) << 8
    }
}

/// One measurement, or nothing if there was a gap between two looks at the timer.
fn measure_window() -> Option<(u64, u64)> {
    const LONGEST_GAP: u64 = 600;
    const LOOK_LIMIT: u32 = 100_000;
    local_apic::start_measuring();
    let (mut last, start, timer_start) = (interval_timer(), time_stamp(), local_apic::measured_ticks());
    let (mut ticks, mut looks) = (0, 0);
    while ticks < WINDOW_TICKS {
        let now = interval_timer();
        let step = u64::from(last.wrapping_sub(now)); // it counts down
        (ticks, last, looks) = (ticks + step, now, looks + 1);
        if step > LONGEST_GAP || looks > LOOK_LIMIT {
            return None;
        }
    }
    let counter = time_stamp() - start;
    let timer = u64::from(local_apic::measured_ticks() - timer_start);
    Some((counter * PIT_HERTZ / ticks, timer * PIT_HERTZ / ticks))
}

/// Unix seconds of the battery-backed clock (MC146818), which is taken to hold universal time; 0 on a machine without one, or
/// whose clock says no date.
fn battery_clock_seconds() -> u64 {
    const UPDATE_IN_PROGRESS: u8 = 0x80;
    let register = |number: u8| {
        // Safety: see `cpu.rs`. Bit 7 of the index keeps the NMI as it is.
        unsafe {
            out8(0x70, number);
            in8(0x71)
        }
    };
    let read_all = || [0, 2, 4, 7, 8, 9].map(register);
    let mut fields = read_all();
    // Two equal readings outside of an update cannot be torn. A clock that never settles is believed as it is.
    for _ in 0..1000 {
        let again = read_all();
        if register(10) & UPDATE_IN_PROGRESS == 0 && again == fields {
            break;
        }
        fields = again;
    }
    let (is_binary, is_24_hours) = (register(11) & 4 != 0, register(11) & 2 != 0);
    let decode = |field: u8| u64::from(if is_binary { field } else { (field >> 4) * 10 + (field & 15) });
    let (month, day) = (decode(fields[4]), decode(fields[3]));
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return 0;
    }
    let mut hour = decode(fields[2] & 0x7f);
    if !is_24_hours {
        hour = hour % 12 + if fields[2] & 0x80 != 0 { 12 } else { 0 };
    }
    let days = days_since_1970(2000 + decode(fields[5]), month, day);
    days * 86400 + hour * 3600 + decode(fields[1]) * 60 + decode(fields[0])
}

/// Days from 1970-01-01 to a date of the Gregorian calendar from the year 2000 on. Years begin in March here, so that the
/// leap day is the last.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days_before_year = year * 365 + year / 4 - year / 100 + year / 400;
    let days_before_month = (month * 153 + 2) / 5;
    (days_before_year + days_before_month + day).saturating_sub(719_469)
}

//! Stops a domain that has run longer than its limit: the tick's interrupt, and how it makes a trap of whatever runs.
//!
//! If the interrupted instruction is part of a compiled function, the handler returns to `watchdog_stop` in its place. If it is
//! part of the kernel (a system call, `memory.fill`, …), the domain is stopped when that returns to it: the frame pointers,
//! which all code here keeps, lead to the trampoline between compiled code and kernel, and its return address is replaced by
//! `watchdog_stop`. In the few instructions where neither holds (a prologue, the trampoline itself) the timer
//! comes again soon. `watchdog_stop` runs on the domain's stack with interrupts open and hands Wasmtime a trap site that it
//! knows. Wasmtime then goes back to where the domain was entered, with the stack and frame pointers that it noted there
//! (`entry_trap_handler` in its traphandlers.rs); no register of the interrupted function, no frame of it and no unwinding
//! is involved, so every instruction of a body is as good as any other, its prologue and epilogue included.
//!
//! What stays true: code of the kernel is never cut short, so no lock, borrow or destructor of it is lost; and only frames of
//! the running activation are touched (`watchdog::entry_of`), so a caller never pays for its callee.
//!
//! The timer of a virtual machine may come late and once for many ticks, when its CPU was taken away. A tick that comes is
//! one tick, however late, so long absences are not charged, and no domain is charged more than the time on the clock.
use crate::interrupts::{Frame, trap_handler};
use crate::{clock, local_apic, memory};
use axiom_kernel_portable::watchdog::{self, TICK_NANOSECONDS};
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How soon the timer comes again when it found a domain where it cannot be stopped.
const RETRY_NANOSECONDS: u64 = 50_000;
/// A timer that comes this much too soon (its rate was measured, and rounded) is on time.
const TOLERANCE_NANOSECONDS: u64 = 200_000;
/// Frames of the kernel between a domain and whatever it is in.
const FRAME_LIMIT: usize = 64;

/// When the next tick is due; `u64::MAX` while nobody runs.
static NEXT_TICK: AtomicU64 = AtomicU64::new(u64::MAX);

unsafe extern "C" {
    static watchdog_stop: u8;
}

/// Somebody runs after a time when nobody did. Interrupts are off.
pub fn start_ticks() {
    let next = clock::monotonic_nanoseconds() + TICK_NANOSECONDS;
    NEXT_TICK.store(next, Relaxed);
    watchdog::set_ticking(true);
    local_apic::wake_at(next);
}

/// The timer came, for a tick or for whoever sleeps. On the interrupt's stack, interrupts off.
pub fn timer_fired(frame: &mut Frame) {
    let now = clock::monotonic_nanoseconds();
    if now.saturating_add(TOLERANCE_NANOSECONDS) >= NEXT_TICK.load(Relaxed) {
        let is_running = watchdog::charge();
        NEXT_TICK.store(if is_running { now + TICK_NANOSECONDS } else { u64::MAX }, Relaxed);
        watchdog::set_ticking(is_running);
    }
    if let Some(domain) = watchdog::overdue() {
        if stop(frame, domain) {
            watchdog::expire(domain);
        } else {
            local_apic::wake_at(now + RETRY_NANOSECONDS);
        }
    }
    if watchdog::is_ticking() {
        local_apic::wake_at(NEXT_TICK.load(Relaxed));
    }
}

/// Arranges that no further instruction of the domain runs. False if that cannot be done here.
fn stop(frame: &mut Frame, domain: usize) -> bool {
    let target = &raw const watchdog_stop as u64;
    if watchdog::is_code(frame.instruction as usize) {
        frame.instruction = target;
        return true;
    }
    let Some(slot) = return_slot(frame, domain, target) else { return false };
    // Safety: the stack slot of a return address into this domain's code, see `return_slot`; the CPU reads it when the
    // trampoline returns and nothing else ever does.
    unsafe { *slot = target };
    true
}

/// Where the kernel's return address into compiled code of this activation lies. Only a chain that goes from kernel code through a
/// trampoline into a body, on the kernel's stack and inside the activation, is believed.
fn return_slot(frame: &Frame, domain: usize, target: u64) -> Option<*mut u64> {
    let (mut lowest, end) = (frame.stack, watchdog::entry_of(domain) as u64);
    if !memory::is_stack(lowest, end) {
        return None; // interrupted in a fault's handler, which has another stack
    }
    let (mut pointer, mut is_from_trampoline) = (frame.frame_pointer(), false);
    for _ in 0..FRAME_LIMIT {
        if pointer < lowest || pointer % 8 != 0 || pointer.checked_add(16)? > end {
            return None;
        }
        // Safety: two words of the kernel's stack, by the test above.
        let [next, address] = unsafe { *(pointer as *const [u64; 2]) };
        if is_from_trampoline {
            return (address == target || watchdog::is_code(address as usize)).then_some((pointer + 8) as *mut u64);
        }
        is_from_trampoline = watchdog::is_trampoline(address as usize);
        (lowest, pointer) = (pointer + 16, next);
    }
    None
}

/// From `watchdog_stop`, on the stack of the domain, with its frame pointer.
#[unsafe(no_mangle)]
extern "C" fn watchdog_stopped(frame_pointer: usize) -> ! {
    if let Some(handler) = trap_handler() {
        handler(watchdog::trap_site(), frame_pointer, false, 0);
    }
    panic!("Wasmtime does not know the watchdog's trap site");
}

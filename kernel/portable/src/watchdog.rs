//! Who runs, for how long, and for how long it may: the accounts of the time limits (docs/supervision.md §5).
//!
//! A tick charges the domain that runs; nothing on a call reads a clock. The tick is an interrupt, so all of this is
//! atomics in statics: there is one kernel and one CPU, and a handler never waits for mainline code. What stays true:
//! `RUNNING` names the domain whose module or system call is running, and `NOBODY` while the kernel looks for work or
//! sleeps; `TICKS[d]` counts the ticks of the present activation of `d` alone, because ranks fall along the stack, so a
//! domain has one activation at most and its callees are charged under their own names.
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};

/// Time between two ticks.
pub const TICK_NANOSECONDS: u64 = 4_000_000;
/// `RUNNING` when no domain does; the id of the kernel in the trace, never that of a domain.
pub const NOBODY: usize = 255;
const DOMAIN_LIMIT: usize = 256;
/// Pieces of compiled code. Functions of one module lie together, so a module is one piece.
const CODE_LIMIT: usize = 128;

static RUNNING: AtomicUsize = AtomicUsize::new(NOBODY);
static TICKS: [AtomicU32; DOMAIN_LIMIT] = [const { AtomicU32::new(0) }; DOMAIN_LIMIT];
/// Ticks that an activation may have; `u32::MAX`: any number.
static LIMITS: [AtomicU32; DOMAIN_LIMIT] = [const { AtomicU32::new(u32::MAX) }; DOMAIN_LIMIT];
static BUSY: [AtomicU32; DOMAIN_LIMIT] = [const { AtomicU32::new(0) }; DOMAIN_LIMIT];
/// Stack address above all frames of the present activation and below those of its caller.
static ENTRIES: [AtomicUsize; DOMAIN_LIMIT] = [const { AtomicUsize::new(0) }; DOMAIN_LIMIT];
static EXPIRED: [AtomicBool; DOMAIN_LIMIT] = [const { AtomicBool::new(false) }; DOMAIN_LIMIT];
static IS_TICKING: AtomicBool = AtomicBool::new(false);
/// Bodies of functions, [start, end), and the whole text that they are part of, [start, end).
static CODE: [[AtomicUsize; 4]; CODE_LIMIT] = [const { [const { AtomicUsize::new(0) }; 4] }; CODE_LIMIT];
static CODE_COUNT: AtomicUsize = AtomicUsize::new(0);
static TRAP_SITE: AtomicUsize = AtomicUsize::new(0);

// ---- the call path

/// An activation of a domain begins. In line, so that `here` lies in the frame of whoever enters the domain.
#[inline(always)]
pub fn enter(domain: usize) {
    let here = 0u8;
    ENTRIES[domain % DOMAIN_LIMIT].store(&raw const here as usize, Relaxed);
    TICKS[domain % DOMAIN_LIMIT].store(0, Relaxed);
    RUNNING.store(domain, Relaxed);
}

/// The activation ended: whoever was below it runs on (`NOBODY` with an empty stack).
#[inline(always)]
pub fn leave_to(domain: usize) {
    RUNNING.store(domain, Relaxed);
}

/// The CPU is about to sleep in `wait`: this is nobody's time.
#[inline]
pub fn pause() {
    RUNNING.store(NOBODY, Relaxed);
}

/// `wait` looks again; it runs for `domain`.
#[inline]
pub fn resume(domain: usize) {
    RUNNING.store(domain, Relaxed);
}

/// Is a tick on its way? Whoever begins to run after a sleep, or with an empty stack, starts them if not
/// (`Machine::start_ticks`); the handler of the last tick goes on with them as long as somebody runs.
#[inline]
pub fn is_ticking() -> bool {
    IS_TICKING.load(Relaxed)
}

// ---- settings and results

/// Own time that one activation may take; 0: no limit. One tick more than that: the first comes at any moment.
pub fn set_limit(domain: usize, limit_milliseconds: u32) {
    let ticks = match u64::from(limit_milliseconds) {
        0 => u32::MAX,
        limit => ((limit * 1_000_000).div_ceil(TICK_NANOSECONDS) + 1).min(u64::from(u32::MAX)) as u32,
    };
    LIMITS[domain % DOMAIN_LIMIT].store(ticks, Relaxed);
}

/// Time that a domain ran, as far as ticks can tell.
pub fn busy_nanoseconds(domain: usize) -> u64 {
    u64::from(BUSY[domain % DOMAIN_LIMIT].load(Relaxed)) * TICK_NANOSECONDS
}

/// Was the activation that has just ended with a trap stopped by its time limit? Forgets it.
pub fn take_expired(domain: usize) -> bool {
    EXPIRED[domain % DOMAIN_LIMIT].swap(false, Relaxed)
}

// ---- the interrupt handler

pub fn running() -> usize {
    RUNNING.load(Relaxed)
}

pub fn set_ticking(is_ticking: bool) {
    IS_TICKING.store(is_ticking, Relaxed);
}

/// Charges one tick to whoever runs. False if nobody does.
pub fn charge() -> bool {
    let domain = RUNNING.load(Relaxed);
    if domain == NOBODY {
        return false;
    }
    for account in [&TICKS[domain % DOMAIN_LIMIT], &BUSY[domain % DOMAIN_LIMIT]] {
        account.store(account.load(Relaxed).saturating_add(1), Relaxed);
    }
    true
}

/// The domain that runs, if it has had more than its limit.
pub fn overdue() -> Option<usize> {
    let domain = RUNNING.load(Relaxed);
    let is_over = domain != NOBODY && TICKS[domain % DOMAIN_LIMIT].load(Relaxed) >= LIMITS[domain % DOMAIN_LIMIT].load(Relaxed);
    is_over.then_some(domain)
}

/// The domain will be stopped before another instruction of its own. Its account starts anew, so that it is stopped once.
pub fn expire(domain: usize) {
    EXPIRED[domain % DOMAIN_LIMIT].store(true, Relaxed);
    TICKS[domain % DOMAIN_LIMIT].store(0, Relaxed);
}

/// See `ENTRIES`.
pub fn entry_of(domain: usize) -> usize {
    ENTRIES[domain % DOMAIN_LIMIT].load(Relaxed)
}

// ---- compiled code

/// Notes that [code, code_end) are bodies of compiled functions, and the rest of [text, text_end) trampolines between them and the
/// kernel. Both stay there for ever. False if there is no room.
pub fn add_code(code: usize, code_end: usize, text: usize, text_end: usize) -> bool {
    let count = CODE_COUNT.load(Relaxed);
    if count == CODE_LIMIT {
        return false;
    }
    for (place, value) in CODE[count].iter().zip([code, code_end, text, text_end]) {
        place.store(value, Relaxed);
    }
    CODE_COUNT.store(count + 1, Relaxed);
    true
}

/// Does an instruction of a compiled function lie here?
pub fn is_code(address: usize) -> bool {
    find(address, 0)
}

/// Does an instruction of a trampoline lie here?
pub fn is_trampoline(address: usize) -> bool {
    find(address, 2) && !is_code(address)
}

fn find(address: usize, bound: usize) -> bool {
    let is_within = |piece: &[AtomicUsize; 4]| address >= piece[bound].load(Relaxed) && address < piece[bound + 1].load(Relaxed);
    CODE[..CODE_COUNT.load(Relaxed)].iter().any(is_within)
}

/// Address of an instruction that traps and that Wasmtime knows of; 0 before the modules are loaded.
pub fn trap_site() -> usize {
    TRAP_SITE.load(Relaxed)
}

pub fn set_trap_site(address: usize) {
    TRAP_SITE.store(address, Relaxed);
}

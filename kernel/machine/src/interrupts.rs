//! Where vectors arrive: device interrupts become bits that the kernel takes when it looks, faults of modules go to
//! Wasmtime, and faults of the kernel end the machine.
//!
//! What stays true: a handler touches atomics and devices only, so mainline code needs no lock; whoever sleeps looks at
//! `PENDING` with interrupts off and then opens them and halts in one step, so no wake-up is lost.
use crate::{backtrace, clock, cpu, iommu, linear_memory, local_apic, log, mmio_block_device, serial, watchdog};
use axiom_kernel_portable::machine::{BLOCK_DEVICE_INTERRUPT, CONSOLE_INTERRUPT, DEVICE_FAULT_INTERRUPT};
use core::arch::asm;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};

pub const TIMER_VECTOR: u8 = 32;
/// Interrupt number n arrives at this vector + n.
pub const FIRST_INTERRUPT_VECTOR: u8 = 33;
const LAST_INTERRUPT_VECTOR: u64 = 46;
const SPURIOUS_VECTOR: u64 = 47;
const PAGE_FAULT: u64 = 14;
/// Exit status of a machine whose kernel failed.
pub const PANIC_STATUS: u8 = 126;

static PENDING: AtomicU32 = AtomicU32::new(0);
/// Wasmtime's handler, set by `wasmtime_init_traps`.
static TRAP_HANDLER: AtomicUsize = AtomicUsize::new(0);

/// What `vectors.s` pushed, and what the CPU pushed before it.
#[repr(C)]
pub struct Frame {
    registers: [u64; 15], // r15 … r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
    vector: u64,
    error: u64,
    pub instruction: u64,
    code_segment: u64,
    flags: u64,
    pub stack: u64,
    stack_segment: u64,
}

impl Frame {
    pub fn frame_pointer(&self) -> u64 {
        self.registers[8]
    }
}

#[inline]
pub fn take() -> u32 {
    if PENDING.load(Relaxed) == 0 { 0 } else { PENDING.swap(0, Relaxed) }
}

/// Sleeps until an interrupt that nobody has taken, or about until the deadline. Any interrupt wakes.
pub fn idle(deadline: u64) {
    cpu::interrupts_off();
    if PENDING.load(Relaxed) != 0 || clock::monotonic_nanoseconds() >= deadline {
        cpu::interrupts_on();
        return;
    }
    local_apic::wake_at(deadline);
    cpu::sleep();
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_init_traps(handler: extern "C" fn(usize, usize, bool, usize)) -> i32 {
    TRAP_HANDLER.store(handler as usize, Relaxed);
    0
}

/// Wasmtime's handler of traps: (instruction, frame pointer, is there an address, address). It returns only if the instruction is
/// none that may trap.
pub fn trap_handler() -> Option<extern "C" fn(usize, usize, bool, usize)> {
    let handler = TRAP_HANDLER.load(Relaxed);
    // Safety: the value was stored from a function of this type.
    (handler != 0).then(|| unsafe { core::mem::transmute::<usize, extern "C" fn(usize, usize, bool, usize)>(handler) })
}

#[unsafe(no_mangle)]
extern "C" fn vector_entry(frame: &mut Frame) {
    match frame.vector {
        vector if vector == u64::from(TIMER_VECTOR) => {
            local_apic::timer_fired();
            watchdog::timer_fired(frame);
            local_apic::end_of_interrupt();
        }
        vector if (u64::from(FIRST_INTERRUPT_VECTOR)..=LAST_INTERRUPT_VECTOR).contains(&vector) => {
            let number = (vector - u64::from(FIRST_INTERRUPT_VECTOR)) as u32;
            match number {
                CONSOLE_INTERRUPT => serial::receive(),
                BLOCK_DEVICE_INTERRUPT => mmio_block_device::interrupted(),
                DEVICE_FAULT_INTERRUPT => iommu::fault_interrupt(),
                _ => {}
            }
            PENDING.fetch_or(1 << number, Relaxed);
            local_apic::end_of_interrupt();
        }
        SPURIOUS_VECTOR => {} // wants no end-of-interrupt (Intel SDM volume 3, §11.9)
        _ => fault(frame),
    }
}

/// The first touch of a piece of a linear memory makes it, and the instruction runs again; module and kernel code do that
/// alike. Any other fault of compiled module code goes to Wasmtime, which does not come back: it unwinds to where the module was
/// entered and abandons this stack. It comes back if the instruction is not one that may trap.
fn fault(frame: &Frame) {
    let address: usize;
    // Safety: reading CR2 changes nothing; no other fault can have come between.
    unsafe { asm!("mov {}, cr2", out(reg) address, options(nomem, nostack, preserves_flags)) };
    const PROTECTION: u64 = 1; // the page is there: not a first touch
    if frame.vector == PAGE_FAULT && frame.error & PROTECTION == 0 && linear_memory::populate_at(address as u64) {
        return;
    }
    if let (0 | 6 | 13 | PAGE_FAULT | 16 | 19, Some(handler)) = (frame.vector, trap_handler()) {
        handler(frame.instruction as usize, frame.frame_pointer() as usize, frame.vector == PAGE_FAULT, address);
    }
    log!("kernel fault: vector {} error {:#x} address {address:#x} at {:#x}", frame.vector, frame.error, frame.instruction);
    let names = ["r15", "r14", "r13", "r12", "r11", "r10", "r9", "r8", "rbp", "rdi", "rsi", "rdx", "rcx", "rbx", "rax"];
    for (names, values) in names.chunks(3).zip(frame.registers.chunks(3)) {
        log!("  {:>3} {:016x}  {:>3} {:016x}  {:>3} {:016x}", names[0], values[0], names[1], values[1], names[2], values[2]);
    }
    log!("  rsp {:016x}  rip {:016x}  rflags {:x}", frame.stack, frame.instruction, frame.flags);
    backtrace::print(frame.instruction, frame.frame_pointer());
    cpu::power_off(PANIC_STATUS);
}

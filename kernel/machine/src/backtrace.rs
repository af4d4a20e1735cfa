//! Where the kernel was when it failed: registers, and the functions that had called each other, by name if the bundle has the
//! names (`symbols.rs` of the portable part). Goes to the serial line, which nobody else will use any more.
//!
//! What stays true: only whole words on stacks of the kernel are read, so a broken chain of frames ends the trace and causes no further fault.
use crate::{descriptors, log, memory, single::Single};
use axiom_kernel_portable::{symbols::Symbols, watchdog};
use core::arch::asm;

const FRAME_LIMIT: usize = 40;

static SYMBOLS: Single<Option<Symbols<'static>>> = Single::new(None);

/// Takes the names, if they are of this very image.
pub fn set_symbols(bytes: &'static [u8]) {
    let (text_end, image_end) = (memory::text_end() as u32, memory::kernel_image().1 as u32);
    SYMBOLS.with(|symbols| *symbols = Symbols::parse(bytes, text_end, image_end));
}

fn show(address: u64) {
    let is_kernel = address >= memory::kernel_image().0 && address < memory::text_end();
    match SYMBOLS.with(|symbols| symbols.filter(|_| is_kernel).and_then(|symbols| symbols.find(address as u32))) {
        Some((name, offset)) => log!("  {address:#x} {name} + {offset:#x}"),
        None if watchdog::is_code(address as usize) => log!("  {address:#x} a module's function"),
        None if watchdog::is_trampoline(address as usize) => log!("  {address:#x} a module's trampoline"),
        None => log!("  {address:#x}"),
    }
}

/// Prints an instruction, and the callers that the chain of frames from `pointer` names.
pub fn print(instruction: u64, pointer: u64) {
    log!("back trace:");
    show(instruction);
    let mut pointer = pointer;
    for _ in 0..FRAME_LIMIT {
        let is_readable = pointer % 8 == 0 && pointer.checked_add(16).is_some_and(|end| memory::is_stack(pointer, end) || descriptors::is_stack(pointer, end));
        if !is_readable {
            return;
        }
        // Safety: two words of a stack, by the test above.
        let [next, address] = unsafe { *(pointer as *const [u64; 2]) };
        if address == 0 {
            return;
        }
        show(address);
        pointer = next;
    }
    log!("  …");
}

/// The trace of whoever calls.
pub fn print_here() {
    let (pointer, instruction): (u64, u64);
    // Safety: reads two registers.
    unsafe { asm!("mov {}, rbp", "lea {}, [rip]", out(reg) pointer, out(reg) instruction, options(nomem, nostack, preserves_flags)) };
    print(instruction, pointer);
}

//! Breaks the kernel's own rules of memory on purpose, when the boot command line says so (`break=WHAT`), to show that each breach is a
//! reported fault and never silent. Whoever writes the command line has the machine already.
//!
//! Safety of this file: every access here is meant to fault; one that does not ends the machine with a message.
use crate::{cpu, descriptors, log, memory};
use alloc::boxed::Box;
use axiom_kernel_portable::watchdog;
use core::arch::asm;
use core::hint::black_box;

const RETURN: u8 = 0xc3;
static DATA: [u8; 16] = [RETURN; 16];
static mut WRITABLE_DATA: [u8; 16] = [RETURN; 16];

pub fn run(what: &[u8]) -> ! {
    match what {
        b"write-text" => write(memory::kernel_image().0 + 4096),
        b"write-constants" => write(&raw const DATA as u64),
        b"write-module" => write(watchdog::trap_site() as u64),
        b"execute-constants" => execute(&raw const DATA as u64),
        b"execute-data" => {
            write(&raw const WRITABLE_DATA as u64); // else the compiler would make a constant of it
            execute(&raw const WRITABLE_DATA as u64);
        }
        b"execute-heap" => execute(Box::leak(Box::new([RETURN; 16])).as_ptr() as u64),
        b"execute-stack" => execute(black_box([RETURN; 16]).as_ptr() as u64),
        b"execute-low" => execute(0x8000),
        b"null" => write(16),
        b"unmapped" => write(watchdog::trap_site() as u64 + (1 << 40)),
        b"stack" => log!("{}", recurse(1)),
        b"interrupt-stack" => overflow(0),
        b"fault-stack" => overflow(1),
        b"emergency-stack" => overflow(2),
        b"panic" => panic!("as the command line says"),
        _ => log!("break= names nothing that can be broken"),
    }
    log!("nothing happened");
    cpu::power_off(0)
}

fn write(address: u64) {
    unsafe { (address as *mut u8).write_volatile(RETURN) }
}

fn execute(address: u64) {
    unsafe { core::mem::transmute::<u64, extern "C" fn()>(address)() }
}

/// Deeper until the stack is over; `black_box` keeps it from becoming a loop.
#[inline(never)]
fn recurse(depth: u64) -> u64 {
    let filling = black_box([depth; 64]);
    if depth == 0 {
        return 0;
    }
    recurse(black_box(depth + 1)) + filling[depth as usize % 64]
}

/// Pushes past the end of an interrupt stack.
fn overflow(number: usize) {
    let end = descriptors::guard_pages()[number] + 4096;
    unsafe { asm!("mov rsp, {}", "push 0", "ud2", in(reg) end, options(noreturn)) }
}

//! The freestanding microkernel: takes the machine over from QEMU and runs the system of its bundle.
//!
//! Booted by PVH with `-kernel` and the bundle as `-initrd`. Silent unless something is wrong or `debug` is on the command
//! line: the serial line belongs to whichever domain holds the console.
#![no_std]
#![no_main]
extern crate alloc;

mod backtrace;
mod block_device;
mod clock;
mod command_line;
mod cpu;
mod descriptors;
mod hardware;
mod interrupts;
mod io_apic;
mod iommu;
mod libc;
mod linear_memory;
mod local_apic;
mod memory;
mod mmio_block_device;
mod pci;
mod pvh;
mod self_test;
mod serial;
mod single;
mod wasmtime_platform;
mod watchdog;

use axiom_kernel_portable::bundle::{Bundle, KERNEL_SYMBOLS};
use axiom_kernel_portable::kernel::{Kernel, Options};
use axiom_kernel_portable::loader;
use axiom_kernel_portable::machine::CONSOLE_INTERRUPT;
use axiom_kernel_portable::trace::TraceRing;
use axiom_kernel_portable::watchdog::trap_site;
use command_line::CommandLine;
use hardware::Hardware;
use interrupts::{FIRST_INTERRUPT_VECTOR, PANIC_STATUS};
use pvh::StartInfo;

/// The serial port's line on the ISA bus.
const SERIAL_LINE: u32 = 4;

#[panic_handler]
fn panic(information: &core::panic::PanicInfo) -> ! {
    log!("kernel panic: {information}");
    backtrace::print_here();
    cpu::power_off(PANIC_STATUS)
}

/// Called by boot.s with what the boot loader left in EBX.
#[unsafe(no_mangle)]
extern "C" fn kernel_main(start_info: u64) -> ! {
    serial::init();
    descriptors::init();
    // Safety: the value comes straight from the boot loader.
    let info = unsafe { StartInfo::read(start_info) }.expect("the boot loader speaks PVH, version 1 or later");
    let line = CommandLine::parse(info.command_line());
    let bundle = info.bundle().expect("a bundle, given as initial RAM disk");
    let trace = take_memory(&info, bundle, line.trace);
    let options = Options { is_debug: line.is_debug, console_arguments: line.run(), kill: line.kill() };
    memory::protect_kernel();
    iommu::set_root_pointer(info.root_pointer());
    local_apic::init();
    clock::init(line.time);
    io_apic::route_edge(SERIAL_LINE, FIRST_INTERRUPT_VECTOR + CONSOLE_INTERRUPT as u8);
    cpu::interrupts_on();

    // Safety: the bundle's memory is reserved, and mapped one to one.
    let bytes = unsafe { core::slice::from_raw_parts(bundle.0 as *const u8, (bundle.1 - bundle.0) as usize) };
    mmio_block_device::take_hints(line.mmio_devices, info.root_pointer() != 0);
    let kernel = load(bytes, options);
    if let Some(what) = line.breach {
        self_test::run(what);
    }
    assert!(trap_site() != 0, "the bundle has no trap module");
    if let Some((start, length)) = trace {
        attach_trace(kernel, start, length);
    }
    if block_device::is_in_use() && line.is_interactive() {
        log!("axiom kernel: {}", match iommu::in_use() {
            Some(_) => "DMA is confined to the memory of the disk's driver and to what is lent to it",
            None => "no IOMMU: the disk and its driver are trusted with device addresses",
        });
    }
    if !clock::knows_date() && line.is_interactive() {
        log!("axiom kernel: no clock tells the date: it counts from 1970");
    }
    kernel.log(format_args!("axiom kernel: {} KiB free, loaded after {} us", memory::free_bytes() >> 10, clock::monotonic_nanoseconds() / 1000));
    kernel.start();
    kernel.log(format_args!("axiom kernel: started after {} us", clock::monotonic_nanoseconds() / 1000));
    log_resident(kernel, bundle.1 - bundle.0);
    kernel.run();
    cpu::power_off(PANIC_STATUS) // `run` returns only after `power_off`, which does not
}

/// Gives all RAM to the frame allocator, less what is in use. Returns the trace ring's place, if it is one.
fn take_memory(info: &StartInfo, bundle: (u64, u64), trace: Option<(u64, u64)>) -> Option<(u64, u64)> {
    info.each_ram(memory::add_ram);
    let image = memory::kernel_image();
    memory::reserve(image.0, image.1);
    memory::reserve(bundle.0, bundle.1);
    let trace = trace.filter(|&(start, length)| {
        let is_free = memory::is_free(start, start.saturating_add(length));
        if !is_free {
            log!("the trace ring at {start:#x}, {length} bytes, is not in free memory: no trace");
        }
        is_free
    });
    if let Some((start, length)) = trace {
        memory::reserve(start, start + length);
    }
    memory::use_high_ram();
    trace
}

fn load(bytes: &'static [u8], options: Options) -> &'static Kernel {
    let loaded = Bundle::parse(bytes).map_err(|problem| wasmtime::format_err!("{problem}"));
    if let Some(symbols) = loaded.as_ref().ok().and_then(|bundle| bundle.named(KERNEL_SYMBOLS)) {
        backtrace::set_symbols(symbols);
    }
    match loaded.and_then(|bundle| loader::load(&Hardware, &bundle, options)) {
        Ok(kernel) => kernel,
        Err(error) => {
            log!("the system cannot be loaded: {error:#}");
            cpu::power_off(PANIC_STATUS)
        }
    }
}

/// What of the RAM is in use with contents, for whoever debugs.
fn log_resident(kernel: &Kernel, bundle_bytes: u64) {
    let [image, heap, mapped] = memory::resident_bytes();
    let parts = [image, bundle_bytes, heap, mapped, linear_memory::all_resident_bytes()].map(|bytes| bytes >> 10);
    let [image, bundle, heap, mapped, memories] = parts;
    let all: u64 = parts.iter().sum();
    kernel.log(format_args!(
        "axiom kernel: resident {all} KiB: image {image}, bundle {bundle}, heap {heap}, tables and code {mapped}, memories {memories}"
    ));
}

fn attach_trace(kernel: &Kernel, start: u64, length: u64) {
    let names: alloc::vec::Vec<[u8; 24]> = kernel.domains.iter().map(|domain| domain.name).collect();
    // Safety: the range was free RAM and is reserved, mapped one to one, and used for nothing else.
    match unsafe { TraceRing::new(start as *mut u8, length as usize, &names) } {
        Some(ring) => kernel.attach_trace(ring),
        None => log!("the trace ring is too small: no trace"),
    }
}

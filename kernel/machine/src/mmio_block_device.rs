//! Finds the virtio block device on the memory bus, where there is no PCI (VIRTIO 1.2 §4.2), and owns its interrupt line.
//!
//! The boot loader's words and the device may say anything; `mmio_device.rs` of the portable part judges both.
//!
//! The line is level triggered: the device keeps it up until its InterruptACK is written (§4.2.2; QEMU: `virtio_mmio_update_irq`, which
//! sets the line to "InterruptStatus is not 0"). As an edge it would be lost for good whenever a bit is left in InterruptStatus,
//! because the line then never rises again; and a device could raise it as often as it likes. So the handler masks it, and
//! `interrupt_acknowledge` unmasks it: one interrupt for each acknowledgement, whatever the device does. Nothing is lost: if the line is up
//! when it is unmasked, the interrupt comes at once, and drivers look at their rings after that.
use crate::command_line::MMIO_DEVICE_LIMIT;
use crate::interrupts::FIRST_INTERRUPT_VECTOR;
use crate::single::Single;
use crate::{cpu, io_apic, log, memory};
use axiom_kernel_portable::machine::{BLOCK_DEVICE_INTERRUPT, Device, Window};
use axiom_kernel_portable::mmio_device::{CONFIGURATION, Place, STATUS, is_block_device, is_virtio, microvm_places};
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

const TRANSPORT_MMIO: u32 = 2;
const VECTOR: u8 = FIRST_INTERRUPT_VECTOR + BLOCK_DEVICE_INTERRUPT as u8;

/// The device's interrupt line; 0: there is no such device.
static LINE: AtomicU32 = AtomicU32::new(0);

/// What is known of the machine before it is searched.
struct Hints {
    words: [&'static [u8]; MMIO_DEVICE_LIMIT],
    has_acpi: bool,
}

static HINTS: Single<Hints> = Single::new(Hints { words: [b""; MMIO_DEVICE_LIMIT], has_acpi: false });

/// `words`: the values of `virtio_mmio.device=`, unused ones empty.
pub fn take_hints(words: [&'static [u8]; MMIO_DEVICE_LIMIT], has_acpi: bool) {
    HINTS.with(|hints| *hints = Hints { words, has_acpi });
}

/// The first block device, and its registers.
pub fn find() -> Option<(Device, Window)> {
    let (words, has_acpi) = HINTS.with(|hints| (hints.words, hints.has_acpi));
    let line_count = io_apic::line_count();
    if words[0].is_empty() {
        // Where nothing is, and nobody said that something is, there is nothing to tell.
        let is_there = |place: &Place| window_of(*place, line_count).is_ok_and(|window| is_virtio(&|register| read(window, register)));
        return microvm_places(line_count, has_acpi).filter(is_there).find_map(|place| open(place, line_count));
    }
    words.into_iter().filter(|word| !word.is_empty()).find_map(|word| {
        let place = Place::parse(word);
        if place.is_none() {
            log!("virtio_mmio.device={}: not SIZE@BASE:LINE", word.escape_ascii());
        }
        open(place?, line_count)
    })
}

fn open(place: Place, line_count: u32) -> Option<(Device, Window)> {
    match try_open(place, line_count) {
        Ok(found) => found,
        Err(problem) => {
            log!("block device at {:#x}, line {}: {problem}", place.address, place.line);
            None
        }
    }
}

fn try_open(place: Place, line_count: u32) -> Result<Option<(Device, Window)>, &'static str> {
    let window = window_of(place, line_count)?;
    if !is_block_device(&|register| read(window, register))? {
        return Ok(None);
    }
    LINE.store(place.line, Relaxed);
    cpu::interrupts_off();
    io_apic::route_level(place.line, VECTOR);
    cpu::interrupts_on();
    let common = window;
    // What of it is configuration is told as the size of the fourth window; the driver reaches it through the first.
    let configuration_bytes = window.length - CONFIGURATION;
    let none = Window::default();
    Ok(Some((
        Device { windows: [common, none, none, none], transport: TRANSPORT_MMIO, interrupt: BLOCK_DEVICE_INTERRUPT, configuration_bytes, ..Device::default() },
        window,
    )))
}

fn window_of(place: Place, line_count: u32) -> Result<Window, &'static str> {
    let window = place.judge(&memory::is_ram, memory::PHYSICAL_LIMIT, line_count)?;
    memory::map_registers(window.address, window.address + u64::from(window.length)).ok_or("no memory for the page tables of its registers")?;
    Ok(window)
}

/// Asks for a reset; done when `is_reset` says so (§2.4).
pub fn reset(window: Window) {
    // Safety: a register inside the window (`judge` wants 0x108 bytes of it), which is no memory.
    unsafe { ((window.address + u64::from(STATUS)) as *mut u32).write_volatile(0) }
}
pub fn is_reset(window: Window) -> bool {
    read(window, STATUS) == 0
}

/// The device's interrupt came: none more until the driver has acknowledged it. Only for the handler.
pub fn interrupted() {
    let line = LINE.load(Relaxed);
    if line != 0 {
        io_apic::mask_level(line, VECTOR);
    }
}

/// The driver has seen to the interrupt: the next may come.
pub fn acknowledge() {
    let line = LINE.load(Relaxed);
    if line != 0 {
        cpu::interrupts_off();
        io_apic::unmask_level(line, VECTOR);
        cpu::interrupts_on();
    }
}

fn read(window: Window, register: u32) -> u32 {
    // Safety: a register inside the window, which is no memory: reading it changes nothing.
    unsafe { ((window.address + u64::from(register)) as *const u32).read_volatile() }
}

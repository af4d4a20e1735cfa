//! Finds the virtio block device on PCI and describes it to its driver: four register windows and an interrupt
//! (VIRTIO 1.2 §4.1). Configuration space and the MSI-X table stay the kernel's.
//!
//! The device may say anything. What stays true: a window lies below 4 GiB and outside of RAM's frames and of the MSI-X
//! table, so that no register access of a driver reaches anything but the device.
use crate::interrupts::FIRST_INTERRUPT_VECTOR;
use crate::memory::{self, IDENTITY_BYTES};
use crate::pci::Function;
use crate::single::Single;
use crate::{clock, local_apic, log};
use axiom_kernel_portable::machine::{BLOCK_DEVICE_INTERRUPT, Device, Window};

const VENDOR: u32 = 0x1af4;
const MODERN_BLOCK: u32 = 0x1042;
const TRANSITIONAL_BLOCK: u32 = 0x1001;
const CAPABILITY_VENDOR: u32 = 9;
const CAPABILITY_MSIX: u32 = 0x11;
/// `cfg_type` of virtio_pci_cap (§4.1.4): 1 common, 2 notify, 3 isr, 4 device configuration.
const CONFIGURATION_NOTIFY: u32 = 2;
const TRANSPORT_PCI: u32 = 1;
const MSIX_ENTRY_BYTES: u64 = 16;
const MSIX_ENABLE: u32 = 1 << 31;
const MSIX_MASK_ALL: u32 = 1 << 30;

/// `device_status` in the common configuration (§4.1.4.3), a byte.
const DEVICE_STATUS: u64 = 20;
const RESET_NANOSECONDS: u64 = 1_000_000_000;

/// The device in use and its common configuration.
static FOUND: Single<Option<(Function, Window)>> = Single::new(None);

/// The first block device, or a `Device` of transport 0.
pub fn find() -> Device {
    for function in Function::all() {
        if !matches!(function.vendor_and_device(), (VENDOR, MODERN_BLOCK | TRANSITIONAL_BLOCK)) {
            continue;
        }
        match describe(function) {
            Ok(device) => {
                FOUND.with(|found| *found = Some((function, device.windows[0])));
                return device;
            }
            Err(problem) => {
                let (slot, number) = function.place();
                log!("block device at PCI 00:{slot:02x}.{number}: {problem}");
            }
        }
    }
    Device::default()
}

/// Resets the device (VIRTIO 1.2 §2.1: writes 0 to its status and reads until it is 0) and takes its way to memory away,
/// also if it does not confirm. True if it did: then it has forgotten every address.
pub fn stop() -> bool {
    let Some((function, common)) = FOUND.with(|found| *found) else { return true };
    let status = (common.address + DEVICE_STATUS) as *mut u8;
    // Safety: a register of the device, inside its common window (`describe` has checked its length).
    unsafe { status.write_volatile(0) };
    let deadline = clock::monotonic_nanoseconds() + RESET_NANOSECONDS;
    let mut is_reset = false;
    while !is_reset && clock::monotonic_nanoseconds() < deadline {
        // Safety: as above.
        is_reset = unsafe { status.read_volatile() } == 0;
    }
    function.disable_bus_master();
    is_reset
}

/// Lets a stopped device reach memory again. Its MSI-X table outlives a reset, which is the transport's alone.
pub fn start() {
    if let Some((function, _)) = FOUND.with(|found| *found) {
        function.enable();
    }
}

fn describe(function: Function) -> Result<Device, &'static str> {
    let mut device = Device { transport: TRANSPORT_PCI, interrupt: BLOCK_DEVICE_INTERRUPT, vector: 0, ..Device::default() };
    let mut table = None;
    for (id, offset) in function.capabilities() {
        let kind = function.read8(offset + 3);
        if id == CAPABILITY_MSIX {
            table = Some((offset, msix_table(function, offset)?));
        } else if id == CAPABILITY_VENDOR && (1..=4).contains(&kind) {
            let window = &mut device.windows[kind as usize - 1];
            if window.length == 0 {
                // The first of a kind is the one that the device prefers (§4.1.4.1).
                *window = read_window(function, offset)?;
                if kind == CONFIGURATION_NOTIFY {
                    device.notify_multiplier = function.read32(offset + 16);
                }
            }
        }
    }
    let (offset, table) = table.ok_or("it has no MSI-X")?;
    for window in device.windows {
        if window.length == 0 || u64::from(device.windows[0].length) <= DEVICE_STATUS {
            return Err("it is not a modern virtio device");
        }
        let end = window.address + u64::from(window.length);
        if window.address < table.address + u64::from(table.length) && end > table.address {
            return Err("its registers overlap its MSI-X table");
        }
    }
    function.enable();
    let (address, data) = local_apic::message(FIRST_INTERRUPT_VECTOR + BLOCK_DEVICE_INTERRUPT as u8);
    for (number, value) in [address, 0, data, 0].into_iter().enumerate() {
        // Safety: entry 0 of the table, which `check_range` found to be device memory.
        unsafe { (table.address as *mut u32).add(number).write_volatile(value) };
    }
    let control = function.read32(offset);
    function.write32(offset, control & !MSIX_MASK_ALL | MSIX_ENABLE);
    Ok(device)
}

fn read_window(function: Function, offset: u32) -> Result<Window, &'static str> {
    let base = function.memory_range(function.read8(offset + 4)).ok_or("a window without an address")?;
    check_range(base + u64::from(function.read32(offset + 8)), function.read32(offset + 12))
}

fn msix_table(function: Function, offset: u32) -> Result<Window, &'static str> {
    let place = function.read32(offset + 4);
    let base = function.memory_range(place & 7).ok_or("an MSI-X table without an address")?;
    let entries = (function.read32(offset) >> 16 & 0x7ff) + 1;
    check_range(base + u64::from(place & !7), entries * MSIX_ENTRY_BYTES as u32)
}

/// Device registers are mapped one to one below 4 GiB, and are not memory.
fn check_range(address: u64, length: u32) -> Result<Window, &'static str> {
    let end = address + u64::from(length);
    if length == 0 || end > IDENTITY_BYTES {
        return Err("its registers lie above 4 GiB");
    }
    if memory::is_ram(address, end) {
        return Err("its registers overlap memory");
    }
    Ok(Window { address, length })
}

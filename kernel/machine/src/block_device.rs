//! The virtio block device in use: found on PCI (VIRTIO 1.2 §4.1), else, where there is no PCI, on the memory bus
//! (`mmio_block_device.rs`), described to its driver, stopped when that dies.
//!
//! The device may say anything; `pci_function.rs` of the portable part judges it. What stays true: configuration space and the
//! MSI-X table are written here only.
use crate::interrupts::FIRST_INTERRUPT_VECTOR;
use crate::memory;
use crate::pci::{self, Function};
use crate::single::Single;
use crate::{clock, iommu, local_apic, log, mmio_block_device};
use axiom_kernel_portable::machine::{BLOCK_DEVICE_INTERRUPT, Device, Window};
use axiom_kernel_portable::pci_function::{ConfigurationSpace, Layout, describe};

const VENDOR: u32 = 0x1af4;
const MODERN_BLOCK: u32 = 0x1042;
const TRANSITIONAL_BLOCK: u32 = 0x1001;
const TRANSPORT_PCI: u32 = 1;
const MSIX_ENABLE: u32 = 1 << 31;
const MSIX_MASK_ALL: u32 = 1 << 30;

/// `device_feature_select` and `device_feature` in the common configuration (§4.1.4.3).
const DEVICE_FEATURE_SELECT: u64 = 0;
const DEVICE_FEATURE: u64 = 4;
/// Of the second word of features.
const ACCESS_PLATFORM: u32 = 1 << 1;
/// `device_status` in the common configuration (§4.1.4.3), a byte.
const DEVICE_STATUS: u64 = 20;
const RESET_NANOSECONDS: u64 = 1_000_000_000;
const NO_RESET: &str = "it does not confirm a reset";

/// The device in use: its function and common configuration, or its registers on the memory bus.
#[derive(Clone, Copy)]
enum Found {
    Pci(Function, Window),
    Mmio(Window),
}
static FOUND: Single<Option<Found>> = Single::new(None);

/// The first block device, or a `Device` of transport 0.
pub fn find() -> Device {
    let found = if pci::is_there() { find_on_pci() } else { find_on_memory_bus() };
    let Some((device, found)) = found else { return Device::default() };
    FOUND.with(|place| *place = Some(found));
    device
}

fn find_on_memory_bus() -> Option<(Device, Found)> {
    let (device, window) = mmio_block_device::find()?;
    mmio_block_device::reset(window);
    if !wait_for(|| mmio_block_device::is_reset(window)) {
        log!("block device at {:#x}: {NO_RESET}", window.address);
        return None;
    }
    Some((device, Found::Mmio(window)))
}

fn find_on_pci() -> Option<(Device, Found)> {
    for function in Function::all() {
        if !matches!(function.vendor_and_device(), (VENDOR, MODERN_BLOCK | TRANSITIONAL_BLOCK)) {
            continue;
        }
        match open(function) {
            Ok(device) => return Some((device, Found::Pci(function, device.windows[0]))),
            Err(problem) => {
                let (slot, number) = function.place();
                log!("block device at PCI 00:{slot:02x}.{number}: {problem}");
            }
        }
    }
    None
}

pub fn is_in_use() -> bool {
    FOUND.with(|found| found.is_some())
}

/// Resets the device (VIRTIO 1.2 §2.1: writes 0 to its status and reads until it is 0). True if it confirms: then it has forgotten
/// every address. A PCI device loses its way to memory in any case; a device on the memory bus has no such switch, so one that
/// does not confirm may write wherever it was told to, for ever.
pub fn stop() -> bool {
    let Some(found) = FOUND.with(|found| *found) else { return true };
    match found {
        Found::Pci(function, common) => {
            let is_reset = reset(common);
            function.disable_bus_master();
            is_reset
        }
        Found::Mmio(window) => {
            mmio_block_device::reset(window);
            wait_for(|| mmio_block_device::is_reset(window))
        }
    }
}

fn reset(common: Window) -> bool {
    let status = (common.address + DEVICE_STATUS) as *mut u8;
    // Safety of both: a register of the device, inside its common window (`describe` wants 56 bytes of it).
    unsafe { status.write_volatile(0) };
    wait_for(|| unsafe { status.read_volatile() } == 0)
}

fn wait_for(is_reset: impl Fn() -> bool) -> bool {
    let deadline = clock::monotonic_nanoseconds() + RESET_NANOSECONDS;
    while !is_reset() {
        if clock::monotonic_nanoseconds() >= deadline {
            return false;
        }
    }
    true
}

/// Lets a stopped device reach memory again. Its MSI-X table outlives a reset, which is the transport's alone; its line on the memory
/// bus is opened by the driver's first acknowledgement.
pub fn start() {
    if let Some(Found::Pci(function, _)) = FOUND.with(|found| *found) {
        function.enable();
    }
}

fn open(function: Function) -> Result<Device, &'static str> {
    let layout = describe(&function, &memory::is_ram, memory::PHYSICAL_LIMIT)?;
    for Window { address, length } in layout.windows.into_iter().chain([layout.msix_table]) {
        memory::map_registers(address, address + u64::from(length)).ok_or("no memory for the page tables of its registers")?;
    }
    // The firmware looked for something to boot: its rings may still be the device's.
    function.disable_bus_master();
    if !reset(layout.windows[0]) {
        return Err(NO_RESET);
    }
    let is_confined = iommu::confine(function.requester(), offers_translation(layout.windows[0]));
    let (address, data) = local_apic::message(FIRST_INTERRUPT_VECTOR + BLOCK_DEVICE_INTERRUPT as u8);
    for (number, value) in [address, 0, data, 0].into_iter().enumerate() {
        // Safety: entry 0 of the table, which `describe` found to be memory of the device.
        unsafe { (layout.msix_table.address as *mut u32).add(number).write_volatile(value) };
    }
    let control = function.read32(layout.msix_offset);
    function.write32(layout.msix_offset, control & !MSIX_MASK_ALL | MSIX_ENABLE);
    function.enable();
    let Layout { windows, notify_multiplier, .. } = layout;
    Ok(Device { windows, notify_multiplier, transport: TRANSPORT_PCI, interrupt: BLOCK_DEVICE_INTERRUPT, vector: 0, flags: u32::from(is_confined), configuration_bytes: windows[3].length })
}

/// Does the device let an IOMMU translate its addresses: VIRTIO_F_ACCESS_PLATFORM, bit 33 (§6)? Whether its driver accepts that is
/// no matter: QEMU translates then, and refuses a driver that does not.
fn offers_translation(common: Window) -> bool {
    // Safety of both: registers of the device, inside its common window (`describe` wants 56 bytes of it).
    unsafe {
        ((common.address + DEVICE_FEATURE_SELECT) as *mut u32).write_volatile(1);
        ((common.address + DEVICE_FEATURE) as *const u32).read_volatile() & ACCESS_PLATFORM != 0
    }
}

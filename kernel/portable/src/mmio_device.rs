//! Virtio devices on the memory bus (VIRTIO 1.2 §4.2): where they may be, and what they say they are, read as if the device
//! and the boot loader's words were hostile.
//!
//! Nothing enumerates such devices (§4.2.1). The boot loader names them in words of the command line, as QEMU's microvm without
//! ACPI and Firecracker do, or the machine is QEMU's microvm, whose places are known. What stays true of an accepted place: its
//! registers lie outside of RAM, of the first megabyte and of the interrupt controllers, and its interrupt line is nobody else's.
//! So no register access of a driver reaches memory or what the kernel itself uses.
use crate::machine::Window;

/// Registers (§4.2.2).
const MAGIC_VALUE: u32 = 0;
const VERSION: u32 = 4;
const DEVICE_ID: u32 = 8;
pub const STATUS: u32 = 0x70;
/// Where the configuration of the kind of device begins (§4.2.2).
pub const CONFIGURATION: u32 = 0x100;

const MAGIC: u32 = 0x7472_6976; // "virt"
const LEGACY: u32 = 1;
const MODERN: u32 = 2;
const BLOCK_DEVICE: u32 = 2; // §5

/// All registers, and the capacity, which every block device has (§5.2.4).
const LEAST_BYTES: u64 = CONFIGURATION as u64 + 8;
/// No virtio device has more to say; a larger window would only hold somebody else's registers.
const MOST_BYTES: u64 = 4096;
const FIRST_MEGABYTE: u64 = 1 << 20;
/// Interrupt controllers, timers and firmware of every PC lie between these.
const CHIPSET: (u64, u64) = (0xfec0_0000, 0x1_0000_0000);
/// Lines of one I/O interrupt controller.
pub const CONTROLLER_LINES: u32 = 24;
/// Lines that every PC uses itself: timer, keyboard, cascade, and 4, the serial port.
const OWN_LINES: u32 = 4;

/// Where a device is said to be, and its interrupt line, numbered over all I/O interrupt controllers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub address: u64,
    pub bytes: u64,
    pub line: u32,
}

impl Place {
    /// Reads the value of a word `virtio_mmio.device=SIZE@BASE:LINE[:ID]` (Linux, drivers/virtio/virtio_mmio.c): numbers are
    /// decimal, or hexadecimal with 0x; the size may end with K, M or G.
    pub fn parse(text: &[u8]) -> Option<Place> {
        let text = core::str::from_utf8(text).ok()?;
        let (size, rest) = text.split_once('@')?;
        let mut fields = rest.split(':');
        let (address, line) = (number(fields.next()?)?, u32::try_from(number(fields.next()?)?).ok()?);
        if let Some(id) = fields.next() {
            number(id)?;
        }
        if fields.next().is_some() {
            return None;
        }
        let (digits, shift) = match size.as_bytes().last()? {
            b'K' | b'k' => (&size[..size.len() - 1], 10),
            b'M' | b'm' => (&size[..size.len() - 1], 20),
            b'G' | b'g' => (&size[..size.len() - 1], 30),
            _ => (size, 0),
        };
        let bytes = number(digits)?.checked_mul(1 << shift)?;
        Some(Place { address, bytes, line })
    }

    /// The registers, if nothing else can be there. `is_ram` tells whether [start, end) touches memory; addresses end below
    /// `address_limit`; the I/O interrupt controllers have `line_count` lines.
    pub fn judge(&self, is_ram: &dyn Fn(u64, u64) -> bool, address_limit: u64, line_count: u32) -> Result<Window, &'static str> {
        if self.bytes < LEAST_BYTES {
            return Err("too small for the registers of a block device");
        }
        let length = self.bytes.min(MOST_BYTES);
        if self.address % 4 != 0 {
            return Err("its registers are not aligned");
        }
        let end = self.address.checked_add(length).filter(|&end| end <= address_limit).ok_or("it lies beyond the addresses in use")?;
        if self.address < FIRST_MEGABYTE || (self.address < CHIPSET.1 && end > CHIPSET.0) {
            return Err("it lies where the machine's own devices are");
        }
        if is_ram(self.address, end) {
            return Err("it lies in RAM");
        }
        if self.line <= OWN_LINES || self.line >= line_count {
            return Err("its interrupt line is not one for devices");
        }
        Ok(Window { address: self.address, length: length as u32 })
    }
}

/// Where QEMU's microvm has its devices (hw/i386/microvm.c of QEMU 7.2): 512 bytes each, on the lines of the second interrupt
/// controller if there is one, else from line 16 on, or without ACPI from line 5.
pub fn microvm_places(line_count: u32, has_acpi: bool) -> impl Iterator<Item = Place> {
    const BASE: u64 = 0xfeb0_0000;
    const BYTES: u64 = 512;
    let (count, first_line) = match (line_count > CONTROLLER_LINES, has_acpi) {
        (true, _) => (CONTROLLER_LINES, CONTROLLER_LINES),
        (false, true) => (8, 16),
        (false, false) => (8, 5),
    };
    (0..count).map(move |number| Place { address: BASE + BYTES * u64::from(number), bytes: BYTES, line: first_line + number })
}

/// Does anything here call itself a virtio device?
pub fn is_virtio(read: &dyn Fn(u32) -> u32) -> bool {
    read(MAGIC_VALUE) == MAGIC
}

/// Is this a block device that a driver may have? False: a place without a device (id 0, which must be passed over without a
/// word, §4.2.3.1.1) or a device of another kind. An error: it is refused, and why.
pub fn is_block_device(read: &dyn Fn(u32) -> u32) -> Result<bool, &'static str> {
    if !is_virtio(read) {
        return Err("there is no virtio device");
    }
    if read(DEVICE_ID) != BLOCK_DEVICE {
        return Ok(false);
    }
    match read(VERSION) {
        MODERN => Ok(true),
        LEGACY => Err("a legacy device, which is not supported: start QEMU with -global virtio-mmio.force-legacy=false"),
        _ => Err("neither version 1 nor version 2 of virtio-mmio"),
    }
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

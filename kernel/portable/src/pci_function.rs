//! What a virtio device says about itself in PCI configuration space (VIRTIO 1.2 §4.1, PCI Local Bus 3.0 §6), read as if the
//! device were hostile.
//!
//! What stays true of a `Layout`: every window and the MSI-X table lie whole inside one memory range of the device, as large
//! as the device itself decodes; outside of RAM, of the interrupt controllers and of each other's way: no window touches the
//! table. So no register access of a driver reaches anything but the device. Reading ends, whatever the lists say.
use crate::machine::Window;

/// Configuration space of one function: 256 bytes, read and written in aligned words.
pub trait ConfigurationSpace {
    fn read32(&self, offset: u32) -> u32;
    fn write32(&self, offset: u32, value: u32);

    fn read8(&self, offset: u32) -> u32 {
        self.read32(offset & !3) >> (8 * (offset & 3)) & 0xff
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// common, notify, isr, configuration
    pub windows: [Window; 4],
    pub notify_multiplier: u32,
    pub msix_table: Window,
    /// Offset of the MSI-X capability in configuration space.
    pub msix_offset: u32,
}

const COMMAND: u32 = 4;
const COMMAND_MEMORY: u32 = 2;
const BASE_ADDRESSES: u32 = 0x10;
const BASE_ADDRESS_COUNT: u32 = 6;
const CAPABILITIES: u32 = 0x34;
const SPACE_BYTES: u32 = 256;
/// The header ends here; no capability lies before.
const FIRST_CAPABILITY: u32 = 0x40;
/// 192 bytes of capabilities cannot hold more; a longer chain is a loop.
const CAPABILITY_LIMIT: usize = 48;
const CAPABILITY_VENDOR: u32 = 9;
const CAPABILITY_MSIX: u32 = 0x11;
const MSIX_BYTES: u32 = 12;
const MSIX_ENTRY_BYTES: u32 = 16;
/// `cfg_type` of virtio_pci_cap (§4.1.4): 1 common, 2 notify, 3 isr, 4 device configuration.
const NOTIFY: u32 = 2;
const ISR: u32 = 3;
/// struct virtio_pci_cap, and virtio_pci_notify_cap with its multiplier (§4.1.4).
const VIRTIO_BYTES: u32 = 16;
const VIRTIO_NOTIFY_BYTES: u32 = 20;
/// Least lengths of the windows: all fields of the common configuration up to queue_device (§4.1.4.3), a queue's notification, the
/// isr byte, the capacity.
const LEAST_LENGTHS: [u32; 4] = [56, 2, 1, 8];
/// Interrupt controllers, timers and firmware of every PC lie between these.
const CHIPSET: (u64, u64) = (0xfec0_0000, 0x1_0000_0000);

/// Reads and checks everything. `is_ram` tells whether [start, end) touches memory; addresses end below `address_limit`.
pub fn describe(space: &dyn ConfigurationSpace, is_ram: &dyn Fn(u64, u64) -> bool, address_limit: u64) -> Result<Layout, &'static str> {
    let reader = Reader { space, is_ram, address_limit };
    let mut layout = Layout::default();
    let mut offset = space.read8(CAPABILITIES) & !3;
    let mut left = CAPABILITY_LIMIT;
    while offset != 0 {
        if offset < FIRST_CAPABILITY || left == 0 {
            return Err("its list of capabilities has no end");
        }
        left -= 1;
        match space.read8(offset) {
            CAPABILITY_MSIX if layout.msix_offset == 0 => (layout.msix_offset, layout.msix_table) = (offset, reader.msix_table(offset)?),
            CAPABILITY_VENDOR => reader.virtio_capability(offset, &mut layout)?,
            _ => {}
        }
        offset = space.read8(offset + 1) & !3;
    }
    if layout.msix_offset == 0 {
        return Err("it has no MSI-X");
    }
    for (window, least) in layout.windows.iter().zip(LEAST_LENGTHS) {
        if window.length < least {
            return Err("it is not a modern virtio device (QEMU: leave out disable-modern=on)");
        }
        if touches(window, &layout.msix_table) {
            return Err("its registers overlap its MSI-X table");
        }
    }
    Ok(layout)
}

fn touches(left: &Window, right: &Window) -> bool {
    left.address < right.address + u64::from(right.length) && right.address < left.address + u64::from(left.length)
}

struct Reader<'a> {
    space: &'a dyn ConfigurationSpace,
    is_ram: &'a dyn Fn(u64, u64) -> bool,
    address_limit: u64,
}

impl Reader<'_> {
    /// Notes the window of a virtio capability. The first of a kind is the one that the device prefers (§4.1.4.1).
    fn virtio_capability(&self, offset: u32, layout: &mut Layout) -> Result<(), &'static str> {
        let kind = self.fits(offset, VIRTIO_BYTES).map(|()| self.space.read8(offset + 3))?;
        if !(1..=4).contains(&kind) || layout.windows[kind as usize - 1].length != 0 {
            return Ok(());
        }
        let (number, start, length) = (self.space.read8(offset + 4), self.space.read32(offset + 8), self.space.read32(offset + 12));
        let window = self.range(number, start, length)?;
        if window.address % 4 != 0 && kind != ISR {
            return Err("its registers are not aligned");
        }
        layout.windows[kind as usize - 1] = window;
        if kind == NOTIFY {
            self.fits(offset, VIRTIO_NOTIFY_BYTES)?;
            layout.notify_multiplier = self.space.read32(offset + VIRTIO_BYTES);
        }
        Ok(())
    }

    fn msix_table(&self, offset: u32) -> Result<Window, &'static str> {
        self.fits(offset, MSIX_BYTES)?;
        let place = self.space.read32(offset + 4);
        let entries = (self.space.read32(offset) >> 16 & 0x7ff) + 1;
        self.range(place & 7, place & !7, entries * MSIX_ENTRY_BYTES)
    }

    /// Does a capability of this size end inside configuration space?
    fn fits(&self, offset: u32, bytes: u32) -> Result<(), &'static str> {
        if offset <= SPACE_BYTES - bytes { Ok(()) } else { Err("a capability is cut short") }
    }

    /// [start, start + length) of a memory range of the device.
    fn range(&self, number: u32, start: u32, length: u32) -> Result<Window, &'static str> {
        let (base, size) = self.memory_range(number).ok_or("a window without a memory range")?;
        if length == 0 || u64::from(start) + u64::from(length) > size {
            return Err("a window ends outside of its memory range");
        }
        // The whole memory range was found to lie below the limit, so nothing here wraps.
        Ok(Window { address: base + u64::from(start), length })
    }

    /// Address, as the firmware set it, and size of a memory range; `None` for a port range, half of one, one that is absent, or
    /// that lies where no device may be.
    fn memory_range(&self, number: u32) -> Option<(u64, u64)> {
        let mut index = 0;
        while index < number.min(BASE_ADDRESS_COUNT) {
            index += if self.is_64_bits(index) { 2 } else { 1 };
        }
        if index != number || number >= BASE_ADDRESS_COUNT {
            return None;
        }
        let low = self.space.read32(BASE_ADDRESSES + 4 * number);
        let is_64_bits = self.is_64_bits(number);
        if low & 1 != 0 || (is_64_bits && number + 1 == BASE_ADDRESS_COUNT) {
            return None;
        }
        let high = if is_64_bits { self.space.read32(BASE_ADDRESSES + 4 * number + 4) } else { 0 };
        let address = u64::from(high) << 32 | u64::from(low & !15);
        let size = self.size(number, is_64_bits)?;
        let end = address.checked_add(size)?;
        let is_chipset = address < CHIPSET.1 && end > CHIPSET.0;
        let is_usable = address != 0 && address % size == 0 && end <= self.address_limit && !is_chipset && !(self.is_ram)(address, end);
        is_usable.then_some((address, size))
    }

    fn is_64_bits(&self, number: u32) -> bool {
        let low = self.space.read32(BASE_ADDRESSES + 4 * number);
        low & 7 == 4
    }

    /// The size that the device decodes: the bits of the address that cannot be set (PCI 3.0 §6.2.5.1). It answers to no address
    /// meanwhile.
    fn size(&self, number: u32, is_64_bits: bool) -> Option<u64> {
        let command = self.space.read32(COMMAND) & 0xffff;
        self.space.write32(COMMAND, command & !COMMAND_MEMORY);
        let probe = |offset: u32| {
            let old = self.space.read32(offset);
            self.space.write32(offset, u32::MAX);
            let bits = self.space.read32(offset);
            self.space.write32(offset, old);
            bits
        };
        let low = probe(BASE_ADDRESSES + 4 * number) & !15;
        let high = if is_64_bits { probe(BASE_ADDRESSES + 4 * number + 4) } else { u32::MAX };
        self.space.write32(COMMAND, command);
        let bits = u64::from(high) << 32 | u64::from(low);
        let size = bits & bits.wrapping_neg();
        // The bits that can be set are those from the size up: anything else is no range.
        (size != 0 && bits == !(size - 1)).then_some(size)
    }
}

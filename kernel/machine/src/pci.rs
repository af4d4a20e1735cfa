//! Configuration space of PCI functions on bus 0, through the old port pair (PCI Local Bus 3.0 §3.2.2.3.2).
use crate::cpu::{in32, out32};

const ADDRESS_PORT: u16 = 0xcf8;
const DATA_PORT: u16 = 0xcfc;
const ENABLE: u32 = 1 << 31;
const COMMAND: u32 = 4;
const COMMAND_MEMORY: u32 = 2;
const COMMAND_BUS_MASTER: u32 = 4;
const COMMAND_NO_INTX: u32 = 0x400;
const CAPABILITIES: u32 = 0x34;
/// 192 bytes of capabilities cannot hold more; a longer chain is a loop.
const CAPABILITY_LIMIT: usize = 48;

#[derive(Clone, Copy)]
pub struct Function(u32);

impl Function {
    /// The functions of bus 0 that are there.
    pub fn all() -> impl Iterator<Item = Function> {
        (0..256).map(|number| Function(ENABLE | number << 8)).filter(|function| function.read32(0) != u32::MAX)
    }

    // Safety: see `cpu.rs`; the pair of ports is this file's.
    pub fn read32(self, offset: u32) -> u32 {
        unsafe {
            out32(ADDRESS_PORT, self.0 | (offset & 0xfc));
            in32(DATA_PORT)
        }
    }
    pub fn write32(self, offset: u32, value: u32) {
        unsafe {
            out32(ADDRESS_PORT, self.0 | (offset & 0xfc));
            out32(DATA_PORT, value);
        }
    }
    pub fn read8(self, offset: u32) -> u32 {
        self.read32(offset) >> (8 * (offset & 3)) & 0xff
    }

    pub fn vendor_and_device(self) -> (u32, u32) {
        let both = self.read32(0);
        (both & 0xffff, both >> 16)
    }

    /// "slot.function", for the log.
    pub fn place(self) -> (u32, u32) {
        (self.0 >> 11 & 31, self.0 >> 8 & 7)
    }

    /// Lets the device answer to its addresses and reach memory; its old interrupt line stays silent.
    pub fn enable(self) {
        let command = self.read32(COMMAND) & 0xffff;
        self.write32(COMMAND, command | COMMAND_MEMORY | COMMAND_BUS_MASTER | COMMAND_NO_INTX);
    }

    /// Takes the device's way to memory away, whatever it is doing.
    pub fn disable_bus_master(self) {
        let command = self.read32(COMMAND) & 0xffff;
        self.write32(COMMAND, command & !COMMAND_BUS_MASTER);
    }

    /// Address of a memory range of the device, as the firmware set it; `None` for a port range or no such range.
    pub fn memory_range(self, number: u32) -> Option<u64> {
        if number > 5 {
            return None;
        }
        let low = self.read32(0x10 + 4 * number);
        if low & 1 != 0 {
            return None;
        }
        let is_64_bits = low & 6 == 4;
        let high = if is_64_bits && number < 5 { self.read32(0x14 + 4 * number) } else { 0 };
        let address = u64::from(high) << 32 | u64::from(low & !15);
        (address != 0).then_some(address)
    }

    /// The capability list as (id, offset).
    pub fn capabilities(self) -> impl Iterator<Item = (u32, u32)> {
        let mut offset = self.read8(CAPABILITIES) & 0xfc;
        let next = move || {
            if offset == 0 {
                return None;
            }
            let found = (self.read8(offset), offset);
            offset = self.read8(offset + 1) & 0xfc;
            Some(found)
        };
        core::iter::from_fn(next).take(CAPABILITY_LIMIT)
    }
}

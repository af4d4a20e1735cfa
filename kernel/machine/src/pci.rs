//! PCI functions of bus 0 and their configuration space, through the old port pair (PCI Local Bus 3.0 §3.2.2.3.2). What a device says there
//! is judged in `pci_function.rs` of the portable part.
use crate::cpu::{in32, out32};
use axiom_kernel_portable::pci_function::ConfigurationSpace;

const ADDRESS_PORT: u16 = 0xcf8;
const DATA_PORT: u16 = 0xcfc;
const ENABLE: u32 = 1 << 31;
const COMMAND: u32 = 4;
const COMMAND_MEMORY: u32 = 2;
const COMMAND_BUS_MASTER: u32 = 4;
const COMMAND_NO_INTX: u32 = 0x400;

/// Does the machine have a PCI host that answers to the port pair?
pub fn is_there() -> bool {
    // Safety: see `cpu.rs`; the pair of ports is this file's.
    unsafe {
        out32(ADDRESS_PORT, ENABLE);
        in32(ADDRESS_PORT) == ENABLE
    }
}

#[derive(Clone, Copy)]
pub struct Function(u32);

impl Function {
    /// The functions of bus 0 that are there.
    pub fn all() -> impl Iterator<Item = Function> {
        (0..256).map(|number| Function(ENABLE | number << 8)).filter(|function| function.read32(0) != u32::MAX)
    }

    pub fn vendor_and_device(self) -> (u32, u32) {
        let both = self.read32(0);
        (both & 0xffff, both >> 16)
    }

    /// Bus, device and function, as they stand in what it sends.
    pub fn requester(self) -> u16 {
        (self.0 >> 8) as u16
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

    /// The device answers to its addresses; its way to memory is taken away, whatever it is doing.
    pub fn disable_bus_master(self) {
        let command = self.read32(COMMAND) & 0xffff;
        self.write32(COMMAND, command & !COMMAND_BUS_MASTER | COMMAND_MEMORY | COMMAND_NO_INTX);
    }
}

// Safety: see `cpu.rs`; the pair of ports is this file's.
impl ConfigurationSpace for Function {
    fn read32(&self, offset: u32) -> u32 {
        unsafe {
            out32(ADDRESS_PORT, self.0 | (offset & 0xfc));
            in32(DATA_PORT)
        }
    }
    fn write32(&self, offset: u32, value: u32) {
        unsafe {
            out32(ADDRESS_PORT, self.0 | (offset & 0xfc));
            out32(DATA_PORT, value);
        }
    }
}

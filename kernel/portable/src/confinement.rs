//! Which memory the driver's device may reach when the machine has an IOMMU, and what happens when it tries to reach more
//! (docs/supervision.md §3).
//!
//! An *opening* belongs to one handle of the driver: the pages of that lease or grant for which it got device addresses, and the
//! rights it asked for. It is one run of pages, from the first that was asked for to the last: what lies between is part of the same
//! lease or grant. So a second request for the same pages costs a comparison. What stays true: an opening is closed before its
//! handle is free, in whatever way the handle goes; the pages are closed for the device before their owner goes on.
use crate::Status;
use crate::capability::{Capabilities, Position, TABLE_SLOTS};
use crate::device_table::{DeviceTable, Pages};
use crate::domain::Loaded;
use crate::frames::PAGE_BYTES;
use crate::generated::{fault, right, status, trace_kind};
use crate::kernel::{Kernel, attention};
use crate::machine::{DeviceFault, Iommu};
use crate::trace::{KERNEL_DOMAIN, Record};
use alloc::{boxed::Box, format, vec};

/// Faults that are read at once: the hardware has few records, and a device that goes on is stopped before it fills them again.
const FAULTS_AT_ONCE: usize = 64;

#[derive(Clone, Copy, Default)]
struct Opening {
    pages: Pages,
    rights: u32,
}

pub(crate) struct Confinement {
    table: DeviceTable,
    /// By the index of the driver's handle.
    openings: Box<[Opening]>,
}

impl Confinement {
    pub fn new(iommu: &'static dyn Iommu) -> Self {
        Confinement { table: DeviceTable::new(iommu), openings: vec![Opening::default(); TABLE_SLOTS as usize].into_boxed_slice() }
    }

    /// Makes `pages` part of the opening of a handle, with at least these rights. `prepare` is called for pages before the device can
    /// reach them. What fails leaves an opening that can be closed.
    fn open(&mut self, index: usize, pages: Pages, rights: u32, prepare: impl Fn(Pages)) -> Result<(), Status> {
        let Confinement { table, openings } = self;
        let opening = &mut openings[index];
        if opening.pages.is_empty() {
            *opening = Opening { pages: Pages { first: pages.first, end: pages.first }, rights };
        }
        let missing = rights & !opening.rights;
        if missing != 0 {
            table.open(opening.pages, missing)?;
            opening.rights |= missing;
        }
        let before = Pages { first: pages.first, end: opening.pages.first };
        if !before.is_empty() {
            prepare(before);
            table.open(before, opening.rights)?;
            opening.pages.first = before.first;
        }
        let behind = Pages { first: opening.pages.end, end: pages.end };
        if !behind.is_empty() {
            prepare(behind);
            table.open(behind, opening.rights)?;
            opening.pages.end = behind.end;
        }
        Ok(())
    }

    pub fn close(&mut self, index: usize) {
        let Opening { pages, rights } = core::mem::take(&mut self.openings[index]);
        if !pages.is_empty() {
            self.table.close(pages, rights);
        }
    }

    /// The driver has ended: nothing is left.
    pub fn clear(&mut self) {
        self.openings.fill(Opening::default());
        self.table.clear();
    }
}

impl Capabilities {
    /// Device addresses are given out for part of a lease or grant.
    pub(crate) fn note_reached(&mut self, driver: usize, handle: u32) {
        if handle == 0 {
            return; // one's own memory
        }
        if let Ok(position) = self.find(driver, handle) {
            self.slots[position as usize].is_reached = true;
        }
    }

    /// A handle goes: so does what the device could reach by it.
    #[inline]
    pub(crate) fn close_for_device(&mut self, position: Position) {
        if self.slots[position as usize].is_reached {
            self.close_now(position);
        }
    }

    #[cold]
    fn close_now(&mut self, position: Position) {
        self.slots[position as usize].is_reached = false;
        if let Some(confinement) = &mut self.confinement {
            confinement.close((position % TABLE_SLOTS) as usize);
        }
    }
}

impl Kernel {
    /// Lets the device reach [start, start + length) of a lease or grant of the driver, or of its own memory (handle 0), which stays
    /// until it ends; `owner` has that memory. Whole pages, which are all made present first. The device also reads what it
    /// writes of the driver's own memory: rings are both.
    pub(crate) fn open_for_device(&self, driver: usize, handle: u32, start: u64, length: u32, device_writes: bool, owner: &Loaded) -> Result<(), Status> {
        let pages = Pages::of(start, u64::from(length)).ok_or(status::UNSUPPORTED)?;
        let prepare = |pages: Pages| {
            let offset = pages.address() - owner.device_base.unwrap_or(pages.address());
            self.machine.prepare_for_device(owner.base().wrapping_add(offset as usize), (pages.count() * PAGE_BYTES) as usize);
        };
        let mut capabilities = self.capabilities.borrow_mut();
        if handle != 0 {
            capabilities.note_reached(driver, handle);
            let rights = if device_writes { right::WRITE } else { right::READ };
            return capabilities.confinement.as_mut().map_or(Ok(()), |confinement| confinement.open((handle & 0xffff) as usize, pages, rights, prepare));
        }
        prepare(pages);
        let rights = if device_writes { right::READ | right::WRITE } else { right::READ };
        capabilities.confinement.as_ref().map_or(Ok(()), |confinement| confinement.table.keep(pages, rights))
    }

    /// The IOMMU has blocked somebody: says who, and ends the driver if it was its device. Before the driver's next system call or
    /// reply, so nothing that the device says of the access is believed.
    #[cold]
    pub(crate) fn look_at_device_faults(&self) {
        self.lower(attention::DEVICE_FAULT);
        let Some(driver) = self.driver.get().map(usize::from) else { return };
        if self.report_device_faults() && self.domains[driver].is_alive() {
            self.end(driver, fault::DEVICE_BLOCKED, b"its device reached for memory that is not its own");
        }
    }

    /// Reports what the IOMMU has recorded. True if the block device is among it.
    pub(crate) fn report_device_faults(&self) -> bool {
        let Some(iommu) = self.iommu.get() else { return false };
        let mut is_drivers = false;
        for _ in 0..FAULTS_AT_ONCE {
            let Some(fault) = iommu.take_fault() else { break };
            self.report_device_fault(&fault);
            is_drivers |= fault.is_block_device;
        }
        is_drivers
    }

    fn report_device_fault(&self, fault: &DeviceFault) {
        let DeviceFault { requester, address, is_write, reason, is_block_device, is_incomplete } = *fault;
        let count = self.device_faults.get().wrapping_add(1);
        self.device_faults.set(count);
        let callee = self.driver.get().filter(|_| is_block_device).unwrap_or(KERNEL_DOMAIN);
        let (depth, request_id) = (self.current.get().depth(), self.current.get().request_id());
        self.record(Record {
            kind: trace_kind::BLOCKED, depth, caller: KERNEL_DOMAIN, callee, request_id, interface: requester, operation: u16::from(is_write),
            status: u32::from(reason), argument: (address >> 12) as u32, ..Record::default()
        });
        let place = format!("{:02x}:{:02x}.{}", requester >> 8, requester >> 3 & 31, requester & 7);
        let name = if is_block_device { self.domains[usize::from(callee)].name() } else { "no domain" };
        let (verb, more) = (if is_write { "write to" } else { "read" }, if is_incomplete { ", and more" } else { "" });
        self.machine.log(format_args!(
            "axiom kernel: blocked: the device of {name} (PCI {place}) tried to {verb} {address:#x} (reason {reason}; {count} so far{more})"
        ));
    }
}

//! The machine's IOMMU (Intel VT-d 3.3, legacy mode): the block device is translated by one table, which lets it reach what
//! `device_table.rs` of the portable part says; every other function of every bus is blocked.
//!
//! What stays true: translation is on before the driver runs, or there is no IOMMU at all; its registers are no RAM; every wait for the
//! hardware ends. Hardware that stops answering ends the machine: what its devices may reach could no longer be said.
use crate::interrupts::FIRST_INTERRUPT_VECTOR;
use crate::single::Single;
use crate::{clock, io_apic, local_apic, log, memory};
use axiom_kernel_portable::acpi::{PhysicalBytes, Problem, RemappingUnit, find_remapping_unit};
use axiom_kernel_portable::device_table::ADDRESS_BITS;
use axiom_kernel_portable::machine::{DEVICE_FAULT_INTERRUPT, DeviceFault, Iommu};
use core::arch::x86_64::_mm_clflush;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed, fence};
use core::sync::atomic::Ordering::SeqCst;

const PAGE_BYTES: u64 = 4096;
/// No table of the firmware lies in the first page, which is not there, or among the interrupt controllers.
const TABLES_END: u64 = 0xfec0_0000;

// Registers (§10.4) and the bits of them that are used.
const CAPABILITY: u64 = 0x08;
const EXTENDED_CAPABILITY: u64 = 0x10;
const GLOBAL_COMMAND: u64 = 0x18;
const GLOBAL_STATUS: u64 = 0x1c;
const ROOT_TABLE: u64 = 0x20;
const CONTEXT_COMMAND: u64 = 0x28;
const FAULT_STATUS: u64 = 0x34;
const FAULT_EVENT_CONTROL: u64 = 0x38;
const FAULT_EVENT_DATA: u64 = 0x3c;
const FAULT_EVENT_ADDRESS: u64 = 0x40;
const FAULT_EVENT_UPPER_ADDRESS: u64 = 0x44;
const LAST_FIXED_REGISTER: u64 = 0x100;

const TRANSLATION: u32 = 1 << 31;
const SET_ROOT: u32 = 1 << 30;
const FLUSH_WRITE_BUFFER: u32 = 1 << 27;
const QUEUED_INVALIDATION: u32 = 1 << 26;
/// Bits of the status that a command must not repeat: they ask for something once (§10.4.4).
const LASTING: u32 = 0x96ff_ffff;
const INVALIDATE: u64 = 1 << 63;
const CONTEXT_GLOBAL: u64 = 1 << 61;
const IOTLB_DOMAIN: u64 = 2 << 60;
const IOTLB_PAGES: u64 = 3 << 60;
const DRAIN_READS: u64 = 1 << 49;
const DRAIN_WRITES: u64 = 1 << 48;
const OVERFLOW: u32 = 1;
/// Bits of the fault status that are cleared by writing them: overflow and errors of queues.
const STATUS_ERRORS: u32 = 0x7d;
const FAULT: u64 = 1 << 63;
const FAULT_OF_READ: u64 = 1 << 62;

/// Tables of one page each (§9.1, §9.3). The context entry's second word: domain 1, three levels.
const PRESENT: u64 = 1;
const DOMAIN: u64 = 1;
const CONTEXT_HIGH: u64 = DOMAIN << 8 | (ADDRESS_BITS as u64 - 30) / 9;
const ANSWER_NANOSECONDS: u64 = 1_000_000_000;

/// The unit that is in use.
#[derive(Clone, Copy)]
struct Unit {
    registers: u64,
    top: u64,
    /// Offsets of the fault records and of the IOTLB's two registers, and the number of records.
    faults: u64,
    fault_count: u64,
    iotlb: u64,
    /// Largest power of two of pages that can be invalidated by themselves; `None`: only all of them.
    largest_mask: Option<u32>,
    drain: u64,
    flushes_write_buffer: bool,
    /// It looks into the processor's caches for its tables.
    is_coherent: bool,
    /// Bus, device and function of the block device.
    requester: u16,
}

static UNIT: Single<Option<Unit>> = Single::new(None);
static ROOT_POINTER: Single<u64> = Single::new(0);
/// What the interrupt of a fault sets, and where.
static REPORT: AtomicPtr<AtomicU32> = AtomicPtr::new(core::ptr::null_mut());
static REPORT_BIT: AtomicU32 = AtomicU32::new(0);

/// Where the firmware's tables begin.
pub fn set_root_pointer(address: u64) {
    ROOT_POINTER.with(|root| *root = address);
}

/// Confines the function `requester` if the machine has an IOMMU that can do it and the function lets itself be translated; says why not
/// if there is one.
pub fn confine(requester: u16, is_translated: bool) -> bool {
    let started = find_remapping_unit(&Firmware, ROOT_POINTER.with(|root| *root), requester).and_then(|unit| {
        if !is_translated {
            return Err(Problem::Malformed("the disk does not let it translate (QEMU: iommu_platform=on)"));
        }
        start(unit, requester).map_err(Problem::Malformed)
    });
    if let Err(Problem::Malformed(problem)) = started {
        log!("axiom kernel: the IOMMU is not used: {problem}");
    }
    started.is_ok()
}

pub fn in_use() -> Option<&'static dyn Iommu> {
    UNIT.with(|unit| unit.is_some()).then_some(&VtD)
}

/// From the interrupt handler.
pub fn fault_interrupt() {
    let word = REPORT.load(Relaxed);
    if !word.is_null() {
        // Safety: `report_to` got it from a reference that lasts.
        unsafe { (*word).fetch_or(REPORT_BIT.load(Relaxed), Relaxed) };
    }
}

/// Sets tables up and turns translation on. Nothing is left on if it fails.
fn start(RemappingUnit { registers, register_bytes }: RemappingUnit, requester: u16) -> Result<(), &'static str> {
    let end = registers.checked_add(register_bytes).filter(|&end| end <= memory::PHYSICAL_LIMIT).ok_or("its registers are out of reach")?;
    if memory::is_ram(registers, end) || local_apic::touches(registers, end) || io_apic::touches(registers, end) {
        return Err("its registers lie where they cannot");
    }
    memory::map_registers(registers, end).ok_or("no memory for the page tables of its registers")?;
    let unit = read_unit(registers, register_bytes, requester)?;
    UNIT.with(|place| *place = Some(unit));
    let is_on = unit.switch_on();
    if is_on.is_err() {
        unit.write32(GLOBAL_COMMAND, unit.read32(GLOBAL_STATUS) & LASTING & !TRANSLATION);
        UNIT.with(|place| *place = None);
    }
    is_on
}

fn read_unit(registers: u64, register_bytes: u64, requester: u16) -> Result<Unit, &'static str> {
    let probe = Unit {
        registers, top: 0, faults: 0, fault_count: 0, iotlb: 0, largest_mask: None, drain: 0, flushes_write_buffer: false, is_coherent: false, requester,
    };
    let (version, capability, extended) = (probe.read32(0), probe.read64(CAPABILITY), probe.read64(EXTENDED_CAPABILITY));
    if version == 0 || version == u32::MAX {
        return Err("it does not answer");
    }
    // §10.4.2: 39-bit tables of three levels (SAGAW), addresses of 39 bits or more (MGAW), and no cache of what is absent (CM).
    if capability >> 9 & 1 == 0 || (capability >> 16 & 0x3f) + 1 < u64::from(ADDRESS_BITS) {
        return Err("it has no tables of 39 bits");
    }
    if capability >> 7 & 1 != 0 {
        return Err("it caches what is absent");
    }
    if probe.read32(GLOBAL_STATUS) & QUEUED_INVALIDATION != 0 {
        return Err("the firmware uses it");
    }
    let unit = Unit {
        faults: (capability >> 24 & 0x3ff) * 16,
        fault_count: (capability >> 40 & 0xff) + 1,
        iotlb: (extended >> 8 & 0x3ff) * 16,
        largest_mask: (capability >> 39 & 1 != 0).then_some((capability >> 48 & 0x3f) as u32),
        drain: if capability >> 55 & 1 != 0 { DRAIN_READS } else { 0 } | if capability >> 54 & 1 != 0 { DRAIN_WRITES } else { 0 },
        flushes_write_buffer: capability >> 4 & 1 != 0,
        is_coherent: extended & 1 != 0,
        ..probe
    };
    let end = (unit.faults + unit.fault_count * 16).max(unit.iotlb + 16).max(LAST_FIXED_REGISTER);
    if unit.faults == 0 || unit.iotlb == 0 || end > register_bytes {
        return Err("its registers end before they are over");
    }
    Ok(unit)
}

// Safety of this file: registers are those of the unit, checked to be no RAM and mapped; tables are frames of this file's own, seen one to
// one, which nothing but the hardware reads besides.
impl Unit {
    fn read32(&self, offset: u64) -> u32 {
        unsafe { ((self.registers + offset) as *const u32).read_volatile() }
    }
    fn read64(&self, offset: u64) -> u64 {
        unsafe { ((self.registers + offset) as *const u64).read_volatile() }
    }
    fn write32(&self, offset: u64, value: u32) {
        unsafe { ((self.registers + offset) as *mut u32).write_volatile(value) }
    }
    fn write64(&self, offset: u64, value: u64) {
        unsafe { ((self.registers + offset) as *mut u64).write_volatile(value) }
    }

    fn wait(&self, is_done: impl Fn() -> bool) -> Result<(), &'static str> {
        let deadline = clock::monotonic_nanoseconds() + ANSWER_NANOSECONDS;
        while !is_done() {
            if clock::monotonic_nanoseconds() > deadline {
                return Err("it does not finish");
            }
        }
        Ok(())
    }

    /// One command beside what is on (§10.4.4), until the status shows it.
    fn command(&self, bit: u32, is_done: impl Fn(u32) -> bool) -> Result<(), &'static str> {
        self.write32(GLOBAL_COMMAND, self.read32(GLOBAL_STATUS) & LASTING | bit);
        self.wait(|| is_done(self.read32(GLOBAL_STATUS)))
    }

    /// Root table → context table of bus 0 → the device's table, all else absent; then translation, and interrupts of faults.
    fn switch_on(&self) -> Result<(), &'static str> {
        let frame = || allocate().ok_or("no memory for its tables");
        let (root, context, top) = (frame()?, frame()?, frame()?);
        let (bus, function) = (u64::from(self.requester >> 8), u64::from(self.requester & 0xff));
        unsafe {
            *((root + bus * 16) as *mut u64) = context | PRESENT;
            *((context + function * 16) as *mut [u64; 2]) = [top | PRESENT, CONTEXT_HIGH];
        }
        [root, context, top].into_iter().for_each(|table| self.publish(table as *const u64, 512));
        UNIT.with(|unit| *unit = Some(Unit { top, ..*self }));
        self.write64(ROOT_TABLE, root);
        self.command(SET_ROOT, |status| status & SET_ROOT != 0)?;
        self.write64(CONTEXT_COMMAND, INVALIDATE | CONTEXT_GLOBAL);
        self.wait(|| self.read64(CONTEXT_COMMAND) & INVALIDATE == 0)?;
        self.invalidate_iotlb(IOTLB_DOMAIN >> 1)?; // global
        let (address, data) = local_apic::message(FIRST_INTERRUPT_VECTOR + DEVICE_FAULT_INTERRUPT as u8);
        self.write32(FAULT_EVENT_DATA, data);
        self.write32(FAULT_EVENT_ADDRESS, address);
        self.write32(FAULT_EVENT_UPPER_ADDRESS, 0);
        self.write32(FAULT_EVENT_CONTROL, 0); // not masked
        self.command(TRANSLATION, |status| status & TRANSLATION != 0)
    }

    /// One invalidation by register (§6.5.1, §10.4.8), behind what the hardware has buffered for memory (§6.8).
    fn invalidate_iotlb(&self, what: u64) -> Result<(), &'static str> {
        if self.flushes_write_buffer {
            self.command(FLUSH_WRITE_BUFFER, |status| status & FLUSH_WRITE_BUFFER == 0)?;
        }
        self.write64(self.iotlb + 8, INVALIDATE | what | self.drain | DOMAIN << 32);
        self.wait(|| self.read64(self.iotlb + 8) & INVALIDATE == 0)
    }

    /// Lets the hardware see entries that were written.
    fn publish(&self, first: *const u64, count: usize) {
        const LINE_BYTES: usize = 64;
        if !self.is_coherent {
            let (start, end) = (first as usize & !(LINE_BYTES - 1), first as usize + count * 8);
            (start..end).step_by(LINE_BYTES).for_each(|line| unsafe { _mm_clflush(line as *const u8) });
        }
        fence(SeqCst);
    }

    fn take_fault(&self) -> Option<DeviceFault> {
        let status = self.read32(FAULT_STATUS);
        for record in 0..self.fault_count {
            let at = self.faults + record * 16;
            let high = self.read64(at + 8);
            if high & FAULT == 0 {
                continue;
            }
            let address = self.read64(at) & !(PAGE_BYTES - 1);
            self.write32(at + 12, (FAULT >> 32) as u32);
            self.write32(FAULT_STATUS, status & OVERFLOW);
            let requester = high as u16;
            return Some(DeviceFault {
                requester, address, is_write: high & FAULT_OF_READ == 0, reason: (high >> 32) as u8,
                is_block_device: requester == self.requester, is_incomplete: status & OVERFLOW != 0,
            });
        }
        // Lost ones, without a record of any: the next is to be seen.
        self.write32(FAULT_STATUS, status & STATUS_ERRORS);
        None
    }
}

fn allocate() -> Option<u64> {
    let frame = memory::allocate_run(PAGE_BYTES, PAGE_BYTES)?;
    unsafe { core::ptr::write_bytes(frame as *mut u8, 0, PAGE_BYTES as usize) };
    Some(frame)
}

struct VtD;

impl VtD {
    fn unit(&self) -> Unit {
        UNIT.with(|unit| unit.expect("handed out by `in_use` alone"))
    }
}

impl Iommu for VtD {
    fn top(&self) -> u64 {
        self.unit().top
    }
    fn allocate(&self) -> Option<u64> {
        allocate()
    }
    fn free(&self, frame: u64) {
        memory::free_run(frame, PAGE_BYTES);
    }
    fn entries(&self, frame: u64) -> *mut u64 {
        frame as *mut u64
    }
    fn written(&self, first: *const u64, count: usize) {
        self.unit().publish(first, count);
    }
    /// By pages where one aligned block of a power of two holds them and the hardware takes it, else the whole table.
    fn invalidate(&self, address: u64, pages: u64) {
        let unit = self.unit();
        let (first, last) = (address / PAGE_BYTES, address / PAGE_BYTES + pages - 1);
        let mask = u64::BITS - (first ^ last).leading_zeros();
        let result = match unit.largest_mask {
            Some(largest) if mask <= largest => {
                unit.write64(unit.iotlb, (first >> mask << mask) * PAGE_BYTES | u64::from(mask));
                unit.invalidate_iotlb(IOTLB_PAGES)
            }
            _ => unit.invalidate_iotlb(IOTLB_DOMAIN),
        };
        result.expect("the IOMMU answers");
    }
    fn take_fault(&self) -> Option<DeviceFault> {
        self.unit().take_fault()
    }
    fn report_to(&self, word: &'static AtomicU32, bit: u32) {
        REPORT_BIT.store(bit, Relaxed);
        REPORT.store(core::ptr::from_ref(word).cast_mut(), Relaxed);
    }
}

/// Physical memory below 4 GiB, where the firmware has its tables, less the first page and what is the kernel's.
struct Firmware;

impl PhysicalBytes for Firmware {
    fn bytes(&self, start: u64, length: usize) -> Option<&[u8]> {
        let end = start.checked_add(length as u64)?;
        let (image_start, image_end) = memory::kernel_image();
        let is_readable = start >= PAGE_BYTES && end <= TABLES_END && (end <= image_start || start >= image_end);
        // Mapped one to one by the boot code; nothing writes it while the tables are read.
        is_readable.then(|| unsafe { core::slice::from_raw_parts(start as *const u8, length) })
    }
}

//! What the kernel needs of the machine it runs on. The freestanding kernel implements it on hardware, tests with a fake.
//!
//! One CPU, no preemption of kernel code: an interrupt handler only sets a bit that `take_interrupts` collects.
use core::sync::atomic::AtomicU32;
use wasmtime::Config;

/// Interrupt number of the console: input has arrived.
pub const CONSOLE_INTERRUPT: u32 = 0;
/// Interrupt number of the block device's queue.
pub const BLOCK_DEVICE_INTERRUPT: u32 = 1;

/// Interrupt number of the IOMMU: it has blocked an access.
pub const DEVICE_FAULT_INTERRUPT: u32 = 2;

/// A range of device registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    pub address: u64,
    pub length: u32,
}

/// A device as a driver is to see it. `transport` 0 means that the machine has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// PCI: common, notify, isr, configuration. MMIO: all registers, and three windows of length 0.
    pub windows: [Window; 4],
    pub interrupt: u32,
    /// 1 PCI, 2 MMIO
    pub transport: u32,
    pub notify_multiplier: u32,
    pub vector: u32,
    /// Of its configuration (VIRTIO 1.2 §5.2.4), in whichever window it is.
    pub configuration_bytes: u32,
    pub flags: u32,
}

/// An access of a device that the IOMMU blocked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceFault {
    /// PCI bus, device and function: 8, 5 and 3 bits.
    pub requester: u16,
    /// Of the page.
    pub address: u64,
    pub is_write: bool,
    /// The hardware's number for why.
    pub reason: u8,
    pub is_block_device: bool,
    /// There were more than could be recorded.
    pub is_incomplete: bool,
}

/// The hardware that keeps the block device where `device_table.rs` lets it reach. Every other device reaches nothing.
pub trait Iommu {
    /// The frame of the top table, which is empty at first.
    fn top(&self) -> u64;
    /// A zeroed frame for a table.
    fn allocate(&self) -> Option<u64>;
    fn free(&self, frame: u64);
    /// Where the kernel sees the 512 entries of a frame.
    fn entries(&self, frame: u64) -> *mut u64;
    /// Entries were written: the hardware is to see them.
    fn written(&self, first: *const u64, count: usize);
    /// The hardware forgets what it knew of these pages; when this returns no access by the old entries is under way.
    fn invalidate(&self, address: u64, pages: u64);
    /// The next access that was blocked.
    fn take_fault(&self) -> Option<DeviceFault>;
    /// When an access is blocked, `bit` is to be set in this word, besides `DEVICE_FAULT_INTERRUPT`.
    fn report_to(&self, word: &'static AtomicU32, bit: u32);
}

pub trait Machine {
    /// Settings that only this machine needs: CPU features, where memories come from.
    fn tune(&self, config: &mut Config);
    /// What modules are told of the processor: bits of `generated::processor`.
    fn processor(&self) -> u32 {
        0
    }
    fn monotonic_nanoseconds(&self) -> u64;
    fn unix_nanoseconds(&self) -> u64;
    /// The interrupts that came since the last time, as a set of numbers; at most 32.
    fn take_interrupts(&self) -> u32;
    /// Sleeps until an interrupt that has not been taken, or until the deadline (`u64::MAX`: none). May return early.
    fn idle(&self, deadline_nanoseconds: u64);

    fn console_write(&self, bytes: &[u8]);
    /// Bytes that were waiting, or `None` after the last.
    fn console_read(&self, bytes: &mut [u8]) -> Option<usize>;
    /// A line for whoever debugs; never on the path of a request.
    fn log(&self, text: core::fmt::Arguments<'_>);
    fn entropy(&self, bytes: &mut [u8]);

    fn find_block_device(&self) -> Device;
    /// What confines the block device that was found, if anything does (then its flags say so too).
    fn iommu(&self) -> Option<&'static dyn Iommu> {
        None
    }
    /// Resets the device and takes its way to memory away: its driver died. False if the device did not confirm the reset
    /// within a second: then it may still hold addresses, and what they name must never be used again.
    fn stop_block_device(&self) -> bool;
    /// Lets a stopped device reach memory and interrupt again, for a driver that restarts.
    fn start_block_device(&self);
    /// The driver has seen to its device's interrupt. A line that was held back since then is let through; MSI-X has none.
    fn acknowledge_interrupt(&self);
    /// Makes the tick of the time limits come (`watchdog.rs`). A machine without an interrupt of time has no limits.
    fn start_ticks(&self) {}
    /// KiB of the linear memory at `base` that have frames with contents.
    fn resident_kib(&self, _base: *const u8) -> u32 {
        0
    }
    /// Address at which a device sees the byte at `base`, if all `length` bytes from there are one physical run.
    fn device_address(&self, base: *const u8, length: usize) -> Option<u64>;
    /// Makes [base, base + length) of one linear memory present before a device gets its address.
    fn prepare_for_device(&self, base: *const u8, length: usize);
    /// Reads a register; `width` is 1, 2 or 4. The kernel has checked that the address lies in a window.
    fn register_read(&self, address: u64, width: u32) -> u32;
    fn register_write(&self, address: u64, width: u32, value: u32);
    fn fence(&self);
    fn relax(&self);

    /// Where the kernel's stack ends: its lowest address.
    fn stack_end(&self) -> usize;
    /// Does not return on hardware. In a test it does, and the kernel leaves all domains.
    fn power_off(&self, status: u32);
}

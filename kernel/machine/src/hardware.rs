//! The machine as the portable kernel sees it.
use crate::{block_device, clock, cpu, interrupts, iommu, linear_memory, memory, mmio_block_device, serial, watchdog};
use alloc::sync::Arc;
use axiom_kernel_portable::generated::processor::VECTORS_ARE_EMULATED;
use axiom_kernel_portable::machine::{Device, Iommu, Machine};
use axiom_kernel_portable::watchdog as tick_accounts;
use core::sync::atomic::{Ordering, fence};
use wasmtime::Config;

pub struct Hardware;

impl Machine for Hardware {
    fn tune(&self, config: &mut Config) {
        // Safety: the function answers for the CPU that runs this.
        unsafe { config.detect_host_feature(cpu::has_feature) };
        config.with_host_memory(Arc::new(linear_memory::Creator));
    }
    fn processor(&self) -> u32 {
        if cpu::is_emulated() { VECTORS_ARE_EMULATED } else { 0 }
    }
    #[inline]
    fn monotonic_nanoseconds(&self) -> u64 {
        clock::monotonic_nanoseconds()
    }
    fn unix_nanoseconds(&self) -> u64 {
        clock::unix_nanoseconds()
    }
    fn take_interrupts(&self) -> u32 {
        interrupts::take()
    }
    fn idle(&self, deadline_nanoseconds: u64) {
        interrupts::idle(deadline_nanoseconds);
    }
    fn console_write(&self, bytes: &[u8]) {
        serial::write(bytes);
        // A writer that was held up for long was not charged, so the ticks have stopped.
        if !tick_accounts::is_ticking() {
            self.start_ticks();
        }
    }
    fn console_read(&self, bytes: &mut [u8]) -> Option<usize> {
        Some(serial::read(bytes)) // a serial line has no end
    }
    fn log(&self, text: core::fmt::Arguments<'_>) {
        crate::log!("{text}");
    }
    fn entropy(&self, bytes: &mut [u8]) {
        for piece in bytes.chunks_mut(8) {
            piece.copy_from_slice(&cpu::random().to_le_bytes()[..piece.len()]);
        }
    }
    fn find_block_device(&self) -> Device {
        block_device::find()
    }
    fn iommu(&self) -> Option<&'static dyn Iommu> {
        iommu::in_use()
    }
    fn stop_block_device(&self) -> bool {
        block_device::stop()
    }
    fn start_block_device(&self) {
        block_device::start();
    }
    fn acknowledge_interrupt(&self) {
        mmio_block_device::acknowledge();
    }
    fn device_address(&self, base: *const u8, length: usize) -> Option<u64> {
        linear_memory::physical(base as u64, length as u64)
    }
    fn prepare_for_device(&self, base: *const u8, length: usize) {
        linear_memory::populate(base as u64, length as u64);
    }
    fn start_ticks(&self) {
        cpu::interrupts_off();
        watchdog::start_ticks();
        cpu::interrupts_on();
    }
    fn resident_kib(&self, base: *const u8) -> u32 {
        (linear_memory::resident_bytes(base as u64) >> 10) as u32
    }
    // Safety of both: the kernel has checked the address against a window of the device, and its alignment.
    fn register_read(&self, address: u64, width: u32) -> u32 {
        unsafe {
            match width {
                1 => u32::from((address as *const u8).read_volatile()),
                2 => u32::from((address as *const u16).read_volatile()),
                _ => (address as *const u32).read_volatile(),
            }
        }
    }
    fn register_write(&self, address: u64, width: u32, value: u32) {
        unsafe {
            match width {
                1 => (address as *mut u8).write_volatile(value as u8),
                2 => (address as *mut u16).write_volatile(value as u16),
                _ => (address as *mut u32).write_volatile(value),
            }
        }
    }
    fn fence(&self) {
        fence(Ordering::SeqCst);
    }
    /// The system call alone keeps a loop's loads apart. No `pause`: under emulation it costs 250 ns, on hardware a poll
    /// of a device is no contended lock.
    fn relax(&self) {}
    fn stack_end(&self) -> usize {
        memory::stack_end()
    }
    fn power_off(&self, status: u32) {
        cpu::power_off(status as u8);
    }
}

//! System calls of a driver: registers, and device addresses for memory.
//!
//! A register access outside a window, or of the wrong alignment, or through another kind of handle ends the driver: its
//! result could be taken for a value. Without an IOMMU the driver and its device are trusted with addresses: what is
//! checked here is only what it asks for. With one, the device reaches that and nothing else (`confinement.rs`).
use crate::Status;
use crate::generated::{fault, kind, right, status};
use crate::kernel::Kernel;
use crate::machine::Device;
use wasmtime::format_err;

const SEGMENT_BYTES: u32 = 16;

impl Kernel {
    /// Address of a register, or the end of the domain.
    pub(crate) fn register(&self, me: usize, handle: u32, offset: u32, width: u32) -> wasmtime::Result<u64> {
        let capabilities = self.capabilities.borrow();
        let window = capabilities.find_kind(me, handle, kind::WINDOW);
        if let Ok(capability) = window {
            let Device { windows, .. } = self.device.get();
            let window = windows[capability.badge as usize % windows.len()];
            if offset % width == 0 && width <= window.length && offset <= window.length - width {
                return Ok(window.address + u64::from(offset));
            }
        }
        self.domains[me].noted_fault.set(fault::MISUSE);
        Err(format_err!("register access of {width} bytes at offset {offset:#x} of handle {handle:#x}"))
    }

    #[allow(clippy::too_many_arguments)] // the system call has seven
    pub(crate) fn dma_segments(
        &self, me: usize, dma: u32, source: u32, offset: u32, length: u32, device_writes: u32, out: u32, max: u32,
    ) -> Result<u32, Status> {
        let capabilities = self.capabilities.borrow();
        capabilities.find_kind(me, dma, kind::DMA)?;
        let rights = if device_writes != 0 { right::WRITE } else { right::READ };
        let (owner, address) = match source {
            0 => (me as u8, offset),
            _ => capabilities.lent(me, source, offset, length, rights)?,
        };
        let (exposed, owner) = (&self.domains[owner as usize], self.loaded(owner as usize)?);
        let memory = owner.range(address, length)?;
        if source == 0 && owner.touches_message(address, length) {
            return Err(status::INVALID_ARGUMENT);
        }
        if length == 0 {
            return Ok(0);
        }
        if max == 0 {
            return Err(status::TOO_LARGE);
        }
        // Every memory is one physical run, so one segment is always enough.
        let base = owner.device_base.ok_or(status::UNSUPPORTED)?;
        let segment = self.loaded(me)?.bytes_mut(out, SEGMENT_BYTES)?;
        drop(capabilities);
        exposed.is_exposed.set(true);
        let start = base + u64::from(address);
        if self.iommu.get().is_some() {
            self.open_for_device(me, source, start, length, device_writes != 0, owner)?;
        } else {
            self.machine.prepare_for_device(memory, length as usize);
            self.capabilities.borrow_mut().note_reached(me, source);
        }
        segment[..8].copy_from_slice(&start.to_le_bytes());
        segment[8..].copy_from_slice(&u64::from(length).to_le_bytes());
        Ok(1)
    }

    pub(crate) fn device_parameters(&self, me: usize, dma: u32, out: u32, count: u32) -> Result<u32, Status> {
        self.capabilities.borrow().find_kind(me, dma, kind::DMA)?;
        let device = self.device.get();
        let (Device { transport, notify_multiplier, vector, flags, configuration_bytes, .. }, time_out_ms) = (device, self.device_time_out_ms.get());
        let values = [transport, notify_multiplier, vector, flags, device.windows[1].length, configuration_bytes, time_out_ms];
        let count = (count as usize).min(values.len());
        let bytes = self.loaded(me)?.bytes_mut(out, count as u32 * 4)?;
        for (place, value) in bytes.chunks_exact_mut(4).zip(values) {
            place.copy_from_slice(&value.to_le_bytes());
        }
        Ok(count as u32)
    }

    /// The device's interrupt may come again.
    pub(crate) fn interrupt_acknowledge(&self, me: usize, interrupt: u32) -> Result<u32, Status> {
        self.capabilities.borrow().find_kind(me, interrupt, kind::INTERRUPT)?;
        self.machine.acknowledge_interrupt();
        Ok(0)
    }
}

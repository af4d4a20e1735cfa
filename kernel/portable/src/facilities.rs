//! System calls that reach the world outside the domains: clock, entropy, console, trace notes, power, the list of
//! domains, and giving up. Each needs its capability.
use crate::Status;
use crate::domain::Loaded;
use crate::generated::{fault, kind, right, status};
use crate::kernel::{Kernel, attention};
use crate::watchdog;
use alloc::string::String;
use wasmtime::format_err;

const CONTROL_RECORD_BYTES: u32 = 64;
/// UTF-16 units that are read of a fault's message.
const FAULT_TEXT_LIMIT: u32 = 256;

impl Kernel {
    fn check(&self, me: usize, handle: u32, kind: u32) -> Result<&Loaded, Status> {
        self.capabilities.borrow().find_kind(me, handle, kind)?;
        self.loaded(me)
    }

    pub(crate) fn clock_read(&self, me: usize, clock: u32, out: u32) -> Result<u32, Status> {
        let bytes = self.check(me, clock, kind::CLOCK)?.bytes_mut(out, 16)?;
        bytes[..8].copy_from_slice(&self.machine.monotonic_nanoseconds().to_le_bytes());
        bytes[8..].copy_from_slice(&self.machine.unix_nanoseconds().to_le_bytes());
        Ok(0)
    }

    pub(crate) fn entropy_read(&self, me: usize, entropy: u32, address: u32, length: u32) -> Result<u32, Status> {
        self.machine.entropy(self.check(me, entropy, kind::ENTROPY)?.bytes_mut(address, length)?);
        Ok(0)
    }

    pub(crate) fn console_write(&self, me: usize, console: u32, address: u32, length: u32) -> Result<u32, Status> {
        let length = length.min(i32::MAX as u32);
        self.machine.console_write(self.check(me, console, kind::CONSOLE)?.bytes(address, length)?);
        Ok(length)
    }

    pub(crate) fn console_read(&self, me: usize, console: u32, address: u32, length: u32) -> Result<u32, Status> {
        let length = length.min(i32::MAX as u32);
        let bytes = self.check(me, console, kind::CONSOLE)?.bytes_mut(address, length)?;
        self.machine.console_read(bytes).map(|count| count as u32).ok_or(status::END_OF_FILE)
    }

    pub(crate) fn console_arguments(&self, me: usize, console: u32, address: u32, length: u32) -> Result<u32, Status> {
        let bytes = self.check(me, console, kind::CONSOLE)?.bytes_mut(address, length)?;
        let text = &self.options.console_arguments;
        let count = bytes.len().min(text.len());
        bytes[..count].copy_from_slice(&text[..count]);
        Ok(text.len() as u32)
    }

    pub(crate) fn trace_note(&self, me: usize, trace: u32, address: u32, length: u32) -> Result<u32, Status> {
        let text = self.check(me, trace, kind::TRACE)?.bytes(address, length)?;
        if self.is_watched.get() || self.options.is_debug {
            self.note(me, text);
        }
        Ok(u32::from(self.trace.borrow().is_some()))
    }

    pub(crate) fn power_off(&self, me: usize, power: u32, exit_status: u32) -> Result<(), Status> {
        self.check(me, power, kind::POWER)?;
        let exit_status = exit_status.min(126);
        self.power_status.set(Some(exit_status));
        self.raise(attention::POWER);
        self.machine.power_off(exit_status);
        Ok(())
    }

    /// { name 24 bytes, u32 state, restarts, memoryPages, calls, u64 busyNanoseconds, u32 residentKiB, last fault, refused
    /// handles, rank }, one a domain.
    pub(crate) fn control_list(&self, me: usize, control: u32, out: u32, max: u32) -> Result<u32, Status> {
        if self.capabilities.borrow().find_kind(me, control, kind::CONTROL)?.rights & right::READ == 0 {
            return Err(status::DENIED);
        }
        let count = self.domains.len().min(max as usize);
        let bytes = self.loaded(me)?.bytes_mut(out, count as u32 * CONTROL_RECORD_BYTES)?;
        for (id, record) in bytes.chunks_exact_mut(CONTROL_RECORD_BYTES as usize).enumerate() {
            let domain = &self.domains[id];
            record[..24].copy_from_slice(&domain.name);
            let resident_kib = domain.loaded().map_or(0, |loaded| self.machine.resident_kib(loaded.base()));
            let first = [domain.state() as u32, domain.epoch.get(), domain.memory_pages, domain.calls.get()];
            let last = [resident_kib, domain.fault.get(), self.capabilities.borrow().refused(id), u32::from(domain.rank)];
            record[40..48].copy_from_slice(&watchdog::busy_nanoseconds(id).to_le_bytes());
            for (place, words) in [(24, first), (48, last)] {
                for (number, word) in words.into_iter().enumerate() {
                    record[place + number * 4..][..4].copy_from_slice(&word.to_le_bytes());
                }
            }
        }
        Ok(count as u32)
    }

    /// The module gives up: an error that unwinds it, with its words.
    pub(crate) fn fault(&self, me: usize, message: u32, units: u32, line: u32, column: u32) -> wasmtime::Error {
        self.domains[me].noted_fault.set(fault::ABORT);
        let units = units.min(FAULT_TEXT_LIMIT);
        let text = match self.loaded(me).and_then(|own| own.bytes(message, units * 2)) {
            Ok(bytes) => {
                let units = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
                char::decode_utf16(units).map(|unit| unit.unwrap_or('?')).collect()
            }
            Err(_) => String::from("(message outside memory)"),
        };
        format_err!("fault: {text} (line {line}, column {column})")
    }
}

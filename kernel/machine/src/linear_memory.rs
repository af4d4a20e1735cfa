//! Linear memories: each is one physical run, so that a device sees it as one piece, mapped with large pages into a
//! reservation of 4 GiB and a guard, so that compiled code needs no bounds checks.
//!
//! What stays true: a memory is zeroed once, when it is made; it never grows, moves or goes (a dead domain's memory stays,
//! because its device may still write to it).
use crate::memory::{allocate_run, free_run, with_space};
use crate::single::Single;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use axiom_kernel_portable::address_space::{LARGE_PAGE_BYTES, NO_EXECUTE, PRESENT, WRITABLE};
use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

struct Run {
    address: u64,
    frame: u64,
    bytes: u64,
}

static RUNS: Single<Vec<Run>> = Single::new(Vec::new());

/// Physical address behind `base`, if [base, base + length) lies in one linear memory.
pub fn physical(base: u64, length: u64) -> Option<u64> {
    RUNS.with(|runs| {
        let run = runs.iter().find(|run| base >= run.address && base - run.address < run.bytes)?;
        let offset = base - run.address;
        (length <= run.bytes - offset).then_some(run.frame + offset)
    })
}

pub struct Creator;

struct Memory {
    address: u64,
    bytes: usize,
}

// Safety: `new_memory` maps `minimum` zeroed bytes and leaves the rest of the reservation and the guard unmapped.
unsafe impl MemoryCreator for Creator {
    fn new_memory(
        &self, _: MemoryType, minimum: usize, _: Option<usize>, reserved: Option<usize>, guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        let bytes = minimum as u64;
        let reserved = reserved.ok_or("a memory without a reservation")?;
        let Some(frame) = allocate_run(bytes, LARGE_PAGE_BYTES) else {
            return Err(alloc::format!("no run of {bytes} bytes of memory is free"));
        };
        let flags = PRESENT | WRITABLE | NO_EXECUTE;
        let address = with_space(|space, frames| {
            let address = space.reserve((reserved + guard) as u64)?;
            space.map_run(frames, address, frame, bytes, flags)?;
            Some(address)
        });
        let Some(address) = address else {
            free_run(frame, bytes);
            return Err("no memory for page tables".to_string());
        };
        // Safety: the run is mapped one to one, and only this memory has it.
        unsafe { core::ptr::write_bytes(frame as *mut u8, 0, minimum) };
        RUNS.with(|runs| runs.push(Run { address, frame, bytes }));
        Ok(Box::new(Memory { address, bytes: minimum }))
    }
}

// Safety: the pointer and sizes are those of the mapping, which outlives the memory.
unsafe impl LinearMemory for Memory {
    fn byte_size(&self) -> usize {
        self.bytes
    }
    fn byte_capacity(&self) -> usize {
        self.bytes
    }
    fn grow_to(&mut self, _: usize) -> wasmtime::Result<()> {
        Err(wasmtime::format_err!("memories do not grow"))
    }
    fn as_ptr(&self) -> *mut u8 {
        self.address as *mut u8
    }
}

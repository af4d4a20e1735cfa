//! Linear memories: each is one physical run, so that a device sees it as one piece, mapped into a reservation of 4 GiB and a
//! guard, so that compiled code needs no bounds checks.
//!
//! A memory's frames are taken when it is made, and zeroed and mapped piece by piece when first touched: boot would
//! otherwise zero a third of a gigabyte that nobody may ever use. What stays true: a piece is zeroed once in the life of a
//! memory, before anybody sees it, a device included (`populate` comes before its address is given out); a memory never grows
//! or moves; when it goes, its addresses are unmapped before its frames are free. Whether a device may still write to it
//! is asked by whoever drops it (docs/supervision.md §3).
use crate::memory::{allocate_run, free_run, with_space};
use crate::single::Single;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use axiom_kernel_portable::address_space::{LARGE_PAGE_BYTES, NO_EXECUTE, PRESENT, WRITABLE};
use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

struct Run {
    address: u64,
    frame: u64,
    bytes: u64,
    /// A bit for each piece that was touched: it is zeroed and mapped.
    touched: Vec<u64>,
    /// Of the pieces that were touched.
    resident_bytes: u64,
}

impl Run {
    /// Are all pieces that [offset, offset + length) lies in touched? Length is not 0, and the range inside the memory.
    fn is_touched(&self, offset: u64, length: u64) -> bool {
        let (first, last) = (offset / PIECE_BYTES, (offset + length - 1) / PIECE_BYTES);
        (first / 64..=last / 64).all(|word| {
            let from = if word == first / 64 { !0 << (first % 64) } else { !0 };
            let to = if word == last / 64 { !0 >> (63 - last % 64) } else { !0 };
            self.touched[word as usize] & from & to == from & to
        })
    }
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

/// Bytes that the memory at `base` has touched.
pub fn resident_bytes(base: u64) -> u64 {
    RUNS.with(|runs| runs.iter().find(|run| run.address == base).map_or(0, |run| run.resident_bytes))
}

/// Bytes that all memories have touched.
pub fn all_resident_bytes() -> u64 {
    RUNS.with(|runs| runs.iter().map(|run| run.resident_bytes).sum())
}

/// What is zeroed and mapped at once. With 2 MiB the idle system holds 136 MiB in memories, with 64 KiB 32, with 16 KiB 14, with 8 KiB
/// 11, with 4 KiB 9. A first touch costs some 500 instructions beside the zeroing; boot takes 12.2 million with 64 KiB, 10.2
/// with 16, 10.3 with 4.
const PIECE_BYTES: u64 = 8 << 10;
const FLAGS: u64 = PRESENT | WRITABLE | NO_EXECUTE;

/// Zeroes and maps the piece of a memory that holds `address`. False if there is none, or it is there already: then a
/// fault at this address has another cause. Called by the page-fault handler too; nothing that holds `RUNS` or the page
/// tables touches a linear memory, so it never interrupts itself.
pub fn populate_at(address: u64) -> bool {
    let piece = RUNS.with(|runs| {
        let run = runs.iter().find(|run| address >= run.address && address - run.address < run.bytes)?;
        let offset = (address - run.address) & !(PIECE_BYTES - 1);
        let bytes = PIECE_BYTES.min(run.bytes - offset);
        (!run.is_touched(offset, bytes)).then_some((run.address + offset, run.frame + offset, bytes))
    });
    let Some((start, frame, bytes)) = piece else { return false };
    // Safety: the frames are mapped one to one, and only this memory has them.
    unsafe { core::ptr::write_bytes(frame as *mut u8, 0, bytes as usize) };
    with_space(|space, frames| space.map_run(frames, start, frame, bytes, FLAGS)).expect("the page tables were made with the memory");
    RUNS.with(|runs| {
        if let Some(run) = runs.iter_mut().find(|run| start >= run.address && start - run.address < run.bytes) {
            let piece = (start - run.address) / PIECE_BYTES;
            run.touched[piece as usize / 64] |= 1 << (piece % 64);
            run.resident_bytes += bytes;
        }
    });
    true
}

/// Makes all of [base, base + length), which lies in one memory, present: a device does not fault.
pub fn populate(base: u64, length: u64) {
    let is_present = |run: &Run| length == 0 || run.is_touched(base - run.address, length);
    if RUNS.with(|runs| runs.iter().find(|run| base >= run.address && base - run.address < run.bytes).is_none_or(is_present)) {
        return; // most calls: one look at the bits, however long the range
    }
    let mut address = base & !(PIECE_BYTES - 1);
    while address < base + length {
        populate_at(address);
        address += PIECE_BYTES;
    }
}

pub struct Creator;

struct Memory {
    address: u64,
    bytes: usize,
    /// Addresses set aside for it, the guard included.
    reserved_bytes: u64,
}

// Safety: `minimum` bytes read as zero when first touched; the rest of the reservation and the guard stay unmapped.
unsafe impl MemoryCreator for Creator {
    fn new_memory(
        &self, _: MemoryType, minimum: usize, _: Option<usize>, reserved: Option<usize>, guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        let bytes = minimum as u64;
        let reserved = reserved.ok_or("a memory without a reservation")?;
        let reserved_bytes = (reserved + guard) as u64;
        let Some(frame) = allocate_run(bytes, LARGE_PAGE_BYTES) else {
            return Err(alloc::format!("no run of {bytes} bytes of memory is free"));
        };
        let address = with_space(|space, frames| {
            let address = space.reserve(reserved_bytes)?;
            if space.prepare(frames, address, bytes, PIECE_BYTES).is_none() {
                space.release(frames, address, reserved_bytes);
                return None;
            }
            Some(address)
        });
        let Some(address) = address else {
            free_run(frame, bytes);
            return Err("no memory for page tables".to_string());
        };
        let touched = vec![0; bytes.div_ceil(PIECE_BYTES * 64) as usize];
        RUNS.with(|runs| runs.push(Run { address, frame, bytes, touched, resident_bytes: 0 }));
        Ok(Box::new(Memory { address, bytes: minimum, reserved_bytes }))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let run = RUNS.with(|runs| {
            let position = runs.iter().position(|run| run.address == self.address)?;
            Some(runs.swap_remove(position))
        });
        with_space(|space, frames| space.release(frames, self.address, self.reserved_bytes));
        if let Some(run) = run {
            free_run(run.frame, run.bytes);
        }
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

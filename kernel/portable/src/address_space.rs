//! Virtual addresses and x86-64 page tables (Intel SDM volume 3, §4.5), generic over where frames come from, so that
//! tests run the very code that the machine does.
//!
//! Below `start` lies the identity map that the boot code made; this owns [start, end). What stays true: a range that
//! `reserve` returned overlaps no other; a frame is freed only by `unmap`, and only if this mapped it with `protect`.
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

pub const PAGE_BYTES: u64 = 4096;
pub const LARGE_PAGE_BYTES: u64 = 2 << 20;
pub const PRESENT: u64 = 1;
pub const WRITABLE: u64 = 2;
pub const NO_EXECUTE: u64 = 1 << 63;
const LARGE: u64 = 1 << 7;
/// Bit for software: the frame belongs to someone else (a run that was mapped whole) and is not freed by `unmap`.
const BORROWED: u64 = 1 << 9;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

/// Physical frames and the tables in them.
pub trait Frames {
    /// `pages` adjacent zeroed frames.
    fn allocate(&mut self, pages: u64) -> Option<u64>;
    fn free(&mut self, address: u64);
    /// Where the kernel sees the frame at a physical address.
    fn table(&self, address: u64) -> *mut u64;
    /// The processor forgets what it knew of this address.
    fn invalidate(&mut self, address: u64);
}

pub struct AddressSpace {
    root: u64,
    next: u64,
    end: u64,
    /// Released ranges, by size: memories and code come in few sizes.
    released: BTreeMap<u64, Vec<u64>>,
}

// Safety of the raw table accesses in this file: `table` gives a valid pointer for every frame that is the root or that
// was allocated here and linked into a table, indexes are masked to 511, and nothing else writes these tables.
impl AddressSpace {
    pub fn new(root: u64, start: u64, end: u64) -> Self {
        AddressSpace { root, next: start, end, released: BTreeMap::new() }
    }

    /// Addresses for `size` bytes, aligned to a large page, with an unmapped gap behind them.
    pub fn reserve(&mut self, size: u64) -> Option<u64> {
        if let Some(address) = self.released.get_mut(&size).and_then(Vec::pop) {
            return Some(address);
        }
        let address = self.next;
        let next = address.checked_add(size)?.checked_add(PAGE_BYTES)?.checked_next_multiple_of(LARGE_PAGE_BYTES)?;
        if next > self.end {
            return None;
        }
        self.next = next;
        Some(address)
    }

    /// Unmaps a reserved range and lets it be reserved again.
    pub fn release<F: Frames>(&mut self, frames: &mut F, address: u64, size: u64) {
        self.unmap(frames, address, size);
        self.released.entry(size).or_default().push(address);
    }

    /// Entry of the table at `level` (1: 4 KiB pages, 2: 2 MiB pages). Missing tables above it are made if `create`.
    fn entry<F: Frames>(&self, frames: &mut F, address: u64, level: u32, create: bool) -> Option<*mut u64> {
        let mut table = self.root;
        for above in (level + 1..=4).rev() {
            let slot = unsafe { frames.table(table).add((address >> (3 + 9 * above)) as usize & 511) };
            unsafe {
                if *slot & PRESENT == 0 {
                    if !create {
                        return None;
                    }
                    *slot = frames.allocate(1)? | PRESENT | WRITABLE;
                } else if *slot & LARGE != 0 {
                    if !create {
                        return None;
                    }
                    Self::split(frames, slot, above)?;
                    frames.invalidate(address);
                }
                table = *slot & ADDRESS;
            }
        }
        Some(unsafe { frames.table(table).add((address >> (3 + 9 * level)) as usize & 511) })
    }

    /// Replaces a large page by a table of small ones with the same frames and rights.
    fn split<F: Frames>(frames: &mut F, slot: *mut u64, level: u32) -> Option<()> {
        let large = unsafe { *slot };
        let table = frames.allocate(1)?;
        let step = PAGE_BYTES << (9 * (level - 2));
        let flags = if level == 2 { large & !ADDRESS & !LARGE } else { large & !ADDRESS };
        for index in 0..512 {
            unsafe { *frames.table(table).add(index) = ((large & ADDRESS) + index as u64 * step) | flags };
        }
        unsafe { *slot = table | PRESENT | WRITABLE };
        Some(())
    }

    /// Makes the tables that `map_run` of any piece of this range will need, so that mapping cannot fail later. The range is
    /// mapped in pieces of `piece_bytes`.
    pub fn prepare<F: Frames>(&mut self, frames: &mut F, address: u64, size: u64, piece_bytes: u64) -> Option<()> {
        let end = address + size;
        for at in (address..end).step_by(LARGE_PAGE_BYTES as usize) {
            let level = if (end - at).min(piece_bytes) < LARGE_PAGE_BYTES { 1 } else { 2 };
            self.entry(frames, at, level, true)?;
        }
        Some(())
    }

    /// Maps a run of frames that stays its owner's, with large pages where the alignment allows.
    pub fn map_run<F: Frames>(&mut self, frames: &mut F, address: u64, frame: u64, size: u64, flags: u64) -> Option<()> {
        let mut done = 0;
        while done < size {
            let (at, from) = (address + done, frame + done);
            let is_large = (at | from) % LARGE_PAGE_BYTES == 0 && size - done >= LARGE_PAGE_BYTES;
            let (level, bytes, kind) = if is_large { (2, LARGE_PAGE_BYTES, LARGE) } else { (1, PAGE_BYTES, 0) };
            let entry = self.entry(frames, at, level, true)?;
            unsafe { *entry = from | flags | kind | BORROWED };
            done += bytes;
        }
        Some(())
    }

    /// Gives the pages of a range these rights; pages without a frame get a zeroed one, as one run if there is one.
    /// Flags 0 hides pages and keeps their frames.
    pub fn protect<F: Frames>(&mut self, frames: &mut F, address: u64, size: u64, flags: u64) -> Option<()> {
        let end = address + size;
        let mut run = (0, 0); // frames taken and not yet mapped
        let mut at = address;
        while at < end {
            let Some(entry) = self.entry(frames, at, 1, flags != 0) else {
                at += PAGE_BYTES;
                continue;
            };
            let old = unsafe { *entry };
            let frame = old & (ADDRESS | BORROWED);
            let new = if flags == 0 {
                frame // not present, and remembered
            } else if frame != 0 {
                frame | flags
            } else {
                if run.1 == 0 {
                    let pages = (end - at) / PAGE_BYTES;
                    run = match frames.allocate(pages) {
                        Some(first) => (first, pages),
                        None => (frames.allocate(1)?, 1),
                    };
                }
                run = (run.0 + PAGE_BYTES, run.1 - 1);
                (run.0 - PAGE_BYTES) | flags
            };
            unsafe { *entry = new };
            if old & PRESENT != 0 {
                frames.invalidate(at);
            }
            at += PAGE_BYTES;
        }
        for index in 0..run.1 {
            frames.free(run.0 + index * PAGE_BYTES);
        }
        Some(())
    }

    /// Changes the rights of pages that are mapped, splitting large pages where the range cuts them.
    pub fn restrict<F: Frames>(&mut self, frames: &mut F, address: u64, size: u64, flags: u64) -> Option<()> {
        let mut at = address;
        while at < address + size {
            let fits = at % LARGE_PAGE_BYTES == 0 && address + size - at >= LARGE_PAGE_BYTES;
            let is_large = fits && self.entry(frames, at, 2, true).is_some_and(|upper| unsafe { *upper & LARGE != 0 });
            let (level, bytes) = if is_large { (2, LARGE_PAGE_BYTES) } else { (1, PAGE_BYTES) };
            let entry = self.entry(frames, at, level, true)?;
            unsafe {
                if *entry & PRESENT != 0 {
                    let kept = *entry & (ADDRESS | LARGE | BORROWED);
                    *entry = if flags == 0 { 0 } else { kept | flags };
                }
            }
            frames.invalidate(at);
            at += bytes;
        }
        Some(())
    }

    /// Physical address behind a mapped virtual one.
    pub fn translate<F: Frames>(&self, frames: &mut F, address: u64) -> Option<u64> {
        for (level, bytes) in [(2, LARGE_PAGE_BYTES), (1, PAGE_BYTES)] {
            let Some(entry) = self.entry(frames, address, level, false) else { continue };
            let entry = unsafe { *entry };
            if entry & PRESENT != 0 && (level == 1 || entry & LARGE != 0) {
                return Some((entry & ADDRESS & !(bytes - 1)) | (address & (bytes - 1)));
            }
        }
        None
    }

    /// Takes everything out of a range; frames that `protect` took and tables that the range covers whole are freed.
    fn unmap<F: Frames>(&mut self, frames: &mut F, address: u64, size: u64) {
        let end = address + size;
        let mut at = address;
        while at < end {
            let next = ((at | (LARGE_PAGE_BYTES - 1)) + 1).min(end);
            let Some(upper) = self.entry(frames, at, 2, false) else {
                at = next;
                continue;
            };
            unsafe {
                if *upper & PRESENT == 0 || *upper & LARGE != 0 {
                    // Nothing here, or a large page of a run that is not ours to free.
                    *upper = 0;
                    frames.invalidate(at);
                } else {
                    let table = *upper & ADDRESS;
                    Self::empty(frames, table, at, next);
                    if next - at == LARGE_PAGE_BYTES {
                        *upper = 0;
                        frames.invalidate(at);
                        frames.free(table);
                    }
                }
            }
            at = next;
        }
    }

    /// Clears the entries of [start, end) in a table of small pages.
    fn empty<F: Frames>(frames: &mut F, table: u64, start: u64, end: u64) {
        for at in (start..end).step_by(PAGE_BYTES as usize) {
            unsafe {
                let entry = frames.table(table).add((at >> 12) as usize & 511);
                let old = core::mem::replace(&mut *entry, 0);
                if old & ADDRESS != 0 {
                    frames.invalidate(at);
                    if old & BORROWED == 0 {
                        frames.free(old & ADDRESS);
                    }
                }
            }
        }
    }

    /// Unmaps a range that stays reserved.
    pub fn clear<F: Frames>(&mut self, frames: &mut F, address: u64, size: u64) {
        self.unmap(frames, address, size);
    }
}

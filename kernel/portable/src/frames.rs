//! Which physical pages are free.
//!
//! A sorted list of free extents in a fixed array: runs matter more than single pages here, because a linear memory must
//! be one run to be one DMA segment. Allocation takes from the highest extent that fits, so that the long runs at the top
//! are used whole and the rest stays together. What stays true: extents are disjoint, not adjacent, and ascending; a page
//! that cannot be noted when it is freed (the array is full) is lost, never handed out twice.

pub const PAGE_BYTES: u64 = 4096;
const EXTENT_LIMIT: usize = 256;

/// [start, end), multiples of the page size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Extent {
    start: u64,
    end: u64,
}

pub struct FrameAllocator {
    extents: [Extent; EXTENT_LIMIT],
    count: usize,
    lost_pages: u64,
}

impl Default for FrameAllocator {
    fn default() -> Self {
        Self::new()
    }
}

impl FrameAllocator {
    pub const fn new() -> Self {
        FrameAllocator { extents: [Extent { start: 0, end: 0 }; EXTENT_LIMIT], count: 0, lost_pages: 0 }
    }

    /// Adds memory; partial pages at either end are left out. It must not be free already.
    pub fn add(&mut self, start: u64, end: u64) {
        let (start, end) = (start.next_multiple_of(PAGE_BYTES), end & !(PAGE_BYTES - 1));
        if start < end {
            self.insert(Extent { start, end });
        }
    }

    /// Takes whatever is free of [start, end) out for good.
    pub fn reserve(&mut self, start: u64, end: u64) {
        let (start, end) = (start & !(PAGE_BYTES - 1), end.next_multiple_of(PAGE_BYTES));
        let mut index = 0;
        while index < self.count {
            let extent = self.extents[index];
            if extent.end <= start || extent.start >= end {
                index += 1;
                continue;
            }
            self.remove(index);
            if extent.start < start {
                self.insert(Extent { start: extent.start, end: start });
            }
            if extent.end > end {
                self.insert(Extent { start: end, end: extent.end });
            }
            index = 0; // the extents moved; each turn shrinks what overlaps, so this ends
        }
    }

    /// `pages` adjacent pages whose first address is a multiple of `alignment` (a power of two of at least a page).
    /// Their contents are whatever was there.
    pub fn allocate(&mut self, pages: u64, alignment: u64) -> Option<u64> {
        let bytes = pages.checked_mul(PAGE_BYTES).filter(|&bytes| bytes > 0)?;
        for index in (0..self.count).rev() {
            let extent = self.extents[index];
            let Some(start) = extent.end.checked_sub(bytes).map(|start| start & !(alignment - 1)) else { continue };
            if start < extent.start {
                continue;
            }
            self.remove(index);
            if start + bytes < extent.end {
                self.insert(Extent { start: start + bytes, end: extent.end });
            }
            if extent.start < start {
                self.insert(Extent { start: extent.start, end: start });
            }
            return Some(start);
        }
        None
    }

    /// Gives back pages that `allocate` handed out.
    pub fn free(&mut self, start: u64, pages: u64) {
        self.insert(Extent { start, end: start + pages * PAGE_BYTES });
    }

    /// Is all of [start, end) free?
    pub fn is_free(&self, start: u64, end: u64) -> bool {
        self.extents[..self.count].iter().any(|extent| extent.start <= start && end <= extent.end)
    }

    pub fn free_bytes(&self) -> u64 {
        self.extents[..self.count].iter().map(|extent| extent.end - extent.start).sum()
    }

    pub fn lost_bytes(&self) -> u64 {
        self.lost_pages * PAGE_BYTES
    }

    fn remove(&mut self, index: usize) {
        self.extents.copy_within(index + 1..self.count, index);
        self.count -= 1;
    }

    fn insert(&mut self, new: Extent) {
        let mut position = self.extents[..self.count].partition_point(|extent| extent.start < new.start);
        debug_assert!(position == 0 || self.extents[position - 1].end <= new.start, "freed twice");
        debug_assert!(position == self.count || new.end <= self.extents[position].start, "freed twice");
        let mut new = new;
        if position > 0 && self.extents[position - 1].end == new.start {
            position -= 1;
            new.start = self.extents[position].start;
            self.remove(position);
        }
        if position < self.count && self.extents[position].start == new.end {
            new.end = self.extents[position].end;
            self.remove(position);
        }
        if self.count == EXTENT_LIMIT {
            self.lost_pages += (new.end - new.start) / PAGE_BYTES;
            return;
        }
        self.extents.copy_within(position..self.count, position + 1);
        self.extents[position] = new;
        self.count += 1;
    }
}

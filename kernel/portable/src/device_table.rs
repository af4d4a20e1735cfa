//! Which pages a device may touch: the table that an IOMMU walks for it, with device addresses equal to physical ones
//! (Intel VT-d 3.3 §9.8, second-level paging entries; three levels, 39 bits).
//!
//! ```text
//! entry of a page   0 device reads | 1 device writes | 12–51 address | 52–56 openings for reading | 57–61 openings for writing
//! ```
//!
//! Hardware ignores bits 52 to 61. What stays true: a right is in an entry exactly while its count is not 0; a change that takes a
//! right away, or changes a page that the device could reach already, is followed by an invalidation before the function
//! returns; what fails half-way is undone.
use crate::Status;
use crate::generated::{right, status};
use crate::machine::Iommu;

pub const PAGE_SHIFT: u32 = 12;
/// Addresses of a table of three levels.
pub const ADDRESS_BITS: u32 = 39;
const LEVELS: u32 = 3;
const ENTRIES: u64 = 512;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;
/// In entries, bit 0 is the device's right to read and bit 1 that to write, as in the rights of a lease.
const RIGHTS: u64 = (right::READ | right::WRITE) as u64;
const COUNT_LIMIT: u64 = 31;
/// (right, place of its count)
const COUNTS: [(u64, u32); 2] = [(right::READ as u64, 52), (right::WRITE as u64, 57)];

/// Pages [first, end), by physical page number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pages {
    pub first: u32,
    pub end: u32,
}

impl Pages {
    /// The pages that [address, address + length) touches; `None` beyond what a table can name. The length is not 0.
    pub fn of(address: u64, length: u64) -> Option<Pages> {
        let end = address.checked_add(length).filter(|&end| end <= 1 << ADDRESS_BITS)?;
        Some(Pages { first: (address >> PAGE_SHIFT) as u32, end: ((end - 1) >> PAGE_SHIFT) as u32 + 1 })
    }
    pub fn is_empty(self) -> bool {
        self.first >= self.end
    }
    pub fn address(self) -> u64 {
        u64::from(self.first) << PAGE_SHIFT
    }
    pub fn count(self) -> u64 {
        u64::from(self.end.saturating_sub(self.first))
    }
}

pub struct DeviceTable {
    iommu: &'static dyn Iommu,
}

// Safety of the raw accesses in this file: `entries` of the machine gives a valid pointer to 512 words for the top table and every
// frame that was allocated here and linked into a table; indexes stay below 512; nothing else writes these tables, and the
// device's walks of them only read.
impl DeviceTable {
    pub fn new(iommu: &'static dyn Iommu) -> Self {
        DeviceTable { iommu }
    }

    /// One opening more of each page, for these rights (at least one). `OutOfMemory` if there is no frame for a table, or a
    /// page has as many openings as can be counted.
    pub fn open(&self, pages: Pages, rights: u32) -> Result<(), Status> {
        let mut was_reachable = false;
        let done = self.each(pages, true, |entry, page| {
            let mut new = entry & !ADDRESS | u64::from(page) << PAGE_SHIFT;
            for (bit, shift) in COUNTS {
                if u64::from(rights) & bit != 0 {
                    if new >> shift & COUNT_LIMIT == COUNT_LIMIT {
                        return None;
                    }
                    new = (new + (1 << shift)) | bit;
                }
            }
            was_reachable |= entry & RIGHTS != 0 && (entry ^ new) & RIGHTS != 0;
            Some(new)
        });
        if done < pages.end {
            self.close(Pages { end: done, ..pages }, rights);
            return Err(status::OUT_OF_MEMORY);
        }
        if was_reachable {
            self.iommu.invalidate(pages.address(), pages.count());
        }
        Ok(())
    }

    /// The end of what one `open` of the same pages and rights began.
    pub fn close(&self, pages: Pages, rights: u32) {
        let mut is_less = false;
        self.each(pages, false, |entry, _| {
            let mut new = entry;
            for (bit, shift) in COUNTS {
                if u64::from(rights) & bit != 0 && new >> shift & COUNT_LIMIT != 0 {
                    new -= 1 << shift;
                    if new >> shift & COUNT_LIMIT == 0 {
                        new &= !bit;
                        is_less = true;
                    }
                }
            }
            Some(if new & RIGHTS == 0 { 0 } else { new })
        });
        if is_less {
            self.iommu.invalidate(pages.address(), pages.count());
        }
    }

    /// Gives each page these rights, if it has them not, for as long as the table is. As `open` otherwise.
    pub fn keep(&self, pages: Pages, rights: u32) -> Result<(), Status> {
        for page in pages.first..pages.end {
            let missing = rights & !self.rights(page);
            if missing != 0 {
                self.open(Pages { first: page, end: page + 1 }, missing)?;
            }
        }
        Ok(())
    }

    /// What the device may do with a page.
    pub fn rights(&self, page: u32) -> u32 {
        let leaf = self.leaf(page, false);
        // Safety: above.
        leaf.map_or(0, |leaf| unsafe { leaf.add(page as usize & 511).read() & RIGHTS } as u32)
    }

    /// Takes everything away and gives the tables back.
    pub fn clear(&self) {
        let top = self.iommu.top();
        let mut tables = [0u64; ENTRIES as usize];
        // Safety of this function: above. The tables are unlinked and forgotten by the hardware before their frames are free.
        for (index, table) in tables.iter_mut().enumerate() {
            unsafe { *table = self.iommu.entries(top).add(index).replace(0) & ADDRESS };
        }
        if tables.iter().all(|&table| table == 0) {
            return;
        }
        self.iommu.written(self.iommu.entries(top), ENTRIES as usize);
        self.iommu.invalidate(0, 1 << (ADDRESS_BITS - PAGE_SHIFT));
        for table in tables.into_iter().filter(|&table| table != 0) {
            for index in 0..ENTRIES as usize {
                let leaf = unsafe { self.iommu.entries(table).add(index).read() } & ADDRESS;
                if leaf != 0 {
                    self.iommu.free(leaf);
                }
            }
            self.iommu.free(table);
        }
    }

    /// Replaces the entry of each page in turn by what `change` makes of it, until that is nothing or a table is missing and
    /// cannot be made (or need not: then its pages are passed over). Returns the page at which it ended.
    fn each(&self, pages: Pages, create: bool, mut change: impl FnMut(u64, u32) -> Option<u64>) -> u32 {
        let mut page = pages.first;
        while page < pages.end {
            let end = pages.end.min((page | 511) + 1);
            let Some(leaf) = self.leaf(page, create) else {
                if create {
                    return page;
                }
                page = end;
                continue;
            };
            let first = page;
            let mut is_whole = true;
            while page < end && is_whole {
                // Safety: above. One aligned write, so the hardware sees the old entry or the new one.
                let slot = unsafe { leaf.add(page as usize & 511) };
                match change(unsafe { slot.read() }, page) {
                    Some(new) => {
                        unsafe { slot.write_volatile(new) };
                        page += 1;
                    }
                    None => is_whole = false,
                }
            }
            self.iommu.written(unsafe { leaf.add(first as usize & 511) }, (page - first) as usize);
            if !is_whole {
                return page;
            }
        }
        page
    }

    /// The table that holds the entry of a page.
    fn leaf(&self, page: u32, create: bool) -> Option<*mut u64> {
        let mut table = self.iommu.entries(self.iommu.top());
        for level in (1..LEVELS).rev() {
            // Safety: above. A lower table allows everything: the page's own entry decides.
            let slot = unsafe { table.add((page >> (9 * level)) as usize & 511) };
            let mut entry = unsafe { slot.read() };
            if entry == 0 {
                if !create {
                    return None;
                }
                entry = self.iommu.allocate()? | RIGHTS;
                unsafe { slot.write_volatile(entry) };
                self.iommu.written(slot, 1);
            }
            table = self.iommu.entries(entry & ADDRESS);
        }
        Some(table)
    }
}

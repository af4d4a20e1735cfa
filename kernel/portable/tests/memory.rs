//! Frames and page tables, on a physical memory made of a vector.
use axiom_kernel_portable::address_space::{AddressSpace, Frames, LARGE_PAGE_BYTES, NO_EXECUTE, PAGE_BYTES, PRESENT, WRITABLE};
use axiom_kernel_portable::frames::FrameAllocator;

const RAM_BYTES: u64 = 64 << 20;
const READ_WRITE: u64 = PRESENT | WRITABLE | NO_EXECUTE;
const START: u64 = 1 << 39;

struct Toy {
    ram: Vec<u64>,
    free: FrameAllocator,
    freed: u64,
    /// Largest run that is given out.
    longest: u64,
}

impl Toy {
    fn new(longest: u64) -> Self {
        let mut free = FrameAllocator::new();
        free.add(PAGE_BYTES, RAM_BYTES);
        Toy { ram: vec![0; RAM_BYTES as usize / 8], free, freed: 0, longest }
    }
}

impl Frames for Toy {
    fn allocate(&mut self, pages: u64) -> Option<u64> {
        if pages > self.longest {
            return None;
        }
        let start = self.free.allocate(pages, PAGE_BYTES)?;
        let (first, count) = (start as usize / 8, (pages * PAGE_BYTES) as usize / 8);
        self.ram[first..first + count].fill(0);
        Some(start)
    }
    fn free(&mut self, address: u64) {
        self.freed += 1;
        self.free.free(address, 1);
    }
    fn table(&self, address: u64) -> *mut u64 {
        self.ram.as_ptr().wrapping_add(address as usize / 8).cast_mut()
    }
    fn invalidate(&mut self, _: u64) {}
}

fn space(toy: &mut Toy) -> AddressSpace {
    let root = toy.allocate(1).unwrap();
    AddressSpace::new(root, START, 1 << 47)
}

#[test]
fn frames_match_a_plain_set() {
    let mut allocator = FrameAllocator::new();
    allocator.add(0x1800, 0x40_0000); // the first page is partial
    let mut model = vec![true; 0x400];
    (model[0], model[1]) = (false, false);
    let mut held: Vec<(u64, u64)> = Vec::new();
    let mut random = 7u64;
    for _ in 0..20_000 {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let (choice, pages, alignment) = (random >> 60, (random >> 40) % 9 + 1, PAGE_BYTES << ((random >> 50) % 4));
        if choice < 9 {
            if let Some(start) = allocator.allocate(pages, alignment) {
                assert_eq!(start % alignment, 0);
                for page in start / PAGE_BYTES..start / PAGE_BYTES + pages {
                    assert!(std::mem::replace(&mut model[page as usize], false), "page {page} was not free");
                }
                held.push((start, pages));
            }
        } else if !held.is_empty() {
            let (start, pages) = held.swap_remove((random >> 20) as usize % held.len());
            allocator.free(start, pages);
            (start / PAGE_BYTES..start / PAGE_BYTES + pages).for_each(|page| model[page as usize] = true);
        }
        let free = model.iter().filter(|&&is_free| is_free).count() as u64 * PAGE_BYTES;
        assert_eq!(allocator.free_bytes() + allocator.lost_bytes(), free);
    }
    assert_eq!(allocator.lost_bytes(), 0);
}

#[test]
fn what_is_reserved_is_never_given_out() {
    let mut allocator = FrameAllocator::new();
    allocator.add(0x10_0000, 0x20_0000);
    allocator.reserve(0x14_0800, 0x15_0001); // rounded outward
    allocator.reserve(0, 0x10_1000);
    allocator.reserve(0x1f_ffff, 0x30_0000);
    assert!(allocator.is_free(0x10_1000, 0x14_0000) && !allocator.is_free(0x10_1000, 0x14_1000) && !allocator.is_free(0, 1));
    let mut pages = 0;
    while let Some(start) = allocator.allocate(1, PAGE_BYTES) {
        assert!((0x10_1000..0x14_0000).contains(&start) || (0x15_1000..0x1f_f000).contains(&start), "{start:#x}");
        pages += 1;
    }
    assert_eq!(pages, 0x3f + 0xae);
    assert_eq!(allocator.allocate(0, PAGE_BYTES), None);
    assert_eq!(allocator.allocate(u64::MAX, PAGE_BYTES), None);
}

#[test]
fn a_run_is_mapped_with_large_pages_and_small_ones_at_its_end() {
    let toy = &mut Toy::new(u64::MAX);
    let mut space = space(toy);
    let size = LARGE_PAGE_BYTES * 2 + 16 * PAGE_BYTES;
    let frame = toy.free.allocate(size / PAGE_BYTES, LARGE_PAGE_BYTES).unwrap();
    let address = space.reserve(4 << 30).unwrap();
    assert_eq!(address % LARGE_PAGE_BYTES, 0);
    space.prepare(toy, address, size, LARGE_PAGE_BYTES).unwrap();
    let before = toy.free.free_bytes();
    assert_eq!(space.translate(toy, address), None, "prepared is not mapped");
    space.map_run(toy, address, frame, size, READ_WRITE).unwrap();
    assert_eq!(toy.free.free_bytes(), before, "the tables were there");
    for offset in [0, 5, LARGE_PAGE_BYTES + 7, size - 1] {
        assert_eq!(space.translate(toy, address + offset), Some(frame + offset));
    }
    assert_eq!(space.translate(toy, address + size), None);
    space.release(toy, address, 4 << 30);
    assert_eq!((space.translate(toy, address), toy.freed), (None, 1), "the run stays its owner's; the table of small pages is given back");
    // The addresses serve a memory of another size, and nothing is left over after it.
    let free = toy.free.free_bytes();
    for (pages, piece_bytes) in [(16, LARGE_PAGE_BYTES), (1024, LARGE_PAGE_BYTES), (1024, 4 * PAGE_BYTES), (512, LARGE_PAGE_BYTES), (3, PAGE_BYTES)] {
        assert_eq!(space.reserve(4 << 30), Some(address));
        space.prepare(toy, address, pages * PAGE_BYTES, piece_bytes).unwrap();
        let prepared = toy.free.free_bytes();
        for at in (0..pages * PAGE_BYTES).step_by(piece_bytes as usize) {
            space.map_run(toy, address + at, frame + at, piece_bytes.min(pages * PAGE_BYTES - at), READ_WRITE).unwrap();
        }
        assert_eq!(toy.free.free_bytes(), prepared, "the tables were there");
        assert_eq!(space.translate(toy, address + pages * PAGE_BYTES - 1), Some(frame + pages * PAGE_BYTES - 1));
        assert_eq!(space.translate(toy, address + pages * PAGE_BYTES), None);
        space.release(toy, address, 4 << 30);
        assert_eq!((space.translate(toy, address), toy.free.free_bytes()), (None, free));
    }
}

#[test]
fn protect_commits_one_run_and_hides_without_losing() {
    for longest in [u64::MAX, 1] {
        let toy = &mut Toy::new(longest);
        let mut space = space(toy);
        let address = space.reserve(64 * PAGE_BYTES).unwrap();
        space.protect(toy, address + 3 * PAGE_BYTES, PAGE_BYTES, READ_WRITE).unwrap();
        let middle = space.translate(toy, address + 3 * PAGE_BYTES);
        space.protect(toy, address, 20 * PAGE_BYTES, READ_WRITE).unwrap();
        assert_eq!(space.translate(toy, address + 3 * PAGE_BYTES), middle, "a mapped page keeps its frame");
        let mut frames: Vec<u64> = (0..20).map(|page| space.translate(toy, address + page * PAGE_BYTES).unwrap()).collect();
        frames.sort();
        frames.dedup();
        assert_eq!(frames.len(), 20);
        let first = space.translate(toy, address);
        space.protect(toy, address, PAGE_BYTES, 0).unwrap();
        assert_eq!(space.translate(toy, address), None);
        space.protect(toy, address, PAGE_BYTES, PRESENT).unwrap();
        assert_eq!(space.translate(toy, address), first);
        let before = toy.free.free_bytes();
        space.release(toy, address, 64 * PAGE_BYTES);
        assert_eq!(toy.free.free_bytes(), before + 20 * PAGE_BYTES, "each frame came back once");
    }
}

#[test]
fn restrict_splits_a_large_page_only_where_it_must() {
    let toy = &mut Toy::new(u64::MAX);
    let mut space = space(toy);
    let address = space.reserve(8 << 20).unwrap();
    let frame = toy.free.allocate(2048, LARGE_PAGE_BYTES).unwrap();
    space.map_run(toy, address, frame, 8 << 20, PRESENT | WRITABLE).unwrap();
    let before = toy.free.free_bytes();
    space.restrict(toy, address, 4 << 20, PRESENT | NO_EXECUTE).unwrap();
    assert_eq!(toy.free.free_bytes(), before, "whole large pages are changed in place");
    space.restrict(toy, address + (4 << 20) + PAGE_BYTES, PAGE_BYTES, 0).unwrap();
    assert_eq!(before - toy.free.free_bytes(), PAGE_BYTES, "one table");
    assert_eq!(space.translate(toy, address + (4 << 20) + PAGE_BYTES), None, "the guard page is gone");
    for offset in [0, 4 << 20, (4 << 20) + 2 * PAGE_BYTES, (8 << 20) - 1] {
        assert_eq!(space.translate(toy, address + offset), Some(frame + offset));
    }
    // Again over the page that is split now: small pages, and the hole stays a hole.
    space.restrict(toy, address + (4 << 20), 2 << 20, PRESENT).unwrap();
    assert_eq!(space.translate(toy, address + (4 << 20) + PAGE_BYTES), None);
    assert_eq!(space.translate(toy, address + (4 << 20)), Some(frame + (4 << 20)));
}

//! Physical memory, the kernel's heap, and the rights of its own pages.
//!
//! All memory is used and mapped one to one. What stays true: the kernel image, the bundle and the trace ring are taken out
//! before the first allocation; after `protect_kernel` no page is both writable and executable, and below every stack
//! there is a page that is not there.
use crate::{cpu, descriptors};
use crate::single::Single;
use axiom_kernel_portable::address_space::{AddressSpace, Frames, NO_EXECUTE, PRESENT, WRITABLE};
use axiom_kernel_portable::frames::{FrameAllocator, PAGE_BYTES};
use core::alloc::{GlobalAlloc, Layout};
use core::arch::asm;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use dlmalloc::Dlmalloc;

/// What the boot code has mapped one to one.
const BOOT_MAPPED: u64 = 4 << 30;
/// Physical addresses from here on are not used: linear memories and code have these virtual ones.
pub const PHYSICAL_LIMIT: u64 = MAPPED_START;
const WRITE_THROUGH: u64 = 1 << 3;
const CACHE_DISABLE: u64 = 1 << 4;
/// Firmware and boot loader keep their things below.
const LOWEST: u64 = 1 << 20;
/// Linear memories and code lie in the upper 127.5 TiB of the lower half.
const MAPPED_START: u64 = 1 << 39;
const MAPPED_END: u64 = 1 << 47;

static FRAMES: Single<FrameAllocator> = Single::new(FrameAllocator::new());
/// Pieces of RAM, [start, end); unused ones are zero.
static RAM: Single<[(u64, u64); 16]> = Single::new([(0, 0); 16]);
static SPACE: Single<Option<AddressSpace>> = Single::new(None);
/// Bytes of the heap; bytes of page tables and of what Wasmtime maps (code).
static HEAP_BYTES: AtomicU64 = AtomicU64::new(0);
static MAPPED_BYTES: AtomicU64 = AtomicU64::new(0);

// Addresses of the linker script and of boot.s; only their addresses mean anything.
unsafe extern "C" {
    static kernel_start: u8;
    static kernel_rodata: u8;
    static kernel_data: u8;
    static kernel_end: u8;
    static boot_stack_guard: u8;
    static boot_stack: u8;
    static boot_stack_top: u8;
}

/// The kernel image with its zeroed data, [start, end).
pub fn kernel_image() -> (u64, u64) {
    (&raw const kernel_start as u64, &raw const kernel_end as u64)
}

/// The kernel's code ends here.
pub fn text_end() -> u64 {
    &raw const kernel_rodata as u64
}

/// Bytes of the kernel's stack that are left.
#[inline]
pub fn stack_end() -> usize {
    &raw const boot_stack as usize
}

/// Does [start, end) lie on the kernel's stack?
pub fn is_stack(start: u64, end: u64) -> bool {
    start <= end && start >= &raw const boot_stack as u64 && end <= &raw const boot_stack_top as u64
}

/// Notes a piece of RAM, and uses what of it is mapped already.
pub fn add_ram(start: u64, end: u64) {
    let (start, end) = (start.max(LOWEST), end.min(PHYSICAL_LIMIT));
    if start >= end {
        return;
    }
    FRAMES.with(|frames| frames.add(start, end.min(BOOT_MAPPED)));
    RAM.with(|pieces| {
        let free = pieces.iter_mut().find(|piece| piece.1 == 0);
        *free.expect("RAM in at most 16 pieces") = (start, end);
    });
}

/// Maps the RAM above 4 GiB one to one and uses it too. Its page tables come from what is below, so whatever must not be
/// taken there is reserved by now.
pub fn use_high_ram() {
    for (start, end) in RAM.with(|pieces| *pieces) {
        let (start, end) = (start.max(BOOT_MAPPED).next_multiple_of(PAGE_BYTES), end & !(PAGE_BYTES - 1));
        if start < end {
            let flags = PRESENT | WRITABLE | NO_EXECUTE;
            with_space(|space, frames| space.map_run(frames, start, start, end - start, flags)).expect("memory for page tables");
            FRAMES.with(|frames| frames.add(start, end));
        }
    }
}

/// Makes device registers reachable, which the boot code has done below 4 GiB. They are not RAM.
pub fn map_registers(start: u64, end: u64) -> Option<()> {
    let (start, end) = (start & !(PAGE_BYTES - 1), end.next_multiple_of(PAGE_BYTES));
    if end <= BOOT_MAPPED {
        return Some(());
    }
    let flags = PRESENT | WRITABLE | NO_EXECUTE | CACHE_DISABLE | WRITE_THROUGH;
    with_space(|space, frames| space.map_run(frames, start, start, end - start, flags))
}

pub fn reserve(start: u64, end: u64) {
    FRAMES.with(|frames| frames.reserve(start, end));
}

/// Is all of [start, end) free RAM?
pub fn is_free(start: u64, end: u64) -> bool {
    start < end && FRAMES.with(|frames| frames.is_free(start, end))
}

/// Does [start, end) touch anything that the firmware called RAM?
pub fn is_ram(start: u64, end: u64) -> bool {
    RAM.with(|pieces| pieces.iter().any(|piece| start < piece.1 && end > piece.0))
}

pub fn free_bytes() -> u64 {
    FRAMES.with(|frames| frames.free_bytes())
}

/// Bytes of the kernel's image with its stacks, of its heap, and of page tables and code.
pub fn resident_bytes() -> [u64; 3] {
    let (start, end) = kernel_image();
    [end - start, HEAP_BYTES.load(Relaxed), MAPPED_BYTES.load(Relaxed)]
}

/// A run of frames, with whatever they held.
pub fn allocate_run(bytes: u64, alignment: u64) -> Option<u64> {
    FRAMES.with(|frames| frames.allocate(bytes.div_ceil(PAGE_BYTES), alignment))
}

pub fn free_run(start: u64, bytes: u64) {
    FRAMES.with(|frames| frames.free(start, bytes.div_ceil(PAGE_BYTES)));
}

/// The page tables, made when first asked for.
pub fn with_space<R>(action: impl FnOnce(&mut AddressSpace, &mut Physical) -> R) -> R {
    SPACE.with(|space| {
        let space = space.get_or_insert_with(|| AddressSpace::new(cpu::page_table_root(), MAPPED_START, MAPPED_END));
        action(space, &mut Physical)
    })
}

/// Frames for page tables and for what Wasmtime maps.
pub struct Physical;

// Safety: frames come from RAM that is mapped one to one, and nobody else has them.
impl Frames for Physical {
    fn allocate(&mut self, pages: u64) -> Option<u64> {
        let start = allocate_run(pages * PAGE_BYTES, PAGE_BYTES)?;
        unsafe { core::ptr::write_bytes(start as *mut u8, 0, (pages * PAGE_BYTES) as usize) };
        MAPPED_BYTES.fetch_add(pages * PAGE_BYTES, Relaxed);
        Some(start)
    }
    fn free(&mut self, address: u64) {
        MAPPED_BYTES.fetch_sub(PAGE_BYTES, Relaxed);
        free_run(address, PAGE_BYTES);
    }
    fn table(&self, address: u64) -> *mut u64 {
        address as *mut u64
    }
    fn invalidate(&mut self, address: u64) {
        unsafe { asm!("invlpg [{}]", in(reg) address, options(nostack, preserves_flags)) }
    }
}

/// Takes away rights that nobody needs: code is not writable, everything else not executable. The pages below the stacks and
/// the first page of all are not there, so that an overflow and a null pointer are faults and not damage.
pub fn protect_kernel() {
    let (start, end) = kernel_image();
    let (rodata, data) = (&raw const kernel_rodata as u64, &raw const kernel_data as u64);
    let ranges = [
        (0, start, PRESENT | WRITABLE | NO_EXECUTE),
        (start, rodata, PRESENT),
        (rodata, data, PRESENT | NO_EXECUTE),
        (data, end, PRESENT | WRITABLE | NO_EXECUTE),
        (end, BOOT_MAPPED, PRESENT | WRITABLE | NO_EXECUTE),
        (0, PAGE_BYTES, 0),
    ];
    let guards = descriptors::guard_pages().into_iter().chain([&raw const boot_stack_guard as u64]).map(|guard| (guard, guard + PAGE_BYTES, 0));
    with_space(|space, frames| {
        for (from, to, flags) in ranges.into_iter().chain(guards) {
            space.restrict(frames, from, to - from, flags).expect("memory for page tables");
        }
    });
}

/// Where the heap gets memory: runs of frames, never given back.
struct Chunks;

// Safety: each chunk is memory that nobody else has.
unsafe impl dlmalloc::Allocator for Chunks {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        const CHUNK_BYTES: usize = 256 << 10;
        let size = size.next_multiple_of(CHUNK_BYTES);
        match allocate_run(size as u64, PAGE_BYTES) {
            Some(start) => {
                HEAP_BYTES.fetch_add(size as u64, Relaxed);
                (start as *mut u8, size, 0)
            }
            None => (core::ptr::null_mut(), 0, 0),
        }
    }
    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        core::ptr::null_mut()
    }
    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }
    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }
    fn can_release_part(&self, _: u32) -> bool {
        false
    }
    fn allocates_zeros(&self) -> bool {
        false
    }
    fn page_size(&self) -> usize {
        PAGE_BYTES as usize
    }
}

/// The heap of the kernel and of Wasmtime.
struct Heap(Single<Dlmalloc<Chunks>>);

#[global_allocator]
static HEAP: Heap = Heap(Single::new(Dlmalloc::new_with_allocator(Chunks)));

// Safety: interrupt handlers do not allocate, so calls never overlap; the layouts are those of the caller's contract.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.0.with(|heap| unsafe { heap.malloc(layout.size(), layout.align()) })
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.0.with(|heap| unsafe { heap.calloc(layout.size(), layout.align()) })
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.0.with(|heap| unsafe { heap.free(pointer, layout.size(), layout.align()) })
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.0.with(|heap| unsafe { heap.realloc(pointer, layout.size(), layout.align(), size) })
    }
}

//! What Wasmtime asks of an operating system (its `wasmtime-platform.h`): mappings for code, a thread's pointers, and no
//! copy-on-write images. Linear memories do not come this way (`linear_memory.rs`).
use crate::memory::with_space;
use crate::single::Single;
use axiom_kernel_portable::address_space::{NO_EXECUTE, PRESENT, WRITABLE};

const OUT_OF_MEMORY: i32 = 12;
const PROT_WRITE: u32 = 2;
const PROT_EXEC: u32 = 4;
const PAGE_BYTES: usize = 4096;

/// Pointers that are one a thread; there is one thread.
static THREAD: Single<[*mut u8; 2]> = Single::new([core::ptr::null_mut(); 2]);

#[unsafe(no_mangle)]
extern "C" fn wasmtime_tls_get(slot: usize) -> *mut u8 {
    THREAD.with(|slots| slots[slot])
}
#[unsafe(no_mangle)]
extern "C" fn wasmtime_tls_set(slot: usize, pointer: *mut u8) {
    THREAD.with(|slots| slots[slot] = pointer)
}

fn flags(protection: u32) -> u64 {
    if protection & 7 == 0 {
        return 0;
    }
    let write = if protection & PROT_WRITE != 0 { WRITABLE } else { 0 };
    let execute = if protection & PROT_EXEC != 0 { 0 } else { NO_EXECUTE };
    PRESENT | write | execute
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_page_size() -> usize {
    PAGE_BYTES
}
#[unsafe(no_mangle)]
extern "C" fn wasmtime_mmap_new(size: usize, protection: u32, result: &mut *mut u8) -> i32 {
    with_space(|space, frames| {
        let Some(address) = space.reserve(size as u64) else { return OUT_OF_MEMORY };
        if protection != 0 && space.protect(frames, address, size as u64, flags(protection)).is_none() {
            space.release(frames, address, size as u64);
            return OUT_OF_MEMORY;
        }
        *result = address as *mut u8;
        0
    })
}
#[unsafe(no_mangle)]
extern "C" fn wasmtime_mmap_remap(address: *mut u8, size: usize, protection: u32) -> i32 {
    with_space(|space, frames| space.clear(frames, address as u64, size as u64));
    wasmtime_mprotect(address, size, protection)
}
#[unsafe(no_mangle)]
extern "C" fn wasmtime_munmap(address: *mut u8, size: usize) -> i32 {
    with_space(|space, frames| space.release(frames, address as u64, size as u64));
    0
}
#[unsafe(no_mangle)]
extern "C" fn wasmtime_mprotect(address: *mut u8, size: usize, protection: u32) -> i32 {
    let done = with_space(|space, frames| space.protect(frames, address as u64, size as u64, flags(protection)));
    if done.is_some() { 0 } else { OUT_OF_MEMORY }
}

// The engine is configured without copy-on-write images; a null image makes Wasmtime copy data segments.
#[unsafe(no_mangle)]
extern "C" fn wasmtime_memory_image_new(_: *const u8, _: usize, result: &mut *mut u8) -> i32 {
    *result = core::ptr::null_mut();
    0
}
#[unsafe(no_mangle)]
extern "C" fn wasmtime_memory_image_map_at(_: *mut u8, _: *mut u8, _: usize) -> i32 {
    OUT_OF_MEMORY
}
#[unsafe(no_mangle)]
extern "C" fn wasmtime_memory_image_free(_: *mut u8) {}

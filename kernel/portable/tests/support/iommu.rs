//! An IOMMU of plain memory: frames are pages of this process, and what was invalidated is noted.
#![allow(dead_code)]
use axiom_kernel_portable::machine::{DeviceFault, Iommu};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

pub struct FakeIommu {
    top: u64,
    /// Frames that are in use, the top not counted, and how many there may be.
    pub frames: Cell<u32>,
    pub frame_limit: Cell<u32>,
    /// (address, pages)
    pub invalidations: RefCell<Vec<(u64, u64)>>,
    /// Entries that the hardware was told of, and bytes made present for devices.
    pub written: Cell<usize>,
    pub prepared: Cell<u64>,
    pub faults: RefCell<VecDeque<DeviceFault>>,
    /// Blocked when the driver next reads a register.
    pub block_at_read: Cell<Option<DeviceFault>>,
    word: Cell<Option<(&'static AtomicU32, u32)>>,
}

const FRAME: Layout = Layout::new::<Frame>();
#[repr(align(4096))]
struct Frame(#[allow(dead_code)] [u8; 4096]);

impl FakeIommu {
    pub fn new() -> &'static FakeIommu {
        let top = unsafe { alloc_zeroed(FRAME) } as u64;
        Box::leak(Box::new(FakeIommu {
            top,
            frames: Cell::new(0),
            frame_limit: Cell::new(u32::MAX),
            invalidations: RefCell::default(),
            written: Cell::new(0),
            prepared: Cell::new(0),
            faults: RefCell::default(),
            block_at_read: Cell::new(None),
            word: Cell::new(None),
        }))
    }

    /// What the interrupt sets, for a test that is quicker than the kernel.
    pub fn attention(&self) -> (&'static AtomicU32, u32) {
        self.word.get().expect("the kernel has said where")
    }

    /// The hardware blocks an access, and its interrupt comes at once.
    pub fn block(&self, fault: DeviceFault) {
        self.faults.borrow_mut().push_back(fault);
        if let Some((word, bit)) = self.word.get() {
            word.fetch_or(bit, Relaxed);
        }
    }

    /// What a device may do at an address: 1 read, 2 write. Walks the table as the hardware does.
    pub fn rights(&self, address: u64) -> u64 {
        let mut table = self.top;
        let mut rights = 3;
        for shift in [30, 21, 12] {
            let entry = unsafe { *(table as *const u64).add((address >> shift) as usize & 511) };
            rights &= entry & 3;
            table = entry & 0x000f_ffff_ffff_f000;
            if entry == 0 {
                return 0;
            }
        }
        assert_eq!(table, address & !4095, "device addresses are physical ones");
        rights
    }

    /// The invalidations since the last time.
    pub fn invalidated(&self) -> Vec<(u64, u64)> {
        self.invalidations.take()
    }
}

impl Iommu for FakeIommu {
    fn top(&self) -> u64 {
        self.top
    }
    fn allocate(&self) -> Option<u64> {
        if self.frames.get() == self.frame_limit.get() {
            return None;
        }
        self.frames.set(self.frames.get() + 1);
        Some(unsafe { alloc_zeroed(FRAME) } as u64)
    }
    fn free(&self, frame: u64) {
        self.frames.set(self.frames.get() - 1);
        unsafe { dealloc(frame as *mut u8, FRAME) };
    }
    fn entries(&self, frame: u64) -> *mut u64 {
        frame as *mut u64
    }
    fn written(&self, _: *const u64, count: usize) {
        self.written.set(self.written.get() + count);
    }
    fn invalidate(&self, address: u64, pages: u64) {
        self.invalidations.borrow_mut().push((address, pages));
    }
    fn take_fault(&self) -> Option<DeviceFault> {
        self.faults.borrow_mut().pop_front()
    }
    fn report_to(&self, word: &'static AtomicU32, bit: u32) {
        self.word.set(Some((word, bit)));
    }
}

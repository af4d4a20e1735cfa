//! What the boot loader hands over: hvm_start_info (Xen, docs/misc/pvh.pandoc).
//!
//! QEMU puts it, the command line and the memory map below 1 MiB, which the kernel never allocates from.

const MAGIC: u32 = 0x336e_c578;
const RAM: u32 = 1;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct StartInfo {
    magic: u32,
    version: u32,
    flags: u32,
    module_count: u32,
    modules: u64,
    command_line: u64,
    rsdp: u64,
    memory_map: u64,
    memory_map_count: u32,
    reserved: u32,
}

// Safety of this file: the boot loader's pointers are physical addresses below 4 GiB, mapped one to one, and what they
// point to is as the protocol says; there is nobody to ask who is more trusted.
impl StartInfo {
    /// Safety: `address` is what the boot loader left in EBX.
    pub unsafe fn read(address: u64) -> Option<Self> {
        let info = unsafe { *(address as *const StartInfo) };
        // The memory map came with version 1.
        (info.magic == MAGIC && info.version >= 1).then_some(info)
    }

    /// The first module, [start, end): our bundle.
    pub fn bundle(&self) -> Option<(u64, u64)> {
        (self.module_count > 0).then(|| unsafe {
            let module = self.modules as *const u64;
            let (start, length) = (module.read(), module.add(1).read());
            (start, start + length)
        })
    }

    /// Where the firmware's ACPI tables begin: the address of the RSDP, or 0.
    pub fn root_pointer(&self) -> u64 {
        self.rsdp
    }

    pub fn command_line(&self) -> &'static [u8] {
        if self.command_line == 0 {
            return b"";
        }
        unsafe { core::ffi::CStr::from_ptr(self.command_line as *const _) }.to_bytes()
    }

    /// Calls `action` with each piece of RAM, [start, end).
    pub fn each_ram(&self, mut action: impl FnMut(u64, u64)) {
        const ENTRY_BYTES: u64 = 24;
        for number in 0..u64::from(self.memory_map_count) {
            let entry = (self.memory_map + ENTRY_BYTES * number) as *const u64;
            let (start, length, kind) = unsafe { (entry.read(), entry.add(1).read(), entry.add(2).read() as u32) };
            if kind == RAM {
                action(start, start.saturating_add(length));
            }
        }
    }
}

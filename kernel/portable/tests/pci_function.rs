//! A PCI function that lies: whatever its configuration space says, reading it ends, and what is accepted lies inside the device.
use axiom_kernel_portable::machine::Window;
use axiom_kernel_portable::pci_function::{ConfigurationSpace, Layout, describe};
use std::cell::RefCell;

const LIMIT: u64 = 1 << 39;
const BAR4: u64 = 0xfe00_0000;
const BAR1: u64 = 0xfe80_0000;

/// 256 bytes; the bits of a base address that cannot be set stay as they are.
struct Space {
    bytes: RefCell<[u8; 256]>,
    sizes: [u64; 6],
}

impl ConfigurationSpace for Space {
    fn read32(&self, offset: u32) -> u32 {
        assert!(offset % 4 == 0 && offset <= 252, "a read of offset {offset:#x}");
        let at = offset as usize;
        u32::from_le_bytes(self.bytes.borrow()[at..at + 4].try_into().unwrap())
    }
    fn write32(&self, offset: u32, value: u32) {
        let at = offset as usize;
        let mut value = value;
        if (0x10..0x28).contains(&at) {
            let number = (at - 0x10) / 4;
            let (low, is_high) = (self.read32(offset), self.sizes[number] == u64::MAX);
            let mask = if is_high { (!(self.sizes[number - 1] - 1) >> 32) as u32 } else { !(self.sizes[number].max(1) - 1) as u32 & !15 };
            value = if is_high { value & mask } else { value & mask | low & 15 };
            if self.sizes[number] == 0 {
                value = 0;
            }
        }
        self.bytes.borrow_mut()[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
}

impl Space {
    fn word(&mut self, at: usize, value: u32) -> &mut Self {
        self.bytes.borrow_mut()[at..at + 4].copy_from_slice(&value.to_le_bytes());
        self
    }
    fn byte(&mut self, at: usize, value: u8) -> &mut Self {
        self.bytes.borrow_mut()[at] = value;
        self
    }
    fn virtio(&mut self, at: usize, next: u8, kind: u8, start: u32, length: u32) -> &mut Self {
        let head = u32::from_le_bytes([9, next, 16, kind]);
        self.word(at, head).word(at + 4, 4).word(at + 8, start).word(at + 12, length)
    }
}

/// A device as QEMU makes it: MSI-X in range 1, four windows in the 64-bit range 4.
fn honest() -> Space {
    let mut space = Space { bytes: RefCell::new([0; 256]), sizes: [0, 0x1000, 0, 0, 0x4000, u64::MAX] };
    space.word(4, 0x7).byte(0x34, 0x98).word(0x14, BAR1 as u32).word(0x20, BAR4 as u32 | 4).word(0x24, 0);
    space.word(0x98, u32::from_le_bytes([0x11, 0x84, 1, 0])).word(0x9c, 1).word(0xa0, 0x801);
    space.virtio(0x84, 0x70, 4, 0x2000, 0x1000).virtio(0x70, 0x60, 3, 0x1000, 0x1000);
    space.virtio(0x60, 0x48, 1, 0, 0x1000).virtio(0x48, 0, 2, 0x3000, 0x1000).word(0x58, 4);
    space
}

fn is_ram(start: u64, end: u64) -> bool {
    start < 0x8000_0000 || (start < 0x2_0000_0000 && end > 0x1_0000_0000)
}

fn read(space: &Space) -> Result<Layout, &'static str> {
    describe(space, &is_ram, LIMIT)
}

fn refused(edit: impl FnOnce(&mut Space)) -> &'static str {
    let mut space = honest();
    edit(&mut space);
    read(&space).expect_err("it must be refused")
}

#[test]
fn an_honest_device_is_described() {
    let space = honest();
    let before = *space.bytes.borrow();
    let window = |start: u64| Window { address: BAR4 + start, length: 0x1000 };
    let windows = [window(0), window(0x3000), window(0x1000), window(0x2000)];
    let msix_table = Window { address: BAR1, length: 32 };
    assert_eq!(read(&space), Ok(Layout { windows, notify_multiplier: 4, msix_table, msix_offset: 0x98 }));
    assert_eq!(*space.bytes.borrow(), before, "sizing leaves no trace");
    // The same above 4 GiB and above RAM.
    let mut space = honest();
    space.word(0x24, 0x38);
    assert_eq!(read(&space).unwrap().windows[0].address, 0x38_0000_0000 | BAR4);
}

#[test]
fn lists_that_loop_or_leave_are_refused() {
    let endless = "its list of capabilities has no end";
    assert_eq!(refused(|space| { space.byte(0x49, 0x98); }), endless, "a circle of all");
    assert_eq!(refused(|space| { space.byte(0x49, 0x48); }), endless, "one that follows itself");
    assert_eq!(refused(|space| { space.byte(0x49, 0x10); }), endless, "into the header");
    let short = "a capability is cut short";
    for (id, at) in [(9, 0xf4), (9, 0xfc), (0x11, 0xf8), (0x11, 0xfc)] {
        let edit = |space: &mut Space| {
            space.byte(0x34, at as u8).byte(at, id).byte(at + 1, if at > 0xf8 { 0 } else { 0x98 });
            if at < 0xfc {
                space.byte(at + 3, 2);
            }
        };
        assert_eq!(refused(edit), short, "{id} at {at:#x}");
    }
    // A notify capability whose multiplier would lie behind the end.
    assert_eq!(refused(|space| { space.byte(0x34, 0xf0).virtio(0xf0, 0x98, 2, 0x3000, 0x1000); }), short);
    assert_eq!(refused(|space| { space.byte(0x34, 0); }), "it has no MSI-X");
    assert_eq!(refused(|space| { space.byte(0x85, 0x60); }), "it is not a modern virtio device (QEMU: leave out disable-modern=on)", "the isr window is missing");
}

#[test]
fn windows_stay_inside_their_range() {
    let outside = "a window ends outside of its memory range";
    for (start, length) in [(0, 0x4001), (0x4000, 1), (0x3ff8, 56), (u32::MAX - 3, 56), (4, u32::MAX), (u32::MAX, u32::MAX), (0, 0)] {
        assert_eq!(refused(|space| { space.word(0x68, start).word(0x6c, length); }), outside, "{start:#x} + {length:#x}");
    }
    assert_eq!(refused(|space| { space.word(0x6c, 55); }), "it is not a modern virtio device (QEMU: leave out disable-modern=on)");
    assert_eq!(refused(|space| { space.word(0x68, 2); }), "its registers are not aligned");
    // The MSI-X table: more entries than fit, and an offset outside.
    assert_eq!(refused(|space| { space.word(0x98, u32::from_le_bytes([0x11, 0x84, 0xff, 0x07])); }), outside);
    assert_eq!(refused(|space| { space.word(0x9c, 0x1001); }), outside);
    assert_eq!(refused(|space| { space.word(0x9c, 0xffff_fff9); }), outside);
    // In the range of the windows, under one of them.
    assert_eq!(refused(|space| { space.word(0x9c, 0x2000 | 4); }), "its registers overlap its MSI-X table");
    assert_eq!(refused(|space| { space.word(0x20, BAR1 as u32 | 4); }), "its registers overlap its MSI-X table", "both ranges at one address");
}

#[test]
fn ranges_are_memory_of_devices() {
    let none = "a window without a memory range";
    for number in [0, 2, 5, 6, 7, 255] {
        assert_eq!(refused(|space| { space.word(0x64, number); }), none, "range {number}");
    }
    for address in [0, 0x1000_0000, 0x7fff_c000, 0xfe00_0100, 0xfec0_0000, 0xfee0_0000, 0xffff_c000] {
        assert_eq!(refused(|space| { space.word(0x20, address | 4); }), none, "address {address:#x}");
    }
    for high in [1, 0x80, u32::MAX] {
        assert_eq!(refused(|space| { space.word(0x24, high); }), none, "RAM or no address: {high:#x}");
    }
    assert_eq!(refused(|space| { space.word(0x20, 0xfe01); }), none, "a port range");
    assert_eq!(refused(|space| { space.word(0x20, BAR4 as u32); space.sizes[4] = 0; }), none, "a range of no size");
    assert_eq!(refused(|space| { space.word(0x20, 0).word(0x24, BAR4 as u32 | 4).word(0x64, 5); }), none, "64 bits in the last place");
    assert_eq!(refused(|space| { space.sizes[4] = 1 << 40; }), none, "a range that ends past every address");
}

#[test]
fn noise_never_yields_a_window_outside_of_the_device() {
    let mut random = 0x1234_5678_9abc_def1u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let mut accepted = 0;
    for _ in 0..200_000 {
        let mut space = honest();
        for _ in 0..next() % 4 + 1 {
            let (at, value) = (0x10 + next() as usize % 0xf0, next());
            space.byte(at, if value & 0x100 != 0 { value as u8 } else { [0, 1, 4, 0x40, 0x98, 0xfc, 0xff][value as usize % 7] });
        }
        let Ok(layout) = read(&space) else { continue };
        accepted += 1;
        for window in layout.windows.iter().chain([&layout.msix_table]) {
            let end = window.address + u64::from(window.length);
            assert!(window.length > 0 && end <= LIMIT && !is_ram(window.address, end), "{window:x?}");
            let in_range = |number: usize| {
                let low = u64::from(space.read32(0x10 + 4 * number as u32));
                let high = if number == 4 && low & 4 != 0 { u64::from(space.read32(0x24)) << 32 } else { 0 };
                let base = high | low & !15;
                window.address >= base && end <= base + space.sizes[number]
            };
            assert!(in_range(1) || in_range(4), "{window:x?}");
        }
    }
    assert!(accepted > 10_000, "{accepted} were accepted");
}

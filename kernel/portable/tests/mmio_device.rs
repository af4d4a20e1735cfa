//! Where a device on the memory bus is said to be, and what it says it is: words and registers that lie.
use axiom_kernel_portable::machine::Window;
use axiom_kernel_portable::mmio_device::{Place, is_block_device, is_virtio, microvm_places};

const LIMIT: u64 = 1 << 39;
const LINES: u32 = 48;
const HONEST: Place = Place { address: 0xfeb0_2e00, bytes: 512, line: 47 };

fn is_ram(start: u64, end: u64) -> bool {
    start < 0x8000_0000 || (start < 0x2_0000_0000 && end > 0x1_0000_0000)
}

fn judge(place: Place) -> Result<Window, &'static str> {
    place.judge(&is_ram, LIMIT, LINES)
}

#[test]
fn words_of_boot_loaders_are_read() {
    let read = |text: &str| Place::parse(text.as_bytes());
    assert_eq!(read("512@0xfeb02e00:12"), Some(Place { address: 0xfeb0_2e00, bytes: 512, line: 12 }), "QEMU");
    assert_eq!(read("4K@0xd0000000:5"), Some(Place { address: 0xd000_0000, bytes: 4096, line: 5 }), "Firecracker");
    assert_eq!(read("0x200@4096:5:3"), Some(Place { address: 4096, bytes: 512, line: 5 }), "with an id");
    assert_eq!(read("1M@0x0:0").map(|place| place.bytes), Some(1 << 20));
    assert_eq!(read("2g@0x0:0").map(|place| place.bytes), Some(2 << 30));
}

#[test]
fn words_that_are_none_are_refused() {
    for text in [
        "", "@", ":", "512", "512@", "512@0xfeb02e00", "512@0xfeb02e00:", "@0xfeb02e00:5", "K@0xfeb02e00:5", "512@:5", "512@0x:5", "512@0xfeb02e00:-5", "512@0xfeb02e00:4294967296",
        "-512@0xfeb02e00:5", "512@0x1ffffffffffffffff:5", "18446744073709551615G@0:5", "17179869184G@0:5", "512@0xfeb02e00:5:", "512@0xfeb02e00:5:1:2", "512@0xfeb02e00:5 ", "512T@0:5",
    ] {
        assert_eq!(Place::parse(text.as_bytes()), None, "{text}");
    }
    assert_eq!(Place::parse(&[0xff, 0xfe, b'@']), None);
}

#[test]
fn a_window_is_never_anything_elses() {
    assert_eq!(judge(HONEST), Ok(Window { address: 0xfeb0_2e00, length: 512 }));
    assert_eq!(judge(Place { address: 0x8000_0000, ..HONEST }), Ok(Window { address: 0x8000_0000, length: 512 }), "just behind RAM");
    assert_eq!(judge(Place { address: LIMIT - 512, ..HONEST }), Ok(Window { address: LIMIT - 512, length: 512 }));
    assert_eq!(judge(Place { address: 0xfec0_0000 - 512, ..HONEST }), Ok(Window { address: 0xfebf_fe00, length: 512 }));
    for (address, why) in [
        (0, "where the machine's own"), (0xb_8000, "where the machine's own"), (0xf_fe00, "where the machine's own"), (0x10_0000, "in RAM"), (0x7fff_fe04, "in RAM"),
        (0x1_0000_0000, "in RAM"), (0xfec0_0000 - 508, "where the machine's own"), (0xfec0_0000, "where the machine's own"), (0xfee0_0000, "where the machine's own"), (0xffff_fe04, "where the machine's own"),
        (LIMIT - 508, "beyond the addresses"), (LIMIT, "beyond the addresses"), (u64::MAX - 3, "beyond the addresses"), (u64::MAX - 511, "beyond the addresses"), (0xfeb0_0001, "not aligned"), (0xfeb0_0002, "not aligned"),
    ] {
        let problem = judge(Place { address, ..HONEST }).expect_err(&format!("{address:#x}"));
        assert!(problem.contains(why), "{address:#x}: {problem}");
    }
}

#[test]
fn a_window_holds_all_registers_and_no_more_than_a_page() {
    for bytes in [0, 1, 0x100, 0x107] {
        assert!(judge(Place { bytes, ..HONEST }).is_err(), "{bytes}");
    }
    assert_eq!(judge(Place { bytes: 0x108, ..HONEST }).map(|window| window.length), Ok(0x108));
    assert_eq!(judge(Place { bytes: 4097, ..HONEST }).map(|window| window.length), Ok(4096));
    assert_eq!(judge(Place { address: 0xfebf_f000, bytes: u64::MAX, ..HONEST }).map(|window| window.length), Ok(4096), "what would reach the chipset is cut off");
}

#[test]
fn an_interrupt_line_is_for_devices() {
    for line in [5, 12, 23, 24, 47] {
        assert!(judge(Place { line, ..HONEST }).is_ok(), "{line}");
    }
    for line in [0, 1, 2, 3, 4, 48, 255, u32::MAX] {
        assert!(judge(Place { line, ..HONEST }).is_err(), "{line}: 4 is the serial port's");
    }
    assert!(HONEST.judge(&is_ram, LIMIT, 24).is_err(), "a line of a controller that is not there");
}

#[test]
fn microvm_has_its_devices_where_qemu_puts_them() {
    let ends = |lines, has_acpi| {
        let all: Vec<Place> = microvm_places(lines, has_acpi).collect();
        assert!(all.iter().all(|place| place.judge(&is_ram, LIMIT, lines).is_ok()));
        (all.len(), all[0], *all.last().unwrap())
    };
    let place = |number: u64, line| Place { address: 0xfeb0_0000 + 512 * number, bytes: 512, line };
    assert_eq!(ends(48, true), (24, place(0, 24), place(23, 47)));
    assert_eq!(ends(24, true), (8, place(0, 16), place(7, 23)));
    assert_eq!(ends(24, false), (8, place(0, 5), place(7, 12)));
}

#[test]
fn only_a_modern_block_device_is_taken() {
    let says = |magic: u32, version: u32, id: u32| {
        is_block_device(&move |register| match register {
            0 => magic,
            4 => version,
            8 => id,
            _ => panic!("register {register:#x}"),
        })
    };
    const MAGIC: u32 = 0x7472_6976;
    assert_eq!(says(MAGIC, 2, 2), Ok(true));
    assert!(says(MAGIC, 1, 2).unwrap_err().contains("-global virtio-mmio.force-legacy=false"));
    for version in [0, 3, 0x200, u32::MAX] {
        assert!(says(MAGIC, version, 2).is_err(), "{version}");
    }
    for id in [0, 1, 3, 0x102, u32::MAX] {
        assert_eq!(says(MAGIC, 2, id), Ok(false), "another kind of device, or none");
        assert_eq!(says(MAGIC, 1, id), Ok(false), "nothing to tell of a legacy device that is no disk");
    }
    for magic in [0, MAGIC + 1, MAGIC.swap_bytes(), u32::MAX] {
        assert!(says(magic, 2, 2).is_err(), "{magic:#x}");
        assert!(!is_virtio(&|_| magic));
    }
}

//! The way from the firmware's root pointer to the IOMMU, and every way to lead it astray.
use axiom_kernel_portable::acpi::{PhysicalBytes, Problem, RemappingUnit, find_remapping_unit};

const ROOT: u64 = 0x100;
const TABLES: usize = 0x200;
const DMAR: usize = 0x300;
const UNIT: usize = DMAR + 48;
const SCOPES: usize = UNIT + 16;
/// PCI 00:02.0
const DISK: u16 = 0x10;
const REGISTERS: u64 = 0xfed9_0000;

/// Memory that holds tables from 0 on; the rest is no place for them.
struct Memory(Vec<u8>);

impl PhysicalBytes for Memory {
    fn bytes(&self, start: u64, length: usize) -> Option<&[u8]> {
        let start = usize::try_from(start).ok()?;
        self.0.get(start..start.checked_add(length)?)
    }
}

impl Memory {
    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }
    /// Sets the byte at `place` so that all `length` bytes add up to 0.
    fn seal(&mut self, at: usize, length: usize, place: usize) {
        self.0[at + place] = 0;
        let sum = self.0[at..at + length].iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte));
        self.0[at + place] = sum.wrapping_neg();
    }
    fn seal_dmar(&mut self) {
        let length = u32::from_le_bytes(self.0[DMAR + 4..DMAR + 8].try_into().unwrap()) as usize;
        self.seal(DMAR, length, 9);
    }
    fn find(&self) -> Result<RemappingUnit, Problem> {
        find_remapping_unit(self, ROOT, DISK)
    }
}

/// Tables as a machine with one unit has them; revision 2 has 64-bit pointers.
fn tables(revision: u8) -> Memory {
    let mut memory = Memory(vec![0; 0x1000]);
    memory.put(ROOT as usize, b"RSD PTR ");
    memory.put(ROOT as usize + 15, &[revision]);
    memory.put(ROOT as usize + 16, &(TABLES as u32).to_le_bytes());
    let entry_bytes = if revision >= 2 { 8 } else { 4 };
    let length = 36 + 2 * entry_bytes;
    memory.put(TABLES, if revision >= 2 { b"XSDT" } else { b"RSDT" });
    memory.put(TABLES + 4, &(length as u32).to_le_bytes());
    memory.put(TABLES + 36, &0xdead_0000u32.to_le_bytes()); // nowhere
    memory.put(TABLES + 36 + entry_bytes, &(DMAR as u32).to_le_bytes());
    memory.seal(TABLES, length, 9);
    if revision >= 2 {
        memory.put(ROOT as usize + 16, &0u32.to_le_bytes());
        memory.put(ROOT as usize + 24, &(TABLES as u64).to_le_bytes());
    }
    memory.seal(ROOT as usize, 20, 8);
    memory.seal(ROOT as usize, 36, 32);
    // The unit, as QEMU describes it: answerable for an interrupt controller and the disk; then a reserved region (type 1).
    memory.put(DMAR, b"DMAR");
    memory.put(DMAR + 4, &(48 + 32 + 24u32).to_le_bytes());
    memory.put(UNIT, &[0, 0, 32, 0, 0, 0, 0, 0]);
    memory.put(UNIT + 8, &REGISTERS.to_le_bytes());
    memory.put(SCOPES, &[3, 8, 0, 0, 0, 0xff, 0, 0]);
    memory.put(SCOPES + 8, &[1, 8, 0, 0, 0, 0, 2, 0]);
    memory.put(UNIT + 32, &[1, 0, 24, 0]);
    memory.seal_dmar();
    memory
}

#[test]
fn a_unit_is_found_by_both_kinds_of_pointers() {
    for revision in [0, 2] {
        assert_eq!(tables(revision).find(), Ok(RemappingUnit { registers: REGISTERS, register_bytes: 4096 }), "revision {revision}");
    }
    let mut large = tables(2);
    large.put(UNIT + 5, &[3]);
    large.seal_dmar();
    assert_eq!(large.find().unwrap().register_bytes, 32768);
}

#[test]
fn a_machine_without_one_says_nothing() {
    assert_eq!(find_remapping_unit(&tables(2), 0, DISK), Err(Problem::Absent));
    let mut memory = tables(2);
    memory.put(DMAR, b"HPET");
    assert_eq!(memory.find(), Err(Problem::Absent));
    let mut memory = tables(2);
    memory.put(UNIT, &[4]); // of another type
    memory.seal_dmar();
    assert_eq!(memory.find(), Err(Problem::Absent));
}

#[test]
fn tables_that_make_no_sense_are_refused() {
    type Edit = (&'static str, usize, &'static [u8], bool);
    let edits: [Edit; 19] = [
        ("the root pointer's name", ROOT as usize, b"X", false),
        ("its checksum", ROOT as usize + 9, b"x", false),
        ("its extended checksum", ROOT as usize + 33, b"x", false),
        ("the root table's name", TABLES, b"Y", false),
        ("its checksum", TABLES + 10, b"x", false),
        ("the DMAR table's length 0", DMAR + 4, &[0, 0, 0, 0], false),
        ("its length past the end", DMAR + 4, &[0, 0x10, 0, 0], false),
        ("its length of 4 GiB", DMAR + 4, &[0xff, 0xff, 0xff, 0xff], false),
        ("its checksum", DMAR + 40, b"x", false),
        ("an entry of length 0", UNIT + 2, &[0, 0], true),
        ("an entry past the end", UNIT + 2, &[0xff, 0xff], true),
        ("a unit that is too short", UNIT + 2, &[8, 0], true),
        ("a unit of another segment", UNIT + 6, &[1, 0], true),
        ("registers that are not at a page", UNIT + 8, &[8], true),
        ("another device in its scope", SCOPES + 14, &[3], true),
        ("a bridge in its scope", SCOPES + 8, &[2], true),
        ("the device on another bus", SCOPES + 13, &[1], true),
        ("a scope of length 0", SCOPES + 1, &[0], true),
        ("a scope past the end", SCOPES + 9, &[9], true),
    ];
    for (what, at, bytes, is_sealed) in edits {
        let mut memory = tables(2);
        memory.put(at, bytes);
        if is_sealed {
            memory.seal_dmar();
        }
        assert!(matches!(memory.find(), Err(Problem::Malformed(_))), "{what}: {:?}", memory.find());
    }
    let mut two = tables(2);
    two.put(UNIT + 32, &[0, 0, 24, 0, 1, 0, 0, 0]);
    two.put(UNIT + 40, &REGISTERS.to_le_bytes());
    two.put(UNIT + 48, &[1, 8, 0, 0, 0, 0, 2, 0]);
    two.seal_dmar();
    assert_eq!(two.find(), Err(Problem::Malformed("the machine has more than one unit")));
    let mut all = tables(2);
    all.put(SCOPES + 14, &[3]);
    all.put(UNIT + 4, &[1]);
    all.seal_dmar();
    assert_eq!(all.find().unwrap().registers, REGISTERS, "answerable for all, whatever it names");
}

#[test]
fn any_byte_may_be_anything() {
    // Nothing to assert but an end without a fault, and that what is found was described.
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let mut found = 0;
    for _ in 0..20_000 {
        let mut memory = tables(if random() % 2 == 0 { 0 } else { 2 });
        for _ in 0..1 + random() % 4 {
            let at = [ROOT as usize + random() % 36, TABLES + random() % 52, DMAR + random() % 104][random() % 3];
            memory.put(at, &[random() as u8]);
        }
        memory.seal(ROOT as usize, 20, 8);
        memory.seal(ROOT as usize, 36, 32);
        let whole = |at: usize, memory: &Memory| (u32::from_le_bytes(memory.0[at + 4..at + 8].try_into().unwrap()) as usize).clamp(36, 0x1000 - at);
        for at in [TABLES, DMAR] {
            let length = whole(at, &memory);
            memory.seal(at, length, 9);
        }
        match memory.find() {
            Ok(unit) => {
                assert_eq!(unit.registers % 4096, 0);
                found += 1;
            }
            Err(problem) => assert!(matches!(problem, Problem::Absent | Problem::Malformed(_))),
        }
    }
    assert!((1000..20_000).contains(&found), "{found}");
}

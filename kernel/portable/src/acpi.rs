//! Finds the unit that translates device addresses in the firmware's tables: root pointer → root table → DMAR → remapping
//! unit (ACPI 6.4 §5.2.5, §5.2.7, §5.2.8; Intel VT-d 3.3 §8.1 to §8.3).
//!
//! Every length, pointer and checksum is looked at before it is used, and each list ends after a bounded number of entries:
//! tables that make no sense are a reason to go without, never a fault. What stays true: nothing is read that
//! `bytes` of `PhysicalBytes` does not give.

/// Physical memory that may hold the firmware's tables.
pub trait PhysicalBytes {
    /// [start, start + length), or `None` if that is no place for a table.
    fn bytes(&self, start: u64, length: usize) -> Option<&[u8]>;
}

/// A remapping unit: where its registers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemappingUnit {
    pub registers: u64,
    pub register_bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The firmware describes none: not worth a line.
    Absent,
    Malformed(&'static str),
}
use Problem::{Absent, Malformed};

const ROOT_POINTER_BYTES: usize = 20;
const EXTENDED_ROOT_POINTER_BYTES: usize = 36;
/// A table begins with: signature 4, length u32, revision, checksum over all of it, 26 bytes of names.
const HEADER_BYTES: usize = 36;
/// The DMAR table has 12 bytes more before its list.
const DMAR_HEADER_BYTES: usize = 48;
const TABLE_BYTES_LIMIT: usize = 64 << 10;
/// Type and length; then flags, size, segment, register base.
const STRUCTURE_HEADER_BYTES: usize = 4;
const UNIT_BYTES: usize = 16;
const UNIT_TYPE: u16 = 0;
/// All devices of the segment that no other unit names.
const INCLUDE_ALL: u8 = 1;
/// Type, length, 2 bytes, enumeration id, bus; then a path of pairs.
const SCOPE_PATH: usize = 6;
const SCOPE_BYTES: usize = 8;
const SCOPE_FUNCTION: u8 = 1;
const PAGE_BYTES: u64 = 4096;

/// The one unit of the machine, if it translates the function `requester` (bus, device and function: 8, 5 and 3 bits). `root_pointer` is the
/// address of the RSDP; 0: there is none.
pub fn find_remapping_unit(memory: &dyn PhysicalBytes, root_pointer: u64, requester: u16) -> Result<RemappingUnit, Problem> {
    if root_pointer == 0 {
        return Err(Absent);
    }
    let dmar = find_table(memory, root_pointer, *b"DMAR")?;
    let mut list = dmar.get(DMAR_HEADER_BYTES..).ok_or(Malformed("the DMAR table is too short"))?;
    let mut unit = None;
    while !list.is_empty() {
        let (kind, length) = match (word(list, 0), word(list, 2)) {
            (Some(kind), Some(length)) => (kind, usize::from(length)),
            _ => return Err(Malformed("an entry of the DMAR table is cut short")),
        };
        if length < STRUCTURE_HEADER_BYTES || length > list.len() {
            return Err(Malformed("an entry of the DMAR table has a wrong length"));
        }
        let (entry, rest) = list.split_at(length);
        if kind == UNIT_TYPE && unit.replace(read_unit(entry, requester)?).is_some() {
            return Err(Malformed("the machine has more than one unit"));
        }
        list = rest;
    }
    unit.ok_or(Absent)
}

/// A unit is used if it is answerable for the function, which is one of segment 0.
fn read_unit(entry: &[u8], requester: u16) -> Result<RemappingUnit, Problem> {
    if entry.len() < UNIT_BYTES {
        return Err(Malformed("a unit of the DMAR table is cut short"));
    }
    if word(entry, 6) != Some(0) || !(entry[4] & INCLUDE_ALL != 0 || names(&entry[UNIT_BYTES..], requester)?) {
        return Err(Malformed("its unit does not translate the disk"));
    }
    let registers = long(entry, 8).unwrap_or(0);
    if registers == 0 || registers % PAGE_BYTES != 0 {
        return Err(Malformed("the registers of its unit are at no page"));
    }
    // Bits 3:0: pages of the register set, as a power of two.
    Ok(RemappingUnit { registers, register_bytes: PAGE_BYTES << (entry[5] & 15) })
}

/// Is the function in a list of device scopes (§8.3.1) by itself? What hangs on a bridge is not looked for: our bus is the first.
fn names(mut scopes: &[u8], requester: u16) -> Result<bool, Problem> {
    let (bus, path) = ((requester >> 8) as u8, [(requester >> 3 & 31) as u8, (requester & 7) as u8]);
    while !scopes.is_empty() {
        let length = usize::from(*scopes.get(1).unwrap_or(&0));
        if length < SCOPE_BYTES || length > scopes.len() {
            return Err(Malformed("a device scope of the DMAR table has a wrong length"));
        }
        let (scope, rest) = scopes.split_at(length);
        if scope[0] == SCOPE_FUNCTION && scope[5] == bus && scope[SCOPE_PATH..] == path {
            return Ok(true);
        }
        scopes = rest;
    }
    Ok(false)
}

fn find_table<'a>(memory: &'a dyn PhysicalBytes, root_pointer: u64, signature: [u8; 4]) -> Result<&'a [u8], Problem> {
    let (root, entry_bytes) = root_table(memory, root_pointer)?;
    for entry in root[HEADER_BYTES..].chunks_exact(entry_bytes) {
        let address = if entry_bytes == 8 { long(entry, 0).unwrap_or(0) } else { u64::from(double(entry, 0).unwrap_or(0)) };
        // An entry that leads nowhere is none of ours.
        if memory.bytes(address, 4).is_some_and(|name| name == signature) {
            return table(memory, address, signature);
        }
    }
    Err(Absent)
}

/// The extended root table, or the old one, and the size of its entries.
fn root_table(memory: &dyn PhysicalBytes, address: u64) -> Result<(&[u8], usize), Problem> {
    let pointer = memory.bytes(address, ROOT_POINTER_BYTES).ok_or(Malformed("the ACPI root pointer is nowhere"))?;
    if !pointer.starts_with(b"RSD PTR ") || sum(pointer) != 0 {
        return Err(Malformed("the ACPI root pointer is none"));
    }
    if pointer[15] >= 2 {
        let whole = memory.bytes(address, EXTENDED_ROOT_POINTER_BYTES).filter(|whole| sum(whole) == 0);
        let whole = whole.ok_or(Malformed("the ACPI root pointer has a wrong checksum"))?;
        if let Some(extended) = long(whole, 24).filter(|&extended| extended != 0) {
            return Ok((table(memory, extended, *b"XSDT")?, 8));
        }
    }
    Ok((table(memory, u64::from(double(pointer, 16).unwrap_or(0)), *b"RSDT")?, 4))
}

/// A whole table, with its checksum found right.
fn table(memory: &dyn PhysicalBytes, address: u64, signature: [u8; 4]) -> Result<&[u8], Problem> {
    let header = memory.bytes(address, HEADER_BYTES).ok_or(Malformed("an ACPI table is nowhere"))?;
    let length = double(header, 4).unwrap_or(0) as usize;
    if !header.starts_with(&signature) || !(HEADER_BYTES..=TABLE_BYTES_LIMIT).contains(&length) {
        return Err(Malformed("an ACPI table has a wrong name or length"));
    }
    let whole = memory.bytes(address, length).ok_or(Malformed("an ACPI table ends nowhere"))?;
    if sum(whole) == 0 { Ok(whole) } else { Err(Malformed("an ACPI table has a wrong checksum")) }
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, &byte| sum.wrapping_add(byte))
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}
fn double(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

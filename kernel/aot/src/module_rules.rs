//! What a module may not have, because it would reach past what the manifest gives it (docs/abi.md §1).
//!
//! Read from the module's own sections (WebAssembly 1.0 §5.5); whatever else is wrong with it, the compiler tells. The hosted
//! kernel refuses the same modules (host/kernel/module-rules.ts); tests/qemu/module-rules.test.ts tries both.

use crate::engine_config::TABLE_LIMIT;

const TABLE_SECTION: u8 = 4;
const MEMORY_SECTION: u8 = 5;
const START_SECTION: u8 = 8;
const PREAMBLE_BYTES: usize = 8;
const REFERENCE_TYPES: [u8; 2] = [0x6f, 0x70]; // externref, funcref

/// Refuses code that would run before the domain is entered, memory other than the manifest's, and tables that can grow.
pub fn check(wasm: &[u8], pages: u32) -> Result<(), String> {
    let mut rest = wasm.get(PREAMBLE_BYTES..).unwrap_or(&[]);
    let mut has_memory = false;
    while let Some((&id, after)) = rest.split_first() {
        rest = after;
        let size = leb128(&mut rest).ok_or("a section is cut short")? as usize;
        let section = rest.get(..size).ok_or("a section is cut short")?;
        rest = &rest[size..];
        match id {
            START_SECTION => return Err("has a start section, whose code would run before the domain is entered; export _start instead".into()),
            TABLE_SECTION => check_table(section)?,
            MEMORY_SECTION => {
                check_memory(section, pages)?;
                has_memory = true;
            }
            _ => {}
        }
    }
    if has_memory { Ok(()) } else { Err("defines no memory".into()) }
}

/// The kernel gives a module exactly the memory of the manifest, so that it never grows and never moves.
fn check_memory(mut section: &[u8], pages: u32) -> Result<(), String> {
    let count = leb128(&mut section);
    if count == Some(1) && limits(&mut section) == Some((pages, pages)) {
        return Ok(());
    }
    Err(format!("memory must have initial = maximum = {pages} pages, as the manifest says"))
}

fn check_table(mut section: &[u8]) -> Result<(), String> {
    let count = leb128(&mut section);
    if count == Some(0) {
        return Ok(());
    }
    let kind = section.split_first().map(|(&kind, rest)| {
        section = rest;
        kind
    });
    let is_known = kind.is_some_and(|kind| REFERENCE_TYPES.contains(&kind));
    match limits(&mut section) {
        Some((initial, maximum)) if count == Some(1) && is_known && initial == maximum && maximum <= TABLE_LIMIT => Ok(()),
        _ => Err(format!("may have one table, with initial = maximum of at most {TABLE_LIMIT} elements")),
    }
}

/// Initial and maximum; nothing unless both are there and the memory is neither shared nor of 64 bits.
fn limits(bytes: &mut &[u8]) -> Option<(u32, u32)> {
    const HAS_MAXIMUM: u32 = 1;
    let flags = leb128(bytes)?;
    let (initial, maximum) = (leb128(bytes)?, leb128(bytes)?);
    (flags == HAS_MAXIMUM).then_some((initial, maximum))
}

/// Unsigned LEB128 of at most 32 bits.
fn leb128(bytes: &mut &[u8]) -> Option<u32> {
    let mut value = 0u32;
    for shift in (0..35).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

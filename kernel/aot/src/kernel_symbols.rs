//! Reads the names of functions out of the kernel's ELF file (System V gABI, chapters 4 and 5), for the bundle. The file comes from the same
//! build and is trusted to be well formed; what is not ends in a message.
use crate::symbols;

const SYMBOL_TABLE: u32 = 2;
const SYMBOL_BYTES: usize = 24;

fn number(bytes: &[u8], at: usize, size: usize) -> Result<u64, String> {
    let bytes = bytes.get(at..at + size).ok_or("the kernel's ELF file is cut short")?;
    Ok(bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)))
}

/// { name, type, address, offset, size, link } of each section.
fn sections(elf: &[u8]) -> Result<Vec<[u64; 6]>, String> {
    let (table, size, count) = (number(elf, 40, 8)? as usize, number(elf, 58, 2)? as usize, number(elf, 60, 2)? as usize);
    (0..count)
        .map(|index| {
            let at = table + index * size;
            Ok([number(elf, at, 4)?, number(elf, at + 4, 4)?, number(elf, at + 16, 8)?, number(elf, at + 24, 8)?, number(elf, at + 32, 8)?, number(elf, at + 40, 4)?])
        })
        .collect()
}

fn text_at(bytes: &[u8], at: usize) -> &str {
    let rest = bytes.get(at..).unwrap_or(&[]);
    let end = rest.iter().position(|&byte| byte == 0).unwrap_or(0);
    std::str::from_utf8(&rest[..end]).unwrap_or("")
}

/// The packed symbols of a kernel.
pub fn read(elf: &[u8]) -> Result<Vec<u8>, String> {
    let sections = sections(elf)?;
    let section_names = sections.get(number(elf, 62, 2)? as usize).ok_or("the kernel's ELF file has no names")?[3] as usize;
    let text = sections.iter().position(|section| text_at(elf, section_names + section[0] as usize) == ".text").ok_or("the kernel has no text")?;
    let &[_, _, _, table, size, link] = sections.iter().find(|section| section[1] == u64::from(SYMBOL_TABLE)).ok_or("the kernel is stripped")?;
    let names = sections.get(link as usize).ok_or("the kernel's symbols have no names")?[3] as usize;
    let (mut found, mut ends) = (Vec::new(), [0, 0]);
    for at in (table as usize..(table + size) as usize).step_by(SYMBOL_BYTES) {
        let name = text_at(elf, names + number(elf, at, 4)? as usize);
        let (section, address) = (number(elf, at + 6, 2)? as usize, number(elf, at + 8, 8)? as u32);
        match name {
            "kernel_rodata" => ends[0] = address,
            "kernel_end" => ends[1] = address,
            _ if section == text && !name.is_empty() && !name.starts_with('.') => found.push((address, demangle(name))),
            _ => {}
        }
    }
    found.sort();
    found.dedup_by_key(|(address, _)| *address);
    Ok(symbols::build(&found, ends[0], ends[1]))
}

/// `_ZN4core3fmt5write17h0123456789abcdefE` is `core::fmt::write`. What is of another form stays as it is.
fn demangle(name: &str) -> String {
    let Some(mut rest) = name.strip_prefix("_ZN") else { return name.to_string() };
    let mut parts = Vec::new();
    while !rest.starts_with('E') {
        let digits = rest.len() - rest.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let Some(part) = rest[..digits].parse().ok().and_then(|length: usize| rest[digits..].get(..length)) else { return name.to_string() };
        rest = &rest[digits + part.len()..];
        parts.push(part);
    }
    if parts.last().is_some_and(|part| part.len() == 17 && part.starts_with('h')) {
        parts.pop(); // a hash
    }
    let escapes = [("$LT$", "<"), ("$GT$", ">"), ("$u20$", " "), ("$C$", ","), ("$RF$", "&"), ("$BP$", "*"), ("$u7b$", "{"), ("$u7d$", "}"), ("..", "::")];
    escapes.iter().fold(parts.join("::"), |text, (escape, plain)| text.replace(escape, plain))
}

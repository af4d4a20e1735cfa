//! The file that carries the system manifest and the compiled modules to the kernel.
//!
//! ```text
//!  0 "AXBUNDL1"   8 u32 version   12 u32 module count   16 u32 manifest offset   20 u32 manifest bytes   24 u64 zero
//! 32 one entry of 32 bytes a module: u32 offset, u32 bytes, 24 bytes of name
//!    the manifest (manifest.rs), then the modules, each at a multiple of 4096
//! ```
//!
//! What stays true: whatever the bytes are, every slice handed out lies inside them. (The compiled code itself is
//! trusted like the kernel: whoever can write it can write the kernel.)
//! Shared with the ahead-of-time compiler, which includes this file by path.

pub const MAGIC: [u8; 8] = *b"AXBUNDL1";
pub const VERSION: u32 = 1;
pub const HEADER_BYTES: usize = 32;
pub const ENTRY_BYTES: usize = 32;
pub const NAME_BYTES: usize = 24;
pub const ALIGNMENT: usize = 4096;
/// A module that no domain runs: one function that traps. The watchdog lends its address to the domain that it stops. This and
/// the next are names that no manifest can give.
pub const TRAP_MODULE: &str = "(trap)";
/// No module: names of the kernel's functions (symbols.rs).
pub const KERNEL_SYMBOLS: &str = "(symbols)";

#[derive(Clone, Copy, Debug)]
pub struct Bundle<'a> {
    bytes: &'a [u8],
    module_count: usize,
    manifest: &'a [u8],
}

fn word(bytes: &[u8], offset: usize) -> Option<usize> {
    let word = bytes.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_le_bytes(word.try_into().ok()?) as usize)
}

fn part(bytes: &[u8], offset: usize, length: usize) -> Option<&[u8]> {
    bytes.get(offset..offset.checked_add(length)?)
}

impl<'a> Bundle<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, &'static str> {
        if bytes.get(..8) != Some(&MAGIC) {
            return Err("not a bundle");
        }
        if word(bytes, 8) != Some(VERSION as usize) {
            return Err("a bundle of another version");
        }
        let short = "the bundle is cut short";
        let module_count = word(bytes, 12).ok_or(short)?;
        let entries = module_count.checked_mul(ENTRY_BYTES).ok_or(short)?;
        part(bytes, HEADER_BYTES, entries).ok_or(short)?;
        let (offset, length) = (word(bytes, 16).ok_or(short)?, word(bytes, 20).ok_or(short)?);
        let manifest = part(bytes, offset, length).ok_or(short)?;
        Ok(Bundle { bytes, module_count, manifest })
    }

    pub fn manifest(&self) -> &'a [u8] {
        self.manifest
    }

    /// The bytes of what has this name.
    pub fn named(&self, wanted: &str) -> Option<&'a [u8]> {
        (0..self.module_count).filter_map(|index| self.module(index)).find(|(name, _)| *name == wanted).map(|(_, bytes)| bytes)
    }

    /// Name and bytes of one module.
    pub fn module(&self, index: usize) -> Option<(&'a str, &'a [u8])> {
        if index >= self.module_count {
            return None;
        }
        let entry = HEADER_BYTES + index * ENTRY_BYTES;
        let name = part(self.bytes, entry + 8, NAME_BYTES)?;
        let end = name.iter().position(|&byte| byte == 0).unwrap_or(NAME_BYTES);
        let module = part(self.bytes, word(self.bytes, entry)?, word(self.bytes, entry + 4)?)?;
        Some((core::str::from_utf8(&name[..end]).ok()?, module))
    }
}

/// The inverse of `parse`. Names are at most `NAME_BYTES` long (the caller has checked).
pub fn build(manifest: &[u8], modules: &[(&str, &[u8])]) -> alloc::vec::Vec<u8> {
    let aligned = |length: usize| length.next_multiple_of(ALIGNMENT);
    let manifest_offset = HEADER_BYTES + ENTRY_BYTES * modules.len();
    let mut out = alloc::vec::Vec::new();
    out.extend(MAGIC);
    for word in [VERSION, modules.len() as u32, manifest_offset as u32, manifest.len() as u32, 0, 0] {
        out.extend(word.to_le_bytes());
    }
    let mut offset = aligned(manifest_offset + manifest.len());
    for (name, bytes) in modules {
        out.extend((offset as u32).to_le_bytes());
        out.extend((bytes.len() as u32).to_le_bytes());
        let mut padded = [0; NAME_BYTES];
        padded[..name.len()].copy_from_slice(name.as_bytes());
        out.extend(padded);
        offset = aligned(offset + bytes.len());
    }
    out.extend(manifest);
    for (_, bytes) in modules {
        out.resize(aligned(out.len()), 0);
        out.extend(*bytes);
    }
    out
}

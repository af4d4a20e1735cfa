//! Names of the kernel's functions, for a back trace. They travel in the bundle, not in the kernel's image: `axiom-aot` reads them
//! out of the kernel that the bundle is for, and the kernel believes them only if the image has the same measures.
//!
//! ```text
//!  0 "AXSYMBS1"   8 u32 count   12 u32 end of the text   16 u32 end of the image   20 u32 zero
//! 24 count entries, ascending: u32 address, u32 offset of the name in what follows
//!    names, each ended by a zero byte
//! ```
//!
//! Shared with the ahead-of-time compiler, which includes this file by path.

pub const MAGIC: [u8; 8] = *b"AXSYMBS1";
const HEADER_BYTES: usize = 24;
const ENTRY_BYTES: usize = 8;

#[derive(Clone, Copy)]
pub struct Symbols<'a> {
    entries: &'a [u8],
    names: &'a [u8],
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

impl<'a> Symbols<'a> {
    /// `None` if the bytes are no symbols, or those of an image with other measures.
    pub fn parse(bytes: &'a [u8], text_end: u32, image_end: u32) -> Option<Self> {
        let is_ours = bytes.get(..8)? == MAGIC && word(bytes, 12)? == text_end && word(bytes, 16)? == image_end;
        let names_at = (word(bytes, 8)? as usize).checked_mul(ENTRY_BYTES)?.checked_add(HEADER_BYTES)?;
        is_ours.then_some(Symbols { entries: bytes.get(HEADER_BYTES..names_at)?, names: bytes.get(names_at..)? })
    }

    /// The function that an address of the text lies in, and how far behind its start.
    pub fn find(&self, address: u32) -> Option<(&'a str, u32)> {
        let (mut low, mut high) = (0, self.entries.len() / ENTRY_BYTES);
        while low < high {
            let middle = (low + high) / 2;
            if word(self.entries, middle * ENTRY_BYTES)? <= address { low = middle + 1 } else { high = middle }
        }
        let entry = low.checked_sub(1)? * ENTRY_BYTES;
        let name = self.names.get(word(self.entries, entry + 4)? as usize..)?;
        let end = name.iter().position(|&byte| byte == 0)?;
        Some((core::str::from_utf8(&name[..end]).ok()?, address - word(self.entries, entry)?))
    }
}

/// The inverse of `parse`. The symbols are ascending.
pub fn build(symbols: &[(u32, alloc::string::String)], text_end: u32, image_end: u32) -> alloc::vec::Vec<u8> {
    let mut out = alloc::vec::Vec::from(MAGIC);
    for word in [symbols.len() as u32, text_end, image_end, 0] {
        out.extend(word.to_le_bytes());
    }
    let mut offset = 0;
    for (address, name) in symbols {
        out.extend(address.to_le_bytes());
        out.extend((offset as u32).to_le_bytes());
        offset += name.len() + 1;
    }
    for (_, name) in symbols {
        out.extend(name.as_bytes());
        out.push(0);
    }
    out
}

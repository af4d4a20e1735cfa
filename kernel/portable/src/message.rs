//! The message of docs/abi.md §2: 144 bytes that the kernel copies before it looks at them.
//!
//! ```text
//!   0 interface u16 | operation u16 | status u32 | request id u32 | leases u8 | capabilities u8 | moves u8 | zero u8
//!  16 fields, 48 bytes
//!  64 four leases { source, address, length, rights }
//! 128 four capability handles
//! ```
use crate::generated::message;

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeaseDescriptor {
    pub source: u32,
    pub address: u32,
    pub length: u32,
    pub rights: u32,
}

/// Header and fields: all that most messages are.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Interface and operation.
    pub subject: u32,
    pub status: u32,
    pub request_id: u32,
    pub counts: Counts,
    pub fields: [u64; message::FIELDS_BYTES / 8],
}

/// The last word of the header, as one word: almost always 0, which is one test.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts(pub u32);

impl Counts {
    pub fn leases(self) -> usize {
        (self.0 & 0xff) as usize
    }
    pub fn capabilities(self) -> usize {
        (self.0 >> 8 & 0xff) as usize
    }
    /// Bit i: slot i is moved, not copied. The byte above it must be zero and counts as bits of slots that are not there.
    pub fn moves(self) -> u32 {
        self.0 >> 16
    }
    /// Are there no more of each than there are places, and no moves of what is not there?
    pub fn are_valid(self) -> bool {
        self.leases() <= message::LEASE_COUNT && self.capabilities() <= message::CAPABILITY_COUNT && self.moves() >> self.capabilities() == 0
    }
    pub fn without_moves(self) -> Self {
        Counts(self.0 & 0xffff)
    }
    pub fn of_capabilities(count: usize) -> Self {
        Counts((count as u32) << 8)
    }
}

/// Leases and capabilities.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attachments {
    pub leases: [LeaseDescriptor; message::LEASE_COUNT],
    pub capabilities: [u32; message::CAPABILITY_COUNT],
}

/// Two parts because compilers copy 144 bytes by a call and each of these by a few moves.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Message {
    pub head: Head,
    pub attachments: Attachments,
}

const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<Message>() == message::SIZE_BYTES);
    assert!(size_of::<LeaseDescriptor>() == message::LEASE_BYTES);
    assert!(offset_of!(Head, fields) == message::FIELDS_OFFSET);
    assert!(offset_of!(Head, counts) + 2 == message::MOVES_OFFSET);
    assert!(offset_of!(Message, attachments) == message::LEASES_OFFSET);
    assert!(offset_of!(Message, attachments) + offset_of!(Attachments, capabilities) == message::CAPABILITIES_OFFSET);
};

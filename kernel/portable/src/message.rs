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
    pub interface: u16,
    pub operation: u16,
    pub status: u32,
    pub request_id: u32,
    pub lease_count: u8,
    pub capability_count: u8,
    /// Bit i: slot i is moved, not copied.
    pub capability_moves: u8,
    pub zero: u8,
    pub fields: [u64; message::FIELDS_BYTES / 8],
}

impl Head {
    /// Does anything travel with this message, or is its header malformed?
    #[inline]
    pub fn has_attachments(&self) -> bool {
        u32::from_le_bytes([self.lease_count, self.capability_count, self.capability_moves, self.zero]) != 0
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
    assert!(offset_of!(Head, capability_moves) == message::MOVES_OFFSET);
    assert!(offset_of!(Message, attachments) == message::LEASES_OFFSET);
    assert!(offset_of!(Message, attachments) + offset_of!(Attachments, capabilities) == message::CAPABILITIES_OFFSET);
};

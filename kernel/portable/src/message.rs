//! The message of docs/abi.md §2: 144 bytes that the kernel copies before it looks at them.
//!
//! ```text
//!   0 interface u16 | operation u16 | status u32 | request id u32 | leases u8 | capabilities u8 | zero u16
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

#[repr(C, align(16))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Message {
    pub interface: u16,
    pub operation: u16,
    pub status: u32,
    pub request_id: u32,
    pub lease_count: u8,
    pub capability_count: u8,
    pub zero: u16,
    pub fields: [u64; message::FIELDS_BYTES / 8],
    pub leases: [LeaseDescriptor; message::LEASE_COUNT],
    pub capabilities: [u32; message::CAPABILITY_COUNT],
}

const _: () = {
    assert!(size_of::<Message>() == message::SIZE_BYTES);
    assert!(size_of::<LeaseDescriptor>() == message::LEASE_BYTES);
    assert!(core::mem::offset_of!(Message, fields) == message::FIELDS_OFFSET);
    assert!(core::mem::offset_of!(Message, leases) == message::LEASES_OFFSET);
    assert!(core::mem::offset_of!(Message, capabilities) == message::CAPABILITIES_OFFSET);
};

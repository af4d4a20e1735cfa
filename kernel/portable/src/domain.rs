//! One domain as the kernel sees it: a memory, two message buffers, and the functions to enter it.
//!
//! What stays true: nothing enters a domain that is not `Ready` (or `Loaded`, to start it); its memory never moves or
//! shrinks, so pointers into it stay good until the kernel ends; its store is entered by one activation at a time, because
//! calls only go to lower ranks.
use crate::engine_config::ACTIVATION_STACK_BYTES;
use crate::generated::status;
use crate::kernel::Kernel;
use crate::manifest::DomainEntry;
use crate::message::Message;
use crate::Status;
use core::cell::{Cell, OnceCell, UnsafeCell};
use wasmtime::{Store, StoreLimits, TypedFunc};

/// Kernel stack that an activation may use besides that of its module.
pub const HOST_STACK_BYTES: usize = 48 << 10;
/// What must be left of the stack before a domain is entered.
pub const ENTRY_STACK_BYTES: usize = ACTIVATION_STACK_BYTES + HOST_STACK_BYTES;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DomainState {
    /// Not on this kernel.
    Absent = 0,
    Loaded = 1,
    Ready = 2,
    Dead = 3,
}

/// What a store carries: who its module is.
pub struct StoreData {
    pub kernel: &'static Kernel,
    pub domain: usize,
    pub limits: StoreLimits,
}

/// The part of a domain that exists once its module is there.
pub struct Loaded {
    pub store: UnsafeCell<Store<StoreData>>,
    memory: *mut u8,
    memory_bytes: u64,
    message_in: u32,
    message_out: u32,
    message_in_pointer: *mut Message,
    message_out_pointer: *mut Message,
    /// Address of the memory's first byte for devices, if the memory is one physical run.
    pub device_base: Option<u64>,
    pub receive: TypedFunc<(u32, u32), u32>,
    pub start: Option<TypedFunc<(), u32>>,
    pub top_level: Option<TypedFunc<(), ()>>,
    pub notified: Option<TypedFunc<u32, ()>>,
    pub closed: Option<TypedFunc<u32, ()>>,
}

pub struct Domain {
    pub name: [u8; 24],
    pub rank: u8,
    pub memory_pages: u32,
    pub state: Cell<DomainState>,
    pub loaded: OnceCell<Loaded>,
    /// Why it died, or is about to: set by a system call that ends it.
    pub fault: Cell<u32>,
    pub pending: Cell<u32>,
    /// Bits that `wait` may name: those of the kernel and of lower ranks.
    pub waitable: Cell<u32>,
    pub calls: Cell<u32>,
}

impl Domain {
    pub fn new(entry: &DomainEntry) -> Self {
        Domain {
            name: entry.name,
            rank: entry.rank,
            memory_pages: entry.memory_pages,
            state: Cell::new(DomainState::Absent),
            loaded: OnceCell::new(),
            fault: Cell::new(0),
            pending: Cell::new(0),
            waitable: Cell::new(0),
            calls: Cell::new(0),
        }
    }

    pub fn name(&self) -> &str {
        let end = self.name.iter().position(|&byte| byte == 0).unwrap_or(self.name.len());
        core::str::from_utf8(&self.name[..end]).unwrap_or("?")
    }

    pub fn is_ready(&self) -> bool {
        self.state.get() == DomainState::Ready
    }
}

/// Entry points of a module, found by the loader.
pub struct Exports {
    pub receive: TypedFunc<(u32, u32), u32>,
    pub start: Option<TypedFunc<(), u32>>,
    pub top_level: Option<TypedFunc<(), ()>>,
    pub notified: Option<TypedFunc<u32, ()>>,
    pub closed: Option<TypedFunc<u32, ()>>,
}

impl Loaded {
    /// Safety: `memory` is the module's linear memory of `memory_bytes` bytes, which lives in `store`; both message
    /// buffers lie inside it, at multiples of 16, and do not overlap.
    pub unsafe fn new(
        store: Store<StoreData>, memory: *mut u8, memory_bytes: u64, message_in: u32, message_out: u32,
        device_base: Option<u64>, exports: Exports,
    ) -> Self {
        let Exports { receive, start, top_level, notified, closed } = exports;
        // Safety: both lie inside the memory.
        let [message_in_pointer, message_out_pointer] =
            [message_in, message_out].map(|address| unsafe { memory.add(address as usize) }.cast::<Message>());
        Loaded {
            store: UnsafeCell::new(store), memory, memory_bytes, message_in, message_out, message_in_pointer,
            message_out_pointer, device_base, receive, start, top_level, notified, closed,
        }
    }

    /// The buffer where requests arrive and replies are left. Safety of its use: see `new`; the domain's own code does not
    /// run meanwhile, and neither lease nor grant reaches a message buffer, so no device writes there either.
    #[inline]
    pub fn message_in(&self) -> *mut Message {
        self.message_in_pointer
    }
    /// The buffer where requests are left and replies arrive. Safety as above.
    #[inline]
    pub fn message_out(&self) -> *mut Message {
        self.message_out_pointer
    }

    /// The kernel's pointer to [address, address + length) of this memory.
    #[inline]
    pub fn range(&self, address: u32, length: u32) -> Result<*mut u8, Status> {
        if u64::from(address) + u64::from(length) > self.memory_bytes {
            return Err(status::INVALID_ARGUMENT);
        }
        // Safety: inside the memory by the test above.
        Ok(unsafe { self.memory.add(address as usize) })
    }

    /// The bytes of a range, to read. Safety: nothing of the kernel writes them while the slice lives; a device may (its
    /// driver asked for that), so what is read may be torn, and only ever reaches those who shared it.
    pub fn bytes(&self, address: u32, length: u32) -> Result<&[u8], Status> {
        let start = self.range(address, length)?;
        Ok(unsafe { core::slice::from_raw_parts(start, length as usize) })
    }

    /// The bytes of a range, to write. Safety: as above, and no other slice of this memory lives: callers make one at a
    /// time, inside one system call.
    #[allow(clippy::mut_from_ref)]
    pub fn bytes_mut(&self, address: u32, length: u32) -> Result<&mut [u8], Status> {
        let start = self.range(address, length)?;
        Ok(unsafe { core::slice::from_raw_parts_mut(start, length as usize) })
    }

    /// Does a range of this memory touch a message buffer? An empty range touches nothing.
    #[inline]
    pub fn touches_message(&self, address: u32, length: u32) -> bool {
        let end = u64::from(address) + u64::from(length);
        let touches = |buffer: u32| u64::from(address) < u64::from(buffer) + size_of::<Message>() as u64 && end > u64::from(buffer);
        length > 0 && (touches(self.message_in) || touches(self.message_out))
    }
}

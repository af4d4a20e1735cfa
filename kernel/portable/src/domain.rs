//! One domain as the kernel sees it: a memory, two message buffers, the functions to enter it, and how often it ended.
//!
//! What stays true: nothing enters a domain that is not `Ready` (or `Loaded`, to start it); its memory never moves or
//! shrinks, so pointers into it stay good until it is unloaded, which happens only when none of its activations is left; its
//! store is entered by one activation at a time, because calls only go to lower ranks; `live_epoch` equals its epoch
//! exactly while it is `Ready`.
use crate::capability::NOT_LIVE;
use crate::engine_config::ACTIVATION_STACK_BYTES;
use crate::generated::{state, status};
use crate::kernel::Kernel;
use crate::manifest::{DomainEntry, RestartPolicy};
use crate::message::Message;
use crate::Status;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::{Cell, OnceCell, RefCell, UnsafeCell};
use wasmtime::{InstancePre, Store, StoreLimits, TypedFunc};

/// Kernel stack that an activation may use besides that of its module.
pub const HOST_STACK_BYTES: usize = 48 << 10;
/// What must be left of the stack before a domain is entered.
pub const ENTRY_STACK_BYTES: usize = ACTIVATION_STACK_BYTES + HOST_STACK_BYTES;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DomainState {
    /// Not on this kernel.
    Absent = state::ABSENT as isize,
    Loaded = state::LOADED as isize,
    Ready = state::READY as isize,
    /// Stopped, and has no restart policy.
    Dead = state::DEAD as isize,
    /// Stopped; a restart is due or is waited for.
    Restarting = state::RESTARTING as isize,
    GivenUp = state::GIVEN_UP as isize,
    /// To be unwound: no instruction of it runs again.
    Dying = state::DYING as isize,
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
    pub background: Option<TypedFunc<(), u32>>,
}

pub struct Domain {
    pub name: [u8; 24],
    pub rank: u8,
    pub memory_pages: u32,
    pub restart: Option<RestartPolicy>,
    /// What it has an endpoint to in the manifest and restarts with; empty for one that recovers.
    pub stands_on: Box<[u8]>,
    /// Its module, ready to be instantiated again.
    pub code: OnceCell<InstancePre<StoreData>>,
    loaded: UnsafeCell<Option<Box<Loaded>>>,
    state: Cell<DomainState>,
    /// What a dying domain will be when it is unwound.
    pub fate: Cell<DomainState>,
    /// How often it restarted.
    pub epoch: Cell<u32>,
    /// Its epoch while it can be called, else `NOT_LIVE`.
    pub live_epoch: Cell<u32>,
    /// Set by a system call that ends its domain: why.
    pub noted_fault: Cell<u32>,
    /// Why it ended last.
    pub fault: Cell<u32>,
    /// It ended in the wave of deaths that is going on: what stands on it has yet to follow.
    pub is_fallen: Cell<bool>,
    /// Times of the deaths of its own that are within the window.
    pub deaths: RefCell<Vec<u64>>,
    /// When it may restart; 0 is at once.
    pub restart_at: Cell<u64>,
    /// It restarts with an empty stack only: not the first death within the window.
    pub is_patient: Cell<bool>,
    /// Device addresses of its memory were given out since the last reset of the device that was confirmed.
    pub is_exposed: Cell<bool>,
    /// The device did not confirm a reset while it was exposed: its memory is never used again.
    pub is_tainted: Cell<bool>,
    pub pending: Cell<u32>,
    /// Bits that `wait` may name: those of the kernel and of lower ranks.
    pub waitable: Cell<u32>,
    pub calls: Cell<u32>,
    /// It was entered for an event since its background step had nothing left.
    pub wants_background: Cell<bool>,
    /// `calls` when its background step had nothing left.
    pub calls_at_rest: Cell<u32>,
}

impl Domain {
    pub fn new(entry: &DomainEntry, stands_on: Box<[u8]>) -> Self {
        let deaths = entry.restart.map_or(Vec::new(), |policy| Vec::with_capacity(policy.limit as usize + 1));
        Domain {
            name: entry.name,
            rank: entry.rank,
            memory_pages: entry.memory_pages,
            restart: entry.restart,
            stands_on,
            code: OnceCell::new(),
            loaded: UnsafeCell::new(None),
            state: Cell::new(DomainState::Absent),
            fate: Cell::new(DomainState::Absent),
            epoch: Cell::new(0),
            live_epoch: Cell::new(NOT_LIVE),
            noted_fault: Cell::new(0),
            fault: Cell::new(0),
            is_fallen: Cell::new(false),
            deaths: RefCell::new(deaths),
            restart_at: Cell::new(0),
            is_patient: Cell::new(false),
            is_exposed: Cell::new(false),
            is_tainted: Cell::new(false),
            pending: Cell::new(0),
            waitable: Cell::new(0),
            calls: Cell::new(0),
            wants_background: Cell::new(true),
            calls_at_rest: Cell::new(0),
        }
    }

    #[inline]
    pub fn state(&self) -> DomainState {
        self.state.get()
    }

    pub fn set_state(&self, state: DomainState) {
        self.state.set(state);
        self.live_epoch.set(if state == DomainState::Ready { self.epoch.get() } else { NOT_LIVE });
    }

    pub fn is_alive(&self) -> bool {
        matches!(self.state.get(), DomainState::Loaded | DomainState::Ready)
    }

    /// The part that exists while its module is there: for one that runs, is alive, or is dying.
    #[inline]
    pub fn loaded(&self) -> Result<&Loaded, Status> {
        // Safety: replaced only by `load` and `unload`, when nobody refers to it (see there).
        unsafe { (*self.loaded.get()).as_deref() }.ok_or(status::PEER_DEAD)
    }

    /// Safety: the domain has no activation, and no reference of `loaded` is in use: both are called between activations,
    /// by the code that starts and stops domains, which keeps none.
    pub unsafe fn load(&self, loaded: Loaded) {
        unsafe { *self.loaded.get() = Some(Box::new(loaded)) }
    }

    /// Takes the module and its memory out. Safety: as `load`.
    pub unsafe fn unload(&self) -> Option<Box<Loaded>> {
        unsafe { (*self.loaded.get()).take() }
    }

    pub fn name(&self) -> &str {
        let end = self.name.iter().position(|&byte| byte == 0).unwrap_or(self.name.len());
        core::str::from_utf8(&self.name[..end]).unwrap_or("?")
    }

    pub fn is_ready(&self) -> bool {
        self.state.get() == DomainState::Ready
    }
}

/// Safety: ids come from the manifest, which was checked when it was decoded; whoever has one has it from a store, a capability or
/// an activation, and the list of domains never changes its length.
#[inline(always)]
pub fn of_id(domains: &[Domain], id: usize) -> &Domain {
    debug_assert!(id < domains.len());
    unsafe { domains.get_unchecked(id) }
}

/// Entry points of a module, found by the loader.
pub struct Exports {
    pub receive: TypedFunc<(u32, u32), u32>,
    pub start: Option<TypedFunc<(), u32>>,
    pub top_level: Option<TypedFunc<(), ()>>,
    pub notified: Option<TypedFunc<u32, ()>>,
    pub closed: Option<TypedFunc<u32, ()>>,
    pub background: Option<TypedFunc<(), u32>>,
}

impl Loaded {
    /// Safety: `memory` is the module's linear memory of `memory_bytes` bytes, which lives in `store`; both message
    /// buffers lie inside it, at multiples of 16, and do not overlap.
    pub unsafe fn new(
        store: Store<StoreData>, memory: *mut u8, memory_bytes: u64, message_in: u32, message_out: u32,
        device_base: Option<u64>, exports: Exports,
    ) -> Self {
        let Exports { receive, start, top_level, notified, closed, background } = exports;
        // Safety: both lie inside the memory.
        let [message_in_pointer, message_out_pointer] =
            [message_in, message_out].map(|address| unsafe { memory.add(address as usize) }.cast::<Message>());
        Loaded {
            store: UnsafeCell::new(store), memory, memory_bytes, message_in, message_out, message_in_pointer,
            message_out_pointer, device_base, receive, start, top_level, notified, closed, background,
        }
    }

    /// The first byte of the memory.
    pub fn base(&self) -> *const u8 {
        self.memory
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

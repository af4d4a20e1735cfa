//! The kernel: all domains, their capabilities, and what the one activity is doing now.
//!
//! There is one CPU and one activity, so the state is in cells, never behind a lock; a borrow of an
//! `Exclusive` ends before a domain is entered, which debug builds, and so the tests, check at run time.
use crate::capability::Capabilities;
use crate::domain::{self, Domain, DomainState, Loaded};
use crate::events::{Binding, Timer};
use crate::exclusive::Exclusive;
use crate::generated::{right, kind, status};
use crate::machine::{Device, Iommu, Machine};
use crate::trace::{KERNEL_DOMAIN, Record, TraceRing};
use crate::{Status, watchdog};
use alloc::{boxed::Box, vec::Vec};
use core::cell::{Cell, OnceCell, RefCell};
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use wasmtime::format_err;

/// Interrupt numbers that the machine may report.
pub const INTERRUPT_LIMIT: usize = 32;

/// What was asked for on the boot command line.
#[derive(Default)]
pub struct Options {
    /// Trace notes and faults also go to the machine's log.
    pub is_debug: bool,
    /// What `console_arguments` hands out.
    pub console_arguments: Vec<u8>,
    /// Fault injection: the name of a domain, and the number of the message at which it is killed.
    pub kill: Option<(Vec<u8>, u32)>,
}

/// What may stand in the way of a system call that is about to return (`Kernel::attention`).
pub(crate) mod attention {
    /// The power is off: every domain is left.
    pub const POWER: u32 = 1;
    /// A domain on the stack is dying.
    pub const DYING: u32 = 2;
    /// A domain has stopped: it may have to be started again.
    pub const STOPPED: u32 = 4;
    /// Messages are counted for fault injection. Stays for good.
    pub const INJECTING: u32 = 8;
    /// The IOMMU has blocked an access. Set by an interrupt.
    pub const DEVICE_FAULT: u32 = 16;
    /// A reply is looked at more closely.
    pub const CLOSER: u32 = INJECTING | DEVICE_FAULT;
}

/// Where the activity is, in one word, whose low half lies as in a trace record:
///
/// ```text
/// bits 8–15 depth | 16–23 domain | 32–63 request id: of the outermost event, inherited by everything below it
/// ```
#[derive(Clone, Copy)]
pub struct Activation(u64);

impl Activation {
    #[inline(always)]
    pub const fn new(domain: u8, depth: u8, request_id: u32) -> Self {
        Activation((depth as u64) << 8 | (domain as u64) << 16 | (request_id as u64) << 32)
    }

    #[inline(always)]
    pub fn domain(self) -> usize {
        (self.0 >> 16 & 0xff) as usize
    }
    #[inline(always)]
    pub fn depth(self) -> u8 {
        (self.0 >> 8) as u8
    }
    #[inline(always)]
    pub fn request_id(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// An activation of `callee` that this one calls. Ranks fall along the stack, so it is never deeper than there are ranks.
    #[inline(always)]
    pub fn below(self, callee: usize) -> Self {
        Activation((self.0 & !0xff_0000) + 0x100 | (callee as u64) << 16)
    }

    /// The word { kind, depth, caller, callee } of a record of a message.
    #[inline(always)]
    pub fn record_word(self, kind: u8, callee: usize) -> u32 {
        self.0 as u32 | u32::from(kind) | (callee as u32) << 24
    }
}

pub struct Kernel {
    pub machine: &'static dyn Machine,
    pub domains: Box<[Domain]>,
    /// Ids of the domains that this kernel runs, lowest rank first.
    pub(crate) by_rank: Box<[u8]>,
    pub capabilities: Exclusive<Capabilities>,
    pub(crate) options: Options,
    pub(crate) trace: Exclusive<Option<TraceRing>>,
    /// The trace is on, or messages are counted for fault injection.
    pub(crate) is_watched: Cell<bool>,
    pub(crate) current: Cell<Activation>,
    pub(crate) last_request_id: Cell<u32>,
    /// The domains that are active, by depth; entry 0 is nobody.
    pub(crate) stack: [Cell<u8>; 256],
    /// Set when something must be looked at before a system call returns; else 0. The only cost of all that on a call.
    pub(crate) attention: AtomicU32,
    /// Domains on the stack that are dying.
    pub(crate) dying_count: Cell<u32>,
    /// All domains have had their first start: messages count for fault injection.
    pub(crate) is_started: Cell<bool>,
    /// Fault injection: whom to kill, and in how many messages.
    pub(crate) injection: Cell<Option<(u8, u32)>>,
    /// No domain is entered with the stack pointer below this.
    pub(crate) stack_floor: Cell<usize>,
    /// Itself: it lives as long as the machine.
    pub(crate) this: OnceCell<&'static Kernel>,
    pub(crate) bindings: [Cell<Option<Binding>>; INTERRUPT_LIMIT],
    pub(crate) timers: RefCell<Vec<Timer>>,
    /// Earliest deadline of a timer; `u64::MAX` if none is armed.
    pub(crate) next_deadline: Cell<u64>,
    pub(crate) device: Cell<Device>,
    /// How long its driver lets the device keep a request, in milliseconds: the manifest's word.
    pub(crate) device_time_out_ms: Cell<u32>,
    /// The domain that drives the device.
    pub(crate) driver: Cell<Option<u8>>,
    /// What keeps the device in its place.
    pub(crate) iommu: Cell<Option<&'static dyn Iommu>>,
    /// Accesses of devices that were blocked, of those that were recorded.
    pub(crate) device_faults: Cell<u32>,
    /// Power was switched off; only a machine under test comes back from that.
    pub(crate) power_status: Cell<Option<u32>>,
}

pub const IDLE: Activation = Activation::new(KERNEL_DOMAIN, 0, 0);

impl Kernel {
    pub(crate) fn new(machine: &'static dyn Machine, domains: Vec<Domain>, by_rank: Vec<u8>, options: Options) -> Self {
        Kernel {
            machine,
            capabilities: Exclusive::new(Capabilities::new(&domains.iter().map(|domain| domain.rank).collect::<Vec<_>>())),
            domains: domains.into_boxed_slice(),
            by_rank: by_rank.into_boxed_slice(),
            options,
            trace: Exclusive::new(None),
            is_watched: Cell::new(false),
            current: Cell::new(IDLE),
            last_request_id: Cell::new(0),
            stack: [const { Cell::new(KERNEL_DOMAIN) }; 256],
            attention: AtomicU32::new(0),
            dying_count: Cell::new(0),
            is_started: Cell::new(false),
            injection: Cell::new(None),
            stack_floor: Cell::new(usize::MAX),
            this: OnceCell::new(),
            bindings: [const { Cell::new(None) }; INTERRUPT_LIMIT],
            timers: RefCell::new(Vec::new()),
            next_deadline: Cell::new(u64::MAX),
            device: Cell::new(Device::default()),
            device_time_out_ms: Cell::new(0),
            driver: Cell::new(None),
            iommu: Cell::new(None),
            device_faults: Cell::new(0),
            power_status: Cell::new(None),
        }
    }

    pub fn attach_trace(&self, ring: TraceRing) {
        *self.trace.borrow_mut() = Some(ring);
        self.is_watched.set(true);
    }

    /// The loaded part of a domain that is running or was found ready.
    #[inline]
    pub fn loaded(&self, domain: usize) -> Result<&Loaded, Status> {
        self.domains[domain].loaded()
    }

    pub fn power_status(&self) -> Option<u32> {
        self.power_status.get()
    }

    /// One record of the trace, if it is on.
    #[inline]
    pub(crate) fn record(&self, record: Record) {
        if self.is_watched.get() {
            self.record_now(record);
        }
    }

    #[inline(never)]
    fn record_now(&self, record: Record) {
        if let Some(ring) = self.trace.borrow_mut().as_mut() {
            ring.record(self.machine, record);
        }
    }

    /// The record of a message, where it is known that somebody watches. Plain words, and the way round when the ring is full
    /// elsewhere, because on the call path each move counts.
    #[inline(never)]
    pub(crate) fn record_message(&self, who: u32, subject: u32, status: u32, request_id: u32, argument: u32) {
        if let Some(ring) = self.trace.borrow_mut().as_mut() {
            if ring.has_room() {
                return ring.publish(self.machine, [who, subject, status, request_id, argument], None);
            }
        }
        self.record_patiently(who, subject, status, request_id, argument);
    }

    #[cold]
    #[inline(never)]
    fn record_patiently(&self, who: u32, subject: u32, status: u32, request_id: u32, argument: u32) {
        self.record_now(Record::of([who, subject, status, request_id, argument]));
    }

    /// A line of text from a domain into the trace and, when debugging, the log.
    pub(crate) fn note(&self, domain: usize, text: &[u8]) {
        let (depth, request_id) = (self.current.get().depth(), self.current.get().request_id());
        if text.is_empty() {
            return;
        }
        if let Some(ring) = self.trace.borrow_mut().as_mut() {
            ring.note(self.machine, depth, domain as u8, request_id, text);
        }
        if self.options.is_debug {
            let text = core::str::from_utf8(text).unwrap_or("(not UTF-8)");
            self.machine.log(format_args!("{}: {text}", self.domains[domain].name()));
        }
    }

    pub fn log(&self, text: core::fmt::Arguments<'_>) {
        if self.options.is_debug {
            self.machine.log(text);
        }
    }

    /// The activity goes on in another domain, whose activation begins. In line: `watchdog::enter` notes this frame.
    #[inline(always)]
    pub(crate) fn begin(&self, to: Activation) {
        self.stack[to.depth() as usize].set(to.domain() as u8);
        self.current.set(to);
        watchdog::enter(to.domain());
    }

    /// The activation ended; back to where it was begun.
    #[inline(always)]
    pub(crate) fn resume(&self, outer: Activation) {
        self.current.set(outer);
        watchdog::leave_to(outer.domain());
    }

    /// Is enough of the stack left for another activation and the kernel below it?
    #[inline(always)]
    pub(crate) fn has_stack_to_enter(&self) -> bool {
        let here = 0u8;
        &raw const here as usize >= self.stack_floor.get()
    }

    /// The domain of this id, which comes from a store, a capability or an activation.
    #[inline(always)]
    pub(crate) fn domain(&self, id: usize) -> &Domain {
        domain::of_id(&self.domains, id)
    }

    /// Has this domain an activation?
    pub(crate) fn is_on_stack(&self, domain: usize) -> bool {
        let depth = self.current.get().depth() as usize;
        self.stack[..=depth].iter().any(|active| active.get() as usize == domain)
    }

    // ---- what is looked at before a system call returns

    pub(crate) fn raise(&self, bits: u32) {
        self.attention.fetch_or(bits, Relaxed);
    }

    #[inline(always)]
    pub(crate) fn has_raised(&self, bits: u32) -> bool {
        self.attention.load(Relaxed) & bits != 0
    }

    pub(crate) fn lower(&self, bits: u32) {
        self.attention.fetch_and(!bits, Relaxed);
    }

    /// The last act of every system call. An error ends the activation of the caller.
    #[inline(always)]
    pub(crate) fn attend(&self, me: usize) -> wasmtime::Result<()> {
        if self.attention.load(Relaxed) == 0 { Ok(()) } else { self.attend_now(me) }
    }

    #[cold]
    fn attend_now(&self, me: usize) -> wasmtime::Result<()> {
        let domain = &self.domains[me];
        if self.power_status.get().is_some() {
            return Err(format_err!("the power is off"));
        }
        if self.has_raised(attention::DEVICE_FAULT) {
            self.look_at_device_faults();
        }
        if domain.state() != DomainState::Dying && self.has_raised(attention::STOPPED) {
            self.settle(Some(domain.rank));
        }
        // Looked at last: what was started again may have ended this one, or switched the power off.
        if self.power_status.get().is_some() || domain.state() == DomainState::Dying {
            return Err(format_err!("stopped"));
        }
        Ok(())
    }

    // ---- control

    pub(crate) fn control_kill(&self, me: usize, control: u32, id: u32) -> Result<u32, Status> {
        let rights = self.capabilities.borrow().find_kind(me, control, kind::CONTROL)?.rights;
        if rights & right::WRITE == 0 {
            return Err(status::DENIED);
        }
        let domain = self.domains.get(id as usize).filter(|domain| domain.state() != DomainState::Absent).ok_or(status::INVALID_ARGUMENT)?;
        if !domain.is_alive() {
            return Err(status::PEER_DEAD);
        }
        self.kill(id as usize);
        Ok(0)
    }
}

/// What a system call returns: 0 or more, or a negative status.
pub fn answer(result: Result<u32, Status>) -> i32 {
    match result {
        Ok(value) => value as i32,
        Err(status) => -(status as i32),
    }
}

//! The kernel: all domains, their capabilities, and what the one activity is doing now.
//!
//! There is one CPU and one activity, so the state is in cells, never behind a lock; a `RefCell` borrow ends before a
//! domain is entered, which the borrow flag proves at run time.
use crate::capability::Capabilities;
use crate::domain::{Domain, DomainState, Loaded};
use crate::events::{Binding, Timer};
use crate::generated::{fault, trace_kind};
use crate::machine::{Device, Machine};
use crate::trace::{KERNEL_DOMAIN, Record, TraceRing};
use crate::{Status, watchdog};
use alloc::{boxed::Box, format, vec::Vec};
use core::cell::{Cell, RefCell};

/// Interrupt numbers that the machine may report.
pub const INTERRUPT_LIMIT: usize = 32;

/// What was asked for on the boot command line.
#[derive(Default)]
pub struct Options {
    /// Trace notes and faults also go to the machine's log.
    pub is_debug: bool,
    /// What `console_arguments` hands out.
    pub console_arguments: Vec<u8>,
}

/// Where the activity is.
#[derive(Clone, Copy)]
pub struct Activation {
    pub domain: u8,
    pub depth: u8,
    /// Of the outermost event; inherited by everything below it.
    pub request_id: u32,
}

pub struct Kernel {
    pub machine: &'static dyn Machine,
    pub domains: Box<[Domain]>,
    /// Ids of the domains that this kernel runs, lowest rank first.
    pub(crate) by_rank: Box<[u8]>,
    pub capabilities: RefCell<Capabilities>,
    pub(crate) options: Options,
    pub(crate) trace: RefCell<Option<TraceRing>>,
    pub(crate) is_traced: Cell<bool>,
    pub(crate) current: Cell<Activation>,
    pub(crate) last_request_id: Cell<u32>,
    pub(crate) bindings: [Cell<Option<Binding>>; INTERRUPT_LIMIT],
    pub(crate) timers: RefCell<Vec<Timer>>,
    /// Earliest deadline of a timer; `u64::MAX` if none is armed.
    pub(crate) next_deadline: Cell<u64>,
    pub(crate) device: Cell<Device>,
    /// The domain that drives the device.
    pub(crate) driver: Cell<Option<u8>>,
    /// Power was switched off; only a machine under test comes back from that.
    pub(crate) power_status: Cell<Option<u32>>,
}

pub const IDLE: Activation = Activation { domain: KERNEL_DOMAIN, depth: 0, request_id: 0 };

impl Kernel {
    pub(crate) fn new(machine: &'static dyn Machine, domains: Vec<Domain>, by_rank: Vec<u8>, options: Options) -> Self {
        Kernel {
            machine,
            capabilities: RefCell::new(Capabilities::new(domains.len())),
            domains: domains.into_boxed_slice(),
            by_rank: by_rank.into_boxed_slice(),
            options,
            trace: RefCell::new(None),
            is_traced: Cell::new(false),
            current: Cell::new(IDLE),
            last_request_id: Cell::new(0),
            bindings: [const { Cell::new(None) }; INTERRUPT_LIMIT],
            timers: RefCell::new(Vec::new()),
            next_deadline: Cell::new(u64::MAX),
            device: Cell::new(Device::default()),
            driver: Cell::new(None),
            power_status: Cell::new(None),
        }
    }

    pub fn attach_trace(&self, ring: TraceRing) {
        *self.trace.borrow_mut() = Some(ring);
        self.is_traced.set(true);
    }

    /// The loaded part of a domain that is running or was found ready.
    #[inline]
    pub fn loaded(&self, domain: usize) -> &Loaded {
        self.domains[domain].loaded.get().expect("an entered domain is loaded")
    }

    pub fn power_status(&self) -> Option<u32> {
        self.power_status.get()
    }

    /// One record of the trace, if it is on.
    #[inline]
    pub(crate) fn record(&self, record: Record) {
        if self.is_traced.get() {
            self.record_now(record);
        }
    }

    #[cold]
    fn record_now(&self, record: Record) {
        if let Some(ring) = self.trace.borrow_mut().as_mut() {
            ring.record(self.machine, record);
        }
    }

    /// A line of text from a domain into the trace and, when debugging, the log.
    pub(crate) fn note(&self, domain: usize, text: &[u8]) {
        let Activation { depth, request_id, .. } = self.current.get();
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

    /// A domain gave up or trapped. Called with the activity back at its caller.
    #[cold]
    pub(crate) fn bury(&self, domain: usize, error: &wasmtime::Error) {
        if self.power_status.get().is_some() {
            return; // not a death: everything is being left
        }
        if watchdog::take_expired(domain) {
            return self.end(domain, fault::TIME_LIMIT, b"the time limit is over");
        }
        let fault = fault_code(self.domains[domain].fault.get(), error);
        self.end(domain, fault, format!("{}", error.root_cause()).as_bytes());
    }

    /// Ends a domain: its handles, grants and timers go at once, its device is stopped, the others go on. Callers are told
    /// by the status of the call. Its memory stays as it is for ever, so a late write of its device hurts nobody.
    pub(crate) fn end(&self, domain: usize, fault: u32, text: &[u8]) {
        let dead = &self.domains[domain];
        dead.state.set(DomainState::Dead);
        dead.fault.set(fault);
        dead.pending.set(0);
        let Activation { depth, request_id, .. } = self.current.get();
        let (kind, callee) = (trace_kind::TRAP, domain as u8);
        self.record(Record { kind, depth, caller: KERNEL_DOMAIN, callee, request_id, argument: fault, ..Record::default() });
        self.note(domain, text);
        self.forget_timers(domain);
        self.stop_device_of(domain);
        self.capabilities.borrow_mut().release_all(domain);
    }
}

/// A system call that ends its domain has noted why; otherwise the module trapped.
fn fault_code(noted: u32, error: &wasmtime::Error) -> u32 {
    if noted != 0 {
        return noted;
    }
    match error.downcast_ref::<wasmtime::Trap>() {
        Some(wasmtime::Trap::StackOverflow) => fault::STACK_OVERFLOW,
        _ => fault::TRAP,
    }
}

/// What a system call returns: 0 or more, or a negative status.
pub fn answer(result: Result<u32, Status>) -> i32 {
    match result {
        Ok(value) => value as i32,
        Err(status) => -(status as i32),
    }
}

//! Events: how domains are started, told of notifications and closed badges, and how they wait.
//!
//! Interrupts, timers and signals only set bits. Bits are delivered when the stack is empty, lowest rank first; a badge's
//! end also at once when the last copy is dropped by a domain of higher rank than its server, which is then a call
//! downward like any other: a client that opens and closes many things in one event does not fill the server's tables.
//! `wait` consumes bits and enters no domain. When nothing else is left, domains that want to run a step in the background.
use crate::Status;
use crate::call::enter;
use crate::domain::{DomainState, ENTRY_STACK_BYTES, Loaded};
use crate::generated::{kind, right, status, trace_kind};
use crate::kernel::{Activation, INTERRUPT_LIMIT, Kernel};
use crate::machine::DEVICE_FAULT_INTERRUPT;
use crate::trace::{KERNEL_DOMAIN, Record};
use crate::watchdog;

/// Who hears of an interrupt.
#[derive(Clone, Copy)]
pub struct Binding {
    pub domain: u8,
    pub bit: u8,
    /// Is it recorded as a device's interrupt?
    pub is_device: bool,
    pub count: u32,
}

/// A one-shot timer of a domain; `u64::MAX` while it is not armed.
pub struct Timer {
    pub domain: u8,
    pub bit: u8,
    pub deadline: u64,
}

impl Kernel {
    // ---- what happens outside of domains

    fn signal(&self, domain: u8, bits: u32) {
        let pending = &self.domains[domain as usize].pending;
        pending.set(pending.get() | bits);
    }

    /// Turns interrupts and timers that are due into pending bits. Enters no domain.
    pub(crate) fn advance(&self) {
        let mut interrupts = self.machine.take_interrupts();
        while interrupts != 0 {
            let number = interrupts.trailing_zeros() as usize;
            interrupts &= interrupts - 1;
            self.interrupt(number);
        }
        if self.next_deadline.get() != u64::MAX && self.machine.monotonic_nanoseconds() >= self.next_deadline.get() {
            self.expire_timers();
        }
    }

    fn interrupt(&self, number: usize) {
        if number == DEVICE_FAULT_INTERRUPT as usize {
            return self.look_at_device_faults();
        }
        let Some(mut binding) = self.bindings[number % INTERRUPT_LIMIT].get() else { return };
        binding.count = binding.count.wrapping_add(1);
        self.bindings[number % INTERRUPT_LIMIT].set(Some(binding));
        self.signal(binding.domain, 1 << binding.bit);
        if binding.is_device {
            let (depth, request_id) = (self.current.get().depth(), self.current.get().request_id());
            let (kind, callee) = (trace_kind::INTERRUPT, binding.domain);
            self.record(Record { kind, depth, caller: KERNEL_DOMAIN, callee, request_id, argument: binding.count, ..Record::default() });
        }
    }

    fn expire_timers(&self) {
        let now = self.machine.monotonic_nanoseconds();
        let mut next = u64::MAX;
        for timer in self.timers.borrow_mut().iter_mut() {
            if timer.deadline <= now {
                timer.deadline = u64::MAX;
                self.signal(timer.domain, 1 << timer.bit);
            }
            next = next.min(timer.deadline);
        }
        self.next_deadline.set(next);
    }

    pub(crate) fn forget_timers(&self, domain: usize) {
        for timer in self.timers.borrow_mut().iter_mut().filter(|timer| timer.domain as usize == domain) {
            timer.deadline = u64::MAX;
        }
        self.find_next_deadline();
    }

    fn find_next_deadline(&self) {
        let next = self.timers.borrow().iter().map(|timer| timer.deadline).min();
        self.next_deadline.set(next.unwrap_or(u64::MAX));
    }

    // ---- entering domains

    /// Runs `activity` in a domain as an event, with a request id of its own unless it is part of a request. A domain
    /// that fails is buried. Safety of the entry: the stack is empty, or every domain on it has a higher rank.
    pub(crate) fn event<R>(&self, domain: usize, activity: impl FnOnce(&Loaded) -> wasmtime::Result<R>) -> Option<R> {
        let loaded = self.loaded(domain).ok()?;
        let outer = self.current.get();
        let request_id = if outer.depth() == 0 { self.new_request_id() } else { outer.request_id() };
        self.domains[domain].wants_background.set(true);
        self.begin(Activation::new(domain as u8, outer.depth() + 1, request_id));
        self.keep_ticking();
        let result = activity(loaded);
        self.resume(outer);
        result.map_err(|error| self.bury(domain, &error)).ok()
    }

    /// After a sleep, or with an empty stack: ticks that came meanwhile found nobody, and stopped.
    fn keep_ticking(&self) {
        if !watchdog::is_ticking() {
            self.machine.start_ticks();
        }
    }

    fn new_request_id(&self) -> u32 {
        let id = self.last_request_id.get().wrapping_add(1).max(1);
        self.last_request_id.set(id);
        id
    }

    /// Runs the top-level code of all modules, then starts the domains in the order of the manifest.
    pub fn start(&self) {
        self.stack_floor.set(self.machine.stack_end() + ENTRY_STACK_BYTES);
        for (id, domain) in self.domains.iter().enumerate() {
            if domain.state() == DomainState::Loaded {
                self.run_top_level(id);
            }
        }
        for (id, domain) in self.domains.iter().enumerate() {
            if domain.state() != DomainState::Loaded || self.power_status.get().is_some() {
                continue;
            }
            self.capabilities.borrow_mut().renew_all(id);
            self.run_start(id);
            self.settle(None);
        }
        self.is_started.set(true);
        self.deliver();
    }

    /// Delivers what is pending until nothing is. The stack is empty.
    pub fn deliver(&self) {
        loop {
            self.advance();
            self.settle(None);
            if self.power_status.get().is_some() || !(self.deliver_one() || self.step_background()) {
                return;
            }
        }
    }

    /// Delivers one event to the domain of lowest rank that has any.
    fn deliver_one(&self) -> bool {
        for &id in &self.by_rank {
            let domain = &self.domains[id as usize];
            if !domain.is_ready() {
                continue;
            }
            if self.deliver_closed(id as usize) {
                return true;
            }
            let has_handler = self.loaded(id as usize).is_ok_and(|loaded| loaded.notified.is_some());
            if has_handler && domain.pending.get() != 0 {
                self.deliver_bits(id as usize, domain.pending.replace(0));
                return true;
            }
        }
        false
    }

    /// One bounded step of the lowest domain that may have work for it; false if none has.
    fn step_background(&self) -> bool {
        for &id in &self.by_rank {
            let domain = &self.domains[id as usize];
            let is_wanted = domain.wants_background.get() || domain.calls.get() != domain.calls_at_rest.get();
            let has_entry = || self.loaded(id as usize).is_ok_and(|loaded| loaded.background.is_some());
            if !domain.is_ready() || !is_wanted || !has_entry() {
                continue;
            }
            let has_more = self.recorded(id as usize, [trace_kind::BACKGROUND, trace_kind::BACKGROUND_RETURN], 0, |loaded| {
                loaded.background.as_ref().map(|background| enter(loaded, background, ()).map(|more| u32::from(more != 0)))
            });
            // Entered for no other reason since: itself it can neither call nor notify.
            domain.wants_background.set(has_more.is_some_and(|more| more != 0));
            domain.calls_at_rest.set(domain.calls.get());
            return true;
        }
        false
    }

    /// An event between a record of it and one of its return (whose argument is the result), in a module that has an entry point for it.
    fn recorded(
        &self, domain: usize, [kind, kind_of_return]: [u8; 2], argument: u32, activity: impl FnOnce(&Loaded) -> Option<wasmtime::Result<u32>>,
    ) -> Option<u32> {
        self.event(domain, |loaded| {
            let (depth, request_id) = (self.current.get().depth(), self.current.get().request_id());
            let record = Record { depth: depth - 1, caller: KERNEL_DOMAIN, callee: domain as u8, request_id, ..Record::default() };
            self.record(Record { kind, argument, ..record });
            let Some(answer) = activity(loaded) else { return Ok(0) };
            let answer = answer?;
            self.record(Record { kind: kind_of_return, argument: answer, ..record });
            Ok(answer)
        })
    }

    fn deliver_bits(&self, domain: usize, bits: u32) {
        self.recorded(domain, [trace_kind::NOTIFIED, trace_kind::NOTIFIED_RETURN], bits, |loaded| {
            loaded.notified.as_ref().map(|notified| enter(loaded, notified, bits).map(|()| 0))
        });
    }

    /// Tells a server of one badge that is gone; false if there is none.
    fn deliver_closed(&self, server: usize) -> bool {
        if !self.capabilities.borrow().badges.has_ended(server) {
            return false;
        }
        let Some(badge) = self.capabilities.borrow_mut().badges.take_ended(server) else { return false };
        self.recorded(server, [trace_kind::CLOSED, trace_kind::CLOSED_RETURN], badge, |loaded| {
            loaded.closed.as_ref().map(|closed| enter(loaded, closed, badge).map(|()| 0))
        });
        true
    }

    /// Servers below `rank` hear of badges that are gone; with an empty stack (no rank) all do. They are not on the stack,
    /// because ranks fall along it and a domain of `rank` is on top. False if nobody was told.
    pub(crate) fn deliver_closed_below(&self, rank: Option<u8>) -> bool {
        let mut is_told = false;
        if !self.capabilities.borrow().badges.any_ended() {
            return is_told;
        }
        for &id in &self.by_rank {
            let server = &self.domains[id as usize];
            if rank.is_some_and(|rank| server.rank >= rank) {
                break;
            }
            while server.is_ready()
                && self.power_status.get().is_none()
                && self.has_stack_to_enter()
                && self.deliver_closed(id as usize)
            {
                is_told = true;
            }
        }
        is_told
    }

    /// The life of the system: deliver, sleep, deliver. Returns only on a machine that survives `power_off`.
    pub fn run(&self) {
        while self.power_status.get().is_none() {
            self.deliver();
            if self.power_status.get().is_none() {
                self.machine.idle(self.next_deadline.get().min(self.next_restart_at()));
            }
        }
    }

    // ---- system calls

    pub(crate) fn notify(&self, me: usize, notification: u32, bits: u32) -> Result<u32, Status> {
        let capability = *self.capabilities.borrow().find_kind(me, notification, kind::NOTIFICATION)?;
        if capability.rights & right::SIGNAL == 0 {
            return Err(status::DENIED);
        }
        if !self.domains[capability.domain as usize].is_alive() {
            return Err(status::PEER_DEAD);
        }
        let bits = bits & capability.badge;
        if bits == 0 {
            return Ok(0);
        }
        self.signal(capability.domain, bits);
        let (depth, request_id) = (self.current.get().depth(), self.current.get().request_id());
        let (kind, caller, callee) = (trace_kind::NOTIFICATION, me as u8, capability.domain);
        self.record(Record { kind, depth, caller, callee, request_id, argument: bits, ..Record::default() });
        Ok(0)
    }

    pub(crate) fn wait(&self, me: usize, mask: u32, timeout_microseconds: u32) -> Result<u32, Status> {
        let domain = &self.domains[me];
        if mask == 0 || mask & !domain.waitable.get() != 0 {
            return Err(status::INVALID_ARGUMENT);
        }
        let mut deadline = None;
        loop {
            self.advance();
            if self.dying_count.get() > 0 {
                return Err(status::CANCELLED); // whoever is below wants this to end, or its device has ended it just now
            }
            let got = domain.pending.get() & mask;
            if got != 0 {
                domain.pending.set(domain.pending.get() & !got);
                return Ok(got);
            }
            if timeout_microseconds == 0 {
                return Ok(0);
            }
            let now = self.machine.monotonic_nanoseconds();
            let deadline = *deadline.get_or_insert(now + u64::from(timeout_microseconds) * 1000);
            if now >= deadline {
                return Ok(0);
            }
            // An interrupt that came since `advance` looked is still untaken, so `idle` returns at once.
            watchdog::pause();
            self.machine.idle(deadline.min(self.next_deadline.get()));
            watchdog::resume(me);
            self.keep_ticking();
        }
    }

    pub(crate) fn timer_set(&self, me: usize, timer: u32, microseconds: u32) -> Result<u32, Status> {
        let number = self.capabilities.borrow().find_kind(me, timer, kind::TIMER)?.badge as usize;
        let deadline = match microseconds {
            0 => u64::MAX,
            _ => self.machine.monotonic_nanoseconds() + u64::from(microseconds) * 1000,
        };
        if let Some(timer) = self.timers.borrow_mut().get_mut(number) {
            timer.deadline = deadline;
        }
        self.find_next_deadline();
        Ok(0)
    }
}

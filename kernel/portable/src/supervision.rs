//! How domains end and come back (docs/supervision.md §3 and §4).
//!
//! A domain that ends loses its handles and what it lent at once. If it is on the stack it is *dying* until its activation has
//! been left, which `Kernel::attend` sees to; else it is stopped. A death takes others down: those that stand on the dead one,
//! and the driver whose device could still write to its memory. What stays true: memory is given back only by `give_back`,
//! which runs between activations, for domains that are stopped and that no device reaches; a domain starts again only
//! when every activation on the stack has a higher rank, and only above servers that are not themselves waiting.
use crate::domain::{Domain, DomainState};
use crate::call::enter;
use crate::generated::{fault, status, status_name, trace_kind};
use crate::kernel::{Kernel, attention};
use crate::loader;
use crate::trace::{KERNEL_DOMAIN, Record};
use crate::watchdog;
use alloc::format;

const NANOSECONDS_PER_MILLISECOND: u64 = 1_000_000;
/// An hour.
const LONGEST_BACKOFF_NANOSECONDS: u64 = 3_600_000 * NANOSECONDS_PER_MILLISECOND;

impl Kernel {
    // ---- ending

    /// An activation of `domain` ended with an error, and the activity is back at whoever began it.
    #[cold]
    pub(crate) fn bury(&self, domain: usize, error: &wasmtime::Error) {
        if self.power_status.get().is_some() {
            return; // not a death: everything is being left
        }
        let dead = &self.domains[domain];
        if dead.state() == DomainState::Dying {
            self.dying_count.set(self.dying_count.get() - 1);
            if self.dying_count.get() == 0 {
                self.lower(attention::DYING);
            }
            self.stopped(domain);
            return;
        }
        if watchdog::take_expired(domain) {
            return self.end(domain, fault::TIME_LIMIT, b"the time limit is over");
        }
        let fault = match dead.noted_fault.replace(0) {
            0 => fault_of(error),
            noted => noted,
        };
        self.end(domain, fault, format!("{}", error.root_cause()).as_bytes());
    }

    /// Ends a domain that is alive, and everything that must end with it.
    pub(crate) fn end(&self, domain: usize, fault: u32, text: &[u8]) {
        self.end_one(domain, fault, text);
        // Those that stand on a dead one have higher ranks, so one round in the order of ranks finds all of them; the end of the
        // driver makes another.
        let mut is_settled = false;
        while !is_settled {
            is_settled = true;
            for &id in &self.by_rank {
                if let Some((fault, text)) = self.must_follow(id as usize) {
                    self.end_one(id as usize, fault, text);
                    is_settled = false;
                }
                if self.has_lost_its_ground(id as usize) {
                    self.give_up(id as usize);
                }
            }
        }
        self.by_rank.iter().for_each(|&id| self.domains[id as usize].is_fallen.set(false));
    }

    /// Ends a domain from outside of all domains, as a test does: nothing runs.
    pub fn kill(&self, id: usize) {
        if self.domains.get(id).is_some_and(Domain::is_alive) {
            self.end(id, fault::KILLED, b"killed");
        }
    }

    /// Must this domain end because of another's end?
    fn must_follow(&self, id: usize) -> Option<(u32, &'static [u8])> {
        let domain = &self.domains[id];
        if !domain.is_alive() {
            return None;
        }
        if domain.is_tainted.get() {
            return Some((fault::DEVICE_REACH, b"a device that could not be reset knows its addresses"));
        }
        let is_driver = self.driver.get() == Some(id as u8);
        if is_driver && self.domains.iter().any(|other| other.is_exposed.get() && !other.is_alive()) {
            return Some((fault::DEVICE_REACH, b"its device knows addresses of a domain that ended"));
        }
        // One that has not started yet has lost nothing: it starts in the present epochs.
        let is_fallen = domain.is_ready() && domain.stands_on.iter().any(|&peer| self.domains[peer as usize].is_fallen.get());
        is_fallen.then_some((fault::PEER_RESTARTED, b"what it stands on ended"))
    }

    /// Does it wait to restart with something that does not come back?
    fn has_lost_its_ground(&self, id: usize) -> bool {
        let fate = |domain: &Domain| if domain.state() == DomainState::Dying { domain.fate.get() } else { domain.state() };
        let is_lost = |peer: &u8| matches!(fate(&self.domains[*peer as usize]), DomainState::Dead | DomainState::GivenUp);
        fate(&self.domains[id]) == DomainState::Restarting && self.domains[id].stands_on.iter().any(is_lost)
    }

    fn end_one(&self, id: usize, fault: u32, text: &[u8]) {
        let dead = &self.domains[id];
        dead.fault.set(fault);
        dead.pending.set(0);
        dead.is_fallen.set(true);
        // No longer alive for what follows; what it becomes is decided below.
        dead.set_state(DomainState::Dying);
        let (depth, request_id) = (self.current.get().depth(), self.current.get().request_id());
        let (kind, callee) = (trace_kind::TRAP, id as u8);
        self.record(Record { kind, depth, caller: KERNEL_DOMAIN, callee, request_id, argument: fault, ..Record::default() });
        self.note(id, text);
        self.forget_timers(id);
        self.capabilities.borrow_mut().end_life(id);
        let is_reset = self.driver.get() != Some(id as u8) || self.stop_device();
        let fate = if is_reset { self.decide_fate(id, fault) } else { DomainState::GivenUp };
        dead.fate.set(fate);
        if self.is_on_stack(id) {
            self.dying_count.set(self.dying_count.get() + 1);
            self.raise(attention::DYING);
        } else {
            self.stopped(id);
        }
        if fate == DomainState::GivenUp {
            self.tell_given_up(id);
        }
    }

    /// Its driver has ended: resets the device. If the device does not confirm, what it could write to is tainted.
    fn stop_device(&self) -> bool {
        let is_reset = self.machine.stop_block_device();
        if let Some(confinement) = &mut self.capabilities.borrow_mut().confinement {
            confinement.clear();
        }
        self.report_device_faults(); // nobody is left to answer for them: not its next life
        for domain in self.domains.iter().filter(|domain| domain.is_exposed.replace(false)) {
            domain.is_tainted.set(!is_reset);
        }
        is_reset
    }

    /// What becomes of a domain that ended: counts deaths of its own, and says when it may come back.
    fn decide_fate(&self, id: usize, fault: u32) -> DomainState {
        let domain = &self.domains[id];
        let Some(policy) = domain.restart else { return DomainState::Dead };
        domain.restart_at.set(0);
        domain.is_patient.set(false);
        if matches!(fault, fault::PEER_RESTARTED | fault::DEVICE_REACH) {
            return DomainState::Restarting;
        }
        let now = self.machine.monotonic_nanoseconds();
        let mut deaths = domain.deaths.borrow_mut();
        deaths.retain(|&death| now - death < u64::from(policy.window_ms) * NANOSECONDS_PER_MILLISECOND);
        if deaths.len() >= policy.limit as usize {
            return DomainState::GivenUp;
        }
        deaths.push(now);
        let repeated = deaths.len() as u32 - 1;
        if repeated > 0 {
            let backoff = u64::from(policy.backoff_ms) * NANOSECONDS_PER_MILLISECOND;
            let delay = backoff.saturating_mul(1u64.checked_shl(repeated - 1).unwrap_or(u64::MAX)).min(LONGEST_BACKOFF_NANOSECONDS);
            domain.restart_at.set(now.saturating_add(delay));
            domain.is_patient.set(true);
        }
        DomainState::Restarting
    }

    /// No activation of the domain is left.
    fn stopped(&self, id: usize) {
        self.domains[id].set_state(self.domains[id].fate.get());
        self.raise(attention::STOPPED);
    }

    fn give_up(&self, id: usize) {
        self.domains[id].fate.set(DomainState::GivenUp);
        if self.domains[id].state() != DomainState::Dying {
            self.stopped(id);
        }
        self.tell_given_up(id);
    }

    fn tell_given_up(&self, id: usize) {
        let domain = &self.domains[id];
        let (depth, request_id) = (self.current.get().depth(), self.current.get().request_id());
        let (kind, argument) = (trace_kind::GIVEN_UP, domain.epoch.get());
        self.record(Record { kind, depth, caller: KERNEL_DOMAIN, callee: id as u8, request_id, argument, ..Record::default() });
        let (name, fault) = (domain.name(), domain.fault.get());
        self.machine.log(format_args!("{name} is given up after {argument} restarts; it ended last with fault {fault}"));
    }

    // ---- coming back

    /// Gives back the memory of stopped domains and starts again what is due: with an empty stack anything (`rank` is none),
    /// inside a system call of a domain of `rank` only what is lower, because the others may be on the stack.
    pub(crate) fn settle(&self, rank: Option<u8>) {
        if !self.has_raised(attention::STOPPED) {
            return;
        }
        self.lower(attention::STOPPED);
        (0..self.domains.len()).for_each(|id| self.give_back(id));
        while let Some(id) = self.next_restart(rank) {
            // Whoever was told of a badge may have ended or killed somebody: look again.
            if !self.deliver_closed_below(rank) {
                self.restart(id);
            }
            if self.power_status.get().is_some() {
                break;
            }
            (0..self.domains.len()).for_each(|id| self.give_back(id));
        }
        // Somebody waits: for one that is dying, for a return to a domain of higher rank, for more stack, or for its time.
        if self.domains.iter().any(|domain| domain.state() == DomainState::Restarting) {
            self.raise(attention::STOPPED);
        }
    }

    /// The domain to start next, lowest rank first.
    fn next_restart(&self, rank: Option<u8>) -> Option<usize> {
        if rank.is_some() && !self.has_stack_to_enter() {
            return None;
        }
        let is_waiting = |peer: &u8| matches!(self.domains[*peer as usize].state(), DomainState::Restarting | DomainState::Dying);
        let found = self.by_rank.iter().find(|&&id| {
            let domain = &self.domains[id as usize];
            domain.state() == DomainState::Restarting
                && rank.is_none_or(|rank| domain.rank < rank && !domain.is_patient.get())
                && (domain.restart_at.get() == 0 || domain.restart_at.get() <= self.machine.monotonic_nanoseconds())
                && !domain.stands_on.iter().any(is_waiting)
        });
        found.map(|&id| id as usize)
    }

    /// When the next domain that waits for its time is due; `u64::MAX` if none does.
    pub(crate) fn next_restart_at(&self) -> u64 {
        let waiting = self.domains.iter().filter(|domain| domain.state() == DomainState::Restarting && domain.restart_at.get() != 0);
        waiting.map(|domain| domain.restart_at.get()).min().unwrap_or(u64::MAX)
    }

    /// Gives the module and memory of a stopped domain back, unless a device may still write there: then they are left for ever.
    fn give_back(&self, id: usize) {
        let domain = &self.domains[id];
        if domain.is_alive() || domain.state() == DomainState::Dying {
            return;
        }
        // Safety: it is stopped, so it has no activation, and nobody keeps a reference over one of another's.
        if let Some(loaded) = unsafe { domain.unload() } {
            if domain.is_tainted.replace(false) {
                core::mem::forget(loaded);
            }
        }
    }

    fn restart(&self, id: usize) {
        let (Some(kernel), domain) = (self.this.get(), &self.domains[id]) else { return };
        domain.epoch.set(domain.epoch.get() + 1);
        domain.noted_fault.set(0);
        watchdog::take_expired(id);
        let (depth, request_id) = (self.current.get().depth(), self.current.get().request_id());
        let (kind, argument) = (trace_kind::RESTART, domain.epoch.get());
        self.record(Record { kind, depth, caller: KERNEL_DOMAIN, callee: id as u8, request_id, argument, ..Record::default() });
        if self.driver.get() == Some(id as u8) {
            self.machine.start_block_device();
        }
        self.capabilities.borrow_mut().begin_life(id, domain.epoch.get());
        domain.set_state(DomainState::Loaded);
        if let Err(error) = loader::instantiate(kernel, id) {
            self.end(id, fault::START_REFUSED, format!("{error:#}").as_bytes());
            return;
        }
        self.run_top_level(id);
        domain.pending.set(0); // bits sent before it became ready are lost
        self.run_start(id);
    }

    pub(crate) fn run_top_level(&self, id: usize) {
        self.event(id, |loaded| loaded.top_level.as_ref().map_or(Ok(()), |top_level| enter(loaded, top_level, ())));
    }

    /// The domain may be called from here on.
    pub(crate) fn run_start(&self, id: usize) {
        let domain = &self.domains[id];
        if domain.state() != DomainState::Loaded || self.power_status.get().is_some() {
            return; // it did not live to see it
        }
        let depth = self.current.get().depth();
        self.record(Record { kind: trace_kind::START, depth, caller: KERNEL_DOMAIN, callee: id as u8, ..Record::default() });
        domain.set_state(DomainState::Ready);
        let answer = self.event(id, |loaded| loaded.start.as_ref().map_or(Ok(status::OK), |start| enter(loaded, start, ())));
        if let Some(answer) = answer.filter(|&answer| answer != status::OK && domain.is_alive() && self.power_status.get().is_none()) {
            self.end(id, fault::START_REFUSED, format!("start answered {}", status_name(answer)).as_bytes());
        }
    }
}

/// What a trap of the module itself was.
fn fault_of(error: &wasmtime::Error) -> u32 {
    match error.downcast_ref::<wasmtime::Trap>() {
        Some(wasmtime::Trap::StackOverflow) => fault::STACK_OVERFLOW,
        _ => fault::TRAP,
    }
}

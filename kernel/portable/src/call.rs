//! The call path: one message from a domain to a lower one, and its reply. The hottest code of the kernel: it allocates
//! nothing, and everything is checked before anything is done, so a refused message leaves no trace.
//!
//! Nobody changes a message while it is looked at: the caller waits, and neither leases, grants nor devices reach a message buffer.
//! What travels with it is copied first all the same, because it is checked and then changed. A call goes to a strictly lower rank, and what
//! is on the stack below the caller has higher ranks, so the callee is never active already.
use crate::Status;
use crate::capability::{MEMORY_RIGHTS, Position};
use crate::domain::{Domain, DomainState, Loaded, StoreData};
use crate::generated::{is_status, kind, message, status, trace_kind};
use crate::kernel::{Activation, Kernel, attention};
use crate::message::{Counts, LeaseDescriptor, Message};
use wasmtime::{Store, TypedFunc, WasmParams, WasmResults};

/// Memory that a message lends, found and checked.
#[derive(Clone, Copy, Default)]
struct Loan {
    owner: u8,
    address: u32,
}

/// A call on its way, as its records tell it.
struct Sent {
    outer: Activation,
    callee: usize,
    subject: u32,
    lent_bytes: u32,
}

impl Sent {
    fn record_reply(&self, kernel: &Kernel, status: Status) {
        if kernel.is_watched.get() {
            let Sent { outer, callee, subject, lent_bytes } = *self;
            kernel.record_message(outer.record_word(trace_kind::REPLY, callee), subject, status, outer.request_id(), lent_bytes);
        }
    }
}

/// Whom an endpoint names, and what the server is told about it.
struct Target {
    callee: usize,
    badge: u32,
    rights: u32,
}

impl Kernel {
    /// The system call `call`. The status is that of the reply, or why there is none.
    #[inline(always)]
    pub(crate) fn call(&self, caller: usize, endpoint: u32) -> Result<(), Status> {
        let Target { callee, badge, rights } = self.check_endpoint(caller, endpoint)?;
        let (from, to) = (self.domain(caller).loaded()?, self.domain(callee).loaded()?);
        let outer = self.current.get();
        // Safety of the accesses to both buffers here and in `reply`: see `Loaded::message_in`.
        let (source, target) = (from.message_out(), to.message_in());
        let (subject, counts) = unsafe { ((*source).head.subject, (*source).head.counts) };
        let lent_bytes = if counts.0 == 0 { 0 } else { self.transfer_request(caller, callee, counts, source, target)? };
        unsafe {
            (*target).head.subject = subject;
            (*target).head.status = status::OK;
            (*target).head.request_id = outer.request_id();
            (*target).head.counts = counts.without_moves(); // the callee's reply goes into the same buffer
            (*target).head.fields = (*source).head.fields;
        }
        if self.is_watched.get() {
            self.record_message(outer.record_word(trace_kind::CALL, callee), subject, status::OK, outer.request_id(), badge);
            if self.has_raised(attention::INJECTING) && !self.inject_at_call(outer, callee, counts, target) {
                return Err(self.finish(Sent { outer, callee, subject, lent_bytes }, endpoint, counts, None));
            }
        }
        let server = self.domain(callee);
        server.calls.set(server.calls.get().wrapping_add(1));
        self.begin(outer.below(callee));
        let result = enter(to, &to.receive, (badge, rights));
        self.resume(outer);
        if counts.0 == 0 && !self.has_raised(attention::CLOSER) {
            if let Ok(answer) = result {
                let answer = self.reply(caller, callee, from, to, answer, outer.request_id());
                if self.is_watched.get() {
                    self.record_message(outer.record_word(trace_kind::REPLY, callee), subject, answer, outer.request_id(), lent_bytes);
                }
                return if answer == status::OK { Ok(()) } else { Err(answer) };
            }
        }
        let result = result.map_err(|error| self.bury(callee, &error)).ok();
        let answer = self.finish(Sent { outer, callee, subject, lent_bytes }, endpoint, counts, result);
        if answer == status::OK { Ok(()) } else { Err(answer) }
    }

    /// The end of a call that lent or gave something, in which the callee ended or a device was blocked, or whose messages are counted.
    #[inline(never)]
    fn finish(&self, sent: Sent, endpoint: u32, counts: Counts, result: Option<u32>) -> Status {
        let Sent { outer, callee, .. } = sent;
        let caller = outer.domain();
        if counts.leases() > 0 {
            self.capabilities.borrow_mut().end_leases(callee, counts.leases());
        }
        let mut result = result;
        if self.has_raised(attention::DEVICE_FAULT) {
            self.look_at_device_faults();
            // The device may have called success what was blocked.
            result = result.filter(|_| self.domains[callee].is_alive());
        }
        let answer = self.take_reply(&sent, result);
        if answer == status::PEER_RESTARTED {
            // If the callee has ended, the caller hears of it by this very reply.
            self.capabilities.borrow_mut().tell(caller, endpoint, callee);
        }
        answer
    }

    /// The reply, between its record and the death that fault injection may want at this message.
    #[inline]
    fn take_reply(&self, sent: &Sent, result: Option<u32>) -> Status {
        let Sent { outer, callee, .. } = *sent;
        let caller = outer.domain();
        let reply = |answer| match (self.loaded(caller), self.loaded(callee)) {
            (Ok(from), Ok(to)) => self.reply(caller, callee, from, to, answer, outer.request_id()),
            _ => Self::LOST_MESSAGE,
        };
        let Some(victim) = self.count_message() else {
            let status = result.map_or(Self::LOST_MESSAGE, reply);
            sent.record_reply(self, status);
            return status;
        };
        let status = result.map_or(Self::LOST_MESSAGE, known);
        sent.record_reply(self, status);
        let is_sent = self.inject(victim, caller, callee);
        result.filter(|_| is_sent).map_or(Self::LOST_MESSAGE, reply)
    }

    /// Fault injection at a call that is recorded. False if it ended one of both; what the message gave to a callee that never
    /// sees it is dropped.
    #[cold]
    fn inject_at_call(&self, outer: Activation, callee: usize, counts: Counts, target: *const Message) -> bool {
        let Some(victim) = self.count_message() else { return true };
        // Safety: as in `call`; read before the callee's memory may go.
        let handles = unsafe { (&raw const (*target).attachments.capabilities).read() };
        let is_sent = self.inject(victim, outer.domain(), callee);
        if !is_sent {
            self.capabilities.borrow_mut().discard(callee, &handles[..counts.capabilities()]);
        }
        is_sent
    }

    #[inline]
    fn check_endpoint(&self, caller: usize, endpoint: u32) -> Result<Target, Status> {
        let capabilities = self.capabilities.borrow();
        let position = capabilities.find(caller, endpoint)?;
        let capability = capabilities.at(position);
        if u32::from(capability.kind) != kind::ENDPOINT {
            return Err(status::WRONG_KIND);
        }
        let callee = capability.domain as usize;
        // The gate is the epoch that the endpoint was made in if its holder may call the server at all, and the server's live
        // epoch exists only while it is ready.
        if capability.length != self.domain(callee).live_epoch.get() {
            drop(capabilities);
            return Err(self.refuse_call(caller, position, callee));
        }
        if !self.has_stack_to_enter() {
            return Err(status::STACK_EXHAUSTED);
        }
        Ok(Target { callee, badge: capability.badge, rights: capability.rights })
    }

    /// Why a call is not made. An endpoint of the manifest is told of a restart once.
    #[cold]
    fn refuse_call(&self, caller: usize, position: Position, callee: usize) -> Status {
        if self.domains[callee].rank >= self.domains[caller].rank {
            return status::DENIED;
        }
        if !self.domains[callee].is_ready() {
            return status::PEER_DEAD;
        }
        let mut capabilities = self.capabilities.borrow_mut();
        if capabilities.is_permanent(position) {
            capabilities.renew(position);
        }
        status::PEER_RESTARTED
    }

    /// Checks the leases and capabilities of a request, and puts them into the callee's buffer under its own handles. Returns how
    /// many bytes are lent.
    #[inline(never)]
    fn transfer_request(&self, caller: usize, callee: usize, counts: Counts, source: *const Message, target: *mut Message) -> Result<u32, Status> {
        // Safety: as in `call`. Copied before it is looked at.
        let mut message = unsafe { (&raw const (*source).attachments).read() };
        if !counts.are_valid() {
            return Err(status::INVALID_ARGUMENT);
        }
        let mut loans = [Loan::default(); message::LEASE_COUNT];
        for (loan, lease) in loans.iter_mut().zip(&message.leases[..counts.leases()]) {
            *loan = self.check_lease(caller, lease)?;
        }
        let handles = &mut message.capabilities[..counts.capabilities()];
        self.check_capabilities(caller, callee, handles, counts.moves())?;

        let mut lent_bytes = 0u32;
        let mut capabilities = self.capabilities.borrow_mut();
        for (number, lease) in message.leases[..counts.leases()].iter_mut().enumerate() {
            let Loan { owner, address } = loans[number];
            lease.source = capabilities.lend(callee, number, owner, address, lease.length, lease.rights);
            lease.address = 0;
            lent_bytes = lent_bytes.saturating_add(lease.length);
        }
        drop(capabilities);
        if !handles.is_empty() {
            self.give_capabilities(caller, callee, handles, counts.moves())?;
        }
        unsafe { (&raw mut (*target).attachments).write(message) };
        Ok(lent_bytes)
    }

    fn check_lease(&self, caller: usize, lease: &LeaseDescriptor) -> Result<Loan, Status> {
        if lease.rights == 0 || lease.rights & !MEMORY_RIGHTS != 0 {
            return Err(status::INVALID_ARGUMENT);
        }
        if lease.source == 0 {
            let own = self.loaded(caller)?;
            own.range(lease.address, lease.length)?;
            if own.touches_message(lease.address, lease.length) {
                return Err(status::INVALID_ARGUMENT);
            }
            return Ok(Loan { owner: caller as u8, address: lease.address });
        }
        let (owner, address) = self.capabilities.borrow().lent(caller, lease.source, lease.address, lease.length, lease.rights)?;
        Ok(Loan { owner, address })
    }

    fn check_capabilities(&self, giver: usize, receiver: usize, handles: &[u32], moves: u32) -> Result<(), Status> {
        if handles.is_empty() {
            return Ok(());
        }
        let capabilities = self.capabilities.borrow();
        for (number, &handle) in handles.iter().enumerate() {
            let position = capabilities.find(giver, handle)?;
            if !capabilities.may_transfer(position, receiver) {
                return Err(status::DENIED);
            }
            if moves >> number & 1 != 0 {
                if !capabilities.may_move(position) {
                    return Err(status::DENIED);
                }
                if handles.iter().filter(|&&other| other == handle).count() > 1 {
                    return Err(status::INVALID_ARGUMENT); // it cannot go and stay, nor go twice
                }
            }
        }
        if capabilities.has_room(receiver, handles.len()) { Ok(()) } else { Err(status::OUT_OF_MEMORY) }
    }

    /// Replaces the giver's handles by the receiver's. They were checked and there is room; a badge that is copied is in
    /// the table of badges already, so nothing here can fail half-way.
    fn give_capabilities(&self, giver: usize, receiver: usize, handles: &mut [u32], moves: u32) -> Result<(), Status> {
        let mut capabilities = self.capabilities.borrow_mut();
        for (number, handle) in handles.iter_mut().enumerate() {
            let position = capabilities.find(giver, *handle)?;
            let capability = *capabilities.at(position);
            let is_moved = moves >> number & 1 != 0;
            *handle = if is_moved { capabilities.transfer(position, receiver)? } else { capabilities.copy(position, receiver)? };
            if u32::from(capability.kind) == kind::NOTIFICATION {
                self.note_signaller(&self.domains[receiver], &self.domains[capability.domain as usize], capability.badge);
            }
        }
        Ok(())
    }

    /// A domain that may signal from below: its target may wait for those bits.
    pub(crate) fn note_signaller(&self, signaller: &Domain, target: &Domain, bits: u32) {
        if signaller.rank < target.rank {
            target.waitable.set(target.waitable.get() | bits);
        }
    }

    /// Puts the callee's reply into the caller's buffer: header, fields and capabilities; the rest of the buffer stays the
    /// caller's. Returns the status that the caller sees.
    #[inline(always)]
    fn reply(&self, caller: usize, callee: usize, from: &Loaded, to: &Loaded, answer: u32, request_id: u32) -> Status {
        let (source, target) = (to.message_in(), from.message_out());
        // The count of leases means nothing in a reply.
        let given = Counts(unsafe { (*source).head.counts.0 } & !0xff);
        let (mut answer, mut arrived) = (known(answer), Counts(0));
        if given.0 != 0 {
            (answer, arrived) = self.transfer_reply(caller, callee, given, source, target, answer);
        }
        unsafe {
            (*target).head.subject = (*source).head.subject;
            (*target).head.status = answer;
            (*target).head.request_id = request_id;
            (*target).head.counts = arrived;
            (*target).head.fields = (*source).head.fields;
        }
        answer
    }

    /// Gives the capabilities of a reply: the first handles become the caller's, the others zero. A bad slot is the callee's
    /// breach, a full table the caller's trouble. Returns the status of the reply and what arrived.
    #[inline(never)]
    fn transfer_reply(
        &self, caller: usize, callee: usize, counts: Counts, source: *const Message, target: *mut Message, answer: u32,
    ) -> (Status, Counts) {
        if self.domains[caller].state() == DomainState::Dying {
            return (status::PEER_RESTARTED, Counts(0)); // it is unwound next: nobody would ever take what came into its table now
        }
        // Safety: as in `call`.
        let mut handles = unsafe { (&raw const (*source).attachments.capabilities).read() };
        let given = counts.capabilities().min(handles.len());
        handles[given..].fill(0);
        let transfer = |handles: &mut [u32]| {
            if !counts.are_valid() {
                return Err(status::PROTOCOL_BREACH);
            }
            self.check_capabilities(callee, caller, handles, counts.moves())
                .map_err(|refusal| if refusal == status::OUT_OF_MEMORY { refusal } else { status::PROTOCOL_BREACH })?;
            self.give_capabilities(callee, caller, handles, counts.moves())
        };
        let result = match transfer(&mut handles[..given]) {
            Ok(()) => (answer, Counts::of_capabilities(given)),
            Err(refusal) => {
                handles = [0; message::CAPABILITY_COUNT];
                (refusal, Counts(0))
            }
        };
        unsafe { (&raw mut (*target).attachments.capabilities).write(handles) };
        result
    }
}

/// The status of a reply: one that the schema knows, or the breach of whoever answered otherwise.
#[inline]
fn known(answer: u32) -> Status {
    if is_status(answer) { answer } else { status::PROTOCOL_BREACH }
}

/// Runs an entry point of a domain. The caller has set `current` and checked the stack.
#[inline]
pub(crate) fn enter<P: WasmParams, R: WasmResults>(loaded: &Loaded, function: &TypedFunc<P, R>, arguments: P) -> wasmtime::Result<R> {
    // Safety: the domain is not active (see above and `events.rs`), so nothing else refers to its store.
    let store: &mut Store<StoreData> = unsafe { &mut *loaded.store.get() };
    function.call(store, arguments)
}

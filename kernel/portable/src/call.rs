//! The call path: one message from a domain to a lower one, and its reply. The hottest code of the kernel: it allocates
//! nothing, and everything is checked before anything is done, so a refused message leaves no trace.
//!
//! The message is copied out of the caller's memory before it is looked at. A call goes to a strictly lower rank, and what
//! is on the stack below the caller has higher ranks, so the callee is never active already.
use crate::Status;
use crate::capability::{MEMORY_RIGHTS, Position};
use crate::domain::{Domain, ENTRY_STACK_BYTES, Loaded, StoreData};
use crate::generated::{is_status, kind, message, status, trace_kind};
use crate::kernel::{Activation, Kernel};
use crate::message::{Attachments, Head, LeaseDescriptor};
use crate::trace::Record;
use wasmtime::{Store, TypedFunc, WasmParams, WasmResults};

/// Memory that a message lends, found and checked.
#[derive(Clone, Copy, Default)]
struct Loan {
    owner: u8,
    address: u32,
}

/// Whom an endpoint names, and what the server is told about it.
struct Target {
    callee: usize,
    badge: u32,
    rights: u32,
}

impl Kernel {
    /// The system call `call`. The status is that of the reply, or why there is none.
    pub(crate) fn call(&self, caller: usize, endpoint: u32) -> Result<(), Status> {
        let Target { callee, badge, rights } = self.check_endpoint(caller, endpoint)?;
        let (from, to) = (self.loaded(caller)?, self.loaded(callee)?);
        let outer = self.current.get();
        // Safety of the accesses to both buffers here and in `reply`: see `Loaded::message_in`.
        let (source, target) = (from.message_out(), to.message_in());
        let mut head = unsafe { (&raw const (*source).head).read() };
        let mut attachments = unsafe { (&raw const (*source).attachments).read() };
        let mut lent_bytes = 0;
        if head.has_attachments() {
            lent_bytes = self.transfer_request(caller, callee, &head, &mut attachments)?;
            head.capability_moves = 0; // the callee's reply goes into the same buffer
        }
        head.status = status::OK;
        head.request_id = outer.request_id;
        unsafe {
            (&raw mut (*target).head).write(head);
            (&raw mut (*target).attachments).write(attachments);
        }
        let is_sent = !self.is_watched.get() || self.watch_call(outer, callee, badge, &head);
        let result = if is_sent { self.enter_callee(to, outer, callee, badge, rights) } else { self.take_back(callee, &head, &attachments) };
        if head.lease_count > 0 {
            self.capabilities.borrow_mut().end_leases(callee, head.lease_count as usize);
        }
        let answer = if self.is_watched.get() {
            self.watch_reply(outer, callee, result, &head, lent_bytes)
        } else {
            result.map_or(status::PEER_RESTARTED, |answer| self.reply(caller, callee, answer, outer.request_id))
        };
        if answer == status::PEER_RESTARTED {
            self.note_lost(caller, endpoint, callee);
        }
        if answer == status::OK { Ok(()) } else { Err(answer) }
    }

    /// Runs the callee's `receive`; nothing if it ended there.
    #[inline]
    fn enter_callee(&self, to: &Loaded, outer: Activation, callee: usize, badge: u32, rights: u32) -> Option<u32> {
        let calls = &self.domains[callee].calls;
        calls.set(calls.get().wrapping_add(1));
        self.begin(Activation { domain: callee as u8, depth: outer.depth + 1, request_id: outer.request_id });
        let result = enter(to, &to.receive, (badge, rights));
        self.resume(outer);
        match result {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.bury(callee, &error);
                None
            }
        }
    }

    /// A message that is not acted on: what it gave to a callee that never sees it is dropped.
    #[cold]
    fn take_back(&self, callee: usize, head: &Head, attachments: &Attachments) -> Option<u32> {
        self.capabilities.borrow_mut().discard(callee, &attachments.capabilities[..head.capability_count as usize]);
        None
    }

    /// If the callee has ended, the caller hears of it by this very reply.
    #[cold]
    fn note_lost(&self, caller: usize, endpoint: u32, callee: usize) {
        self.capabilities.borrow_mut().tell(caller, endpoint, callee);
    }

    #[cold]
    fn watch_call(&self, outer: Activation, callee: usize, badge: u32, head: &Head) -> bool {
        self.record(Record { kind: trace_kind::CALL, argument: badge, ..call_record(outer, callee, head) });
        self.count_message().is_none_or(|victim| self.inject(victim, outer.domain as usize, callee))
    }

    #[cold]
    fn watch_reply(&self, outer: Activation, callee: usize, result: Option<u32>, head: &Head, lent_bytes: u32) -> Status {
        let caller = outer.domain as usize;
        let record = Record { kind: trace_kind::REPLY, argument: lent_bytes, ..call_record(outer, callee, head) };
        let Some(answer) = result else {
            self.record(Record { status: Self::LOST_MESSAGE, ..record });
            if let Some(victim) = self.count_message() {
                self.inject(victim, caller, callee);
            }
            return Self::LOST_MESSAGE;
        };
        if let Some(victim) = self.count_message() {
            self.record(Record { status: known(answer), ..record });
            let is_sent = self.inject(victim, caller, callee);
            return if is_sent { self.reply(caller, callee, answer, outer.request_id) } else { Self::LOST_MESSAGE };
        }
        let status = self.reply(caller, callee, answer, outer.request_id);
        self.record(Record { status, ..record });
        status
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
        if capability.length != self.domains[callee].live_epoch.get() {
            drop(capabilities);
            return Err(self.refuse_call(caller, position, callee));
        }
        if self.machine.stack_remaining() < ENTRY_STACK_BYTES {
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

    /// Checks the leases and capabilities of a request, and turns their numbers into the callee's handles. Returns how
    /// many bytes are lent.
    fn transfer_request(&self, caller: usize, callee: usize, head: &Head, message: &mut Attachments) -> Result<u32, Status> {
        let (lease_count, capability_count) = (head.lease_count as usize, head.capability_count as usize);
        let is_shape = lease_count <= message::LEASE_COUNT && capability_count <= message::CAPABILITY_COUNT;
        if head.zero != 0 || !is_shape || u32::from(head.capability_moves) >> capability_count != 0 {
            return Err(status::INVALID_ARGUMENT);
        }
        let mut loans = [Loan::default(); message::LEASE_COUNT];
        for (loan, lease) in loans.iter_mut().zip(&message.leases[..lease_count]) {
            *loan = self.check_lease(caller, lease)?;
        }
        self.check_capabilities(caller, callee, &message.capabilities[..capability_count], head.capability_moves)?;

        let mut lent_bytes = 0u32;
        let mut capabilities = self.capabilities.borrow_mut();
        for (number, lease) in message.leases[..lease_count].iter_mut().enumerate() {
            let Loan { owner, address } = loans[number];
            lease.source = capabilities.lend(callee, number, owner, address, lease.length, lease.rights);
            lease.address = 0;
            lent_bytes = lent_bytes.saturating_add(lease.length);
        }
        drop(capabilities);
        self.give_capabilities(caller, callee, &mut message.capabilities[..capability_count], head.capability_moves)?;
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

    fn check_capabilities(&self, giver: usize, receiver: usize, handles: &[u32], moves: u8) -> Result<(), Status> {
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
    fn give_capabilities(&self, giver: usize, receiver: usize, handles: &mut [u32], moves: u8) -> Result<(), Status> {
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
    #[inline]
    fn reply(&self, caller: usize, callee: usize, answer: u32, request_id: u32) -> Status {
        let (Ok(from), Ok(to)) = (self.loaded(callee), self.loaded(caller)) else { return status::PEER_RESTARTED };
        let (source, target) = (from.message_in(), to.message_out());
        let mut head = unsafe { (&raw const (*source).head).read() };
        let mut answer = known(answer);
        let given = core::mem::replace(&mut head.capability_count, 0);
        let moves = core::mem::replace(&mut head.capability_moves, 0);
        if given != 0 || moves != 0 {
            let mut handles = unsafe { (&raw const (*source).attachments.capabilities).read() };
            match self.transfer_reply(caller, callee, given as usize, moves, &mut handles) {
                Ok(()) => head.capability_count = given,
                Err(refusal) => (answer, handles) = (refusal, [0; message::CAPABILITY_COUNT]),
            }
            unsafe { (&raw mut (*target).attachments.capabilities).write(handles) };
        }
        (head.status, head.request_id, head.lease_count, head.zero) = (answer, request_id, 0, 0);
        unsafe { (&raw mut (*target).head).write(head) };
        answer
    }

    /// Gives the capabilities of a reply: the first `count` handles become the caller's, the others zero. A bad slot is
    /// the callee's breach, a full table the caller's trouble.
    fn transfer_reply(&self, caller: usize, callee: usize, count: usize, moves: u8, handles: &mut [u32]) -> Result<(), Status> {
        if count > handles.len() || u32::from(moves) >> count != 0 {
            return Err(status::PROTOCOL_BREACH);
        }
        let (given, rest) = handles.split_at_mut(count);
        rest.fill(0);
        self.check_capabilities(callee, caller, given, moves)
            .map_err(|refusal| if refusal == status::OUT_OF_MEMORY { refusal } else { status::PROTOCOL_BREACH })?;
        self.give_capabilities(callee, caller, given, moves)
    }
}

/// The status of a reply: one that the schema knows, or the breach of whoever answered otherwise.
#[inline]
fn known(answer: u32) -> Status {
    if is_status(answer) { answer } else { status::PROTOCOL_BREACH }
}

fn call_record(outer: Activation, callee: usize, head: &Head) -> Record {
    Record {
        depth: outer.depth, caller: outer.domain, callee: callee as u8, interface: head.interface,
        operation: head.operation, request_id: outer.request_id, ..Record::default()
    }
}

/// Runs an entry point of a domain. The caller has set `current` and checked the stack.
#[inline]
pub(crate) fn enter<P: WasmParams, R: WasmResults>(loaded: &Loaded, function: &TypedFunc<P, R>, arguments: P) -> wasmtime::Result<R> {
    // Safety: the domain is not active (see above and `events.rs`), so nothing else refers to its store.
    let store: &mut Store<StoreData> = unsafe { &mut *loaded.store.get() };
    function.call(store, arguments)
}

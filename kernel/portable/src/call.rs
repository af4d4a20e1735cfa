//! The call path: one message from a domain to a lower one, and its reply. The hottest code of the kernel: it allocates
//! nothing, and everything is checked before anything is done, so a refused message leaves no trace.
//!
//! The message is copied out of the caller's memory before it is looked at. A call goes to a strictly lower rank, and what
//! is on the stack below the caller has higher ranks, so the callee is never active already.
use crate::{Status, watchdog};
use crate::capability::MEMORY_RIGHTS;
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
        let (from, to) = (self.loaded(caller), self.loaded(callee));
        let outer = self.current.get();
        // Safety of the accesses to both buffers here and in `reply`: see `Loaded::message_in`.
        let (source, target) = (from.message_out(), to.message_in());
        let mut head = unsafe { (&raw const (*source).head).read() };
        let mut attachments = unsafe { (&raw const (*source).attachments).read() };
        let mut lent_bytes = 0;
        if head.has_attachments() {
            lent_bytes = self.transfer_request(caller, callee, &head, &mut attachments)?;
        }
        head.status = status::OK;
        head.request_id = outer.request_id;
        unsafe {
            (&raw mut (*target).head).write(head);
            (&raw mut (*target).attachments).write(attachments);
        }
        if self.is_traced.get() {
            self.record(Record { kind: trace_kind::CALL, argument: badge, ..call_record(outer, callee, &head) });
        }
        let calls = &self.domains[callee].calls;
        calls.set(calls.get().wrapping_add(1));
        self.current.set(Activation { domain: callee as u8, depth: outer.depth + 1, request_id: outer.request_id });
        watchdog::enter(callee);
        let result = enter(to, &to.receive, (badge, rights));
        watchdog::leave_to(caller);
        self.current.set(outer);
        if head.lease_count > 0 {
            self.capabilities.borrow_mut().end_leases(callee, head.lease_count as usize);
        }
        let answer = match result {
            Ok(answer) => self.reply(caller, callee, answer, outer.request_id),
            Err(error) => {
                self.bury(callee, &error);
                status::PEER_RESTARTED
            }
        };
        if self.is_traced.get() {
            self.record(Record { kind: trace_kind::REPLY, status: answer, argument: lent_bytes, ..call_record(outer, callee, &head) });
        }
        if answer == status::OK { Ok(()) } else { Err(answer) }
    }

    #[inline]
    fn check_endpoint(&self, caller: usize, endpoint: u32) -> Result<Target, Status> {
        let capabilities = self.capabilities.borrow();
        let capability = capabilities.find_kind(caller, endpoint, kind::ENDPOINT)?;
        let callee = capability.domain as usize;
        if self.domains[callee].rank >= self.domains[caller].rank {
            return Err(status::DENIED);
        }
        if !self.domains[callee].is_ready() {
            return Err(status::PEER_DEAD);
        }
        if self.machine.stack_remaining() < ENTRY_STACK_BYTES {
            return Err(status::STACK_EXHAUSTED);
        }
        Ok(Target { callee, badge: capability.badge, rights: capability.rights })
    }

    /// Checks the leases and capabilities of a request, and turns their numbers into the callee's handles. Returns how
    /// many bytes are lent.
    fn transfer_request(&self, caller: usize, callee: usize, head: &Head, message: &mut Attachments) -> Result<u32, Status> {
        let (lease_count, capability_count) = (head.lease_count as usize, head.capability_count as usize);
        if head.zero != 0 || lease_count > message::LEASE_COUNT || capability_count > message::CAPABILITY_COUNT {
            return Err(status::INVALID_ARGUMENT);
        }
        let mut loans = [Loan::default(); message::LEASE_COUNT];
        for (loan, lease) in loans.iter_mut().zip(&message.leases[..lease_count]) {
            *loan = self.check_lease(caller, lease)?;
        }
        self.check_capabilities(caller, callee, &message.capabilities[..capability_count])?;

        let mut lent_bytes = 0u32;
        let mut capabilities = self.capabilities.borrow_mut();
        for (number, lease) in message.leases[..lease_count].iter_mut().enumerate() {
            let Loan { owner, address } = loans[number];
            lease.source = capabilities.lend(callee, number, owner, address, lease.length, lease.rights);
            lease.address = 0;
            lent_bytes = lent_bytes.saturating_add(lease.length);
        }
        drop(capabilities);
        self.copy_capabilities(caller, callee, &mut message.capabilities[..capability_count])?;
        Ok(lent_bytes)
    }

    fn check_lease(&self, caller: usize, lease: &LeaseDescriptor) -> Result<Loan, Status> {
        if lease.rights == 0 || lease.rights & !MEMORY_RIGHTS != 0 {
            return Err(status::INVALID_ARGUMENT);
        }
        if lease.source == 0 {
            let own = self.loaded(caller);
            own.range(lease.address, lease.length)?;
            if own.touches_message(lease.address, lease.length) {
                return Err(status::INVALID_ARGUMENT);
            }
            return Ok(Loan { owner: caller as u8, address: lease.address });
        }
        let (owner, address) = self.capabilities.borrow().lent(caller, lease.source, lease.address, lease.length, lease.rights)?;
        Ok(Loan { owner, address })
    }

    fn check_capabilities(&self, giver: usize, receiver: usize, handles: &[u32]) -> Result<(), Status> {
        let capabilities = self.capabilities.borrow();
        for &handle in handles {
            let position = capabilities.find(giver, handle)?;
            if !capabilities.may_transfer(position, receiver) {
                return Err(status::DENIED);
            }
        }
        if capabilities.has_room(receiver, handles.len()) { Ok(()) } else { Err(status::OUT_OF_MEMORY) }
    }

    /// Replaces the giver's handles by the receiver's. They were checked and there is room; a badge that is copied is in
    /// the table of badges already, so nothing here can fail half-way.
    fn copy_capabilities(&self, giver: usize, receiver: usize, handles: &mut [u32]) -> Result<(), Status> {
        let mut capabilities = self.capabilities.borrow_mut();
        for handle in handles {
            let position = capabilities.find(giver, *handle)?;
            *handle = capabilities.copy(position, receiver)?;
            let capability = capabilities.at(position);
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
        let (source, target) = (self.loaded(callee).message_in(), self.loaded(caller).message_out());
        let mut head = unsafe { (&raw const (*source).head).read() };
        let mut answer = if is_status(answer) { answer } else { status::PROTOCOL_BREACH };
        let given = core::mem::replace(&mut head.capability_count, 0);
        if given != 0 {
            let mut handles = unsafe { (&raw const (*source).attachments.capabilities).read() };
            match self.transfer_reply(caller, callee, given as usize, &mut handles) {
                Ok(()) => head.capability_count = given,
                Err(refusal) => (answer, handles) = (refusal, [0; message::CAPABILITY_COUNT]),
            }
            unsafe { (&raw mut (*target).attachments.capabilities).write(handles) };
        }
        (head.status, head.request_id, head.lease_count, head.zero) = (answer, request_id, 0, 0);
        unsafe { (&raw mut (*target).head).write(head) };
        answer
    }

    /// Copies the capabilities of a reply: the first `count` handles become the caller's, the others zero. A bad slot is
    /// the callee's breach, a full table the caller's trouble.
    fn transfer_reply(&self, caller: usize, callee: usize, count: usize, handles: &mut [u32]) -> Result<(), Status> {
        if count > handles.len() {
            return Err(status::PROTOCOL_BREACH);
        }
        let (given, rest) = handles.split_at_mut(count);
        rest.fill(0);
        self.check_capabilities(callee, caller, given)
            .map_err(|refusal| if refusal == status::OUT_OF_MEMORY { refusal } else { status::PROTOCOL_BREACH })?;
        self.copy_capabilities(callee, caller, given)
    }
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

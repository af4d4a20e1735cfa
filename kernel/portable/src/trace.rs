//! Writes the trace ring of docs/abi.md §7 into memory that the host sees.
//!
//! ```text
//!   0 "AXTRACE1"   8 u32 version   12 u32 record bytes   16 u32 kernel   20 u32 domain count
//!  32 u64 head: records published   40 u64 tail: records drained, written by the host
//!  48 u32 capacity in records   52 u32 records lost   64 names, 24 bytes each
//! 4096 records; record n in slot n mod capacity
//! ```
//!
//! What stays true: a record is complete before head counts it; the tail is the host's and may be anything, so it only
//! ever decides whether to wait; a host that does not drain costs one wait of two seconds, then losses are counted until it
//! drains again. Sequence numbers go on over losses, so a gap shows what is missing.
use crate::generated::{status, trace_kind};
use crate::machine::Machine;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

pub const MAGIC: [u8; 8] = *b"AXTRACE1";
pub const VERSION: u32 = 1;
pub const RECORD_BYTES: usize = 32;
const RECORD_WORDS: usize = RECORD_BYTES / 8;
pub const HEADER_BYTES: usize = 4096;
pub const KERNEL_DOMAIN: u8 = 255;
const THIS_KERNEL: u32 = 1;
const NAMES_OFFSET: usize = 64;
const NAME_BYTES: usize = 24;
const TEXT_BYTES: usize = 24;
/// A note longer than 1.5 KiB is cut.
const TEXT_RECORD_LIMIT: usize = 64;
const FULL_WAIT_NANOSECONDS: u64 = 2_000_000_000;

#[repr(C)]
struct Header {
    magic: [u8; 8],
    version: u32,
    record_bytes: u32,
    kernel: u32,
    domain_count: u32,
    zero: u64,
    head: AtomicU64,
    tail: AtomicU64,
    capacity: u32,
    lost: AtomicU32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Record {
    pub time: u64,
    pub sequence: u32,
    pub kind: u8,
    pub depth: u8,
    pub caller: u8,
    pub callee: u8,
    pub interface: u16,
    pub operation: u16,
    pub status: u32,
    pub request_id: u32,
    pub argument: u32,
}
const _: () = assert!(size_of::<Record>() == RECORD_BYTES);

impl Record {
    /// The bytes from `kind` on.
    #[inline]
    fn words(&self) -> [u32; 5] {
        [
            u32::from_le_bytes([self.kind, self.depth, self.caller, self.callee]),
            u32::from(self.interface) | u32::from(self.operation) << 16,
            self.status,
            self.request_id,
            self.argument,
        ]
    }

    pub(crate) fn of(words: [u32; 5]) -> Self {
        let [who, subject, status, request_id, argument] = words;
        let [kind, depth, caller, callee] = who.to_le_bytes();
        let (interface, operation) = (subject as u16, (subject >> 16) as u16);
        Record { kind, depth, caller, callee, interface, operation, status, request_id, argument, ..Record::default() }
    }
}

pub struct TraceRing {
    header: *mut Header,
    /// The slots, as words: the first, the next to be written, and behind the last.
    records: *mut u64,
    next: *mut u64,
    end: *mut u64,
    capacity: u64,
    head: u64,
    sequence: u32,
    /// The tail at which the host let the ring stay full for too long; until it drains, losses are not waited for.
    gave_up_at: Option<u64>,
}

impl TraceRing {
    /// Safety: [base, base + length) is memory that nothing else in the kernel uses, aligned to 8, for as long as the ring
    /// lives. The host may read all of it and write the tail at any time.
    pub unsafe fn new(base: *mut u8, length: usize, names: &[[u8; NAME_BYTES]]) -> Option<Self> {
        let capacity = length.checked_sub(HEADER_BYTES)? / RECORD_BYTES;
        if capacity == 0 || base.addr() % 8 != 0 || names.len() * NAME_BYTES > HEADER_BYTES - NAMES_OFFSET {
            return None;
        }
        let header = base.cast::<Header>();
        // Safety: the header and the names lie inside the first page. The magic comes last: it tells the host that the rest is there.
        unsafe {
            core::ptr::write_bytes(base, 0, HEADER_BYTES);
            for (index, name) in names.iter().enumerate() {
                base.add(NAMES_OFFSET + index * NAME_BYTES).cast::<[u8; NAME_BYTES]>().write(*name);
            }
            (*header).version = VERSION;
            (*header).record_bytes = RECORD_BYTES as u32;
            (*header).kernel = THIS_KERNEL;
            (*header).domain_count = names.len() as u32;
            (*header).capacity = capacity as u32;
            core::sync::atomic::fence(Ordering::Release);
            (&raw mut (*header).magic).write_volatile(MAGIC);
        }
        let records: *mut u64 = unsafe { base.add(HEADER_BYTES) }.cast();
        let end = unsafe { records.add(capacity * RECORD_WORDS) };
        Some(TraceRing { header, records, next: records, end, capacity: capacity as u64, head: 0, sequence: 0, gave_up_at: None })
    }

    /// Safety of the accesses below: `header` is valid (see `new`), and shared fields are atomics.
    fn header(&self) -> &Header {
        unsafe { &*self.header }
    }

    #[inline(always)]
    pub(crate) fn has_room(&self) -> bool {
        self.head.wrapping_sub(self.header().tail.load(Ordering::Acquire)) < self.capacity
    }

    pub fn record(&mut self, machine: &dyn Machine, record: Record) {
        if !self.has_room() && !self.wait_for_room(machine) {
            self.lose();
            return;
        }
        // A text record has text where others have the time.
        let text = (record.kind == trace_kind::TEXT).then_some(record.time);
        self.publish(machine, record.words(), text);
    }

    /// A record that the host was too slow for. Its number is missing.
    fn lose(&mut self) {
        self.sequence = self.sequence.wrapping_add(1);
        self.header().lost.fetch_add(1, Ordering::Relaxed);
    }

    /// Puts a record into the ring, which has room for it: its last 20 bytes, and what stands for the time, if not the time. The
    /// clock is read last, when nothing else is held in a register.
    #[inline(always)]
    pub(crate) fn publish(&mut self, machine: &dyn Machine, words: [u32; 5], text: Option<u64>) {
        self.sequence = self.sequence.wrapping_add(1);
        let place = self.next;
        // Safety: the slot lies in the ring; volatile because the host reads it from outside.
        unsafe {
            let parts = place.cast::<u32>();
            parts.add(2).write_volatile(self.sequence);
            for (number, word) in words.into_iter().enumerate() {
                parts.add(3 + number).write_volatile(word);
            }
            self.next = place.add(RECORD_WORDS);
            if self.next == self.end {
                self.next = self.records;
            }
            place.write_volatile(text.unwrap_or_else(|| machine.monotonic_nanoseconds()));
        }
        self.head += 1;
        self.header().head.store(self.head, Ordering::Release);
    }

    #[cold]
    #[inline(never)]
    fn wait_for_room(&mut self, machine: &dyn Machine) -> bool {
        let since = machine.monotonic_nanoseconds();
        let tail = self.header().tail.load(Ordering::Acquire);
        while self.gave_up_at != Some(tail) {
            machine.relax();
            if self.has_room() {
                return true;
            }
            if machine.monotonic_nanoseconds() - since > FULL_WAIT_NANOSECONDS {
                self.gave_up_at = Some(tail);
            }
        }
        false
    }

    /// A line of text: a note record and the text records that belong to it.
    pub fn note(&mut self, machine: &dyn Machine, depth: u8, domain: u8, request_id: u32, text: &[u8]) {
        let text = &text[..text.len().min(TEXT_RECORD_LIMIT * TEXT_BYTES)];
        let argument = text.len().div_ceil(TEXT_BYTES) as u32;
        let note = Record { kind: trace_kind::NOTE, depth, caller: domain, callee: KERNEL_DOMAIN, status: status::OK, request_id, argument, ..Record::default() };
        self.record(machine, note);
        for piece in text.chunks(TEXT_BYTES) {
            self.record(machine, text_record(piece));
        }
    }
}

/// 16 bytes of text at offset 16 of the record and the next 8 at offset 0, where other records have the time.
fn text_record(piece: &[u8]) -> Record {
    let mut text = [0u8; TEXT_BYTES];
    text[..piece.len()].copy_from_slice(piece);
    let word = |offset: usize| u32::from_le_bytes([text[offset], text[offset + 1], text[offset + 2], text[offset + 3]]);
    Record {
        time: u64::from(word(16)) | u64::from(word(20)) << 32,
        kind: trace_kind::TEXT,
        interface: word(0) as u16,
        operation: (word(0) >> 16) as u16,
        status: word(4),
        request_id: word(8),
        argument: word(12),
        ..Record::default()
    }
}

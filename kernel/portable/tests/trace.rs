//! The trace ring: what is recorded, in which order, and what a host that misbehaves can do to it.
//!
//! Safety of this file: a ring is memory of its own that is never freed, as large as the tests say, and one thread uses it.
mod support;
use axiom_kernel_portable::generated::{fault, kind, trace_kind};
use axiom_kernel_portable::kernel::Kernel;
use axiom_kernel_portable::machine::CONSOLE_INTERRUPT;
use axiom_kernel_portable::trace::{HEADER_BYTES, RECORD_BYTES, Record, TraceRing};
use support::*;

/// A ring in ordinary memory, as a host sees it.
struct Ring(*mut u8);

impl Ring {
    fn new(records: usize) -> (Ring, usize) {
        let bytes = HEADER_BYTES + records * RECORD_BYTES;
        let memory = vec![0u64; bytes / 8].leak();
        (Ring(memory.as_mut_ptr().cast()), bytes)
    }
    fn attach(kernel: &Kernel, records: usize) -> Ring {
        let (ring, bytes) = Ring::new(records);
        let names: Vec<[u8; 24]> = kernel.domains.iter().map(|domain| domain.name).collect();
        kernel.attach_trace(unsafe { TraceRing::new(ring.0, bytes, &names) }.unwrap());
        ring
    }
    fn word(&self, offset: usize) -> u32 {
        unsafe { self.0.add(offset).cast::<u32>().read_volatile() }
    }
    fn head(&self) -> u64 {
        unsafe { self.0.add(32).cast::<u64>().read_volatile() }
    }
    fn set_tail(&self, tail: u64) {
        unsafe { self.0.add(40).cast::<u64>().write_volatile(tail) };
    }
    fn record(&self, number: u64) -> Record {
        let capacity = u64::from(self.word(48));
        unsafe { self.0.add(HEADER_BYTES + (number % capacity) as usize * RECORD_BYTES).cast::<Record>().read_volatile() }
    }
    fn records(&self) -> Vec<Record> {
        (0..self.head()).map(|number| self.record(number)).collect()
    }
    fn bytes(&self, offset: usize, length: usize) -> &[u8] {
        unsafe { std::slice::from_raw_parts(self.0.add(offset), length) }
    }
}

fn system() -> (&'static Fake, &'static Kernel) {
    let machine = Fake::new();
    let kernel = load(machine, &[
        part("broken", 0, &[], "(func (export \"receive\") (param i32 i32) (result i32) (unreachable))"),
        part("server", 1, &[endpoint(0, 4, 255), notification(2, 2)], r#"(func (export "receive") (param i32 i32) (result i32)
            (call $clear (i32.const 3) (i32.const 0)) (drop (call $call (i32.const 2))) (drop (call $notify (i32.const 3) (i32.const 2))) (i32.const 64))"#),
        part("client", 2, &[endpoint(1, 9, 255), plain(kind::TRACE)], r#"(data (i32.const 8192) "a line of text that is longer than one record")
          (func (export "start") (result i32)
            (if (i32.ne (call $trace_note (i32.const 3) (i32.const 8192) (i32.const 45)) (i32.const 1)) (then (unreachable)))
            (call $clear (i32.const 5) (i32.const 0)) (call $add_lease (i32.const 0) (i32.const 4096) (i32.const 100) (i32.const 1)) (drop (call $call (i32.const 2)))
            (i32.const 0))
          (func (export "notified") (param i32))"#),
    ]);
    (machine, kernel)
}

#[test]
fn a_run_is_recorded_in_order() {
    let (machine, kernel) = system();
    let ring = Ring::attach(kernel, 64);
    machine.time.set(5_000);
    kernel.start();
    machine.raise(CONSOLE_INTERRUPT);
    kernel.deliver();
    let records = ring.records();
    type Seen = (u8, u8, u8, u8, u16, u32, u32);
    let start = |domain| -> Seen { (trace_kind::START, 0, 255, domain, 0, 0, 0) };
    let seen: Vec<Seen> = records.iter().filter(|record| record.kind != trace_kind::TEXT)
        .map(|record| (record.kind, record.depth, record.caller, record.callee, record.operation, record.status, record.argument)).collect();
    assert_eq!(seen, [
        start(0), start(1), start(2),
        (trace_kind::NOTE, 1, 2, 255, 0, 0, 2),
        (trace_kind::CALL, 1, 2, 1, 5, 0, 9),
        (trace_kind::CALL, 2, 1, 0, 3, 0, 4),
        (trace_kind::TRAP, 2, 255, 0, 0, 0, fault::TRAP),
        (trace_kind::NOTE, 2, 0, 255, 0, 0, 3), // the trap's words
        (trace_kind::REPLY, 2, 1, 0, 3, 5, 0),
        (trace_kind::NOTIFICATION, 2, 1, 2, 0, 0, 2),
        (trace_kind::REPLY, 1, 2, 1, 5, 64, 100),
        (trace_kind::NOTIFIED, 0, 255, 2, 0, 0, 2),
        (trace_kind::NOTIFIED_RETURN, 0, 255, 2, 0, 0, 0),
        (trace_kind::NOTIFIED, 0, 255, 2, 0, 0, 1 << 30), // the console, which is no device
        (trace_kind::NOTIFIED_RETURN, 0, 255, 2, 0, 0, 0),
    ]);
    assert!(records.iter().enumerate().all(|(index, record)| record.sequence as usize == index + 1));
    let ids: Vec<u32> = records.iter().filter(|record| record.kind == trace_kind::CALL || record.kind == trace_kind::REPLY).map(|record| record.request_id).collect();
    assert!(ids[0] != 0 && ids.iter().all(|&id| id == ids[0]), "one request: {ids:?}");
    assert_eq!(records[0].time, 5_000);
}

#[test]
fn a_note_is_cut_into_text_records() {
    let (_, kernel) = system();
    let ring = Ring::attach(kernel, 64);
    kernel.start();
    let at = ring.records().iter().position(|record| record.kind == trace_kind::NOTE).unwrap() as u64;
    let mut text: Vec<u8> = Vec::new();
    for number in at + 1..at + 3 {
        let offset = HEADER_BYTES + number as usize * RECORD_BYTES;
        assert_eq!(ring.record(number).kind, trace_kind::TEXT);
        text.extend(ring.bytes(offset + 16, 16));
        text.extend(ring.bytes(offset, 8));
    }
    assert_eq!(&text[..45], b"a line of text that is longer than one record");
    assert!(text[45..].iter().all(|&byte| byte == 0));
}

#[test]
fn the_header_says_what_is_there() {
    let (_, kernel) = system();
    let ring = Ring::attach(kernel, 10);
    assert_eq!(ring.bytes(0, 8), b"AXTRACE1");
    assert_eq!([ring.word(8), ring.word(12), ring.word(16), ring.word(20), ring.word(48), ring.word(52)], [1, 32, 1, 3, 10, 0]);
    assert_eq!(ring.bytes(64, 6), b"broken");
    assert_eq!(ring.bytes(64 + 48, 7), b"client\0");
}

#[test]
fn a_ring_that_is_too_small_or_crooked_is_refused() {
    let (ring, _) = Ring::new(4);
    for (base, length) in [(ring.0, HEADER_BYTES), (ring.0, HEADER_BYTES + 31), (ring.0, 0), (unsafe { ring.0.add(4) }, HEADER_BYTES + 64)] {
        assert!(unsafe { TraceRing::new(base, length, &[]) }.is_none());
    }
}

fn record(ring: &mut TraceRing, machine: &'static Fake) {
    ring.record(machine, Record { kind: trace_kind::START, ..Record::default() });
}

#[test]
fn a_host_that_drains_loses_nothing_and_one_that_does_not_costs_one_wait() {
    // Each reading of this clock moves it by a millisecond, so waits end.
    let machine = Fake::new();
    let (ring, bytes) = Ring::new(4);
    let mut writer = unsafe { TraceRing::new(ring.0, bytes, &[]) }.unwrap();
    machine.step.set(1_000_000);
    for number in 0..20 {
        record(&mut writer, machine);
        ring.set_tail(number + 1);
    }
    assert_eq!((ring.head(), ring.word(52)), (20, 0));
    for _ in 0..6 {
        record(&mut writer, machine);
    }
    assert_eq!((ring.head(), ring.word(52)), (24, 2));
    let waited = machine.time.get();
    assert!(waited > 2_000_000_000 && waited < 2_100_000_000, "one wait, not two: {waited}");
    ring.set_tail(24);
    record(&mut writer, machine);
    assert_eq!((ring.head(), ring.record(24).sequence), (25, 27), "the gap shows what was lost");
    let before = machine.time.get();
    for _ in 0..5 {
        record(&mut writer, machine);
    }
    assert_eq!(ring.word(52), 4);
    assert!(machine.time.get() - before > 2_000_000_000, "a host that came back is waited for again");
}

#[test]
fn a_hostile_tail_only_loses_records() {
    let machine = Fake::new();
    machine.step.set(1_000_000);
    let (ring, bytes) = Ring::new(4);
    let mut writer = unsafe { TraceRing::new(ring.0, bytes, &[]) }.unwrap();
    for (number, tail) in [u64::MAX, 1 << 63, 1000, 0].into_iter().enumerate() {
        ring.set_tail(tail);
        record(&mut writer, machine);
        assert!(ring.head() <= number as u64 + 1 && ring.word(48) == 4);
    }
}

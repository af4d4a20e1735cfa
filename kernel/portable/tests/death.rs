//! Deaths in every entry point and every position of a chain, and what is left of the dead.
mod support;
use axiom_kernel_portable::domain::DomainState;
use axiom_kernel_portable::generated::{fault, kind, status, trace_kind};
use axiom_kernel_portable::kernel::Options;
use axiom_kernel_portable::machine::CONSOLE_INTERRUPT;
use axiom_kernel_portable::trace::{HEADER_BYTES, RECORD_BYTES, TraceRing};
use support::*;

const OK: i32 = 0;
const RESTARTED: i32 = -(status::PEER_RESTARTED as i32);
const DENIED: i32 = -(status::DENIED as i32);
const INVALID: i32 = -(status::INVALID_ARGUMENT as i32);

/// Records of a run as (kind, depth, callee, argument).
fn traced(parts: &[Part], act: impl FnOnce(&'static axiom_kernel_portable::kernel::Kernel, &'static Fake)) -> Vec<(u8, u8, u8, u32)> {
    let machine = Fake::new();
    let kernel = load_with(machine, parts, Options::default());
    let memory: &'static mut [u64] = Box::leak(vec![0u64; 1 << 16].into_boxed_slice());
    let base = memory.as_mut_ptr().cast::<u8>();
    let names: Vec<[u8; 24]> = kernel.domains.iter().map(|domain| domain.name).collect();
    kernel.attach_trace(unsafe { TraceRing::new(base, memory.len() * 8, &names) }.unwrap());
    kernel.start();
    act(kernel, machine);
    let bytes = unsafe { std::slice::from_raw_parts(base, memory.len() * 8) };
    let count = u64::from_le_bytes(bytes[32..40].try_into().unwrap()) as usize;
    let records = bytes[HEADER_BYTES..].chunks_exact(RECORD_BYTES).take(count);
    let fields = records.map(|record| (record[12], record[13], record[15], u32::from_le_bytes(record[28..32].try_into().unwrap())));
    fields.filter(|record| !matches!(record.0, trace_kind::NOTE | trace_kind::TEXT)).collect()
}

#[test]
fn a_trap_in_every_entry_point_is_contained_and_the_domain_comes_back() {
    // A word of the server's memory is 1 once it has been told to trap; a new life begins with 0 and says so.
    let entries = [
        ("receive", "(func (export \"receive\") (param i32 i32) (result i32) (call $say (i32.const 1)) (unreachable))", vec![1, RESTARTED, 7]),
        ("notified", "(func (export \"receive\") (param i32 i32) (result i32) (i32.const 0)) (func (export \"notified\") (param i32) (call $say (i32.const 2)) (unreachable))", vec![OK, 7, 2]),
        ("closed", r#"(func (export "receive") (param i32 i32) (result i32) (call $give (call $mint (i32.const 2) (i32.const 0x103) (i32.const 5))) (i32.store8 (i32.const 1038) (i32.const 1)) (i32.const 0))
            (func (export "closed") (param i32) (call $say (i32.const 3)) (unreachable))"#, vec![OK, 3, OK, 7]),
    ];
    for (name, body, expected) in entries {
        let machine = Fake::new();
        let kernel = load(machine, &[
            part("server", 0, &[endpoint(0, 0, 1023)], body).restart(3, 1000, 10),
            part("client", 1, &[endpoint(0, 0, 255), notification(0, 1)], r#"(func (export "notified") (param i32)
                (call $ask (i32.const 2) (i32.const 1))
                (if (i32.load8_u (i32.const 1293)) (then (call $say (call $drop (call $reply_capability (i32.const 0))))) )
                (call $say (i32.const 7)) (drop (call $notify (i32.const 3) (i32.const 1))))"#),
        ]);
        kernel.start();
        machine.raise(CONSOLE_INTERRUPT);
        kernel.deliver();
        let said = machine.said();
        assert_eq!(said[..expected.len()], expected, "{name}");
        // For `receive` and `closed` the restart is over when the client's notification comes; it is handled or nobody is there to.
        assert_eq!((kernel.domains[0].state(), kernel.domains[0].fault.get()), (DomainState::Ready, fault::TRAP), "{name}");
        assert_eq!(kernel.domains[0].epoch.get(), 1, "{name}");
    }
    for (name, body) in [("_start", "(func (export \"_start\") (call $say (i32.const 4)) (unreachable))"), ("start", "(func (export \"start\") (result i32) (call $say (i32.const 4)) (unreachable))")] {
        let machine = Fake::new();
        let kernel = load(machine, &[part("server", 0, &[], body).restart(1, 1000, 10), part("client", 1, &[endpoint(0, 0, 255)], "")]);
        kernel.start();
        assert_eq!((machine.said(), kernel.domains[0].state()), (vec![4, 4], DomainState::GivenUp), "{name}");
        assert!(kernel.domains[1].is_ready());
    }
}

#[test]
fn every_domain_of_a_chain_may_be_killed_by_the_one_on_top() {
    // client(4) → d(3) → c(2) → b(1) → a(0), and a kills one of them, once. It alone restarts, the one before it is told.
    for victim in 0..5 {
        let pass_on = |says: i32| format!(r#"(func (export "receive") (param i32 i32) (result i32)
            (call $ask (i32.const 2) (i32.const 1)) (call $say (i32.const {says})) (i32.const 0))"#);
        let machine = Fake::new();
        let mut parts = vec![part("a", 0, &[plain(kind::CONTROL)], &format!("(func (export \"receive\") (param i32 i32) (result i32) (call $say (call $control_kill (i32.const 2) (i32.const {victim}))) (i32.const 0))")).restart(3, 1000, 10)];
        parts.extend((1..4u8).map(|rank| part(&format!("{rank}"), rank, &[endpoint(rank - 1, 0, 255)], &pass_on(100 + i32::from(rank))).restart(3, 1000, 10)));
        parts.push(part("client", 4, &[endpoint(3, 0, 255)], "(func (export \"notified\") (param i32) (call $ask (i32.const 2) (i32.const 1)) (call $say (i32.const 104)))").restart(3, 1000, 10));
        let kernel = load(machine, &parts);
        kernel.start();
        machine.raise(CONSOLE_INTERRUPT);
        kernel.deliver();
        let mut expected = if victim == 0 { vec![] } else { vec![OK] };
        for rank in 1..=4 {
            if rank == victim {
                continue; // it says nothing more
            }
            expected.extend([if rank == victim + 1 { RESTARTED } else { OK }, 100 + rank]);
        }
        assert_eq!(machine.said(), expected, "victim {victim}");
        let epochs: Vec<u32> = kernel.domains.iter().map(|domain| domain.epoch.get()).collect();
        assert_eq!(epochs, (0..5).map(|id| u32::from(id == victim)).collect::<Vec<_>>());
        assert!(kernel.domains.iter().all(|domain| domain.is_ready()));
    }
}

#[test]
fn power_off_while_somebody_is_dying_leaves_everything() {
    let machine = Fake::new();
    let kernel = load(machine, &[
        part("low", 0, &[plain(kind::CONTROL), plain(kind::POWER)], r#"(func (export "receive") (param i32 i32) (result i32)
            (call $say (call $control_kill (i32.const 2) (i32.const 1))) (call $power_off (i32.const 3) (i32.const 4)) (call $say (i32.const 66)) (i32.const 0))"#),
        part("middle", 1, &[endpoint(0, 0, 255)], "(func (export \"start\") (result i32) (call $say (i32.const 101)) (i32.const 0)) (func (export \"receive\") (param i32 i32) (result i32) (call $ask (i32.const 2) (i32.const 1)) (i32.const 0))").restart(3, 1000, 1),
        part("client", 2, &[endpoint(1, 0, 255)], "(func (export \"start\") (result i32) (call $ask (i32.const 2) (i32.const 1)) (call $say (i32.const 66)) (i32.const 0))"),
    ]);
    kernel.start();
    kernel.run();
    assert_eq!((machine.said(), machine.power.get()), (vec![101, OK], Some(4)));
}

#[test]
fn a_death_takes_what_was_lent_and_granted_wherever_it_is() {
    // client grants to middle and lends to it; middle lends both on to low, which kills client: all of it is gone at once.
    let machine = Fake::new();
    let kernel = load(machine, &[
        part("low", 0, &[plain(kind::CONTROL)], r#"(func $look (param $lease i32) (call $say (call $lease_read (call $lease (local.get $lease)) (i32.const 0) (i32.const 4096) (i32.const 4))))
          (func (export "receive") (param i32 i32) (result i32)
            (call $look (i32.const 0)) (call $look (i32.const 1)) (call $look (i32.const 2))
            (call $say (call $control_kill (i32.const 2) (i32.const 2)))
            (call $look (i32.const 0)) (call $look (i32.const 1)) (call $look (i32.const 2)) (i32.const 0))"#),
        part("middle", 1, &[endpoint(0, 0, 255)], r#"(func (export "receive") (param i32 i32) (result i32)
            (call $clear (i32.const 1) (i32.const 0))
            (call $add_lease (call $lease (i32.const 0)) (i32.const 0) (i32.const 8) (i32.const 1))
            (call $add_lease (call $capability (i32.const 0)) (i32.const 0) (i32.const 8) (i32.const 1))
            (call $add_lease (i32.const 0) (i32.const 8192) (i32.const 8) (i32.const 1))
            (call $say (call $call (i32.const 2)))
            (call $say (call $lease_read (call $lease (i32.const 0)) (i32.const 0) (i32.const 4096) (i32.const 4)))
            (call $say (call $lease_read (call $capability (i32.const 0)) (i32.const 0) (i32.const 4096) (i32.const 4))) (i32.const 0))"#),
        part("client", 2, &[endpoint(1, 0, 255)], r#"(func (export "notified") (param i32)
            (call $clear (i32.const 1) (i32.const 0)) (call $add_lease (i32.const 0) (i32.const 4096) (i32.const 8) (i32.const 3))
            (call $add_capability (call $grant_create (i32.const 2) (i32.const 65536) (i32.const 4096) (i32.const 1)))
            (call $say (call $call (i32.const 2))) (call $say (i32.const 66)))"#).restart(3, 1000, 10),
    ]);
    kernel.start();
    machine.raise(CONSOLE_INTERRUPT);
    kernel.deliver();
    let gone = -(status::INVALID_HANDLE as i32);
    assert_eq!(machine.said(), [OK, OK, OK, OK, gone, gone, OK, OK, gone, gone]);
    assert_eq!((kernel.domains[2].state(), live_memories()), (DomainState::Ready, 3));
}

#[test]
fn control_needs_its_rights_and_lists_what_happened() {
    let machine = Fake::new();
    let kernel = load(machine, &[
        part("server", 0, &[], "(func (export \"receive\") (param i32 i32) (result i32) (drop (call $drop (i32.const 0x70001))) (unreachable))").restart(3, 1000, 10),
        part("client", 1, &[endpoint(0, 0, 255), plain(kind::CONTROL)], r#"(func $word (param $at i32) (call $say (i32.load (i32.add (i32.const 8192) (local.get $at)))))
          (func (export "start") (result i32) (local $read i32) (local $write i32)
            (call $ask (i32.const 2) (i32.const 1)) (call $ask (i32.const 0x50002) (i32.const 1))
            (local.set $read (call $mint (i32.const 3) (i32.const 1) (i32.const 0))) (local.set $write (call $mint (i32.const 3) (i32.const 2) (i32.const 0)))
            (call $say (call $control_list (local.get $write) (i32.const 8192) (i32.const 9))) (call $say (call $control_kill (local.get $read) (i32.const 0)))
            (call $say (call $control_kill (local.get $write) (i32.const 2))) (call $say (call $control_kill (local.get $write) (i32.const -1)))
            (call $say (call $control_list (local.get $read) (i32.const 8192) (i32.const 9)))
            (call $word (i32.const 24)) (call $word (i32.const 28)) (call $word (i32.const 32)) (call $word (i32.const 36)) (call $word (i32.const 52)) (call $word (i32.const 56)) (call $word (i32.const 60))
            (call $word (i32.const 88)) (call $word (i32.const 92)) (call $word (i32.const 120)) (call $word (i32.const 124)) (i32.const 0))"#),
    ]);
    kernel.start();
    let handle = -(status::INVALID_HANDLE as i32);
    assert_eq!(machine.said(), [RESTARTED, handle, DENIED, DENIED, INVALID, INVALID, 2,
        DomainState::Ready as i32, 1, 2, 1, fault::TRAP as i32, 1, 0, DomainState::Ready as i32, 0, 1, 1]);
}

#[test]
fn a_slot_serves_a_thousand_lives() {
    let machine = Fake::new();
    let kernel = load(machine, &[
        part("server", 0, &[endpoint(0, 0, 1023)], r#"(func (export "start") (result i32) (call $say (call $mint (i32.const 2) (i32.const 1) (i32.const 5))) (i32.const 0))"#).restart(1, 1, 0),
        part("client", 1, &[endpoint(0, 0, 511)], ""),
    ]);
    kernel.start();
    machine.said();
    let mut last = 0;
    for _ in 0..1000 {
        kernel.kill(0);
        machine.time.set(machine.time.get() + 1_000_000);
        kernel.deliver();
        let said = machine.said();
        assert!(said.len() == 1 && said[0] > 0 && said[0] != last, "{said:?}");
        last = said[0];
    }
    assert_eq!((kernel.domains[0].epoch.get(), live_memories()), (1000, 2));
}

#[test]
fn what_happens_is_recorded() {
    let records = traced(&[
        part("server", 0, &[endpoint(0, 0, 1023)], r#"(func (export "receive") (param i32 i32) (result i32)
            (if (i32.eq (call $operation) (i32.const 9)) (then (unreachable)))
            (call $give (call $mint (i32.const 2) (i32.const 0x103) (i32.const 5))) (i32.store8 (i32.const 1038) (i32.const 1)) (i32.const 0))
          (func (export "closed") (param i32))
          (func (export "background") (result i32) (i32.const 0))"#).restart(1, 1000, 10),
        part("client", 1, &[endpoint(0, 0, 255)], r#"(func (export "notified") (param i32)
            (call $ask (i32.const 2) (i32.const 1)) (call $say (call $drop (call $reply_capability (i32.const 0))))
            (call $ask (i32.const 2) (i32.const 9)) (call $ask (i32.const 2) (i32.const 9)))"#),
    ], |kernel, machine| {
        machine.raise(CONSOLE_INTERRUPT);
        kernel.deliver();
    });
    use trace_kind::*;
    assert_eq!(records, [
        (START, 0, 0, 0), (START, 0, 1, 0), (BACKGROUND, 0, 0, 0), (BACKGROUND_RETURN, 0, 0, 0),
        (NOTIFIED, 0, 1, 1 << 30), (CALL, 1, 0, 0), (REPLY, 1, 0, 0), (CLOSED, 1, 0, 5), (CLOSED_RETURN, 1, 0, 0),
        (CALL, 1, 0, 0), (TRAP, 1, 0, fault::TRAP), (REPLY, 1, 0, 0), (RESTART, 1, 0, 1), (START, 1, 0, 0),
        (CALL, 1, 0, 0), (TRAP, 1, 0, fault::TRAP), (GIVEN_UP, 1, 0, 1), (REPLY, 1, 0, 0), (NOTIFIED_RETURN, 0, 1, 0),
    ]);
}

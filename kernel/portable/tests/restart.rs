//! Domains that come back: who is started when, who is told, and what is left of the life before.
mod support;
use axiom_kernel_portable::domain::DomainState;
use axiom_kernel_portable::generated::{fault, kind, status};
use axiom_kernel_portable::kernel::{Kernel, Options};
use axiom_kernel_portable::machine::{BLOCK_DEVICE_INTERRUPT, CONSOLE_INTERRUPT, Device, Window};
use support::*;

const RESTARTED: i32 = -(status::PEER_RESTARTED as i32);
const DEAD: i32 = -(status::PEER_DEAD as i32);
const INVALID_HANDLE: i32 = -(status::INVALID_HANDLE as i32);
const OK: i32 = 0;

/// Says `starts` + n when it starts; operation 9 traps, others answer the number of calls in this life.
fn server(says: i32) -> String {
    format!(r#"(global $count (mut i32) (i32.const 0))
      (func (export "start") (result i32) (call $say (i32.const {says})) (i32.const 0))
      (func (export "receive") (param i32 i32) (result i32)
        (if (i32.eq (call $operation) (i32.const 9)) (then (unreachable)))
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (i32.store (i32.const 1040) (global.get $count)) (i32.const 0))"#)
}

fn states(kernel: &Kernel) -> Vec<DomainState> {
    kernel.domains.iter().map(|domain| domain.state()).collect()
}

/// A client whose body runs when the console has input, so that a test can make it act again.
fn on_input(body: &str) -> String {
    format!("(func (export \"notified\") (param i32) (local $handle i32) {body})")
}

fn input(kernel: &Kernel, machine: &Fake) -> Vec<i32> {
    machine.raise(CONSOLE_INTERRUPT);
    kernel.deliver();
    machine.said()
}

#[test]
fn a_trapped_server_is_back_before_the_call_returns_and_nobody_else_is_told() {
    let machine = Fake::new();
    let kernel = load(machine, &[
        part("server", 0, &[], &server(100)).restart(3, 1000, 10),
        part("client", 1, &[endpoint(0, 0, 255)], r#"(func (export "start") (result i32)
            (call $ask (i32.const 2) (i32.const 1)) (call $ask (i32.const 2) (i32.const 9)) (call $say (i32.const 7))
            (call $ask (i32.const 2) (i32.const 1)) (call $say (call $reply_field)) (i32.const 0))"#),
    ]);
    kernel.start();
    assert_eq!(machine.said(), [100, OK, 100, RESTARTED, 7, OK, 1], "the one in flight was told; the new life counts from 1");
    assert_eq!((kernel.domains[0].epoch.get(), kernel.domains[0].fault.get()), (1, fault::TRAP));
    assert_eq!(live_memories(), 2);
}

#[test]
fn each_endpoint_of_the_manifest_is_told_once() {
    let machine = Fake::new();
    let kernel = load(machine, &[
        part("server", 0, &[], &server(100)).restart(3, 1000, 10),
        part("other", 1, &[endpoint(0, 1, 255), endpoint(0, 2, 255)], r#"(func (export "receive") (param i32 i32) (result i32)
            (call $ask (i32.const 2) (i32.const 1)) (call $ask (i32.const 3) (i32.const 1)) (call $ask (i32.const 2) (i32.const 1)) (call $ask (i32.const 3) (i32.const 1)) (i32.const 0))"#),
        part("client", 2, &[endpoint(0, 0, 255), endpoint(1, 0, 255)], r#"(func (export "start") (result i32)
            (call $ask (i32.const 2) (i32.const 9)) (call $ask (i32.const 2) (i32.const 1)) (call $ask (i32.const 3) (i32.const 1)) (i32.const 0))"#),
    ]);
    kernel.start();
    assert_eq!(machine.said(), [100, 100, RESTARTED, OK, RESTARTED, RESTARTED, OK, OK, OK]);
}

#[test]
fn endpoints_made_at_run_time_stay_stale_and_their_badges_are_no_longer_counted() {
    let opener = r#"(func (export "start") (result i32) (call $say (i32.const 100)) (i32.const 0))
      (func (export "receive") (param $badge i32) (param i32) (result i32)
        (if (i32.eq (call $operation) (i32.const 9)) (then (unreachable)))
        (if (i32.eq (call $operation) (i32.const 2)) (then (call $say (local.get $badge)) (return (i32.const 0))))
        (call $give (call $mint (i32.const 2) (i32.const 0x103) (i32.const 55)))
        (i32.store8 (i32.const 1038) (i32.const 1)) (i32.const 0))
      (func (export "closed") (param $badge i32) (call $say (i32.add (local.get $badge) (i32.const 1000))))"#;
    let machine = Fake::new();
    let kernel = load(machine, &[
        part("server", 0, &[endpoint(0, 0, 1023)], opener).restart(3, 1000, 10),
        part("client", 1, &[endpoint(0, 0, 255)], r#"(func (export "start") (result i32) (local $old i32) (local $copy i32) (local $new i32)
            (call $ask (i32.const 2) (i32.const 1)) (local.set $old (call $reply_capability (i32.const 0)))
            (local.set $copy (call $mint (local.get $old) (i32.const 1) (i32.const 0)))
            (call $ask (i32.const 2) (i32.const 9))
            (call $ask (local.get $old) (i32.const 2)) (call $ask (local.get $old) (i32.const 2)) (call $ask (local.get $copy) (i32.const 2))
            (call $ask (i32.const 2) (i32.const 1)) (local.set $new (call $reply_capability (i32.const 0)))
            (call $ask (local.get $new) (i32.const 2))
            (call $ask (call $mint (local.get $old) (i32.const 1) (i32.const 0)) (i32.const 2))
            (call $say (call $drop (local.get $old)))
            (call $say (call $drop (local.get $new)))
            (call $say (call $drop (local.get $new))) (i32.const 0))"#),
    ]);
    kernel.start();
    // The copies of the old life do not keep the badge of the new one: its end is told when the new endpoint goes.
    assert_eq!(machine.said(), [100, OK, 100, RESTARTED, RESTARTED, RESTARTED, RESTARTED, OK, 55, OK, RESTARTED, OK, 1055, OK, INVALID_HANDLE]);
    assert_eq!(kernel.capabilities.borrow().refused(1), 1);
}

#[test]
fn closed_badges_are_told_before_the_restart_and_handles_of_the_life_before_are_gone() {
    let base = r#"(func (export "receive") (param $badge i32) (param i32) (result i32) (call $say (local.get $badge)) (i32.const 0))
      (func (export "closed") (param $badge i32) (call $say (i32.add (local.get $badge) (i32.const 1000))))"#;
    let machine = Fake::new();
    let kernel = load(machine, &[
        part("base", 0, &[], base),
        part("server", 1, &[endpoint(0, 5, 511), timer(0)], r#"(func (export "start") (result i32)
            (call $say (i32.const 100)) (call $say (call $timer_set (i32.const 3) (i32.const 50)))
            (call $ask (i32.const 2) (i32.const 1)) (call $ask (i32.const 0x10008) (i32.const 1))
            (call $say (call $mint (i32.const 2) (i32.const 1) (i32.const 0))) (i32.const 0))
          (func (export "notified") (param i32) (call $say (i32.const 300)))
          (func (export "receive") (param i32 i32) (result i32) (unreachable))"#).restart(3, 1000, 10),
        part("client", 2, &[endpoint(1, 0, 255)], &on_input("(call $ask (i32.const 2) (i32.const 1)) (call $say (i32.const 7))")),
    ]);
    kernel.start();
    assert_eq!(machine.said(), [100, OK, 5, OK, INVALID_HANDLE, 0x10008]);
    assert_eq!(input(kernel, machine), [1005, 100, OK, 5, OK, INVALID_HANDLE, 0x20008 - 0x10000 + 1, RESTARTED, 7]);
    machine.time.set(1 << 40);
    kernel.deliver();
    assert_eq!(machine.said(), [300], "one timer: that of the new life");
}

#[test]
fn what_stands_on_it_restarts_in_the_order_of_ranks_and_others_recover() {
    let machine = Fake::new();
    let kernel = load(machine, &[
        part("top", 3, &[endpoint(2, 0, 255)], &server(103)).restart(3, 1000, 10).with_peers(),
        part("base", 0, &[], &server(100)).restart(3, 1000, 10),
        part("middle", 1, &[endpoint(1, 0, 255)], &server(101)).restart(3, 1000, 10).with_peers(),
        part("aside", 2, &[endpoint(1, 0, 255)], &server(102)).restart(3, 1000, 10),
        part("client", 4, &[endpoint(1, 0, 255), endpoint(0, 0, 255), endpoint(3, 0, 255)], &on_input(
            "(call $ask (i32.const 2) (i32.const 9)) (call $ask (i32.const 3) (i32.const 1)) (call $ask (i32.const 3) (i32.const 1)) (call $ask (i32.const 4) (i32.const 1))")),
    ]);
    kernel.start();
    assert_eq!(machine.said(), [103, 100, 101, 102]);
    assert_eq!(input(kernel, machine), [100, 101, 103, RESTARTED, RESTARTED, OK, OK]);
    let faults: Vec<u32> = kernel.domains.iter().map(|domain| domain.fault.get()).collect();
    assert_eq!(faults, [fault::PEER_RESTARTED, fault::TRAP, fault::PEER_RESTARTED, 0, 0]);
    assert_eq!(live_memories(), 5);
}

#[test]
fn a_domain_below_the_dead_one_goes_on_and_the_whole_chain_restarts_at_the_first_live_one() {
    // client → top → middle → base; base kills middle. Base lives, its wait is cancelled; top stands on middle.
    let machine = Fake::new();
    let kernel = load(machine, &[
        part("base", 0, &[plain(kind::CONTROL), timer(0)], r#"
          (func (export "start") (result i32) (call $say (i32.const 100)) (i32.const 0))
          (func (export "receive") (param i32 i32) (result i32)
            (call $say (call $lease_read (call $lease (i32.const 0)) (i32.const 0) (i32.const 4096) (i32.const 4)))
            (call $say (call $control_kill (i32.const 2) (i32.const 1))) (call $say (call $control_kill (i32.const 2) (i32.const 1)))
            (call $say (call $lease_read (call $lease (i32.const 0)) (i32.const 0) (i32.const 4096) (i32.const 4)))
            (call $say (call $wait (i32.const 1) (i32.const 1000))) (i32.const 0))"#),
        part("middle", 1, &[endpoint(0, 0, 255)], r#"
          (func (export "start") (result i32) (call $say (i32.const 101)) (i32.const 0))
          (func (export "receive") (param i32 i32) (result i32)
            (call $clear (i32.const 1) (i32.const 0)) (call $add_lease (i32.const 0) (i32.const 4096) (i32.const 8) (i32.const 1))
            (call $say (call $call (i32.const 2))) (i32.const 0))"#).restart(3, 1000, 10),
        part("top", 2, &[endpoint(1, 0, 255)], r#"
          (func (export "start") (result i32) (call $say (i32.const 102)) (i32.const 0))
          (func (export "receive") (param i32 i32) (result i32) (call $ask (i32.const 2) (i32.const 1)) (i32.const 0))"#).restart(3, 1000, 10).with_peers(),
        part("client", 3, &[endpoint(2, 0, 255)], &on_input("(call $ask (i32.const 2) (i32.const 1)) (call $say (i32.const 7))")),
    ]);
    kernel.start();
    assert_eq!(machine.said(), [100, 101, 102]);
    assert_eq!(input(kernel, machine), [OK, OK, DEAD, INVALID_HANDLE, -(status::CANCELLED as i32), 101, 102, RESTARTED, 7]);
    assert_eq!(states(kernel), [DomainState::Ready; 4]);
    assert_eq!((kernel.domains[1].fault.get(), kernel.domains[2].fault.get()), (fault::KILLED, fault::PEER_RESTARTED));
    assert_eq!(live_memories(), 4);
}

#[test]
fn a_domain_may_kill_itself_and_runs_no_further() {
    let machine = Fake::new();
    let kernel = load(machine, &[
        part("server", 0, &[plain(kind::CONTROL)], r#"(func (export "start") (result i32) (call $say (i32.const 100)) (i32.const 0))
          (func (export "receive") (param i32 i32) (result i32) (drop (call $control_kill (i32.const 2) (i32.const 0))) (call $say (i32.const 66)) (i32.const 0))"#).restart(3, 1000, 10),
        part("client", 1, &[endpoint(0, 0, 255)], &on_input("(call $ask (i32.const 2) (i32.const 1))")),
    ]);
    kernel.start();
    assert_eq!(input(kernel, machine), [100, 100, RESTARTED]);
    assert_eq!(kernel.domains[0].fault.get(), fault::KILLED);
}

#[test]
fn the_killer_below_is_no_reason_to_enter_what_is_on_the_stack() {
    // client(3) calls killer(1), which kills client's neighbour of rank 2 and another of rank 0. Rank 0 is back at once; rank 2
    // could call whoever is on the stack, so it waits for the return to rank 3.
    let machine = Fake::new();
    let kernel = load(machine, &[
        part("low", 0, &[], &server(100)).restart(3, 1000, 10),
        part("killer", 1, &[plain(kind::CONTROL)], r#"(func (export "receive") (param i32 i32) (result i32)
            (call $say (call $control_kill (i32.const 2) (i32.const 0))) (call $say (call $control_kill (i32.const 2) (i32.const 2)))
            (call $say (call $control_kill (i32.const 2) (i32.const 9))) (i32.const 0))"#),
        part("high", 2, &[endpoint(1, 0, 255)], &server(102)).restart(3, 1000, 10),
        part("client", 3, &[endpoint(1, 0, 255)], &on_input("(call $ask (i32.const 2) (i32.const 1)) (call $say (i32.const 7))")),
    ]);
    kernel.start();
    machine.said();
    assert_eq!(input(kernel, machine), [100, OK, OK, -(status::INVALID_ARGUMENT as i32), 102, OK, 7]);
}

#[test]
fn restarts_back_off_and_end_loudly() {
    let machine = Fake::new();
    machine.time.set(1_000_000_000);
    let kernel = load_with(machine, &[
        part("server", 0, &[], &server(100)).restart(3, 100_000, 40),
        part("above", 1, &[endpoint(0, 0, 255)], &server(101)).restart(1, 100_000, 1).with_peers(),
        part("client", 2, &[endpoint(0, 0, 255), endpoint(1, 0, 255)], &on_input("(call $ask (i32.const 2) (i32.const 9)) (call $ask (i32.const 3) (i32.const 1))")),
    ], Options::default());
    kernel.start();
    assert_eq!(machine.said(), [100, 101]);
    assert_eq!(input(kernel, machine), [100, 101, RESTARTED, RESTARTED], "the first is restarted at once");
    for wait_ms in [40, 80] {
        let before = machine.time.get();
        assert_eq!(input(kernel, machine), [RESTARTED, DEAD]);
        assert_eq!((states(kernel)[0], states(kernel)[1]), (DomainState::Restarting, DomainState::Restarting));
        machine.time.set(before + wait_ms * 1_000_000 - 1);
        kernel.deliver();
        assert_eq!(machine.said(), []);
        machine.time.set(before + wait_ms * 1_000_000);
        kernel.deliver();
        assert_eq!(machine.said(), [100, 101], "both, after {wait_ms} ms");
        assert_eq!(machine.lines.take(), Vec::<String>::new());
    }
    assert_eq!(input(kernel, machine), [RESTARTED, DEAD]);
    assert_eq!(states(kernel), [DomainState::GivenUp, DomainState::GivenUp, DomainState::Ready]);
    let lines = machine.lines.take();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("server is given up after 3 restarts"), "{lines:?}");
    machine.time.set(1 << 50);
    assert_eq!(input(kernel, machine), [DEAD, DEAD]);
    assert_eq!(live_memories(), 1);
}

#[test]
fn deaths_outside_of_the_window_do_not_count() {
    let machine = Fake::new();
    machine.time.set(1_000_000_000);
    let kernel = load(machine, &[
        part("server", 0, &[], &server(100)).restart(1, 1000, 1000),
        part("client", 1, &[endpoint(0, 0, 255)], &on_input("(call $ask (i32.const 2) (i32.const 9))")),
    ]);
    kernel.start();
    machine.said();
    for _ in 0..200 {
        assert_eq!(input(kernel, machine), [100, RESTARTED]);
        machine.time.set(machine.time.get() + 1_000_000_000);
    }
    assert_eq!(live_memories(), 2, "the memories of 200 lives were given back");
    machine.time.set(machine.time.get() - 1);
    assert_eq!(input(kernel, machine), [RESTARTED], "the second within the window");
    assert_eq!(kernel.domains[0].state(), DomainState::GivenUp);
}

#[test]
fn a_sleeping_machine_wakes_for_a_restart() {
    let machine = Fake::new();
    let kernel = load(machine, &[
        part("server", 0, &[plain(kind::POWER)], r#"(func (export "start") (result i32)
            (call $say (i32.const 100)) (unreachable))"#).restart(3, 100_000, 10),
        part("client", 1, &[timer(0), plain(kind::POWER)], r#"(func (export "start") (result i32) (call $timer_set (i32.const 2) (i32.const 500000)))
            (func (export "notified") (param i32) (call $power_off (i32.const 3) (i32.const 0)))"#),
    ]);
    kernel.start();
    assert_eq!(machine.said(), [100, 100], "at boot, and the first restart at once");
    kernel.run();
    assert_eq!(machine.said(), [100, 100], "two more, after 10 and 20 ms");
    assert_eq!((kernel.domains[0].state(), machine.idles.get()), (DomainState::GivenUp, 3));
}

#[test]
fn a_failed_start_is_a_death_and_its_dependants_wait_for_it() {
    // The base counts the starts of the server, which traps or refuses in its second: that is a death of its own, the second.
    for failure in ["(unreachable)", "(return (i32.const 35))"] {
        let machine = Fake::new();
        let kernel = load(machine, &[
            part("base", 0, &[], &server(99)),
            part("server", 1, &[endpoint(0, 0, 255)], &format!(r#"(func (export "start") (result i32)
                (call $ask (i32.const 2) (i32.const 1)) (call $say (call $reply_field))
                (if (i32.eq (call $reply_field) (i32.const 2)) (then {failure})) (i32.const 0))"#)).restart(3, 100_000, 10),
            part("above", 2, &[endpoint(1, 0, 255)], &server(101)).restart(3, 100_000, 10).with_peers(),
        ]);
        kernel.start();
        assert_eq!(machine.said(), [99, OK, 1, 101]);
        kernel.kill(1);
        kernel.deliver();
        assert_eq!(machine.said(), [OK, 2], "{failure}: what stands on it is not started");
        assert_eq!(states(kernel), [DomainState::Ready, DomainState::Restarting, DomainState::Restarting]);
        machine.time.set(machine.time.get() + 10_000_000);
        kernel.deliver();
        assert_eq!(machine.said(), [OK, 3, 101], "{failure}");
        let epochs: Vec<u32> = kernel.domains.iter().map(|domain| domain.epoch.get()).collect();
        assert_eq!((epochs, live_memories() % 3), (vec![0, 2, 1], 0));
    }
}

fn with_device(machine: &'static Fake) -> &'static Fake {
    let windows = [(0x1000, 56), (0x2000, 8), (0x3000, 1), (0x4000, 64)].map(|(address, length)| Window { address, length });
    machine.device.set(Device { windows, interrupt: BLOCK_DEVICE_INTERRUPT, transport: 1, notify_multiplier: 4, vector: 0, flags: 0, configuration_bytes: 64 });
    machine
}

const DRIVER: &str = r#"(func (export "start") (result i32) (call $say (i32.const 100)) (i32.const 0))
  (func (export "receive") (param i32 i32) (result i32)
    (if (i32.eq (call $operation) (i32.const 9)) (then (unreachable)))
    (if (i32.eq (call $operation) (i32.const 2)) (then (return (i32.const 0))))
    (call $say (call $dma_segments (i32.const 7) (call $lease (i32.const 0)) (i32.const 0) (i32.const 8) (i32.const 1) (i32.const 4096) (i32.const 4))) (i32.const 0))"#;
const USER: &str = r#"(func (export "start") (result i32) (call $say (i32.const 101)) (i32.const 0))
  (func $lend (param $operation i32)
    (call $clear (local.get $operation) (i32.const 0)) (call $add_lease (i32.const 0) (i32.const 4096) (i32.const 8) (i32.const 3)) (call $say (call $call (i32.const 2))))
  (func (export "receive") (param i32 i32) (result i32)
    (if (i32.eq (call $operation) (i32.const 9)) (then (unreachable)))
    (call $lend (call $operation)) (i32.const 0))"#;

fn device_system(machine: &'static Fake, client: &str) -> &'static Kernel {
    let kernel = load(with_device(machine), &[
        part("driver", 0, &[device(4)], DRIVER).restart(9, 100_000, 10),
        part("user", 1, &[endpoint(0, 0, 255)], USER).restart(9, 100_000, 10),
        part("client", 2, &[endpoint(1, 0, 255)], &on_input(client)),
    ]);
    kernel.start();
    machine.said();
    kernel
}

#[test]
fn the_driver_ends_with_a_domain_that_its_device_could_write_to() {
    let machine = Fake::new();
    // Not exposed: the driver goes on.
    let kernel = device_system(machine, "(call $ask (i32.const 2) (i32.const 2)) (call $ask (i32.const 2) (i32.const 9))");
    assert_eq!(input(kernel, machine), [OK, OK, 101, RESTARTED]);
    assert_eq!((kernel.domains[0].epoch.get(), machine.stops.get()), (0, 0));
    // Exposed: it ends too, the device is reset, and both come back.
    let machine = Fake::new();
    let kernel = device_system(machine, "(call $ask (i32.const 2) (i32.const 1)) (call $ask (i32.const 2) (i32.const 9)) (call $ask (i32.const 2) (i32.const 2))");
    assert_eq!(input(kernel, machine), [1, OK, OK, 100, 101, RESTARTED, OK, OK]);
    assert_eq!((kernel.domains[0].fault.get(), kernel.domains[0].epoch.get()), (fault::DEVICE_REACH, 1));
    assert_eq!((machine.stops.get(), machine.is_stopped.get()), (1, false), "reset once, and allowed to work again");
    assert_eq!(live_memories(), 6);
}

#[test]
fn a_driver_that_dies_clears_the_exposure_and_is_seen_by_its_user_alone() {
    let machine = Fake::new();
    let kernel = device_system(machine, r#"(call $ask (i32.const 2) (i32.const 1)) (call $ask (i32.const 2) (i32.const 2))"#);
    assert_eq!(input(kernel, machine), [1, OK, OK, OK, OK]);
    assert!(kernel.domains[1].is_exposed.get());
    kernel.kill(0);
    assert!(!kernel.domains[1].is_exposed.get());
    kernel.deliver();
    assert_eq!(machine.said(), [100]);
    assert_eq!(input(kernel, machine), [RESTARTED, OK, OK, OK], "the user is told, its client is not");
    kernel.kill(1);
    kernel.deliver();
    assert_eq!((machine.said(), kernel.domains[0].epoch.get()), (vec![101], 1), "nothing was exposed to the new driver");
}

#[test]
fn a_reset_that_is_not_confirmed_costs_the_driver_and_the_memory() {
    let machine = Fake::new();
    let kernel = device_system(machine, "(call $ask (i32.const 2) (i32.const 1))");
    assert_eq!(input(kernel, machine), [1, OK, OK]);
    machine.is_stuck.set(true);
    let before = live_memories();
    kernel.kill(0);
    kernel.deliver();
    assert_eq!(machine.said(), [101], "the user restarts in a memory of its own");
    assert_eq!(states(kernel), [DomainState::GivenUp, DomainState::Ready, DomainState::Ready]);
    assert_eq!(kernel.domains[1].fault.get(), fault::DEVICE_REACH);
    assert_eq!(live_memories(), before, "the user's old memory is left for ever; the driver's was given back: it was not exposed");
    assert!(machine.is_stopped.get());
    assert!(machine.lines.take().iter().any(|line| line.starts_with("driver is given up")));
}

#[test]
fn fault_injection_kills_at_every_message_and_the_system_goes_on() {
    let client = "(call $ask (i32.const 2) (i32.const 1)) (call $ask (i32.const 2) (i32.const 1)) (call $ask (i32.const 2) (i32.const 1)) (call $say (i32.const 7))";
    for victim in ["base", "middle", "client"] {
        for number in 1..=12 {
            let (machine, memories) = (Fake::new(), live_memories());
            let kernel = load_with(machine, &[
                part("base", 0, &[], &server(100)).restart(3, 1000, 10),
                part("middle", 1, &[endpoint(0, 0, 255)], r#"(func (export "start") (result i32) (call $say (i32.const 101)) (i32.const 0))
                  (func (export "receive") (param i32 i32) (result i32) (call $clear (i32.const 1) (i32.const 0)) (i32.sub (i32.const 0) (call $call (i32.const 2))))"#).restart(3, 1000, 10),
                part("client", 2, &[endpoint(1, 0, 255)], &on_input(client)).restart(3, 1000, 10),
            ], Options { kill: Some((victim.as_bytes().to_vec(), number)), ..Options::default() });
            kernel.start();
            assert_eq!(machine.said(), [100, 101]);
            let (said, next) = (input(kernel, machine), input(kernel, machine));
            let restarts: Vec<u32> = kernel.domains.iter().map(|domain| domain.epoch.get()).collect();
            let expected = ["base", "middle", "client"].map(|name| u32::from(name == victim));
            assert_eq!(restarts, expected, "{victim} at {number}");
            assert_eq!(states(kernel), [DomainState::Ready; 3]);
            if victim == "client" {
                assert!(!said.contains(&7), "{victim} at {number}: {said:?}");
            } else {
                // A death at the very last message is told by the next call.
                let told = said.iter().chain(&next).filter(|&&value| value == RESTARTED).count();
                assert_eq!(told, 1, "{victim} at {number}: told once: {said:?} {next:?}");
                assert_eq!((said.last(), next.last()), (Some(&7), Some(&7)));
            }
            assert_eq!(input(kernel, machine), [OK, OK, OK, 7], "{victim} at {number}");
            assert_eq!(live_memories(), memories + 3);
        }
    }
}

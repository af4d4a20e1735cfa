//! Steps in the background: when they come, when they do not, and what is recorded of them.
mod support;
use axiom_kernel_portable::domain::DomainState;
use axiom_kernel_portable::machine::CONSOLE_INTERRUPT;
use support::*;

/// Works `count` steps after each call of operation 1, and says what is left.
fn worker(says: i32) -> String {
    format!(r#"(global $left (mut i32) (i32.const 0))
      (func (export "receive") (param i32 i32) (result i32) (global.set $left (call $operation)) (i32.const 0))
      (func (export "background") (result i32)
        (call $say (i32.add (i32.const {says}) (global.get $left)))
        (if (i32.eqz (global.get $left)) (then (return (i32.const 0))))
        (global.set $left (i32.sub (global.get $left) (i32.const 1))) (i32.const 1))"#)
}

#[test]
fn lowest_rank_first_until_nothing_is_left_and_again_after_a_call() {
    let machine = Fake::new();
    let kernel = load(machine, &[
        part("high", 1, &[], &worker(200)),
        part("low", 0, &[], &worker(100)),
        part("client", 2, &[endpoint(1, 0, 255), endpoint(0, 0, 255)], r#"(func (export "notified") (param i32)
            (call $ask (i32.const 3) (i32.const 1)) (call $ask (i32.const 2) (i32.const 2)))"#),
    ]);
    kernel.start();
    assert_eq!(machine.said(), [100, 200], "one look after the start");
    kernel.deliver();
    assert_eq!(machine.said(), [], "nothing has entered them since");
    machine.raise(CONSOLE_INTERRUPT);
    kernel.deliver();
    assert_eq!(machine.said(), [0, 0, 102, 101, 100, 201, 200]);
}

#[test]
fn events_come_between_two_steps() {
    let machine = Fake::new();
    let kernel = load(machine, &[
        part("worker", 0, &[notification(1, 1)], r#"(global $left (mut i32) (i32.const 3))
          (func (export "background") (result i32) (call $say (global.get $left)) (drop (call $notify (i32.const 2) (i32.const 1)))
            (global.set $left (i32.sub (global.get $left) (i32.const 1))) (global.get $left))"#),
        part("client", 1, &[], "(func (export \"notified\") (param i32) (call $say (i32.const 50)))"),
    ]);
    kernel.start();
    assert_eq!(machine.said(), [3, 50, 2, 50, 1, 50]);
}

#[test]
fn a_step_that_traps_ends_the_domain_and_a_restarted_one_is_asked_again() {
    let machine = Fake::new();
    let kernel = load(machine, &[part("worker", 0, &[], "(func (export \"background\") (result i32) (call $say (i32.const 1)) (unreachable))").restart(2, 1000, 10)]);
    kernel.start();
    assert_eq!((machine.said(), kernel.domains[0].state()), (vec![1, 1], DomainState::Restarting), "the second restart waits");
    machine.time.set(machine.time.get() + 10_000_000);
    kernel.deliver();
    assert_eq!((machine.said(), kernel.domains[0].state()), (vec![1], DomainState::GivenUp));
}

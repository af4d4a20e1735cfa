//! Domains that fail: they alone die, everybody who depends on them is told, the others go on.
mod support;
use axiom_kernel_portable::domain::DomainState;
use axiom_kernel_portable::generated::{fault, kind, status};
use axiom_kernel_portable::machine::{CONSOLE_INTERRUPT, Device, Window};
use support::*;

const RESTARTED: i32 = -(status::PEER_RESTARTED as i32);
const DEAD: i32 = -(status::PEER_DEAD as i32);

const CLIENT: &str = r#"(func (export "start") (result i32)
    (call $clear (i32.const 1) (i32.const 0)) (call $add_lease (i32.const 0) (i32.const 4096) (i32.const 8) (i32.const 3)) (call $say (call $call (i32.const 2)))
    (call $ask (i32.const 2) (i32.const 1)) (call $ask (i32.const 3) (i32.const 1)) (i32.const 0))"#;

/// A system in which the first domain runs `body` when called; what was said, and its fault.
fn fail(body: &str, capabilities: &[axiom_kernel_portable::manifest::Entry]) -> (Vec<i32>, u32, Vec<String>) {
    let machine = Fake::new();
    let windows = [Window { address: 0x1000, length: 56 }; 4];
    machine.device.set(Device { windows, transport: 1, interrupt: 1, ..Device::default() });
    let kernel = load(machine, &[
        part("broken", 0, capabilities, &format!("(func $deep (param i64) (result i64) (i64.add (i64.const 1) (call $deep (i64.add (local.get 0) (i64.const 1)))))
            (func (export \"receive\") (param i32 i32) (result i32) {body} (i32.const 0))")),
        part("bystander", 0, &[], "(func (export \"receive\") (param i32 i32) (result i32) (i32.const 0))"),
        part("client", 1, &[endpoint(0, 0, 255), endpoint(1, 0, 255)], CLIENT),
    ]);
    kernel.start();
    let broken = &kernel.domains[0];
    assert_eq!(broken.state(), DomainState::Dead);
    assert!(kernel.domains[1].is_ready() && kernel.domains[2].is_ready());
    (machine.said(), broken.fault.get(), machine.lines.take())
}

#[test]
fn every_kind_of_end_is_contained() {
    let text = "(i32.store (i32.const 4096) (i32.const 0x00690048))"; // "Hi"
    for (body, code, line) in [
        ("(unreachable)", fault::TRAP, "unreachable"),
        ("(drop (i32.load (i32.const 131069)))", fault::TRAP, "out of bounds"),
        ("(i32.store (i32.const 0x7fffffff) (i32.const 1))", fault::TRAP, "out of bounds"),
        ("(drop (i32.load offset=0xffffffff (i32.const -1)))", fault::TRAP, "out of bounds"),
        ("(drop (i32.div_u (i32.const 1) (call $field)))", fault::TRAP, "divide by zero"),
        ("(drop (call $deep (i64.const 0)))", fault::STACK_OVERFLOW, "stack"),
        (&format!("{text} (call $fault (i32.const 4096) (i32.const 2) (i32.const 11) (i32.const 22))"), fault::ABORT, "fault: Hi (line 11, column 22)"),
        ("(call $fault (i32.const -4) (i32.const 9) (i32.const 1) (i32.const 2))", fault::ABORT, "outside memory"),
        ("(drop (call $mmio_read32 (i32.const 1) (i32.const 0)))", fault::MISUSE, "register access"),
        ("(call $power_off (i32.const 1) (i32.const 0))", fault::MISUSE, "power_off"),
    ] {
        let (said, seen, lines) = fail(body, &[]);
        assert_eq!(said, [RESTARTED, DEAD, 0], "{body}");
        assert_eq!(seen, code, "{body}");
        assert!(lines.iter().any(|seen| seen.contains("broken") && seen.contains(line)), "{body}: {lines:?}");
    }
}

#[test]
fn register_accesses_outside_a_window_end_the_driver() {
    for access in ["(i32.const 2) (i32.const 53)", "(i32.const 2) (i32.const 56)", "(i32.const 2) (i32.const -4)", "(i32.const 2) (i32.const 2)", "(i32.const 7) (i32.const 0)", "(i32.const 99) (i32.const 0)"] {
        let (said, code, _) = fail(&format!("(drop (call $mmio_read32 {access}))"), &[device(0)]);
        assert_eq!((said, code), (vec![RESTARTED, DEAD, 0], fault::MISUSE), "{access}");
    }
}

#[test]
fn the_device_of_a_dead_driver_is_stopped() {
    for (body, is_stopped) in [("(unreachable)", true), ("", false)] {
        let machine = Fake::new();
        machine.device.set(Device { windows: [Window { address: 0x1000, length: 56 }; 4], transport: 1, interrupt: 1, ..Device::default() });
        let kernel = load(machine, &[part("driver", 0, &[device(0)], &format!("(func (export \"start\") (result i32) {body} (i32.const 0))"))]);
        kernel.start();
        assert_eq!(machine.is_stopped.get(), is_stopped);
    }
}

#[test]
fn a_domain_whose_start_fails_is_dead_for_the_others() {
    for start in ["(func (export \"start\") (result i32) (i32.const 35))", "(func (export \"start\") (result i32) (unreachable))", "(func (export \"_start\") (unreachable))"] {
        let said = run(&[part("broken", 0, &[], start), part("bystander", 0, &[], ""), part("client", 1, &[endpoint(0, 0, 255), endpoint(1, 0, 255)], CLIENT)]);
        assert_eq!(said, [DEAD, DEAD, -10], "{start}");
    }
}

#[test]
fn a_trap_deep_in_a_chain_stops_at_the_next_domain() {
    let said = run(&[
        part("broken", 0, &[], "(func (export \"receive\") (param i32 i32) (result i32) (unreachable))"),
        part("middle", 1, &[endpoint(0, 0, 255)], r#"(func (export "receive") (param i32 i32) (result i32)
            (call $clear (i32.const 1) (i32.const 0)) (call $say (call $call (i32.const 2))) (i32.const 0))"#),
        part("client", 2, &[endpoint(1, 0, 255)], "(func (export \"start\") (result i32) (call $clear (i32.const 1) (i32.const 0)) (call $say (call $call (i32.const 2)))
            (call $clear (i32.const 1) (i32.const 0)) (call $say (call $call (i32.const 2))) (i32.const 0))"),
    ]);
    assert_eq!(said, [RESTARTED, 0, DEAD, 0]);
}

#[test]
fn the_dead_are_not_notified_and_their_timers_are_silent() {
    let machine = Fake::new();
    let kernel = load(machine, &[
        part("broken", 0, &[timer(0)], r#"(func (export "notified") (param i32) (call $say (i32.const 99)))
          (func (export "receive") (param i32 i32) (result i32) (drop (call $timer_set (i32.const 2) (i32.const 10))) (unreachable))"#),
        part("client", 1, &[endpoint(0, 0, 255), notification(0, 1)], r#"(func (export "start") (result i32)
            (call $say (call $notify (i32.const 3) (i32.const 1)))
            (call $clear (i32.const 1) (i32.const 0)) (call $say (call $call (i32.const 2)))
            (call $say (call $notify (i32.const 3) (i32.const 1))) (i32.const 0))"#),
    ]);
    kernel.start();
    machine.time.set(1 << 40);
    kernel.deliver();
    assert_eq!(machine.said(), [0, RESTARTED, DEAD]);
}

#[test]
fn a_dead_domains_timer_wakes_nobody() {
    let machine = Fake::new();
    machine.schedule.borrow_mut().push((100_000, CONSOLE_INTERRUPT));
    let kernel = load(machine, &[
        part("broken", 0, &[timer(0)], "(func (export \"start\") (result i32) (drop (call $timer_set (i32.const 2) (i32.const 10))) (unreachable))"),
        part("client", 1, &[plain(kind::POWER)], "(func (export \"notified\") (param i32) (call $power_off (i32.const 2) (i32.const 0)))"),
    ]);
    kernel.start();
    kernel.run();
    assert_eq!(machine.idles.get(), 1);
}

#[test]
fn modules_that_do_not_fit_are_refused() {
    let refused = |body: &str| {
        let bytes = pack(&[part("odd", 0, &[], body)]);
        let bundle = axiom_kernel_portable::bundle::Bundle::parse(&bytes).unwrap();
        axiom_kernel_portable::loader::load(Fake::new(), &bundle, Default::default()).err().map(|error| format!("{error:#}"))
    };
    assert_eq!(refused(""), None);
    assert!(refused("(import \"kernel\" \"reboot\" (func))").unwrap().contains("reboot"));
    assert!(refused("(func (export \"receive\") (param i32) (result i32) (i32.const 0))").unwrap().contains("receive"));
}

#[test]
fn a_module_may_not_hold_less_or_more_memory_than_the_manifest_gives() {
    let parts = [part("odd", 0, &[], "")];
    let mut bytes = pack(&parts);
    // The manifest lies behind the header and one entry; the pages of its first domain 4 + 28 bytes into it.
    let pages = u32::from_le_bytes(bytes[16..20].try_into().unwrap()) as usize + 4 + 28;
    for (count, works) in [(2u8, true), (1, false), (3, false)] {
        bytes[pages] = count;
        let bundle = axiom_kernel_portable::bundle::Bundle::parse(&bytes).unwrap();
        assert_eq!(axiom_kernel_portable::loader::load(Fake::new(), &bundle, Default::default()).is_ok(), works, "{count} pages");
    }
}

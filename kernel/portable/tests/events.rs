//! Notifications, waits, timers, interrupts, and the order in which they are delivered.
mod support;
use axiom_kernel_portable::generated::{kind, status};
use axiom_kernel_portable::machine::{BLOCK_DEVICE_INTERRUPT, CONSOLE_INTERRUPT, Device, Window};
use support::*;

const INVALID: i32 = -(status::INVALID_ARGUMENT as i32);

fn tell(base: u32) -> String {
    format!("(func (export \"notified\") (param $bits i32) (call $say (i32.add (local.get $bits) (i32.const {base}))))")
}

#[test]
fn bits_are_limited_gathered_and_delivered_lowest_rank_first() {
    let said = run(&[
        part("high", 2, &[], &tell(200)),
        part("low", 0, &[], &tell(100)),
        part("silent", 0, &[], ""),
        part("client", 3, &[notification(0, 6), notification(1, 1), notification(2, 1)], r#"
          (func (export "start") (result i32)
            (call $say (call $notify (i32.const 2) (i32.const 3))) (call $say (call $notify (i32.const 2) (i32.const 4)))
            (call $say (call $notify (i32.const 3) (i32.const -1))) (call $say (call $notify (i32.const 3) (i32.const 8)))
            (call $say (call $notify (i32.const 4) (i32.const 1))) (call $say (call $notify (i32.const 1) (i32.const 1)))
            (call $say (i32.const 7)) (i32.const 0))"#),
    ]);
    assert_eq!(said, [0, 0, 0, 0, 0, -(status::WRONG_KIND as i32), 7, 101, 206], "after the handler, one delivery each");
}

#[test]
fn a_notification_goes_upward_and_a_wait_consumes_only_what_it_returns() {
    let said = run(&[
        part("driver", 0, &[notification(1, 7)], r#"(func (export "receive") (param i32 i32) (result i32) (call $say (call $notify (i32.const 2) (call $field))) (i32.const 0))"#),
        part("client", 1, &[endpoint(0, 0, 255)], &format!("{} (func (export \"start\") (result i32)
            (call $clear (i32.const 1) (i32.const 7)) (drop (call $call (i32.const 2)))
            (call $say (call $wait (i32.const 3) (i32.const 1000))) (call $say (call $wait (i32.const 3) (i32.const 1000))) (i32.const 0))", tell(100))),
    ]);
    assert_eq!(said, [0, 3, 0, 104]);
}

#[test]
fn waits_for_bits_that_cannot_come_are_refused() {
    let said = run(&[
        part("client", 0, &[timer(3)], r#"(func (export "start") (result i32)
            (call $say (call $wait (i32.const 0) (i32.const 10))) (call $say (call $wait (i32.const 1) (i32.const 10)))
            (call $say (call $wait (i32.const 9) (i32.const 10))) (call $say (call $wait (i32.const 8) (i32.const 10))) (i32.const 0))"#),
        // A notification from a higher rank is delivered, and not to be waited for.
        part("above", 1, &[notification(0, 1)], ""),
    ]);
    assert_eq!(said, [INVALID, INVALID, INVALID, 0]);
}

#[test]
fn a_wait_ends_at_an_interrupt_or_at_its_time() {
    let machine = Fake::new();
    machine.schedule.borrow_mut().push((5_000_000, CONSOLE_INTERRUPT));
    let kernel = load(machine, &[part("client", 0, &[plain(kind::CLOCK)], r#"
      (func $time (drop (call $clock_read (i32.const 2) (i32.const 4096))) (call $say (i32.wrap_i64 (i64.div_u (i64.load (i32.const 4096)) (i64.const 1000)))))
      (func (export "start") (result i32)
        (call $say (call $wait (i32.const 0x40000000) (i32.const 1000))) (call $time)
        (call $say (call $wait (i32.const 0x40000000) (i32.const 1000000))) (call $time)
        (call $say (call $wait (i32.const 0x40000000) (i32.const 0))) (call $time) (i32.const 0))"#)]);
    kernel.start();
    assert_eq!(machine.said(), [0, 1001, 0x40000000, 5000, 0, 5000]);
}

#[test]
fn an_interrupt_before_the_wait_is_not_lost() {
    let machine = Fake::new();
    let kernel = load(machine, &[part("client", 0, &[], "(func (export \"start\") (result i32) (call $say (call $wait (i32.const 0x40000000) (i32.const 1000))) (i32.const 0))")]);
    machine.raise(CONSOLE_INTERRUPT);
    kernel.start();
    assert_eq!((machine.said(), machine.idles.get()), (vec![0x40000000], 0));
}

#[test]
fn timers_fire_once_can_be_moved_and_disarmed() {
    let machine = Fake::new();
    let kernel = load(machine, &[part("client", 0, &[timer(0), timer(1)], &format!("{} (func (export \"start\") (result i32)
        (call $say (call $timer_set (i32.const 2) (i32.const 100))) (call $say (call $timer_set (i32.const 3) (i32.const 50)))
        (call $say (call $timer_set (i32.const 3) (i32.const 200))) (call $say (call $timer_set (i32.const 1) (i32.const 200))) (i32.const 0))
      (func (export \"receive\") (param i32 i32) (result i32) (i32.const 0))", tell(100)))]);
    kernel.start();
    assert_eq!(machine.said(), [0, 0, 0, -(status::WRONG_KIND as i32)]);
    for (time, said) in [(100_999, vec![]), (101_000, vec![101]), (200_999, vec![]), (201_000, vec![102]), (9_000_000, vec![])] {
        machine.time.set(time);
        kernel.deliver();
        assert_eq!(machine.said(), said, "at {time}");
    }
}

#[test]
fn a_disarmed_timer_is_silent() {
    let machine = Fake::new();
    let kernel = load(machine, &[part("client", 0, &[timer(0)], &format!("{} (func (export \"start\") (result i32)
        (drop (call $timer_set (i32.const 2) (i32.const 100))) (call $timer_set (i32.const 2) (i32.const 0)))", tell(100)))]);
    kernel.start();
    machine.time.set(1_000_000_000);
    kernel.deliver();
    assert_eq!(machine.said(), []);
}

#[test]
fn while_the_system_sleeps_interrupts_and_timers_run_it() {
    let machine = Fake::new();
    machine.schedule.borrow_mut().push((70_000, CONSOLE_INTERRUPT));
    machine.input.borrow_mut().extend(b"hi");
    let kernel = load(machine, &[part("client", 0, &[timer(0), plain(kind::POWER)], r#"
      (func (export "start") (result i32) (call $timer_set (i32.const 2) (i32.const 20)))
      (func (export "notified") (param $bits i32)
        (call $say (local.get $bits))
        (if (i32.eq (local.get $bits) (i32.const 1)) (then (return)))
        (call $say (call $console_read (i32.const 1) (i32.const 4096) (i32.const 1))) (call $say (i32.load8_u (i32.const 4096)))
        (call $say (call $console_read (i32.const 1) (i32.const 4096) (i32.const 9))) (call $say (call $console_read (i32.const 1) (i32.const 4096) (i32.const 9)))
        (call $power_off (i32.const 3) (i32.const 5)) (call $say (i32.const 99)))"#)]);
    kernel.start();
    kernel.run();
    assert_eq!(machine.said(), [1, 0x40000000, 1, 104, 1, -(status::END_OF_FILE as i32)], "power_off does not return");
    assert_eq!((machine.power.get(), kernel.power_status(), kernel.domains[0].is_ready()), (Some(5), Some(5), true));
}

fn with_device() -> &'static Fake {
    let machine = Fake::new();
    let windows = [(0x1000, 56), (0x2000, 8), (0x3000, 1), (0x4000, 64)].map(|(address, length)| Window { address, length });
    machine.device.set(Device { windows, interrupt: BLOCK_DEVICE_INTERRUPT, transport: 1, notify_multiplier: 4, vector: 0, flags: 0, configuration_bytes: 64 });
    machine
}

#[test]
fn a_driver_reaches_its_registers_memory_and_interrupt() {
    let machine = with_device();
    machine.registers.borrow_mut().insert(0x1014, 0x0f);
    let kernel = load(machine, &[part("driver", 0, &[device(4)], &format!("{} (func (export \"start\") (result i32)
        (call $say (call $mmio_read8 (i32.const 2) (i32.const 0x14))) (call $mmio_write16 (i32.const 3) (i32.const 6) (i32.const 9))
        (call $say (call $interrupt_acknowledge (i32.const 6))) (call $say (call $interrupt_acknowledge (i32.const 7)))
        (call $say (call $device_parameters (i32.const 7) (i32.const 4096) (i32.const 99)))
        (call $say (i32.load (i32.const 4096))) (call $say (i32.load (i32.const 4100))) (call $say (i32.load (i32.const 4112))) (call $say (i32.load (i32.const 4116))) (call $say (i32.load (i32.const 4120)))
        (call $say (call $dma_segments (i32.const 7) (i32.const 0) (i32.const 65536) (i32.const 100) (i32.const 1) (i32.const 4096) (i32.const 4)))
        (call $say (i32.load (i32.const 4104))) (call $say (i32.load (i32.const 4108)))
        (call $say (call $dma_segments (i32.const 7) (i32.const 0) (i32.const 65536) (i32.const 100) (i32.const 1) (i32.const 4096) (i32.const 0)))
        (call $say (call $dma_segments (i32.const 7) (i32.const 0) (i32.const 131000) (i32.const 100) (i32.const 1) (i32.const 4096) (i32.const 4)))
        (call $say (call $dma_segments (i32.const 7) (i32.const 0) (i32.const 65536) (i32.const 100) (i32.const 1) (i32.const 131060) (i32.const 4)))
        (call $say (call $dma_segments (i32.const 6) (i32.const 0) (i32.const 65536) (i32.const 100) (i32.const 1) (i32.const 4096) (i32.const 4)))
        (call $say (call $interrupt_acknowledge (i32.const 8))) (i32.const 0))", tell(100)))]);
    kernel.start();
    let (wrong, too_large) = (-(status::WRONG_KIND as i32), -(status::TOO_LARGE as i32));
    assert_eq!(machine.said(), [15, 0, wrong, 7, 1, 4, 8, 64, 1234, 1, 100, 0, too_large, INVALID, INVALID, wrong, -(status::INVALID_HANDLE as i32)]);
    assert_eq!(machine.acknowledgements.get(), 1, "of the interrupt alone, not of other handles");
    assert_eq!(machine.registers.borrow()[&0x2006], 9);
    machine.raise(BLOCK_DEVICE_INTERRUPT);
    kernel.deliver();
    assert_eq!(machine.said(), [116]);
}

#[test]
fn lent_memory_reaches_a_device_only_within_its_rights() {
    let machine = with_device();
    let driver = r#"(func $segments (param $offset i32) (param $length i32) (param $writes i32) (result i32)
        (call $dma_segments (i32.const 7) (call $lease (i32.const 0)) (local.get $offset) (local.get $length) (local.get $writes) (i32.const 4096) (i32.const 4)))
      (func (export "receive") (param i32 i32) (result i32)
        (call $say (call $segments (i32.const 4) (i32.const 4) (i32.const 0))) (call $say (i32.load (i32.const 4096)))
        (call $say (call $segments (i32.const 0) (i32.const 8) (i32.const 1))) (call $say (call $segments (i32.const 1) (i32.const 8) (i32.const 0)))
        (call $say (call $segments (i32.const 8) (i32.const 0) (i32.const 0))) (i32.const 0))"#;
    let kernel = load(machine, &[part("driver", 0, &[device(4)], driver), part("client", 1, &[endpoint(0, 0, 255)], r#"(func (export "start") (result i32)
        (call $clear (i32.const 1) (i32.const 0)) (call $add_lease (i32.const 0) (i32.const 4096) (i32.const 8) (i32.const 1)) (call $say (call $call (i32.const 2))) (i32.const 0))"#)]);
    kernel.start();
    let base = kernel.loaded(1).unwrap().device_base.unwrap();
    assert_eq!(machine.said(), [1, (base + 4100) as i32, -(status::DENIED as i32), -(status::OUT_OF_RANGE as i32), 0, 0]);
}

#[test]
fn without_the_device_its_handles_are_of_no_kind() {
    let said = run(&[part("driver", 0, &[device(4), plain(kind::CLOCK)], r#"(func (export "start") (result i32)
        (call $say (call $device_parameters (i32.const 7) (i32.const 4096) (i32.const 4))) (call $say (call $wait (i32.const 16) (i32.const 10)))
        (call $say (call $clock_read (i32.const 9) (i32.const 4096))) (i32.const 0))"#)]);
    assert_eq!(said, [-(status::INVALID_HANDLE as i32), INVALID, 0]);
}

#[test]
fn clock_entropy_arguments_and_the_list_of_domains() {
    let said = run(&[
        part("other", 0, &[], "(func (export \"receive\") (param i32 i32) (result i32) (i32.const 0))"),
        part("client", 1, &[endpoint(0, 0, 255), plain(kind::CLOCK), plain(kind::ENTROPY), plain(kind::CONTROL)], r#"(func (export "start") (result i32)
        (call $say (call $clock_read (i32.const 3) (i32.const 131056))) (call $say (call $clock_read (i32.const 3) (i32.const 131057))) (call $say (call $clock_read (i32.const 2) (i32.const 0)))
        (call $say (call $entropy_read (i32.const 4) (i32.const 4096) (i32.const 3))) (call $say (i32.load (i32.const 4096)))
        (call $say (call $console_arguments (i32.const 1) (i32.const 8192) (i32.const 3))) (call $say (i32.load (i32.const 8192)))
        (call $clear (i32.const 1) (i32.const 0)) (drop (call $call (i32.const 2)))
        (call $say (call $control_list (i32.const 5) (i32.const 12288) (i32.const 9)))
        (call $say (i32.load (i32.const 12288))) (call $say (i32.load (i32.const 12312))) (call $say (i32.load (i32.const 12320))) (call $say (i32.load (i32.const 12324)))
        (call $say (call $control_list (i32.const 5) (i32.const 131000) (i32.const 9))) (i32.const 0))"#),
    ]);
    let other = i32::from_le_bytes(*b"othe");
    assert_eq!(said, [0, INVALID, -(status::WRONG_KIND as i32), 0, 0xa5a5a5, 13, 0x656874, 2, other, 2, 2, 1, INVALID]);
}

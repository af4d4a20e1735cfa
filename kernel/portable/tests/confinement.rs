//! What a driver's device may reach, seen through the table of the IOMMU while leases, grants and domains come and go.
mod support;
use axiom_kernel_portable::domain::DomainState;
use axiom_kernel_portable::generated::{fault, kind, status};
use axiom_kernel_portable::kernel::Kernel;
use axiom_kernel_portable::machine::{BLOCK_DEVICE_INTERRUPT, CONSOLE_INTERRUPT, DEVICE_FAULT_INTERRUPT, Device, DeviceFault, Window};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use support::iommu::FakeIommu;
use support::*;

const RESTARTED: i32 = -(status::PEER_RESTARTED as i32);
const PAGE: u64 = 4096;

fn machine() -> (&'static Fake, &'static FakeIommu) {
    let (machine, iommu) = (Fake::new(), FakeIommu::new());
    machine.iommu.set(Some(iommu));
    let windows = [(0x1000, 56), (0x2000, 8), (0x3000, 1), (0x4000, 64)].map(|(address, length)| Window { address, length });
    machine.device.set(Device { windows, interrupt: BLOCK_DEVICE_INTERRUPT, transport: 1, notify_multiplier: 4, vector: 0, flags: 1, configuration_bytes: 64 });
    (machine, iommu)
}

/// Device address of an address of a domain's memory.
fn at(kernel: &Kernel, domain: usize, address: u64) -> u64 {
    kernel.loaded(domain).unwrap().device_base.unwrap() + address
}

/// `$reach source offset length writes` asks for device addresses. Operation 1 reaches [64, 64 + field) of lease 0, for writing; 2 keeps the
/// grant and reaches its second page; 3 does what `extra` says. The console is told of what the first test needs to see meanwhile.
fn driver(extra: &str) -> Part {
    part("driver", 0, &[device(4), plain(kind::CONTROL)], &format!(r#"(global $grant (mut i32) (i32.const 0))
      (func $reach (param $source i32) (param $offset i32) (param $length i32) (param $writes i32)
        (call $say (call $dma_segments (i32.const 7) (local.get $source) (local.get $offset) (local.get $length) (local.get $writes) (i32.const 4096) (i32.const 1))))
      (func (export "receive") (param i32 i32) (result i32)
        (if (i32.eq (call $operation) (i32.const 1)) (then (call $reach (call $lease (i32.const 0)) (i32.const 64) (call $field) (i32.const 1)) (call $pause)))
        (if (i32.eq (call $operation) (i32.const 2)) (then (i32.store8 (i32.const 1037) (i32.const 0)) (global.set $grant (call $capability (i32.const 0))) (call $reach (global.get $grant) (i32.const 4096) (i32.const 100) (i32.const 0))))
        (if (i32.eq (call $operation) (i32.const 3)) (then {extra}))
        (i32.const 0))
      ;; The test looks at the table while the driver waits for its own timer bit that never comes.
      (func $pause (drop (call $wait (i32.const 16) (i32.const 10))))"#)).restart(3, 1000, 0)
}

fn step(kernel: &'static Kernel, machine: &Fake) -> Vec<i32> {
    machine.raise(CONSOLE_INTERRUPT);
    kernel.deliver();
    machine.said()
}

#[test]
fn a_lease_is_reached_for_its_call_and_no_longer() {
    // The client lends [8192 + 4000, + 300): pages 2 and 3 of its memory; the driver asks for 64 bytes less.
    let (machine, iommu) = machine();
    let client = part("client", 1, &[endpoint(0, 0, 255)], r#"(func (export "notified") (param i32)
        (call $clear (i32.const 1) (i32.const 100)) (call $add_lease (i32.const 0) (i32.const 12192) (i32.const 300) (i32.const 3)) (call $say (call $call (i32.const 2))))"#);
    let kernel = load(machine, &[driver(""), client]);
    kernel.start();
    assert_eq!(step(kernel, machine), [1, 0]);
    let pages: Vec<u64> = (0..5).map(|page| iommu.rights(at(kernel, 1, page * PAGE))).collect();
    assert_eq!(pages, [0, 0, 0, 0, 0], "the call is over");
    assert_eq!(iommu.invalidated(), [(at(kernel, 1, 2 * PAGE), 2)], "and nothing else was open");
    assert_eq!(iommu.prepared.get(), 2 * PAGE, "whole pages are made present");
    assert!(machine.stops.get() == 0 && kernel.domains[0].is_ready());
}

#[test]
fn while_it_lasts_the_pages_of_a_lease_and_those_alone_are_reached_with_the_rights_asked_for() {
    let (machine, iommu) = machine();
    let kernel = load(machine, &[
        driver("(call $reach (call $lease (i32.const 0)) (i32.const 0) (i32.const 1) (i32.const 0)) (call $reach (call $lease (i32.const 0)) (i32.const 8192) (i32.const 1) (i32.const 0)) (call $pause) (call $reach (call $lease (i32.const 0)) (i32.const 4096) (i32.const 1) (i32.const 1)) (call $pause)"),
        part("client", 1, &[endpoint(0, 0, 255)], r#"(func (export "notified") (param i32)
        (call $clear (i32.const 3) (i32.const 0)) (call $add_lease (i32.const 0) (i32.const 8192) (i32.const 16384) (i32.const 3)) (call $say (call $call (i32.const 2))))"#),
    ]);
    kernel.start();
    // The machine looks when the driver sleeps.
    let base = at(kernel, 1, 0);
    machine.on_idle.replace(Some(Box::new(move || (1..7).map(|page| iommu.rights(base + page * PAGE) as i32).collect())));
    // From the first page that was asked for to the last: what lies between is part of the lease.
    assert_eq!(step(kernel, machine), [1, 1, 0, 1, 1, 1, 0, 0, 1, 0, 3, 3, 3, 0, 0, 0]);
    assert_eq!((1..7).map(|page| iommu.rights(base + page * PAGE)).sum::<u64>(), 0);
}

#[test]
fn a_page_that_is_lent_twice_stays_until_the_last_ends() {
    // A grant of two pages whose second is reached for reading, and a lease of the same page, reached for writing.
    let (machine, iommu) = machine();
    let kernel = load(machine, &[driver(""), part("client", 1, &[endpoint(0, 0, 255)], r#"(global $grant (mut i32) (i32.const 0)) (global $step (mut i32) (i32.const 0))
        (func (export "notified") (param i32)
          (if (i32.eq (global.get $step) (i32.const 0)) (then
            (global.set $grant (call $grant_create (i32.const 2) (i32.const 16384) (i32.const 8192) (i32.const 3)))
            (call $clear (i32.const 2) (i32.const 0)) (call $add_capability (global.get $grant)) (call $say (call $call (i32.const 2)))))
          (if (i32.eq (global.get $step) (i32.const 1)) (then
            (call $clear (i32.const 1) (i32.const 100)) (call $add_lease (i32.const 0) (i32.const 20480) (i32.const 300) (i32.const 3)) (call $say (call $call (i32.const 2)))))
          (if (i32.eq (global.get $step) (i32.const 2)) (then (call $say (call $drop (global.get $grant)))))
          (global.set $step (i32.add (global.get $step) (i32.const 1))))"#)]);
    kernel.start();
    let page = at(kernel, 1, 20480);
    assert_eq!((step(kernel, machine), iommu.rights(page), iommu.rights(page - PAGE)), (vec![1, 0], 1, 0), "the grant");
    machine.on_idle.replace(Some(Box::new(move || vec![100 + iommu.rights(page) as i32])));
    assert_eq!(step(kernel, machine), [1, 103, 0], "both");
    assert_eq!(iommu.rights(page), 1, "the grant alone again");
    assert_eq!(step(kernel, machine), [0], "taken back: the device is reset and the driver ends");
    assert_eq!((iommu.rights(page), machine.stops.get(), kernel.domains[0].fault.get()), (0, 1, fault::DEVICE_REACH));
}

#[test]
fn a_driver_that_drops_a_grant_lets_go_of_its_pages() {
    let (machine, iommu) = machine();
    let kernel = load(machine, &[driver("(call $say (call $drop (global.get $grant)))"), part("client", 1, &[endpoint(0, 0, 255)], r#"(global $step (mut i32) (i32.const 0))
        (func (export "notified") (param i32)
          (if (global.get $step) (then (call $ask (i32.const 2) (i32.const 3))) (else
            (call $clear (i32.const 2) (i32.const 0)) (call $add_capability (call $grant_create (i32.const 2) (i32.const 16384) (i32.const 8192) (i32.const 3))) (call $say (call $call (i32.const 2)))))
          (global.set $step (i32.const 1)))"#)]);
    kernel.start();
    assert_eq!(step(kernel, machine), [1, 0]);
    assert_eq!(iommu.rights(at(kernel, 1, 20480)), 1);
    assert_eq!(step(kernel, machine), [0, 0]);
    assert_eq!((iommu.rights(at(kernel, 1, 20480)), machine.stops.get()), (0, 0));
}

#[test]
fn its_own_memory_stays_for_its_life_and_the_next_life_starts_empty() {
    let (machine, iommu) = machine();
    let kernel = load(machine, &[
        driver("(call $reach (i32.const 0) (i32.const 65530) (i32.const 10) (i32.const 1)) (call $reach (i32.const 0) (i32.const 8192) (i32.const 10) (i32.const 0)) (call $reach (i32.const 0) (i32.const 1000) (i32.const 100) (i32.const 0))"),
        part("client", 1, &[endpoint(0, 0, 255), plain(kind::CONTROL)], r#"(global $step (mut i32) (i32.const 0)) (func (export "notified") (param i32)
          (if (global.get $step) (then (call $say (call $control_kill (i32.const 3) (i32.const 0)))) (else (call $ask (i32.const 2) (i32.const 3)))) (global.set $step (i32.const 1)))"#),
    ]);
    kernel.start();
    assert_eq!(step(kernel, machine), [1, 1, -(status::INVALID_ARGUMENT as i32), 0], "not its message buffers");
    let base = at(kernel, 0, 0);
    let rights = |page: u64| iommu.rights(base + page * PAGE);
    assert_eq!([rights(0), rights(2), rights(15), rights(16), rights(17)], [0, 1, 3, 3, 0]);
    assert!(iommu.frames.get() > 0);
    assert_eq!(step(kernel, machine), [0]);
    assert_eq!((kernel.domains[0].epoch.get(), kernel.domains[0].state()), (1, DomainState::Ready));
    assert_eq!([rights(2), rights(15), rights(16)], [0, 0, 0]);
    assert_eq!(iommu.frames.get(), 0);
}

#[test]
fn the_end_of_whoever_lent_closes_its_pages() {
    // The driver kills its caller in the middle of the call, and looks again.
    let (machine, iommu) = machine();
    let kernel = load(machine, &[
        driver("(call $reach (call $lease (i32.const 0)) (i32.const 0) (i32.const 8) (i32.const 1)) (call $say (call $control_kill (i32.const 9) (i32.const 1))) (call $say (i32.const 66))"),
        part("client", 1, &[endpoint(0, 0, 255)], r#"(func (export "notified") (param i32)
        (call $clear (i32.const 3) (i32.const 0)) (call $add_lease (i32.const 0) (i32.const 8192) (i32.const 4096) (i32.const 3)) (call $say (call $call (i32.const 2))))"#).restart(3, 1000, 0),
    ]);
    kernel.start();
    let page = at(kernel, 1, 8192);
    assert_eq!(step(kernel, machine), [1], "the driver ends too: its device knew addresses");
    assert_eq!((iommu.rights(page), iommu.frames.get(), machine.stops.get()), (0, 0, 1));
    assert_eq!((kernel.domains[0].fault.get(), kernel.domains[1].fault.get()), (fault::DEVICE_REACH, fault::KILLED));
}

const BLOCKED: DeviceFault = DeviceFault { requester: 0x10, address: 0x10_0000, is_write: true, reason: 5, is_block_device: true, is_incomplete: false };

#[test]
fn a_blocked_access_ends_the_driver_before_its_reply_is_believed() {
    // The access is blocked behind the driver's last system call, by another thread that plays the interrupt: nothing but the reply
    // is left to hold back. The store in the loop keeps the load in it.
    for leases in [0, 1] {
        let (machine, iommu) = machine();
        let lend = if leases == 1 { "(call $add_lease (i32.const 0) (i32.const 8192) (i32.const 64) (i32.const 3))" } else { "" };
        let kernel = load(machine, &[
            part("driver", 0, &[device(4)], r#"(func (export "receive") (param i32 i32) (result i32) (i32.store (i32.const 20) (i32.const 1))
                (loop $again (i32.store (i32.const 28) (i32.const 1)) (br_if $again (i32.eqz (i32.load (i32.const 24))))) (i32.const 0))"#).restart(3, 1000, 0),
            part("client", 1, &[endpoint(0, 0, 255)], &format!(r#"(func (export "notified") (param i32) (call $clear (i32.const 1) (i32.const 0)) {lend} (call $say (call $call (i32.const 2))) (call $say (i32.const 7)))"#)),
        ]);
        kernel.start();
        iommu.faults.borrow_mut().push_back(BLOCKED);
        let (word, bit) = iommu.attention();
        let memory = kernel.loaded(0).unwrap().base() as usize;
        let interrupt = std::thread::spawn(move || {
            let at = |offset: usize| unsafe { &*((memory + offset) as *const AtomicU32) };
            while at(20).load(SeqCst) == 0 {
                std::thread::yield_now();
            }
            word.fetch_or(bit, SeqCst);
            at(24).store(1, SeqCst);
        });
        assert_eq!(step(kernel, machine), [RESTARTED, 7], "{leases} leases");
        interrupt.join().unwrap();
        assert_eq!((kernel.domains[0].fault.get(), kernel.domains[0].epoch.get(), machine.stops.get()), (fault::DEVICE_BLOCKED, 1, 1));
    }
}

#[test]
fn a_blocked_access_is_found_in_a_system_call_in_a_wait_and_when_nothing_runs() {
    for (name, inner) in [("wait", "(drop (call $wait (i32.const 16) (i32.const 1000000)))"), ("mmio_read32", "(drop (call $mmio_read32 (i32.const 2) (i32.const 0)))")] {
        let (machine, iommu) = machine();
        let kernel = load(machine, &[
            part("driver", 0, &[device(4)], &format!("(func (export \"receive\") (param i32 i32) (result i32) {inner} (call $say (i32.const 66)) (i32.const 0))")).restart(3, 1000, 0),
            part("client", 1, &[endpoint(0, 0, 255)], r#"(func (export "notified") (param i32) (call $ask (i32.const 2) (i32.const 1)))"#),
        ]);
        kernel.start();
        if name == "wait" {
            machine.schedule.borrow_mut().push((machine.time.get() + 5000, DEVICE_FAULT_INTERRUPT));
            iommu.faults.borrow_mut().push_back(BLOCKED);
        } else {
            iommu.block_at_read.set(Some(BLOCKED));
        }
        assert_eq!(step(kernel, machine), [RESTARTED], "{name}");
        assert!(machine.time.get() < 100_000, "the wait ends with its driver");
        assert_eq!((kernel.domains[0].fault.get(), kernel.domains[0].epoch.get()), (fault::DEVICE_BLOCKED, 1), "{name}");
    }
    let (machine, iommu) = machine();
    let kernel = load(machine, &[part("driver", 0, &[device(4)], "").restart(1, 1000, 0)]);
    kernel.start();
    for (epoch, state) in [(1, DomainState::Ready), (1, DomainState::GivenUp)] {
        iommu.block(BLOCKED);
        machine.raise(DEVICE_FAULT_INTERRUPT);
        kernel.deliver();
        assert_eq!((kernel.domains[0].epoch.get(), kernel.domains[0].state()), (epoch, state), "a death of its own: its policy counts it");
    }
    let lines = machine.lines.borrow();
    let told: Vec<&String> = lines.iter().filter(|line| line.contains("blocked")).collect();
    assert_eq!(told.len(), 2);
    assert_eq!(told[1], "axiom kernel: blocked: the device of driver (PCI 00:02.0) tried to write to 0x100000 (reason 5; 2 so far)");
}

#[test]
fn faults_of_another_device_and_of_a_life_that_is_over_are_told_and_end_nobody() {
    let (machine, iommu) = machine();
    let kernel = load(machine, &[part("driver", 0, &[device(4)], "").restart(3, 1000, 0)]);
    kernel.start();
    iommu.block(DeviceFault { is_block_device: false, is_write: false, requester: 0xfa, ..BLOCKED });
    machine.raise(DEVICE_FAULT_INTERRUPT);
    kernel.deliver();
    assert!(kernel.domains[0].is_ready() && kernel.domains[0].epoch.get() == 0);
    assert!(machine.lines.borrow().iter().any(|line| line.contains("no domain (PCI 00:1f.2) tried to read 0x100000")));
    // Killed while its device was being blocked: the next life is not to blame.
    iommu.block(BLOCKED);
    kernel.kill(0);
    kernel.deliver();
    machine.raise(DEVICE_FAULT_INTERRUPT); // which came late
    kernel.deliver();
    assert_eq!((kernel.domains[0].fault.get(), kernel.domains[0].epoch.get(), machine.stops.get()), (fault::KILLED, 1, 1));
    assert!(kernel.domains[0].is_ready());
}

//! Leases: memory lent for one call, and nothing beyond it.
mod support;
use axiom_kernel_portable::generated::status;
use support::*;

const DENIED: i32 = -(status::DENIED as i32);
const INVALID: i32 = -(status::INVALID_ARGUMENT as i32);
const INVALID_HANDLE: i32 = -(status::INVALID_HANDLE as i32);
const OUT_OF_RANGE: i32 = -(status::OUT_OF_RANGE as i32);
const WRONG_KIND: i32 = -(status::WRONG_KIND as i32);

/// A client that lends 8 bytes at 4096 with these rights and says the status, then its bytes.
fn lender(rights: u32) -> String {
    format!(r#"
      (data (i32.const 4096) "\01\02\03\04\05\06\07\08\09")
      (func (export "start") (result i32)
        (call $clear (i32.const 1) (i32.const 0))
        (call $add_lease (i32.const 0) (i32.const 4096) (i32.const 8) (i32.const {rights}))
        (call $say (call $call (i32.const 2))) (call $say (i32.load (i32.const 4096))) (call $say (i32.load8_u (i32.const 4104)))
        (i32.const 0))"#)
}

fn lend(rights: u32, body: &str) -> Vec<i32> {
    let server = format!("(data (i32.const 8192) \"\\11\\12\\13\\14\") (func (export \"receive\") (param i32 i32) (result i32) {body} (i32.const 0))");
    run(&[part("server", 0, &[], &server), part("client", 1, &[endpoint(0, 0, 255)], &lender(rights))])
}

#[test]
fn reads_and_writes_in_bounds() {
    let said = lend(READ | WRITE, r#"
      (call $say (call $lease_length (i32.const 0))) (call $say (i32.load (i32.const 1092)))
      (call $say (call $lease_read (call $lease (i32.const 0)) (i32.const 4) (i32.const 4096) (i32.const 4))) (call $say (i32.load (i32.const 4096)))
      (call $say (call $lease_write (call $lease (i32.const 0)) (i32.const 2) (i32.const 8192) (i32.const 2)))"#);
    assert_eq!(said, [8, 0, 0, 0x08070605, 0, 0, 0x12110201, 9]);
}

#[test]
fn one_byte_too_far_is_refused_and_moves_nothing() {
    let said = lend(READ | WRITE, r#"
      (call $say (call $lease_write (call $lease (i32.const 0)) (i32.const 5) (i32.const 8192) (i32.const 4)))
      (call $say (call $lease_write (call $lease (i32.const 0)) (i32.const 0) (i32.const 8192) (i32.const 9)))
      (call $say (call $lease_read (call $lease (i32.const 0)) (i32.const 9) (i32.const 4096) (i32.const 0)))
      (call $say (call $lease_read (call $lease (i32.const 0)) (i32.const -1) (i32.const 4096) (i32.const 2)))
      (call $say (call $lease_read (call $lease (i32.const 0)) (i32.const 8) (i32.const 4096) (i32.const 0)))
      (call $say (call $lease_read (call $lease (i32.const 0)) (i32.const 0) (i32.const 131065) (i32.const 8)))
      (call $say (call $lease_read (call $lease (i32.const 0)) (i32.const 0) (i32.const -4) (i32.const 8)))
      (call $say (call $lease_read (call $lease (i32.const 0)) (i32.const 0) (i32.const 131064) (i32.const 8)))"#);
    assert_eq!(said, [OUT_OF_RANGE, OUT_OF_RANGE, OUT_OF_RANGE, OUT_OF_RANGE, 0, INVALID, INVALID, 0, 0, 0x04030201, 9]);
}

#[test]
fn rights_are_those_that_were_lent() {
    let body = r#"
      (call $say (call $lease_read (call $lease (i32.const 0)) (i32.const 0) (i32.const 4096) (i32.const 1)))
      (call $say (call $lease_write (call $lease (i32.const 0)) (i32.const 0) (i32.const 8192) (i32.const 1)))"#;
    assert_eq!(lend(READ, body)[..2], [0, DENIED]);
    assert_eq!(lend(WRITE, body)[..2], [DENIED, 0]);
    assert_eq!(lend(0, body)[..1], [INVALID]);
    assert_eq!(lend(4, body)[..1], [INVALID]);
}

#[test]
fn a_lease_is_dead_after_the_return() {
    let said = run(&[
        part("server", 0, &[], r#"
          (global $kept (mut i32) (i32.const 0))
          (func (export "receive") (param i32 i32) (result i32)
            (if (global.get $kept) (then (call $say (call $lease_read (global.get $kept) (i32.const 0) (i32.const 4096) (i32.const 1)))))
            (if (i32.load8_u (i32.const 1036)) (then (global.set $kept (call $lease (i32.const 0)))))
            (i32.const 0))"#),
        part("client", 1, &[endpoint(0, 0, 255)], r#"
          (func (export "start") (result i32) (local $turn i32)
            (call $clear (i32.const 1) (i32.const 0)) (call $add_lease (i32.const 0) (i32.const 4096) (i32.const 8) (i32.const 1))
            (call $say (call $call (i32.const 2)))
            ;; again without a lease, then with another in the same slot
            (call $clear (i32.const 1) (i32.const 0)) (call $say (call $call (i32.const 2)))
            (call $clear (i32.const 1) (i32.const 0)) (call $add_lease (i32.const 0) (i32.const 4096) (i32.const 8) (i32.const 1))
            (call $say (call $call (i32.const 2)))
            (i32.const 0))"#),
    ]);
    assert_eq!(said, [0, INVALID_HANDLE, 0, INVALID_HANDLE, 0]);
}

#[test]
fn what_is_minted_from_a_lease_dies_with_it_even_if_the_lease_is_dropped_first() {
    assert_eq!(mint_from_lease(0), [0, 0, INVALID_HANDLE, 0]);
    assert_eq!(mint_from_lease(1), [0, 0, 0, INVALID_HANDLE, 0]);
}

/// The server mints from a lease (and with operation 1 drops the lease), and in the next call tries what it has minted.
fn mint_from_lease(operation: u32) -> Vec<i32> {
    run(&[
        part("server", 0, &[], r#"
          (global $kept (mut i32) (i32.const 0))
          (func (export "receive") (param i32 i32) (result i32)
            (if (global.get $kept) (then (call $say (call $lease_read (global.get $kept) (i32.const 0) (i32.const 4096) (i32.const 1))) (return (i32.const 0))))
            (global.set $kept (call $mint (call $lease (i32.const 0)) (i32.const 1) (i32.const 0)))
            (call $say (call $lease_read (global.get $kept) (i32.const 0) (i32.const 4096) (i32.const 1)))
            (if (call $operation) (then (call $say (call $drop (call $lease (i32.const 0))))))
            (i32.const 0))"#),
        part("client", 1, &[endpoint(0, 0, 255)], &format!("(func (export \"start\") (result i32)
            (call $clear (i32.const {operation}) (i32.const 0)) (call $add_lease (i32.const 0) (i32.const 4096) (i32.const 8) (i32.const 1))
            (call $say (call $call (i32.const 2)))
            (call $clear (i32.const 1) (i32.const 0)) (call $say (call $call (i32.const 2))) (i32.const 0))")),
    ])
}

/// The middle domain lends part of what it was lent on to the lowest.
fn lend_on(middle: &str) -> Vec<i32> {
    let middle = format!("(func (export \"receive\") (param i32 i32) (result i32) (call $clear (i32.const 1) (i32.const 0)) {middle} (call $say (call $call (i32.const 2))) (i32.const 0))");
    run(&[
        part("low", 0, &[], r#"
          (func (export "receive") (param i32 i32) (result i32)
            (call $say (call $lease_length (i32.const 0)))
            (call $say (call $lease_read (call $lease (i32.const 0)) (i32.const 0) (i32.const 4096) (call $lease_length (i32.const 0))))
            (call $say (i32.load (i32.const 4096)))
            (call $say (call $lease_write (call $lease (i32.const 0)) (i32.const 0) (i32.const 8192) (i32.const 1)))
            (i32.const 0))"#),
        part("middle", 1, &[endpoint(0, 0, 255)], &middle),
        part("client", 2, &[endpoint(1, 0, 255)], &lender(READ)),
    ])
}

#[test]
fn part_of_a_lease_is_lent_on() {
    assert_eq!(lend_on("(call $add_lease (call $lease (i32.const 0)) (i32.const 2) (i32.const 3) (i32.const 1))"),
        [3, 0, 0x050403, DENIED, 0, 0, 0x04030201, 9]);
}

#[test]
fn lending_on_cannot_widen() {
    for (lease, refusal) in [("(i32.const 6) (i32.const 3) (i32.const 1)", OUT_OF_RANGE), ("(i32.const 0) (i32.const 9) (i32.const 1)", OUT_OF_RANGE),
        ("(i32.const 0) (i32.const 8) (i32.const 3)", DENIED)] {
        assert_eq!(lend_on(&format!("(call $add_lease (call $lease (i32.const 0)) {lease})"))[..1], [refusal]);
    }
    assert_eq!(lend_on("(call $add_lease (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 1))")[..1], [WRONG_KIND]);
    assert_eq!(lend_on("(call $add_lease (i32.const 0x7fff0003) (i32.const 0) (i32.const 1) (i32.const 1))")[..1], [INVALID_HANDLE]);
}

#[test]
fn what_may_not_be_lent() {
    // Past the memory, and anything that touches a message buffer by even one byte.
    for (address, length, answer) in [(131072u32, 1u32, INVALID), (131071, 1, 0), (0xffff_fff0, 32, INVALID), (131072, 0, 0), (131073, 0, INVALID),
        (1024, 1, INVALID), (1023, 1, 0), (1023, 2, INVALID), (1167, 1, INVALID), (1168, 1, 0), (1280, 144, INVALID), (0, 131072, INVALID), (1100, 0, 0)] {
        let said = run(&[
            part("server", 0, &[], "(func (export \"receive\") (param i32 i32) (result i32) (i32.const 0))"),
            part("client", 1, &[endpoint(0, 0, 255)], &format!("(func (export \"start\") (result i32) (call $clear (i32.const 1) (i32.const 0))
                (call $add_lease (i32.const 0) (i32.const {address}) (i32.const {length}) (i32.const 3)) (call $say (call $call (i32.const 2))) (i32.const 0))")),
        ]);
        assert_eq!(said, [answer], "{length} bytes at {address}");
    }
}

#[test]
fn four_leases_at_once_and_all_end() {
    let said = run(&[
        part("server", 0, &[], r#"(func (export "receive") (param i32 i32) (result i32) (local $number i32)
            (loop $next
              (call $say (call $lease_read (call $lease (local.get $number)) (i32.const 0) (i32.const 4096) (i32.const 1)))
              (call $say (i32.load8_u (i32.const 4096)))
              (local.set $number (i32.add (local.get $number) (i32.const 1)))
              (br_if $next (i32.lt_u (local.get $number) (i32.const 4))))
            (i32.const 0))"#),
        part("client", 1, &[endpoint(0, 0, 255)], r#"
          (data (i32.const 4096) "\01\02\03\04")
          (func (export "start") (result i32) (local $turn i32)
            (loop $again
              (call $clear (i32.const 1) (i32.const 0))
              (call $add_lease (i32.const 0) (i32.const 4096) (i32.const 1) (i32.const 1)) (call $add_lease (i32.const 0) (i32.const 4097) (i32.const 1) (i32.const 1))
              (call $add_lease (i32.const 0) (i32.const 4098) (i32.const 1) (i32.const 1)) (call $add_lease (i32.const 0) (i32.const 4099) (i32.const 1) (i32.const 1))
              (call $say (call $call (i32.const 2)))
              (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
              (br_if $again (i32.lt_u (local.get $turn) (i32.const 2))))
            (i32.const 0))"#),
    ]);
    assert_eq!(said, [0, 1, 0, 2, 0, 3, 0, 4, 0].repeat(2));
}

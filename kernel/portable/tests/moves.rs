//! Capabilities that are given away: what is gone, what stands in its place, and what may not go.
mod support;
use axiom_kernel_portable::generated::{kind, status};
use axiom_kernel_portable::kernel::Options;
use axiom_kernel_portable::machine::CONSOLE_INTERRUPT;
use support::*;

const OK: i32 = 0;
const DENIED: i32 = -(status::DENIED as i32);
const INVALID: i32 = -(status::INVALID_ARGUMENT as i32);
const INVALID_HANDLE: i32 = -(status::INVALID_HANDLE as i32);
const PROTOCOL_BREACH: i32 = -(status::PROTOCOL_BREACH as i32);

/// Operation 1 keeps what it is given; 2 gives it back, moved; 3 says the badge it came with; 4 revokes its own endpoint; 5 drops what it has.
const KEEPER: &str = r#"(global $kept (mut i32) (i32.const 0))
  (func (export "closed") (param i32) (call $say (i32.add (local.get 0) (i32.const 1000))))
  (func (export "receive") (param $badge i32) (param i32) (result i32)
    (call $say (i32.load8_u (i32.const 1038))) ;; the moves of a request are the kernel's: 0
    (if (i32.eq (call $operation) (i32.const 1)) (then (global.set $kept (call $capability (i32.const 0))) (i32.store8 (i32.const 1037) (i32.const 0)) (return (i32.const 0))))
    (if (i32.eq (call $operation) (i32.const 2)) (then (call $give (global.get $kept)) (i32.store8 (i32.const 1038) (call $field)) (return (i32.const 0))))
    (if (i32.eq (call $operation) (i32.const 3)) (then (call $say (local.get $badge)) (return (i32.const 0))))
    (if (i32.eq (call $operation) (i32.const 4)) (then (return (i32.sub (i32.const 0) (call $revoke (i32.const 2))))))
    (if (i32.eq (call $operation) (i32.const 5)) (then (return (i32.sub (i32.const 0) (call $drop (global.get $kept))))))
    (i32.const 0))"#;

/// A client of `keeper` (endpoint 2, self-endpoint of the keeper inside it) and of `server` (endpoint 3), which mints badge 55 on operation 1.
fn run_client(body: &str) -> Vec<i32> {
    run(&[
        part("server", 0, &[endpoint(0, 0, 1023)], r#"(func (export "closed") (param i32) (call $say (i32.add (local.get 0) (i32.const 1000))))
          (func (export "receive") (param $badge i32) (param i32) (result i32)
            (if (i32.eq (call $operation) (i32.const 1)) (then (call $give (call $mint (i32.const 2) (i32.const 0x103) (i32.const 55))) (i32.store8 (i32.const 1038) (i32.const 1)) (return (i32.const 0))))
            (if (i32.eq (call $operation) (i32.const 4)) (then (return (i32.sub (i32.const 0) (call $revoke (i32.const 2))))))
            (call $say (local.get $badge)) (i32.const 0))"#),
        part("keeper", 1, &[endpoint(1, 0, 1023), endpoint(0, 7, 511)], KEEPER),
        part("client", 2, &[endpoint(1, 9, 255), endpoint(0, 8, 511), notification(1, 1)], &format!(r#"
          (func $open (result i32) (call $ask (i32.const 3) (i32.const 1)) (call $reply_capability (i32.const 0)))
          (func $leave (param $handle i32) (call $clear (i32.const 1) (i32.const 0)) (call $add_capability (local.get $handle)) (call $move) (call $say (call $call (i32.const 2))))
          (func $fetch (param $moves i32) (result i32) (call $clear (i32.const 2) (local.get $moves)) (call $say (call $call (i32.const 2))) (call $reply_capability (i32.const 0)))
          (func (export "start") (result i32) (local $handle i32) (local $copy i32) {body} (i32.const 0))"#)),
    ])
}

#[test]
fn a_moved_capability_is_gone_and_lives_on_at_the_receiver() {
    let said = run_client(r#"(local.set $handle (call $open)) (call $leave (local.get $handle))
        (call $ask (local.get $handle) (i32.const 2))
        (local.set $handle (call $fetch (i32.const 1)))
        (call $ask (local.get $handle) (i32.const 2))
        (call $ask (i32.const 2) (i32.const 5))
        (call $say (call $drop (local.get $handle)))"#);
    // The server moved it to the client, so the last drop is the end of the badge: nobody else has a copy.
    assert_eq!(said, [OK, 0, OK, INVALID_HANDLE, 0, OK, 55, OK, 0, INVALID_HANDLE, 1055, OK]);
}

#[test]
fn a_copied_one_stays() {
    let said = run_client(r#"(local.set $handle (call $open)) (call $leave (local.get $handle))
        (local.set $handle (call $fetch (i32.const 0))) (call $ask (local.get $handle) (i32.const 2))
        (call $say (call $drop (local.get $handle))) (call $ask (i32.const 2) (i32.const 5))"#);
    assert_eq!(said, [OK, 0, OK, 0, OK, 55, OK, OK, 0, 1055, OK], "the keeper's copy was the last");
}

#[test]
fn a_move_keeps_the_place_in_the_tree() {
    // What was minted from it before hangs below the moved one now, and the server's revocation still reaches both.
    let said = run_client(r#"(local.set $handle (call $open)) (local.set $copy (call $mint (local.get $handle) (i32.const 1) (i32.const 0)))
        (call $leave (local.get $handle)) (call $ask (local.get $copy) (i32.const 2))
        (call $ask (i32.const 3) (i32.const 4))
        (call $ask (local.get $copy) (i32.const 2)) (drop (call $fetch (i32.const 0)))"#);
    assert_eq!(said, [OK, 0, OK, 55, OK, OK, INVALID_HANDLE, 0, PROTOCOL_BREACH, 1055], "told with an empty stack: the server revoked it itself");
}

#[test]
fn what_may_not_be_moved() {
    let call = |setup: &str, moves: i32| format!("(call $clear (i32.const 1) (i32.const 0)) {setup} (i32.store8 (i32.const 1294) (i32.const {moves})) (call $say (call $call (i32.const 2)))");
    let one = "(call $add_capability (local.get $handle))";
    for (what, setup, moves, expected) in [
        ("a bit without a slot", "", 1, INVALID),
        ("a bit past the slots", one, 2, INVALID),
        ("bit 7", one, 128, INVALID),
        ("byte 15", &format!("{one} (i32.store8 (i32.const 1295) (i32.const 1))"), 0, INVALID),
        ("one of the manifest", "(call $add_capability (i32.const 3))", 1, DENIED),
        ("a notification of the manifest", "(call $add_capability (i32.const 4))", 1, DENIED),
        ("twice", &format!("{one} {one}"), 3, INVALID),
        ("to go and to stay", &format!("{one} {one}"), 2, INVALID),
        ("a grant of one's own", "(call $add_capability (call $grant_create (i32.const 2) (i32.const 65536) (i32.const 4096) (i32.const 1)))", 1, DENIED),
        ("one that is not there", "(call $add_capability (i32.const 0x7fff0063))", 1, INVALID_HANDLE),
    ] {
        let said = run_client(&format!("(local.set $handle (call $open)) {} (call $ask (local.get $handle) (i32.const 2))", call(setup, moves)));
        assert_eq!(said, [OK, expected, 55, OK], "{what}: and nothing has changed");
    }
}

#[test]
fn a_bad_move_in_a_reply_is_the_callees_breach() {
    for (give, expected) in [("(i32.const 3)", PROTOCOL_BREACH), ("(call $mint (i32.const 3) (i32.const 1) (i32.const 0))", PROTOCOL_BREACH), ("(call $mint (i32.const 3) (i32.const 257) (i32.const 0))", OK)] {
        for moves in [1, 2] {
            let said = run(&[
                part("server", 0, &[], ""),
                part("giver", 1, &[plain(kind::CLOCK), endpoint(0, 0, 511)], &format!(r#"(func (export "receive") (param i32 i32) (result i32) (call $give {give}) (i32.store8 (i32.const 1038) (i32.const {moves})) (i32.const 0))"#)),
                part("client", 2, &[endpoint(1, 0, 255)], r#"(func (export "start") (result i32) (call $ask (i32.const 2) (i32.const 1)) (call $say (i32.load (i32.const 1292))) (i32.const 0))"#),
            ]);
            let expected = if moves == 2 { PROTOCOL_BREACH } else { expected };
            assert_eq!(said, [expected, if expected == OK { 0x100 } else { 0 }], "{give} {moves}");
        }
    }
}

#[test]
fn a_thousand_moves_to_and_fro_use_no_slot_up() {
    let said = run_client(r#"(local.set $handle (call $open)) (local.set $copy (i32.const 1000))
        (loop $again
          (call $clear (i32.const 1) (i32.const 0)) (call $add_capability (local.get $handle)) (call $move) (drop (call $call (i32.const 2)))
          (call $clear (i32.const 2) (i32.const 1)) (drop (call $call (i32.const 2))) (local.set $handle (call $reply_capability (i32.const 0)))
          (br_if $again (local.tee $copy (i32.sub (local.get $copy) (i32.const 1)))))
        (call $say (i32.and (local.get $handle) (i32.const 0xffff)))
        (call $say (i32.shr_u (local.get $handle) (i32.const 16)))
        (call $ask (local.get $handle) (i32.const 2)) (call $say (call $drop (local.get $handle)))"#);
    let tail = &said[said.len() - 6..];
    assert!(tail[0] <= 5 + 4 + 66, "one of the 65 slots that take turns: {tail:?}");
    assert!(tail[1] > 10, "in a later generation: {tail:?}");
    assert_eq!(tail[2..], [55, OK, 1055, OK]);
}

#[test]
fn what_a_message_gave_that_nobody_received_is_dropped() {
    // The client is killed at its call: its own handles go, and so does the copy that the keeper never learned of.
    let machine = Fake::new();
    let kernel = load_with(machine, &[
        part("server", 0, &[], "(func (export \"closed\") (param i32) (call $say (i32.add (local.get 0) (i32.const 1000))))"),
        part("keeper", 1, &[], "(func (export \"receive\") (param i32 i32) (result i32) (call $say (i32.const 66)) (i32.const 0))"),
        part("client", 2, &[endpoint(1, 9, 255), endpoint(0, 8, 511)], r#"(func (export "notified") (param i32)
            (call $clear (i32.const 1) (i32.const 0)) (call $add_capability (i32.const 3)) (call $say (call $call (i32.const 2))))"#).restart(3, 1000, 10),
    ], Options { kill: Some((b"client".to_vec(), 1)), ..Options::default() });
    kernel.start();
    machine.raise(CONSOLE_INTERRUPT);
    kernel.deliver();
    assert_eq!((machine.said(), kernel.domains[2].epoch.get()), (vec![1008], 1));
}

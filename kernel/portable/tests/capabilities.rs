//! Capabilities: passing, narrowing, giving up, taking back, and what the server hears of it.
mod support;
use axiom_kernel_portable::capability::TABLE_SLOTS;
use axiom_kernel_portable::generated::status;
use support::*;

const DENIED: i32 = -(status::DENIED as i32);
const INVALID: i32 = -(status::INVALID_ARGUMENT as i32);
const INVALID_HANDLE: i32 = -(status::INVALID_HANDLE as i32);
const WRONG_KIND: i32 = -(status::WRONG_KIND as i32);
const PROTOCOL_BREACH: i32 = -(status::PROTOCOL_BREACH as i32);
const OUT_OF_MEMORY: i32 = -(status::OUT_OF_MEMORY as i32);

/// Opens things: operation 1 mints an endpoint of its own with the field as badge and keeps nothing; 2 the same and keeps it;
/// 3 revokes its own endpoint; other operations say the badge and rights that they came with.
const OPENER: &str = r#"
  (func (export "receive") (param $badge i32) (param $rights i32) (result i32) (local $new i32)
    (if (i32.eq (call $operation) (i32.const 3)) (then (return (i32.sub (i32.const 0) (call $revoke (i32.const 2))))))
    (if (i32.gt_u (call $operation) (i32.const 3)) (then (call $say (local.get $badge)) (call $say (local.get $rights)) (return (i32.const 0))))
    (local.set $new (call $mint (i32.const 2) (i32.const 0x103) (call $field)))
    (call $give (local.get $new))
    (if (i32.eq (call $operation) (i32.const 1)) (then (global.set $to_drop (local.get $new))))
    (i32.const 0))
  (global $to_drop (mut i32) (i32.const 0))
  (func (export "closed") (param $badge i32) (call $say (i32.add (local.get $badge) (i32.const 1000))))
  (func (export "notified") (param i32) (call $say (call $drop (global.get $to_drop))))"#;

const OPEN: &str = r#"(func $open (param $operation i32) (param $badge i32) (result i32)
    (call $clear (local.get $operation) (local.get $badge)) (call $say (call $call (i32.const 2)))
    (call $reply_capability (i32.const 0)))
  (func $use (param $handle i32) (call $clear (i32.const 9) (i32.const 0)) (call $say (call $call (local.get $handle))))"#;

fn open(client: &str) -> Vec<i32> {
    run(&[
        part("server", 0, &[endpoint(0, 0, 1023)], OPENER),
        part("client", 1, &[endpoint(0, 0, 255)], &format!("{OPEN} (func (export \"start\") (result i32) (local $handle i32) (local $other i32) {client} (i32.const 0))")),
    ])
}

#[test]
fn a_reply_carries_a_capability_with_its_badge_and_rights() {
    assert_eq!(open("(call $use (call $open (i32.const 2) (i32.const 55)))"), [0, 55, 0x103, 0]);
}

#[test]
fn handles_have_index_and_generation() {
    // Console, endpoint, four leases: the first handle made at run time has index 7, and generation 1.
    assert_eq!(open("(call $say (call $open (i32.const 2) (i32.const 55)))"), [0, 0x10007]);
    assert_eq!(open(r#"(local.set $handle (call $open (i32.const 2) (i32.const 55)))
        (call $say (call $drop (local.get $handle))) (call $use (local.get $handle)) (call $say (call $drop (local.get $handle)))"#),
        [0, 0, INVALID_HANDLE, INVALID_HANDLE]);
}

#[test]
fn a_stale_handle_stays_stale_when_its_slot_is_used_again() {
    // 65 freed slots, so that the next capability goes into the first of them.
    let said = open(r#"
      (local.set $handle (call $open (i32.const 2) (i32.const 55)))
      (call $say (call $drop (local.get $handle)))
      (local.set $other (i32.const 0))
      (loop $again
        (drop (call $drop (call $mint (i32.const 2) (i32.const 1) (i32.const 0))))
        (local.set $other (i32.add (local.get $other) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $other) (i32.const 64))))
      (call $say (call $mint (i32.const 2) (i32.const 1) (i32.const 0)))
      (call $use (local.get $handle))"#);
    assert_eq!(said, [0, 0, 0x20007, INVALID_HANDLE], "the slot has a new generation");
}

#[test]
fn revoke_takes_back_all_copies_and_leaves_the_handle() {
    let said = open(r#"
      (local.set $handle (call $open (i32.const 2) (i32.const 55)))
      (local.set $other (call $mint (local.get $handle) (i32.const 1) (i32.const 0)))
      (call $use (local.get $other))
      (call $clear (i32.const 3) (i32.const 0)) (call $say (call $call (i32.const 2)))
      (call $use (local.get $handle)) (call $use (local.get $other))
      (local.set $handle (call $open (i32.const 2) (i32.const 56))) (call $use (local.get $handle))"#);
    assert_eq!(said, [0, 55, 1, 0, 0, INVALID_HANDLE, INVALID_HANDLE, 0, 56, 0x103, 0, 1055], "the end of 55 is told when the stack is empty");
}

#[test]
fn minting_narrows_and_never_widens() {
    let said = open(r#"
      (local.set $handle (call $open (i32.const 2) (i32.const 55)))
      (call $use (call $mint (local.get $handle) (i32.const 2) (i32.const 0)))
      (call $say (call $mint (local.get $handle) (i32.const 4) (i32.const 0)))
      (call $say (call $mint (local.get $handle) (i32.const 1) (i32.const 9)))
      (call $say (call $mint (i32.const 99) (i32.const 1) (i32.const 0)))"#);
    assert_eq!(said, [0, 55, 2, 0, DENIED, DENIED, INVALID_HANDLE]);
}

#[test]
fn badges_only_with_mint_on_ones_own_endpoint() {
    let said = run(&[part("server", 0, &[endpoint(0, 0, 1023), endpoint(0, 0, 511)], r#"
      (func (export "start") (result i32)
        (call $say (i32.gt_s (call $mint (i32.const 2) (i32.const 1023) (i32.const 5)) (i32.const 0)))
        (call $say (call $mint (i32.const 3) (i32.const 1) (i32.const 5))) (i32.const 0))"#)]);
    assert_eq!(said, [1, DENIED]);
}

#[test]
fn capabilities_of_the_manifest_stay() {
    assert_eq!(open("(call $say (call $drop (i32.const 2))) (call $use (i32.const 2))"), [DENIED, 0, 255, 0]);
}

#[test]
fn passing_needs_the_transfer_right() {
    let server = r#"(func (export "receive") (param i32 i32) (result i32) (call $say (call $capability (i32.const 0))) (i32.const 0))"#;
    for (rights, said) in [(255, vec![DENIED]), (511, vec![0x10006, 0])] {
        assert_eq!(run(&[
            part("server", 0, &[], server),
            part("client", 1, &[endpoint(0, 0, rights)], "(func (export \"start\") (result i32) (call $clear (i32.const 1) (i32.const 0)) (call $add_capability (i32.const 2)) (call $say (call $call (i32.const 2))) (i32.const 0))"),
        ]), said);
    }
}

#[test]
fn a_reply_with_a_bad_slot_is_the_servers_breach() {
    for bad in ["(call $give (i32.const 4711))", "(call $give (i32.const 1))", "(i32.store8 (i32.const 1037) (i32.const 5))"] {
        let server = format!("(func (export \"receive\") (param i32 i32) (result i32) {bad} (i32.const 0))");
        let said = run(&[
            part("server", 0, &[], &server),
            part("client", 1, &[endpoint(0, 0, 255)], r#"(func (export "start") (result i32)
                (call $clear (i32.const 1) (i32.const 0)) (call $say (call $call (i32.const 2)))
                (call $say (i32.load8_u (i32.const 1293))) (call $say (call $reply_capability (i32.const 0))) (i32.const 0))"#),
        ]);
        assert_eq!(said, [PROTOCOL_BREACH, 0, 0]);
    }
}

#[test]
fn closed_comes_when_the_last_copy_goes() {
    // The server keeps one copy (operation 2): nothing is told. It keeps none: the end is told at the client's drop.
    assert_eq!(open("(call $say (call $drop (call $open (i32.const 2) (i32.const 55)))) (call $say (i32.const 7))"), [0, 0, 7]);
    let client = &format!("{OPEN}
          (global $handle (mut i32) (i32.const 0)) (global $copy (mut i32) (i32.const 0))
          (func (export \"start\") (result i32)
            (global.set $handle (call $open (i32.const 1) (i32.const 55)))
            (global.set $copy (call $mint (global.get $handle) (i32.const 1) (i32.const 0)))
            (drop (call $timer_set (i32.const 4) (i32.const 5))) (call $notify (i32.const 3) (i32.const 1)))
          (func (export \"notified\") (param i32)
            (call $say (call $drop (global.get $handle))) (call $say (call $drop (global.get $copy))) (call $say (i32.const 7)))");
    let parts = [part("server", 0, &[endpoint(0, 0, 1023)], OPENER), part("client", 1, &[endpoint(0, 0, 255), notification(0, 1), timer(0)], client)];
    let said = run(&parts);
    assert_eq!(said, [0, 0], "the server dropped its own copy when it was notified, and two are left");
    let machine = Fake::new();
    let kernel = load(machine, &parts);
    kernel.start();
    machine.time.set(1_000_000);
    kernel.deliver();
    assert_eq!(machine.said(), [0, 0, 0, 1055, 0, 7], "told inside the last drop, before it returns");
}

#[test]
fn closed_comes_when_the_holder_dies() {
    let said = run(&[
        part("server", 0, &[endpoint(0, 0, 1023)], OPENER),
        part("holder", 1, &[endpoint(0, 3, 255)], "(func (export \"receive\") (param i32 i32) (result i32) (unreachable))"),
        part("client", 2, &[endpoint(1, 0, 255)], "(func (export \"start\") (result i32) (call $clear (i32.const 1) (i32.const 0)) (call $say (call $call (i32.const 2))) (i32.const 0))"),
    ]);
    assert_eq!(said, [-(status::PEER_RESTARTED as i32), 1003]);
}

#[test]
fn a_full_table_refuses_and_recovers() {
    let said = open(r#"
      (loop $again
        (local.set $handle (local.get $other))
        (local.set $other (call $mint (i32.const 2) (i32.const 1) (i32.const 0)))
        (br_if $again (i32.gt_s (local.get $other) (i32.const 0))))
      (call $say (local.get $other)) (call $say (i32.and (local.get $handle) (i32.const 0xffff)))
      (call $clear (i32.const 2) (i32.const 5)) (call $say (call $call (i32.const 2)))
      (call $say (call $drop (local.get $handle)))
      (call $say (i32.and (call $mint (i32.const 2) (i32.const 1) (i32.const 0)) (i32.const 0xffff)))"#);
    let last = TABLE_SLOTS as i32 - 1;
    assert_eq!(said, [OUT_OF_MEMORY, last, OUT_OF_MEMORY, 0, last]);
}

#[test]
fn capabilities_travel_all_or_none() {
    // The client has room for one more; a reply with two is refused and takes no place.
    let said = run(&[
        part("server", 0, &[endpoint(0, 0, 1023)], r#"(func (export "receive") (param i32 i32) (result i32)
            (i32.store8 (i32.const 1037) (i32.const 2)) (i32.store (i32.const 1152) (i32.const 2)) (i32.store (i32.const 1156) (i32.const 2)) (i32.const 0))"#),
        part("client", 1, &[endpoint(0, 0, 255)], r#"(func (export "start") (result i32) (local $last i32) (local $next i32)
            (loop $again
              (local.set $last (local.get $next))
              (local.set $next (call $mint (i32.const 2) (i32.const 1) (i32.const 0)))
              (br_if $again (i32.gt_s (local.get $next) (i32.const 0))))
            (drop (call $drop (local.get $last)))
            (call $clear (i32.const 1) (i32.const 0)) (call $say (call $call (i32.const 2)))
            (call $say (i32.gt_s (call $mint (i32.const 2) (i32.const 1) (i32.const 0)) (i32.const 0)))
            (call $say (call $mint (i32.const 2) (i32.const 1) (i32.const 0))) (i32.const 0))"#),
    ]);
    assert_eq!(said, [OUT_OF_MEMORY, 1, OUT_OF_MEMORY]);
}

const GRANTEE: &str = r#"
  (global $grant (mut i32) (i32.const 0))
  (func (export "receive") (param i32 i32) (result i32)
    (if (i32.load8_u (i32.const 1037)) (then (global.set $grant (call $capability (i32.const 0)))))
    (i32.store8 (i32.const 1037) (i32.const 0)) ;; the reply carries nothing
    (call $say (call $lease_read (global.get $grant) (i32.const 4095) (i32.const 4096) (i32.const 1))) (call $say (i32.load8_u (i32.const 4096)))
    (call $say (call $lease_read (global.get $grant) (i32.const 4096) (i32.const 4096) (i32.const 1)))
    (call $say (call $lease_write (global.get $grant) (i32.const 0) (i32.const 4096) (i32.const 1)))
    (i32.const 0))"#;

fn grant(client: &str) -> Vec<i32> {
    let client = format!("(data (i32.const 69631) \"\\2a\") (func (export \"start\") (result i32) (local $grant i32)
        (local.set $grant (call $grant_create (i32.const 2) (i32.const 65536) (i32.const 4096) (i32.const 1))) {client} (i32.const 0))");
    run(&[part("server", 0, &[], GRANTEE), part("other", 0, &[], GRANTEE), part("client", 1, &[endpoint(0, 0, 255), endpoint(1, 0, 255)], &client)])
}

const PASS: &str = "(call $clear (i32.const 1) (i32.const 0)) (call $add_capability (local.get $grant)) (call $say (call $call (i32.const 2)))";
const ASK: &str = "(call $clear (i32.const 1) (i32.const 0)) (call $say (call $call (i32.const 2)))";

#[test]
fn a_grant_lasts_over_calls_until_dropped_or_revoked() {
    let out_of_range = -(status::OUT_OF_RANGE as i32);
    for end in ["(call $say (call $drop (local.get $grant)))", "(call $say (call $revoke (local.get $grant)))"] {
        let said = grant(&format!("{PASS} {ASK} {end} {ASK}"));
        let works = [0, 42, out_of_range, DENIED, 0];
        let ended = [INVALID_HANDLE, 42, INVALID_HANDLE, INVALID_HANDLE, 0];
        assert_eq!(said, [&works[..], &works, &[0], &ended].concat());
    }
}

#[test]
fn a_grant_is_for_one_domain() {
    assert_eq!(grant("(call $clear (i32.const 1) (i32.const 0)) (call $add_capability (local.get $grant)) (call $say (call $call (i32.const 3)))"), [DENIED]);
}

#[test]
fn a_grant_dies_with_its_owner() {
    let said = run(&[
        part("server", 0, &[], GRANTEE),
        part("owner", 1, &[endpoint(0, 0, 255)], &format!("(func (export \"receive\") (param i32 i32) (result i32) (local $grant i32)
            (local.set $grant (call $grant_create (i32.const 2) (i32.const 65536) (i32.const 4096) (i32.const 1))) {PASS} (unreachable))")),
        part("client", 2, &[endpoint(1, 0, 255), endpoint(0, 0, 255)], "(func (export \"start\") (result i32)
            (call $clear (i32.const 1) (i32.const 0)) (call $say (call $call (i32.const 2)))
            (call $clear (i32.const 1) (i32.const 0)) (call $say (call $call (i32.const 3))) (i32.const 0))"),
    ]);
    assert_eq!(said[5..], [-(status::PEER_RESTARTED as i32), INVALID_HANDLE, 0, INVALID_HANDLE, INVALID_HANDLE, 0]);
}

#[test]
fn what_may_not_be_granted() {
    for (endpoint_handle, address, length, rights, answer) in [(2, 65536, 4096, 1, 1), (2, 65537, 4096, 1, INVALID), (2, 65536, 4095, 1, INVALID), (2, 65536, 0, 1, INVALID),
        (2, 131072, 4096, 1, INVALID), (2, 126976, 8192, 1, INVALID), (2, 0, 4096, 1, INVALID), (2, 65536, 4096, 0, INVALID), (2, 65536, 4096, 4, INVALID),
        (3, 65536, 4096, 1, DENIED), (1, 65536, 4096, 1, WRONG_KIND), (9, 65536, 4096, 1, INVALID_HANDLE)] {
        let said = run(&[
            part("server", 0, &[], GRANTEE),
            part("client", 1, &[endpoint(0, 0, 255), endpoint(1, 0, 255)], &format!("(func (export \"start\") (result i32) (local $got i32)
                (local.set $got (call $grant_create (i32.const {endpoint_handle}) (i32.const {address}) (i32.const {length}) (i32.const {rights})))
                (call $say (select (i32.const 1) (local.get $got) (i32.gt_s (local.get $got) (i32.const 0)))) (i32.const 0))")),
        ]);
        assert_eq!(said, [answer], "endpoint {endpoint_handle}, {length} bytes at {address}, rights {rights}");
    }
}

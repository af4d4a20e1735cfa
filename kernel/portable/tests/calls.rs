//! Calls between domains: what arrives, what comes back, and what is refused.
mod support;
use axiom_kernel_portable::domain::ENTRY_STACK_BYTES;
use axiom_kernel_portable::generated::status;
use support::*;

const ECHO: &str = r#"
  (func (export "receive") (param $badge i32) (param $rights i32) (result i32)
    (call $say (local.get $badge)) (call $say (local.get $rights)) (call $say (call $operation)) (call $say (call $field))
    (i32.store (i32.const 1040) (i32.add (call $field) (i32.const 1)))
    (i32.const 0))"#;

#[test]
fn call_and_reply_with_badge_and_rights() {
    let said = run(&[
        part("server", 0, &[], ECHO),
        part("client", 1, &[endpoint(0, 77, 0x105), endpoint(0, 0, 255)], r#"
          (func (export "start") (result i32)
            (call $clear (i32.const 9) (i32.const 41))
            (call $say (call $call (i32.const 2))) (call $say (call $reply_field)) (call $say (i32.load16_u (i32.const 1282)))
            (call $clear (i32.const 10) (i32.const 1))
            (call $say (call $call (i32.const 3)))
            (i32.const 0))"#),
    ]);
    assert_eq!(said, [77, 0x105, 9, 41, 0, 42, 9, 0, 255, 10, 1, 0]);
}

#[test]
fn the_kernel_chooses_request_ids_and_inherits_them() {
    let ask = r#"(func (export "receive") (param i32 i32) (result i32)
        (call $say (i32.load (i32.const 1032))) (call $clear (i32.const 1) (i32.const 0)) (i32.store (i32.const 1288) (i32.const 999))
        (i32.sub (i32.const 0) (call $call (i32.const 2))))"#;
    let said = run(&[
        part("low", 0, &[], r#"(func (export "receive") (param i32 i32) (result i32) (call $say (i32.load (i32.const 1032))) (i32.const 0))"#),
        part("middle", 1, &[endpoint(0, 0, 255)], ask),
        part("client", 2, &[endpoint(1, 0, 255)], r#"
          (func (export "start") (result i32)
            (call $clear (i32.const 1) (i32.const 0)) (i32.store (i32.const 1288) (i32.const 123456))
            (call $say (call $call (i32.const 2))) (call $say (i32.load (i32.const 1288))) (i32.const 0))"#),
    ]);
    let [middle, low, answer, reply] = said[..] else { panic!("{said:?}") };
    assert!(middle != 0 && middle != 123456);
    assert_eq!((low, answer, reply), (middle, 0, middle));
}

#[test]
fn statuses_of_replies() {
    let answer = |number: u32| format!("(func (export \"receive\") (param i32 i32) (result i32) (i32.const {number}))");
    for (number, seen) in [(0, 0), (64, -64), (20, -15), (0xffff_ffff, -15), (256, -15)] {
        let said = run(&[
            part("server", 0, &[], &answer(number)),
            part("client", 1, &[endpoint(0, 0, 255)], r#"
              (func (export "start") (result i32)
                (call $clear (i32.const 1) (i32.const 0))
                (call $say (call $call (i32.const 2))) (call $say (i32.load (i32.const 1284))) (i32.const 0))"#),
        ]);
        assert_eq!(said, [seen, -seen], "a reply of {number}");
    }
}

#[test]
fn handles_that_are_no_endpoint() {
    let said = run(&[
        part("server", 0, &[], ECHO),
        part("client", 1, &[endpoint(0, 0, 255)], r#"
          (func (export "start") (result i32)
            (call $say (call $call (i32.const 0))) (call $say (call $call (i32.const 3))) (call $say (call $call (i32.const 4098)))
            (call $say (call $call (i32.const 0x10002))) (call $say (call $call (i32.const -1))) (call $say (call $call (i32.const 1)))
            (i32.const 0))"#),
        // Its table lies behind the client's, so the client's handle 4096 + 2 must not reach its endpoint.
        part("neighbour", 1, &[endpoint(0, 0, 255)], ""),
    ]);
    let (invalid, wrong) = (-(status::INVALID_HANDLE as i32), -(status::WRONG_KIND as i32));
    assert_eq!(said, [invalid, invalid, invalid, invalid, invalid, wrong]);
}

#[test]
fn upward_calls_are_refused() {
    // The manifest refuses such an endpoint, so the client hands its own to the server, which tries to call back.
    let said = run(&[
        part("server", 0, &[], r#"
          (func (export "receive") (param i32 i32) (result i32)
            (call $clear (i32.const 1) (i32.const 0)) (call $say (call $call (call $capability (i32.const 0)))) (i32.const 0))"#),
        part("client", 1, &[endpoint(0, 0, 255), endpoint(1, 0, 1023)], r#"
          (func (export "start") (result i32)
            (call $say (call $call (i32.const 3)))
            (call $clear (i32.const 1) (i32.const 0)) (call $add_capability (i32.const 3))
            (call $say (call $call (i32.const 2))) (i32.const 0))"#),
    ]);
    let denied = -(status::DENIED as i32);
    assert_eq!(said, [denied, denied, 0]);
}

#[test]
fn malformed_messages_are_refused_and_change_nothing() {
    let said = run(&[
        part("server", 0, &[], ECHO),
        part("client", 1, &[endpoint(0, 0, 255)], r#"
          (func (export "start") (result i32)
            (call $clear (i32.const 1) (i32.const 5)) (i32.store8 (i32.const 1292) (i32.const 5)) (call $say (call $call (i32.const 2)))
            (call $clear (i32.const 1) (i32.const 5)) (i32.store8 (i32.const 1293) (i32.const 5)) (call $say (call $call (i32.const 2)))
            (call $clear (i32.const 1) (i32.const 5)) (i32.store8 (i32.const 1294) (i32.const 1)) (call $say (call $call (i32.const 2)))
            (call $clear (i32.const 1) (i32.const 5)) (call $add_lease (i32.const 0) (i32.const 4096) (i32.const 8) (i32.const 1))
            (call $add_capability (i32.const 99)) (call $say (call $call (i32.const 2)))
            (call $say (call $reply_field)) (i32.const 0))"#),
    ]);
    let invalid = -(status::INVALID_ARGUMENT as i32);
    assert_eq!(said, [invalid, invalid, invalid, -(status::INVALID_HANDLE as i32), 5], "the server never ran");
}

#[test]
fn a_chain_that_is_too_deep_is_refused() {
    // With room for every activation the call goes through; with a little more than one needs it is refused on the way,
    // and nobody dies.
    assert_eq!(chain_of_20(32 << 20), (vec![0, 255, 1, 0, 0], 0));
    assert_eq!(chain_of_20(ENTRY_STACK_BYTES + (16 << 10)), (vec![-(status::STACK_EXHAUSTED as i32)], 0));
}

/// What a chain of 20 domains says, and how many are dead, when the kernel has this much stack.
fn chain_of_20(stack_bytes: usize) -> (Vec<i32>, usize) {
    let pass_on = r#"(func (export "receive") (param i32 i32) (result i32)
         (call $clear (i32.const 1) (i32.const 0)) (i32.sub (i32.const 0) (call $call (i32.const 2))))"#;
    let mut parts = vec![part("rank 0", 0, &[], ECHO)];
    parts.extend((1..20).map(|rank| part(&format!("rank {rank}"), rank, &[endpoint(rank - 1, 0, 255)], pass_on)));
    parts.push(part("client", 20, &[endpoint(19, 0, 255)], r#"
      (func (export "start") (result i32) (call $clear (i32.const 1) (i32.const 0)) (call $say (call $call (i32.const 2))) (i32.const 0))"#));
    let test = move || {
        let machine = Fake::new();
        let kernel = load(machine, &parts);
        let here = 0u8;
        machine.stack_end.set(&raw const here as usize - stack_bytes);
        kernel.start();
        (machine.said(), kernel.domains.iter().filter(|domain| !domain.is_ready()).count())
    };
    std::thread::Builder::new().stack_size(64 << 20).spawn(test).unwrap().join().unwrap()
}

//! The accounts of the time limits: who is charged, and when it is too much. One test: the accounts are statics.
use axiom_kernel_portable::watchdog::{
    NOBODY, TICK_NANOSECONDS, add_code, busy_nanoseconds, charge, enter, entry_of, expire, is_code, is_trampoline, leave_to, overdue, pause, resume,
    running, set_limit, take_expired,
};

#[test]
fn ticks_are_charged_to_whoever_runs() {
    assert!(!charge(), "nobody runs");
    set_limit(3, 8); // two ticks, and one because the first comes at any moment
    enter(3);
    let entry = entry_of(3);
    let here = 0u8;
    assert!(entry.abs_diff(&raw const here as usize) < 4096, "the entry lies in the frame of whoever entered");
    assert!(charge() && charge());
    assert_eq!(overdue(), None);
    // A callee's time is its own, and has no limit here.
    enter(1);
    for _ in 0..100 {
        assert!(charge());
    }
    assert_eq!((running(), overdue()), (1, None));
    leave_to(3);
    assert_eq!(overdue(), None);
    // Nor does a sleep count.
    pause();
    assert!(!charge());
    assert_eq!((running(), overdue()), (NOBODY, None));
    resume(3);
    assert!(charge());
    assert_eq!(overdue(), Some(3));
    assert_eq!((busy_nanoseconds(3), busy_nanoseconds(1)), (3 * TICK_NANOSECONDS, 100 * TICK_NANOSECONDS));
    // It is stopped once, and told once.
    expire(3);
    assert_eq!(overdue(), None);
    assert!(take_expired(3) && !take_expired(3) && !take_expired(1));
    // A new activation has its whole limit, and the sum goes on.
    assert!(charge() && charge());
    enter(3);
    assert!(charge() && charge());
    assert_eq!((overdue(), busy_nanoseconds(3)), (None, 7 * TICK_NANOSECONDS));
    set_limit(3, 0);
    for _ in 0..10_000 {
        charge();
    }
    assert_eq!(overdue(), None, "0 is no limit");
    leave_to(NOBODY);
    assert!(!charge());

    // 0 is a module of functions at 100 to 199 and trampolines behind them, and 300 to 399 another.
    assert!(!is_code(100) && !is_trampoline(200));
    assert!(add_code(100, 200, 100, 250) && add_code(300, 400, 300, 400));
    assert_eq!([99, 100, 199, 200, 249, 299, 300, 399, 400].map(is_code), [false, true, true, false, false, false, true, true, false]);
    assert_eq!([99, 100, 199, 200, 249, 250, 300, 399, 400].map(is_trampoline), [false, false, false, true, true, false, false, false, false]);
    assert_eq!((2..128).filter(|_| add_code(1, 2, 1, 2)).count(), 126);
    assert!(!add_code(1, 2, 1, 2), "there is no room");
}

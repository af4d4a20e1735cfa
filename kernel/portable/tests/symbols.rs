//! The names of a back trace: found by any address of a function, and never believed of another kernel.
use axiom_kernel_portable::symbols::{Symbols, build};

fn packed() -> Vec<u8> {
    build(&[(100, "first".into()), (200, "second::inner".into()), (300, "third".into())], 400, 1000)
}

#[test]
fn an_address_has_the_function_that_starts_before_it() {
    let bytes = packed();
    let symbols = Symbols::parse(&bytes, 400, 1000).unwrap();
    let found = [99, 100, 199, 200, 299, 300, 399].map(|address| symbols.find(address));
    assert_eq!(found, [None, Some(("first", 0)), Some(("first", 99)), Some(("second::inner", 0)), Some(("second::inner", 99)), Some(("third", 0)), Some(("third", 99))]);
}

#[test]
fn symbols_of_another_image_and_broken_ones_are_refused_or_find_nothing() {
    let bytes = packed();
    assert!(Symbols::parse(&bytes, 401, 1000).is_none() && Symbols::parse(&bytes, 400, 1001).is_none() && Symbols::parse(&[], 400, 1000).is_none());
    for length in 0..bytes.len() {
        if let Some(symbols) = Symbols::parse(&bytes[..length], 400, 1000) {
            (0..500).for_each(|address| { symbols.find(address); });
        }
    }
    for at in 8..bytes.len() {
        let mut broken = bytes.clone();
        broken[at] = 0xff;
        if let Some(symbols) = Symbols::parse(&broken, 400, 1000) {
            (0..500).for_each(|address| { symbols.find(address); });
        }
    }
}

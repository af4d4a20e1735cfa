//! The table that an IOMMU walks: rights by count, invalidation, and what is left when something fails.
#[path = "support/iommu.rs"]
mod iommu;
use axiom_kernel_portable::device_table::{DeviceTable, Pages};
use axiom_kernel_portable::generated::status;
use iommu::FakeIommu;

const READ: u32 = 1;
const WRITE: u32 = 2;
const PAGE: u64 = 4096;

fn pages(first: u32, count: u32) -> Pages {
    Pages { first, end: first + count }
}

#[test]
fn a_range_is_the_pages_that_it_touches() {
    assert_eq!(Pages::of(0, 1), Some(pages(0, 1)));
    assert_eq!(Pages::of(PAGE - 1, 2), Some(pages(0, 2)));
    assert_eq!(Pages::of(PAGE, PAGE), Some(pages(1, 1)));
    assert_eq!(Pages::of((1 << 39) - PAGE, PAGE), Some(pages((1 << 27) - 1, 1)));
    assert_eq!(Pages::of((1 << 39) - PAGE, PAGE + 1), None);
    assert_eq!(Pages::of(u64::MAX, 2), None);
}

#[test]
fn each_right_lasts_until_its_last_opening_ends() {
    let machine = FakeIommu::new();
    let table = DeviceTable::new(machine);
    let (range, at) = (pages(511, 2), 511 * PAGE); // over the end of a table
    table.open(range, READ).unwrap();
    assert_eq!([machine.rights(at), machine.rights(at + PAGE), machine.rights(at + 2 * PAGE), machine.rights(at - PAGE)], [1, 1, 0, 0]);
    assert!(machine.invalidated().is_empty(), "nothing was reachable before");
    table.open(pages(512, 1), READ | WRITE).unwrap();
    assert_eq!([machine.rights(at), machine.rights(at + PAGE)], [1, 3]);
    assert_eq!(machine.invalidated(), [(at + PAGE, 1)], "the hardware may know the page without the right to write");
    table.close(range, READ);
    assert_eq!([machine.rights(at), machine.rights(at + PAGE)], [0, 3]);
    assert_eq!(machine.invalidated(), [(at, 2)]);
    table.close(pages(512, 1), READ | WRITE);
    assert_eq!(machine.rights(at + PAGE), 0);
    assert_eq!(machine.invalidated(), [(at + PAGE, 1)]);
    table.close(range, READ | WRITE); // more often than opened: nothing to take
    assert!(machine.invalidated().is_empty());
    assert_eq!(machine.rights(at), 0);
}

#[test]
fn an_opening_of_what_is_open_takes_nothing_away_and_costs_no_invalidation() {
    let machine = FakeIommu::new();
    let table = DeviceTable::new(machine);
    for _ in 0..31 {
        table.open(pages(7, 1), WRITE).unwrap();
    }
    assert!(machine.invalidated().is_empty());
    assert_eq!(table.open(pages(6, 3), WRITE), Err(status::OUT_OF_MEMORY), "no more can be counted");
    assert_eq!([6, 7, 8].map(|page| machine.rights(page * PAGE)), [0, 2, 0], "undone");
    machine.invalidated();
    for left in (0..31).rev() {
        table.close(pages(7, 1), WRITE);
        assert_eq!(machine.rights(7 * PAGE), if left > 0 { 2 } else { 0 });
        assert_eq!(machine.invalidated().len(), usize::from(left == 0));
    }
}

#[test]
fn what_fails_for_want_of_memory_is_undone() {
    let machine = FakeIommu::new();
    let table = DeviceTable::new(machine);
    machine.frame_limit.set(2);
    assert_eq!(table.open(pages(510, 4), READ), Err(status::OUT_OF_MEMORY), "the second table is missing");
    assert_eq!([510, 511, 512].map(|page| machine.rights(page * PAGE)), [0, 0, 0]);
    assert!(!machine.invalidated().is_empty());
    table.open(pages(510, 2), READ).unwrap();
}

#[test]
fn what_is_kept_is_counted_once_and_goes_with_the_table() {
    let machine = FakeIommu::new();
    let table = DeviceTable::new(machine);
    for _ in 0..100 {
        table.keep(pages(1 << 20, 3), READ).unwrap();
    }
    table.keep(pages((1 << 20) + 1, 1), READ | WRITE).unwrap();
    assert_eq!([0, 1, 2, 3].map(|page| machine.rights(((1 << 20) + page) * PAGE)), [1, 3, 1, 0]);
    table.open(pages((1 << 26) + 5, 1), WRITE).unwrap();
    machine.invalidated();
    table.clear();
    assert_eq!([0, 1, 2].map(|page| machine.rights(((1 << 20) + page) * PAGE)), [0, 0, 0]);
    assert_eq!(machine.invalidated(), [(0, 1 << 27)]);
    assert_eq!(machine.frames.get(), 0, "all tables are given back");
    table.clear();
    assert!(machine.invalidated().is_empty());
}

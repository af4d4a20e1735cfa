//! Bundles and manifests of arbitrary bytes: refused with a reason, or read within their bounds; never a panic.
mod support;
use axiom_kernel_portable::bundle::{self, Bundle};
use axiom_kernel_portable::generated::kind;
use axiom_kernel_portable::manifest::{self, DomainEntry, Entry, RestartPolicy, decode, encode};
use support::*;

/// xorshift64 (Marsaglia 2003): the same bytes in every run.
struct Random(u64);
impl Random {
    fn next(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % limit
    }
}

fn sample() -> Vec<DomainEntry> {
    entries(&[
        part("driver", 0, &[device(3), plain(kind::CLOCK), notification(1, 5)], ""),
        part("server", 1, &[endpoint(0, 7, 511), endpoint(1, 0, 1023), timer(2)], "").restart(3, 60_000, 100).with_peers(),
        part("client", 2, &[endpoint(1, 0, 255), plain(kind::POWER)], ""),
    ])
}

#[test]
fn what_is_encoded_is_decoded() {
    assert_eq!(decode(&encode(&sample())).unwrap(), sample());
}

#[test]
fn each_rule_of_the_manifest_is_kept() {
    let refuse = |what: &str, edit: &dyn Fn(&mut Vec<DomainEntry>)| {
        let mut domains = sample();
        edit(&mut domains);
        assert!(decode(&encode(&domains)).is_err(), "{what}");
    };
    let add = |entry: Entry| move |domains: &mut Vec<DomainEntry>| domains[1].capabilities.push(entry);
    refuse("an upward call", &add(endpoint(2, 0, 255)));
    refuse("a call of equal rank", &|domains| domains[2].rank = 1);
    refuse("an endpoint to no domain", &add(endpoint(3, 0, 255)));
    refuse("an endpoint to a domain that is not here", &|domains| domains[0].present = false);
    refuse("a notification to no domain", &add(notification(200, 1)));
    refuse("a notification without bits", &add(notification(0, 0)));
    refuse("a notification with bit 31", &add(notification(0, 1 << 31)));
    refuse("a timer of bit 31", &add(timer(31)));
    refuse("a device of bit 31", &|domains| domains[0].capabilities[1] = device(31));
    refuse("a device given twice", &add(device(1)));
    for kind in [0, kind::LEASE, kind::GRANT, kind::WINDOW, kind::INTERRUPT, kind::DMA, 15, 0x81, 255] {
        refuse(&format!("a capability of kind {kind}"), &add(plain(kind)));
    }
    refuse("two domains of one name", &|domains| domains[1].name = domains[0].name);
    refuse("a domain without a name", &|domains| domains[1].name = [0; 24]);
    refuse("a name that is no text", &|domains| domains[1].name[0] = 0xff);
    refuse("no memory", &|domains| domains[1].memory_pages = 0);
    refuse("too much memory", &|domains| domains[1].memory_pages = manifest::MEMORY_PAGES_LIMIT + 1);
    refuse("no module", &|domains| domains[1].module = manifest::NO_MODULE);
    let policy = |limit, window_ms, backoff_ms| move |domains: &mut Vec<DomainEntry>| domains[1].restart = Some(RestartPolicy { limit, window_ms, backoff_ms });
    refuse("no restart policy for one that restarts with its peers", &|domains| domains[1].restart = None);
    refuse("a restart limit of 101", &policy(101, 1, 0));
    refuse("a window of no time", &policy(1, 0, 0));
    refuse("a window of more than an hour", &policy(1, 3_600_001, 0));
    refuse("a backoff of more than a minute", &policy(1, 1, 60_001));
    refuse("half a restart policy", &policy(0, 1, 1));
    refuse("a time limit of more than an hour", &|domains| domains[1].time_limit_ms = 3_600_001);
    let time_out = |entry: Entry, time_out_ms| move |domains: &mut Vec<DomainEntry>| domains[1].capabilities.push(Entry { time_out_ms, ..entry });
    refuse("a device whose requests have no time", &time_out(device(0), 0));
    refuse("a device whose requests have more than ten minutes", &time_out(device(0), 600_001));
    refuse("a time-out of a clock", &time_out(plain(kind::CLOCK), 1));
    refuse("no domains", &|domains| domains.clear());
    refuse("too many capabilities", &|domains| domains[1].capabilities = vec![plain(kind::CLOCK); manifest::CAPABILITY_LIMIT + 1]);
    refuse("too many handles", &|domains| {
        domains[0].capabilities = vec![plain(kind::CLOCK); manifest::CAPABILITY_LIMIT - 1];
        domains[0].capabilities.push(device(0));
    });
}

#[test]
fn arbitrary_manifests_are_refused_or_sound() {
    let whole = encode(&sample());
    let mut random = Random(88172645463325252);
    for length in 0..whole.len() {
        assert!(decode(&whole[..length]).is_err(), "cut at {length}");
    }
    let mut accepted = 0;
    for _ in 0..50_000 {
        let mut bytes = whole.clone();
        for _ in 0..1 + random.next(3) {
            let at = random.next(bytes.len());
            bytes[at] = random.next(256) as u8;
        }
        if let Ok(domains) = decode(&bytes) {
            accepted += 1;
            assert_eq!(encode(&domains), bytes, "what is accepted means only itself");
            for (id, domain) in domains.iter().enumerate() {
                for entry in domain.capabilities.iter().filter(|entry| u32::from(entry.kind) == kind::ENDPOINT) {
                    assert!(entry.domain as usize == id || domains[entry.domain as usize].rank < domain.rank);
                }
            }
        }
    }
    assert!(accepted > 100, "the changes are not all nonsense: {accepted}");
}

#[test]
fn arbitrary_bundles_stay_in_bounds() {
    let whole = bundle::build(b"the manifest", &[("first", &[1; 5000]), ("second", &[2; 3])]);
    let read = |bytes: &[u8]| -> Option<()> {
        let bundle = Bundle::parse(bytes).ok()?;
        let _ = bundle.manifest();
        for index in (0..4).chain([usize::MAX, 1 << 40]) {
            let _ = bundle.module(index);
        }
        Some(())
    };
    let bundle = Bundle::parse(&whole).unwrap();
    assert_eq!((bundle.manifest(), bundle.module(1), bundle.module(2)), (&b"the manifest"[..], Some(("second", &[2; 3][..])), None));
    for length in 0..whole.len() {
        read(&whole[..length]);
    }
    let mut random = Random(12345);
    for _ in 0..100_000 {
        let mut bytes = whole[..128].to_vec();
        for _ in 0..1 + random.next(6) {
            let at = random.next(100);
            bytes[at] = [0, 1, 0x7f, 0x80, 0xff, random.next(256) as u8][random.next(6)];
        }
        read(&bytes);
    }
}

//! The system manifest as the kernel reads it: `services/system.json`, checked and packed by the ahead-of-time compiler.
//!
//! ```text
//! u16 version, u16 domain count, then for each domain
//!   24 name, u8 rank, u8 present, u16 module index, u32 memory pages, u16 capability count, u8 restarts with its peers, u8 zero,
//!   u32 time limit in ms, u32 restart limit (0: never), u32 window in ms, u32 backoff in ms                        (52 bytes)
//!   20 bytes a capability: u8 kind, u8 bit, u8 domain, u8 zero, u32 badge, u32 rights, u32 bits, u32 time-out in ms
//! ```
//!
//! What stays true: `decode` accepts nothing that the rules of docs/abi.md §6 and docs/supervision.md §1 refuse, whatever the bytes are.
//! Shared with the ahead-of-time compiler, which includes this file by path.
use crate::generated::kind;
use alloc::vec::Vec;

pub const VERSION: u16 = 3;
pub const NAME_BYTES: usize = 24;
/// Ids are one byte in trace records, and 255 is the kernel.
pub const DOMAIN_LIMIT: usize = 255;
pub const MEMORY_PAGES_LIMIT: u32 = 32768;
/// Handles in the table of one domain that the manifest may fill.
pub const CAPABILITY_LIMIT: usize = 256;
/// A set of bits must never look like a negative result.
pub const BIT_LIMIT: u8 = 31;
pub const NO_MODULE: u16 = 0xffff;
/// Kind of an entry that stands for the seven parts of a device. Not a kind of capability.
pub const KIND_DEVICE: u8 = 0x80;
/// Handles that a device entry takes.
pub const DEVICE_PARTS: usize = 7;
/// An hour: no activation and no window is longer.
pub const MILLISECONDS_LIMIT: u32 = 3_600_000;
pub const RESTART_LIMIT: u32 = 100;
pub const BACKOFF_MILLISECONDS_LIMIT: u32 = 60_000;
/// How long a device may keep a request.
pub const TIME_OUT_MILLISECONDS_LIMIT: u32 = 600_000;
pub const TIME_OUT_MILLISECONDS_DEFAULT: u32 = 30_000;

const DOMAIN_BYTES: usize = 52;
const ENTRY_BYTES: usize = 20;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    pub kind: u8,
    /// The notification bit that an interrupt, timer or console sets.
    pub bit: u8,
    /// Server of an endpoint, target of a notification.
    pub domain: u8,
    pub badge: u32,
    pub rights: u32,
    /// Mask of a notification.
    pub bits: u32,
    /// How long the driver lets its device keep a request, in milliseconds; 0 for everything but a device.
    pub time_out_ms: u32,
}

impl Entry {
    /// How many handles this entry makes.
    pub fn handle_count(&self) -> usize {
        if self.kind == KIND_DEVICE { DEVICE_PARTS } else { 1 }
    }
}

/// How often a domain comes back (docs/supervision.md §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartPolicy {
    /// Deaths of its own within the window after which it is given up.
    pub limit: u32,
    pub window_ms: u32,
    pub backoff_ms: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DomainEntry {
    pub name: [u8; NAME_BYTES],
    pub rank: u8,
    /// Does this kernel run it?
    pub present: bool,
    pub module: u16,
    pub memory_pages: u32,
    /// Own CPU time of one activation, in milliseconds; 0 is no limit.
    pub time_limit_ms: u32,
    /// Absent: it is never restarted.
    pub restart: Option<RestartPolicy>,
    /// A restart of a domain that it has an endpoint to restarts it as well.
    pub restarts_with_peers: bool,
    pub capabilities: Vec<Entry>,
}

/// Reads little-endian numbers from a slice, and nothing past its end.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or("the manifest is cut short")?;
        self.0 = rest;
        Ok(*head)
    }
    fn u8(&mut self) -> Result<u8, &'static str> {
        Ok(self.take::<1>()?[0])
    }
    fn u16(&mut self) -> Result<u16, &'static str> {
        Ok(u16::from_le_bytes(self.take()?))
    }
    fn u32(&mut self) -> Result<u32, &'static str> {
        Ok(u32::from_le_bytes(self.take()?))
    }
}

pub fn decode(bytes: &[u8]) -> Result<Vec<DomainEntry>, &'static str> {
    let mut reader = Reader(bytes);
    if reader.u16()? != VERSION {
        return Err("a manifest of another version");
    }
    let count = reader.u16()? as usize;
    if count == 0 || count > DOMAIN_LIMIT {
        return Err("the manifest has no domain or too many");
    }
    let mut domains = Vec::new();
    for _ in 0..count {
        domains.push(decode_domain(&mut reader)?);
    }
    if !reader.0.is_empty() {
        return Err("bytes behind the manifest");
    }
    check(&domains)?;
    Ok(domains)
}

fn decode_domain(reader: &mut Reader<'_>) -> Result<DomainEntry, &'static str> {
    let name = reader.take()?;
    let (rank, present, module) = (reader.u8()?, reader.u8()?, reader.u16()?);
    let (memory_pages, capability_count) = (reader.u32()?, reader.u16()? as usize);
    let (restarts_with_peers, zero, time_limit_ms) = (reader.u8()?, reader.u8()?, reader.u32()?);
    let (limit, window_ms, backoff_ms) = (reader.u32()?, reader.u32()?, reader.u32()?);
    if present > 1 || restarts_with_peers > 1 || zero != 0 || (limit == 0 && (window_ms != 0 || backoff_ms != 0)) {
        return Err("a domain of the manifest is malformed");
    }
    let restart = (limit != 0).then_some(RestartPolicy { limit, window_ms, backoff_ms });
    let mut capabilities = Vec::new(); // each entry takes bytes that must be there, so the count needs no bound of its own
    for _ in 0..capability_count {
        let (kind, bit, domain, zero) = (reader.u8()?, reader.u8()?, reader.u8()?, reader.u8()?);
        if zero != 0 {
            return Err("a capability of the manifest is malformed");
        }
        let (badge, rights, bits, time_out_ms) = (reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?);
        capabilities.push(Entry { kind, bit, domain, badge, rights, bits, time_out_ms });
    }
    let (present, restarts_with_peers) = (present == 1, restarts_with_peers == 1);
    Ok(DomainEntry { name, rank, present, module, memory_pages, time_limit_ms, restart, restarts_with_peers, capabilities })
}

/// The rules that the packed form can break. Repeated and unknown names are the compiler's to refuse: names of
/// capabilities are not in the packed form, and domains are named by position.
fn check(domains: &[DomainEntry]) -> Result<(), &'static str> {
    let mut has_device = false;
    for (id, domain) in domains.iter().enumerate() {
        if domain.name[0] == 0 || core::str::from_utf8(&domain.name).is_err() {
            return Err("a domain has no proper name");
        }
        if domains[..id].iter().any(|other| other.name == domain.name) {
            return Err("two domains have the same name");
        }
        if domain.present && (domain.module == NO_MODULE || domain.memory_pages == 0 || domain.memory_pages > MEMORY_PAGES_LIMIT) {
            return Err("a domain has no module, or a memory of no size or too large");
        }
        check_supervision(domain)?;
        let handles: usize = domain.capabilities.iter().map(Entry::handle_count).sum();
        if handles > CAPABILITY_LIMIT {
            return Err("a domain has too many capabilities");
        }
        for entry in &domain.capabilities {
            if domain.present && entry.kind == KIND_DEVICE && core::mem::replace(&mut has_device, true) {
                return Err("a device belongs to two domains");
            }
            check_entry(domains, id, entry)?;
        }
    }
    Ok(())
}

fn check_supervision(domain: &DomainEntry) -> Result<(), &'static str> {
    if domain.time_limit_ms > MILLISECONDS_LIMIT {
        return Err("a time limit of more than an hour");
    }
    let Some(policy) = &domain.restart else {
        return if domain.restarts_with_peers { Err("a domain restarts with its peers and has no restart policy") } else { Ok(()) };
    };
    let is_window = (1..=MILLISECONDS_LIMIT).contains(&policy.window_ms) && policy.backoff_ms <= BACKOFF_MILLISECONDS_LIMIT;
    if (1..=RESTART_LIMIT).contains(&policy.limit) && is_window { Ok(()) } else { Err("a restart policy out of range") }
}

fn check_entry(domains: &[DomainEntry], id: usize, entry: &Entry) -> Result<(), &'static str> {
    let target = domains.get(entry.domain as usize).ok_or("a capability names no domain")?;
    let time_outs = if entry.kind == KIND_DEVICE { 1..=TIME_OUT_MILLISECONDS_LIMIT } else { 0..=0 };
    if !time_outs.contains(&entry.time_out_ms) {
        return Err("a time-out out of range, or of what is no device");
    }
    match u32::from(entry.kind) {
        kind::ENDPOINT => {
            if entry.domain as usize != id && target.rank >= domains[id].rank {
                return Err("an upward call");
            }
            if domains[id].present && !target.present {
                return Err("an endpoint to a domain that this kernel does not run");
            }
        }
        kind::NOTIFICATION => {
            if entry.bits == 0 || entry.bits >> BIT_LIMIT != 0 {
                return Err("a notification has no bits, or a bit of 31 or more");
            }
        }
        kind::TIMER | kind::CONSOLE => check_bit(entry)?,
        _ if entry.kind == KIND_DEVICE => check_bit(entry)?,
        kind::CLOCK | kind::ENTROPY | kind::TRACE | kind::POWER | kind::CONTROL => {}
        _ => return Err("a capability of unknown kind"),
    }
    Ok(())
}

fn check_bit(entry: &Entry) -> Result<(), &'static str> {
    if entry.bit >= BIT_LIMIT { Err("a notification bit of 31 or more") } else { Ok(()) }
}

/// The inverse of `decode`.
pub fn encode(domains: &[DomainEntry]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(VERSION.to_le_bytes());
    out.extend((domains.len() as u16).to_le_bytes());
    for domain in domains {
        let start = out.len();
        out.extend(domain.name);
        out.extend([domain.rank, u8::from(domain.present)]);
        out.extend(domain.module.to_le_bytes());
        out.extend(domain.memory_pages.to_le_bytes());
        out.extend((domain.capabilities.len() as u16).to_le_bytes());
        out.extend([u8::from(domain.restarts_with_peers), 0]);
        let RestartPolicy { limit, window_ms, backoff_ms } = domain.restart.unwrap_or(RestartPolicy { limit: 0, window_ms: 0, backoff_ms: 0 });
        out.extend([domain.time_limit_ms, limit, window_ms, backoff_ms].into_iter().flat_map(u32::to_le_bytes));
        debug_assert_eq!(out.len() - start, DOMAIN_BYTES);
        for entry in &domain.capabilities {
            let start = out.len();
            out.extend([entry.kind, entry.bit, entry.domain, 0]);
            out.extend([entry.badge, entry.rights, entry.bits, entry.time_out_ms].into_iter().flat_map(u32::to_le_bytes));
            debug_assert_eq!(out.len() - start, ENTRY_BYTES);
        }
    }
    out
}

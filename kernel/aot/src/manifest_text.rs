//! Reads `services/system.json`, refuses what docs/abi.md §6 and docs/supervision.md §1 refuse, and turns names into numbers.
//!
//! Every problem is collected, so that one run shows all of them. The packed form is checked once more by the decoder that
//! the kernel uses: this file knows about names and fields, that one about rules.
use crate::generated::{DEFAULT_ENDPOINT_RIGHTS, kind, right};
use crate::manifest::{
    self, BACKOFF_MILLISECONDS_LIMIT, BIT_LIMIT, DomainEntry, Entry, KIND_DEVICE, MEMORY_PAGES_LIMIT, MILLISECONDS_LIMIT, NAME_BYTES,
    NO_MODULE, RESTART_LIMIT, RestartPolicy, TIME_OUT_MILLISECONDS_DEFAULT, TIME_OUT_MILLISECONDS_LIMIT,
};
use serde_json::{Map, Value};

/// Memory of all domains together, in 64 KiB pages, unless the manifest says otherwise: what a machine with 512 MiB can give
/// beside kernel and code.
const MEMORY_PAGES_TOTAL: u64 = 7168;
const ALL_RIGHTS: u64 = (255 | right::TRANSFER | right::MINT) as u64;

pub struct System {
    pub domains: Vec<DomainEntry>,
    /// Modules of this kernel, each once; `DomainEntry::module` is an index here.
    pub module_names: Vec<String>,
}

/// Fields that each kind takes besides `name` and `kind`: (name, must it be there).
fn fields_of(kind_name: &str) -> Option<(u8, &'static [(&'static str, bool)])> {
    Some(match kind_name {
        "endpoint" => (kind::ENDPOINT as u8, &[("domain", true), ("badge", false), ("rights", false)]),
        "notification" => (kind::NOTIFICATION as u8, &[("domain", true), ("bits", true)]),
        "device" => (KIND_DEVICE, &[("device", true), ("bit", true), ("timeOutMs", false)]),
        "timer" => (kind::TIMER as u8, &[("bit", true)]),
        "console" => (kind::CONSOLE as u8, &[("bit", true)]),
        "clock" => (kind::CLOCK as u8, &[]),
        "entropy" => (kind::ENTROPY as u8, &[]),
        "trace" => (kind::TRACE as u8, &[]),
        "power" => (kind::POWER as u8, &[]),
        "control" => (kind::CONTROL as u8, &[]),
        _ => return None,
    })
}

pub fn parse(text: &[u8]) -> Result<System, Vec<String>> {
    let mut reader = Reader { problems: Vec::new(), names: Vec::new(), ranks: Vec::new(), module_names: Vec::new() };
    let value: Value = serde_json::from_slice(text).map_err(|error| vec![format!("the manifest is not JSON: {error}")])?;
    let domains = reader.system(&value);
    if reader.problems.is_empty() {
        // Rules that need no names are written once, in the decoder of the packed form.
        if let Err(problem) = manifest::decode(&manifest::encode(&domains)) {
            reader.problems.push(problem.to_string());
        }
    }
    if reader.problems.is_empty() { Ok(System { domains, module_names: reader.module_names }) } else { Err(reader.problems) }
}

struct Reader {
    problems: Vec<String>,
    names: Vec<String>,
    ranks: Vec<u64>,
    module_names: Vec<String>,
}

impl Reader {
    fn problem(&mut self, place: &str, problem: impl std::fmt::Display) {
        self.problems.push(format!("{place}: {problem}"));
    }

    fn system(&mut self, value: &Value) -> Vec<DomainEntry> {
        let empty = Map::new();
        let root = value.as_object().unwrap_or(&empty);
        self.check_fields("manifest", root, &["version", "memoryPages", "domains"]);
        if root.get("version").and_then(Value::as_u64) != Some(1) {
            self.problem("manifest", "version must be 1");
        }
        let Some(domains) = root.get("domains").and_then(Value::as_array).filter(|list| !list.is_empty()) else {
            self.problem("manifest", "domains must be a list with at least one domain");
            return Vec::new();
        };
        if domains.len() > manifest::DOMAIN_LIMIT {
            self.problem("manifest", format_args!("{} domains, the limit is {}", domains.len(), manifest::DOMAIN_LIMIT));
            return Vec::new();
        }
        for domain in domains {
            let name = domain.get("name").and_then(Value::as_str).unwrap_or("").to_string();
            if self.names.contains(&name) {
                self.problem(&place(&name), "the name is repeated");
            }
            self.names.push(name);
            self.ranks.push(domain.get("rank").and_then(Value::as_u64).unwrap_or(0));
        }
        let entries: Vec<DomainEntry> = domains.iter().enumerate().map(|(id, domain)| self.domain(id, domain)).collect();
        let pages: u64 = entries.iter().filter(|entry| entry.present).map(|entry| u64::from(entry.memory_pages)).sum();
        let total = match root.get("memoryPages") {
            Some(_) => self.integer("manifest", root, "memoryPages", 1, u64::from(u32::MAX)),
            None => MEMORY_PAGES_TOTAL,
        };
        if pages > total {
            self.problem("manifest", format_args!("memory is over-committed: {pages} pages in all, the limit is {total}"));
        }
        entries
    }

    fn domain(&mut self, id: usize, value: &Value) -> DomainEntry {
        let place = place(&self.names[id]);
        let mut entry = DomainEntry { module: NO_MODULE, ..DomainEntry::default() };
        let Some(domain) = value.as_object() else {
            self.problem(&place, "must be an object");
            return entry;
        };
        let known = ["name", "module", "rank", "memoryPages", "timeLimitMs", "restart", "onPeerRestart", "kernels", "capabilities"];
        self.check_fields(&place, domain, &known);
        let name = self.names[id].clone();
        if name.is_empty() || name.len() > NAME_BYTES {
            self.problem(&place, format_args!("a name has 1 to {NAME_BYTES} bytes"));
        } else {
            entry.name[..name.len()].copy_from_slice(name.as_bytes());
        }
        entry.rank = self.integer(&place, domain, "rank", 0, 255) as u8;
        entry.memory_pages = self.integer(&place, domain, "memoryPages", 1, u64::from(MEMORY_PAGES_LIMIT)) as u32;
        let module = match domain.get("module") {
            Some(Value::String(module)) => Some(module.clone()),
            Some(Value::Null) => None,
            _ => {
                self.problem(&place, "module must be a name or null");
                None
            }
        };
        entry.present = module.is_some() && self.is_here(&place, domain);
        if let Some(module) = module.filter(|_| entry.present) {
            entry.module = self.module_number(&place, &module);
        }
        self.supervision(&place, domain, &mut entry);
        entry.capabilities = self.capabilities(id, &place, domain);
        entry
    }

    fn supervision(&mut self, place: &str, domain: &Map<String, Value>, entry: &mut DomainEntry) {
        if domain.contains_key("timeLimitMs") {
            entry.time_limit_ms = self.integer(place, domain, "timeLimitMs", 0, u64::from(MILLISECONDS_LIMIT)) as u32;
        }
        match domain.get("restart") {
            None => {}
            Some(Value::Object(policy)) => {
                let place = format!("{place}, restart");
                self.check_fields(&place, policy, &["limit", "windowMs", "backoffMs"]);
                entry.restart = Some(RestartPolicy {
                    limit: self.integer(&place, policy, "limit", 1, u64::from(RESTART_LIMIT)) as u32,
                    window_ms: self.integer(&place, policy, "windowMs", 1, u64::from(MILLISECONDS_LIMIT)) as u32,
                    backoff_ms: self.integer(&place, policy, "backoffMs", 0, u64::from(BACKOFF_MILLISECONDS_LIMIT)) as u32,
                });
            }
            Some(_) => self.problem(place, "restart must be an object"),
        }
        match domain.get("onPeerRestart").map(Value::as_str) {
            None | Some(Some("recover")) => {}
            Some(Some("restart")) => entry.restarts_with_peers = true,
            Some(_) => self.problem(place, "onPeerRestart must be \"recover\" or \"restart\""),
        }
        if entry.restarts_with_peers && !domain.contains_key("restart") {
            self.problem(place, "onPeerRestart is \"restart\" and restart is missing");
        }
    }

    fn is_here(&mut self, place: &str, domain: &Map<String, Value>) -> bool {
        let Some(kernels) = domain.get("kernels") else { return true };
        let names: Vec<&str> = kernels.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if names.is_empty() || names.iter().any(|name| !["microkernel", "hosted"].contains(name)) {
            self.problem(place, "kernels must list \"microkernel\", \"hosted\" or both");
        }
        names.contains(&"microkernel")
    }

    fn module_number(&mut self, place: &str, module: &str) -> u16 {
        let is_plain = !module.is_empty() && module.len() <= NAME_BYTES && !module.contains(['/', '\0']);
        if !is_plain {
            self.problem(place, format_args!("\"{module}\" is no name for a module"));
        }
        let known = self.module_names.iter().position(|name| name == module);
        let number = known.unwrap_or_else(|| {
            self.module_names.push(module.to_string());
            self.module_names.len() - 1
        });
        number as u16
    }

    fn capabilities(&mut self, id: usize, place: &str, domain: &Map<String, Value>) -> Vec<Entry> {
        let Some(list) = domain.get("capabilities").and_then(Value::as_array) else {
            self.problem(place, "capabilities must be a list");
            return Vec::new();
        };
        let empty = Map::new();
        let mut names: Vec<&str> = Vec::new();
        let mut entries = Vec::new();
        for value in list {
            let capability = value.as_object().unwrap_or(&empty);
            let name = capability.get("name").and_then(Value::as_str).unwrap_or("");
            let place = format!("{place}, capability \"{name}\"");
            if name.is_empty() || names.contains(&name) {
                self.problem(&place, "the name is missing or repeated");
            }
            names.push(name);
            entries.push(self.capability(id, &place, capability));
        }
        entries
    }

    fn capability(&mut self, id: usize, place: &str, capability: &Map<String, Value>) -> Entry {
        let kind_name = capability.get("kind").and_then(Value::as_str).unwrap_or("");
        let mut entry = Entry { domain: id as u8, ..Entry::default() };
        let Some((kind_number, fields)) = fields_of(kind_name) else {
            self.problem(place, format_args!("unknown kind \"{kind_name}\""));
            return entry;
        };
        entry.kind = kind_number;
        let known: Vec<&str> = ["name", "kind"].into_iter().chain(fields.iter().map(|(field, _)| *field)).collect();
        self.check_fields(place, capability, &known);
        for (field, is_required) in fields {
            if capability.get(*field).is_none() {
                if *is_required {
                    self.problem(place, format_args!("{field} is missing"));
                }
                continue;
            }
            match *field {
                "domain" => entry.domain = self.target(id, place, capability, kind_number),
                "badge" => entry.badge = self.integer(place, capability, field, 0, u64::from(u32::MAX)) as u32,
                "rights" => entry.rights = self.integer(place, capability, field, 0, ALL_RIGHTS) as u32,
                "bits" => entry.bits = self.integer(place, capability, field, 1, (1 << BIT_LIMIT) - 1) as u32,
                "bit" => entry.bit = self.integer(place, capability, field, 0, u64::from(BIT_LIMIT) - 1) as u8,
                "timeOutMs" => entry.time_out_ms = self.integer(place, capability, field, 1, u64::from(TIME_OUT_MILLISECONDS_LIMIT)) as u32,
                _ if capability[*field] != "virtio-blk" => self.problem(place, format_args!("unknown device {}", capability[*field])),
                _ => {}
            }
        }
        if kind_name == "endpoint" && capability.get("rights").is_none() {
            entry.rights = DEFAULT_ENDPOINT_RIGHTS;
        }
        if kind_name == "device" && capability.get("timeOutMs").is_none() {
            entry.time_out_ms = TIME_OUT_MILLISECONDS_DEFAULT;
        }
        entry
    }

    fn target(&mut self, id: usize, place: &str, capability: &Map<String, Value>, kind_number: u8) -> u8 {
        let name = capability["domain"].as_str().unwrap_or("");
        let Some(target) = self.names.iter().position(|known| known == name) else {
            self.problem(place, format_args!("unknown domain \"{name}\""));
            return id as u8;
        };
        if u32::from(kind_number) == kind::ENDPOINT && target != id && self.ranks[target] >= self.ranks[id] {
            let (to, from) = (self.ranks[target], self.ranks[id]);
            self.problem(place, format_args!("an upward call: \"{name}\" has rank {to}, its caller has rank {from}"));
        }
        target as u8
    }

    fn integer(&mut self, place: &str, object: &Map<String, Value>, field: &str, low: u64, high: u64) -> u64 {
        match object.get(field).and_then(Value::as_u64) {
            Some(value) if (low..=high).contains(&value) => value,
            _ => {
                self.problem(place, format_args!("{field} must be an integer from {low} to {high}"));
                low
            }
        }
    }

    fn check_fields(&mut self, place: &str, object: &Map<String, Value>, known: &[&str]) {
        for field in object.keys().filter(|field| !known.contains(&field.as_str())) {
            self.problem(place, format_args!("unknown field \"{field}\""));
        }
    }
}

fn place(domain: &str) -> String {
    format!("domain \"{domain}\"")
}

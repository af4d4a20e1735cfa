//! What the tests share: a machine made of plain values, and systems of small modules written as WebAssembly text.
//!
//! Every module gets the prelude below; capability 1 of each is the console, to which `$say` writes a number. A test
//! builds a system, starts it, and compares the numbers that were said.
#![allow(dead_code)]
pub mod iommu;
use axiom_kernel_portable::bundle::{self, Bundle};
use axiom_kernel_portable::engine_config::shared_config;
use axiom_kernel_portable::generated::kind;
use axiom_kernel_portable::kernel::{Kernel, Options};
use axiom_kernel_portable::loader;
use axiom_kernel_portable::machine::{Device, Iommu, Machine};
use axiom_kernel_portable::manifest::{self, DomainEntry, Entry, RestartPolicy};
use iommu::FakeIommu;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use wasmtime::{Config, Engine};

pub const READ: u32 = 1;
pub const WRITE: u32 = 2;
pub const TRANSFER: u32 = 256;
pub const MINT: u32 = 512;

pub struct Fake {
    pub time: Cell<u64>,
    /// How far each reading of the clock moves it.
    pub step: Cell<u64>,
    pub interrupts: Cell<u32>,
    /// Interrupts that come when the machine is idle until this time.
    pub schedule: RefCell<Vec<(u64, u32)>>,
    pub said: RefCell<Vec<i32>>,
    pub lines: RefCell<Vec<String>>,
    pub input: RefCell<Vec<u8>>,
    pub power: Cell<Option<u32>>,
    pub registers: RefCell<HashMap<u64, u32>>,
    pub device: Cell<Device>,
    pub is_stopped: Cell<bool>,
    /// How often the device was stopped, and whether it fails to confirm that.
    pub stops: Cell<u32>,
    /// Interrupts that the driver has seen to.
    pub acknowledgements: Cell<u32>,
    pub is_stuck: Cell<bool>,
    /// Address below which the kernel's stack ends; 0: far away.
    pub stack_end: Cell<usize>,
    pub idles: Cell<u32>,
    pub iommu: Cell<Option<&'static FakeIommu>>,
    /// Memories that got device addresses, where there is an IOMMU: number n is at `FIRST_MEMORY + n * MEMORY_STEP`.
    pub memories: Cell<u64>,
    /// Says something each time that the machine sleeps.
    pub on_idle: RefCell<Option<Box<dyn Fn() -> Vec<i32>>>>,
}

pub const FIRST_MEMORY: u64 = 0x4000_0000;
pub const MEMORY_STEP: u64 = 1 << 24;

impl Fake {
    pub fn new() -> &'static Fake {
        Box::leak(Box::new(Fake {
            time: Cell::new(1000),
            step: Cell::new(0),
            interrupts: Cell::new(0),
            schedule: RefCell::default(),
            said: RefCell::default(),
            lines: RefCell::default(),
            input: RefCell::default(),
            power: Cell::new(None),
            registers: RefCell::default(),
            device: Cell::new(Device::default()),
            is_stopped: Cell::new(false),
            stops: Cell::new(0),
            acknowledgements: Cell::new(0),
            is_stuck: Cell::new(false),
            stack_end: Cell::new(0),
            idles: Cell::new(0),
            iommu: Cell::new(None),
            memories: Cell::new(0),
            on_idle: RefCell::new(None),
        }))
    }

    /// What was said since the last time.
    pub fn said(&self) -> Vec<i32> {
        self.said.take()
    }

    pub fn raise(&self, number: u32) {
        self.interrupts.set(self.interrupts.get() | 1 << number);
    }
}

impl Machine for Fake {
    fn tune(&self, _: &mut Config) {}
    fn monotonic_nanoseconds(&self) -> u64 {
        self.time.replace(self.time.get() + self.step.get())
    }
    fn unix_nanoseconds(&self) -> u64 {
        1_700_000_000_000_000_000 + self.time.get()
    }
    fn take_interrupts(&self) -> u32 {
        self.interrupts.replace(0)
    }
    fn idle(&self, deadline: u64) {
        self.idles.set(self.idles.get() + 1);
        if let Some(on_idle) = &*self.on_idle.borrow() {
            self.said.borrow_mut().extend(on_idle());
        }
        let mut schedule = self.schedule.borrow_mut();
        schedule.sort();
        match schedule.first().copied() {
            Some((time, number)) if time <= deadline => {
                schedule.remove(0);
                self.time.set(self.time.get().max(time));
                self.raise(number);
            }
            _ if deadline != u64::MAX => self.time.set(self.time.get().max(deadline)),
            _ => panic!("idle for ever"),
        }
    }
    fn console_write(&self, bytes: &[u8]) {
        self.said.borrow_mut().extend(bytes.chunks_exact(4).map(|word| i32::from_le_bytes(word.try_into().unwrap())));
    }
    fn console_read(&self, bytes: &mut [u8]) -> Option<usize> {
        let mut input = self.input.borrow_mut();
        if input.is_empty() {
            return None;
        }
        let count = bytes.len().min(input.len());
        bytes[..count].copy_from_slice(&input[..count]);
        input.drain(..count);
        Some(count)
    }
    fn log(&self, text: std::fmt::Arguments<'_>) {
        self.lines.borrow_mut().push(text.to_string());
    }
    fn entropy(&self, bytes: &mut [u8]) {
        bytes.fill(0xa5);
    }
    fn find_block_device(&self) -> Device {
        self.device.get()
    }
    fn stop_block_device(&self) -> bool {
        self.is_stopped.set(true);
        self.stops.set(self.stops.get() + 1);
        !self.is_stuck.get()
    }
    fn start_block_device(&self) {
        self.is_stopped.set(false);
    }
    fn acknowledge_interrupt(&self) {
        self.acknowledgements.set(self.acknowledgements.get() + 1);
    }
    fn device_address(&self, base: *const u8, _: usize) -> Option<u64> {
        if self.iommu.get().is_none() {
            return Some(base as u64);
        }
        Some(FIRST_MEMORY + self.memories.replace(self.memories.get() + 1) * MEMORY_STEP)
    }
    fn iommu(&self) -> Option<&'static dyn Iommu> {
        self.iommu.get().map(|iommu| iommu as &dyn Iommu)
    }
    fn prepare_for_device(&self, _: *const u8, length: usize) {
        if let Some(iommu) = self.iommu.get() {
            iommu.prepared.set(iommu.prepared.get() + length as u64);
        }
    }
    fn register_read(&self, address: u64, width: u32) -> u32 {
        if let Some((iommu, fault)) = self.iommu.get().and_then(|iommu| Some((iommu, iommu.block_at_read.take()?))) {
            iommu.block(fault);
        }
        self.registers.borrow().get(&address).copied().unwrap_or(0xffff_fff0 | width)
    }
    fn register_write(&self, address: u64, _: u32, value: u32) {
        self.registers.borrow_mut().insert(address, value);
    }
    fn fence(&self) {}
    fn relax(&self) {}
    fn stack_end(&self) -> usize {
        self.stack_end.get()
    }
    fn power_off(&self, status: u32) {
        self.power.set(Some(status));
    }
}

const PRELUDE: &str = r#"
  (import "kernel" "call" (func $call (param i32) (result i32)))
  (import "kernel" "lease_read" (func $lease_read (param i32 i32 i32 i32) (result i32)))
  (import "kernel" "lease_write" (func $lease_write (param i32 i32 i32 i32) (result i32)))
  (import "kernel" "grant_create" (func $grant_create (param i32 i32 i32 i32) (result i32)))
  (import "kernel" "capability_mint" (func $mint (param i32 i32 i32) (result i32)))
  (import "kernel" "capability_drop" (func $drop (param i32) (result i32)))
  (import "kernel" "capability_revoke" (func $revoke (param i32) (result i32)))
  (import "kernel" "notify" (func $notify (param i32 i32) (result i32)))
  (import "kernel" "wait" (func $wait (param i32 i32) (result i32)))
  (import "kernel" "dma_segments" (func $dma_segments (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "kernel" "device_parameters" (func $device_parameters (param i32 i32 i32) (result i32)))
  (import "kernel" "mmio_read8" (func $mmio_read8 (param i32 i32) (result i32)))
  (import "kernel" "mmio_write16" (func $mmio_write16 (param i32 i32 i32)))
  (import "kernel" "mmio_read32" (func $mmio_read32 (param i32 i32) (result i32)))
  (import "kernel" "interrupt_acknowledge" (func $interrupt_acknowledge (param i32) (result i32)))
  (import "kernel" "clock_read" (func $clock_read (param i32 i32) (result i32)))
  (import "kernel" "timer_set" (func $timer_set (param i32 i32) (result i32)))
  (import "kernel" "entropy_read" (func $entropy_read (param i32 i32 i32) (result i32)))
  (import "kernel" "console_write" (func $console_write (param i32 i32 i32) (result i32)))
  (import "kernel" "console_read" (func $console_read (param i32 i32 i32) (result i32)))
  (import "kernel" "console_arguments" (func $console_arguments (param i32 i32 i32) (result i32)))
  (import "kernel" "trace_note" (func $trace_note (param i32 i32 i32) (result i32)))
  (import "kernel" "power_off" (func $power_off (param i32 i32)))
  (import "kernel" "control_list" (func $control_list (param i32 i32 i32) (result i32)))
  (import "kernel" "control_kill" (func $control_kill (param i32 i32) (result i32)))
  (import "kernel" "fault" (func $fault (param i32 i32 i32 i32)))
  (memory (export "memory") 2 2)
  (global (export "messageIn") i32 (i32.const 1024))
  (global (export "messageOut") i32 (i32.const 1280))
  (func $say (param i32) (i32.store (i32.const 16) (local.get 0)) (drop (call $console_write (i32.const 1) (i32.const 16) (i32.const 4))))
  ;; A message without leases or capabilities, whose first field is $value.
  (func $clear (param $operation i32) (param $value i32)
    (i32.store16 (i32.const 1280) (i32.const 7)) (i32.store16 (i32.const 1282) (local.get $operation))
    (i32.store (i32.const 1292) (i32.const 0)) (i32.store (i32.const 1296) (local.get $value)))
  (func $add_lease (param $source i32) (param $address i32) (param $length i32) (param $rights i32) (local $at i32)
    (local.set $at (i32.add (i32.const 1344) (i32.mul (i32.load8_u (i32.const 1292)) (i32.const 16))))
    (i32.store offset=0 (local.get $at) (local.get $source)) (i32.store offset=4 (local.get $at) (local.get $address))
    (i32.store offset=8 (local.get $at) (local.get $length)) (i32.store offset=12 (local.get $at) (local.get $rights))
    (i32.store8 (i32.const 1292) (i32.add (i32.load8_u (i32.const 1292)) (i32.const 1))))
  (func $add_capability (param $handle i32)
    (i32.store (i32.add (i32.const 1408) (i32.mul (i32.load8_u (i32.const 1293)) (i32.const 4))) (local.get $handle))
    (i32.store8 (i32.const 1293) (i32.add (i32.load8_u (i32.const 1293)) (i32.const 1))))
  ;; Of the request being served, and of the last reply.
  (func $operation (result i32) (i32.load16_u (i32.const 1026)))
  (func $field (result i32) (i32.load (i32.const 1040)))
  (func $lease (param i32) (result i32) (i32.load (i32.add (i32.const 1088) (i32.mul (local.get 0) (i32.const 16)))))
  (func $lease_length (param i32) (result i32) (i32.load offset=8 (i32.add (i32.const 1088) (i32.mul (local.get 0) (i32.const 16)))))
  (func $capability (param i32) (result i32) (i32.load (i32.add (i32.const 1152) (i32.mul (local.get 0) (i32.const 4)))))
  ;; Calls an endpoint with nothing but an operation, and says the answer.
  (func $ask (param $endpoint i32) (param $operation i32)
    (call $clear (local.get $operation) (i32.const 0)) (call $say (call $call (local.get $endpoint))))
  (func $move (i32.store8 (i32.const 1294) (i32.const 1)))
  (func $reply_field (result i32) (i32.load (i32.const 1296)))
  (func $reply_capability (param i32) (result i32) (i32.load (i32.add (i32.const 1408) (i32.mul (local.get 0) (i32.const 4)))))
  (func $give (param $handle i32)
    (i32.store8 (i32.const 1037) (i32.const 1)) (i32.store (i32.const 1152) (local.get $handle)))
"#;

/// A domain of a test: its rank, its capabilities behind the console, and its functions.
pub struct Part {
    name: String,
    rank: u8,
    capabilities: Vec<Entry>,
    restart: Option<RestartPolicy>,
    restarts_with_peers: bool,
    body: String,
}

impl Part {
    /// The part comes back: at once, then after `backoff_ms` and so on, at most `limit` times in `window_ms`.
    pub fn restart(self, limit: u32, window_ms: u32, backoff_ms: u32) -> Part {
        Part { restart: Some(RestartPolicy { limit, window_ms, backoff_ms }), ..self }
    }
    /// The part restarts when what it calls does.
    pub fn with_peers(self) -> Part {
        Part { restarts_with_peers: true, ..self }
    }
}

pub fn part(name: &str, rank: u8, capabilities: &[Entry], body: &str) -> Part {
    let (name, capabilities, body) = (name.to_string(), capabilities.to_vec(), body.to_string());
    Part { name, rank, capabilities, restart: None, restarts_with_peers: false, body }
}

pub fn endpoint(domain: u8, badge: u32, rights: u32) -> Entry {
    Entry { kind: kind::ENDPOINT as u8, domain, badge, rights, ..Entry::default() }
}
pub fn notification(domain: u8, bits: u32) -> Entry {
    Entry { kind: kind::NOTIFICATION as u8, domain, bits, ..Entry::default() }
}
pub fn timer(bit: u8) -> Entry {
    Entry { kind: kind::TIMER as u8, bit, ..Entry::default() }
}
pub fn device(bit: u8) -> Entry {
    Entry { kind: manifest::KIND_DEVICE, bit, time_out_ms: 1234, ..Entry::default() }
}
pub fn plain(kind: u32) -> Entry {
    Entry { kind: kind as u8, ..Entry::default() }
}

pub fn entries(parts: &[Part]) -> Vec<DomainEntry> {
    let console = Entry { kind: kind::CONSOLE as u8, bit: 30, ..Entry::default() };
    let entry = |(id, part): (usize, &Part)| {
        let mut name = [0; manifest::NAME_BYTES];
        name[..part.name.len()].copy_from_slice(part.name.as_bytes());
        let capabilities = std::iter::once(console).chain(part.capabilities.iter().copied()).collect();
        DomainEntry {
            name, rank: part.rank, present: true, module: id as u16, memory_pages: 2, capabilities,
            restart: part.restart, restarts_with_peers: part.restarts_with_peers, ..DomainEntry::default()
        }
    };
    parts.iter().enumerate().map(entry).collect()
}

fn wasm(body: &str) -> Vec<u8> {
    let with = |name: &str, function: &str| if body.contains(&format!("(export \"{name}\")")) { String::new() } else { function.to_string() };
    let start = with("start", "(func (export \"start\") (result i32) (i32.const 0))");
    let receive = with("receive", "(func (export \"receive\") (param i32 i32) (result i32) (i32.const 10))");
    // An import that a test adds must stand before the functions.
    let (imports, body) = if body.starts_with("(import") { (body, "") } else { ("", body) };
    wat::parse_str(format!("(module {imports} {PRELUDE} {body} {start} {receive})")).expect("the test's module is well formed")
}

/// The bytes that the kernel boots from.
pub fn pack(parts: &[Part]) -> Vec<u8> {
    let engine = Engine::new(&shared_config()).unwrap();
    let code: Vec<Vec<u8>> = parts.iter().map(|part| engine.precompile_module(&wasm(&part.body)).unwrap()).collect();
    let modules: Vec<(&str, &[u8])> = parts.iter().zip(&code).map(|(part, code)| (part.name.as_str(), code.as_slice())).collect();
    bundle::build(&manifest::encode(&entries(parts)), &modules)
}

pub fn load(machine: &'static Fake, parts: &[Part]) -> &'static Kernel {
    load_with(machine, parts, Options { is_debug: true, console_arguments: b"the arguments".to_vec(), ..Options::default() })
}

pub fn load_with(machine: &'static Fake, parts: &[Part], options: Options) -> &'static Kernel {
    let bytes = pack(parts);
    loader::load(machine, &Bundle::parse(&bytes).unwrap(), options).expect("the system loads")
}

/// Loads and starts a system; what was said while it started.
pub fn run(parts: &[Part]) -> Vec<i32> {
    let machine = Fake::new();
    load(machine, parts).start();
    machine.said()
}

/// Linear memories that this process has: each is one reservation of 4 GiB.
pub fn live_memories() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let size = |line: &str| {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        u64::from_str_radix(end, 16).unwrap() - u64::from_str_radix(start, 16).unwrap()
    };
    maps.lines().filter(|line| line.contains("---p") && size(line) >= 0xffff_0000 - 0x20_0000).count()
}

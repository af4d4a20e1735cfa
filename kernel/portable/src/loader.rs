//! Builds the kernel from the manifest: domains, their capabilities, their modules.
//!
//! A module is refused, with the reason, unless it imports only system calls, its memory is exactly what the manifest
//! gives it (initial = maximum: it never moves) and its message buffers lie inside that memory.
use crate::bundle::{Bundle, TRAP_MODULE};
use crate::capability::Capability;
use crate::confinement::Confinement;
use crate::domain::{Domain, DomainState, ENTRY_STACK_BYTES, Exports, Loaded, StoreData};
use crate::engine_config::{TABLE_LIMIT, shared_config};
use crate::events::{Binding, Timer};
use crate::generated::{kind, right};
use crate::kernel::{Kernel, Options, attention};
use crate::machine::{BLOCK_DEVICE_INTERRUPT, CONSOLE_INTERRUPT, Machine};
use crate::manifest::{self, DomainEntry, Entry, KIND_DEVICE};
use crate::message::Message;
use crate::{compiled_code, system_calls, watchdog};
use alloc::{boxed::Box, vec::Vec};
use core::cell::Cell;
use wasmtime::{Engine, Instance, Linker, Module, Result, Store, StoreLimitsBuilder, bail, format_err};

const WASM_PAGE_BYTES: u64 = 65536;
const BUFFER_ALIGNMENT: u32 = 16;

/// Loads a system from a bundle. Nothing of its modules has run yet; `start` does that.
pub fn load(machine: &'static dyn Machine, bundle: &Bundle<'_>, options: Options) -> Result<&'static Kernel> {
    let entries = manifest::decode(bundle.manifest()).map_err(|problem| format_err!("{problem}"))?;
    check_depth(machine, &entries)?;
    let engine = {
        let mut config = shared_config();
        machine.tune(&mut config);
        Engine::new(&config)?
    };
    let kernel = build(machine, &entries, options);
    if let Some(code) = bundle.named(TRAP_MODULE) {
        // Safety: as for the modules of the domains, below.
        compiled_code::find_trap_site(&unsafe { Module::deserialize(&engine, code)? })?;
    }
    let linker = system_calls::link(&engine)?;
    for (id, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.present) {
        load_module(kernel, id, entry, bundle, &linker).map_err(|error| {
            let name = kernel.domains[id].name();
            error.context(alloc::format!("module of {name}"))
        })?;
    }
    Ok(kernel)
}

/// Ranks fall along a chain of calls, so no chain is longer than there are ranks: each needs an activation's stack.
fn check_depth(machine: &dyn Machine, entries: &[DomainEntry]) -> Result<()> {
    let mut ranks: Vec<u8> = entries.iter().filter(|entry| entry.present).map(|entry| entry.rank).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let here = 0u8;
    let room = (&raw const here as usize).saturating_sub(machine.stack_end()) / ENTRY_STACK_BYTES;
    if ranks.len() > room {
        bail!("the manifest has {} ranks, and the kernel's stack has room for a chain of {room} calls", ranks.len());
    }
    Ok(())
}

fn load_module(kernel: &'static Kernel, id: usize, entry: &DomainEntry, bundle: &Bundle<'_>, linker: &Linker<StoreData>) -> Result<()> {
    let (_, code) = bundle.module(entry.module as usize).ok_or_else(|| format_err!("is not in the bundle"))?;
    // Safety: the bundle comes from the ahead-of-time compiler and is trusted like the kernel's own code.
    let module = unsafe { Module::deserialize(linker.engine(), code)? };
    compiled_code::note(&module)?;
    kernel.domains[id].code.set(linker.instantiate_pre(&module)?).map_err(|_| format_err!("loaded twice"))?;
    watchdog::set_limit(id, entry.time_limit_ms);
    instantiate(kernel, id)?;
    kernel.domains[id].set_state(DomainState::Loaded);
    Ok(())
}

/// The kernel with its domains and their capabilities, without modules. It lives as long as the machine.
fn build(machine: &'static dyn Machine, entries: &[DomainEntry], options: Options) -> &'static Kernel {
    let domains: Vec<Domain> = entries.iter().enumerate().map(|(id, entry)| Domain::new(entry, stands_on(id, entry))).collect();
    let mut by_rank: Vec<u8> = (0..entries.len()).filter(|&id| entries[id].present).map(|id| id as u8).collect();
    by_rank.sort_by_key(|&id| (entries[id as usize].rank, id));
    let kernel: &'static Kernel = Box::leak(Box::new(Kernel::new(machine, domains, by_rank, options)));
    let _ = kernel.this.set(kernel); // it was empty
    kernel.arm_injection();
    for (id, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.present) {
        for capability in &entry.capabilities {
            if capability.kind == KIND_DEVICE {
                add_device(kernel, id, capability);
            } else {
                add_capability(kernel, id, capability);
            }
        }
        kernel.capabilities.borrow_mut().seal(id);
    }
    kernel
}

/// The domains that this one restarts with.
fn stands_on(id: usize, entry: &DomainEntry) -> Box<[u8]> {
    let servers = entry.capabilities.iter().filter(|capability| u32::from(capability.kind) == kind::ENDPOINT && capability.domain as usize != id);
    if entry.restarts_with_peers { servers.map(|capability| capability.domain).collect() } else { Box::default() }
}

fn add_capability(kernel: &Kernel, id: usize, entry: &Entry) {
    let mut capability = Capability { kind: entry.kind, ..Capability::default() };
    match u32::from(entry.kind) {
        kind::ENDPOINT => (capability.domain, capability.badge, capability.rights) = (entry.domain, entry.badge, entry.rights),
        kind::NOTIFICATION => {
            (capability.domain, capability.badge, capability.rights) = (entry.domain, entry.bits, right::SIGNAL | right::TRANSFER);
            kernel.note_signaller(&kernel.domains[id], &kernel.domains[entry.domain as usize], entry.bits);
        }
        kind::TIMER => {
            let mut timers = kernel.timers.borrow_mut();
            capability.badge = timers.len() as u32;
            timers.push(Timer { domain: id as u8, bit: entry.bit, deadline: u64::MAX });
            allow_wait(kernel, id, entry.bit);
        }
        kind::CONSOLE => {
            capability.rights = right::READ | right::WRITE;
            bind(kernel, CONSOLE_INTERRUPT, id, entry.bit, false);
        }
        kind::CONTROL => capability.rights = right::READ | right::WRITE,
        _ => {}
    }
    kernel.capabilities.borrow_mut().add_permanent(id, capability);
}

/// The seven parts of a device. On a machine without it the handles exist and are of no kind.
fn add_device(kernel: &'static Kernel, id: usize, entry: &Entry) {
    let device = kernel.machine.find_block_device();
    kernel.device.set(device);
    kernel.device_time_out_ms.set(entry.time_out_ms);
    let mut capabilities = kernel.capabilities.borrow_mut();
    let parts = [kind::WINDOW, kind::WINDOW, kind::WINDOW, kind::WINDOW, kind::INTERRUPT, kind::DMA, 0];
    for (number, part) in parts.into_iter().enumerate() {
        let kind = if device.transport == 0 { 0 } else { part as u8 };
        capabilities.add_permanent(id, Capability { kind, badge: number as u32, ..Capability::default() });
    }
    if device.transport != 0 {
        kernel.driver.set(Some(id as u8));
        if let Some(iommu) = kernel.machine.iommu() {
            capabilities.confinement = Some(Confinement::new(iommu));
            iommu.report_to(&kernel.attention, attention::DEVICE_FAULT);
            kernel.iommu.set(Some(iommu));
        }
        bind(kernel, BLOCK_DEVICE_INTERRUPT, id, entry.bit, true);
    }
}

fn bind(kernel: &Kernel, interrupt: u32, id: usize, bit: u8, is_device: bool) {
    kernel.bindings[interrupt as usize].set(Some(Binding { domain: id as u8, bit, is_device, count: 0 }));
    allow_wait(kernel, id, bit);
}

fn allow_wait(kernel: &Kernel, id: usize, bit: u8) {
    let waitable: &Cell<u32> = &kernel.domains[id].waitable;
    waitable.set(waitable.get() | 1 << bit);
}

/// A fresh instance of a domain's module with a fresh memory. The domain has none.
pub(crate) fn instantiate(kernel: &'static Kernel, id: usize) -> Result<()> {
    let domain = &kernel.domains[id];
    let code = domain.code.get().ok_or_else(|| format_err!("has no module"))?;
    let memory_bytes = u64::from(domain.memory_pages) * WASM_PAGE_BYTES;
    let limits = StoreLimitsBuilder::new().memory_size(memory_bytes as usize).memories(1).tables(1).table_elements(TABLE_LIMIT as usize).instances(1).build();
    let mut store = Store::new(code.module().engine(), StoreData { kernel, domain: id, limits });
    store.limiter(|data| &mut data.limits);
    let instance = code.instantiate(&mut store)?;
    let memory = instance.get_memory(&mut store, "memory").ok_or_else(|| format_err!("exports no memory"))?;
    let shape = memory.ty(&store);
    let pages = u64::from(domain.memory_pages);
    if shape.minimum() != pages || shape.maximum() != Some(pages) {
        bail!("memory of {}..{:?} pages, the manifest says {pages}", shape.minimum(), shape.maximum());
    }
    let message_in = buffer(&instance, &mut store, "messageIn", size_of::<Message>(), memory_bytes)?;
    let message_out = buffer(&instance, &mut store, "messageOut", size_of::<Message>(), memory_bytes)?;
    if message_in.abs_diff(message_out) < size_of::<Message>() as u32 {
        bail!("messageIn and messageOut overlap");
    }
    if instance.get_global(&mut store, "processor").is_some() {
        let address = buffer(&instance, &mut store, "processor", size_of::<u32>(), memory_bytes)?;
        memory.write(&mut store, address as usize, &kernel.machine.processor().to_le_bytes())?;
    }
    let exports = Exports {
        receive: instance.get_typed_func(&mut store, "receive")?,
        start: instance.get_typed_func(&mut store, "start").ok(),
        top_level: instance.get_typed_func(&mut store, "_start").ok(),
        notified: instance.get_typed_func(&mut store, "notified").ok(),
        closed: instance.get_typed_func(&mut store, "closed").ok(),
        background: instance.get_typed_func(&mut store, "background").ok(),
    };
    if exports.closed.is_some() {
        kernel.capabilities.borrow_mut().tell_of_closed(id);
    }
    let base = memory.data_ptr(&store);
    let device_base = kernel.machine.device_address(base, memory_bytes as usize);
    // Safety: the buffers were checked against the memory, which cannot grow (its maximum is its size) or move.
    let loaded = unsafe { Loaded::new(store, base, memory_bytes, message_in, message_out, device_base, exports) };
    // Safety: the domain is not on the stack: it is being loaded for the first time, or was stopped.
    unsafe { domain.load(loaded) };
    Ok(())
}

/// Address of a buffer that the kernel uses, from the module's exported global.
fn buffer(instance: &Instance, store: &mut Store<StoreData>, name: &str, length: usize, memory_bytes: u64) -> Result<u32> {
    let global = instance.get_global(&mut *store, name).ok_or_else(|| format_err!("exports no global {name}"))?;
    let address = global.get(store).i32().ok_or_else(|| format_err!("{name} is no i32"))? as u32;
    let end = u64::from(address) + length as u64;
    if address < BUFFER_ALIGNMENT || address % BUFFER_ALIGNMENT != 0 || end > memory_bytes {
        bail!("{name} = {address} is not an aligned buffer inside the memory");
    }
    Ok(address)
}

//! The microkernel without its machine: domains, capabilities, messages, calls, events and the trace.
//!
//! `no_std`, so that the freestanding kernel links it; everything it needs of the hardware is behind `machine::Machine`,
//! so that the same code runs in tests on Linux. `docs/abi.md` says what it promises.
#![no_std]
#![deny(unsafe_op_in_unsafe_fn)]
extern crate alloc;

pub mod acpi;
pub mod address_space;
pub mod badges;
pub mod bundle;
mod call;
pub mod capability;
mod compiled_code;
mod confinement;
mod derivation;
mod device;
pub mod device_table;
pub mod domain;
pub mod engine_config;
pub mod exclusive;
mod events;
mod facilities;
pub mod frames;
#[rustfmt::skip]
pub mod generated;
mod injection;
pub mod kernel;
mod lending;
pub mod loader;
pub mod machine;
pub mod manifest;
pub mod message;
pub mod mmio_device;
mod supervision;
pub mod symbols;
mod system_calls;
pub mod pci_function;
pub mod trace;
pub mod watchdog;

/// A status of `docs/abi.md`; the numbers are in `generated::status`.
pub type Status = u32;

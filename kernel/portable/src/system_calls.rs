//! The system calls of docs/abi.md §4 as WebAssembly imports of module `kernel`: every register is 32 bits wide.
use crate::domain::StoreData;
use crate::generated::fault;
use crate::kernel::{Kernel, answer};
use wasmtime::{Caller, Engine, Linker, Result, format_err};

type Guest<'a> = Caller<'a, StoreData>;

fn who(guest: &Guest<'_>) -> (&'static Kernel, usize) {
    let data = guest.data();
    (data.kernel, data.domain)
}

pub(crate) fn link(engine: &Engine) -> Result<Linker<StoreData>> {
    let mut linker = Linker::new(engine);
    link_calls(&mut linker)?;
    link_events(&mut linker)?;
    link_device(&mut linker)?;
    link_registers(&mut linker)?;
    link_facilities(&mut linker)?;
    Ok(linker)
}

/// Wraps a method of `Kernel` that takes the domain and words, and returns a number or a status.
macro_rules! system_call {
    ($linker:expr, $name:ident ( $($argument:ident),* )) => {
        $linker.func_wrap("kernel", stringify!($name), |guest: Guest<'_>, $($argument: u32),*| -> Result<i32> {
            let (kernel, me) = who(&guest);
            let answer = answer(kernel.$name(me, $($argument),*));
            kernel.attend(me)?;
            Ok(answer)
        })?
    };
}

fn link_calls(linker: &mut Linker<StoreData>) -> Result<()> {
    linker.func_wrap("kernel", "call", |guest: Guest<'_>, endpoint: u32| -> Result<i32> {
        let (kernel, me) = who(&guest);
        let status = kernel.call(me, endpoint).err().unwrap_or(0);
        kernel.attend(me)?;
        Ok(-(status as i32))
    })?;
    system_call!(linker, lease_read(source, offset, address, length));
    system_call!(linker, lease_write(source, offset, address, length));
    system_call!(linker, grant_create(endpoint, address, length, rights));
    system_call!(linker, capability_mint(handle, rights, badge));
    system_call!(linker, capability_drop(handle));
    system_call!(linker, capability_revoke(handle));
    Ok(())
}

fn link_events(linker: &mut Linker<StoreData>) -> Result<()> {
    system_call!(linker, notify(notification, bits));
    system_call!(linker, wait(mask, timeout_microseconds));
    system_call!(linker, timer_set(timer, microseconds));
    Ok(())
}

fn link_device(linker: &mut Linker<StoreData>) -> Result<()> {
    system_call!(linker, dma_segments(dma, source, offset, length, device_writes, out, max));
    system_call!(linker, device_parameters(dma, out, count));
    system_call!(linker, interrupt_acknowledge(interrupt));
    linker.func_wrap("kernel", "fence", |guest: Guest<'_>| -> Result<()> {
        let (kernel, me) = who(&guest);
        kernel.machine.fence();
        kernel.attend(me)
    })?;
    linker.func_wrap("kernel", "relax", |guest: Guest<'_>| -> Result<()> {
        let (kernel, me) = who(&guest);
        kernel.machine.relax();
        kernel.attend(me)
    })?;
    Ok(())
}

fn link_registers(linker: &mut Linker<StoreData>) -> Result<()> {
    macro_rules! register {
        ($width:literal, $read:literal, $write:literal) => {
            linker.func_wrap("kernel", $read, |guest: Guest<'_>, window: u32, offset: u32| -> Result<u32> {
                let (kernel, me) = who(&guest);
                let address = kernel.register(me, window, offset, $width)?;
                let value = kernel.machine.register_read(address, $width);
                kernel.attend(me)?;
                Ok(value)
            })?;
            linker.func_wrap("kernel", $write, |guest: Guest<'_>, window: u32, offset: u32, value: u32| -> Result<()> {
                let (kernel, me) = who(&guest);
                let address = kernel.register(me, window, offset, $width)?;
                kernel.machine.register_write(address, $width, value);
                kernel.attend(me)
            })?;
        };
    }
    register!(1, "mmio_read8", "mmio_write8");
    register!(2, "mmio_read16", "mmio_write16");
    register!(4, "mmio_read32", "mmio_write32");
    Ok(())
}

fn link_facilities(linker: &mut Linker<StoreData>) -> Result<()> {
    system_call!(linker, clock_read(clock, out));
    system_call!(linker, entropy_read(entropy, address, length));
    system_call!(linker, console_write(console, address, length));
    system_call!(linker, console_read(console, address, length));
    system_call!(linker, console_arguments(console, address, length));
    system_call!(linker, trace_note(trace, address, length));
    system_call!(linker, control_list(control, out, max));
    system_call!(linker, control_kill(control, domain));
    // Neither returns: a module that may not switch the power off and tries to is at fault.
    linker.func_wrap("kernel", "power_off", |guest: Guest<'_>, power: u32, status: u32| -> Result<()> {
        let (kernel, me) = who(&guest);
        if kernel.power_off(me, power, status).is_err() {
            kernel.domains[me].noted_fault.set(fault::MISUSE);
        }
        Err(format_err!("power_off with handle {power:#x}"))
    })?;
    linker.func_wrap("kernel", "fault", |guest: Guest<'_>, message: u32, units: u32, line: u32, column: u32| -> Result<()> {
        let (kernel, me) = who(&guest);
        Err(kernel.fault(me, message, units, line, column))
    })?;
    Ok(())
}

//! Where the compiled code of the modules lies, for the watchdog: bodies of functions, where a domain may be stopped between
//! any two instructions, and one instruction that Wasmtime knows to trap.
//!
//! What stays true: a module that was noted is never unloaded, so an address that was code is code for ever.
use crate::watchdog;
use alloc::vec::Vec;
use wasmtime::{Module, Result, bail, format_err};

/// Cranelift aligns functions to this. A smaller gap between two has room for padding, not for a trampoline.
const FUNCTION_ALIGNMENT: usize = 32;
/// `ud2`, what `unreachable` becomes.
const TRAP: [u8; 2] = [0x0f, 0x0b];

/// Notes the code of a module, and keeps it loaded.
pub fn note(module: &Module) -> Result<()> {
    let text = module.text();
    let base = text.as_ptr() as usize;
    let mut bodies: Vec<(usize, usize)> = module.functions().map(|function| (function.offset, function.offset + function.len)).collect();
    bodies.sort_unstable();
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    for (start, end) in bodies {
        match pieces.last_mut() {
            Some(last) if start - last.1 < FUNCTION_ALIGNMENT => last.1 = end,
            _ => pieces.push((start, end)),
        }
    }
    core::mem::forget(module.clone());
    for (start, end) in pieces {
        if !watchdog::add_code(base + start, base + end, base, base + text.len()) {
            bail!("too many modules for the watchdog's table");
        }
    }
    Ok(())
}

/// Finds the trap of the module that consists of nothing else, and keeps it loaded.
pub fn find_trap_site(module: &Module) -> Result<()> {
    let function = module.functions().next().ok_or_else(|| format_err!("has no function"))?;
    let text = module.text();
    let body = &text[function.offset..function.offset + function.len];
    let mut sites = body.windows(TRAP.len()).enumerate().filter(|(_, bytes)| *bytes == TRAP).map(|(at, _)| at);
    let (Some(at), None) = (sites.next(), sites.next()) else { bail!("does not have one trap") };
    core::mem::forget(module.clone());
    watchdog::set_trap_site(text.as_ptr() as usize + function.offset + at);
    Ok(())
}

//! Compiles modules with the settings that the kernel has, and refuses modules that it would refuse.
use crate::bundle::TRAP_MODULE;
use crate::engine_config::{CPU_FEATURES, shared_config};
use crate::manifest_text::System;
use crate::module_rules;
use wasmtime::{Engine, OptLevel};

/// The kernel is built for this target; naming it also keeps Cranelift from using what the build machine's CPU has.
const TARGET: &str = "x86_64-unknown-linux-gnu";

pub type Compiled<'a> = Vec<(&'a str, Vec<u8>)>;

fn engine() -> Result<Engine, wasmtime::Error> {
    let mut config = shared_config();
    config.target(TARGET)?;
    for feature in CPU_FEATURES {
        // Safety: the kernel refuses to load code whose features the CPU lacks.
        unsafe { config.cranelift_flag_enable(feature) };
    }
    config.cranelift_opt_level(OptLevel::Speed);
    config.generate_address_map(false); // only a back trace would read it
    Engine::new(&config)
}

/// `(module (func unreachable))` (WebAssembly 1.0 §5.5): a type, a function of it, and its body.
const TRAP_WASM: [u8; 25] = [
    0, b'a', b's', b'm', 1, 0, 0, 0, // magic, version
    1, 4, 1, 0x60, 0, 0, // type section: one function type without parameters and results
    3, 2, 1, 0, // function section: one function, of type 0
    10, 5, 1, 3, 0, 0x00, 0x0b, // code section: one body of 3 bytes: no locals, unreachable, end
];

/// Machine code for every module, in the same order, and for the trap module.
pub fn compile<'a>(modules: &[(&'a str, Vec<u8>)], system: &System) -> Result<Compiled<'a>, Vec<String>> {
    let engine = engine().map_err(|error| vec![format!("{error:#}")])?;
    let (mut compiled, mut problems) = (Vec::new(), Vec::new());
    for (index, (name, wasm)) in modules.iter().enumerate() {
        for domain in system.domains.iter().filter(|domain| domain.present && domain.module as usize == index) {
            if let Err(problem) = module_rules::check(wasm, domain.memory_pages) {
                problems.push(format!("module {name}: {problem}"));
            }
        }
        match engine.precompile_module(wasm) {
            Ok(code) => compiled.push((*name, code)),
            Err(error) => problems.push(format!("module {name}: {}", format!("{error:#}").replace('\n', " "))),
        }
    }
    match engine.precompile_module(&TRAP_WASM) {
        Ok(code) => compiled.push((TRAP_MODULE, code)),
        Err(error) => problems.push(format!("the trap module: {error:#}")),
    }
    if problems.is_empty() { Ok(compiled) } else { Err(problems) }
}

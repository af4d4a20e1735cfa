//! Compiles the modules of a system ahead of time and packs them, with the manifest, into the bundle that the kernel boots.
//!
//! ```text
//! axiom-aot --manifest services/system.json --modules build/modules --out build/kernel/bundle.bin [--kernel build/kernel/kernel.elf]
//! ```
//!
//! With the kernel that will boot it, the bundle carries the names of its functions, for back traces.
//! Module NAME of the manifest is MODULES/NAME.wasm. A module that several domains use is compiled once. Whatever is wrong
//! is told in one line on standard error each, with exit status 1, and no bundle is written.
extern crate alloc;

#[path = "../../portable/src/bundle.rs"]
#[allow(dead_code)]
mod bundle;
mod compile;
mod kernel_symbols;
#[path = "../../portable/src/engine_config.rs"]
mod engine_config;
#[path = "../../portable/src/generated.rs"]
#[allow(dead_code)]
mod generated;
#[path = "../../portable/src/manifest.rs"]
#[allow(dead_code)]
mod manifest;
mod manifest_text;
mod module_rules;
#[path = "../../portable/src/symbols.rs"]
#[allow(dead_code)]
mod symbols;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

struct Arguments {
    manifest: PathBuf,
    modules: PathBuf,
    out: PathBuf,
    kernel: Option<PathBuf>,
}

fn parse_arguments() -> Result<Arguments, String> {
    let usage = "usage: axiom-aot --manifest FILE --modules DIRECTORY --out FILE [--kernel FILE]";
    let (mut manifest, mut modules, mut out, mut kernel) = (None, None, None, None);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let place = match word.as_str() {
            "--manifest" => &mut manifest,
            "--modules" => &mut modules,
            "--out" => &mut out,
            "--kernel" => &mut kernel,
            _ => return Err(format!("unknown argument {word}; {usage}")),
        };
        *place = Some(PathBuf::from(words.next().ok_or(usage)?));
    }
    match (manifest, modules, out) {
        (Some(manifest), Some(modules), Some(out)) => Ok(Arguments { manifest, modules, out, kernel }),
        _ => Err(usage.to_string()),
    }
}

fn run() -> Result<(), Vec<String>> {
    let arguments = parse_arguments().map_err(|problem| vec![problem])?;
    let text = read(&arguments.manifest)?;
    let system = manifest_text::parse(&text)?;
    let mut modules = Vec::new();
    for name in &system.module_names {
        modules.push((name.as_str(), read(&arguments.modules.join(format!("{name}.wasm")))?));
    }
    let compiled = compile::compile(&modules, &system)?;
    let symbols = match &arguments.kernel {
        Some(path) => Some(kernel_symbols::read(&read(path)?).map_err(|problem| vec![problem])?),
        None => None,
    };
    let mut entries: Vec<(&str, &[u8])> = compiled.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    entries.extend(symbols.iter().map(|symbols| (bundle::KERNEL_SYMBOLS, symbols.as_slice())));
    let bundle = bundle::build(&manifest::encode(&system.domains), &entries);
    if let Some(directory) = arguments.out.parent() {
        std::fs::create_dir_all(directory).map_err(|error| vec![format!("{}: {error}", directory.display())])?;
    }
    std::fs::write(&arguments.out, &bundle).map_err(|error| vec![format!("{}: {error}", arguments.out.display())])?;
    println!("{}: {} modules, {} bytes", arguments.out.display(), compiled.len(), bundle.len());
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Vec<String>> {
    std::fs::read(path).map_err(|error| vec![format!("{}: {error}", path.display())])
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) => {
            problems.iter().for_each(|problem| eprintln!("axiom-aot: {problem}"));
            ExitCode::FAILURE
        }
    }
}

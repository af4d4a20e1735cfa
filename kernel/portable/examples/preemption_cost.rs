//! What it would cost to check in compiled code whether a module has run too long: hot loops without checks, with epoch checks and with fuel.
//! `cargo run --manifest-path kernel/portable/Cargo.toml --example preemption_cost` prints nanoseconds a turn (the best of several runs);
//! docs/decisions/0003-watchdog.md has the figures.
use axiom_kernel_portable::engine_config::{CPU_FEATURES, shared_config};
use std::time::Instant;
use wasmtime::{Engine, Instance, Module, OptLevel, Store};

const RUNS: usize = 300;
const TURNS: u32 = 500_000;

/// Name, locals, and the body of a loop; `$n` counts down, `$x` is the result.
const LOOPS: [(&str, &str); 5] = [
    ("count", ""),
    ("mix registers", "(local.set $x (i32.xor (i32.rotl (local.get $x) (i32.const 5)) (i32.mul (local.get $n) (i32.const 0x9e3779b1))))"),
    ("load and add", "(local.set $x (i32.add (local.get $x) (i32.load (i32.and (local.get $n) (i32.const 0xfffc)))))"),
    ("load, mix, store", "(i32.store (i32.and (local.get $n) (i32.const 0xfffc)) (local.tee $x (i32.add (i32.rotl (local.get $x) (i32.const 7)) (i32.load (i32.and (local.get $x) (i32.const 0xfffc))))))"),
    ("call", "(local.set $x (call $leaf (local.get $x) (local.get $n)))"),
];

/// Nanoseconds a turn, and the result.
fn measure(body: &str, has_epoch: bool, has_fuel: bool) -> (f64, u32) {
    let mut config = shared_config();
    config.epoch_interruption(has_epoch).consume_fuel(has_fuel).cranelift_opt_level(OptLevel::Speed);
    config.target("x86_64-unknown-linux-gnu").expect("the kernel's target");
    for feature in CPU_FEATURES {
        // Safety: any CPU that can build this has them (x86-64-v2).
        unsafe { config.cranelift_flag_enable(feature) };
    }
    let engine = Engine::new(&config).expect("an engine");
    let text = format!(
        r#"(module (memory 1 1)
          (func $leaf (param i32 i32) (result i32) (i32.add (i32.rotl (local.get 0) (i32.const 3)) (local.get 1)))
          (func (export "run") (param $n i32) (result i32) (local $x i32)
            (loop $again {body} (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $x)))"#
    );
    let module = Module::new(&engine, wat::parse_str(text).expect("WebAssembly text")).expect("a module");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("an instance");
    let run = instance.get_typed_func::<u32, u32>(&mut store, "run").expect("run");
    let (mut best, mut result) = (f64::MAX, 0);
    for _ in 0..RUNS {
        if has_epoch {
            store.set_epoch_deadline(1 << 40);
        }
        if has_fuel {
            store.set_fuel(u64::MAX / 2).expect("fuel");
        }
        let began = Instant::now();
        result = run.call(&mut store, TURNS).expect("it ends");
        best = best.min(began.elapsed().as_nanos() as f64 / f64::from(TURNS));
    }
    (best, result)
}

fn main() {
    println!("{:<18}{:>10}{:>10}{:>10}   ns a turn; times the first", "loop", "none", "epoch", "fuel");
    for (name, body) in LOOPS {
        let (none, expected) = measure(body, false, false);
        let (epoch, with_epoch) = measure(body, true, false);
        let (fuel, with_fuel) = measure(body, false, true);
        assert_eq!((expected, expected), (with_epoch, with_fuel), "checks change no result");
        println!("{name:<18}{none:>10.3}{epoch:>10.3}{fuel:>10.3}   {:.2} {:.2}", epoch / none, fuel / none);
    }
}

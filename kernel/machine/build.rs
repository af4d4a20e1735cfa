//! Link options of a static program without start files or a C library.
fn main() {
    let directory = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    println!("cargo:rerun-if-changed=link.ld");
    println!("cargo:rerun-if-changed=src/boot.s");
    let script = format!("-Wl,-T,{directory}/link.ld");
    let options = ["-nostartfiles", "-nostdlib", "-static", "-no-pie", &script, "-Wl,--gc-sections", "-Wl,--build-id=none",
        "-Wl,-z,max-page-size=4096", "-Wl,-z,noexecstack"];
    for option in options {
        println!("cargo:rustc-link-arg-bins={option}");
    }
}

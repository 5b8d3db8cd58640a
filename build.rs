//! Generates Rust code from `openapi/doit.yaml` into `OUT_DIR`. The generator is in `openapi/generator/`.

#![allow(clippy::print_stdout, reason = "how a build script speaks to cargo")]

#[path = "openapi/generator/mod.rs"]
mod generator;

use std::path::{Path, PathBuf};

const SPEC: &str = "openapi/doit.yaml";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={SPEC}");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let with_schemas = std::env::var_os("CARGO_FEATURE_SCHEMARS").is_some();

    if let Err(error) = generate_into(&out, with_schemas) {
        for line in error.lines() {
            println!("cargo::error={line}");
        }
        std::process::exit(1);
    }
}

fn generate_into(folder: &Path, with_schemas: bool) -> Result<(), String> {
    let text = std::fs::read_to_string(SPEC).map_err(|error| format!("{SPEC}: {error}"))?;
    let generated = generator::generate(SPEC, &text, with_schemas)?;
    for (name, code) in [
        ("types.rs", generated.types),
        ("client.rs", generated.client),
        ("operations.rs", generated.operations),
        ("schemas.rs", generated.schemas),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, code).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

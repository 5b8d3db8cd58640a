//! `cargo xtask rust-version`: builds and tests with exactly the oldest compiler that Cargo.toml promises.

use anyhow::Context;
use xshell::{Shell, cmd};

pub fn run() -> anyhow::Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(crate::root());
    let manifest: toml::Table = shell.read_file("Cargo.toml")?.parse()?;
    let version = manifest["workspace"]["package"]["rust-version"].as_str().context("it is not a string")?;
    let target = crate::target().join("rust-version");
    // rustup installs the compiler if it is missing.
    cmd!(shell, "rustup run --install {version} cargo test --locked --workspace --target-dir {target}").run()?;
    crate::print(&format!("The project builds with Rust {version}, and its tests pass."));
    Ok(())
}

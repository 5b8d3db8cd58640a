//! `cargo xtask ci`: what CI runs.

use xshell::{Shell, cmd};

/// The feature sets to check: no features, each part alone, the default, and all.
const FEATURE_SETS: [&[&str]; 6] = [
    &["--no-default-features"],
    &["--no-default-features", "--features", "client"],
    &["--no-default-features", "--features", "sign-in"],
    &["--no-default-features", "--features", "sandbox"],
    &[],
    ALL_FEATURES,
];

/// What a check with one feature set uses.
pub const ALL_FEATURES: &[&str] = &["--all-features"];

pub fn run() -> anyhow::Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(crate::root());

    crate::workflows::check(&shell)?;
    crate::licences::check(&shell)?;
    check(&shell, &FEATURE_SETS)?;
    // The README's test command.
    cmd!(shell, "cargo test --workspace").run()?;
    for file in shell.read_dir("tests/examples")? {
        let example = file.file_stem().unwrap_or_default();
        cmd!(shell, "cargo run --quiet --package dci --example {example}").run()?;
    }
    crate::package::run()?;
    crate::rehearsal::run()
}

/// Checks the formatting, and with each of the feature sets, that clippy and the docs have no warnings.
pub fn check(shell: &Shell, feature_sets: &[&[&str]]) -> anyhow::Result<()> {
    cmd!(shell, "cargo fmt --all --check").run()?;
    for &features in feature_sets {
        cmd!(shell, "cargo clippy --package dci --all-targets {features...} -- --deny warnings").run()?;
    }
    cmd!(shell, "cargo clippy --package xtask --all-targets -- --deny warnings").run()?;
    let _flags = shell.push_env("RUSTDOCFLAGS", "--deny warnings");
    for &features in feature_sets {
        cmd!(shell, "cargo doc --package dci --no-deps {features...}").run()?;
    }
    Ok(())
}

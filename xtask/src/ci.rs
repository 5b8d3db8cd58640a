//! `cargo xtask ci`: what CI runs.

use anyhow::Context;
use xshell::{Shell, cmd};

use crate::steps::Steps;

/// The feature sets to check besides [`ALL_FEATURES`]: no features, and each part alone.
const FEATURE_SETS: [&[&str]; 4] = [
    &["--no-default-features"],
    &["--no-default-features", "--features", "client"],
    &["--no-default-features", "--features", "sign-in"],
    &["--no-default-features", "--features", "sandbox"],
];

/// The default features are the same.
const ALL_FEATURES: &str = "--all-features";

pub fn run() -> anyhow::Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(crate::root());
    let mut steps = Steps::default();

    crate::workflows::check(&shell)?;
    crate::licences::check(&shell)?;
    for features in FEATURE_SETS {
        let clippy = cmd!(shell, "cargo clippy --package dci --all-targets {features...} -- --deny warnings");
        steps.run(clippy)?;
    }
    for features in FEATURE_SETS {
        // An example, so that cargo takes the dependencies with the features that clippy checked them with.
        let docs = cmd!(shell, "cargo doc --package dci --no-deps --lib --example types {features...}");
        steps.run(docs.env("RUSTDOCFLAGS", "--deny warnings"))?;
    }
    check(&shell, &mut steps)?;
    // The README's test command. It also builds the examples.
    steps.run(cmd!(shell, "cargo test --workspace"))?;
    for file in shell.read_dir("tests/examples")? {
        let example = crate::target().join("debug/examples").join(file.file_stem().context("no file name")?);
        steps.run(cmd!(shell, "{example}"))?;
    }
    let xtask = std::env::current_exe()?;
    steps.run(cmd!(shell, "{xtask} package"))?;
    steps.run(cmd!(shell, "{xtask} rehearse"))?;
    steps.print();
    Ok(())
}

/// Checks the formatting, and with all features, that clippy and the docs have no warnings.
pub fn check(shell: &Shell, steps: &mut Steps) -> anyhow::Result<()> {
    steps.run(cmd!(shell, "cargo fmt --all --check"))?;
    steps.run(cmd!(shell, "cargo clippy --workspace --all-targets {ALL_FEATURES} -- --deny warnings"))?;
    let docs = cmd!(shell, "cargo doc --package dci --no-deps {ALL_FEATURES}");
    steps.run(docs.env("RUSTDOCFLAGS", "--deny warnings"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn the_default_features_are_all_features() {
        let manifest = std::fs::read_to_string(crate::root().join("Cargo.toml")).expect("the manifest");
        let manifest: toml::Table = manifest.parse().expect("TOML");
        let features = manifest["features"].as_table().expect("a table");
        let default: BTreeSet<&str> =
            features["default"].as_array().expect("a list").iter().filter_map(toml::Value::as_str).collect();
        let all: BTreeSet<&str> = features.keys().map(String::as_str).filter(|name| *name != "default").collect();
        assert_eq!(default, all);
    }
}

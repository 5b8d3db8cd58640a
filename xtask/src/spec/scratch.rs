//! A copy of the library with another spec, to compile it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::Value;
use xshell::{Shell, cmd};

use super::update::to_yaml;
use crate::generator::spec::{id, operations, rust_name};

/// Writes a crate under `target/` that is this project's library, generated from `spec`. Returns its folder.
pub fn scratch_crate(spec: &Value) -> anyhow::Result<PathBuf> {
    let (root, scratch) = (crate::root(), crate::target().join("spec-check"));
    let shell = Shell::new()?;
    shell.remove_path(&scratch)?;
    shell.create_dir(scratch.join("openapi"))?;
    shell.write_file(scratch.join("Cargo.toml"), manifest(&root)?)?;
    shell.write_file(scratch.join("openapi/doit.yaml"), to_yaml(spec)?)?;
    shell.write_file(scratch.join("calls.rs"), calls(spec))?;
    shell.copy_file(root.join("Cargo.lock"), &scratch)?;
    shell.copy_file(root.join("build.rs"), &scratch)?;
    let (generator, src) = (root.join("openapi/generator"), root.join("src"));
    cmd!(shell, "cp -R {generator} {scratch}/openapi/").quiet().run()?;
    cmd!(shell, "cp -R {src} {scratch}/").quiet().run()?;
    Ok(scratch)
}

/// Checks that the scratch crate compiles with these features, such as `client,schemars`.
pub fn compile(scratch: &Path, features: &str) -> anyhow::Result<()> {
    let (shell, manifest, target) = (Shell::new()?, scratch.join("Cargo.toml"), crate::target());
    cmd!(shell, "cargo check --quiet --lib --examples --manifest-path {manifest} --target-dir {target}")
        .args(["--no-default-features", "--features", features])
        .quiet()
        .run()
        .with_context(|| format!("the generated code does not compile with the features {features:?}"))
}

/// A program that makes the call of every operation: that of an operation whose error is not `Error` does not compile.
fn calls(spec: &Value) -> String {
    let calls: Vec<String> = operations(spec)
        .map(|(_, _, operation)| rust_name(id(operation)))
        .map(|method| format!("    drop(dci::client::call(client.{method}().send()));\n"))
        .collect();
    format!("pub fn every_call(client: &dci::client::Client) {{\n{}}}\n\nfn main() {{}}\n", calls.concat())
}

/// The project's manifest, reduced to the library and without the workspace.
fn manifest(root: &Path) -> anyhow::Result<String> {
    let mut manifest: toml::Table = std::fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
    let workspace = manifest.insert("workspace".into(), toml::Table::new().into()).context("no workspace")?;
    let shared = workspace["package"].as_table().context("no workspace.package")?.clone();
    for name in ["bin", "test", "dev-dependencies", "lints"] {
        manifest.remove(name);
    }
    let platforms = manifest.get_mut("target").and_then(toml::Value::as_table_mut).context("no target")?;
    for platform in platforms.iter_mut().filter_map(|(_, platform)| platform.as_table_mut()) {
        platform.remove("dev-dependencies");
    }
    let package = manifest.get_mut("package").and_then(toml::Value::as_table_mut).context("no package")?;
    package.remove("default-run");
    package.extend(shared);
    // Crates with the same name that share a target folder also share a build script, so this one has another name.
    package.insert("name".into(), "dci-scratch".into());
    let calls = [("name", "calls".into()), ("path", "calls.rs".into()), ("required-features", vec!["client"].into())];
    let calls = calls.map(|(key, value): (_, toml::Value)| (key.to_owned(), value));
    manifest.insert("example".into(), vec![toml::Table::from_iter(calls)].into());
    manifest.insert("lib".into(), toml::Table::from_iter([("name".to_owned(), "dci".into())]).into());
    Ok(manifest.to_string())
}

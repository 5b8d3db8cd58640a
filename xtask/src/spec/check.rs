use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::Value;
use xshell::{Shell, cmd};

use super::slice::{ids, slice};
use super::source::{follow, place_of, walk};
use super::{own_document, source};
use crate::generator::progenitor_file;

#[derive(clap::Args)]
pub struct Args {
    /// The document; - for stdin; without it, that of this project
    #[arg(long, value_name = "FILE")]
    file: Option<String>,

    /// Compile what is generated, too: the library with this document, in a scratch crate under target/
    #[arg(long)]
    compile: bool,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let file = args.file.clone().unwrap_or_else(|| own_document().display().to_string());
    let document = source::read(&file)?;
    let problems = problems(&document);
    for problem in &problems {
        crate::show(problem);
    }
    if !problems.is_empty() {
        bail!("{file} is not in order: {} problems", problems.len());
    }
    if args.compile {
        compile(&document)?;
    }
    let compiled = if args.compile { ", and what is generated compiles" } else { "" };
    crate::show(&format!("{file} is in order: {} operations{compiled}.", ids(&document).len()));
    Ok(())
}

/// What is wrong with a document, each with its place.
pub fn problems(document: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    walk(document, "#", &mut |place, value| {
        if let Some(reference) = value["$ref"].as_str() {
            problems.extend(follow(document, place, reference).err().map(|error| format!("{error:#}")));
        }
    });
    if problems.is_empty() {
        problems.extend(unused(document));
    }
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in
            item.as_object().into_iter().flatten().filter(|(_, part)| part["responses"].is_object())
        {
            problems.extend(
                lacks(operation).into_iter().map(|lack| format!("at {}: it has no {lack}", place_of(path, method))),
            );
        }
    }
    if problems.is_empty() {
        problems.extend(progenitor_file(document, true).err());
    }
    problems
}

fn lacks(operation: &Value) -> Vec<&'static str> {
    let has_text = |name: &str| operation[name].as_str().is_some_and(|text| !text.trim().is_empty());
    let mut statuses = operation["responses"].as_object().into_iter().flatten().map(|(status, _)| status);
    let has_error = statuses.any(|status| status.starts_with(['4', '5']) || status == "default");
    let lacks =
        [(has_text("operationId"), "operationId"), (has_text("summary"), "summary"), (has_error, "documented error")];
    lacks.into_iter().filter(|(has, _)| !has).map(|(_, lack)| lack).collect()
}

/// Components that no operation leads to.
fn unused(document: &Value) -> Vec<String> {
    let used = match slice(document, &ids(document)) {
        Ok(used) => components(&used),
        Err(error) => return vec![format!("{error:#}")],
    };
    components(document).difference(&used).map(|place| format!("at {place}: nothing uses it")).collect()
}

fn components(document: &Value) -> BTreeSet<String> {
    let kinds = document["components"].as_object().into_iter().flatten();
    let named =
        kinds.flat_map(|(kind, parts)| parts.as_object().into_iter().flatten().map(move |(name, _)| (kind, name)));
    named.map(|(kind, name)| format!("#/components/{kind}/{name}")).collect()
}

fn compile(document: &Value) -> anyhow::Result<()> {
    let scratch = scratch_crate(document)?;
    let (manifest, target) = (scratch.join("Cargo.toml"), crate::target());
    let shell = Shell::new()?;
    cmd!(shell, "cargo check --quiet --lib --manifest-path {manifest} --target-dir {target}")
        .args(["--no-default-features", "--features", "client,schemars"])
        .quiet()
        .run()
        .context("what is generated does not compile")
}

/// The library, as other crates have it, made from this document: a crate on its own under `target/`.
pub fn scratch_crate(document: &Value) -> anyhow::Result<PathBuf> {
    let (root, scratch) = (crate::root(), crate::target().join("spec-check"));
    let shell = Shell::new()?;
    shell.remove_path(&scratch)?;
    shell.create_dir(scratch.join("openapi"))?;
    shell.write_file(scratch.join("Cargo.toml"), manifest(&root)?)?;
    shell.write_file(scratch.join("openapi/doit.yaml"), super::update::to_yaml(document)?)?;
    shell.copy_file(root.join("Cargo.lock"), &scratch)?;
    shell.copy_file(root.join("build.rs"), &scratch)?;
    let (generator, src) = (root.join("openapi/generator"), root.join("src"));
    cmd!(shell, "cp -R {generator} {scratch}/openapi/").quiet().run()?;
    cmd!(shell, "cp -R {src} {scratch}/").quiet().run()?;
    Ok(scratch)
}

/// The project's manifest as that of a crate on its own: the library alone.
fn manifest(root: &Path) -> anyhow::Result<String> {
    let mut manifest: toml::Table = std::fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
    let workspace = manifest.insert("workspace".into(), toml::Table::new().into()).context("a workspace")?;
    let shared = workspace["package"].as_table().context("what the packages share")?.clone();
    for name in ["bin", "test", "dev-dependencies", "target", "lints", "profile"] {
        manifest.remove(name);
    }
    let package = manifest.get_mut("package").and_then(toml::Value::as_table_mut).context("a package")?;
    package.remove("default-run");
    package.extend(shared);
    // With a name of its own, or cargo takes its build script for the project's where they share a target folder.
    package.insert("name".into(), "dci-scratch".into());
    manifest.insert("lib".into(), toml::Table::from_iter([("name".to_owned(), "dci".into())]).into());
    Ok(manifest.to_string())
}

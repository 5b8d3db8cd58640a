//! `cargo xtask rehearse`: updates a copy of the project to a made-up next version of the API's spec, with the commands
//! of `openapi/README.md`, and checks that the copy passes what CI runs.
//!
//! The copy shares the compiled dependencies of the project. Packages with the same name and version that share a build
//! folder also share a build script, so those of the copy have another version.

use std::path::Path;

use anyhow::{Context, ensure};
use xshell::{Shell, cmd};

use crate::spec::next_version::{NEW_OPERATIONS, Renamed, next_version};
use crate::spec::{read::read_own, update::to_yaml};
use crate::steps::Steps;

/// The page with the recipe, and the section that it is in.
const PAGE: &str = "openapi/README.md";
const SECTION: &str = "Update the spec";

/// What the recipe calls the full spec of the API, and an operation to add.
const FULL_SPEC: &str = "FULL.yaml";
const OPERATION: &str = "OPERATION";

/// What gets another name in the next version.
const RENAMED: Renamed<'_> = Renamed { schema: "InvitedUserBody", schema_of_property: "Role", property: "customer" };

/// The version of the copy's packages.
const VERSION: &str = "0.0.1-rehearsal";

/// The last command of the recipe. The copy runs only those of its checks that a new spec can turn red and that the
/// recipe did not run: the formatting, clippy and the docs, with all features. What is left is the same with each spec
/// (licences, examples, the package), or already checked for the kinds of schemas (the other sets of features).
const CI: &str = "cargo xtask ci";

pub fn run() -> anyhow::Result<()> {
    let folder = crate::target().join("rehearsal");
    let copy = folder.join("copy");
    let shell = Shell::new()?;
    copy_project(&shell, &copy)?;
    shell.change_dir(&copy);
    for manifest in ["Cargo.toml", "xtask/Cargo.toml"] {
        let text = with_version(&shell.read_file(manifest)?, VERSION).context(manifest)?;
        shell.write_file(manifest, text)?;
    }
    shell.set_var("CARGO_TARGET_DIR", folder.join("target"));
    // Cargo older than 1.91 ignores it, and compiles the dependencies again.
    shell.set_var("CARGO_BUILD_BUILD_DIR", crate::target());
    shell.write_file(FULL_SPEC, to_yaml(&next_version(&read_own()?, &RENAMED)?)?)?;

    let page = shell.read_file(PAGE)?;
    for command in commands(&page)? {
        crate::print(&format!("Rehearsing: {command}"));
        let step =
            if command == CI { crate::ci::check(&shell, &mut Steps::default()) } else { run_quietly(&shell, &command) };
        step.with_context(|| format!("the recipe of {PAGE} fails at `{command}`, in {}", copy.display()))?;
    }
    crate::print(&format!("The recipe of {PAGE} takes a made-up next version of the spec, and the checks pass."));
    Ok(())
}

/// Runs a command of the recipe, as a shell does. Its output matters only if it fails.
fn run_quietly(shell: &Shell, command: &str) -> anyhow::Result<()> {
    let output = cmd!(shell, "sh -c {command}").quiet().ignore_status().output()?;
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    ensure!(output.status.success(), "{}\n{stdout}\n{stderr}", output.status);
    Ok(())
}

/// Copies the project. The files keep their times, so that cargo compiles again only what changed.
fn copy_project(shell: &Shell, copy: &Path) -> anyhow::Result<()> {
    shell.remove_path(copy)?;
    shell.create_dir(copy)?;
    let (target, root) = (crate::target(), crate::root());
    for entry in shell.read_dir(&root)? {
        let is_source = ![root.join(".git"), root.join("target"), target.clone()].contains(&entry);
        if is_source {
            cmd!(shell, "cp -Rp {entry} {copy}").quiet().run()?;
        }
    }
    Ok(())
}

/// A manifest whose package has this version.
fn with_version(manifest: &str, version: &str) -> anyhow::Result<String> {
    let mut manifest: toml::Table = manifest.parse()?;
    let package = manifest.get_mut("package").and_then(toml::Value::as_table_mut).context("no package")?;
    package.insert("version".into(), version.into());
    Ok(manifest.to_string())
}

/// The commands of the recipe: the code spans of its numbered steps that run cargo.
fn commands(page: &str) -> anyhow::Result<Vec<String>> {
    let mut sections = page.split("\n## ");
    let section = sections.find(|section| section.starts_with(SECTION));
    let section = section.with_context(|| format!("{PAGE} has no section {SECTION:?}"))?;
    let steps = section.split("\n\n").filter(|paragraph| paragraph.starts_with("1. "));
    let spans = steps.flat_map(|steps| steps.split('`').skip(1).step_by(2));
    let commands = spans.map(|span| span.split_whitespace().collect::<Vec<_>>());
    let commands = commands.filter(|words| words.iter().find(|word| !word.contains('=')) == Some(&"cargo"));
    let commands: Vec<String> =
        commands.map(|words| words.join(" ").replace(OPERATION, &NEW_OPERATIONS.join(" --add "))).collect();
    ensure!(commands.last().is_some_and(|last| last == CI), "the recipe of {PAGE} does not end with `{CI}`");
    Ok(commands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_the_code_spans_of_the_recipe_that_run_cargo() {
        let page = "# The spec\n\n## Update the spec\n\n1. `cargo xtask spec diff --from FULL.yaml` shows `doit.yaml`.\n\
                    2. `A=b cargo test\n   --workspace`, with `--add OPERATION`.\n3. `cargo xtask ci` checks.\n\n\
                    Later: `cargo bench`.\n\n## Other\n\n1. `cargo doc`.\n";
        let expected = ["cargo xtask spec diff --from FULL.yaml", "A=b cargo test --workspace", CI];
        assert_eq!(commands(page).expect("a recipe"), expected);
        for bad in ["# The spec\n", "## Update the spec\n\nNothing.\n", "## Update the spec\n\n1. `cargo test`.\n"] {
            assert!(commands(&format!("\n{bad}")).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_page_has_a_recipe_that_adds_an_operation() {
        let page = std::fs::read_to_string(crate::root().join(PAGE)).expect("the page");
        let commands = commands(&page).expect("a recipe");
        let added = format!("--add {}", NEW_OPERATIONS.join(" --add "));
        assert!(commands.iter().any(|command| command.ends_with(&added)), "{commands:?}");
    }
}

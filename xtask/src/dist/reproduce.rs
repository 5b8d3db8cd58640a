//! `cargo xtask dist --reproduce`: makes the release again from a clone in another folder, and compares the bytes.

use std::path::Path;

use anyhow::ensure;
use xshell::{Shell, cmd};

use super::SUMS;
use super::target::Target;

pub fn run(shell: &Shell, targets: &[Target], made: &Path) -> anyhow::Result<()> {
    let changes = cmd!(shell, "git status --porcelain").quiet().read()?;
    ensure!(changes.is_empty(), "a clone has only what is committed. Commit these changes first:\n{changes}");
    let folder = shell.create_temp_dir()?;
    let (root, clone) = (crate::root(), folder.path().join("clone"));
    cmd!(shell, "git clone --quiet {root} {clone}").quiet().run()?;

    let _in_clone = shell.push_dir(&clone);
    let targets = targets.iter().flat_map(|target| ["--target", target.triple()]);
    cmd!(shell, "cargo xtask dist {targets...}").env_remove("CARGO_TARGET_DIR").run()?;
    let (first, again) = (sums_in(shell, made)?, sums_in(shell, &clone.join("target/dist"))?);
    let differ: Vec<&str> = first.lines().filter(|line| !again.lines().any(|other| other == *line)).collect();
    ensure!(differ.is_empty() && first == again, "not the same bytes:\n{}", differ.join("\n"));
    crate::print("A clone in another folder gives the same bytes.");
    Ok(())
}

fn sums_in(shell: &Shell, folder: &Path) -> anyhow::Result<String> {
    Ok(shell.read_file(folder.join(SUMS))?)
}

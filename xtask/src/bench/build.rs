//! How long debug builds take, from a clone and after a change, and how large the release build is.

use std::fs::{self, File};
use std::path::Path;
use std::time::SystemTime;

use anyhow::Context;
use xshell::{Shell, cmd};

use super::figure::{Figure, Target, Unit};
use super::measure::{Measured, Program, Several, bytes, seconds};
use crate::spec::{read::read_own, scratch::scratch_crate, update::to_yaml};

/// How often an incremental build is measured. The median counts.
const TIMES: usize = 5;

/// How often a fresh clone is built. The median counts.
const CLONES: usize = 3;

/// The target for the size of the program.
const MAX_BYTES: u32 = 8 << 20;

pub fn size() -> anyhow::Result<Vec<Figure>> {
    let program = super::dci();
    let size = fs::metadata(&program).with_context(|| program.display().to_string())?.len();
    let figure = Figure::new("size of the program, release", Unit::Bytes, bytes(size)?);
    Ok(vec![figure.with_targets([Target::AtMost(MAX_BYTES.into())])])
}

pub fn figures() -> anyhow::Result<Vec<Figure>> {
    let shell = Shell::new()?;
    shell.change_dir(crate::root());
    let first = (0..CLONES).map(|_| first_result(&shell)).collect::<anyhow::Result<Vec<Measured>>>()?;
    let first_result = |what: &str, of: fn(&Measured) -> f64| {
        Figure::new(
            format!("first result from a clone, debug: {what}"),
            Unit::Seconds,
            Several::of(first.iter().map(of)),
        )
    };
    let target = super::folder().join("changed");
    let build = || Ok(cmd!(shell, "cargo build --quiet --package dci --target-dir {target}").quiet().run()?);
    build()?;
    let main = crate::root().join("src/main.rs");
    let again = seconds(TIMES, || {
        touch(&main)?;
        build()
    })?;
    shell.remove_path(&target)?;
    let rebuild = Figure::new("library build after openapi/doit.yaml changed, debug", Unit::Seconds, rebuild(&shell)?);
    Ok(vec![
        first_result("CPU", Measured::cpu),
        first_result("wall", |measured| measured.wall),
        Figure::new("build after src/main.rs changed, debug", Unit::Seconds, again),
        rebuild.with_targets([Target::AtMost(10.0)]),
    ])
}

/// Clones the last commit, and measures the first command of its README with an empty target folder.
fn first_result(shell: &Shell) -> anyhow::Result<Measured> {
    let folder = shell.create_temp_dir()?;
    let (origin, clone) = (crate::root(), folder.path().join("clone"));
    cmd!(shell, "git clone --quiet {origin} {clone}").quiet().run()?;
    let readme = shell.read_file(clone.join("README.md"))?;
    let command = readme.lines().find_map(|line| line.strip_prefix("$ ")).context("README.md has no command")?;
    let mut words = command.split_whitespace();
    let program = Program::new(words.next().context("the first command of README.md is empty")?, words);
    let program =
        program.with_variables(std::env::vars_os()).with_variable("CARGO_TARGET_DIR", folder.path().join("target"));
    program.in_folder(clone).measure()
}

/// How long the library takes to build in the scratch crate after the description in the spec changed.
fn rebuild(shell: &Shell) -> anyhow::Result<Several> {
    let mut spec = read_own()?;
    let scratch = scratch_crate(&spec)?;
    let (manifest, target) = (scratch.join("Cargo.toml"), &crate::target());
    let build = || -> anyhow::Result<()> {
        Ok(cmd!(shell, "cargo build --quiet --lib --manifest-path {manifest} --target-dir {target}").quiet().run()?)
    };
    build()?;
    let mut number = 0;
    seconds(TIMES, || {
        number += 1;
        spec["info"]["description"] = format!("Change {number}.").into();
        shell.write_file(scratch.join("openapi/doit.yaml"), to_yaml(&spec)?)?;
        build()
    })
}

/// Updates the modification time of a file.
fn touch(file: &Path) -> anyhow::Result<()> {
    let opened = File::options().append(true).open(file).with_context(|| file.display().to_string())?;
    Ok(opened.set_modified(SystemTime::now())?)
}

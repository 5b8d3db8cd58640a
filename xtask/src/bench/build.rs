//! What building takes, in the profile for working on it, and how big the released program is.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;
use xshell::{Shell, cmd};

use super::figure::{Figure, Target, Unit};
use super::measure::{bytes, seconds};
use crate::spec::{read_own, scratch_crate};

/// How often what does not take minutes is done; the median counts.
const TIMES: usize = 5;

/// The most that the program may have.
const MOST_BYTES: u32 = 6 << 20;

pub fn size() -> anyhow::Result<Vec<Figure>> {
    let program = super::dci();
    let size = fs::metadata(&program).with_context(|| program.display().to_string())?.len();
    let figure = Figure::new("size of the released program", Unit::Bytes, bytes(size)?);
    Ok(vec![figure.with_targets([Target::AtMost(MOST_BYTES.into())])])
}

pub fn figures() -> anyhow::Result<Vec<Figure>> {
    let shell = Shell::new()?;
    shell.change_dir(crate::root());
    let clean = Emptied::new(super::folder().join("clean"))?;
    let target = &clean.0;
    let build = || Ok(cmd!(shell, "cargo build --quiet --package dci --target-dir {target}").quiet().run()?);
    let first = seconds(1, build)?;
    let main = crate::root().join("src/main.rs");
    let again = seconds(TIMES, || {
        touch(&main)?;
        build()
    })?;
    let rebuild = Figure::new("library rebuilt after the document changed, debug", Unit::Seconds, rebuild(&shell)?);
    Ok(vec![
        Figure::new("clean build, debug", Unit::Seconds, first),
        Figure::new("build after src/main.rs changed, debug", Unit::Seconds, again),
        rebuild.with_targets([Target::AtMost(10.0)]),
    ])
}

/// The library alone, in the scratch crate, with a description that changes each time.
fn rebuild(shell: &Shell) -> anyhow::Result<f64> {
    let scratch = scratch_crate(&read_own()?)?;
    let (manifest, document) = (scratch.join("Cargo.toml"), scratch.join("openapi/doit.yaml"));
    let target = &crate::target();
    let text = shell.read_file(&document).context("the document of the scratch crate")?;
    let build = || -> anyhow::Result<()> {
        Ok(cmd!(shell, "cargo build --quiet --lib --manifest-path {manifest} --target-dir {target}").quiet().run()?)
    };
    build()?;
    let mut number = 0;
    seconds(TIMES, || {
        number += 1;
        let text = text.replace("The users.", &format!("The users, {number}."));
        fs::write(&document, text).with_context(|| document.display().to_string())?;
        build()
    })
}

/// A folder with nothing in it at first, and gone in the end.
struct Emptied(PathBuf);

impl Emptied {
    fn new(folder: PathBuf) -> anyhow::Result<Self> {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        Ok(Self(folder))
    }
}

impl Drop for Emptied {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Makes a file as if it were just written, and leaves it as it is.
fn touch(file: &Path) -> anyhow::Result<()> {
    let opened = File::options().append(true).open(file).with_context(|| file.display().to_string())?;
    Ok(opened.set_modified(SystemTime::now())?)
}

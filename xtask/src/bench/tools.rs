//! What others measure for us, where they are installed.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, ensure};

use super::measure::{Program, median};

/// How often instructions are counted: they hardly differ.
const TIMES: usize = 3;

/// Where a program is, if it is installed.
pub fn installed(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// How many instructions a program takes, as valgrind counts them.
pub fn instructions(program: &dyn Fn() -> Program) -> anyhow::Result<Option<f64>> {
    let Some(valgrind) = installed("valgrind") else { return Ok(None) };
    let options = ["--tool=callgrind", "--callgrind-out-file=/dev/null"];
    let mut counts = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let said = said(&valgrind, &options, &program())?;
        let count = said.lines().find_map(|line| line.split_once("Collected : ")).context("no count by valgrind")?;
        counts.push(count.1.trim().parse()?);
    }
    Ok(Some(median(counts)))
}

/// How many files a program opens that are not the loader's, as strace tells.
pub fn opened_files(program: &Program) -> anyhow::Result<Option<f64>> {
    let Some(strace) = installed("strace") else { return Ok(None) };
    let said = said(&strace, &["-qq", "-f", "-e", "trace=open,openat"], program)?;
    // Not libraries and the loader's index of them, `ld.so.cache`, and not what the kernel tells of the process: where
    // its stack is, which Rust's start asks for.
    let is_file = |line: &&str| line.contains("open") && ![".so", "/proc/self/"].iter().any(|part| line.contains(part));
    let opened = said.lines().filter(is_file).count();
    Ok(Some(f64::from(u32::try_from(opened)?)))
}

/// What a program that watches another one says of it.
fn said(watcher: &Path, options: &[&str], program: &Program) -> anyhow::Result<String> {
    let output = program.under(watcher, options)?.stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{}: {said}", watcher.display());
    Ok(said)
}

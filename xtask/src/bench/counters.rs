//! Counts what a program does, with valgrind and strace if they are installed.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, ensure};

use super::measure::{Program, Several};

/// How often instructions are counted. The counts hardly differ.
const TIMES: usize = 3;

/// The path of a program, if it is installed.
pub fn installed(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The number of instructions that a program executes, counted by valgrind.
pub fn instructions(program: &dyn Fn() -> Program) -> anyhow::Result<Option<Several>> {
    let Some(valgrind) = installed("valgrind") else { return Ok(None) };
    let options = ["--tool=callgrind", "--callgrind-out-file=/dev/null"];
    let mut counts = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let report = report(&valgrind, &options, &program())?;
        let count = report.lines().find_map(|line| line.split_once("Collected : ")).context("no count by valgrind")?;
        counts.push(count.1.trim().parse()?);
    }
    Ok(Some(Several::of(counts)))
}

/// The number of files that a program opens, without those of the loader, counted by strace.
pub fn opened_files(program: &Program) -> anyhow::Result<Option<f64>> {
    let Some(strace) = installed("strace") else { return Ok(None) };
    let report = report(&strace, &["-qq", "-f", "-e", "trace=open,openat"], program)?;
    // The loader opens libraries and `ld.so.cache`. Rust's runtime asks the kernel for the stack under /proc/self.
    let is_file = |line: &&str| line.contains("open") && ![".so", "/proc/self/"].iter().any(|part| line.contains(part));
    let opened = report.lines().filter(is_file).count();
    Ok(Some(f64::from(u32::try_from(opened)?)))
}

/// What a watcher such as strace reports about a program.
fn report(watcher: &Path, options: &[&str], program: &Program) -> anyhow::Result<String> {
    let output = program.under(watcher, options)?.stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    let report = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{}: {report}", watcher.display());
    Ok(report)
}

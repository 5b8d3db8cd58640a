//! What has a target is measured here, beside the target, and never asserted by a test.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use xshell::{Shell, cmd};

use crate::spec::{full_size, own_document, read_own, to_yaml};

/// How often a thing is measured; the median counts.
const TIMES: usize = 5;

pub fn run() -> anyhow::Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(crate::root());
    let folder = crate::target().join("bench");
    shell.create_dir(&folder)?;
    let (full, out) = (folder.join("full.yaml"), folder.join("out.yaml"));
    shell.write_file(&full, to_yaml(&full_size(&read_own(&own_document())?))?)?;

    // As released, but for panics: the generator's are what the task reports.
    cmd!(shell, "cargo build --quiet --package xtask --profile unwinding").run()?;
    let xtask = crate::target().join("unwinding/xtask");
    let update = median(|| {
        shell.remove_path(&out)?;
        Ok(cmd!(shell, "{xtask} spec update --from {full} --all --out {out}").quiet().ignore_stdout().run()?)
    })?;
    let diff = median(|| Ok(cmd!(shell, "{xtask} spec diff --from {full}").quiet().ignore_stdout().run()?))?;
    let rebuild = rebuild(&shell)?;

    crate::show("| what | median | target |\n| --- | --- | --- |");
    for (what, took, target) in [
        ("spec update --all, 170 operations, release", update, "2 s"),
        ("spec diff, 170 operations, release", diff, "2 s"),
        ("library rebuilt after the document changed, debug", rebuild, "10 s"),
    ] {
        crate::show(&format!("| {what} | {:.2} s | {target} |", took.as_secs_f64()));
    }
    Ok(())
}

fn median(mut measured: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let started = Instant::now();
        measured()?;
        times.push(started.elapsed());
    }
    times.sort();
    Ok(times[TIMES / 2])
}

/// The library alone, in the scratch crate, with a description that changes each time.
fn rebuild(shell: &Shell) -> anyhow::Result<Duration> {
    let scratch = crate::spec::scratch_crate(&read_own(&own_document())?)?;
    let (manifest, document) = (scratch.join("Cargo.toml"), scratch.join("openapi/doit.yaml"));
    let target = &crate::target();
    let text = shell.read_file(&document).context("the document of the scratch crate")?;
    let build = || -> anyhow::Result<()> {
        Ok(cmd!(shell, "cargo build --quiet --lib --manifest-path {manifest} --target-dir {target}").quiet().run()?)
    };
    build()?;
    let mut number = 0;
    median(|| {
        number += 1;
        write(&document, &text.replace("The users.", &format!("The users, {number}.")))?;
        build()
    })
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| path.display().to_string())
}

//! Many invites in one run: how fast, and with how much memory.

use std::path::PathBuf;

use anyhow::Context;

use super::figure::{Figure, Target, Unit};
use super::load::Load;
use super::measure::{Measured, median};
use super::sandbox::Sandbox;

/// How often both are measured; the median counts.
const TIMES: usize = 5;

const INVITES: u32 = 10_000;

pub const CONNECTIONS: u32 = 32;

/// The rate, beside that of a plain load loop over as many connections.
pub fn rate() -> anyhow::Result<Vec<Figure>> {
    let sandbox = Sandbox::start(INVITES)?;
    let load = Load::new(&sandbox, INVITES)?;
    let (mut ours, mut rival) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        ours.push(f64::from(INVITES) / resend(&sandbox, INVITES)?.wall);
        rival.push(load.rate()?);
    }
    let figure = Figure::new(format!("{INVITES} invites, {CONNECTIONS} at once"), Unit::PerSecond, median(ours));
    Ok(vec![figure.beside(Some((load.name(), median(rival)))).with_targets([Target::RatioAtLeast(0.8)])])
}

/// The peak of runs of several sizes.
pub fn memory() -> anyhow::Result<Vec<Figure>> {
    let sizes = [1_000, INVITES, 100_000];
    let sandbox = Sandbox::start(100_000)?;
    let peaks = sizes.map(|invites| Ok(resend(&sandbox, invites)?.peak_memory));
    let peaks = peaks.into_iter().collect::<anyhow::Result<Vec<f64>>>()?;
    let named =
        |(invites, peak): (u32, &f64)| Figure::new(format!("{invites} invites: peak memory"), Unit::Bytes, *peak);
    let mut figures: Vec<Figure> = sizes.into_iter().zip(&peaks).map(named).collect();
    let more = Figure::new("100000 invites: peak memory over that of 1000", Unit::Bytes, peaks[2] - peaks[0]);
    figures.push(more.with_targets([Target::AtMost(f64::from(40 << 20))]));
    Ok(figures)
}

fn resend(sandbox: &Sandbox, invites: u32) -> anyhow::Result<Measured> {
    let connections = CONNECTIONS.to_string();
    let arguments = ["resend-invite", "-", "--concurrency", &connections, "--yes", "-o", "json"];
    sandbox.dci(&sandbox.url, &arguments).with_stdin(list(invites)?).measure()
}

/// A file with this many ids.
fn list(invites: u32) -> anyhow::Result<PathBuf> {
    let file = super::folder().join(format!("{invites}-ids.txt"));
    let ids: Vec<String> = (1..=invites).map(|number| format!("invite-{number}")).collect();
    std::fs::write(&file, ids.join("\n")).with_context(|| file.display().to_string())?;
    Ok(file)
}

//! A run over many invites: its rate and its memory.

use std::path::PathBuf;

use anyhow::Context;

use super::figure::{Figure, Target, Unit};
use super::hyper_load::{self, CONNECTIONS};
use super::measure::{Measured, Program, Several};
use super::sandbox::Sandbox;

/// How often a rate is measured. The median counts.
const TIMES: usize = 5;

/// How often the memory is measured.
const TIMES_OF_MEMORY: usize = 3;

const INVITES: u32 = 10_000;

/// How long a distant service takes for a call.
const LATENCY: &str = "2ms";

/// The rates of `dci` and of the hyper loop, on a sandbox that responds at once and on one that takes some time.
pub fn rates() -> anyhow::Result<Vec<Figure>> {
    let run = format!("{INVITES} invites, {CONNECTIONS} at once");
    let near = rate(&Sandbox::start(INVITES)?, run.clone())?;
    let distant = rate(&Sandbox::start_distant(INVITES, LATENCY)?, format!("{run}, latency {LATENCY}"))?;
    Ok(vec![near, distant])
}

fn rate(sandbox: &Sandbox, run: String) -> anyhow::Result<Figure> {
    let (mut ours, mut by_hyper) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        ours.push(f64::from(INVITES) / resend(sandbox, INVITES)?.wall);
        by_hyper.push(hyper_load::rate(sandbox, INVITES)?);
    }
    let figure = Figure::new(run, Unit::PerSecond, Several::of(ours));
    Ok(figure.with_rival(Some(("hyper", Several::of(by_hyper)))).with_targets([Target::RatioAtLeast(0.9)]))
}

/// The peak memory of runs of several sizes.
pub fn memory() -> anyhow::Result<Vec<Figure>> {
    const SIZES: [u32; 3] = [1_000, INVITES, 100_000];
    let [smallest, .., largest] = SIZES;
    let sandbox = Sandbox::start(largest)?;
    let peaks_of = |invites| -> anyhow::Result<Vec<f64>> {
        (0..TIMES_OF_MEMORY).map(|_| Ok(resend(&sandbox, invites)?.peak_memory)).collect()
    };
    let peaks = SIZES.into_iter().map(peaks_of).collect::<anyhow::Result<Vec<Vec<f64>>>>()?;
    let peak = |(invites, peaks): (u32, &Vec<f64>)| {
        Figure::new(format!("{invites} invites: peak memory"), Unit::Bytes, Several::of(peaks.iter().copied()))
    };
    let mut figures: Vec<Figure> = SIZES.into_iter().zip(&peaks).map(peak).collect();
    let what = format!("{largest} invites: peak memory above that of {smallest}");
    let growths = peaks[peaks.len() - 1].iter().zip(&peaks[0]).map(|(largest, smallest)| largest - smallest);
    let growth = Figure::new(what, Unit::Bytes, Several::of(growths));
    figures.push(growth.with_targets([Target::AtMost(f64::from(40 << 20))]));
    Ok(figures)
}

fn resend(sandbox: &Sandbox, invites: u32) -> anyhow::Result<Measured> {
    run(sandbox, list(invites)?).measure()
}

/// A run over the ids in a file.
pub fn run(sandbox: &Sandbox, list: PathBuf) -> Program {
    let connections = CONNECTIONS.to_string();
    let arguments = ["resend-invite", "-", "--concurrency", &connections, "--yes", "-o", "json"];
    sandbox.dci(&sandbox.url, &arguments).with_stdin(list)
}

/// Writes a file with the ids of the first invites.
pub fn list(invites: u32) -> anyhow::Result<PathBuf> {
    let file = super::folder().join(format!("{invites}-ids.txt"));
    let ids: Vec<String> = (1..=invites).map(|number| format!("invite-{number}")).collect();
    std::fs::write(&file, ids.join("\n")).with_context(|| file.display().to_string())?;
    Ok(file)
}

//! Many invites in one run: how fast, and with how much memory.

use std::path::PathBuf;

use anyhow::Context;

use super::figure::{Figure, Target, Unit};
use super::load::{CONNECTIONS, Load};
use super::measure::{Measured, median};
use super::sandbox::Sandbox;

/// How often both are measured; the median counts.
const TIMES: usize = 5;

const INVITES: u32 = 10_000;

/// What a service takes for a call that is not next to this program.
const LATENCY: &str = "2ms";

/// The rates of a run and of plain load loops over as many connections, with a sandbox that answers at once, and with
/// one that takes its time.
pub fn rates() -> anyhow::Result<Vec<Figure>> {
    let run = format!("{INVITES} invites, {CONNECTIONS} at once");
    let near = Sandbox::start(INVITES)?;
    let mut figures = rates_of(&near, &run, &Load::all(&near, INVITES)?)?;
    drop(near);
    let distant = Sandbox::start_distant(INVITES, LATENCY)?;
    let run = format!("{run}, answers after {LATENCY}");
    figures.extend(rates_of(&distant, &run, &[Load::by_hyper(&distant, INVITES)])?);
    Ok(figures)
}

fn rates_of(sandbox: &Sandbox, run: &str, loads: &[Load]) -> anyhow::Result<Vec<Figure>> {
    let mut ours = Vec::new();
    let mut rivals: Vec<Vec<f64>> = loads.iter().map(|_| Vec::new()).collect();
    for _ in 0..TIMES {
        ours.push(f64::from(INVITES) / resend(sandbox, INVITES)?.wall);
        for (load, rates) in loads.iter().zip(&mut rivals) {
            rates.push(load.rate()?);
        }
    }
    let ours = median(ours);
    let beside = |(load, rates): (&Load, Vec<f64>)| {
        let figure = Figure::new(run, Unit::PerSecond, ours);
        figure.beside(Some((load.name(), median(rates)))).with_targets([Target::RatioAtLeast(0.8)])
    };
    Ok(loads.iter().zip(rivals).map(beside).collect())
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

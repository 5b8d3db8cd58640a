//! An update of the spec to a new version of the API.

use xshell::{Shell, cmd};

use super::figure::{Figure, Target, Unit};
use super::measure::seconds;
use crate::spec::full_size::{OPERATIONS, full_size};
use crate::spec::{read::read_own, update::to_yaml};

/// How often it is measured. The median counts.
const TIMES: usize = 5;

pub fn figures() -> anyhow::Result<Vec<Figure>> {
    let shell = Shell::new()?;
    let folder = super::folder();
    let (full, out) = (folder.join("full.yaml"), folder.join("out.yaml"));
    shell.write_file(&full, to_yaml(&full_size(&read_own()?))?)?;
    let xtask = std::env::current_exe()?;
    let update = seconds(TIMES, || {
        shell.remove_path(&out)?;
        Ok(cmd!(shell, "{xtask} spec update --from {full} --all --out {out}").quiet().ignore_stdout().run()?)
    })?;
    let diff = seconds(TIMES, || Ok(cmd!(shell, "{xtask} spec diff --from {full}").quiet().ignore_stdout().run()?))?;
    let figures = [("spec update --all", update), ("spec diff", diff)].map(|(command, seconds)| {
        let figure = Figure::new(format!("{command}, {OPERATIONS} operations, release"), Unit::Seconds, seconds);
        figure.with_targets([Target::AtMost(2.0)])
    });
    Ok(figures.into())
}

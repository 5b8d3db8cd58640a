//! The start of the program.

use super::counters::{instructions, opened_files};
use super::figure::{Figure, Target, Unit};
use super::measure::{Program, Several, in_turn};

/// How often the program is started. The median counts.
const TIMES: usize = 21;

pub fn figures() -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (arguments, most_instructions) in
        [(&["--version"][..], Some(1e6)), (&["-h"], Some(1e6)), (&["--help"], None), (&["completion", "bash"], None)]
    {
        let program = || Program::new(super::dci(), arguments);
        let named = |what: &str| format!("`dci {}`: {what}", arguments.join(" "));
        if let Some(count) = instructions(&program)? {
            let figure = Figure::new(named("instructions"), Unit::Instructions, count);
            figures.push(figure.with_targets(most_instructions.map(Target::AtMost)));
        }
        let measured = in_turn(TIMES, &[&program])?;
        let wall = Several::of(measured.iter().flatten().map(|measured| measured.wall));
        figures.push(Figure::new(named("wall"), Unit::Seconds, wall));
    }
    for argument in ["--version", "-h"] {
        if let Some(count) = opened_files(&Program::new(super::dci(), [argument]))? {
            let figure =
                Figure::new(format!("`dci {argument}`: files opened, except by the loader"), Unit::Files, count);
            figures.push(figure.with_targets([Target::AtMost(0.0)]));
        }
    }
    Ok(figures)
}

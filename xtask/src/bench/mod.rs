//! What has a target is measured here, beside the target and what others take for the same, and never asserted by a
//! test: another machine, or a busy one, has other figures.

mod build;
mod bulk;
mod call;
mod figure;
mod load;
pub mod measure;
mod sandbox;
mod spec;
mod start_up;
mod tls_front;
mod tools;

use std::ffi::OsString;
use std::path::PathBuf;

use xshell::{Shell, cmd};

use figure::Figure;

#[derive(clap::Args)]
pub struct Args {
    /// Measure these alone; can be given several times
    #[arg(long, value_name = "WHAT")]
    only: Vec<Group>,
}

/// Figures that are measured together.
#[derive(Clone, Copy, Eq, PartialEq, clap::ValueEnum)]
enum Group {
    /// One call over HTTP and HTTPS, beside curl's
    Call,
    /// What starting the program takes
    StartUp,
    /// The rate of 10,000 calls, beside those of load loops
    Bulk,
    /// The memory of up to 100,000 calls
    Memory,
    /// The size of the program
    Size,
    /// Taking over a new version of the API's description
    Spec,
    /// Builds, which take minutes
    Build,
}

impl Group {
    fn figures(self) -> anyhow::Result<Vec<Figure>> {
        match self {
            Self::Call => call::figures(),
            Self::StartUp => start_up::figures(),
            Self::Bulk => bulk::rates(),
            Self::Memory => bulk::memory(),
            Self::Size => build::size(),
            Self::Spec => spec::figures(),
            Self::Build => build::figures(),
        }
    }
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(crate::root());
    // The TLS front and the load loop are on the other side of what is measured: they are to be fast.
    if cfg!(debug_assertions) {
        cmd!(shell, "cargo build --quiet --package xtask --profile unwinding").run()?;
        let (optimized, arguments) = (crate::target().join("unwinding/xtask"), std::env::args_os().skip(1));
        let arguments: Vec<OsString> = arguments.collect();
        return Ok(cmd!(shell, "{optimized} {arguments...}").quiet().run()?);
    }
    cmd!(shell, "cargo build --quiet --release --package dci").run()?;
    shell.create_dir(folder())?;
    let groups = <Group as clap::ValueEnum>::value_variants().iter();
    let groups = groups.filter(|group| args.only.is_empty() || args.only.contains(group));
    let figures: Vec<Vec<Figure>> = groups.map(|group| group.figures()).collect::<Result<_, _>>()?;
    let figures: Vec<Figure> = figures.into_iter().flatten().collect();
    shell.write_file(crate::target().join("bench.json"), format!("{:#}\n", figure::json(&figures)))?;
    crate::print(&figure::table(&figures));
    Ok(())
}

/// The program, as released.
fn dci() -> PathBuf {
    crate::target().join("release/dci")
}

/// What is written for measuring.
fn folder() -> PathBuf {
    crate::target().join("bench")
}

//! `cargo xtask bench`: measures what has a target, and what other programs need for the same. Tests do not check the
//! figures, since they depend on the machine and its load.

mod build;
mod bulk;
mod call;
mod counters;
mod figure;
mod hyper_load;
pub mod measure;
mod musl;
mod sandbox;
mod spec;
mod start_up;
pub mod tls_front;

use std::ffi::OsString;
use std::path::PathBuf;

use xshell::{Shell, cmd};

use figure::Figure;

#[derive(clap::Args)]
pub struct Args {
    /// Measure only this; repeatable
    #[arg(long, value_name = "WHAT")]
    only: Vec<Group>,
}

/// Figures that are measured together.
#[derive(Clone, Copy, Eq, PartialEq, clap::ValueEnum)]
enum Group {
    /// One call over HTTP and HTTPS, compared with curl
    Call,
    /// The start of the program
    StartUp,
    /// The rate of 10,000 calls, compared with a load loop by hyper
    Bulk,
    /// The memory of up to 100,000 calls
    Memory,
    /// The size of the program
    Size,
    /// The static program of a release, compared with the one for this system's C library
    Musl,
    /// An update to a new version of the API's spec
    Spec,
    /// Builds; this takes minutes
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
            Self::Musl => musl::figures(),
            Self::Spec => spec::figures(),
            Self::Build => build::figures(),
        }
    }
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(crate::root());
    // The TLS front and the load loop run in this process, and must not slow down what is measured.
    if cfg!(debug_assertions) {
        cmd!(shell, "cargo build --quiet --package xtask --profile unwinding").run()?;
        let (optimized, arguments) = (crate::target().join("unwinding/xtask"), std::env::args_os().skip(1));
        let arguments: Vec<OsString> = arguments.collect();
        // What is measured must not read the certificates that this machine happens to set.
        let optimized =
            cmd!(shell, "{optimized} {arguments...}").env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
        return Ok(optimized.quiet().run()?);
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

/// The release build of the program.
fn dci() -> PathBuf {
    crate::target().join("release/dci")
}

/// The folder for files that a measurement needs.
fn folder() -> PathBuf {
    crate::target().join("bench")
}

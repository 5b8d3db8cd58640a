//! The static program of a release, compared with the one for this system's C library.

use std::path::{Path, PathBuf};

use super::bulk;
use super::figure::{Figure, Target, Unit};
use super::measure::{Program, Several, in_turn};
use super::sandbox::Sandbox;
use super::tls_front::TlsFront;

/// How often a call and a start are made. The median counts.
const TIMES: usize = 21;

/// How often a run is made. The median counts.
const RUNS: usize = 5;

const INVITES: u32 = 10_000;

const TRIPLE: &str = "x86_64-unknown-linux-musl";

pub fn figures() -> anyhow::Result<Vec<Figure>> {
    let musl = crate::target().join(TRIPLE).join("release/dci");
    if !musl.is_file() {
        crate::print(&format!("Skipped musl: run `cargo xtask dist --target {TRIPLE}` first."));
        return Ok(Vec::new());
    }
    let sandbox = Sandbox::start(INVITES)?;
    let front = TlsFront::start(sandbox.address()?, &super::folder())?;
    let start = || Program::new(super::dci(), ["--version"]);
    let call = || sandbox.dci(&sandbox.url, &["resend-invite", "invite-1", "-o", "json"]);
    let https = || {
        let call = sandbox.dci(&front.url, &["resend-invite", "invite-1", "-o", "json"]);
        call.with_variable("SSL_CERT_FILE", &front.trusted)
    };
    let list = bulk::list(INVITES)?;
    let run = || bulk::run(&sandbox, list.clone());
    Ok(vec![
        compare("start", TIMES, &musl, &start, 1.1)?,
        compare("a call over HTTP", TIMES, &musl, &call, 1.2)?,
        compare("a call over HTTPS", TIMES, &musl, &https, 1.2)?,
        compare(&format!("{INVITES} invites"), RUNS, &musl, &run, 1.2)?,
    ])
}

/// The time of the static program, with the other one's in the same run.
fn compare(what: &str, times: usize, musl: &Path, program: &dyn Fn() -> Program, most: f64) -> anyhow::Result<Figure> {
    let measured = in_turn(times, &[&|| program().at(PathBuf::from(musl)), program])?;
    let walls = |index: usize| Several::of(measured[index].iter().map(|measured| measured.wall));
    let figure = Figure::new(format!("musl: {what}, wall"), Unit::Seconds, walls(0));
    Ok(figure.with_rival(Some(("glibc", walls(1)))).with_targets([Target::RatioAtMost(most)]))
}

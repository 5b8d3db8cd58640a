//! One call, beside the equal one by curl.

use std::path::PathBuf;

use uuid::Uuid;

use super::figure::{Figure, Target, Unit};
use super::measure::{Measured, Program, in_turn, median};
use super::sandbox::{Sandbox, path};
use super::tls_front::TlsFront;
use super::tools::{installed, instructions};

/// How often a call is made; the median counts.
const TIMES: usize = 21;

/// A way to the sandbox, and what a call over it should take.
struct Way {
    name: &'static str,
    url: String,
    /// A file of certificates.
    trusted: Option<PathBuf>,
    most_instructions: f64,
    /// Of curl's.
    share_of_instructions: f64,
    /// Of curl's.
    share_of_time: f64,
}

pub fn figures() -> anyhow::Result<Vec<Figure>> {
    let sandbox = Sandbox::start(1)?;
    let front = TlsFront::start(sandbox.address()?, &super::folder())?;
    let http = Way {
        name: "HTTP",
        url: sandbox.url.clone(),
        trusted: None,
        most_instructions: 1.5e6,
        share_of_instructions: 0.1,
        share_of_time: 0.4,
    };
    let https = Way {
        name: "HTTPS",
        url: front.url,
        trusted: Some(front.trusted),
        most_instructions: 14e6,
        share_of_instructions: 0.05,
        share_of_time: 0.2,
    };
    Ok([of(&sandbox, &http)?, of(&sandbox, &https)?].into_iter().flatten().collect())
}

fn of(sandbox: &Sandbox, way: &Way) -> anyhow::Result<Vec<Figure>> {
    let trusting = |program: Program| match &way.trusted {
        Some(file) => program.with_variable("SSL_CERT_FILE", file),
        None => program,
    };
    let dci = || trusting(sandbox.dci(&way.url, &["resend-invite", "invite-1", "-o", "json"]));
    let curl = installed("curl").map(|curl| move || trusting(by_curl(curl.clone(), sandbox, &way.url)));
    let curl = curl.as_ref().map(|curl| curl as &dyn Fn() -> Program);

    let mut figures = Vec::new();
    let named = |what: &str| format!("a call over {}: {what}", way.name);
    if let Some(ours) = instructions(&dci)? {
        let rival = curl.map(instructions).transpose()?.flatten();
        let targets = [Target::AtMost(way.most_instructions), Target::RatioAtMost(way.share_of_instructions)];
        let figure = Figure::new(named("instructions"), Unit::Instructions, ours);
        figures.push(figure.beside(rival.map(|rival| ("curl", rival))).with_targets(targets));
    }
    let programs: Vec<&dyn Fn() -> Program> = [&dci as _].into_iter().chain(curl).collect();
    let measured = in_turn(TIMES, &programs)?;
    let mut add = |what, unit, share, of: fn(&Measured) -> f64| {
        let median = |measured: &Vec<Measured>| median(measured.iter().map(of));
        let rival = measured.get(1).map(|rival| ("curl", median(rival)));
        let figure = Figure::new(named(what), unit, median(&measured[0]));
        figures.push(figure.beside(rival).with_targets([Target::RatioAtMost(share)]));
    };
    add("wall", Unit::Seconds, way.share_of_time, |measured| measured.wall);
    add("CPU", Unit::Seconds, way.share_of_time, Measured::cpu);
    add("peak memory", Unit::Bytes, 1.0, |measured| measured.peak_memory);
    Ok(figures)
}

/// The same request by curl, with a key of its own.
fn by_curl(curl: PathBuf, sandbox: &Sandbox, url: &str) -> Program {
    let mut arguments: Vec<String> = ["--disable", "--silent", "--fail", "--data", "{}"].map(str::to_owned).into();
    for (name, value) in sandbox.headers(&Uuid::new_v4().to_string()) {
        arguments.extend(["--header".to_owned(), format!("{name}: {value}")]);
    }
    arguments.push(format!("{url}{}", path("invite-1")));
    Program::new(curl, arguments)
}

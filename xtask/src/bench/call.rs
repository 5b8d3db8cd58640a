//! One call, compared with the same call by curl.

use std::path::PathBuf;

use uuid::Uuid;

use super::counters::{installed, instructions};
use super::figure::{Figure, Target, Unit};
use super::measure::{Measured, Program, Several, in_turn};
use super::sandbox::{Sandbox, path};
use super::tls_front::TlsFront;

/// How often a call is made. The median counts.
const TIMES: usize = 21;

/// How the sandbox is reached, and the targets for a call.
struct Scheme {
    name: &'static str,
    url: String,
    /// A file with the certificates to trust.
    trusted: Option<PathBuf>,
    most_instructions: f64,
    /// As a share of curl's.
    share_of_instructions: f64,
    /// As a share of curl's.
    share_of_time: f64,
}

pub fn figures() -> anyhow::Result<Vec<Figure>> {
    let sandbox = Sandbox::start(1)?;
    let front = TlsFront::start(sandbox.address()?, &super::folder())?;
    let http = Scheme {
        name: "HTTP",
        url: sandbox.url.clone(),
        trusted: None,
        most_instructions: 1.5e6,
        share_of_instructions: 0.1,
        share_of_time: 0.4,
    };
    let https = Scheme {
        name: "HTTPS",
        url: front.url,
        trusted: Some(front.trusted),
        most_instructions: 8e6,
        share_of_instructions: 0.05,
        share_of_time: 0.2,
    };
    Ok([call(&sandbox, &http)?, call(&sandbox, &https)?].into_iter().flatten().collect())
}

fn call(sandbox: &Sandbox, scheme: &Scheme) -> anyhow::Result<Vec<Figure>> {
    let trusting = |program: Program| match &scheme.trusted {
        Some(file) => program.with_variable("SSL_CERT_FILE", file),
        None => program,
    };
    let dci = || trusting(sandbox.dci(&scheme.url, &["resend-invite", "invite-1", "-o", "json"]));
    let curl = installed("curl").map(|curl| move || trusting(by_curl(curl.clone(), sandbox, &scheme.url)));
    let curl = curl.as_ref().map(|curl| curl as &dyn Fn() -> Program);

    let mut figures = Vec::new();
    let named = |what: &str| format!("a call over {}: {what}", scheme.name);
    if let Some(ours) = instructions(&dci)? {
        let rival = curl.map(instructions).transpose()?.flatten();
        let targets = [Target::AtMost(scheme.most_instructions), Target::RatioAtMost(scheme.share_of_instructions)];
        let figure = Figure::new(named("instructions"), Unit::Instructions, ours);
        figures.push(figure.with_rival(rival.map(|rival| ("curl", rival))).with_targets(targets));
    }
    let programs: Vec<&dyn Fn() -> Program> = [&dci as _].into_iter().chain(curl).collect();
    let measured = in_turn(TIMES, &programs)?;
    let mut add = |what, unit, share, of: fn(&Measured) -> f64| {
        let several = |measured: &Vec<Measured>| Several::of(measured.iter().map(of));
        let rival = measured.get(1).map(|rival| ("curl", several(rival)));
        let figure = Figure::new(named(what), unit, several(&measured[0]));
        figures.push(figure.with_rival(rival).with_targets([Target::RatioAtMost(share)]));
    };
    add("wall", Unit::Seconds, scheme.share_of_time, |measured| measured.wall);
    add("CPU", Unit::Seconds, scheme.share_of_time, Measured::cpu);
    add("peak memory", Unit::Bytes, 1.0, |measured| measured.peak_memory);
    Ok(figures)
}

/// The same request by curl, with its own key.
fn by_curl(curl: PathBuf, sandbox: &Sandbox, url: &str) -> Program {
    let mut arguments: Vec<String> = ["--disable", "--silent", "--fail", "--data", "{}"].map(str::to_owned).into();
    for (name, value) in sandbox.headers(&Uuid::new_v4().to_string()) {
        arguments.extend(["--header".to_owned(), format!("{name}: {value}")]);
    }
    arguments.push(format!("{url}{}", path("invite-1")));
    Program::new(curl, arguments)
}

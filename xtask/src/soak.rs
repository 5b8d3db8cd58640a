//! `cargo xtask soak`: resends many invites on a sandbox with random faults, and checks that each is resent once.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use dci::client::{Client, ClientConfig, RetryPolicy, RunId, UserId, call, call_each};
use dci::operation::Operation;
use dci::sandbox::Sandbox;
use futures_util::{Stream, StreamExt};

/// How many calls are made at once.
const CONCURRENCY: NonZeroUsize = NonZeroUsize::new(32).expect("32 is not 0");

#[derive(clap::Args)]
pub struct Args {
    /// How many invites to resend
    #[arg(long, default_value_t = 2_000)]
    pub invites: u32,

    /// The share of requests that fail, in percent
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u8).range(..=100))]
    pub faults: u8,

    /// The seed of the faults; the same seed gives the same faults
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Interrupt the run this many times at random moments, and resume it
    #[arg(long, value_name = "TIMES", default_value_t = 0, num_args = 0..=1, default_missing_value = "5")]
    pub interrupt: u32,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let started = Instant::now();
    let tally = tally(args)?;
    crate::print(&format!("{tally}seconds            {:.1}", started.elapsed().as_secs_f64()));
    ensure!(tally.is_exact(), "an invite was not sent exactly once, or its result was reported wrongly");
    Ok(())
}

/// The result of a run: what the client reported, compared with the emails in the sandbox's outbox.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Tally {
    pub invites: usize,
    pub resent: usize,
    pub failed: usize,
    pub attempts: u32,
    pub emails: usize,
    /// Invites with more than one email.
    pub duplicates: usize,
    /// Invites that were reported as resent and have no email.
    pub lost: usize,
    /// Invites that were reported as failed for good and have an email.
    pub wrongly_reported: usize,
}

impl Tally {
    pub fn is_exact(&self) -> bool {
        (self.duplicates, self.lost, self.wrongly_reported) == (0, 0, 0)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "invites            {}", self.invites)?;
        writeln!(f, "  resent           {}", self.resent)?;
        writeln!(f, "  failed           {}", self.failed)?;
        writeln!(f, "attempts           {}", self.attempts)?;
        writeln!(f, "emails             {}", self.emails)?;
        writeln!(f, "duplicates         {}", self.duplicates)?;
        writeln!(f, "lost               {}", self.lost)?;
        writeln!(f, "wrongly reported   {}", self.wrongly_reported)
    }
}

/// What the client reported for one invite.
struct Report {
    id: UserId,
    attempts: u32,
    outcome: Outcome,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Outcome {
    Resent,
    /// A retry can help. The email may have been sent.
    FailedForNow,
    FailedForGood,
}

pub fn tally(args: &Args) -> anyhow::Result<Tally> {
    let sandbox = Sandbox::start()?;
    let ids: Vec<UserId> =
        (0..args.invites).map(|number| format!("invite-{number}").parse()).collect::<Result<_, _>>()?;
    for (number, id) in ids.iter().enumerate() {
        sandbox.add_invited(id.as_str(), &format!("user-{number}@example.com"));
    }
    sandbox.inject_at_random(args.faults, args.seed);
    let client = client(&sandbox)?;
    // Made from the seed: the sandbox's faults depend on the keys, which depend on the run id.
    let run: RunId = format!("01890a5d-ac96-7000-8000-{:012x}", args.seed & 0xffff_ffff_ffff).parse()?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut random = fastrand::Rng::with_seed(args.seed);
    let mut attempts = 0;
    for _ in 0..args.interrupt {
        // The reports before an interrupt are not needed: the last pass reports every invite.
        let until = random.usize(..=ids.len());
        let reports = runtime.block_on(resend_all(&client, run, &ids).take(until).collect::<Vec<Report>>());
        attempts += reports.iter().map(|report| report.attempts).sum::<u32>();
    }
    let reports: Vec<Report> = runtime.block_on(resend_all(&client, run, &ids).collect());

    let mut emails: HashMap<String, usize> = HashMap::new();
    for email in sandbox.outbox() {
        *emails.entry(email.invite_id).or_default() += 1;
    }
    let mut tally = Tally { invites: reports.len(), attempts, emails: emails.values().sum(), ..Tally::default() };
    for Report { id, attempts, outcome } in reports {
        let emails = emails.get(id.as_str()).copied().unwrap_or_default();
        tally.attempts += attempts;
        tally.resent += usize::from(outcome == Outcome::Resent);
        tally.failed += usize::from(outcome != Outcome::Resent);
        tally.duplicates += usize::from(emails > 1);
        tally.lost += usize::from(outcome == Outcome::Resent && emails == 0);
        tally.wrongly_reported += usize::from(outcome == Outcome::FailedForGood && emails > 0);
    }
    Ok(tally)
}

/// A client whose retry delays are a thousandth of the defaults.
fn client(sandbox: &Sandbox) -> anyhow::Result<Client> {
    let default = RetryPolicy::default();
    let policy = RetryPolicy {
        first_delay: default.first_delay / 1000,
        first_delay_when_rate_limited: default.first_delay_when_rate_limited / 1000,
        max_delay: default.max_delay / 1000,
        timeout: Duration::from_secs(3600),
        ..default
    };
    let config = ClientConfig::new(sandbox.api_key().parse()?).with_base_url(sandbox.url())?;
    config
        .with_retry_policy(policy)
        .with_concurrency(CONCURRENCY)
        .build()
        .context("cannot create a client for the sandbox")
}

fn resend_all<'a>(client: &'a Client, run: RunId, ids: &'a [UserId]) -> impl Stream<Item = Report> + 'a {
    call_each(client, ids, move |id| async move {
        let key = run.key(Operation::RESEND_INVITE, id, false);
        let request = client.resend_invite().id(id).idempotency_key(key).body(serde_json::Map::new());
        match call(request.send()).await {
            Ok(response) => Report { id: id.clone(), attempts: response.attempts, outcome: Outcome::Resent },
            Err(error) => {
                let outcome = if error.is_retryable() { Outcome::FailedForNow } else { Outcome::FailedForGood };
                Report { id: id.clone(), attempts: error.attempts(), outcome }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_invite_is_sent_once_although_a_third_of_exchanges_fail() {
        let args = Args { invites: 2_500, faults: 30, seed: 42, interrupt: 0 };
        let tally = tally(&args).expect("a sandbox");
        assert_eq!((tally.invites, tally.resent + tally.failed), (2_500, 2_500));
        assert!(tally.is_exact(), "{tally}");
        assert!(tally.attempts > 3_200, "too few attempts for 30% faults: {tally}");
        assert!((1..50).contains(&tally.failed), "5 attempts fail for 0.3^5 = 0.24% of the invites: {tally}");
    }

    #[test]
    fn the_same_seed_gives_the_same_run() {
        let run = |seed| tally(&Args { invites: 300, faults: 30, seed, interrupt: 0 }).expect("a sandbox");
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn ten_thousand_invites_are_sent_once_in_an_interrupted_run() {
        let args = Args { invites: 10_000, faults: 30, seed: 3, interrupt: 4 };
        let tally = tally(&args).expect("a sandbox");
        assert!(tally.is_exact(), "{tally}");
        assert!(tally.emails > 9_990, "{tally}");
    }
}

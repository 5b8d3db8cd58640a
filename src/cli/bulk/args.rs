//! The flags of actions on many targets.

use std::num::NonZeroUsize;
use std::str::FromStr;
use std::time::SystemTime;

use clap_complete::{ArgValueCandidates, CompletionCandidate};

use super::Unfinished;
use crate::cli::confirmation::Confirmation;
use crate::cli::error::CliError;
use crate::client::{IdempotencyKey, InvalidRunId, RunId};

/// The maximum of `--concurrency`.
pub(super) const MAX_CONCURRENCY: usize = 64;

#[derive(Clone, Copy, Debug, clap::Args)]
pub(in crate::cli) struct BulkArgs {
    #[command(flatten)]
    pub concurrency: Concurrency,

    #[command(flatten)]
    pub confirmation: Confirmation,
}

#[derive(Clone, Copy, Debug, clap::Args)]
pub(in crate::cli) struct Concurrency {
    /// Calls to make at once, 1 to 64
    ///
    /// Reduced for a while if the server asks to slow down.
    #[arg(id = "concurrency", long, value_name = "N", default_value = "8", value_parser = concurrency)]
    #[arg(hide_short_help = true)]
    pub calls: NonZeroUsize,
}

fn concurrency(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.parse().ok().filter(|number: &NonZeroUsize| number.get() <= MAX_CONCURRENCY);
    number.ok_or_else(|| format!("use a number from 1 to {MAX_CONCURRENCY}"))
}

#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(in crate::cli) struct DryRun {
    /// Check the request without changing anything
    ///
    /// The default is false.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(hide_possible_values = true)]
    dry_run: Option<bool>,
}

impl DryRun {
    pub fn is_wanted(self) -> bool {
        self.dry_run == Some(true)
    }
}

/// The flags of an action whose requests have idempotency keys.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct KeyedArgs {
    #[command(flatten)]
    dry_run: DryRun,

    /// The Idempotency-Key for a single target
    ///
    /// The default is a new random key. The server processes a key once and remembers it for at least 24 hours: a
    /// repeated key returns the earlier response and does nothing. A key belongs to one request: a dry run and a real
    /// call need different keys. A key has 1 to 255 visible ASCII characters.
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<IdempotencyKey>,

    /// Resume an earlier run
    ///
    /// Finished invites are not processed again. RUN is the id that is printed when a run begins; the default is the
    /// last unfinished run. Without targets, it continues with those that are not done: a run over several targets is
    /// recorded on this machine until it succeeds. The server remembers a run for at least 24 hours; to resume an older
    /// one, add --yes and its targets: an email may then be sent twice.
    #[arg(long, value_name = "RUN", num_args = 0..=1, default_missing_value = "last")]
    #[arg(conflicts_with = "idempotency_key", add = ArgValueCandidates::new(unfinished))]
    pub resume: Option<Resume>,

    #[command(flatten)]
    pub bulk: BulkArgs,
}

/// Completes the ids of unfinished runs.
fn unfinished() -> Vec<CompletionCandidate> {
    let candidate = |run: &Unfinished| CompletionCandidate::new(run.run.to_string()).help(Some(run.summary().into()));
    Unfinished::all().iter().map(candidate).collect()
}

/// The run that is resumed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::cli) enum Resume {
    /// The last unfinished run, and what is left of it.
    Last,
    Run(RunId),
}

impl FromStr for Resume {
    type Err = InvalidRunId;

    fn from_str(text: &str) -> Result<Self, InvalidRunId> {
        if text == "last" { Ok(Self::Last) } else { text.parse().map(Self::Run) }
    }
}

/// The arguments of an action without idempotency keys.
impl From<BulkArgs> for KeyedArgs {
    fn from(bulk: BulkArgs) -> Self {
        Self { dry_run: DryRun::default(), idempotency_key: None, resume: None, bulk }
    }
}

impl KeyedArgs {
    pub fn is_dry_run(&self) -> bool {
        self.dry_run.is_wanted()
    }

    /// Adds the key and `dryRun` to a request.
    pub fn apply<R>(
        &self,
        request: R,
        key: Option<IdempotencyKey>,
        set_key: fn(R, IdempotencyKey) -> R,
        set_dry_run: fn(R, bool) -> R,
    ) -> R {
        let request = key.into_iter().fold(request, set_key);
        // A key belongs to one URL, so the default is not sent.
        if self.is_dry_run() { set_dry_run(request, true) } else { request }
    }

    /// Whether the keys may have been used before.
    pub fn reuses_keys(&self) -> bool {
        self.idempotency_key.is_some() || self.resume.is_some()
    }

    /// Rejects a resumed run whose keys the server may have forgotten: its targets could be processed twice.
    pub fn check_age(&self, resumed: Option<RunId>, now: SystemTime) -> Result<(), CliError> {
        let Some(run) = resumed else { return Ok(()) };
        if run.is_from_the_future(now) {
            return Err(CliError::usage(format!("the run {run} starts in the future: a clock or the id is wrong"))
                .hint(
                    "Check this machine's clock and the id, or start a new run. list-users shows the open invites.",
                ));
        }
        if self.bulk.confirmation.yes || !run.keys_may_have_expired(now) {
            return Ok(());
        }
        let hours = run.age(now).as_secs() / 3600;
        Err(CliError::usage(format!(
            "the run {run} began {hours} hours ago, and the server may have forgotten its idempotency keys"
        ))
        .hint("To resume it anyway, add --yes. Targets may be processed twice."))
    }
}

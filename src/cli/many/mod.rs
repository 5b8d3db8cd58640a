//! Running over many targets: what each of them stands for, doing it, and answering for all of them.

mod answer;
mod plan;

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::{Instant, MissedTickBehavior};

use super::call::RESUME_FLAG;
use super::context::Context;
use super::error::CliError;
use super::exit_code::ExitCode;
use super::output::Report;
use super::panics;
use crate::client::{Client, RunId, UserId, call_each};

pub(super) use plan::{Resolution, ResolvedTarget, shown};

use answer::{Answers, Done};

/// How long calls that are under way have after Ctrl-C.
const GRACE: Duration = Duration::from_secs(5);

/// How long a result can wait to be shown, so that those of a fast run are shown together.
const SHOWN_WITHIN: Duration = Duration::from_millis(50);

/// The most calls that can be under way at once.
const MOST_AT_ONCE: usize = 64;

#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct ManyArgs {
    /// Calls to make at once, 1 to 64
    ///
    /// Reduced for a while if the server asks to slow down.
    #[arg(long, value_name = "N", default_value = "8", value_parser = concurrency)]
    pub concurrency: NonZeroUsize,
}

fn concurrency(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.parse().ok().filter(|number: &NonZeroUsize| number.get() <= MOST_AT_ONCE);
    number.ok_or_else(|| format!("a number from 1 to {MOST_AT_ONCE} is expected"))
}

/// One run over many targets.
pub(super) struct Run<'a> {
    pub context: &'a Context<'a>,
    pub client: &'a Client,
    /// What a target is when all went well, such as `resent`: its `outcome`, and the word of the summary.
    pub done: &'static str,
    /// What the keys are derived from; none where the operation has no keys.
    pub id: Option<RunId>,
}

/// Why no more calls are begun.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stop {
    Interrupted,
    /// The credential was refused, as it would be for every other target.
    Refused,
    /// There is no credential, and none for any other target.
    NoCredential,
    /// The server asks to come back later, with whatever target.
    AskedToComeBack,
}

impl Run<'_> {
    /// Makes the call for each target that something is to be done to, and answers for all targets in their order.
    pub async fn over<F: Future<Output = Result<Bytes, CliError>>>(
        &self,
        planned: Vec<ResolvedTarget>,
        call: impl Fn(UserId) -> F,
    ) -> Report {
        if planned.is_empty() {
            return self.context.output.rows().into_report("No targets: nothing was done.".to_owned());
        }
        let resume = self.id.and_then(|id| self.context.command_with(RESUME_FLAG, &id.to_string()));
        if let Some(id) = self.id {
            panics::run_began(id, resume.as_deref());
        }
        let started = Instant::now();
        let mut answers = Answers::new(&planned, self.done, self.context.output.rows());
        let stop = self.work(&planned, call, &mut answers).await;
        answers.into_report(stop, started.elapsed(), resume)
    }

    /// Makes the calls. Ctrl-C, or a credential that is refused, ends it: no more calls are begun then.
    async fn work<F: Future<Output = Result<Bytes, CliError>>>(
        &self,
        planned: &[ResolvedTarget],
        call: impl Fn(UserId) -> F,
        answers: &mut Answers<'_>,
    ) -> Option<Stop> {
        let jobs = planned.iter().enumerate().filter_map(|(index, planned)| match &planned.resolution {
            Resolution::Id(id) => Some((index, id)),
            Resolution::DuplicateOf { .. } | Resolution::Failed(_) => None,
        });
        let count = jobs.clone().count();
        let Context { output, interrupts, .. } = self.context;
        if let Some(id) = self.id {
            output.run_begins(id, count);
        }
        let progress = output.progress(count);
        interrupts.allow_grace(GRACE);

        let (stop, under_way, done, failures) = (Cell::new(None), Cell::new(0), Cell::new(0), Cell::new(0));
        let one = async |index: usize, id: &UserId| {
            // Its turn may come after the end.
            if stop.get().is_some() {
                return None;
            }
            under_way.update(|count| count + 1);
            // What it says is kept, and not the whole answer.
            let outcome = call(id.clone()).await.map(|body| Done::read(&body));
            under_way.update(|count| count - 1);
            match &outcome {
                Ok(_) => done.update(|count| count + 1),
                Err(error) => {
                    failures.update(|count| count + 1);
                    stop.set(stop.get().or(Stop::of_error(error, done.get() > 0)));
                }
            }
            progress.advance(failures.get());
            Some((index, outcome))
        };
        let jobs = jobs.take_while(|_| stop.get().is_none());
        let calls = call_each(self.client, jobs, |(index, id)| one(index, id));
        let mut calls = pin!(calls.ready_chunks(MOST_AT_ONCE));
        let mut turns_to_show = tokio::time::interval(SHOWN_WITHIN);
        turns_to_show.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Calls that wait for a permit are not waited for.
        while stop.get().is_none() || under_way.get() > 0 {
            tokio::select! {
                // An interrupt is noted before the calls that it ends.
                biased;
                () = interrupts.stopping(), if stop.get() != Some(Stop::Interrupted) => {
                    stop.set(Some(Stop::Interrupted));
                    let (count, seconds) = (under_way.get(), GRACE.as_secs());
                    output.note(&format!("Interrupted: calls under way ({count}) have {seconds} s to finish."));
                }
                _ = turns_to_show.tick(), if answers.are_to_be_shown() => answers.show(),
                ended = calls.next() => match ended {
                    Some(ended) => answers.settle(ended.into_iter().flatten()),
                    None => break,
                },
            }
        }
        stop.get()
    }
}

impl Stop {
    /// Why no other target would fare better than the one that this failed for, where that is so. A credential that
    /// may do it for others is refused for this one alone.
    fn of_error(error: &CliError, was_allowed: bool) -> Option<Self> {
        match error.exit_code() {
            _ if error.has_no_credential() => Some(Self::NoCredential),
            _ if error.asks_to_come_back() => Some(Self::AskedToComeBack),
            ExitCode::Authentication => Some(Self::Refused),
            ExitCode::Permission if !was_allowed => Some(Self::Refused),
            ExitCode::Interrupted => Some(Self::Interrupted),
            _ => None,
        }
    }
}

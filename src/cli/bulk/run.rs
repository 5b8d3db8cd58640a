//! The calls of a run over many targets: concurrency, Ctrl-C, and when a run stops early.

use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, MissedTickBehavior};

use super::action::Done;
use super::args::MAX_CONCURRENCY;
use super::results::Results;
use crate::cli::call::RESUME_FLAG;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::Report;
use crate::cli::panics;
use crate::cli::stop_reason::StopReason;
use crate::cli::target::{Resolution, ResolvedTarget};
use crate::client::{Client, RunId, UserId, call_each};

/// How long calls in progress may take after Ctrl-C.
const GRACE: Duration = Duration::from_secs(5);

/// How long results are collected before they are printed together.
const PRINT_INTERVAL: Duration = Duration::from_millis(50);

/// One run over many targets.
pub(super) struct Run<'a> {
    pub context: &'a Context<'a>,
    pub client: &'a Client,
    /// The `outcome` of a target that succeeded, such as `resent`; also the word of the summary.
    pub done: &'static str,
    /// Derives the idempotency keys; `None` if the operation does not take any.
    pub id: Option<RunId>,
}

impl Run<'_> {
    /// Makes the call for each resolved target, and reports on all targets in their order.
    pub async fn over<F: Future<Output = Result<Done, CliError>>>(
        &self,
        targets: Vec<ResolvedTarget>,
        call: impl Fn(UserId) -> F,
    ) -> Report {
        if targets.is_empty() {
            return self.context.output.rows().into_report("No targets: nothing was done.".to_owned());
        }
        let resume = self.id.and_then(|id| self.context.command_with(RESUME_FLAG, &id.to_string()));
        if let Some(id) = self.id {
            panics::run_began(id, resume.as_deref());
        }
        let started = Instant::now();
        let mut results = Results::new(&targets, self.done, self.context.output.rows());
        let stop = self.call_all(&targets, call, &mut results).await;
        results.into_report(stop, started.elapsed(), resume)
    }

    /// Makes the calls; returns why it stopped early, if it did.
    async fn call_all<F: Future<Output = Result<Done, CliError>>>(
        &self,
        targets: &[ResolvedTarget],
        call: impl Fn(UserId) -> F,
        results: &mut Results<'_>,
    ) -> Option<StopReason> {
        let jobs = targets.iter().enumerate().filter_map(|(index, target)| match &target.resolution {
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

        let (stop, in_progress, done, failures) = (Cell::new(None), Cell::new(0), Cell::new(0), Cell::new(0));
        let one = async |index: usize, id: &UserId| {
            // The run may have stopped while this call waited for its permit.
            if stop.get().is_some() {
                return None;
            }
            in_progress.update(|count| count + 1);
            let outcome = call(id.clone()).await;
            in_progress.update(|count| count - 1);
            match &outcome {
                Ok(_) => done.update(|count| count + 1),
                Err(error) => {
                    failures.update(|count| count + 1);
                    stop.set(stop.get().or(StopReason::of(error, done.get() > 0)));
                }
            }
            progress.advance(failures.get());
            Some((index, outcome))
        };
        let jobs = jobs.take_while(|_| stop.get().is_none());
        let calls = call_each(self.client, jobs, |(index, id)| one(index, id));
        let mut calls = pin!(calls.ready_chunks(MAX_CONCURRENCY));
        let mut print_interval = tokio::time::interval(PRINT_INTERVAL);
        print_interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // After a stop, only calls in progress are awaited, not those that wait for a permit.
        while stop.get().is_none() || in_progress.get() > 0 {
            tokio::select! {
                // Ctrl-C is noticed before the calls that it ends.
                biased;
                () = interrupts.stopping(), if stop.get() != Some(StopReason::Interrupted) => {
                    stop.set(Some(StopReason::Interrupted));
                    let (count, seconds) = (in_progress.get(), GRACE.as_secs());
                    output.note(&format!("Interrupted: waiting up to {seconds} s for calls in progress ({count})."));
                }
                _ = print_interval.tick(), if results.rows.has_unprinted() => results.rows.flush(),
                finished = calls.next() => match finished {
                    Some(finished) => results.add(finished.into_iter().flatten()),
                    None => break,
                },
            }
        }
        stop.get()
    }
}

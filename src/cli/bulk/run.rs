//! The calls of a run over many targets: concurrency, Ctrl-C, and when a run stops early.

use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, MissedTickBehavior};

use super::args::MAX_CONCURRENCY;
use super::item::{Item, Plan};
use super::journal::Journal;
use super::results::{Results, Success};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::Report;
use crate::cli::panics;
use crate::cli::stop_reason::{StopReason, Unconnected};
use crate::client::{Client, RunId, call_each};

/// How long calls in progress may take after Ctrl-C.
const GRACE: Duration = Duration::from_secs(5);

/// How long results are collected before they are printed and recorded together.
const WRITE_INTERVAL: Duration = Duration::from_millis(50);

/// One run over many items.
pub(in crate::cli) struct Run<'a> {
    pub context: &'a Context<'a>,
    pub client: &'a Client,
    /// The usual `outcome` of a call that succeeded, such as `resent`; also the first word of the summary.
    pub done: &'static str,
    /// Derives the idempotency keys; `None` if the operation does not take any.
    pub id: Option<RunId>,
    /// How to resume, as a sentence; `None` if it cannot be resumed.
    pub resume: Option<String>,
    /// Records what is done; `None` if the run need not outlive a kill, or cannot.
    pub journal: Option<Journal>,
}

impl Run<'_> {
    /// Makes the call for each item that needs one, and reports on all items in their order.
    pub async fn over<W>(mut self, items: Vec<Item<W>>, call: impl AsyncFn(&W) -> Result<Success, CliError>) -> Report {
        if items.is_empty() {
            return self.context.output.rows().into_report("No targets: nothing was done.".to_owned());
        }
        panics::run_began(self.id, self.resume.as_deref());
        let started = Instant::now();
        let journal = self.journal.take();
        let mut results = Results::new(&items, self.done, self.context.output.rows()).recorded_in(journal);
        let stop = self.call_all(&items, call, &mut results).await;
        results.into_report(stop, started.elapsed(), self.resume)
    }

    /// Reports what would be done to each item, without a call.
    pub fn preview<W>(self, items: &[Item<W>]) -> Report {
        Results::new(items, self.done, self.context.output.rows()).into_preview()
    }

    /// Makes the calls; returns why it stopped early, if it did.
    async fn call_all<W>(
        &self,
        items: &[Item<W>],
        call: impl AsyncFn(&W) -> Result<Success, CliError>,
        results: &mut Results<'_, W>,
    ) -> Option<StopReason> {
        let jobs = items.iter().enumerate().filter_map(|(index, item)| match &item.plan {
            Plan::Call(work) => Some((index, work)),
            Plan::Settled { .. } | Plan::Failed(_) => None,
        });
        let count = jobs.clone().count();
        let Context { output, interrupts, .. } = self.context;
        if let Some(id) = self.id {
            output.run_begins(id, count);
        }
        let progress = output.progress(count);
        interrupts.allow_grace(GRACE);

        let (stop, in_progress, done, failures) = (Cell::new(None), Cell::new(0), Cell::new(0), Cell::new(0));
        let unconnected = Unconnected::new(self.client.concurrency());
        let one = async |index: usize, work: &W| {
            // The run may have stopped while this call waited for its permit.
            if stop.get().is_some() {
                return None;
            }
            in_progress.update(|count| count + 1);
            let outcome = call(work).await;
            in_progress.update(|count| count - 1);
            let unreachable = unconnected.after(&outcome);
            match &outcome {
                Ok(_) => done.update(|count| count + 1),
                Err(error) => {
                    failures.update(|count| count + 1);
                    stop.set(stop.get().or(StopReason::of(error, done.get() > 0)).or(unreachable));
                }
            }
            progress.advance(failures.get());
            Some((index, outcome))
        };
        let jobs = jobs.take_while(|_| stop.get().is_none());
        let calls = call_each(self.client, jobs, |(index, work)| one(index, work));
        let mut calls = pin!(calls.ready_chunks(MAX_CONCURRENCY));
        let mut write_interval = tokio::time::interval(WRITE_INTERVAL);
        write_interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
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
                _ = write_interval.tick(), if results.has_unwritten() => results.flush(),
                finished = calls.next() => match finished {
                    Some(finished) => results.add(finished.into_iter().flatten()),
                    None => break,
                },
            }
        }
        stop.get()
    }
}

//! Running over many targets: what each of them stands for, doing it, and answering for all of them.

mod answer;
mod plan;

use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::{Instant, sleep_until};

use super::context::Context;
use super::error::CliError;
use super::exit_code::ExitCode;
use super::output::Report;
use crate::client::{Client, RunId, UserId, call_each};

pub(super) use answer::Row;
pub(super) use plan::{Plan, Planned, shown};

use answer::Answers;

/// How long calls that are under way have after Ctrl-C.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct ManyArgs {
    /// How many calls are under way at once, 1 to 64; fewer for a while when the server asks to slow down
    #[arg(long, value_name = "N", default_value = "8", value_parser = concurrency)]
    pub concurrency: NonZeroUsize,
}

fn concurrency(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.parse().ok().filter(|number: &NonZeroUsize| number.get() <= 64);
    number.ok_or_else(|| "a number from 1 to 64 is expected".to_owned())
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

/// How far the work on one target has come.
#[derive(Debug)]
enum State {
    NotBegun,
    UnderWay,
    Ended(Result<Bytes, CliError>),
}

/// Why no more calls are begun.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stop {
    Interrupted,
    /// The credential was refused, as it would be for every other target.
    Refused,
}

impl Run<'_> {
    /// Makes the call for each target that something is to be done to, and answers for all targets in their order.
    pub async fn over<F: Future<Output = Result<Bytes, CliError>>>(
        &self,
        planned: Vec<Planned>,
        call: impl Fn(UserId) -> F,
    ) -> Result<Report, CliError> {
        let started = Instant::now();
        let (states, stop) = self.work(&planned, call).await?;
        let mut answers = Answers::new(self.done);
        for (planned, state) in planned.into_iter().zip(states) {
            answers.add(planned, state, stop);
        }
        let resume = |id: RunId| self.context.command_with("--resume", &id.to_string());
        Ok(answers.into_report(started.elapsed(), stop, self.id.and_then(resume)))
    }

    /// Makes the calls. Ctrl-C, or a credential that is refused, ends it: no more calls are begun then.
    async fn work<F: Future<Output = Result<Bytes, CliError>>>(
        &self,
        planned: &[Planned],
        call: impl Fn(UserId) -> F,
    ) -> Result<(Vec<State>, Option<Stop>), CliError> {
        let jobs = planned.iter().enumerate().filter_map(|(index, planned)| match &planned.plan {
            Plan::Do(id) => Some((index, id)),
            Plan::Same { .. } | Plan::Cannot(_) => None,
        });
        let count = jobs.clone().count();
        if let Some(id) = self.id {
            self.context.output.run_begins(id, count);
        }
        let progress = self.context.output.progress(count);
        let states = RefCell::new(planned.iter().map(|_| State::NotBegun).collect::<Vec<_>>());
        let (stop, under_way, failures) = (Cell::new(None), Cell::new(0), Cell::new(0));

        let one = async |index: usize, id: &UserId| {
            // Its turn may come after the end.
            if stop.get().is_some() {
                return;
            }
            under_way.update(|count| count + 1);
            states.borrow_mut()[index] = State::UnderWay;
            let outcome = call(id.clone()).await;
            under_way.update(|count| count - 1);
            if outcome.as_ref().is_err_and(is_refused) {
                stop.set(stop.get().or(Some(Stop::Refused)));
            }
            failures.update(|count| count + usize::from(outcome.is_err()));
            progress.advance(failures.get());
            states.borrow_mut()[index] = State::Ended(outcome);
        };
        {
            let jobs = jobs.take_while(|_| stop.get().is_none());
            let mut calls = pin!(call_each(self.client, jobs, |(index, id)| one(index, id)));
            let mut interrupt = pin!(tokio::signal::ctrl_c());
            let mut end = None;
            loop {
                tokio::select! {
                    ended = calls.next() => if ended.is_none() { break },
                    heard = &mut interrupt => {
                        heard.map_err(CliError::io)?;
                        // The second time it ends at once.
                        if end.is_some() {
                            break;
                        }
                        interrupt.set(tokio::signal::ctrl_c());
                        stop.set(Some(Stop::Interrupted));
                        end = Some(Instant::now() + GRACE);
                        let (seconds, count) = (GRACE.as_secs(), under_way.get());
                        let note = format!("Interrupted: calls under way ({count}) have {seconds} s to finish.");
                        self.context.output.note(&note);
                    }
                    () = sleep_until(end.unwrap_or_else(Instant::now)), if end.is_some() => break,
                }
                if end.is_some() && under_way.get() == 0 {
                    break;
                }
            }
        }
        let states = states.into_inner();
        let is_whole = states.iter().zip(planned).all(|(state, planned)| match planned.plan {
            Plan::Do(_) => matches!(state, State::Ended(_)),
            Plan::Same { .. } | Plan::Cannot(_) => true,
        });
        // What ended before it could be stopped was not stopped.
        Ok((states, stop.get().filter(|_| !is_whole)))
    }
}

/// Whether the credential was refused: it may do nothing, or not this.
fn is_refused(error: &CliError) -> bool {
    matches!(error.exit_code(), ExitCode::Authentication | ExitCode::Permission)
}

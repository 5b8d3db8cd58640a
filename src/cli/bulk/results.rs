//! The results of a run: a row for each target in the order of the targets, the summary, and the exit code.

use std::collections::BTreeMap;
use std::time::Duration;

use super::action::Done;
use crate::cli::error::CliError;
use crate::cli::exit_code::ExitCode;
use crate::cli::output::{FAILED, Report, Row, Rows};
use crate::cli::stop_reason::StopReason;
use crate::cli::target::{Resolution, ResolvedTarget};
use crate::client::{UserId, in_words};

const SKIPPED: &str = "skipped";

pub(super) struct Results<'a> {
    targets: &'a [ResolvedTarget],
    /// The `outcome` of a target that succeeded.
    done: &'static str,
    pub rows: Rows,
    /// How many targets have a row.
    row_count: usize,
    /// Outcomes of later targets than the next row's.
    waiting: BTreeMap<usize, Result<Done, CliError>>,
    failures: Vec<ExitCode>,
    skipped: usize,
    hints: Vec<String>,
    /// Whether resuming the run can do more.
    is_resumable: bool,
    /// Whether Ctrl-C left work undone.
    was_interrupted: bool,
}

impl<'a> Results<'a> {
    pub fn new(targets: &'a [ResolvedTarget], done: &'static str, rows: Rows) -> Self {
        Self {
            targets,
            done,
            rows,
            row_count: 0,
            waiting: BTreeMap::new(),
            failures: Vec::new(),
            skipped: 0,
            hints: Vec::new(),
            is_resumable: false,
            was_interrupted: false,
        }
    }

    /// Takes the outcomes of calls, each with the index of its target, and adds all rows that are now complete.
    pub fn add(&mut self, outcomes: impl Iterator<Item = (usize, Result<Done, CliError>)>) {
        self.waiting.extend(outcomes);
        while let Some(ResolvedTarget { resolution, .. }) = self.targets.get(self.row_count) {
            let outcome = self.waiting.remove(&self.row_count);
            if matches!(resolution, Resolution::Id(_)) && outcome.is_none() {
                break;
            }
            self.add_row(outcome, None);
        }
    }

    /// Adds the row of the next target. The `outcome` is `None` if no call was started or finished for it.
    fn add_row(&mut self, outcome: Option<Result<Done, CliError>>, stop: Option<StopReason>) {
        let ResolvedTarget { target, resolution } = &self.targets[self.row_count];
        let target = target.as_str();
        let row = match (resolution, outcome) {
            (Resolution::Failed(error), _) => self.failed(target, None, error),
            (Resolution::DuplicateOf { id, earlier }, _) => self.skipped(target, id, format!("duplicate of {earlier}")),
            (Resolution::Id(id), Some(Ok(Done { message, invite_id }))) => {
                Row { target, id: Some(id), outcome: self.done, message, invite_id, error: None }
            }
            (Resolution::Id(id), Some(Err(error))) => self.failed(target, Some(id), &error),
            (Resolution::Id(id), None) => {
                let stop = stop.unwrap_or(StopReason::Interrupted);
                self.is_resumable = true;
                self.was_interrupted |= stop == StopReason::Interrupted;
                self.skipped(target, id, stop.message().to_owned())
            }
        };
        self.rows.add(&row);
        self.row_count += 1;
    }

    fn skipped(&mut self, target: &'a str, id: &'a UserId, message: String) -> Row<'a> {
        self.skipped += 1;
        Row { target, id: Some(id), outcome: SKIPPED, message: Some(message), invite_id: None, error: None }
    }

    fn failed(&mut self, target: &'a str, id: Option<&'a UserId>, error: &CliError) -> Row<'a> {
        self.failures.push(error.exit_code());
        self.was_interrupted |= error.exit_code() == ExitCode::Interrupted;
        self.is_resumable |= error.is_retryable() || error.outcome_unknown();
        for hint in error.hints() {
            if !self.hints.contains(hint) {
                self.hints.push(hint.clone());
            }
        }
        let (message, object) = (Some(error.message().to_owned()), error.object()["error"].take());
        Row { target, id, outcome: FAILED, message, invite_id: None, error: Some(object) }
    }

    /// The report of the run. It ends with an error if a target failed or Ctrl-C left work undone. `resume` is the
    /// command that resumes the run.
    pub fn into_report(mut self, stop: Option<StopReason>, took: Duration, resume: Option<String>) -> Report {
        while self.row_count < self.targets.len() {
            let outcome = self.waiting.remove(&self.row_count);
            self.add_row(outcome, stop);
        }
        let done = self.row_count - self.failures.len() - self.skipped;
        let mut counts = vec![format!("{done} {}", self.done)];
        let others = [(self.failures.len(), FAILED), (self.skipped, SKIPPED)];
        counts.extend(others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
        let summary = format!("{} in {}", counts.join(", "), in_words(took));

        let (exit_code, message) = match &self.failures[..] {
            _ if self.was_interrupted => (ExitCode::Interrupted, format!("interrupted: {summary}")),
            [] => return self.rows.into_report(summary),
            [first, rest @ ..] if rest.iter().all(|code| code == first) => (*first, summary),
            _ => (ExitCode::Other, summary),
        };
        let resume = resume.filter(|_| self.is_resumable);
        let advice = resume.as_deref().map(|command| {
            let reads_stdin = command.split(' ').any(|word| word == "-");
            let list = if reads_stdin { "with the same list on stdin " } else { "" };
            format!("To resume {list}within 24 hours: {command}")
        });
        let ending = CliError::run(exit_code, message, resume.is_some());
        let ending = self.hints.into_iter().chain(advice).fold(ending, CliError::hint);
        self.rows.into_report_of_failure(ending)
    }
}

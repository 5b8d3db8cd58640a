//! The results of a run: a row for each item in the order of the items, the summary, and the exit code.

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;

use super::item::{Item, Plan};
use super::journal::Journal;
use crate::cli::error::CliError;
use crate::cli::exit_code::ExitCode;
use crate::cli::output::{FAILED, Report, Row, Rows, SKIPPED};
use crate::cli::stop_reason::StopReason;
use crate::client::{UserId, in_words};

/// How many skipped items of a run people see a line for. The summary has the count of all.
const MAX_SKIPPED_LINES: usize = 50;

/// In the summary: the items that no call was made for, because the run ended.
const NOT_STARTED: &str = "not started";

/// What the summary ends with.
const LAST: [&str; 3] = [FAILED, SKIPPED, NOT_STARTED];

/// What a row shows of a call that succeeded.
#[derive(Debug)]
pub(in crate::cli) struct Success {
    /// Such as `resent`; also the word of the summary.
    pub outcome: &'static str,
    pub id: Option<UserId>,
    pub message: Option<String>,
    pub invite_id: Option<String>,
}

pub(super) struct Results<'a, W> {
    items: &'a [Item<W>],
    rows: Rows,
    /// Records what is done; `None` if the run cannot be resumed from a record.
    journal: Option<Journal>,
    /// How many items have a row.
    row_count: usize,
    /// Results of later items than the next row's.
    waiting: BTreeMap<usize, Result<Success, CliError>>,
    /// How often each outcome occurred, in the order of the summary.
    counts: IndexMap<&'static str, usize>,
    failures: Vec<ExitCode>,
    hints: Vec<String>,
    /// How many skipped items people see a line for.
    skipped_lines: usize,
    /// Whether resuming the run can do more.
    is_resumable: bool,
    /// Whether Ctrl-C left work undone.
    was_interrupted: bool,
}

impl<'a, W> Results<'a, W> {
    /// `done` is the outcome that the summary begins with.
    pub fn new(items: &'a [Item<W>], done: &'static str, rows: Rows) -> Self {
        Self {
            items,
            rows,
            journal: None,
            row_count: 0,
            waiting: BTreeMap::new(),
            counts: IndexMap::from([(done, 0)]),
            failures: Vec::new(),
            hints: Vec::new(),
            skipped_lines: MAX_SKIPPED_LINES,
            is_resumable: false,
            was_interrupted: false,
        }
    }

    /// Records in this journal what is done.
    pub fn recorded_in(self, journal: Option<Journal>) -> Self {
        Self { journal, ..self }
    }

    /// Whether `flush` has something to write.
    pub fn has_unwritten(&self) -> bool {
        self.rows.has_unprinted() || self.journal.as_ref().is_some_and(Journal::has_unwritten)
    }

    /// Prints and records the results since the last flush.
    pub fn flush(&mut self) {
        self.rows.flush();
        if let Some(journal) = &mut self.journal {
            journal.flush();
        }
    }

    /// Takes the results of calls, each with the index of its item, and adds all rows that are now complete.
    pub fn add(&mut self, results: impl Iterator<Item = (usize, Result<Success, CliError>)>) {
        for (index, result) in results {
            if let (Ok(_), Some(journal)) = (&result, &mut self.journal) {
                journal.done(index);
            }
            self.waiting.insert(index, result);
        }
        while let Some(item) = self.items.get(self.row_count) {
            let result = self.waiting.remove(&self.row_count);
            if matches!(item.plan, Plan::Call(_)) && result.is_none() {
                break;
            }
            self.add_row(item, result.as_ref(), None);
        }
    }

    /// Adds the row of the next item. The `result` is `None` if no call was started or finished for it.
    fn add_row(&mut self, item: &Item<W>, result: Option<&Result<Success, CliError>>, stop: Option<StopReason>) {
        let mut row = Row::new(&item.target, item.id.as_ref());
        let was_started = result.is_some() || !matches!(item.plan, Plan::Call(_));
        match (&item.plan, result) {
            (Plan::Settled { outcome, message }, _) => {
                row.outcome = outcome;
                row.message = Some(message.clone());
                row.is_for_people = row.outcome != SKIPPED || self.count(SKIPPED) < self.skipped_lines;
            }
            (Plan::Failed(error), _) => self.fail(&mut row, error),
            (Plan::Call(_), Some(Err(error))) => self.fail(&mut row, error),
            (Plan::Call(_), Some(Ok(success))) => {
                row.id = row.id.or(success.id.as_ref());
                row.outcome = success.outcome;
                row.message.clone_from(&success.message);
                row.invite_id.clone_from(&success.invite_id);
            }
            (Plan::Call(_), None) => {
                let stop = stop.unwrap_or(StopReason::Interrupted);
                self.is_resumable = true;
                self.was_interrupted |= stop == StopReason::Interrupted;
                row.outcome = SKIPPED;
                row.message = Some(stop.message().to_owned());
            }
        }
        let counted = if was_started { row.outcome } else { NOT_STARTED };
        *self.counts.entry(counted).or_default() += 1;
        self.rows.add(&row);
        self.row_count += 1;
    }

    fn fail(&mut self, row: &mut Row<'_>, error: &CliError) {
        self.failures.push(error.exit_code());
        self.was_interrupted |= error.exit_code() == ExitCode::Interrupted;
        self.is_resumable |= error.is_retryable() || error.outcome_unknown();
        for hint in error.hints() {
            if !self.hints.contains(hint) {
                self.hints.push(hint.clone());
            }
        }
        row.outcome = FAILED;
        let unknown = error.outcome_unknown() && error.exit_code() != ExitCode::Interrupted;
        let effect = if unknown { "; it may have taken effect" } else { "" };
        row.message = Some(format!("{}{effect}", error.message()));
        row.error = Some(error.object()["error"].take());
        row.is_for_people = true;
    }

    fn count(&self, outcome: &str) -> usize {
        self.counts.get(outcome).copied().unwrap_or_default()
    }

    /// The report of a run. It ends with an error if a target failed or Ctrl-C left work undone. `resume` says how to
    /// resume the run.
    pub fn into_report(mut self, stop: Option<StopReason>, took: Duration, resume: Option<String>) -> Report {
        self.add_all_rows(stop);
        if let Some(journal) = self.journal.take() {
            journal.end(self.is_resumable);
        }
        let summary = format!("{} in {}", self.summary(), in_words(took));
        self.report(summary, resume)
    }

    /// The report of a dry run, in which no call was made. People see all rows.
    pub fn into_preview(mut self) -> Report {
        self.skipped_lines = usize::MAX;
        self.add_all_rows(None);
        let summary = format!("Dry run: {}. Nothing was changed.", self.summary());
        self.report(summary, None)
    }

    fn add_all_rows(&mut self, stop: Option<StopReason>) {
        while let Some(item) = self.items.get(self.row_count) {
            let result = self.waiting.remove(&self.row_count);
            self.add_row(item, result.as_ref(), stop);
        }
    }

    /// Such as `5 resent, 1 failed, 2 skipped`.
    fn summary(&self) -> String {
        let done = self.counts.iter().filter(|(outcome, _)| !LAST.contains(outcome));
        let others = LAST.into_iter().filter_map(|outcome| self.counts.get_key_value(outcome));
        done.chain(others).map(|(outcome, count)| format!("{count} {outcome}")).collect::<Vec<_>>().join(", ")
    }

    fn report(self, summary: String, resume: Option<String>) -> Report {
        let (exit_code, message) = match &self.failures[..] {
            _ if self.was_interrupted => (ExitCode::Interrupted, format!("interrupted: {summary}")),
            [] => return self.rows.into_report(summary),
            [first, rest @ ..] if rest.iter().all(|code| code == first) => (*first, summary),
            _ => (ExitCode::Other, summary),
        };
        let resume = resume.filter(|_| self.is_resumable);
        let ending = CliError::run(exit_code, message, resume.is_some());
        let ending = self.hints.into_iter().chain(resume).fold(ending, CliError::hint);
        self.rows.into_report_of_failure(ending)
    }
}

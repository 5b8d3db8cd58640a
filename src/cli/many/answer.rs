use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::Stop;
use super::plan::{Resolution, ResolvedTarget};
use crate::cli::error::CliError;
use crate::cli::exit_code::ExitCode;
use crate::cli::output::{FAILED, Report, Row, Rows};
use crate::client::{UserId, in_words};

const SKIPPED: &str = "skipped";

/// The answers to all targets, shown in their order, and what they add up to.
pub(super) struct Answers<'a> {
    planned: &'a [ResolvedTarget],
    done: &'static str,
    rows: Rows,
    /// How many targets are answered for.
    answered: usize,
    /// Outcomes of targets after one that is not answered for yet.
    waiting: BTreeMap<usize, Result<Done, CliError>>,
    failures: Vec<ExitCode>,
    skipped: usize,
    hints: Vec<String>,
    /// Whether the same run may do more when it is gone on with.
    may_go_on: bool,
    /// Whether Ctrl-C left something undone.
    was_interrupted: bool,
}

impl<'a> Answers<'a> {
    pub fn new(planned: &'a [ResolvedTarget], done: &'static str, rows: Rows) -> Self {
        Self {
            planned,
            done,
            rows,
            answered: 0,
            waiting: BTreeMap::new(),
            failures: Vec::new(),
            skipped: 0,
            hints: Vec::new(),
            may_go_on: false,
            was_interrupted: false,
        }
    }

    /// Takes what came of calls, each with the index of its target, and answers for as many targets as can be now.
    pub fn settle(&mut self, ended: impl Iterator<Item = (usize, Result<Done, CliError>)>) {
        self.waiting.extend(ended);
        while let Some(ResolvedTarget { resolution, .. }) = self.planned.get(self.answered) {
            let outcome = self.waiting.remove(&self.answered);
            if matches!(resolution, Resolution::Id(_)) && outcome.is_none() {
                break;
            }
            self.answer(outcome, None);
        }
    }

    /// Whether there are answers that are not shown yet, and can be.
    pub fn are_to_be_shown(&self) -> bool {
        self.rows.has_unprinted()
    }

    /// Shows them.
    pub fn show(&mut self) {
        self.rows.flush();
    }

    /// Answers for the next target; without an outcome nothing was done to it.
    fn answer(&mut self, outcome: Option<Result<Done, CliError>>, stop: Option<Stop>) {
        let ResolvedTarget { target, resolution } = &self.planned[self.answered];
        let target = target.as_str();
        let row = match (resolution, outcome) {
            (Resolution::Failed(error), _) => self.failed(target, None, error),
            (Resolution::DuplicateOf { id, earlier }, _) => self.skipped(target, id, format!("the same as {earlier}")),
            (Resolution::Id(id), Some(Ok(Done { message, invite_id }))) => {
                Row { target, id: Some(id), outcome: self.done, message, invite_id, error: None }
            }
            (Resolution::Id(id), Some(Err(error))) => self.failed(target, Some(id), &error),
            (Resolution::Id(id), None) => {
                self.may_go_on = true;
                let why = match stop {
                    Some(Stop::Refused) => "the credential was refused",
                    Some(Stop::NoCredential) => "there is no credential",
                    Some(Stop::AskedToComeBack) => "the server asks to come back later",
                    Some(Stop::Interrupted) | None => {
                        self.was_interrupted = true;
                        "the run was interrupted"
                    }
                };
                self.skipped(target, id, format!("not begun, since {why}"))
            }
        };
        self.rows.add(&row);
        self.answered += 1;
    }

    fn skipped(&mut self, target: &'a str, id: &'a UserId, message: String) -> Row<'a> {
        self.skipped += 1;
        Row { target, id: Some(id), outcome: SKIPPED, message: Some(message), invite_id: None, error: None }
    }

    fn failed(&mut self, target: &'a str, id: Option<&'a UserId>, error: &CliError) -> Row<'a> {
        self.failures.push(error.exit_code());
        self.was_interrupted |= error.exit_code() == ExitCode::Interrupted;
        self.may_go_on |= error.is_retryable() || error.outcome_unknown();
        for hint in error.hints() {
            if !self.hints.contains(hint) {
                self.hints.push(hint.clone());
            }
        }
        let (message, object) = (Some(error.message().to_owned()), error.object()["error"].take());
        Row { target, id, outcome: FAILED, message, invite_id: None, error: Some(object) }
    }

    /// The report, with the error that the command ends with when not all went well. `resume` is the command that
    /// goes on.
    pub fn into_report(mut self, stop: Option<Stop>, took: Duration, resume: Option<String>) -> Report {
        while self.answered < self.planned.len() {
            let outcome = self.waiting.remove(&self.answered);
            self.answer(outcome, stop);
        }
        let done = self.answered - self.failures.len() - self.skipped;
        let mut counts = vec![format!("{done} {}", self.done)];
        let others = [(self.failures.len(), FAILED), (self.skipped, SKIPPED)];
        counts.extend(others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
        let summary = format!("{} in {}", counts.join(", "), in_words(took));

        let (exit_code, message) = match &self.failures[..] {
            _ if self.was_interrupted => (ExitCode::Interrupted, format!("interrupted: {summary}")),
            [] => return self.rows.into_report(summary),
            [first, rest @ ..] if rest.iter().all(|code| code == first) => (*first, summary.clone()),
            _ => (ExitCode::Other, summary.clone()),
        };
        let resume = resume.filter(|_| self.may_go_on);
        let advice = resume.as_deref().map(|command| {
            // Nobody but the user has what was on stdin.
            let targets = if is_list_on_stdin(command) { "the same list on stdin" } else { "the same targets" };
            format!("To go on with {targets}, and nothing done twice, within 24 hours: {command}")
        });
        let ending = CliError::run(exit_code, message, resume.is_some());
        let ending = self.hints.into_iter().chain(advice).fold(ending, CliError::hint);
        self.rows.into_report_of_failure(ending)
    }
}

fn is_list_on_stdin(command: &str) -> bool {
    command.split(' ').any(|word| word == "-")
}

/// What the answer to a call says, in all operations.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Done {
    message: Option<String>,
    invite_id: Option<String>,
}

impl Done {
    pub fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }
}

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::plan::{Plan, Planned};
use super::{Outcome, Stop};
use crate::cli::error::CliError;
use crate::cli::exit_code::ExitCode;
use crate::cli::output::{Column, Report};
use crate::client::{UserId, in_words};

const FAILED: &str = "failed";
const SKIPPED: &str = "skipped";

/// What is said of one target.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Row {
    target: String,
    id: Option<UserId>,
    outcome: &'static str,
    message: Option<String>,
    invite_id: Option<String>,
    /// The error object.
    error: Option<Value>,
}

impl Row {
    /// What all rows have.
    pub fn columns() -> Vec<Column> {
        ["target", "id", "outcome", "message", "inviteId", "error"].into_iter().map(Column::of).collect()
    }

    /// What a person reads of a target that something went wrong with.
    pub fn failure(&self) -> Option<String> {
        let message = self.message.as_deref().filter(|_| self.outcome == FAILED)?;
        Some(format!("{}: {message}", self.target))
    }
}

/// The answers to all targets, in their order, and what they add up to.
pub(super) struct Answers {
    done: &'static str,
    rows: Vec<Row>,
    failures: Vec<ExitCode>,
    skipped: usize,
    hints: Vec<String>,
    /// Whether the same run may do more when it is gone on with.
    may_go_on: bool,
    /// Whether Ctrl-C left something undone.
    was_interrupted: bool,
}

impl Answers {
    pub fn new(done: &'static str) -> Self {
        Self {
            done,
            rows: Vec::new(),
            failures: Vec::new(),
            skipped: 0,
            hints: Vec::new(),
            may_go_on: false,
            was_interrupted: false,
        }
    }

    pub fn add(&mut self, Planned { target, plan }: Planned, outcome: Outcome, stop: Option<Stop>) {
        let target = target.to_string();
        let row = match (plan, outcome) {
            (Plan::Cannot(error), _) => self.failed(target, None, &error),
            (Plan::Same { id, earlier }, _) => self.skipped(target, id, format!("the same as {earlier}")),
            (Plan::Do(id), Some(Ok(Done { message, invite_id }))) => {
                Row { target, id: Some(id), outcome: self.done, message, invite_id, error: None }
            }
            (Plan::Do(id), Some(Err(error))) => self.failed(target, Some(id), &error),
            (Plan::Do(id), None) => {
                self.may_go_on = true;
                let why = match stop {
                    Some(Stop::Refused) => "the credential was refused",
                    Some(Stop::Interrupted) | None => {
                        self.was_interrupted = true;
                        "the run was interrupted"
                    }
                };
                self.skipped(target, id, format!("not begun, since {why}"))
            }
        };
        self.rows.push(row);
    }

    fn skipped(&mut self, target: String, id: UserId, message: String) -> Row {
        self.skipped += 1;
        Row { target, id: Some(id), outcome: SKIPPED, message: Some(message), invite_id: None, error: None }
    }

    fn failed(&mut self, target: String, id: Option<UserId>, error: &CliError) -> Row {
        self.failures.push(error.exit_code());
        self.was_interrupted |= error.exit_code() == ExitCode::Interrupted;
        self.may_go_on |= error.is_retryable() || error.leaves_doubt();
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
    pub fn into_report(self, took: Duration, resume: Option<String>) -> Report {
        let done = self.rows.len() - self.failures.len() - self.skipped;
        let mut counts = vec![format!("{done} {}", self.done)];
        let others = [(self.failures.len(), FAILED), (self.skipped, SKIPPED)];
        counts.extend(others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
        let summary = format!("{} in {}", counts.join(", "), in_words(took));

        let (exit_code, message) = match &self.failures[..] {
            _ if self.was_interrupted => (ExitCode::Interrupted, format!("interrupted: {summary}")),
            [] => return Report::run(self.rows, summary, None),
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
        Report::run(self.rows, summary, Some(ending))
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

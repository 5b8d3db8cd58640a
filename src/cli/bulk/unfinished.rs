//! The runs that this machine recorded and that did not finish: which one `--resume` means, and what is left of it.

use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::args::Resume;
use super::journal::{self, Content, Head, Left};
use crate::cli::confirmation::{Confirmation, can_ask};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::found::{Found, Resolution, ResolvedTarget};
use crate::cli::lookup;
use crate::cli::output::in_local_time;
use crate::cli::scope::Scope;
use crate::cli::suggestion::Suggestions;
use crate::cli::target::{Target, TargetKind};
use crate::client::{Client, RunId, UserId};
use crate::operation::Operation;

/// A run that was killed, or that can do more if it is resumed.
#[derive(Debug)]
pub(in crate::cli) struct Unfinished {
    pub run: RunId,
    head: Head,
    left: Vec<Left>,
    /// Whether the user did not name the run, and is asked about it.
    pub is_offered: bool,
    /// Whether its record has lost targets.
    is_damaged: bool,
}

impl Unfinished {
    fn new(run: RunId, content: Content) -> Self {
        let Content { head, left, is_damaged, .. } = content;
        Self { run, head, left: left.into_values().collect(), is_offered: false, is_damaged }
    }

    /// All runs that can be resumed with their keys, the newest first.
    pub fn all() -> Vec<Self> {
        let Ok(folder) = journal::folder() else { return Vec::new() };
        let runs = journal::runs(&folder).unwrap_or_default().into_iter().rev();
        let runs = runs.filter(|run| !run.keys_may_have_expired(SystemTime::now()));
        let read = runs.filter_map(|run| Some((run, journal::read(&journal::path(&folder, run)).ok()??)));
        let ended = read.filter(|(_, content)| !content.is_locked && !content.left.is_empty());
        ended.map(|(run, content)| Self::new(run, content)).collect()
    }

    /// The run to resume without targets. The last one is of this operation, for the API and the customer.
    pub fn choose(
        operation: &Operation,
        resume: Resume,
        confirmation: Confirmation,
        context: &Context<'_>,
    ) -> Result<Self, CliError> {
        if context.sandbox.is_some() {
            return Err(CliError::usage("a private sandbox has no earlier run").hint("Name the targets."));
        }
        let head = Head::of(operation, context)?;
        match resume {
            Resume::Run(run) => Self::named(run, &head),
            Resume::Last => Self::last(&head, can_ask() && !confirmation.yes),
        }
    }

    fn named(run: RunId, head: &Head) -> Result<Self, CliError> {
        let content = journal::folder().and_then(|folder| journal::read(&journal::path(&folder, run)));
        let content = content.map_err(|error| {
            CliError::other(format!("cannot read the record of the run {run}: {error}"))
                .hint("Add the targets of the run.")
        })?;
        let content = content.ok_or_else(|| {
            CliError::usage(format!("this machine has no record of the run {run}"))
                .hint("Add the targets of the run. dci status lists the unfinished runs of this machine.")
        })?;
        if content.is_locked {
            return Err(journal::in_progress(run));
        }
        let unfinished = Self::new(run, content);
        let (own, now) = (&unfinished.head.scope, &head.scope);
        if unfinished.head != *head {
            let hint = if own.owner != now.owner {
                "Use the credential that began it, or add the targets of the run.".to_owned()
            } else if own.tenant.is_none() && now.tenant.is_some() {
                "It began without a customer: omit --tenant, and use no DCI_TENANT_ID or stored customer.".to_owned()
            } else {
                format!("To resume it: {}", unfinished.command(now))
            };
            return Err(
                CliError::usage(format!("the run {run} is for another command, API, customer or user")).hint(hint)
            );
        }
        Ok(unfinished)
    }

    fn last(head: &Head, can_ask: bool) -> Result<Self, CliError> {
        let command = &head.command;
        let mut runs = Self::all();
        runs.retain(|unfinished| unfinished.head == *head);
        if runs.is_empty() {
            return Err(CliError::usage(format!("{command} has no unfinished run for this API, customer and user"))
                .hint("Name the targets. dci status lists the unfinished runs of this machine."));
        }
        if runs.len() > 1 && !can_ask {
            let lines = runs.iter().map(|unfinished| format!("{}: {} to do", unfinished.name(), unfinished.count()));
            return Err(CliError::usage(format!("{command} has several unfinished runs"))
                .problems(lines.collect())
                .hint(format!("Choose one with dci {command} --resume RUN.")));
        }
        Ok(Self { is_offered: can_ask, ..runs.swap_remove(0) })
    }

    /// How many targets are left.
    pub fn count(&self) -> usize {
        self.left.len()
    }

    /// What is left. Looks up only the targets whose id was not known.
    pub async fn resolve(
        &self,
        context: &Context<'_>,
        client: &Client,
        kind: TargetKind,
        suggestions: &Suggestions<'_>,
    ) -> Result<Vec<ResolvedTarget>, CliError> {
        let read = |left: &Left| -> Option<(Target, Option<UserId>)> {
            Some((left.target.parse().ok()?, left.id.as_ref().map(|id| id.parse()).transpose().ok()?))
        };
        let left: Option<Vec<_>> = self.left.iter().map(read).collect();
        let left = left.filter(|_| !self.is_damaged).ok_or_else(|| {
            CliError::other(format!("the record of the run {} is damaged: targets are missing", self.run))
                .hint(format!("Repeat the command with all targets of the run and --resume {}.", self.run))
        })?;
        let (known, unknown): (Vec<_>, Vec<_>) = left.into_iter().partition(|(_, id)| id.is_some());
        let unknown = unknown.into_iter().map(|(target, _)| target).collect();
        let known = known.into_iter().filter_map(|(target, id)| {
            Some(ResolvedTarget { target, resolution: Resolution::Found(Found::given(id?)) })
        });
        let looked_up = lookup::resolve_all(context, client, unknown, kind, suggestions).await?;
        Ok(known.chain(looked_up).collect())
    }

    /// Such as `run 0199f3c2-8d5b-7c3e-9a41-5d0c6a2b7e10, which began Fri 27 Nov 2026, 18:03 UTC`.
    pub fn name(&self) -> String {
        let age = SignedDuration::try_from(self.run.age(SystemTime::now())).unwrap_or_default();
        format!("run {}, which began {}", self.run, in_local_time(Timestamp::now() - age))
    }

    /// The command that resumes it, if this scope is chosen without flags.
    pub fn command(&self, scope: &Scope) -> String {
        self.head.command_to_resume(self.run, scope)
    }

    /// Such as `resend-invite, 2 to do`.
    pub fn summary(&self) -> String {
        format!("{}, {} to do", self.head.command, self.count())
    }

    /// The line for people.
    pub fn line(&self, scope: &Scope) -> String {
        format!("{}: {}", self.summary(), self.command(scope))
    }

    /// The value for scripts.
    pub fn json(&self, scope: &Scope) -> Value {
        let Head { command, scope: own } = &self.head;
        json!({
            "id": self.run.to_string(),
            "command": command,
            "apiBaseUrl": own.api_base_url,
            "tenant": own.tenant,
            "customerContext": own.customer_context,
            "targetsLeft": self.count(),
            "resume": self.command(scope),
        })
    }
}

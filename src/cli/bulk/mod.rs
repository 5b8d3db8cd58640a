//! One action on one target or on many: which targets, the confirmation, the idempotency keys, and the calls.

mod action;
mod args;
mod invites;
mod item;
mod journal;
mod question;
mod results;
mod run;
mod unfinished;

use std::time::SystemTime;

use super::call::{KEY_FLAG, RESUME_FLAG};
use super::context::Context;
use super::error::CliError;
use super::found::{Found, Resolution, ResolvedTarget};
use super::lookup;
use super::output::{Report, Row};
use super::suggestion::Suggestions;
use super::target::{Target, Targets};
use super::user_status::InviteStatus;
use crate::client::{CallResponse, Client, IdempotencyKey, RunId, UserId, with_used_key};

use args::Resume;
use journal::{Head, Journal};

pub(super) use action::{Action, Done};
pub(super) use args::{BulkArgs, Concurrency, DryRun, KeyedArgs};
pub(super) use invites::InviteArgs;
pub(super) use item::{Item, Plan};
pub(super) use results::Success;
pub(super) use run::Run;
pub(super) use unfinished::Unfinished;

/// The targets that a command line selects.
pub(super) enum Selection {
    Named(Targets),
    /// Every invite with one of these statuses; every invite that is not cancelled if there are none.
    AllInvited(Vec<InviteStatus>),
    /// What is left of an earlier run.
    Unfinished(Unfinished),
}

impl Selection {
    /// The run that is resumed.
    fn resumed(&self, args: &KeyedArgs) -> Option<RunId> {
        match (self, args.resume) {
            (Self::Unfinished(unfinished), _) => Some(unfinished.run),
            (_, Some(Resume::Run(run))) => Some(run),
            _ => None,
        }
    }
}

/// Does the action to all selected targets.
pub(super) async fn run<A: Action>(
    action: &A,
    selection: Selection,
    args: &KeyedArgs,
    context: &Context<'_>,
) -> Result<Report, CliError> {
    let resumed = selection.resumed(args);
    args.check_age(resumed, SystemTime::now())?;
    if resumed.is_some_and(|run| run.keys_may_have_expired(SystemTime::now())) {
        context.output.note("The run is older than 24 hours: targets may be processed twice.");
    }
    if let Selection::Named(Targets::One(_)) = selection {
        context.output.check_columns_of(A::OPERATION)?;
    } else {
        if args.idempotency_key.is_some() {
            return Err(CliError::usage("--idempotency-key is for a single target: a key belongs to one request")
                .hint("Omit it: each invite gets its own key, derived from the run's id."));
        }
        context.output.check_columns(Row::columns)?;
    }
    let client = context.client_for_many(args.bulk.concurrency.calls)?;
    let bulk = Bulk { action, args, resumed, context, client };
    match selection {
        Selection::Named(Targets::One(target)) => bulk.one(&target).await,
        Selection::Named(Targets::List(targets)) => {
            let suggestions = Suggestions::new(context, &bulk.client, targets.len());
            let targets = lookup::resolve_all(context, &bulk.client, targets, A::TARGET, &suggestions).await?;
            if A::CONFIRMS_NAMED_TARGETS {
                bulk.confirm_all(&targets, "").await?;
            }
            bulk.many(targets, &suggestions).await
        }
        Selection::AllInvited(statuses) => {
            if !A::REACTIVATES && statuses.contains(&InviteStatus::Cancelled) {
                return Err(CliError::usage("--status cancelled: these invites are already cancelled")
                    .hint("Omit cancelled from --status."));
            }
            let all = lookup::all_invited(context, &bulk.client, &statuses).await?;
            let (cancelled, them) = match all.cancelled {
                1 => ("1 cancelled invite".to_owned(), "it"),
                several => (format!("{several} cancelled invites"), "them"),
            };
            let mut effect = String::new();
            if A::REACTIVATES && all.cancelled > 0 {
                if statuses.contains(&InviteStatus::Cancelled) {
                    effect = format!(", which reactivates {cancelled}");
                } else if statuses.is_empty() {
                    context.output.note(&format!("Skipped {cancelled}. To select {them}, use --status."));
                }
            }
            bulk.confirm_all(&all.targets, &effect).await?;
            let suggestions = Suggestions::new(context, &bulk.client, all.targets.len());
            bulk.many(all.targets, &suggestions).await
        }
        Selection::Unfinished(unfinished) => {
            let suggestions = Suggestions::new(context, &bulk.client, unfinished.count());
            let targets = unfinished.resolve(context, &bulk.client, A::TARGET, &suggestions).await?;
            if A::CONFIRMS_NAMED_TARGETS || unfinished.is_offered {
                bulk.confirm_all(&targets, &format!(" of the unfinished {}", unfinished.name())).await?;
            }
            bulk.many(targets, &suggestions).await
        }
    }
}

struct Bulk<'a, A> {
    action: &'a A,
    args: &'a KeyedArgs,
    resumed: Option<RunId>,
    context: &'a Context<'a>,
    client: Client,
}

impl<A: Action> Bulk<'_, A> {
    async fn one(&self, target: &Target) -> Result<Report, CliError> {
        let Self { action, args, resumed, context, client } = self;
        let name = A::TARGET.name_of(target);
        let failed = format!("cannot {} the {name}", A::VERB);
        let suggestions = Suggestions::new(context, client, 1);
        let found = match lookup::resolve(context, client, target, A::TARGET).await {
            Ok(found) => found,
            Err(error) => return Err(suggestions.add_to(error.context(failed), target.as_str()).await),
        };
        if A::CONFIRMS_NAMED_TARGETS {
            self.confirm(&format!("the {name}"), &[(target, &found)]).await?;
        }
        let id = found.id;
        self.check_age_by_server().await?;
        let key = match (&args.idempotency_key, resumed) {
            _ if !A::OPERATION.takes_idempotency_key => None,
            (Some(key), _) => Some(key.clone()),
            (None, Some(run)) => Some(run.key(A::OPERATION, &id, args.is_dry_run())),
            (None, None) => Some(IdempotencyKey::random()),
        };
        let response = match self.call(&id, key.clone()).await {
            Ok(response) => response,
            Err(error) => {
                let error = suggestions.add_to(error.context(failed), target.as_str()).await;
                return Err(match (resumed, &key) {
                    (Some(run), _) => context.advise_same_call(error, RESUME_FLAG, &run.to_string()),
                    (None, Some(key)) => context.advise_same_call(error, KEY_FLAG, key.as_str()),
                    (None, None) => error,
                });
            }
        };
        // A sentence may need the time zone, which is slow to read.
        let sentence = context.output.is_for_people().then(|| action.sentence(&name));
        Ok(Report::response(A::OPERATION, sentence.unwrap_or_default(), response.body))
    }

    async fn many(&self, targets: Vec<ResolvedTarget>, suggestions: &Suggestions<'_>) -> Result<Report, CliError> {
        let Self { args, resumed, context, client, .. } = self;
        let dry_run = args.is_dry_run();
        self.check_age_by_server().await?;
        let takes_key = A::OPERATION.takes_idempotency_key;
        let id = takes_key.then(|| resumed.unwrap_or_else(|| RunId::begun_at(client.now())));
        let outcome = if dry_run { "checked" } else { A::DONE };
        let items: Vec<Item<UserId>> = targets.into_iter().map(Item::from).collect();
        let recorded = id.filter(|_| !dry_run && context.sandbox.is_none());
        let (mut journal, mut resume) = (None, None);
        if let Some(id) = recorded {
            let head = Head::of(A::OPERATION, context)?;
            let command = head.command_to_resume(id, &context.scope_without_flags()?);
            journal = Journal::begin(id, head, &items)?;
            resume = journal.is_some().then(|| format!("To resume within 24 hours: {command}"));
        }
        if journal.is_none() {
            resume = id.and_then(|id| context.command_with(RESUME_FLAG, &id.to_string())).map(|command| {
                let reads_stdin = command.split(' ').any(|word| word == "-");
                let list = if reads_stdin { "with the same list on stdin " } else { "" };
                format!("To resume {list}within 24 hours: {command}")
            });
        }
        let run = Run { context, client, done: outcome, id, resume, journal };
        let report = run.over(items, async |target: &UserId| {
            // The keys may expire during a long run.
            args.check_age(*resumed, client.now())?;
            let key = id.map(|run| run.key(A::OPERATION, target, dry_run));
            let response = match self.call(target, key).await {
                Ok(response) => response,
                Err(error) => return Err(suggestions.add_to(error, target.as_str()).await),
            };
            let Done { message, invite_id } = A::done(response.value);
            Ok(Success { outcome, id: Some(target.clone()), message, invite_id })
        });
        Ok(report.await)
    }

    /// Asks about all targets with an id. `effect` says what else the action does.
    async fn confirm_all(&self, targets: &[ResolvedTarget], effect: &str) -> Result<(), CliError> {
        let found = targets.iter().filter_map(|ResolvedTarget { target, resolution }| match resolution {
            Resolution::Found(found) => Some((target, found)),
            Resolution::DuplicateOf { .. } | Resolution::Failed(_) => None,
        });
        let found: Vec<_> = found.collect();
        if found.is_empty() {
            return Ok(());
        }
        self.confirm(&format!("{}{effect}", A::TARGET.count(found.len())), &found).await
    }

    async fn confirm(&self, what: &str, targets: &[(&Target, &Found)]) -> Result<(), CliError> {
        let Self { args, context, client, .. } = self;
        if args.is_dry_run() {
            return Ok(());
        }
        let about = question::describe(context, client, targets);
        args.bulk.confirmation.ask(context, &format!("{} {what}", A::VERB), about).await
    }

    async fn call(&self, id: &UserId, key: Option<IdempotencyKey>) -> Result<CallResponse<A::Response>, CliError> {
        let calling = self.context.call(self.action.send(&self.client, id, key));
        let outcome = if self.args.reuses_keys() { with_used_key(calling).await } else { calling.await };
        outcome.map_err(|error| self.action.explain(error).hint_permission(A::OPERATION))
    }

    /// Checks the age of a resumed run by the server's clock, in case this machine's is wrong.
    async fn check_age_by_server(&self) -> Result<(), CliError> {
        let Self { args, resumed, context, client, .. } = self;
        if resumed.is_some() && client.server_time().is_none() {
            // Any response has the time, even an error. The first call of the action would fail with the same error.
            let _ = context.call(client.validate().send()).await;
        }
        args.check_age(*resumed, client.now())
    }
}

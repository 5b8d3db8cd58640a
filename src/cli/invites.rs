//! What resend-invite and cancel-invite have in common: each does something to invites, with a key for each of them.

use std::time::SystemTime;

use bytes::Bytes;

use super::call::{KEY_FLAG, RESUME_FLAG};
use super::confirmation::Confirmation;
use super::context::Context;
use super::error::CliError;
use super::lookup::TargetKind;
use super::many::{ManyArgs, ResolvedTarget, Run, shown};
use super::output::Report;
use super::output::Row;
use super::target::{Target, Targets};
use crate::client::{
    CallResponse, Client, Error, ErrorKind, IdempotencyKey, ResponseValue, RunId, UserId, with_used_key,
};
use crate::operation::Operation;
use crate::types;

#[derive(Debug, clap::Args)]
pub(super) struct InviteArgs {
    /// Check that this would work; change nothing
    ///
    /// The default is false.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[arg(hide_possible_values = true)]
    dry_run: Option<bool>,

    /// The Idempotency-Key for a single target
    ///
    /// The default is a new random key. The server processes a key once and remembers it for at least 24 hours: for
    /// the key of an earlier request it repeats its response and does nothing again. A key belongs to one request: a
    /// dry run and a real call need different keys. A key has 1 to 255 visible ASCII characters.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<IdempotencyKey>,

    /// Resume an earlier run with the same targets
    ///
    /// Finished invites are not processed again. RUN is the id that is printed when a run begins. The server
    /// remembers a run for at least 24 hours; to resume an older one, add --yes.
    #[arg(long, value_name = "RUN", conflicts_with = "idempotency_key")]
    resume: Option<RunId>,

    #[command(flatten)]
    many: ManyArgs,

    #[command(flatten)]
    confirmation: Confirmation,
}

/// What one of the two commands is pointed at.
pub(super) enum Invites {
    Named(Targets),
    /// Everybody who has not accepted yet, but for those whose invite was cancelled.
    AllInvited,
}

/// What one of the two commands does.
pub(super) trait InviteAction {
    const OPERATION: &'static Operation;
    /// As in "cancel 2 invites".
    const VERB: &'static str;
    /// As in "2 cancelled".
    const DONE: &'static str;
    /// Whether invites that were named are asked about too.
    const ASKS: bool;

    /// Makes the call for one invite.
    async fn call(&self, client: &Client, id: &UserId, key: IdempotencyKey) -> Result<Bytes, CliError>;

    /// What was done to one invite, which is called `invite`, such as "invite 3f2a9c".
    fn sentence(&self, invite: &str) -> String;
}

impl InviteArgs {
    /// Whether it may have been done before, under the same key.
    pub fn may_repeat(&self) -> bool {
        self.idempotency_key.is_some() || self.resume.is_some()
    }

    pub fn is_dry_run(&self) -> bool {
        self.dry_run == Some(true)
    }

    /// Makes one call. Its key may have been used before if the user resumes a run or gives a key.
    pub async fn call<T>(
        &self,
        context: &Context<'_>,
        sending: impl Future<Output = Result<ResponseValue<T>, Error<types::Error>>>,
    ) -> Result<CallResponse<T>, CliError> {
        if self.may_repeat() { context.call(with_used_key(sending)).await } else { context.call(sending).await }
    }

    /// Rejects a run whose keys the server may have forgotten: resuming it could do its work twice.
    fn check_age(&self, now: SystemTime) -> Result<(), CliError> {
        let Some(run) = self.resume.filter(|_| !self.confirmation.yes) else { return Ok(()) };
        if run.is_from_the_future(now) {
            return Err(CliError::usage(format!("the run {run} begins in the future: a clock or the id is wrong"))
                .hint("Check this machine's clock. Add --yes to resume it anyway: invites may then be sent twice."));
        }
        if !run.keys_may_have_expired(now) {
            return Ok(());
        }
        let hours = run.age(now).as_secs() / 3600;
        Err(CliError::usage(format!(
            "the run {run} began {hours} hours ago, and the server may have forgotten its keys"
        ))
        .hint("Add --yes to resume it anyway: its work may then be done twice."))
    }

    /// Checks the age by the server's clock, in case this machine's is wrong.
    async fn check_age_by_server(&self, context: &Context<'_>, client: &Client) -> Result<(), CliError> {
        if self.resume.is_some() && !self.confirmation.yes && client.server_time().is_none() {
            // Any response tells the time, and an error comes back with the first call for an invite.
            let _ = context.call(client.validate().send()).await;
        }
        self.check_age(client.now())
    }
}

pub(super) async fn run<A: InviteAction>(
    action: &A,
    invites: Invites,
    args: &InviteArgs,
    context: &Context<'_>,
) -> Result<Report, CliError> {
    args.check_age(SystemTime::now())?;
    if args.resume.is_some_and(|run| run.keys_may_have_expired(SystemTime::now())) {
        context.output.note("The run is older than 24 hours: what was done in it may be done twice.");
    }
    let is_list = !matches!(invites, Invites::Named(Targets::One(_)));
    if is_list && args.idempotency_key.is_some() {
        return Err(CliError::usage("--idempotency-key is for a single target: a key stands for one request")
            .hint("Leave it out: each invite gets a key of its own, derived from the run's id."));
    }
    if is_list {
        context.output.check_columns(Row::columns)?;
    } else {
        context.output.check_columns_of(A::OPERATION)?;
    }
    let client = context.client_for_many(args.many.concurrency)?;
    match invites {
        Invites::Named(Targets::One(target)) => one(action, &target, args, context, &client).await,
        Invites::Named(Targets::List(targets)) => {
            let planned = context.resolve_all(&client, targets, TargetKind::Invite).await?;
            many(action, planned, A::ASKS, args, context, &client).await
        }
        Invites::AllInvited => {
            let all = context.all_invited(&client).await?;
            match all.cancelled {
                0 => {}
                1 => context.output.note("1 cancelled invite is skipped; name it to send it again."),
                several => {
                    let text = format!("{several} cancelled invites are skipped; name them to send them again.");
                    context.output.note(&text);
                }
            }
            many(action, all.found, true, args, context, &client).await
        }
    }
}

async fn call<A: InviteAction>(
    action: &A,
    client: &Client,
    id: &UserId,
    key: IdempotencyKey,
) -> Result<Bytes, CliError> {
    const GONE: &str = "The invite was never created, or it was accepted and so removed.";
    action.call(client, id, key).await.map_err(|error| error.hint_for(ErrorKind::NotFound, GONE))
}

async fn one<A: InviteAction>(
    action: &A,
    target: &Target,
    args: &InviteArgs,
    context: &Context<'_>,
    client: &Client,
) -> Result<Report, CliError> {
    let invite = match target {
        Target::Id(id) => format!("invite {id}"),
        Target::Email(email) => format!("invite of {email}"),
    };
    let failed = format!("cannot {} the {invite}", A::VERB);
    let id = context.resolve(client, target, TargetKind::Invite).await;
    let id = id.map_err(|error| error.context(&failed))?;
    if A::ASKS && !args.is_dry_run() {
        args.confirmation.ask(context, &format!("{} the {invite}", capitalized(A::VERB)), &[]).await?;
    }
    args.check_age_by_server(context, client).await?;
    let key = match (&args.idempotency_key, args.resume) {
        (Some(key), _) => key.clone(),
        (None, Some(run)) => run.key(A::OPERATION, &id, args.is_dry_run()),
        (None, None) => IdempotencyKey::random(),
    };
    let outcome = call(action, client, &id, key.clone()).await;
    match outcome {
        Ok(body) => {
            // It knows the time zone, which takes its time to read.
            let sentence = context.output.is_for_people().then(|| action.sentence(&invite));
            Ok(Report::response(A::OPERATION, sentence.unwrap_or_default(), body))
        }
        Err(error) => Err(match args.resume {
            Some(run) => context.advise_same_call(error.context(failed), RESUME_FLAG, &run.to_string()),
            None => context.advise_same_call(error.context(failed), KEY_FLAG, key.as_str()),
        }),
    }
}

async fn many<A: InviteAction>(
    action: &A,
    planned: Vec<ResolvedTarget>,
    asks: bool,
    args: &InviteArgs,
    context: &Context<'_>,
    client: &Client,
) -> Result<Report, CliError> {
    let dry_run = args.is_dry_run();
    let to_do = if asks && !dry_run { shown(&planned) } else { Vec::new() };
    if !to_do.is_empty() {
        let invites = if to_do.len() == 1 { "invite" } else { "invites" };
        let question = format!("{} {} {invites}", capitalized(A::VERB), to_do.len());
        args.confirmation.ask(context, &question, &to_do).await?;
    }
    args.check_age_by_server(context, client).await?;
    let id = args.resume.unwrap_or_else(|| RunId::begun_at(client.now()));
    let done = if dry_run { "checked" } else { A::DONE };
    let run = Run { context, client, done, id: Some(id) };
    let report = run.over(planned, |invite| async move {
        // A long run may outlive the server's memory.
        args.check_age(client.now())?;
        call(action, client, &invite, id.key(A::OPERATION, &invite, dry_run)).await
    });
    Ok(report.await)
}

fn capitalized(verb: &str) -> String {
    let mut chars = verb.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

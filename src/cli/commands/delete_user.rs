use bytes::Bytes;

use crate::cli::confirmation::Confirmation;
use crate::cli::lookup::TargetKind;
use crate::cli::many::{ManyArgs, Run, shown};
use crate::cli::output::Row;
use crate::cli::target::{TARGETS, TARGETS_AT_LENGTH, TargetArg, Targets};
use crate::cli::{CliError, Context, Report};
use crate::client::{Client, UserId};
use crate::operation::Operation;

#[derive(Debug, clap::Args)]
#[command(override_usage = "dci delete-user [OPTIONS] <TARGET>...")]
#[command(after_long_help = "\
Examples:
  dci delete-user ada@example.com     Ask, then delete the user with this address
  dci delete-user 3f2a9c --yes        Delete the user 3f2a9c without asking
  dci delete-user --yes - < ids.txt   Delete all users in a list")]
pub struct Args {
    #[arg(value_name = "TARGET", help = TARGETS, long_help = TARGETS_AT_LENGTH, required = true)]
    targets: Vec<TargetArg>,

    #[command(flatten)]
    many: ManyArgs,

    #[command(flatten)]
    confirmation: Confirmation,
}

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Report, CliError> {
    let client = context.client_for_many(args.many.concurrency)?;
    match Targets::read(args.targets, context).await? {
        Targets::One(target) => {
            context.output.check_columns_of(Operation::DELETE_USER)?;
            let failed = format!("cannot delete the user {target}");
            let id = context.resolve(&client, &target, TargetKind::User).await;
            let id = id.map_err(|error| error.context(&failed))?;
            args.confirmation.ask(context, &format!("Delete the user {target}"), &[]).await?;
            let body = delete(context, &client, &id).await;
            let body = body.map_err(|error| error.context(failed))?;
            Ok(Report::response(Operation::DELETE_USER, format!("The user {target} was deleted."), body))
        }
        Targets::List(targets) => {
            context.output.check_columns(Row::columns)?;
            let planned = context.resolve_all(&client, targets, TargetKind::User).await?;
            let to_do = shown(&planned);
            if !to_do.is_empty() {
                let users = if to_do.len() == 1 { "user" } else { "users" };
                args.confirmation.ask(context, &format!("Delete {} {users}", to_do.len()), &to_do).await?;
            }
            let run = Run { context, client: &client, done: "deleted", id: None };
            let client = &client;
            Ok(run.over(planned, |id| async move { delete(context, client, &id).await }).await)
        }
    }
}

/// Running the command again is harmless: a deleted user is simply not found.
const IN_DOUBT: &str = "The user may have been deleted. Check with list-users, or run the command again.";

/// The hint if the user is not found after an attempt without a response.
const GONE_IN_DOUBT: &str = "An earlier attempt got no response and may have deleted the user. Check with list-users.";

async fn delete(context: &Context<'_>, client: &Client, id: &UserId) -> Result<Bytes, CliError> {
    let response = context.call(client.delete_user().id(id).send()).await;
    let response = response.map_err(|error| {
        let hint = if matches!(error.status(), Some(400 | 404)) { GONE_IN_DOUBT } else { IN_DOUBT };
        error.hint_permission(Operation::DELETE_USER).hint_if_outcome_unknown(hint)
    })?;
    Ok(response.body)
}

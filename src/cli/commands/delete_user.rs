//! Deletes users and invites.

use crate::cli::bulk::{self, Action, BulkArgs, Done, Selection};
use crate::cli::call::SendResult;
use crate::cli::picker::Picker;
use crate::cli::target::{TARGETS, TARGETS_AT_LENGTH, TargetArg, TargetKind};
use crate::cli::{CliError, Context, Report};
use crate::client::{Client, IdempotencyKey, UserId};
use crate::operation::Operation;
use crate::types::DeleteUserResponse;

#[derive(Debug, clap::Args)]
#[command(override_usage = "dci delete-user [OPTIONS] <TARGET>...")]
#[command(after_long_help = "\
Examples:
  dci delete-user ada@example.com     Ask, then delete the user with this address
  dci delete-user 3f2a9c --yes        Delete the user 3f2a9c without asking
  dci delete-user --yes - < ids.txt   Delete all users in a list")]
pub struct Args {
    #[arg(value_name = "TARGET", help = TARGETS, long_help = TARGETS_AT_LENGTH, required = true, add = TargetKind::User)]
    targets: Vec<TargetArg>,

    #[command(flatten)]
    bulk: BulkArgs,
}

const PICKER: Picker =
    Picker { question: "Delete which users?", offers: |_| true, none: "there are no users to delete" };

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Report, CliError> {
    let selection = Selection::Named(PICKER.targets(args.targets, context).await?);
    bulk::run(&Delete, selection, &args.bulk.into(), context).await
}

/// Only if the service did not respond until the deadline. Running the command again is harmless.
const MAYBE_DELETED: &str = "The user may have been deleted. Check with list-users, or run the command again.";

struct Delete;

impl Action for Delete {
    const OPERATION: &'static Operation = Operation::DELETE_USER;
    const TARGET: TargetKind = TargetKind::User;
    const VERB: &'static str = "delete";
    const DONE: &'static str = "deleted";

    type Response = DeleteUserResponse;

    async fn send(&self, client: &Client, id: &UserId, _: Option<IdempotencyKey>) -> SendResult<Self::Response> {
        client.delete_user().id(id).send().await
    }

    fn done(response: Self::Response) -> Done {
        Done { message: response.message, invite_id: None }
    }

    fn explain(&self, error: CliError) -> CliError {
        error.hint_if_outcome_unknown(MAYBE_DELETED)
    }

    fn sentence(&self, name: &str) -> String {
        format!("The {name} was deleted.")
    }
}

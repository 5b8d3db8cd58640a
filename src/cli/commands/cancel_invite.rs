use bytes::Bytes;
use serde_json::Map;

use crate::cli::invites::{self, InviteAction, InviteArgs, Invites};
use crate::cli::target::{TARGETS, TARGETS_AT_LENGTH, TargetArg, Targets};
use crate::cli::{CliError, Context, Report};
use crate::client::{Client, ErrorKind, IdempotencyKey, UserId};
use crate::operation::Operation;

#[derive(Debug, clap::Args)]
#[command(override_usage = "dci cancel-invite [OPTIONS] <TARGET>...")]
#[command(after_long_help = "\
Examples:
  dci cancel-invite ada@example.com     Ask, then cancel the invite for this address
  dci cancel-invite 3f2a9c --yes        Cancel the invite 3f2a9c without asking
  dci cancel-invite --yes - < ids.txt   Cancel all invites in a list
  dci cancel-invite 3f2a9c --dry-run    Check that this would work; change nothing")]
pub struct Args {
    #[arg(value_name = "TARGET", help = TARGETS, long_help = TARGETS_AT_LENGTH, required = true)]
    targets: Vec<TargetArg>,

    #[command(flatten)]
    invites: InviteArgs,
}

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Report, CliError> {
    let invites = Invites::Named(Targets::read(args.targets, context).await?);
    invites::run(&Cancel { args: &args.invites, context }, invites, &args.invites, context).await
}

const CANCELLED: &str = "The invite is already cancelled. resend-invite reactivates it; delete-user deletes it.";
const CANCELLED_OR_BUSY: &str =
    "The invite is already cancelled, or the server is still processing a request with the same key.";

struct Cancel<'a> {
    args: &'a InviteArgs,
    context: &'a Context<'a>,
}

impl InviteAction for Cancel<'_> {
    const OPERATION: &'static Operation = Operation::CANCEL_INVITE;
    const VERB: &'static str = "cancel";
    const DONE: &'static str = "cancelled";
    const ASKS: bool = true;

    async fn call(&self, client: &Client, id: &UserId, key: IdempotencyKey) -> Result<Bytes, CliError> {
        let mut request = client.cancel_invite().id(id).idempotency_key(key).body(Map::new());
        // A key belongs to one URL, so the default is not sent.
        if self.args.is_dry_run() {
            request = request.dry_run(true);
        }
        let response = self.args.call(self.context, request.send()).await.map_err(|error| {
            error
                .hint_for(ErrorKind::Conflict, if self.args.may_repeat() { CANCELLED_OR_BUSY } else { CANCELLED })
                .hint_permission(Self::OPERATION)
        })?;
        Ok(response.body)
    }

    fn sentence(&self, invite: &str) -> String {
        if self.args.is_dry_run() {
            return format!("Dry run: the {invite} can be cancelled. Nothing was changed.");
        }
        format!("The {invite} was cancelled: its link no longer works. resend-invite reactivates it.")
    }
}

use bytes::Bytes;
use serde_json::Map;

use crate::cli::invites::{self, InviteAction, InviteArgs, Invites};
use crate::cli::target::{TARGETS, TARGETS_AT_LENGTH, TargetArg, Targets};
use crate::cli::{CliError, Context, Report};
use crate::client::{Client, ErrorKind, IdempotencyKey, UserId};
use crate::operation::Operation;

// The first lines of the help are the document's: see `help`.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci cancel-invite [OPTIONS] <TARGET>...")]
#[command(after_long_help = "\
Examples:
  dci cancel-invite ada@example.com     Ask, then cancel the invite of this address
  dci cancel-invite 3f2a9c --yes        Cancel the invite 3f2a9c without being asked
  dci cancel-invite --yes - < ids.txt   Cancel the invites of a list
  dci cancel-invite 3f2a9c --dry-run    Only check that this would work")]
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

const CANCELLED: &str = "The invite is cancelled already. resend-invite brings it back, delete-user removes its row.";
const CANCELLED_OR_BUSY: &str =
    "The invite is cancelled already, or an earlier call with the same key is still under way.";

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
        // The same key stands for one URL: the default is not spelled out.
        if self.args.is_dry_run() {
            request = request.dry_run(true);
        }
        let answer = self.args.call(self.context, request.send()).await.map_err(|error| {
            error
                .hint_for(ErrorKind::Conflict, if self.args.may_repeat() { CANCELLED_OR_BUSY } else { CANCELLED })
                .hint_for(ErrorKind::Permission, "Cancelling an invite requires the usersManager permission.")
        })?;
        Ok(answer.body)
    }

    fn sentence(&self, invite: &str) -> String {
        if self.args.is_dry_run() {
            return format!("Dry run: the {invite} can be cancelled. Nothing was changed.");
        }
        format!("The {invite} is cancelled: its link no longer works. resend-invite brings it back.")
    }
}

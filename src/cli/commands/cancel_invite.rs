//! Cancels invites.

use serde_json::Map;

use crate::cli::bulk::{self, Action, Done, InviteArgs, KeyedArgs};
use crate::cli::call::SendResult;
use crate::cli::picker::Picker;
use crate::cli::target::{INVITE_NOT_FOUND, TargetKind};
use crate::cli::user_status::InviteStatus;
use crate::cli::{CliError, Context, Report};
use crate::client::builder::CancelInvite;
use crate::client::{Client, ErrorKind, IdempotencyKey, UserId};
use crate::operation::Operation;
use crate::types::CancelInviteResponse;

#[derive(Debug, clap::Args)]
#[command(override_usage = "dci cancel-invite [OPTIONS] <TARGET>...\n       dci cancel-invite [OPTIONS] --all-invited")]
#[command(after_long_help = "\
Examples:
  dci cancel-invite ada@example.com     Ask, then cancel the invite for this address
  dci cancel-invite 3f2a9c --yes        Cancel the invite 3f2a9c without asking
  dci cancel-invite --yes - < ids.txt   Cancel all invites in a list
  dci cancel-invite --all-invited --status expired
                                        List all expired invites, ask, then cancel them
  dci cancel-invite --resume            Cancel what is left of the last unfinished run
  dci cancel-invite 3f2a9c --dry-run    Check the request without changing anything")]
pub struct Args {
    #[command(flatten)]
    invites: InviteArgs,

    #[command(flatten)]
    keyed: KeyedArgs,
}

const PICKER: Picker = Picker {
    question: "Cancel which invites?",
    offers: |user| user.is_invited() && user.invite_status() != Some(InviteStatus::Cancelled),
    none: "there are no invites to cancel",
};

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Report, CliError> {
    let selection = args.invites.select(Operation::CANCEL_INVITE, &args.keyed, &PICKER, context).await?;
    bulk::run(&Cancel { args: &args.keyed }, selection, &args.keyed, context).await
}

const CANCELLED: &str = "The invite is already cancelled. resend-invite reactivates it; delete-user deletes it.";
const CANCELLED_OR_BUSY: &str =
    "The invite is already cancelled, or the server is still processing a request with the same key.";

struct Cancel<'a> {
    args: &'a KeyedArgs,
}

impl Action for Cancel<'_> {
    const OPERATION: &'static Operation = Operation::CANCEL_INVITE;
    const TARGET: TargetKind = TargetKind::Invite;
    const VERB: &'static str = "cancel";
    const DONE: &'static str = "cancelled";

    type Response = CancelInviteResponse;

    async fn send(&self, client: &Client, id: &UserId, key: Option<IdempotencyKey>) -> SendResult<Self::Response> {
        let request = client.cancel_invite().id(id).body(Map::new());
        self.args.apply(request, key, CancelInvite::idempotency_key, CancelInvite::dry_run).send().await
    }

    fn done(response: Self::Response) -> Done {
        Done { message: Some(response.message), invite_id: Some(response.invite_id) }
    }

    fn explain(&self, error: CliError) -> CliError {
        error
            .hint_for(ErrorKind::Conflict, if self.args.reuses_keys() { CANCELLED_OR_BUSY } else { CANCELLED })
            .hint_for(ErrorKind::NotFound, INVITE_NOT_FOUND)
    }

    fn sentence(&self, name: &str) -> String {
        if self.args.is_dry_run() {
            return format!("Dry run: the {name} can be cancelled. Nothing was changed.");
        }
        format!("The {name} was cancelled: its link no longer works. resend-invite reactivates it.")
    }
}

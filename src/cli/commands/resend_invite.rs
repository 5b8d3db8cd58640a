//! Sends invites again.

use jiff::{SignedDuration, Timestamp};
use serde_json::Map;

use crate::cli::bulk::{self, Action, Done, InviteArgs, KeyedArgs};
use crate::cli::call::SendResult;
use crate::cli::listed_user::ListedUser;
use crate::cli::output::in_local_time;
use crate::cli::picker::Picker;
use crate::cli::target::{INVITE_NOT_FOUND, TargetKind};
use crate::cli::{CliError, Context, Report};
use crate::client::builder::ResendInvite;
use crate::client::{Client, ErrorKind, IdempotencyKey, UserId};
use crate::operation::Operation;
use crate::types::ResendInviteResponse;

/// How long a new link works, by the API's description.
const LINK_LIFETIME: SignedDuration = SignedDuration::from_hours(48);

#[derive(Debug, clap::Args)]
#[command(override_usage = "dci resend-invite [OPTIONS] <TARGET>...\n       dci resend-invite [OPTIONS] --all-invited")]
#[command(after_long_help = "\
Examples:
  dci resend-invite 3f2a9c              Send the invite 3f2a9c again
  dci resend-invite ada@example.com     Send the invite for this address again
  dci resend-invite - < addresses.txt   Send all invites in a list again
  dci resend-invite --all-invited       List all open invites, ask, then send them again
  dci resend-invite --all-invited --status expired
                                        List all expired invites, ask, then send them again
  dci resend-invite --resume            Send what is left of the last unfinished run
  dci resend-invite 3f2a9c --dry-run    Check the request without changing anything
  dci --sandbox resend-invite invite-expired
                                        Try it without a DoiT account")]
pub struct Args {
    #[command(flatten)]
    invites: InviteArgs,

    #[command(flatten)]
    keyed: KeyedArgs,
}

const PICKER: Picker = Picker {
    question: "Resend which invites?",
    offers: ListedUser::is_invited,
    none: "there are no invites to resend",
};

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Report, CliError> {
    let selection = args.invites.select(Operation::RESEND_INVITE, &args.keyed, &PICKER, context).await?;
    let resend = Resend { args: &args.keyed, started: Timestamp::now() };
    bulk::run(&resend, selection, &args.keyed, context).await
}

struct Resend<'a> {
    args: &'a KeyedArgs,
    /// Before the first attempt: the link works for at least 48 hours from here.
    started: Timestamp,
}

impl Action for Resend<'_> {
    const OPERATION: &'static Operation = Operation::RESEND_INVITE;
    const TARGET: TargetKind = TargetKind::Invite;
    const VERB: &'static str = "resend";
    const DONE: &'static str = "resent";
    const CONFIRMS_NAMED_TARGETS: bool = false;
    const REACTIVATES: bool = true;

    type Response = ResendInviteResponse;

    async fn send(&self, client: &Client, id: &UserId, key: Option<IdempotencyKey>) -> SendResult<Self::Response> {
        let request = client.resend_invite().id(id).body(Map::new());
        self.args.apply(request, key, ResendInvite::idempotency_key, ResendInvite::dry_run).send().await
    }

    fn done(response: Self::Response) -> Done {
        Done { message: Some(response.message), invite_id: Some(response.invite_id) }
    }

    fn explain(&self, error: CliError) -> CliError {
        error
            .hint_for(ErrorKind::Conflict, "The server is still processing a request with the same key.")
            .hint_for(ErrorKind::NotFound, INVITE_NOT_FOUND)
    }

    fn sentence(&self, name: &str) -> String {
        if self.args.is_dry_run() {
            return format!("Dry run: the {name} can be sent again. Nothing was changed; no email was sent.");
        }
        if self.args.reuses_keys() {
            // The server repeats its response to the first use of the key, which is when the 48 hours began.
            return format!(
                "The {name} was sent again, once for this key. Its new link works for 48 hours from the first use \
                 of the key; earlier links no longer work."
            );
        }
        let end = in_local_time(self.started + LINK_LIFETIME);
        format!("The {name} was sent again. Its new link works until {end}; earlier links no longer work.")
    }
}

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::Map;

use crate::cli::invites::{self, InviteAction, InviteArgs, Invites};
use crate::cli::output::in_local_time;
use crate::cli::target::{TARGETS, TARGETS_AT_LENGTH, TargetArg, Targets};
use crate::cli::{CliError, Context, Report};
use crate::client::{Client, ErrorKind, IdempotencyKey, UserId};
use crate::operation::Operation;

/// How long a new link works, as the API promises.
const LINK_LIFETIME: SignedDuration = SignedDuration::from_hours(48);

// The first lines of the help are the document's: see `help`.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci resend-invite [OPTIONS] <TARGET>...\n       dci resend-invite [OPTIONS] --all-invited")]
#[command(after_long_help = "\
Examples:
  dci resend-invite 3f2a9c              Send the invite 3f2a9c again
  dci resend-invite ada@example.com     Send the invite of this address again
  dci resend-invite - < addresses.txt   Send the invites of a list again
  dci resend-invite --all-invited       List who has not accepted yet, and ask
  dci resend-invite 3f2a9c --dry-run    Only check that this would work
  dci list-users -o json | jq -r '.users[] | select(.inviteStatus == \"Expired\") | .id' |
    dci resend-invite -                 Send those again that have expired
  dci --sandbox resend-invite invite-expired
                                        Try it without a DoiT account")]
pub struct Args {
    #[arg(value_name = "TARGET", help = TARGETS, long_help = TARGETS_AT_LENGTH, required_unless_present = "all_invited", conflicts_with = "all_invited")]
    targets: Vec<TargetArg>,

    /// All who have not accepted, but for the cancelled
    ///
    /// What is found is listed and asked about, or --yes is given. An invite that was cancelled is sent again, and so
    /// brought back, only when it is named.
    #[arg(long)]
    all_invited: bool,

    #[command(flatten)]
    invites: InviteArgs,
}

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Report, CliError> {
    let invites = if args.all_invited {
        Invites::AllInvited
    } else {
        Invites::Named(Targets::read(args.targets, context).await?)
    };
    let resend = Resend { args: &args.invites, context, begun: Timestamp::now() };
    invites::run(&resend, invites, &args.invites, context).await
}

struct Resend<'a> {
    args: &'a InviteArgs,
    context: &'a Context<'a>,
    /// The work is done after it, on whichever attempt.
    begun: Timestamp,
}

impl InviteAction for Resend<'_> {
    const OPERATION: &'static Operation = Operation::RESEND_INVITE;
    const VERB: &'static str = "resend";
    const DONE: &'static str = "resent";
    const ASKS: bool = false;

    async fn call(&self, client: &Client, id: &UserId, key: IdempotencyKey) -> Result<Bytes, CliError> {
        let mut request = client.resend_invite().id(id).idempotency_key(key).body(Map::new());
        // The same key stands for one URL: the default is not spelled out.
        if self.args.is_dry_run() {
            request = request.dry_run(true);
        }
        let answer = self.args.call(self.context, request.send()).await.map_err(|error| {
            error
                .hint_for(ErrorKind::Conflict, "The server is still busy with a call that has the same key.")
                .hint_for(ErrorKind::Permission, "Resending an invite requires the usersManager permission.")
        })?;
        Ok(answer.body)
    }

    fn sentence(&self, invite: &str) -> String {
        if self.args.is_dry_run() {
            return format!("Dry run: the {invite} can be sent again. Nothing was changed, no email was sent.");
        }
        if self.args.may_repeat() {
            // The answer is the one to the first use of the key, and so is the link's end.
            return format!(
                "The {invite} was sent again, once for this key. Its new link works for 48 hours from the first use \
                 of the key; earlier links no longer work."
            );
        }
        let end = in_local_time(self.begun + LINK_LIFETIME);
        format!("The {invite} was sent again. Its new link works until {end}; earlier links no longer work.")
    }
}

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::Map;

use crate::cli::invites::{self, InviteAction, InviteArgs, Invites};
use crate::cli::output::in_local_time;
use crate::cli::target::{TARGETS, TARGETS_AT_LENGTH, TargetArg, Targets};
use crate::cli::{CliError, Context, Report};
use crate::client::{Client, ErrorKind, IdempotencyKey, UserId};
use crate::operation::Operation;

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
  dci resend-invite 3f2a9c --dry-run    Check that this would work; change nothing
  dci list-users -o json | jq -r '.users[] | select(.inviteStatus == \"Expired\") | .id' |
    dci resend-invite -                 Send all expired invites again
  dci --sandbox resend-invite invite-expired
                                        Try it without a DoiT account")]
pub struct Args {
    #[arg(value_name = "TARGET", help = TARGETS, long_help = TARGETS_AT_LENGTH, required_unless_present = "all_invited", conflicts_with = "all_invited")]
    targets: Vec<TargetArg>,

    /// Every invite not yet accepted, except cancelled ones
    ///
    /// Lists them and asks before it sends them; --yes skips the question. To reactivate a cancelled invite, name it
    /// as a TARGET.
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
    let resend = Resend { args: &args.invites, context, started: Timestamp::now() };
    invites::run(&resend, invites, &args.invites, context).await
}

struct Resend<'a> {
    args: &'a InviteArgs,
    context: &'a Context<'a>,
    /// Before the first attempt, so that the link works at least until 48 hours later.
    started: Timestamp,
}

impl InviteAction for Resend<'_> {
    const OPERATION: &'static Operation = Operation::RESEND_INVITE;
    const VERB: &'static str = "resend";
    const DONE: &'static str = "resent";
    const ASKS: bool = false;

    async fn call(&self, client: &Client, id: &UserId, key: IdempotencyKey) -> Result<Bytes, CliError> {
        let mut request = client.resend_invite().id(id).idempotency_key(key).body(Map::new());
        // A key belongs to one URL, so the default is not sent.
        if self.args.is_dry_run() {
            request = request.dry_run(true);
        }
        let response = self.args.call(self.context, request.send()).await.map_err(|error| {
            error
                .hint_for(ErrorKind::Conflict, "The server is still processing a request with the same key.")
                .hint_permission(Self::OPERATION)
        })?;
        Ok(response.body)
    }

    fn sentence(&self, invite: &str) -> String {
        if self.args.is_dry_run() {
            return format!("Dry run: the {invite} can be sent again. Nothing was changed; no email was sent.");
        }
        if self.args.may_repeat() {
            // The server repeats its response to the first use of the key, which is when the 48 hours began.
            return format!(
                "The {invite} was sent again, once for this key. Its new link works for 48 hours from the first use \
                 of the key; earlier links no longer work."
            );
        }
        let end = in_local_time(self.started + LINK_LIFETIME);
        format!("The {invite} was sent again. Its new link works until {end}; earlier links no longer work.")
    }
}

use jiff::{SignedDuration, ZonedDateTime};
use serde_json::Map;

use crate::cli::{CliError, Context, Report};
use crate::client::{ErrorKind, IdempotencyKey, UserId};

/// How long a new link works, as the API promises.
const LINK_LIFETIME: SignedDuration = SignedDuration::from_hours(48);

// The first lines of the help are the document's: see `help`.
#[derive(Debug, clap::Args)]
#[command(override_usage = "dci resend-invite [OPTIONS] <ID>")]
#[command(after_long_help = "\
Examples:
  dci resend-invite 3f2a9c            Send the invite 3f2a9c again
  dci resend-invite 3f2a9c --dry-run  Only check that this would work
  dci --sandbox resend-invite invite-expired
                                      Try it without a DoiT account")]
pub struct Args {
    /// The id of the invite, as listUsers (GET /iam/v1/users) of the API shows it
    id: UserId,

    /// Check and simulate; change nothing and send no email
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    dry_run: Option<bool>,

    /// Send this Idempotency-Key in place of a new random one
    ///
    /// The server does the work of a key once and remembers it for at least 24 hours: with the key of an
    /// earlier call it answers as it did then, and no second email goes out. A key stands for one request: a dry
    /// run and a real call need different ones. 1 to 255 visible ASCII characters.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<IdempotencyKey>,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<Report, CliError> {
    let key_was_given = args.idempotency_key.is_some();
    let key = args.idempotency_key.unwrap_or_else(IdempotencyKey::random);
    let client = context.client()?;

    let mut request = client.resend_invite().id(&args.id).idempotency_key(key.clone()).body(Map::new());
    if let Some(dry_run) = args.dry_run {
        request = request.dry_run(dry_run);
    }
    let failed = format!("cannot resend the invite {}", args.id);
    let answer = context.call(failed, &key, request.send()).await.map_err(|error| {
        error
            .hint_for(ErrorKind::NotFound, not_found(&args.id))
            .hint_for(ErrorKind::Conflict, "A call with the same key is under way: wait for it, then try again.")
            .hint_for(ErrorKind::Permission, "Resending an invite requires the usersManager permission.")
    })?;

    let sentence = match (args.dry_run, key_was_given) {
        (Some(true), _) => {
            format!("Dry run: the invite {} can be sent again. Nothing was changed, no email was sent.", args.id)
        }
        // With a key that was used before the answer is the one from then, and so is the link's end.
        (_, true) => format!(
            "The invite {} was sent again, once for this key. Its new link works for 48 hours from the first use of \
             the key; earlier links no longer work.",
            args.id
        ),
        (_, false) => format!(
            "The invite {} was sent again. Its new link works until {}; earlier links no longer work.",
            args.id,
            (ZonedDateTime::now() + LINK_LIFETIME).strftime("%a %-d %b %Y, %H:%M %Z"),
        ),
    };
    Ok(Report::answer(sentence, answer.body))
}

fn not_found(id: &UserId) -> &'static str {
    if id.as_str().contains('@') {
        return "An email address is not the id of an invite; listUsers of the API shows the id.";
    }
    "The invite was never created, or it was accepted and so removed."
}

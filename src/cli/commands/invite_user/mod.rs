//! Invites people: one, several, or all of a file.

mod plan;
mod request;

use std::path::PathBuf;

use clap::ValueHint;
use serde_json::Map;

use plan::{Listing, Step, Users};
use request::requests;

use crate::cli::bulk::{Concurrency, DryRun, Run, Success};
use crate::cli::output::Row;
use crate::cli::people::{EmailArg, Source};
use crate::cli::spec_enum::SpecEnum;
use crate::cli::{CliError, Context, Report};
use crate::client::{CallResponse, Client, ErrorKind, IdempotencyKey};
use crate::operation::Operation;
use crate::types::{InviteResponse, InviteUserRequest, InviteUserRequestJobTitle as JobTitle, ResendInviteResponse};

/// The outcome of an invite that was sent.
const INVITED: &str = "invited";

#[derive(Debug, clap::Args)]
#[command(override_usage = "dci invite-user [OPTIONS] <EMAIL>...\n       dci invite-user [OPTIONS] --from <FILE>")]
#[command(after_long_help = "\
Examples:
  dci invite-user ada@example.com
  dci invite-user ada@example.com --first-name Ada --last-name Lovelace --role \"Standard User\"
  dci invite-user ada@example.com bob@example.com --organization EMEA
  dci invite-user - --job-title Founder < addresses.txt

  dci list-users -o csv > people.csv       Export all users, then add people to the file:
  dci invite-user --from people.csv        Invite the new people; repeat after an interruption
  dci invite-user --from people.csv --dry-run
                                           Show what would be done to each row; change nothing")]
pub struct Args {
    /// The email addresses to invite, or - to read a list from stdin
    ///
    /// A list has one address per line; blank lines are ignored. A repeated address is invited once. With several
    /// addresses, existing users are skipped; with one, an existing user is an error. The result is the response for one
    /// address, and an array with one object per address for several.
    #[arg(value_name = "EMAIL", value_parser = EmailArg::parse, required_unless_present = "from", conflicts_with = "from")]
    emails: Vec<EmailArg>,

    /// Invite the people in a CSV; - reads stdin
    ///
    /// The first line names the columns, in any order: email, first name, last name, job title, role, organization. Case,
    /// blanks, _ and - in names do not matter. The file is UTF-8, separated by commas, semicolons or tabs, and may come
    /// from list-users -o csv: columns that cannot be set are ignored, and the apostrophe before a formula is removed. A flag sets the value for rows whose cell is empty. Each address may appear once.
    ///
    /// All rows, up to 100,000, are checked before anything is sent. Existing users are skipped, so the same command
    /// resumes an interrupted run. Their other cells are not compared or changed: use update-user.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    from: Option<PathBuf>,

    #[command(flatten)]
    given: Given,

    /// Also send open invites again
    ///
    /// Cancelled invites are skipped. To continue an interrupted run, omit this flag: open invites would be sent again.
    #[arg(long)]
    resend: bool,

    /// Refused with what to do instead: the closest flag, --resend, would send emails again.
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "", value_parser = refuse_resume)]
    resume: Option<String>,

    #[command(flatten)]
    dry_run: DryRun,

    #[command(flatten)]
    concurrency: Concurrency,
}

/// What the flags give about all people.
#[derive(Debug, clap::Args)]
struct Given {
    /// First name
    #[arg(long, value_name = "NAME")]
    first_name: Option<String>,

    /// Last name
    #[arg(long, value_name = "NAME")]
    last_name: Option<String>,

    /// Job title
    #[arg(long, value_name = "TITLE", value_parser = SpecEnum(JobTitle::ALL))]
    job_title: Option<JobTitle>,

    /// Role id or name (see list-roles)
    #[arg(long)]
    role: Option<String>,

    /// Organization id or name (see list-organizations)
    #[arg(long, value_name = "ORG")]
    organization: Option<String>,
}

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Report, CliError> {
    let Args { emails, from, given, resend, dry_run, concurrency, resume: _ } = args;
    let dry_run = dry_run.is_wanted();
    let is_one = matches!(emails[..], [EmailArg::One(_)]) && !resend && !dry_run;
    if is_one {
        context.output.check_columns_of(Operation::INVITE_USER)?;
    } else {
        context.output.check_columns(Row::columns)?;
    }
    let source = from.map_or(Source::Arguments(emails), Source::Csv);
    let resume = resume(&source, resend);
    let mut people = source.read(context).await?;
    let client = context.client_for_many(concurrency.calls)?;
    let mut listing = None;
    if !people.unknown.is_empty() {
        let fetched = listing.insert(Listing::fetch(context, &client).await?);
        people.ignore(fetched.properties()?.into_iter());
    }
    if !people.ignored.is_empty() {
        context
            .output
            .note(&format!("Columns that invite-user cannot set are ignored: {}.", people.ignored.join(", ")));
    }
    let mut requests = requests(people, &given, context, &client).await?;
    if is_one && let Some(request) = requests.pop() {
        return one(request, context, &client).await;
    }
    let users = match listing {
        Some(listing) => listing.users_among(&requests)?,
        None if requests.is_empty() => Users::default(),
        None => Listing::fetch(context, &client).await?.users_among(&requests)?,
    };
    let items = requests.into_iter().map(|request| users.item(request, resend));
    // A private sandbox ends with the command.
    let resume = context.sandbox.is_none().then_some(resume);
    let done = if dry_run { plan::TO_INVITE } else { INVITED };
    let run = Run { context, client: &client, done, id: None, resume, journal: None };
    if dry_run {
        return Ok(run.preview(&items.map(plan::preview).collect::<Vec<_>>()));
    }
    Ok(run.over(items.collect(), async |step: &Step| call(step, context, &client).await).await)
}

fn refuse_resume(_: &str) -> Result<String, &'static str> {
    Err("invite-user needs no --resume: run the same command again; existing users are skipped")
}

/// How to resume a run.
fn resume(source: &Source, resend: bool) -> String {
    let list = if source.reads_stdin() { " with the same input" } else { "" };
    if resend {
        return format!(
            "To resume, run the same command{list} without --resend: users who are there already are skipped. Then use \
             resend-invite for the invites that were not sent again."
        );
    }
    format!("To resume, run the same command again{list}: users who are there already are skipped.")
}

/// Invites one person. The result is the response.
async fn one(request: InviteUserRequest, context: &Context<'_>, client: &Client) -> Result<Report, CliError> {
    let email = request.email.clone();
    let response = context.call(client.invite_user().body(request).send()).await;
    let CallResponse { value, body, confirmed, .. } = response.map_err(|error| {
        error
            .context(format!("cannot invite {email}"))
            .hint_for(ErrorKind::Validation, "If the user is already invited, use resend-invite.")
            .hint_permission(Operation::INVITE_USER)
            .hint_if_outcome_unknown(format!(
                "The invite may have been sent. Check before you retry: dci list-users --email {email}"
            ))
    })?;
    let id = value.user.and_then(|user| user.id).map(|id| format!(" The invite's id is {id}."));
    let how = if confirmed { " The server did not confirm this, but list-users shows the invite." } else { "" };
    let sentence = format!("{email} was invited.{}{how}", id.unwrap_or_default());
    Ok(Report::response(Operation::INVITE_USER, sentence, body))
}

/// Makes the call for one person of several.
async fn call(step: &Step, context: &Context<'_>, client: &Client) -> Result<Success, CliError> {
    match step {
        Step::Invite(request) => {
            let response = context.call(client.invite_user().body(request.clone()).send()).await;
            let response = response.map_err(|error| error.hint_permission(Operation::INVITE_USER))?;
            // The message also says if the invite was confirmed by looking it up.
            let InviteResponse { message, user, .. } = response.value;
            let id = user.and_then(|user| user.id);
            let user_id = id.as_deref().and_then(|id| id.parse().ok());
            Ok(Success { outcome: INVITED, id: user_id, message, invite_id: id })
        }
        Step::Resend(id) => {
            // A new run with --resend is to send the invite once more, so its key is a new one.
            let request = client.resend_invite().id(id).idempotency_key(IdempotencyKey::random()).body(Map::new());
            let response = context.call(request.send()).await;
            let response = response.map_err(|error| error.hint_permission(Operation::RESEND_INVITE))?;
            let ResendInviteResponse { message, invite_id, .. } = response.value;
            Ok(Success { outcome: "resent", id: None, message: Some(message), invite_id: Some(invite_id) })
        }
    }
}

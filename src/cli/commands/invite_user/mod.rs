use email_address::EmailAddress;

use crate::cli::spec_enum::SpecEnum;
use crate::cli::{CliError, Context, Report, lookup, target};
use crate::client::ErrorKind;
use crate::operation::Operation;
use crate::types::{InviteUserRequest, InviteUserRequestJobTitle as JobTitle};

#[derive(Debug, clap::Args)]
#[command(override_usage = "dci invite-user [OPTIONS] <EMAIL>")]
#[command(after_long_help = "\
Examples:
  dci invite-user ada@example.com
  dci invite-user ada@example.com --first-name Ada --last-name Lovelace --role \"Standard User\"
  dci invite-user ada@example.com --job-title Founder --organization EMEA")]
pub struct Args {
    /// The email address to invite
    #[arg(value_parser = target::email)]
    email: EmailAddress,

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
    context.output.check_columns_of(Operation::INVITE_USER)?;
    let client = context.client()?;
    let role_id = lookup::role_id(context, &client, args.role).await?;
    let organization_id = lookup::organization_id(context, &client, args.organization).await?;
    let request = InviteUserRequest::builder()
        .email(args.email.as_str())
        .first_name(args.first_name)
        .last_name(args.last_name)
        .job_title(args.job_title)
        .role_id(role_id)
        .organization_id(organization_id);
    let response = context.call(client.invite_user().body(request).send()).await;
    let response = response.map_err(|error| {
        error
            .context(format!("cannot invite {}", args.email))
            .hint_for(ErrorKind::Validation, "If the user is already invited, use resend-invite.")
            .hint_permission(Operation::INVITE_USER)
            .hint_if_outcome_unknown(format!(
                "The invite may have been sent. Check before you retry: dci list-users --email {}",
                args.email
            ))
    })?;
    let id = response.value.user.and_then(|user| user.id).map(|id| format!(" The invite's id is {id}."));
    let sentence = format!("{} was invited.{}", args.email, id.unwrap_or_default());
    Ok(Report::response(Operation::INVITE_USER, sentence, response.body))
}
